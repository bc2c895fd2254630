"""A report about this office's own people: whoever is named gets no key of it, and too few left means the superior."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.canonical import encode
from events.model import Sealing, to_state
from events.vocabulary.intake import ReportReceived, SealedReportReceived
from projections import queries
from supervision.casework import sealed
from supervision.casework.actions import BadInput
from supervision.casework.content import sealings_of
from supervision.domain.codes import Channel, Role
from supervision.domain.exclusion import ROLES, Duty, Member, Needed, excluded, goes_up
from supervision.domain.people import Respondent
from supervision.domain.refusal import Refused
from supervision.intake.submission import ReportedPerson, ReporterDetails
from supervision.intake.supplement import Addition, add
from supervision.sealing.errors import CannotOpen
from supervision.sealing.keys import KemPrivateKey
from supervision.sealing.receipt import ReceiptCode
from supervision.web.app import create_app
from tests.support.deployment import seeds
from tests.support.office import DATABASES, OWN, Office, file, staffed, staffed_on, submission
from tests.support.openings import Openings
from tests.support.visitor import ANSWERS, Visitor


@pytest.fixture(scope="module", params=DATABASES)
def office(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with staffed_on(request, tmp_path_factory.mktemp("county")) as found:
        yield found


def somebody_here(name: str, post: str = "干部") -> ReportedPerson:
    return ReportedPerson(name=name, unit="云岫县纪委监委", post=post, rank="一般干部")


def about(office: Office, name: str, *duties: Duty, **said: object) -> tuple[UUID, ReceiptCode]:
    person = somebody_here(name)
    return office.web(respondents=(person,), own_staff=(person,), own_duties=duties, **said)


def went_up(office: Office, report_id: UUID) -> bool:
    (received,) = office.events(report_id)
    assert isinstance(received, ReportReceived | SealedReportReceived)
    return isinstance(received, SealedReportReceived)


# -- who is told by a name, who by a duty ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "duties", "up"),
    [
        ("柏舟", [Duty.UNKNOWN], True),  # a clerk: he has the key of the office that would receive it
        ("柏 舟", [Duty.RECEPTION], True),
        ("庄慎言", [Duty.RECEPTION], True),
        ("国严", [Duty.LEADING], True),  # the principal
        ("方直", [Duty.LEADING], True),  # has the key of those who approve
        ("通达", [Duty.KEEPING], True),  # of two relay officers both are needed
        ("封缄", [Duty.KEEPING], False),  # of three custodians two are left
        ("明察", [Duty.HANDLING], False),  # the other department is left
        ("明察", [Duty.UNKNOWN], False),  # a name that is known needs no duty
        ("查无此人", [Duty.UNKNOWN], True),
        ("查无此人", [], True),
        ("", [Duty.UNKNOWN], True),
        ("", [Duty.RECEPTION], True),
        ("", [Duty.HANDLING], True),  # nobody would be left to handle it
        ("", [Duty.KEEPING], True),
        ("", [Duty.SYSTEMS], False),
        ("查无此人", [Duty.ELSEWHERE], False),
        ("查无此人", [Duty.ELSEWHERE, Duty.UNKNOWN], True),
    ],
)
def test_what_the_county_may_still_handle(office: Office, name: str, duties: list[Duty], up: bool) -> None:
    assert went_up(office, about(office, name, *duties)[0]) is up


def test_a_unit_that_the_reporter_names_is_enough(office: Office) -> None:
    """Nobody asked him whether somebody of this office is concerned, as through the interface for other programs."""
    assert went_up(office, office.web(respondents=(somebody_here("柏舟"),))[0])
    assert went_up(office, office.web(respondents=(somebody_here("不知姓名"),))[0])


def test_what_an_officer_takes_down_stays_unless_somebody_is_known_by_name(office: Office) -> None:
    door, clerk = office.platform.console_door, office.sessions["clerk-2"]

    def taken_down(name: str) -> UUID:
        call = submission(office.clock(), respondents=(somebody_here(name),), channel=Channel.PHONE)
        return door.admit(call, None, signer=clerk.signer, actor="clerk-2", office="petition").report_id

    assert not went_up(office, taken_down("查无此人"))
    assert went_up(office, taken_down("柏舟"))


def test_who_only_bears_the_name_of_an_officer_elsewhere_is_no_officer(office: Office) -> None:
    villager = ReportedPerson(name="柏舟", unit="青禾乡柳湾村", post="村会计", rank="农村（社区）")
    assert not went_up(office, office.web(respondents=(villager,))[0])


STAFF = [
    Member(officer="clerk", name="甲", roles=frozenset({Role.INTAKE_CLERK}), holds=frozenset({"petition"})),
    Member(officer="one", name="乙", roles=frozenset({Role.INSPECTOR}), holds=frozenset({"dept-1"})),
    Member(officer="two", name="丙", roles=frozenset({Role.INSPECTOR}), holds=frozenset({"dept-2"})),
    *(
        Member(officer=f"keeper-{n}", name=f"丁{n}", roles=frozenset({Role.IDENTITY_CUSTODIAN}), holds=frozenset())
        for n in range(4)
    ),
]
NEEDED = Needed(
    offices=frozenset({"petition"}),
    departments=frozenset({"dept-1", "dept-2"}),
    custodians=("keeper-0", "keeper-1", "keeper-2", "keeper-3"),
    m=3,
    relays=(),
    relay_m=0,
)


@given(st.lists(st.sampled_from([one.name for one in STAFF] + ["陌生人", ""])), st.sets(st.sampled_from(Duty)))
def test_whatever_is_said_a_report_that_stays_can_be_handled_without_anybody_who_is_reported(
    names: list[str], duties: set[Duty]
) -> None:
    found = excluded([Respondent(name=name) for name in names], duties, STAFF)
    named = {one.officer for one in STAFF if one.name in names}
    assert named <= found.officers
    if set(names) - {one.name for one in STAFF} and not found.uncertain:
        assert {one.officer for one in STAFF if any(one.roles & ROLES[duty] for duty in duties)} <= found.officers
    if not goes_up(found, STAFF, NEEDED):
        left = [one for one in STAFF if one.officer not in found.officers]
        away = frozenset().union(*(one.holds for one in STAFF if one.officer in found.officers))
        assert "petition" not in away
        assert not NEEDED.departments <= away
        assert sum(one.officer in NEEDED.custodians for one in left) >= NEEDED.m


# -- no key ----------------------------------------------------------------------------------------------------------


def sealings(office: Office, stream: UUID) -> list[Sealing]:
    return [sealing for event in office.events(stream) for sealing in sealings_of(event)]


def test_a_custodian_who_is_reported_gets_no_share_of_the_report_nor_of_what_is_added(office: Office) -> None:
    report_id, code = about(office, "封缄", Duty.KEEPING)
    add(office.platform, code, Addition(number=1, text="还有一份。", files=(file("二.txt", b"second"),)))
    his = KemPrivateKey(seeds(office.platform)["custodian/custodian-1"])
    others = [KemPrivateKey(seeds(office.platform)[f"custodian/custodian-{n}"]) for n in (2, 3)]
    for stream in (report_id, office.desk.correspondence(report_id).id):
        (sealing,) = sealings(office, stream)
        opener = office.desk.opener(sealing, stream)
        shared = [key for key in sealing.keys if key.compartment in ("identity", "source")]
        assert shared
        for key in shared:
            assert (key.m, key.n) == (2, 2)
            wraps = {wrap.key: office.desk.custody.wrap(bytes.fromhex(wrap.sha256)) or b"" for wrap in key.wraps}
            for data in wraps.values():
                with pytest.raises(CannotOpen):
                    opener.contribution(key.compartment, data, his)
            assert all(opener.contribution(key.compartment, wraps[one.key_id], one) for one in others)


def test_an_anonymous_report_without_files_tells_whom_to_leave_out_of_what_is_added(tmp_path: Path) -> None:
    with staffed(tmp_path / "home", f"sqlite:///{tmp_path / 'log.sqlite'}") as office:
        report_id, code = about(office, "封缄", Duty.KEEPING, reporter=ReporterDetails())
        add(office.platform, code, Addition(number=1, files=(file("二.txt", b"second"),)))
        his = KemPrivateKey(seeds(office.platform)["custodian/custodian-1"]).key_id
        told = [*sealings(office, report_id), *sealings(office, office.desk.correspondence(report_id).id)]
        assert not any(wrap.key == his for sealing in told for key in sealing.keys for wrap in key.wraps)


def test_a_custodian_who_is_reported_has_no_part_in_opening_who_reported(office: Office, tmp_path: Path) -> None:
    report_id, _ = about(office, "封缄", Duty.KEEPING)
    for officer, action, form in (
        ("clerk-1", "register", {}),
        ("clerk-1", "screen", OWN),
        ("head", "confirm_screening", {}),
        ("head", "transfer", {"department": "dept-1"}),
        ("clue", "record_clue", {}),
        ("clue", "propose_distribution", {"handlers": ["inspector-1"]}),
        ("principal", "approve_distribution", {}),
    ):
        office.do(officer, action, report_id, **form)
    openings = Openings(office, tmp_path)
    made = openings.approved("inspector-1", report_id)
    office.catch_up()
    with office.platform.reads.reading() as reader:
        today = office.clock().date()
        asked = {n: queries.openings_to_contribute(reader, f"custodian-{n}", today) for n in (1, 2)}
    assert made not in {row.opening_id for row in asked[1]}
    assert made in {row.opening_id for row in asked[2]}
    with pytest.raises(Refused) as refused:
        openings.request_file("custodian-1", made)
    assert refused.value.code == "SoD-7"
    for officer in ("custodian-2", "custodian-3"):
        openings.contribute(officer, made)
    assert office.desk.opening(made).enough


# -- no part -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def on_an_inspector(office: Office) -> UUID:
    """A report on 明察 of the first department, accepted."""
    report_id, _ = about(office, "明察", Duty.HANDLING)
    office.do("clerk-1", "register", report_id)
    office.do("clerk-1", "screen", report_id, **OWN)
    office.do("head", "confirm_screening", report_id)
    office.catch_up()
    return report_id


def test_his_office_is_given_no_key_of_it(office: Office, on_an_inspector: UUID) -> None:
    with pytest.raises(Refused) as refused:
        office.do("head", "transfer", on_an_inspector, department="dept-1")
    assert refused.value.code == "SoD-7"


def test_he_sees_no_row_of_it_and_gives_no_command(office: Office, on_an_inspector: UUID) -> None:
    with office.platform.reads.reading() as reader:
        assert queries.is_excluded(reader, on_an_inspector, "inspector-1")
        assert not queries.is_excluded(reader, on_an_inspector, "inspector-3")
    with pytest.raises(Refused) as refused:
        office.do("inspector-1", "draft_message", on_an_inspector, text="您好。")
    assert refused.value.code == "SoD-7"


def test_another_department_handles_it_and_he_is_no_choice_anywhere(office: Office, on_an_inspector: UUID) -> None:
    office.do("head", "transfer", on_an_inspector, department="dept-2")
    office.do("clue", "record_clue", on_an_inspector)
    with pytest.raises(BadInput):
        office.do("clue", "propose_distribution", on_an_inspector, handlers=["inspector-1"])
    office.do("clue", "propose_distribution", on_an_inspector, handlers=["inspector-3"])


def test_the_log_says_nowhere_who_is_kept_away(office: Office) -> None:
    """Neither what the door found, nor what the head records later."""
    report_id, _ = about(office, "计衡", Duty.HANDLING)
    office.do("head", "exclude", report_id, officer="inspector-3", reason="named_in_report")
    said = b"".join(encode(to_state(event)) for event in office.events(report_id))
    assert not re.search(rb"inspector|named_in_report|recus", said)
    assert office.desk.report(report_id).named_here == {"inspector-2", "inspector-3"}
    office.catch_up()
    with office.platform.reads.reading() as reader:
        row = queries.report(reader, report_id)
    assert row is not None
    assert row.excluded == ("inspector-2", "inspector-3")
    office.verify()


def test_where_the_list_of_those_kept_away_is_gone_nobody_reads_the_report(tmp_path: Path) -> None:
    with staffed(tmp_path / "home", f"sqlite:///{tmp_path / 'log.sqlite'}") as office:
        report_id, _ = about(office, "明察", Duty.HANDLING)
        assert office.read("clerk-1", report_id).title
        (sealing,) = sealings(office, report_id)
        (facts,) = [key for key in sealing.keys if key.compartment == "facts"]
        with sqlite3.connect(tmp_path / "log.sqlite") as database:
            tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            (wraps,) = [name for name in tables if name.endswith("wrap")]
            database.execute("PRAGMA trusted_schema = on")
            for (trigger,) in database.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", (wraps,)
            ).fetchall():
                database.execute(f"DROP TRIGGER {trigger}")
            gone = bytes.fromhex(facts.wraps[0].sha256)
            database.execute(f"DELETE FROM {wraps} WHERE sha256 = ?", (gone,))  # noqa: S608 - the log's own table
        with pytest.raises(Refused) as refused:
            office.read("clerk-1", report_id)
        assert refused.value.code == "facts"


# -- the question ------------------------------------------------------------------------------------------------------


def asked(office: Office, name: str, *duties: Duty) -> Visitor:
    visitor = Visitor(create_app(office.platform))
    said = {
        "level": {"level": "own_staff", "unit": ""},
        "who": {"name-1": name, "unit-1": "", "post-1": "", "area-1": ""},
        "staff": {"duties": [duty.value for duty in duties]},
        **{page: values for page, values in ANSWERS.items() if page not in ("level", "who")},
    }
    visitor.fill(said)
    return visitor


def test_who_reports_somebody_of_this_office_is_asked_what_he_does(office: Office) -> None:
    visitor = Visitor(create_app(office.platform))
    visitor.begin()
    visitor.send("level", {"level": "own_staff", "unit": ""})
    visitor.send("who", {"name-1": "", "unit-1": "", "post-1": "", "area-1": ""})
    assert visitor.heading == "他在本机关做什么工作？"
    assert "本件将直接加密送交" not in visitor.words  # nobody can know yet
    visitor.send("staff", {})
    assert "不知道的，请选“不清楚”" in visitor.words
    visitor.send("staff", {"duties": ["handling", "made up"]})
    assert visitor.heading != "他在本机关做什么工作？"


def test_nobody_else_is_asked(office: Office) -> None:
    visitor = Visitor(create_app(office.platform))
    visitor.fill()
    assert visitor.heading == "核对您填写的内容"
    assert "做什么工作" not in visitor.words


def test_the_summary_says_whether_it_goes_up(office: Office) -> None:
    assert "送交" in asked(office, "", Duty.UNKNOWN).words
    stays = asked(office, "明察", Duty.HANDLING)
    assert "送交" not in stays.words
    assert Duty.HANDLING.label in stays.words
    assert len(stays.hand_in()) == 32


def test_the_superior_learns_why_it_came_and_the_county_does_not(office: Office) -> None:
    report_id, _ = about(office, "柏舟", Duty.RECEPTION)
    sealed.register(office.desk, office.sessions["clerk-2"], report_id)
    sealed.report_to_superior(office.desk, office.sessions["head"], report_id, "site")
    facts = sealed.SealedReader(office.desk, office.sessions["superior"], report_id).read().facts
    assert facts["jurisdiction_reason"] == "own_staff"
    assert "own_staff" not in json.dumps([to_state(event) for event in office.events(report_id)])
