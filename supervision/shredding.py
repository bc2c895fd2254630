"""After an appraisal was carried out: nothing of what it destroyed stays behind where this program can reach.

The rows went in the transaction of their event; here the database's own files are emptied of them, and the keys of
periods under which nothing is kept any more are destroyed. From then on no backup of the database opens either.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from events.database import open_engine
from events.vocabulary.retention import PeriodKeyDestroyed
from events.vocabulary.streams import period_key_id
from supervision.casework.officer_session import OfficerSession
from supervision.platform import Platform
from supervision.sealing import layer

GRACE_SECONDS = 2.0
"""So long a key is out of use before it is destroyed: whoever was sealing under it has recorded by then."""


_OWNED = "SELECT pg_get_userbyid(relowner) = current_user FROM pg_class WHERE oid = 'envelope'::regclass"


@dataclass(frozen=True)
class Emptied:
    """``remains``: what still has to be done by hand, in Chinese, "" where nothing has."""

    remains: str


def empty_database(platform: Platform) -> Emptied:
    """Take what was deleted out of the database's files: at once with SQLite, as far as one may with PostgreSQL."""
    if platform.settings.database_url.startswith("sqlite"):
        return _checkpointed(platform)
    return _vacuumed(platform)


def _checkpointed(platform: Platform) -> Emptied:
    """``secure_delete`` has put zeros over the rows; the write-ahead log is cut to nothing."""
    engine = open_engine(platform.settings.database_url)
    try:
        with engine.connect() as connection:
            busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar_one()
    finally:
        engine.dispose()
    if busy:
        return Emptied(
            "有程序正在读数据库，预写日志（-wal 文件）中还有已销毁的密文；请停下站点后再运行一次 supervision shred。"
        )
    return Emptied("")


def _vacuumed(platform: Platform) -> Emptied:
    """Dead rows go when their table is vacuumed, which takes its owner; what PostgreSQL wrote elsewhere stays."""
    engine = open_engine(platform.settings.database_url).execution_options(isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            done = bool(connection.scalar(text(_OWNED)))
            for table in ("envelope", "wrap", "file") if done else ():
                connection.exec_driver_sql(f"VACUUM FULL {table}")
    except DBAPIError:  # somebody reads the table all the time
        done = False
    finally:
        engine.dispose()
    by_hand = "" if done else "请由数据库所有者对 envelope、wrap、file 三表执行 VACUUM FULL；"
    return Emptied(
        f"{by_hand}PostgreSQL 的预写日志、WAL 归档、备库和文件系统快照中的旧密文不由本命令清除，请按归档策略到期清理。"
    )


# -- keys of periods --------------------------------------------------------------------------------------------------


def destroy_keys(platform: Platform, officer: OfficerSession, grace: float = GRACE_SECONDS) -> list[str]:
    """Destroy the keys of periods that are over and under which nothing is kept any more; their names.

    A hold keeps the wraps of its report, and so their key. The event comes first: after a crash the key is still there
    and the next call goes on.
    """
    keys = platform.retention
    unused = [name for name in keys.names() if _over(platform, name) and not _kept_under(platform, name)]
    for name in unused:
        keys.withdraw(name)
    if unused:
        time.sleep(grace)
    gone = []
    for name in keys.withdrawn():
        if _kept_under(platform, name):
            keys.put_back(name)
            continue
        _record(platform, officer, name)
        keys.destroy(name)
        gone.append(name)
    return gone


def _over(platform: Platform, name: str) -> bool:
    found = layer.NAME.fullmatch(name)
    today: date = platform.clock().date()
    return found is not None and int(found["year"]) < platform.rulebook.retention.key_due_before(found["kind"], today)


def _kept_under(platform: Platform, name: str) -> int:
    return platform.custody.wraps_beginning(layer.header(name))


def _record(platform: Platform, officer: OfficerSession, name: str) -> None:
    stream = period_key_id(platform.settings.origin, name)
    if platform.ledger.events_of(stream):
        return  # before a crash
    event = PeriodKeyDestroyed(
        originator_id=stream, originator_version=1, **platform.desk.stamp(officer).fields(), key=name
    )
    platform.ledger.record(event, signer=officer.signer)
