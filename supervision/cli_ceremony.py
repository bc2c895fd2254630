"""Commands of the key ceremony at two tables: each makes keys on his own machine, all read what they sign.

The superior: ``ceremony superior``. A custodian or relay officer: ``custodian keygen``. The county: ``ceremony county``
for the first manifest, ``ceremony amend`` for a later one. Both who sign: ``ceremony sign``. The county again: ``init
--table`` or ``ceremony adopt``. What is printed and carried openly is public.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from supervision.cli_frame import Commands, Failed, one_line_on_failure

if TYPE_CHECKING:  # --help loads none of this
    from supervision.sealing.keys import SigningKey
    from supervision.sealing.manifest import KeyManifest, Signatory

_PATH = click.Path(path_type=Path)
_OUT = click.option("--out", required=True, type=_PATH, help="写入此目录。")
_PLAN = click.option("--plan", "folder", required=True, type=_PATH, help="计划目录；带来的公钥放在其中 keys 目录。")
_PREVIOUS = click.option("--previous", type=_PATH, help="现行（前一版）密钥清单；第一版没有。")
_SIGNATORIES = {
    "ceremony": "密钥仪式",
    "superior": "上级",
    "ceremony_before": "密钥仪式（原密钥）",
    "superior_before": "上级（原密钥）",
}


@click.group("ceremony", cls=Commands, help="密钥仪式：各在自己的机器上生成密钥，共同签署密钥清单；更换密钥清单。")
def ceremony() -> None:
    """Only ``amend`` and ``adopt`` need SUPERVISION_HOME."""


# -- each on his own machine ---------------------------------------------------------------------------------------


@ceremony.command(help="保管人、联络员在自己的机器上生成密钥：私钥自己留存，公钥文件交给密钥仪式。")
@click.option(
    "--holder",
    required=True,
    help="计划中的身份：custodian/代码（保管人）、relay/代码（联络员）、superior/custodian/代码（上级保管人）。",
)
@_OUT
@one_line_on_failure
def keygen(holder: str, out: Path) -> None:
    """The private half never leaves this machine."""
    import secrets

    from supervision.key_files import PUBLIC_SUFFIX, file_name, write_keys, write_new
    from supervision.sealing.holders import BroughtKey
    from supervision.sealing.keys import KemPrivateKey
    from supervision.sealing.wording import fingerprint

    private = KemPrivateKey.generate(secrets.token_bytes)
    public = BroughtKey(holder, private.public).to_bytes()
    BroughtKey.parse(public)  # before anything is written: the holder may be mistyped
    write_keys(out, {holder: private.seed})
    public_name = file_name(holder).removesuffix(".key") + PUBLIC_SUFFIX
    write_new(out / public_name, public)
    click.echo(f"私钥：{file_name(holder)}，只由您本人保管；遗失后经您保管的份额不能恢复。")
    click.echo(f"公钥：{public_name}，交给密钥仪式。公钥指纹（请记下，签署清单时核对）：")
    click.echo(f"  {fingerprint(private.key_id)}")


@ceremony.command(help="上级在自己的机器上生成自己的密钥：公钥文件 superior.json 交给县级，私钥各自保管。")
@click.option("--plan", "plan_file", required=True, type=_PATH, help="含 [superior] 的 ceremony.toml。")
@click.option("--keys", type=_PATH, help="上级保管人带来的公钥所在目录。")
@_PREVIOUS
@click.option("--renew", multiple=True, help="更换时重新生成的密钥，如 superior/signing；可多次给出。")
@_OUT
@one_line_on_failure
def superior(plan_file: Path, keys: Path | None, previous: Path | None, renew: tuple[str, ...], out: Path) -> None:
    """With --previous, keys that are in force stay unless they are renewed."""
    import secrets

    from supervision.founding_plan import SUPERIOR, read_superior
    from supervision.key_files import brought_keys, write_keys, write_new
    from supervision.sealing.ceremony import keys_of_superior, make_superior
    from supervision.sealing.holders import part_to_bytes
    from supervision.sealing.wording import described_superior

    plan = read_superior(plan_file)
    planned = {f"superior/custodian/{id_}" for id_ in plan.custodians}
    kept = keys_of_superior(_manifest(previous).superior) if previous else {}
    if unknown := sorted(set(renew) - set(kept)):
        raise Failed(f"ceremony superior：现行清单中没有 {unknown[0]}；请核对 --renew。")
    stays = {
        name: key
        for name, key in kept.items()
        if name not in renew and (name in planned or not name.startswith("superior/custodian/"))
    }
    part, made = make_superior(plan, secrets.token_bytes, {**stays, **(brought_keys(keys) if keys else {})})
    write_keys(out, made)
    write_new(out / SUPERIOR, part_to_bytes(part))
    for line in described_superior(part):
        click.echo(line)
    click.echo(f"请把 {SUPERIOR} 交给县级；{len(made)} 个私钥文件由各持有人保管，不得交给县级。")


# -- the county ----------------------------------------------------------------------------------------------------


@ceremony.command(help="县级生成自己的密钥和第一版密钥清单，等待上级签署；随后以 init --table 建立部署。")
@_PLAN
@_OUT
@one_line_on_failure
def county(folder: Path, out: Path) -> None:
    """The folder --out holds secrets until the deployment is founded from it."""
    from supervision.ceremony_table import Table
    from supervision.founding_plan import county_table, read_plan
    from supervision.sealing.wording import described

    made = county_table(read_plan(folder))
    Table.lay(out, made)
    for line in described(made.manifest):
        click.echo(line)
    click.echo(f"请上级核对后签署 {out.name}/manifest.json（supervision ceremony sign），取回后运行：")
    click.echo("  supervision init --plan 计划目录 --table 本目录")


@ceremony.command(help="按修改后的计划起草下一版密钥清单，列出改动，等待密钥仪式和上级两方签署。")
@_PLAN
@click.option("--renew", multiple=True, help="人不变而重新生成的密钥，如 log、ceremony、service/console；可多次给出。")
@_OUT
@one_line_on_failure
def amend(folder: Path, renew: tuple[str, ...], out: Path) -> None:
    """Nothing is in force before it is signed and adopted."""
    from contextlib import closing

    from supervision import settings
    from supervision.amending import draft, settings_without_pin
    from supervision.ceremony_table import Table
    from supervision.founding_plan import read_plan
    from supervision.platform import Platform

    plan = read_plan(folder)
    with closing(Platform(settings=settings.load(os.environ))) as platform:
        current = platform.manifest
        drafted = draft(current, plan, _now().date().isoformat(), renew)
        same = plan.settings_text == settings_without_pin(platform.settings.home)
    Table.lay(out, drafted, "" if same else plan.settings_text)
    _print_changes(current, drafted.manifest)
    if not same:
        click.echo("启用时 settings.toml 一并换成计划目录中的那一份。")
    click.echo(f"请密钥仪式和上级核对后各自签署 {out.name}/manifest.json（supervision ceremony sign），再运行：")
    click.echo("  supervision ceremony adopt --table 本目录 --ceremony-key 仪式私钥文件")


@ceremony.command(help="启用已经两方签署的新一版密钥清单：记入日志，并在设置中固定。须先停止全部站点。")
@click.option("--table", "directory", required=True, type=_PATH, help="ceremony amend 写出的目录。")
@click.option("--ceremony-key", "key", required=True, type=_PATH, help="密钥仪式的私钥文件。")
@click.option("--plan", "folder", type=_PATH, help="计划目录；新设机构时从中取其首位持钥人。")
@one_line_on_failure
def adopt(directory: Path, key: Path, folder: Path | None) -> None:
    """An interrupted one is finished by calling it again."""
    from supervision.amending import adopt as put_into_force
    from supervision.ceremony_table import Table
    from supervision.founding_plan import read_plan

    table = Table.read(directory)
    codes = put_into_force(os.environ, table, read_plan(folder) if folder else None, _signing_key(key))
    click.echo(f"已启用密钥清单第 {table.manifest.epoch} 版，哈希 {table.manifest.hash}。")
    print_codes(codes)
    click.echo(
        "请把清单文件和哈希发给保管人、联络员和上级闸门；站点另有机器的，复制 settings.toml、manifests 和其密钥。"
    )


def print_codes(codes: dict[str, str]) -> None:
    """One-time codes of officers, the only time that they are seen."""
    if codes:
        click.echo("一次性启用码只显示这一次，请分别交给本人：")
    for officer, code in codes.items():
        click.echo(f"  {officer}  {code}")


# -- who signs, and who looks on -----------------------------------------------------------------------------------


@ceremony.command(help="用文字列出密钥清单；给出 --previous 时核对它是否由有权的两方签署，并列出改动。")
@click.argument("manifest", type=_PATH)
@_PREVIOUS
@one_line_on_failure
def show(manifest: Path, previous: Path | None) -> None:
    """Exit status 1 where it is not signed by those who have to."""
    found, before = _manifest(manifest), _manifest(previous) if previous else None
    _print_manifest(found, before)
    if before:
        found.verify(before)
        click.echo(f"签名齐全有效，是第 {before.epoch} 版的下一版。")
    elif set(found.signatures) >= {"ceremony", "superior"}:
        found.verify()
        click.echo("签名齐全有效。" + ("是否接续前一版，须给出 --previous 才能核对。" if found.epoch > 1 else ""))
    else:
        click.echo(f"尚待签署：{_words(_missing(found, None))}")
    click.echo(f"哈希：{found.hash}")


@ceremony.command(help="核对并签署密钥清单：仪式私钥的保管人、上级各在自己的机器上进行。签名写入该文件。")
@click.argument("manifest", type=_PATH)
@click.option("--key", required=True, type=_PATH, help="签名私钥文件。")
@_PREVIOUS
@click.option("--part", type=_PATH, help="上级签署第一版时，自己交出的 superior.json，用来核对未被改动。")
@click.option("--yes", is_flag=True, help="不再询问（已另行核对过）。")
@one_line_on_failure
def sign(manifest: Path, key: Path, previous: Path | None, part: Path | None, yes: bool) -> None:
    """Who signs sees all of it, or what changes, in words."""
    from events import durable_file

    found, signer = _manifest(manifest), _signing_key(key)
    before = _manifest(previous) if previous else None
    if (before is None) != (found.epoch == 1):
        raise Failed("ceremony sign：第二版起须用 --previous 给出您手中的现行清单；第一版没有现行清单。")
    if before and (before.hash, before.epoch + 1) != (found.previous, found.epoch):
        raise Failed("ceremony sign：要签署的不是您手中这一版的下一版；请不要签署，并查明原因。")
    mine = [name for name, public in found.signatories(before).items() if public == signer.public_key]
    if not mine:
        raise Failed("ceremony sign：这把私钥不是应当签署这份清单的；请核对私钥文件。")
    if "superior" in mine and before is None:
        _check_part(found, part)
    _print_manifest(found, before)
    if not yes and not click.confirm("以上各项已逐一核对，确认签署吗？", default=False):
        raise Failed("已取消，没有签署。")
    for name in mine:
        found = found.signed(name, signer, before)
    durable_file.replace(manifest, found.to_bytes())
    click.echo(
        f"已签署（{_words(mine)}）。" + (f"尚待签署：{_words(left)}" if (left := _missing(found, before)) else "")
    )


def _check_part(manifest: KeyManifest, part: Path | None) -> None:
    from supervision.sealing.holders import parse_part

    if part is None:
        raise Failed("ceremony sign：上级签署第一版时，请用 --part 给出自己交出的 superior.json。")
    if parse_part(part.read_bytes()) != manifest.superior:
        raise Failed("ceremony sign：清单中上级的公钥不是您交出的那些；请不要签署，并查明原因。")


def _missing(manifest: KeyManifest, before: KeyManifest | None) -> list[Signatory]:
    return [name for name in manifest.signatories(before) if name not in manifest.signatures]


def _words(signatories: list[Signatory]) -> str:
    return "、".join(_SIGNATORIES[name] for name in signatories)


def _print_manifest(manifest: KeyManifest, before: KeyManifest | None) -> None:
    from supervision.sealing.wording import described

    if before:
        _print_changes(before, manifest)
        return
    for line in described(manifest):
        click.echo(line)


def _print_changes(before: KeyManifest, after: KeyManifest) -> None:
    from supervision.sealing.wording import changes, fingerprint

    click.echo(f"密钥清单：{after.origin} 第 {after.epoch} 版（{after.created}），接替第 {before.epoch} 版")
    click.echo(f"清单指纹：{fingerprint(after.hash)}")
    for line in changes(before, after):
        click.echo(f"  {line}")
    click.echo("其余各项不变。")


def _manifest(path: Path) -> KeyManifest:
    from supervision.sealing.manifest import KeyManifest

    return KeyManifest.parse(path.read_bytes())


def _signing_key(path: Path) -> SigningKey:
    from supervision.key_files import read_seed
    from supervision.sealing.keys import SigningKey

    return SigningKey(read_seed(path))


def _now() -> datetime:
    from supervision import business_time

    return business_time.now()
