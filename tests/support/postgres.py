"""A private PostgreSQL for one test session, started from the machine's own server binaries.

The cluster lives in a temporary directory, listens on loopback and on a socket in that directory, and has one
superuser with a random password. PostgreSQL refuses to run as root: root starts it as `postgres` or `nobody`.
"""

import os
import pwd
import re
import secrets
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType

import psycopg
from psycopg import sql

ROLE = "supervision"

# The server hangs on a pipe that the tests hold. When it closes, because they are done or because they were
# killed, `read` returns and this shell takes away exactly this server and its directory.
LEASH = """
pg_ctl=$1 directory=$2 options=$3
"$pg_ctl" start --silent --wait --pgdata "$directory/data" --log "$directory/log" --options "$options" &&
    echo started
read -r _
"$pg_ctl" stop --silent --mode fast --pgdata "$directory/data"
rm -rf -- "$directory"
"""


def find_binaries() -> Path | None:
    """The newest installed directory that holds PostgreSQL's server programs, or None."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    on_path = shutil.which("initdb")
    candidates = debian + ([Path(on_path).resolve().parent] if on_path else [])
    return next((path for path in candidates if (path / "initdb").exists()), None)


class PostgresServer:
    """A running cluster: a context manager that starts it and takes it away without a trace.

    Without `durable` a commit still survives a killed server, only not a power cut, and tests take less time.
    """

    def __init__(self, binaries: Path, *, durable: bool = False) -> None:
        self._binaries = binaries
        self._durable = durable
        self._account = _unprivileged_account() if os.geteuid() == 0 else None
        self._password = secrets.token_hex(16)
        self._leash: subprocess.Popen[str] | None = None

    def __enter__(self) -> "PostgresServer":
        # Not under pytest's own directory, which is closed to the unprivileged account.
        self.directory = Path(tempfile.mkdtemp(prefix="supervision-postgres-"))
        try:
            self._initialise()
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def url(self, database: str) -> str:
        """SQLAlchemy's URL of a database of this server."""
        return f"postgresql+psycopg://{ROLE}:{self._password}@127.0.0.1:{self.port}/{database}"

    def create_database(self, template: str = "template0") -> str:
        """Makes a database as a copy of `template`, to which nobody is connected, and returns its name."""
        name = f"test_{secrets.token_hex(6)}"
        self._administer("CREATE DATABASE {} TEMPLATE {}", name, template)
        return name

    def drop_database(self, name: str) -> None:
        """Drops a database together with the connections that a test left open in it."""
        self._administer("DROP DATABASE {} WITH (FORCE)", name)

    def _administer(self, statement: str, *names: str) -> None:
        address = self.url("postgres").replace("+psycopg", "")
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def _initialise(self) -> None:
        password_file = self.directory / "password"
        password_file.write_text(self._password)
        if self._account:
            for path in (self.directory, password_file):
                os.chown(path, self._account.pw_uid, self._account.pw_gid)
        # The C locale sorts as SQLite does, so that a test may compare the order of rows on both.
        initdb = self._popen(
            self._binaries / "initdb",
            f"--pgdata={self.directory / 'data'}",
            f"--username={ROLE}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        )
        output, _ = initdb.communicate()
        if initdb.returncode != 0:
            raise RuntimeError(f"initdb failed:\n{output}")

    def _start(self) -> None:
        self.port = _free_port()
        self._leash = self._popen("sh", "-c", LEASH, "sh", self._binaries / "pg_ctl", self.directory, self._options)
        assert self._leash.stdout
        if self._leash.stdout.readline() != "started\n":
            raise RuntimeError(f"PostgreSQL did not start:\n{(self.directory / 'log').read_text()[-2000:]}")

    @property
    def _options(self) -> str:
        address = f"-h 127.0.0.1 -p {self.port} -k {self.directory}"
        return address if self._durable else f"{address} -c fsync=off -c full_page_writes=off"

    def _stop(self) -> None:
        if self._leash:
            self._leash.communicate()  # closes the pipe and waits
        shutil.rmtree(self.directory, ignore_errors=True)

    def _popen(self, *command: str | Path) -> subprocess.Popen[str]:
        """Runs `command` as the unprivileged account, away from the terminal and our environment."""
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.directory,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
            start_new_session=True,
            user=self._account.pw_uid if self._account else None,
            group=self._account.pw_gid if self._account else None,
            extra_groups=[] if self._account else None,
        )


def _version(path: Path) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", str(path)))


def _unprivileged_account() -> pwd.struct_passwd:
    known = {account.pw_name: account for account in pwd.getpwall()}
    return known.get("postgres") or known["nobody"]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
