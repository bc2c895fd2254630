"""A PostgreSQL database with an owner and two roles that own nothing, as a database administrator sets them up."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from tests.support.deployment import environment
from tests.support.postgres import PostgresServer

PASSWORD = "nobody-but-the-tests"


@dataclass(frozen=True)
class RoledDatabase:
    """``owner``, ``application``, ``public``: names of roles, unlike any other test's."""

    server: PostgresServer
    name: str
    owner: str
    application: str
    public: str

    def url(self, role: str) -> str:
        """SQLAlchemy's URL of the database for one of its roles."""
        url = make_url(self.server.url(self.name)).set(username=role, password=PASSWORD)
        return url.render_as_string(hide_password=False)

    def environ(self, home: Path, site: str = "all") -> dict[str, str]:
        """What a process is given that serves ``site``."""
        role = self.public if site == "public" else self.application
        return environment(home, self.url(role), site)

    def founding(self, home: Path) -> Mapping[str, str]:
        """What whoever founds the deployment is given."""
        return {
            **self.environ(home),
            "SUPERVISION_OWNER_DATABASE_URL": self.url(self.owner),
            "SUPERVISION_PUBLIC_DATABASE_URL": self.url(self.public),
        }

    @contextmanager
    def connected(self, role: str = "") -> Iterator[psycopg.Connection]:
        """A session of ``role``, of the server's superuser without one; each statement is its own transaction."""
        url = self.url(role) if role else self.server.url(self.name)
        with closing(psycopg.connect(url.replace("+psycopg", ""), autocommit=True)) as connection:
            yield connection


@contextmanager
def roled_database(server: PostgresServer) -> Iterator[RoledDatabase]:
    """An empty database of an owner's, and two roles that may connect to it."""
    mark = secrets.token_hex(4)
    names = [f"{role}_{mark}" for role in ("owner", "application", "public")]
    database = RoledDatabase(server, server.create_database(), *names)
    with database.connected() as superuser:
        for name in names:
            create = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}")
            superuser.execute(create.format(sql.Identifier(name), sql.Literal(PASSWORD)))
        hand_over = sql.SQL("ALTER DATABASE {} OWNER TO {}")
        superuser.execute(hand_over.format(sql.Identifier(database.name), sql.Identifier(database.owner)))
    try:
        yield database
    finally:
        server.drop_database(database.name)
        with closing(psycopg.connect(server.url("postgres").replace("+psycopg", ""), autocommit=True)) as superuser:
            for name in names:
                superuser.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))
