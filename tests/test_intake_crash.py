"""kill -9 in the middle of submissions: afterwards each is there with all that opens it, or not at all."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from events.vocabulary.intake import ReceiptIssued, ReportReceived
from supervision.casework.content import ContentReader
from supervision.intake.status_lookup import find_report
from supervision.sealing.receipt import ReceiptCode
from tests.support.dying_door import EVIDENCE
from tests.support.office import Office, staffed

ROOT = Path(__file__).parents[1]
DEATHS = 3


@pytest.fixture
def office(tmp_path: Path, database_url: str) -> Iterator[Office]:
    with staffed(tmp_path / "home", database_url) as found:
        yield found


def killed_after(home: Path, database_url: str, reports: int) -> tuple[set[str], set[str]]:
    """Let a process hand in reports and kill it after some of them; codes that it began with, and finished."""
    said: dict[str, set[str]] = {"begun": set(), "done": set()}
    command = [sys.executable, "-m", "tests.support.dying_door", str(home), database_url]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:  # what was said before the kill is still read after it
            what, _, code = line.strip().partition(" ")
            if len(code) == 32:
                said[what].add(code)
            if len(said["done"]) == reports:
                process.kill()
    return said["begun"], said["done"]


def test_after_a_kill_every_report_is_whole_or_absent(office: Office, tmp_path: Path, database_url: str) -> None:
    begun: set[str] = set()
    done: set[str] = set()
    for death in range(1, DEATHS + 1):
        started, finished = killed_after(tmp_path / "home", database_url, reports=death * 2)
        begun |= started
        done |= finished
    office.verify()
    assert len(done) >= DEATHS * 2
    found = {code: report_id for code in begun if (report_id := report_of(office, code)) is not None}
    assert done <= set(found), "a report whose receipt was shown is missing"
    for code, report_id in found.items():
        case = office.case(report_id)
        reader = ContentReader(office.desk, office.sessions["clerk-1"], case.report, case.clue)
        assert reader.read().text == f"内容 {code}"
        with reader.file(1, 1, of_report=True)[1] as opened:
            assert b"".join(opened) == EVIDENCE
    events = [recorded.event for recorded in office.desk.ledger.stored(1, 100_000)]
    assert sum(isinstance(event, ReceiptIssued) for event in events) == len(found)
    assert sum(isinstance(event, ReportReceived) for event in events) == len(found)


def report_of(office: Office, code: str) -> UUID | None:
    return find_report(office.platform, ReceiptCode(code).derive(office.platform.settings.origin))
