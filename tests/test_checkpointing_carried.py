"""Where log and witness have no network between them: the export goes there, the cosignature comes back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from events.checkpoint import Checkpoint
from events.cosignature import cosign
from events.note import NoteVerifier
from supervision.cli import main
from supervision.sealing.keys import SigningKey
from supervision.witnessing.home import KnownLog, WitnessHome, write_home
from supervision.witnessing.service import WitnessService
from tests.support.deployment import environment, make_deployment, seeds
from tests.support.small_log import MOMENT, MORNING, SmallLog

HOUR = 3600


@pytest.fixture
def log(tmp_path: Path, database_url: str) -> Iterator[SmallLog]:
    platform = make_deployment(tmp_path / "home", database_url, clock=lambda: MORNING)
    yield SmallLog(platform)
    platform.close()


@pytest.fixture
def answer(tmp_path: Path) -> Path:
    """The file that is carried back."""
    return tmp_path / "answer"


def run(log: SmallLog, *arguments: str | Path, typed: bytes = b"") -> Result:
    env = environment(log.platform.settings.home, log.platform.settings.database_url)
    return CliRunner().invoke(main, [*map(str, arguments)], env=env, input=typed, catch_exceptions=False)


def mirrored(log: SmallLog, stick: Path, home: Path) -> str:
    """What the witness prints, on a machine that knows nothing but the log's public key."""
    key = SigningKey(seeds(log.platform)["superior/witness"])
    verifier = NoteVerifier(log.platform.settings.origin, log.platform.manifest.log)
    name = log.witness.key.name
    laid = WitnessHome(
        directory=home, name=name, title=name, logs=(KnownLog(key=verifier, url=""),), signer=key, tokens={}
    )
    write_home(laid, seeds(log.platform)["superior/witness"])
    WitnessService.found(laid)
    said = CliRunner().invoke(main, ["witness", "mirror", "--from", str(stick)], env={"SUPERVISION_HOME": str(home)})
    assert said.exit_code == 0, said.stderr
    return said.stdout


def line(log: SmallLog, checkpoint: Checkpoint, moment: int, *, by: str = "superior/witness") -> bytes:
    """A cosignature under the witness's name, by his key or another one."""
    key = SigningKey(seeds(log.platform)[by])
    return cosign(checkpoint.text(), log.witness.key.name, key, moment).line().encode()


def damaged(line: bytes) -> bytes:
    """With another character in the midst of the signature."""
    return line[:-20] + (b"B" if line[-20:-19] == b"A" else b"A") + line[-19:]


def kept(log: SmallLog) -> list[int]:
    """Sizes of the trees that have a cosignature."""
    return [row.size for row in log.platform.log.checkpoints.cosignatures(log.platform.log.size())]


def refusal(log: SmallLog, file: Path) -> str:
    """The one line that says why; nothing is kept, and the log is as sound as before."""
    before = kept(log)
    finished = run(log, "import-cosignature", file)
    assert (finished.exit_code, finished.stdout) == (1, "")
    assert kept(log) == before
    assert run(log, "verify").exit_code == 0
    (told,) = finished.stderr.splitlines()
    return told


def test_what_the_witness_printed_is_carried_back_and_counts_like_any_other(
    log: SmallLog, tmp_path: Path, answer: Path
) -> None:
    log.report()
    size = log.sign().size
    assert run(log, "export-log", tmp_path / "stick").exit_code == 0
    answer.write_text(mirrored(log, tmp_path / "stick", tmp_path / "witness"))
    for _ in range(2):
        assert run(log, "import-cosignature", answer).stdout == f"已收下 {log.witness.name} 对前 {size} 条的联署。\n"
    assert kept(log) == [size]
    assert f"规定数量的见证人已联署至第 {size} 条" in run(log, "verify").stdout


def test_the_whole_checkpoint_of_his_copy_will_do_and_so_will_standard_input(log: SmallLog) -> None:
    log.report()
    checkpoint = log.sign()
    last = log.platform.log.checkpoints.last()
    assert last is not None
    note = last.note + line(log, checkpoint, MOMENT)
    assert run(log, "import-cosignature", "-", typed=note).exit_code == 0
    assert kept(log) == [checkpoint.size]


def test_it_may_be_of_an_earlier_checkpoint_as_long_as_the_log_had_not_gone_on_for_an_hour(
    log: SmallLog, answer: Path
) -> None:
    log.report()
    exported = log.sign()
    log.report()
    log.sign()
    on_time = MOMENT - MOMENT % HOUR + 2 * HOUR - 1
    answer.write_bytes(line(log, exported, on_time))
    assert run(log, "import-cosignature", answer).exit_code == 0
    assert kept(log) == [exported.size]
    assert run(log, "verify").exit_code == 0
    answer.write_bytes(line(log, exported, on_time + 1))
    assert "一小时内送去联署" in refusal(log, answer)


def test_what_no_witness_of_the_policy_said_of_this_log_is_not_kept(log: SmallLog, answer: Path) -> None:
    log.report()
    checkpoint = log.sign()
    other = replace(checkpoint, root=bytes(32))
    cases = {
        line(log, other, MOMENT): "不能收下",
        line(log, replace(checkpoint, size=checkpoint.size + 1), MOMENT): "不能收下",
        line(log, checkpoint, MOMENT, by="superior/signing"): "没有 witnesses.policy 所列见证人的联署",
        damaged(line(log, checkpoint, MOMENT)): "不能收下",
        line(log, checkpoint, 2**40): "时钟",
        b"": "没有 witnesses.policy 所列见证人的联署",
        "— x !\n".encode(): "不是见证人给出的联署",
        b"\xff\xfe": "不是见证人给出的联署",
    }
    for data, told in cases.items():
        answer.write_bytes(data)
        assert told in refusal(log, answer), data


def test_of_several_lines_all_are_kept_or_none(log: SmallLog, answer: Path) -> None:
    log.report()
    checkpoint = log.sign()
    answer.write_bytes(line(log, checkpoint, MOMENT) + line(log, replace(checkpoint, root=bytes(32)), MOMENT))
    assert "不能收下" in refusal(log, answer)


def test_a_file_that_is_not_there_is_one_line(log: SmallLog, answer: Path) -> None:
    assert "无法读取" in refusal(log, answer)
