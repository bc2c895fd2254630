"""kill -9, and a power failure, between every two steps of sign, cosign, copy and publish.

After each death everything is opened anew. The signer has never signed two roots for one size and goes on from what it
signed last; the witness remembers whatever it has answered; copy and export stand for no more than what is there; and
what was interrupted is done again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from events.checkpoint import Checkpoint
from events.merkle import tree_root
from events.note import open_note, parse
from events.published import export, files_in
from events.tiles import CHECKPOINT, WIDTH, TileReader
from events.vocabulary.sealed_report import SealedReportRegistered
from tests.support.crash_checkpoints import KNOWN, Signed, cosign, publish, sign
from tests.support.crash_places import DEATHS_IN_ONE_PLACE, Places, places
from tests.support.crash_plays import OFFICER
from tests.support.crashing import Life, Nursery, Scene, report
from tests.support.log import ACTED, Deployment, signer, stream
from tests.support.office import DATABASES
from tests.support.power_loss import lose_power

SIGN = ("events/signer.py", "events/signer_memory.py", "events/durable_file.py", "events/checkpoints.py")
COSIGN = (
    "supervision/checkpointing/loop.py",
    "supervision/checkpointing/submitting.py",
    "supervision/checkpointing/standing.py",
    "events/witness.py",
    "events/cosignature.py",
    "events/checkpoints.py",
    "supervision/witnessing/service.py",
    "supervision/witnessing/state.py",
)
PUBLISH = (
    "events/published.py",
    "events/durable_file.py",
    "supervision/witnessing/service.py",
    "supervision/witnessing/tile_copy.py",
    "supervision/witnessing/state.py",
)


class Promises:
    """What a county's log and its witness have said, in all the lives of their processes, and must keep to."""

    def __init__(self, url: str, home: Path) -> None:
        self.url, self.home = url, home
        self._texts: dict[int, str] = {}
        Signed.found(url, home)

    @contextmanager
    def restarted(self) -> Iterator[Signed]:
        county = Signed(self.url, self.home)
        try:
            county.store.open()
            yield county
        finally:
            county.close()

    def fill(self, entries: int) -> None:
        """So that the first tile is nearly full."""
        with self.restarted() as county:
            events = [
                SealedReportRegistered(
                    originator_id=stream(f"filler {number}"), originator_version=1, **ACTED, actor=OFFICER, number="1"
                )
                for number in range(entries)
            ]
            Deployment(county.store).ledger.record(*events, signer=signer(OFFICER))

    def prepare(self, name: str) -> None:
        """Another report, signed and cosigned, ready to be copied and published."""
        with self.restarted() as county:
            self._sign_and_cosign(county, name)

    def check_after(self, death: Life, name: str) -> None:
        with self.restarted() as county:
            county.signer.check()
            self._check_signer(county, death)
            self._check_witness(county, death)
            self._check_copies(county, death)
            self._sign_and_cosign(county, name)
            size = county.last().size
            assert county.witness.mirror(KNOWN, county.fetch) == size
            assert export(county.store, county.last().note, county.export).size == size
            check_copies(county, size, size)
            self._check_roots(county)

    def _sign_and_cosign(self, county: Signed, name: str) -> None:
        county.grow(name)
        self._see_signed(county.signer.sign_head())
        last = county.last()
        assert last.size == county.store.size()
        assert county.courier(lambda answer: None).deliver(last)
        assert next(county.store.checkpoints.cosigned())[0] == last
        latest = county.witness.latest(KNOWN)
        assert latest is not None
        assert latest.size == last.size

    def _see_signed(self, note: bytes) -> int:
        """Of each size the key has signed one text. Returns the size."""
        opened, signed_by = open_note(note, [KNOWN.key])
        assert signed_by
        size = Checkpoint.parse(opened.text).size
        assert self._texts.setdefault(size, opened.text) == opened.text
        return size

    def _check_roots(self, county: Signed) -> None:
        """The stored nodes give all roots that were ever signed."""
        for text in self._texts.values():
            checkpoint = Checkpoint.parse(text)
            assert tree_root(checkpoint.size, county.store.read_nodes) == checkpoint.root

    def verify(self) -> None:
        """Every event, and the tree built anew from them."""
        with self.restarted() as county:
            roots = {size: Checkpoint.parse(text).root for size, text in self._texts.items()}
            assert Deployment(county.store).verify(roots).count == county.store.size()

    def _check_signer(self, county: Signed, death: Life) -> None:
        remembered = self._see_signed(county.memory.recall().note)
        last = county.store.checkpoints.last()
        published = self._see_signed(last.note) if last else 0
        assert published <= remembered
        assert max(self._texts) <= remembered, "the signer went back"
        for note in (note for what, note, *_ in death.said if what == "signed"):
            assert self._see_signed(note.encode()) <= published

    def _check_witness(self, county: Signed, death: Life) -> None:
        latest, key = county.witness.latest(KNOWN), county.witness.home.key
        for size, status, line in (answer for what, *answer in death.said if what == "answered"):
            if status == 200:
                open_note(self._texts[size].encode() + b"\n" + line.encode(), [key])
                assert latest is not None
                assert latest.size >= size, "the witness forgot what it cosigned"
        if latest is not None:
            self._see_signed(latest.note)
        for size in (size for what, size, *_ in death.said if what == "delivered"):
            assert [checkpoint.size for checkpoint, _ in county.store.checkpoints.cosigned(size)] == [size]

    def _check_copies(self, county: Signed, death: Life) -> None:
        done = {what: size for what, size, *_ in death.said}
        check_copies(county, done.get("mirrored", 0), done.get("exported", 0))


def check_copies(county: Signed, mirrored: int, exported: int) -> None:
    """Copy and export are whole, and have at least these sizes."""
    copy = county.witness.copy_of(KNOWN)
    copy.check()
    assert copy.size >= mirrored
    read = files_in(county.export)
    try:
        checkpoint = Checkpoint.parse(parse(read(CHECKPOINT)).text)
    except LookupError:
        assert exported == 0
        return
    assert checkpoint.size >= exported
    reader = TileReader(read, checkpoint.size, checkpoint.root)
    reader.check_root()
    for number in range(-(-checkpoint.size // WIDTH)):
        reader.bundle(number)


@pytest.fixture(params=DATABASES)
def somewhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Places]:
    with places(request, tmp_path) as found:
        yield found


@pytest.fixture
def here(tmp_path: Path) -> Places:
    """For what is done to files, which no database changes."""
    return Places(tmp_path, None)


def die_everywhere(
    step: str, play: Callable[..., Scene], traced: tuple[str, ...], where: Places, *, stride: int, fewest: int,
    losing_power: bool = False, filled: int = 0, prepared: bool = False,
) -> None:  # fmt: skip
    with Nursery() as nursery:

        def settle(name: str) -> Promises:
            promises = Promises(*where.new())
            promises.fill(filled)
            if prepared:
                promises.prepare(name)
            return promises

        county = settle("nobody dies")
        points = nursery.points(
            play, county.url, county.home, "nobody dies", traced=traced, home=county.home, stride=stride
        )
        deaths = []
        for number, point in enumerate(points):
            if number % DEATHS_IN_ONE_PLACE == 0:
                county.verify()
                county = settle(str(number))
            elif prepared:
                county.prepare(str(number))
            watched = county.home if losing_power else None
            death = nursery.live(
                play, county.url, county.home, str(number), traced=traced, die_at=point, watched=watched
            )
            deaths += [point] * death.died
            with point.blamed():
                lose_power(death.files)
                county.check_after(death, str(number))
        county.verify()
    report(f"{step}, {where.kind}", deaths, fewest=fewest)


def test_a_signer_killed_before_any_line_has_signed_one_root_for_each_size(somewhere: Places) -> None:
    stride = {"sqlite": 5, "postgresql": 10}[somewhere.kind]
    die_everywhere("sign", sign, SIGN, somewhere, stride=stride, fewest=12)


def test_a_signer_that_lost_power_before_any_line_has_signed_one_root_for_each_size(here: Places) -> None:
    die_everywhere("sign, power lost", sign, SIGN, here, stride=5, fewest=15, losing_power=True)


def test_a_log_and_witness_killed_before_any_line_of_cosigning_keep_what_they_said(somewhere: Places) -> None:
    stride = {"sqlite": 8, "postgresql": 16}[somewhere.kind]
    die_everywhere("cosign", cosign, COSIGN, somewhere, stride=stride, fewest=12)


def test_copy_and_export_killed_before_any_line_stand_for_what_is_there(here: Places) -> None:
    die_everywhere("publish", publish, PUBLISH, here, stride=8, fewest=25, filled=225, prepared=True)


def test_copy_and_export_that_lost_power_before_any_line_stand_for_what_is_there(here: Places) -> None:
    die_everywhere(
        "publish, power lost", publish, PUBLISH, here,
        stride=8, fewest=25, filled=225, prepared=True, losing_power=True,
    )  # fmt: skip
