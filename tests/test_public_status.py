"""The status page: a word and a day for the holder of the code; additions and the wish for feedback; no trace."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask

from events.custody import CustodyBatch
from events.model import Event
from events.vocabulary.correspondence import FeedbackWishWithdrawn, SupplementReceived
from events.vocabulary.streams import correspondence_id
from supervision import business_time
from supervision.domain.aggregate import Stamp
from supervision.domain.codes import Jurisdiction, MatterClass, NamedStatus, Proposal, RefusalCode
from supervision.domain.correspondence import Correspondence
from supervision.domain.report import Report, Screening
from supervision.intake import supplement
from supervision.platform import Platform
from supervision.sealing.compartments import CONTENT, MESSAGE
from supervision.sealing.envelope import Part, ToOffice, ToReporter, seal
from supervision.sealing.keys import KemPublicKey, SigningKey
from supervision.sealing.receipt import ReceiptCode
from supervision.sealing.strict_json import from_base64
from supervision.web.app import create_app
from tests.support.clock import START, Clock
from tests.support.deployment import make_deployment
from tests.support.opening import opened
from tests.support.visitor import ANSWERS, Visitor

OFFICER = SigningKey(bytes(32))
UNKNOWN = "没有查到与这个查询码对应的记录"


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory, clock: Clock) -> Platform:
    home = tmp_path_factory.mktemp("home")
    return make_deployment(home, f"sqlite:///{home / 'log.sqlite'}", site="public", clock=clock)


@pytest.fixture(scope="module")
def app(platform: Platform) -> Flask:
    app = create_app(platform)
    app.testing = True
    return app


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    return Visitor(app)


class Case:
    """A report that was filed in the form, and officers who act on it, a day later each time."""

    def __init__(self, platform: Platform, visitor: Visitor, level: str = "village") -> None:
        self.platform = platform
        self.code = visitor.report({**ANSWERS, "level": {**ANSWERS["level"], "level": level}})
        self.id = platform.ledger.stored(platform.ledger.head(), 1)[0].event.originator_id
        self.now = START

    def stamp(self, actor: str) -> Stamp:
        self.now += timedelta(days=1)
        written = business_time.written(self.now)
        rules = self.platform.rulebook.version
        return Stamp(actor=actor, office="petition", occurred_at=written, rule_version=rules)

    def decide(self, act: Callable[[Report], None]) -> None:
        report = Report.replay(self.id, self.platform.ledger.events_of(self.id))
        act(report)
        self.platform.ledger.record(report, signer=OFFICER)

    def refuse(self, refusal: RefusalCode) -> None:
        self.decide(lambda report: report.register(self.stamp("clerk"), "云信〔2026〕0001号"))
        found = Screening(
            matter_class=MatterClass.OUT_OF_SCOPE,
            in_scope=False,
            named_status=NamedStatus.ANONYMOUS,
            verification_method="",
            jurisdiction=Jurisdiction.OTHER_BODY,
            proposal=Proposal.NOT_ACCEPT,
            refusal=refusal,
        )
        self.decide(lambda report: report.screen(self.stamp("clerk"), found))
        self.decide(lambda report: report.not_accept(self.stamp("head")))

    def message(self, text: str) -> None:
        stream = correspondence_id(self.id)
        report = Report.replay(self.id, self.platform.ledger.events_of(self.id))
        manifest, rng = self.platform.manifest, self.platform.rng
        for_office = seal(manifest, stream, [Part(CONTENT, "message", text.encode())], ToOffice("petition"), rng)
        reporter = KemPublicKey(from_base64(report.reporter_kem_key))
        for_reporter = seal(manifest, stream, [Part(MESSAGE, "text", text.encode())], ToReporter(reporter), rng)
        correspondence = Correspondence.replay(stream, self.platform.ledger.events_of(stream))
        correspondence.draft_message(
            self.stamp("clerk"),
            report=self.id,
            message="m1",
            sealing=for_office.sealing,
            reporter_sealing=for_reporter.sealing,
        )
        custody = CustodyBatch(
            envelopes=for_office.envelopes + for_reporter.envelopes, wraps=for_office.wraps + for_reporter.wraps
        )
        self.platform.ledger.record(correspondence, signer=OFFICER, custody=custody)

    def approve_message(self) -> None:
        stream = correspondence_id(self.id)
        correspondence = Correspondence.replay(stream, self.platform.ledger.events_of(stream))
        correspondence.approve_message(self.stamp("head"), "m1")
        self.platform.ledger.record(correspondence, signer=OFFICER)

    def exchange(self) -> list[Event]:
        return self.platform.ledger.events_of(correspondence_id(self.id))


@pytest.fixture
def case(platform: Platform, visitor: Visitor) -> Case:
    return Case(platform, visitor)


# -- looking ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spelling", ["{}", "{0:.16} {0}", "　{}\n", "full"])
def test_a_code_is_read_as_people_write_it(visitor: Visitor, case: Case, spelling: str) -> None:
    grouped = ReceiptCode(case.code).grouped
    typed = {
        "{}": case.code,
        "{0:.16} {0}": grouped,
        "　{}\n": f"　{grouped}\n",
        "full": grouped.translate(str.maketrans("0123456789 ", "０１２３４５６７８９－")),
    }[spelling]
    visitor.look_up(typed)
    assert visitor.heading == "办理进度"
    assert "已收到" in visitor.words and "2026 年 12 月 1 日" in visitor.words
    assert "10:" not in visitor.words


def test_a_mistyped_code_is_told_what_is_wrong_with_it(visitor: Visitor, case: Case) -> None:
    wrong = str((int(case.code[0]) + 1) % 10) + case.code[1:]
    for typed, words in ((case.code[:-1], "现输入了 31 位"), (wrong, "校验位不符"), ("举报", "只由数字组成")):
        visitor.look_up(typed)
        assert words in visitor.words
        assert visitor.client.get_cookie("status") is None


def test_codes_that_lead_nowhere_look_alike(visitor: Visitor, platform: Platform) -> None:
    pages = set()
    for _ in range(3):
        code = ReceiptCode.new(platform.rng).digits
        visitor.look_up(code)
        assert UNKNOWN in visitor.words
        pages.add(visitor.page.replace(code, "").replace(visitor.hidden("csrf_token"), ""))
    assert len(pages) == 1


def test_looking_leaves_no_trace_in_the_log(visitor: Visitor, case: Case, platform: Platform) -> None:
    before = platform.ledger.head()
    visitor.look_up(case.code)
    visitor.get("/status")
    assert platform.ledger.head() == before


def test_a_report_that_is_not_accepted_shows_the_way_to_go(visitor: Visitor, case: Case) -> None:
    case.refuse(RefusalCode.SUE_OR_REVIEW)
    visitor.look_up(case.code)
    assert "不属于受理范围" in visitor.words and "法院、仲裁机构" in visitor.words


def test_a_message_is_shown_from_the_moment_when_a_second_officer_let_it_out(visitor: Visitor, case: Case) -> None:
    case.message("请补充大致时间。")
    visitor.look_up(case.code)
    assert "请补充大致时间" not in visitor.words
    case.approve_message()
    visitor.look_up(case.code)
    assert "请补充大致时间。" in visitor.words and "2026 年 12 月 3 日" in visitor.words


def test_the_page_says_nothing_of_the_report_itself(visitor: Visitor, case: Case) -> None:
    case.refuse(RefusalCode.OTHER_BODY)
    visitor.look_up(case.code)
    for secret in ("仇广田", "柳湾村", "危房", "云信", "信访室", "clerk", "head"):
        assert secret not in visitor.words


def test_the_session_ends_after_ten_minutes_without_an_action(
    visitor: Visitor, case: Case, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor.look_up(case.code)
    for minutes, heading in ((9, "办理进度"), (18, "办理进度"), (29, "请输入查询码")):
        monkeypatch.setattr(clock, "now", START + timedelta(minutes=minutes))
        visitor.get("/status")
        assert visitor.heading == heading


def test_leaving_ends_the_session_and_clears_the_browser(visitor: Visitor, case: Case) -> None:
    visitor.look_up(case.code)
    cookie = visitor.client.get_cookie("status")
    response = visitor.post("/status", {"action": "leave"}, follow=False)
    assert "Clear-Site-Data" in response.headers
    assert cookie and visitor.client.get_cookie("status") is None
    visitor.client.set_cookie("status", cookie.value)
    visitor.get("/status")
    assert visitor.heading == "请输入查询码"


# -- adding -----------------------------------------------------------------------------------------------


def test_an_addition_is_sealed_to_the_office_and_signed_with_the_key_that_comes_from_the_code(
    visitor: Visitor, case: Case, platform: Platform
) -> None:
    visitor.look_up(case.code)
    visitor.add("又想起一件事", ("名单.txt", "十一户".encode()))
    assert "补充材料已收到" in visitor.words and "您已补充 1 次" in visitor.words
    (event,) = case.exchange()
    assert isinstance(event, SupplementReceived)
    assert (event.actor, event.attachments, event.occurred_at) == ("reporter", 1, "2026-12-01T10:00:00+08:00")
    where = (platform, event.originator_id, event.sealing)
    assert opened(*where, "content", "text", "office/petition") == "又想起一件事"
    assert "名单.txt" in (opened(*where, "content", "file.1.meta", "office/petition") or "")
    recorded = platform.ledger.stored(platform.ledger.head(), 1)[0]
    secrets = ReceiptCode(case.code).derive(platform.settings.origin)
    assert recorded.key_id == secrets.signing.key_id


def test_after_a_transfer_the_department_and_its_approvers_read_an_addition_too(
    visitor: Visitor, case: Case, platform: Platform
) -> None:
    case.decide(lambda report: report.register(case.stamp("clerk"), "云信〔2026〕0002号"))
    found = Screening(
        matter_class=MatterClass.REPORT,
        in_scope=True,
        named_status=NamedStatus.ANONYMOUS,
        verification_method="",
        jurisdiction=Jurisdiction.OWN,
        proposal=Proposal.ACCEPT,
    )
    case.decide(lambda report: report.screen(case.stamp("clerk"), found))
    case.decide(lambda report: report.accept(case.stamp("head")))
    case.decide(
        lambda report: report.transfer(
            case.stamp("head"), department="dept-1", notified_office="clue", clue=str(UUID(int=7)), sealings=()
        )
    )
    visitor.look_up(case.code)
    assert "办理中" in visitor.words
    visitor.add("给承办部门的话")
    (event,) = case.exchange()
    assert isinstance(event, SupplementReceived)
    for holder in ("office/petition", "office/dept-1", "office/leadership"):
        read = opened(platform, event.originator_id, event.sealing, "content", "text", holder)
        assert read == "给承办部门的话"


def test_a_sealed_report_shows_one_word_and_its_additions_go_up_too(visitor: Visitor, platform: Platform) -> None:
    case = Case(platform, visitor, level="principal")
    visitor.look_up(case.code)
    assert "已收到" in visitor.words and "不再需要" not in visitor.words
    visitor.add("只给上级看")
    (event,) = case.exchange()
    assert isinstance(event, SupplementReceived)
    county = {holder.kem.key_id for holder in platform.manifest.offices}
    assert not county & {wrap.key for key in event.sealing.keys for wrap in key.wraps}
    read = opened(platform, event.originator_id, event.sealing, "content", "text", "superior/content")
    assert read == "只给上级看"


def test_after_a_late_by_pass_additions_go_to_the_superior_into_the_new_stream(
    visitor: Visitor, case: Case, platform: Platform
) -> None:
    visitor.look_up(case.code)
    visitor.add("径送之前")
    events = platform.ledger.events_of(case.id)
    report = Report.replay(case.id, events)
    report.propose_bypass(case.stamp("clerk"))
    report.bypass(case.stamp("head"), sealed_report=UUID(int=9), destroyed=())
    platform.ledger.record(report, signer=OFFICER)
    for text in ("径送之后", "又一次"):
        visitor.look_up(case.code)
        assert visitor.words.count("已收到") >= 1 and "不再需要" not in visitor.words
        visitor.add(text)
    added = platform.ledger.events_of(correspondence_id(UUID(int=9)))
    assert len(case.exchange()) == 1
    read = [
        opened(platform, event.originator_id, event.sealing, "content", "text", "superior/content")
        for event in added
        if isinstance(event, SupplementReceived)
    ]
    assert read == ["径送之后", "又一次"]


def test_pressing_twice_adds_once(visitor: Visitor, case: Case) -> None:
    visitor.look_up(case.code)
    number = visitor.hidden("number")
    for _ in range(2):
        visitor.add("只有一次", number=number)
    assert len(case.exchange()) == 1
    visitor.add("第二次")
    assert len(case.exchange()) == 2


def test_an_officer_who_writes_at_the_same_moment_makes_no_addition_fail(
    visitor: Visitor, case: Case, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor.look_up(case.code)
    usual, calls = supplement.file_parts, []

    def while_an_officer_writes(*files: object) -> object:
        if not calls:
            calls.append(1)
            case.message("同时写的")
        return usual(*files)  # type: ignore[arg-type]  # passed through

    monkeypatch.setattr(supplement, "file_parts", while_an_officer_writes)
    visitor.add("补充一句")
    assert [type(event).__name__ for event in case.exchange()] == ["MessageDrafted", "SupplementReceived"]


def test_an_addition_without_anything_in_it_is_refused_and_a_long_text_is_kept(visitor: Visitor, case: Case) -> None:
    visitor.look_up(case.code)
    visitor.add("  ")
    assert "请写下补充说明，或者选择文件。" in visitor.words
    visitor.add("长" * 10_001)
    assert "最多 10000 字" in visitor.words and "长" * 10_001 in visitor.page
    visitor.add("有文件", ("空.txt", b""))
    assert "是空文件，没有收下" in visitor.words and "有文件" in visitor.page
    assert case.exchange() == []


def test_who_wrote_for_too_long_gives_the_code_again_and_loses_no_word(
    visitor: Visitor, case: Case, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor.look_up(case.code)
    number = visitor.hidden("number")
    monkeypatch.setattr(clock, "now", START + timedelta(minutes=11))
    visitor.add("写了很久的话", number=number)
    assert visitor.heading == "请再输入一次查询码" and "写了很久的话" in visitor.page
    visitor.add("写了很久的话", number=number, code="1234")
    assert "查询码不对" in visitor.words
    visitor.add("写了很久的话", number=number, code=case.code)
    assert visitor.heading == "办理进度"
    assert len(case.exchange()) == 1


def test_additions_have_an_end(visitor: Visitor, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supplement, "MOST", 1)
    visitor.look_up(case.code)
    visitor.add("一")
    visitor.add("二")
    assert "补充次数已达上限" in visitor.words
    assert len(case.exchange()) == 1


# -- the wish for feedback --------------------------------------------------------------------------------


def test_the_wish_to_be_told_can_be_withdrawn_once_for_all(visitor: Visitor, case: Case) -> None:
    visitor.look_up(case.code)
    for _ in range(2):
        visitor.post("/status", {"action": "withdraw"})
        assert "您表示过不需要知道处理结果" in visitor.words
    (event,) = case.exchange()
    assert isinstance(event, FeedbackWishWithdrawn) and event.actor == "reporter"


@pytest.mark.parametrize("action", ["add", "withdraw", "nonsense"])
def test_no_action_is_possible_without_a_code(visitor: Visitor, platform: Platform, action: str) -> None:
    visitor.get("/status")
    before = platform.ledger.head()
    visitor.post("/status", {"action": action, "text": "没有查询码"})
    assert visitor.heading in ("请再输入一次查询码", "请输入查询码")
    assert platform.ledger.head() == before
