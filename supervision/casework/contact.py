"""Contacting a reporter through relay officers (联络), without opening his identity (A-24, A-26, A-27, A-47).

    request → contribute (one relay officer, m − 1 of them) → use_once (another) → conclude, or close

A relay officer's account has the id under which the key manifest names him. His private key stays on his own medium: he
brings the key file with each share and each look, it is used for that one request and kept nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import NoReturn
from uuid import UUID

from events.custody import CustodyBatch, WrapRow
from events.ledger import Conflict
from events.model import Sealing
from events.vocabulary.contact import ContactContributed
from events.vocabulary.intake import SealedReportReceived
from events.vocabulary.streams import contact_id
from supervision.casework.desk import Desk
from supervision.casework.officer_session import OfficerSession
from supervision.casework.opening_lookup import shares_in
from supervision.domain.codes import Role
from supervision.domain.contact import ContactUse
from supervision.domain.contact_codes import ContactOutcome, ContactPurpose, ContactState, ContactWay
from supervision.domain.contact_rules import CONTACT, HANDLERS, PETITION, RELAYS, REQUESTERS, has_contact, offered
from supervision.domain.opening import InCase
from supervision.domain.refusal import Refused
from supervision.domain.report import Report
from supervision.openings.request_file import statement
from supervision.sealing import wraps
from supervision.sealing.contribution import Decision, contributed_sealing, open_contribution
from supervision.sealing.contribution import contribute as give
from supervision.sealing.errors import BadShare, SealingError
from supervision.sealing.holders import Holder
from supervision.sealing.keys import KemPrivateKey
from supervision.sealing.opening import Opener

KEY_FILE_BYTES = 200
"""A key file has 64 digits and a line break; what is longer than this is none."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Reachable:
    """What the relay officer is shown for some minutes and never again. ``fields``: ``phone``, ``address`` and
    ``preference``, as far as the reporter gave them."""

    contact_id: UUID
    position: int
    fields: Mapping[str, str] = field(default_factory=dict)


# -- looking ------------------------------------------------------------------------------------------------------


def contacts_of(desk: Desk, report_id: UUID) -> list[ContactUse]:
    """All uses of a report's contact compartment, the oldest first, from the log itself."""
    found: list[ContactUse] = []
    while events := desk.ledger.events_of(stream := contact_id(report_id, len(found) + 1)):
        found.append(ContactUse.replay(stream, events))
    return found


def purposes_for(desk: Desk, officer: OfficerSession, report_id: UUID) -> Sequence[ContactPurpose]:
    """The purposes for which this officer may have the reporter contacted now; none where there is no number."""
    report = desk.report(report_id)
    if officer.officer in report.excluded or report.identity_tombstone:
        return ()
    if not has_contact(shares_in(desk, report_id, 0).sealing):
        return ()
    return offered(roles_on(desk, officer, report), report, wanted=_feedback_wanted(desk, report))


def roles_on(desk: Desk, officer: OfficerSession, report: Report) -> frozenset[Role]:
    """In which of his roles the officer may ask for a contact with the reporter."""
    found: set[Role] = set()
    if officer.office == report.office:
        found |= PETITION & officer.roles
    clue = desk.clue_of(report)
    if clue is not None and officer.officer in clue.assigned:
        found |= HANDLERS & officer.roles
    return frozenset(found)


def case_of(desk: Desk, use: ContactUse) -> InCase:
    """Who is bound up with the report, as it stands now."""
    report = desk.report(use.report)
    return InCase.of(report, desk.clue_of(report))


# -- asking ---------------------------------------------------------------------------------------------------------


def request(desk: Desk, officer: OfficerSession, report_id: UUID, purpose: ContactPurpose) -> UUID:
    """Ask for the reporter to be contacted; returns the id of the contact. Raises Refused."""
    officer.require(*sorted(REQUESTERS))
    _refuse_sealed(desk, report_id)
    report = desk.report(report_id)
    earlier = contacts_of(desk, report_id)
    stamp = desk.stamp(officer)
    pending = [
        use for use in earlier if use.state is ContactState.REQUESTED and not use.expired(stamp.occurred_at[:10])
    ]
    if any(use.purpose is purpose for use in pending):
        raise Refused("pending", f"以“{purpose.label}”为由的联络正在办理；请等待联络员登记结果，或者由申请人撤回。")
    stream_id = contact_id(report_id, len(earlier) + 1)
    wanted = _feedback_wanted(desk, report)
    roles = roles_on(desk, officer, report)
    shares = shares_in(desk, report_id, 0)
    use = ContactUse.request(stream_id, stamp, report, purpose, roles, shares, wanted=wanted)
    _record(desk, officer, use)
    return stream_id


def close(desk: Desk, officer: OfficerSession, use_id: UUID) -> int:
    """Withdraw, or clear away once its time is over. Returns the position written. Raises Refused."""
    use = desk.contact(use_id)
    officer.require(*sorted(REQUESTERS | RELAYS))
    destroyed = use.close(desk.stamp(officer))
    return _record(desk, officer, use, _destroying(destroyed))


# -- relay officers ---------------------------------------------------------------------------------------------------


def contribute(desk: Desk, officer: OfficerSession, use_id: UUID, key_file: bytes) -> int:
    """Give one's share to the other relay officers. Returns the position written. Raises Refused."""
    use, case = _for_relay(desk, officer, use_id)
    stamp = desk.stamp(officer)
    use.check_contributing(stamp, case)
    opener = _opener(desk, use)
    private = _own_key(opener, officer, key_file)
    relays = opener.keepers(CONTACT).relays
    others = [one for one in relays if one.id != officer.officer and not use.against(one.id, case)]
    if not others:
        raise Refused("no_second", "没有可以与您共同办理的另一名联络员（均参与本件办理或者须回避）；请报告负责人。")
    request = _request_hash(desk, use)
    try:
        sealing, rows = _given(desk, use, opener, private, others, request)
    except SealingError as problem:
        raise Refused("sealed", str(problem)) from None
    use.contribute(stamp, case, request=request, relay_key=private.key_id, sealing=sealing)
    return _record(desk, officer, use, CustodyBatch(wraps=rows))


def use_once(desk: Desk, officer: OfficerSession, use_id: UUID, key_file: bytes) -> Reachable:
    """Number, address and preferred way; ``contact.used`` is recorded before this returns, a second call is refused.

    Raises Refused; where another's share is bad, that ends the request with his name on record.
    """
    use, case = _for_relay(desk, officer, use_id)
    stamp = desk.stamp(officer)
    use.check_using(stamp, case)
    opener = _opener(desk, use)
    private = _own_key(opener, officer, key_file)
    pieces = _pieces_of_others(desk, officer, use, opener, private)
    try:
        pieces[private.key_id] = opener.contribution(CONTACT, _own_wrap(desk, opener, private), private)
        fields = _read(desk, use, opener.combine(CONTACT, pieces))
    except BadShare as problem:  # his own commitment is to it, but it does not fit the others: a change of holders
        if problem.key_id not in use.contributions:
            raise Refused("sealed", str(problem)) from None
        _reject(desk, officer, use, problem.key_id)
    except SealingError as problem:
        raise Refused("sealed", str(problem)) from None
    destroyed = use.use(stamp, case, _request_hash(desk, use))
    position = _record(desk, officer, use, _destroying(destroyed))
    return Reachable(contact_id=use.id, position=position, fields=fields)


def conclude(
    desk: Desk, officer: OfficerSession, use_id: UUID, outcome: ContactOutcome, way: ContactWay, on: date
) -> int:
    """Say what came of it. Returns the position written. Raises Refused."""
    use = desk.contact(use_id)
    officer.require(*sorted(RELAYS))
    use.conclude(desk.stamp(officer), outcome=outcome, way=way, on=on)
    return _record(desk, officer, use)


# -- what they share ------------------------------------------------------------------------------------------------


def _for_relay(desk: Desk, officer: OfficerSession, use_id: UUID) -> tuple[ContactUse, InCase]:
    officer.require(*sorted(RELAYS))
    use = desk.contact(use_id)
    return use, case_of(desk, use)


def _refuse_sealed(desk: Desk, report_id: UUID) -> None:
    events = desk.ledger.events_of(report_id)
    if events and isinstance(events[0], SealedReportReceived):
        raise Refused("sealed", "径送件由上级与举报人联系，本级没有联系方式，也不能申请联络。")


def _feedback_wanted(desk: Desk, report: Report) -> bool:
    return report.feedback_wanted and not desk.correspondence(report.id).feedback_wish_withdrawn


def _opener(desk: Desk, use: ContactUse) -> Opener:
    """Of the sealing that holds the shares, as they were held when it was asked for."""
    stream = UUID(use.asked.sealed_stream)
    sealing = getattr(desk.ledger.events_of(stream)[use.asked.sealed_version - 1], "sealing", None)
    if not isinstance(sealing, Sealing):
        raise Refused("no_contact", "封存联系方式的记录不成立，不能使用；请管理员运行 supervision verify 查明。")
    return desk.opener(sealing, stream, before=desk.log.position_of(use.id, 1) or 0)


def _own_key(opener: Opener, officer: OfficerSession, key_file: bytes) -> KemPrivateKey:
    """The private key that he brought, if it is the one under which the manifest names him. Raises Refused."""
    holder = next((one for one in opener.keepers(CONTACT).relays if one.id == officer.officer), None)
    if holder is None:
        raise Refused("not_relay", "本件的联系方式没有封给您这一名联络员；请由密钥清单中的联络员办理。")
    try:
        seed = bytes.fromhex(key_file[:KEY_FILE_BYTES].decode("ascii").strip())
        private = KemPrivateKey(seed) if len(seed) == wraps.KEY_LENGTH else None
    except ValueError:
        private = None
    if private is None:
        raise Refused("key_file", "这不是私钥文件（应为 64 位十六进制数）；请选择密钥仪式交给您本人的 .key 文件。")
    if private.key_id != holder.kem.key_id:
        raise Refused("key_file", "这把私钥不是封存本件时登记在您名下的；请选择您本人的私钥文件。")
    return private


def _own_wrap(desk: Desk, opener: Opener, private: KemPrivateKey) -> bytes:
    place, ref = opener.split_key(CONTACT)
    sha256 = wraps.find_wrap(ref, private.key_id).sha256
    now = desk.opener(opener.sealing, place.stream_id)
    if desk.custody.wrap(bytes.fromhex(sha256)) is None and now.keepers(CONTACT) != opener.keepers(CONTACT):
        raise Refused("reshared", "申请之后联络员已经更换，原联络员的份额已销毁；请由申请人撤回后重新申请。")
    return _kept(desk, sha256)


def _kept(desk: Desk, sha256: str) -> bytes:
    data = desk.custody.wrap(bytes.fromhex(sha256))
    if data is None:
        raise Refused("gone", "封存的份额已不在保管库中，不能使用；请管理员运行 supervision verify 查明。")
    return data


def _given(
    desk: Desk, use: ContactUse, opener: Opener, private: KemPrivateKey, others: Sequence[Holder], request: str
) -> tuple[Sealing, tuple[WrapRow, ...]]:
    """His share, sealed again to each of the others: one key with a wrap for each. Raises SealingError."""
    wrap = _own_wrap(desk, opener, private)
    sealings: list[Sealing] = []
    rows: list[WrapRow] = []
    for other in others:
        decision = Decision(opening=use.id, approval=bytes.fromhex(request), recipient=other.kem)
        sealed = give(opener, decision, CONTACT, wrap, private)
        one, kept = contributed_sealing(opener, use.id, other.kem, private.key_id, {CONTACT: sealed})
        sealings.append(one)
        rows += kept
    (ref, *_) = sealings[0].keys
    together = replace(ref, wraps=tuple(wrap for one in sealings for key in one.keys for wrap in key.wraps))
    return replace(sealings[0], keys=(together,)), tuple(rows)


def _pieces_of_others(
    desk: Desk, officer: OfficerSession, use: ContactUse, opener: Opener, private: KemPrivateKey
) -> dict[str, bytes]:
    """Key id to share, of all who gave one. Raises Refused; a bad one ends the request."""
    request = bytes.fromhex(_request_hash(desk, use))
    place, ref = opener.split_key(CONTACT)
    found: dict[str, bytes] = {}
    for giver, event in use.contributions.items():
        sealed = _kept(desk, _wrap_for(event, private))
        try:
            piece = open_contribution(
                opener, CONTACT, sealed, giver, opening=use.id, approval=request, ephemeral=private
            )
            wraps.check_piece(place, ref, wraps.find_wrap(ref, giver), piece)
        except SealingError:
            _reject(desk, officer, use, giver)
        found[giver] = piece
    return found


def _wrap_for(event: ContactContributed, private: KemPrivateKey) -> str:
    for ref in event.sealing.keys:
        for wrap in ref.wraps:
            if wrap.key == private.key_id:
                return wrap.sha256
    raise Refused("not_for_you", "已提供的份额没有封给您；请由申请人撤回后重新申请。")


def _reject(desk: Desk, officer: OfficerSession, use: ContactUse, giver: str) -> NoReturn:
    """Record whose share is bad, and say so."""
    name = use.contributions[giver].actor
    destroyed = use.reject(desk.stamp(officer), giver)
    _record(desk, officer, use, _destroying(destroyed))
    raise Refused("bad_share", f"联络员 {name} 的份额与封存时的承诺不符，已记录，本次联络终止；请重新申请并查明。")


def _read(desk: Desk, use: ContactUse, data_key: bytes) -> dict[str, str]:
    """All fields of the contact compartment. Raises Refused, SealingError."""
    stream = use.report
    found: dict[str, str] = {}
    for event in desk.ledger.events_of(stream):
        sealing = getattr(event, "sealing", None)
        if not isinstance(sealing, Sealing):
            continue
        for item in (item for item in sealing.items if item.compartment == CONTACT):
            opener = desk.opener(sealing, stream)
            envelope = desk.custody.envelope(bytes.fromhex(item.sha256))
            if envelope is None:
                raise Refused("gone", "封存的联系方式已不在保管库中，不能使用；请管理员运行 supervision verify 查明。")
            if opener.is_key_of(CONTACT, data_key):
                found[item.field] = opener.open_item(item, data_key, envelope).decode()
    return found


def _request_hash(desk: Desk, use: ContactUse) -> str:
    """Statement hash (hex) of the request."""
    (entry,) = desk.log.stream(use.id, lte=1)
    return statement(desk.manifest.origin, entry)


def _record(desk: Desk, officer: OfficerSession, use: ContactUse, custody: CustodyBatch | None = None) -> int:
    try:
        return desk.record(officer.signer, use, custody=custody)
    except Conflict:
        raise Refused("busy", "本次联络在您办理期间已有新的进展，您的操作没有生效；请刷新页面核对。") from None


def _destroying(hashes: tuple[str, ...]) -> CustodyBatch:
    return CustodyBatch(destroy_wraps=tuple(map(bytes.fromhex, hashes)))
