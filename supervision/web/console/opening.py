"""``/console/openings``: asking for an identity to be opened, agreeing, giving shares, looking once (SoD-4, SoD-5).

Custodians and gate work on machines of their own; here they fetch a file and bring one back. Of the report they see its
number, and nothing that it says.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, TypeAlias
from uuid import UUID

from flask import Response as FileResponse
from flask import abort, flash, make_response, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from marshmallow import ValidationError
from werkzeug.wrappers import Response

from projections import queries
from supervision.casework import opened_originals
from supervision.casework import opening as use
from supervision.casework.actions import Case
from supervision.casework.officer_session import OfficerSession
from supervision.casework.opening_view import Opened
from supervision.domain.opening_rules import CUSTODIANS, REQUESTERS, Asked, document_of
from supervision.domain.refusal import Refused
from supervision.domain.rights import DeclineReason, OpeningPurpose, OpeningRefusal
from supervision.sealing.errors import SealingError
from supervision.web import command_forms
from supervision.web import evidence as files
from supervision.web.app import platform
from supervision.web.command_forms import Tried
from supervision.web.console.opening_forms import WHOLE, RequestForm
from supervision.web.console.opening_view import (
    FORMS,
    facts,
    opened_shown,
    panels,
    report_link,
    require_part,
    sections,
    standing,
    words_of,
)
from supervision.web.console.site import DESK_ROLES, OPENING_ROLES, blueprint
from supervision.web.officer_login import officer
from supervision.web.requests import attachment
from supervision.web.waiting import wait_for

Answer: TypeAlias = str | tuple[str, int] | Response
Command: TypeAlias = Callable[[OfficerSession, UUID, Mapping[str, Any]], int]

_JSON = "application/json"
_MOST = 1024 * 1024
"""Bytes that are read of an answer; what is longer is none."""


# -- asking ---------------------------------------------------------------------------------------------------------


@blueprint.get("/reports/<uuid:report_id>/opening")
def request_opening(report_id: UUID) -> str:
    """The form: what, for which purpose, with which number."""
    return _request_page(officer(), report_id)


@blueprint.post("/reports/<uuid:report_id>/opening")
def send_request(report_id: UUID) -> Answer:
    """First shown again to be confirmed, then recorded."""
    me, here = officer(), platform()
    given = command_forms.read(RequestForm, request.form)
    offered = {value for value, _label in _options(me, report_id)["purposes"]}
    try:
        data = RequestForm().load(given)
    except ValidationError as invalid:
        return _request_page(
            me, report_id, Tried(name="request", given=given, errors=invalid.normalized_messages())
        ), 422
    if data["purpose"] not in offered or not data["part"].isdecimal():
        return _request_page(me, report_id, Tried(name="request", given=given), _("请从所列选项中选择。")), 422
    asked = Asked(
        purpose=OpeningPurpose(data["purpose"]),
        compartments=tuple(data["compartments"]),
        number=data["number"].strip(),
    )
    asked = replace(asked, number=document_of(asked))
    if "change" in request.form:
        return _request_page(me, report_id, Tried(name="request", given=given))
    try:
        if "confirmed" not in request.form:
            return _confirm_page(me, report_id, asked, int(data["part"]))
        opening_id = use.request(here.desk, here.working, me, report_id, asked, int(data["part"]))
    except Refused as refused:
        return _request_page(me, report_id, Tried(name="request", given=given), refused.reason), 409
    wait_for(here.ledger.head())
    flash(_("申请已提交，等待审批。"), "good")
    return redirect(url_for(".opening", opening_id=opening_id), 303)


@blueprint.post("/openings/find")
def find_for_opening() -> Response:
    """For reviewers and the internal supervisor, who have no list of reports: one by its number."""
    me, here = officer(), platform()
    me.require(*sorted(REQUESTERS))
    with here.reads.reading() as reader:
        row = queries.by_number(reader, request.form.get("number", "").strip())
    if row is None or not use.purposes_for(here.desk, me, row.report_id):
        flash(_("没有您可以申请启封的这件举报；请核对登记编号。"), "bad")
        return redirect(url_for(".openings"), 303)
    return redirect(url_for(".request_opening", report_id=row.report_id), 303)


def _options(me: OfficerSession, report_id: UUID) -> dict[str, list[tuple[str, str]]]:
    """What the form offers. Raises Refused where he may not ask at all, or nothing is sealed to the custodians."""
    me.require(*sorted(REQUESTERS))
    desk = platform().desk
    purposes = use.purposes_for(desk, me, report_id)
    if not purposes:
        raise Refused("not_yours", _("本件不由您办理，不能申请启封；请由本件的承办单位或承办人申请。"))
    additions = Case.load(desk, report_id).correspondence.supplements
    sealed = {name for part in range(additions + 1) for name in use.compartments_for(desk, report_id, part)}
    if not sealed:
        raise Refused("nothing_sealed", _("本件没有封存举报人身份信息或者来源材料，无可启封。"))
    return {
        "purposes": [(purpose.value, purpose.label) for purpose in purposes],
        "compartments": [(name, words_of([name])) for name in sorted(sealed)],
        "parts": [(WHOLE, _("举报件")), *((str(n), _("第 %(n)s 次补充", n=n)) for n in range(1, additions + 1))],
    }


def _request_page(me: OfficerSession, report_id: UUID, tried: Tried | None = None, refusal: str = "") -> str:
    options, report = _options(me, report_id), platform().desk.report(report_id)
    tried = tried or Tried(name="request")
    fields = command_forms.draw(RequestForm, "request", options, tried.given, tried.errors)
    return render_template(
        "console/opening_request.html",
        fields=[field for field in fields if field.name != "part" or len(options["parts"]) > 1],
        whole=WHOLE if len(options["parts"]) == 1 else "",
        errors=command_forms.error_list(fields),
        refusal=refusal,
        number=report.number,
        back=url_for(".report", report_id=report_id) if me.has(*DESK_ROLES) else url_for(".openings"),
    )


def _confirm_page(me: OfficerSession, report_id: UUID, asked: Asked, part: int) -> str:
    parts = dict(_options(me, report_id)["parts"])
    rows = [
        (_("举报件"), platform().desk.report(report_id).number),
        (_("材料"), parts.get(str(part), "")),
        (_("申请开启"), words_of(asked.compartments)),
        (_("事由"), asked.purpose.label),
        (_("文号"), asked.number),
    ]
    given = [("part", str(part)), ("purpose", asked.purpose.value), ("number", asked.number)]
    return render_template(
        "console/opening_confirm.html",
        rows=[(label, value) for label, value in rows if value],
        given=[*given, *(("compartments", name) for name in asked.compartments)],
    )


# -- lists and one opening --------------------------------------------------------------------------------------------


@blueprint.get("/openings")
def openings() -> str:
    """Whose turn it is, for everybody who has a part in openings."""
    me = officer()
    me.require(*OPENING_ROLES)
    return render_template(
        "console/openings.html",
        sections=sections(me),
        by_number=me.has(*REQUESTERS) and not me.has(*DESK_ROLES),
        custodian=me.has(*CUSTODIANS),
    )


@blueprint.get("/openings/<uuid:opening_id>")
def opening(opening_id: UUID) -> str:
    """One opening: who asks, for what, how far it has come, and what can be done."""
    return _page(officer(), opening_id)


@blueprint.post("/openings/<uuid:opening_id>/<any(approve, refuse, decline, delay, close):name>")
def decide(opening_id: UUID, name: str) -> Answer:
    """A decision on an opening; what is missing is named at its field."""
    me = officer()
    data: Mapping[str, Any] = {}
    if form := FORMS.get(name):
        given = command_forms.read(form, request.form)
        try:
            data = form().load(given)
        except ValidationError as invalid:
            return _page(me, opening_id, Tried(name=name, given=given, errors=invalid.normalized_messages())), 422
    return _done(me, opening_id, _DECISIONS[name], data)


@blueprint.post("/openings/<uuid:opening_id>/<any(contribute, 'gate-answer'):name>")
def bring(opening_id: UUID, name: str) -> Response:
    """An answer that was made on another machine."""
    return _done(officer(), opening_id, _ANSWERS[name], {})


@blueprint.get("/openings/<uuid:opening_id>/<name>")
def opening_again(opening_id: UUID, name: str) -> Response:
    """Where a page that came from a form is loaded again: the opening as it stands now."""
    if name not in {*_DECISIONS, *_ANSWERS, "view", "original"}:
        abort(404)
    return redirect(url_for(".opening", opening_id=opening_id), 303)


@blueprint.get("/openings/<uuid:opening_id>/request-file")
def opening_request_file(opening_id: UUID) -> Response:
    """What a custodian carries to his own machine."""
    return _file(opening_id, use.request_file, "request")


@blueprint.get("/openings/<uuid:opening_id>/gate-file")
def opening_gate_file(opening_id: UUID) -> Response:
    """What goes to the superior's gate."""
    return _file(opening_id, use.gate_file, "gate")


def _page(me: OfficerSession, opening_id: UUID, tried: Tried | None = None) -> str:
    found = platform().desk.opening(opening_id)
    require_part(me, found)
    offered = panels(me, found, tried)
    word, tone = standing(found)
    return render_template(
        "console/opening.html",
        opening_id=opening_id,
        number=platform().desk.report(found.report).number,
        facts=facts(found),
        standing=word,
        tone=tone,
        panels=offered,
        errors=[error for panel in offered for error in panel.errors],
        report_href=report_link(me, found),
    )


def _done(me: OfficerSession, opening_id: UUID, command: Command, data: Mapping[str, Any]) -> Response:
    """Carry it out; the reason of a refusal is told above the page."""
    try:
        wait_for(command(me, opening_id, data))
        flash(_("已办理。"), "good")
    except Refused as refused:
        flash(refused.reason, "bad")
    except SealingError as damaged:
        flash(str(damaged), "bad")
    return redirect(url_for(".opening", opening_id=opening_id), 303)


def _file(opening_id: UUID, make: Callable[..., bytes], kind: str) -> Response:
    me = officer()
    try:
        data = make(platform().desk, me, opening_id)
    except Refused as refused:
        flash(refused.reason, "bad")
        return redirect(url_for(".opening", opening_id=opening_id), 303)
    name = f"opening-{str(opening_id)[:8]}-{kind}.json"
    return send_file(io.BytesIO(data), mimetype=_JSON, as_attachment=True, download_name=name)


def _sent() -> bytes:
    """The answer that was uploaded. Raises Refused where there is none."""
    upload = request.files.get("answer")
    if upload is None or not upload.filename:
        raise Refused("answer", _("没有选择答复文件；请选择由命令生成的答复。"))
    data = b""
    with attachment(upload).open() as source:
        while len(data) < _MOST and (piece := source.read(_MOST)):
            data += piece
    return data


def _refuse(me: OfficerSession, opening_id: UUID, data: Mapping[str, Any]) -> int:
    return use.refuse(platform().desk, me, opening_id, OpeningRefusal(data["reason"]))


def _decline(me: OfficerSession, opening_id: UUID, data: Mapping[str, Any]) -> int:
    return use.decline(platform().desk, me, opening_id, DeclineReason(data["reason"]))


def _delay(me: OfficerSession, opening_id: UUID, data: Mapping[str, Any]) -> int:
    until: date = data["until"]
    return use.delay_notice(platform().desk, me, opening_id, data["number"], until)


_DECISIONS: Mapping[str, Command] = {
    "approve": lambda me, opening_id, _data: use.approve(platform().desk, me, opening_id),
    "refuse": _refuse,
    "decline": _decline,
    "delay": _delay,
    "close": lambda me, opening_id, _data: use.close(platform().desk, platform().working, me, opening_id),
}

_ANSWERS: Mapping[str, Command] = {
    "contribute": lambda me, opening_id, _data: use.contribute(platform().desk, me, opening_id, _sent()),
    "gate-answer": lambda me, opening_id, _data: use.add_gate_answer(platform().desk, me, opening_id, _sent()),
}


# -- looking once -----------------------------------------------------------------------------------------------------


@blueprint.post("/openings/<uuid:opening_id>/view")
def view(opening_id: UUID) -> Response:
    """What was opened, in this one answer; the look is in the log before it is shown."""
    me, here = officer(), platform()
    try:
        opened = use.open_once(here.desk, here.working, me, opening_id)
    except Refused as refused:
        flash(refused.reason, "bad")
        return redirect(url_for(".opening", opening_id=opening_id), 303)
    return _shown_once(me, opened)


@blueprint.post("/openings/<uuid:opening_id>/original")
def original(opening_id: UUID) -> FileResponse | Response:
    """An original, with the key that stands in the page that shows the opening."""
    me, here = officer(), platform()
    key, number = request.form.get("key", ""), request.form.get("number", "")
    try:
        wanted = int(number) if number.isdecimal() and len(number) < 4 else 0
        file, opened = opened_originals.original(here.desk, here.working, me, opening_id, key, wanted)
    except Refused as refused:
        flash(refused.reason, "bad")
        return redirect(url_for(".opening", opening_id=opening_id), 303)
    # Never shown in the browser: an original is not a cleaned copy.
    return files.answer(opened, "application/octet-stream", file.name)


def _shown_once(me: OfficerSession, opened: Opened) -> Response:
    here = platform()
    back = url_for(".opening", opening_id=opened.opening_id)
    seconds = int(opened_originals.SHOWN.total_seconds())
    page = render_template(
        "console/opening_opened.html",
        number=here.desk.report(opened.report_id).number,
        opened=opened_shown(opened),
        opening_id=opened.opening_id,
        key=opened_originals.keep(here.desk, here.working, me, opened),
        until=(here.clock() + opened_originals.SHOWN).strftime("%H:%M"),
        seconds=seconds,
        back=back,
    )
    response = make_response(page)
    response.headers["Refresh"] = f"{seconds}; url={back}"  # without scripts too the page leaves the screen
    response.headers["Cache-Control"] = "no-store"
    return response
