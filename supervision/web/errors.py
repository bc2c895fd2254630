"""What is shown, and what is logged, when a request cannot be answered: calm words, never content, never a value.

A page says what happened, that nothing was lost or what was, and the way out. The log gets the kind of an unexpected
error and the places in the code, without its message: a message may repeat what somebody typed.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import structlog
from flask import Flask, Response, current_app, make_response, render_template, request
from flask_babel import lazy_gettext as _
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

log = structlog.get_logger()

DRAINED = 1024**3
"""Bytes of a body that is too large which are still read and dropped, so that the browser hears the answer."""

_API = "/api/"
_SITES = ("/console", "/oversight", "/witness")


@dataclass(frozen=True)
class Words:
    """``title`` and ``text`` of a page; lazily translated."""

    title: Any
    text: Any


EXPIRED = Words(
    _("页面已经过期"),
    _("这个页面打开得太久，或者浏览器没有保存必要的信息。请返回上一页，刷新后再提交；请允许本网站使用 Cookie。"),
)

WORDS: Mapping[int, Words] = {
    HTTPStatus.BAD_REQUEST: Words(_("请求无法处理"), _("浏览器发来的内容不完整。请返回上一页，再试一次。")),
    HTTPStatus.FORBIDDEN: Words(_("不能进行这项操作"), _("您没有这项操作的权限，或者登录已经结束。")),
    HTTPStatus.NOT_FOUND: Words(_("没有这个页面"), _("地址可能输错，或者页面已经撤下。请从首页重新进入。")),
    HTTPStatus.METHOD_NOT_ALLOWED: Words(_("不能这样打开"), _("这个地址不支持这种访问方式。请从首页重新进入。")),
    HTTPStatus.CONFLICT: Words(_("内容已有变化"), _("在您操作期间，内容已被更改。请返回上一页刷新，核对后再提交。")),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: Words(
        _("提交的内容过大"),
        _("这一次提交的文字或者文件超过了上限，没有收到。以前保存的内容没有丢失。请返回上一页，减少文件后分几次提交。"),
    ),
    HTTPStatus.UNPROCESSABLE_ENTITY: Words(_("内容不符合要求"), _("请返回上一页，按提示更正后再提交。")),
    HTTPStatus.TOO_MANY_REQUESTS: Words(
        _("操作过于频繁"), _("请稍等几分钟再试。您已经填写的内容没有丢失，不需要重新填写。")
    ),
    HTTPStatus.INTERNAL_SERVER_ERROR: Words(
        _("暂时无法完成"),
        _("系统出现故障，刚才的操作没有完成。请稍后再试；仍然不行的，请使用其他反映渠道。"),
    ),
    HTTPStatus.SERVICE_UNAVAILABLE: Words(
        _("暂时无法使用"), _("系统正在维护或者十分繁忙。请稍后再试；情况紧急的，请使用其他反映渠道。")
    ),
}


def register(app: Flask) -> None:
    """Answer every error of ``app``; blueprints that answer their own (the API) keep doing so."""
    app.register_error_handler(HTTPException, _of_http)
    app.register_error_handler(Exception, _of_surprise)


def _of_http(error: HTTPException) -> Response:
    if isinstance(error, RequestEntityTooLarge):
        _drain()
    words = EXPIRED if isinstance(error, CSRFError) else None
    response = answer(error.code or HTTPStatus.INTERNAL_SERVER_ERROR, words)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def _of_surprise(error: Exception) -> Response:
    """Whatever nobody expected. Under test it is raised again, so that a test sees it."""
    if current_app.testing:
        raise error
    places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    log.error("unexpected", kind=type(error).__qualname__, places=places[-8:])
    return answer(HTTPStatus.INTERNAL_SERVER_ERROR)


def answer(status: int, words: Words | None = None) -> Response:
    """The page for ``status``; JSON below ``/api/``. An unknown status has the words of its class."""
    if request.path.startswith(_API):
        from supervision.web.api.errors import answer_of  # a site without the API does not load it

        error = HTTPException()
        error.code = status
        return answer_of(error)
    usual = HTTPStatus.BAD_REQUEST if status < 500 else HTTPStatus.INTERNAL_SERVER_ERROR
    page = render_template("errors/page.html", words=words or WORDS.get(status, WORDS[usual]), home_url=_home())
    return make_response(page, status)


def _home() -> str:
    """The start page of the site that was asked for."""
    return next((f"{site}/" for site in _SITES if request.path.startswith(site)), "/")


def _drain() -> None:
    """Read what is still to come, where the server marks its end; else the browser sees a broken connection."""
    if not request.environ.get("wsgi.input_terminated"):
        return
    left = DRAINED
    while left > 0 and (chunk := request.environ["wsgi.input"].read(64 * 1024)):
        left -= len(chunk)
