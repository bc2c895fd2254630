"""What makes a report a named one (A-24), and numbers that look mistyped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervision.domain.codes import NamedReason, NamedStatus
from supervision.domain.identifiers import id_number_warnings, phone_warnings
from supervision.domain.people import Reporter
from supervision.domain.rulebook import Rulebook

RULES = Rulebook.load().naming
PHONE = "12000000001"


@pytest.mark.parametrize(
    "name",
    [
        "虞承砚",
        "卫骁",
        "阿依古丽·买买提",
        "檀国梁等6人",
        "檀国梁等六名村民",
        "云岫汇川水务工程公司",
        "张公民",
        "John Smith",
    ],
)
def test_a_real_name_with_a_telephone_is_named(name: str) -> None:
    finding = RULES.propose(Reporter(name=name, phone=PHONE))
    assert finding.named
    assert finding.status is NamedStatus.PENDING


@pytest.mark.parametrize(
    "name",
    [
        "匿名",
        "匿名举报人",
        "佚名",
        "群众",
        "一群众",
        "一村民",
        "柳湾村村民",
        "柳湾村全体村民",
        "知情人",
        "知情人士",
        "一名党员",
        "一名老党员",
        "部分退休干部",
        "石桥镇干部",
        "有良知的公民",
        "普通老百姓",
        "村民代表",
        "张某",
        "张某某",
        "某某",
        "王先生",
        "李女士",
        "小王",
        "老李",
        "无",
        "保密",
        "不便透露",
        "暂不提供",
        "***",
        "xxx",
        "12345",
        "甲",
        "群众等20人",
    ],
)
def test_a_word_that_hides_who_it_is_makes_no_name(name: str) -> None:
    finding = RULES.propose(Reporter(name=name, phone=PHONE, address="砚山路7号"))
    assert finding.reason is NamedReason.PSEUDONYM
    assert finding.status is NamedStatus.ANONYMOUS


def test_who_gives_no_name_is_anonymous_even_with_a_telephone() -> None:
    assert RULES.propose(Reporter(phone=PHONE)).reason is NamedReason.NO_NAME
    assert RULES.propose(Reporter(name=" 　", phone=PHONE)).reason is NamedReason.NO_NAME
    assert RULES.propose(Reporter(name="等6人", phone=PHONE)).reason is NamedReason.NO_NAME


@pytest.mark.parametrize(
    "phone", ["12000000001", "０９９－１２３４５６７", "0991-1234567转8001", "+86 120 0000 0001", "1234567"]
)
def test_a_telephone_number_is_a_concrete_contact_in_any_form(phone: str) -> None:
    assert RULES.propose(Reporter(name="虞承砚", phone=phone)).named


@pytest.mark.parametrize(
    "address",
    ["云岫县城东街道砚山路7号", "永安小区３栋", "青禾乡柳湾村三组", "第三村民小组", "云岫县107信箱"],
)
def test_an_address_that_a_letter_reaches_is_a_concrete_contact(address: str) -> None:
    assert RULES.propose(Reporter(name="虞承砚", address=address)).named


@pytest.mark.parametrize(
    ("phone", "address"),
    [("", ""), ("", "云岫县石桥镇"), ("", "云岫县青禾乡柳湾村"), ("同前", ""), ("110", ""), ("0000000", "")],
)
def test_a_name_without_a_concrete_contact_is_handled_as_anonymous(phone: str, address: str) -> None:
    finding = RULES.propose(Reporter(name="虞承砚", phone=phone, address=address))
    assert finding.reason is NamedReason.NO_CONTACT


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_any_words_get_an_answer(name: str, phone: str, address: str) -> None:
    finding = RULES.propose(Reporter(name=name, phone=phone, address=address))
    assert finding.named == (finding.reason is NamedReason.NAME_AND_CONTACT)


def test_a_valid_identity_number_raises_no_warning() -> None:
    for number in (
        "990123197906141039",
        "990123198503120019",
        " 990123197009082040 ",
        "",
        "11010519491231002x",
    ):
        assert id_number_warnings(number) == ()


@given(st.integers(0, 16), st.integers(1, 9))
def test_one_mistyped_digit_is_noticed_and_never_repeated(place: int, change: int) -> None:
    number = "990123197906141039"
    wrong = number[:place] + str((int(number[place]) + change) % 10) + number[place + 1 :]
    warnings = id_number_warnings(wrong)
    assert warnings
    assert not any(wrong in warning for warning in warnings)


def test_an_impossible_birthday_or_length_is_noticed() -> None:
    assert any("出生日期" in warning for warning in id_number_warnings("990123197902301039"))
    assert any("18" in warning for warning in id_number_warnings("12345"))


@pytest.mark.parametrize("phone", ["", "12000000001", "+86 138-0000-0000", "0991-1234567转8", "(099)1234567"])
def test_no_range_of_telephone_numbers_is_presumed(phone: str) -> None:
    assert phone_warnings(phone) == ()


@pytest.mark.parametrize("phone", ["12", "同前", "1200000000o"])
def test_what_is_no_telephone_number_is_noticed(phone: str) -> None:
    (warning,) = phone_warnings(phone)
    assert "请核对" in warning
