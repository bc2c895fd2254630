"""``/console/contacts``: asking for a reporter to be contacted, and the relay officers' part in it (A-24, A-26, A-27).

Who asks sees no number. Relay officers see the report's public reference, the purpose and fixed words; the second of
two sees number and address once, in an answer that no browser keeps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, TypeAlias
from uuid import UUID

from flask import abort, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import ValidationError
from werkzeug.wrappers import Response

from supervision.casework import contact as use
from supervision.casework.contact import KEY_FILE_BYTES, Reachable
from supervision.casework.officer_session import OfficerSession
from supervision.domain.contact_codes import ContactOutcome, ContactPurpose, ContactState, ContactWay
from supervision.domain.contact_rules import RELAYS, REQUESTERS
from supervision.domain.refusal import Refused
from supervision.web import command_forms
from supervision.web.app import platform
from supervision.web.command_forms import Tried
from supervision.web.console import contact_view as view
from supervision.web.console.contact_forms import ConcludeForm, RequestForm
from supervision.web.console.site import blueprint
from supervision.web.officer_login import officer
from supervision.web.requests import attachment
from supervision.web.waiting import wait_for

Answer: TypeAlias = str | tuple[str, int] | Response

SHOWN = timedelta(minutes=10)
"""How long number and address are shown: time for one call (✎)."""

_TALKING = frozenset({ContactState.REQUESTED, ContactState.USED})
_ACTS = frozenset({"contribute", "view", "conclude", "close"})


# -- asking ---------------------------------------------------------------------------------------------------------


@blueprint.get("/reports/<uuid:report_id>/contact")
def request_contact(report_id: UUID) -> str:
    """The form: for which purpose."""
    return _request_page(officer(), report_id)


@blueprint.post("/reports/<uuid:report_id>/contact")
def send_contact_request(report_id: UUID) -> Answer:
    """Recorded at once: it shows nothing to anybody yet, and can be withdrawn."""
    me = officer()
    given = command_forms.read(RequestForm, request.form)
    try:
        purpose = ContactPurpose(RequestForm().load(given)["purpose"])
    except ValidationError as invalid:
        return _request_page(me, report_id, given, invalid.normalized_messages()), 422
    except ValueError:
        return _request_page(me, report_id, given, {"purpose": [_("请从所列选项中选择。")]}), 422
    try:
        contact_id = use.request(platform().desk, me, report_id, purpose)
    except Refused as refused:
        flash(refused.reason, "bad")
        return redirect(url_for(".request_contact", report_id=report_id), 303)
    wait_for(platform().ledger.head())
    flash(_("申请已提交，等待联络员办理。"), "good")
    return redirect(url_for(".contact", contact_id=contact_id), 303)


def _request_page(
    me: OfficerSession,
    report_id: UUID,
    given: Mapping[str, Any] | None = None,
    errors: Mapping[str, list[str]] | None = None,
) -> str:
    me.require(*sorted(REQUESTERS))
    desk = platform().desk
    report = desk.report(report_id)
    report.refuse_excluded(me.officer)
    if not use.roles_on(desk, me, report):
        raise Refused("not_yours", _("本件不由您办理，不能申请联络；请由本件的受理单位或者承办人申请。"))
    purposes = [(one.value, one.label) for one in use.purposes_for(desk, me, report_id)]
    fields = command_forms.draw(RequestForm, "contact", {"purposes": purposes}, given or {}, errors or {})
    return render_template(
        "console/contact_request.html",
        fields=fields,
        errors=command_forms.error_list(fields),
        offered=bool(purposes),
        number=report.number,
        back=url_for(".report", report_id=report_id),
    )


# -- lists and one contact --------------------------------------------------------------------------------------------


@blueprint.get("/contacts")
def contacts() -> str:
    """What waits for a relay officer."""
    me = officer()
    me.require(*sorted(RELAYS))
    return render_template("console/contacts.html", sections=view.sections(me))


@blueprint.get("/contacts/<uuid:contact_id>")
def contact(contact_id: UUID) -> str:
    """One contact: who asks, for what, how far it has come, what can be done."""
    return _page(officer(), contact_id)


@blueprint.post("/contacts/<uuid:contact_id>/contribute")
def contribute_contact(contact_id: UUID) -> Response:
    """A relay officer's share, with his key file."""
    me = officer()
    return _done(contact_id, lambda: use.contribute(platform().desk, me, contact_id, _key_file()))


@blueprint.post("/contacts/<uuid:contact_id>/close")
def close_contact(contact_id: UUID) -> Response:
    """Withdrawn, or cleared away."""
    me = officer()
    return _done(contact_id, lambda: use.close(platform().desk, me, contact_id))


@blueprint.post("/contacts/<uuid:contact_id>/conclude")
def conclude_contact(contact_id: UUID) -> Answer:
    """What came of it."""
    me = officer()
    given = command_forms.read(ConcludeForm, request.form)
    try:
        data = ConcludeForm().load(given)
    except ValidationError as invalid:
        return _page(me, contact_id, Tried(name="conclude", given=given, errors=invalid.normalized_messages())), 422
    outcome, way = ContactOutcome(data["outcome"]), ContactWay(data["way"])
    return _done(contact_id, lambda: use.conclude(platform().desk, me, contact_id, outcome, way, data["on"]))


@blueprint.post("/contacts/<uuid:contact_id>/view")
def view_contact(contact_id: UUID) -> Response:
    """Number and address, in this one answer; the look is in the log before it is shown."""
    me = officer()
    try:
        seen = use.use_once(platform().desk, me, contact_id, _key_file())
    except Refused as refused:
        flash(refused.reason, "bad")
        return redirect(url_for(".contact", contact_id=contact_id), 303)
    wait_for(seen.position)
    return _shown_once(seen)


@blueprint.get("/contacts/<uuid:contact_id>/<name>")
def contact_again(contact_id: UUID, name: str) -> Response:
    """Where a page that came from a form is loaded again: the contact as it stands now."""
    if name not in _ACTS:
        abort(404)
    return redirect(url_for(".contact", contact_id=contact_id), 303)


def _page(me: OfficerSession, contact_id: UUID, tried: Tried | None = None) -> str:
    found = platform().desk.contact(contact_id)
    view.require_part(me, found)
    offered = view.panels(me, found, tried)
    word, tone = view.standing(found)
    return render_template(
        "console/contact.html",
        contact_id=contact_id,
        reference=platform().desk.report(found.report).reference,
        facts=view.facts(found),
        standing=word,
        tone=tone,
        panels=offered,
        errors=[error for panel in offered for error in panel.errors],
        script=view.script(found) if me.has(*RELAYS) and found.state in _TALKING else [],
        relay=me.has(*RELAYS),
        report_href=view.report_link(me, found),
    )


def _done(contact_id: UUID, act: Callable[[], int]) -> Response:
    """Carry it out; the reason of a refusal is told above the page."""
    try:
        wait_for(act())
        flash(_("已办理。"), "good")
    except Refused as refused:
        flash(refused.reason, "bad")
    return redirect(url_for(".contact", contact_id=contact_id), 303)


def _key_file() -> bytes:
    """The key file that was sent with the form; it has been nowhere but in memory. Raises Refused."""
    upload = request.files.get("key")
    if upload is None or not upload.filename:
        raise Refused("key_file", _("没有选择私钥文件；请选择密钥仪式交给您本人的 .key 文件。"))
    with attachment(upload).open() as source:
        return source.read(KEY_FILE_BYTES)


def _shown_once(seen: Reachable) -> Response:
    here = platform()
    back = url_for(".contact", contact_id=seen.contact_id)
    seconds = int(SHOWN.total_seconds())
    found = here.desk.contact(seen.contact_id)
    page = render_template(
        "console/contact_shown.html",
        reference=here.desk.report(found.report).reference,
        purpose=found.purpose.label,
        reachable=view.reachable(seen),
        script=view.script(found),
        until=(here.clock() + SHOWN).strftime("%H:%M"),
        seconds=seconds,
        back=back,
    )
    response = make_response(page)
    response.headers["Refresh"] = f"{seconds}; url={back}"  # without scripts too the page leaves the screen
    response.headers["Cache-Control"] = "no-store"
    return response
