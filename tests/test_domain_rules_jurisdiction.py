"""Whose matter a report is (A-11, A-12, A-15): what the words on management, rank and post must lead to."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervision.domain.codes import Jurisdiction, JurisdictionReason, MatterClass
from supervision.domain.jurisdiction import Office
from supervision.domain.people import Respondent
from supervision.domain.rulebook import Rulebook

OFFICE = Office("云岫县", "990123")
RULES = Rulebook.load(office=OFFICE).jurisdiction
ANYWHERE = Rulebook.load().jurisdiction

texts = st.text(max_size=30) | st.sampled_from(
    [
        "县委管理",
        "市委管理",
        "待定",
        "副县处级",
        "农村",
        "（单位）",
        "县长",
        "云岫县委",
        "税务局",
        "(",
        "990124",
    ]
)
respondents = st.builds(Respondent, name=texts, unit=texts, post=texts, rank=texts, area_code=texts, managed_by=texts)


@pytest.mark.parametrize(
    ("words", "level"),
    [
        ("中央管理", "上级"),
        ("中管干部", "上级"),
        ("省委管理", "上级"),
        ("省管干部", "上级"),
        ("市委管理", "上级"),
        ("市管干部", "上级"),
        ("市委组织部", "上级"),
        ("自治区党委管理", "上级"),
        ("自治州州委管理", "上级"),
        ("上级党委管理", "上级"),
        ("市教育局党组管理", "上级"),
        ("山南市卫生健康委员会党委", "上级"),
        ("不清楚（可能是市管干部）", "上级"),
        ("县委管理", "本级"),
        ("中共云岫县委管理", "本级"),
        ("山南市云岫县委管理", "本级"),
        ("县管干部", "本级"),
        ("县委组织部管理", "本级"),
        ("县纪委监委管理", "本级"),
        ("本县", "本级"),
        ("县委管理（报市委组织部备案）", "本级"),
        ("县级市委管理", "本级"),
        ("青禾乡党委管理", "下级"),
        ("街道管理（监察对象）", "下级"),
        ("柳湾村党支部", "下级"),
        ("县教育局党组管理", "下级"),
        ("县市场监督管理局党组管理", "下级"),
        ("市场监督管理局党组管理", "下级"),
        ("云岫县城市管理局党组", "下级"),
        ("城市管理局党组管理", "下级"),
        ("市政公司党总支", "下级"),
        ("县属国企党委管理", "下级"),
        ("县第一中学党支部", "下级"),
        ("所在单位管理", "下级"),
        ("省税务局党委管理", "其他机关"),
        ("市税务局党委管理", "其他机关"),
        ("垂直管理（市烟草专卖局）", "其他机关"),
        ("其他（垂直管理）", "其他机关"),
        ("国家金融监督管理总局山南分局", "其他机关"),
        ("县气象局党组", "其他机关"),
        ("国家电网市供电公司党委", "其他机关"),
        ("中央企业党委", "其他机关"),
        ("军队", "其他机关"),
        ("其他机关", "其他机关"),
        ("", "待定"),
        ("待定", "待定"),
        ("不清楚", "待定"),
        ("说不上来", "待定"),
    ],
)
def test_words_on_management_decide(words: str, level: str) -> None:
    assert RULES.judge(Respondent(name="甲", managed_by=words)).jurisdiction.label == level
    assert ANYWHERE.judge(Respondent(name="甲", managed_by=words)).jurisdiction.label == level


@pytest.mark.parametrize(
    "rank",
    [
        "正省部级",
        "副厅局级",
        "中管正厅局级",
        "正县处级",
        "副县处级",
        "副处级",
        "县级",
        "正处",
        "县级领导",
        "一级巡视员",
    ],
)
@pytest.mark.parametrize("managed_by", ["", "待定", "县委管理", "其他机关", "青禾乡党委管理"])
def test_a_leading_rank_goes_up_even_against_the_words(rank: str, managed_by: str) -> None:
    finding = RULES.judge(Respondent(name="甲", rank=rank, managed_by=managed_by))
    assert finding.jurisdiction is Jurisdiction.SUPERIOR


@pytest.mark.parametrize(
    ("unit", "post"),
    [
        ("云岫县委", "书记"),
        ("中国共产党云岫县委员会", "副书记"),
        ("云岫县人民政府", "县长"),
        ("", "副县长（挂职）"),
        ("", "原县委常委、政法委书记"),
        ("云岫县人民代表大会常务委员会", "副主任"),
        ("政协云岫县委员会", "主席"),
        ("云岫县人民法院", "党组书记、院长"),
        ("云岫县委、县人民政府", "县委常委/副县长"),
        ("山南市", "副市长"),
        ("不清楚", "县领导"),
    ],
)
@pytest.mark.parametrize("managed_by", ["", "县委管理"])
def test_a_leading_post_goes_up_even_when_the_level_is_unknown(unit: str, post: str, managed_by: str) -> None:
    finding = RULES.judge(Respondent(name="甲", unit=unit, post=post, managed_by=managed_by))
    assert finding.jurisdiction is Jurisdiction.SUPERIOR


@pytest.mark.parametrize(
    ("unit", "post"),
    [
        ("云岫县纪委监委", "监委主任"),
        ("云岫县纪律检查委员会、监察委员会", "书记"),
        ("云岫县委", "常委、纪委书记"),
        ("", "原县委常委、县委组织部部长"),
        ("云岫县委组织部", "部长"),
    ],
)
def test_the_offices_own_principal_goes_past_himself(unit: str, post: str) -> None:
    principal = Respondent(name="甲", unit=unit, post=post, managed_by="县委管理")
    for rules in (RULES, ANYWHERE):
        assert rules.judge(principal).reason is JurisdictionReason.OWN_PRINCIPAL


@pytest.mark.parametrize(
    ("unit", "post", "managed_by"),
    [
        ("云岫县纪委监委", "第三监督检查室主任", "县委管理"),
        ("云岫县纪委监委", "副书记", "县委管理"),
        ("石桥镇党委", "纪委书记", "县委管理"),
        ("云岫县纪委监委派驻县教育局纪检监察组", "组长", "县委管理"),
        ("云岫县委组织部", "副部长", "县委管理"),
        ("云岫县人大常委会办公室", "主任", "县委管理"),
        ("云岫县委", "县委书记秘书", "县委管理"),
        ("云岫县城市建设投资公司", "董事长", "县委管理"),
        ("云岫县水利局（原）", "原党组书记、局长（2025年3月退休）", "县委管理"),
    ],
)
def test_who_works_near_a_leader_is_no_leader(unit: str, post: str, managed_by: str) -> None:
    finding = RULES.judge(Respondent(name="甲", unit=unit, post=post, managed_by=managed_by))
    assert finding.jurisdiction is Jurisdiction.OWN


def test_a_line_authority_named_in_words_outweighs_a_leading_rank() -> None:
    finding = RULES.judge(Respondent(name="甲", rank="副县处级", managed_by="省税务局党委管理"))
    assert finding.reason is JurisdictionReason.LINE_AUTHORITY


@pytest.mark.parametrize(
    ("rank", "level"),
    [
        ("正乡科级", "本级"),
        ("副科级", "本级"),
        ("二级主任科员", "本级"),
        ("正科级（享受副处级待遇）", "本级"),
        ("四级调研员", "上级"),
        ("不清楚（听说是副处级）", "上级"),
        ("副处级以下", "待定"),
        ("一般干部", "下级"),
        ("农村", "下级"),
        ("军队", "其他机关"),
        ("事业", "待定"),
        ("一般企业", "待定"),
        ("金融机构", "待定"),
        ("其他", "待定"),
        ("不清楚", "待定"),
        ("县级机关", "待定"),
    ],
)
def test_rank_speaks_where_nothing_is_known_of_the_management(rank: str, level: str) -> None:
    assert RULES.judge(Respondent(name="甲", rank=rank)).jurisdiction.label == level


def test_a_rank_that_county_cadres_hold_too_does_not_outweigh_the_words() -> None:
    finding = RULES.judge(Respondent(name="甲", rank="四级调研员", managed_by="县委管理"))
    assert finding.jurisdiction is Jurisdiction.OWN


@pytest.mark.parametrize(
    ("unit", "level"),
    [
        ("国家税务总局云岫县税务局", "其他机关"),
        ("山南市教育局", "上级"),
        ("省交通运输厅", "上级"),
        ("云岫县市场监督管理局", "待定"),
        ("某市场开发公司", "待定"),
        ("省道养护中心", "待定"),
        ("深圳市某科技有限公司", "待定"),
        ("云岫县某镇（车牌可查）", "待定"),
    ],
)
def test_a_unit_speaks_last(unit: str, level: str) -> None:
    assert RULES.judge(Respondent(name="甲", unit=unit)).jurisdiction.label == level


def test_another_county_is_another_body_but_its_leaders_still_go_up() -> None:
    neighbour = Respondent(name="甲", area_code="990124", managed_by="县委管理")
    assert RULES.judge(neighbour).reason is JurisdictionReason.OTHER_COUNTY
    assert RULES.judge(replace(neighbour, rank="正县处级")).jurisdiction is Jurisdiction.SUPERIOR
    assert RULES.judge(replace(neighbour, area_code="990100")).jurisdiction is Jurisdiction.OWN
    assert RULES.judge(replace(neighbour, area_code="990123004")).jurisdiction is Jurisdiction.OWN
    assert ANYWHERE.judge(neighbour).jurisdiction is Jurisdiction.OWN


STREET = Respondent(
    name="云岫县城东街道办事处",
    unit="城东街道办事处",
    post="（单位）",
    rank="正乡科级单位",
    managed_by="县委管理",
)
BOOKKEEPER = Respondent(name="甲", unit="檀家庄社区", post="报账员", rank="农村", managed_by="街道管理")


def test_a_unit_counts_only_where_no_person_is_named() -> None:
    assert RULES.propose([STREET]).jurisdiction is Jurisdiction.OWN
    assert RULES.propose([STREET, BOOKKEEPER]).jurisdiction is Jurisdiction.SUBORDINATE


@pytest.mark.parametrize(
    "unit",
    [
        Respondent(name="云岫县教育局"),
        Respondent(name="云岫县教育局", unit="云岫县教育局", post="不清楚"),
        Respondent(name="城关镇", post="单位"),
        Respondent(name="城关镇", rank="正乡科级单位"),
    ],
)
def test_a_unit_is_told_from_a_person(unit: Respondent) -> None:
    assert RULES.is_unit(unit)
    assert not RULES.is_unit(Respondent(name="甲某某", unit="云岫县教育局", rank="事业单位", post="教师"))


def test_the_countys_own_committee_and_commission_are_the_superiors_matter() -> None:
    for name in ("中共云岫县委员会", "云岫县委", "云岫县纪委监委", "云岫县监察委员会"):
        finding = RULES.propose([Respondent(name=name, post="（单位）", managed_by="县委管理")])
        assert finding.reason is JurisdictionReason.SUPERIOR_ORGAN
    office = Respondent(name="云岫县委办公室", post="（单位）", managed_by="县委管理")
    assert RULES.propose([office]).jurisdiction is Jurisdiction.OWN


def test_an_appeal_against_this_commission_is_decided_by_it() -> None:
    commission = Respondent(name="云岫县纪委监委", unit="云岫县纪委监委", post="（单位）", managed_by="县委管理")
    assert RULES.propose([commission], MatterClass.APPEAL).jurisdiction is Jurisdiction.OWN
    mayor = Respondent(name="甲", post="副县长")
    assert RULES.propose([commission, mayor], MatterClass.APPEAL).jurisdiction is Jurisdiction.SUPERIOR


@pytest.mark.parametrize(
    ("matter", "level"),
    [
        ("申诉", "本级"),
        ("批评建议", "本级"),
        ("业务范围外", "其他机关"),
        ("检举控告", "待定"),
        ("无实质内容", "待定"),
    ],
)
def test_without_respondents_the_class_of_the_matter_speaks(matter: str, level: str) -> None:
    by_label = {one.label: one for one in MatterClass}
    assert RULES.propose([], by_label[matter]).jurisdiction.label == level


def test_among_several_people_the_highest_competent_body_decides() -> None:
    levels = {
        "市委管理": "上级",
        "县委管理": "本级",
        "待定": "待定",
        "青禾乡党委管理": "下级",
        "省税务局党委管理": "其他机关",
    }
    people = [Respondent(name="甲", managed_by=words) for words in levels]
    for first, expected in enumerate(levels.values()):
        assert RULES.propose(people[first:]).jurisdiction.label == expected


def test_staff_of_the_host_bodies_are_recognised() -> None:
    assert RULES.is_own_staff(Respondent(name="甲", unit="云岫县纪委监委第一监督检查室"))
    assert RULES.is_own_staff(Respondent(name="甲", unit="中共云岫县委组织部"))
    assert not RULES.is_own_staff(Respondent(name="甲", unit="云岫县委宣传部"))
    assert not RULES.is_own_staff(Respondent(name="甲", unit="石桥镇纪委"))


@given(st.lists(respondents, max_size=5), st.randoms(), st.sampled_from(MatterClass))
def test_any_words_get_an_answer_and_their_order_plays_no_part(
    people: list[Respondent], random: Random, matter: MatterClass
) -> None:
    shuffled = list(people)
    random.shuffle(shuffled)
    assert RULES.propose(people, matter) == RULES.propose(shuffled, matter)


@given(st.lists(respondents, max_size=4), respondents)
def test_whoever_is_added_cannot_bring_a_report_down_from_the_superior(
    people: list[Respondent], added: Respondent
) -> None:
    leader = Respondent(name="甲", rank="副县处级")
    assert RULES.propose([*people, leader, added]).jurisdiction is Jurisdiction.SUPERIOR
