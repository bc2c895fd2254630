"""Officers: who may act, with which keys, from when to when.

An officer's key pair is born at his first sign-in. The enrolment is signed with the key of the one-time code that he
was given, so whoever has only the database cannot enrol in his name; the keys in it are what later signatures are
checked with.

What touches an account's powers takes two: a system administrator and a security administrator, in either order, one of
whom proposes and the other carries it out. An appointment by an administrator is such a proposal: its roles count once
a security administrator has confirmed them by ``officer.roles_changed.v1``. Those of the key ceremony count at once.
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
    """Office and duties as somebody else had proposed them, from now on; running sessions end."""

    officer: str
    home_office: str
    roles: tuple[str, ...]


@topic("officer.departed.v1")
@dataclass(frozen=True, kw_only=True)
class OfficerDeparted(ActedEvent):
    """The officer left; his account is closed and what he signed stays valid."""

    officer: str


@topic("officer.change_proposed.v1")
@dataclass(frozen=True, kw_only=True)
class ChangeProposed(ActedEvent):
    """One administrator proposes what the other has to carry out.

    ``change``: roles, recovery, second_factor or departure. ``home_office``, ``roles``: for roles, else "" and none.
    """

    officer: str
    change: str
    home_office: str
    roles: tuple[str, ...]


@topic("officer.change_refused.v1")
@dataclass(frozen=True, kw_only=True)
class ChangeRefused(ActedEvent):
    """The other administrator does not agree, or the proposer takes it back."""

    officer: str
    change: str


@topic("officer.reinvited.v1")
@dataclass(frozen=True, kw_only=True)
class OfficerReinvited(ActedEvent):
    """The passphrase is lost: the old keys end, a new one-time code is handed out, and all wraps to the old key go.

    ``enrolment_key``: as in ``officer.appointed.v1``. ``destroyed``: SHA-256 (hex) of the wraps. What the officer
    signed before stays his. Office keys come back by two of their holders.
    """

    officer: str
    enrolment_key: str
    destroyed: tuple[str, ...]


@topic("officer.regrant_proposed.v1")
@dataclass(frozen=True, kw_only=True)
class RegrantProposed(ActedEvent):
    """A holder of an office's key vouches for a colleague who lost his passphrase; another holder may grant it now."""

    officer: str
    key_office: str


@topic("officer.second_factor_set.v1")
@dataclass(frozen=True, kw_only=True)
class SecondFactorSet(ActedEvent):
    """The officer showed that his authenticator works; from now on signing in takes its codes.

    ``number``: which of his secrets it is, from 1; the secret is derived from it and from his private key.
    """

    officer: str
    number: int


@topic("officer.second_factor_reset.v1")
@dataclass(frozen=True, kw_only=True)
class SecondFactorReset(ActedEvent):
    """The authenticator is lost; the officer has to set up another."""

    officer: str


@topic("officer.passphrase_changed.v1")
@dataclass(frozen=True, kw_only=True)
class PassphraseChanged(ActedEvent):
    """The officer chose another passphrase; his keys stay, his other sessions end."""

    officer: str
