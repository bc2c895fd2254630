"""A log that is signed, cosigned, copied and published, small enough to die a hundred times.

Log and witness of one county on one machine, made of the parts that serve the real thing. The note of every answer
that left the witness, and of every checkpoint that was signed, is said.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from events.checkpoints import SignedCheckpoint
from events.note import NoteVerifier
from events.policy import Witness
from events.published import export, tile_bytes
from events.signer import CheckpointSigner, first_note
from events.signer_memory import SignerMemory
from events.store import LogStore
from events.tiles import Tile
from events.witness import Answer
from supervision.checkpointing.loop import Courier
from supervision.checkpointing.standing import Standings
from supervision.checkpointing.submitting import Submitter
from supervision.witnessing.home import AT_ONCE, KnownLog, WitnessHome, write_home
from supervision.witnessing.service import WitnessService, open_service
from supervision.working_state import WorkingState
from tests.support.crash_plays import OFFICER, ReportsLife
from tests.support.crashing import Say, Scene
from tests.support.log import ORIGIN, Deployment, digest, open_log, signer

LOG_KEY = signer("log")
WITNESS_NAME = "witness.superior.example"
KNOWN = KnownLog(key=NoteVerifier(ORIGIN, LOG_KEY.public_key), title="云岫县")


def now() -> datetime:
    return datetime.now(UTC)


class Signed:
    """The county: its log in a database, signer and witness and export in ``home``."""

    def __init__(self, url: str, home: Path) -> None:
        self.home = home
        self.store = LogStore(url, home)
        self.memory = SignerMemory(home / "signer")
        self.signer = CheckpointSigner(self.store, LOG_KEY, self.memory)
        self.witness = open_service(home / "witness")
        self.export = home / "export"
        self._working = WorkingState(f"sqlite:///{home / 'working.sqlite3'}")

    @staticmethod
    def found(url: str, home: Path) -> None:
        """Make it, with an officer in its log and nothing signed."""
        log = open_log(url, home)
        Deployment(log).enrol(OFFICER)
        log.close()
        SignerMemory(home / "signer").begin(first_note(ORIGIN, LOG_KEY))
        key = signer("witness")
        witness = WitnessHome(
            directory=home / "witness", name=WITNESS_NAME, title="见证站", publish=AT_ONCE, logs=(KNOWN,), signer=key
        )
        write_home(witness, digest("key", "witness"))
        WitnessService.found(witness)
        working = WorkingState(f"sqlite:///{home / 'working.sqlite3'}")
        working.create()
        working.close()

    def close(self) -> None:
        self.store.close()
        self._working.close()

    def grow(self, name: str) -> None:
        """A report is handed in, unless it was already."""
        life, county = ReportsLife(name), Deployment(self.store)
        if not county.ledger.events_of(life.id):
            life.record(county, life.acts[0])

    def last(self) -> SignedCheckpoint:
        last = self.store.checkpoints.last()
        assert last is not None
        return last

    def courier(self, told: Callable[[Answer], None]) -> Courier:
        """``told``: each answer that the witness has given, before anything is done with it."""

        def post(body: bytes) -> Answer:
            answer = self.witness.add_checkpoint(body)
            told(answer)
            return answer

        witness = Witness("superior", self.witness.home.key)
        submitter = Submitter(witness, post, self.store.read_nodes, time.time)
        return Courier(self.store, witness, submitter, Standings(self._working, now), heartbeat=60)

    def fetch(self, path: str) -> bytes:
        """A tile of the log, as it serves them."""
        return tile_bytes(self.store, Tile.parse(path))


# --- Plays -------------------------------------------------------------------------------------------


def sign(url: str, home: str, name: str) -> Scene:
    """The process starts, the log grows by a report, and the head is signed."""

    def scene(say: Say) -> None:
        county = Signed(url, Path(home))
        county.store.open()
        county.grow(name)
        say("signed", county.signer.sign_head().decode())

    return scene


def cosign(url: str, home: str, name: str) -> Scene:
    """The log has grown and was signed; the witness cosigns, and the log keeps the cosignature."""

    def scene(say: Say) -> None:
        county = Signed(url, Path(home))
        county.store.open()
        county.grow(name)
        say("signed", county.signer.sign_head().decode())
        last = county.last()
        courier = county.courier(lambda answer: say("answered", last.size, answer.status, answer.body.decode()))
        assert courier.deliver(last)
        say("delivered", last.size)

    return scene


def publish(url: str, home: str, name: str) -> Scene:
    """The log was signed and cosigned; the witness copies its tiles, and they are exported."""

    def scene(say: Say) -> None:
        county = Signed(url, Path(home))
        county.store.open()
        say("mirrored", county.witness.mirror(KNOWN, county.fetch))
        say("exported", export(county.store, county.last().note, county.export).size)

    return scene
