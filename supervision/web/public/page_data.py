"""What each page of the form shows besides its own fields: choices, lists, and the summary before handing in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext

from supervision.domain.exclusion import Duty
from supervision.intake.drafts import Draft
from supervision.platform import Platform
from supervision.web.public import levels
from supervision.web.public.filing import category_texts, goes_to_superior
from supervision.web.public.forms import NAMED, NO, PEOPLE, POLITICAL, REPORTER_FIELDS, levels_of
from supervision.web.public.uploads import readable_size

Variables = dict[str, Any]
Row = dict[str, Any]

KINDS = ("4", "3", "10", "9", "12", "5", "2", "1", "6", "7", "20", "30")
"""Kinds of D-50 in the order of how often people need them; further ones follow, 其他 is a field for own words."""

EXAMPLES = {
    "1": lazy_gettext("如拉帮结派、搞迷信活动"),
    "2": lazy_gettext("如选举拉票、违规发展党员"),
    "3": lazy_gettext("如收礼收钱、公款吃喝、公车私用"),
    "4": lazy_gettext("如克扣补贴、优亲厚友、办事刁难"),
    "5": lazy_gettext("如不作为、乱作为、插手工程"),
    "6": lazy_gettext("如生活奢侈、作风败坏"),
    "7": lazy_gettext("其他违法犯罪"),
    "9": lazy_gettext("如以权谋私、浪费公家的钱"),
    "10": lazy_gettext("如贪污、受贿、挪用、滥用职权"),
    "12": lazy_gettext("如买官卖官、带病提拔、不按程序提拔"),
    "20": lazy_gettext("对处分或者处理决定不服"),
    "30": lazy_gettext("对反腐败工作的意见"),
}
"""What the official name of a kind means in everyday words."""

_OTHER_KIND = "90"


def page_variables(platform: Platform, draft: Draft) -> Variables:
    """The variables of the page that ``draft`` is at."""
    maker = _MAKERS.get(draft.page)
    return {
        "superior": platform.manifest.superior.name,
        "goes_up": goes_to_superior(platform, draft.answers),
        **(maker(platform, draft) if maker else {}),
    }


def _level(platform: Platform, draft: Draft) -> Variables:
    return {"levels": levels.options(platform.settings, platform.manifest.superior.name)}


def _who(platform: Platform, draft: Draft) -> Variables:
    people = draft.answers.get("who", {}).get("people") or [{}]
    unit = draft.answers.get("level", {}).get("unit", "")
    return {
        "people": [{**people[0], "unit": unit}, *people[1:]],
        "levels": levels.choices(),
        "may_add": len(people) < PEOPLE,
        "is_unit": draft.answers.get("level", {}).get("level") == levels.UNIT,
    }


def _staff(platform: Platform, draft: Draft) -> Variables:
    return {"duties": [{"value": duty.value, "label": duty.label} for duty in Duty]}


def _category(platform: Platform, draft: Draft) -> Variables:
    categories = platform.rulebook.categories
    chosen = set(draft.answers.get("category", {}).get("chosen", []))
    kinds = sorted(
        (kind for kind in categories.kinds if kind.code != _OTHER_KIND),
        key=lambda kind: KINDS.index(kind.code) if kind.code in KINDS else len(KINDS),
    )
    groups = []
    for kind in kinds:
        codes = [kind.code, *(item.code for item in categories.items(kind.code))]
        options = [{"value": kind.code, "label": _("属于这一类，说不清是哪一种")}]
        options += [{"value": item.code, "label": item.label} for item in categories.items(kind.code)]
        title = f"{kind.label}（{EXAMPLES[kind.code]}）" if kind.code in EXAMPLES else kind.label
        count = sum(code in chosen for code in codes)
        groups.append({"kind": kind, "title": title, "options": options, "chosen": count})
    return {"groups": groups}


def _files(platform: Platform, draft: Draft) -> Variables:
    return {
        "files": [{"id": file.id, "name": file.name, "size": readable_size(file.size)} for file in draft.files],
        "most_bytes": readable_size(platform.settings.max_file_bytes),
        "full": len(draft.files) >= platform.settings.max_files,
    }


def _reporter(platform: Platform, draft: Draft) -> Variables:
    labels = {name: label for name, (label, _longest) in REPORTER_FIELDS.items()}
    return {"labels": labels, "political": [{"value": one, "label": one} for one in POLITICAL]}


# -- the summary ------------------------------------------------------------------------------------------


def _check(platform: Platform, draft: Draft) -> Variables:
    return {
        "summary": [
            {"title": _("被反映人"), "rows": _people_rows(draft)},
            {"title": _("反映的问题"), "rows": _matter_rows(platform, draft)},
            {"title": _("您的身份"), "rows": _identity_rows(draft)},
        ]
    }


def _people_rows(draft: Draft) -> list[Row]:
    level = draft.answers.get("level", {})
    people = draft.answers.get("who", {}).get("people") or [{}]
    rows = [
        {"label": _("职务层级"), "value": _level_label(level.get("level", "")), "step": "level"},
        {"label": _("所在单位"), "value": level.get("unit", ""), "step": "level"},
    ]
    for number, person in enumerate(people, start=1):
        unit = person.get("unit", "") if number > 1 else ""
        told = [person.get("name", ""), unit, person.get("post", ""), person.get("area", "")]
        if number > 1:
            told.append(_level_label(person.get("level", "")))
        label = _("姓名、职务、地区") if len(people) == 1 else _("第 %(number)s 个人", number=number)
        rows.append({"label": label, "value": "，".join(filter(None, told)), "step": "who"})
    duties = draft.answers.get("staff", {}).get("duties", [])
    if duties and levels.OWN_STAFF in levels_of(draft.answers):
        told = [duty.label for duty in Duty if duty.value in duties]
        rows.append({"label": _("在本机关做什么工作"), "value": "、".join(told), "step": "staff"})
    return rows


def _level_label(code: str) -> str:
    return str(levels.LEVEL[code].label) if code in levels.LEVEL else ""


def _matter_rows(platform: Platform, draft: Draft) -> list[Row]:
    texts = category_texts(platform.rulebook.categories, draft.answers.get("category", {}))
    files = "\n".join(f"{file.name}（{readable_size(file.size)}）" for file in draft.files)
    return [
        {"label": _("问题类别"), "value": "、".join(dict.fromkeys(texts)), "step": "category"},
        {"label": _("反映的问题"), "value": draft.answers.get("text", {}).get("text", ""), "step": "text"},
        {"label": _("证据文件"), "value": files, "step": "files"},
    ]


def _identity_rows(draft: Draft) -> list[Row]:
    identity = draft.answers.get("identity", {})
    named = identity.get("identity") == NAMED
    wish = _("不需要") if identity.get("feedback") == NO else _("希望知道")
    rows: list[Row] = [
        {"label": _("是否署名"), "value": _("署名") if named else _("不署名"), "step": "identity"},
        {"label": _("处理结果"), "value": wish, "step": "identity"},
    ]
    if named:
        typed = draft.answers.get("reporter", {})
        told = [
            {"label": str(label), "value": typed[name], "step": "reporter"}
            for name, (label, _longest) in REPORTER_FIELDS.items()
            if typed.get(name)
        ]
        rows += told or [{"label": _("姓名和联系方式"), "value": "", "step": "reporter"}]
    return rows


_MAKERS: Mapping[str, Callable[[Platform, Draft], Variables]] = {
    "level": _level,
    "who": _who,
    "staff": _staff,
    "category": _category,
    "files": _files,
    "reporter": _reporter,
    "check": _check,
}
