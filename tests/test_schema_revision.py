"""A schema of another revision, or one that cannot be read, ends the start with one line; a row is never replaced."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy import Engine, Table, create_engine, text

from events import schema
from events.cosignature import cosign
from events.leaf import SignedEvent
from events.schema import SchemaError
from events.signing import signature_message
from events.store import LogStore
from supervision.settings import SITES
from supervision.web.serving import check_start
from tests.support.database_roles import roled_database
from tests.support.deployment import environment, make_deployment
from tests.support.log import NOON, ORIGIN, digest, open_log, signer, stream
from tests.support.postgres import PostgresServer
from tests.support.signing import signer_of

OLDER = schema.REVISION - 1
NEWER = schema.REVISION + 1
SET_REVISION = "UPDATE head SET revision = {}"

REPLACE = {
    "sqlite": "INSERT OR REPLACE INTO {table} SELECT * FROM {table}",
    "postgresql": "INSERT INTO {table} SELECT * FROM {table}"
    " ON CONFLICT ON CONSTRAINT {table}_pkey DO UPDATE SET {key} = DEFAULT",
}


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = create_engine(database_url)
    yield engine
    engine.dispose()


def execute(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def refusal(url: str, home: Path) -> str:
    """Why a log is not opened."""
    with closing(LogStore(url, home)) as store, pytest.raises(SchemaError) as refused:
        store.open()
    return str(refused.value)


def test_a_log_of_the_first_revision_is_refused(database_url: str, engine: Engine, tmp_path: Path) -> None:
    """It had no cosignatures; what it had is not asked for before its revision is known."""
    execute(
        engine,
        "CREATE TABLE event (position BIGINT PRIMARY KEY, topic TEXT)",
        "CREATE TABLE checkpoint (size BIGINT PRIMARY KEY, note TEXT)",
        "CREATE TABLE head (id INTEGER PRIMARY KEY, origin TEXT, revision INTEGER, size BIGINT)",
        "INSERT INTO head VALUES (1, 'county.example/log', 1, 0)",
    )
    assert "结构版本为 1，本程序需要版本" in refusal(database_url, tmp_path)


@pytest.mark.parametrize("revision", [OLDER, NEWER])
def test_no_site_starts_on_another_revision(
    database_url: str, engine: Engine, tmp_path: Path, revision: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    make_deployment(home, database_url).close()
    execute(engine, SET_REVISION.format(revision))
    for site in SITES:
        for name, value in environment(home, database_url, site).items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as stopped:
            check_start()
        assert str(stopped.value.code).startswith(f"数据库结构版本为 {revision}，本程序需要版本 {schema.REVISION}")
        assert "\n" not in str(stopped.value.code)


def test_a_role_that_may_only_read_learns_the_revision_and_one_that_may_not_learns_that(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    with roled_database(postgres_server) as database:
        reader = database.url(database.public)
        open_log(database.url(database.owner), tmp_path).close()
        assert "无权读取日志" in refusal(reader, tmp_path)
        with database.connected() as superuser:
            superuser.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {database.public}".encode())
            with closing(LogStore(reader, tmp_path)) as store:
                assert store.open().size == 0
            superuser.execute(SET_REVISION.format(NEWER).encode())
        assert f"结构版本为 {NEWER}" in refusal(reader, tmp_path)


@pytest.mark.parametrize("table", [schema.metadata.tables[name] for name in schema.APPEND_ONLY], ids=str)
def test_no_row_of_the_log_is_replaced_by_an_insert_either(database_url: str, tmp_path: Path, table: Table) -> None:
    """SQLite deletes what is in the way of such a row; PostgreSQL calls it an update."""
    with closing(open_log(database_url, tmp_path)) as store:
        message = signature_message(ORIGIN, stream("a"), 1, "thing.happened.v1", b"{}")
        clerk = signer("clerk")
        signed = SignedEvent(
            stream("a"), 1, "thing.happened.v1", b"{}", digest("salt"), clerk.key_id, clerk.sign(message)
        )
        store.append([signed])
        signer_of(store, tmp_path).sign_head()
        store.checkpoints.add_cosignatures(1, [cosign(store.head().checkpoint().text(), "witness", signer("w"), NOON)])
        key, *_ = table.columns.keys()
        replace = REPLACE[store._engine.dialect.name].format(table=table, key=key)
        with pytest.raises(sqlalchemy.exc.DBAPIError, match="append-only"), store._engine.begin() as connection:
            connection.execute(text(replace))
