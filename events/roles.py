"""Rights on the log in PostgreSQL: what a role that does not own it may do.

=======================  ========================  ==================================================
table                    the application's role    the public site's role
=======================  ========================  ==================================================
event                    read, append              read, append events of public topics
node                     read, append              read, append
checkpoint, cosignature  read, append              read
head                     read, move on             read, move on
envelope, wrap, lookup   read, add, destroy        read, add
file                     read, add, destroy        add
=======================  ========================  ==================================================

Nobody here may change a row of the log, empty a table, or touch triggers, policies and tables themselves: all that is
the owner's, whose password no serving process has. Which topics are public is decided row by row by the server.

What no right can prevent: whoever may append has to move the head and write nodes, so he can write wrong ones. Such a
tree is found out before it is signed (:mod:`events.signer`) and by ``supervision verify``; he can break it, not
forge it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from events import schema
from events.schema import SchemaError

MOVING = ("size", "frontier", "recorded_at")
"""Columns of the head that move with every append; the others are written once, when the log is made."""

Rights = Mapping[str, tuple[str, ...]]
"""Table to privileges, as PostgreSQL names them. The moving columns of the head come on top."""

_CUSTODY = ("envelope", "wrap", "file", "lookup")

APPLICATION: Rights = {
    **dict.fromkeys(schema.APPEND_ONLY, ("SELECT", "INSERT")),
    **dict.fromkeys(_CUSTODY, ("SELECT", "INSERT", "DELETE")),
    "head": ("SELECT",),
}

PUBLIC_SITE: Rights = {
    **dict.fromkeys(("event", "node", "envelope", "wrap", "lookup"), ("SELECT", "INSERT")),
    **dict.fromkeys(("checkpoint", "cosignature", "head"), ("SELECT",)),
    "file": ("INSERT",),
}

_PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")


class UnfitRole(SchemaError):
    """A role does not exist, or could do more than it should. Names the role and the way out."""


@dataclass(frozen=True, kw_only=True)
class Roles:
    """Names of the roles of serving processes.

    ``public``: of the public site's, None where it has no role of its own; ``public_topics``: all that it may append.
    """

    application: str
    public: str | None = None
    public_topics: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return (self.application,) if self.public is None else (self.application, self.public)


def check_roles(connection: Connection, roles: Roles) -> None:
    """Whether these roles exist and are bound by rights at all. ``connection``: the owner's.

    Raises :class:`UnfitRole`.
    """
    if roles.public == roles.application:
        raise UnfitRole(f"数据库角色 {roles.public}：对外站点与应用不能用同一个角色；请另建一个。")
    for name in roles.names:
        facts = connection.execute(_ROLE, {"name": name}).one_or_none()
        if facts is None:
            raise UnfitRole(f"数据库角色 {name}：不存在；请由数据库管理员先建立（见 docs/operations.md）。")
        if facts.unbound:
            raise UnfitRole(f"数据库角色 {name}：是超级用户或能绕过行级权限；请换一个普通角色。")
        if facts.owner:
            raise UnfitRole(f"数据库角色 {name}：就是所有者，或能以所有者身份行事；请换一个不属于所有者的角色。")
    if roles.public is not None and connection.scalar(_MEMBER, {"one": roles.public, "other": roles.application}):
        raise UnfitRole(f"数据库角色 {roles.public}：能以 {roles.application} 的身份行事；请收回这一授权。")


_ROLE = text(
    "SELECT rolsuper OR rolbypassrls AS unbound, pg_has_role(rolname, current_user, 'MEMBER') AS owner"
    " FROM pg_roles WHERE rolname = :name"
)
_MEMBER = text("SELECT pg_has_role(:one, :other, 'MEMBER')")


def grant(connection: Connection, roles: Roles) -> None:
    """Give the roles their rights on the log that the connection's role owns, and make sure that they have no more.

    In the transaction that made the log. Raises :class:`UnfitRole`.
    """
    quote = connection.dialect.identifier_preparer.quote
    for name, rights in _rights(roles).items():
        for table, privileges in rights.items():
            connection.exec_driver_sql(f"GRANT {', '.join(privileges)} ON {quote(table)} TO {quote(name)}")
        connection.exec_driver_sql(f"GRANT UPDATE ({', '.join(MOVING)}) ON head TO {quote(name)}")
    if roles.public is not None:
        for statement in _policies(connection, quote(roles.application), quote(roles.public), roles.public_topics):
            connection.exec_driver_sql(statement)
    for name, rights in _rights(roles).items():
        for excess in _excess(connection, name, rights):
            raise UnfitRole(f"数据库角色 {name}：另有权限 {excess}；请由数据库管理员收回（见 docs/operations.md）。")


def _rights(roles: Roles) -> dict[str, Rights]:
    given = {roles.application: APPLICATION}
    return given if roles.public is None else {**given, roles.public: PUBLIC_SITE}


def _policies(connection: Connection, application: str, public: str, topics: Sequence[str]) -> list[str]:
    """Whom the server lets append which rows. Who may read is a matter of rights alone."""
    is_public = schema.event.c.topic.in_(topics).compile(
        dialect=connection.dialect, compile_kwargs={"literal_binds": True}
    )
    return [
        "ALTER TABLE event ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY everybody_reads ON event FOR SELECT USING (true)",
        f"CREATE POLICY application_appends ON event FOR INSERT TO {application} WITH CHECK (true)",
        f"CREATE POLICY public_site_appends ON event FOR INSERT TO {public} WITH CHECK ({is_public})",
    ]


def _excess(connection: Connection, name: str, rights: Rights) -> Iterator[str]:
    """Rights that the role has from elsewhere: to all, by a role that it is a member of, by default."""
    for table in schema.metadata.tables:
        for privilege in _PRIVILEGES:
            asked = {"name": name, "table": table, "privilege": privilege}
            if privilege not in rights.get(table, ()) and connection.scalar(_HAS, asked):
                yield f"{privilege} ON {table}"
    for column in schema.head.c:
        if column.name not in MOVING and connection.scalar(_HAS_COLUMN, {"name": name, "column": column.name}):
            yield f"UPDATE ({column.name}) ON head"
    if found := connection.scalar(_CREATES, {"name": name}):
        yield f"CREATE ON SCHEMA {found}"


_HAS = text("SELECT has_table_privilege(:name, :table, :privilege)")
_HAS_COLUMN = text("SELECT has_column_privilege(:name, 'head', :column, 'UPDATE')")
_CREATES = text("SELECT current_schema WHERE has_schema_privilege(:name, current_schema, 'CREATE')")
