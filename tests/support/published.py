"""A published log without a database: any number of leaves, its files, and checkpoints that it and a witness signed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from events import merkle
from events.checkpoint import Checkpoint
from events.cosignature import CosignatureVerifier, cosign
from events.merkle import Coordinate, Frontier, hash_leaf
from events.note import Note, NoteVerifier, sign
from events.policy import Policy, Witness
from events.proof import LogProof
from events.tiles import CHECKPOINT, ENTRIES, Tile, encode_bundle, tiles_of
from tests.support.log import NOON, ORIGIN, signer

LOG, WITNESS = signer("log"), signer("witness")
LOG_KEY = NoteVerifier(ORIGIN, LOG.public_key)
WITNESS_KEY = CosignatureVerifier("city.example/witness", WITNESS.public_key)
POLICY = Policy((LOG_KEY,), (Witness("city", WITNESS_KEY),), quorum="city")


def leaf(index: int) -> bytes:
    """Leaf data of the form that a log has: a version and 32 bytes."""
    return b"\x01" + hashlib.sha256(b"leaf %d" % index).digest()


class PublishedLog:
    """The log whose leaf data is :func:`leaf` of 0, 1, 2, … up to ``size``."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.leaves = [leaf(index) for index in range(size)]
        self._nodes: dict[Coordinate, bytes] = {}
        frontier = Frontier()
        for data in self.leaves:
            self._nodes.update(frontier.append(hash_leaf(data)))
        self.root = frontier.root()

    def read(self, wanted: Sequence[Coordinate]) -> Mapping[Coordinate, bytes]:
        """:data:`events.merkle.ReadNodes`."""
        return {node: self._nodes[node] for node in wanted}

    def tile(self, tile: Tile) -> bytes:
        """A tile or bundle."""
        if tile.level == ENTRIES:
            first = tile.number * 256
            return encode_bundle(self.leaves[first : first + tile.width])
        return b"".join(self._nodes[node] for node in tile.coordinates())

    def root_of(self, size: int) -> bytes:
        return merkle.tree_root(size, self.read)

    def checkpoint(self, size: int | None = None, timestamps: Sequence[int] = (NOON,)) -> bytes:
        """A checkpoint of the first ``size`` leaves, cosigned at these times."""
        size = self.size if size is None else size
        text = Checkpoint(ORIGIN, size, self.root_of(size)).text()
        cosignatures = (cosign(text, WITNESS_KEY.name, WITNESS, timestamp) for timestamp in timestamps)
        return Note(text, (sign(text, ORIGIN, LOG), *cosignatures)).encode()

    def proof(self, index: int, size: int | None = None) -> LogProof:
        """Of a leaf in the tree of the first ``size``."""
        size = self.size if size is None else size
        hashes = tuple(merkle.prove_inclusion(index, size, self.read))
        return LogProof(self.leaves[index], index, hashes, self.checkpoint(size))

    @cached_property
    def files(self) -> dict[str, bytes]:
        """An export by path."""
        return {CHECKPOINT: self.checkpoint()} | {tile.path: self.tile(tile) for tile in tiles_of(self.size)}

    def write(self, directory: Path) -> Path:
        """The export as a directory."""
        for path, data in self.files.items():
            (directory / path).parent.mkdir(parents=True, exist_ok=True)
            (directory / path).write_bytes(data)
        return directory


def flipped(data: bytes, bit: int) -> bytes:
    """``data`` with one bit, counted from its beginning, turned over."""
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)
