"""The pages of the report form: which fields each has, how they are read, what is wrong with them.

Input is kept as it was typed, right or wrong, so nothing is ever lost to a mistake; what is wrong follows from what is
kept (:func:`errors_of`). Texts are read as the counter on the page counts them: a line break is one character.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from marshmallow import Schema, fields, validate
from werkzeug.datastructures import MultiDict

from supervision.domain.exclusion import Duty
from supervision.intake import limits
from supervision.web.public.levels import LEVEL, OWN_STAFF

Form = MultiDict[str, str]
Answers = dict[str, Any]

PAGES = ("level", "who", "staff", "category", "text", "files", "identity", "reporter", "check")
"""In their order; ``reporter`` is skipped by who stays anonymous, ``staff`` by who reports nobody of this office."""

STEPS = {"level": 1, "who": 2, "category": 3, "text": 4, "files": 5, "identity": 6, "check": 7}
STEPS |= {"staff": STEPS["who"], "reporter": STEPS["identity"]}
"""Number shown: a page that only some people see belongs to the step before it."""

ANONYMOUS, NAMED = "anonymous", "named"
YES, NO = "yes", "no"

PEOPLE = 10
"""Persons who can be reported together in the form."""

KEPT_TEXT = 120_000
"""Characters of any field that are kept, however long it may be in the end."""

PERSON_FIELDS = ("name", "unit", "post", "area", "level")
REPORTER_FIELDS = {
    "name": (lazy_gettext("姓名或者单位名称"), limits.NAME),
    "phone": (lazy_gettext("联系电话"), limits.PHONE),
    "address": (lazy_gettext("联系地址"), limits.ADDRESS),
    "id_no": (lazy_gettext("身份证号"), limits.ID_NO),
    "political": (lazy_gettext("政治面貌"), limits.POLITICAL),
    "occupation": (lazy_gettext("职业"), limits.OCCUPATION),
    "relation": (lazy_gettext("与被反映人的关系"), limits.OCCUPATION),
    "preference": (lazy_gettext("希望怎样联系您"), limits.ADDRESS),
}
"""Name to label and greatest length."""

POLITICAL = ("群众", "中国共产党党员", "中共预备党员", "共青团员", "民主党派人士", "无党派民主人士")

_UNKEEPABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


# -- reading ----------------------------------------------------------------------------------------------


def typed(form: Form, name: str) -> str:
    """A field as it is kept: one sort of line break, no control characters, no space around it."""
    text = form.get(name, "").replace("\r\n", "\n").replace("\r", "\n")
    return _UNKEEPABLE.sub("", text).strip()[:KEPT_TEXT]


def _read_level(form: Form) -> Answers:
    return {"level": typed(form, "level"), "unit": typed(form, "unit")}


def _read_who(form: Form) -> Answers:
    count = sum(1 for number in range(1, PEOPLE + 1) if f"name-{number}" in form)
    return {
        "people": [
            {name: typed(form, f"{name}-{number}") for name in PERSON_FIELDS} for number in range(1, max(count, 1) + 1)
        ]
    }


def _read_staff(form: Form) -> Answers:
    return {"duties": [duty.value for duty in Duty if duty.value in form.getlist("duties")]}


def _read_category(form: Form) -> Answers:
    chosen = list(dict.fromkeys(form.getlist("category")))
    return {"chosen": [code[: limits.CATEGORY] for code in chosen], "other": typed(form, "other")}


def _read_identity(form: Form) -> Answers:
    return {"identity": typed(form, "identity"), "feedback": typed(form, "feedback")}


READERS: Mapping[str, Callable[[Form], Answers]] = {
    "level": _read_level,
    "who": _read_who,
    "staff": _read_staff,
    "category": _read_category,
    "text": lambda form: {"text": typed(form, "text")},
    "identity": _read_identity,
    "reporter": lambda form: {name: typed(form, name) for name in REPORTER_FIELDS},
}
"""How each page is read; files are kept apart."""


# -- checking ---------------------------------------------------------------------------------------------


def _text(longest: int, label: Any, *, required: Any = "") -> fields.String:
    """A text of at most ``longest`` characters. ``required``: what to say where it is empty."""
    too_long = lazy_gettext("“%(label)s”最多 %(longest)s 字，请删减后再继续。", label=label, longest=longest)
    validators = [validate.Length(max=longest, error=too_long)]
    if required:
        validators.insert(0, validate.Length(min=1, error=required))
    return fields.String(validate=validators)


def _choice(choices: tuple[str, ...], error: Any) -> fields.String:
    return fields.String(validate=validate.OneOf(choices, error=error))


_LEVEL_CHOICE = lazy_gettext("请选择被反映人的职务层级；不知道的，请选“不清楚”。")


class _LevelPage(Schema):
    level = _choice(tuple(LEVEL), _LEVEL_CHOICE)
    unit = _text(limits.UNIT, lazy_gettext("所在单位"))


class _Person(Schema):
    name = _text(limits.NAME, lazy_gettext("姓名"))
    unit = _text(limits.UNIT, lazy_gettext("所在单位"))
    post = _text(limits.POST, lazy_gettext("职务"))
    area = _text(limits.UNIT, lazy_gettext("所在地区"))
    level = _choice(("", *LEVEL), _LEVEL_CHOICE)


class _WhoPage(Schema):
    people = fields.List(fields.Nested(_Person))


class _StaffPage(Schema):
    duties = fields.List(
        fields.String(),
        required=True,
        validate=validate.Length(min=1, error=lazy_gettext("请选择他做什么工作；不知道的，请选“不清楚”。")),
    )


class _CategoryPage(Schema):
    chosen = fields.List(
        fields.String(),
        validate=validate.Length(
            max=limits.CATEGORIES // 2,
            error=lazy_gettext("最多选 %(most)s 项，请去掉几项。", most=limits.CATEGORIES // 2),
        ),
    )
    other = _text(limits.CATEGORY, lazy_gettext("用自己的话写"))


class _IdentityPage(Schema):
    identity = _choice((ANONYMOUS, NAMED), lazy_gettext("请选择署名或者不署名。"))
    feedback = _choice((YES, NO), lazy_gettext("请选择是否希望知道处理结果。"))


class _ReporterPage(Schema):
    class Meta:
        include = {name: _text(longest, label) for name, (label, longest) in REPORTER_FIELDS.items()}  # noqa: RUF012 - marshmallow reads it once


@cache
def _schemas(max_text: int) -> Mapping[str, Schema]:
    text_page = Schema.from_dict(
        {
            "text": _text(
                max_text,
                lazy_gettext("反映的问题"),
                required=lazy_gettext("请写下您要反映的问题。知道多少写多少。"),
            )
        }
    )
    return {
        "level": _LevelPage(),
        "who": _WhoPage(),
        "staff": _StaffPage(),
        "category": _CategoryPage(),
        "text": text_page(),
        "identity": _IdentityPage(),
        "reporter": _ReporterPage(),
    }


def errors_of(page: str, answers: Answers, max_text: int) -> dict[str, str]:
    """What is wrong with the answers to a page: id of the control to a message that says the way out."""
    schema = _schemas(max_text).get(page)
    found: dict[str, Any] = dict(schema.validate(answers)) if schema else {}
    if page == "who":
        return {
            f"{name}-{number + 1}": _first(messages)
            for number, person in sorted(found.get("people", {}).items())
            for name, messages in person.items()
        }
    names = {"chosen": "category"}
    return {names.get(name, name): _first(messages) for name, messages in found.items()}


def _first(messages: Any) -> str:
    return str(messages[0]) if isinstance(messages, list) else _("请检查这一项。")


# -- the order of pages -----------------------------------------------------------------------------------


def pages_for(answers: Mapping[str, Answers]) -> tuple[str, ...]:
    """The pages that this report has."""
    left_out = set()
    if answers.get("identity", {}).get("identity") != NAMED:
        left_out.add("reporter")
    if OWN_STAFF not in levels_of(answers):
        left_out.add("staff")
    return tuple(page for page in PAGES if page not in left_out)


def levels_of(answers: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The level asked for first, which is that of the first person, and those of the others."""
    others = answers.get("who", {}).get("people", [])[1:]
    return [answers.get("level", {}).get("level", ""), *(person["level"] for person in others)]


def page_before(page: str, answers: Mapping[str, Answers]) -> str:
    """Where 上一步 leads; the first page leads to itself."""
    pages = pages_for(answers)
    return pages[max(pages.index(page) - 1, 0)] if page in pages else pages[0]


def page_after(page: str, answers: Mapping[str, Answers], seen: list[str], max_text: int) -> str:
    """The first page from ``page`` on that is not right yet, be it unseen or wrong; else the last one, ``check``.

    So who comes from 核对 to change one thing gets back there at once.
    """
    pages = pages_for(answers)
    for candidate in pages[pages.index(page) : -1]:
        if candidate not in seen or errors_of(candidate, answers.get(candidate, {}), max_text):
            return candidate
    return pages[-1]
