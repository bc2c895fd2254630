"""Spellings of the same name are one term, tags are short and keyed, and comparing in the open decides."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from supervision.domain.blind_index import Likeness
from supervision.domain.jurisdiction import Office
from supervision.domain.people import Respondent
from supervision.domain.rulebook import Rulebook
from supervision.sealing.blind_index import TAG_BITS, IndexKey
from supervision.sealing.keys import KemPrivateKey

RULES = Rulebook.load(office=Office(name="云岫县")).index
NAMES = st.text(alphabet="厉文舟檀国梁康宁远骆平川", min_size=2, max_size=4)
SPACES = st.sampled_from(["", " ", "\u3000", "·", "\u00a0", "\n"])


def wide(text: str) -> str:
    """In full-width signs where there are such."""
    return "".join(chr(ord(c) + 0xFEE0) if 0x21 <= ord(c) <= 0x7E else c for c in text)


@given(NAMES, SPACES, st.sampled_from(["", "同志", "局长", "先生"]))
def test_space_dots_and_courtesies_make_no_difference(name: str, space: str, courtesy: str) -> None:
    assert RULES.name(space.join(name) + courtesy) == name


@given(st.text(alphabet="abcDEF", min_size=2, max_size=8))
def test_width_and_case_make_no_difference(name: str) -> None:
    assume("x" not in name.lower())
    assert RULES.name(wide(name)) == RULES.name(name.lower())


@pytest.mark.parametrize(
    "text", ["张某", "张某某", "张XX", "李*", "某副局长", "不详", "王", "", "领导班子", "有关人员"]
)
def test_what_withholds_a_name_is_none(text: str) -> None:
    assert RULES.name(text) == ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("云岫县交通运输局", "交通运输局"),
        ("县交通运输局", "中共云岫县交通运输局"),
        ("云岫县人民政府", "县政府"),
        ("云岫县委办公室", "县委办"),
        ("县发展和改革委员会", "云岫县发展和改革委"),
    ],
)
def test_usual_forms_of_a_unit_are_one(one: str, other: str) -> None:
    assert RULES.unit(one) == RULES.unit(other) != ""


@given(st.text(max_size=400), st.text(max_size=400), st.text(max_size=400))
def test_any_text_can_be_reported(name: str, unit: str, post: str) -> None:
    one = Respondent(name=name, unit=unit, post=post)
    term = RULES.term(one)
    assert term == "" or term.split("/")[0] in ("name", "post")
    assert RULES.likeness(one, one) is not None or term == "" or not RULES.unit(unit)


@given(NAMES, NAMES)
def test_two_names_are_two_people_and_likeness_goes_both_ways(name: str, other: str) -> None:
    one, two = Respondent(name=name, unit="县教育局"), Respondent(name=other, unit="教育局")
    assert RULES.likeness(one, two) is (Likeness.PERSON if name == other else None)
    assert RULES.likeness(one, two) is RULES.likeness(two, one)


def test_one_tag_a_person_and_no_second_one() -> None:
    """A second short tag of the same person, by unit or post, would make a long one of the two."""
    assert RULES.term(Respondent(name="厉文舟", unit="县教育局", post="科长")) == "name/厉文舟"
    assert RULES.term(Respondent(name="某人", unit="县教育局", post="科长")) == "post/教育局/科长"


@given(st.integers(0, 3000))
def test_only_what_proved_untrue_is_forgotten_and_only_after_its_days(days: int) -> None:
    closed = date(2026, 1, 5)
    today = closed + timedelta(days=days)
    assert RULES.forgotten("not_proved", closed, today) is (days > 365)
    for result in ("proved", "partly_proved", "not_verifiable", "other_case", ""):
        assert not RULES.forgotten(result, closed, today)
    assert not RULES.forgotten("not_proved", None, today)


# -- tags -----------------------------------------------------------------------------------------------------------


def key(
    seed: bytes = bytes(32), origin: str = "county.example/log", office: str = "petition", salt: bytes = bytes(32)
) -> IndexKey:
    return IndexKey(KemPrivateKey(seed), origin, office, salt)


@given(st.text())
def test_a_tag_has_sixteen_bits_and_is_the_same_again(term: str) -> None:
    assert 0 <= key().tag(term) < 2**TAG_BITS
    assert key().tag(term) == key().tag(term)


def test_office_key_origin_office_and_salt_each_make_other_tags() -> None:
    terms = [f"name/{n}" for n in range(8)]
    tags = {
        tuple(map(one.tag, terms))
        for one in (key(), key(seed=b"1" * 32), key(origin="b"), key(office="personnel"), key(salt=b"2" * 32))
    }
    assert len(tags) == 5


def test_a_tag_is_a_known_answer() -> None:
    """Tags lie in a table between two starts of the program."""
    assert key().tag("name/厉文舟") == 16673


def test_tags_fit_several_names_and_are_spread_evenly() -> None:
    """Among twice as many names as there are tags, each tag fits two; none is much more frequent than that."""
    counts: dict[int, int] = {}
    one = key()
    for number in range(2 * 2**TAG_BITS):
        tag = one.tag(str(number))
        counts[tag] = counts.get(tag, 0) + 1
    assert len(counts) > 0.84 * 2**TAG_BITS
    assert max(counts.values()) < 16
