"""The 查询码: 32 digits that a reporter takes home, and everything that is derived from them.

30 random digits (99.7 bits) and two check digits of ISO 7064 MOD 97-10, in 8 groups of 4. Digits can be read
over a telephone and typed without an input method. That is enough entropy for HKDF to need no slow hash. From
the code come, by separate labels and bound to the origin of the log: the lookup secret, the reporter's X-Wing
and Ed25519 keys, and stream id and salt of the receipt event, so that the code alone recomputes its leaf.

The code is never stored, logged or put in a URL. The public site stores :func:`lookup_tag` only.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, field
from uuid import UUID

from supervision.sealing.binding import Rng, context, derive
from supervision.sealing.errors import MistypedCode
from supervision.sealing.keys import KemPrivateKey, SigningKey

RANDOM_DIGITS = 30
CODE_DIGITS = 32
GROUP = 4

_LABEL = "supervision/receipt/v1"
_RANDOM_BITS = 100  # the smallest number of whole bits that holds 10^30

# What people and telephones put between the groups: space of any width, dashes, dots, zero-width characters.
_SEPARATORS = re.compile(
    "[\\s\u200b-\u200d\ufeff\\-\u2010-\u2015\u2212\uff0d\u30fc.\u3002\uff0e\u00b7\u30fb\u2027\u2022_]+"
)
_FULL_WIDTH = str.maketrans("０１２３４５６７８９", "0123456789")


@dataclass(frozen=True, kw_only=True)
class ReceiptSecrets:
    """What the code stands for.

    ``lookup`` and ``salt``: 32 bytes each; ``stream_id``: of ``receipt.issued``.
    """

    lookup: bytes = field(repr=False)
    kem: KemPrivateKey = field(repr=False)
    signing: SigningKey = field(repr=False)
    stream_id: UUID = field(repr=False)
    salt: bytes = field(repr=False)


@dataclass(frozen=True)
class ReceiptCode:
    """A well-formed 查询码. ``digits``: 32 ASCII digits; never shown by ``repr()``."""

    digits: str = field(repr=False)

    def __post_init__(self) -> None:
        if re.fullmatch(r"[0-9]*", self.digits) is None:
            raise MistypedCode("查询码只由数字组成，输入中有其他字符。请对照回执重新输入。")
        if len(self.digits) != CODE_DIGITS:
            raise MistypedCode(
                f"查询码应为 {CODE_DIGITS} 位数字（8 组，每组 4 位），"
                f"现输入了 {len(self.digits)} 位。请对照回执重新输入。"
            )
        if self.digits[RANDOM_DIGITS:] != check_digits(self.digits[:RANDOM_DIGITS]):
            raise MistypedCode("查询码的校验位不符，可能有个别数字输错或前后颠倒。请对照回执逐组核对。")

    @classmethod
    def new(cls, rng: Rng) -> ReceiptCode:
        """Draw a code, each of the 10^30 equally likely (by rejection, so that no code is more likely)."""
        size = (_RANDOM_BITS + 7) // 8
        while (number := int.from_bytes(rng(size), "big") >> (8 * size - _RANDOM_BITS)) >= 10**RANDOM_DIGITS:
            continue
        digits = f"{number:0{RANDOM_DIGITS}}"
        return cls(digits + check_digits(digits))

    @classmethod
    def parse(cls, text: str) -> ReceiptCode:
        """Read a code as people type it: full-width digits, spaces, dashes and dots. Raises MistypedCode."""
        return cls(_SEPARATORS.sub("", text).translate(_FULL_WIDTH))

    @property
    def grouped(self) -> str:
        """``"1234 5678 …"``, 8 groups of 4."""
        return " ".join(self.digits[at : at + GROUP] for at in range(0, CODE_DIGITS, GROUP))

    def derive(self, origin: str) -> ReceiptSecrets:
        """Everything that this code stands for in the log ``origin``."""

        def secret(purpose: str, length: int = 32) -> bytes:
            return derive(self.digits.encode("ascii"), context(_LABEL, origin, purpose), length)

        return ReceiptSecrets(
            lookup=secret("lookup"),
            kem=KemPrivateKey.from_seed(secret("kem")),
            signing=SigningKey.from_seed(secret("signing")),
            # Version 4, so that it looks like any other stream identifier.
            stream_id=UUID(bytes=secret("stream", 16), version=4),
            salt=secret("salt"),
        )


def check_digits(digits: str) -> str:
    """The two check digits of ISO 7064 MOD 97-10 for a string of digits."""
    return f"{98 - int(digits) * 100 % 97:02}"


def lookup_tag(pepper: bytes, lookup: bytes) -> bytes:
    """What the public site stores to find a report again: HMAC-SHA256, 32 bytes.

    ``pepper``: 32 bytes, secret of the public site, so that the table alone cannot be searched.
    """
    return hmac.digest(pepper, lookup, "sha256")
