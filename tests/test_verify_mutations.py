"""Nothing that is stored or published of the log can be changed by a single byte without somebody finding it.

A small log is taken into memory whole, and every byte of every value in it is changed, one at a time. How many
changes were tried is printed (`-s`).
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from events import schema
from events.checkpoint import CheckpointError
from events.checkpoints import CosignatureRow, SignedCheckpoint
from events.cosignature import CosignatureVerifier, cosign
from events.custody import CustodyKind, CustodyNow, Kept
from events.leaf import Entry, RecordedEntry, leaf_data
from events.merkle import Coordinate, ProofError, prove_inclusion
from events.note import NoteError, NoteVerifier
from events.policy import Policy, PolicyError, Witness
from events.proof import LogProof
from events.published import tile_bytes
from events.signer import CheckpointSigner
from events.signing import is_signed_by
from events.tiles import TileError, TileReader, tiles_of
from events.verify import Fault, verify_log
from supervision.log_statements import Statements
from tests.support.log import NOON, ORIGIN, Clock, Deployment, open_log, signer
from tests.support.mutations import Tally, changed_bytes, changed_number, changed_text
from tests.support.signing import memory_in

LOG_KEY, WITNESS = signer("log"), signer("witness")
KNOWN = Witness("superior", CosignatureVerifier("witness.example/w", WITNESS.public_key))
POLICY = Policy((NoteVerifier(ORIGIN, LOG_KEY.public_key),), (KNOWN,), quorum="superior")


@pytest.fixture(scope="module", autouse=True)
def remembered_signatures() -> Iterator[None]:
    """A signature that a change did not touch is not computed again: the same arguments, the same answer."""
    with pytest.MonkeyPatch.context() as patch:
        once = lru_cache(maxsize=100_000)(is_signed_by)
        for module in ("verify", "note", "cosignature"):
            patch.setattr(f"events.{module}.is_signed_by", once)
        yield


@dataclass(frozen=True)
class Custody:
    """Custody in memory (:class:`events.custody.CustodyView`): (kind, hash) to stream, bytes, recipient."""

    rows: Mapping[tuple[CustodyKind, bytes], tuple[UUID, bytes, bytes]]
    streams: Sequence[UUID] = ()

    def find(self, kind: CustodyKind, hashes: Sequence[bytes]) -> Mapping[bytes, Kept]:
        return {
            sha256: Kept(stream_id, hashlib.sha256(data).digest(), recipient)
            for sha256 in hashes
            if (kind, sha256) in self.rows
            for stream_id, data, recipient in [self.rows[kind, sha256]]
        }

    def now(self, position: int) -> CustodyNow:
        kinds: tuple[CustodyKind, ...] = ("envelope", "wrap", "file")
        return CustodyNow({one: sum(kind == one for kind, _ in self.rows) for one in kinds}, dict.fromkeys(kinds, 0))

    def lookups(self) -> Sequence[UUID]:
        return self.streams


@dataclass(frozen=True)
class Everything:
    """A log, all that was said of it, and all that it speaks of, in memory."""

    entries: Sequence[RecordedEntry]
    nodes: Mapping[Coordinate, bytes]
    checkpoints: Sequence[SignedCheckpoint]
    cosignatures: Sequence[CosignatureRow]
    custody: Custody
    deployment: Deployment

    def verify(self) -> None:
        """As `supervision verify` does it. Raises Fault."""
        said = SimpleNamespace(
            last=lambda: self.checkpoints[-1],
            last_of=lambda name: max(
                ((row.size, 0) for row in self.cosignatures if row.key_name == name), default=None
            ),
            signed=lambda up_to: (one for one in self.checkpoints if one.size <= up_to),
            cosignatures=lambda up_to: (one for one in self.cosignatures if one.size <= up_to),
        )
        store: Any = SimpleNamespace(checkpoints=said)
        verify_log(
            ORIGIN,
            self.entries,
            self.deployment.keyring(),
            attested=Statements(store, ORIGIN, POLICY.logs, POLICY).read(),
            read_nodes=lambda wanted: {node: self.nodes[node] for node in wanted if node in self.nodes},
            custody=self.custody,
            cores=1,
        )

    def is_bad(self) -> bool:
        try:
            self.verify()
        except Fault:
            return True
        return False

    def with_entry(self, at: int, entry: Entry) -> "Everything":
        changed = [*self.entries[:at], RecordedEntry(at + 1, entry), *self.entries[at + 1 :]]
        return replace(self, entries=changed)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Everything]:
    home = tmp_path_factory.mktemp("log")
    store = open_log(f"sqlite:///{home / 'log.sqlite3'}", home)
    deployment = Deployment(store)
    signing = CheckpointSigner(store, LOG_KEY, memory_in(home), Clock())
    deployment.enrol("li")
    for name in ("one", "two"):
        report = deployment.file_report(name, "what happened", "where")
        note = signing.sign_head()
        text = note.decode().rpartition("\n\n")[0] + "\n"
        store.checkpoints.add_cosignatures(store.size(), [cosign(text, KNOWN.key.name, WITNESS, NOON + 60)])
        deployment.register(report, by="li")
    deployment.supplement("one", "more")
    deployment.destroy(report, by="li")
    yield taken(deployment)
    store.close()


def taken(deployment: Deployment) -> Everything:
    store = deployment.store
    size = store.size()
    with store._engine.connect() as connection:
        nodes = connection.execute(select(schema.node)).all()
        envelopes = connection.execute(select(schema.envelope)).all()
        wraps = connection.execute(select(schema.wrap)).all()
        streams = list(connection.scalars(select(schema.lookup.c.stream_id)))
    rows: dict[tuple[CustodyKind, bytes], tuple[UUID, bytes, bytes]] = {}
    rows |= {("envelope", row.sha256): (row.stream_id, row.data, b"") for row in envelopes}
    rows |= {("wrap", row.sha256): (row.stream_id, row.data, row.recipient) for row in wraps}
    return Everything(
        entries=list(store.scan(size)),
        nodes={Coordinate(level, number): digest for level, number, digest in nodes},
        checkpoints=list(store.checkpoints.signed(size)),
        cosignatures=list(store.checkpoints.cosignatures(size)),
        custody=Custody(rows, streams),
        deployment=deployment,
    )


def test_untouched_it_verifies(log: Everything) -> None:
    log.verify()
    assert (len(log.entries), len(log.checkpoints), len(log.cosignatures)) == (10, 2, 2)


def covered(log: Everything) -> int:
    """How many entries the last checkpoint covers."""
    return log.checkpoints[-1].size


# --- Entries, nodes -----------------------------------------------------------------------------------------------


def test_every_byte_of_every_entry_counts(log: Everything) -> None:
    """Every column of every entry that a checkpoint covers, and whatever a signature covers in those after it.

    Stored nodes are left out: who can change an entry can change these as well.
    """
    tally = Tally("entries")
    for at, (_, entry) in enumerate(log.entries):
        for field, value in entry._asdict().items():
            if at >= covered(log) and field in ("salt", "recorded_at"):
                continue  # nobody has vouched for these yet but the stored nodes; the next checkpoint will
            for new in changes_of(value):
                changed = log.with_entry(at, entry._replace(**{field: new}))
                tally.try_(f"{at + 1} {field}", replace(changed, nodes={}).is_bad())
    tally.close(at_least=16_000)


def changes_of(value: Any) -> Iterator[Any]:
    if isinstance(value, bytes):
        return changed_bytes(value)
    if isinstance(value, UUID):
        return (UUID(bytes=data) for data in changed_bytes(value.bytes) if len(data) == 16)
    return changed_text(value) if isinstance(value, str) else changed_number(value)


def test_every_byte_of_every_node_counts(log: Everything) -> None:
    tally = Tally("nodes")
    for node, digest in log.nodes.items():
        for new in changed_bytes(digest):
            tally.try_(f"{node}", replace(log, nodes=log.nodes | {node: new}).is_bad())
        rest = {other: one for other, one in log.nodes.items() if other != node}
        tally.try_(f"{node} gone", replace(log, nodes=rest).is_bad())
        for level, number in ((node.level + 1, node.number), (node.level, node.number + len(log.entries))):
            tally.try_(f"{node} moved", replace(log, nodes=rest | {Coordinate(level, number): digest}).is_bad())
    tally.close(at_least=1800)


def test_what_is_taken_out_swapped_repeated_or_cut_off_is_missed(log: Everything) -> None:
    tally = Tally("order")

    def both_ways(what: str, entries: Sequence[RecordedEntry]) -> None:
        """As it is, and with positions that fit."""
        renumbered = [RecordedEntry(position, entry) for position, (_, entry) in enumerate(entries, 1)]
        for numbered in (entries, renumbered):
            tally.try_(what, replace(log, entries=numbered, nodes={}, custody=log.custody).is_bad())

    size = len(log.entries)
    for first in range(size):
        both_ways(f"without {first + 1}", [*log.entries[:first], *log.entries[first + 1 :]])
        tally.try_(f"cut at {first}", replace(log, entries=log.entries[:first]).is_bad())
        for second in range(size):
            both_ways("repeated", [*log.entries[:first], log.entries[second], *log.entries[first:]])
            if first < second:
                swapped = list(log.entries)
                swapped[first], swapped[second] = swapped[second], swapped[first]
                both_ways("swapped", swapped)
    tally.close(at_least=300)


# --- What was said of it -----------------------------------------------------------------------------------------


def test_every_byte_of_every_checkpoint_counts(log: Everything) -> None:
    tally = Tally("checkpoints")
    for at, checkpoint in enumerate(log.checkpoints):

        def with_(new: SignedCheckpoint, at: int = at) -> Everything:
            return replace(log, checkpoints=[*log.checkpoints[:at], new, *log.checkpoints[at + 1 :]])

        for note in changed_bytes(checkpoint.note):
            tally.try_(f"note {at}", with_(replace(checkpoint, note=note)).is_bad())
        for size in changed_number(checkpoint.size):
            tally.try_(f"size {at}", with_(replace(checkpoint, size=size)).is_bad())
        gone = replace(log, checkpoints=[one for one in log.checkpoints if one != checkpoint])
        tally.try_("gone, its cosignature not", gone.is_bad())
    tally.close(at_least=1300)


def test_every_byte_of_every_cosignature_counts(log: Everything) -> None:
    tally = Tally("cosignatures")
    for at, row in enumerate(log.cosignatures):
        for field, value in row._asdict().items():
            for new in changes_of(value):
                changed = [*log.cosignatures[:at], row._replace(**{field: new}), *log.cosignatures[at + 1 :]]
                tally.try_(f"{at} {field}", replace(log, cosignatures=changed).is_bad())
    tally.close(at_least=1000)


def test_every_byte_in_custody_counts(log: Everything) -> None:
    tally = Tally("envelopes and wraps")
    rows = log.custody.rows
    for (kind, sha256), (stream_id, data, recipient) in rows.items():
        rest = {key: row for key, row in rows.items() if key != (kind, sha256)}
        news = chain(
            (((kind, sha256), (stream_id, new, recipient)) for new in changed_bytes(data)),
            (((kind, sha256), (stream_id, data, new)) for new in changed_bytes(recipient) if new != recipient),
            (((kind, sha256), (UUID(int=stream_id.int ^ 1 << bit), data, recipient)) for bit in range(128)),
            (((kind, new), (stream_id, data, recipient)) for new in changed_bytes(sha256)),
        )
        for key, row in news:
            tally.try_(f"{kind}", replace(log, custody=Custody(rest | {key: row}, log.custody.streams)).is_bad())
        tally.try_(f"{kind} gone", replace(log, custody=Custody(rest, log.custody.streams)).is_bad())
    tally.close(at_least=2200)


# --- What others hold -------------------------------------------------------------------------------------------


def note_of(log: Everything) -> bytes:
    """The last checkpoint with its cosignature, as a witness keeps it."""
    return log.checkpoints[-1].note + log.cosignatures[-1].line.encode()


def test_every_byte_of_a_proof_file_counts(log: Everything) -> None:
    tally = Tally("proof files")
    size = covered(log)
    for index in range(size):
        hashes = prove_inclusion(index, size, log.deployment.store.read_nodes)
        data = leaf_data(ORIGIN, log.entries[index].entry)
        file = LogProof(data, index, tuple(hashes), note_of(log)).encode()
        LogProof.parse(file).verify(POLICY)
        for changed in changed_bytes(file):
            tally.try_(f"proof of {index}", not is_valid_proof(changed))
    tally.close(at_least=11000)


def is_valid_proof(file: bytes) -> bool:
    try:
        LogProof.parse(file).verify(POLICY)
    except (ProofError, NoteError, CheckpointError, PolicyError):
        return False
    return True


def test_every_byte_of_every_tile_and_bundle_counts(log: Everything) -> None:
    tally = Tally("tiles")
    signed = POLICY.open_checkpoint(note_of(log)).checkpoint
    files = {tile.path: tile_bytes(log.deployment.store, tile) for tile in tiles_of(signed.size)}
    for path, data in files.items():
        for changed in changed_bytes(data):
            if changed[: len(data)] == data:
                continue  # a tile may have grown since
            served = files | {path: changed}
            tally.try_(path, not is_whole(served, signed.size, signed.root))
    tally.close(at_least=1400)


def is_whole(files: Mapping[str, bytes], size: int, root: bytes) -> bool:
    try:
        TileReader(files.__getitem__, size, root).bundle(0)
    except TileError:
        return False
    return True
