"""How much of the log is shown to whom.

Whoever can watch the log grow by the minute learns when his employee pressed "send". So anybody sees it as it stood at
the last boundary, once a day unless the settings say otherwise, and with cosignatures from before it: a witness that
says at five past twelve that the tree is still the same says that nobody wrote since midnight. Only the witness and
oversight follow the head.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from events.published import tile_bytes
from events.store import LogStore
from events.tiles import Tile, TileError
from supervision.business_time import SHANGHAI
from supervision.platform import Platform

GRACE_SECONDS = 60
"""A checkpoint signed just before the boundary is cosigned just after it."""


@dataclass(frozen=True)
class LogView:
    """The log up to a checkpoint. ``note``: with cosignatures; ``size``: of the tree, in leaves."""

    store: LogStore
    size: int
    note: bytes

    def tile(self, path: str) -> bytes:
        """The bytes of a tile or entry bundle. Raises ``LookupError`` where this view has no such tile.

        Bundles are not compressed: leaf data are keyed hashes, which do not get any smaller.
        """
        try:
            tile = Tile.parse(path)
        except TileError:
            raise LookupError(path) from None
        if not tile.is_within(self.size):
            raise LookupError(path)
        return tile_bytes(self.store, tile)


def whole_view(platform: Platform) -> LogView | None:
    """As it stands, with the newest cosignatures; None before anything was signed."""
    last = platform.log.checkpoints.last()
    if last is None:
        return None
    return LogView(platform.log, last.size, platform.log.checkpoints.note_with_cosignatures(last))


def public_view(platform: Platform) -> LogView | None:
    """What anybody may see; None before the first boundary after the founding."""
    boundary = public_boundary(platform)
    if boundary is None:
        return whole_view(platform)
    moment = boundary.timestamp()
    last = platform.log.checkpoints.signed_before(moment)
    if last is None:
        return None
    note = platform.log.checkpoints.note_with_cosignatures(last, before=moment + GRACE_SECONDS)
    return LogView(platform.log, last.size, note)


def public_boundary(platform: Platform) -> datetime | None:
    """The moment as of which the log is shown to anybody; None for always the present one."""
    hours = platform.settings.public_checkpoint_hours
    if hours == 0:
        return None
    now = platform.clock().astimezone(SHANGHAI)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(hours=now.hour // hours * hours)
