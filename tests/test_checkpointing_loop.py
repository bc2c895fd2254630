"""The log stays signed and cosigned by itself, and nothing that goes wrong with one witness is felt anywhere else."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import update

from events import schema
from events.merkle import Coordinate
from events.note import NoteVerifier
from events.signer_memory import SignerMemory
from events.witness import Answer
from supervision.checkpointing import loop
from supervision.checkpointing.loop import Checkpointing, Courier
from supervision.checkpointing.reaching import HttpWitness as Reached
from supervision.checkpointing.standing import Standings, Trouble
from supervision.checkpointing.submitting import Submitter
from supervision.working_state import WorkingState
from tests.support import cosigning
from tests.support.cosigning import HttpWitness
from tests.support.log import NOON, ORIGIN, Clock, Deployment, open_log, signer
from tests.support.signing import memory_in, signer_of

LOG = NoteVerifier(ORIGIN, signer("log").public_key)
PATIENCE = 20
"""Seconds that a machine with much to do may take over what takes a moment."""


class County:
    """A log, the clock that everybody shares, and how its witnesses stand."""

    def __init__(self, url: str, home: Path) -> None:
        self.home = home
        self.clock = Clock()
        self.log = Deployment(open_log(url, home, self.clock))
        self.store = self.log.store
        working = WorkingState(f"sqlite:///{home / 'working.sqlite'}")
        working.create()
        self.standings = Standings(working, lambda: datetime.fromtimestamp(self.clock.now, UTC))
        memory_in(home)
        self._reached: list[Reached] = []

    def checkpointing(self, *witnesses: HttpWitness, heartbeat: float = 3600) -> Checkpointing:
        couriers = [self._courier(one, heartbeat) for one in witnesses]
        signing = signer_of(self.store, self.home, clock=self.clock)
        return Checkpointing(self.store, signing, couriers, self.standings, self.home / "signer" / "elected")

    def _courier(self, witness: HttpWitness, heartbeat: float) -> Courier:
        self._reached.append(Reached(witness.url))
        submitter = Submitter(witness.known, self._reached[-1].post, self.store.read_nodes, self.clock)
        return Courier(self.store, witness.known, submitter, self.standings, heartbeat, self.clock)

    def close(self) -> None:
        for connection in self._reached:
            connection.close()
        self.store.close()

    def signed(self) -> int:
        last = self.store.checkpoints.last()
        return last.size if last else 0

    def cosigned(self, witness: HttpWitness) -> tuple[int, int]:
        """Size and time."""
        return self.store.checkpoints.last_of(witness.service.home.name) or (0, 0)


@pytest.fixture
def county(database_url: str, tmp_path: Path) -> Iterator[County]:
    made = County(database_url, tmp_path)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests do not wait as long as a county."""
    for name, seconds in {"FIRST_RETRY": 0.05, "LAST_RETRY": 0.1, "REFUSED_SECONDS": 0.1}.items():
        monkeypatch.setattr(loop, name, seconds)


@pytest.fixture
def witness(county: County, tmp_path: Path) -> Iterator[HttpWitness]:
    with cosigning.witness(tmp_path / "city", LOG, county.clock) as listening:
        yield listening


@pytest.fixture
def another(county: County, tmp_path: Path) -> Iterator[HttpWitness]:
    with cosigning.witness(tmp_path / "province", LOG, county.clock, "province.example/witness") as listening:
        yield listening


@contextmanager
def running(*checkpointings: Checkpointing) -> Iterator[None]:
    stop = threading.Event()
    threads = [threading.Thread(target=one.run_forever, args=(stop,)) for one in checkpointings]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def until(condition: Callable[[], object]) -> None:
    """Wait for it."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.01)


def test_what_is_appended_is_signed_and_cosigned_without_anybodys_doing(county: County, witness: HttpWitness) -> None:
    with running(county.checkpointing(witness)):
        for name in ("a", "b", "c"):
            county.log.file_report(name)
            size = county.store.size()
            until(lambda size=size: county.cosigned(witness)[0] == size)
    assert county.signed() == 6


def test_of_several_processes_one_signs_and_another_takes_over(county: County) -> None:
    first, second = county.checkpointing(), county.checkpointing()
    with running(second):
        with running(first):
            county.log.file_report("a")
            until(lambda: county.signed() == 2)
        county.log.file_report("b")
        until(lambda: county.signed() == 4)


def test_a_witness_that_is_away_holds_up_neither_the_log_nor_another_witness(
    county: County, witness: HttpWitness, another: HttpWitness
) -> None:
    asked, back = threading.Event(), threading.Event()

    def away(body: bytes) -> Answer:
        asked.set()
        back.wait(PATIENCE)
        return Answer(503, "text/plain", b"")

    witness.answers = away
    with running(county.checkpointing(witness, another)):
        county.log.file_report("a")
        until(asked.is_set)
        for name in ("b", "c"):
            county.log.file_report(name)
            size = county.store.size()
            until(lambda size=size: county.cosigned(another)[0] == size)
        assert county.cosigned(witness) == (0, 0)
        witness.answers = witness.service.add_checkpoint
        back.set()
        until(lambda: county.cosigned(witness)[0] == 6)
    assert county.standings.of_witness(witness.service.home.name).trouble == ""


def test_a_witness_that_is_down_is_tried_until_it_is_back_and_the_page_is_told(
    county: County, witness: HttpWitness
) -> None:
    name = witness.service.home.name
    witness.answers = lambda body: Answer(500, "text/plain", b"")
    with running(county.checkpointing(witness)):
        county.log.file_report("a")
        until(lambda: county.standings.of_witness(name).trouble == Trouble.UNREACHABLE)
        assert county.standings.of_witness(name).since == NOON
        witness.answers = witness.service.add_checkpoint
        until(lambda: county.cosigned(witness)[0] == 2)
    assert county.standings.of_witness(name).alarm == ""


def test_a_refusal_is_remembered_though_the_witness_cosigns_again(county: County, witness: HttpWitness) -> None:
    name = witness.service.home.name
    witness.answers = lambda body: Answer(422, "text/plain", b"")
    with running(county.checkpointing(witness)):
        county.log.file_report("a")
        until(lambda: county.standings.of_witness(name).alarm == Trouble.INCONSISTENT)
        witness.answers = witness.service.add_checkpoint
        until(lambda: county.cosigned(witness)[0] == 2)
        until(lambda: not county.standings.of_witness(name).trouble)
    standing = county.standings.of_witness(name)
    assert (standing.alarm, standing.alarm_at, standing.alarm_size) == (Trouble.INCONSISTENT, NOON, 2)


def test_while_nothing_happens_the_last_checkpoint_is_cosigned_again(county: County, witness: HttpWitness) -> None:
    county.log.file_report("a")
    with running(county.checkpointing(witness, heartbeat=0.05)):
        until(lambda: county.cosigned(witness) == (2, NOON))
        county.clock.now += 600
        until(lambda: county.cosigned(witness) == (2, NOON + 600))
    last = county.store.checkpoints.last()
    assert last is not None
    assert county.store.checkpoints.note_with_cosignatures(last).count(b"city.example") == 1


def test_a_checkpoint_that_the_log_has_long_outgrown_is_not_cosigned_again(
    county: County, witness: HttpWitness
) -> None:
    """What was recorded since would look as if it had been recorded before the witness looked."""
    county.log.file_report("a")
    checkpointing = county.checkpointing(witness)
    signed = checkpointing.sign()
    assert signed is not None
    (courier,) = checkpointing._couriers
    assert courier.deliver(signed)
    county.clock.now += 3600
    assert courier.deliver(signed)  # nothing has happened since
    county.log.file_report("b")  # and the signer stands still
    assert not courier.deliver(signed)
    assert county.cosigned(witness) == (2, NOON + 3600)


def test_a_log_that_was_put_back_is_neither_signed_nor_cosigned_and_says_why(
    county: County, witness: HttpWitness
) -> None:
    county.log.file_report("a")
    county.log.file_report("b")
    with running(county.checkpointing(witness)):
        until(lambda: county.cosigned(witness)[0] == 4)
        head = county.store.head()
        node = Coordinate(1, 0)
        before = {"size": 2, "frontier": county.store.read_nodes([node])[node]}
        after = {"size": 4, "frontier": county.store.read_nodes([Coordinate(2, 0)])[Coordinate(2, 0)]}
        _tamper(county, before)
        until(lambda: "已签署到第 4 条，现有 2 条" in county.standings.of_signer().refusal)
        _tamper(county, after)
        until(lambda: county.standings.of_signer().refusal == "")
    assert county.store.head() == head


def _tamper(county: County, values: dict[str, object]) -> None:
    with county.store._engine.begin() as connection:
        connection.execute(update(schema.head).values(values))


def test_a_database_that_is_away_for_a_while_ends_nothing(
    county: County, witness: HttpWitness, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = threading.Event()

    def full(*_: object) -> bool:
        failed.set()
        raise OSError("no space left on device")

    county.log.file_report("a")
    with running(county.checkpointing(witness)):
        until(lambda: county.cosigned(witness)[0] == 2)
        with monkeypatch.context() as disk:
            disk.setattr(SignerMemory, "swap", full)
            county.log.file_report("b")
            until(failed.is_set)
            assert county.signed() == 2
        until(lambda: county.cosigned(witness)[0] == 4)
