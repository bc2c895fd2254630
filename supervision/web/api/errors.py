"""Errors of the API: JSON with ``code``, ``message`` in Chinese, and ``errors`` by field where there are any.

Neither repeats what was sent, except for names of fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from flask import Response, jsonify
from flask_smorest import Blueprint
from werkzeug.exceptions import HTTPException

from supervision.intake.door import RecordingFailed
from supervision.sealing.errors import SealingError

log = structlog.get_logger()

MESSAGES = {
    HTTPStatus.BAD_REQUEST: "请求无法读取；请对照接口说明改正。",
    HTTPStatus.NOT_FOUND: "没有这个接口；接口说明见 /api/v1/openapi.json。",
    HTTPStatus.METHOD_NOT_ALLOWED: "这个接口不支持该方法；接口说明见 /api/v1/openapi.json。",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "请求过大；附件请通过网页提交，文字请精简。",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "请求应为 JSON，并注明 Content-Type: application/json。",
    HTTPStatus.TOO_MANY_REQUESTS: "请求过于频繁；请稍等几分钟再试。",
    HTTPStatus.UNPROCESSABLE_ENTITY: "有字段不符合要求；请按 errors 所列改正后重新提交。",
    HTTPStatus.SERVICE_UNAVAILABLE: "暂时无法保存，请稍后用同一个 Idempotency-Key 重试。",
    HTTPStatus.INTERNAL_SERVER_ERROR: "平台内部出错，请稍后用同一个 Idempotency-Key 重试。",
}


class Rejected(Exception):
    """A request that gets an answer other than the one that it asked for."""

    def __init__(
        self,
        status: HTTPStatus,
        message: str = "",
        *,
        errors: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """``errors``: by field, below ``json`` or ``headers``; nothing of what was sent."""
        super().__init__(status)
        self.status = status
        self.message = message
        self.errors = errors or {}
        self.headers = headers or {}


def rejected_field(field: str, message: str) -> Rejected:
    """422 for one member of the body that the schema alone could not judge."""
    return Rejected(HTTPStatus.UNPROCESSABLE_ENTITY, errors={"json": {field: [message]}})


def register(blueprint: Blueprint) -> None:
    """Let every error of the blueprint's requests be answered in JSON."""
    blueprint.register_error_handler(Rejected, _of_rejected)
    blueprint.register_error_handler(HTTPException, answer_of)
    for not_kept in (SealingError, OSError, RecordingFailed):
        blueprint.register_error_handler(not_kept, _of_storage)


def answer_of(error: HTTPException) -> Response:
    """The framework's own errors, of which only the status is told."""
    return _answer(HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR))


def _of_rejected(error: Rejected) -> Response:
    answer = _answer(error.status, error.message, error.errors)
    answer.headers.update(error.headers)
    return answer


def _of_storage(error: Exception) -> Response:
    log.error("not_kept", kind=type(error).__qualname__)
    return _answer(HTTPStatus.SERVICE_UNAVAILABLE)


def _answer(status: HTTPStatus, message: str = "", errors: Mapping[str, Any] | None = None) -> Response:
    usual = HTTPStatus.BAD_REQUEST if status < HTTPStatus.INTERNAL_SERVER_ERROR else HTTPStatus.INTERNAL_SERVER_ERROR
    words = message or MESSAGES.get(status, MESSAGES[usual])
    answer = jsonify(code=int(status), message=words, errors=errors or {})
    answer.status_code = status
    return answer
