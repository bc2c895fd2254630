"""What the pages of openings ask for: the request itself, reasons, the order that delays the notice."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, validates_schema

from supervision.casework.forms import CommandForm, choice, day, dynamic_choice, dynamic_choices, line
from supervision.domain.rights import DeclineReason, OpeningPurpose, OpeningRefusal

WHOLE = "0"
"""The value of ``part`` for the report itself; its additions are numbered from 1."""


class RequestForm(CommandForm):
    """What somebody wants opened, and for what. ``part``: of the report or which addition of its reporter."""

    part = dynamic_choice("材料", "parts")
    compartments = dynamic_choices("申请开启的内容", "compartments")
    purpose = dynamic_choice("事由", "purposes")
    number = line("批准文号或者调取文书文号", required=False, hint="查处诬告陷害、追查匿名、司法机关调取的，须填写。")

    @validates_schema
    def number_where_demanded(self, data: dict[str, Any], **_: Any) -> None:
        """SoD-5: some purposes need a document, and it must be named."""
        demanding = {purpose.value for purpose in OpeningPurpose if purpose.needs_number}
        if data["purpose"] in demanding and not data["number"].strip():
            raise ValidationError("此项事由须有文书；请填写文号。", "number")


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
