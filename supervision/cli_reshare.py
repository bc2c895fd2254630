"""Commands of a change of custodians: ``ceremony reshare …`` at the county, ``custodian reshare …`` on the machines of
former and new custodians and relay officers, a file in and a file out.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from supervision.cli_frame import Commands, Failed, one_line_on_failure

if TYPE_CHECKING:  # --help loads none of this
    from supervision.platform import Platform
    from supervision.resharing.papers import Paper
    from supervision.resharing_table import Table
    from supervision.sealing.keys import KemPrivateKey
    from supervision.sealing.manifest import KeyManifest

_PATH = click.Path(path_type=Path)
_TABLE = click.option("--table", "directory", required=True, type=_PATH, help="reshare begin 写出的一批的目录。")
_MANIFEST = click.option("--manifest", required=True, type=_PATH, help="更换后的密钥清单文件。")
_PINNED = click.option(
    "--manifest-hash",
    "pinned",
    required=True,
    envvar="SUPERVISION_MANIFEST_HASH",
    help="该清单的哈希（64 位十六进制，抄自密钥仪式记录）；也可用 SUPERVISION_MANIFEST_HASH 给出。",
)
_KEY = click.option("--key", required=True, type=_PATH, help="您的私钥文件；原保管人用原来的那一把。")
_OUT = click.option("--out", required=True, type=_PATH, help="答复写入此文件（不得已存在）。")
_YES = click.option("--yes", is_flag=True, help="不再询问（已另行核对过）。")
_REQUEST = click.argument("request", type=_PATH)


# -- the ceremony ----------------------------------------------------------------------------------------------------


@click.group("reshare", cls=Commands, help="更换保管人、联络员之后，由原来的人把各自的份额分给新的人；原份额随即销毁。")
def of_ceremony() -> None:
    """These need SUPERVISION_HOME. The new manifest has been adopted before."""


@of_ceremony.command(help="列出需要交接的数据密钥，每批一个目录，写出给各原保管人的材料。")
@click.option("--out", required=True, type=_PATH, help="写入此目录。")
@one_line_on_failure
def begin(out: Path) -> None:
    """Nothing changes yet."""
    from supervision.resharing.holders import GROUP_WORDS
    from supervision.resharing_table import begin as lay

    with _platform() as platform:
        tables = lay(platform.desk, out)
    for table in tables:
        change = table.change
        who = f"第 {change.before.epoch} 版清单的{GROUP_WORDS[change.group]}"
        click.echo(f"{table.directory.name}：{who}，共 {change.size} 把数据密钥，待以下各人交出份额：")
        for holder in table.waiting():
            click.echo(f"  {holder.name}  deal-{holder.id}.request")
    if not tables:
        click.echo("没有需要交接的份额：全部由现行密钥清单中的人保管。")
        return
    click.echo(
        "请把材料交给本人，在各自的机器上运行 supervision custodian reshare deal，再以 reshare collect 收回答复。"
    )


@of_ceremony.command(help="收下原保管人或者新保管人的答复。")
@_TABLE
@click.argument("answers", nargs=-1, required=True, type=_PATH)
@one_line_on_failure
def collect(directory: Path, answers: tuple[Path, ...]) -> None:
    """Each is checked when it comes; the same one twice is harmless."""
    with _table(directory) as (_, table):
        for path in answers:
            holder, statement = table.collect(path.read_bytes())
            click.echo(f"已收下{holder.name}的答复，指纹 {_fingerprint(statement)}（请本人核对）。")
        left = table.waiting()
    click.echo(f"还差：{'、'.join(one.name for one in left)}" if left else "全部答复已收齐。")


@of_ceremony.command("hand-out", help="原保管人的答复收齐后，写出给各新保管人的材料。此后不再收原保管人的答复。")
@_TABLE
@click.option("--unchecked", is_flag=True, help="只有 M 名原保管人参加，无从互相核对，仍然继续。")
@one_line_on_failure
def hand_out(directory: Path, unchecked: bool) -> None:
    """All new holders have to take part."""
    with _table(directory) as (_, table):
        table.hand_out(unchecked=unchecked)
        for holder in table.waiting():
            click.echo(f"  {holder.name}  take-{holder.id}.request")
    click.echo(
        "请把材料交给本人，在各自的机器上运行 supervision custodian reshare take，再以 reshare collect 收回答复。"
    )


@of_ceremony.command(help="核对各人的答复互相一致，逐件写入日志：新份额生效，原份额销毁。中断后再次运行即可。")
@_TABLE
@click.option("--ceremony-key", "key", required=True, type=_PATH, help="密钥仪式的私钥文件。")
@one_line_on_failure
def finish(directory: Path, key: Path) -> None:
    """Each report is one transaction. Then the table is cleared."""
    from supervision.casework.resharing import record
    from supervision.founding import ceremony_stamp
    from supervision.key_files import read_seed
    from supervision.sealing.keys import SigningKey

    signer = SigningKey(read_seed(key))
    with _table(directory) as (platform, table):
        if signer.public_key != platform.manifest.ceremony:
            raise Failed("reshare finish：这把私钥不是密钥仪式的私钥；请用仪式密钥保管人手中的那一把。")
        worked = table.worked()
        count = record(platform.desk, signer, ceremony_stamp(platform), worked)
        table.clear()
    checked = "各原保管人的份额互相核对一致" if len(worked.dealers) > worked.change.former[1] else "未经互相核对"
    click.echo(f"已交接 {count} 把数据密钥（{checked}），原份额已从保管库销毁。")
    click.echo("请各人销毁带出的材料和答复；此前的数据库备份按保管规定销毁，其中仍有原份额。")


# -- former and new holders --------------------------------------------------------------------------------------


@click.group(
    "reshare", cls=Commands, help="份额交接：原保管人在自己的机器上分出份额，新保管人在自己的机器上合成新份额。"
)
def of_custodians() -> None:
    """Nothing is read but the files that are named; relay officers use these, too."""


@of_custodians.command(help="核对材料，用文字列出由谁交给谁。")
@_MANIFEST
@_PINNED
@_REQUEST
@one_line_on_failure
def show(manifest: Path, pinned: str, request: Path) -> None:
    """Exit status 1 where anything does not hold."""
    _print(_request(request), _manifest(manifest, pinned))


@of_custodians.command(help="原保管人：核对并确认后，把自己的份额分给密钥清单中的新保管人，写入答复文件。")
@_KEY
@_MANIFEST
@_PINNED
@_OUT
@_YES
@_REQUEST
@one_line_on_failure
def deal(key: Path, manifest: Path, pinned: str, out: Path, yes: bool, request: Path) -> None:
    """His share goes to nobody who is not in the pinned manifest."""
    import secrets

    from supervision.resharing import holders

    paper, trusted = _request(request), _manifest(manifest, pinned)
    _print(paper, trusted)
    _confirm("确认把您的份额分给上列新保管人吗？", yes)
    _write(out, holders.deal(paper, trusted, _private(key), secrets.token_bytes))


@of_custodians.command(help="新保管人：把各原保管人分给自己的合成新份额，只封给自己，写入答复文件。")
@_KEY
@_MANIFEST
@_PINNED
@_OUT
@_REQUEST
@one_line_on_failure
def take(key: Path, manifest: Path, pinned: str, out: Path, request: Path) -> None:
    """What comes out opens nothing by itself."""
    from supervision.resharing import holders

    paper, trusted = _request(request), _manifest(manifest, pinned)
    _print(paper, trusted)
    _write(out, holders.take(paper, trusted, _private(key)))


@of_custodians.command(help="答复不合时查明是谁：在他人见证下，用本程序和本人私钥重算，看与当时的答复是否一致。")
@_KEY
@_MANIFEST
@_PINNED
@click.option("--answer", required=True, type=_PATH, help="当时交出的答复文件。")
@_REQUEST
@one_line_on_failure
def check(key: Path, manifest: Path, pinned: str, answer: Path, request: Path) -> None:
    """An honest one can always clear himself; exit status 1 for another."""
    from supervision.resharing import holders
    from supervision.resharing.papers import DEAL, DEAL_REQUEST, TAKEN, Paper

    paper, trusted = _request(request), _manifest(manifest, pinned)
    former = paper.kind == DEAL_REQUEST
    given = Paper.parse(answer.read_bytes(), DEAL if former else TAKEN)
    same = (holders.check_deal if former else holders.check_taken)(paper, trusted, _private(key), given)
    if not same:
        raise Failed("答复与用本人私钥重算的结果不一致：它不是本程序如实生成的。")
    click.echo("答复与用本人私钥重算的结果一致，如实无误。")


# -- what they share -------------------------------------------------------------------------------------------------


@contextmanager
def _platform() -> Iterator[Platform]:
    from supervision import settings
    from supervision.adoption import check_adopted
    from supervision.platform import Platform

    with closing(Platform(settings=settings.load(os.environ))) as platform:
        check_adopted(platform)
        yield platform


@contextmanager
def _table(directory: Path) -> Iterator[tuple[Platform, Table]]:
    from supervision.resharing_table import Table

    with _platform() as platform:
        yield platform, Table.read(directory, platform.manifests, platform.manifest.hash)


def _request(path: Path) -> Paper:
    from supervision.resharing.papers import DEAL_REQUEST, TAKE_REQUEST, Paper

    return Paper.parse(path.read_bytes(), DEAL_REQUEST, TAKE_REQUEST)


def _print(paper: Paper, manifest: KeyManifest) -> None:
    from supervision.resharing.holders import describe

    for line in describe(paper, manifest):
        click.echo(line)


def _write(out: Path, answer: Paper) -> None:
    from supervision.key_files import write_new

    write_new(out, answer.encode())
    click.echo(f"已写出 {out.name}，指纹 {_fingerprint(answer.statement())}（请记下）；请交回密钥仪式。")


def _confirm(question: str, yes: bool) -> None:
    if not yes and not click.confirm(question, default=False):
        raise Failed("已取消，没有写出任何文件。")


def _manifest(path: Path, pinned: str) -> KeyManifest:
    from supervision.openings.gate_home import read_manifest

    return read_manifest(path, pinned)


def _private(path: Path) -> KemPrivateKey:
    from supervision.openings.gate_home import read_key

    return read_key(path)


def _fingerprint(statement: str) -> str:
    from supervision.sealing.wording import fingerprint

    return fingerprint(statement)
