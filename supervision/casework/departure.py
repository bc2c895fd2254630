"""Leaving, in one action: work handed over, office keys withdrawn, sessions and keyring gone, the account closed."""

from __future__ import annotations

from supervision.casework.account_changes import existing, refuse_last_administrator, to_carry_out
from supervision.casework.attempts import store_name
from supervision.casework.desk import Desk
from supervision.casework.handover import Picks, hand_over
from supervision.casework.keyrings import KEYRING, keyring_id, keyring_owner
from supervision.casework.office_keys import refuse_losing_a_key, withdraw_all
from supervision.casework.officer_session import OfficerSession
from supervision.casework.sign_in import STEP
from supervision.domain.codes import Role
from supervision.domain.staffing import AccountChange, HandlerChange
from supervision.working_state import WorkingState


def depart(desk: Desk, working: WorkingState, by: OfficerSession, officer: str, picks: Picks | None = None) -> int:
    """Close an account. ``picks``: successors for what he handles. Raises Refused.

    The last holder of an office's key goes only if a security administrator has proposed that: the key goes with him.
    """
    by.require(Role.SYSTEM_ADMIN)
    account, stamp = existing(desk, officer), desk.stamp(by)
    refuse_last_administrator(desk, account)
    if account.pending is not None and account.pending.change is AccountChange.DEPARTURE:
        to_carry_out(desk, by, officer)
    else:
        refuse_losing_a_key(desk, account)
    clues = hand_over(desk, by, account, picks or {}, HandlerChange.DEPARTED)
    custody = withdraw_all(account, stamp)
    account.depart(stamp)
    position = desk.record(by.signer, account, *clues, custody=custody)
    working.remove(KEYRING, keyring_id(desk, officer, account.signing_key))
    working.remove(STEP, store_name(STEP, keyring_owner(desk, officer)))
    return position
