"""The first question: at what level is the person reported. The answer decides on the by-pass before any word is typed.

Anybody can answer it: choices name posts that people know, and 不清楚 is one of them. The rules look at names, units
and posts as well (:mod:`supervision.domain.jurisdiction`); a choice only adds what the reporter knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext

from supervision.settings import Settings


@dataclass(frozen=True)
class Level:
    """A choice. ``rank``: what it says in the rules' words. ``superior``: goes to the superior under seal (A-15)."""

    code: str
    label: Any
    rank: str = ""
    superior: bool = False


UNIT = "unit"
OWN_STAFF = "own_staff"

LEVELS = (
    Level("village", lazy_gettext("村（社区）干部"), "农村（社区）"),
    Level("staff", lazy_gettext("乡镇、街道、县直单位的一般工作人员"), "一般干部"),
    Level("section", lazy_gettext("乡镇、街道、县直单位的领导干部"), "乡科级"),
    Level("county", lazy_gettext("县领导，或者县处级及以上、市及以上管理的干部"), "县处级及以上", superior=True),
    Level("principal", lazy_gettext("本机关的主要负责人"), "县处级及以上", superior=True),
    Level(OWN_STAFF, lazy_gettext("本机关的工作人员")),
    Level(UNIT, lazy_gettext("一个单位或者组织，不是某个人")),
    Level("other", lazy_gettext("其他人员")),
    Level("unclear", lazy_gettext("不清楚")),
)

LEVEL = {level.code: level for level in LEVELS}


def options(settings: Settings, superior: str) -> list[dict[str, Any]]:
    """The choices with their explanations, for the form macros. ``superior``: name of the superior's office."""
    sealed = _("内容将直接加密送交%(superior)s，本县任何人都看不到。", superior=superior)
    principals, units = "、".join(settings.principal_posts), "、".join(settings.own_units)
    hints = {
        "village": _("例如村党组织书记、村委会主任、社区工作人员。"),
        "staff": _("含股级干部，站、所、学校、医院的工作人员。"),
        "section": _("例如乡镇党委书记、乡镇长、县直单位的局长和副局长（乡科级）。"),
        "county": _("例如县委书记、县长、县委常委、副县长，县人大、县政协领导。") + sealed,
        "principal": (principals + _("。") if principals else "") + sealed,
        OWN_STAFF: _("%(units)s的工作人员。有关人员必须回避，不得经手。", units=units) if units else "",
        UNIT: _("例如一个部门、一家企业、一个村集体。"),
        "other": _("例如企业人员、退休或者离职人员。"),
        "unclear": _("不影响提交，我们会根据您写的单位和职务判断。"),
    }
    return [{"value": one.code, "label": one.label, "hint": hints[one.code]} for one in LEVELS]


def choices() -> list[dict[str, Any]]:
    """The choices alone, for a select."""
    return [{"value": one.code, "label": one.label} for one in LEVELS]


def goes_up(chosen: Sequence[str]) -> bool:
    """Whether one of the levels chosen is the superior's."""
    return any(code in LEVEL and LEVEL[code].superior for code in chosen)
