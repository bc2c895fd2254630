"""The harness itself: the private PostgreSQL and the databases that the tests get."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from tests.support.postgres import PostgresServer


def ask(url: str | URL, question: str, **values: object) -> object:
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return connection.execute(text(question), values).scalar()
    finally:
        engine.dispose()


def test_the_server_is_a_real_postgresql(postgres_database: str) -> None:
    assert str(ask(postgres_database, "SELECT version()")).startswith("PostgreSQL ")


def test_the_server_accepts_connections_from_this_machine_only(postgres_database: str) -> None:
    assert ask(postgres_database, "SHOW listen_addresses") == "127.0.0.1"


def test_the_server_wants_its_password(postgres_server: PostgresServer) -> None:
    url = make_url(postgres_server.url("postgres")).set(password="wrong")
    with pytest.raises(OperationalError, match="password authentication failed"):
        ask(url, "SELECT 1")


@pytest.mark.skipif(os.geteuid() != 0, reason="只有 root 需要换成非特权账户")
def test_root_starts_the_server_as_somebody_else(postgres_server: PostgresServer) -> None:
    assert (postgres_server.directory / "data" / "PG_VERSION").stat().st_uid != 0


def test_a_copied_database_holds_what_its_template_held(postgres_server: PostgresServer) -> None:
    template = postgres_server.create_database()
    engine = create_engine(postgres_server.url(template))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE lamp AS SELECT 7 AS lit"))
    engine.dispose()
    copy = postgres_server.create_database(template)
    try:
        assert ask(postgres_server.url(copy), "SELECT lit FROM lamp") == 7
    finally:
        postgres_server.drop_database(copy)
        postgres_server.drop_database(template)


def test_a_database_with_open_connections_can_still_be_dropped(postgres_server: PostgresServer) -> None:
    name = postgres_server.create_database()
    engine = create_engine(postgres_server.url(name))
    with engine.connect():
        postgres_server.drop_database(name)
    engine.dispose()
    left = "SELECT count(*) FROM pg_database WHERE datname = :name"
    assert ask(postgres_server.url("postgres"), left, name=name) == 0


@pytest.mark.parametrize("round_", [1, 2])
def test_each_test_gets_an_empty_database_of_each_kind(database_url: str, round_: int) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE visitor (round INTEGER)"))  # fails if the first is still there
        connection.execute(text("INSERT INTO visitor VALUES (:round)"), {"round": round_})
        assert connection.execute(text("SELECT round FROM visitor")).scalars().all() == [round_]
    engine.dispose()


@pytest.mark.usefixtures("postgres_server")  # so that it is skipped where there is none
def test_a_killed_test_run_leaves_no_server_behind() -> None:
    """The server of a process that dies without cleaning up ends by itself and takes its directory along."""
    script = (
        "import os, signal\n"
        "from tests.support.postgres import PostgresServer, find_binaries\n"
        "server = PostgresServer(find_binaries()).__enter__()\n"
        "print(server.directory, server.port, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        timeout=60,
    )
    directory, port = killed.stdout.split()
    deadline = time.monotonic() + 30
    while Path(directory).exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(directory).exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(port)), timeout=5)
