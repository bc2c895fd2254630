"""Sessions: an officer's unlocked keys, sealed under a random key that only his browser holds.

The store has the ciphertext, the browser has the key, neither has both. A session ends at sign-out, when idle, after
:data:`LONGEST`, when the officer ends it from another browser, and with every event on his account that changes what a
session may be (:attr:`supervision.domain.officer.OfficerAccount.standing`): duties, keys, passphrase, departure.

A session takes one of the officer's few slots. Their names and what is in them are sealed under his own key: he sees
when each began, the store does not even see whose they are, and nobody keeps from where anybody signed in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from supervision import business_time
from supervision.casework.desk import Desk
from supervision.casework.officer_session import OfficerSession
from supervision.domain.codes import Role
from supervision.domain.officer import OfficerAccount
from supervision.sealing.errors import CannotOpen
from supervision.sealing.keys import KemPrivateKey, SigningKey
from supervision.sealing.opening import Opener
from supervision.sealing.padding import pad, unpad
from supervision.sealing.session import CookieKey
from supervision.working_state import WorkingState

SESSION = "session"
SLOT = "slot"

SLOTS = 5
"""So many sessions an officer may have; one more ends the oldest."""

LONGEST = timedelta(hours=12)
"""However busy: each day begins with a passphrase."""


@dataclass(frozen=True, kw_only=True)
class Running:
    """One of an officer's running sessions. ``session``: its name in the store (hex)."""

    slot: int
    session: str
    since: datetime


def open_session(
    desk: Desk, working: WorkingState, account: OfficerAccount, signing: SigningKey, kem: KemPrivateKey
) -> str:
    """A new session of an officer whose keys are unlocked; returns the cookie's value."""
    officer = unlocked(desk, account, signing, kem)
    key = CookieKey.new(desk.rng)
    # A row is there before a slot names it: another sign-in at this moment must not take the slot for one left behind.
    working.put(SESSION, bytes.fromhex(key.store_id(SESSION)), b"", _idle_end(desk))
    slot = _take_slot(desk, working, kem, key.store_id(SESSION))
    kept = {
        "officer": account.officer,
        "standing": account.standing,
        "slot": slot,
        "signing": signing.seed.hex(),
        "kem": kem.seed.hex(),
        "offices": {office: private.seed.hex() for office, private in officer.office_keys.items()},
    }
    blob = seal_kept(desk, key, SESSION, kept)
    working.put(SESSION, bytes.fromhex(key.store_id(SESSION)), blob, _idle_end(desk))
    return key.text


def resume(desk: Desk, working: WorkingState, cookie: str) -> OfficerSession | None:
    """The officer of a session, its end moved on; None where it is over."""
    found = _kept(desk, working, cookie)
    if found is None:
        return None
    key, kept = found
    account, kem = desk.account(kept["officer"]), KemPrivateKey(bytes.fromhex(kept["kem"]))
    mine = _slot(desk, working, kem, kept["slot"])
    if account.standing != kept["standing"] or mine is None or mine.session != key.store_id(SESSION):
        sign_out(desk, working, cookie)
        return None
    working.prolong(SESSION, bytes.fromhex(key.store_id(SESSION)), _idle_end(desk))
    return OfficerSession(
        officer=account.officer,
        name=account.name,
        office=account.office,
        roles=_roles(account),
        signer=SigningKey(bytes.fromhex(kept["signing"])),
        kem=kem,
        office_keys={office: KemPrivateKey(bytes.fromhex(seed)) for office, seed in kept["offices"].items()},
    )


def sign_out(desk: Desk, working: WorkingState, cookie: str) -> None:
    """End a session; its keys are gone."""
    found = _kept(desk, working, cookie)
    if found is None:
        return
    key, kept = found
    kem = KemPrivateKey(bytes.fromhex(kept["kem"]))
    mine = _slot(desk, working, kem, kept["slot"])
    if mine is not None and mine.session == key.store_id(SESSION):
        end_session(working, kem, mine)
    working.remove(SESSION, bytes.fromhex(key.store_id(SESSION)))


def running(desk: Desk, working: WorkingState, kem: KemPrivateKey) -> list[Running]:
    """An officer's sessions that have not ended, the newest first."""
    slots = (_slot(desk, working, kem, number) for number in range(SLOTS))
    alive = [
        one
        for one in slots
        if one is not None and working.get(SESSION, bytes.fromhex(one.session), desk.clock()) is not None
    ]
    return sorted(alive, key=lambda one: one.since, reverse=True)


def end_session(working: WorkingState, kem: KemPrivateKey, one: Running) -> None:
    """End one of an officer's sessions, from whichever of them."""
    working.remove(SESSION, bytes.fromhex(one.session))
    working.remove(SLOT, _slot_id(CookieKey.of_officer(kem), one.slot))


def is_of(one: Running, cookie: str) -> bool:
    """Whether a running session is that of this cookie."""
    try:
        return CookieKey.parse(cookie).store_id(SESSION) == one.session
    except CannotOpen:
        return False


def unlocked(desk: Desk, account: OfficerAccount, signing: SigningKey, kem: KemPrivateKey) -> OfficerSession:
    """An officer with his keys: the office keys that he was granted are unwrapped here."""
    return OfficerSession(
        officer=account.officer,
        name=account.name,
        office=account.office,
        roles=_roles(account),
        signer=signing,
        kem=kem,
        office_keys=_office_keys(desk, account, kem),
    )


def seal_kept(desk: Desk, key: CookieKey, purpose: str, kept: Mapping[str, Any]) -> bytes:
    """Padded: its length would tell how long a name is, and how many office keys somebody holds."""
    return key.seal(purpose, pad(json.dumps(kept).encode()), desk.rng)


def open_kept(key: CookieKey, purpose: str, blob: bytes) -> dict[str, Any]:
    """What :func:`seal_kept` was given. Raises CannotOpen."""
    kept: dict[str, Any] = json.loads(unpad(key.open(purpose, blob)))
    return kept


def _roles(account: OfficerAccount) -> frozenset[Role]:
    return frozenset(Role(role) for role in account.roles)


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


def _kept(desk: Desk, working: WorkingState, cookie: str) -> tuple[CookieKey, dict[str, Any]] | None:
    try:
        key = CookieKey.parse(cookie)
        blob = working.get(SESSION, bytes.fromhex(key.store_id(SESSION)), desk.clock())
        return (key, open_kept(key, SESSION, blob)) if blob is not None else None
    except CannotOpen:
        return None


def _idle_end(desk: Desk) -> datetime:
    return desk.clock() + timedelta(minutes=desk.settings.session_idle_minutes)


# -- slots ------------------------------------------------------------------------------------------------------------


def _slot_id(own: CookieKey, number: int) -> bytes:
    return bytes.fromhex(own.store_id(f"slot {number}"))


def _slot(desk: Desk, working: WorkingState, kem: KemPrivateKey, number: int) -> Running | None:
    own = CookieKey.of_officer(kem)
    blob = working.get(SLOT, _slot_id(own, number), desk.clock())
    try:
        kept = open_kept(own, f"slot {number}", blob or b"")
    except CannotOpen:
        return None
    return Running(slot=number, session=kept["session"], since=datetime.fromisoformat(kept["since"]))


def _take_slot(desk: Desk, working: WorkingState, kem: KemPrivateKey, session: str) -> int:
    """A free slot, or that of a session which is over, or of the oldest one, which ends."""
    own, now = CookieKey.of_officer(kem), desk.clock()
    kept = {"session": session, "since": business_time.written(now)}
    alive = {one.slot: one for one in running(desk, working, kem)}
    for number in range(SLOTS):
        if number not in alive:
            blob = seal_kept(desk, own, f"slot {number}", kept)
            over = _slot(desk, working, kem, number)
            if over is not None:
                end_session(working, kem, over)
            if working.reserve(SLOT, _slot_id(own, number), blob, now + LONGEST, now) == blob:
                return number
    oldest = min(alive.values(), key=lambda one: one.since, default=None)
    number = oldest.slot if oldest else 0
    if oldest is not None:
        end_session(working, kem, oldest)
    working.put(SLOT, _slot_id(own, number), seal_kept(desk, own, f"slot {number}", kept), now + LONGEST)
    return number
