"""Backups: the log, to be kept for ever, and custody, to be kept for a short time and apart from it.

===============  ============================================================================  ===================
``log.sqlite``   events, tree, checkpoints, cosignatures, head, as an SQLite file              for ever
``custody.tar``  sealed envelopes, wraps and lookups (an SQLite file in it), sealed files      until it is replaced
===============  ============================================================================  ===================

The same files from either database, so either can be restored from them. A custody backup that outlives a destruction
brings back what had to be destroyed; that is why the two are not one file. The keys of retention periods
(``<home>/retention``) are in neither: without them a backup opens nothing, and once they are destroyed, nor ever will.
Read models are built anew, working state ends with the machine that it was on, and the home's settings, manifests and
secrets are copied by hand.

A backup is of one moment, and may be taken while the platform serves. Files are named by events of that moment and
never change, so they are copied after it; where one was destroyed meanwhile, the backup begins again.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sqlite3
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection, Engine, Table, create_engine, insert, select, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import StatementError

from events import schema
from events.database import open_engine
from events.roles import MOVING
from events.schema import SchemaError
from events.store import DamagedLog
from supervision.checkpointing.signing import make_signer
from supervision.database_owner import Ownership
from supervision.founding import make_databases
from supervision.platform import Platform
from supervision.projecting import make_runner
from supervision.settings import sqlite_url
from supervision.verifying import verify_platform

LOG = "log.sqlite"
CUSTODY = "custody.tar"
_ROWS = "custody.sqlite"

_LOG_TABLES = (schema.event, schema.node, schema.checkpoint, schema.cosignature)
_CUSTODY_TABLES = (schema.envelope, schema.wrap, schema.file, schema.lookup)

_FILE = re.compile(r"files/([0-9a-f]{2})/(\1[0-9a-f]{62})")
_ROWS_AT_ONCE = 1000
_ATTEMPTS = 3


class BadBackup(Exception):
    """The backup cannot be made there, or not be restored. One line: the thing, the reason, the way out."""


# -- making one -------------------------------------------------------------------------------------------------------


def back_up(platform: Platform, directory: Path) -> int:
    """Write both files into ``directory``, durably; returns the number of events.

    Raises :class:`BadBackup` and OSError; then there is no new file.
    """
    for name in (LOG, CUSTODY):
        if (directory / name).exists():
            raise BadBackup(f"backup：{directory.name} 中已有 {name}；请另选目录，旧备份不会被覆盖。")
    directory.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".writing-", dir=directory) as place:
        size = _written(platform, Path(place))
        for name in (CUSTODY, LOG):
            _flush(Path(place) / name)
            (Path(place) / name).rename(directory / name)
    _flush(directory)
    return size


def _written(platform: Platform, place: Path) -> int:
    for _attempt in range(_ATTEMPTS):
        try:
            with _snapshot(platform.settings.database_url, place) as source:
                return _write(platform, source, place)
        except FileNotFoundError:  # destroyed since the snapshot, by an event that the snapshot lacks
            for path in place.iterdir():
                path.unlink()
    raise BadBackup("backup：有密封文件不在 files 目录中；请运行 supervision verify 查看。")


def _write(platform: Platform, source: Connection, place: Path) -> int:
    with _file_of_tables(place / LOG, (*_LOG_TABLES, schema.head)) as log:
        _copy(source, log, (*_LOG_TABLES, schema.head))
        size = log.execute(select(schema.head.c.size)).scalar_one()
    with _file_of_tables(place / _ROWS, _CUSTODY_TABLES) as custody:
        _copy(source, custody, _CUSTODY_TABLES)
    with tarfile.open(place / CUSTODY, "w") as archive:
        archive.add(place / _ROWS, _ROWS, filter=_without_traces)
        for sha256 in source.scalars(select(schema.file.c.sha256).order_by(schema.file.c.sha256)).all():
            path = platform.custody.file_path(sha256)
            archive.add(path, f"files/{path.parent.name}/{path.name}", filter=_without_traces)
    return int(size)


@contextmanager
def _snapshot(url: str, place: Path) -> Iterator[Connection]:
    """A connection that sees one moment of the log's database, however long it reads."""
    if url.startswith("sqlite"):
        # A copy, in one go: a reader that stays would keep destroyed rows in the write-ahead log.
        copy = place / "snapshot.sqlite"
        with closing(sqlite3.connect(make_url(url).database or "")) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        with _connected(create_engine(sqlite_url(copy))) as connection:
            yield connection
        copy.unlink()
    else:
        engine = open_engine(url).execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with _connected(engine) as connection:
            yield connection


def _without_traces(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """No account of this machine, and no minute at which somebody sent a file."""
    member.mtime = member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    return member


# -- restoring one ----------------------------------------------------------------------------------------------------


def restore(platform: Platform, directory: Path, owned: Ownership | None) -> int:
    """Put a backup into the empty database and home of ``platform``, verified; returns the number of events.

    The home has its settings, manifests, secrets and the signer's memory already. The backup is verified before the
    database is touched. Raises :class:`BadBackup` and what ``verify`` raises; then the database has no event.
    """
    home, url = platform.settings.home, platform.settings.database_url
    for name in (LOG, CUSTODY):
        if not (directory / name).is_file():
            raise BadBackup(f"restore：{directory.name} 中没有 {name}；恢复需要同一次备份的两个文件。")
    has_log = _check_empty(platform)
    with TemporaryDirectory(prefix=".restoring-", dir=home) as place:
        staged = sqlite_url(Path(place) / "staged.sqlite")
        try:
            _stage(directory, Path(place), home)
            _check_staged(replace(platform, settings=replace(platform.settings, database_url=staged)))
            if not has_log:
                make_databases(platform, owned)
            _move_in(staged, url)
        except BaseException:
            shutil.rmtree(home / "files", ignore_errors=True)
            raise
    size = verify_platform(platform).count
    make_runner(platform).rebuild()
    return size


def _check_empty(platform: Platform) -> bool:
    """Whether the database has a log; it may have one without events, of a restoration that broke off."""
    if any(path.is_file() for path in (platform.settings.home / "files").rglob("*")):
        raise BadBackup("restore：home 中已有密封文件；请恢复到没有 files 目录的 home。")
    with _connected(open_engine(platform.settings.database_url)) as connection:
        try:
            schema.check_revision(connection)
        except SchemaError:
            if schema.has_log(connection):
                raise
            return False
        if connection.scalar(select(schema.head.c.size)):
            raise BadBackup("restore：数据库中已有日志，不会被覆盖；请恢复到空数据库。")
    return True


def _stage(directory: Path, place: Path, home: Path) -> None:
    """One SQLite database of both parts in ``place``, and the sealed files where they belong."""
    _unpack(directory / CUSTODY, place, home)
    try:
        with _file_of_tables(place / "staged.sqlite", schema.metadata.sorted_tables) as staged:
            for path, tables in ((directory / LOG, (*_LOG_TABLES, schema.head)), (place / _ROWS, _CUSTODY_TABLES)):
                with _connected(create_engine(sqlite_url(path))) as source:
                    _copy(source, staged, tables)
    except StatementError as error:
        raise BadBackup(f"restore：备份残缺，读不出来（{type(error.orig).__name__}）；请换一份备份。") from None


def _unpack(archive: Path, place: Path, home: Path) -> None:
    try:
        with tarfile.open(archive, "r:") as members:
            for member in members:
                content = members.extractfile(member)
                if content is None or not (member.name == _ROWS or _FILE.fullmatch(member.name)):
                    raise BadBackup(f"restore：{CUSTODY} 中有不属于备份的内容；请换一份备份。")
                path = place / _ROWS if member.name == _ROWS else home / member.name
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                with open(path, "xb") as file:
                    shutil.copyfileobj(content, file)
                _flush(path)
                if path.name != _ROWS and _digest(path) != path.name:
                    raise BadBackup(f"restore：{CUSTODY} 中有密封文件已损坏；请换一份备份。")
    except tarfile.TarError:
        raise BadBackup(f"restore：{CUSTODY} 残缺或不是备份；请换一份备份。") from None


def _check_staged(staged: Platform) -> None:
    """The backup verifies, is of this deployment, and goes on from the checkpoint that was signed last."""
    with closing(staged):
        staged.ledger.head()
        try:
            make_signer(staged).check()
        except DamagedLog:
            raise BadBackup(
                "restore：备份接不上已签署的检查点：它缺少已签署的事件，或者 home 中缺少签署记录 signer/last-signed；"
                "请换更新的备份，签署记录可从见证人处取回。"
            ) from None
        verify_platform(staged)


def _move_in(staged: str, url: str) -> None:
    """Everything in one transaction. The head is there; it moves on."""
    with _connected(create_engine(staged)) as source, _connected(open_engine(url)) as target:
        if url.startswith("sqlite"):
            target.exec_driver_sql("BEGIN IMMEDIATE")
        _copy(source, target, (*_LOG_TABLES, *_CUSTODY_TABLES))
        head = source.execute(select(*(schema.head.c[name] for name in MOVING))).one()
        target.execute(update(schema.head), dict(head._mapping))
        target.commit()


# -- files and rows ---------------------------------------------------------------------------------------------------


@contextmanager
def _file_of_tables(path: Path, tables: Iterable[Table]) -> Iterator[Connection]:
    """A new SQLite file with these tables; complete when the block ends."""
    with _connected(create_engine(sqlite_url(path))) as connection:
        schema.metadata.create_all(connection, tables=list(tables))
        yield connection
        connection.commit()


@contextmanager
def _connected(engine: Engine) -> Iterator[Connection]:
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _copy(source: Connection, target: Connection, tables: Iterable[Table]) -> None:
    for table in tables:
        rows = source.execution_options(yield_per=_ROWS_AT_ONCE).execute(select(table)).mappings()
        for some in rows.partitions():
            target.execute(insert(table), [dict(row) for row in some])


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
