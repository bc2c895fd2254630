"""``/log``: the log for programs that check it (C2SP tlog-tiles), and the keys to check it with.

Anybody sees the log as of the last boundary (:mod:`supervision.checkpointing.views`); whoever shows the reader's token
sees it as it stands. Answers are bytes or one line of text; a path that names nothing is 404, whatever it is.
"""

from __future__ import annotations

import hmac
from http import HTTPStatus

from flask import Blueprint, Response, request
from flask_babel import gettext as _
from werkzeug.exceptions import HTTPException

from events.store import DamagedLog
from supervision.checkpointing.policy import keys_text, load_policy
from supervision.checkpointing.views import LogView, public_view, whole_view
from supervision.settings import BadSetting
from supervision.web.app import platform

TOKEN_SITES = ("all", "log")
"""Sites that have the log's secrets; the public site has no business with the token."""

UNCHANGING = "max-age=31536000, immutable"

blueprint = Blueprint("log", __name__, url_prefix="/log")


@blueprint.get("/checkpoint")
def checkpoint() -> Response:
    """The newest signed checkpoint that the caller may see, with its cosignatures."""
    return checkpoint_answer(_view())


@blueprint.get("/tile/<path:rest>")
def tile(rest: str) -> Response:
    """A tile or entry bundle of that checkpoint's tree."""
    return tile_answer(_view(), f"tile/{rest}", public=not _is_reader())


@blueprint.get("/keys")
def keys() -> Response:
    """The log's key and the witnesses that have to have cosigned (C2SP tlog-policy), for ``verify --keys``."""
    return keys_answer()


@blueprint.errorhandler(HTTPException)
def refused(error: HTTPException) -> Response:
    """One line, as programs read it."""
    return line(error.code or HTTPStatus.INTERNAL_SERVER_ERROR, error.name)


@blueprint.errorhandler(DamagedLog)
@blueprint.errorhandler(BadSetting)
def unavailable(_error: DamagedLog | BadSetting) -> Response:
    """What is wrong is for the county to see, in ``supervision verify``."""
    return line(HTTPStatus.SERVICE_UNAVAILABLE, _("日志暂时不能提供。"))


# -- answers, for the pages of oversight as well --------------------------------------------------------------------


def checkpoint_answer(view: LogView | None) -> Response:
    """The note; 404 where there is none to be seen."""
    if view is None:
        return line(
            HTTPStatus.NOT_FOUND, _("检查点尚未公布：首次公布在建立后的下一个公布时间（通常是次日零时），请届时再取。")
        )
    return Response(view.note, mimetype="text/plain")


def tile_answer(view: LogView | None, path: str, *, public: bool) -> Response:
    """The bytes of a tile, which never change; 404 where the view has no such tile.

    ``public``: whether caches in between may keep it; what only a reader may see they must not hand to others.
    """
    try:
        if view is None:
            raise LookupError(path)
        data = view.tile(path)
    except LookupError:
        return line(HTTPStatus.NOT_FOUND, _("没有这个瓦片，或者尚未公布。"))
    response = Response(data, mimetype="application/octet-stream")
    response.headers["Cache-Control"] = f"{'public' if public else 'private'}, {UNCHANGING}"
    response.headers["Vary"] = "Authorization"
    return response


def keys_answer() -> Response:
    """The deployment's policy without addresses. Raises BadSetting."""
    text = keys_text(load_policy(platform().settings.home))
    return named(Response(text, mimetype="text/plain"), "log-keys.txt")


def line(status: int, text: str) -> Response:
    """One line of text."""
    return Response(f"{text}\n", status, mimetype="text/plain")


def named(response: Response, name: str) -> Response:
    """The answer as a file to keep."""
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


# -- who is asking --------------------------------------------------------------------------------------------------


def _view() -> LogView | None:
    return whole_view(platform()) if _is_reader() else public_view(platform())


def _is_reader() -> bool:
    """Whether the request shows the reader's token."""
    given = request.authorization
    if platform().settings.site not in TOKEN_SITES or given is None or given.type != "bearer" or not given.token:
        return False
    return hmac.compare_digest(given.token.encode(), platform().log_secrets.reader_token.hex().encode())
