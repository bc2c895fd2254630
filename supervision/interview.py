"""Asking for a plan in the terminal: county, offices, superior, custodians, relays, gate, first officers.

Each answer is checked where it is given; the result are the two files of a plan, the same that can be written by hand,
so that what was agreed on can be kept, corrected, and changed later by ``ceremony amend``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import click

Table = dict[str, object]

_ACCOUNT = re.compile(r"[a-z][a-z0-9-]{1,31}")
_ORIGIN = re.compile(r"[^\s+]{1,255}")
_AREA = re.compile(r"[0-9]{6}")
_ADDRESS = re.compile(r"https?://\S+")

_HOSTS = {
    "discipline": ("县纪委监委", (("petition", "信访室"), ("clue", "案件监督管理室"))),
    "organisation": ("县委组织部", (("petition", "干部监督室"), ("clue", "干部监督综合组"))),
}
_HEADS = {
    "petition": ("信访室主任", "petition_head"),
    "clue": ("案管负责人", "clue_supervisor"),
    "department": ("承办人员", "inspector"),
    "leadership": ("主要负责人", "principal"),
}
"""Who gets an office's key first: what he is called, and his role."""


@dataclass
class Answers:
    """What has been agreed on so far."""

    county: Table = field(default_factory=dict)
    offices: list[Table] = field(default_factory=list)
    bodies: list[Table] = field(default_factory=list)
    ceremony: Table = field(default_factory=dict)
    custodians: Table = field(default_factory=dict)
    relays: Table = field(default_factory=dict)
    superior: Table = field(default_factory=dict)
    superior_custodians: Table = field(default_factory=dict)
    witness: Table = field(default_factory=dict)
    officers: list[Table] = field(default_factory=list)
    apart: bool = True
    """Whether holders make their keys on machines of their own."""

    def settings_text(self) -> str:
        """``settings.toml`` without the manifest's hash."""
        return _toml(self.county, {}, {"offices": self.offices, "bodies": self.bodies})

    def ceremony_text(self) -> str:
        """``ceremony.toml``."""
        tables = {
            "custodians": self.custodians,
            "relays": self.relays,
            "superior": self.superior,
            "superior.custodians": self.superior_custodians,
            "witness": self.witness,
        }
        return _toml(self.ceremony, tables, {"officers": self.officers})


def ask(created: str) -> Answers:
    """Ask for all of it. ``created``: date of the ceremony, ISO. Raises ``click.Abort`` where it is broken off."""
    answers = Answers()
    click.echo("以下逐项询问，回车取方括号中的值；全部问完后列出，确认之前什么也不建立。")
    _ask_county(answers)
    _ask_offices(answers)
    _ask_bodies(answers)
    _ask_superior(answers)
    _ask_holders(answers, created)
    _ask_officers(answers)
    answers.apart = click.confirm(
        "上级、保管人、联络员各自在自己的机器上生成密钥吗？（正式使用应当如此）", default=True
    )
    if answers.apart:
        for officer in answers.officers:  # the superior's key is not here to be given to anybody
            officer["holds"] = [
                office for office in _texts(officer["holds"]) if office != answers.superior["office_id"]
            ]
    return answers


# -- the parts ---------------------------------------------------------------------------------------------------------


def _ask_county(answers: Answers) -> None:
    click.echo("\n一、本县")
    county = _text("县（市、区）名称")
    answers.county = {
        "origin": _matching("日志名称（不能再改；如 yunxiu.example/supervision）", _ORIGIN, "不能含空白或加号"),
        "site_name": _text("平台名称", f"{county}监督举报平台"),
        "county": county,
        "area_code": _matching("行政区划代码", _AREA, "应为 6 位数字"),
        "default_office": "petition",
        "principal_posts": _list("本级主要负责人职务（举报他们的一律径送上级；用逗号分开）"),
        "own_units": _list("本机关单位名称（用逗号分开）", "县纪委监委"),
        "public_address": click.prompt(
            "公众网址，如 https://jubao.example（没有则回车）", default="", show_default=False
        ),
    }


def _ask_offices(answers: Answers) -> None:
    click.echo("\n二、机构")
    _ask_host(answers, "discipline", "")
    if click.confirm("县委组织部也在本平台受理举报吗？", default=False):
        _ask_host(answers, "organisation", "org-")
    _office(answers, "oversight", "监督审计组", "oversight", "discipline")
    _office(answers, "administration", "信息技术保障室", "administration", "discipline")


def _ask_host(answers: Answers, host: str, head: str) -> None:
    name, registers = _HOSTS[host]
    for kind, default in registers:
        office = _office(answers, f"{head}{kind}", _text("机构名称", f"{name}{default}"), kind, host)
        office["prefix"] = _text(f"{office['name']}的编号字头（如 云信）")
        if kind == "petition":
            office["lines"] = _list(f"{office['name']}接听的举报电话（用逗号分开，没有则回车）", "")
    for number in range(1, _number("承办部门的数目", 1, 20, 2 if host == "discipline" else 1) + 1):
        default = f"{name}第{number}承办部门"
        _office(answers, f"{head}dept-{number}", _text(f"第 {number} 个承办部门", default), "department", host)
    _office(answers, f"{head}leadership", f"{name}领导", "leadership", host)


def _office(answers: Answers, id_: str, name: str, kind: str, host: str) -> Table:
    office: Table = {"id": id_, "name": name, "kind": kind, "host": host}
    answers.offices.append(office)
    return office


def _ask_bodies(answers: Answers) -> None:
    click.echo("\n三、平台之外的机关")
    kinds = (
        ("subordinate", "下级纪委"),
        ("other", "其他机关"),
        ("appeal", "申诉复查单位"),
        ("suggestion", "意见建议归口单位"),
    )
    for kind, words in kinds:
        for number, name in enumerate(_list(f"{words}（用逗号分开，没有则回车）", ""), start=1):
            answers.bodies.append({"code": f"{kind}-{number}", "name": name, "kind": kind})


def _ask_superior(answers: Answers) -> None:
    click.echo("\n四、上级")
    name = _text("上级受理机构名称（如 市纪委监委信访室）")
    click.echo("上级保管人，每行“账号 名称”，空行结束：")
    answers.superior_custodians = _people(2)
    needed = _number("启封径送件的身份需要几人", 2, len(answers.superior_custodians), 2)
    answers.superior = {"office_id": "superior", "name": name, "m": needed}
    answers.offices.append({"id": "superior", "name": name, "kind": "superior", "host": "superior"})
    url = click.prompt(
        "上级见证站接收检查点的网址（靠人携带则回车）",
        default="",
        show_default=False,
        value_proc=_accepting(lambda text: not text or bool(_ADDRESS.fullmatch(text)), "应以 https:// 或 http:// 开头"),
    )
    if url:
        answers.witness = {"url": url}


def _ask_holders(answers: Answers, created: str) -> None:
    click.echo("\n五、身份保管人：每行“账号 姓名”，空行结束（账号为小写字母、数字、连字符）：")
    answers.custodians = _people(2)
    m = _number("启封身份需要几人", 2, len(answers.custodians), 2)
    gate = click.confirm("启封身份还须上级闸门放行吗？", default=True)
    click.echo("\n六、联络员：每行“账号 姓名”，空行结束：")
    answers.relays = _people(2)
    relay_m = _number("使用联系方式需要几人", 2, len(answers.relays), 2)
    answers.ceremony = {"created": created, "m": m, "relay_m": relay_m, "gate": gate}


def _ask_officers(answers: Answers) -> None:
    click.echo("\n七、首批人员：每项“账号 姓名”；其余人员以后由管理员任命")
    taken: set[str] = set()
    for what, role in (("系统管理员", "system_admin"), ("安全保密管理员", "security_admin")):
        answers.officers.append(_officer(what, role, "administration", (), taken))
    for office in answers.offices:
        if head := _HEADS.get(str(office["kind"])):
            id_ = str(office["id"])
            answers.officers.append(_officer(f"{office['name']}的{head[0]}", head[1], id_, (id_,), taken))


def _officer(what: str, role: str, office: str, holds: Sequence[str], taken: set[str]) -> Table:
    def fits(text: str) -> bool:
        return _person(text) is not None and text.split()[0] not in taken

    answer = click.prompt(what, value_proc=_accepting(fits, "应为“账号 姓名”，账号不得重复"))
    account, _, name = str(answer).partition(" ")
    taken.add(account)
    return {"officer": account, "name": name.strip(), "office": office, "roles": [role], "holds": list(holds)}


# -- kinds of answers --------------------------------------------------------------------------------------------------


def _text(question: str, default: str | None = None) -> str:
    return str(click.prompt(question, default=default, value_proc=_accepting(bool, "不能为空")))


def _matching(question: str, form: re.Pattern[str], expected: str) -> str:
    return str(click.prompt(question, value_proc=_accepting(lambda text: bool(form.fullmatch(text)), expected)))


def _number(question: str, least: int, most: int, default: int) -> int:
    return int(click.prompt(question, default=default, type=click.IntRange(least, most)))


def _list(question: str, default: str | None = None) -> list[str]:
    answer = click.prompt(question, default=default, show_default=bool(default), value_proc=str.strip)
    return [word.strip() for word in re.split("[,，、]", answer) if word.strip()]


def _people(least: int) -> Table:
    """Lines of account and name, until an empty one."""
    found: Table = {}
    while True:
        line = str(click.prompt(f"  第 {len(found) + 1} 人", default="", show_default=False)).strip()
        person = _person(line)
        if person and person[0] not in found:
            found[person[0]] = person[1]
        elif not line and len(found) >= least:
            return found
        else:
            click.echo(f"  应为“账号 姓名”，账号不得重复，至少 {least} 人。")


def _person(text: str) -> tuple[str, str] | None:
    account, _, name = text.strip().partition(" ")
    return (account, name.strip()) if _ACCOUNT.fullmatch(account) and name.strip() else None


def _accepting(fits: Callable[[str], bool], expected: str) -> Callable[[str], str]:
    def convert(text: str) -> str:
        stripped = text.strip()
        if not fits(stripped):
            raise click.BadParameter(expected)
        return stripped

    return convert


# -- as TOML -----------------------------------------------------------------------------------------------------------


def _toml(top: Table, tables: Mapping[str, Table], lists: Mapping[str, list[Table]]) -> str:
    lines = list(_members(top))
    for name, table in tables.items():
        if table:
            lines += ["", f"[{name}]", *_members(table)]
    for name, rows in lists.items():
        for row in rows:
            lines += ["", f"[[{name}]]", *_members(row)]
        if not rows:
            lines.insert(len(top), f"{name} = []")
    return "\n".join(lines) + "\n"


def _members(table: Table) -> Iterator[str]:
    """Strings, numbers, truth values and lists of strings are spelt in TOML as in JSON."""
    return (f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in table.items())


def _texts(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []
