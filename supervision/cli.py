"""The command line: set up, serve, import. What belongs to the log is in :mod:`supervision.cli_log`.

A failure is one clear line and exit status 1.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import click

from supervision import (
    cli_backup,
    cli_ceremony,
    cli_custodian,
    cli_founding,
    cli_log,
    cli_reshare,
    cli_shred,
    cli_superior,
    cli_witness,
    settings,
)
from supervision.cli_frame import Commands, Failed, one_line_on_failure


@click.group(cls=Commands, help="监督举报平台")
def main() -> None:
    """Entry point; SUPERVISION_HOME, SUPERVISION_DATABASE_URL and SUPERVISION_SITE come from the environment."""
    os.umask(0o077)  # whatever is written here is the owner's alone


main.add_command(cli_founding.init)
main.add_command(cli_ceremony.ceremony)
main.add_command(cli_custodian.custodian)
main.add_command(cli_custodian.gate)
cli_custodian.custodian.add_command(cli_ceremony.keygen)
cli_custodian.custodian.add_command(cli_superior.give_sealed)
cli_custodian.custodian.add_command(cli_reshare.of_custodians)
cli_ceremony.ceremony.add_command(cli_reshare.of_ceremony)
main.add_command(cli_log.verify)
main.add_command(cli_log.export_log)
main.add_command(cli_log.import_cosignature)
main.add_command(cli_log.rebuild)
main.add_command(cli_backup.backup)
main.add_command(cli_backup.restore)
main.add_command(cli_witness.witness)
main.add_command(cli_shred.shred)
main.add_command(cli_shred.retention)


@main.command(help="建立演示部署（虚构的云岫县），并打印演示账号。")
@click.option("--if-absent", is_flag=True, help="已有部署时不重建。")
@one_line_on_failure
def demo(if_absent: bool) -> None:
    """Build the demonstration in SUPERVISION_HOME."""
    from supervision.demonstration.build import ACCOUNTS, build

    home = settings.home_of()
    if (home / "settings.toml").exists():
        if not if_absent:
            raise Failed(f"demo：{home.name} 中已有部署；如需重建，请先移走该目录。")
    else:
        click.echo("正在建立演示部署（约半分钟）……")
        build(os.environ)
        cli_founding.print_remark()
    accounts = home / ACCOUNTS
    if accounts.exists():
        _print_accounts(json.loads(accounts.read_text("utf-8")))


def _print_accounts(table: dict[str, Any]) -> None:
    click.echo("\n演示账号（同 demo-accounts.json；仅供本机演示，未启用第二因素）：")
    for account in table["accounts"]:
        click.echo(
            f"  {account['place']:<10} {account['officer']:<14} {account['passphrase']:<20}"
            f" {account['name']}  {account['office']} · {account['role']}"
        )
    click.echo("")


@main.command(help="启动站点。")
@click.option("--site", type=click.Choice(settings.SITES), help="只启动一个站点；默认取 SUPERVISION_SITE 或全部。")
@click.option("--bind", default="127.0.0.1:8000", show_default=True, help="监听地址。")
@click.option("--workers", default=1, show_default=True, help="应答请求的进程数；后台工作另有一个进程。")
@click.option("--threads", default=8, show_default=True, help="每个进程的线程数。")
@one_line_on_failure
def serve(site: str | None, bind: str, workers: int, threads: int) -> None:
    """Serve until interrupted."""
    if site is not None:
        os.environ["SUPERVISION_SITE"] = site
    chosen = "witness" if settings.witness_home() else settings.load().site
    from supervision.web.serving import Server

    _print_addresses(chosen, bind)
    sys.argv = sys.argv[:1]  # gunicorn would read our options as its own
    Server(bind, workers, threads, chosen).run()


def _print_addresses(site: str, bind: str) -> None:
    places = {"public": "/", "console": "/console", "oversight": "/oversight", "witness": "/witness"}
    words = {"public": "举报与查询", "console": "办理工作台", "oversight": "监督审计", "witness": "上级机关"}
    for name, path in places.items():
        if site in ("all", name):
            click.echo(f"  {words[name]:<8} http://{bind}{path}")
    click.echo("按 Ctrl-C 结束。")


@main.command("import", help="导入举报件（JSON，格式见 docs/api.md）。")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="每件输出一行 JSON。")
@one_line_on_failure
def import_(file: Path, as_json: bool) -> None:
    """Load reports; the same file twice loads nothing twice."""
    from supervision.adoption import check_adopted
    from supervision.intake.import_schema import BadImport
    from supervision.intake.importer import import_file
    from supervision.platform import Platform

    platform = Platform(settings=settings.load())
    try:
        check_adopted(platform)
        import_file(platform, file, emit=lambda r: click.echo(r.to_json() if as_json else str(r)))
    except BadImport as problem:
        raise Failed(str(problem)) from None
    finally:
        platform.close()


@main.command(help="为另一业务系统发放服务令牌（只显示一次）；--revoke 撤销。")
@click.argument("name")
@click.option("--revoke", is_flag=True, help="撤销该名称的令牌。")
@one_line_on_failure
def token(name: str, revoke: bool) -> None:
    """Issue or revoke a service token of the API."""
    from supervision.intake.service_tokens import ServiceTokens, TokenNameTaken
    from supervision.platform import Platform

    platform = Platform(settings=settings.load())
    tokens = ServiceTokens(home=platform.settings.home, token_key=platform.console_secrets.token_key)
    if revoke:
        if not tokens.revoke(name):
            raise Failed(f"token：没有名为“{name}”的服务令牌。")
        click.echo("已撤销。")
        return
    try:
        click.echo(tokens.issue(name, platform.rng))
    except TokenNameTaken as problem:
        raise Failed(f"token：{problem}") from None
