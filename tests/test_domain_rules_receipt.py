"""What the rules propose when a report comes in: the sample reports, and others in their manner."""

from dataclasses import dataclass
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervision.domain.codes import Line, NamedStatus
from supervision.domain.jurisdiction import Office
from supervision.domain.people import LONGEST, Reporter, Respondent, plain
from supervision.domain.rulebook import CALENDAR, RULES, Rulebook, UnknownRulebook

BOOK = Rulebook.load(office=Office("云岫县", "990123"))
PHONE = Reporter(name="虞承砚", phone="12000000001", address="云岫县城东街道砚山路7号")
NOBODY = Reporter()


def person(unit: str, post: str, rank: str, managed_by: str, name: str = "甲某某") -> Respondent:
    return Respondent(name=name, unit=unit, post=post, rank=rank, managed_by=managed_by, area_code="990123")


@dataclass(frozen=True)
class Case:
    """A report as it came in, and what must be proposed; ``dues``: ends of the clocks from receipt."""

    name: str
    on: str
    line: Line | None
    reporter: Reporter
    respondents: tuple[Respondent, ...]
    categories: tuple[str, ...]
    named: bool
    matter: str
    level: str
    dues: tuple[str, ...] = ()


A, B = Line.ORGANISATION, Line.DISCIPLINE

CASES = (
    Case(
        "S01", "2026-09-24", A, PHONE,
        (person("云岫县石桥镇党委", "党委书记", "正乡科级", "县委管理"),),
        ("违反组织纪律行为", "违反干部选拔任用规定"),
        True, "检举控告", "本级", ("2026-10-22",),
    ),
    Case(
        "S03", "2026-10-09", None, NOBODY,
        (person("云岫县青禾乡柳湾村党支部", "党支部书记、村委会主任", "农村", "青禾乡党委管理"),),
        ("违反群众纪律行为", "侵害群众利益"),
        False, "检举控告", "下级",
    ),
    Case(
        "S04", "2026-10-12", B, PHONE,
        (person("云岫县交通运输局", "党组成员、副局长", "副乡科级", "县委管理"),),
        ("涉法行为", "贪污贿赂行为"),
        True, "检举控告", "本级", ("2026-11-02",),
    ),
    Case(
        "S05", "2026-10-26", None, PHONE,
        (person("云岫县交通运输局", "党组成员、副局长", "副乡科级", "县委管理"),),
        ("涉法行为", "贪污贿赂行为"),
        True, "检举控告", "本级", ("2026-11-16",),
    ),
    Case(
        "S07", "2026-11-02", None, Reporter(name="檀国梁等6人", phone="12000000007"),
        (
            person("城东街道办事处", "（单位）", "正乡科级单位", "县委管理", name="云岫县城东街道办事处"),
            person("檀家庄社区", "报账员", "农村", "街道管理（监察对象）"),
        ),
        ("违反群众纪律行为", "侵害群众利益"),
        True, "检举控告", "下级",
    ),
    Case(
        "S08", "2026-11-10", B, NOBODY,
        (person("云岫县委、县人民政府", "县委常委、副县长", "副县处级", "市委管理"),),
        ("违反工作纪律行为", "违规干预市场经济活动"),
        False, "检举控告", "上级", ("2026-11-17",),
    ),
    Case(
        "S10", "2026-11-12", B, PHONE,
        (person("云岫县人民法院", "（单位）", "不清楚", "其他机关", name="云岫县人民法院"),),
        ("其他", "涉法涉诉"),
        True, "业务范围外", "其他机关",
    ),
    Case(
        "S11", "2026-11-13", B, PHONE,
        (person("云岫县水利局（原）", "原党组书记、局长（2025年3月退休）", "正乡科级", "县委管理"),),
        ("违反廉洁纪律行为", "违规从事营利活动"),
        True, "检举控告", "本级", ("2026-12-04",),
    ),
    Case(
        "S12", "2026-11-14", B, NOBODY,
        (person("云岫县农业农村局", "局长", "正乡科级", "县委管理", name="某局长"),),
        ("其他", "无实质内容"),
        False, "无实质内容", "本级",
    ),
    Case(
        "S14", "2026-10-14", A, Reporter(name="卫骁", phone="12000000014", address="云岫县城东街道"),
        (person("云岫县文化和旅游局", "拟任副局长（公示期）", "一般干部", "县委管理"),),
        ("违反组织纪律行为", "违反干部选拔任用规定"),
        True, "检举控告", "本级", ("2026-11-04",),
    ),
    Case(
        "S16", "2026-10-30", None, Reporter(name="荆维岳", phone="12000000016"), (),
        ("申诉", "党纪处分申诉"),
        True, "申诉", "本级",
    ),
    Case(
        "S19", "2026-11-20", B, NOBODY,
        (person("云岫县某镇（车牌可查）", "不清楚", "不清楚", "待定", name=""),),
        ("违反廉洁纪律行为", "违规参与公款宴请消费"),
        False, "检举控告", "待定",
    ),
    Case(
        "a letter on a cadre of the municipality", "2026-10-01", None, PHONE,
        (person("云岫县人大常委会", "副主任", "", "市管干部"),),
        ("涉法行为", "贪污贿赂行为"),
        True, "检举控告", "上级", ("2026-10-13",),
    ),
    Case(
        "one of several is the superior's", "2026-11-02", B, NOBODY,
        (
            person("云岫县城建公司", "董事长", "一般企业", "县委管理"),
            person("云岫县人民政府", "副县长", "不清楚", "待定"),
        ),
        ("涉法行为", "贪污贿赂行为"),
        False, "检举控告", "上级", ("2026-11-09",),
    ),
    Case(
        "the tax office", "2026-11-02", B, PHONE,
        (person("国家税务总局云岫县税务局", "副局长", "副乡科级", "市税务局党委管理"),),
        ("违反廉洁纪律行为", "礼品礼金宴请"),
        True, "检举控告", "其他机关",
    ),
    Case(
        "signed, but nobody can be reached", "2026-11-02", None, Reporter(name="虞承砚"),
        (person("云岫县交通运输局", "局长", "正乡科级", "县委管理"),),
        ("涉法行为", "贪污贿赂行为"),
        False, "检举控告", "本级",
    ),
    Case(
        "a suggestion", "2026-11-02", B, PHONE, (),
        ("批评建议",),
        True, "批评建议", "本级",
    ),
    Case(
        "received on a holiday", "2026-10-03", B, PHONE,
        (person("云岫县交通运输局", "局长", "正乡科级", "县委管理"),),
        ("涉法行为", "贪污贿赂行为"),
        True, "检举控告", "本级", ("2026-10-27",),
    ),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_report_gets_the_proposals_that_the_rules_demand(case: Case) -> None:
    found = BOOK.assess(
        received_on=date.fromisoformat(case.on),
        respondents=case.respondents,
        reporter=case.reporter,
        categories=case.categories,
        line=case.line,
    )
    dues = tuple(deadline.due.isoformat() for deadline in found.deadlines if deadline.due)
    proposed = (found.named.named, found.matter.label, found.jurisdiction.jurisdiction.label, dues)
    assert proposed == (case.named, case.matter, case.level, case.dues)
    assert found.bypass == (case.level == "上级")


def test_a_clock_from_late_december_is_provisional() -> None:
    found = BOOK.assess(
        received_on=date(2026, 12, 28),
        respondents=[person("云岫县交通运输局", "局长", "正乡科级", "县委管理")],
        reporter=PHONE,
        categories=["涉法行为"],
        line=Line.DISCIPLINE,
    )
    (deadline,) = found.deadlines
    assert deadline.due is None
    assert deadline.end.provisional


words = st.text(max_size=40)


@given(
    st.lists(
        st.builds(Respondent, name=words, unit=words, post=words, rank=words, area_code=words, managed_by=words),
        max_size=4,
    ),
    st.builds(Reporter, name=words, phone=words, address=words),
    st.lists(words, max_size=4),
    st.dates(date(1990, 1, 1), date(2100, 1, 1)),
    st.sampled_from([None, *Line]),
)
def test_whatever_is_written_gets_proposals(
    respondents: list[Respondent], reporter: Reporter, categories: list[str], on: date, line: Line | None
) -> None:
    found = BOOK.assess(received_on=on, respondents=respondents, reporter=reporter, categories=categories, line=line)
    assert found.named.status in {NamedStatus.PENDING, NamedStatus.ANONYMOUS}


@given(st.text(), st.integers(0, 5000))
def test_spellings_meet_and_no_text_is_long_enough_to_slow_a_pattern(text: str, times: int) -> None:
    assert len(plain(text * times)) <= LONGEST
    assert plain(" 县 委\u3000（１） " + text) == plain("县委(1)" + text)[:LONGEST]


def test_a_rulebook_is_found_again_by_the_version_that_events_carry() -> None:
    assert BOOK.version == f"{RULES}/{CALENDAR}"
    assert Rulebook.load(BOOK.version) is Rulebook.load()


@pytest.mark.parametrize(
    "version", ["", "rules-2026.1", "rules-1999.1/days-2026.1", f"{RULES}/days-1999.1", "../etc/x"]
)
def test_a_version_that_is_not_here_is_refused_by_name(version: str) -> None:
    with pytest.raises(UnknownRulebook, match="规则"):
        Rulebook.load(version)
