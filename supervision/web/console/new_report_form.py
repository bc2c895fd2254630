"""What an officer fills in for a report that did not come through the website, and the submission that it becomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from marshmallow import Schema, ValidationError, fields, validate
from werkzeug.datastructures import FileStorage, MultiDict

from supervision.business_time import SHANGHAI
from supervision.casework import forms
from supervision.domain.categories import Categories
from supervision.domain.codes import Channel, Code, Line
from supervision.intake import limits
from supervision.intake.submission import Attachment, ReportedPerson, ReporterDetails, Submission
from supervision.platform import Platform
from supervision.web import command_forms
from supervision.web.command_forms import FormField
from supervision.web.requests import attachment, too_large

PEOPLE = 5
"""Persons that the form has room for; more are named in the text."""

CATEGORY_FIELDS = ("category_1", "category_2", "category_3")
CHANNELS = (Channel.PHONE, Channel.LETTER, Channel.VISIT, Channel.SMS, Channel.TRANSFER_IN)
MOMENT = "%Y-%m-%dT%H:%M"
_LONGEST_ORIGINAL = 10_000


class ReceiptWish(Code):
    """Whether a 查询码 is given out."""

    BY_CHANNEL = "by_channel", "按来源决定"
    ISSUE = "issue", "发放"
    NONE = "none", "不发放"


def _words(label: str, longest: int, hint: str = "") -> fields.String:
    return forms.line(label, required=False, hint=hint, limit=longest)


class ArrivalForm(forms.CommandForm):
    """How and when it came."""

    channel = forms.choice(_("来源"), Channel, only=CHANNELS)
    line = forms.choice(_("受理热线"), Line, hint=_("来信、来访选本单位对应的热线；由该热线的受理单位办理。"))
    received_at = fields.NaiveDateTime(
        format=MOMENT,
        required=True,
        error_messages={**forms.REQUIRED, "invalid": "请填写日期和时间，例如 2026-11-23T09:30。"},
        metadata={
            "label": _("收到时间"),
            "widget": "moment",
            "hint": _("来信以收到时间为准，来电、来访为当时；期限从这一天起算。"),
        },
    )


class PersonForm(forms.CommandForm):
    """One who is reported; what the reporter does not know stays empty."""

    name = _words(_("姓名或单位名称"), limits.NAME)
    unit = _words(_("工作单位"), limits.UNIT)
    post = _words(_("职务"), limits.POST, _("职务和职级决定是否径送上级，请先问清。"))
    rank = _words(_("职级"), limits.RANK, _("例如 乡科级正职。"))
    managed_by = _words(_("管理权限"), limits.MANAGED_BY, _("例如 县委管理、市委管理。"))
    area_code = _words(_("地区代码"), limits.AREA_CODE)


class ReporterForm(forms.CommandForm):
    """Who reports; sealed at once, and never shown again."""

    anonymous = forms.flag(_("要求匿名"), hint=_("按匿名件办理；填写的信息仍然密封保存。"))
    name = _words(_("姓名"), limits.NAME)
    phone = _words(_("联系电话"), limits.PHONE)
    caller = _words(_("来电显示号码"), limits.PHONE, _("只密封保存，不用来核实身份；设定不留存的，匿名件的不保存。"))
    address = _words(_("联系地址"), limits.ADDRESS)
    id_no = _words(_("证件号码"), limits.ID_NO)
    political = _words(_("政治面貌"), limits.POLITICAL)
    occupation = _words(_("职业"), limits.OCCUPATION)
    relation = _words(_("与被反映人的关系"), limits.NAME)
    preference = _words(_("联系方式和时间要求"), limits.ADDRESS)
    no_feedback = forms.flag(_("不要求反馈"))


class ReceiptForm(forms.CommandForm):
    """What the reporter gets."""

    receipt = forms.choice(
        _("查询码"), ReceiptWish, hint=_("按来源：来电、来访发放，由您读给举报人；来信、短信、移送件不发放。")
    )


def matter_form(max_text: int) -> type[Schema]:
    """What it is about. ``max_text``: a setting of the deployment."""

    class MatterForm(forms.CommandForm):
        title = forms.line(_("标题"), limit=limits.TITLE, hint=_("一句话概括，不写举报人的信息。"))
        category_1 = _category(_("问题分类"))
        category_2 = _category(_("问题分类（二）"))
        category_3 = _category(_("问题分类（三）"))
        other_category = _words(_("其他分类"), limits.CATEGORY, _("列表中没有的，用文字写。"))
        text = _text(_("主要问题"), max_text, _("时间、地点、经过、后果。不写举报人是谁、怎样知道的。"), rows=10)
        original = _text(_("来件原文"), _LONGEST_ORIGINAL, _("措辞可能暴露举报人的，原文填在这里密封，上面写整理稿。"))
        announced = _words(_("声明另有材料"), limits.ADDRESS, _("举报人说有而没有随件的，用顿号隔开。"))
        superior_declared = forms.flag(_("举报人明确说属于上级管辖"), hint=_("选中即径送上级，本级不能查看。"))

    return MatterForm


def _category(label: str) -> fields.String:
    return forms.dynamic_choice(label, "categories", required=False)


def _text(label: str, longest: int, hint: str, rows: int = 4) -> fields.String:
    return fields.String(
        load_default="",
        validate=validate.Length(max=longest, error=_("最多 %(n)s 字。", n=longest)),
        metadata={"label": label, "widget": "textarea", "hint": hint, "rows": rows},
    )


@dataclass
class NewReport:
    """The form as it was filled in, or as it is first shown. ``errors``: by section and field."""

    platform: Platform
    given: dict[str, dict[str, Any]]
    errors: dict[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    file_errors: dict[str, str] = field(default_factory=dict)
    loaded: dict[str, dict[str, Any]] = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()
    scans: tuple[Attachment, ...] = ()

    @classmethod
    def empty(cls, platform: Platform, office: str) -> NewReport:
        """What is nearly always right: a call, now, on the line of the officer's own office."""
        lines = platform.settings.office(office).lines
        arrival = {
            "channel": Channel.PHONE.value,
            "line": lines[0] if lines else "",
            "received_at": platform.clock().strftime(MOMENT),
        }
        return cls(platform, {"arrival": arrival, "receipt": {"receipt": ReceiptWish.BY_CHANNEL.value}})

    @classmethod
    def read(cls, platform: Platform, sent: MultiDict[str, str], files: MultiDict[str, FileStorage]) -> NewReport:
        """What was sent, checked; :attr:`valid` tells whether it can be recorded."""
        sections = _sections(platform.settings.max_text)
        given = {name: command_forms.read(form, sent, f"{name}-") for name, form in sections.items()}
        report = cls(platform, given)
        for name, form in sections.items():
            try:
                report.loaded[name] = form().load(given[name])
            except ValidationError as error:
                report.errors[name] = error.normalized_messages()
        report._check()
        report.attachments = report._files("attachments", files)
        report.scans = report._files("scans", files)
        return report

    @property
    def valid(self) -> bool:
        """Whether nothing is left to correct."""
        return not self.errors and not self.file_errors

    def section(self, name: str) -> list[FormField]:
        """The fields of one section, as the page shows them."""
        return command_forms.draw(
            _sections(self.platform.settings.max_text)[name],
            name,
            {},
            self.given.get(name, {}),
            self.errors.get(name, {}),
            f"{name}-",
        )

    @property
    def people(self) -> list[str]:
        """Names of the sections of those reported."""
        return [f"person-{number}" for number in range(1, PEOPLE + 1)]

    @property
    def receipt_wanted(self) -> bool:
        """Whether a 查询码 is given out."""
        wish = self.loaded["receipt"]["receipt"]
        spoken = self.loaded["arrival"]["channel"] in {Channel.PHONE, Channel.VISIT}
        return wish == ReceiptWish.ISSUE or (wish == ReceiptWish.BY_CHANNEL and spoken)

    def submission(self) -> Submission:
        """What goes to the door; only where the form is :attr:`valid`."""
        arrival, matter, reporter = (self.loaded[name] for name in ("arrival", "matter", "reporter"))
        details = {name: value for name, value in reporter.items() if name not in {"anonymous", "no_feedback"}}
        people = [ReportedPerson(**self.loaded[name]) for name in self.people if any(self.loaded[name].values())]
        return Submission(
            channel=Channel(arrival["channel"]),
            line=arrival["line"],
            occurred_at=arrival["received_at"].replace(tzinfo=SHANGHAI),
            respondents=tuple(people),
            title=matter["title"].strip(),
            categories=tuple(filter(None, (matter[one].strip() for one in (*CATEGORY_FIELDS, "other_category")))),
            text=matter["text"],
            reporter=ReporterDetails(**details),
            feedback_wanted=not reporter["no_feedback"],
            attachments=self.attachments,
            scans=self.scans,
            announced=tuple(filter(None, (one.strip() for one in matter["announced"].split("、")))),
            original=matter["original"],
            superior_declared=matter["superior_declared"],
            anonymous=reporter["anonymous"],
        )

    def _check(self) -> None:
        """What no single field can tell."""
        received: datetime | None = self.loaded.get("arrival", {}).get("received_at")
        if received and received.replace(tzinfo=SHANGHAI) > self.platform.clock():
            self.errors["arrival"] = {"received_at": [gettext("收到时间不能晚于现在；请核对。")]}

    def _files(self, name: str, files: MultiDict[str, FileStorage]) -> tuple[Attachment, ...]:
        settings = self.platform.settings
        uploads = [upload for upload in files.getlist(name) if upload.filename]
        if len(uploads) > settings.max_files:
            self.file_errors[name] = gettext("一次最多 %(n)s 个文件；请合并或压缩后再登记。", n=settings.max_files)
            return ()
        for upload in uploads:
            if too_large(upload):
                self.file_errors[name] = gettext(
                    "单个文件最大 %(n)s MB；请压缩或分开。", n=settings.max_file_bytes // 2**20
                )
        return tuple(map(attachment, uploads))


def category_options(categories: Categories) -> list[dict[str, Any]]:
    """The taxonomy as groups of a select: a kind with its items, the kind itself first."""
    return [
        {
            "label": kind.label,
            "options": [{"value": one.code, "label": one.label} for one in (kind, *categories.items(kind.code))],
        }
        for kind in categories.kinds
    ]


def _sections(max_text: int) -> dict[str, type[Schema]]:
    return {
        "arrival": ArrivalForm,
        **{f"person-{number}": PersonForm for number in range(1, PEOPLE + 1)},
        "matter": matter_form(max_text),
        "reporter": ReporterForm,
        "receipt": ReceiptForm,
    }
