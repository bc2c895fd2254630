"""The report form: all pages under one address, each POST answered by a redirect, everything in the sealed draft."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from supervision.intake.drafts import Draft
from supervision.sealing.errors import SealingError
from supervision.sealing.session import CookieKey
from supervision.web.app import platform
from supervision.web.public import uploads
from supervision.web.public.filing import hand_in
from supervision.web.public.forms import (
    ANONYMOUS,
    PAGES,
    PEOPLE,
    READERS,
    STEPS,
    errors_of,
    page_after,
    page_before,
    pages_for,
)
from supervision.web.public.page_data import page_variables
from supervision.web.public.site import DRAFT_COOKIE, blueprint, clear_browser, cookie_key, drafts


@blueprint.get("/report")
def report() -> str | Response:
    """The page of the form that this browser's draft is at."""
    key, draft = _draft()
    if key is None or draft is None:
        return _no_draft(key)
    return _shown(draft)


@blueprint.post("/report")
def answer() -> str | Response:
    """Keep what was typed, then go where the button says."""
    key, draft = _draft()
    if key is None or draft is None:
        return _no_draft(key)
    if "abandon" in request.form:
        return _abandoned(key)
    page = request.form.get("page", "")
    if page not in pages_for(draft.answers):
        return _redirected()
    if page == "check" and "goto" not in request.form:
        return _handed_in(key, draft)
    _keep(page, key, draft)
    draft.page = _next(page, draft)
    drafts().save(key, draft)
    return _redirected()


def _draft() -> tuple[CookieKey | None, Draft | None]:
    key = cookie_key(DRAFT_COOKIE)
    draft = None if key is None else drafts().load(key)
    if draft is not None and draft.page not in pages_for(draft.answers):
        draft.page = PAGES[0]
    return key, draft


def _no_draft(key: CookieKey | None) -> Response:
    """Handed in just now, perhaps by the first of two clicks; or expired, or never begun."""
    if key is not None and drafts().receipt(key) is not None:
        return redirect(url_for("public.receipt"), code=303)
    if request.method == "POST":
        flash(_("填写的内容已经过期并清除，没有提交。请重新填写。"), "warn")
    return redirect(url_for("public.start"), code=303)


def _redirected() -> Response:
    return redirect(url_for("public.report"), code=303)


# -- keeping ----------------------------------------------------------------------------------------------


def _keep(page: str, key: CookieKey, draft: Draft) -> None:
    """Put what was sent into the draft, right or wrong."""
    if page == "files":
        uploads.keep(key, draft, request.form, request.files.getlist("files"))
    elif page in READERS:
        draft.answers[page] = READERS[page](request.form)
    if page == "level" and "who" in draft.answers:
        draft.answers["who"]["people"][0]["unit"] = draft.answers["level"]["unit"]
    elif page == "who":
        draft.answers.setdefault("level", {})["unit"] = draft.answers["who"]["people"][0]["unit"]
    elif page == "identity" and draft.answers["identity"]["identity"] == ANONYMOUS:
        draft.answers.pop("reporter", None)


def _next(page: str, draft: Draft) -> str:
    """Where to go: by a button of the page itself, or on."""
    stays = _stays(page, draft)
    if stays:
        return page
    wanted = request.form.get("goto", "")
    if wanted:
        pages = pages_for(draft.answers)
        return wanted if wanted in pages else page_before(page, draft.answers)
    if page not in draft.seen:
        draft.seen.append(page)
    return page_after(page, draft.answers, draft.seen, platform().settings.max_text)


def _stays(page: str, draft: Draft) -> bool:
    """Whether a button was pressed that changes something on the page and leaves one there."""
    if page == "who":
        return _changed_people(draft.answers["who"]["people"])
    return page == "files" and uploads.stays(draft, request.form)


def _changed_people(people: list[dict[str, str]]) -> bool:
    if "more" in request.form:
        if len(people) < PEOPLE:
            people.append(dict.fromkeys(people[0], ""))
        return True
    dropped = request.form.get("drop", "")
    if dropped.isdecimal() and 1 < int(dropped) <= len(people):
        del people[int(dropped) - 1]
        return True
    return False


# -- the end ----------------------------------------------------------------------------------------------


def _handed_in(key: CookieKey, draft: Draft) -> str | Response:
    """Record the report; on a mistake back to its page, on a fault stay here with everything kept."""
    settings, store = platform().settings, drafts()
    first = page_after(PAGES[0], draft.answers, draft.seen, settings.max_text)
    if first != "check":
        draft.page = first
        store.save(key, draft)
        return _redirected()
    try:
        receipt = hand_in(platform(), draft, store.attachments(key, draft))
    except (SealingError, OSError):
        if store.load(key) is None:  # another request has handed the same draft in and removed its files
            return _no_draft(key)
        return _shown(draft, fault=_("暂时无法保存，没有提交。您填写的内容没有丢失，请稍后再点“提交”。"))
    store.keep_receipt(key, receipt)
    store.forget(key)
    return redirect(url_for("public.receipt"), code=303)


def _abandoned(key: CookieKey) -> Response:
    drafts().forget(key)
    response = redirect(url_for("public.receipt"), code=303)
    clear_browser(response)
    return response


# -- showing ----------------------------------------------------------------------------------------------


def _shown(draft: Draft, fault: str = "") -> str:
    """The page that the draft is at. ``fault``: why it could not be handed in, "" where nobody tried."""
    page, answers = draft.page, draft.answers
    max_text = platform().settings.max_text
    errors = errors_of(page, answers.get(page, {}), max_text) if page in draft.seen else {}
    if page == "files" and (refused := answers.get("files", {}).get("refused")):
        errors["files"] = "".join(refused)
    if fault:
        errors["submit"] = fault
    return render_template(
        f"public/{page}.html",
        page=page,
        step=STEPS[page],
        steps=STEPS["check"],
        values=answers.get(page, {}),
        errors=errors,
        **page_variables(platform(), draft),
    )
