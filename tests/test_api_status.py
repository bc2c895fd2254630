"""``POST /api/v1/status`` and the lookup behind it: a status word, days, messages; nothing else, and no trace."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from events.custody import CustodyBatch
from events.vocabulary.streams import correspondence_id
from supervision import business_time
from supervision.business_time import SHANGHAI
from supervision.domain.aggregate import Stamp
from supervision.domain.codes import (
    Jurisdiction,
    MatterClass,
    NamedStatus,
    Proposal,
    RefusalCode,
    ReportState,
    Result,
    StatusWord,
)
from supervision.domain.correspondence import Correspondence
from supervision.domain.report import Report, Screening
from supervision.intake.status_lookup import UNREADABLE, find_report, look_up
from supervision.platform import Platform
from supervision.sealing.compartments import CONTENT, MESSAGE
from supervision.sealing.envelope import Part, ToOffice, ToReporter, seal
from supervision.sealing.keys import SigningKey
from supervision.sealing.receipt import ReceiptCode
from supervision.web.app import create_app
from tests.support.deployment import make_deployment

START = datetime(2026, 12, 1, 10, 37, 21, tzinfo=SHANGHAI)
REPORTS, STATUS = "/api/v1/reports", "/api/v1/status"
OFFICER = SigningKey(bytes(32))
TITLE, TEXT = "某局长收受购物卡", "六月在望山茶楼收下五万元购物卡。"
BODY = {"line": "12388", "title": TITLE, "text": TEXT, "reporter": {"name": "阮柏川", "phone": "12000000004"}}


class Office:
    """Officers who act on one report, a day later each time."""

    def __init__(self, platform: Platform, report_id: UUID) -> None:
        self.platform = platform
        self.report_id = report_id
        self.now = START

    def stamp(self, actor: str) -> Stamp:
        self.now += timedelta(days=1)
        written = business_time.written(self.now)
        return Stamp(actor=actor, office="petition", occurred_at=written, rule_version=self.platform.rulebook.version)

    def on_report(self, actor: str, act: Callable[[Report, Stamp], None]) -> None:
        report = Report.replay(self.report_id, self.platform.ledger.events_of(self.report_id))
        act(report, self.stamp(actor))
        self.platform.ledger.record(report, signer=OFFICER)

    def screen(self, proposal: Proposal, refusal: RefusalCode | None = None, original: str = "") -> None:
        found = Screening(
            matter_class=MatterClass.REPORT,
            in_scope=refusal is None,
            named_status=NamedStatus.PENDING,
            verification_method="none",
            jurisdiction=Jurisdiction.OWN,
            proposal=proposal,
            refusal=refusal,
            target="qinghe",
            original=original,
        )
        self.on_report("clerk", lambda report, stamp: report.register(stamp, "云信〔2026〕0001号"))
        self.on_report("clerk", lambda report, stamp: report.screen(stamp, found))

    def write(
        self, actor: str, act: Callable[[Correspondence, Stamp], None], custody: CustodyBatch | None = None
    ) -> None:
        stream = correspondence_id(self.report_id)
        exchange = Correspondence.replay(stream, self.platform.ledger.events_of(stream))
        act(exchange, self.stamp(actor))
        self.platform.ledger.record(exchange, signer=OFFICER, custody=custody)

    def draft(self, text: str, code: ReceiptCode) -> None:
        """Free text, sealed to the office and to the reporter."""
        stream, manifest, rng = correspondence_id(self.report_id), self.platform.manifest, self.platform.rng
        reporter = code.derive(self.platform.settings.origin).kem.public
        for_office = seal(manifest, stream, [Part(CONTENT, "message", text.encode())], ToOffice("petition"), rng)
        for_reporter = seal(manifest, stream, [Part(MESSAGE, "text", text.encode())], ToReporter(reporter), rng)
        bundles = (for_office, for_reporter)
        self.write(
            "clerk",
            lambda exchange, stamp: exchange.draft_message(
                stamp,
                report=self.report_id,
                message="m1",
                sealing=for_office.sealing,
                reporter_sealing=for_reporter.sealing,
            ),
            CustodyBatch(
                envelopes=tuple(row for bundle in bundles for row in bundle.envelopes),
                wraps=tuple(row for bundle in bundles for row in bundle.wraps),
            ),
        )


@pytest.fixture
def platform(tmp_path: Path, database_url: str) -> Iterator[Platform]:
    made = make_deployment(tmp_path / "home", database_url, clock=lambda: START)
    yield made
    made.close()


@pytest.fixture(scope="module")
def one_client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """For properties, which ask a hundred times and change nothing."""
    home = tmp_path_factory.mktemp("status") / "home"
    return create_app(make_deployment(home, f"sqlite:///{home / 'log.sqlite'}")).test_client()


@pytest.fixture(scope="module")
def one_code(one_client: FlaskClient) -> ReceiptCode:
    return ReceiptCode(one_client.post(REPORTS, json=BODY).json["code"])


@pytest.fixture
def client(platform: Platform) -> FlaskClient:
    return create_app(platform).test_client()


@pytest.fixture
def code(client: FlaskClient) -> ReceiptCode:
    return ReceiptCode(client.post(REPORTS, json=BODY).json["code"])


@pytest.fixture
def office(platform: Platform, code: ReceiptCode) -> Office:
    report_id = find_report(platform, code.derive(platform.settings.origin))
    assert report_id is not None
    return Office(platform, report_id)


def test_a_fresh_report_is_received_and_nothing_of_it_is_repeated(client: FlaskClient, code: ReceiptCode) -> None:
    answer = client.post(STATUS, json={"code": code.digits})
    assert answer.status_code == 200
    assert answer.json == {
        "status": "received",
        "label": "已收到",
        "received_on": "2026-12-01",
        "changed_on": "2026-12-01",
        "guidance": "",
        "messages": [],
    }


def test_spaces_dashes_and_full_width_digits_do_no_harm(client: FlaskClient, code: ReceiptCode) -> None:
    full_width = code.digits.translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    for typed in (code.grouped, code.grouped.replace(" ", "-"), f" {full_width}\n"):
        assert client.post(STATUS, json={"code": typed}).status_code == 200


@given(place=st.integers(0, 31), step=st.integers(1, 9))
def test_a_mistyped_code_is_told_so_by_its_check_digits(
    one_client: FlaskClient, one_code: ReceiptCode, place: int, step: int
) -> None:
    digits = one_code.digits
    mistyped = digits[:place] + str((int(digits[place]) + step) % 10) + digits[place + 1 :]
    answer = one_client.post(STATUS, json={"code": mistyped})
    assert answer.status_code == 422
    assert "校验位" in answer.json["errors"]["json"]["code"][0]
    assert mistyped not in json.dumps(answer.json)


@given(typed=st.text(max_size=40))
def test_nothing_that_is_no_code_makes_it_fail(one_client: FlaskClient, typed: str) -> None:
    assert one_client.post(STATUS, json={"code": typed}).status_code == 422


def test_a_code_that_leads_nowhere_is_not_found(client: FlaskClient, platform: Platform) -> None:
    answers = [client.post(STATUS, json={"code": ReceiptCode.new(platform.rng).digits}) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.data for answer in answers}) == 1


def test_looking_leaves_no_trace(client: FlaskClient, platform: Platform, code: ReceiptCode) -> None:
    before = platform.ledger.head()
    for typed in (code.digits, ReceiptCode.new(platform.rng).digits, "1"):
        client.post(STATUS, json={"code": typed})
    assert platform.ledger.head() == before


def test_the_word_follows_the_report_and_steps_inside_the_office_are_no_news(
    client: FlaskClient, office: Office, code: ReceiptCode
) -> None:
    def word() -> tuple[str, str]:
        answer = client.post(STATUS, json={"code": code.digits}).json
        return answer["status"], answer["changed_on"]

    office.screen(Proposal.ACCEPT)
    assert word() == ("received", "2026-12-01")
    office.on_report("head", lambda report, stamp: report.accept(stamp))
    assert word() == ("accepted", "2026-12-04")
    office.on_report(
        "head",
        lambda report, stamp: report.transfer(
            stamp, department="dept-1", notified_office="clue", clue=str(UUID(int=1)), sealings=()
        ),
    )
    assert word() == ("in_hand", "2026-12-05")
    office.on_report("inspector", lambda report, stamp: report.close(stamp, Result.NOT_PROVED.value))
    assert word() == ("closed", "2026-12-06")


@pytest.mark.parametrize("refusal", RefusalCode)
def test_who_is_not_accepted_is_told_the_way_to_go_in_approved_words(
    client: FlaskClient, platform: Platform, office: Office, code: ReceiptCode, refusal: RefusalCode
) -> None:
    office.screen(Proposal.NOT_ACCEPT, refusal)
    office.on_report("head", lambda report, stamp: report.not_accept(stamp))
    answer = client.post(STATUS, json={"code": code.digits}).json
    assert answer["label"] == StatusWord.NOT_IN_SCOPE.label
    approved = platform.rulebook.messages.usable(ReportState.NOT_ACCEPTED, refusal)
    assert answer["guidance"] in {template.words for template in approved if refusal in template.refusals}


def test_a_retained_duplicate_keeps_its_word(platform: Platform, office: Office, code: ReceiptCode) -> None:
    office.screen(Proposal.RETAIN_DUPLICATE, original=str(UUID(int=1)))
    office.on_report("head", lambda report, stamp: report.retain_duplicate(stamp))
    found = look_up(platform, code)
    assert found is not None
    assert (found.word, found.guidance) == (StatusWord.RECEIVED, "")


def test_a_template_is_shown_in_the_words_of_the_rules_it_was_sent_under(
    client: FlaskClient, platform: Platform, office: Office, code: ReceiptCode
) -> None:
    template = next(iter(platform.rulebook.messages.templates.values()))
    office.write(
        "clerk",
        lambda exchange, stamp: exchange.send_template(stamp, report=office.report_id, template=template.code),
    )
    assert client.post(STATUS, json={"code": code.digits}).json["messages"] == [
        {"day": "2026-12-02", "text": template.words}
    ]


def test_free_text_is_shown_once_a_second_officer_has_let_it_out(
    client: FlaskClient, office: Office, code: ReceiptCode
) -> None:
    words = "请补充票据的复印件。"
    office.draft(words, code)
    assert client.post(STATUS, json={"code": code.digits}).json["messages"] == []
    office.write("head", lambda exchange, stamp: exchange.approve_message(stamp, "m1"))
    assert client.post(STATUS, json={"code": code.digits}).json["messages"] == [{"day": "2026-12-03", "text": words}]


def test_a_message_that_cannot_be_opened_is_said_to_be_there(
    platform: Platform, office: Office, code: ReceiptCode
) -> None:
    """Here it is sealed to another code; a damaged or destroyed one looks the same, and the rest is shown."""
    office.draft("不应读到。", ReceiptCode.new(platform.rng))
    office.write("head", lambda exchange, stamp: exchange.approve_message(stamp, "m1"))
    found = look_up(platform, code)
    assert found is not None
    assert [message.text for message in found.messages] == [UNREADABLE]


def test_additions_and_a_withdrawn_wish_are_seen(platform: Platform, office: Office, code: ReceiptCode) -> None:
    added = seal(
        platform.manifest,
        correspondence_id(office.report_id),
        [Part(CONTENT, "text", "补充一点。".encode())],
        ToOffice("petition"),
        platform.rng,
    )
    office.write(
        "reporter",
        lambda exchange, stamp: exchange.add_supplement(
            stamp, report=office.report_id, attachments=0, sealing=added.sealing
        ),
        CustodyBatch(envelopes=added.envelopes, wraps=added.wraps),
    )
    before = look_up(platform, code)
    office.write("reporter", lambda exchange, stamp: exchange.withdraw_feedback_wish(stamp, report=office.report_id))
    after = look_up(platform, code)
    assert before is not None and after is not None
    assert (before.feedback_wanted, after.feedback_wanted) == (True, False)
    assert [day.isoformat() for day in after.supplements] == ["2026-12-02"]


def test_a_report_for_the_superior_only_ever_says_received(client: FlaskClient, platform: Platform) -> None:
    leader = {"unit": "云岫县人民政府", "post": "副县长", "managed_by": "市委管理"}
    code = client.post(REPORTS, json=BODY | {"respondents": [leader]}).json["code"]
    assert client.post(STATUS, json={"code": code}).json["label"] == "已收到"
    found = look_up(platform, ReceiptCode(code))
    assert found is not None and found.sealed
