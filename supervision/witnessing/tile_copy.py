"""A copy of a log's tiles in a directory, laid out as C2SP tlog-tiles: ``checkpoint`` and ``tile/…``.

Nothing gets into it that was not shown to belong to the root of a checkpoint that the witness has cosigned. The
checkpoint is written last, so it never stands for more than what is there. Of each tile on the right edge the widest
is kept; a narrower one, for an older checkpoint, is its beginning.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from events import durable_file
from events.checkpoint import Checkpoint, CheckpointError
from events.merkle import HASH_BYTES
from events.note import NoteError, parse
from events.tiles import (
    CHECKPOINT,
    ENTRIES,
    WIDTH,
    Fetch,
    Tile,
    TileError,
    TileReader,
    decode_bundle,
    encode_bundle,
    tiles_of,
)

_BATCH = 256
"""Bundles that are copied with what one reader remembers, so that memory does not grow with the log."""

_TRIES = 3
"""How often a tile is looked for while a newer one may be taking its place."""


class TileCopy:
    """``directory``: of one log. Reading needs nothing of the witness, so an export on a stick is one, too."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def note(self) -> bytes | None:
        """The checkpoint that the copy stands for, with its signatures, not verified here."""
        try:
            return (self._directory / CHECKPOINT).read_bytes()
        except FileNotFoundError:
            return None

    def checkpoint(self) -> Checkpoint | None:
        """The same without the signatures. Raises :class:`events.tiles.TileError` where it is none."""
        note = self.note()
        if note is None:
            return None
        try:
            return Checkpoint.parse(parse(note).text)
        except (NoteError, CheckpointError) as error:
            raise TileError(f"{CHECKPOINT} 无法识别（{error}）") from None

    @property
    def size(self) -> int:
        """Number of leaves; 0 where the checkpoint is damaged, so that all is copied anew."""
        try:
            checkpoint = self.checkpoint()
        except TileError:
            return 0
        return checkpoint.size if checkpoint else 0

    def read(self, path: str) -> bytes:
        """:data:`events.tiles.Fetch`: a tile, also one that has grown since. Raises ``LookupError``."""
        try:
            tile = Tile.parse(path)
        except TileError:
            raise LookupError(path) from None
        for _ in range(_TRIES):
            for candidate in self._at_least(tile):
                try:
                    return _cut((self._directory / candidate.path).read_bytes(), tile)
                except FileNotFoundError:
                    continue
        raise LookupError(path)

    def _at_least(self, tile: Tile) -> Iterator[Tile]:
        """The tile itself, and those that it is the beginning of."""
        yield tile
        yield Tile(tile.level, tile.number)
        partial = (self._directory / tile.path).parent if tile.width < WIDTH else None
        if partial is not None and partial.is_dir():
            widths = [int(file.name) for file in partial.iterdir() if file.name.isdecimal()]
            yield from (Tile(tile.level, tile.number, width) for width in sorted(widths) if width > tile.width)

    # -- growing ----------------------------------------------------------------------------------------------------

    def extend(self, fetch: Fetch, checkpoint: Checkpoint, note: bytes, *, since: int | None = None) -> None:
        """Copy what the tree of ``checkpoint`` has and the copy has not.

        ``note``: the checkpoint as it is kept, its signatures verified by the caller. ``since``: leaves that are taken
        as copied, those of the copy unless given. Raises :class:`events.tiles.TileError` for tiles that do not belong
        to the checkpoint's root, and what ``fetch`` raises; then the copy stands for what it did before.
        """
        new = list(tiles_of(checkpoint.size, self.size if since is None else since))
        bundles = [tile for tile in new if tile.level == ENTRIES]
        for first in range(0, len(bundles), _BATCH):
            reader = TileReader(fetch, checkpoint.size, checkpoint.root)
            for bundle in bundles[first : first + _BATCH]:
                self._write(bundle.path, encode_bundle(reader.bundle(bundle.number)))
                self._write(Tile(0, bundle.number, bundle.width).path, b"".join(reader.leaves(bundle.number)))
        reader = TileReader(fetch, checkpoint.size, checkpoint.root)
        reader.check_root()
        for tile in new:
            if tile.level > 0:
                self._write(tile.path, b"".join(reader.nodes(tile.coordinates()).values()))
        self._write(CHECKPOINT, note)
        for tile in new:
            self._forget_narrower(tile)

    def check(self) -> None:
        """Whether all of the copy still gives the root of its checkpoint. Raises :class:`events.tiles.TileError`."""
        checkpoint = self.checkpoint()
        if checkpoint is None:
            return
        for first in range(0, -(-checkpoint.size // WIDTH), _BATCH):
            reader = TileReader(self.read, checkpoint.size, checkpoint.root)
            for number in range(first, min(first + _BATCH, -(-checkpoint.size // WIDTH))):
                reader.bundle(number)

    def _forget_narrower(self, tile: Tile) -> None:
        partial = (self._directory / Tile(tile.level, tile.number, 1).path).parent
        if tile.width == WIDTH:
            shutil.rmtree(partial, ignore_errors=True)
            return
        for file in partial.iterdir():
            if not file.name.isdecimal() or int(file.name) < tile.width:
                file.unlink(missing_ok=True)

    def _write(self, path: str, data: bytes) -> None:
        """The whole file or none, on the disk when this returns, the owner's alone."""
        target = self._directory / path
        durable_file.make_directory(target.parent, 0o700)
        durable_file.replace(target, data)


def _cut(data: bytes, tile: Tile) -> bytes:
    """The beginning of a tile or bundle that has at least that width."""
    if tile.level == ENTRIES:
        try:
            return encode_bundle(decode_bundle(data)[: tile.width])
        except TileError:
            return data  # damaged; whoever reads it finds that out
    return data[: tile.width * HASH_BYTES]
