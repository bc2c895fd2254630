"""Commands of retention: carry out approved appraisals, and carry period keys apart from the database's backups."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click

from supervision import settings
from supervision.cli_frame import Failed, one_line_on_failure

if TYPE_CHECKING:
    from supervision.casework.officer_session import OfficerSession
    from supervision.platform import Platform

FORMAT = "supervision/retention-keys/v1"


@click.command(
    help="执行已批准的鉴定销毁：销毁所列密封材料，清空数据库文件中的残留，销毁已无材料的保管期密钥。\n\n"
    "由提出鉴定的单位人员执行并签名；不指明鉴定编号时只处理残留和保管期密钥。口令从终端读取。"
)
@click.argument("appraisals", type=click.UUID, nargs=-1, metavar="[鉴定编号]...")
@click.option("--officer", required=True, metavar="账号", help="执行人账号。")
@one_line_on_failure
def shred(appraisals: tuple[UUID, ...], officer: str) -> None:
    """Destroy what two persons have agreed to destroy. What must not go any more is spared, and named."""
    from supervision.casework import retention
    from supervision.domain.refusal import Refused
    from supervision.shredding import destroy_keys, empty_database

    try:
        with _platform() as platform, _session(platform, officer) as me:
            for appraisal_id in appraisals:
                done = retention.carry_out(platform.desk, me, appraisal_id)
                click.echo(f"鉴定 {platform.desk.appraisal(appraisal_id).document}：已销毁 {len(done.destroyed)} 件。")
                for reason in done.spared.values():
                    click.echo(f"  未销毁：{reason}")
            for name in destroy_keys(platform, me):
                click.echo(f"已销毁保管期密钥 {name}；另存的副本请一并销毁。")
            emptied = empty_database(platform)
    except Refused as refused:
        raise Failed(f"shred：{refused.reason}") from None
    click.echo("数据库文件中的残留已清除。" if not emptied.remains else f"注意：{emptied.remains}")


@contextmanager
def _session(platform: Platform, officer: str) -> Iterator[OfficerSession]:
    """The officer signs in at the terminal, for this command alone."""
    from supervision.casework.sessions import resume, sign_out
    from supervision.casework.sign_in import sign_in

    passphrase = click.prompt("口令", hide_input=sys.stdin.isatty(), err=True)
    code = ""
    if platform.desk.account(officer).second_factor:
        code = click.prompt("动态验证码", err=True)
    cookie = sign_in(platform.desk, platform.working, officer, passphrase, code)
    try:
        session = resume(platform.desk, platform.working, cookie)
        if session is None:
            raise Failed("shred：登录已失效；请重新执行。")
        yield session
    finally:
        sign_out(platform.desk, platform.working, cookie)


# -- period keys ------------------------------------------------------------------------------------------------------


@click.group(help="保管期密钥：不在数据库备份中，须另行保存。")
def retention() -> None:
    """Keys of retention periods."""


@retention.command("list", help="列出本平台的保管期密钥。")
@one_line_on_failure
def list_keys() -> None:
    """Names only."""
    with _platform() as platform:
        for name in platform.retention.names():
            click.echo(name)


@retention.command(
    "export", help="把全部保管期密钥写入文件（明文，权限 0600），存到可移动介质，锁入保险柜，与备份分开。"
)
@click.argument("file", type=click.Path(path_type=Path))
@one_line_on_failure
def export_keys(file: Path) -> None:
    """Write all keys; whoever has the file and a backup has one of the two things that it takes to open reports."""
    from supervision.sealing.retention import BadPeriodKey

    with _platform() as platform:
        try:
            keys = platform.retention.carried()
        except BadPeriodKey as problem:
            raise Failed(f"retention：{problem}") from None
        table = {
            "format": FORMAT,
            "origin": platform.settings.origin,
            "keys": {name: key.hex() for name, key in keys.items()},
        }
    try:
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as written:
            json.dump(table, written, indent=1)
            written.flush()
            os.fsync(written.fileno())
    except FileExistsError:
        raise Failed(f"retention：{file.name} 已存在，不会覆盖；请另选文件名。") from None
    click.echo(f"已写出 {len(keys)} 把保管期密钥。鉴定销毁之后，请销毁旧的导出文件并重新导出。")


@retention.command("import", help="从导出文件装入保管期密钥；已有的不动。之后请运行 supervision rebuild。")
@click.argument("file", type=click.Path(path_type=Path))
@one_line_on_failure
def import_keys(file: Path) -> None:
    """Take in keys that were carried here. One that an event says is destroyed is refused."""
    from events.vocabulary.streams import period_key_id
    from supervision.sealing.retention import BadPeriodKey

    with _platform() as platform:
        try:
            table = json.loads(file.read_text("utf-8"))
            if (table["format"], table["origin"]) != (FORMAT, platform.settings.origin):
                raise Failed("retention：不是本平台的保管期密钥文件；请核对。")
            keys = {str(name): bytes.fromhex(key) for name, key in table["keys"].items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Failed("retention：密钥文件残缺或格式不对；请换另一份副本。") from None
        gone = [name for name in keys if platform.ledger.events_of(period_key_id(platform.settings.origin, name))]
        for name in gone:
            del keys[name]
        try:
            fresh = platform.retention.take_in(keys.items())
        except BadPeriodKey as problem:
            raise Failed(f"retention：{problem}") from None
    click.echo(f"已装入 {len(fresh)} 把保管期密钥。" + ("请运行 supervision rebuild 重建查询数据。" if fresh else ""))
    for name in gone:
        click.echo(f"{name} 已经鉴定销毁，没有装入；请销毁这份副本。")


@contextmanager
def _platform() -> Iterator[Platform]:
    from supervision.platform import Platform

    with closing(Platform(settings=settings.load())) as platform:
        yield platform
