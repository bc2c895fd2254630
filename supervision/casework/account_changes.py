"""What takes two administrators: duties, a new one-time code, a new second factor (SoD-6).

One of them is a system administrator and the other a security administrator; whoever proposes does not carry out, and
nobody does either for himself. A departure takes two only where an office's key would be lost with it.
"""

from __future__ import annotations

from dataclasses import dataclass

from events.custody import CustodyBatch
from supervision.casework.desk import Desk
from supervision.casework.enrolment import check_office, enrolment_key, keep_invitation
from supervision.casework.handover import Picks, hand_over
from supervision.casework.keyrings import KEYRING, keyring_id
from supervision.casework.office_keys import refuse_losing_a_key, withdraw_all
from supervision.casework.officer_session import OfficerSession
from supervision.domain import separation
from supervision.domain.codes import Role
from supervision.domain.officer import OfficerAccount
from supervision.domain.refusal import Refused, refuse
from supervision.domain.staffing import AccountChange, HandlerChange
from supervision.sealing.session import CookieKey
from supervision.working_state import WorkingState

ADMINISTRATORS = (Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN)


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What to propose. ``office``, ``roles``: for a change of duties."""

    change: AccountChange
    office: str = ""
    roles: tuple[Role, ...] = ()


def propose(desk: Desk, by: OfficerSession, officer: str, proposal: Proposal) -> int:
    """An administrator proposes. Raises Refused."""
    by.require(*ADMINISTRATORS)
    account = existing(desk, officer)
    if proposal.change is AccountChange.ROLES:
        check_office(desk, proposal.office)
    account.propose(
        desk.stamp(by),
        proposal.change,
        home_office=proposal.office,
        roles=tuple(role.value for role in proposal.roles),
    )
    return desk.record(by.signer, account)


def refuse_proposal(desk: Desk, by: OfficerSession, officer: str) -> int:
    """The other does not agree, or the proposer takes it back."""
    by.require(*ADMINISTRATORS)
    account = existing(desk, officer)
    account.refuse_change(desk.stamp(by))
    return desk.record(by.signer, account)


def change_roles(desk: Desk, by: OfficerSession, officer: str, picks: Picks) -> int:
    """Carry out a change of duties: sessions end, keys of the former office go, so does work that is his no more.

    ``picks``: successors for the reports that he handles, where he does not stay an inspector of his office.
    """
    account = to_carry_out(desk, by, officer)
    stamp, pending = desk.stamp(by), account.pending
    moved = pending is not None and pending.home_office != account.office
    stays = pending is not None and not moved and Role.INSPECTOR in pending.roles
    clues = [] if stays else hand_over(desk, by, account, picks, HandlerChange.MOVED)
    if moved:
        refuse_losing_a_key(desk, account)
    if pending is not None:
        refuse_last_administrator(desk, account, pending.roles)
    custody = withdraw_all(account, stamp) if moved else None
    account.change_roles(stamp)
    return desk.record(by.signer, account, *clues, custody=custody)


def reinvite(desk: Desk, working: WorkingState, by: OfficerSession, officer: str) -> str:
    """Carry out a recovery: the old keys and all wraps to them go. Returns the one-time code, shown once."""
    account = to_carry_out(desk, by, officer)
    code, old_keyring = CookieKey.new(desk.rng), keyring_id(desk, officer, account.signing_key)
    destroyed = account.reinvite(desk.stamp(by), enrolment_key=enrolment_key(code))
    custody = CustodyBatch(destroy_wraps=tuple(map(bytes.fromhex, destroyed)))
    desk.record(by.signer, account, custody=custody)
    working.remove(KEYRING, old_keyring)
    keep_invitation(desk, working, officer, code, {})
    return code.text


def reset_second_factor(desk: Desk, by: OfficerSession, officer: str) -> int:
    """Carry out a reset: the officer sets up another authenticator."""
    account = to_carry_out(desk, by, officer)
    account.reset_second_factor(desk.stamp(by))
    return desk.record(by.signer, account)


def existing(desk: Desk, officer: str) -> OfficerAccount:
    """Raises Refused where there is no such account."""
    account = desk.account(officer)
    if not account.version:
        raise Refused("not_found", "没有这个账号；请从列表重新选择。")
    return account


def to_carry_out(desk: Desk, by: OfficerSession, officer: str) -> OfficerAccount:
    """An account whose pending change this administrator may carry out. Raises Refused."""
    by.require(*ADMINISTRATORS)
    account = existing(desk, officer)
    if account.pending is not None:
        proposer = desk.account(account.pending.proposer)
        refuse(separation.against_carrying_out(by.roles, proposer_duties=proposer.roles))
    return account


def refuse_last_administrator(desk: Desk, account: OfficerAccount, roles: tuple[str, ...] = ()) -> None:
    """Raises Refused where the last one who does a duty of administration would give it up: nobody could follow him.

    ``roles``: those that he is to have.
    """
    others = [desk.account(one) for one in desk.accounts.officers() if one != account.officer]
    for role in ADMINISTRATORS:
        left = any(role in one.roles and one.signing_key and not one.departed for one in others)
        if role in account.roles and role not in roles and not left:
            raise Refused("last_administrator", f"该人员是最后一名{role.label}；请先另行任命并启用，再办理。")
