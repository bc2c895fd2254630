"""Founding on PostgreSQL under an owner's role, which no serving process ever has.

``SUPERVISION_OWNER_DATABASE_URL`` is the owner's address: tables, triggers and policies are made by it and belong to
it. ``SUPERVISION_DATABASE_URL`` names the application's role, ``SUPERVISION_PUBLIC_DATABASE_URL`` that of the public
site, where it has one of its own. Both exist already; here they get what they need and no more:

============  ============================================  ====================================
schema        the application's role                        the public site's role
============  ============================================  ====================================
the log's     :data:`events.roles.APPLICATION`              :data:`events.roles.PUBLIC_SITE`
working       every value                                   values of :data:`PUBLIC_KINDS` alone
projections   builds the read models and reads them         nothing: facts are in clear there
blind_index   every row                                     nothing
============  ============================================  ====================================

Without an owner's address the application's role owns everything, and could remove its own triggers.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from events import schema
from events.database import library_errors, open_engine
from events.roles import Roles, check_roles, grant
from events.vocabulary.correspondence import FeedbackWishWithdrawn, SupplementReceived
from events.vocabulary.intake import ReceiptIssued, ReportReceived, SealedReportReceived
from projections.database import POSTGRES_SCHEMA as READ_MODELS
from supervision.blind_index_store import SCHEMA as INDEX
from supervision.blind_index_store import TABLES as INDEX_TABLES
from supervision.blind_index_store import IndexStore
from supervision.intake.drafts import DRAFT, RECEIPT
from supervision.intake.idempotency import KIND as IDEMPOTENCY
from supervision.settings import BadSetting, database_url
from supervision.working_state import SCHEMA as WORKING
from supervision.working_state import WorkingState

OWNER_URL = "SUPERVISION_OWNER_DATABASE_URL"
APPLICATION_URL = "SUPERVISION_DATABASE_URL"
PUBLIC_URL = "SUPERVISION_PUBLIC_DATABASE_URL"

PUBLIC_TOPICS = tuple(
    event.TOPIC
    for event in (ReceiptIssued, ReportReceived, SealedReportReceived, SupplementReceived, FeedbackWishWithdrawn)
)
"""All that the public site ever records: what its door and the holder of a 查询码 may say."""

STATUS = "status"
"""Kind of the status page's sessions (:mod:`supervision.web.public.status`)."""

PUBLIC_KINDS = (DRAFT, RECEIPT, IDEMPOTENCY, STATUS)
"""Kinds of working state that the public site keeps; officers' sessions and keyrings are none of its business."""


@dataclass(frozen=True, kw_only=True)
class Ownership:
    """Who owns the databases and who serves from them. ``owner_url``: with the owner's password."""

    owner_url: str = field(repr=False)
    application_url: str = field(repr=False)
    roles: Roles


def ownership(environ: Mapping[str, str]) -> Ownership | None:
    """What the environment says of it; None where the application's role is to own everything. Raises BadSetting."""
    if not environ.get(OWNER_URL):
        return None
    owner, _ = _address(environ, OWNER_URL)
    application_url, application = _address(environ, APPLICATION_URL)
    public = _address(environ, PUBLIC_URL)[1] if environ.get(PUBLIC_URL) else None
    roles = Roles(application=application, public=public, public_topics=PUBLIC_TOPICS)
    return Ownership(owner_url=owner, application_url=application_url, roles=roles)


def _address(environ: Mapping[str, str], name: str) -> tuple[str, str]:
    """The address under ``name`` and the role that it names."""
    url = database_url(environ.get(name) or "sqlite:///none", name)
    user = make_url(url).username
    if url.startswith("sqlite") or not user:
        raise BadSetting(f"{name}：设置了 {OWNER_URL} 时，应为写明用户名的 postgresql:// 地址。")
    return url, user


def remark(environ: Mapping[str, str]) -> str:
    """What whoever founds a deployment should know about its database role, one line; "" where there is nothing."""
    if environ.get(OWNER_URL) or not environ.get(APPLICATION_URL, "").startswith("postgresql"):
        return ""
    return (
        f"注意：没有设置 {OWNER_URL}，数据库表归应用自己的角色所有，它能够删除防止改动的触发器；"
        "正式部署请把所有者与应用的角色分开，见 docs/operations.md。"
    )


def make_owned_databases(origin: str, of: Ownership) -> None:
    """Make an empty log, working state and room for read models, all the owner's, and give the roles their rights.

    Raises ``events.roles.UnfitRole``, ``events.schema.SchemaError``, BadSetting; then there is no log.
    """
    with _owner(of) as connection:
        check_roles(connection, of.roles)
        _check_same_database(connection, of)
    with closing(WorkingState(of.owner_url)) as working:
        working.create()
    with closing(IndexStore(of.owner_url)) as index:
        index.create()
    with _owner(of) as connection:  # the log comes last: where it is, everything is
        quote = connection.dialect.identifier_preparer.quote
        public = None if of.roles.public is None else quote(of.roles.public)
        rights = (*_working_rights(quote(of.roles.application), public), *_index_rights(quote(of.roles.application)))
        for statement in (*rights, *_reading(of, connection)):
            connection.exec_driver_sql(statement)
        schema.create(connection, origin)
        grant(connection, of.roles)


@contextmanager
def _owner(of: Ownership) -> Iterator[Connection]:
    """A transaction of the owner's."""
    engine = open_engine(of.owner_url)
    try:
        with library_errors(), _connected(engine) as connection, connection.begin():
            yield connection
    finally:
        engine.dispose()


def _connected(engine: Engine) -> Connection:
    try:
        return engine.connect()
    except OperationalError:
        raise BadSetting(f"{OWNER_URL}：连接不上数据库；请核对地址、用户名和密码。") from None


def _check_same_database(owner: Connection, of: Ownership) -> None:
    """A lock that the owner holds is held for the application too, whatever names their addresses go by."""
    key = {"key": secrets.randbits(62)}
    owner.execute(text("SELECT pg_advisory_xact_lock(:key)"), key)
    engine = open_engine(of.application_url)
    try:
        with library_errors(), engine.begin() as application:
            if application.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), key):
                raise BadSetting(f"{OWNER_URL}：与 {APPLICATION_URL} 不是同一个数据库；请核对两个地址。")
    finally:
        engine.dispose()


def _working_rights(application: str, public: str | None) -> list[str]:
    kept = f"{WORKING}.kept"
    everything = "SELECT, INSERT, UPDATE, DELETE"
    statements = [f"GRANT USAGE ON SCHEMA {WORKING} TO {application}", f"GRANT {everything} ON {kept} TO {application}"]
    if public is None:
        return statements
    kinds = ", ".join(f"'{kind}'" for kind in PUBLIC_KINDS)
    return [
        *statements,
        f"GRANT USAGE ON SCHEMA {WORKING} TO {public}",
        f"GRANT {everything} ON {kept} TO {public}",
        f"ALTER TABLE {kept} ENABLE ROW LEVEL SECURITY",
        f"DROP POLICY IF EXISTS application ON {kept}",
        f"DROP POLICY IF EXISTS public_site ON {kept}",
        f"CREATE POLICY application ON {kept} TO {application} USING (true)",
        f"CREATE POLICY public_site ON {kept} TO {public} USING (kind IN ({kinds}))",
    ]


def _index_rights(application: str) -> list[str]:
    tables = ", ".join(f"{INDEX}.{table}" for table in INDEX_TABLES)
    return [
        f"GRANT USAGE ON SCHEMA {INDEX} TO {application}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {tables} TO {application}",
    ]


def _reading(of: Ownership, connection: Connection) -> list[str]:
    """Read models are tables of whoever builds them: each new version makes its own beside the old."""
    application = connection.dialect.identifier_preparer.quote(of.roles.application)
    return [
        f"CREATE SCHEMA IF NOT EXISTS {READ_MODELS}",
        f"GRANT USAGE, CREATE ON SCHEMA {READ_MODELS} TO {application}",
    ]
