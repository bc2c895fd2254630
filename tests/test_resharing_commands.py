"""A change of custodians on the command line, from begin to finish, and then an identity opened in the console."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest

from supervision.key_files import file_name, write_keys
from supervision.projecting import run_in_background
from supervision.sealing.receipt import ReceiptCode
from supervision.web.app import create_app
from tests.support.ceremony import done, refused
from tests.support.custodians import Elsewhere
from tests.support.deployment import open_deployment, seeds
from tests.support.officers import OFFICERS, County, county, steps_until
from tests.support.resharing import next_manifest
from tests.test_console_case import TITLE
from tests.test_console_opening import REPORTER, VERIFIED, Place, approved, look, press, upload

NEW_CUSTODIANS = {"custodian-4": "身份保管员丁", "custodian-2": "身份保管员乙", "custodian-3": "身份保管员丙"}


@dataclass(frozen=True)
class Tables:
    """``place``: the county under its second manifest, with a report sealed under the first. ``keys``: of everybody."""

    place: Place
    home: Path
    keys: Path
    pin: tuple[str, ...]

    def key(self, holder: str) -> tuple[str, Path]:
        return ("--key", self.keys / file_name(holder))


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[Tables]:
    home = tmp_path / "home"
    with ExitStack() as stack:
        people = {*OFFICERS, "custodian-2", "custodian-3"}
        before = stack.enter_context(county(home, f"sqlite:///{home / 'log.sqlite'}", people=people))
        code, report = _reported(before)
        signed = next_manifest(before.platform, custodians=NEW_CUSTODIANS)
        url = before.platform.settings.database_url
        platform = stack.enter_context(closing(open_deployment(home, url, clock=before.clock)))
        stop = run_in_background(platform)
        stack.callback(stop.set)
        after = County(platform, before.clock, create_app(platform))
        write_keys(tmp_path / "keys", seeds(platform))
        (tmp_path / "manifest.json").write_bytes(signed.to_bytes())
        pin = ("--manifest", str(tmp_path / "manifest.json"), "--manifest-hash", signed.hash)
        yield Tables(Place(after, Elsewhere(platform, tmp_path), report, code), home, tmp_path / "keys", pin)


def _reported(made: County) -> tuple[ReceiptCode, UUID]:
    """A named report, with the inspector."""
    code = ReceiptCode.new(made.platform.rng)
    report = made.report(TITLE, code=code, reporter=REPORTER)
    steps = steps_until("approve_distribution")
    officer, given = steps["screen"]
    made.walk(report, {**steps, "screen": (officer, {**given, **VERIFIED})})
    return code, report


def test_papers_go_round_and_the_new_custodians_open_it_in_the_console(tables: Tables, tmp_path: Path) -> None:
    out = tmp_path / "out"
    said = done("ceremony", "reshare", "begin", "--out", out, home=tables.home)
    assert "1-custodian：第 1 版清单的身份保管人" in said
    table = ("--table", out / "1-custodian")
    for number in (1, 2, 3):
        holder, answer = f"custodian-{number}", tmp_path / f"deal-{number}"
        request = out / "1-custodian" / f"deal-{holder}.request"
        shown = done("custodian", "reshare", "show", *tables.pin, request)
        assert "身份保管员甲、身份保管员乙、身份保管员丙" in shown
        assert "新保管人：身份保管员丁、身份保管员乙、身份保管员丙（2 人即可开启）" in shown
        mine = tables.key(f"custodian/{holder}")
        said = done("custodian", "reshare", "deal", *mine, *tables.pin, "--out", answer, request, typed="y\n")
        fingerprint = said.partition("指纹 ")[2][:39]
        kept = done("ceremony", "reshare", "collect", *table, answer, home=tables.home)
        assert fingerprint in kept
        again = done("custodian", "reshare", "check", *mine, *tables.pin, "--answer", answer, request)
        assert "一致，如实无误" in again
    assert "全部答复已收齐" in kept
    done("ceremony", "reshare", "hand-out", *table, home=tables.home)
    for number in (4, 2, 3):
        holder, answer = f"custodian-{number}", tmp_path / f"take-{number}"
        request = out / "1-custodian" / f"take-{holder}.request"
        mine = tables.key(f"custodian/{holder}")
        done("custodian", "reshare", "take", *mine, *tables.pin, "--out", answer, request)
        done("ceremony", "reshare", "collect", *table, answer, home=tables.home)
    finish = ("ceremony", "reshare", "finish", *table, "--ceremony-key")
    assert "不是密钥仪式的私钥" in refused(*finish, tables.keys / "log.key", home=tables.home)
    said = done(*finish, tables.keys / "ceremony.key", home=tables.home)
    assert "互相核对一致" in said
    assert not (out / "1-custodian").exists()
    assert "没有需要交接的份额" in done("ceremony", "reshare", "begin", "--out", out, home=tables.home)
    assert "核验通过" in done("verify", home=tables.home)
    _opened_in_the_console(tables)


def _opened_in_the_console(tables: Tables) -> None:
    place = tables.place
    address = approved(place)
    for officer in ("custodian-2", "custodian-3"):
        request = place.home.signed_in(officer).client.get(f"{address}/request-file").data
        assert "已办理" in press(
            place, officer, address, "contribute", **upload(place.elsewhere.answer(officer, request))
        )
    place.elsewhere.witness()
    request = place.home.signed_in("superior").client.get(f"{address}/gate-file").data
    assert "已办理" in press(place, "superior", address, "gate-answer", **upload(place.elsewhere.released(request)))
    assert REPORTER.name in look(place, address).text


def test_each_refusal_is_one_line_and_nothing_is_written_without_a_yes(tables: Tables, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done("ceremony", "reshare", "begin", "--out", out, home=tables.home)
    request, answer = out / "1-custodian" / "deal-custodian-1.request", tmp_path / "answer"
    command = ("custodian", "reshare", "deal", *tables.pin, "--out", answer)
    mine = tables.key("custodian/custodian-1")
    assert "已取消" in refused(*command, *mine, request, typed="n\n")
    assert "不在本次交接的名单中" in refused(*command, *tables.key("relay/relay-1"), request, typed="y\n")
    assert not answer.exists()
    wrong = (*tables.pin[:3], "0" * 64)
    assert "固定的哈希不一致" in refused("custodian", "reshare", "show", *wrong, request)
    assert "拿错了文件" in refused("custodian", "reshare", "show", *tables.pin, tables.pin[1])
    table = ("--table", out / "1-custodian")
    assert "须有至少 2 名" in refused("ceremony", "reshare", "hand-out", *table, home=tables.home)
    assert "拿错了文件" in refused("ceremony", "reshare", "collect", *table, request, home=tables.home)
    key = ("--ceremony-key", tables.keys / "ceremony.key")
    assert "还没有收到" in refused("ceremony", "reshare", "finish", *table, *key, home=tables.home)
    assert "reshare begin" in refused("ceremony", "reshare", "hand-out", "--table", tmp_path, home=tables.home)


@pytest.mark.parametrize("command", ["show", "deal", "take", "check"])
def test_every_command_of_a_holder_answers_help(command: str) -> None:
    assert done("custodian", "reshare", command, "--help").startswith("Usage:")


@pytest.mark.parametrize("command", ["begin", "collect", "hand-out", "finish"])
def test_every_command_of_the_ceremony_answers_help(command: str) -> None:
    assert done("ceremony", "reshare", command, "--help").startswith("Usage:")
