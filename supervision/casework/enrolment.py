"""Accounts: appointed by an administrator, enrolled by the officer himself with keys of his own.

An officer's keys are born in his own enrolment. Until a holder of the office's key has wrapped it to him, he opens
nothing. The heads who come first, right after the key ceremony, find the office's key sealed under their one-time code.
An appointment by an administrator gives no duties yet: a security administrator confirms them (SoD-6).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from events.signing import Signer
from supervision.casework.desk import Desk
from supervision.casework.keyrings import check_passphrase, keep_keyring, unlocked_seeds
from supervision.casework.notes import custody_of
from supervision.casework.sign_in import own_stamp
from supervision.domain import separation
from supervision.domain.aggregate import Stamp
from supervision.domain.codes import Role
from supervision.domain.officer import OfficerAccount
from supervision.domain.refusal import Refused, refuse
from supervision.sealing.envelope import grant
from supervision.sealing.errors import CannotOpen
from supervision.sealing.keys import KemPrivateKey, KemPublicKey, SigningKey
from supervision.sealing.session import CookieKey
from supervision.sealing.strict_json import from_base64, to_base64
from supervision.working_state import WorkingState

ENROLMENT = "enrolment"
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
        enrolment_key=enrolment_key(code),
    )
    desk.record(signer, account)
    keep_invitation(desk, working, who.officer, code, office_seeds or {})
    return code.text


def enrolment_key(code: CookieKey) -> str:
    """The public key of a one-time code, Base64."""
    return to_base64(code.signing_key(ENROLMENT).public_key)


def keep_invitation(
    desk: Desk, working: WorkingState, officer: str, code: CookieKey, office_seeds: Mapping[str, bytes]
) -> None:
    """What an officer finds under his one-time code, until it lapses."""
    invitation = {"officer": officer, "offices": {office: seed.hex() for office, seed in office_seeds.items()}}
    working.put(
        ENROLMENT,
        bytes.fromhex(code.store_id(ENROLMENT)),
        code.seal(ENROLMENT, json.dumps(invitation).encode(), desk.rng),
        desk.clock() + timedelta(days=desk.settings.enrolment_days),
    )


def enrol(desk: Desk, working: WorkingState, officer: str, code: str, passphrase: str) -> None:
    """Make an officer's keys, seal them under his passphrase, and record their public halves. Raises Refused.

    The code is used up last: an enrolment that was interrupted goes on with the same code and passphrase.
    """
    check_passphrase(passphrase, officer)
    key, invitation = _invitation(desk, working, officer, code)
    account = desk.account(officer)
    if account.invited:
        _introduce_keys(desk, working, account, key, passphrase)
    _accept_invitation(desk, working, officer, passphrase, invitation)
    working.remove(ENROLMENT, bytes.fromhex(key.store_id(ENROLMENT)))


def _introduce_keys(
    desk: Desk, working: WorkingState, account: OfficerAccount, code: CookieKey, passphrase: str
) -> None:
    """The keys are born. The keyring is kept first: an enrolment without one would be an account nobody can open."""
    signing, kem = SigningKey.generate(desk.rng), KemPrivateKey.generate(desk.rng)
    account.enrol(
        own_stamp(desk, account), signing_key=to_base64(signing.public_key), kem_key=to_base64(kem.public.raw)
    )
    keep_keyring(desk, working, account.officer, passphrase, signing, kem)
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
        account.grant_office_key(own_stamp(desk, account), key_office=office, sealing=bundle.sealing)
        bundles.append(bundle)
    desk.record(SigningKey(seeds["signing"]), account, custody=custody_of(*bundles))


def check_office(desk: Desk, office: str) -> None:
    """Raises Refused for an office that the settings do not know."""
    try:
        desk.settings.office(office)
    except KeyError:
        raise Refused("office", "没有这个单位；请从列表选择。") from None


def _check(desk: Desk, who: Appointment) -> None:
    check_office(desk, who.office)
    if not who.roles or not who.name.strip():
        raise Refused("appointment", "任命须填写姓名并至少选择一个岗位。")
    if not _ID.fullmatch(who.officer):
        raise Refused("officer_id", "账号由 2 至 32 个小写字母、数字和连字符组成，以字母开头。")
    if who.officer in RESERVED:
        raise Refused("officer_id", "这个账号名由系统保留；请换一个账号名。")
    refuse(separation.against_duties(who.roles))


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
