"""What relay officers say and write: until somebody has said that it is he, no more than one question."""

from __future__ import annotations

import re

import pytest

from supervision.domain.codes import Medium
from supervision.domain.contact_codes import ContactPurpose
from supervision.domain.contact_scripts import QUESTION, SCRIPTS, Script
from supervision.domain.rulebook import Rulebook

BETRAYING = re.compile(
    "举报|检举|控告|揭发|告发|告状|信访|上访|纪委|监委|纪检|监察|巡察|组织部|12388|12380|案件|立案|调查|违纪|违法|犯罪|贪|贿"
)
"""Words that tell whoever overhears them what it is about."""

PERSONAL = re.compile("姓名|贵姓|身份证|证件|住址|单位|实名|匿名|被反映|先生|女士|同志")
"""Nobody is named, and nobody is asked who he is or whom it is about."""

EVERY = [pytest.param(script, id=purpose.value) for purpose, script in SCRIPTS.items()]


def test_each_purpose_has_its_script() -> None:
    assert set(SCRIPTS) == set(ContactPurpose)


@pytest.mark.parametrize("script", EVERY)
def test_no_word_of_a_script_betrays_the_matter_or_names_anybody(script: Script) -> None:
    for words in script.words:
        assert not BETRAYING.search(words), words
        assert not PERSONAL.search(words), words


@pytest.mark.parametrize("script", EVERY)
def test_no_script_has_a_place_to_fill_in(script: Script) -> None:
    for words in script.words:
        assert not re.search(r"[{}%_<>×*]|某|……", words), words


@pytest.mark.parametrize("script", EVERY)
def test_before_he_has_confirmed_it_and_in_writing_only_the_one_question_is_asked(script: Script) -> None:
    assert QUESTION == "核实您是否反映过问题"
    assert QUESTION in script.ask
    assert QUESTION in script.text
    for words in (script.ask, script.text, script.otherwise, script.asked_back):
        assert not re.search("受理|办结|进度|查询码|补充|说明|意见", words), words


def test_what_is_said_first_written_and_answered_is_the_same_for_every_purpose() -> None:
    """So that not even the relay officer's first words tell why he calls."""
    assert len({(one.ask, one.text, one.otherwise, one.asked_back) for one in SCRIPTS.values()}) == 1


def test_no_approved_sms_betrays_the_matter() -> None:
    written = [one.words for one in Rulebook.load().messages.templates.values() if one.medium is Medium.SMS]
    assert written
    for words in written:
        assert not BETRAYING.search(words), words
