"""C2SP tlog-tiles (https://c2sp.org/tlog-tiles): the tree as files of 256 hashes that never change once full.

Tile ``N`` of level ``L`` holds the nodes ``(8L, 256N) … (8L, 256N + 255)`` of :mod:`events.merkle`; a bundle holds the
leaf data of the leaves in a tile of level 0. A path such as ``tile/1/x001/234.p/17`` or ``tile/entries/000`` names
either of them, below the prefix of whoever serves them.

Whoever has tiles can prove: :class:`TileReader` is storage for :mod:`events.merkle` over any function that fetches
files, with the root that is expected, so that nothing fetched is taken on trust.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from events.merkle import HASH_BYTES, Coordinate, Frontier, hash_leaf, hash_node

HEIGHT = 8
WIDTH = 1 << HEIGHT
ENTRIES = -1
"""The level of entry bundles, which C2SP writes ``entries``."""

MAX_LEVEL = 63
CHECKPOINT = "checkpoint"

_PATH = re.compile(
    r"tile/(?P<level>entries|0|[1-9][0-9]?)/(?P<number>(x[0-9]{3}/){0,6}[0-9]{3})(\.p/(?P<width>[1-9][0-9]{0,2}))?"
)
_LENGTH = struct.Struct(">H")

Fetch: TypeAlias = Callable[[str], bytes]
"""Reads the file of a path. Raises ``LookupError`` where there is none, ``OSError`` where it cannot be read."""


class TileError(ValueError):
    """A path that names no tile, or a tile that is not what it should be."""


@dataclass(frozen=True, order=True)
class Tile:
    """``width``: how many hashes or entries it has, 256 for a full one."""

    level: int
    number: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """``tile/<L>/<N>[.p/<W>]``."""
        digits = f"{self.number:03d}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        *before, last = (digits[i : i + 3] for i in range(0, len(digits), 3))
        level = "entries" if self.level == ENTRIES else str(self.level)
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return "/".join(["tile", level, *(f"x{part}" for part in before), last]) + partial

    @classmethod
    def parse(cls, path: str) -> Tile:
        """Raises :class:`TileError` unless ``path`` is what :attr:`path` gives for some tile."""
        found = _PATH.fullmatch(path)
        if found is None:
            raise TileError("路径不是日志的瓦片")
        level = ENTRIES if found["level"] == "entries" else int(found["level"])
        width = int(found["width"]) if found["width"] else WIDTH
        tile = cls(level, int(found["number"].replace("x", "").replace("/", "")), width)
        if tile.path != path or level > MAX_LEVEL or width > WIDTH:
            raise TileError("路径不是日志的瓦片")
        return tile

    def is_within(self, size: int) -> bool:
        """Whether a tree of that size has this tile, at least in part as wide."""
        return self.number * WIDTH + self.width <= size >> (HEIGHT * max(self.level, 0))

    def coordinates(self) -> list[Coordinate]:
        """The nodes whose hashes it holds."""
        first = self.number * WIDTH
        return [Coordinate(self.level * HEIGHT, number) for number in range(first, first + self.width)]


def tiles_of(size: int, since: int = 0) -> Iterator[Tile]:
    """All tiles and bundles of a tree of ``size`` leaves that a tree of ``since`` leaves has not; full ones first."""
    level = ENTRIES
    while (width := size >> (HEIGHT * max(level, 0))) > 0:
        had = since >> (HEIGHT * max(level, 0))
        for number in range(had // WIDTH, width // WIDTH):
            yield Tile(level, number)
        if width % WIDTH and width > had:
            yield Tile(level, width // WIDTH, width % WIDTH)
        level += 1


# --- Bytes -------------------------------------------------------------------------------------------


def encode_bundle(leaf_data: Sequence[bytes]) -> bytes:
    """An entry bundle: each entry's leaf data, at most 65 535 bytes, after its length in two bytes."""
    return b"".join(_LENGTH.pack(len(data)) + data for data in leaf_data)


def decode_bundle(data: bytes) -> list[bytes]:
    """The opposite of :func:`encode_bundle`. Raises :class:`TileError`."""
    entries, at = [], 0
    while at < len(data):
        if at + _LENGTH.size > len(data):
            raise TileError("条目包残缺")
        (length,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size + length
        entries.append(data[at - length : at])
    if at != len(data):
        raise TileError("条目包残缺")
    return entries


def decode_tile(tile: Tile, data: bytes) -> list[bytes]:
    """The hashes of a tile. Raises :class:`TileError`."""
    if len(data) != tile.width * HASH_BYTES:
        raise TileError(f"{tile.path} 应有 {tile.width} 个哈希")
    return [data[i : i + HASH_BYTES] for i in range(0, len(data), HASH_BYTES)]


# --- Reading -----------------------------------------------------------------------------------------


class TileReader:
    """Nodes of a tree of ``size`` leaves and of ``root``, out of tiles that ``fetch`` gives.

    A tile is believed only once it has been shown to belong to ``root``: its parent tile holds its hash, and the tiles
    on the right edge together give the root. What was shown is kept, but for level 0, of which the last tile alone: to
    go through the log takes little memory.
    """

    def __init__(self, fetch: Fetch, size: int, root: bytes) -> None:
        self._fetch = fetch
        self._size = size
        self._root = root
        self._edge: dict[tuple[int, int], list[bytes]] | None = None
        self._shown: dict[tuple[int, int], list[bytes]] = {}
        self._last_leaves: tuple[int, list[bytes]] = (-1, [])

    def nodes(self, wanted: Sequence[Coordinate]) -> Mapping[Coordinate, bytes]:
        """:data:`events.merkle.ReadNodes`; raises :class:`TileError` for tiles that do not give the root."""
        return {node: self._node(node) for node in wanted}

    def leaves(self, number: int) -> list[bytes]:
        """Leaf hashes of the tile ``number`` of level 0, shown to be in the tree. Raises :class:`TileError`."""
        return list(self._tile(0, number))

    def bundle(self, number: int) -> list[bytes]:
        """Leaf data of the leaves ``256 * number …``, each shown to be in the tree. Raises :class:`TileError`."""
        hashes = self._tile(0, number)
        tile, data = self._file(Tile(ENTRIES, number, len(hashes)))
        entries = decode_bundle(data)
        if len(entries) != tile.width or [hash_leaf(one) for one in entries[: len(hashes)]] != hashes:
            raise TileError(f"{tile.path} 与散列树不符")
        return entries[: len(hashes)]

    def check_root(self) -> None:
        """Raises :class:`TileError` unless the tiles on the right edge give the root."""
        self._right_edge()

    def _node(self, node: Coordinate) -> bytes:
        level, within = divmod(node.level, HEIGHT)
        first = node.number << within
        number, start = divmod(first, WIDTH)
        hashes = self._tile(level, number)[start : start + (1 << within)]
        if len(hashes) != 1 << within:
            raise TileError(f"大小为 {self._size} 的树没有第 {node.level} 层第 {node.number} 号节点")
        return _top(hashes)

    def _tile(self, level: int, number: int) -> list[bytes]:
        """The hashes of a tile, shown to be in the tree."""
        at = level, number
        known = self._right_edge().get(at) or self._shown.get(at)
        if known is not None:
            return known
        if level == 0 and self._last_leaves[0] == number:
            return self._last_leaves[1]
        # A tile that is not on the edge is full, and its hash is in its parent.
        hashes = self._hashes(level, number)
        above, child = divmod(number, WIDTH)
        if _top(hashes) != self._tile(level + 1, above)[child]:
            raise TileError(f"{Tile(level, number).path} 与散列树不符")
        if level == 0:
            self._last_leaves = number, hashes
        else:
            self._shown[at] = hashes
        return hashes

    def _right_edge(self) -> Mapping[tuple[int, int], list[bytes]]:
        """The partial tiles on the right, whose peaks give the root."""
        if self._edge is None:
            edge = {}
            peaks: list[bytes] = []
            level = 0
            while (width := self._size >> (HEIGHT * level)) > 0:
                if width % WIDTH:
                    hashes = edge[level, width // WIDTH] = self._hashes(level, width // WIDTH)
                    peaks[:0] = _peaks(hashes)
                level += 1
            if Frontier(self._size, peaks).root() != self._root:
                raise TileError("瓦片算出的根与检查点的根不同")
            self._edge = edge
        return self._edge

    def _hashes(self, level: int, number: int) -> list[bytes]:
        """The hashes that the tree has of a tile, as fetched."""
        width = min((self._size >> (HEIGHT * level)) - number * WIDTH, WIDTH)
        if width <= 0:
            raise TileError(f"大小为 {self._size} 的树没有第 {level} 层第 {number} 号瓦片")
        return decode_tile(*self._file(Tile(level, number, width)))[:width]

    def _file(self, tile: Tile) -> tuple[Tile, bytes]:
        """The tile, or the full one where the partial one has gone, as C2SP allows."""
        for candidate in dict.fromkeys((tile, Tile(tile.level, tile.number))):
            try:
                return candidate, self._fetch(candidate.path)
            except LookupError:
                continue
        raise TileError(f"缺少 {tile.path}")


def _peaks(hashes: Sequence[bytes]) -> list[bytes]:
    """The complete subtrees that the hashes form, largest first."""
    peaks, at = [], 0
    while at < len(hashes):
        width = 1 << ((len(hashes) - at).bit_length() - 1)
        peaks.append(_top(hashes[at : at + width]))
        at += width
    return peaks


def _top(hashes: Sequence[bytes]) -> bytes:
    """The hash over 1, 2, 4, … neighbouring nodes."""
    while len(hashes) > 1:
        hashes = [hash_node(hashes[i], hashes[i + 1]) for i in range(0, len(hashes), 2)]
    return hashes[0]
