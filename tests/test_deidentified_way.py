"""Where the narrative tells who reported, those who handle the report get a version that does not, and only its key."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from events.vocabulary.deidentified import OriginalGranted, ReportDeidentified
from events.vocabulary.report import TransferredToDept
from supervision.casework.content import ContentReader, sealings_of
from supervision.casework.deidentified import may_open_original, open_original
from supervision.domain.refusal import Refused
from supervision.intake.submission import ReportedPerson
from supervision.intake.supplement import Addition, add
from supervision.sealing.compartments import CONTENT, DEIDENTIFIED
from tests.support.office import DATABASES, OWN, Office, file, names, staffed, staffed_on

TELLING = "我是城南小学唯一的出纳，九月十日亲手把八万元交给厉文舟，只有我和他在场。"
PLAIN = "九月十日，厉文舟收受某单位工作人员交付的八万元。"
LEDGER = "八万元支出凭单".encode()
SELFIE = "出纳本人与厉文舟的合影说明".encode()


@pytest.fixture(scope="module", params=DATABASES)
def office(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with staffed_on(request, tmp_path_factory.mktemp("county")) as found:
        yield found


def accepted(office: Office) -> UUID:
    return office.accepted(text=TELLING, attachments=(file("凭单.txt", LEDGER), file("合影.txt", SELFIE)))


def choices(office: Office, report_id: UUID) -> dict[str, str]:
    """Names that the form gives the files of the original, by what they are called."""
    content = office.read("clerk-1", report_id)
    return {one.name: f"{one.stream_id}.{one.event}.{one.number}" for one in content.files}


def deidentified(office: Office, *, handlers: bool = True) -> UUID:
    """A report with a version and the ledger in it, and where it stands with its handlers."""
    report_id = accepted(office)
    chosen = [choices(office, report_id)["凭单.txt"]]
    office.do("clerk-1", "deidentify", report_id, title="收受财物", text=PLAIN, files=chosen)
    if handlers:
        transfer(office, report_id)
        office.do("clue", "propose_distribution", report_id, handlers=["inspector-1", "inspector-2"])
        office.do("principal", "approve_distribution", report_id)
    return report_id


def transfer(office: Office, report_id: UUID) -> None:
    """To the first department, and into the clue store."""
    office.do("head", "transfer", report_id, department="dept-1")
    office.do("clue", "record_clue", report_id)


def wraps_of(office: Office, report_id: UUID, compartment: str) -> set[str]:
    """Key ids that have a wrap of the compartment, still in custody, in the report's own stream."""
    return {
        wrap.key
        for event in office.events(report_id)
        for sealing in sealings_of(event)
        for key in sealing.keys
        if key.compartment == compartment
        for wrap in key.wraps
        if office.desk.custody.wrap(bytes.fromhex(wrap.sha256)) is not None
    }


def key_of(office: Office, name: str) -> str:
    return office.desk.manifest.office(name).kem.key_id


# -- who can open what ----------------------------------------------------------------------------------------------


def test_after_the_transfer_the_original_is_wrapped_to_the_petition_office_alone(office: Office) -> None:
    report_id = deidentified(office)
    assert wraps_of(office, report_id, CONTENT) == {key_of(office, "petition")}
    handling = {key_of(office, name) for name in ("petition", "dept-1", "leadership")}
    assert wraps_of(office, report_id, DEIDENTIFIED) == handling
    office.verify()


@pytest.mark.parametrize("officer", ["inspector-1", "deputy", "principal"])
def test_whoever_handles_the_report_reads_the_version_in_its_place(office: Office, officer: str) -> None:
    content = office.read(officer, deidentified(office))
    assert (content.title, content.text, content.original) == ("收受财物", PLAIN, False)
    assert [one["name"] for one in content.respondents] == ["厉文舟"]
    assert [one.name for one in content.files] == ["凭单.txt"]
    assert TELLING not in repr(vars(content))


def test_the_files_that_were_chosen_open_and_no_other(office: Office) -> None:
    report_id = deidentified(office)
    case = office.case(report_id)
    reader = ContentReader(office.desk, office.sessions["inspector-1"], case.report, case.clue)
    (ledger,) = reader.read().files
    with reader.file(ledger.event, ledger.number, of_report=True)[1] as opened:
        assert b"".join(opened) == LEDGER
    with pytest.raises(Refused, match="密钥"):
        reader.file(1, 2, of_report=True)


def test_the_petition_office_reads_both(office: Office) -> None:
    content = office.read("clerk-2", deidentified(office))
    assert (content.text, content.original) == (TELLING, True)
    assert content.version is not None
    assert (content.version.number, content.version.text) == (1, PLAIN)


def test_what_is_noted_afterwards_is_read_by_both_sides(office: Office) -> None:
    report_id = deidentified(office)
    office.propose_and_approve(report_id)
    for officer in ("inspector-2", "deputy", "head"):
        assert "建议初步核实。" in office.read(officer, report_id).notes.values()


def test_what_was_noted_before_stays_with_the_petition_office(office: Office) -> None:
    report_id, _ = office.web(text=TELLING)
    office.do("clerk-1", "register", report_id)
    office.do("clerk-1", "screen", report_id, **OWN, note="举报人是出纳。")
    office.do("head", "confirm_screening", report_id)
    office.do("clerk-1", "deidentify", report_id, title="收受财物", text=PLAIN)
    transfer(office, report_id)
    assert "举报人是出纳。" in office.read("head", report_id).notes.values()
    assert office.read("deputy", report_id).notes == {}


def test_a_draft_to_the_reporter_can_be_checked_by_the_other_handler(office: Office) -> None:
    report_id = deidentified(office)
    office.do("inspector-1", "draft_message", report_id, text="请补充凭单原件。")
    assert list(office.read("inspector-2", report_id).drafts.values()) == ["请补充凭单原件。"]


def test_another_department_gets_the_version_too(office: Office) -> None:
    report_id = deidentified(office, handlers=False)
    transfer(office, report_id)
    office.do("clue", "propose_distribution", report_id, handlers=["inspector-3"])
    office.do("principal", "approve_distribution", report_id)
    assert office.read("inspector-3", report_id).text == PLAIN
    with pytest.raises(Refused):
        office.read("inspector-1", report_id)


# -- versions that take the place of others ---------------------------------------------------------------------------


def test_a_transfer_passes_on_the_last_version_and_none_before_it(office: Office) -> None:
    report_id = accepted(office)
    office.do("clerk-1", "deidentify", report_id, title="收受财物", text="出纳反映：厉文舟收受八万元。")
    office.do("clerk-1", "deidentify", report_id, title="收受财物", text=PLAIN)
    transfer(office, report_id)
    first, second = [e for e in office.events(report_id) if isinstance(e, ReportDeidentified)]
    (transferred,) = [e for e in office.events(report_id) if isinstance(e, TransferredToDept)]
    passed_on = {key.commitment for sealing in sealings_of(transferred) for key in sealing.keys}
    assert passed_on == {second.sealing.keys[0].commitment} != {first.sealing.keys[0].commitment}
    assert office.read("deputy", report_id).text == PLAIN


def test_what_the_reporter_adds_goes_to_the_petition_office_until_a_version_takes_it_up(office: Office) -> None:
    report_id, code = office.web(text=TELLING)
    office.do("clerk-1", "register", report_id)
    office.do("clerk-1", "screen", report_id, **OWN)
    office.do("head", "confirm_screening", report_id)
    office.do("clerk-1", "deidentify", report_id, title="收受财物", text=PLAIN)
    transfer(office, report_id)
    office.clock.now += timedelta(hours=2)
    add(office.platform, code, Addition(number=1, text="我还有一段录音，是我自己录的。"))
    told = office.read("deputy", report_id)
    assert (told.supplements, told.withheld) == ((), 1)
    assert [one.text for one in office.read("clerk-1", report_id).supplements] == ["我还有一段录音，是我自己录的。"]
    office.clock.now += timedelta(hours=2)
    office.do("clerk-1", "deidentify", report_id, title="收受财物", text=f"{PLAIN}另有录音。")
    told = office.read("deputy", report_id)
    assert (told.text, told.withheld, told.version and told.version.number) == (f"{PLAIN}另有录音。", 0, 2)
    office.verify()


def test_the_first_version_takes_the_original_from_a_department_that_gave_the_report_back(office: Office) -> None:
    report_id = office.distributed(text=TELLING)
    office.do("inspector-1", "propose_return", report_id)
    office.do("deputy", "approve_return", report_id)
    assert key_of(office, "dept-1") in wraps_of(office, report_id, CONTENT)
    office.do("clerk-1", "deidentify", report_id, title="收受财物", text=PLAIN)
    assert wraps_of(office, report_id, CONTENT) == {key_of(office, "petition")}
    office.verify()


def test_a_late_by_pass_takes_the_version_with_it(office: Office) -> None:
    report_id, _ = office.web(text=TELLING)
    office.do("clerk-1", "register", report_id)
    office.do("clerk-1", "deidentify", report_id, title="收受财物", text=PLAIN)
    office.do("clerk-1", "propose_bypass", report_id)
    office.do("head", "confirm_bypass", report_id)
    assert wraps_of(office, report_id, CONTENT) | wraps_of(office, report_id, DEIDENTIFIED) == set()
    office.verify()


def test_a_first_version_after_the_transfer_is_refused(office: Office) -> None:
    report_id = accepted(office)
    office.do("head", "transfer", report_id, department="dept-1")
    with pytest.raises(Refused, match="去标识版"):
        office.do("clerk-1", "deidentify", report_id, title="收受财物", text=PLAIN)


def test_who_has_no_original_writes_no_version(office: Office) -> None:
    report_id = deidentified(office)
    with pytest.raises(Refused):
        office.do("inspector-1", "deidentify", report_id, title="收受财物", text=PLAIN)
    with pytest.raises(Refused):
        office.do("org-clerk", "deidentify", report_id, title="收受财物", text=PLAIN)


# -- the original ---------------------------------------------------------------------------------------------------


def asked(office: Office) -> UUID:
    report_id = deidentified(office)
    office.do("inspector-1", "request_original", report_id, purpose="evidence", note="须与凭单逐笔核对。")
    return report_id


def test_the_original_takes_two_and_every_look_is_written_down(office: Office) -> None:
    report_id = asked(office)
    session, day = office.sessions["inspector-1"], office.clock().date().isoformat()
    with pytest.raises(Refused, match="没有获准"):
        open_original(office.desk, session, office.case(report_id))
    office.do("head", "grant_original", report_id, officer="inspector-1")
    before = len(office.events(office.desk.access_log("inspector-1", day).id))
    for _ in range(2):
        opened = open_original(office.desk, session, office.case(report_id))
        assert opened.content.text == TELLING
    looks = office.events(office.desk.access_log("inspector-1", day).id)[before:]
    assert names(looks) == ["access.original_opened"] * 2
    office.verify()


def test_the_page_of_the_report_goes_on_showing_the_version(office: Office) -> None:
    report_id = asked(office)
    office.do("head", "grant_original", report_id, officer="inspector-1")
    assert office.read("inspector-1", report_id).text == PLAIN


def test_the_grant_is_wrapped_to_the_one_handler_and_nobody_else(office: Office) -> None:
    report_id = asked(office)
    office.do("head", "grant_original", report_id, officer="inspector-1")
    granted = office.events(report_id)[-1]
    assert isinstance(granted, OriginalGranted)
    to = {wrap.key for sealing in granted.sealings for key in sealing.keys for wrap in key.wraps}
    assert to == {office.sessions["inspector-1"].kem.key_id}
    with pytest.raises(Refused, match="没有获准"):
        open_original(office.desk, office.sessions["inspector-2"], office.case(report_id))


def test_the_grant_ends_after_its_days(office: Office) -> None:
    report_id = asked(office)
    office.do("head", "grant_original", report_id, officer="inspector-1")
    session = office.sessions["inspector-1"]
    office.clock.now += timedelta(days=office.platform.settings.original_days)
    assert may_open_original(office.desk, session, office.case(report_id))
    office.clock.now += timedelta(days=1)
    with pytest.raises(Refused, match="期限"):
        open_original(office.desk, session, office.case(report_id))


def test_a_refusal_opens_nothing_and_may_be_followed_by_another_request(office: Office) -> None:
    report_id = asked(office)
    office.do("head", "refuse_original", report_id, officer="inspector-1", note="凭单已随版移交。")
    with pytest.raises(Refused, match="没有获准"):
        open_original(office.desk, office.sessions["inspector-1"], office.case(report_id))
    assert "凭单已随版移交。" in office.read("inspector-1", report_id).notes.values()
    office.do("inspector-1", "request_original", report_id, purpose="wording", note="措辞有歧义。")


def test_who_must_keep_away_is_not_granted_and_opens_nothing(office: Office) -> None:
    report_id = asked(office)
    office.do("head", "exclude", report_id, officer="inspector-1", reason="kinship")
    with pytest.raises(Refused):
        office.do("head", "grant_original", report_id, officer="inspector-1")


def test_what_was_lent_does_not_outlast_an_exclusion(office: Office) -> None:
    """SoD-9: nothing is delegated in this program but this look, which ends by its day and never crosses SoD-7."""
    report_id = asked(office)
    office.do("head", "grant_original", report_id, officer="inspector-1")
    session = office.sessions["inspector-1"]
    assert open_original(office.desk, session, office.case(report_id)).content.text == TELLING
    office.do("head", "exclude", report_id, officer="inspector-1", reason="kinship")
    assert not may_open_original(office.desk, session, office.case(report_id))
    with pytest.raises(Refused):
        open_original(office.desk, session, office.case(report_id))


def test_nobody_else_can_agree(office: Office) -> None:
    report_id = asked(office)
    for officer in ("clerk-1", "inspector-1", "principal", "clue", "org-head"):
        with pytest.raises(Refused):
            office.do(officer, "grant_original", report_id, officer="inspector-1")


def test_a_version_for_a_report_on_somebody_else_does_not_open_there(tmp_path: Path) -> None:
    """The version's key is the report's own: it opens neither the original nor another report's version."""
    with staffed(tmp_path / "home", f"sqlite:///{tmp_path / 'log.sqlite'}") as office:
        one, other = deidentified(office), deidentified(office)
        keys = {}
        for report_id in (one, other):
            case = office.case(report_id)
            reader = ContentReader(office.desk, office.sessions["inspector-1"], case.report, case.clue)
            keys[report_id] = reader.note_key
            assert not reader.original
        assert keys[one][0] == keys[other][0] == DEIDENTIFIED
        assert keys[one][1] != keys[other][1]


def test_the_people_named_go_with_the_version(office: Office) -> None:
    person = ReportedPerson(name="檀国梁", unit="云岫县教育局", post="科长", managed_by="县委管理")
    report_id = office.accepted(text=TELLING, respondents=(person,))
    office.do("clerk-1", "deidentify", report_id, title="收受财物", text=PLAIN)
    transfer(office, report_id)
    assert [one["name"] for one in office.read("deputy", report_id).respondents] == ["檀国梁"]
