"""Commands about the log: verify it, export it as tiles, rebuild from it what people look at."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from supervision import settings
from supervision.cli_frame import Failed, one_line_on_failure

if TYPE_CHECKING:
    from events.verify import Attested
    from supervision.platform import Platform
    from supervision.receipt_checks import Hours, Proven
    from supervision.sealing.receipt import ReceiptCode
    from supervision.verifying import LogVerified

YEAR = timedelta(days=366)
PROGRESS_EVERY = 1000
LONGEST_CODE = 200
"""Characters of a code with everything that people put between its digits."""

TOKEN_BYTES = 32
STDIN = Path("-")


@click.command(help="从日志重建查询用的数据。")
@one_line_on_failure
def rebuild() -> None:
    """Drop the read models and build them anew from the first event."""
    from supervision.projecting import make_runner

    with _platform() as platform:
        make_runner(platform).rebuild()
        click.echo(f"已重建，至第 {platform.ledger.head()} 条事件。")


@click.command("export-log", help="把日志的检查点、瓦片和条目包写成静态网站目录（不含内容）。")
@click.argument("directory", type=click.Path(path_type=Path))
@one_line_on_failure
def export_log(directory: Path) -> None:
    """Write the log as static files that any tlog-tiles client can check."""
    from supervision.exporting import export_log as export

    with _platform() as platform:
        exported = export(platform, directory)
    click.echo(f"已导出前 {exported.checkpoint.size} 条的检查点、瓦片和条目包。")
    if not exported.countersigned:
        click.echo("注意：此检查点尚未得到规定数量的见证人联署。")


@click.command(
    "import-cosignature", help="收下见证人对导出检查点的联署（带回的文件，- 为标准输入），与网上取得的一样保存。"
)
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@one_line_on_failure
def import_cosignature(file: Path) -> None:
    """Keep what ``witness mirror --from`` printed, if a witness of the policy signed it; all of it or nothing."""
    from supervision.checkpointing.carried import NotAccepted, import_cosignatures
    from supervision.log_source import MAX_BYTES, SourceError, read_file

    try:
        data = sys.stdin.buffer.read(MAX_BYTES) if file == STDIN else read_file(file)
        with _platform() as platform:
            kept = import_cosignatures(platform, data)
    except (NotAccepted, SourceError) as problem:
        raise Failed(f"import-cosignature：{problem}") from None
    for witness, size in kept:
        click.echo(f"已收下 {witness.name} 对前 {size} 条的联署。")


@click.command(
    help="核验日志：签名、散列树、检查点、联署、保管库。\n\n"
    "--code 核验一张回执（32 位查询码从标准输入读取）；--receipt 脱机核验证明文件。"
)
@click.option("--projections", is_flag=True, help="另把查询用的数据与日志逐行核对。")
@click.option("--against", metavar="目录或网址", help="另与他处（如上级见证站）保存的检查点核对。")
@click.option("--code", "with_code", is_flag=True, help="从标准输入读查询码，查找其回执。")
@click.option("--tiles", metavar="目录或网址", help="在此处的瓦片中查找，而不是本机数据库。")
@click.option(
    "--token",
    type=click.Path(path_type=Path, allow_dash=True),
    help="读取令牌文件，用于 --tiles、--against 的网址（不给时只能看到对外公布的部分）；- 为标准输入的第一行。",
)
@click.option("--receipt", type=click.Path(path_type=Path), help="证明文件（tlog-proof）。")
@click.option("--keys", type=click.Path(path_type=Path), help="日志和见证人的公钥（tlog-policy）。")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="回执不早于此日；默认一年以前，本机数据库则为全部。")
@one_line_on_failure
def verify(
    projections: bool,
    against: str | None,
    with_code: bool,
    tiles: str | None,
    token: Path | None,
    receipt: Path | None,
    keys: Path | None,
    since: datetime | None,
) -> None:
    """Recompute what the log claims; exit status 1 with the first bad position."""
    about_one = with_code or receipt is not None
    if about_one and (projections or against is not None):
        raise Failed("verify：--code、--receipt 只核验一张回执，不能与 --projections、--against 同用。")
    if (tiles is not None and (not with_code or receipt is not None)) or (since is not None and not with_code):
        raise Failed("verify：--tiles、--since 只与 --code 同用；证明文件（--receipt）不需要瓦片。")
    if (tiles is not None or receipt is not None) and keys is None:
        raise Failed("verify：请用 --keys 给出日志和见证人的公钥文件；公钥应取自上级机关，不取自被核验的一方。")
    if keys is not None and not about_one and against is None:
        raise Failed("verify：--keys 须与 --against、--tiles 或 --receipt 同用。")
    if token is not None and "://" not in (tiles or against or ""):
        raise Failed("verify：--token 只用于 --tiles 或 --against 所给的网址。")
    with _said_in_one_line():
        shown = _read_token(token) if token is not None else b""
        if receipt is not None and keys is not None:
            _verify_receipt(receipt, keys, since, with_code)
        elif tiles is not None and keys is not None:
            _verify_code_in_tiles(tiles, shown, keys, since)
        elif with_code:
            _verify_code_in_database(keys, since)
        else:
            _verify_database(projections, against, shown, keys)


# --- The whole log -------------------------------------------------------------------------------------


def _verify_database(projections: bool, against: str | None, token: bytes, keys: Path | None) -> None:
    from supervision.comparing import compare_projections
    from supervision.verifying import verify_platform

    with _platform() as platform:
        said = [_brought(platform, against, token, keys)] if against is not None else []
        with _progress() as progress:
            found = verify_platform(platform, against=said, progress=progress)
        for line in _summary(found):
            click.echo(line)
        if said:
            click.echo(f"与所给的检查点（{said[0].size} 条）一致。")
        if projections:
            click.echo(f"查询用的数据与日志一致：{compare_projections(platform)} 行。")


def _brought(platform: Platform, place: str, token: bytes, keys: Path | None) -> Attested:
    """What a witness, or anybody who kept a checkpoint of this log, says of it."""
    from events.policy import PolicyError
    from events.verify import Attested
    from supervision.log_source import opened, read_keys
    from supervision.verifying import policy_of

    policy = read_keys(keys) if keys is not None else policy_of(platform)
    with opened(place, token) as source:
        signed = policy.open_signed(source.note)
    if signed.checkpoint.origin != platform.settings.origin:
        raise PolicyError(f"所给的检查点属于另一个日志（{signed.checkpoint.origin}）")
    if policy.witnesses and not signed.cosigned_at:
        raise PolicyError("所给的检查点没有任何已知见证人的联署")
    tree = signed.checkpoint
    return Attested(tree.size, tree.root, "所给检查点中", tuple(signed.timestamps))


def _summary(found: LogVerified) -> Iterator[str]:
    verified, said = found.verified, found.said
    yield f"核验通过：{verified.count} 条事件，根 {verified.root.hex()}"
    names = {"officer": "经办人", "reporter": "举报人", "service": "服务与密钥仪式"}
    parts = "，".join(f"{name} {verified.signatures.get(kind, 0)}" for kind, name in names.items())
    yield f"签名 {sum(verified.signatures.values())} 个：{parts}"
    if said.last is None:
        yield "检查点：日志尚未签署过检查点"
    else:
        yield f"检查点 {said.checkpoints} 个，最后一个至第 {said.last.size} 条，根 {said.last.root.hex()}"
    if not found.quorum:
        yield "联署：没有见证策略（witnesses.policy），只有日志自己的签名，联署未核验"
        return
    yield f"联署 {said.cosignatures} 个；" + (
        f"规定数量的见证人已联署至第 {said.witnessed} 条" if said.witnessed else "尚无检查点得到规定数量的见证人联署"
    )
    if said.strangers:
        yield f"另有 {said.strangers} 个联署的见证人不在策略中，未核验"


@contextmanager
def _progress() -> Iterator[Callable[[int], None] | None]:
    """Counts on a terminal, and there alone."""
    if not sys.stderr.isatty():
        yield None
        return

    def show(position: int) -> None:
        if position % PROGRESS_EVERY == 0:
            click.echo(f"\r已核验 {position} 条", nl=False, err=True)

    try:
        yield show
    finally:
        click.echo("\r\033[K", nl=False, err=True)


# --- One receipt -----------------------------------------------------------------------------------------


def _verify_receipt(receipt: Path, keys: Path, since: datetime | None, with_code: bool) -> None:
    from supervision.log_source import read_file, read_keys
    from supervision.receipt_checks import check_receipt

    policy, file = read_keys(keys), read_file(receipt)
    code = _read_code() if with_code else None
    _tell("证明有效：", check_receipt(file, policy, code, _hours(since)))
    if code is None:
        click.echo("证明所指的是哪一张回执，须由查询码核对（--code）。")


def _verify_code_in_tiles(tiles: str, token: bytes, keys: Path, since: datetime | None) -> None:
    from supervision.log_source import opened, read_keys
    from supervision.receipt_checks import check_code

    policy = read_keys(keys)
    with opened(tiles, token) as source:
        _tell("找到：", check_code(_read_code(), source.fetch, source.note, policy, _hours(since)))


def _verify_code_in_database(keys: Path | None, since: datetime | None) -> None:
    from supervision.log_source import read_keys
    from supervision.receipt_checks import check_code
    from supervision.verifying import policy_of, tiles_of_database

    with _platform() as platform:
        policy = read_keys(keys) if keys is not None else policy_of(platform)
        source, witnessed = tiles_of_database(platform, policy)
        first = platform.log.entries(1, 1)
        hours = _hours(since, first[0].entry.recorded_at if first else None)
        _tell("找到：", check_code(_read_code(), source.fetch, source.note, witnessed, hours))
        if witnessed is not policy:
            click.echo("暂时的结果：尚无检查点得到规定数量的见证人联署。")


def _tell(found: str, proven: Proven) -> None:
    first, *more = proven.lines()
    click.echo(found + first)
    for line in more:
        click.echo(line)


def _read_code() -> ReceiptCode:
    """The 32 digits from standard input; on a terminal they are not shown. Raises MistypedCode."""
    from supervision.sealing.receipt import ReceiptCode

    return ReceiptCode.parse(_read_line("查询码（不显示）：")[:LONGEST_CODE])


def _read_token(path: Path) -> bytes:
    """The token as it was handed over: 64 hexadecimal digits, or the first line of standard input."""
    from supervision.log_source import read_file

    try:
        token = bytes.fromhex(_read_line("读取令牌（不显示）：") if path == STDIN else read_file(path).decode("ascii"))
    except ValueError:
        token = b""
    if len(token) != TOKEN_BYTES:
        raise Failed("verify：读取令牌应为 64 位十六进制数；请用县级交来的令牌文件（superior-log-reader.token）。")
    return token


def _read_line(prompt: str) -> str:
    """A secret line from standard input; on a terminal it is not shown."""
    from getpass import getpass

    if sys.stdin.isatty():
        return getpass(prompt)
    return sys.stdin.buffer.readline(4 * LONGEST_CODE).decode("utf-8", "replace").strip()


def _hours(since: datetime | None, default: int | None = None) -> Hours:
    from supervision import business_time
    from supervision.receipt_checks import Hours

    now = business_time.now()
    if since is not None:
        first = int(since.replace(tzinfo=business_time.SHANGHAI).timestamp())
    else:
        first = int((now - YEAR).timestamp()) if default is None else default
    until = int(now.timestamp())
    if not 0 <= first <= until:
        raise Failed("verify：--since 应在 1970 年之后、今天之前。")
    return Hours(first, until)


# --- In common -------------------------------------------------------------------------------------------


@contextmanager
def _platform() -> Iterator[Platform]:
    from supervision.platform import Platform

    with closing(Platform(settings=settings.load())) as platform:
        yield platform


@contextmanager
def _said_in_one_line() -> Iterator[None]:
    """Turn what a verification finds, and what is too damaged to be verified, into one line."""
    from events.checkpoint import CheckpointError
    from events.merkle import ProofError, TreeError
    from events.note import NoteError
    from events.policy import PolicyError
    from events.tiles import TileError
    from events.verify import Fault
    from projections.store import NotReady, Superseded
    from supervision.comparing import RowsDiffer
    from supervision.log_source import SourceError
    from supervision.receipt_checks import NotProven

    try:
        yield
    except (Fault, CheckpointError, ProofError, TreeError, NoteError, PolicyError, TileError, NotProven) as problem:
        raise Failed("核验不通过：" + " ".join(str(problem).split())) from None
    except (RowsDiffer, SourceError, NotReady, Superseded) as problem:
        raise Failed(" ".join(str(problem).split())) from None
