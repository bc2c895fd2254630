"""Commands of the superior's witness: set it up, copy tiles that are carried by hand, say how it stands."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

import click

from supervision import settings
from supervision.cli_frame import Commands, Failed, one_line_on_failure

if TYPE_CHECKING:  # --help loads none of this
    from supervision.witnessing.home import KnownLog
    from supervision.witnessing.service import WitnessService
    from supervision.witnessing.tile_copy import TileCopy


@click.group("witness", cls=Commands, help="上级见证站：建立、复制日志、查看状态。")
def witness() -> None:
    """SUPERVISION_HOME is the home of the witness; in the demonstration also that of the county."""


@witness.command(help="建立见证站的目录和密钥，打印公钥和应写入县级 witnesses.policy 的一行。")
@click.option(
    "--dir", "directory", required=True, type=click.Path(path_type=Path), help="见证站的目录，须为空或不存在。"
)
@click.option("--name", required=True, help="见证密钥的名称，例如 witness.city.example/supervision。")
@click.option("--log", "vkey", required=True, help="所见证日志的公钥（县级 witnesses.policy 中 log 一行）。")
@click.option("--log-url", default="", help="取日志散列的网址，例如 https://yunxiu.example/log；靠人携带的不填。")
@click.option("--url", default="", help="县级向本站提交检查点的网址，只用于打印那一行。")
@click.option("--key", type=click.Path(path_type=Path), help="密钥仪式交来的见证私钥文件；不填则新生成。")
@click.option("--token", type=click.Path(path_type=Path), help="县级交来的读取令牌文件（superior-log-reader.token）。")
@click.option("--title", default="", help="网页上的名称，例如 市纪委监委见证站。")
@click.option("--complaints", default="", help="找不到回执的人向哪里反映：单位、地址、电话。")
@one_line_on_failure
def init(
    directory: Path,
    name: str,
    vkey: str,
    log_url: str,
    url: str,
    key: Path | None,
    token: Path | None,
    title: str,
    complaints: str,
) -> None:
    """Make the home of a witness."""
    import secrets

    from events.note import NoteError, NoteVerifier
    from supervision.sealing.keys import SigningKey
    from supervision.witnessing.home import KnownLog, WitnessHome, check_address, is_home, write_home
    from supervision.witnessing.service import WitnessService

    if is_home(directory) or (directory.exists() and any(directory.iterdir())):
        raise Failed(f"witness init：{directory.name} 中已有内容；请另选目录。")
    check_address(log_url)
    seed = _secret(key) if key else secrets.token_bytes(32)
    try:
        log = KnownLog(key=NoteVerifier.from_vkey(vkey), url=log_url)
        home = WitnessHome(
            directory=directory,
            name=name,
            title=title or name,
            complaints=complaints,
            logs=(log,),
            signer=SigningKey(seed),
            tokens={log.origin: _secret(token)} if token else {},
        )
        public = home.key.vkey()
    except NoteError as problem:
        raise Failed(f"witness init：{problem}；请核对 --name 和 --log。") from None
    write_home(home, seed)
    WitnessService.found(home)
    click.echo(f"见证公钥：{public}")
    click.echo("县级 witnesses.policy 中应有这两行：")
    click.echo(f"  witness superior {public} {url}".rstrip())
    click.echo("  quorum superior")


def _secret(path: Path) -> bytes:
    try:
        secret = bytes.fromhex(path.read_text("ascii").strip())
    except (ValueError, UnicodeDecodeError):
        secret = b""
    if len(secret) != 32:
        raise Failed(f"witness init：{path.name} 应为 64 位十六进制数。")
    return secret


@witness.command(help="复制日志的散列并逐一核对；--from 给出导出目录（export-log）或网址。")
@click.option("--from", "source", default="", help="导出目录或网址；不填则用 witness.toml 中的 url。")
@click.option("--origin", default="", help="哪个日志；只登记了一个的不填。")
@click.option("--anew", is_flag=True, help="全部重新复制，例如副本损坏之后。")
@one_line_on_failure
def mirror(source: str, origin: str, anew: bool) -> None:
    """Copy the tiles of what was cosigned. The checkpoint of an export is cosigned first, where it has grown."""
    from events.tiles import TileError
    from supervision.witnessing.fetching import LogAddress
    from supervision.witnessing.home import check_address
    from supervision.witnessing.tile_copy import TileCopy

    service = _service()
    log = _log(service, origin)
    try:
        if source and Path(source).is_dir():
            export = TileCopy(Path(source))
            _cosign(service, log, export)
            size = service.mirror(log, export.read, up_to=export.size, anew=anew)
        else:
            check_address(source)
            address = LogAddress(source, service.home.tokens.get(log.origin, b"")).fetch if source else None
            fetch = address or service.source(log)
            if fetch is None:
                raise Failed("witness mirror：witness.toml 中没有这个日志的 url；请用 --from 给出导出目录。")
            size = service.mirror(log, fetch, anew=anew)
    except TileError as problem:
        raise Failed(f"witness mirror：{problem}；没有采用，副本仍是原来的。") from None
    except OSError as problem:
        raise Failed(f"witness mirror：{problem}；请核对后重试。") from None
    click.echo(f"副本齐全：{size} 条。")


def _cosign(service: WitnessService, log: KnownLog, export: TileCopy) -> None:
    """Print the cosignature, to be carried back, or end with what speaks against it."""
    answer = service.cosign_from(log, export)
    said = answer.body.decode().rstrip("\n")
    if answer.status == HTTPStatus.OK:
        click.echo(said)
    elif answer.status != HTTPStatus.BAD_REQUEST:  # which an older export gets: there is nothing new to cosign
        raise Failed(f"witness mirror：不能联署目录中的检查点：{said}；已留存备查。")


@witness.command(help="查看每个日志的联署、副本和证据，并重新核对副本。")
@one_line_on_failure
def status() -> None:
    """Say how each log stands; exit status 1 where something speaks against a log or the copy is damaged."""
    from events.tiles import TileError
    from supervision.witnessing.state import WORDS

    service = _service()
    wrong = False
    click.echo(f"{service.home.title}  {service.home.key.vkey()}")
    for log in service.home.logs:
        standing = service.standing(log)
        latest = standing.latest
        cosigned = f"已联署 {latest.size} 条，{_moment(latest.timestamp)}" if latest else "还没有联署"
        click.echo(f"{log.origin}：{cosigned}；副本 {standing.copied} 条")
        if standing.attempt and standing.attempt.problem:
            click.echo(f"  {_moment(standing.attempt.tried_at)} 复制未成：{standing.attempt.problem}")
        for kept in standing.evidence:
            wrong = True
            click.echo(f"  {_moment(kept.kept_at)} {WORDS[kept.evidence.kind]}：大小 {kept.evidence.size}")
        try:
            service.copy_of(log).check()
        except TileError as problem:
            wrong = True
            click.echo(f"  副本已损坏：{problem}；请运行 supervision witness mirror --anew")
    if wrong:
        raise Failed("witness status：有需要处理的问题，见上。")


def _service() -> WitnessService:
    from supervision.witnessing.founding import DEMONSTRATION
    from supervision.witnessing.home import is_home
    from supervision.witnessing.service import open_service

    home = settings.home_of()
    return open_service(home / DEMONSTRATION if is_home(home / DEMONSTRATION) else home)


def _log(service: WitnessService, origin: str) -> KnownLog:
    found = [log for log in service.home.logs if origin in ("", log.origin)]
    if len(found) != 1:
        names = "、".join(log.origin for log in service.home.logs) or "无"
        raise Failed(f"witness mirror：请用 --origin 指明日志（登记的有：{names}）。")
    return found[0]


def _moment(seconds: int) -> str:
    from supervision.business_time import SHANGHAI

    return datetime.fromtimestamp(seconds, SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
