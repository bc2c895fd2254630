"""Codes, categories, status words and approved texts: what is kept for ever, what a reporter is shown."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervision.domain import codes, contact_codes, retention_rules, rights, staffing
from supervision.domain.categories import Category
from supervision.domain.codes import (
    Channel,
    Code,
    FollowUp,
    MatterClass,
    Medium,
    RefusalCode,
    ReportState,
    StatusWord,
    report_number,
)
from supervision.domain.deadlines import ClockId
from supervision.domain.messages import Template
from supervision.domain.rights import OpeningPurpose, Retaliation
from supervision.domain.rulebook import Rulebook
from supervision.domain.scope import refusal_follow_up
from supervision.domain.status import status_word

BOOK = Rulebook.load()
GLOSSARY = (Path(__file__).parents[1] / "docs" / "glossary.md").read_text(encoding="utf-8")
ENUMS = [
    one
    for module in (codes, contact_codes, retention_rules, rights, staffing)
    for one in vars(module).values()
    if isinstance(one, type) and issubclass(one, Code) and one.__module__ == module.__name__ and one is not Code
]


def glossary_row(name: str) -> str:
    """The row of the glossary that has this English name in its second column, or ""."""
    match = re.search(rf"^\|[^|\n]*\| `{re.escape(name)}` \|.*$", GLOSSARY, re.MULTILINE)
    return match[0] if match else ""


@pytest.mark.parametrize("member", [member for enum in ENUMS for member in enum], ids=repr)
def test_each_code_stands_in_the_glossary_with_its_official_word(member: Code) -> None:
    row = glossary_row(f"{type(member).__name__}.{member.name}")
    assert row.startswith(f"| {member.label} |")


@pytest.mark.parametrize("clock", ClockId)
def test_each_clock_stands_in_the_glossary(clock: ClockId) -> None:
    definition = BOOK.clocks.definitions[clock]
    row = glossary_row(f"ClockId.{clock.name}")
    assert row.startswith(f"| {definition.name}")
    assert definition.rule in row


@pytest.mark.parametrize("enum", ENUMS, ids=lambda enum: enum.__name__)
def test_codes_are_plain_words_or_line_numbers_and_labels_differ(enum: type[Code]) -> None:
    assert all(re.fullmatch("[a-z_]+|12380|12388", member.value) for member in enum)
    assert len({member.label for member in enum}) == len(list(enum))
    assert all(enum(member.value) is member for member in enum)


def test_there_are_ten_forms_of_retaliation_and_three_reasons_not_to_accept() -> None:
    assert len(Retaliation) == 10
    assert len(RefusalCode) == 3


def test_tracing_somebody_needs_the_municipality() -> None:
    tracing = {purpose for purpose in OpeningPurpose if purpose.needs_municipal_approval}
    assert tracing == {OpeningPurpose.FALSE_ACCUSATION, OpeningPurpose.TRACE_ANONYMOUS}


def test_a_register_number_has_the_form_of_the_office() -> None:
    assert report_number("云信", 2026, 1) == "云信〔2026〕0001号"
    assert report_number("云信", 2026, 12345) == "云信〔2026〕12345号"
    with pytest.raises(ValueError, match="代字"):
        report_number(" ", 2026, 1)
    with pytest.raises(ValueError, match="从 1 开始"):
        report_number("云信", 2026, 0)


# -- categories -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["违反组织纪律行为", "违反干部选拔任用规定"], ["2", "2.6"]),
        (["组织纪律", "干部选拔任用规定"], ["2", "2.6"]),
        (["违反群众纪律行为", "侵害群众利益"], ["4", "4.1"]),
        (["涉法行为", "贪污贿赂行为"], ["7", "7.1"]),
        (["职务犯罪", "贪污贿赂"], ["10", "10.1"]),
        (["贪污贿赂"], ["7.1"]),
        (["违反工作纪律行为", "违规干预市场经济活动"], ["5", "5.2"]),
        (["公款吃喝"], ["3.7"]),
        (["2.6"], ["2.6"]),
        (["其他", "涉法涉诉"], ["90", "90.1"]),
        (["选人用人", "带病提拔"], ["12", "12.5"]),
    ],
)
def test_labels_of_other_portals_are_recognised(texts: list[str], expected: list[str]) -> None:
    chosen = BOOK.categories.sort(texts)
    assert [one.code for one in chosen.categories] == expected
    assert chosen.free == ()


def test_unknown_categories_are_kept_in_the_reporters_own_words() -> None:
    chosen = BOOK.categories.sort(["涉法行为", " 村里修路的事 ", ""])
    assert [one.code for one in chosen.categories] == ["7"]
    assert chosen.free == ("村里修路的事",)


def test_the_two_levels_of_the_taxonomy_fit_together() -> None:
    tree = BOOK.categories
    assert len(tree.items("3")) == 15
    assert [one.label for one in tree.kinds][:2] == ["违反政治纪律行为", "违反组织纪律行为"]
    assert all(tree.items(kind.code) for kind in tree.kinds)
    assert {one.code for one in tree.all} == {
        code for kind in tree.kinds for code in (kind.code, *(item.code for item in tree.items(kind.code)))
    }
    assert tree.items("") == tree.items("没有") == ()


@given(st.sampled_from(BOOK.categories.all))
def test_each_category_is_found_by_its_label_below_its_kind(category: Category) -> None:
    path = [category.parent, category.label] if category.parent else [category.label]
    assert BOOK.categories.sort(path).categories[-1] == category
    assert BOOK.categories.get(category.code) == category


@pytest.mark.parametrize(
    ("texts", "matter"),
    [
        (["违反廉洁纪律行为"], "检举控告"),
        (["申诉", "政务处分复审"], "申诉"),
        (["不服党内警告处分"], "申诉"),
        (["意见建议"], "批评建议"),
        (["涉法涉诉"], "业务范围外"),
        (["劳动争议仲裁"], "业务范围外"),
        (["无实质内容"], "无实质内容"),
        (["其他"], "检举控告"),
        (["说不清"], "检举控告"),
        ([], "检举控告"),
        (["涉法涉诉", "贪污贿赂行为"], "检举控告"),
        (["批评建议", "申诉"], "申诉"),
    ],
)
def test_categories_speak_for_a_class_of_matter(texts: list[str], matter: str) -> None:
    assert BOOK.categories.propose_matter(texts).label == matter


@given(st.lists(st.text(max_size=30), max_size=5))
def test_any_categories_get_a_class(texts: list[str]) -> None:
    assert BOOK.categories.propose_matter(texts) in MatterClass
    chosen = BOOK.categories.sort(texts)
    assert len(chosen.categories) + len(chosen.free) == sum(bool(text.strip()) for text in texts)


# -- what follows a refusal -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("channel", "elsewhere", "empty"),
    [
        (Channel.LETTER, FollowUp.FORWARDED, FollowUp.RETAINED),
        (Channel.TRANSFER_IN, FollowUp.FORWARDED, FollowUp.RETAINED),
        (Channel.PHONE, FollowUp.TOLD, FollowUp.TOLD),
        (Channel.VISIT, FollowUp.TOLD, FollowUp.TOLD),
        (Channel.WEB, FollowUp.STATUS_PAGE, FollowUp.STATUS_PAGE),
        (Channel.SMS, FollowUp.TOLD, FollowUp.SMS_GUIDANCE),
    ],
)
def test_what_follows_a_refusal_depends_on_the_channel(channel: Channel, elsewhere: FollowUp, empty: FollowUp) -> None:
    assert refusal_follow_up(RefusalCode.SUE_OR_REVIEW, channel) is elsewhere
    assert refusal_follow_up(RefusalCode.OTHER_BODY, channel) is elsewhere
    assert refusal_follow_up(RefusalCode.NO_SUBSTANCE, channel) is empty


# -- what a reporter sees -------------------------------------------------------------------------------


def words_along(*states: ReportState) -> list[str]:
    shown = StatusWord.RECEIVED
    seen = []
    for state in states:
        shown = status_word(state, shown)
        seen.append(shown.label)
    return seen


def test_the_words_along_the_whole_way() -> None:
    way = [
        ReportState.RECEIVED,
        ReportState.REGISTERED,
        ReportState.SCREENED,
        ReportState.ACCEPTED,
        ReportState.TRANSFERRED,
        ReportState.CLOSED,
        ReportState.FED_BACK,
        ReportState.ARCHIVED,
    ]
    expected = ["已收到"] * 3 + ["已受理", "办理中", "已办结（等待反馈）", "已反馈", "已反馈"]
    assert words_along(*way) == expected


def test_steps_inside_the_office_are_no_news() -> None:
    returned = words_along(ReportState.ACCEPTED, ReportState.TRANSFERRED, ReportState.REGISTERED)
    assert returned == ["已受理", "办理中", "办理中"]
    assert words_along(ReportState.NOT_ACCEPTED, ReportState.ARCHIVED)[-1] == "不属于受理范围"
    assert words_along(ReportState.DUPLICATE_RETAINED) == ["已收到"]
    assert words_along(ReportState.SEALED) == ["已收到"]


@pytest.mark.parametrize("state", ReportState)
def test_each_state_has_approved_words_unless_it_is_no_news(state: ReportState) -> None:
    refusal = RefusalCode.OTHER_BODY if state is ReportState.NOT_ACCEPTED else None
    assert bool(BOOK.messages.usable(state, refusal)) == (state is not ReportState.ARCHIVED)


@pytest.mark.parametrize("refusal", RefusalCode)
def test_each_refusal_has_its_own_words_and_no_others(refusal: RefusalCode) -> None:
    (template,) = BOOK.messages.usable(ReportState.NOT_ACCEPTED, refusal)
    assert template.refusals == {refusal}


def test_an_empty_accusation_is_told_which_facts_are_missing() -> None:
    for medium in (Medium.STATUS_PAGE, Medium.SMS):
        (template,) = BOOK.messages.usable(ReportState.NOT_ACCEPTED, RefusalCode.NO_SUBSTANCE, medium)
        assert all(word in template.words for word in ("时", "地", "人", "后果"))


@pytest.mark.parametrize("template", BOOK.messages.templates.values(), ids=lambda one: one.code)
def test_no_approved_text_asks_who_somebody_is_or_betrays_the_matter_by_telephone(template: Template) -> None:
    assert not re.search("姓名|身份证|手机号|电话|住址|实名", template.words)
    assert "{" not in template.words
    if template.medium is not Medium.STATUS_PAGE:
        assert not re.search("举报|检举|控告|纪委|监委|12388|12380", template.words)
