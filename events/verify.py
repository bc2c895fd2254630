"""The verifier: recomputes what the log claims from what is stored, and trusts nobody who wrote it.

It needs the entries in order, the keys of the manifests, roots that were signed, and read access to custody, and
nothing of the store. For an auditor this module is what there is to read, with the formats it rests on (:mod:`.leaf`,
:mod:`.signing`, :mod:`.merkle`, :mod:`.claims`) and whose keys count for what (:mod:`.keyring`, :mod:`.duties`).

What is checked, for each entry ::

    positions    1, 2, 3, … without a gap
    form         salt and key id 32 bytes, signature 64
    streams      versions 1, 2, 3, … without a gap
    time         whole hours, never backwards, and where a witness's clock says they may be
    state        canonical JSON
    signature    by a key that was valid then for this actor, topic and stream
    receipt      ``receipt.issued.v1`` and the report it stands for: neighbours, by the same key
    tree         each stored node and each root that was signed are those of the entries
    custody      holds what the events say and nothing else (:mod:`events.verify_custody`)

Signatures and custody are looked at a batch at a time, on all cores and in one query; which fault is told does not
depend on it: always the first by position. Memory grows with the number of streams and reports (some 200 bytes
each), not with the number of entries.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from events.canonical import CanonicalError, decode_object
from events.custody import CustodyView
from events.duties import NotAuthorised
from events.keyring import ISSUED, RECEIVED, REPORTER, Keyring, decode_key, kind_of
from events.leaf import SECONDS_PER_HOUR, Entry, RecordedEntry, leaf_hash
from events.merkle import Coordinate, Frontier, ReadNodes
from events.signing import is_signed_by, key_id_of, signature_message
from events.verify_custody import CustodyRule
from events.verify_rule import Fault, Rule, Seen

__all__ = ["Attested", "Fault", "Verified", "verify_log"]

NODES_AT_ONCE = 2000
SIGNATURES_AT_ONCE = 4096

SKEW_SECONDS = 300
"""How much a witness's clock may be behind that of the log."""

SUBMISSION_SECONDS = SECONDS_PER_HOUR
"""How long after its making a checkpoint may reach a witness."""

CONSTANT_STATE = b"{}"
"""State of every ``receipt.issued.v1``, so that the code alone recomputes its leaf."""


class Attested(NamedTuple):
    """A root that the log must have had at that size. ``by``: in whose words, for the reason of a fault.

    ``cosigned``: when witnesses said that they had seen no larger tree, Unix seconds. ``problem``: why the statement
    itself cannot be believed, "" where it can; the root does not matter then.
    """

    size: int
    root: bytes
    by: str = "已签署"
    cosigned: tuple[int, ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class Verified:
    """All is well: ``count`` entries with this ``root`` (32 bytes), the last recorded at ``recorded_at``.

    ``signatures``: how many were checked, by whose they are: ``officer``, ``reporter`` or ``service``.
    """

    count: int
    root: bytes
    recorded_at: int = 0
    signatures: Mapping[str, int] = field(default_factory=dict)


def verify_log(
    origin: str,
    entries: Iterable[RecordedEntry],
    keyring: Keyring,
    *,
    attested: Iterable[Attested] = (),
    read_nodes: ReadNodes | None = None,
    custody: CustodyView | None = None,
    progress: Callable[[int], None] | None = None,
    cores: int = os.cpu_count() or 1,
) -> Verified:
    """Verify a log from its first entry. Raises :class:`Fault` at the first thing that is wrong.

    ``attested``: by size, the smallest first. ``read_nodes``: stored nodes to compare. ``progress``: told each
    position. ``cores``: for signatures.
    """
    with ThreadPoolExecutor(cores) as executor:
        order, tree = _Order(), _Tree(origin, attested, read_nodes)
        signatures = _Signatures(origin, keyring, executor, cores)
        checks: list[Rule] = [signatures, tree]
        if custody is not None:
            checks.append(CustodyRule(custody, order.versions))
        count = 0
        try:
            for count, (position, entry) in enumerate(entries, 1):
                order.see(count, position, entry)
                seen = Seen(position, entry, _parse(position, entry))
                for check in checks:
                    check.see(seen)
                if progress is not None:
                    progress(position)
            _all([check.settle for check in checks])
            _all([partial(check.finish, count) for check in checks])
        except Fault as fault:
            _all([check.settle for check in checks], fault)
            raise
    return Verified(count, tree.frontier.root(), order.hour, signatures.counted)


def _all(steps: Iterable[Callable[[], None]], found: Fault | None = None) -> None:
    """Take all steps. Raises the first fault of them by position, unless ``found`` comes before it."""
    faults = []
    for step in steps:
        try:
            step()
        except Fault as fault:
            faults.append(fault)
    first = min(faults, key=lambda fault: fault.position, default=None)
    if first is not None and (found is None or first.position <= found.position):
        raise first from None


def _parse(position: int, entry: Entry) -> Mapping[str, Any]:
    try:
        return decode_object(entry.state)
    except CanonicalError as error:
        raise Fault(position, f"事件内容{error}") from None


class _Order:
    """Positions, form, times and stream versions; the rest can rely on these."""

    TYPES = (UUID, int, str, bytes, bytes, bytes, bytes, int)
    """Of an entry's fields. SQLite keeps in a column whatever somebody puts there."""

    def __init__(self) -> None:
        self.hour = 0
        self.versions: dict[UUID, int] = {}

    def see(self, expected: int, position: int, entry: Entry) -> None:
        if position != expected:
            raise Fault(expected, f"缺少此条，其后是第 {position} 条" if position > expected else "位置重复")
        if tuple(map(type, entry)) != self.TYPES:
            raise Fault(position, "字段的类型不对")
        if entry.recorded_at % SECONDS_PER_HOUR or entry.recorded_at < self.hour:
            raise Fault(position, "记录时间不是整点，或早于前一条")
        self.hour = entry.recorded_at
        version = self.versions.get(entry.stream_id, 0) + 1
        if entry.stream_version != version:
            raise Fault(position, f"记录 {entry.stream_id} 应为第 {version} 版，却是第 {entry.stream_version} 版")
        self.versions[entry.stream_id] = version


def _first_unsigned(origin: str, statements: Sequence[tuple[int, Entry, bytes]]) -> int | None:
    """The first position whose entry was not signed with the key that it must be signed with."""
    for position, entry, public_key in statements:
        message = signature_message(origin, entry.stream_id, entry.stream_version, entry.topic, entry.state)
        if not is_signed_by(public_key, message, entry.signature):
            return position
    return None


class _Signatures:
    """Signatures, and the bond between a receipt and its report.

    A receipt cannot be verified when it is seen: its key is in the report that must follow. Threads are enough for
    all cores: Ed25519 is computed without the interpreter's lock.
    """

    def __init__(self, origin: str, keyring: Keyring, executor: Executor, cores: int) -> None:
        self._signed: Counter[str] = Counter()
        self._origin = origin
        self._keyring = keyring
        self._executor = executor
        self._cores = cores
        self._waiting: list[tuple[int, Entry, bytes]] = []
        self._receipt: Seen | None = None

    def see(self, seen: Seen) -> None:
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
            self._put_off(seen, self._keyring.public_key_for(entry, state))
            self._keyring.learn(entry, state)
        except NotAuthorised as error:
            raise Fault(position, str(error)) from None
        if len(self._waiting) >= SIGNATURES_AT_ONCE:
            self.settle()

    @property
    def counted(self) -> Mapping[str, int]:
        """How many of each kind."""
        counted: Counter[str] = Counter()
        for actor, number in self._signed.items():
            counted[kind_of(actor)] += number
        return dict(counted)

    def settle(self) -> None:
        waiting, self._waiting = self._waiting, []
        share = -(-len(waiting) // self._cores) or 1
        parts = [waiting[i : i + share] for i in range(0, len(waiting), share)]
        run = self._executor.map if len(waiting) >= SIGNATURES_AT_ONCE else map
        for position in run(partial(_first_unsigned, self._origin), parts):
            if position is not None:
                raise Fault(position, "签名无效")

    def finish(self, count: int) -> None:
        if self._receipt is not None:
            raise Fault(self._receipt.position, "回执之后没有举报")

    def _check_receipt(self, receipt: Seen, report: Seen) -> None:
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
        self._put_off(receipt, public_key)

    def _put_off(self, seen: Seen, public_key: bytes) -> None:
        self._waiting.append((seen.position, seen.entry, public_key))
        self._signed[seen.state.get("actor", REPORTER)] += 1


class _Tree:
    """Leaves, stored nodes, roots that were signed, and the time that those who signed them bear witness to."""

    def __init__(self, origin: str, attested: Iterable[Attested], read_nodes: ReadNodes | None) -> None:
        self.frontier = Frontier()
        self._leaf_hash = partial(leaf_hash, origin)
        self._attested: Iterator[Attested] = iter(attested)
        self._next = next(self._attested, None)
        self._not_before = 0
        self._read_nodes = read_nodes
        self._finished: dict[Coordinate, bytes] = {}
        self._reach(0, 0)

    def see(self, seen: Seen) -> None:
        try:
            finished = self.frontier.append(self._leaf_hash(seen.entry))
        except ValueError as error:  # a salt, key id or signature of another length
            raise Fault(seen.position, str(error)) from None
        if self._read_nodes is not None:
            self._finished.update(finished)
            if len(self._finished) >= NODES_AT_ONCE:
                self.settle()
        if seen.entry.recorded_at < self._not_before:
            raise Fault(seen.position, "倒填时间：见证人联署时还没有此条，记录时间却比联署更早")
        if self._next is not None and self._next.size <= seen.position:
            self._reach(seen.position, seen.entry.recorded_at)

    def settle(self) -> None:
        finished, self._finished = self._finished, {}
        stored = self._stored(list(finished))
        for node, digest in finished.items():
            if stored.get(node) != digest:
                last_leaf = (node.number + 1) << node.level
                raise Fault(last_leaf, f"日志树第 {node.level} 层第 {node.number} 号节点缺失或与事件不符")

    def finish(self, count: int) -> None:
        if self._next is not None:
            raise Fault(count + 1, f"日志被截短：已签署到第 {self._next.size} 条，现有 {count} 条")
        beyond = [Coordinate(level, count >> level) for level in range(count.bit_length() + 1)]
        if self._stored(beyond):
            raise Fault(count, "日志树中有多余的节点，在最后一条之后")

    def _stored(self, nodes: Sequence[Coordinate]) -> Mapping[Coordinate, bytes]:
        return self._read_nodes(nodes) if self._read_nodes is not None and nodes else {}

    def _reach(self, size: int, recorded_at: int) -> None:
        """Hear all who spoke of a tree of this size."""
        while (said := self._next) is not None and said.size <= size:
            self._next = next(self._attested, None)
            if said.problem or said.size < size:
                raise Fault(size, said.problem or "检查点的次序不对")
            if said.root != self.frontier.root():
                raise Fault(size, f"至此的根与{said.by}的根不同：此条或之前有改动")
            if any(recorded_at > moment + SKEW_SECONDS for moment in said.cosigned):
                raise Fault(size, "记录时间比见证人联署的时间晚")
            for moment in said.cosigned:
                hour = moment - moment % SECONDS_PER_HOUR
                self._not_before = max(self._not_before, hour - SUBMISSION_SECONDS)
