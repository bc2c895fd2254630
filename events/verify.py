"""The verifier: recomputes what the log claims from what is stored, and trusts nobody who wrote it.

It needs the entries in order, the keys of the manifest, roots that were signed, and read access to custody.
It uses nothing of the store. For an auditor this module is what there is to read, with the formats it rests
on: :mod:`events.leaf`, :mod:`events.signing`, :mod:`events.merkle`, :mod:`events.claims` and the rules
about keys in :mod:`events.keyring`.

What is checked, for each entry ::

    positions    1, 2, 3, … without a gap
    lengths      salt and key id 32 bytes, signature 64
    time         whole hours, never backwards
    state        canonical JSON
    streams      versions 1, 2, 3, … without a gap
    signature    by a key that was valid then for this actor, topic and stream
    receipt      ``receipt.issued.v1`` and the report it stands for: neighbours, by the same key
    custody      each payload and wrap that is named is there, unaltered, unless an event says it is destroyed
    tree         each stored node, each signed root and the head are those of the entries

Memory grows with the number of streams and reports (some 200 bytes each), not with the number of entries.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from events.canonical import CanonicalError, decode_object
from events.claims import claims_in
from events.keyring import ISSUED, RECEIVED, Keyring, NotAuthorised, decode_key
from events.leaf import SECONDS_PER_HOUR, Entry, RecordedEntry, check_form, leaf_hash
from events.merkle import EMPTY_ROOT, Coordinate, Frontier, ReadNodes
from events.signing import is_signed_by, key_id_of, signature_message

NODES_AT_ONCE = 2000
CONSTANT_STATE = b"{}"
"""State of every ``receipt.issued.v1``, so that the code alone recomputes its leaf."""


class Fault(Exception):
    """The first thing found wrong. ``position``: of the entry; ``reason``: in Chinese, without content."""

    def __init__(self, position: int, reason: str) -> None:
        super().__init__(f"第 {position} 条：{reason}")
        self.position = position
        self.reason = reason


class Custody(Protocol):
    """Read access to sealed material, by SHA-256 (32 bytes)."""

    def envelope(self, sha256: bytes) -> bytes | None: ...

    def wrap(self, sha256: bytes) -> bytes | None: ...

    def file_digest(self, sha256: bytes) -> bytes | None:
        """SHA-256 of the file as it is now."""

    def counts(self) -> Mapping[str, int]:
        """How many there are of ``envelope``, ``wrap`` and ``file``."""


@dataclass(frozen=True)
class Verified:
    """All is well: ``count`` entries with this ``root`` (32 bytes)."""

    count: int
    root: bytes


class _Seen(NamedTuple):
    position: int
    entry: Entry
    state: Mapping[str, Any]


class _Check(Protocol):
    """A rule. ``see`` is called with each entry in order, ``finish`` with their number; both raise Fault."""

    def see(self, seen: _Seen) -> None: ...

    def finish(self, count: int) -> None: ...


def verify_log(
    origin: str,
    entries: Iterable[RecordedEntry],
    keyring: Keyring,
    *,
    roots: Mapping[int, bytes] | None = None,
    read_nodes: ReadNodes | None = None,
    custody: Custody | None = None,
    progress: Callable[[int], None] = lambda position: None,
) -> Verified:
    """Verify a log from its first entry. Raises :class:`Fault` at the first thing that is wrong.

    ``roots``: by size of the tree, roots that the log must have had: of its head and of checkpoints whose
    signatures the caller has verified. ``read_nodes``: stored nodes to compare. ``progress``: told each
    position.
    """
    tree = _Tree(origin, roots or {}, read_nodes)
    checks: list[_Check] = [_Order(), _Signatures(origin, keyring), tree]
    if custody is not None:
        checks.append(_CustodyCheck(custody))
    count = 0
    for count, (position, entry) in enumerate(entries, 1):
        if position != count:
            raise Fault(count, f"缺少此条，其后是第 {position} 条" if position > count else "位置重复")
        seen = _Seen(position, entry, _parse(position, entry))
        for check in checks:
            check.see(seen)
        progress(position)
    for check in checks:
        check.finish(count)
    return Verified(count, tree.frontier.root())


def _parse(position: int, entry: Entry) -> Mapping[str, Any]:
    try:
        return decode_object(entry.state)
    except CanonicalError as error:
        raise Fault(position, f"事件内容{error}") from None


class _Order:
    """Lengths, times and stream versions."""

    def __init__(self) -> None:
        self._hour = 0
        self._versions: dict[UUID, int] = {}

    def see(self, seen: _Seen) -> None:
        position, entry, _ = seen
        try:
            check_form(entry)
        except ValueError as error:
            raise Fault(position, str(error)) from None
        if entry.recorded_at % SECONDS_PER_HOUR or entry.recorded_at < self._hour:
            raise Fault(position, "记录时间不是整点，或早于前一条")
        self._hour = entry.recorded_at
        expected = self._versions.get(entry.stream_id, 0) + 1
        if entry.stream_version != expected:
            raise Fault(position, f"记录 {entry.stream_id} 应为第 {expected} 版，却是第 {entry.stream_version} 版")
        self._versions[entry.stream_id] = expected

    def finish(self, count: int) -> None:
        pass


class _Signatures:
    """Signatures, and the bond between a receipt and its report.

    A receipt cannot be verified when it is seen: its key is in the report that must follow.
    """

    def __init__(self, origin: str, keyring: Keyring) -> None:
        self._origin = origin
        self._keyring = keyring
        self._receipt: _Seen | None = None

    def see(self, seen: _Seen) -> None:
        position, entry, state = seen
        receipt, self._receipt = self._receipt, None
        if receipt is not None:
            self._check_receipt(receipt, seen)
        elif entry.topic in RECEIVED and state.get("reporter_signing_key"):
            raise Fault(position, "有查询码的举报之前没有回执")
        if entry.topic == ISSUED:
            self._receipt = seen
            return
        try:
            public_key = self._keyring.public_key_for(entry, state)
            self._check_signature(seen, public_key)
            self._keyring.learn(entry, state)
        except NotAuthorised as error:
            raise Fault(position, str(error)) from None

    def finish(self, count: int) -> None:
        if self._receipt is not None:
            raise Fault(self._receipt.position, "回执之后没有举报")

    def _check_receipt(self, receipt: _Seen, report: _Seen) -> None:
        if report.entry.topic not in RECEIVED:
            raise Fault(receipt.position, "回执之后不是举报")
        try:
            public_key = decode_key(str(report.state.get("reporter_signing_key")))
        except NotAuthorised as error:
            raise Fault(report.position, str(error)) from None
        if receipt.entry.key_id != key_id_of(public_key):
            raise Fault(receipt.position, "回执与其后的举报不是同一查询码的")
        if receipt.entry.state != CONSTANT_STATE:
            raise Fault(receipt.position, "回执的内容不是空的")
        self._check_signature(receipt, public_key)

    def _check_signature(self, seen: _Seen, public_key: bytes) -> None:
        entry = seen.entry
        message = signature_message(self._origin, entry.stream_id, entry.stream_version, entry.topic, entry.state)
        if not is_signed_by(public_key, message, entry.signature):
            raise Fault(seen.position, "签名无效")


class _Tree:
    """Leaves, stored nodes, roots."""

    def __init__(self, origin: str, roots: Mapping[int, bytes], read_nodes: ReadNodes | None) -> None:
        self.frontier = Frontier()
        self._origin = origin
        self._roots = roots
        self._read_nodes = read_nodes
        self._finished: dict[Coordinate, bytes] = {}

    def see(self, seen: _Seen) -> None:
        finished = self.frontier.append(leaf_hash(self._origin, seen.entry))
        if self._read_nodes is not None:
            self._finished.update(finished)
            if len(self._finished) >= NODES_AT_ONCE:
                self._compare_nodes()
        expected = self._roots.get(seen.position)
        if expected is not None and expected != self.frontier.root():
            raise Fault(seen.position, "至此的根与已签署的根不同：此条或之前有改动")

    def finish(self, count: int) -> None:
        self._compare_nodes()
        if beyond := [size for size in self._roots if size > count]:
            raise Fault(count + 1, f"日志被截短：已签署到第 {max(beyond)} 条，现有 {count} 条")
        if self._roots.get(0, EMPTY_ROOT) != EMPTY_ROOT:
            raise Fault(0, "空日志的根不对")

    def _compare_nodes(self) -> None:
        if self._read_nodes is None or not self._finished:
            return
        stored = self._read_nodes(list(self._finished))
        for node, digest in self._finished.items():
            if stored.get(node) != digest:
                last_leaf = (node.number + 1) << node.level
                raise Fault(last_leaf, f"日志树第 {node.level} 层第 {node.number} 号节点缺失或与事件不符")
        self._finished.clear()


class _CustodyCheck:
    """What is in custody, against what the events say."""

    def __init__(self, custody: Custody) -> None:
        self._custody = custody
        self._kept = {"envelope": 0, "wrap": 0, "file": 0}
        self._missing: dict[bytes, tuple[int, str]] = {}  # it may yet turn out to have been destroyed

    def see(self, seen: _Seen) -> None:
        try:
            claims = claims_in(seen.state)
        except ValueError as error:
            raise Fault(seen.position, str(error)) from None
        for sha256 in claims.envelopes:
            self._see_payload(seen.position, "envelope", sha256, _digest(self._custody.envelope(sha256)))
        for sha256, _ in claims.wraps:
            self._see_payload(seen.position, "wrap", sha256, _digest(self._custody.wrap(sha256)))
        for sha256 in claims.files:
            self._see_payload(seen.position, "file", sha256, self._custody.file_digest(sha256))
        for sha256 in claims.destroyed:
            if self._missing.pop(sha256, None) is None:
                raise Fault(seen.position, "事件称已销毁的密封材料仍在，或从未有过")

    def finish(self, count: int) -> None:
        if self._missing:
            position, kind = min(self._missing.values())
            raise Fault(position, f"{_NAMES[kind]}缺失，却没有销毁它的事件")
        for kind, number in self._custody.counts().items():
            if number != self._kept[kind]:
                raise Fault(count, f"保管库中有 {number} 份{_NAMES[kind]}，事件所述为 {self._kept[kind]} 份")

    def _see_payload(self, position: int, kind: str, sha256: bytes, found: bytes | None) -> None:
        if found is None:
            self._missing[sha256] = (position, kind)
        elif found != sha256:
            raise Fault(position, f"{_NAMES[kind]}与事件所述的哈希不符")
        else:
            self._kept[kind] += 1


_NAMES = {"envelope": "信封", "wrap": "密钥封装", "file": "密封文件"}


def _digest(data: bytes | None) -> bytes | None:
    return None if data is None else hashlib.sha256(data).digest()
