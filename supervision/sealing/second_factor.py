"""The second factor: six digits from an officer's authenticator, by time (TOTP, RFC 6238).

The secret is derived from the officer's private seed, so it lies nowhere: who has the database lacks the passphrase
that unlocks the seed, and nobody can put another secret in its place. It keeps out who knows the passphrase and has
only the site to try it on. Who has the database, too, has the seed, and with that the secret.

SHA-1, six digits and steps of thirty seconds are what every authenticator understands; in HMAC, SHA-1 is not broken.
"""

from __future__ import annotations

import base64
import hmac
import unicodedata
from dataclasses import dataclass
from urllib.parse import quote

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from supervision.sealing.binding import context, derive
from supervision.sealing.keys import KemPrivateKey

STEP_SECONDS = 30
DIGITS = 6
DRIFT = 1
"""So many steps a clock may be ahead or behind."""

SECRET_LENGTH = 20
"""As RFC 4226 recommends for HMAC-SHA-1."""

_LABEL = "supervision/totp/v1"


@dataclass(frozen=True, repr=False)
class SecondFactor:
    """One secret of one officer. ``secret``: 20 bytes."""

    secret: bytes

    @classmethod
    def of(cls, kem: KemPrivateKey, owner: str, number: int) -> SecondFactor:
        """The officer's secret ``number``, from 1. ``owner``: origin and officer id."""
        return cls(derive(kem.seed, context(_LABEL, owner, number), SECRET_LENGTH))

    @property
    def text(self) -> str:
        """For typing: Base32 in groups of four."""
        letters = base64.b32encode(self.secret).decode("ascii")
        return " ".join(letters[i : i + 4] for i in range(0, len(letters), 4))

    def uri(self, account: str, issuer: str) -> str:
        """For the QR code, as authenticators read it (Key URI Format)."""
        secret = base64.b32encode(self.secret).decode("ascii")
        return (
            f"otpauth://totp/{quote(issuer)}:{quote(account)}?secret={secret}&issuer={quote(issuer)}"
            f"&algorithm=SHA1&digits={DIGITS}&period={STEP_SECONDS}"
        )

    def code(self, step: int) -> str:
        """The digits of a time step (Unix seconds divided by thirty)."""
        totp = TOTP(self.secret, DIGITS, hashes.SHA1(), STEP_SECONDS)  # noqa: S303 - HMAC, and nothing else is common
        return totp.generate(step * STEP_SECONDS).decode("ascii")

    def step_of(self, code: str, now: float) -> int | None:
        """The time step that ``code`` belongs to, around ``now`` (Unix seconds); None where it is wrong.

        The caller sees to it that no step counts twice.
        """
        typed = "".join(unicodedata.normalize("NFKC", code).split()).encode()
        present = int(now) // STEP_SECONDS
        steps = range(present - DRIFT, present + DRIFT + 1)
        fitting = [step for step in steps if hmac.compare_digest(self.code(step).encode(), typed)]
        return max(fitting, default=None)
