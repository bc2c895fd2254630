"""Tables of the log's database, the triggers that refuse change, and the revision of both.

===========  ================================================================  =================
event        what happened, by position                                        append only
node         finished nodes of the Merkle tree, by coordinate                  append only
checkpoint   checkpoints that were signed, by size of the tree                 append only
cosignature  what witnesses said of them, by size, witness and time            append only
head         origin, revision, size and right edge of the tree, last hour      one row, moves on
envelope     sealed payloads                                                   destroyed by rule
wrap         wrapped data keys and shares                                      destroyed by rule
file         sealed files on disk                                              destroyed by rule
lookup       keyed hashes that lead to a stream                                destroyed by rule
===========  ================================================================  =================

The triggers keep an honest program from a mistake; on PostgreSQL, where the tables belong to a role that no serving
process has (:mod:`events.roles`), they also bind whoever takes over such a process. Against the owner, and whoever has
the file of SQLite, the tree, the signatures and the countersigned checkpoints stand.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
    Uuid,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy.exc import ProgrammingError

from events.note import check_name

REVISION = 2
APPEND_ONLY = ("event", "node", "checkpoint", "cosignature")

metadata = MetaData()

# SQLite makes the row number itself the key only for a column declared INTEGER.
_Position = BigInteger().with_variant(Integer(), "sqlite")


def _length(column: str, length: int) -> CheckConstraint:
    return CheckConstraint(f"length({column}) = {length}")


event = Table(
    "event",
    metadata,
    Column("position", _Position, primary_key=True, autoincrement=False),
    Column("stream_id", Uuid, nullable=False),
    Column("stream_version", BigInteger, nullable=False),
    Column("topic", String, nullable=False),
    Column("state", LargeBinary, nullable=False),
    Column("salt", LargeBinary, _length("salt", 32), nullable=False),
    Column("key_id", LargeBinary, _length("key_id", 32), nullable=False),
    Column("signature", LargeBinary, _length("signature", 64), nullable=False),
    Column("recorded_at", BigInteger, CheckConstraint("recorded_at % 3600 = 0"), nullable=False),
    UniqueConstraint("stream_id", "stream_version"),
    Index("event_by_topic", "topic", "position"),
)

node = Table(
    "node",
    metadata,
    Column("level", SmallInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, _length("hash", 32), nullable=False),
    sqlite_with_rowid=False,
)

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("size", _Position, primary_key=True, autoincrement=False),
    Column("note", String, nullable=False),
    Column("signed_at", BigInteger, nullable=False, index=True),
)

cosignature = Table(
    "cosignature",
    metadata,
    Column("size", _Position, ForeignKey("checkpoint.size"), primary_key=True, autoincrement=False),
    Column("key_name", String, primary_key=True),
    Column("timestamp", BigInteger, primary_key=True, autoincrement=False),
    Column("line", String, nullable=False),
)

head = Table(
    "head",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1"), primary_key=True, autoincrement=False),
    Column("origin", String, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("frontier", LargeBinary, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
)

envelope = Table(
    "envelope",
    metadata,
    Column("sha256", LargeBinary, _length("sha256", 32), primary_key=True),
    Column("stream_id", Uuid, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

wrap = Table(
    "wrap",
    metadata,
    Column("sha256", LargeBinary, _length("sha256", 32), primary_key=True),
    Column("stream_id", Uuid, nullable=False, index=True),
    Column("recipient", LargeBinary, _length("recipient", 32), nullable=False),
    Column("data", LargeBinary, nullable=False),
)

file = Table(
    "file",
    metadata,
    Column("sha256", LargeBinary, _length("sha256", 32), primary_key=True),
    Column("stream_id", Uuid, nullable=False),
    Column("size", BigInteger, nullable=False),
)

lookup = Table(
    "lookup",
    metadata,
    Column("kind", String, primary_key=True),
    Column("tag", LargeBinary, _length("tag", 32), primary_key=True),
    Column("stream_id", Uuid, nullable=False),
)


class SchemaError(RuntimeError):
    """The database holds no log, one of another revision, or already one."""


def create(connection: Connection, origin: str) -> None:
    """Make tables, triggers and an empty log in the connection's transaction.

    ``origin``: name of the log in its checkpoints and signatures, such as ``county.example/log``. Raises
    :class:`SchemaError` where there is a log already, ``ValueError`` for an origin unfit as a key name.
    """
    check_name(origin)
    if has_log(connection):
        raise SchemaError("数据库中已有日志，不能重新建立")
    metadata.create_all(connection)
    for statement in _trigger_statements(connection.dialect.name):
        connection.execute(text(statement))
    empty = {"id": 1, "origin": origin, "revision": REVISION, "size": 0, "frontier": b"", "recorded_at": 0}
    connection.execute(insert(head), empty)


def check_revision(connection: Connection) -> None:
    """Raises :class:`SchemaError` unless the database holds a log of this program's revision, for us to read."""
    if not has_log(connection):
        raise SchemaError("数据库中没有日志，请先运行 supervision init")
    try:
        revision = connection.scalar(select(head.c.revision))  # None without a head: no revision of ours either
    except ProgrammingError:
        raise SchemaError("数据库角色无权读取日志；请核对 SUPERVISION_DATABASE_URL 所用的角色") from None
    if revision != REVISION:
        raise SchemaError(f"数据库结构版本为 {revision}，本程序需要版本 {REVISION}，请使用与之相符的程序版本")


def has_log(connection: Connection) -> bool:
    """Whether there is a log, of whichever revision."""
    return inspect(connection).has_table(head.name)


def _trigger_statements(dialect: str) -> list[str]:
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            for table in APPEND_ONLY
            for verb in ("UPDATE", "DELETE")
        ]
    return [
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$",
        *(
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            for table in APPEND_ONLY
        ),
        # Else a session that calls itself a replica would not be asked.
        *(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_no_change" for table in APPEND_ONLY),
    ]
