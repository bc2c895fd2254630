"""Commands for custodians and the superior's gate: a file in, a file out, on a machine that is not the county's.

They need no deployment and no network: the private key, the key manifest with its hash, the file. The gate has a home
of its own, with its log of what it has released.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from supervision.cli_frame import Commands, Failed, one_line_on_failure

if TYPE_CHECKING:  # --help loads none of this
    from supervision.openings.checking import Checked
    from supervision.openings.gate_home import GateHome
    from supervision.openings.request_file import RequestFile
    from supervision.sealing.manifest import KeyManifest

_REQUEST = click.argument("request", type=click.Path(path_type=Path))
_MANIFEST = click.option(
    "--manifest", required=True, type=click.Path(path_type=Path), help="密钥仪式发给您的密钥清单文件。"
)
_PINNED = click.option(
    "--manifest-hash",
    "pinned",
    required=True,
    envvar="SUPERVISION_MANIFEST_HASH",
    help="密钥清单的哈希（64 位十六进制，抄自密钥仪式记录）；也可用 SUPERVISION_MANIFEST_HASH 给出。",
)
_KEY = click.option("--key", required=True, type=click.Path(path_type=Path), help="您的私钥文件。")
_OUT = click.option("--out", required=True, type=click.Path(path_type=Path), help="答复写入此文件（不得已存在）。")
_YES = click.option("--yes", is_flag=True, help="不再询问（已另行核对过）。")
_DIR = click.option("--dir", "directory", required=True, type=click.Path(path_type=Path), help="闸门的目录。")


# -- custodians ----------------------------------------------------------------------------------------------------


@click.group("custodian", cls=Commands, help="身份保管人：在自己的机器上核对启封申请，提交或者不提交份额。")
def custodian() -> None:
    """Nothing is read but the files that are named."""


@custodian.command(help="核对启封材料，用文字列出申请人、批准人、事由、举报件编号。")
@_MANIFEST
@_PINNED
@_REQUEST
@one_line_on_failure
def show(manifest: Path, pinned: str, request: Path) -> None:
    """Print what was verified; exit status 1 where anything does not hold."""
    _print(_checked(_manifest(manifest, pinned), request))


@custodian.command(help="核对无误并确认后，把份额另封给申请人的临时密钥，写入答复文件。")
@_KEY
@_MANIFEST
@_PINNED
@_OUT
@_YES
@_REQUEST
@one_line_on_failure
def contribute(key: Path, manifest: Path, pinned: str, out: Path, yes: bool, request: Path) -> None:
    """The answer is to be carried back and handed in on the custodian's own console."""
    from supervision.openings import custodian as part
    from supervision.openings.gate_home import read_key

    checked = _checked(_manifest(manifest, pinned), request)
    answer = part.contribute(checked, read_key(key))
    _print(checked)
    _confirm("确认提交您的份额吗？", yes)
    _write(out, answer.encode())
    click.echo(f"已写出 {out.name}；请带回，在办理工作台由本人提交。")


@custodian.command(help="不提交份额，写出说明理由的答复文件。")
@_KEY
@_MANIFEST
@_PINNED
@_OUT
@_YES
@click.option(
    "--reason",
    required=True,
    type=click.Choice(("check_failed", "no_basis", "recusal")),
    help="check_failed 核对不符；no_basis 依据不足；recusal 本人应当回避。",
)
@_REQUEST
@one_line_on_failure
def decline(key: Path, manifest: Path, pinned: str, out: Path, yes: bool, reason: str, request: Path) -> None:
    """A refusal is on record like a contribution."""
    from supervision.domain.rights import DeclineReason
    from supervision.openings import custodian as part
    from supervision.openings.gate_home import read_key

    checked = _checked(_manifest(manifest, pinned), request)
    answer = part.decline(checked, read_key(key), DeclineReason(reason))
    _print(checked)
    _confirm(f"确认不提交份额（{DeclineReason(reason).label}）吗？", yes)
    _write(out, answer.encode())
    click.echo(f"已写出 {out.name}；请带回，在办理工作台由本人提交。")


# -- the gate ------------------------------------------------------------------------------------------------------


@click.group("gate", cls=Commands, help="上级闸门：核对启封材料和日志证明，每次启封只放行一次。")
def gate() -> None:
    """The gate's home is named with --dir."""


@gate.command(help="建立闸门的目录：固定密钥清单和见证人名单，开始闸门自己的日志。")
@_DIR
@click.option("--name", required=True, help="闸门自己的日志名称，例如 gate.city.example/supervision。")
@_KEY
@_MANIFEST
@_PINNED
@click.option("--policy", required=True, type=click.Path(path_type=Path), help="见证人名单（witnesses.policy）。")
@one_line_on_failure
def init(directory: Path, name: str, key: Path, manifest: Path, pinned: str, policy: Path) -> None:
    """Make the home of a gate; --key is the release key that the ceremony handed over."""
    import secrets

    from supervision.openings.gate import without_addresses
    from supervision.openings.gate_home import GateHome, parse_policy, read_key
    from supervision.sealing.keys import SigningKey

    if directory.exists() and any(directory.iterdir()):
        raise Failed(f"gate init：{directory.name} 中已有内容；请另选目录。")
    home = GateHome(
        directory=directory,
        name=name,
        manifest=_manifest(manifest, pinned),
        policy=without_addresses(parse_policy(policy.read_bytes())),
        release=read_key(key),
        signer=SigningKey(secrets.token_bytes(32)),
    )
    home.found()
    click.echo(f"已建立闸门 {name}；签名公钥 {home.signer.public_key.hex()}")


@gate.command("show", help="核对送来的启封材料和日志证明，只列出，不放行。")
@_DIR
@_REQUEST
@one_line_on_failure
def show_request(directory: Path, request: Path) -> None:
    """Print what was verified; exit status 1 where anything does not hold."""
    from supervision.openings.gate import examine

    found = examine(_gate(directory), _file(request), _now())
    _print(found.checked)
    click.echo(f"县级日志在有 {found.tree.size} 条时经见证人联署，已包含本次启封的全部记录。")


@gate.command(help="核对无误并确认后放行：先写入闸门自己的日志，再给出闸门的一半密钥。")
@_DIR
@_OUT
@_YES
@_REQUEST
@one_line_on_failure
def release(directory: Path, out: Path, yes: bool, request: Path) -> None:
    """Once for each opening; the answer goes back to the county."""
    from supervision.openings.gate import examine
    from supervision.openings.gate import release as give
    from supervision.sealing.errors import SealingError

    home, file = _gate(directory), _file(request)
    _print(examine(home, file, _now()).checked)
    _confirm("确认放行吗？每次启封只放行一次。", yes)
    with _new_file(out) as handle:  # made first: what is released must not be lost for want of a place
        try:
            handle.write(give(home, file, _now()).encode())
        except SealingError:  # nothing was released
            out.unlink()
            raise
    click.echo(f"已放行并写出 {out.name}；请送回申请单位。")


@gate.command(help="核对闸门自己的日志，列出放行过的启封。")
@_DIR
@one_line_on_failure
def status(directory: Path) -> None:
    """Verify the gate's own log from its first entry."""
    from supervision.openings.gate import releases

    home = _gate(directory)
    found = releases(home)
    click.echo(f"{home.name}：日志核对无误，共放行 {len(found)} 次。")
    for event in found:
        click.echo(f"  {event.occurred_at[:16].replace('T', ' ')}  {event.origin}  {event.opening}")


# -- what they share -----------------------------------------------------------------------------------------------


def _manifest(path: Path, pinned: str) -> KeyManifest:
    from supervision.openings.gate_home import read_manifest

    return read_manifest(path, pinned)


def _gate(directory: Path) -> GateHome:
    from supervision.openings.gate_home import GateHome

    return GateHome.load(directory)


def _file(request: Path) -> RequestFile:
    from supervision.openings.request_file import RequestFile

    return RequestFile.parse(request.read_bytes())


def _checked(manifest: KeyManifest, request: Path) -> Checked:
    from supervision.openings.checking import check

    return check(_file(request), manifest, _now())


def _now() -> datetime:
    from supervision import business_time

    return business_time.now()


def _print(checked: Checked) -> None:
    from supervision.openings.custodian import describe

    for line in describe(checked):
        click.echo(line)


def _confirm(question: str, yes: bool) -> None:
    if not yes and not click.confirm(question, default=False):
        raise Failed("已取消，没有写出任何文件。")


def _write(out: Path, data: bytes) -> None:
    with _new_file(out) as handle:
        handle.write(data)


def _new_file(out: Path) -> BinaryIO:
    try:
        return open(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
    except FileExistsError:
        raise Failed(f"{out.name} 已存在；请另取文件名。") from None
