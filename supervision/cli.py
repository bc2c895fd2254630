"""The command line: set up, serve, import, verify, rebuild. A failure is one clear line and exit status 1."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

import click

from supervision import settings
from supervision.failures import expected, line_of


class Failed(click.ClickException):
    """One line on standard error, exit status 1."""

    def show(self, file: Any = None) -> None:
        click.echo(self.message, err=True)


def one_line_on_failure(command: Callable[..., None]) -> Callable[..., None]:
    """Turn the failures that a person can do something about into one line."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except expected() as problem:
            raise Failed(line_of(problem)) from None

    return run


class Commands(click.Group):
    """The commands; a call that is not understood is answered like any other failure."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        with _understood():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        with _understood():
            return super().invoke(ctx)


@contextmanager
def _understood() -> Iterator[None]:
    """Click would print the usage and end with 2."""
    try:
        yield
    except click.exceptions.NoArgsIsHelpError as bare:
        click.echo(bare.format_message())
        raise click.exceptions.Exit(0) from None
    except click.UsageError as wrong:
        path = wrong.ctx.command_path if wrong.ctx else "supervision"
        raise Failed(f"{path}：用法不对（{wrong.format_message()}）；用法见 {path} --help。") from None


@click.group(cls=Commands, help="监督举报平台")
def main() -> None:
    """Entry point; SUPERVISION_HOME, SUPERVISION_DATABASE_URL and SUPERVISION_SITE come from the environment."""
    os.umask(0o077)  # whatever is written here is the owner's alone


@main.command(help="按计划目录举行密钥仪式，建立部署；--example 写出计划样例。")
@click.option("--plan", type=click.Path(path_type=Path), help="计划目录。")
@click.option("--example", type=click.Path(path_type=Path), help="把计划样例写入此目录后结束。")
@one_line_on_failure
def init(plan: Path | None, example: Path | None) -> None:
    """Found a deployment in SUPERVISION_HOME."""
    from supervision.founding_plan import found, read_plan

    if example is not None:
        _write_example(example)
        return
    if plan is None:
        raise Failed("init：请用 --plan 给出计划目录；样例见 supervision init --example 目录。")
    codes = found(read_plan(plan), os.environ)
    click.echo("已建立部署。一次性启用码只显示这一次，请分别交给本人：")
    for officer, code in codes.items():
        click.echo(f"  {officer}  {code}")
    click.echo("handover 目录中的私钥请分别移交持有人，然后从本机删除。")


def _write_example(folder: Path) -> None:
    from supervision.demonstration.county import PLAN_FILES, plan_text

    folder.mkdir(parents=True, exist_ok=True)
    for name in PLAN_FILES:
        if (folder / name).exists():
            raise Failed(f"init：{name} 已存在；请另选目录。")
        (folder / name).write_text(plan_text(name), "utf-8")
    click.echo("已写出计划样例（虚构的云岫县）；请全部改为本县情况后使用，尤其是 demonstration 一行须删除。")


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
@click.option("--workers", default=1, show_default=True, help="进程数。")
@click.option("--threads", default=8, show_default=True, help="每个进程的线程数。")
@one_line_on_failure
def serve(site: str | None, bind: str, workers: int, threads: int) -> None:
    """Serve until interrupted."""
    if site is not None:
        os.environ["SUPERVISION_SITE"] = site
    chosen = settings.load()
    from supervision.web.serving import Server

    _print_addresses(chosen.site, bind)
    sys.argv = sys.argv[:1]  # gunicorn would read our options as its own
    Server(bind, workers, threads).run()


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
    from supervision.intake.import_schema import BadImport
    from supervision.intake.importer import import_file
    from supervision.platform import Platform

    platform = Platform(settings=settings.load())
    try:
        import_file(platform, file, emit=lambda r: click.echo(r.to_json() if as_json else str(r)))
    except BadImport as problem:
        raise Failed(str(problem)) from None
    finally:
        platform.close()


@main.command(help="从日志重建查询用的数据。")
@one_line_on_failure
def rebuild() -> None:
    """Drop the read models and build them anew from the first event."""
    from supervision.platform import Platform
    from supervision.projecting import make_runner

    with closing(Platform(settings=settings.load())) as platform:
        make_runner(platform).rebuild()
        click.echo(f"已重建，至第 {platform.ledger.head()} 条事件。")


@main.command(help="核验日志：签名、散列树、检查点、保管库。")
@one_line_on_failure
def verify() -> None:
    """Recompute what the log claims; exit status 1 with the first bad position."""
    from events.verify import Fault
    from supervision.platform import Platform
    from supervision.verifying import verify_platform

    platform = Platform(settings=settings.load())
    try:
        verified = verify_platform(platform)
    except Fault as fault:
        raise Failed(f"核验不通过：{fault}") from None
    finally:
        platform.close()
    click.echo(f"核验通过：{verified.count} 条事件，根 {verified.root.hex()}")


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
