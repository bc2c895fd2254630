"""The layer over a stored wrap: a second encryption, under the key of a retention period.

A layered wrap is ``0x81 || length (1 byte) || name of the period key (ASCII) || nonce (12 bytes) || AES-256-GCM`` of
the wrap; the bytes before the nonce are the associated data. The key of the layer is HKDF of the period key, with a
context that names the one wrap: so a custodian can be given what his own wrap needs, and nothing that opens another.
Events name the hash of the stored bytes, layer and all; whoever only verifies needs no key.

With its period key gone, a wrap opens nowhere any more: not in a backup of the database either, with whatever keys.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from supervision.sealing.binding import Place, Rng
from supervision.sealing.errors import CannotOpen, PeriodKeyMissing

LAYERED = 0x81
"""First byte of a layered wrap; that of any other is its suite."""

NAME = re.compile(r"(?P<kind>[a-z]+)-(?P<year>[0-9]{4})-[0-9a-f]{8}")
"""Name of a period key: class, year of receipt, beginning of the key's fingerprint."""

_LABEL = "supervision/layer/v1"
_NONCE_LENGTH = 12


class LayerKeys(Protocol):
    """Where the keys of layers come from."""

    def layer_key(self, name: str, context: bytes) -> bytes:
        """32 bytes, for the wrap that ``context`` speaks of. Raises PeriodKeyMissing."""


class NoKeys:
    """Of a machine that keeps no period keys: what has no layer opens."""

    def layer_key(self, name: str, context: bytes) -> bytes:
        raise PeriodKeyMissing(f"这里没有保管期密钥 {name}，不能打开。请在保存该密钥的平台上办理。")


@dataclass(frozen=True)
class OneKey:
    """The key of one wrap's layer, as a request file brings it; with another wrap it opens nothing."""

    key: bytes = field(repr=False)

    def layer_key(self, name: str, context: bytes) -> bytes:
        return self.key


def context_of(place: Place, commitment: str, recipient: str, share: int) -> bytes:
    """What a layer is bound to: one wrap of one data key. ``commitment``, ``recipient``: hex, as in the event."""
    return place.key_context(_LABEL, bytes.fromhex(commitment), bytes.fromhex(recipient), share)


def key_name(stored: bytes) -> str:
    """Name of the period key that a stored wrap lies under; "" for one without a layer. Raises CannotOpen."""
    if stored[:1] != bytes([LAYERED]):
        return ""
    name = stored[2 : 2 + stored[1]].decode("ascii", "replace") if len(stored) > 1 else ""
    if not NAME.fullmatch(name):
        raise CannotOpen("密钥封装的保管期标记不成立，可能已损坏。请运行 supervision verify 查明。")
    return name


def header(name: str) -> bytes:
    """What every wrap under the period key ``name`` begins with."""
    return bytes([LAYERED, len(name)]) + name.encode("ascii")


def put(name: str, layer_key: bytes, wrap: bytes, rng: Rng) -> bytes:
    """The wrap as it is stored, under the period key ``name``."""
    before = header(name)
    nonce = rng(_NONCE_LENGTH)
    return before + nonce + AESGCM(layer_key).encrypt(nonce, wrap, before)


def peel(stored: bytes, context: bytes, keys: LayerKeys) -> bytes:
    """The wrap under the layer; what has none comes back as it is. Raises PeriodKeyMissing, CannotOpen."""
    name = key_name(stored)
    if not name:
        return stored
    layer_key = keys.layer_key(name, context)
    header_end = 2 + len(name)
    nonce_end = header_end + _NONCE_LENGTH
    try:
        return AESGCM(layer_key).decrypt(stored[header_end:nonce_end], stored[nonce_end:], stored[:header_end])
    except (InvalidTag, ValueError):
        raise CannotOpen(
            "密钥封装的保管期加密层打不开：不属于本件，或已损坏。请运行 supervision verify 查明。"
        ) from None
