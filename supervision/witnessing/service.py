"""The witness at work: cosigns what its logs submit, keeps a copy of their tiles, and says what it has seen."""

from __future__ import annotations

import base64
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from functools import cached_property
from pathlib import Path

from events.checkpoint import Checkpoint
from events.cosignature import cosign
from events.merkle import prove_consistency, tree_root
from events.note import Note, NoteVerifier, parse
from events.tiles import Fetch, Tile, TileError, TileReader
from events.witness import Answer, Contradiction, Cosigned, add_checkpoint, read_cosigned
from supervision.business_time import SHANGHAI
from supervision.witnessing.fetching import LogAddress
from supervision.witnessing.home import DAILY, KnownLog, WitnessHome
from supervision.witnessing.state import Attempt, KeptEvidence, StateFile
from supervision.witnessing.tile_copy import TileCopy

STATE = "state.sqlite"
TILES = "tiles"

BEHIND = timedelta(days=1)
"""How much later than it was signed a checkpoint may reach the witness; where days are looked up by their tree."""


@dataclass(frozen=True)
class Range:
    """Leaves ``first`` … ``last - 1``, by index."""

    first: int
    last: int


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a log stands with this witness. ``shown``: what anybody may see, ``copied``: leaves in the copy."""

    log: KnownLog
    latest: Cosigned | None
    shown: Cosigned | None
    copied: int
    attempt: Attempt | None
    evidence: Sequence[KeptEvidence]


class WitnessService:
    """One witness as one process sees it. ``clock``: Unix seconds. ``local``: logs, by origin, whose tiles are read
    within this process (the demonstration); all others are fetched from their address."""

    def __init__(
        self,
        home: WitnessHome,
        clock: Callable[[], float] = time.time,
        local: Callable[[str], Fetch | None] = lambda origin: None,
    ) -> None:
        self.home = home
        self.state = StateFile(home.directory / STATE)
        self._clock = clock
        self._local = local
        self._addresses: dict[str, LogAddress] = {}

    @classmethod
    def found(cls, home: WitnessHome) -> WitnessService:
        """Make the memory of a new witness. Raises ``FileExistsError`` where there is one."""
        service = cls(home)
        service.state.create()
        return service

    # -- cosigning --------------------------------------------------------------------------------------------------

    @cached_property
    def _keys(self) -> dict[str, Sequence[NoteVerifier]]:
        return {log.origin: (log.key,) for log in self.home.logs}

    def add_checkpoint(self, body: bytes) -> Answer:
        """:func:`events.witness.add_checkpoint`. Raises :class:`events.witness.DamagedState`, ``OSError``."""
        return add_checkpoint(
            body,
            logs=self._keys,
            state=self.state,
            signer=self.home.signer,
            name=self.home.name,
            now=int(self._clock()),
        )

    def cosign_from(self, log: KnownLog, copy: TileCopy) -> Answer:
        """Decide about the checkpoint of an export as if it had been submitted, with a proof made of its tiles.

        Raises :class:`events.tiles.TileError` where the export has no checkpoint or does not fit it.
        """
        note, new = copy.note(), copy.checkpoint()
        if note is None or new is None:
            raise TileError("目录中没有 checkpoint")
        latest = self.latest(log)
        old = latest.size if latest else 0
        reader = TileReader(copy.read, new.size, new.root)
        proof = prove_consistency(old, new.size, reader.nodes) if old <= new.size else []
        lines = [f"old {old}", *(base64.b64encode(digest).decode() for digest in proof)]
        return self.add_checkpoint("\n".join(lines).encode() + b"\n\n" + note)

    # -- what it has seen ---------------------------------------------------------------------------------------------

    def latest(self, log: KnownLog) -> Cosigned | None:
        """The largest tree that was cosigned. For the witness's own eyes, see :meth:`shown`."""
        return self._read(log, self.state.latest(log.origin))

    def shown(self, log: KnownLog, *, up_to: int | None = None) -> Cosigned | None:
        """The cosigned tree that anybody may see, of at most ``up_to`` leaves.

        Where it is published daily, as of a midnight, with a cosignature that says so: that of the moment would tell
        when the last report of the day came.
        """
        if self.home.publish != DAILY:
            note = self.state.latest(log.origin) if up_to is None else self.state.largest(log.origin, up_to=up_to)
            return self._read(log, note)
        outgrown = None if up_to is None else self.state.outgrown_at(log.origin, up_to)
        moment = min(self._clock(), outgrown or math.inf)
        midnight = _begin(datetime.fromtimestamp(moment, SHANGHAI).date())
        size = self.state.size_before(log.origin, midnight)
        seen = self._read(log, self.state.of_size(log.origin, size))
        return None if seen is None else self._as_of(midnight, seen)

    def _as_of(self, moment: int, seen: Cosigned) -> Cosigned:
        """The same tree, cosigned as the largest one at that moment."""
        note, own = parse(seen.note), self.home.key
        others = tuple(one for one in note.signatures if not one.is_of(own))
        line = cosign(note.text, own.name, self.home.signer, moment)
        return Cosigned(seen.size, seen.root, moment, Note(note.text, (*others, line)).encode())

    def shown_copy(self, log: KnownLog) -> Cosigned | None:
        """The same, as far as the copy of the tiles has got."""
        return self.shown(log, up_to=self.copy_of(log).size)

    def tile(self, log: KnownLog, path: str) -> bytes:
        """A tile of the tree that anybody may see. Raises ``LookupError``."""
        shown = self.shown_copy(log)
        try:
            within = shown is not None and Tile.parse(path).is_within(shown.size)
        except TileError:
            within = False
        if not within:
            raise LookupError(path)
        return self.copy_of(log).read(path)

    def days(self, log: KnownLog, first: date, last: date) -> Range:
        """Where leaves of these days lie in the tree that anybody may see, both included; rather too many than too few.

        What was in a tree that was cosigned before the first day is older; what is not in one that was signed after the
        last day is younger.
        """
        shown = self.shown_copy(log)
        size = shown.size if shown else 0
        begin = self.state.size_before(log.origin, _begin(first))
        end = self.state.size_from(log.origin, _begin(last + timedelta(days=1) + BEHIND))
        return Range(min(begin, size), min(end if end is not None else size, size))

    def standing(self, log: KnownLog) -> Standing:
        """Everything about a log at once."""
        return Standing(
            log=log,
            latest=self.latest(log),
            shown=self.shown(log),
            copied=self.copy_of(log).size,
            attempt=self.state.last_attempt(log.origin),
            evidence=self.state.evidence(log.origin),
        )

    # -- the copy of the tiles ----------------------------------------------------------------------------------------

    def copy_of(self, log: KnownLog) -> TileCopy:
        """The copy of this log's tiles."""
        return TileCopy(self.home.directory / TILES / log.hash)

    def is_behind(self, log: KnownLog) -> bool:
        """Whether there is more to copy."""
        latest = self.latest(log)
        return latest is not None and (latest.size > self.copy_of(log).size or self.copy_of(log).note() is None)

    def source(self, log: KnownLog) -> Fetch | None:
        """Where its tiles come from without anybody's doing; None where they are carried by hand."""
        if local := self._local(log.origin):
            return local
        if log.url and log.origin not in self._addresses:
            self._addresses[log.origin] = LogAddress(log.url, self.home.tokens.get(log.origin, b""))
        return self._addresses[log.origin].fetch if log.url else None

    def mirror(self, log: KnownLog, fetch: Fetch, *, up_to: int | None = None, anew: bool = False) -> int:
        """Copy the tiles of the largest cosigned tree, of at most ``up_to`` leaves; returns the size of the copy.

        ``anew``: also those that were copied before. Raises :class:`events.tiles.TileError` for tiles that are not of
        the cosigned tree, ``OSError`` where they cannot be had. How it went is remembered.
        """
        note = self.state.latest(log.origin) if up_to is None else self.state.largest(log.origin, up_to=up_to)
        target, copy = self._read(log, note), self.copy_of(log)
        try:
            if target is not None and (anew or target.size >= copy.size):
                checkpoint = Checkpoint.parse(parse(target.note).text)
                copy.extend(fetch, checkpoint, target.note, since=0 if anew else None)
                self._settle(log, copy)
        except (TileError, OSError) as problem:
            self.state.note_attempt(log.origin, Attempt(int(self._clock()), str(problem)))
            raise
        self.state.note_attempt(log.origin, Attempt(int(self._clock()), ""))
        return copy.size

    def _settle(self, log: KnownLog, copy: TileCopy) -> None:
        """What came without a valid proof and lies within the copy: the tiles show whether it is a fork."""
        tree = copy.checkpoint()
        for kept in self.state.evidence(log.origin):
            suspected = kept.evidence
            if tree is None or suspected.kind is not Contradiction.UNPROVEN or suspected.size > tree.size:
                continue
            root = tree_root(suspected.size, TileReader(copy.read, tree.size, tree.root).nodes)
            genuine = Checkpoint.parse(parse(suspected.note).text).root == root
            self.state.settle(suspected, against=None if genuine else copy.note())

    def _read(self, log: KnownLog, note: bytes | None) -> Cosigned | None:
        return None if note is None else read_cosigned(note, self.home.key, log.origin)


def open_service(directory: Path, local: Callable[[str], Fetch | None] = lambda origin: None) -> WitnessService:
    """The witness that lives in ``directory``, its memory checked. Raises :class:`BadSetting`, ``DamagedState``."""
    service = WitnessService(WitnessHome.load(directory), local=local)
    service.state.check()
    for log in service.home.logs:
        service.latest(log)
    return service


def _begin(day: date) -> int:
    return int(datetime.combine(day, time_of_day(), SHANGHAI).timestamp())
