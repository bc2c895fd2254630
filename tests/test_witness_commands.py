"""The witness's commands and its server: set up, cosign and copy what is carried by hand, say how things stand."""

from __future__ import annotations

import os
import re
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from events.cosignature import CosignatureVerifier
from events.note import NoteVerifier, open_note
from events.policy import Policy, Witness
from supervision.checkpointing.policy import POLICY_FILE
from supervision.checkpointing.signing import make_signer
from supervision.sealing.ceremony import Ceremony
from supervision.sealing.keys import SigningKey
from supervision.secret_files import LogSecrets
from supervision.web.app import create_app
from supervision.witnessing import background
from supervision.witnessing.founding import DEMONSTRATION, lay_demonstration_witness
from supervision.witnessing.home import AT_ONCE, KnownLog, WitnessHome, write_home
from supervision.witnessing.service import STATE, WitnessService, open_service
from tests.support.deployment import make_deployment, seeds
from tests.support.log import ORIGIN, digest
from tests.support.published import LOG_KEY, PublishedLog, flipped
from tests.support.server import PATIENCE, ROOT
from tests.support.witnessing import SEED, RewrittenLog, make_witness, submission, tiles_from

NAME = "witness.city.example/supervision"
LOGGED = PublishedLog(300)


def supervision(*arguments: str, home: Path | None = None, ok: bool = True) -> str:
    """What the command says on standard output; where it is to fail, its one line on standard error."""
    finished = subprocess.run(
        [sys.executable, "-m", "supervision", *arguments],
        cwd=ROOT,
        env={**os.environ, **({"SUPERVISION_HOME": str(home)} if home else {})},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (finished.returncode == 0) is ok, finished.stderr
    if ok:
        return finished.stdout
    (line,) = [line for line in finished.stderr.splitlines() if not line.startswith("[")]  # those are gunicorn's
    return line


# -- init -----------------------------------------------------------------------------------------------------------


def test_init_makes_a_home_and_says_what_the_county_has_to_write(tmp_path: Path) -> None:
    home, key, token = tmp_path / "witness", tmp_path / "superior-witness.key", tmp_path / "log-reader.token"
    key.write_text(SEED.hex() + "\n")
    token.write_text(digest("token").hex() + "\n")
    arguments = ["--dir", str(home), "--name", NAME, "--log", LOG_KEY.vkey(), "--log-url", "https://county.example/log"]
    arguments += ["--url", "https://city.example/witness", "--key", str(key), "--token", str(token)]
    said = supervision("witness", "init", *arguments)
    (line,) = re.findall(r"^  (witness superior .+)$", said, re.MULTILINE)
    policy = Policy.parse(f"log {LOG_KEY.vkey()}\n{line}\nquorum superior\n".encode())
    made = WitnessHome.load(home)
    assert (policy.witnesses[0].key, policy.witnesses[0].url) == (made.key, "https://city.example/witness")
    assert made.key == CosignatureVerifier(NAME, made.signer.public_key)
    assert (made.logs[0].key, made.logs[0].url, made.tokens) == (
        LOG_KEY,
        "https://county.example/log",
        {ORIGIN: digest("token")},
    )
    assert SEED.hex() not in said
    assert [path for path in (home, *home.rglob("*")) if stat.S_IMODE(path.stat().st_mode) & 0o077] == []
    assert "已有内容" in supervision("witness", "init", *arguments, ok=False)


def test_two_homes_have_two_keys(tmp_path: Path) -> None:
    for name in ("one", "two"):
        supervision("witness", "init", "--dir", str(tmp_path / name), "--name", NAME, "--log", LOG_KEY.vkey())
    assert WitnessHome.load(tmp_path / "one").key != WitnessHome.load(tmp_path / "two").key


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--name", "a b", "--log", LOG_KEY.vkey()), "密钥名称"),
        (("--name", NAME, "--log", "x"), "--log"),
        (("--name", NAME, "--log", LOG_KEY.vkey(), "--log-url", "ftp://x"), "url"),
        (("--name", NAME, "--log", LOG_KEY.vkey(), "--key", __file__), "64 位十六进制"),
    ],
)
def test_a_bad_argument_is_one_line_and_leaves_nothing_behind(
    tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    assert told in supervision("witness", "init", "--dir", str(tmp_path / "witness"), *arguments, ok=False)
    assert not (tmp_path / "witness").exists()


# -- mirror and status ----------------------------------------------------------------------------------------------


def test_an_export_on_a_stick_is_cosigned_copied_and_its_cosignature_is_carried_back(tmp_path: Path) -> None:
    witness = make_witness(tmp_path / "witness")
    stick = LOGGED.write(tmp_path / "stick")
    said = supervision("witness", "mirror", "--from", str(stick), home=tmp_path / "witness")
    line, copied = said.splitlines()
    open_note(LOGGED.checkpoint(timestamps=()) + f"{line}\n".encode(), [witness.home.key])
    assert "300 条" in copied
    status = supervision("witness", "status", home=tmp_path / "witness")
    assert "已联署 300 条" in status and "副本 300 条" in status
    supervision("witness", "mirror", "--from", str(stick), home=tmp_path / "witness")


def test_a_rewritten_export_is_refused_and_stays_on_record(tmp_path: Path) -> None:
    home = tmp_path / "witness"
    make_witness(home)
    supervision("witness", "mirror", "--from", str(LOGGED.write(tmp_path / "stick")), home=home)
    rewritten = RewrittenLog(300, without=5).write(tmp_path / "rewritten")
    assert "不能联署" in supervision("witness", "mirror", "--from", str(rewritten), home=home, ok=False)
    assert "有需要处理的问题" in supervision("witness", "status", home=home, ok=False)


def test_a_damaged_export_is_refused_in_one_line(tmp_path: Path) -> None:
    witness = make_witness(tmp_path / "witness")
    witness.add_checkpoint(submission(LOGGED, 0, 300))
    stick = LOGGED.write(tmp_path / "stick")
    bundle = stick / "tile/entries/000"
    bundle.write_bytes(flipped(bundle.read_bytes(), 99))
    told = supervision("witness", "mirror", "--from", str(stick), home=tmp_path / "witness", ok=False)
    assert "tile/entries/000" in told and "没有采用" in told


def test_a_copy_that_rotted_is_named_by_status_and_mended_by_mirror(tmp_path: Path) -> None:
    witness = make_witness(tmp_path / "witness")
    witness.add_checkpoint(submission(LOGGED, 0, 300))
    witness.mirror(witness.home.logs[0], tiles_from(LOGGED))
    (rotten,) = (tmp_path / "witness").rglob("tile/0/000")
    rotten.write_bytes(flipped(rotten.read_bytes(), 3))
    supervision("witness", "status", home=tmp_path / "witness", ok=False)
    stick = LOGGED.write(tmp_path / "stick")
    supervision("witness", "mirror", "--from", str(stick), "--anew", home=tmp_path / "witness")
    supervision("witness", "status", home=tmp_path / "witness")


def test_without_an_address_mirror_says_so(tmp_path: Path) -> None:
    make_witness(tmp_path / "witness")
    assert "--from" in supervision("witness", "mirror", home=tmp_path / "witness", ok=False)
    assert "witness init" in supervision("witness", "status", home=tmp_path / "nothing", ok=False)


# -- the server -----------------------------------------------------------------------------------------------------


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def served(home: Path, port: int, **more: str) -> Iterator[None]:
    """``supervision serve`` until the block ends."""
    command = [sys.executable, "-m", "supervision", "serve", "--bind", f"127.0.0.1:{port}"]
    with open(home.parent / f"{home.name}.said", "wb") as said:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, "SUPERVISION_HOME": str(home), **more}, stdout=said, stderr=said
        )
    try:
        until(lambda: get(port, "/healthz")[0] == 200)
        yield
    finally:
        process.terminate()
        assert process.wait(PATIENCE) == 0


def get(port: int, path: str) -> tuple[int, bytes]:
    """Status and body; status 0 where nobody answers."""
    try:
        with closing(HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
    except OSError:
        return 0, b""


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.2)


def test_county_and_witness_as_two_servers_cosign_and_copy_by_themselves(tmp_path: Path) -> None:
    county, city = free_port(), free_port()
    url = f"sqlite:///{tmp_path / 'county' / 'log.sqlite'}"
    with closing(make_deployment(tmp_path / "county", url)) as platform:
        seed, log_key = (
            seeds(platform)["superior/witness"],
            NoteVerifier(platform.manifest.origin, platform.manifest.log),
        )
        size = platform.ledger.head()
    witness = WitnessHome(
        directory=tmp_path / "city",
        name=NAME,
        title="市纪委监委见证站",
        publish=AT_ONCE,
        logs=(KnownLog(key=log_key, url=f"http://127.0.0.1:{county}/log"),),
        signer=SigningKey(seed),
        tokens={log_key.name: LogSecrets.load(tmp_path / "county").reader_token},
    )
    write_home(witness, seed)
    WitnessService.found(witness)
    there = Witness("city", witness.key, f"http://127.0.0.1:{city}/witness")
    policy = Policy((log_key,), (there,), quorum="city")
    (tmp_path / "county" / POLICY_FILE).write_text(policy.encode(), "utf-8")
    path = f"/witness/log/{witness.logs[0].hash}/checkpoint"
    with (
        served(witness.directory, city, SUPERVISION_SITE="witness"),
        served(tmp_path / "county", county, SUPERVISION_SITE="log", SUPERVISION_DATABASE_URL=url),
    ):
        until(lambda: get(city, path)[0] == 200)
        note = get(city, path)[1]
    assert policy.open_checkpoint(note).checkpoint.size == size
    open_service(witness.directory).copy_of(witness.logs[0]).check()


def test_a_witness_whose_memory_is_damaged_does_not_start(tmp_path: Path) -> None:
    make_witness(tmp_path / "witness")
    (tmp_path / "witness" / STATE).write_bytes(b"")
    assert "停止联署" in supervision("serve", "--bind", f"127.0.0.1:{free_port()}", home=tmp_path / "witness", ok=False)


def test_the_home_of_a_witness_serves_no_other_site(tmp_path: Path) -> None:
    make_witness(tmp_path / "witness")
    assert "witness" in supervision("serve", "--site", "public", home=tmp_path / "witness", ok=False)


# -- the demonstration ----------------------------------------------------------------------------------------------


def test_the_demonstrations_witness_lives_in_the_countys_home_and_says_that_it_proves_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with closing(make_deployment(home, f"sqlite:///{home / 'log.sqlite'}")) as platform:
        lay_demonstration_witness(home, Ceremony(platform.manifest, seeds(platform)), platform.settings.site_name)
        assert stat.S_IMODE((home / DEMONSTRATION).stat().st_mode) == 0o700
        client = create_app(platform).test_client()
        for path in ("/witness/log", "/witness/receipt"):
            assert "不构成独立见证" in client.get(path).text
        assert client.get("/witness/").status_code == 303  # the desk, which wants a sign-in
        note = make_signer(platform).sign_head()
        assert client.post("/witness/add-checkpoint", data=b"old 0\n\n" + note).status_code == 200
        service = client.application.extensions["witness"]
        background.Mirroring(service).run_once()
        (log,) = service.home.logs
        assert service.copy_of(log).size == platform.ledger.head()
        assert client.get(f"/witness/log/{log.hash}/checkpoint").status_code == 200
    supervision("witness", "status", home=home)


def test_a_real_county_has_no_witness_of_its_own(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with closing(make_deployment(home, f"sqlite:///{home / 'log.sqlite'}")) as platform:
        client = create_app(platform).test_client()
        assert not (home / DEMONSTRATION).exists()
        assert [client.get(f"/witness/{page}").status_code for page in ("log", "receipt")] == [404, 404]
