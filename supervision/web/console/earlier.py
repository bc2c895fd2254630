"""``/console/reports/<id>/earlier``: earlier reports on those whom one names. ``/console/index``: the index itself.

Posted, and with no address to come back to: each question is written down and counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from projections import queries
from projections.store import Reader
from supervision.casework import blind_index
from supervision.casework.actions import Case
from supervision.casework.blind_index import Hit
from supervision.casework.officer_session import OfficerSession
from supervision.domain.blind_index import Likeness
from supervision.domain.codes import Role
from supervision.domain.refusal import Refused
from supervision.web.app import platform
from supervision.web.console.site import DESK_ROLES, blueprint
from supervision.web.officer_login import officer

Answer: TypeAlias = str | tuple[str, int] | Response

BLOCK = 500
"""Reports that are looked for in the index at once."""

_LIKENESS = {
    Likeness.PERSON: (_l("姓名、单位相同"), "warn"),
    Likeness.NAME: (_l("仅姓名相同，可能是另一人"), ""),
    Likeness.POST: (_l("未写姓名，单位和职务相同"), ""),
}


@dataclass(frozen=True, kw_only=True)
class HitShown:
    """An earlier report in the list. ``outcome``: result and disposition, or how far it has come."""

    href: str
    number: str
    received: str
    likeness: str
    tone: str
    state: str
    outcome: str


@blueprint.post("/reports/<uuid:report_id>/earlier")
def earlier(report_id: UUID) -> Answer:
    """Ask the index. What is found has been compared with this report's own names before it is shown."""
    me, here = officer(), platform()
    me.require(*DESK_ROLES)
    case = Case.load(here.desk, report_id)
    try:
        answer = blind_index.earlier_reports(here.desk, me, case)
        rows, entered, refusal = [_shown(hit) for hit in answer.hits], answer.entered, ""
    except Refused as refused:
        rows, entered, refusal = [], 0, refused.reason
    page = render_template(
        "console/earlier.html",
        report_id=report_id,
        number=case.report.number or _("未编号"),
        rows=rows,
        entered=entered,
        refusal=refusal,
        per_day=here.rulebook.index.per_day,
        expires=[(result.label, days) for result, days in here.rulebook.index.expires.items()],
    )
    return (page, 409) if refusal else page


@blueprint.get("/reports/<uuid:report_id>/earlier")
def earlier_again(report_id: UUID) -> Response:
    """Where the answer is loaded again: the report, from where it can be asked once more."""
    return redirect(url_for(".report", report_id=report_id), 303)


@blueprint.get("/index")
def blind_index_page() -> str:
    """How much of the office's reports the index speaks for, and giving it another key."""
    me, here = officer(), platform()
    me.require(Role.PETITION_HEAD)
    with here.reads.reading() as reader:
        missing = len(_missing(reader, me, blind_index.REFILLED_AT_ONCE))
    return render_template("console/index.html", entered=here.index.count(me.office), missing=missing)


@blueprint.post("/index/rekey")
def rekey_index() -> Response:
    """Empty it; the reports come back one by one, or by :func:`refill_index`."""
    me = officer()
    blind_index.rekey(platform().desk, me)
    flash(_("索引已清空并更换密钥；请补编本单位的举报件。"), "good")
    return redirect(url_for(".blind_index_page"), 303)


@blueprint.post("/index/refill")
def refill_index() -> Response:
    """Enter some of the reports that are missing."""
    me, here = officer(), platform()
    with here.reads.reading() as reader:
        missing = _missing(reader, me, blind_index.REFILLED_AT_ONCE)
    done = blind_index.refill(here.desk, me, missing)
    flash(_("已补编 %(n)s 件。", n=done), "good")
    return redirect(url_for(".blind_index_page"), 303)


def _missing(reader: Reader, me: OfficerSession, most: int) -> list[UUID]:
    """Reports of the office that the index does not speak for, at most so many."""
    found: list[UUID] = []
    after = ""
    while len(found) < most:
        page = queries.reports_of_office(reader, me.office, after, BLOCK)
        found += platform().index.missing(me.office, page.rows)
        after = page.next
        if not after:
            break
    return found[:most]


def _shown(hit: Hit) -> HitShown:
    words, tone = _LIKENESS[hit.likeness]
    return HitShown(
        href=url_for(".report", report_id=hit.report),
        number=hit.number,
        received=hit.received_on.isoformat(),
        likeness=str(words),
        tone=tone,
        state=hit.state.label,
        outcome="；".join(filter(None, (hit.result, hit.disposition))) or _("尚无结果"),
    )
