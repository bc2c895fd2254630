"""Reading the body of a request: bounded, JSON and nothing else, checked by a schema before a view sees it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NoReturn

from flask import Request
from marshmallow import Schema, ValidationError
from webargs.flaskparser import FlaskParser

from supervision.web.api.errors import Rejected

BYTES_PER_CHARACTER = 12
"""The longest spelling in JSON: a pair of surrogates, ``\\ud83d\\ude00``."""

BYTES_BESIDE_TEXT = 256 * 1024
"""Room for all fields but the text at their greatest lengths, in the common spelling."""


def longest_body(max_text: int) -> int:
    """Bytes that a report may take. ``max_text``: characters of its text."""
    return max_text * BYTES_PER_CHARACTER + BYTES_BESIDE_TEXT


class BodyParser(FlaskParser):
    """Reads JSON, or answers 415 or 400; what the schema refuses is answered 422 with the fields by path."""

    def load_json(self, req: Request, schema: Schema) -> Any:
        """The decoded body. It is kept with the request, since :func:`body_of` needs it as it came."""
        if not req.is_json:
            raise Rejected(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        try:
            body = json.loads(req.get_data())
        except (ValueError, RecursionError):
            raise Rejected(HTTPStatus.BAD_REQUEST, "请求不是有效的 JSON；请改正后再发送。") from None
        req.environ[_DECODED] = body
        return body

    def handle_error(
        self,
        error: ValidationError,
        req: Request,
        schema: Schema,
        *,
        error_status_code: int | None,
        error_headers: Mapping[str, str] | None,
    ) -> NoReturn:
        """Answer with the messages of the schema; they name fields and repeat no value."""
        raise Rejected(HTTPStatus.UNPROCESSABLE_ENTITY, errors=error.normalized_messages())


def body_of(req: Request) -> Any:
    """The body as JSON, as the parser read it."""
    return req.environ[_DECODED]


_DECODED = "supervision.json"
