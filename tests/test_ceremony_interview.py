"""``supervision init`` in a terminal: it asks, checks each answer at once, shows all of it, and founds when told so."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from supervision.founding_plan import parse_plan
from supervision.interview import Answers, ask
from tests.support.server import ROOT

COUNTY = ("云岫县", "yunxiu.example/supervision", "", "990123", "县纪委书记，县监委主任", "", "")
OFFICES = ("", "云信", "12388", "", "云线", "1", "", "n")
BODIES = ("青禾乡纪委、石桥镇纪委", "", "", "")
SUPERIOR = ("市纪委监委信访室", "city-1 市甲", "city-2 市乙", "", "", "")
HOLDERS = ("custodian-1 甲", "custodian-2 乙", "custodian-3 丙", "", "", "y", "relay-1 丁", "relay-2 戊", "", "")
OFFICERS = ("admin 祁远山", "security 关慎", "head 庄慎言", "clue 管度", "inspector-1 明察", "principal 国严")
APART, TOGETHER = "y", "n"


def answered(*answers: str) -> tuple[Answers | None, Result]:
    """The interview with these lines typed."""
    kept: list[Answers] = []

    @click.command()
    def interview() -> None:
        kept.append(ask("2026-11-23"))

    result = CliRunner().invoke(interview, input="".join(f"{answer}\n" for answer in answers))
    return (kept[0] if kept else None), result


def everything(last: str = APART) -> Sequence[str]:
    return (*COUNTY, *OFFICES, *BODIES, *SUPERIOR, *HOLDERS, *OFFICERS, last)


def test_the_answers_are_a_plan_that_founding_accepts() -> None:
    answers, result = answered(*everything())
    assert answers is not None, result.output
    plan = parse_plan(answers.settings_text(), answers.ceremony_text())
    assert (plan.ceremony.m, len(plan.ceremony.custodians), plan.ceremony.gate) == (2, 3, True)
    assert list(plan.ceremony.offices) == ["petition", "clue", "dept-1", "leadership"]
    assert plan.superior.custodians == {"city-1": "市甲", "city-2": "市乙"}
    holders = {office: first.appointment.officer for first in plan.officers for office in first.holds}
    assert holders == {"petition": "head", "clue": "clue", "dept-1": "inspector-1", "leadership": "principal"}
    assert [first.appointment.roles[0].value for first in plan.officers][:2] == ["system_admin", "security_admin"]


def test_names_with_quotes_stay_what_they_are() -> None:
    county = ('云"岫\\县', *COUNTY[1:])
    answers, _ = answered(*county, *everything()[len(COUNTY) :])
    assert answers is not None
    assert 'county = "云\\"岫\\\\县"' in answers.settings_text()
    parse_plan(answers.settings_text(), answers.ceremony_text())


WRONG = [
    ("99012", COUNTY.index("990123"), "6 位"),
    ("yunxiu example", 1, "空白"),
    ("1", len((*COUNTY, *OFFICES, *BODIES, *SUPERIOR)) + 4, "2<=x<=3"),
    ("4", len((*COUNTY, *OFFICES, *BODIES, *SUPERIOR)) + 4, "2<=x<=3"),
    ("custodian-1 又一人", len((*COUNTY, *OFFICES, *BODIES, *SUPERIOR)) + 1, "不得重复"),
    ("", len((*COUNTY, *OFFICES, *BODIES, *SUPERIOR)) + 1, "至少 2 人"),
    ("ftp://city.example", len((*COUNTY, *OFFICES, *BODIES)) + len(SUPERIOR) - 1, "https://"),
    ("admin 又一人", len(everything()) - 6, "不得重复"),
    ("GROSS 大写", len(everything()) - 6, "账号"),
]


@pytest.mark.parametrize(("wrong", "at", "said"), WRONG)
def test_a_wrong_answer_is_told_at_once_and_asked_again(wrong: str, at: int, said: str) -> None:
    given = list(everything())
    answers, result = answered(*given[:at], wrong, *given[at:])
    assert answers is not None, result.output
    assert said in result.output
    assert answers.ceremony_text() == (answered(*given)[0] or Answers()).ceremony_text()


def test_breaking_off_makes_nothing() -> None:
    answers, result = answered(*COUNTY)
    assert answers is None
    assert isinstance(result.exception, SystemExit)


# -- in a real terminal ------------------------------------------------------------------------------------------------


def typed_into_init(folder: Path, answers: Sequence[str]) -> tuple[int, str]:
    """``supervision init`` with a terminal of its own; exit status and what stood on the screen."""
    mine, its = pty.openpty()
    env = {**os.environ, "SUPERVISION_HOME": str(folder / "home"), "SUPERVISION_DATABASE_URL": ""}
    command = [sys.executable, "-m", "supervision", "init", "--plan", str(folder / "plan")]
    screen: list[bytes] = []

    def watch() -> None:
        try:
            while data := os.read(mine, 4096):
                screen.append(data)
        except OSError:
            return  # Linux says so when the other end is closed

    with subprocess.Popen(command, cwd=ROOT, env=env, stdin=its, stdout=its, stderr=its) as process:
        os.close(its)
        watching = threading.Thread(target=watch)
        watching.start()
        for answer in answers:
            asked = len(screen)
            os.write(mine, f"{answer}\n".encode())
            for _ in range(200):  # each answer is echoed, so something comes
                if len(screen) > asked:
                    break
                time.sleep(0.01)
        status = process.wait(timeout=120)
        watching.join(timeout=10)
    os.close(mine)
    return status, b"".join(screen).decode("utf-8", "replace")


def test_at_one_table_everything_is_founded_after_the_summary_is_confirmed(tmp_path: Path) -> None:
    status, screen = typed_into_init(tmp_path, (*everything(TOGETHER), "y"))
    assert status == 0, screen
    assert screen.index("保管人：甲、乙、丙，2 人可启封，另须上级闸门放行") < screen.index("以上各项正确吗")
    assert (tmp_path / "home" / "settings.toml").exists()
    assert (tmp_path / "plan" / "ceremony.toml").exists()


def test_at_two_tables_the_plan_is_written_and_the_next_steps_are_said(tmp_path: Path) -> None:
    status, screen = typed_into_init(tmp_path, (*everything(APART), "y"))
    assert status == 0, screen
    assert "supervision ceremony superior" in screen
    assert (tmp_path / "plan" / "keys").is_dir()
    assert not (tmp_path / "home").exists()


def test_who_does_not_confirm_has_founded_nothing(tmp_path: Path) -> None:
    status, screen = typed_into_init(tmp_path, (*everything(TOGETHER), "n"))
    assert status == 1
    assert "什么也没有建立" in screen
    assert not (tmp_path / "home").exists()
    assert not (tmp_path / "plan").exists()
