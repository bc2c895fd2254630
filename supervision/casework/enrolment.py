"""Accounts: appointed by an administrator, enrolled by the officer himself, given office keys by who holds them.

An officer's keys are born in his own enrolment. Until a holder of the office's key has wrapped it to him, he opens
nothing. The heads who come first, right after the key ceremony, find the office's key sealed under their one-time code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from events.custody import CustodyBatch
from events.signing import Signer
from supervision import business_time
from supervision.casework.desk import Desk
from supervision.casework.notes import custody_of
from supervision.casework.officer_session import OfficerSession
from supervision.casework.sign_in import KEYRING, NEVER, keyring_id, keyring_owner, unlocked_seeds
from supervision.domain.aggregate import Stamp
from supervision.domain.codes import Role
from supervision.domain.officer import OfficerAccount
from supervision.domain.refusal import Refused
from supervision.sealing.envelope import grant
from supervision.sealing.errors import CannotOpen
from supervision.sealing.keys import KemPrivateKey, KemPublicKey, SigningKey
from supervision.sealing.passphrase import seal_keyring
from supervision.sealing.session import CookieKey
from supervision.sealing.strict_json import from_base64, to_base64
from supervision.working_state import WorkingState

ENROLMENT = "enrolment"
SHORTEST_PASSPHRASE = 12
RESERVED = frozenset({"reporter", "ceremony", "service"})
"""Actors that events name and that are no officers; an account of that name could pass for them."""

_ID = re.compile(r"[a-z][a-z0-9-]{1,31}")
_UNUSABLE = "账号或一次性启用码不正确，或启用码已过期、已使用；请向管理员重新领取。"


@dataclass(frozen=True, kw_only=True)
class Appointment:
    """Whom to appoint. ``officer``: id, lower-case letters, digits and hyphens."""

    officer: str
    name: str
    office: str
    roles: tuple[Role, ...]


def appoint(
    desk: Desk,
    working: WorkingState,
    signer: Signer,
    stamp: Stamp,
    who: Appointment,
    office_seeds: Mapping[str, bytes] | None = None,
) -> str:
    """Open an account and return its one-time code, to be handed over and never shown again.

    ``office_seeds``: only from the key ceremony, to the first holder of each office key. Raises Refused.
    """
    account = desk.account(who.officer)
    if account.version:
        raise Refused("exists", "该账号已存在；请换一个账号，或在原账号上调整岗位。")
    _check(desk, who)
    code = CookieKey.new(desk.rng)
    account = OfficerAccount.appoint(
        account.id,
        stamp,
        officer=who.officer,
        name=who.name,
        home_office=who.office,
        roles=tuple(role.value for role in who.roles),
        enrolment_key=to_base64(code.signing_key(ENROLMENT).public_key),
    )
    invitation = {
        "officer": who.officer,
        "offices": {office: seed.hex() for office, seed in (office_seeds or {}).items()},
    }
    desk.record(signer, account)
    working.put(
        ENROLMENT,
        bytes.fromhex(code.store_id(ENROLMENT)),
        code.seal(ENROLMENT, json.dumps(invitation).encode(), desk.rng),
        desk.clock() + timedelta(days=desk.settings.enrolment_days),
    )
    return code.text


def enrol(desk: Desk, working: WorkingState, officer: str, code: str, passphrase: str) -> None:
    """Make an officer's keys, seal them under his passphrase, and record their public halves. Raises Refused.

    The code is used up last: an enrolment that was interrupted goes on with the same code and passphrase.
    """
    check_passphrase(passphrase, officer)
    key, invitation = _invitation(desk, working, officer, code)
    account = desk.account(officer)
    if not account.signing_key:
        _introduce_keys(desk, working, account, key, passphrase)
    _accept_invitation(desk, working, officer, passphrase, invitation)
    working.remove(ENROLMENT, bytes.fromhex(key.store_id(ENROLMENT)))


def _introduce_keys(
    desk: Desk, working: WorkingState, account: OfficerAccount, code: CookieKey, passphrase: str
) -> None:
    """The keys are born. The keyring is kept first: an enrolment without one would be an account nobody can open."""
    signing, kem = SigningKey.generate(desk.rng), KemPrivateKey.generate(desk.rng)
    seeds = {"signing": signing.seed, "kem": kem.seed}
    signing_key = to_base64(signing.public_key)
    account.enrol(_own_stamp(desk, account), signing_key=signing_key, kem_key=to_base64(kem.public.raw))
    keyring = seal_keyring(passphrase, keyring_owner(desk, account.officer), seeds, desk.rng)
    working.put(KEYRING, keyring_id(desk, account.officer, signing_key), keyring, NEVER)
    desk.record(code.signing_key(ENROLMENT), account)


def _accept_invitation(
    desk: Desk, working: WorkingState, officer: str, passphrase: str, invitation: Mapping[str, str]
) -> None:
    """The office keys that the ceremony put under the code are wrapped to the officer's own key."""
    account = desk.account(officer)
    missing = {office: seed for office, seed in invitation.items() if office not in account.grants}
    if not missing:
        return
    seeds = unlocked_seeds(desk, working, account, passphrase)
    bundles = []
    for office, seed in missing.items():
        kem = KemPublicKey(from_base64(account.kem_key))
        bundle = grant(desk.manifest, account.id, KemPrivateKey(bytes.fromhex(seed)), kem)
        account.grant_office_key(_own_stamp(desk, account), key_office=office, sealing=bundle.sealing)
        bundles.append(bundle)
    desk.record(SigningKey(seeds["signing"]), account, custody=custody_of(*bundles))


def _own_stamp(desk: Desk, account: OfficerAccount) -> Stamp:
    return Stamp(
        actor=account.officer,
        office=account.office,
        occurred_at=business_time.written(desk.clock()),
        rule_version=desk.rulebook.version,
    )


def grant_office_key(desk: Desk, holder: OfficerSession, officer: str) -> int:
    """Wrap the key of the holder's office to an enrolled colleague of the same office. Raises Refused."""
    account = desk.account(officer)
    key = holder.office_keys.get(account.office)
    if key is None:
        raise Refused("no_key", "您没有持有对方所在单位的密钥，不能授予；请由该单位密钥持有人办理。")
    if not account.kem_key:
        raise Refused("not_enrolled", "该人员尚未启用账号；请其先用一次性启用码启用。")
    bundle = grant(desk.manifest, account.id, key, KemPublicKey(from_base64(account.kem_key)))
    account.grant_office_key(desk.stamp(holder), key_office=account.office, sealing=bundle.sealing)
    return desk.record(holder.signer, account, custody=custody_of(bundle))


def depart(desk: Desk, working: WorkingState, by: OfficerSession, officer: str) -> int:
    """Close an account: its office keys are withdrawn, its keyring is removed, running sessions end."""
    by.require(Role.SYSTEM_ADMIN)
    account, stamp = desk.account(officer), desk.stamp(by)
    if not account.version:
        raise Refused("not_found", "没有这个账号；请从列表重新选择。")
    destroyed = [
        sha256 for office in tuple(account.grants) for sha256 in account.withdraw_office_key(stamp, key_office=office)
    ]
    account.depart(stamp)
    position = desk.record(
        by.signer,
        account,
        custody=CustodyBatch(destroy_wraps=tuple(bytes.fromhex(sha256) for sha256 in destroyed)),
    )
    working.remove(KEYRING, keyring_id(desk, officer, account.signing_key))
    return position


def check_passphrase(passphrase: str, officer: str) -> None:
    """Raises Refused for a passphrase that is too short or says who its owner is."""
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise Refused("passphrase", f"口令至少 {SHORTEST_PASSPHRASE} 个字符；可以用几个不相干的词连成一句。")
    if len(set(passphrase)) < 5 or officer.lower() in passphrase.lower():
        raise Refused("passphrase", "口令过于简单或包含账号；请换一个不容易猜到的口令。")


def _check(desk: Desk, who: Appointment) -> None:
    try:
        desk.settings.office(who.office)
    except KeyError:
        raise Refused("office", "没有这个单位；请从列表选择。") from None
    if not who.roles or not who.name.strip():
        raise Refused("appointment", "任命须填写姓名并至少选择一个岗位。")
    if not _ID.fullmatch(who.officer):
        raise Refused("officer_id", "账号由 2 至 32 个小写字母、数字和连字符组成，以字母开头。")
    if who.officer in RESERVED:
        raise Refused("officer_id", "这个账号名由系统保留；请换一个账号名。")
    administration = {Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.SECURITY_AUDITOR}
    if len(administration & set(who.roles)) > 1:
        raise Refused("SoD-6", "系统管理员、安全保密管理员、安全审计员须由不同人员担任；请分别任命。")


def _invitation(desk: Desk, working: WorkingState, officer: str, code: str) -> tuple[CookieKey, Mapping[str, str]]:
    """The one-time code and the office keys under it (office id to hex). Raises Refused."""
    try:
        key = CookieKey.parse(code.strip())
        blob = working.get(ENROLMENT, bytes.fromhex(key.store_id(ENROLMENT)), desk.clock())
        invitation = json.loads(key.open(ENROLMENT, blob or b""))
    except CannotOpen:
        raise Refused("code", _UNUSABLE) from None
    if invitation["officer"] != officer:
        raise Refused("code", _UNUSABLE)
    offices: Mapping[str, str] = invitation["offices"]
    return key, offices
