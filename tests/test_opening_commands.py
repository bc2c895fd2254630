"""``supervision custodian`` and ``supervision gate`` as they are run: other processes, with nothing but files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from supervision import business_time
from supervision.casework import opening as use
from supervision.checkpointing.policy import POLICY_FILE
from supervision.key_files import file_name
from tests.support.office import REPORTER, staffed
from tests.support.openings import GATE_NAME, Openings

ROOT = Path(__file__).parents[1]


class Bench:
    """A table with files on it. ``folder``: what was carried here; the county's own home is out of reach."""

    def __init__(self, openings: Openings, folder: Path) -> None:
        self.openings = openings
        self.folder = folder
        self.home = openings.office.platform.settings.home
        self.manifest = folder / "manifest.json"
        self.manifest.write_bytes(openings.desk.manifest.to_bytes())
        (folder / "policy").write_bytes((self.home / POLICY_FILE).read_bytes())
        self.pin = ("--manifest", str(self.manifest), "--manifest-hash", openings.desk.manifest.hash)

    def run(self, *arguments: str | Path, answer: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command as a user would; ``answer``: what he types."""
        return subprocess.run(
            [sys.executable, "-m", "supervision", *map(str, arguments)],
            cwd=ROOT,
            env={**os.environ, "SUPERVISION_HOME": str(self.folder / "nowhere")},
            input=answer,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def done(self, *arguments: str | Path, answer: str = "") -> str:
        """The same of a command that succeeds; what it printed."""
        finished = self.run(*arguments, answer=answer)
        assert (finished.returncode, finished.stderr) == (0, "")
        return finished.stdout

    def failed(self, *arguments: str | Path, answer: str = "") -> str:
        """The same of a command that fails; its one line."""
        finished = self.run(*arguments, answer=answer)
        assert finished.returncode == 1
        (line,) = finished.stderr.splitlines()
        return line

    def key(self, holder: str) -> Path:
        """The private key that the ceremony handed over."""
        return self.home / "handover" / file_name(holder)

    def request(self, officer: str, opening: UUID) -> Path:
        path = self.folder / f"{officer}-{opening}.request"
        path.write_bytes(use.request_file(self.openings.desk, self.openings.office.sessions[officer], opening))
        return path


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    directory: Path = tmp_path_factory.mktemp("openings")
    carried = tmp_path_factory.mktemp("carried")
    now = business_time.now()
    with staffed(directory / "home", f"sqlite:///{directory / 'log.sqlite'}", now=now) as office:
        made = Bench(Openings(office, directory), carried)
        made.done(
            *("gate", "init", "--dir", carried / "gate", "--name", GATE_NAME, "--key", made.key("superior/gate")),
            *(*made.pin, "--policy", carried / "policy"),
        )
        yield made


@pytest.fixture
def opening(bench: Bench) -> UUID:
    return bench.openings.approved("inspector-1", bench.openings.office.distributed())


def test_the_whole_way_with_files(bench: Bench, opening: UUID, tmp_path: Path) -> None:
    openings = bench.openings
    for custodian in ("custodian-1", "custodian-2"):
        answer = tmp_path / f"{custodian}.answer"
        said = bench.done(
            *("custodian", "contribute", "--key", bench.key(f"custodian/{custodian}"), *bench.pin),
            *("--out", answer, bench.request(custodian, opening)),
            answer="y\n",
        )
        assert "明察" in said and "方直" in said
        openings.contribute(custodian, opening, answer.read_bytes())
    openings.witnessed()
    superior = openings.office.sessions["superior"]
    file = tmp_path / "gate.request"
    file.write_bytes(use.gate_file(openings.desk, superior, opening))
    assert "经见证人联署" in bench.done("gate", "show", "--dir", bench.folder / "gate", file)
    half = tmp_path / "gate.answer"
    bench.done("gate", "release", "--dir", bench.folder / "gate", "--yes", "--out", half, file)
    use.add_gate_answer(openings.desk, superior, opening, half.read_bytes())
    told = json.loads(openings.open("inspector-1", opening).fields["identity", "reporter"])
    assert told["name"] == REPORTER.name
    again = bench.failed("gate", "release", "--dir", bench.folder / "gate", "--yes", "--out", tmp_path / "2", file)
    assert "已经放行过一次" in again
    assert not (tmp_path / "2").exists()
    assert str(opening) in bench.done("gate", "status", "--dir", bench.folder / "gate")


def test_it_shows_what_is_asked_and_nothing_of_the_report(bench: Bench, opening: UUID) -> None:
    shown = bench.done("custodian", "show", *bench.pin, bench.request("custodian-1", opening))
    number = bench.openings.desk.report(bench.openings.state(opening).report).number
    for said in (number, "明察（inspector-1", "方直（deputy", "核实举报情况", "核对无误"):
        assert said in shown
    for said in (REPORTER.name, REPORTER.phone, "望山茶楼", "厉文舟"):
        assert said not in shown


def test_nothing_is_written_without_a_yes(bench: Bench, opening: UUID, tmp_path: Path) -> None:
    answer = tmp_path / "answer"
    command = ("custodian", "contribute", "--key", bench.key("custodian/custodian-1"), *bench.pin, "--out", answer)
    assert "已取消" in bench.failed(*command, bench.request("custodian-1", opening), answer="n\n")
    assert not answer.exists()


def test_an_answer_is_its_owner_s_alone_and_overwrites_nothing(bench: Bench, opening: UUID, tmp_path: Path) -> None:
    answer = tmp_path / "answer"
    command = ("custodian", "contribute", "--key", bench.key("custodian/custodian-1"), *bench.pin, "--yes")
    bench.done(*command, "--out", answer, bench.request("custodian-1", opening))
    assert answer.stat().st_mode & 0o777 == 0o600
    assert "已存在" in bench.failed(*command, "--out", answer, bench.request("custodian-1", opening))


def test_a_custodian_declines_with_a_reason(bench: Bench, opening: UUID, tmp_path: Path) -> None:
    answer = tmp_path / "answer"
    bench.done(
        *("custodian", "decline", "--key", bench.key("custodian/custodian-3"), *bench.pin, "--reason", "no_basis"),
        *("--yes", "--out", answer, bench.request("custodian-3", opening)),
    )
    bench.openings.contribute("custodian-3", opening, answer.read_bytes())
    assert bench.openings.state(opening).declined == {"custodian-3": "no_basis"}


def test_each_refusal_is_one_line(bench: Bench, opening: UUID, tmp_path: Path) -> None:
    request = bench.request("custodian-1", opening)
    spoiled = tmp_path / "spoiled"
    spoiled.write_bytes(request.read_bytes().replace(b"inspector-1", b"inspector-2"))
    out = ("--yes", "--out", tmp_path / "never")
    contribute = ("custodian", "contribute", *bench.pin, *out, "--key")
    unpinned = ("custodian", "show", "--manifest", bench.manifest, "--manifest-hash", "0" * 64)
    assert "固定的哈希不一致" in bench.failed(*unpinned, request)
    assert "不能采信" in bench.failed("custodian", "show", *bench.pin, spoiled)
    assert "格式不对" in bench.failed("custodian", "show", *bench.pin, bench.manifest)
    assert "无法读写" in bench.failed("custodian", "show", *bench.pin, tmp_path / "missing")
    assert "不是封存本件的保管人的" in bench.failed(*contribute, bench.key("relay/relay-1"), request)
    assert "没有封给这把私钥" in bench.failed(*contribute, bench.key("custodian/custodian-2"), request)
    assert "64 位十六进制" in bench.failed(*contribute, bench.manifest, request)
    assert "用法不对" in bench.failed("custodian", "contribute", request)
    assert not (tmp_path / "never").exists()


def test_the_gate_releases_nothing_that_is_not_ready_and_loses_no_release(
    bench: Bench, opening: UUID, tmp_path: Path
) -> None:
    openings, gate = bench.openings, bench.folder / "gate"
    openings.given(opening)
    openings.witnessed()
    genuine = use.gate_file(openings.desk, openings.office.sessions["superior"], opening)
    file, early = tmp_path / "request", tmp_path / "early"
    file.write_bytes(genuine)
    early.write_bytes(bench.request("custodian-1", opening).read_bytes())
    assert "没有经见证人联署" in bench.failed("gate", "release", "--dir", gate, "--yes", "--out", tmp_path / "1", early)
    assert "已取消" in bench.failed("gate", "release", "--dir", gate, "--out", tmp_path / "2", file, answer="n\n")
    assert "已存在" in bench.failed("gate", "release", "--dir", gate, "--yes", "--out", file, file)
    bench.done("gate", "release", "--dir", gate, "--yes", "--out", tmp_path / "3", file)


def test_a_gate_is_founded_once_and_only_for_its_own_key(bench: Bench, tmp_path: Path) -> None:
    init = ("gate", "init", "--name", GATE_NAME, *bench.pin, "--policy", bench.folder / "policy")
    assert "已有内容" in bench.failed(*init, "--dir", bench.folder / "gate", "--key", bench.key("superior/gate"))
    other = bench.failed(*init, "--dir", tmp_path / "gate", "--key", bench.key("custodian/custodian-1"))
    assert "闸门公钥不符" in other
    assert not (tmp_path / "gate").exists()
    assert "没有闸门" in bench.failed("gate", "status", "--dir", tmp_path)


@pytest.mark.parametrize("command", ["show", "contribute", "decline", "keygen"])
def test_every_command_of_a_custodian_answers_help(bench: Bench, command: str) -> None:
    assert bench.done("custodian", command, "--help").startswith("Usage:")


@pytest.mark.parametrize("command", ["init", "show", "release", "status"])
def test_every_command_of_the_gate_answers_help(bench: Bench, command: str) -> None:
    assert bench.done("gate", command, "--help").startswith("Usage:")
