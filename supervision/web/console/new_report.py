"""``/console/reports/new``: a call on 12380 or 12388, a letter, a message, a visit; and the receipt to read out.

The code is drawn when the form is sent, and kept for some minutes under the key of the officer's own session, so that
a button pressed twice is one report and a page loaded again shows the same code to the same officer.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import asdict, dataclass
from datetime import timedelta

from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from supervision.domain.codes import Jurisdiction
from supervision.domain.refusal import Refused
from supervision.intake.door import AlreadyAdmitted
from supervision.intake.judgement import judge
from supervision.intake.submission import Submission
from supervision.sealing.receipt import ReceiptCode
from supervision.sealing.session import CookieKey
from supervision.web.app import platform
from supervision.web.command_forms import FormField, error_list
from supervision.web.console.new_report_form import NewReport, category_options
from supervision.web.console.site import RECORDER_ROLES, SITE, blueprint
from supervision.web.officer_login import officer
from supervision.web.waiting import wait_for

RECEIPT = "desk-receipt"
MARK_LENGTH = 16


@dataclass(frozen=True, kw_only=True, repr=False)
class DeskReceipt:
    """What is read out. ``code``: 32 digits, "" where none is given out; ``sealed``: it went up under seal."""

    reference: str
    code: str
    sealed: bool


@blueprint.route("/reports/new", methods=["GET", "POST"])
def new_report() -> Response | str | tuple[str, int]:
    """The form, and recording what it says."""
    me, here = officer(), platform()
    me.require(*RECORDER_ROLES)
    if request.method == "GET":
        return _page(NewReport.empty(here, me.office), here.rng(MARK_LENGTH).hex())
    mark = _mark(request.form.get("mark", ""))
    report = NewReport.read(here, request.form, request.files)
    if not report.valid:
        return _page(report, mark), 422
    _record(report, mark)
    return redirect(url_for(".receipt", mark=mark), 303)


@blueprint.route("/reports/new/receipt/<mark>", methods=["GET", "POST"])
def receipt(mark: str) -> Response | str:
    """The reference and the 查询码, for some minutes; a press of the button forgets them at once."""
    officer().require(*RECORDER_ROLES)
    here, key = platform(), CookieKey.parse(SITE.cookie)
    place = _place(key, _mark(mark))
    if request.method == "POST":
        here.working.remove(RECEIPT, place)
        return redirect(url_for(".new_report"), 303)
    kept = here.working.get(RECEIPT, place, here.clock())
    if kept is None:
        raise Refused("not_found", _("回执已经清除或过期，不能再次显示；举报已经登记。"))
    return render_template("console/receipt.html", receipt=DeskReceipt(**json.loads(key.open(RECEIPT, kept))))


def _record(report: NewReport, mark: str) -> None:
    """Hand the report in; handing in the same form again changes nothing."""
    me, here = officer(), platform()
    submission = report.submission()
    drawn = ReceiptCode.new(here.rng) if report.receipt_wanted else None
    kept = _reserved(submission, drawn, mark)
    try:
        admitted = here.console_door.admit(
            submission,
            ReceiptCode(kept.code) if kept.code else None,
            signer=me.signer,
            actor=me.officer,
            office=me.office,
            reference=kept.reference,
            import_tag=hmac.digest(here.console_secrets.import_key, b"console\0" + bytes.fromhex(mark), "sha256"),
        )
    except AlreadyAdmitted:
        return
    wait_for(admitted.position)


def _reserved(submission: Submission, drawn: ReceiptCode | None, mark: str) -> DeskReceipt:
    """The receipt of this form: the first one that was drawn for it."""
    here, key = platform(), CookieKey.parse(SITE.cookie)
    receipt = DeskReceipt(
        reference=here.console_door.draw_reference(),
        code=drawn.digits if drawn else "",
        sealed=judge(submission, here.rulebook, here.own_staff).jurisdiction is Jurisdiction.SUPERIOR,
    )
    now = here.clock()
    blob = here.working.reserve(
        RECEIPT,
        _place(key, mark),
        key.seal(RECEIPT, json.dumps(asdict(receipt)).encode(), here.rng),
        now + timedelta(minutes=here.settings.receipt_minutes),
        now,
    )
    return DeskReceipt(**json.loads(key.open(RECEIPT, blob)))


def _place(key: CookieKey, mark: str) -> bytes:
    return bytes.fromhex(key.store_id(f"{RECEIPT}/{mark}"))


def _mark(text: str) -> str:
    """The random mark of a form, 32 hex digits. Raises :class:`Refused`."""
    try:
        if len(bytes.fromhex(text)) == MARK_LENGTH:
            return text.lower()
    except ValueError:
        pass
    raise Refused("mark", _("页面不完整；请重新打开“登记新举报”。"))


def _page(report: NewReport, mark: str) -> str:
    sections = {name: report.section(name) for name in ("arrival", "matter", "reporter", "receipt")}
    people = [report.section(name) for name in report.people]
    drawn: list[FormField] = [
        *sections["arrival"],
        *(one for person in people for one in person),
        *(one for name in ("matter", "reporter", "receipt") for one in sections[name]),
    ]
    return render_template(
        "console/new_report.html",
        sections=sections,
        matter={one.name.removeprefix("matter-"): one for one in sections["matter"]},
        people=people,
        named=[any(one.value for one in person) for person in people],
        mark=mark,
        categories=category_options(platform().rulebook.categories),
        errors=[*error_list(drawn), *report.file_errors.items()],
        file_errors=report.file_errors,
        kept=not report.valid,
    )
