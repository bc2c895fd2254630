"""``supervision init``: found a deployment from a plan, from the table of a ceremony, or by asking in the terminal."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from supervision.cli_ceremony import print_codes
from supervision.cli_frame import Failed, one_line_on_failure

if TYPE_CHECKING:  # --help loads none of this
    from supervision.founding_plan import FoundingPlan

_PATH = click.Path(path_type=Path)


@click.command(help="举行密钥仪式，建立部署：按计划目录进行，不给计划时在终端逐项询问；--example 写出计划样例。")
@click.option("--plan", type=_PATH, help="计划目录；在终端中给出尚不存在的目录时，逐项询问后写入。")
@click.option("--table", type=_PATH, help="ceremony county 写出、已由上级签署清单的目录。")
@click.option("--example", type=_PATH, help="把计划样例写入此目录后结束。")
@one_line_on_failure
def init(plan: Path | None, table: Path | None, example: Path | None) -> None:
    """Found a deployment in SUPERVISION_HOME."""
    from supervision.founding_plan import read_plan

    if example is not None:
        _write_example(example)
    elif sys.stdin.isatty() and (plan is None or not plan.exists()):
        _interview(plan)
    elif plan is None:
        raise Failed("init：请用 --plan 给出计划目录；样例见 supervision init --example 目录。")
    else:
        _found(read_plan(plan), table)


def _interview(folder: Path | None) -> None:
    """Ask, show, confirm; then found, or say what the holders do next."""
    from supervision import business_time
    from supervision.founding_plan import CEREMONY, KEYS, SETTINGS, parse_plan
    from supervision.interview import ask
    from supervision.key_files import write_new

    answers = ask(business_time.now().date().isoformat())
    plan = parse_plan(answers.settings_text(), answers.ceremony_text())
    folder = folder or Path(click.prompt("\n计划写入哪个目录", default="plan"))
    _print_summary(plan)
    if not click.confirm("以上各项正确吗？", default=False):
        raise Failed("init：已取消，什么也没有建立。")
    (folder / KEYS).mkdir(mode=0o700, parents=True, exist_ok=True)
    write_new(folder / SETTINGS, answers.settings_text().encode())
    write_new(folder / CEREMONY, answers.ceremony_text().encode())
    if not answers.apart:
        _found(plan, None)
        return
    click.echo(f"计划已写入 {folder}。接下来：")
    click.echo("1. 保管人、联络员各自运行 supervision custodian keygen，交来 *.public.json。")
    click.echo(f"2. 上级凭 {CEREMONY} 运行 supervision ceremony superior，交来 superior.json。")
    click.echo(f"3. 把这些公钥文件放入 {folder}/{KEYS}，运行 supervision ceremony county --plan {folder} --out table。")
    click.echo("4. 上级用 supervision ceremony sign 签署 table/manifest.json。")
    click.echo(f"5. 运行 supervision init --plan {folder} --table table。")


def _print_summary(plan: FoundingPlan) -> None:
    ceremony, superior = plan.ceremony, plan.superior
    click.echo(f"\n日志：{ceremony.origin}")
    click.echo(f"机构：{'、'.join(ceremony.offices.values())}")
    click.echo(f"上级：{superior.name}，保管人 {'、'.join(superior.custodians.values())}，{superior.m} 人可启封")
    gate = "，另须上级闸门放行" if ceremony.gate else "，无须上级闸门放行"
    click.echo(f"保管人：{'、'.join(ceremony.custodians.values())}，{ceremony.m} 人可启封{gate}")
    click.echo(f"联络员：{'、'.join(ceremony.relays.values())}，{ceremony.relay_m} 人可使用联系方式")
    for first in plan.officers:
        who = first.appointment
        click.echo(f"人员：{who.officer} {who.name}，{'、'.join(role.label for role in who.roles)}")


def _found(plan: FoundingPlan, table_directory: Path | None) -> None:
    from supervision.ceremony_table import Table
    from supervision.founding_plan import found
    from supervision.sealing.ceremony import Ceremony

    table = Table.read(table_directory) if table_directory else None
    codes = found(plan, os.environ, Ceremony(table.manifest, table.secrets) if table else None)
    if table:
        table.clear()
    click.echo("已建立部署。")
    print_codes(codes)
    click.echo("handover 目录中的私钥请分别移交持有人，然后从本机删除；正式部署在此之前不能启动。")
    print_remark()


def print_remark() -> None:
    """Whether the database would be better protected by a role of its own."""
    from supervision.database_owner import remark

    if line := remark(os.environ):
        click.echo(line)


def _write_example(folder: Path) -> None:
    from supervision.demonstration.county import PLAN_FILES, plan_text

    folder.mkdir(parents=True, exist_ok=True)
    for name in PLAN_FILES:
        if (folder / name).exists():
            raise Failed(f"init：{name} 已存在；请另选目录。")
        (folder / name).write_text(plan_text(name), "utf-8")
    click.echo("已写出计划样例（虚构的云岫县）；请全部改为本县情况后使用，尤其是 demonstration 一行须删除。")
