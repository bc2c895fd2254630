"""What a witness remembers is on the disk before it speaks, is shared by its processes, and is not believed blindly."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from events.checkpoint import Checkpoint
from events.note import parse
from events.witness import Cosigned, DamagedState
from supervision.settings import BadSetting
from supervision.witnessing.home import SECRETS, SETTINGS, WitnessHome
from supervision.witnessing.service import STATE, WitnessService, open_service
from supervision.witnessing.state import MOST_EVIDENCE, StateFile
from tests.support.log import NOON, ORIGIN
from tests.support.published import PublishedLog, flipped
from tests.support.witnessing import RewrittenLog, make_witness, submission, tiles_from

LOGGED = PublishedLog(400)
processes = multiprocessing.get_context("fork")


@pytest.fixture
def witness(tmp_path: Path) -> WitnessService:
    return make_witness(tmp_path / "witness")


def latest(witness: WitnessService) -> int:
    found = witness.latest(witness.home.logs[0])
    return found.size if found else 0


class Dying(StateFile):
    """Is killed at a step of persisting: before it, or when it has been done and nothing was answered yet."""

    def __init__(self, path: Path, *, after: bool) -> None:
        super().__init__(path)
        self.after = after

    def advance(self, origin: str, seen: bytes | None, new: Cosigned) -> bool:
        if self.after:
            assert super().advance(origin, seen, new)
        os.kill(os.getpid(), signal.SIGKILL)
        return True


@pytest.mark.parametrize(("after", "size"), [(True, 200), (False, 100)])
def test_killed_between_persisting_and_answering_it_remembers_what_it_persisted(
    witness: WitnessService, after: bool, size: int
) -> None:
    witness.add_checkpoint(submission(LOGGED, 0, 100))

    def die() -> None:
        witness.state = Dying(witness.home.directory / STATE, after=after)
        witness.add_checkpoint(submission(LOGGED, 100, 200))

    child = processes.Process(target=die)
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    restarted = open_service(witness.home.directory)
    assert latest(restarted) == size
    assert restarted.add_checkpoint(submission(LOGGED, size, 300)).status == 200


def grow(directory: Path, step: int, answers: multiprocessing.Queue[tuple[int, int]]) -> None:
    """A log that submits larger and larger trees, and learns from 409 what another has submitted meanwhile."""
    service, old = WitnessService(WitnessHome.load(directory), lambda: NOON), 0
    while old < LOGGED.size:
        new = min(old + step, LOGGED.size)
        answer = service.add_checkpoint(submission(LOGGED, old, new))
        if answer.status == 200:
            answers.put((old, new))
            old = new
        else:
            assert answer.status == 409
            old = int(answer.body)


def test_processes_that_race_never_roll_back(witness: WitnessService) -> None:
    answers: multiprocessing.Queue[tuple[int, int]] = processes.Queue()
    racers = [processes.Process(target=grow, args=(witness.home.directory, step, answers)) for step in (7, 11, 3)]
    for racer in racers:
        racer.start()
    steps: list[tuple[int, int]] = []
    while any(racer.is_alive() for racer in racers) or not answers.empty():
        if not answers.empty():
            steps.append(answers.get())
    for racer in racers:
        racer.join()
        assert racer.exitcode == 0
    chain = dict(steps)
    assert len(chain) == len(steps), "two histories went on from the same tree"
    size = 0
    while size in chain:
        size = chain.pop(size)
    assert (size, chain) == (LOGGED.size, {})
    assert latest(witness) == LOGGED.size


DAMAGE: dict[str, Callable[[Path], object]] = {
    "gone": Path.unlink,
    "emptied": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:5000]),
    "no database": lambda path: path.write_bytes(b"x" * 20000),
    "another database": lambda path: (path.unlink(), sqlite3.connect(path).executescript("CREATE TABLE t (a)").close()),
    "a page overwritten": lambda path: path.write_bytes(
        path.read_bytes()[:4096] + bytes(4096) + path.read_bytes()[8192:]
    ),
}


def settled(witness: WitnessService) -> Path:
    """Its file, with everything in it and no write-ahead log beside it."""
    path = witness.home.directory / STATE
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    for beside in ("-wal", "-shm"):
        path.with_name(path.name + beside).unlink(missing_ok=True)
    return path


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_memory_is_one_clear_line_and_no_cosignature(
    witness: WitnessService, damage: Callable[[Path], object]
) -> None:
    witness.add_checkpoint(submission(LOGGED, 0, 100))
    damage(settled(witness))
    for act in (
        lambda: open_service(witness.home.directory),
        lambda: witness.add_checkpoint(submission(LOGGED, 0, 200)),
    ):
        with pytest.raises(DamagedState, match=r"^见证记录.*停止联署.*$") as told:
            act()
        assert "\n" not in str(told.value)


def test_a_remembered_note_with_any_bit_changed_is_not_believed(witness: WitnessService) -> None:
    witness.add_checkpoint(submission(LOGGED, 0, 100))
    note = witness.state.latest(ORIGIN) or b""
    path = settled(witness)
    for bit in range(0, 8 * len(parse(note).text.encode()), 13):
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE cosigned SET note = ?", (flipped(note, bit),))
        connection.close()
        with pytest.raises(DamagedState):
            witness.add_checkpoint(submission(LOGGED, 100, 200))


def test_a_memory_is_not_made_twice(witness: WitnessService) -> None:
    with pytest.raises(FileExistsError):
        witness.state.create()


def test_everything_in_the_home_is_the_owners_alone(witness: WitnessService) -> None:
    witness.add_checkpoint(submission(LOGGED, 0, 300))
    witness.mirror(witness.home.logs[0], tiles_from(LOGGED))
    found = [witness.home.directory, *witness.home.directory.rglob("*")]
    assert len(found) > 8
    assert [path for path in found if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


def test_evidence_survives_a_restart_and_cannot_fill_the_disk(witness: WitnessService) -> None:
    witness.add_checkpoint(submission(LOGGED, 0, 100))
    witness.add_checkpoint(submission(RewrittenLog(100, without=3), 100, 100))
    (kept,) = open_service(witness.home.directory).state.evidence(ORIGIN)
    assert Checkpoint.parse(parse(kept.evidence.note).text).root != LOGGED.root_of(100)
    assert kept.kept_at == NOON
    one = kept.evidence
    for number in range(MOST_EVIDENCE + 5):
        witness.state.keep(type(one)(ORIGIN, 1, one.kind, b"%d" % number, b""), NOON)
    assert len(witness.state.evidence(ORIGIN)) == MOST_EVIDENCE


# -- the home -------------------------------------------------------------------------------------------------------

BAD = {
    "no TOML": (SETTINGS, "name = ", "不是有效的 TOML"),
    "no name": (SETTINGS, "title = 'x'", "缺少 name"),
    "a name with spaces": (SETTINGS, "name = 'a b'", "密钥名称"),
    "a number": (SETTINGS, "name = 1", "不是文字"),
    "an unknown setting": (SETTINGS, "name = 'w'\ncolour = 'red'", "colour"),
    "an unknown way to publish": (SETTINGS, "name = 'w'\npublish = 'weekly'", "publish"),
    "logs that are no list": (SETTINGS, "name = 'w'\nlogs = 'x'", "logs"),
    "a damaged key of a log": (SETTINGS, "name = 'w'\n[[logs]]\nvkey = 'log+00000000+AAAA'", "验证密钥"),
    "an address that is none": (SETTINGS, "name = 'w'\n[[logs]]\nvkey = '{vkey}'\nurl = 'ftp://x'", "url"),
    "a log twice": (SETTINGS, "name = 'w'\n[[logs]]\nvkey = '{vkey}'\n[[logs]]\nvkey = '{vkey}'", "同一个日志"),
    "a short key": (SECRETS.as_posix(), '{{"seed": "00", "tokens": {{}}}}', "内容不完整"),
    "no JSON": (SECRETS.as_posix(), "x", "内容不完整"),
}


@pytest.mark.parametrize(("file", "text", "told"), BAD.values(), ids=BAD.keys())
def test_a_bad_home_is_one_line_that_names_what_is_wrong(
    witness: WitnessService, file: str, text: str, told: str
) -> None:
    (log,) = witness.home.logs
    (witness.home.directory / file).write_text(text.format(vkey=log.key.vkey()), "utf-8")
    with pytest.raises(BadSetting, match=told) as problem:
        open_service(witness.home.directory)
    assert "\n" not in str(problem.value)


@pytest.mark.parametrize("file", [SETTINGS, SECRETS.as_posix()])
def test_a_missing_file_is_named(witness: WitnessService, file: str) -> None:
    (witness.home.directory / file).unlink()
    with pytest.raises(BadSetting, match=f"^{file}：.*请"):
        open_service(witness.home.directory)


def test_what_was_written_is_what_is_read(witness: WitnessService) -> None:
    again = WitnessHome.load(witness.home.directory)
    assert (again.name, again.title, again.logs, again.key) == (
        witness.home.name,
        witness.home.title,
        witness.home.logs,
        witness.home.key,
    )
    assert witness.home.signer.sign(b"").hex() not in repr(again)
