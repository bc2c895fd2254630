"""What can go wrong with a seal.

Messages are for people: the thing, the reason, the way out; never content.
"""

from __future__ import annotations


class SealingError(Exception):
    """Base of all refusals of this package; ``str()`` of each is a Chinese sentence that may be shown."""


class CannotOpen(SealingError):
    """The ciphertext, its place or the key is not the one that was sealed.

    Which of the three is not told apart.
    """


class PeriodKeyMissing(CannotOpen):
    """The key of the retention period is not there: destroyed by appraisal, or not carried over to this machine."""


class SuiteTooLow(SealingError):
    """Sealed with a suite below the manifest's minimum for its compartment, or with an unknown one."""


class CannotSeal(SealingError):
    """What was asked for has no place: an unknown field, a compartment without a key at the destination."""


class NotEnoughShares(SealingError):
    """Fewer than M custodians or relays contributed, or the gate's half is missing."""


class BadShare(SealingError):
    """A contribution is not the one that was sealed to its contributor.

    ``key_id``: hex of the contributor's key, as the log has it.
    """

    def __init__(self, message: str, key_id: str) -> None:
        super().__init__(message)
        self.key_id = key_id


class ManifestRejected(SealingError):
    """A key manifest is malformed, not the pinned one, or not signed by ceremony and superior."""


class MistypedCode(SealingError):
    """A 查询码 whose length, characters or check digits are wrong. Never repeats a digit of it."""


class WrongPassphrase(SealingError):
    """The passphrase does not open the keyring, or the keyring is damaged; the two look alike."""
