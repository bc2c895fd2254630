"""What an officer does with his own account while he is signed in: passphrase, second factor, his other sessions."""

from __future__ import annotations

from events.model import ActedEvent
from supervision.casework.attempts import claim_attempt, forget_attempts
from supervision.casework.desk import Desk
from supervision.casework.keyrings import check_passphrase, keep_keyring, keys_match, unlocked_seeds
from supervision.casework.officer_session import OfficerSession
from supervision.casework.sessions import Running, end_session, is_of, open_session, running
from supervision.casework.sign_in import Owner, own_stamp
from supervision.domain.refusal import Refused
from supervision.working_state import WorkingState


def owner(desk: Desk, officer: OfficerSession) -> Owner:
    """The officer as owner of his account."""
    return Owner(account=desk.account(officer.officer), signing=officer.signer, kem=officer.kem)


def change_passphrase(desk: Desk, working: WorkingState, officer: OfficerSession, old: str, new: str) -> str:
    """Seal the keyring anew; all sessions end. Returns the cookie of a new one. Raises :class:`Refused`, ``Conflict``.

    Recorded first: where the program ends between the two, the old passphrase still counts and sessions are over, which
    the officer notices. The other way round he would be locked out by a passphrase that he may not have chosen.
    """
    check_passphrase(new, officer.officer)
    if new == old:
        raise Refused("passphrase", "新口令与原口令相同；请换一个。")
    claim_attempt(desk, working, officer.officer)
    account = desk.account(officer.officer)
    try:
        seeds = unlocked_seeds(desk, working, account, old)
    except Refused:
        raise Refused("old", "原口令不正确；请核对后重试。") from None
    if not keys_match(account, seeds):
        raise Refused("old", "该账号的密钥已更换；请重新登录后再试。")
    forget_attempts(working, officer.officer)
    account.change_passphrase(own_stamp(desk, account))
    desk.record(officer.signer, account)
    keep_keyring(desk, working, account.officer, new, officer.signer, officer.kem)
    return open_session(desk, working, desk.account(account.officer), officer.signer, officer.kem)


def end_others(desk: Desk, working: WorkingState, officer: OfficerSession, cookie: str) -> int:
    """End all sessions of the officer but that of ``cookie``; returns how many."""
    others = [one for one in running(desk, working, officer.kem) if not is_of(one, cookie)]
    for one in others:
        end_session(working, officer.kem, one)
    return len(others)


def sessions(desk: Desk, working: WorkingState, officer: OfficerSession, cookie: str) -> list[tuple[Running, bool]]:
    """The officer's running sessions, the newest first, each with whether it is that of ``cookie``."""
    return [(one, is_of(one, cookie)) for one in running(desk, working, officer.kem)]


def history(desk: Desk, officer: OfficerSession) -> list[ActedEvent]:
    """What has been recorded of his account, the oldest first."""
    events = desk.accounts.events_of(desk.account(officer.officer).id)
    return [event for event in events if isinstance(event, ActedEvent)]
