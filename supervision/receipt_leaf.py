"""The leaf that a 查询码 stands for: recomputed from the 32 digits alone, and looked for in a copy of the tiles.

Of the ``receipt.issued.v1`` event everything follows from the code (stream, salt, key and signature) or is constant
(topic, version, state), except the hour at which it was recorded. A year has 8760 hours, so all are tried.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from events.keyring import ISSUED
from events.leaf import SECONDS_PER_HOUR, Entry, leaf_hash
from events.signing import signature_message
from events.tiles import WIDTH, Fetch, TileReader
from events.verify import CONSTANT_STATE
from supervision.sealing.receipt import ReceiptSecrets

TILES_AT_ONCE = 256
"""How many a reader keeps before the next one takes over, so that memory does not grow with the log."""


@dataclass(frozen=True)
class FoundReceipt:
    """``index``: of the leaf, from 0. ``recorded_at``: Unix seconds, a whole hour."""

    index: int
    recorded_at: int


def receipt_entry(secrets: ReceiptSecrets, origin: str, recorded_at: int) -> Entry:
    """The entry of a code in the log ``origin``, had it been recorded at ``recorded_at``, Unix seconds, whole hours."""
    message = signature_message(origin, secrets.stream_id, 1, ISSUED, CONSTANT_STATE)
    return Entry(
        stream_id=secrets.stream_id,
        stream_version=1,
        topic=ISSUED,
        state=CONSTANT_STATE,
        salt=secrets.salt,
        key_id=secrets.signing.key_id,
        signature=secrets.signing.sign(message),
        recorded_at=recorded_at,
    )


def receipt_leaves(secrets: ReceiptSecrets, origin: str, since: int, until: int) -> dict[bytes, int]:
    """All leaves (32 bytes) that the code could have, and their hours: from that of ``since`` to that of ``until``."""
    first = since - since % SECONDS_PER_HOUR
    entry = receipt_entry(secrets, origin, first)  # signed once: Ed25519 gives the same signature each time
    hours = range(first, until + 1, SECONDS_PER_HOUR)
    return {leaf_hash(origin, entry._replace(recorded_at=hour)): hour for hour in hours}


def find_receipt(leaves: Mapping[bytes, int], fetch: Fetch, size: int, root: bytes) -> FoundReceipt | None:
    """The first of ``leaves`` in the tree of that size and root, or None where none is in it.

    Raises :class:`events.tiles.TileError` for tiles that do not give the root, ``OSError``.
    """
    tiles = range(-(-size // WIDTH))
    for start in tiles[::TILES_AT_ONCE]:
        reader = TileReader(fetch, size, root)
        for number in tiles[start : start + TILES_AT_ONCE]:
            for offset, leaf in enumerate(reader.leaves(number)):
                if leaf in leaves:
                    return FoundReceipt(number * WIDTH + offset, leaves[leaf])
    return None
