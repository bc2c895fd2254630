"""Signing in: a passphrase unlocks an officer's keys for one session, and nothing else does.

The session is sealed under a random key that only the officer's browser holds; the store has the ciphertext, the
browser has the key, neither has both. It ends at sign-out, when idle, and when the officer's account changes.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from datetime import datetime, timedelta

from supervision.casework.desk import Desk
from supervision.casework.officer_session import OfficerSession
from supervision.domain.codes import Role
from supervision.domain.officer import OfficerAccount
from supervision.domain.refusal import Refused
from supervision.sealing.errors import CannotOpen, WrongPassphrase
from supervision.sealing.keys import KemPrivateKey, SigningKey
from supervision.sealing.opening import Opener
from supervision.sealing.passphrase import decoy_keyring, open_keyring
from supervision.sealing.session import CookieKey
from supervision.sealing.strict_json import to_base64
from supervision.working_state import WorkingState

KEYRING = "keyring"
SESSION = "session"
FAILURES = "failures"

#: Keyrings do not expire; they are replaced, or removed when an officer departs.
NEVER = datetime.fromisoformat("9999-01-01T00:00:00+00:00")

FREE_ATTEMPTS = 5
LOCK_MINUTES = 15

_REFUSED = "账号或口令不正确；请核对后重试。连续多次失败将暂停登录一段时间。"


def keyring_owner(desk: Desk, officer: str) -> str:
    """What a keyring is bound to, so that one officer's cannot be put in another's place."""
    return f"{desk.manifest.origin}/{officer}"


def keyring_id(desk: Desk, officer: str, signing_key: str) -> bytes:
    """Where the working state keeps the keyring of an officer's key pair (``signing_key``: Base64), 32 bytes."""
    return store_name(KEYRING, f"{keyring_owner(desk, officer)}/{signing_key}")


def sign_in(desk: Desk, working: WorkingState, officer: str, passphrase: str) -> str:
    """Open a session; returns the cookie's value. Raises :class:`Refused`, alike for a wrong account and passphrase."""
    now = desk.clock()
    _refuse_locked(working, officer, now)
    account = desk.account(officer)
    try:
        seeds = unlocked_seeds(desk, working, account, passphrase)
    except Refused:
        _count_failure(working, officer, now)
        raise
    if account.departed or not _keys_match(account, seeds):
        raise Refused("sign_in", "该账号已停用或密钥已更换；请联系管理员。")
    working.remove(FAILURES, store_name(FAILURES, officer))
    return _open_session(desk, working, account, seeds)


def unlocked_seeds(desk: Desk, working: WorkingState, account: OfficerAccount, passphrase: str) -> dict[str, bytes]:
    """The private seeds in an officer's keyring ("signing", "kem"). Raises :class:`Refused` for a wrong passphrase."""
    kept = working.get(KEYRING, keyring_id(desk, account.officer, account.signing_key), desk.clock())
    try:
        # An unknown account costs as much time as a wrong passphrase.
        return open_keyring(passphrase, keyring_owner(desk, account.officer), kept or decoy_keyring())
    except WrongPassphrase:
        raise Refused("sign_in", _REFUSED) from None


def resume(desk: Desk, working: WorkingState, cookie: str) -> OfficerSession | None:
    """The officer of a session, its end moved on; None where it is over."""
    now = desk.clock()
    try:
        key = CookieKey.parse(cookie)
        blob = working.get(SESSION, bytes.fromhex(key.store_id(SESSION)), now)
        if blob is None:
            return None
        kept = json.loads(key.open(SESSION, blob))
    except CannotOpen:
        return None
    account = desk.account(kept["officer"])
    if account.version != kept["version"]:
        sign_out(working, cookie)
        return None
    working.prolong(SESSION, bytes.fromhex(key.store_id(SESSION)), _session_end(desk, now))
    return OfficerSession(
        officer=account.officer,
        name=account.name,
        office=account.office,
        roles=frozenset(Role(role) for role in account.roles),
        signer=SigningKey(bytes.fromhex(kept["signing"])),
        kem=KemPrivateKey(bytes.fromhex(kept["kem"])),
        office_keys={office: KemPrivateKey(bytes.fromhex(seed)) for office, seed in kept["offices"].items()},
    )


def sign_out(working: WorkingState, cookie: str) -> None:
    """End a session; its keys are gone."""
    try:
        working.remove(SESSION, bytes.fromhex(CookieKey.parse(cookie).store_id(SESSION)))
    except CannotOpen:
        return


def unlocked(desk: Desk, account: OfficerAccount, signing: bytes, kem: bytes) -> OfficerSession:
    """An officer's session from his two seeds: the office keys that he was granted are unwrapped here."""
    private = KemPrivateKey(kem)
    return OfficerSession(
        officer=account.officer,
        name=account.name,
        office=account.office,
        roles=frozenset(Role(role) for role in account.roles),
        signer=SigningKey(signing),
        kem=private,
        office_keys=_office_keys(desk, account, private),
    )


def _open_session(desk: Desk, working: WorkingState, account: OfficerAccount, seeds: dict[str, bytes]) -> str:
    officer = unlocked(desk, account, seeds["signing"], seeds["kem"])
    key = CookieKey.new(desk.rng)
    kept = {
        "officer": account.officer,
        "version": account.version,
        "signing": seeds["signing"].hex(),
        "kem": seeds["kem"].hex(),
        "offices": {office: private.seed.hex() for office, private in officer.office_keys.items()},
    }
    blob = key.seal(SESSION, json.dumps(kept).encode(), desk.rng)
    working.put(SESSION, bytes.fromhex(key.store_id(SESSION)), blob, _session_end(desk, desk.clock()))
    return key.text


def _office_keys(desk: Desk, account: OfficerAccount, private: KemPrivateKey) -> dict[str, KemPrivateKey]:
    """The keys of the manifest that were granted to this officer; only what the signed events speak of is tried.

    A wrap that is damaged or was put in another's place opens nothing, and is for ``verify`` to tell.
    """
    keys = {}
    for office, sealing in account.grants.items():
        manifest = desk.manifests.get(sealing.manifest)
        wraps = [wrap for key in sealing.keys for wrap in key.wraps if wrap.key == private.key_id]
        data = desk.custody.wrap(bytes.fromhex(wraps[0].sha256)) if wraps else None
        if manifest is not None and data is not None:
            with suppress(CannotOpen):
                keys[office] = Opener(manifest, sealing, account.id).accept_grant(data, private)
    return keys


def _keys_match(account: OfficerAccount, seeds: dict[str, bytes]) -> bool:
    """The unlocked keys are those that the officer's signed enrolment introduced."""
    return account.signing_key == to_base64(SigningKey(seeds["signing"]).public_key) and account.kem_key == (
        to_base64(KemPrivateKey(seeds["kem"]).public.raw)
    )


def _session_end(desk: Desk, now: datetime) -> datetime:
    return now + timedelta(minutes=desk.settings.session_idle_minutes)


def store_name(kind: str, text: str) -> bytes:
    """Identifier in the working state, 32 bytes."""
    return hashlib.sha256(f"supervision/{kind}/v1\0{text}".encode()).digest()


# -- failures -------------------------------------------------------------------------------------------------


def _refuse_locked(working: WorkingState, officer: str, now: datetime) -> None:
    kept = working.get(FAILURES, store_name(FAILURES, officer), now)
    if kept is not None and int(kept) >= FREE_ATTEMPTS:
        raise Refused("locked", f"登录失败次数过多，已暂停登录；请 {LOCK_MINUTES} 分钟后再试，或联系管理员。")


def _count_failure(working: WorkingState, officer: str, now: datetime) -> None:
    kept = working.get(FAILURES, store_name(FAILURES, officer), now)
    count = int(kept or b"0") + 1
    working.put(FAILURES, store_name(FAILURES, officer), str(count).encode(), now + timedelta(minutes=LOCK_MINUTES))
