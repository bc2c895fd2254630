"""``supervision verify``: what the verifier core needs, from the settings, the pinned key manifests and the policy.

Statements about the log come from four places: its head, the checkpoints that it has signed with what witnesses put
under them, the signer's own memory outside the database, and a copy of somebody else's that the caller brings
(``--against``). Each is checked for itself here, and against the entries by :mod:`events.verify`.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from uuid import UUID

from events.checkpoint import Checkpoint
from events.custody import CustodyKind, CustodyNow, Kept
from events.keyring import Keyring
from events.leaf import RecordedEntry
from events.merkle import Coordinate, ReadNodes
from events.note import NoteVerifier, open_note
from events.policy import NONE, Policy
from events.signer_memory import SignerMemory
from events.store import DamagedLog, Head, LogStore
from events.verify import Attested, Fault, Verified, verify_log
from supervision.checkpointing.founding import SIGNER_DIRECTORY
from supervision.checkpointing.policy import POLICY_FILE, load_policy
from supervision.log_source import LogSource
from supervision.log_statements import UNREADABLE, Counted, Statements, check_that_it_answers
from supervision.platform import Platform
from supervision.sealing.trust import trusted_keys
from supervision.settings import BadSetting
from supervision.witnessing.fetching import tiles_in

READ_AT_ONCE = 1000


@dataclass(frozen=True, kw_only=True)
class LogVerified:
    """``verified``: what the core found. ``said``: what was found of checkpoints and cosignatures.

    ``quorum``: whether the deployment's policy names witnesses, so that cosignatures could be checked.
    """

    verified: Verified
    said: Counted
    quorum: bool

    @property
    def count(self) -> int:
        return self.verified.count

    @property
    def root(self) -> bytes:
        return self.verified.root


def verify_platform(
    platform: Platform, *, against: Sequence[Attested] = (), progress: Callable[[int], None] | None = None
) -> LogVerified:
    """Verify the whole log of a deployment with its custody. Raises ``events.verify.Fault``.

    ``against``: statements of others, already opened. Raises BadSetting for a policy that is malformed.
    """
    origin = platform.settings.origin
    with _log_of(platform) as store:
        # What was said of the log is read before its length: meanwhile it grows.
        memory = _remembered(platform)
        statements = Statements(store, origin, log_keys(platform), policy_of(platform))
        head = _head(store, origin)
        others = sorted((*against, *memory, Attested(head.size, head.root, "树头记录")))
        with closing(statements.read()) as checkpoints:
            verified = verify_log(
                origin,
                _entries(store, head.size),
                Keyring(manifests=trusted_keys(platform.manifests.values())),
                attested=heapq.merge(checkpoints, others, key=lambda statement: statement.size),
                read_nodes=_read_nodes(store, head.size),
                custody=_Custody(store),
                progress=progress,
            )
    if verified.recorded_at != head.recorded_at:
        raise Fault(head.size, "树头记录的时间与最后一条不同")
    return LogVerified(verified=verified, said=statements.counted, quorum=bool(statements.policy.witnesses))


def log_keys(platform: Platform) -> list[NoteVerifier]:
    """The keys that have signed the log's checkpoints, of all manifests."""
    keys = dict.fromkeys(manifest.log for manifest in platform.manifests.values())
    return [NoteVerifier(platform.settings.origin, key) for key in keys]


def policy_of(platform: Platform) -> Policy:
    """The deployment's own policy; without witnesses where there is none. Raises BadSetting for a malformed one."""
    if not (platform.settings.home / POLICY_FILE).exists():
        return Policy(tuple(log_keys(platform)), ())
    return load_policy(platform.settings.home)


def _remembered(platform: Platform) -> list[Attested]:
    """What the signer remembers outside the database, where this machine has it and this user may read it."""
    try:
        remembered = SignerMemory(platform.settings.home / SIGNER_DIRECTORY).recall()
        opened, _ = open_note(remembered.note, log_keys(platform))
        checkpoint = Checkpoint.parse(opened.text)
    except (FileNotFoundError, PermissionError):
        return []
    except (ValueError, OSError):
        raise Fault(0, f"签署人在 {SIGNER_DIRECTORY} 目录中的记录残缺，或不是本日志的密钥所签") from None
    return [Attested(checkpoint.size, checkpoint.root, "签署人记录中")]


# --- What is stored ------------------------------------------------------------------------------------


@contextmanager
def _log_of(platform: Platform) -> Iterator[LogStore]:
    try:
        store = platform.log
    except (DamagedLog, *UNREADABLE):  # too damaged to write to, which is what this command is there to explain
        with closing(LogStore(platform.settings.database_url, platform.settings.home)) as damaged:
            yield damaged
    else:
        yield store


def _head(store: LogStore, origin: str) -> Head:
    try:
        head = store.head()
    except DamagedLog as error:
        raise Fault(0, str(error)) from None
    except UNREADABLE:
        check_that_it_answers(store)
        raise Fault(0, "树头记录残缺，或大小与边缘不符") from None
    if head.origin != origin:
        raise Fault(0, "数据库中是另一个日志（origin 与设置不同）")
    return head


def _entries(store: LogStore, size: int) -> Iterator[RecordedEntry]:
    """All entries, in pieces; where a piece cannot be read, up to the one that cannot. Raises Fault."""
    for start in range(1, size + 1, READ_AT_ONCE):
        try:
            piece = store.entries(start, READ_AT_ONCE, stop=size)
        except UNREADABLE:
            piece = []
            for position in range(start, size + 1):
                yield from _entry(store, position)
        yield from piece


def _entry(store: LogStore, position: int) -> list[RecordedEntry]:
    try:
        return store.entries(position, 1, stop=position)
    except UNREADABLE:
        check_that_it_answers(store)
        raise Fault(position, "此条无法从数据库读出") from None


@contextmanager
def _readable(store: LogStore, what: str) -> Iterator[None]:
    try:
        yield
    except UNREADABLE:
        check_that_it_answers(store)
        raise Fault(0, f"{what}中有内容无法从数据库读出") from None


def _read_nodes(store: LogStore, size: int) -> ReadNodes:
    """Nodes of the tree of ``size`` leaves; what has grown beyond it meanwhile is not there yet."""

    def read(wanted: Sequence[Coordinate]) -> Mapping[Coordinate, bytes]:
        with _readable(store, "日志树"):
            nodes = store.read_nodes(wanted)
            grown = store.size() > size
        return {at: digest for at, digest in nodes.items() if not grown or (at.number + 1) << at.level <= size}

    return read


@dataclass(frozen=True)
class _Custody:
    """Custody as the verifier wants it; what cannot be read is a fault."""

    store: LogStore

    def find(self, kind: CustodyKind, hashes: Sequence[bytes]) -> Mapping[bytes, Kept]:
        with _readable(self.store, "保管库"):
            return self.store.custody.find(kind, hashes)

    def now(self, position: int) -> CustodyNow:
        with _readable(self.store, "保管库"):
            return self.store.custody.now(position)

    def lookups(self) -> Iterator[UUID]:
        with _readable(self.store, "查询索引"):
            yield from self.store.custody.lookups()


def tiles_of_database(platform: Platform, policy: Policy) -> tuple[LogSource, Policy]:
    """The database's own tiles under its newest checkpoint with a quorum, and ``policy``.

    Where no checkpoint has a quorum: under its last one, and the policy without a quorum. Raises BadSetting before
    anything was signed.
    """
    fetch, checkpoints = tiles_in(lambda: platform.log), platform.log.checkpoints
    for _, note in checkpoints.cosigned():
        if policy.witnesses and policy.is_quorum(policy.open_signed(note).cosigned_at):
            return LogSource(note, fetch), policy
    last = checkpoints.last()
    if last is None:
        raise BadSetting("日志：还没有签署过检查点；请先运行 supervision serve，片刻之后重试。")
    return LogSource(last.note, fetch), policy if policy.quorum == NONE else replace(policy, quorum=NONE)
