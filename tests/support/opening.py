"""Opening what a test has sealed, with the keys of the ceremony: as the office, the custodians, the superior."""

from __future__ import annotations

from uuid import UUID

from events.model import SealedItem, Sealing
from supervision.platform import Platform
from supervision.sealing.keys import KemPrivateKey
from supervision.sealing.opening import Opener
from tests.support.deployment import seeds

COUNTY_CUSTODIANS = ("superior/gate", "custodian/custodian-1", "custodian/custodian-3")
COUNTY_RELAYS = ("relay/relay-1", "relay/relay-2")
SUPERIOR_CUSTODIANS = (
    "superior/custodian/superior-custodian-1",
    "superior/custodian/superior-custodian-2",
)


def opened(
    platform: Platform, stream_id: UUID, sealing: Sealing, compartment: str, field: str, *holders: str
) -> str | None:
    """The plaintext of one field as ``holders`` (names of the ceremony) read it; None where there is none.

    One holder opens a key that was wrapped whole; several each contribute what was wrapped to them. Raises
    SealingError where they cannot.
    """
    item = _item(sealing, compartment, field)
    if item is None:
        return None
    opener = Opener(platform.manifest, sealing, stream_id, platform.retention)
    keys = [KemPrivateKey(seeds(platform)[holder]) for holder in holders]
    wraps = {key.key_id: _wrap(platform, sealing, compartment, key) for key in keys}
    if len(keys) == 1:
        data_key = opener.unwrap(compartment, wraps[keys[0].key_id], keys[0])
    else:
        pieces = {key.key_id: opener.contribution(compartment, wraps[key.key_id], key) for key in keys}
        data_key = opener.combine(compartment, pieces)
    envelope = platform.custody.envelope(bytes.fromhex(item.sha256))
    assert envelope is not None
    return opener.open_item(item, data_key, envelope).decode()


def _item(sealing: Sealing, compartment: str, field: str) -> SealedItem | None:
    wanted = (compartment, field)
    return next((item for item in sealing.items if (item.compartment, item.field) == wanted), None)


def _wrap(platform: Platform, sealing: Sealing, compartment: str, key: KemPrivateKey) -> bytes:
    """The wrap for ``key``; empty, and so unopenable, where nothing was wrapped to it."""
    ref = next(ref for ref in sealing.keys if ref.compartment == compartment)
    named = next((wrap for wrap in ref.wraps if wrap.key == key.key_id), None)
    return platform.custody.wrap(bytes.fromhex(named.sha256)) or b"" if named else b""
