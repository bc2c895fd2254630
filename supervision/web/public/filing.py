"""From a draft to a report: what was typed on the pages in the form of the door, and handing it in once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from supervision.domain.categories import Categories
from supervision.domain.codes import Channel, Jurisdiction
from supervision.intake.door import AlreadyAdmitted
from supervision.intake.drafts import Draft, Receipt
from supervision.intake.judgement import OWN_STAFF as NOBODY_LEFT
from supervision.intake.judgement import judge
from supervision.intake.limits import TITLE
from supervision.intake.status_lookup import look_up
from supervision.intake.submission import Attachment, ReportedPerson, ReporterDetails, Submission
from supervision.platform import Platform
from supervision.sealing.receipt import ReceiptCode
from supervision.settings import Settings
from supervision.web.public.forms import NAMED, NO, REPORTER_FIELDS, levels_of
from supervision.web.public.levels import LEVEL, OWN_STAFF, UNIT, goes_up

Answers = Mapping[str, Mapping[str, Any]]


def goes_to_superior(platform: Platform, answers: Answers) -> bool:
    """Whether, by what has been typed so far, the report will be sealed to the superior (A-15).

    Who of this office is meant is not judged before the page has asked what that person does.
    """
    found = judge(_submission(platform, answers), platform.rulebook, platform.own_staff)
    not_asked_yet = found.reason == NOBODY_LEFT and OWN_STAFF in levels_of(answers) and "staff" not in answers
    return found.jurisdiction is Jurisdiction.SUPERIOR and not not_asked_yet


def hand_in(platform: Platform, draft: Draft, files: tuple[Attachment, ...]) -> Receipt:
    """Record the report; durable when this returns. Handing in the same draft again gives the same receipt.

    Raises SealingError and OSError when nothing was recorded.
    """
    code = ReceiptCode(draft.code)
    recorded = look_up(platform, code)
    if recorded is not None:
        return Receipt(code=draft.code, reference=draft.reference, sealed=recorded.sealed)
    submission = _submission(platform, draft.answers, files)
    try:
        sealed = platform.public_door.admit(submission, code, reference=draft.reference).sealed
    except AlreadyAdmitted:  # the same draft, at the same moment, in another request
        recorded = look_up(platform, code)
        sealed = recorded is not None and recorded.sealed
    return Receipt(code=draft.code, reference=draft.reference, sealed=sealed)


def _submission(platform: Platform, answers: Answers, files: tuple[Attachment, ...] = ()) -> Submission:
    people = reported(platform.settings, answers)
    identity = answers.get("identity", {})
    named = identity.get("identity") == NAMED
    return Submission(
        channel=Channel.WEB,
        line=platform.rulebook.categories.line_of(answers.get("category", {}).get("chosen", [])),
        occurred_at=platform.clock(),
        respondents=people,
        title=_title(people),
        categories=category_texts(platform.rulebook.categories, answers.get("category", {})),
        text=answers.get("text", {}).get("text", ""),
        reporter=_reporter(answers.get("reporter", {})) if named else ReporterDetails(),
        feedback_wanted=identity.get("feedback") != NO,
        attachments=files,
        superior_declared=goes_up(levels_of(answers)),
        own_staff=reported(platform.settings, answers, only=OWN_STAFF),
        own_duties=tuple(answers.get("staff", {}).get("duties", ())),
        anonymous=not named,
    )


def reported(settings: Settings, answers: Answers, only: str = "") -> tuple[ReportedPerson, ...]:
    """Persons and units reported; whoever has no word about him is left out. ``only``: those of one level."""
    first_unit = answers.get("level", {}).get("unit", "")
    people = answers.get("who", {}).get("people") or [dict.fromkeys(("name", "post", "area"), "")]
    units = [first_unit, *(person["unit"] for person in people[1:])]
    found = (
        _person(settings, person, unit, level)
        for person, unit, level in zip(people, units, levels_of(answers), strict=True)
        if only in ("", level)
    )
    return tuple(person for person in found if person != ReportedPerson())


def _person(settings: Settings, typed: Mapping[str, str], unit: str, level: str) -> ReportedPerson:
    name, post = typed["name"], typed["post"]
    if level == UNIT and not name:
        name, post = unit, post or "单位"
    if level == OWN_STAFF and not unit:
        unit = "、".join(settings.own_units)
    area = typed["area"]
    return ReportedPerson(
        name=name,
        unit=unit,
        post=post,
        rank=LEVEL[level].rank if level in LEVEL else "",
        area=area,
        area_code=settings.area_code if settings.county and settings.county in area else "",
    )


def _title(people: tuple[ReportedPerson, ...]) -> str:
    """What a list of reports shows; there is no question for it, since the answers say it."""
    first = people[0] if people else ReportedPerson()
    whom = first.name if first.name == first.unit else f"{first.unit}{first.post}{first.name}"
    several = "等" if len(people) > 1 else ""
    return f"反映{whom}{several}有关问题"[:TITLE]


def category_texts(categories: Categories, typed: Mapping[str, Any]) -> tuple[str, ...]:
    """Each choice as kind and item, in the words of the list; what was written freely stays as it is."""
    texts: list[str] = []
    for code in typed.get("chosen", []):
        category = categories.get(code)
        if category is None:
            continue
        kind = categories.get(category.parent)
        texts += [kind.label, category.label] if kind else [category.label]
    return (*texts, *filter(None, [typed.get("other", "")]))


def _reporter(typed: Mapping[str, str]) -> ReporterDetails:
    told: dict[str, Any] = {name: typed.get(name, "") for name in REPORTER_FIELDS}
    return ReporterDetails(**told)
