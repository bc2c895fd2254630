"""Openings (启封) as use cases: ask, agree, contribute, release, close (SoD-4, SoD-5, SoD-7).

    request → approve | refuse → request_file → (on his own machine) → contribute | decline, M times
            → gate_file → (at the superior's) → add_gate_answer → open_once, or close

A custodian's account has the id under which the key manifest names him, so that a key and a signature have one owner.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID

from events.custody import CustodyBatch, WrapRow
from events.ledger import Conflict
from events.model import Sealing
from events.vocabulary import streams
from supervision.business_time import SHANGHAI
from supervision.casework.desk import Desk
from supervision.casework.officer_session import OfficerSession
from supervision.casework.opening_files import file_for, with_proofs
from supervision.casework.opening_lookup import (
    EPHEMERAL,
    approval_of,
    case_of,
    ephemeral_name,
    opener_of,
    openings_of,
    roles_on,
    same_body,
    shares_in,
    statement_of,
)
from supervision.casework.opening_view import Opened, OriginalFile, open_once, open_original
from supervision.domain.codes import NamedStatus, Role
from supervision.domain.opening import InCase, Opening
from supervision.domain.opening_rules import APPROVERS, CUSTODIANS, PURPOSES, REQUESTERS, Asked, openable
from supervision.domain.refusal import Refused
from supervision.domain.rights import DeclineReason, OpeningPurpose, OpeningRefusal, OpeningState
from supervision.openings.answer import Answer
from supervision.openings.checking import ephemeral_key
from supervision.openings.request_file import NotAcceptable
from supervision.sealing.contribution import contributed_sealing, keep_ephemeral
from supervision.sealing.errors import SealingError
from supervision.sealing.holders import Holder
from supervision.sealing.keys import KemPrivateKey
from supervision.sealing.opening import Opener
from supervision.sealing.strict_json import to_base64
from supervision.working_state import WorkingState

__all__ = [
    "Opened",
    "OriginalFile",
    "add_gate_answer",
    "approve",
    "close",
    "compartments_for",
    "contribute",
    "decline",
    "delay_notice",
    "gate_file",
    "open_once",
    "open_original",
    "openings_of",
    "purposes_for",
    "refuse",
    "request",
    "request_file",
]


# -- looking ------------------------------------------------------------------------------------------------------


def purposes_for(desk: Desk, officer: OfficerSession, report_id: UUID) -> Sequence[OpeningPurpose]:
    """The purposes that this officer may ask for on this report now, for a form; none where he may not ask at all."""
    report = desk.report(report_id)
    if officer.officer in report.excluded:
        return ()
    roles = roles_on(desk, officer, report, desk.clue_of(report))
    anonymous = report.named_status is NamedStatus.ANONYMOUS
    return [
        purpose
        for purpose, allowed in PURPOSES.items()
        if allowed.roles & roles and (anonymous or purpose is not OpeningPurpose.TRACE_ANONYMOUS)
    ]


def compartments_for(desk: Desk, report_id: UUID, addition: int = 0) -> Sequence[str]:
    """What the custodians hold of it: ``identity``, ``source``. ``addition``: 0 for the report, else which addition."""
    return openable(shares_in(desk, report_id, addition).sealing)


# -- asking and agreeing --------------------------------------------------------------------------------------------


def request(
    desk: Desk, working: WorkingState, officer: OfficerSession, report_id: UUID, asked: Asked, addition: int = 0
) -> UUID:
    """Ask; returns the opening's id. The ephemeral key stays in ``working``, sealed to the officer's own key.

    ``addition``: 0 for the report itself, else which addition of the reporter, from 1. Raises Refused.
    """
    officer.require(*sorted(REQUESTERS))
    report = desk.report(report_id)
    report.refuse_excluded(officer.officer)
    report.refuse_before_level()
    roles = roles_on(desk, officer, report, desk.clue_of(report))
    if not roles:
        raise Refused("not_yours", "本件不由您办理，不能申请启封；请由本件的承办单位或承办人申请。")
    earlier = openings_of(desk, report_id)
    stamp = desk.stamp(officer)
    if any(_is_pending(one, officer.officer, asked, stamp.occurred_at[:10]) for one in earlier):
        raise Refused("pending", "您对本件的同类启封申请尚未办结；请先使用或者撤回。")
    stream_id = streams.opening_id(report_id, len(earlier) + 1)
    ephemeral = KemPrivateKey.generate(desk.rng)
    shares = shares_in(desk, report_id, addition)
    key = to_base64(ephemeral.public.raw)
    opening = Opening.request(stream_id, stamp, report, asked, roles, shares, key)
    # Kept first: a request whose key is nowhere could never be opened.
    kept = keep_ephemeral(ephemeral, officer.kem.public, stream_id)
    working.put(EPHEMERAL, ephemeral_name(key), kept, _end_of(opening.asked.expires_on))
    try:
        desk.record(officer.signer, opening)
    except Conflict:
        working.remove(EPHEMERAL, ephemeral_name(key))
        raise Refused("busy", "本件刚有另一份启封申请；请刷新页面后再试。") from None
    return stream_id


def approve(desk: Desk, officer: OfficerSession, opening_id: UUID) -> int:
    """Agree (分管领导 or 主要负责人, not in the case). Returns the position written. Raises Refused."""
    opening, case = _for_approver(desk, officer, opening_id)
    opening.approve(desk.stamp(officer), case, statement_of(desk, opening, 1))
    return _record(desk, officer, opening)


def refuse(desk: Desk, officer: OfficerSession, opening_id: UUID, reason: OpeningRefusal) -> int:
    """Do not agree. Returns the position written. Raises Refused."""
    opening, case = _for_approver(desk, officer, opening_id)
    opening.refuse(desk.stamp(officer), case, statement_of(desk, opening, 1), reason)
    return _record(desk, officer, opening)


def delay_notice(desk: Desk, officer: OfficerSession, opening_id: UUID, number: str, until: date) -> int:
    """By an order of law the reporter is told only from ``until`` on; recorded by the approver. Raises Refused."""
    opening = desk.opening(opening_id)
    opening.delay_notice(desk.stamp(officer), number=number, until=until)
    return _record(desk, officer, opening)


def close(desk: Desk, working: WorkingState, officer: OfficerSession, opening_id: UUID) -> int:
    """Withdraw (requester), revoke (approver), or clear away once its time is over. Raises Refused."""
    opening = desk.opening(opening_id)
    officer.require(*sorted(REQUESTERS | APPROVERS))
    destroyed = opening.close(desk.stamp(officer))
    position = _record(desk, officer, opening, CustodyBatch(destroy_wraps=tuple(map(bytes.fromhex, destroyed))))
    working.remove(EPHEMERAL, ephemeral_name(opening.asked.ephemeral_key))
    return position


# -- custodians and gate ----------------------------------------------------------------------------------------------


def request_file(desk: Desk, officer: OfficerSession, opening_id: UUID) -> bytes:
    """What a custodian carries to his own machine (``supervision custodian contribute``). Raises Refused."""
    opening = _approved(desk, opening_id)
    desk.report(opening.report).refuse_excluded(officer.officer)
    opener = opener_of(desk, opening)
    holder = _holder(opening, opener, officer)
    return file_for(desk, opening, opener, holder.kem.key_id).encode()


def contribute(desk: Desk, officer: OfficerSession, opening_id: UUID, answer: bytes) -> int:
    """Record what the custodian's machine answered: his shares, or that he declines. The same file twice is harmless.

    Returns the position written. Raises Refused.
    """
    opening = _approved(desk, opening_id)
    opener = opener_of(desk, opening)
    holder = _holder(opening, opener, officer)
    given = _answer(desk, opening, answer)
    if given.key != holder.kem.key_id:
        raise Refused("key", "答复不是用您本人的保管私钥生成的；请用您的私钥文件重新生成。")
    if given.declined:
        return decline(desk, officer, opening_id, _reason(given.declined))
    earlier = opening.contributions.get(given.key)
    sealing, rows = _sealed(opening, opener, given)
    if earlier is not None and earlier.sealing == sealing:
        return desk.ledger.head()
    opening.contribute(
        desk.stamp(officer),
        case_of(desk, opening),
        approval=given.approval,
        custodian_key=given.key,
        sealing=sealing,
    )
    return _record(desk, officer, opening, CustodyBatch(wraps=rows))


def decline(desk: Desk, officer: OfficerSession, opening_id: UUID, reason: DeclineReason) -> int:
    """A custodian does not contribute, said on the console. Returns the position written. Raises Refused."""
    opening = _approved(desk, opening_id)
    opening.decline(
        desk.stamp(officer),
        case_of(desk, opening),
        approval=approval_of(desk, opening),
        custodian_key=_holder(opening, opener_of(desk, opening), officer).kem.key_id,
        reason=reason,
    )
    return _record(desk, officer, opening)


def gate_file(desk: Desk, officer: OfficerSession, opening_id: UUID) -> bytes:
    """What goes to the superior's gate (``supervision gate show|release``): with contributions and log proofs.

    For the requester, the approver and the superior's officers. Raises Refused, also while no witness has cosigned it.
    """
    opening = _for_gate(desk, officer, opening_id)
    if not opening.enough:
        raise Refused("shares", f"送闸门前须有 {opening.asked.m} 名保管人提交份额；请等其余保管人提交。")
    opener = opener_of(desk, opening)
    file = file_for(desk, opening, opener, opener.manifest.superior.gate.key_id)
    return with_proofs(desk, file).encode()


def add_gate_answer(desk: Desk, officer: OfficerSession, opening_id: UUID, answer: bytes) -> int:
    """Record what the gate answered; the same file twice is harmless. Returns the position written. Raises Refused."""
    opening = _for_gate(desk, officer, opening_id)
    opener = opener_of(desk, opening)
    given = _answer(desk, opening, answer)
    if given.key != opener.manifest.superior.gate.key_id or not given.release:
        raise Refused("key", "答复不是上级闸门给出的；请核对文件。")
    sealing, rows = _sealed(opening, opener, given)
    if opening.release is not None and opening.release.sealing == sealing:
        return desk.ledger.head()
    opening.release_gate(desk.stamp(officer), approval=given.approval, release=given.release, sealing=sealing)
    return _record(desk, officer, opening, CustodyBatch(wraps=rows))


# -- what they share ------------------------------------------------------------------------------------------------


def _is_pending(opening: Opening, requester: str, asked: Asked, day: str) -> bool:
    return (
        opening.requester == requester
        and opening.state in {OpeningState.REQUESTED, OpeningState.APPROVED}
        and not opening.expired(day)
        and not set(asked.compartments).isdisjoint(opening.asked.compartments)
    )


def _for_approver(desk: Desk, officer: OfficerSession, opening_id: UUID) -> tuple[Opening, InCase]:
    officer.require(*sorted(APPROVERS))
    opening = desk.opening(opening_id)
    if not same_body(desk, officer, desk.report(opening.report)):
        raise Refused("not_yours", "本次启封由受理机关的分管领导或者主要负责人审批，不由您办理。")
    return opening, case_of(desk, opening)


def _approved(desk: Desk, opening_id: UUID) -> Opening:
    opening = desk.opening(opening_id)
    if opening.state is not OpeningState.APPROVED:
        raise Refused("state", f"本次启封当前为“{opening.state.label}”，不能提交份额；请刷新页面。")
    return opening


def _for_gate(desk: Desk, officer: OfficerSession, opening_id: UUID) -> Opening:
    opening = _approved(desk, opening_id)
    if officer.officer not in {opening.requester, opening.approver} and not officer.has(Role.SUPERIOR_OFFICER):
        raise Refused("not_yours", "闸门材料由申请人、批准人或者上级机关人员经手；请由其办理。")
    desk.report(opening.report).refuse_excluded(officer.officer)
    if not opening.asked.gate:
        raise Refused("no_gate", "本件不设上级闸门，无需放行。")
    return opening


def _holder(opening: Opening, opener: Opener, officer: OfficerSession) -> Holder:
    """The custodian that this officer is. Raises Refused."""
    officer.require(*sorted(CUSTODIANS))
    for holder in opener.keepers(opening.asked.compartments[0]).custodians:
        if holder.id == officer.officer:
            return holder
    raise Refused("not_custodian", "封存本件的密钥清单中没有您这一名保管人；请由清单中的保管人提交。")


def _answer(desk: Desk, opening: Opening, data: bytes) -> Answer:
    """An answer to this very decision. Raises Refused."""
    try:
        answer = Answer.parse(data)
    except NotAcceptable as problem:
        raise Refused("answer", str(problem)) from None
    expected = (desk.manifest.origin, opening.id, approval_of(desk, opening))
    if (answer.origin, answer.opening, answer.approval) != expected:
        raise Refused("answer", "答复不是对本次启封的；请核对启封编号，用本次的材料重新生成。")
    return answer


def _reason(code: str) -> DeclineReason:
    try:
        return DeclineReason(code)
    except ValueError:
        raise Refused("answer", "答复中的理由不在所列之中；请重新生成。") from None


def _sealed(opening: Opening, opener: Opener, answer: Answer) -> tuple[Sealing, tuple[WrapRow, ...]]:
    """What event and custody get of an answer, in the order of the request. Raises Refused."""
    asked = opening.asked.compartments
    if set(answer.given) != set(asked):
        raise Refused("answer", "答复中的份额与所申请的分区不符；请用本次的材料重新生成。")
    given: Mapping[str, bytes] = {compartment: answer.given[compartment] for compartment in asked}
    try:
        return contributed_sealing(opener, opening.id, ephemeral_key(opening), answer.key, given)
    except SealingError as problem:
        raise Refused("answer", str(problem)) from None


def _record(desk: Desk, officer: OfficerSession, opening: Opening, custody: CustodyBatch | None = None) -> int:
    try:
        return desk.record(officer.signer, opening, custody=custody)
    except Conflict:
        raise Refused("busy", "本次启封在您办理期间已有新的进展，您的操作没有生效；请刷新页面核对。") from None


def _end_of(day: str) -> datetime:
    """The end of a day (ISO date) in China."""
    return datetime.combine(date.fromisoformat(day) + timedelta(days=1), time(), SHANGHAI)
