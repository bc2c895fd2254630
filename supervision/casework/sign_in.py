"""Signing in: a passphrase unlocks an officer's keys for one session, with the code of his authenticator if he has one.

The code is checked after the passphrase, since its secret comes from the keys; whoever fails is not told at which of
the two. Where the settings require a second factor, an officer without one is let in as far as setting it up.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from supervision import business_time
from supervision.casework.attempts import claim_attempt, forget_attempts, store_name
from supervision.casework.desk import Desk
from supervision.casework.keyrings import NOT_ADMITTED, keyring_owner, keys_match, unlocked_seeds
from supervision.casework.sessions import open_kept, open_session, seal_kept
from supervision.domain.aggregate import Stamp
from supervision.domain.officer import OfficerAccount
from supervision.domain.refusal import Refused
from supervision.sealing.errors import CannotOpen
from supervision.sealing.keys import KemPrivateKey, SigningKey
from supervision.sealing.second_factor import SecondFactor
from supervision.sealing.session import CookieKey
from supervision.working_state import WorkingState

SETTING_UP = "setting-up"
STEP = "time-step"

SETTING_UP_MINUTES = 15


class SecondFactorMissing(Refused):
    """The passphrase was right, and the settings require a second factor that the account has not.

    ``cookie``: lets its holder set one up, and nothing else.
    """

    def __init__(self, cookie: str) -> None:
        super().__init__("second_factor", "须先设置动态验证码，才能开始工作。")
        self.cookie = cookie


@dataclass(frozen=True, kw_only=True)
class Owner:
    """Whose keys are unlocked, for what he does with his own account."""

    account: OfficerAccount
    signing: SigningKey
    kem: KemPrivateKey


def sign_in(desk: Desk, working: WorkingState, officer: str, passphrase: str, code: str = "") -> str:
    """Open a session; returns the cookie's value.

    Raises :class:`Refused`, alike for a wrong account, passphrase and code, and :class:`SecondFactorMissing`.
    """
    claim_attempt(desk, working, officer)
    account = desk.account(officer)
    seeds = unlocked_seeds(desk, working, account, passphrase)
    if account.departed or account.invited or not keys_match(account, seeds):
        raise Refused("sign_in", "该账号已停用或密钥已更换；请联系管理员。")
    signing, kem = SigningKey(seeds["signing"]), KemPrivateKey(seeds["kem"])
    if account.second_factor and not accepts(desk, working, account, kem, account.second_factor, code):
        raise Refused("sign_in", NOT_ADMITTED)
    forget_attempts(working, officer)
    if not account.second_factor and desk.settings.second_factor == "required":
        raise SecondFactorMissing(_let_in_to_set_up(desk, working, account, signing, kem))
    return open_session(desk, working, account, signing, kem)


# -- the second factor ------------------------------------------------------------------------------------------------


def factor_of(desk: Desk, account: OfficerAccount, kem: KemPrivateKey, number: int) -> SecondFactor:
    """The officer's secret ``number``."""
    return SecondFactor.of(kem, keyring_owner(desk, account.officer), number)


def accepts(
    desk: Desk, working: WorkingState, account: OfficerAccount, kem: KemPrivateKey, number: int, code: str
) -> bool:
    """Whether a code is right and its time step later than any that was used, which it now is (RFC 6238, 5.2)."""
    step = factor_of(desk, account, kem, number).step_of(code, desk.clock().timestamp())
    return step is not None and working.advance(STEP, store_name(STEP, keyring_owner(desk, account.officer)), step)


def setting_up(desk: Desk, working: WorkingState, cookie: str) -> Owner | None:
    """Whose cookie it is that lets somebody set up a second factor; None where that is over."""
    try:
        key = CookieKey.parse(cookie)
        blob = working.get(SETTING_UP, bytes.fromhex(key.store_id(SETTING_UP)), desk.clock())
        kept = open_kept(key, SETTING_UP, blob or b"")
    except CannotOpen:
        return None
    account = desk.account(kept["officer"])
    if account.standing != kept["standing"]:
        return None
    return Owner(
        account=account,
        signing=SigningKey(bytes.fromhex(kept["signing"])),
        kem=KemPrivateKey(bytes.fromhex(kept["kem"])),
    )


def set_up(desk: Desk, working: WorkingState, owner: Owner, code: str, present_code: str = "") -> str:
    """The officer's next secret is in force once he shows a code of it; returns the cookie of a new session.

    ``present_code``: of the secret that it replaces, where there is one. Raises :class:`Refused`, ``Conflict``.
    """
    account, kem = owner.account, owner.kem
    claim_attempt(desk, working, account.officer)
    if account.second_factor:
        step = factor_of(desk, account, kem, account.second_factor).step_of(present_code, desk.clock().timestamp())
        if step is None:
            raise Refused("present_code", "现用验证器的验证码不正确；验证器遗失的，请联系管理员重置。")
    if not accepts(desk, working, account, kem, account.factors + 1, code):
        raise Refused("code", "新的验证码不正确或已使用过；请等验证器显示下一个验证码后再试，并核对手机时间。")
    account.set_second_factor(own_stamp(desk, account))
    desk.record(owner.signing, account)
    forget_attempts(working, account.officer)
    return open_session(desk, working, desk.account(account.officer), owner.signing, kem)


def own_stamp(desk: Desk, account: OfficerAccount) -> Stamp:
    """The officer acts on his own account, whether or not he has a session."""
    return Stamp(
        actor=account.officer,
        office=account.office,
        occurred_at=business_time.written(desk.clock()),
        rule_version=desk.rulebook.version,
    )


def _let_in_to_set_up(
    desk: Desk, working: WorkingState, account: OfficerAccount, signing: SigningKey, kem: KemPrivateKey
) -> str:
    key = CookieKey.new(desk.rng)
    kept = {
        "officer": account.officer,
        "standing": account.standing,
        "signing": signing.seed.hex(),
        "kem": kem.seed.hex(),
    }
    working.put(
        SETTING_UP,
        bytes.fromhex(key.store_id(SETTING_UP)),
        seal_kept(desk, key, SETTING_UP, kept),
        desk.clock() + timedelta(minutes=SETTING_UP_MINUTES),
    )
    return key.text
