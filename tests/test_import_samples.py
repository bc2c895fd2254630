"""``supervision import``: the twelve samples come out as their own ``expected`` says, once, and sealed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import pytest

from events.model import Event
from events.vocabulary.intake import ReceiptIssued, ReportReceived, SealedReportReceived
from supervision.business_time import SHANGHAI
from supervision.intake.importer import ImportedReport, import_file
from supervision.intake.status_lookup import find_report, look_up
from supervision.platform import Platform
from supervision.sealing.compartments import CONTACT, CONTENT, IDENTITY, SOURCE
from supervision.sealing.errors import SealingError
from supervision.sealing.receipt import ReceiptCode
from supervision.verifying import verify_platform
from tests.support.deployment import make_deployment, seeds
from tests.support.opening import COUNTY_CUSTODIANS, COUNTY_RELAYS, SUPERIOR_CUSTODIANS, opened

NOW = datetime(2026, 12, 1, 10, 37, tzinfo=SHANGHAI)
SAMPLES = Path(__file__).parents[1] / "supervision" / "demonstration" / "samples.json"
SAMPLE = {sample["sample_id"]: sample for sample in json.loads(SAMPLES.read_text("utf-8"))["samples"]}

#: Clocks that start at receipt by rule. S05 repeats S04, which only a reader with keys can know, so it has a
#: clock here that its ``expected`` has not; the other samples' clocks start later.
FROM_RECEIPT = {"S01": 15, "S04": 15, "S05": 15, "S08": 5, "S11": 15, "S14": 15}


class Loaded(NamedTuple):
    platform: Platform
    reports: dict[str, ImportedReport]


@pytest.fixture
def platform(tmp_path: Path, database_url: str) -> Iterator[Platform]:
    made = make_deployment(tmp_path / "home", database_url, clock=lambda: NOW)
    yield made
    made.close()


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    """All samples, imported once, for tests that only look."""
    home = tmp_path_factory.mktemp("samples") / "home"
    made = make_deployment(home, f"sqlite:///{home / 'log.sqlite'}", clock=lambda: NOW)
    yield Loaded(made, imported(made))
    made.close()


def imported(platform: Platform, path: Path = SAMPLES) -> dict[str, ImportedReport]:
    emitted: list[ImportedReport] = []
    returned = import_file(platform, path, emit=emitted.append)
    assert list(returned) == emitted
    return {report.sample_id: report for report in returned}


def stream_of(platform: Platform, report: ImportedReport) -> UUID:
    assert report.code is not None
    stream = find_report(platform, ReceiptCode(report.code).derive(platform.settings.origin))
    assert stream is not None
    return stream


def received(platform: Platform, report: ImportedReport) -> ReportReceived | SealedReportReceived:
    event = platform.ledger.events_of(stream_of(platform, report))[0]
    assert isinstance(event, ReportReceived | SealedReportReceived)
    return event


def test_each_sample_is_proposed_as_expected(platform: Platform) -> None:
    reports = imported(platform)
    assert reports.keys() == SAMPLE.keys()
    for sample_id, report in reports.items():
        expected = SAMPLE[sample_id]["expected"]
        assert report.jurisdiction == expected["jurisdiction"], sample_id
        assert report.named == expected["named_status"].startswith("实名"), sample_id
        assert report.sealed == (expected["jurisdiction"] == "上级"), sample_id
        assert not report.already


def test_the_clocks_from_receipt_are_those_of_the_samples(loaded: Loaded) -> None:
    for sample_id, report in loaded.reports.items():
        assert [deadline["n"] for deadline in report.deadlines] == (
            [FROM_RECEIPT[sample_id]] if sample_id in FROM_RECEIPT else []
        )
        for deadline in report.deadlines if sample_id != "S05" else ():
            expected = SAMPLE[sample_id]["expected"]["deadlines"][0]
            # The basis of S01 and S14, both by 12380, is worded differently in the samples.
            assert without_basis(deadline) == without_basis(expected)
            assert deadline["basis"].startswith(expected["basis"])


def without_basis(deadline: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in deadline.items() if name != "basis"}


def test_a_line_of_json_says_all_that_is_to_be_said(loaded: Loaded) -> None:
    line = loaded.reports["S08"].to_json()
    assert "\n" not in line
    told = json.loads(line)
    assert told.keys() >= {
        *("sample_id", "reference", "code", "named", "sealed", "jurisdiction", "deadlines", "duplicates")
    }
    assert told["duplicates"] is None
    assert SAMPLE["S08"]["respondents"][0]["name"] not in line


def test_every_report_gets_a_code_that_leads_to_it(loaded: Loaded) -> None:
    for sample_id, report in loaded.reports.items():
        status = look_up(loaded.platform, ReceiptCode(report.code or ""))
        assert status is not None
        assert status.received_on.isoformat() == SAMPLE[sample_id]["received_at"][:10]
        assert status.sealed == report.sealed


def test_reports_keep_channel_line_and_time_and_are_signed_by_the_importer(loaded: Loaded) -> None:
    for sample_id, report in loaded.reports.items():
        event, sample = received(loaded.platform, report), SAMPLE[sample_id]
        assert (event.channel, event.actor) == (sample["channel"], "service:importer")
        to_the_hour = sample["received_at"][:14] + "00:00+08:00"
        assert event.occurred_at == (to_the_hour if sample["channel"] == "web" else sample["received_at"])
        assert event.receiving_office == ("personnel" if sample["line"] == "12380" else "petition")
        if isinstance(event, ReportReceived):
            assert event.line == (sample["line"] or "")
            assert (event.attachments, event.announced) == (0, len(sample["attachments"]))
    signed = [(stored.event, stored.key_id) for stored in loaded.platform.ledger.stored(1, 100)]
    by_importer = [event for event, key_id in signed if key_id == loaded.platform.importer.key_id]
    assert len(by_importer) == len(SAMPLE)
    assert sum(isinstance(event, ReceiptIssued) for event, _ in signed) == len(SAMPLE)


def test_texts_people_and_numbers_go_to_their_compartments(loaded: Loaded) -> None:

    def read(sample_id: str, compartment: str, field: str, *holders: str) -> str | None:
        event = received(loaded.platform, loaded.reports[sample_id])
        return opened(loaded.platform, event.originator_id, event.sealing, compartment, field, *holders)

    assert read("S03", CONTENT, "text", "office/petition") == SAMPLE["S03"]["raw_text"]
    assert read("S01", CONTENT, "text", "office/personnel") == SAMPLE["S01"]["raw_text"]
    announced = json.loads(read("S04", CONTENT, "announced", "office/petition") or "")
    assert announced == ["转账凭证及发票.pdf", "聊天记录.zip"]
    unknown = json.loads(read("S19", CONTENT, "respondents", "office/petition") or "")[0]
    assert (unknown["name"], unknown["party_member"]) == ("", None)
    assert json.loads(read("S03", CONTENT, "respondents", "office/petition") or "")[0]["party_member"] is True
    assert json.loads(read("S01", IDENTITY, "reporter", *COUNTY_CUSTODIANS) or "") == SAMPLE["S01"]["reporter"]
    assert json.loads(read("S07", IDENTITY, "reporter", *COUNTY_CUSTODIANS) or "")["group_size"] == 6
    assert read("S01", CONTACT, "phone", *COUNTY_RELAYS) == SAMPLE["S01"]["reporter"]["phone"]
    sender = SAMPLE["S12"]["reporter"]["sender_msisdn"]
    assert read("S12", SOURCE, "caller", *COUNTY_CUSTODIANS) == sender
    assert read("S12", CONTACT, "phone", *COUNTY_RELAYS) is None
    assert read("S12", IDENTITY, "reporter", *COUNTY_CUSTODIANS) is None


def test_the_sealed_sample_opens_for_the_superior_and_for_nobody_of_the_county(loaded: Loaded) -> None:
    event = received(loaded.platform, loaded.reports["S08"])
    stream, sealing = event.originator_id, event.sealing
    assert opened(loaded.platform, stream, sealing, CONTENT, "text", "superior/content") == SAMPLE["S08"]["raw_text"]
    reporter = opened(loaded.platform, stream, sealing, IDENTITY, "reporter", *SUPERIOR_CUSTODIANS)
    assert reporter == ""  # present even where there is none, so that the county cannot tell
    for holder in seeds(loaded.platform):
        if not holder.startswith(("superior/", "service/", "ceremony", "log")):
            with pytest.raises(SealingError):
                opened(loaded.platform, stream, sealing, CONTENT, "text", holder)


def test_nothing_of_the_samples_lies_in_clear_in_the_home(loaded: Loaded) -> None:
    home = loaded.platform.settings.home
    kept = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file() and path.suffix != ".toml")
    words = [report.code or "" for report in loaded.reports.values()]
    for sample in SAMPLE.values():
        people = [sample["reporter"], *sample["respondents"]]
        words += [value for person in people for value in person.values() if isinstance(value, str)]
        words += [sample["title"], sample["raw_text"][:20], *sample["category"]]
    for word in words:
        for spelling in (word.encode(), json.dumps(word)[1:-1].encode()):
            assert spelling not in kept, word


def test_the_same_file_twice_loads_nothing_twice_and_says_what_is_still_known(platform: Platform) -> None:
    first = imported(platform)
    head = platform.ledger.head()
    again = imported(platform)
    assert platform.ledger.head() == head
    for sample_id, report in again.items():
        before = first[sample_id]
        assert (report.already, report.code) == (True, None)
        assert (report.reference, report.named, report.sealed) == (before.reference, before.named, before.sealed)
        assert (report.jurisdiction, report.deadlines) == (before.jurisdiction, before.deadlines)
        assert str(before.code) not in str(report)


def test_the_log_that_holds_them_verifies(platform: Platform) -> None:
    imported(platform)
    assert verify_platform(platform).count == platform.ledger.head()


def test_a_run_that_was_interrupted_goes_on_where_it_stopped(platform: Platform) -> None:
    class Interrupted(Exception):
        pass

    seen: list[ImportedReport] = []

    def stop_after_seven(report: ImportedReport) -> None:
        seen.append(report)
        if len(seen) == 7:
            raise Interrupted

    with pytest.raises(Interrupted):
        import_file(platform, SAMPLES, emit=stop_after_seven)
    rest = imported(platform)
    assert [report.already for report in rest.values()] == [True] * 7 + [False] * 5
    received_events = [event for event in events(platform) if isinstance(event, ReportReceived | SealedReportReceived)]
    assert len(received_events) == len(SAMPLE)


def events(platform: Platform) -> list[Event]:
    return [stored.event for stored in platform.ledger.stored(1, 100)]


def test_remarks_play_no_part_in_telling_records_apart(platform: Platform, tmp_path: Path) -> None:
    imported(platform)
    bare = [
        {name: value for name, value in sample.items() if name != "expected" and not name.endswith("_cn")}
        for sample in SAMPLE.values()
    ]
    path = tmp_path / "bare.json"
    path.write_text(json.dumps(bare), "utf-8")
    assert all(report.already for report in imported(platform, path).values())


def test_a_claim_to_be_anonymous_holds_and_what_was_said_is_sealed_all_the_same(
    platform: Platform, tmp_path: Path
) -> None:
    path = tmp_path / "anonymous.json"
    path.write_text(json.dumps([SAMPLE["S01"] | {"named": False}, SAMPLE["S03"] | {"named": True}]), "utf-8")
    reports = imported(platform, path)
    event = received(platform, reports["S01"])
    assert not reports["S01"].named
    assert reports["S01"].deadlines == ()
    reporter = opened(platform, event.originator_id, event.sealing, IDENTITY, "reporter", *COUNTY_CUSTODIANS)
    assert json.loads(reporter or "") == SAMPLE["S01"]["reporter"]
    assert not reports["S03"].named, "a claim without a name and a way to be reached is none (A-24)"
