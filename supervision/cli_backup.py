"""Commands for the day when the machine is gone: back up log and custody, restore them into an empty deployment."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import click

from supervision import settings
from supervision.cli_frame import Failed, one_line_on_failure


@click.command(help="备份：日志（永久保存）和保管库（短期、分开保存）各写一个文件到此目录。")
@click.argument("directory", type=click.Path(path_type=Path))
@one_line_on_failure
def backup(directory: Path) -> None:
    """Write both files; the platform may go on serving."""
    from supervision.backing_up import CUSTODY, LOG, BadBackup, back_up
    from supervision.platform import Platform

    try:
        with closing(Platform(settings=settings.load())) as platform:
            size = back_up(platform, directory)
    except BadBackup as problem:
        raise Failed(str(problem)) from None
    click.echo(f"已备份至第 {size} 条事件：{LOG} 请永久保存；{CUSTODY} 请分开存放，有了新备份后删除旧的。")
    click.echo("保管期密钥不在备份中，没有它打不开封存内容；请用 supervision retention export 另行保存。")


@click.command(help="把备份恢复到空的数据库和没有密封文件的 home，核验通过后才算完成。")
@click.argument("directory", type=click.Path(path_type=Path))
@one_line_on_failure
def restore(directory: Path) -> None:
    """Nothing is overwritten; a backup that does not verify, or that is behind what was signed, is refused."""
    from events.verify import Fault
    from supervision.backing_up import BadBackup
    from supervision.backing_up import restore as put_back
    from supervision.database_owner import ownership
    from supervision.platform import Platform

    try:
        with closing(Platform(settings=settings.load())) as platform:
            size = put_back(platform, directory, ownership(os.environ))
    except BadBackup as problem:
        raise Failed(str(problem)) from None
    except Fault as fault:
        raise Failed(f"restore：备份核验不通过（{fault}）；请换一份备份。") from None
    click.echo(f"已恢复并核验至第 {size} 条事件，查询数据已重建。")
    click.echo("保管期密钥不在备份中；请用 supervision retention import 装入另存的副本，再运行 rebuild。")
