"""``POST /api/v1/reports`` and ``POST /api/v1/status``: the same door and the same answers as the web pages."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Any

from flask import request
from flask_smorest import Blueprint

from supervision.domain.codes import Channel
from supervision.intake.door import AlreadyAdmitted
from supervision.intake.idempotency import OtherBody, Reservation, Reservations, UnusableKey
from supervision.intake.json_fields import IN_THE_FUTURE
from supervision.intake.status_lookup import find_report, look_up
from supervision.intake.submission import Submission
from supervision.sealing.errors import MistypedCode
from supervision.sealing.receipt import ReceiptCode
from supervision.web.api import errors
from supervision.web.api.body import BodyParser, body_of, longest_body
from supervision.web.api.callers import Caller, caller_of
from supervision.web.api.errors import Rejected, rejected_field
from supervision.web.api.schemas import (
    CodeSchema,
    ErrorSchema,
    ReceiptSchema,
    StatusSchema,
    report_schema,
)
from supervision.web.app import platform

IDEMPOTENCY_KEY = "Idempotency-Key"

_KEY_PARAMETER = {
    "in": "header",
    "name": IDEMPOTENCY_KEY,
    "description": "随机数（例如 UUID）。同一个值加同样的内容，24 小时内只算一件，并得到同样的答复",
    "schema": {"type": "string", "minLength": 16, "maxLength": 255},
}


def make_blueprint(max_text: int) -> Blueprint:
    """The API of one deployment. ``max_text``: characters of a report's text."""
    blueprint = Blueprint("api", __name__, url_prefix="/api/v1", description="举报与查询")
    blueprint.ARGUMENTS_PARSER = BodyParser()
    errors.register(blueprint)

    @blueprint.before_request
    def bound_body() -> None:
        request.max_content_length = longest_body(max_text)

    @blueprint.post("/reports")
    @blueprint.arguments(report_schema(max_text))
    @blueprint.response(201, ReceiptSchema, description="已收到并已写入记录")
    @blueprint.alt_response(409, schema=ErrorSchema, description="同一个 Idempotency-Key 已用于另一份内容")
    @blueprint.doc(summary="提交举报", parameters=[_KEY_PARAMETER], security=[{}, {"serviceToken": []}])
    def hand_in(report: dict[str, Any]) -> dict[str, str]:
        caller = caller_of(request, platform())
        submission = _submission(report, caller, platform().clock())
        receipt = _admitted_once(submission, caller)
        return {"reference": receipt.reference, "code": receipt.code.digits}

    @blueprint.post("/status")
    @blueprint.arguments(CodeSchema)
    @blueprint.response(200, StatusSchema, description="办理状态")
    @blueprint.alt_response(404, schema=ErrorSchema, description="查询码不正确或没有对应的举报")
    @blueprint.doc(summary="凭查询码查询")
    def status(typed: dict[str, str]) -> dict[str, Any]:
        try:
            code = ReceiptCode.parse(typed["code"])
        except MistypedCode as mistyped:
            raise rejected_field("code", str(mistyped)) from None
        found = look_up(platform(), code)
        if found is None:
            raise Rejected(HTTPStatus.NOT_FOUND, "没有找到对应的举报；请对照回执核对查询码。")
        return {
            "status": found.word.value,
            "label": found.word.label,
            "received_on": found.received_on,
            "changed_on": found.changed_on,
            "guidance": found.guidance,
            "messages": found.messages,
        }

    return blueprint


def _submission(report: dict[str, Any], caller: Caller, now: datetime) -> Submission:
    """The report in the form of the door. Raises :class:`Rejected` for what this caller may not say."""
    channel, received_at = report["channel"], report["received_at"]
    if not caller.is_service and (channel or received_at):
        told = [name for name in ("channel", "received_at") if report[name]]
        raise Rejected(
            HTTPStatus.FORBIDDEN,
            "channel、received_at 只能由持有服务令牌的系统填写；请去掉后提交。",
            errors={"json": {name: ["须持服务令牌。"] for name in told}},
        )
    if received_at and received_at > now:
        raise rejected_field("received_at", IN_THE_FUTURE)
    return Submission(
        channel=Channel(channel or Channel.WEB),
        line=report["line"],
        occurred_at=received_at or now,
        respondents=report["respondents"],
        title=report["title"],
        categories=tuple(report["category"]),
        text=report["text"],
        reporter=report["reporter"],
    )


def _admitted_once(submission: Submission, caller: Caller) -> Reservation:
    """Record the submission, unless an earlier request with the same key has done so already."""
    receipt = _reserved(caller)
    if receipt.repeated and find_report(platform(), receipt.code.derive(platform().settings.origin)):
        return receipt
    try:
        caller.door.admit(
            submission,
            receipt.code,
            reference=receipt.reference,
            signer=caller.signer,
            actor=caller.actor,
        )
    except AlreadyAdmitted:
        if IDEMPOTENCY_KEY not in request.headers:
            raise  # a code that was drawn just now cannot have been used
    return receipt


def _reserved(caller: Caller) -> Reservation:
    key = request.headers.get(IDEMPOTENCY_KEY)
    if key is None:
        return Reservation.draw(caller.door)
    reservations = Reservations(door=caller.door, working=platform().working)
    try:
        return reservations.reserve(key, caller.name, body_of(request), platform().clock())
    except UnusableKey as unusable:
        errors_by_header = {"headers": {IDEMPOTENCY_KEY: [str(unusable)]}}
        raise Rejected(HTTPStatus.BAD_REQUEST, f"{unusable}请用随机数，例如 UUID。", errors=errors_by_header) from None
    except OtherBody as other:
        raise Rejected(HTTPStatus.CONFLICT, f"{other}新的举报请换一个新的随机数。") from None
