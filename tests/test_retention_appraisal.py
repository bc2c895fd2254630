"""Appraisal and destruction by the real commands: who may, when, what is refused, what is gone afterwards (E-32)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

import pytest

from projections import queries
from supervision.business_time import SHANGHAI
from supervision.casework import account_changes
from supervision.casework import opening as openings
from supervision.casework import retention as use
from supervision.casework.account_changes import Proposal
from supervision.casework.content import sealings_of
from supervision.domain.codes import Role
from supervision.domain.refusal import Refused
from supervision.domain.retention_rules import AppraisalRefusal, AppraisalState, DestructionScope
from supervision.domain.staffing import AccountChange
from supervision.intake import supplement
from supervision.intake.status_lookup import look_up
from supervision.projecting import make_runner
from supervision.sealing.receipt import ReceiptCode
from supervision.shredding import destroy_keys, empty_database
from tests.support.office import DATABASES, NOW, Office, file, names, staffed_on
from tests.support.openings import Openings

IDENTITY, EVERYTHING = DestructionScope.IDENTITY, DestructionScope.EVERYTHING
DOCUMENT, HOLD = "云档鉴〔2032〕3号", "云检调〔2031〕8号"
SOON = datetime(2030, 12, 31, 23, 0, tzinfo=SHANGHAI)
AFTER_FIVE_YEARS = datetime(2032, 1, 4, 9, 0, tzinfo=SHANGHAI)
AFTER_TEN_YEARS = datetime(2037, 1, 5, 9, 0, tzinfo=SHANGHAI)


@pytest.fixture(scope="module", params=DATABASES)
def office(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with staffed_on(request, tmp_path_factory.mktemp("county")) as found:
        yield found


@pytest.fixture(autouse=True)
def today(office: Office) -> Iterator[None]:
    """Each test begins when the reports come in."""
    office.clock.now = NOW
    yield


def archived(office: Office, retention: str = "ten_years") -> tuple[UUID, ReceiptCode]:
    """A named report with a file, handled to its end and filed."""
    report_id, code = office.web(attachments=(file("账单.txt", b"evidence"),))
    office.do("clerk-1", "register", report_id)
    office.do("clerk-1", "screen", report_id, **OWN_FORWARDED)
    office.do("head", "confirm_screening", report_id)
    office.do("clerk-1", "archive", report_id, retention=retention)
    return report_id, code


OWN_FORWARDED = {
    "matter_class": "report",
    "named_status": "verified",
    "verification": "phone",
    "jurisdiction": "subordinate",
    "proposal": "forward",
    "target": "qinghe",
}


def propose(office: Office, *reports: UUID, scope: DestructionScope = IDENTITY, document: str = DOCUMENT) -> UUID:
    return use.propose(office.desk, office.sessions["clerk-1"], document, scope, reports)


def approve(office: Office, appraisal: UUID, officer: str = "deputy") -> None:
    use.approve(office.desk, office.sessions[officer], appraisal)


def agreed(office: Office, *reports: UUID, scope: DestructionScope = IDENTITY) -> UUID:
    appraisal = propose(office, *reports, scope=scope)
    approve(office, appraisal)
    return appraisal


def destroy(office: Office, *reports: UUID, scope: DestructionScope = IDENTITY) -> use.Carried:
    return use.carry_out(office.desk, office.sessions["clerk-1"], agreed(office, *reports, scope=scope))


def kept(office: Office, report_id: UUID) -> set[str]:
    """Compartments of which custody still has an envelope, a file or a wrap."""
    found = set()
    for event in office.events(report_id):
        for sealing in sealings_of(event):
            for item in sealing.items:
                sha256 = bytes.fromhex(item.sha256)
                if office.desk.custody.envelope(sha256) or office.desk.custody.file_path(sha256).exists():
                    found.add(item.compartment)
            for key in sealing.keys:
                if any(office.desk.custody.wrap(bytes.fromhex(wrap.sha256)) for wrap in key.wraps):
                    found.add(key.compartment)
    return found


def refused(code: str) -> pytest.RaisesExc[Refused]:
    return pytest.raises(Refused, check=lambda refusal: refusal.code == code)


# -- what is destroyed ------------------------------------------------------------------------------------------------


def test_identity_goes_sooner_and_the_content_stays(office: Office) -> None:
    report_id, code = archived(office)
    before = kept(office, report_id)
    office.clock.now = AFTER_FIVE_YEARS
    with refused("period"):
        propose(office, report_id, scope=EVERYTHING)
    assert destroy(office, report_id).destroyed == (report_id,)
    assert before - kept(office, report_id) == {"identity", "contact", "source"}
    assert office.read("clerk-1", report_id).text
    status = look_up(office.platform, code)
    assert status is not None and status.destroyed == (AFTER_FIVE_YEARS.date(), False)
    assert office.verify()


def test_everything_goes_when_its_period_is_over_and_a_tombstone_stands_in_its_place(office: Office) -> None:
    report_id, code = archived(office)
    office.clock.now = AFTER_TEN_YEARS
    destroy(office, report_id, scope=EVERYTHING)
    assert kept(office, report_id) == set()
    with pytest.raises(Refused, match=f"2037-01-05 按鉴定销毁（{DOCUMENT}）"):
        office.read("clerk-1", report_id)
    with refused("destroyed"):
        openings.compartments_for(office.desk, report_id)
    assert names(office.events(report_id))[-2:] == ["report.archived", "report.destroyed"]
    status = look_up(office.platform, code)
    assert status is not None and status.destroyed == (AFTER_TEN_YEARS.date(), True)
    with pytest.raises(supplement.NothingToAddTo):
        supplement.add(office.platform, code, supplement.Addition(number=1, text="补充"))
    assert office.verify()


def test_what_was_added_later_and_what_officers_wrote_goes_with_it(office: Office) -> None:
    report_id, code = office.web()
    office.do("clerk-1", "register", report_id)
    office.do("clerk-1", "screen", report_id, **OWN_FORWARDED, note="须转下级。")
    supplement.add(office.platform, code, supplement.Addition(number=1, text="补充", files=(file("a.txt", b"x"),)))
    office.do("head", "confirm_screening", report_id)
    office.do("clerk-1", "archive", report_id, retention="ten_years")
    office.clock.now = AFTER_TEN_YEARS
    destroy(office, report_id, scope=EVERYTHING)
    exchange = office.case(report_id).correspondence.id
    assert kept(office, report_id) == kept(office, exchange) == set()
    assert office.verify()


def test_read_models_forget_whom_the_report_was_about_and_are_rebuilt_the_same(office: Office) -> None:
    report_id, _ = archived(office)
    office.catch_up()
    office.clock.now = AFTER_TEN_YEARS
    destroy(office, report_id, scope=EVERYTHING)
    office.catch_up()
    for _again in range(2):
        with office.platform.reads.reading() as reader:
            row = queries.report(reader, report_id)
            assert row is not None and row.respondents == () and row.unit == row.post == "" and row.category == ()
        make_runner(office.platform).rebuild()


def test_a_report_that_went_up_late_leaves_no_identity_behind_for_ever(office: Office) -> None:
    report_id, _ = office.web()
    office.do("clerk-1", "propose_bypass", report_id)
    office.do("head", "confirm_bypass", report_id)
    office.clock.now = AFTER_TEN_YEARS
    with refused("open"):
        propose(office, report_id, scope=EVERYTHING)
    destroy(office, report_id)
    assert kept(office, report_id) == set()
    assert office.verify()


# -- what is refused ------------------------------------------------------------------------------------------------


def test_not_before_the_period_ends(office: Office) -> None:
    report_id, _ = archived(office)
    office.clock.now = SOON
    with refused("period"):
        propose(office, report_id)
    office.clock.now = datetime(2031, 12, 31, 23, 59, tzinfo=SHANGHAI)
    with refused("period"):
        propose(office, report_id)


def test_what_is_kept_for_ever_keeps_its_content(office: Office) -> None:
    report_id, _ = archived(office, "permanent")
    office.clock.now = datetime(2126, 1, 5, 9, 0, tzinfo=SHANGHAI)
    with refused("period"):
        propose(office, report_id, scope=EVERYTHING)
    assert propose(office, report_id)


def test_not_while_it_is_worked_on(office: Office) -> None:
    report_id = office.distributed()
    office.clock.now = AFTER_TEN_YEARS
    with refused("open"):
        propose(office, report_id)


def test_not_under_a_hold_at_any_step(office: Office) -> None:
    """Asked for by one, it stops all destruction at once: of what is proposed, agreed on, being carried out."""
    held, other = archived(office)[0], archived(office)[0]
    office.clock.now = AFTER_FIVE_YEARS
    proposed, approved = propose(office, held), agreed(office, held, other)
    office.do("clerk-1", "request_hold", held, document=HOLD)
    with refused("hold"):
        propose(office, held)
    with refused("hold"):
        approve(office, proposed)
    before = kept(office, held)
    done = use.carry_out(office.desk, office.sessions["clerk-1"], approved)
    assert done.destroyed == (other,) and HOLD in done.spared[held]
    assert kept(office, held) == before
    assert office.verify()


def test_not_while_somebody_is_being_let_look(office: Office) -> None:
    """A contribution that was given and not used keeps the report, until the opening is ended."""
    report_id, _ = archived(office)
    there = Openings(office, office.platform.settings.home / f"gate-{report_id}")
    opening = there.approved("head", report_id)
    there.contribute("custodian-1", opening)
    office.clock.now = AFTER_FIVE_YEARS
    with refused("pending"):
        propose(office, report_id)
    openings.close(office.desk, office.platform.working, office.sessions["head"], opening)
    destroy(office, report_id)
    assert office.verify()


def test_the_same_person_does_not_propose_and_approve(office: Office) -> None:
    report_id, _ = archived(office)
    office.clock.now = AFTER_FIVE_YEARS
    roles = (Role.INTAKE_CLERK, Role.DEPUTY_IN_CHARGE)
    change = Proposal(change=AccountChange.ROLES, office="petition", roles=roles)
    account_changes.propose(office.desk, office.sessions["admin"], "acting-head", change)
    account_changes.change_roles(office.desk, office.sessions["security"], "acting-head", {})
    proposer = office.again("acting-head")
    appraisal = use.propose(office.desk, proposer, DOCUMENT, IDENTITY, [report_id])
    with refused("SoD-3"):
        use.approve(office.desk, proposer, appraisal)
    with refused("SoD-3"):
        use.refuse(office.desk, proposer, appraisal, AppraisalRefusal.LIST_WRONG)
    approve(office, appraisal)


@pytest.mark.parametrize("officer", ["clerk-1", "head", "inspector-1", "admin", "security"])
def test_only_a_leader_approves(office: Office, officer: str) -> None:
    report_id, _ = archived(office)
    office.clock.now = AFTER_FIVE_YEARS
    with refused("role"):
        approve(office, propose(office, report_id), officer)


@pytest.mark.parametrize("officer", ["deputy", "inspector-1", "admin", "oversight"])
def test_only_the_petition_office_proposes_and_carries_out(office: Office, officer: str) -> None:
    report_id, _ = archived(office)
    office.clock.now = AFTER_FIVE_YEARS
    with refused("role"):
        use.propose(office.desk, office.sessions[officer], DOCUMENT, IDENTITY, [report_id])
    with refused("role"):
        use.carry_out(office.desk, office.sessions[officer], agreed(office, report_id))


def test_nothing_is_carried_out_that_two_have_not_agreed_on(office: Office) -> None:
    report_id, _ = archived(office)
    office.clock.now = AFTER_FIVE_YEARS
    appraisal = propose(office, report_id)
    with refused("state"):
        use.carry_out(office.desk, office.sessions["clerk-1"], appraisal)
    use.refuse(office.desk, office.sessions["deputy"], appraisal, AppraisalRefusal.STILL_OF_USE)
    with refused("state"):
        use.carry_out(office.desk, office.sessions["clerk-1"], appraisal)
    with refused("state"):
        approve(office, appraisal)
    assert "identity" in kept(office, report_id)


def test_nothing_is_destroyed_twice(office: Office) -> None:
    report_id, _ = archived(office)
    office.clock.now = AFTER_FIVE_YEARS
    appraisal = agreed(office, report_id)
    use.carry_out(office.desk, office.sessions["clerk-1"], appraisal)
    with refused("state"):
        use.carry_out(office.desk, office.sessions["clerk-1"], appraisal)
    with refused("destroyed"):
        propose(office, report_id)
    assert office.desk.appraisal(appraisal).state is AppraisalState.EXECUTED


def test_another_office_s_reports_are_not_in_the_list(office: Office) -> None:
    report_id, _ = archived(office)
    office.clock.now = AFTER_FIVE_YEARS
    with refused("not_assigned"):
        use.propose(office.desk, office.sessions["org-clerk"], DOCUMENT, IDENTITY, [report_id])


@pytest.mark.parametrize("document", ["", "张三的意见", "云档鉴[2032]号", "3号"])
def test_a_paper_is_named_by_its_number_and_nothing_else_gets_into_the_log(office: Office, document: str) -> None:
    report_id, _ = archived(office)
    office.clock.now = AFTER_FIVE_YEARS
    with refused("document"):
        propose(office, report_id, document=document)


# -- the keys of periods ----------------------------------------------------------------------------------------------


def test_a_period_s_key_goes_with_its_last_report_and_a_hold_keeps_it(office: Office) -> None:
    """In a year of its own, so that no other test keeps the key."""
    office.clock.now = datetime(2027, 3, 1, 9, 0, tzinfo=SHANGHAI)
    one, two = archived(office)[0], archived(office)[0]
    (name,) = [name for name in office.platform.retention.names() if name.startswith("identity-2027-")]
    me = office.sessions["clerk-1"]
    office.clock.now = datetime(2033, 1, 4, 9, 0, tzinfo=SHANGHAI)
    office.do("clerk-1", "request_hold", two, document=HOLD)
    destroy(office, one)
    assert name not in destroy_keys(office.platform, me, grace=0)
    assert name in office.platform.retention.names()
    office.do("deputy", "lift_hold", two, document=HOLD)
    destroy(office, two)
    assert destroy_keys(office.platform, me, grace=0) == [name]
    assert name not in office.platform.retention.names()
    assert not any(name in path.name for path in (office.platform.settings.home / "retention").iterdir())
    assert office.verify()


def test_after_a_crash_between_event_and_key_the_next_call_ends_it(office: Office) -> None:
    office.clock.now = datetime(2028, 3, 1, 9, 0, tzinfo=SHANGHAI)
    report_id, _ = archived(office)
    (name,) = [name for name in office.platform.retention.names() if name.startswith("identity-2028-")]
    office.clock.now = datetime(2034, 1, 4, 9, 0, tzinfo=SHANGHAI)
    destroy(office, report_id)
    office.platform.retention.withdraw(name)  # and then the power went
    assert name in destroy_keys(office.platform, office.sessions["clerk-1"], grace=0)
    assert not office.platform.retention.withdrawn()


def test_what_cannot_be_reached_is_said(office: Office) -> None:
    remains = empty_database(office.platform).remains
    if office.platform.settings.database_url.startswith("sqlite"):
        assert remains == ""
    else:
        assert "WAL 归档" in remains and "备库" in remains
