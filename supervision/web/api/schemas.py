"""What the API takes and gives, as schemas; the OpenAPI page is made from the same."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, post_load

from supervision.domain.codes import Channel, Line, StatusWord
from supervision.intake import limits
from supervision.intake.json_fields import (
    Choice,
    Moment,
    One,
    PersonSchema,
    Several,
    StrictSchema,
    Text,
    people_of,
)
from supervision.intake.submission import ReporterDetails
from supervision.sealing.receipt import CODE_DIGITS

LONGEST_TYPED_CODE = 200
"""Characters of a code as people type it, with whatever stands between the groups."""


class ReporterSchema(StrictSchema):
    """Who reports; without this object the report is anonymous. Everything in it is sealed at once."""

    name = Text(limits.NAME, metadata={"description": "姓名或单位名称"})
    id_no = Text(limits.ID_NO, metadata={"description": "证件号码"})
    phone = Text(limits.PHONE, metadata={"description": "联系电话"})
    political = Text(limits.POLITICAL, metadata={"description": "政治面貌"})
    address = Text(limits.ADDRESS, metadata={"description": "联系地址"})
    occupation = Text(limits.OCCUPATION, metadata={"description": "职业"})


class ReportSchema(StrictSchema):
    """A report that is handed in, but for its text (:func:`report_schema`)."""

    line = Choice({line.value: line.label for line in Line}, required=True)
    respondents = Several(PersonSchema, limits.RESPONDENTS, metadata={"description": "被反映人或单位"})
    title = Text(limits.TITLE, metadata={"description": "标题"})
    category = Several(
        Text(limits.CATEGORY, required=True),
        limits.CATEGORIES,
        metadata={"description": "问题类别，先大类后小类；列表以外的文字也接受"},
    )
    reporter = One(ReporterSchema, load_default=dict, allow_none=True)
    channel = Choice(
        {channel.value: channel.label for channel in Channel},
        metadata={"description": "来件渠道，默认 web；须持服务令牌"},
    )
    received_at = Moment(
        load_default=None,
        allow_none=True,
        metadata={"description": "收到时间，带时区偏移，默认现在；须持服务令牌"},
    )

    @post_load
    def _as_submitted(self, loaded: dict[str, Any], **_how: Any) -> dict[str, Any]:
        return loaded | {
            "respondents": people_of(loaded["respondents"]),
            "reporter": ReporterDetails(**(loaded["reporter"] or {})),
        }


def report_schema(max_text: int) -> Schema:
    """The whole schema of a report. ``max_text``: characters of its text, a setting of the deployment."""
    text = Text(max_text, required=True, metadata={"description": "反映的主要问题：时间、地点、情节、后果"})
    return ReportSchema.from_dict({"text": text}, name="ReportSchema")()


class ReceiptSchema(Schema):
    """What the reporter takes home. It says nothing of the place in the log."""

    reference = fields.String(metadata={"description": "公开编号，可对任何人说", "example": "7KQM-X4TN"})
    code = fields.String(
        metadata={
            "description": f"查询码，{CODE_DIGITS} 位数字。只给出这一次，平台不保存，无法找回",
            "pattern": f"^[0-9]{{{CODE_DIGITS}}}$",
        }
    )


class CodeSchema(StrictSchema):
    """A 查询码, as people type it: spaces, dashes and full-width digits do no harm."""

    code = Text(LONGEST_TYPED_CODE, required=True, metadata={"description": "查询码"})


class MessageSchema(Schema):
    """Words of the office."""

    day = fields.Date(metadata={"description": "留言日期"})
    text = fields.String(metadata={"description": "留言"})


class StatusSchema(Schema):
    """Where a report stands: only what may be told, and days instead of hours."""

    status = fields.String(metadata={"description": "状态代码", "enum": [word.value for word in StatusWord]})
    label = fields.String(metadata={"description": "状态", "enum": [word.label for word in StatusWord]})
    received_on = fields.Date(metadata={"description": "收到日期"})
    changed_on = fields.Date(metadata={"description": "现状态的起始日期"})
    guidance = fields.String(metadata={"description": "不属于受理范围时的途径说明，否则为空"})
    messages = fields.List(fields.Nested(MessageSchema))


class ErrorSchema(Schema):
    """Every answer that is not what was asked for."""

    code = fields.Integer(metadata={"description": "HTTP 状态码"})
    message = fields.String(metadata={"description": "事由和办法"})
    errors = fields.Dict(metadata={"description": "各字段的问题，按路径，例如 errors.json.respondents.0.name"})
