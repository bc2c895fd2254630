"""Office keys: given by who holds them, by two of them to a colleague who lost his passphrase, and taken away.

Nobody but a holder can wrap an office's key, and he wraps it to the key of a verified enrolment only
(:mod:`supervision.casework.known_accounts`). Whether the person in front of him is the one of the account, a program
cannot know: so where somebody's keys have been replaced, two of those who know him have to act.
"""

from __future__ import annotations

from events.custody import CustodyBatch
from supervision.casework.content import APPROVER_ROLES
from supervision.casework.desk import Desk
from supervision.casework.notes import custody_of
from supervision.casework.officer_session import OfficerSession
from supervision.domain.aggregate import Stamp
from supervision.domain.officer import OfficerAccount
from supervision.domain.refusal import Refused
from supervision.sealing.envelope import grant
from supervision.sealing.keys import KemPublicKey
from supervision.sealing.strict_json import from_base64


def holders(desk: Desk, office: str) -> list[str]:
    """Officers who hold an office's key, by their verified accounts."""
    accounts = map(desk.account, desk.accounts.officers())
    return [account.officer for account in accounts if office in account.grants and not account.departed]


def grant_office_key(desk: Desk, holder: OfficerSession, officer: str) -> int:
    """Wrap the key of the holder's office to an enrolled colleague of the same office. Raises Refused.

    Where the colleague lost his passphrase, the holder is the second of two: see :func:`vouch`.
    """
    account = desk.account(officer)
    key = holder.office_keys.get(account.office)
    if key is None:
        raise Refused("no_key", "您没有持有对方所在单位的密钥，不能授予；请由该单位密钥持有人办理。")
    if not account.kem_key:
        raise Refused("not_enrolled", "该人员尚未启用账号；请其先用一次性启用码启用。")
    bundle = grant(desk.manifest, account.id, key, KemPublicKey(from_base64(account.kem_key)))
    account.grant_office_key(desk.stamp(holder), key_office=account.office, sealing=bundle.sealing)
    return desk.record(holder.signer, account, custody=custody_of(bundle))


def vouch(desk: Desk, by: OfficerSession, officer: str) -> int:
    """The first of two: he knows that the account is again in the hands of its officer. Raises Refused."""
    account = desk.account(officer)
    if not may_vouch(desk, by, account.office):
        raise Refused(
            "no_key", "须由该单位密钥的一名持有人提出；该单位只剩一名持有人的，由同机关分管领导或者主要负责人提出。"
        )
    account.propose_regrant(desk.stamp(by), key_office=account.office)
    return desk.record(by.signer, account)


def may_vouch(desk: Desk, by: OfficerSession, office: str) -> bool:
    """A holder of the office's key; a leader of the same body where only one holder is left, who will have to grant."""
    if not office:
        return False
    if office in by.office_keys:
        return True
    same_body = desk.settings.office(office).host == desk.settings.office(by.office).host
    return same_body and by.has(*APPROVER_ROLES) and len(holders(desk, office)) == 1


def withdraw_all(account: OfficerAccount, stamp: Stamp) -> CustodyBatch:
    """Take away every office key of an account; what custody has to destroy with it."""
    destroyed = [
        sha256 for office in tuple(account.grants) for sha256 in account.withdraw_office_key(stamp, key_office=office)
    ]
    return CustodyBatch(destroy_wraps=tuple(map(bytes.fromhex, destroyed)))


def refuse_losing_a_key(desk: Desk, account: OfficerAccount) -> None:
    """Raises :class:`Refused` where nobody else holds one of his office keys: what is sealed to it would be lost."""
    for office in account.grants:
        if holders(desk, office) == [account.officer]:
            raise Refused(
                "last_holder",
                f"该人员是“{desk.settings.name_of(office)}”密钥的最后一名持有人，收回后本单位的举报件无人能够打开；"
                "请先由其本人把密钥授予同事。确已无法办理的，由安全保密管理员提出停用，再由系统管理员办理。",
            )
