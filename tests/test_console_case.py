"""The case page: what an officer sees of a report, what he can do with it, and what stands in the log afterwards."""

from __future__ import annotations

import io
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import nullcontext
from uuid import UUID

import pytest
from PIL import Image

from events.vocabulary.access import ContentOpened, ListShown
from events.vocabulary.intake import ReportReceived
from events.vocabulary.streams import access_id
from supervision.intake.submission import Attachment
from supervision.sealing.receipt import ReceiptCode
from tests.support.officers import County, county, steps_until

SCREENING = {
    "matter_class": "report",
    "named_status": "anonymous",
    "verification": "none",
    "jurisdiction": "own",
    "proposal": "accept",
}
TITLE = "占用公款宴请"
TEXT = "九月十日在城南酒楼用公款宴请。"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[County]:
    path = tmp_path_factory.mktemp("case")
    with county(path / "home", f"sqlite:///{path / 'log.sqlite'}") as made:
        yield made


def opened(home: County, officer: str) -> list[UUID]:
    """Reports whose content the log says that the officer opened today."""
    stream = access_id(home.platform.manifest.origin, officer, home.clock().date().isoformat())
    return [UUID(e.report) for e in home.platform.ledger.events_of(stream) if isinstance(e, ContentOpened)]


def picture() -> Attachment:
    """A photograph as a telephone makes it."""
    made = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(made, "JPEG")
    data = made.getvalue()
    return Attachment(
        name="现场照片.jpg",
        media_type="image/jpeg",
        size=len(data),
        open=lambda: nullcontext(io.BytesIO(data)),
    )


# -- seeing ----------------------------------------------------------------------------------------------------------


def test_the_clerk_reads_what_was_reported_and_the_log_says_so_first(home: County) -> None:
    report = home.report()
    clerk = home.signed_in("clerk-1")
    assert report not in opened(home, "clerk-1")
    page = clerk.open(f"/console/reports/{report}")
    assert TEXT in page
    assert "厉文舟" in page
    assert opened(home, "clerk-1").count(report) == 1


def test_looking_again_on_the_same_day_is_not_recorded_again_but_the_next_day_is(home: County) -> None:
    report = home.report()
    clerk = home.signed_in("clerk-2")
    for _ in range(3):
        clerk.open(f"/console/reports/{report}")
    assert opened(home, "clerk-2").count(report) == 1
    home.clock.advance(days=1)
    home.signed_in("clerk-2").open(f"/console/reports/{report}")
    assert opened(home, "clerk-2") == [report]  # each day has a stream of its own


def test_the_queue_opens_titles_in_the_session_of_whoever_may_read_them(home: County) -> None:
    home.report("关于采购的反映")
    clerk = home.signed_in("clerk-1")
    assert "关于采购的反映" in clerk.open("/console/")
    stream = access_id(home.platform.manifest.origin, "clerk-1", home.clock().date().isoformat())
    today = home.clock().date().isoformat()
    shown = [e for e in home.platform.ledger.events_of(stream) if isinstance(e, ListShown) and e.day == today]
    assert len(shown) == 1


def test_the_clue_supervisor_sees_that_it_is_there_and_not_what_it_says(home: County) -> None:
    report = home.report("关于工程的反映")
    home.walk(report, steps_until("transfer"))
    supervisor = home.signed_in("clue")
    listed = supervisor.open("/console/")
    assert home.platform.desk.report(report).number in listed
    page = supervisor.open(f"/console/reports/{report}")
    assert "不查看举报内容" in page
    assert "云岫县交通运输局" in page  # the office's facts, which he distributes by
    for secret in ("关于工程的反映", TEXT, "厉文舟"):
        assert secret not in listed
        assert secret not in page


@pytest.mark.parametrize("officer", ["inspector-1", "org-clerk", "org-principal", "operator", "admin"])
def test_who_has_no_part_in_a_report_is_refused(home: County, officer: str) -> None:
    report = home.report()
    page = home.signed_in(officer).open(f"/console/reports/{report}", 403)
    assert "不能打开" in page
    assert TEXT not in page
    assert report not in opened(home, officer)


def test_an_inspector_reads_it_when_it_is_his_and_his_colleague_does_not(home: County) -> None:
    report = home.report()
    home.walk(report, steps_until("approve_distribution"))
    assert TEXT in home.signed_in("inspector-1").open(f"/console/reports/{report}")
    home.signed_in("inspector-3").open(f"/console/reports/{report}", 403)


def test_whoever_must_withdraw_loses_the_report_at_once(home: County) -> None:
    report = home.report()
    clerk = home.signed_in("clerk-2")
    assert TEXT in clerk.open(f"/console/reports/{report}")
    home.signed_in("head").act(report, "exclude", officer="clerk-2", reason="kinship")
    assert "回避" in clerk.open(f"/console/reports/{report}", 403)
    assert str(report) not in clerk.open("/console/")


def test_damaged_content_is_told_and_the_list_goes_on(home: County) -> None:
    damaged, sound = home.report("损坏的一件"), home.report("完好的一件")
    received = home.platform.ledger.events_of(damaged)[0]
    assert isinstance(received, ReportReceived)
    (title,) = [item.sha256 for item in received.sealing.items if item.field == "title"]
    with sqlite3.connect(home.platform.settings.database_url.removeprefix("sqlite:///")) as database:
        database.execute("UPDATE envelope SET data = zeroblob(4096) WHERE sha256 = ?", (bytes.fromhex(title),))
    clerk = home.signed_in("clerk-1")
    clerk.open("/console/?scope=mine&state=received")
    assert {damaged, sound} <= set(clerk.reports)
    assert "完好的一件" in clerk.text
    page = clerk.open(f"/console/reports/{damaged}")
    assert "内容不显示" in page
    assert "supervision verify" in page


def test_a_report_that_is_not_there_is_not_found(home: County) -> None:
    page = home.signed_in("clerk-1").open("/console/reports/00000000-0000-4000-8000-000000000001", 404)
    assert "没有找到" in page


def test_a_picture_is_shown_without_its_metadata_and_can_do_nothing(home: County) -> None:
    report = home.report(attachments=(picture(),))
    clerk = home.signed_in("clerk-1")
    page = clerk.open(f"/console/reports/{report}")
    address = next(part for part in page.split('"') if part.startswith(f"/console/reports/{report}/files/"))
    answer = clerk.client.get(address)
    assert answer.mimetype == "image/jpeg"
    assert answer.headers["Content-Disposition"].startswith("inline")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert Image.open(io.BytesIO(answer.data)).size == (8, 8)
    home.signed_in("inspector-1").open(address, 403)


# -- doing -------------------------------------------------------------------------------------------------------------


def test_the_next_step_lies_open_and_holds_what_the_rules_propose(home: County) -> None:
    report = home.report()
    home.carry_out("clerk-1", "register", report)
    page = home.signed_in("clerk-1").open(f"/console/reports/{report}")
    mine = next(part for part in page.split("<details") if "screen-proposal" in part)
    assert " open" in mine.split(">")[0]
    for value in ("report", "own", "accept", "anonymous"):
        assert f'<option value="{value}" selected>' in mine


def test_a_command_is_recorded_as_the_officer_s_own_act_and_shows_in_the_timeline(home: County) -> None:
    report = home.report()
    clerk = home.signed_in("clerk-1")
    page = clerk.act(report, "register")
    assert "已完成：登记编号" in page
    number = home.platform.desk.report(report).number
    assert f"编号：{number}" in page
    assert home.platform.ledger.events_of(report)[-1].actor == "clerk-1"  # type: ignore[attr-defined]  # registered


def test_what_is_missing_is_named_at_its_field_and_the_rest_is_kept(home: County) -> None:
    report = home.report()
    home.carry_out("clerk-1", "register", report)
    clerk = home.signed_in("clerk-1")
    page = clerk.act(report, "screen", 422, **SCREENING | {"proposal": "", "note": "请室主任斟酌"})
    assert "请检查以下内容" in page
    assert 'href="#screen-proposal"' in page
    assert "请室主任斟酌" in page
    assert home.platform.desk.report(report).screening is None


def test_a_refusal_says_why_and_keeps_the_input(home: County) -> None:
    report = home.report()
    home.carry_out("clerk-1", "register", report)
    clerk = home.signed_in("clerk-1")
    given = SCREENING | {"proposal": "forward", "target": "court", "note": "转送前已电话联系"}
    page = clerk.act(report, "screen", 409, **given)
    assert "没有办理：甄别" in page
    assert "接收单位" in page
    assert "转送前已电话联系" in page


def test_separation_of_duties_is_told_as_the_reason(home: County) -> None:
    report = home.report()
    home.walk(report, steps_until("approve_distribution"))
    inspector = home.signed_in("inspector-1")
    inspector.act(report, "propose_disposition", disposition="held", minutes="第3号", note="线索暂不具备核查条件")
    page = inspector.send(f"/console/reports/{report}/approve_disposition", 409)
    assert "由分管领导、主要负责人办理" in page or "由主要负责人、分管领导办理" in page


def test_of_two_officers_one_wins_and_the_other_sees_what_changed_with_his_input_kept(home: County) -> None:
    report = home.report()
    home.carry_out("clerk-1", "register", report)
    first, second = home.signed_in("clerk-1"), home.signed_in("clerk-2")
    for screen in (first, second):
        screen.open(f"/console/reports/{report}")
    first.act(report, "screen", **SCREENING)
    page = second.send(f"/console/reports/{report}/screen", 409, **SCREENING | {"note": "我认为应当转送"})
    assert "本件在您打开之后有变化" in page
    assert "完成甄别" in page
    assert "柏舟" in page
    assert "我认为应当转送" in page
    screened = home.platform.desk.report(report)
    assert screened.screener == "clerk-1"


def test_two_who_press_at_the_very_same_moment_do_not_both_win(home: County) -> None:
    report = home.report()
    screens = [home.signed_in("clerk-1"), home.signed_in("clerk-2")]
    for screen in screens:
        screen.open(f"/console/reports/{report}")
    answers: list[int] = []

    def press(number: int) -> None:
        screen = screens[number]
        token = screen.text.split('name="csrf_token" value="')[1].split('"')[0]
        version = screen.text.split('name="version" value="')[1].split('"')[0]
        sent = {"csrf_token": token, "version": version}
        answers.append(screen.client.post(f"/console/reports/{report}/register", data=sent).status_code)

    threads = [threading.Thread(target=press, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [303, 409]
    assert home.platform.desk.report(report).version == 2


def test_after_the_last_step_the_next_report_of_the_queue_opens(home: County) -> None:
    home.report("第一件")
    home.report("第二件")
    clerk = home.signed_in("clerk-1")
    queue = "scope=mine&state=received"
    clerk.open(f"/console/?{queue}")
    first, second = clerk.reports[:2]
    clerk.open(f"/console/reports/{first}?{queue}")
    clerk.send(f"/console/reports/{first}/register?{queue}", onward="on")
    assert clerk.path == f"/console/reports/{first}"  # to screen it is his next step
    clerk.send(f"/console/reports/{first}/screen?{queue}", onward="on", **SCREENING)
    assert clerk.path == f"/console/reports/{second}"


def test_who_would_rather_stay_stays(home: County) -> None:
    report = home.report()
    clerk = home.signed_in("clerk-1")
    clerk.act(report, "register")
    page = clerk.act(report, "screen", **SCREENING)
    assert clerk.path == f"/console/reports/{report}"
    assert "已完成：甄别" in page


def test_a_note_is_read_by_those_who_may_read_the_report_and_stands_in_no_database(home: County) -> None:
    report = home.report()
    home.carry_out("clerk-1", "register", report)
    home.carry_out("clerk-1", "screen", report, **SCREENING, note="与去年旧件相似，建议并案")
    assert "建议并案" in home.signed_in("head").open(f"/console/reports/{report}")
    stored = b"".join(path.read_bytes() for path in home.platform.settings.home.parent.rglob("*") if path.is_file())
    for secret in ("建议并案", TEXT, "厉文舟"):
        assert secret.encode() not in stored


def test_free_text_for_the_reporter_is_shown_to_the_second_officer_beside_the_decision(home: County) -> None:
    report = home.report(code=ReceiptCode.new(home.platform.rng))
    home.carry_out("clerk-1", "draft_message", report, text="请补充时间和地点。")
    head = home.signed_in("head").open(f"/console/reports/{report}")
    assert "请补充时间和地点。" in head
    assert "同意发布留言" in head
    assert "同意发布留言" not in home.signed_in("clerk-1").open(f"/console/reports/{report}")


def test_what_waits_for_a_second_officer_is_listed_for_him(home: County) -> None:
    report = home.report(code=ReceiptCode.new(home.platform.rng))
    home.carry_out("clerk-1", "draft_message", report, text="请补充材料。")
    head = home.signed_in("head")
    assert "留言待复核" in head.open("/console/")
    head.open("/console/drafts")
    assert report in head.reports
    own = home.signed_in("clerk-1")
    own.open("/console/drafts")
    assert report not in own.reports


def test_words_to_the_reporter_are_read_in_full_before_they_are_sent(home: County) -> None:
    report = home.report(code=ReceiptCode.new(home.platform.rng))
    page = home.signed_in("clerk-1").open(f"/console/reports/{report}")
    form = page.split("/send_template")[1].split("</form>")[0]
    assert 'type="radio"' in form
    assert "您反映的情况已收到" in form


def test_whoever_decides_has_the_proposal_before_him(home: County) -> None:
    report = home.report()
    home.carry_out("clerk-1", "register", report)
    home.carry_out("clerk-1", "screen", report, **SCREENING, note="旧件已办结，本件为新线索")
    page = home.signed_in("head").open(f"/console/reports/{report}")
    form = page.split("/confirm_screening")[1].split("</form>")[0]
    for told in ("完成甄别", "柏舟", "办理意见：本级受理", "旧件已办结，本件为新线索"):
        assert told in form


def test_what_came_back_lies_before_whoever_must_do_it_again(home: County) -> None:
    report = home.report()
    home.walk(report, steps_until("screen"))
    home.carry_out("head", "return_screening", report, note="请先核实管辖")
    page = home.signed_in("clerk-1").open(f"/console/reports/{report}")
    assert "请先核实管辖" in page.split("reports/" + str(report) + "/screen")[1].split("</form>")[0]


def test_loading_again_after_a_failed_command_shows_the_report_as_it_stands(home: County) -> None:
    report = home.report()
    clerk = home.signed_in("clerk-1")
    clerk.open(f"/console/reports/{report}/register")
    assert clerk.path == f"/console/reports/{report}"
    clerk.open(f"/console/reports/{report}/no-such-command", 404)


@pytest.mark.parametrize("address", ["/console/?after=x", "/console/sealed?after=x", "/console/drafts?after=x"])
def test_a_key_that_no_page_gave_leads_to_the_first_page(home: County, address: str) -> None:
    home.signed_in("clerk-1").open(address)


def test_the_whole_way_from_the_clerk_to_the_archive(home: County) -> None:
    report = home.report(code=ReceiptCode.new(home.platform.rng))
    clerk, head = home.signed_in("clerk-1"), home.signed_in("head")
    clerk.act(report, "register")
    clerk.act(report, "screen", **SCREENING)
    head.act(report, "confirm_screening")
    head.act(report, "notify_reporter", mode="status_page")
    head.act(report, "transfer", department="dept-1")
    supervisor = home.signed_in("clue")
    supervisor.act(report, "record_clue")
    supervisor.act(report, "propose_distribution", handlers=["inspector-1", "inspector-2"])
    home.signed_in("principal").act(report, "approve_distribution")
    inspector = home.signed_in("inspector-1")
    inspector.act(report, "propose_disposition", disposition="preliminary_verification", minutes="第9号", note="可查")
    home.signed_in("deputy").act(report, "approve_disposition")
    inspector.act(report, "conclude", result="proved", note="问题属实")
    inspector.act(report, "feed_back", mode="status_page", second_officer="inspector-2", note="无异议")
    page = clerk.act(report, "archive", retention="ten_years")
    for told in ("决定受理", "移送承办部门", "线索入库", "批准分办", "批准处置意见", "办结", "反馈处理结果", "归档"):
        assert told in page
