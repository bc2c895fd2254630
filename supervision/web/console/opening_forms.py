"""What the pages of openings ask for: the request itself, reasons, the order that delays the notice."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, validates_schema

from supervision.casework.forms import CommandForm, choice, day, dynamic_choice, dynamic_choices, line
from supervision.domain.opening_rules import Asked, document_of
from supervision.domain.refusal import Refused
from supervision.domain.rights import DeclineReason, OpeningPurpose, OpeningRefusal

WHOLE = "0"
"""The value of ``part`` for the report itself; its additions are numbered from 1."""


class RequestForm(CommandForm):
    """What somebody wants opened, and for what. ``part``: of the report or which addition of its reporter."""

    part = dynamic_choice("材料", "parts")
    compartments = dynamic_choices("申请开启的内容", "compartments")
    purpose = dynamic_choice("事由", "purposes")
    number = line(
        "批准文号或者调取文书文号",
        required=False,
        hint="查处诬告陷害、追查匿名：设区的市级以上机关的批准文号，例如 市纪批〔2026〕3号；司法机关调取：文书文号。",
    )

    @validates_schema
    def number_where_demanded(self, data: dict[str, Any], **_: Any) -> None:
        """SoD-5: some purposes need a document, and it must be named. Others than the listed ones are refused later."""
        purpose = next((one for one in OpeningPurpose if one.value == data["purpose"]), None)
        if purpose is None:
            return
        try:
            document_of(Asked(purpose=purpose, compartments=(), number=data["number"]))
        except Refused as refused:
            raise ValidationError(refused.reason, "number") from None


class RefuseForm(CommandForm):
    """Why it is not approved."""

    reason = choice("理由", OpeningRefusal)


class DeclineForm(CommandForm):
    """Why a custodian gives nothing."""

    reason = choice("理由", DeclineReason)


class DelayForm(CommandForm):
    """The order of law by which the reporter is told later."""

    number = line("法律文书文号")
    until = day("延至", hint="到这一天才在状态页面告知举报人。")
