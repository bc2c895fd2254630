"""Commands on the superior's side: sealed reports that were carried to him, and his custodians' part in them.

They work on the witness's home, with its key, and need neither the county's platform nor a network.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

from supervision import settings
from supervision.cli_frame import Failed, one_line_on_failure
from supervision.cli_witness import witness

if TYPE_CHECKING:  # --help loads none of this
    from events.policy import Policy
    from supervision.sealed_archive.archive import Archive
    from supervision.sealed_archive.package import Package
    from supervision.sealed_archive.reading import Reading, SealedContent
    from supervision.sealed_archive.unlocking import Unlocking
    from supervision.witnessing.home import WitnessHome

DIRECTORY = "sealed"
"""Under the witness's home."""

_REPORT = click.argument("report")
_KEY = click.option("--key", required=True, type=click.Path(path_type=Path), help="上级内容密钥的私钥文件。")
_MAY_KNOW = click.option(
    "--principal-may-know", is_flag=True, help="同意县级把“收到过一件径送件”告知其主要负责人；反映他本人的不要加。"
)


@witness.command("import-sealed", help="核对县级携送的密件，入档，并写出签收文件带回县级。")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--ack", required=True, type=click.Path(path_type=Path), help="签收文件写入此处（不得已存在）。")
@_MAY_KNOW
@one_line_on_failure
def import_sealed(file: Path, ack: Path, principal_may_know: bool) -> None:
    """Verify, keep, acknowledge, in this order."""
    home = _home()
    if ack.exists():
        raise Failed(f"{ack.name} 已存在；请另取文件名。")
    package = _archive(home).take_in(file, _policy(home), home.signer.public_key)
    _acknowledge(home, package, ack, principal_may_know)
    click.echo(f"已入档：{package.number}（受理号 {package.received.reference}），签收文件 {ack.name} 请带回县级。")


@witness.command("acknowledge-sealed", help="对已入档的密件重新写出签收文件。")
@_REPORT
@click.option("--ack", required=True, type=click.Path(path_type=Path), help="签收文件写入此处（不得已存在）。")
@_MAY_KNOW
@one_line_on_failure
def acknowledge_sealed(report: str, ack: Path, principal_may_know: bool) -> None:
    """The file was lost on the way back, or the answer about the principal has changed."""
    home = _home()
    package = _archive(home).package(report)
    package.check(_policy(home))
    _acknowledge(home, package, ack, principal_may_know)
    click.echo(f"已写出 {ack.name}；请带回县级。")


@witness.command("sealed", help="列出已入档的径送件。")
@one_line_on_failure
def list_sealed() -> None:
    """Number, reference, county's log, day; nothing of what they say."""
    found = list(_archive(_home()).reports())
    for package in found:
        kind = "，另附封给县级保管人的材料" if _is_late(package) else ""
        added = f"，补充 {len(package.additions)} 次" if package.additions else ""
        received = package.received
        where, day = package.head.origin, received.occurred_at[:10]
        click.echo(f"{package.number}  受理号 {received.reference}  {where}  {day}{added}{kind}")
    click.echo(f"共 {len(found)} 件。")


@witness.command("open-sealed", help="用上级的内容密钥打开一件，显示内容；不含举报人身份。")
@_REPORT
@_KEY
@one_line_on_failure
def open_sealed(report: str, key: Path) -> None:
    """On the screen alone: nothing is written."""
    content = _reading(report, key)[1].read()
    for line in _lines(content):
        click.echo(line)


@witness.command("export-sealed", help="把一件的内容和清洁副本写入一个新目录，供上级办理。")
@_REPORT
@_KEY
@click.option("--to", "directory", required=True, type=click.Path(path_type=Path), help="新目录（不得已存在）。")
@one_line_on_failure
def export_sealed(report: str, key: Path, directory: Path) -> None:
    """In clear: where it goes from here is the superior's to guard."""
    _, reading = _reading(report, key)
    content = reading.read()
    directory.mkdir(mode=0o700)
    try:
        (directory / "content.txt").write_text("\n".join(_lines(content)) + "\n", "utf-8")
        additions = [content.files, *(added.files for added in content.additions)]
        for addition, files in enumerate(additions):
            for number, name, item in files:
                if item is not None:
                    with (
                        reading.file(number, addition)[2] as opened,
                        open(_place(directory, addition, number, name), "wb") as out,
                    ):
                        out.writelines(opened)
    except BaseException:
        shutil.rmtree(directory)
        raise
    click.echo(f"已写入 {directory.name}，内容未加密；请按密件保管，用后销毁。")


def _place(directory: Path, addition: int, number: int, name: str) -> Path:
    """A file name that a reporter chose is a name and no path."""
    safe = "".join(sign if sign.isalnum() or sign in "-_." else "_" for sign in Path(name).name)[-100:]
    return directory / f"{addition}-{number}-{safe}"


def _lines(content: SealedContent) -> list[str]:
    people = [
        "，".join(str(person[field]) for field in ("name", "unit", "post", "rank") if person.get(field))
        for person in content.respondents
    ]
    lines = [
        content.title,
        *(f"被反映人：{one}" for one in people),
        f"问题类别：{'、'.join(content.categories)}",
        "",
        content.text,
    ]
    lines += [f"材料：{name}{'' if item else '（没有清洁副本）'}" for _, name, item in content.files]
    for added in content.additions:
        lines += ["", f"{added.day} 补充：", added.text, *(f"材料：{name}" for _, name, _ in added.files)]
    if content.enclosed:
        lines += ["", "本件随附封给县级保管人的身份、联系方式和原件，须县级保管人提交份额才能打开。"]
    return lines


# -- who reported ------------------------------------------------------------------------------------------------------


@witness.command("ask-identity", help="申请启封一件的举报人身份：写出申请文件，送各保管人（或者联络员、闸门）。")
@_REPORT
@_KEY
@click.option("--asked-by", required=True, help="申请人姓名、职务。")
@click.option("--approved-by", required=True, help="批准人姓名、职务；不能与申请人是同一人。")
@click.option("--purpose", required=True, help="事由和依据。")
@click.option(
    "--open",
    "compartments",
    multiple=True,
    default=("identity",),
    type=click.Choice(("identity", "contact", "source")),
    help="identity 身份；contact 联系方式；source 来源材料。可以多次。",
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="申请文件写入此处（不得已存在）。")
@one_line_on_failure
def ask_identity(
    report: str, key: Path, asked_by: str, approved_by: str, purpose: str, compartments: tuple[str, ...], out: Path
) -> None:
    """One file for all of them: each finds his own share in it."""
    import secrets

    from supervision import business_time
    from supervision.key_files import write_new
    from supervision.sealed_archive.unlocking import Asked

    if out.exists():
        raise Failed(f"{out.name} 已存在；请另取文件名。")
    home, package = _home(), _archive(_home()).package(report)
    asked = Asked(asked_by=asked_by, approved_by=approved_by, purpose=purpose, compartments=compartments)
    now = business_time.written(business_time.now())
    request = _unlocking(key).ask(package, asked, home.signer, now, secrets.token_bytes)
    write_new(out, request.encode())
    click.echo(f"已写出 {out.name}；请送各保管人，由其用 supervision custodian give-sealed 提交份额。")


@witness.command("open-identity", help="用收齐的份额打开一次，只显示在屏幕上。")
@_REPORT
@_KEY
@click.option(
    "--share", "shares", multiple=True, required=True, type=click.Path(path_type=Path), help="份额文件，可以多次。"
)
@one_line_on_failure
def open_identity(report: str, key: Path, shares: tuple[Path, ...]) -> None:
    """Journalled before it is shown; the key made for this opening is gone afterwards."""
    from supervision import business_time
    from supervision.sealed_archive.identity import COMPARTMENTS, Share

    package = _archive(_home()).package(report)
    given = [Share.parse(path.read_bytes()) for path in shares]
    now = business_time.written(business_time.now())
    for compartment, name, text in _unlocking(key).look(package, given, now):
        click.echo(f"{COMPARTMENTS[compartment]}·{name}：{text}")


@click.command("give-sealed", help="核对上级对径送件的启封申请，提交自己的份额（保管人、联络员、闸门密钥持有人）。")
@click.option("--key", required=True, type=click.Path(path_type=Path), help="您的私钥文件。")
@click.option("--manifest", required=True, type=click.Path(path_type=Path), help="密钥仪式发给您的密钥清单文件。")
@click.option(
    "--manifest-hash",
    "pinned",
    required=True,
    envvar="SUPERVISION_MANIFEST_HASH",
    help="密钥清单的哈希（抄自仪式记录）。",
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="份额写入此文件（不得已存在）。")
@click.option("--yes", is_flag=True, help="不再询问（已另行核对过）。")
@click.argument("request", type=click.Path(path_type=Path))
@one_line_on_failure
def give_sealed(key: Path, manifest: Path, pinned: str, out: Path, yes: bool, request: Path) -> None:
    """On the holder's own machine; nothing of what the report says is seen."""
    from supervision.key_files import write_new
    from supervision.openings.gate_home import read_key, read_manifest
    from supervision.sealed_archive.identity import Request, give

    asked = Request.parse(request.read_bytes())
    share = give(asked, read_manifest(manifest, pinned), read_key(key))
    for line in asked.describe():
        click.echo(line)
    if not yes and not click.confirm("确认提交您的份额吗？", default=False):
        raise Failed("已取消，没有写出任何文件。")
    try:
        write_new(out, share.encode())
    except FileExistsError:
        raise Failed(f"{out.name} 已存在；请另取文件名。") from None
    click.echo(f"已写出 {out.name}；请送回上级。")


# -- what they share -----------------------------------------------------------------------------------------------


def _home() -> WitnessHome:
    from supervision.witnessing.founding import DEMONSTRATION
    from supervision.witnessing.home import WitnessHome, is_home

    home = settings.home_of()
    return WitnessHome.load(home / DEMONSTRATION if is_home(home / DEMONSTRATION) else home)


def _archive(home: WitnessHome) -> Archive:
    from supervision.sealed_archive.archive import Archive

    return Archive(home.directory / DIRECTORY)


def _policy(home: WitnessHome) -> Policy:
    """What is believed of a log: a tree that this very witness has cosigned."""
    from events.policy import Policy, Witness

    return Policy(logs=tuple(log.key for log in home.logs), witnesses=(Witness("own", home.key),), quorum="own")


def _acknowledge(home: WitnessHome, package: Package, ack: Path, principal_may_know: bool) -> None:
    from supervision import business_time
    from supervision.key_files import write_new
    from supervision.sealed_archive.archive import acknowledge

    now = business_time.written(business_time.now())
    word = acknowledge(package, home.signer, now, principal_may_know=principal_may_know)
    try:
        write_new(ack, word.encode())
    except FileExistsError:
        raise Failed(f"{ack.name} 已存在；请另取文件名。") from None


def _is_late(package: Package) -> bool:
    return any(item.field == "enclosure" for item in package.received.sealing.items)


def _reading(report: str, key: Path) -> tuple[Package, Reading]:
    from supervision.openings.gate_home import read_key
    from supervision.sealed_archive.reading import Reading, pieces_of

    package = _archive(_home()).package(report)
    package.check(None)
    return package, Reading(package, pieces_of(package), read_key(key))


def _unlocking(key: Path) -> Unlocking:
    from supervision.openings.gate_home import read_key
    from supervision.sealed_archive.unlocking import Unlocking

    return Unlocking(archive=_archive(_home()), content_key=read_key(key))
