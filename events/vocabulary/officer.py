"""Officers: who may act, with which keys, from when to when.

An officer's key pair is born at his first sign-in. The enrolment is signed with the key of the one-time code that he
was given, so whoever has only the database cannot enrol in his name; the keys in it are what later signatures are
checked with.
"""

from dataclasses import dataclass

from events.model import ActedEvent, Sealing
from events.topics import topic


@topic("officer.appointed.v1")
@dataclass(frozen=True, kw_only=True)
class OfficerAppointed(ActedEvent):
    """An officer gets an account.

    ``home_office``: the office he works in; ``roles``: role codes of the domain rules, part 4; ``enrolment_key``:
    Base64 Ed25519 public key, derived from the one-time code that is handed to him.
    """

    officer: str
    name: str
    home_office: str
    roles: tuple[str, ...]
    enrolment_key: str


@topic("officer.enrolled.v1")
@dataclass(frozen=True, kw_only=True)
class OfficerEnrolled(ActedEvent):
    """The officer used his one-time code, whose key signs this. Keys are Base64, his own from now on."""

    officer: str
    signing_key: str
    kem_key: str


@topic("officer.office_key_granted.v1")
@dataclass(frozen=True, kw_only=True)
class OfficeKeyGranted(ActedEvent):
    """A holder of an office's key wrapped it to this officer. ``key_office``: the office whose content he can read
    now."""

    officer: str
    key_office: str
    sealing: Sealing


@topic("officer.office_key_withdrawn.v1")
@dataclass(frozen=True, kw_only=True)
class OfficeKeyWithdrawn(ActedEvent):
    """The officer's wrap of an office's key was destroyed. ``destroyed``: SHA-256 (hex) of the wraps."""

    officer: str
    key_office: str
    destroyed: tuple[str, ...]


@topic("officer.roles_changed.v1")
@dataclass(frozen=True, kw_only=True)
class OfficerRolesChanged(ActedEvent):
    """Other duties; running sessions end."""

    officer: str
    home_office: str
    roles: tuple[str, ...]


@topic("officer.departed.v1")
@dataclass(frozen=True, kw_only=True)
class OfficerDeparted(ActedEvent):
    """The officer left; his account is closed and what he signed stays valid."""

    officer: str
