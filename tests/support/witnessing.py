"""A witness with a home of its own, what a log submits to it, and a log that was rewritten."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from events.checkpoint import Checkpoint
from events.merkle import Frontier, hash_leaf, prove_consistency
from events.note import Note, sign
from events.signing import Signer
from events.tiles import Fetch, Tile
from supervision.checkpointing.submitting import request_body
from supervision.witnessing.home import AT_ONCE, KnownLog, WitnessHome, write_home
from supervision.witnessing.service import WitnessService
from tests.support.log import NOON, ORIGIN, digest
from tests.support.published import LOG, LOG_KEY, WITNESS, WITNESS_KEY, PublishedLog, leaf

SEED = digest("key", "witness")
"""Of :data:`tests.support.published.WITNESS`."""


class LogOf(PublishedLog):
    """A log of any leaf data. ``origin``, ``key``: who signs it, as in :mod:`tests.support.published` unless given."""

    def __init__(self, leaves: Sequence[bytes], origin: str = ORIGIN, key: Signer = LOG) -> None:
        super().__init__(0)
        self.leaves = list(leaves)
        self.size = len(self.leaves)
        frontier = Frontier()
        for data in self.leaves:
            self._nodes.update(frontier.append(hash_leaf(data)))
        self.root = frontier.root()
        self._origin, self._key = origin, key

    def checkpoint(self, size: int | None = None, timestamps: Sequence[int] = ()) -> bytes:
        """Signed by the log; nobody cosigns it here."""
        size = self.size if size is None else size
        text = Checkpoint(self._origin, size, self.root_of(size)).text()
        return Note(text, (sign(text, self._origin, self._key),)).encode()


class RewrittenLog(LogOf):
    """The same log, signed with the same genuine key, as if the leaf ``without`` had never been there."""

    def __init__(self, size: int, without: int) -> None:
        super().__init__([leaf(index) for index in range(size + 1) if index != without])


def lay_witness(directory: Path, *, publish: str = AT_ONCE, url: str = "") -> WitnessHome:
    """The home of a witness that knows the log of :mod:`tests.support.published`."""
    home = WitnessHome(
        directory=directory,
        name=WITNESS_KEY.name,
        title="市纪委监委见证站",
        complaints="市纪委监委信访室",
        publish=publish,
        logs=(KnownLog(key=LOG_KEY, url=url, title="云岫县监督举报平台"),),
        signer=WITNESS,
        tokens={LOG_KEY.name: digest("token")},
    )
    write_home(home, SEED)
    WitnessService.found(home)
    return home


def make_witness(
    directory: Path,
    clock: Callable[[], float] = lambda: NOON,
    *,
    publish: str = AT_ONCE,
    local: Fetch | None = None,
) -> WitnessService:
    """A witness at work. ``local``: where it reads tiles without being told."""
    lay_witness(directory, publish=publish)
    return WitnessService(WitnessHome.load(directory), clock, lambda origin: local)


def submission(log: PublishedLog, old: int, new: int) -> bytes:
    """What the log posts to ``add-checkpoint``."""
    proof = prove_consistency(old, new, log.read) if 0 < old <= new else []
    return request_body(old, proof, log.checkpoint(new, timestamps=()))


def tiles_from(log: PublishedLog) -> Fetch:
    """Tiles of a log of any size up to its own, as its server gives them."""

    def fetch(path: str) -> bytes:
        tile = Tile.parse(path)
        if not tile.is_within(log.size):
            raise LookupError(path)
        return log.tile(tile)

    return fetch
