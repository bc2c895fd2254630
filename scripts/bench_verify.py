"""Measures the verifier: leaves per second and core, with and without what costs most.

    python scripts/bench_verify.py [--reports 2000] [--repeat 3]

It writes a log of invented reports to a temporary SQLite database: for each a receipt, the report with its sealing
(five payloads, eleven wraps, 4.4 KB of state) and ten acts of officers (160 bytes). Each line is the best of some runs
in processor time, so that a busy machine does not count, and beside it in time that passed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid5

sys.path.insert(0, str(Path(__file__).parents[1]))

from events import verify
from events.canonical import decode_object, encode
from events.custody import CustodyBatch, EnvelopeRow, WrapRow
from events.keyring import Keyring, TrustedKey
from events.leaf import RecordedEntry, SignedEvent, leaf_hash
from events.merkle import Frontier
from events.signing import Ed25519Signer, Signer, signature_message
from events.store import LogStore

ORIGIN = "bench.example/log"
COMPARTMENTS = {"identity": 3, "contact": 2, "source": 3, "content": 2, "facts": 1}
"""How many wraps the key of each has."""

ACTS = ("registered", "screened", "accepted", "named_status_verified", "scope_decided", "jurisdiction_decided")
MORE_ACTS = ("linked", "transferred", "fed_back", "closed")
ACTED = {"occurred_at": "2026-01-01T12:00:00+08:00", "office": "petition", "rule_version": "2026.1"}
BATCH = 20


def main() -> int:
    parser = argparse.ArgumentParser(description="核验的速度:每核每秒多少片叶子")
    parser.add_argument("--reports", type=int, default=2000, help="日志中有多少件举报(默认 2000,每件 12 条)")
    parser.add_argument("--repeat", type=int, default=3, help="每项测几次,取最好的一次(默认 3)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="supervision-bench-") as directory:
        path = Path(directory)
        with closing(LogStore(f"sqlite:///{path / 'log.sqlite'}", path)) as store:
            store.create(ORIGIN)
            write(store, options.reports)
            measure(store, options.repeat)
    return 0


# --- The log -----------------------------------------------------------------------------------------


def write(store: LogStore, reports: int) -> None:
    """An officer, then reports and what he does with them."""
    ceremony, code, officer = (Ed25519Signer(digest(name)) for name in ("ceremony", "code", "officer"))
    account = uuid5(UUID(int=0), "officer")
    who = {**ACTED, "officer": "li"}
    appointed = {**who, "actor": "ceremony", "roles": [], "enrolment_key": base64(code.public_key)}
    enrolled = {**who, "actor": "li", "signing_key": base64(officer.public_key)}
    store.append(
        [
            signed(ceremony, account, 1, "officer.appointed.v1", appointed),
            signed(code, account, 2, "officer.enrolled.v1", enrolled),
        ]
    )
    for first in range(0, reports, BATCH):
        events: list[SignedEvent] = []
        envelopes: list[EnvelopeRow] = []
        wraps: list[WrapRow] = []
        for number in range(first, min(first + BATCH, reports)):
            reporter, report = Ed25519Signer(digest("reporter", number)), uuid5(account, str(number))
            sealing, custody = sealed(report)
            keys = {"reporter_signing_key": base64(reporter.public_key), "actor": "reporter"}
            events.append(signed(reporter, uuid5(report, "receipt"), 1, "receipt.issued.v1", {}))
            events.append(signed(reporter, report, 1, "report.received.v1", {**ACTED, **keys, "sealing": sealing}))
            for version, act in enumerate((*ACTS, *MORE_ACTS), 2):
                state = {**ACTED, "actor": "li", "reason": act, "number": str(number)}
                events.append(signed(officer, report, version, f"report.{act}.v1", state))
            envelopes += custody.envelopes
            wraps += custody.wraps
        store.append(events, CustodyBatch(envelopes=tuple(envelopes), wraps=tuple(wraps)))


def signed(signer: Signer, stream: UUID, version: int, topic: str, state: Mapping[str, Any]) -> SignedEvent:
    data = encode(dict(state))
    signature = signer.sign(signature_message(ORIGIN, stream, version, topic, data))
    return SignedEvent(stream, version, topic, data, os.urandom(32), signer.key_id, signature)


def sealed(report: UUID) -> tuple[dict[str, Any], CustodyBatch]:
    """A sealing of a size as real ones have it, with bytes in custody that are no ciphertexts."""
    envelopes, wraps, keys, items = [], [], [], []
    for compartment, recipients in COMPARTMENTS.items():
        data = os.urandom(1100)
        envelopes.append(EnvelopeRow(hashlib.sha256(data).digest(), report, data))
        size = {"size_class": 1024, "kind": "envelope", "field": "text"}
        items.append({"compartment": compartment, "sha256": envelopes[-1].sha256.hex(), **size})
        named = []
        for share in range(1, recipients + 1):
            data = os.urandom(1200)
            wraps.append(WrapRow(hashlib.sha256(data).digest(), report, digest(compartment, share), data))
            wrap = {"sha256": wraps[-1].sha256.hex(), "key": wraps[-1].recipient.hex()}
            named.append({**wrap, "share": share, "share_commitment": digest(wrap).hex()})
        commitment = digest(report, compartment).hex()
        keys.append({"compartment": compartment, "commitment": commitment, "m": 1, "n": recipients, "wraps": named})
    sealing = {"suite": 2, "manifest": digest("manifest").hex(), "keys": keys, "items": items}
    return sealing, CustodyBatch(envelopes=tuple(envelopes), wraps=tuple(wraps))


def digest(*parts: object) -> bytes:
    return hashlib.sha256("/".join(map(str, parts)).encode()).digest()


def base64(data: bytes) -> str:
    return b64encode(data).decode()


# --- The figures -------------------------------------------------------------------------------------


def measure(store: LogStore, repeat: int) -> None:
    """Prints the table."""
    size = store.size()
    entries = list(store.scan(size))
    mean = sum(len(entry.state) for _, entry in entries) / size
    print(f"{size} 条事件,平均 {mean:.0f} 字节;以下为每核每秒的条数(处理器时间)")

    def check(source: Callable[[], Iterator[RecordedEntry]], cores: int = 1, **more: Any) -> Callable[[], object]:
        ceremony = TrustedKey("ceremony", Ed25519Signer(digest("ceremony")).public_key, ("officer.appointed.*",))
        return lambda: verify.verify_log(ORIGIN, source(), Keyring([ceremony]), cores=cores, **more)

    def in_memory() -> Iterator[RecordedEntry]:
        return iter(entries)

    def stored() -> Iterator[RecordedEntry]:
        return store.scan(size)

    def report(what: str, work: Callable[[], object]) -> None:
        processor, elapsed = zip(*(timed(work) for _ in range(repeat)), strict=True)
        print(f"  {what:<40}{size / min(processor):>10.0f}   (实际每秒 {size / min(elapsed):.0f})", flush=True)

    report("叶子和树", lambda: leaves_and_tree(entries))
    with patch.object(verify, "_first_unsigned", lambda *_: None):
        states = {entry.state: decode_object(entry.state) for _, entry in entries}
        with patch.object(verify, "_parse", lambda _, entry: states[entry.state]):
            report("除签名和规范 JSON 外的检查,不含读取", check(in_memory))
        report("除签名外的全部检查,不含读取", check(in_memory))
        report("同上,含从 SQLite 读取", check(stored))
        report("同上,并核对存储的节点和保管库", check(stored, read_nodes=store.read_nodes, custody=store.custody))
    for cores in (1, 2):
        report(f"连同签名,{cores} 个线程,不含读取", check(in_memory, cores))
        report(f"连同签名,{cores} 个线程,含从 SQLite 读取", check(stored, cores))


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds of processor time, of all threads, and of time that passed."""
    processor, elapsed = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - processor, time.perf_counter() - elapsed


def leaves_and_tree(entries: list[RecordedEntry]) -> bytes:
    frontier = Frontier()
    for _, entry in entries:
        frontier.append(leaf_hash(ORIGIN, entry))
    return frontier.root()


if __name__ == "__main__":
    sys.exit(main())
