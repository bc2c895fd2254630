"""The superior's gate: it gives its half once, and only for what a log that others watch shows to everybody.

Before it gives anything it has verified for itself what every custodian verifies, and besides: that M custodians have
contributed; that every event of the opening is in the county's log, in a tree that the witnesses have cosigned, so that
nobody is shown a log of his own; that it has not released this opening before. Then the release is in the gate's own
log, and only then is the half handed out. A crash in between loses the half: the opening has to be asked for anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from events.checkpoint import Checkpoint, CheckpointError
from events.keyring import Keyring, TrustedKey
from events.leaf import RecordedEntry, leaf_hash
from events.ledger import Conflict, Ledger
from events.merkle import ProofError
from events.note import NoteError
from events.policy import Policy, PolicyError
from events.proof import LogProof
from events.store import LogStore
from events.verify import Fault, verify_log
from events.vocabulary.opening import GateHalfReleased
from events.vocabulary.streams import gate_release_id
from supervision import business_time
from supervision.domain.rulebook import CALENDAR, RULES
from supervision.openings.answer import Answer
from supervision.openings.checking import Checked, check
from supervision.openings.custodian import pieces
from supervision.openings.gate_home import ACTOR, GateHome
from supervision.openings.request_file import NotAcceptable, RequestFile, statement
from supervision.sealing.errors import SealingError


@dataclass(frozen=True)
class Releasable:
    """A request that the gate may release. ``tree``: of the county's log, the largest that proves it."""

    checked: Checked
    tree: Checkpoint


def examine(home: GateHome, file: RequestFile, now: datetime) -> Releasable:
    """Everything but the gate's own memory. Raises NotAcceptable and what :func:`.checking.check` raises."""
    checked = check(file, home.manifest, now)
    asked = checked.opening.asked
    if not asked.gate:
        raise NotAcceptable("本件封存时未设闸门，无需放行。")
    if len(checked.contributions) < asked.m:
        given = len(checked.contributions)
        raise NotAcceptable(f"放行前须有 {asked.m} 名保管人提交份额，材料中只有 {given} 名。请待其提交后重新取得材料。")
    return Releasable(checked, _witnessed(home.policy, file))


def release(home: GateHome, file: RequestFile, now: datetime) -> Answer:
    """Give the half, once: written into the gate's own log before this returns. Raises NotAcceptable, SealingError."""
    found = examine(home, file, now)
    checked = found.checked
    given = pieces(checked, home.release)
    with home.log() as (store, ledger):
        _compare(_memory(home, store, ledger), checked, found.tree)
        event = GateHalfReleased(
            originator_id=gate_release_id(file.origin, file.opening),
            originator_version=1,
            occurred_at=business_time.written(now),
            actor=ACTOR,
            office="",
            rule_version=f"{RULES}/{CALENDAR}",
            origin=file.origin,
            opening=str(file.opening),
            approval=checked.approval.statement,
            tree_size=found.tree.size,
            tree_root=found.tree.root.hex(),
        )
        try:
            ledger.record(event, signer=home.signer)
        except Conflict:
            raise _again() from None
        entry = store.stream(event.originator_id)[0]
    return Answer(
        origin=file.origin,
        opening=file.opening,
        approval=checked.approval.statement,
        key=home.release.key_id,
        given=given,
        release=statement(home.name, entry),
    )


def releases(home: GateHome) -> list[GateHalfReleased]:
    """What the gate has released, its log verified from the first entry. Raises SealingError where that fails."""
    with home.log() as (store, ledger):
        return _memory(home, store, ledger)


def _witnessed(policy: Policy, file: RequestFile) -> Checkpoint:
    """The largest cosigned tree that proves events of the opening, all of which have to be proven."""
    trees: dict[bytes, tuple[int, Checkpoint]] = {}
    for proof in file.proofs:
        try:
            proven = LogProof.parse(proof).verify(policy)
        except (ProofError, NoteError, CheckpointError, PolicyError) as error:
            raise NotAcceptable(
                f"县级日志的证明不成立（{error}）：出示的日志可能另有一份。请不要放行，并与见证记录核对。"
            ) from None
        if proven.checkpoint.origin != file.origin:
            raise NotAcceptable("证明属于另一个日志。请不要放行，并向申请单位核实。")
        trees[proven.leaf] = (proven.index, proven.checkpoint)
    for position, entry in _of_opening(file):
        if trees.get(leaf_hash(file.origin, entry), (-1,))[0] != position - 1:
            raise NotAcceptable(f"第 {position} 条没有经见证人联署的日志证明。请等见证人联署之后重新取得材料。")
    return max((tree for _, tree in trees.values()), key=lambda tree: tree.size)


def _of_opening(file: RequestFile) -> list[RecordedEntry]:
    return [recorded for recorded in file.entries if recorded.entry.stream_id == file.opening]


def _compare(memory: Iterable[GateHalfReleased], checked: Checked, tree: Checkpoint) -> None:
    """Neither released before, nor a tree of the same size with another root. Raises NotAcceptable."""
    for earlier in memory:
        if (earlier.origin, earlier.opening) == (checked.file.origin, str(checked.opening.id)):
            raise _again()
        same_size = (earlier.origin, earlier.tree_size) == (tree.origin, tree.size)
        if same_size and earlier.tree_root != tree.root.hex():
            raise NotAcceptable("县级日志与上次放行时出示的不是同一份（大小相同而根不同）。请停止放行并查明。")


def _memory(home: GateHome, store: LogStore, ledger: Ledger) -> list[GateHalfReleased]:
    """The gate's own log, which is believed only as far as it verifies. Raises SealingError."""
    keyring = Keyring([TrustedKey(ACTOR, home.signer.public_key, (GateHalfReleased.TOPIC,))])
    size = store.size()
    try:
        verify_log(home.name, store.scan(size), keyring, read_nodes=store.read_nodes, custody=store.custody)
    except Fault as fault:
        raise SealingError(f"闸门自己的日志已损坏（{fault}）；请停止放行并查明。") from None
    events = (recorded.event for recorded in ledger.stored(1, size))
    return [event for event in events if isinstance(event, GateHalfReleased)]


def _again() -> NotAcceptable:
    return NotAcceptable("闸门对本次启封已经放行过一次，不再给出。确有需要的，请申请单位重新申请。")


def without_addresses(policy: Policy) -> Policy:
    """For the gate's home: keys and quorum; where witnesses take submissions is nothing to it."""
    return replace(policy, witnesses=tuple(replace(witness, url="") for witness in policy.witnesses))
