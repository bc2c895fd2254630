"""The log as the files of C2SP tlog-tiles: one by one for a server, or all of them in a directory.

A directory made by :func:`export` is a static site that any tlog-tiles client can check: ``checkpoint`` and, under
``tile/``, the full tiles and bundles of its tree and the partial ones on the right edge. The checkpoint is written
last, after everything that it stands for has been read back and shown to give its root: a directory never looks
finished before it is.
"""

from __future__ import annotations

from pathlib import Path

from events import durable_file, merkle
from events.checkpoint import Checkpoint, CheckpointError
from events.leaf import leaf_data
from events.note import NoteError, parse
from events.store import DamagedLog, LogStore
from events.tiles import CHECKPOINT, ENTRIES, WIDTH, Fetch, Tile, TileError, TileReader, encode_bundle, tiles_of


class ExportRefused(ValueError):
    """The directory holds something that is not an earlier export of the same log."""


def tile_bytes(store: LogStore, tile: Tile) -> bytes:
    """A tile or entry bundle as it is served, of the width that ``tile`` names.

    Raises ``LookupError`` where the log has no such tile (yet), :class:`events.store.DamagedLog` where entries or nodes
    of it are missing.
    """
    head = store.head()
    if not tile.is_within(head.size):
        raise LookupError(f"大小为 {head.size} 的日志没有 {tile.path}")
    return _bundle(store, head.origin, tile) if tile.level == ENTRIES else _hashes(store, tile)


def _bundle(store: LogStore, origin: str, tile: Tile) -> bytes:
    first = tile.number * WIDTH + 1
    recorded = store.entries(first, tile.width)
    if [one.position for one in recorded] != list(range(first, first + tile.width)):
        raise DamagedLog(f"日志第 {first} 条至第 {first + tile.width - 1} 条有缺失，请运行 supervision verify 查看")
    return encode_bundle([leaf_data(origin, one.entry) for one in recorded])


def _hashes(store: LogStore, tile: Tile) -> bytes:
    wanted = tile.coordinates()
    nodes = store.read_nodes(wanted)
    if len(nodes) != len(wanted):
        raise DamagedLog(f"日志树缺少 {tile.path} 中的节点，请运行 supervision verify 查看")
    return b"".join(nodes[node] for node in wanted)


# --- A directory -------------------------------------------------------------------------------------


def files_in(directory: Path) -> Fetch:
    """What reads an export: the file of a path. Raises ``LookupError`` where there is none."""

    def fetch(path: str) -> bytes:
        try:
            return (directory / path).read_bytes()
        except FileNotFoundError:
            raise LookupError(path) from None

    return fetch


def export(store: LogStore, checkpoint_note: bytes, directory: Path) -> Checkpoint:
    """Write checkpoint, tiles and bundles of the checkpoint's tree; returns the checkpoint.

    ``checkpoint_note``: a signed checkpoint of this log, whose signatures the caller has verified. Over an earlier
    export of this log only what is new is written. Raises :class:`ExportRefused` before anything is written,
    :class:`events.store.DamagedLog` where the stored log does not give the checkpoint's root, ``OSError``.
    """
    checkpoint = Checkpoint.parse(parse(checkpoint_note).text)
    since = _exported_size(store, checkpoint, directory)
    durable_file.make_directory(directory)
    for tile in tiles_of(checkpoint.size, since):
        path = directory / tile.path
        durable_file.make_directory(path.parent)
        durable_file.replace(path, tile_bytes(store, tile))
    try:
        reader = TileReader(files_in(directory), checkpoint.size, checkpoint.root)
        for number in range(since // WIDTH, -(-checkpoint.size // WIDTH)):
            reader.bundle(number)
        reader.check_root()
    except TileError as error:
        raise DamagedLog(f"导出的日志与检查点不符（{error}），请运行 supervision verify 查看") from None
    durable_file.replace(directory / CHECKPOINT, checkpoint_note)
    return checkpoint


def _exported_size(store: LogStore, checkpoint: Checkpoint, directory: Path) -> int:
    """How many leaves the directory holds already, 0 where it holds no finished export."""
    head = store.head()
    if checkpoint.origin != head.origin or checkpoint.size > head.size:
        raise ExportRefused("检查点不是本日志的，或者比日志还大")
    try:
        before = Checkpoint.parse(parse((directory / CHECKPOINT).read_bytes()).text)
    except FileNotFoundError:
        return 0  # nothing yet, or an export that was interrupted: it is written anew
    except (NoteError, CheckpointError) as error:
        raise ExportRefused(f"{directory} 中的 checkpoint 无法识别（{error}），请换一个目录") from None
    if before.origin != checkpoint.origin:
        raise ExportRefused(f"{directory} 中是另一个日志（{before.origin}），请换一个目录")
    if before.size > checkpoint.size:
        raise ExportRefused(f"{directory} 中已有 {before.size} 条，多于本次的 {checkpoint.size} 条，请换一个目录")
    if merkle.tree_root(before.size, store.read_nodes) != before.root:
        raise ExportRefused(f"{directory} 中的前 {before.size} 条与本日志不同：请保留该目录，并运行 supervision verify")
    return before.size
