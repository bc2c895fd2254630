"""``/witness/…`` without a login: the witness's protocol (C2SP tlog-witness), its copy of the tiles (C2SP tlog-tiles),
and the two pages that stand on them, the record of what it has seen and the check of a receipt.

Nothing here is secret, but what shows how the log grows is shown once a day (:meth:`WitnessService.shown`). The code of
a receipt never comes here: the page computes in the browser, and asks for days.
"""

from __future__ import annotations

from datetime import date, datetime
from http import HTTPStatus
from typing import Any

import structlog
from flask import Blueprint, Response, abort, current_app, jsonify, make_response, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.exceptions import RequestEntityTooLarge

from events.tiles import WIDTH, Tile
from events.witness import MAX_BODY, PLAIN, Contradiction, Cosigned, DamagedState
from supervision import business_time
from supervision.business_time import SHANGHAI
from supervision.witnessing.home import DAILY, KnownLog
from supervision.witnessing.service import Standing, WitnessService
from supervision.witnessing.state import WORDS, KeptEvidence

MOST_DAYS = 100
"""Of one question; more would only name the whole log."""

_FOR_EVER = "public, max-age=31536000, immutable"

log = structlog.get_logger()

blueprint = Blueprint("witness_log", __name__, url_prefix="/witness")


def service() -> WitnessService:
    """The witness of the running application."""
    found: WitnessService = current_app.extensions["witness"]
    return found


@blueprint.context_processor
def frame() -> dict[str, Any]:
    """What the layout asks for."""
    places = {".receipt": _("核对回执"), ".record": _("见证记录")}
    here = f".{(request.endpoint or '').rpartition('.')[2]}"
    return {
        "site_name": service().home.title,
        "home_url": url_for(".receipt"),
        "nav": [{"label": label, "href": url_for(name), "current": name == here} for name, label in places.items()],
        "same_machine": current_app.extensions.get("supervision") is not None,
        "daily": service().home.publish == DAILY,
    }


# -- the protocol -------------------------------------------------------------------------------------------------


@blueprint.post("/add-checkpoint")
def add_checkpoint() -> Response:
    """Submit a checkpoint; 200 with the cosignature, or why not."""
    request.max_content_length = MAX_BODY
    try:
        answer = service().add_checkpoint(request.get_data(cache=False))
    except RequestEntityTooLarge:
        return _plain(_("请求过大"), HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    except (DamagedState, OSError) as problem:
        log.error("witness", problem=str(problem))
        return _plain(_("见证站暂时不能联署"), HTTPStatus.SERVICE_UNAVAILABLE)
    return Response(answer.body, answer.status, content_type=answer.content_type)


@blueprint.get("/<string(length=64):origin_hash>/checkpoint")
def checkpoint(origin_hash: str) -> Response:
    """What the witness cosigned last, for monitors."""
    return _note(service().shown(_known(origin_hash)))


# -- the copy -----------------------------------------------------------------------------------------------------


@blueprint.get("/log/<string(length=64):origin_hash>/checkpoint")
def copied_checkpoint(origin_hash: str) -> Response:
    """The checkpoint that the copied tiles are of."""
    return _note(service().shown_copy(_known(origin_hash)))


@blueprint.get("/log/<string(length=64):origin_hash>/<path:path>")
def tile(origin_hash: str, path: str) -> Response:
    """A tile or entry bundle."""
    try:
        data = service().tile(_known(origin_hash), path)
    except LookupError:
        abort(HTTPStatus.NOT_FOUND)
    response = Response(data, content_type="application/octet-stream")
    if Tile.parse(path).width == WIDTH:
        response.headers["Cache-Control"] = _FOR_EVER
    return response


@blueprint.get("/log/<string(length=64):origin_hash>/days")
def days(origin_hash: str) -> Response:
    """``{"first": …, "last": …}``: indices of the leaves that may be of the days ``from`` … ``to``."""
    try:
        first, last = (date.fromisoformat(request.args.get(name, "")) for name in ("from", "to"))
    except ValueError:
        abort(HTTPStatus.BAD_REQUEST)
    if not 0 <= (last - first).days <= MOST_DAYS or first.year < 2000 or last.year > 2999:
        abort(HTTPStatus.BAD_REQUEST)
    found = service().days(_known(origin_hash), first, last)
    return jsonify(first=found.first, last=found.last)


# -- pages --------------------------------------------------------------------------------------------------------


@blueprint.get("/receipt")
def receipt() -> str:
    """Where a receipt is checked."""
    home = service().home
    return render_template(
        "witness/receipt.html",
        logs=[
            {
                "title": known.title,
                "origin": known.origin,
                "key": known.key.vkey(),
                "address": url_for(".copied_checkpoint", origin_hash=known.hash).removesuffix("/checkpoint"),
            }
            for known in home.logs
        ],
        witness_key=home.key.vkey(),
        complaints=home.complaints,
        year=business_time.now().year,
    )


@blueprint.get("/log")
def record() -> str:
    """What the witness has seen of each log."""
    home = service().home
    return render_template(
        "witness/log.html",
        rows=[_row(service().standing(known)) for known in home.logs],
        witness={"name": home.name, "key": home.key.vkey()},
    )


@blueprint.get("/log/<string(length=64):origin_hash>/evidence")
def evidence(origin_hash: str) -> Response:
    """What speaks against a log, as it was signed."""
    kept = service().state.evidence(_known(origin_hash).origin)
    return _plain("\n".join(map(_piece, kept)) or _("没有留存的证据"))


def _row(standing: Standing) -> dict[str, Any]:
    kinds = [kept.evidence.kind for kept in standing.evidence]
    known, attempt = standing.log, standing.attempt
    return {
        "title": known.title,
        "origin": known.origin,
        "facts": [
            (_("日志名称"), known.origin),
            (_("日志公钥"), known.key.vkey()),
            (_("已联署"), _tree(standing.shown)),
            (_("散列副本"), _copied(standing)),
        ],
        "problem": attempt.problem if attempt else "",
        "forks": kinds.count(Contradiction.FORK),
        "suspicions": kinds.count(Contradiction.UNPROVEN),
        "evidence_href": url_for(".evidence", origin_hash=known.hash),
    }


def _tree(cosigned: Cosigned | None) -> str:
    if cosigned is None:
        return _("还没有")
    return _("%(size)s 条，%(moment)s", size=cosigned.size, moment=_moment(cosigned.timestamp))


def _copied(standing: Standing) -> str:
    """Compared with what is shown, so that it tells no more."""
    if standing.shown is None or standing.copied == 0:
        return _("还没有")
    if standing.copied >= standing.shown.size:
        return _("齐全")
    return _("落后，有 %(size)s 条", size=standing.copied)


def _piece(kept: KeptEvidence) -> str:
    parts = (
        f"== {WORDS[kept.evidence.kind]}（{_moment(kept.kept_at)}）",
        kept.evidence.note.decode(),
        kept.evidence.against.decode(),
    )
    return "\n\n".join(parts)


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def _known(origin_hash: str) -> KnownLog:
    return service().home.log(origin_hash) or abort(HTTPStatus.NOT_FOUND)


def _note(cosigned: Cosigned | None) -> Response:
    if cosigned is None:
        abort(HTTPStatus.NOT_FOUND)
    return Response(cosigned.note, content_type=PLAIN)


def _plain(text: str, status: int = HTTPStatus.OK) -> Response:
    return make_response(f"{text}\n", status, {"Content-Type": PLAIN})
