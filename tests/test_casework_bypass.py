"""径送 (A-15), at the door and late: what the superior supervises is the superior's to read, and nobody else's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

import pytest

from events.model import Event, Sealing
from events.vocabulary.intake import SealedReportReceived
from events.vocabulary.sealed_report import SealedReportResealed
from projections import queries
from supervision.business_time import SHANGHAI
from supervision.casework import sealed
from supervision.casework.content import sealings_of
from supervision.casework.sealed_package import SUPERIORS_COPIES
from supervision.domain.codes import ReportState, StatusWord
from supervision.domain.refusal import Refused
from supervision.domain.sealed_report import SealedState
from supervision.intake.status_lookup import look_up
from supervision.intake.submission import ReporterDetails
from supervision.intake.supplement import Addition, add
from supervision.sealing.compartments import CONTACT, CONTENT, FACTS, IDENTITY, SOURCE
from supervision.sealing.errors import CannotOpen
from supervision.sealing.keys import KemPrivateKey
from supervision.sealing.opening import Opener
from supervision.sealing.receipt import ReceiptCode
from tests.support.deployment import seeds
from tests.support.office import (
    DATABASES,
    OWN,
    REPORTER,
    SUPERIORS_CADRE,
    Office,
    file,
    names,
    staffed,
    staffed_on,
)

TEXT = "盛天阔在开发区地块出让中收受土地评估公司的干股。"
DEED = "代持协议，落款为盛天阔之弟。".encode()


@pytest.fixture(scope="module", params=DATABASES)
def office(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with staffed_on(request, tmp_path_factory.mktemp("county")) as found:
        yield found


# -- what can be opened with which keys -------------------------------------------------------------


def county_keys(office: Office) -> dict[str, KemPrivateKey]:
    """Every decryption key that exists in the county: offices, console, custodians, relays; each by its holder."""
    return {
        name: KemPrivateKey(seed)
        for name, seed in seeds(office.platform).items()
        if name.startswith(("office/", "custodian/", "relay/")) or name == "console"
    }


def opened_by(office: Office, streams: list[UUID], keys: Mapping[str, KemPrivateKey]) -> set[tuple[str, str]]:
    """(holder, compartment) for each wrap in custody that one of the keys opens, a share counting as opened."""
    found = set()
    for stream in streams:
        for sealing in sealings(office, stream):
            opener = Opener(office.platform.manifests[sealing.manifest], sealing, stream, office.platform.retention)
            for ref in sealing.keys:
                for wrap in ref.wraps:
                    data = office.desk.custody.wrap(bytes.fromhex(wrap.sha256))
                    for holder, key in keys.items() if data is not None else ():
                        try:
                            how = opener.contribution if ref.n else opener.unwrap
                            how(ref.compartment, data or b"", key)
                        except CannotOpen:
                            continue
                        found.add((holder, ref.compartment))
    return found


def sealings(office: Office, stream: UUID) -> list[Sealing]:
    return [sealing for event in office.events(stream) for sealing in sealings_of(event)]


def hashes(sealed_items: list[Sealing], kind: str, *compartments: str) -> list[bytes]:
    """SHA-256 of envelopes, files or wraps of these compartments (all where none is named)."""
    if kind == "wrap":
        keys = [key for one in sealed_items for key in one.keys if not compartments or key.compartment in compartments]
        return [bytes.fromhex(wrap.sha256) for key in keys for wrap in key.wraps]
    items = [item for one in sealed_items for item in one.items if not compartments or item.compartment in compartments]
    return [bytes.fromhex(item.sha256) for item in items if item.kind == kind]


def on_disk(office: Office) -> bytes:
    """Every byte that the county has, under the home and beside it, but for the superior's own copies."""
    home = office.platform.settings.home
    his = home / SUPERIORS_COPIES
    files = (path for path in sorted(home.parent.rglob("*")) if path.is_file() and his not in path.parents)
    return b"".join(path.read_bytes() for path in files)


# -- at the door ------------------------------------------------------------------------------------


def handed_in(office: Office) -> tuple[UUID, ReceiptCode]:
    return office.bypassed_at_the_door(text=TEXT, attachments=(file("协议.txt", DEED),))


def test_at_the_door_the_countys_log_learns_only_that_one_came(office: Office) -> None:
    report_id, code = handed_in(office)
    (received,) = office.events(report_id)
    assert isinstance(received, SealedReportReceived)
    assert {name for name, value in vars(received).items() if value not in ("", None)} == {
        "originator_id",
        "originator_version",
        "actor",
        "occurred_at",
        "rule_version",
        "reference",
        "channel",
        "receiving_office",
        "reporter_signing_key",
        "reporter_kem_key",
        "sealing",
    }
    before = office.events(code.derive(office.platform.settings.origin).stream_id)
    assert names(before) == ["receipt.issued"]


def test_at_the_door_no_key_of_the_county_opens_any_of_it(office: Office) -> None:
    report_id, _ = handed_in(office)
    assert opened_by(office, [report_id], county_keys(office)) == set()
    superior = {"superior": KemPrivateKey(seeds(office.platform)["superior/content"])}
    assert opened_by(office, [report_id], superior) == {("superior", CONTENT), ("superior", FACTS)}


def test_named_and_anonymous_look_alike_in_a_sealed_report(office: Office) -> None:
    shapes = []
    for reporter in (REPORTER, ReporterDetails()):
        (received,) = office.events(office.bypassed_at_the_door(text=TEXT, reporter=reporter)[0])
        (sealing,) = list(sealings_of(received))
        shapes.append(sorted((key.compartment, key.m, key.n, len(key.wraps)) for key in sealing.keys))
    assert shapes[0] == shapes[1]


def test_a_sealed_report_is_no_report_to_the_county(office: Office) -> None:
    report_id, _ = handed_in(office)
    for action in ("register", "propose_bypass", "exclude", "draft_message"):
        with pytest.raises(Refused) as refused:
            office.do("clerk-1", action, report_id)
        assert refused.value.code == "not_found"


def gone_up(office: Office, report_id: UUID) -> None:
    sealed.register(office.desk, office.sessions["clerk-1"], report_id)
    sealed.report_to_superior(office.desk, office.sessions["head"], report_id, "site")


def test_it_goes_up_is_read_acknowledged_and_destroyed(office: Office) -> None:
    report_id, code = handed_in(office)
    gone_up(office, report_id)
    add(office.platform, code, Addition(number=1, text="协议原件在其弟处。", files=(file("二.txt", b"second"),)))
    reader = sealed.SealedReader(office.desk, office.sessions["superior"], report_id)
    content = reader.read()
    assert (content.text, content.respondents[0]["name"]) == (TEXT, SUPERIORS_CADRE.name)
    assert [(number, name) for number, name, _ in content.files] == [(1, "协议.txt")]
    assert [added.text for added in content.additions] == ["协议原件在其弟处。"]
    for addition, expected in ((0, DEED), (1, b"second")):
        with reader.file(1, addition)[2] as opened:
            assert b"".join(opened) == expected
    sealed.acknowledge(office.desk, office.sessions["superior"], report_id)

    exchange = office.desk.correspondence(report_id).id
    kept = sealings(office, report_id) + sealings(office, exchange)
    ciphertexts = [office.desk.custody.envelope(sha) or b"" for sha in hashes(kept, "envelope")]
    ciphertexts += [office.desk.custody.wrap(sha) or b"" for sha in hashes(kept, "wrap")]
    assert all(ciphertexts)
    sealed.destroy_copy(office.desk, office.sessions["head"], report_id)
    assert all(office.desk.custody.envelope(sha) is None for sha in hashes(kept, "envelope"))
    assert all(office.desk.custody.wrap(sha) is None for sha in hashes(kept, "wrap"))
    assert not any(office.desk.custody.file_path(sha).exists() for sha in hashes(kept, "file"))
    assert office.desk.sealed_report(report_id).state is SealedState.DESTROYED
    kept = sealed.SealedReader(office.desk, office.sessions["superior"], report_id)  # out of his own archive
    assert kept.read() == content
    with kept.file(1)[2] as opened:
        assert b"".join(opened) == DEED
    status = look_up(office.platform, code)
    assert status is not None
    assert status.word is StatusWord.RECEIVED
    office.verify()


def test_what_was_destroyed_is_in_no_file_any_more(tmp_path: Path) -> None:
    """The superior's own copy aside, which is his."""
    with staffed(tmp_path / "home", f"sqlite:///{tmp_path / 'log.sqlite'}") as office:
        report_id, _ = handed_in(office)
        gone_up(office, report_id)
        sealed.acknowledge(office.desk, office.sessions["superior"], report_id)
        kept = sealings(office, report_id)
        pieces = [office.desk.custody.envelope(sha) or b"" for sha in hashes(kept, "envelope")]
        pieces += [office.desk.custody.wrap(sha) or b"" for sha in hashes(kept, "wrap")]
        pieces += [office.desk.custody.file_path(sha).read_bytes()[:200] for sha in hashes(kept, "file")]
        assert all(piece[-32:] in on_disk(office) for piece in pieces)
        sealed.destroy_copy(office.desk, office.sessions["head"], report_id)
        left = on_disk(office)
    assert not any(piece[-32:] in left for piece in pieces)


def test_who_may_do_what_with_a_sealed_report(office: Office) -> None:
    report_id, _ = handed_in(office)
    desk, officers = office.desk, office.sessions
    refusals = (
        (lambda: sealed.register(desk, officers["org-clerk"], report_id), "not_assigned"),
        (lambda: sealed.register(desk, officers["inspector-1"], report_id), "role"),
        (lambda: sealed.report_to_superior(desk, officers["head"], report_id, "site"), "A-10"),
        (lambda: sealed.report_to_superior(desk, officers["head"], report_id, "pigeon"), "mode"),
        (lambda: sealed.tell_principal(desk, officers["head"], report_id), "setting"),
        (lambda: sealed.acknowledge(desk, officers["head"], report_id), "role"),
        (lambda: sealed.acknowledge(desk, officers["superior"], report_id), "state"),
        (lambda: sealed.destroy_copy(desk, officers["clerk-1"], report_id), "role"),
        (lambda: sealed.destroy_copy(desk, officers["head"], report_id), "state"),
        (lambda: sealed.destroy_copy(desk, officers["org-head"], report_id), "not_assigned"),
        (lambda: sealed.SealedReader(desk, officers["head"], report_id), "role"),
        (lambda: sealed.SealedReader(desk, officers["superior"], report_id), "state"),
    )
    head = desk.ledger.head()
    for command, code in refusals:
        with pytest.raises(Refused) as refused:
            command()
        assert refused.value.code == code
    assert desk.ledger.head() == head


def test_sealed_reports_have_a_register_of_their_own(office: Office) -> None:
    ordinary, _ = office.web()
    office.do("clerk-1", "register", ordinary)
    first, second = (handed_in(office)[0] for _ in range(2))
    for report_id in (first, second):
        sealed.register(office.desk, office.sessions["clerk-1"], report_id)
    register = office.desk.register("petition", "sealed_report", 2026)
    assert office.desk.sealed_report(second).number == f"云信径〔2026〕{register.version:04d}号"
    with pytest.raises(Refused, match="已经编号"):
        sealed.register(office.desk, office.sessions["clerk-2"], second)


# -- late -------------------------------------------------------------------------------------------


def read_far_and_wide(office: Office) -> tuple[UUID, ReceiptCode]:
    """A report of early November that two departments, the leaders and a handler could read before it came back."""
    now, office.clock.now = office.clock.now, datetime(2026, 11, 9, 15, 0, tzinfo=SHANGHAI)
    report_id, code = office.web(text=TEXT, attachments=(file("协议.txt", DEED),))
    office.clock.now = now
    add(office.platform, code, Addition(number=1, text="他现在是副县长。", files=(file("二.txt", b"second"),)))
    office.do("clerk-1", "register", report_id)
    office.do("clerk-1", "screen", report_id, **OWN, note="似属上级管辖。")
    office.do("head", "confirm_screening", report_id)
    office.do("head", "transfer", report_id, department="dept-1")
    office.do("clue", "record_clue", report_id)
    office.do("clue", "propose_distribution", report_id, handlers=["inspector-3"])
    office.do("principal", "approve_distribution", report_id)
    office.do("inspector-3", "draft_message", report_id, text="请说明任职时间。")
    office.do("inspector-3", "propose_return", report_id)
    office.do("deputy", "approve_return", report_id)
    return report_id, code


@pytest.fixture(scope="module")
def late(office: Office) -> tuple[UUID, ReceiptCode, list[Sealing], list[UUID]]:
    """The report, its code, what was sealed of it before, and all its streams, after the late by-pass."""
    report_id, code = read_far_and_wide(office)
    clue = UUID(office.case(report_id).report.former_clues[0])
    streams = [report_id, clue, office.case(report_id).correspondence.id]
    before = [sealing for stream in streams for sealing in sealings(office, stream)]
    readers = {holder for holder, compartment in opened_by(office, streams, county_keys(office))}
    assert {"office/petition", "office/dept-1", "office/dept-2", "office/leadership", "console"} <= readers
    office.do("clerk-2", "propose_bypass", report_id)
    office.do("clerk-1", "confirm_bypass", report_id)
    office.catch_up()
    return report_id, code, before, streams


Late = tuple[UUID, ReceiptCode, list[Sealing], list[UUID]]


def bypassed(office: Office, report_id: UUID) -> Event:
    return office.events(report_id)[-1]


def sealed_stream(office: Office, late: Late) -> UUID:
    return UUID(bypassed(office, late[0]).sealed_report)  # type: ignore[attr-defined]  # ReportBypassed


def test_late_nobody_in_the_county_can_open_it_any_more(office: Office, late: Late) -> None:
    report_id, _, before, streams = late
    left = opened_by(office, [*streams, sealed_stream(office, late)], county_keys(office))
    assert left == set()  # nor with several people together
    custody, theirs = office.desk.custody, (CONTENT, FACTS, IDENTITY, CONTACT, SOURCE)
    assert not any(custody.envelope(sha) for sha in hashes(before, "envelope", *theirs))
    assert not any(custody.wrap(sha) for sha in hashes(before, "wrap", *theirs))
    assert not any(custody.file_path(sha).exists() for sha in hashes(before, "file", *theirs))
    for officer in ("clerk-1", "head", "principal", "inspector-3"):
        with pytest.raises(Refused) as refused:
            office.read(officer, report_id)
        assert refused.value.code == "sealed"


def test_late_the_event_names_what_it_destroyed_and_the_log_verifies(office: Office, late: Late) -> None:
    report_id, _, before, _ = late
    event = bypassed(office, report_id)
    named = {bytes.fromhex(sha) for sha in event.destroyed}  # type: ignore[attr-defined]  # ReportBypassed
    theirs = (CONTENT, FACTS, IDENTITY, CONTACT, SOURCE)
    assert named == {sha for kind in ("envelope", "file", "wrap") for sha in hashes(before, kind, *theirs)}
    office.verify()


def test_late_the_read_models_keep_nothing_of_it(office: Office, late: Late) -> None:
    with office.platform.reads.reading() as reader:
        row = queries.report(reader, late[0])
        clocks = queries.clocks_of(reader, late[0])
    assert row is not None
    assert (row.state, row.respondents, row.unit, row.matter_class, row.clue_id) == ("sealed", (), "", "", None)
    assert clocks == ()


def test_late_the_five_working_days_run_from_the_original_receipt(office: Office, late: Late) -> None:
    with office.platform.reads.reading() as reader:
        (clock,) = queries.clocks_of(reader, sealed_stream(office, late))
    assert (clock.clock_id, clock.started_on, clock.due) == (
        "report_to_superior",
        date(2026, 11, 9),
        date(2026, 11, 16),
    )


def test_late_the_superior_reads_all_that_the_reporter_handed_in(office: Office, late: Late) -> None:
    sealed_id = sealed_stream(office, late)
    (resealed,) = [event for event in office.events(sealed_id) if isinstance(event, SealedReportResealed)]
    assert (resealed.received_at[:10], resealed.identity_with_county) == ("2026-11-09", True)
    gone_up(office, sealed_id)
    reader = sealed.SealedReader(office.desk, office.sessions["superior"], sealed_id)
    content = reader.read()
    assert TEXT in content.text
    assert "他现在是副县长。" in content.text
    found = {}
    for number, name, _ in content.files:
        with reader.file(number)[2] as opened:
            found[name] = b"".join(opened)
    assert found == {"协议.txt": DEED, "二.txt": b"second"}


def test_late_the_reporter_sees_nothing_of_it_and_what_he_adds_goes_to_the_superior(office: Office, late: Late) -> None:
    code, sealed_id = late[1], sealed_stream(office, late)
    status = look_up(office.platform, code)
    assert status is not None
    assert status.word is StatusWord.IN_HAND  # what he was shown last; steps inside the office are no news
    add(office.platform, code, Addition(number=1, text="又想起一事。"))
    exchange = office.desk.correspondence(sealed_id).id
    assert names(office.events(exchange)) == ["correspondence.supplement_received"]
    assert opened_by(office, [exchange], county_keys(office)) == set()
    office.verify()


def test_late_nothing_more_can_be_done_with_it_here(office: Office, late: Late) -> None:
    assert office.case(late[0]).report.state is ReportState.SEALED
    for officer, action in (("clerk-1", "register"), ("head", "exclude"), ("clerk-1", "confirm_bypass")):
        with pytest.raises(Refused, match="已转为径送件"):
            office.do(officer, action, late[0])


def test_late_the_ciphertext_is_in_no_file_any_more(tmp_path: Path) -> None:
    with staffed(tmp_path / "home", f"sqlite:///{tmp_path / 'log.sqlite'}") as office:
        report_id, _ = office.web(text=TEXT)
        (sealing,) = sealings(office, report_id)
        office_wraps = [office.desk.custody.wrap(sha) or b"" for sha in hashes([sealing], "wrap", CONTENT, FACTS)]
        assert all(wrap[-32:] in on_disk(office) for wrap in office_wraps)
        office.do("clerk-1", "propose_bypass", report_id)
        office.do("clerk-2", "confirm_bypass", report_id)
        left = on_disk(office)
    assert not any(wrap[-32:] in left for wrap in office_wraps)
