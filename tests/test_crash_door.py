"""kill -9, and a power failure, between every two steps of handing in a report with a file.

The file is on the disk under its final name before the event that names it; what is not recorded leaves nothing but
ciphertext whose key is lost; and handing in again with the same code is one report.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from events.vocabulary.intake import ReceiptIssued, ReportReceived
from supervision.intake.door import AlreadyAdmitted
from supervision.intake.status_lookup import find_report
from supervision.platform import Platform
from supervision.sealing.receipt import ReceiptCode
from supervision.verifying import verify_platform
from tests.support.clock import Clock
from tests.support.crash_places import DEATHS_IN_ONE_PLACE, Places, places
from tests.support.crash_plays import EVIDENCE, NARRATIVE, admit, handed_in
from tests.support.crashing import Life, Nursery, report
from tests.support.deployment import make_deployment, open_deployment
from tests.support.office import DATABASES, NOW
from tests.support.power_loss import lose_power

DOOR = (
    "supervision/intake/door.py",
    "supervision/sealing/files.py",
    "events/durable_file.py",
    "events/store.py",
)


@pytest.fixture(params=DATABASES)
def somewhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Places]:
    with places(request, tmp_path) as found:
        yield found


class County:
    """A new county, before its first report."""

    def __init__(self, url: str, home: Path) -> None:
        self.url, self.home = url, home
        self._positions: dict[str, int] = {}
        make_deployment(home, url, clock=Clock(NOW)).close()

    def check_after(self, death: Life, code: ReceiptCode) -> None:
        with closing(open_deployment(self.home, self.url, clock=Clock(NOW))) as platform:
            for _, report_id, position in death.said:
                self._positions[report_id] = position
            verify_platform(platform)  # with every file that an event names
            self._check_answered(platform)
            self._hand_in_again(platform, code)
            verify_platform(platform)
        for path in self.home.rglob("*"):
            data = path.read_bytes() if path.is_file() else b""
            assert NARRATIVE.encode() not in data and EVIDENCE[:99] not in data, f"plaintext in {path.name}"

    def _check_answered(self, platform: Platform) -> None:
        for report_id, position in self._positions.items():
            (stored,) = platform.ledger.stored(position, 1)
            assert isinstance(stored.event, ReportReceived)
            assert str(stored.event.originator_id) == report_id

    def _hand_in_again(self, platform: Platform, code: ReceiptCode) -> None:
        secrets = code.derive(platform.settings.origin)
        before = find_report(platform, secrets)
        try:
            admitted = platform.public_door.admit(handed_in(platform, code), code)
        except AlreadyAdmitted:
            assert before is not None
        else:
            assert before is None
            self._positions[str(admitted.report_id)] = admitted.position
        assert find_report(platform, secrets) == before or before is None
        receipts = platform.ledger.events_of(secrets.stream_id)
        assert [type(event) for event in receipts] == [ReceiptIssued]


def die_everywhere(where: Places, *, stride: int, losing_power: bool = False) -> None:
    chance = random.Random(20261123)
    with Nursery() as nursery:
        county, code = County(*where.new()), ReceiptCode.new(chance.randbytes)
        points = nursery.points(
            admit, county.url, county.home, code.digits, traced=DOOR, home=county.home, stride=stride
        )
        deaths = []
        for number, point in enumerate(points):
            if number % DEATHS_IN_ONE_PLACE == 0 or losing_power:
                county = County(*where.new())  # where the directory of files is not there yet
            code, watched = ReceiptCode.new(chance.randbytes), county.home if losing_power else None
            death = nursery.live(
                admit, county.url, county.home, code.digits, traced=DOOR, die_at=point, watched=watched
            )
            deaths += [point] * death.died
            with point.blamed():
                lose_power(death.files)
                county.check_after(death, code)
    report(f"door{', power lost' * losing_power}, {where.kind}", deaths, fewest=12)


def test_a_door_killed_before_any_line_has_the_report_with_its_file_or_not_at_all(somewhere: Places) -> None:
    die_everywhere(somewhere, stride={"sqlite": 8, "postgresql": 16}[somewhere.kind])


def test_a_door_that_lost_power_before_any_line_has_the_report_with_its_file_or_not_at_all(tmp_path: Path) -> None:
    die_everywhere(Places(tmp_path, None), stride=12, losing_power=True)
