"""`supervision verify` as people use it: what it says of a sound log, of one receipt, and of what is damaged."""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from supervision.checkpointing.policy import POLICY_FILE, keys_text, load_policy
from supervision.checkpointing.receipts import receipt_proof
from supervision.cli import main
from supervision.projecting import make_runner
from supervision.sealing.receipt import ReceiptCode
from tests.support.deployment import environment, make_deployment
from tests.support.small_log import SmallLog, small_log

SINCE = "2026-03-01"
EXPORTED = "site"


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallLog]:
    directory = tmp_path_factory.mktemp("county")
    with small_log(directory / "home", f"sqlite:///{directory / 'log.sqlite'}") as log:
        make_runner(log.platform).run_once()
        yield log


@pytest.fixture(scope="module")
def held(log: SmallLog, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the superior holds, without a deployment: a copy of the tiles, keys, and a reporter's proof."""
    directory = tmp_path_factory.mktemp("superior")
    exported = run("export-log", str(directory / EXPORTED), log=log)
    assert exported.exit_code == 0, exported.stderr
    keys = keys_text(load_policy(log.platform.settings.home))
    (directory / "keys").write_text(keys)
    proof = receipt_proof(log.platform, log.codes[0].derive(log.platform.settings.origin))
    assert proof is not None
    assert not proof.provisional
    (directory / "receipt").write_bytes(proof.file)
    return directory


def run(*arguments: str, log: SmallLog | None = None, code: ReceiptCode | str = "") -> Result:
    """The command, with a deployment or without any; ``code`` on standard input."""
    env = {"SUPERVISION_HOME": "/nonexistent", "SUPERVISION_DATABASE_URL": "", "SUPERVISION_SITE": ""}
    if log is not None:
        env = environment(log.platform.settings.home, log.platform.settings.database_url)
    typed = code.grouped if isinstance(code, ReceiptCode) else code
    return CliRunner().invoke(main, arguments, input=f"{typed}\n", env=env, catch_exceptions=False)


def complaint(finished: Result) -> str:
    """The one line in Chinese that a failure leaves; nothing sounds like success."""
    assert finished.exit_code == 1, finished.stdout
    assert finished.stdout == ""
    (line,) = finished.stderr.splitlines()
    assert any("一" <= sign <= "鿿" for sign in line)
    assert "通过：" not in line.replace("不通过：", "")
    return line


# --- The whole log ----------------------------------------------------------------------------------------------


def test_a_sound_log_is_told_with_all_that_was_checked(log: SmallLog) -> None:
    finished = run("verify", log=log)
    root = log.platform.log.head().root.hex()
    count, signatures, checkpoints, cosignatures = finished.stdout.splitlines()
    assert finished.exit_code == 0
    assert finished.stderr == ""  # no progress where nobody watches
    assert count == f"核验通过：8 条事件，根 {root}"
    assert signatures == "签名 8 个：经办人 0，举报人 6，服务与密钥仪式 2"
    assert checkpoints.startswith("检查点 2 个，最后一个至第 6 条，根 ")
    assert cosignatures == "联署 2 个；规定数量的见证人已联署至第 6 条"


def test_without_a_policy_it_is_said_that_cosignatures_were_not_checked(log: SmallLog) -> None:
    policy = log.platform.settings.home / POLICY_FILE
    kept = policy.read_bytes()
    policy.unlink()
    last = run("verify", log=log).stdout.splitlines()[-1]
    policy.write_bytes(kept)
    assert "没有见证策略" in last
    assert "未核验" in last


def test_read_models_are_compared_with_the_log_row_by_row(log: SmallLog) -> None:
    assert "查询用的数据与日志一致" in run("verify", "--projections", log=log).stdout
    read = log.platform.settings.home / "read.sqlite"
    with closing(sqlite3.connect(read, isolation_level=None)) as database:
        (table,) = next(
            database.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'report\\_v%' ESCAPE '\\'"
            )
        )
        for theft, named in (
            ("UPDATE report SET channel = 'phone' WHERE rowid = 1", "channel"),
            ("DELETE FROM report WHERE rowid = 1", "缺失"),
        ):
            database.execute(theft.replace("report", table))
            finished = run("verify", "--projections", log=log)
            assert finished.exit_code == 1
            (line,) = finished.stderr.splitlines()
            assert table in line
            assert named in line
            assert "phone" not in line
            make_runner(log.platform).rebuild()
    assert run("verify", "--projections", log=log).exit_code == 0
    assert not list(log.platform.settings.home.glob(".verify-*"))


# --- Against a copy ----------------------------------------------------------------------------------------------


def test_what_a_witness_keeps_must_be_the_beginning_of_this_log(log: SmallLog, held: Path) -> None:
    for place in (held / EXPORTED, held / EXPORTED / "checkpoint"):
        finished = run("verify", "--against", str(place), log=log)
        assert finished.stdout.splitlines()[-1] == "与所给的检查点（6 条）一致。"
    assert run("verify", "--against", str(held / EXPORTED), "--keys", str(held / "keys"), log=log).exit_code == 0


def test_a_copy_of_another_log_or_without_cosignature_proves_nothing(log: SmallLog, held: Path, tmp_path: Path) -> None:
    assert "无法读取" in complaint(run("verify", "--against", str(tmp_path), log=log))
    note = (held / EXPORTED / "checkpoint").read_text()
    (tmp_path / "checkpoint").write_text(note[: note.rindex("— ")])
    assert "没有任何已知见证人的联署" in complaint(run("verify", "--against", str(tmp_path), log=log))
    other = make_deployment(tmp_path / "home", f"sqlite:///{tmp_path / 'other.sqlite'}")
    other.close()
    line = complaint(
        run("verify", "--against", str(held / EXPORTED), "--keys", str(tmp_path / "home" / POLICY_FILE), log=log)
    )
    assert "没有已知密钥的签名" in line


# --- One receipt -------------------------------------------------------------------------------------------------


@pytest.fixture
def site(held: Path) -> Iterator[str]:
    """The superior's copy as a static site."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=held / EXPORTED))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_code_finds_its_receipt_in_the_database(log: SmallLog) -> None:
    finished = run("verify", "--code", log=log, code=log.codes[1])
    found, times = finished.stdout.splitlines()
    hour = "记入时间为 2026年03月02日09时 之后的一小时内"
    assert found == f"找到：日志 yunxiu.example/supervision 在有 6 条时已包含此回执，{hour}。"
    assert times == "见证人联署时间：2026年03月02日09时20分。"


def test_a_code_finds_its_receipt_in_a_copy_without_any_deployment(log: SmallLog, held: Path, site: str) -> None:
    for place in (str(held / EXPORTED), site):
        for code in (log.codes[0], log.codes[0].digits, f"　{log.codes[0].grouped.replace(' ', '－')} "):
            finished = run(
                "verify", "--code", "--tiles", place, "--keys", str(held / "keys"), "--since", SINCE, code=code
            )
            assert finished.exit_code == 0, finished.stderr
            assert finished.stdout.startswith("找到：")
            assert log.codes[0].digits not in finished.output.replace(" ", "")


def test_a_code_whose_receipt_is_not_there_is_told_so(log: SmallLog, held: Path) -> None:
    """Drawn and never used; or used after the last checkpoint that a witness has cosigned."""
    for code in (ReceiptCode.new(log.platform.rng), log.codes[2]):
        for more in ((), ("--tiles", str(held / EXPORTED), "--keys", str(held / "keys"))):
            line = complaint(run("verify", "--code", *more, log=log, code=code))
            assert "没有此查询码" in line
            assert code.digits not in line.replace(" ", "")


def test_a_code_is_looked_for_from_a_day_on(log: SmallLog) -> None:
    assert run("verify", "--code", "--since", "2026-03-02", log=log, code=log.codes[0]).exit_code == 0
    late = complaint(run("verify", "--code", "--since", "2026-03-03", log=log, code=log.codes[0]))
    assert "2026年03月03日00时" in late


@pytest.mark.parametrize("typed", ["", "1234", "0" * 32, "x" * 32, "1" * 5000, "\x00\x1b[2J查询码"])
def test_what_is_no_code_is_refused_without_repeating_it(held: Path, typed: str) -> None:
    finished = run("verify", "--code", "--tiles", str(held / EXPORTED), "--keys", str(held / "keys"), code=typed)
    line = complaint(finished)
    assert "查询码" in line
    assert not typed or typed not in line


def test_a_proof_file_is_verified_offline(log: SmallLog, held: Path) -> None:
    arguments = ("verify", "--receipt", str(held / "receipt"), "--keys", str(held / "keys"))
    proven, times, hint = run(*arguments).stdout.splitlines()
    assert proven == "证明有效：日志 yunxiu.example/supervision 在有 4 条时已包含此回执。"
    assert times.startswith("见证人联署时间：")
    assert "--code" in hint
    with_code = run(*arguments, "--code", "--since", SINCE, code=log.codes[0])
    assert "2026年03月02日09时" in with_code.stdout
    for other in (log.codes[1], ReceiptCode.new(log.platform.rng)):
        assert "不是此查询码" in complaint(run(*arguments, "--code", "--since", SINCE, code=other))


@pytest.mark.parametrize(
    "arguments",
    [
        ("--receipt", "x"),
        ("--code", "--tiles", "x"),
        ("--tiles", "x", "--keys", "x"),
        ("--since", SINCE),
        ("--keys", "x"),
        ("--code", "--projections"),
        ("--receipt", "x", "--keys", "x", "--against", "x"),
        ("--receipt", "x", "--keys", "x", "--tiles", "x", "--code"),
        ("--code", "--since", "yesterday"),
        ("--code", "--since", "2999-01-01", "--tiles", "x", "--keys", "x"),
        ("--receipt", "/nonexistent", "--keys", "/nonexistent"),
        ("--code", "--tiles", "ftp://x", "--keys", "KEYS"),
        ("--code", "--tiles", "http://127.0.0.1:1", "--keys", "KEYS"),
        ("--code", "--tiles", "https://:0/", "--keys", "KEYS"),
        ("--receipt", ".", "--keys", "KEYS"),
        ("--receipt", "KEYS", "--keys", "KEYS"),
    ],
    ids=" ".join,
)
def test_what_does_not_go_together_or_cannot_be_read_is_one_line(held: Path, arguments: Sequence[str]) -> None:
    given = [str(held / "keys") if argument == "KEYS" else argument for argument in arguments]
    complaint(run("verify", *given, code="0" * 32))


# --- Damage ------------------------------------------------------------------------------------------------------


@st.composite
def damage(draw: st.DrawFn, data: bytes) -> bytes:
    """Other bytes than these: some changed, taken out or put in, or others altogether."""
    how = draw(st.sampled_from(["flip", "cut", "insert", "end", "junk", "twice"]))
    at = draw(st.integers(0, len(data) - 1))
    match how:
        case "flip":
            damaged = data[:at] + bytes([data[at] ^ draw(st.integers(1, 255))]) + data[at + 1 :]
        case "cut":
            damaged = data[:at] + data[at + draw(st.integers(1, 40)) :]
        case "insert":
            damaged = data[:at] + draw(st.binary(min_size=1, max_size=8)) + data[at:]
        case "end":
            damaged = data[:at]
        case "twice":
            damaged = data + data
        case _:
            damaged = draw(st.binary(max_size=200))
    return damaged


FUZZ = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FUZZ
@given(data=st.data())
def test_a_damaged_proof_file_is_one_line_and_never_valid(held: Path, tmp_path: Path, data: st.DataObject) -> None:
    whole = (held / "receipt").read_bytes()
    (tmp_path / "receipt").write_bytes(damaged := data.draw(damage(whole)))
    finished = run("verify", "--receipt", str(tmp_path / "receipt"), "--keys", str(held / "keys"))
    if damaged != whole:
        complaint(finished)


@FUZZ
@given(data=st.data())
def test_damaged_keys_are_one_line_and_never_others_than_were_given(
    held: Path, tmp_path: Path, data: st.DataObject
) -> None:
    whole = (held / "keys").read_bytes()
    (tmp_path / "keys").write_bytes(damaged := data.draw(damage(whole)))
    finished = run("verify", "--receipt", str(held / "receipt"), "--keys", str(tmp_path / "keys"))
    if finished.exit_code:
        complaint(finished)
    else:  # a blank, the witness's address or a name within the file: the keys are the same
        kept = [word for word in whole.split() if b"+" in word]
        assert [word for word in kept if word not in damaged] == []


@FUZZ
@given(data=st.data(), file=st.sampled_from(["checkpoint", "tile/0/000.p/6"]))
def test_a_damaged_copy_is_one_line_and_never_valid(
    log: SmallLog, held: Path, tmp_path: Path, data: st.DataObject, file: str
) -> None:
    for path in ("checkpoint", "tile/0/000.p/6"):
        target = tmp_path / EXPORTED / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((held / EXPORTED / path).read_bytes())
    whole = (held / EXPORTED / file).read_bytes()
    damaged = data.draw(damage(whole))
    (tmp_path / EXPORTED / file).write_bytes(damaged)
    arguments = ("--tiles", str(tmp_path / EXPORTED), "--keys", str(held / "keys"), "--since", "2026-03-02")
    finished = run("verify", "--code", *arguments, code=log.codes[0])
    if not damaged.startswith(whole):  # a tile may have grown since
        complaint(finished)
