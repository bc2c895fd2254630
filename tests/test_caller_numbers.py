"""The number that the network delivered with an anonymous call or message: sealed, or forgotten at the door (A-29)."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from events.model import Sealing
from events.vocabulary.intake import ReportReceived, SealedReportReceived
from supervision.casework import opening as use
from supervision.domain.approval_number import EXAMPLE, approval_number
from supervision.domain.codes import Channel
from supervision.domain.refusal import Refused
from supervision.domain.rights import OpeningPurpose
from supervision.intake.importer import import_file
from supervision.intake.submission import ReporterDetails
from supervision.platform import Platform
from supervision.sealing.compartments import SOURCE
from supervision.sealing.receipt import ReceiptCode
from tests.support.deployment import make_deployment, open_deployment
from tests.support.loot import Loot, Planted, steal
from tests.support.office import OWN, SUPERIORS_CADRE, staffed, submission
from tests.support.opening import COUNTY_CUSTODIANS, SUPERIOR_CUSTODIANS, opened
from tests.support.openings import Openings

PURPOSES = tuple(OpeningPurpose)
CALLER = "12000000077"
WHO = ReporterDetails(name="季小满", phone="12000000001", caller=CALLER)
SOURCES = Path(__file__).parents[1] / "supervision"


# -- at the door ----------------------------------------------------------------------------------------------------


@pytest.fixture
def sealing_county(tmp_path: Path, database_url: str) -> Iterator[Platform]:
    """A county that says nothing of the matter in its settings."""
    platform = make_deployment(tmp_path / "home", database_url)
    yield platform
    platform.close()


@pytest.fixture
def discarding_county(tmp_path: Path, database_url: str) -> Iterator[Platform]:
    """A county that does not want to have such numbers."""
    make_deployment(tmp_path / "home", database_url).close()
    path = tmp_path / "home" / "settings.toml"
    path.write_text("discard_caller_numbers = true\n" + path.read_text("utf-8"), "utf-8")
    platform = open_deployment(tmp_path / "home", database_url)
    yield platform
    platform.close()


def record(number: int, channel: str, **reporter: Any) -> dict[str, Any]:
    return {
        "sample_id": f"call-{number}",
        "channel": channel,
        "line": "12388",
        "received_at": "2026-11-02T09:20:00+08:00",
        "reporter": reporter,
        "respondents": [{"name": "厉文舟", "post": "副局长"}],
        "title": "占用公款宴请",
        "raw_text": "九月十日在城南酒楼用公款宴请。",
    }


def imported(platform: Platform, directory: Path, *records: dict[str, Any]) -> list[bool]:
    """Load records by the real command's function; for each whether it was there already."""
    path = directory.parent / "records.json"
    path.write_text(json.dumps(records), "utf-8")
    return [one.already for one in import_file(platform, path, emit=lambda one: None)]


def receptions(platform: Platform) -> list[tuple[UUID, Sealing]]:
    """Every report that was received, with what was sealed of it."""
    events = (recorded.event for recorded in platform.ledger.stored(1, 10_000))
    return [
        (event.originator_id, event.sealing)
        for event in events
        if isinstance(event, ReportReceived | SealedReportReceived)
    ]


def sources(platform: Platform, *holders: str) -> list[str | None]:
    """The number sealed with each report, as its custodians would read it."""
    holders = holders or COUNTY_CUSTODIANS
    return [opened(platform, stream, sealing, SOURCE, "caller", *holders) for stream, sealing in receptions(platform)]


@pytest.mark.parametrize(("channel", "name"), [("phone", "caller_id"), ("sms", "sender_msisdn")])
def test_the_number_of_an_anonymous_call_or_message_is_sealed_as_source(
    sealing_county: Platform, tmp_path: Path, channel: str, name: str
) -> None:
    imported(sealing_county, tmp_path / "home", record(1, channel, **{name: CALLER}))
    assert sources(sealing_county) == [CALLER]
    ((_, sealing),) = receptions(sealing_county)
    assert {(item.compartment, item.field) for item in sealing.items if item.field == "caller"} == {(SOURCE, "caller")}
    assert {ref.compartment for ref in sealing.keys} == {"content", "facts", "source"}


@pytest.mark.parametrize(("channel", "name"), [("phone", "caller_id"), ("sms", "sender_msisdn")])
def test_a_county_that_discards_it_has_it_nowhere(
    discarding_county: Platform, tmp_path: Path, channel: str, name: str
) -> None:
    imported(discarding_county, tmp_path / "home", record(1, channel, **{name: CALLER}))
    assert sources(discarding_county) == [None]
    ((_, sealing),) = receptions(discarding_county)
    assert {ref.compartment for ref in sealing.keys} == {"content", "facts"}
    stolen = steal(tmp_path / "home", discarding_county.settings.database_url)
    assert not Loot(planted=Planted(), kept=stolen, during={}, said=b"", codes=[]).places(CALLER)


def test_an_officer_who_takes_the_call_down_is_at_the_same_door(discarding_county: Platform) -> None:
    call = submission(
        discarding_county.clock(), channel=Channel.PHONE, reporter=ReporterDetails(phone=CALLER, caller=CALLER)
    )
    asked_for = submission(discarding_county.clock(), channel=Channel.PHONE, reporter=WHO, anonymous=True)
    for handed_in in (call, asked_for):
        discarding_county.console_door.admit(
            handed_in, ReceiptCode.new(discarding_county.rng), signer=discarding_county.importer
        )
    assert sources(discarding_county) == [None, None]


def test_of_a_report_that_goes_up_under_seal_it_is_discarded_as_well(discarding_county: Platform) -> None:
    call = submission(
        discarding_county.clock(),
        channel=Channel.PHONE,
        respondents=(SUPERIORS_CADRE,),
        reporter=ReporterDetails(caller=CALLER),
        original="来电记录",
    )
    admitted = discarding_county.public_door.admit(call, ReceiptCode.new(discarding_county.rng))
    assert admitted.sealed
    assert sources(discarding_county, *SUPERIOR_CUSTODIANS) == [None]


def test_who_says_his_name_has_his_number_sealed_in_either_county(discarding_county: Platform) -> None:
    call = submission(discarding_county.clock(), channel=Channel.PHONE, reporter=WHO)
    discarding_county.public_door.admit(call, ReceiptCode.new(discarding_county.rng))
    assert sources(discarding_county) == [CALLER]


def test_the_mark_of_an_imported_record_says_nothing_of_the_number(sealing_county: Platform, tmp_path: Path) -> None:
    """Otherwise key and text would tell which of all numbers it was."""
    home = tmp_path / "home"
    assert imported(sealing_county, home, record(1, "phone", caller_id=CALLER)) == [False]
    assert imported(sealing_county, home, record(1, "phone", caller_id="12000000078")) == [True]
    assert imported(sealing_county, home, record(1, "phone", name="季小满", caller_id=CALLER)) == [False]


# -- to open it -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=[True, False], ids=["gate", "no gate"])
def openings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Openings]:
    directory: Path = tmp_path_factory.mktemp("callers")
    with staffed(directory / "home", f"sqlite:///{directory / 'log.sqlite'}", gate=request.param) as office:
        yield Openings(office, directory)


@pytest.fixture(scope="module")
def call(openings: Openings) -> UUID:
    return distributed(openings, {"named_status": "anonymous", "verification": "none"})


def distributed(openings: Openings, found: dict[str, str]) -> UUID:
    """A call without a name, on its way to an inspector. ``found``: what the screening says of who called."""
    office = openings.office
    report, _ = office.web(channel=Channel.PHONE, reporter=ReporterDetails(caller=CALLER))
    office.do("clerk-1", "register", report)
    office.do("clerk-1", "screen", report, **{**OWN, **found})
    office.do("head", "confirm_screening", report)
    office.do("head", "transfer", report, department="dept-1")
    office.do("clue", "record_clue", report)
    office.do("clue", "propose_distribution", report, handlers=["inspector-1"])
    office.do("principal", "approve_distribution", report)
    return report


@pytest.mark.parametrize("purpose", [one for one in PURPOSES if not one.needs_municipal_approval])
def test_no_other_purpose_opens_it_whatever_number_is_given(
    openings: Openings, call: UUID, purpose: OpeningPurpose
) -> None:
    for officer in ("head", "inspector-1"):
        with pytest.raises(Refused):
            openings.request(officer, call, "source", purpose=purpose, number=EXAMPLE)


@pytest.mark.parametrize("purpose", [one for one in PURPOSES if one.needs_municipal_approval])
@pytest.mark.parametrize("number", ["", " ", "同意", "3号", "市纪批3号", "市纪批〔2026〕号", "市纪批〔2026〕03号"])
def test_without_the_number_of_an_approval_it_is_not_asked_for(
    openings: Openings, call: UUID, purpose: OpeningPurpose, number: str
) -> None:
    with pytest.raises(Refused, match="批准文号") as refused:
        openings.request("inspector-1", call, "source", purpose=purpose, number=number)
    assert refused.value.code == "SoD-5"


def test_it_takes_the_gate_and_opens_through_it(openings: Openings, call: UUID) -> None:
    asked = {"purpose": OpeningPurpose.TRACE_ANONYMOUS, "number": "市纪批 (2026) 3号"}
    if not openings.office.platform.manifest.gate:
        with pytest.raises(Refused, match="未设闸门"):
            openings.request("inspector-1", call, "source", **asked)  # type: ignore[arg-type]  # passed through
        return
    opening = openings.approved("inspector-1", call, "source", **asked)
    openings.given(opening)
    with pytest.raises(Refused, match="闸门尚未放行"):
        openings.open("inspector-1", opening)
    openings.released(opening)
    assert openings.open("inspector-1", opening).fields == {("source", "caller"): CALLER}
    assert openings.state(opening).asked.number == EXAMPLE


def test_who_finds_out_a_name_afterwards_does_not_make_it_a_named_caller_s_number(openings: Openings) -> None:
    """Otherwise a box ticked at the screening would do in place of the municipality."""
    report = distributed(openings, {"named_status": "verified", "verification": "phone"})
    for purpose in (OpeningPurpose.SUPPLEMENT, OpeningPurpose.LEGAL_ORDER):
        with pytest.raises(Refused, match="匿名件不得擅自核查"):
            openings.request("inspector-1", report, "source", purpose=purpose, number=EXAMPLE)


def test_there_is_no_identity_to_ask_for(openings: Openings, call: UUID) -> None:
    assert list(use.compartments_for(openings.desk, call)) == ["source"]
    for purpose in PURPOSES:
        with pytest.raises(Refused):
            openings.request("inspector-1", call, "identity", purpose=purpose, number=EXAMPLE)


# -- the number of the approval -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    ["市纪批〔2026〕3号", " 市纪批[2026]3号 ", "市纪批(2026)3号", "市纪批【２０２６】３ 号", "市纪批［2026］3号"],
)
def test_the_brackets_of_a_keyboard_are_those_of_a_document(typed: str) -> None:
    assert approval_number(typed) == EXAMPLE


@pytest.mark.parametrize(
    "typed", ["", "〔2026〕3号", "SJP〔2026〕3号", "市纪批〔26〕3号", "市纪批〔2026〕0号", "见附件"]
)
def test_what_is_no_number_of_a_document_is_refused(typed: str) -> None:
    with pytest.raises(Refused, match="机关代字、年份和顺序号"):
        approval_number(typed)


# -- nothing looks for him ------------------------------------------------------------------------------------------

NAMES = {"caller", "caller_id", "sender_msisdn"}

#: Every module that names the field: those that put it in, the rule, the table, and the page of an opening.
KNOWING = {
    "domain/opening_rules.py",
    "intake/parts.py",
    "intake/submission.py",
    "sealing/compartments.py",
    "web/console/new_report_form.py",
    "web/console/opening_view.py",
    "intake/import_schema.py",
}


def test_no_function_reads_the_number_but_the_opening_s_page() -> None:
    """There is nothing that compares, indexes or searches it: the modules that know of it are these."""
    found = {path.relative_to(SOURCES).as_posix() for path in SOURCES.rglob("*.py") if _names_it(path)}
    assert found == KNOWING


def _names_it(path: Path) -> bool:
    """Whether a module has the field's name as a text, as a field of a class, or reads it."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and node.value in NAMES:
            return True
        if isinstance(node, ast.Attribute) and node.attr in NAMES:
            return True
        for line in node.body if isinstance(node, ast.ClassDef) else ():
            targets = line.targets if isinstance(line, ast.Assign) else [getattr(line, "target", None)]
            if any(isinstance(one, ast.Name) and one.id in NAMES for one in targets):
                return True
    return False
