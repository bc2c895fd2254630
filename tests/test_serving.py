"""The platform as a process: it starts, answers, stops, says what keeps it from starting, and writes down nothing
about those who connect.

Visitors come from an address of their own on the loopback, so that it cannot be mistaken for the server's.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import pytest

from events.checkpoint import Checkpoint
from events.note import Note, parse, sign
from events.signer_memory import Remembered
from supervision.sealing.keys import SigningKey
from tests.support.deployment import environment, make_deployment
from tests.support.server import PATIENCE, ROOT

SERVE = ("-m", "supervision", "serve")
GUNICORN = ("-m", "gunicorn", "wsgi:app")
TALKATIVE = (*GUNICORN, "--log-level", "debug", "--access-logfile", "-")
"""gunicorn as somebody would start it who wants to see more than is good."""

PEER = "127.0.0.83"
AGENT = "Wiedehopf/7.31"
FORWARDED = "203.0.113.77"
TYPED = "柳湾村危房名单"
"""In addresses and bodies: what is asked for is nobody's business either."""

ABOUT_VISITORS = (PEER, AGENT, FORWARDED, TYPED, TYPED.encode().hex(), "%E6%9F%B3%E6%B9%BE")
HEADERS = {"User-Agent": AGENT, "X-Forwarded-For": FORWARDED, "X-Real-IP": FORWARDED, "Forwarded": f"for={FORWARDED}"}
SITES = ("/", "/status", "/console/", "/oversight/", "/witness/")


@dataclass
class Started:
    """A server in a process group of its own. ``place``: holds its working directory, HOME and runtime directory."""

    process: subprocess.Popen[bytes]
    port: int
    place: Path

    @property
    def said(self) -> str:
        """Everything on standard output and standard error so far."""
        return "".join((self.place / name).read_text("utf-8") for name in ("out", "err"))

    @property
    def workers(self) -> list[int]:
        """Process ids of all that were started, the oldest first."""
        return [int(pid) for pid in re.findall(r"Booting worker with pid: (\d+)", self.said)]

    @property
    def complaint(self) -> list[str]:
        """Lines on standard error that are not gunicorn's own."""
        lines = (self.place / "err").read_text("utf-8").splitlines()
        return [line for line in lines if line and not line.startswith("[")]

    def ask(self, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> tuple[int, str, str]:
        """Status, text and Location of the answer."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20, source_address=(PEER, 0))
        with closing(connection):
            connection.request(method, path, body, {**HEADERS, **headers})
            answer = connection.getresponse()
            return answer.status, answer.read().decode("utf-8", "replace"), answer.getheader("Location", "")

    def send(self, raw: bytes, *, break_off: bool = False) -> bytes:
        """What comes back for any bytes at all; ``break_off``: the connection is reset before it does."""
        with socket.create_connection(("127.0.0.1", self.port), 20, (PEER, 0)) as line:
            line.sendall(raw)
            if break_off:
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return b""
            line.shutdown(socket.SHUT_WR)
            try:
                return line.recv(65536)
            except ConnectionResetError:  # what was sent had not been read to its end
                return b""

    def interrupt(self) -> int:
        """Ctrl-C, as a terminal sends it to all of them; the exit status. Raises TimeoutExpired after 10 s."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(10)


@contextmanager
def started(
    command: Sequence[str], variables: Mapping[str, str], place: Path, *, healthy: bool = True
) -> Iterator[Started]:
    """Run the server on a free port. ``healthy``: wait until it answers, else until it has ended."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    (place / "cwd").mkdir(parents=True)
    own = {name: str(place / "cwd") for name in ("HOME", "XDG_RUNTIME_DIR", "TMPDIR")}
    with open(place / "out", "wb") as out, open(place / "err", "wb") as err:
        process = subprocess.Popen(
            [sys.executable, *command, "--bind", f"127.0.0.1:{port}"],
            cwd=place / "cwd" if command is SERVE else ROOT,
            env={**os.environ, **own, "PYTHONPATH": str(ROOT), **variables},
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
    server = Started(process, port, place)
    try:
        _await(server, healthy=healthy)
        yield server
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(PATIENCE)


def _await(server: Started, *, healthy: bool) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            assert not healthy, server.said
            return
        try:
            if healthy and server.ask("/healthz")[0] == 200:
                return
        except OSError:  # not listening yet
            pass
        time.sleep(0.05)
    raise AssertionError(f"neither served nor ended:\n{server.said[-2000:]}")


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that each test copies."""
    home = tmp_path_factory.mktemp("founded") / "home"
    make_deployment(home, _url(home)).close()
    return home


@pytest.fixture
def home(founded: Path, tmp_path: Path) -> Path:
    return shutil.copytree(founded, tmp_path / "home")


def _url(home: Path) -> str:
    return f"sqlite:///{home / 'log.sqlite'}"


def variables(home: Path, site: str = "all") -> dict[str, str]:
    return environment(home, _url(home), site)


# -- serving ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [SERVE, GUNICORN], ids=["supervision serve", "gunicorn wsgi:app"])
def test_all_sites_are_served_until_an_interrupt(command: Sequence[str], home: Path, tmp_path: Path) -> None:
    with started(command, variables(home), tmp_path / "run") as server:
        assert server.ask("/healthz")[:2] == (200, "ok\n")
        for site in SITES:
            status, text, location = server.ask(site)
            if status == 303:
                status, text, _ = server.ask(location)
            assert status == 200, site
            assert "<h1" in text, site
        assert server.interrupt() == 0
        assert "Traceback" not in server.said
        assert "ERROR" not in server.said


def test_the_public_site_has_no_console_and_needs_none_of_its_secrets(home: Path, tmp_path: Path) -> None:
    for name in ("console.json", "log.json"):
        (home / "secrets" / name).unlink()
    with started(SERVE, variables(home, "public"), tmp_path / "run") as server:
        assert server.ask("/")[0] == 200
        for path in ("/console", "/console/", "/console/sign-in", "/oversight/", "/witness/"):
            assert server.ask(path)[0] == 404, path
        assert server.interrupt() == 0
        assert "/console" not in server.said


def test_a_visitor_who_dawdles_does_not_hold_up_the_end(home: Path, tmp_path: Path) -> None:
    def dawdling(server: Started) -> socket.socket:
        line = socket.create_connection(("127.0.0.1", server.port), 20, (PEER, 0))
        line.sendall(b"POST /report HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\nand then")
        return line

    with started(GUNICORN, variables(home), tmp_path / "run") as server, dawdling(server):
        time.sleep(0.3)  # until a thread waits for the rest
        assert server.interrupt() == 0


# -- what is written down ---------------------------------------------------------------------------------------------


def ask_in_every_way(server: Started, home: Path) -> None:
    """Good requests, bad ones, and those that no server can make sense of."""
    path = "/%E6%9F%B3%E6%B9%BE"
    known = f"User-Agent: {AGENT}\r\nX-Forwarded-For: {FORWARDED}\r\n"
    assert server.ask("/")[0] == 200
    assert server.ask(path)[0] == 404
    assert server.ask("/report", "POST", TYPED.encode())[0] == 400
    assert server.ask("/report", "POST", TYPED.encode() * 150_000)[0] == 413
    assert server.ask("/", Host="柳湾村.example".encode().decode("latin-1"))[0] in {200, 400}
    assert server.ask("/", Host=f"{AGENT}.example")[0] in {200, 400}
    assert b" 400 " in server.send(f"{TYPED} {AGENT}\r\n\r\n".encode())
    for strange in (
        f"GET {path} HTTP/9.9\r\n{known}\r\n",
        f"GET {path} HTTP/1.1\r\nHost: a\r\n{known}X {TYPED}: 1\r\n\r\n",
        f"GET {path} HTTP/1.1\r\nHost: a\r\n{known}X-Long: {TYPED * 10_000}\r\n\r\n",
        f"GET /{TYPED * 1000} HTTP/1.1\r\nHost: a\r\n{known}\r\n",
        f"POST {path} HTTP/1.1\r\nHost: a\r\n{known}Content-Length: {AGENT}\r\n\r\n",
        f"POST /report HTTP/1.1\r\nHost: a\r\n{known}Transfer-Encoding: chunked\r\n\r\nzz{TYPED}\r\n",
        f"POST /report HTTP/1.1\r\nHost: a\r\n{known}Transfer-Encoding: {AGENT}\r\n\r\n",
        f"PROXY TCP4 {FORWARDED} {FORWARDED} 1 2\r\nGET / HTTP/1.1\r\nHost: a\r\n{known}\r\n",
    ):
        server.send(strange.encode())
    server.send(b"\x16\x03\x01\x02\x00" + TYPED.encode())
    server.send(
        f"POST /report HTTP/1.1\r\nHost: a\r\n{known}Content-Length: 900\r\n\r\n{TYPED}".encode(), break_off=True
    )
    with closing(sqlite3.connect(home / "working.sqlite")) as working:
        working.execute("DROP TABLE kept")
    report = f'{{"line": "12388", "text": "{TYPED}"}}'.encode()
    key = {"Content-Type": "application/json", "Idempotency-Key": "0123456789abcdef" * 2}
    assert server.ask("/api/v1/reports", "POST", report, **key)[0] == 500
    assert server.ask("/healthz")[0] == 200


@pytest.mark.parametrize("command", [SERVE, TALKATIVE], ids=["supervision serve", "gunicorn told to say more"])
def test_nothing_about_a_visitor_is_said_or_kept(command: Sequence[str], home: Path, tmp_path: Path) -> None:
    with started(command, variables(home), tmp_path / "run") as server:
        ask_in_every_way(server, home)
        places = [*home.rglob("*"), *server.place.rglob("*"), *ROOT.glob("*")]
        assert not [path.name for path in places if path.is_socket() or path.suffix == ".ctl"]
        assert server.interrupt() == 0
    assert "Listening at: http://127.0.0.1:" in server.said
    assert "unexpected" in server.said, "a fault is seen, without whom it befell"
    kept = {path: path.read_bytes() for path in (*home.rglob("*"), *server.place.rglob("*")) if path.is_file()}
    for mark in ABOUT_VISITORS:
        found = [path.name for path, content in kept.items() if mark.encode() in content]
        assert not found, mark
    own = re.compile(rf"http://127\.0\.0\.1:{server.port}")
    assert not [path.name for path, content in kept.items() if "127.0.0.1" in own.sub("", content.decode("latin-1"))]
    assert "Traceback" not in server.said


# -- what keeps it from starting --------------------------------------------------------------------------------------


def _without(name: str) -> Callable[[Path], dict[str, str]]:
    def broken(home: Path) -> dict[str, str]:
        (home / name).unlink()
        return {}

    return broken


def _other_manifest(home: Path) -> dict[str, str]:
    path = home / "settings.toml"
    path.write_text(re.sub('manifest_hash = "..', 'manifest_hash = "ff', path.read_text("utf-8")), "utf-8")
    return {}


def _unknown_setting(home: Path) -> dict[str, str]:
    with open(home / "settings.toml", "r+", encoding="utf-8") as file:
        text = file.read()
        file.seek(0)
        file.write(f"sprache = 1\n{text}")
    return {}


def _signed_further(home: Path) -> dict[str, str]:
    """The signer remembers more than the database holds."""
    key = SigningKey(bytes.fromhex(json.loads((home / "secrets" / "log.json").read_text("utf-8"))["log_seed"]))
    path = home / "signer" / "last-signed"
    origin = parse(Remembered.parse(path.read_bytes()).note).text.split("\n")[0]
    text = Checkpoint(origin, 1000, bytes(32)).text()
    path.write_bytes(Remembered(Note(text, (sign(text, origin, key),)).encode(), 0).encode())
    return {}


BROKEN: Mapping[str, tuple[str, Callable[[Path], dict[str, str]]]] = {
    "an unknown site": ("SUPERVISION_SITE", lambda home: {"SUPERVISION_SITE": "everything"}),
    "a database of no known kind": ("SUPERVISION_DATABASE_URL", lambda home: {"SUPERVISION_DATABASE_URL": "mysql://a"}),
    "no home": ("SUPERVISION_HOME", _without("settings.toml")),
    "an unknown setting": ("sprache", _unknown_setting),
    "no secrets of the public site": ("secrets/public.json", _without("secrets/public.json")),
    "no secrets of the console": ("secrets/console.json", _without("secrets/console.json")),
    "another manifest": ("清单", _other_manifest),
    "no log": ("日志", _without("log.sqlite")),
    "no secrets of the log": ("secrets/log.json", _without("secrets/log.json")),
    "no policy": ("witnesses.policy", _without("witnesses.policy")),
    "no memory of the signer": ("signer/last-signed", _without("signer/last-signed")),
    "a database that was put back": ("supervision verify", _signed_further),
}
"""What is wrong to the word by which the line has to name it, and how it comes about."""

UNDER_GUNICORN = ("an unknown site", "no secrets of the console", "another manifest")


@pytest.mark.parametrize(
    ("command", "wrong"),
    [*((SERVE, wrong) for wrong in BROKEN), *((GUNICORN, wrong) for wrong in UNDER_GUNICORN)],
    ids=lambda value: value if isinstance(value, str) else value[1],
)
def test_what_is_wrong_is_told_in_one_line_and_no_worker_is_tried(
    command: Sequence[str], wrong: str, home: Path, tmp_path: Path
) -> None:
    name, break_it = BROKEN[wrong]
    changed = {**variables(home), **break_it(home)}
    with started(command, changed, tmp_path / "run", healthy=False) as server:
        assert server.process.returncode not in (0, None)
        (line,) = server.complaint
        assert name in line
        for word in ("Traceback", "Listening", "Booting worker"):
            assert word not in server.said


def test_a_worker_that_cannot_come_back_ends_the_server(home: Path, tmp_path: Path) -> None:
    with started(SERVE, variables(home), tmp_path / "run") as server:
        (home / "secrets" / "public.json").unlink()
        os.kill(server.workers[0], signal.SIGKILL)
        assert server.process.wait(20) not in (0, None)
        assert server.said.count("secrets/public.json") == 1
        assert server.said.count("Booting worker") == 3


# -- what runs beside the requests ------------------------------------------------------------------------------------


def test_what_runs_beside_the_requests_has_a_worker_of_its_own_and_outlives_it(home: Path, tmp_path: Path) -> None:
    with started(SERVE, variables(home), tmp_path / "run") as server:
        assert len(server.workers) == 2
        for round_ in range(2):
            beside = _holder_of(home / "beside.lock")
            assert beside in server.workers
            before = _last_signed(home)
            assert server.ask("/api/v1/reports", "POST", REPORT, **_as_json(round_))[0] == 201
            _until(lambda before=before: _last_signed(home) > before)  # type: ignore[misc]  # mypy knows no default here
            os.kill(beside, signal.SIGKILL)
            _until(lambda beside=beside: _holder_of(home / "beside.lock") not in (0, beside))  # type: ignore[misc]  # the same
        assert server.ask("/healthz")[0] == 200
        assert server.interrupt() == 0


REPORT = json.dumps({"line": "12388", "text": "村里的危房改造名单与实际不符。"}).encode()


def _as_json(number: int) -> dict[str, str]:
    return {"Content-Type": "application/json", "Idempotency-Key": f"0123456789abcdef{number}"}


def _last_signed(home: Path) -> int:
    note = Remembered.parse((home / "signer" / "last-signed").read_bytes()).note
    return Checkpoint.parse(parse(note).text).size


def _holder_of(lock: Path) -> int:
    """The process that holds a file lock, 0 where nobody does; those who wait for it are marked by an arrow."""
    inode = f":{lock.stat().st_ino} " if lock.exists() else "none"
    lines = [
        line.split() for line in Path("/proc/locks").read_text().splitlines() if inode in line and "->" not in line
    ]
    return int(lines[0][4]) if lines else 0


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
