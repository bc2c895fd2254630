"""The status page: the code is posted, looked up, and carried between the page's forms in a sealed session of minutes.

Looking is not recorded anywhere. A mistyped code is told so; a code that leads nowhere is told so in the same words
after the same work, whatever the reason.
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any, Literal

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from events.store import DamagedLog
from supervision.checkpointing.receipts import ReceiptProof, receipt_proof
from supervision.domain.codes import StatusWord
from supervision.intake import supplement
from supervision.intake.status_lookup import ReportStatus, look_up
from supervision.intake.submission import Attachment
from supervision.sealing.errors import MistypedCode, SealingError
from supervision.sealing.receipt import ReceiptCode
from supervision.sealing.session import CookieKey
from supervision.settings import BadSetting
from supervision.web.app import platform
from supervision.web.public.forms import typed
from supervision.web.public.site import STATUS_COOKIE, blueprint, clear_browser, cookie_key, set_cookie
from supervision.web.public.uploads import readable_size, sent, why_not
from supervision.web.requests import attachment

SESSION = "status"
LIFETIME = timedelta(minutes=10)
PROOF_FILE = "receipt.tlog-proof"
LONGEST_INPUT = 200
"""Characters of a code as typed, with whatever is between its groups."""


@blueprint.get("/status")
def status() -> str:
    """The question for the code, or the status where the code was given a moment ago."""
    code = _code_of_session()
    found = look_up(platform(), code) if code else None
    return _asked() if code is None or found is None else _told(found, code)


@blueprint.post("/status")
def act() -> str | Response:
    """Look up a code, or one of the actions of the page."""
    action = request.form.get("action", "look")
    if action == "leave":
        return _left()
    if action == "look":
        return _looked_up()
    code = _code_of_session() or _code_typed_again()
    if action == "proof":
        return _proof_file(code)
    if code is None:
        return _asked_again()
    if action == "withdraw":
        return _withdrawn(code)
    return _added(code)


# -- the code and its session -----------------------------------------------------------------------------


def _looked_up() -> str | Response:
    text = request.form.get("code", "")[:LONGEST_INPUT]
    try:
        code = ReceiptCode.parse(text)
    except MistypedCode as mistyped:
        return _asked(str(mistyped), text)
    if look_up(platform(), code) is None:
        return _asked(
            _("没有查到与这个查询码对应的记录。请对照回执逐组核对；核对无误仍然查不到的，请通过其他反映渠道询问。"),
            text,
        )
    return _with_session(redirect(url_for("public.status"), code=303), code)


def _with_session(response: Response, code: ReceiptCode) -> Response:
    """Let this browser go on with ``code`` for :data:`LIFETIME`, under a new key."""
    of = platform()
    _end_session()
    key = CookieKey.new(of.rng)
    sealed = key.seal(SESSION, json.dumps({"code": code.digits}).encode(), of.rng)
    of.working.put(SESSION, _id(key), sealed, of.clock() + LIFETIME)
    set_cookie(response, STATUS_COOKIE, key)
    return response


def _code_of_session() -> ReceiptCode | None:
    """The code of this browser's session, which lives on for another while."""
    of, key = platform(), cookie_key(STATUS_COOKIE)
    sealed = None if key is None else of.working.get(SESSION, _id(key), of.clock())
    if key is None or sealed is None:
        return None
    of.working.prolong(SESSION, _id(key), of.clock() + LIFETIME)
    return ReceiptCode(json.loads(key.open(SESSION, sealed))["code"])


def _code_typed_again() -> ReceiptCode | None:
    """The code where the session ended while somebody was writing, and he has given it once more with his text."""
    try:
        code = ReceiptCode.parse(request.form.get("code", "")[:LONGEST_INPUT])
    except MistypedCode:
        return None
    return None if look_up(platform(), code) is None else code


def _end_session() -> None:
    key = cookie_key(STATUS_COOKIE)
    if key is not None:
        platform().working.remove(SESSION, _id(key))


def _id(key: CookieKey) -> bytes:
    return bytes.fromhex(key.store_id(SESSION))


# -- actions ----------------------------------------------------------------------------------------------


def _left() -> Response:
    _end_session()
    response = redirect(url_for("public.receipt"), code=303)
    clear_browser(response)
    return response


def _withdrawn(code: ReceiptCode) -> Response:
    try:
        supplement.withdraw_feedback_wish(platform(), code)
    except (supplement.NothingToAddTo, OSError):
        flash(_("暂时无法保存，请稍后再试。"), "bad")
    else:
        flash(_("已记下：您不需要知道处理结果。"), "good")
    return redirect(url_for("public.status"), code=303)


def _added(code: ReceiptCode) -> str | Response:
    """Take an addition, or show the page again with what is wrong and everything that was typed."""
    of = platform()
    text = typed(request.form, "text")
    files, errors = _files()
    if len(text) > of.settings.max_text:
        errors["text"] = _("“补充说明”最多 %(longest)s 字，请删减后再提交。", longest=of.settings.max_text)
    if not text and not files and not errors:
        errors["text"] = _("请写下补充说明，或者选择文件。")
    if not errors:
        try:
            supplement.add(of, code, supplement.Addition(number=_number(), text=text, files=files))
        except supplement.TooManyAdditions:
            errors["text"] = _("补充次数已达上限。请通过其他反映渠道提供材料。")
        except (supplement.NothingToAddTo, SealingError, OSError):
            errors["text"] = _("暂时无法保存，没有提交。请稍后再试；文字还在下面，文件需要重新选择。")
    if errors:
        found = look_up(of, code)
        return _asked() if found is None else _told(found, code, text, errors)
    flash(_("补充材料已收到，已加密封存，只有承办的机关能打开。"), "good")
    return _with_session(redirect(url_for("public.status"), code=303), code)


def _files() -> tuple[tuple[Attachment, ...], dict[str, str]]:
    """The files sent along, and what is wrong with them: nothing is taken unless all can be."""
    files: list[Attachment] = []
    refused = []
    for upload in sent(request.files.getlist("files")):
        file = attachment(upload)
        reason = why_not(upload, file, len(files), platform().settings)
        if reason:
            refused.append(reason)
        else:
            files.append(file)
    return tuple(files), {"files": " ".join(refused)} if refused else {}


def _number() -> int:
    """Which addition the page was made for, so that a second click adds nothing."""
    text = request.form.get("number", "")
    return int(text) if text.isdecimal() and len(text) < 6 else 1


# -- the proof that the report is in the log -------------------------------------------------------------------


def _proof_file(code: ReceiptCode | None) -> str | Response:
    """The file, or the page that says why there is none."""
    if code is None:
        return _asked(_("停留时间较长，已自动退出。请再输入一次查询码。"))
    proof = _proof(code)
    if not isinstance(proof, ReceiptProof):
        return redirect(url_for("public.status"), code=303)
    response = Response(proof.file, mimetype="text/plain")
    response.headers["Content-Disposition"] = f'attachment; filename="{PROOF_FILE}"'
    return response


def _proof(code: ReceiptCode) -> ReceiptProof | Literal["waiting", "broken"]:
    """The proof; ``waiting`` while nothing signed covers the report, ``broken`` where the log fails to prove it."""
    try:
        found = receipt_proof(platform(), code.derive(platform().settings.origin))
    except (DamagedLog, BadSetting):
        return "broken"
    return found or "waiting"


def _proof_state(code: ReceiptCode) -> str:
    """``ready``, ``provisional``, ``waiting`` or ``broken``."""
    proof = _proof(code)
    if isinstance(proof, ReceiptProof):
        return "provisional" if proof.provisional else "ready"
    return proof


# -- showing ----------------------------------------------------------------------------------------------


def _asked(error: str = "", text: str = "") -> str:
    return render_template("public/status_code.html", error=error, typed=text)


def _asked_again() -> str:
    """The session ended meanwhile: ask for the code once more and keep what was written."""
    return render_template(
        "public/status_again.html",
        text=typed(request.form, "text"),
        action=request.form.get("action", ""),
        number=_number(),
        tried="code" in request.form,
    )


def _told(found: ReportStatus, code: ReceiptCode, text: str = "", errors: dict[str, str] | None = None) -> str:
    settings = platform().settings
    return render_template(
        "public/status.html",
        steps=_steps(found),
        messages=() if found.sealed else found.messages,
        guidance=found.guidance,
        additions=found.supplements,
        openings=found.openings,
        contacts=found.contacts,
        number=0 if found.destroyed else supplement.count(platform(), code) + 1,
        destroyed=found.destroyed,
        may_withdraw=found.feedback_wanted and not found.sealed and found.word is not StatusWord.FED_BACK,
        feedback_wanted=found.feedback_wanted,
        sealed=found.sealed,
        proof=_proof_state(code),
        text=text,
        errors=errors or {},
        most_bytes=readable_size(settings.max_file_bytes),
        minutes=int(LIFETIME.total_seconds() // 60),
    )


def _steps(found: ReportStatus) -> list[dict[str, Any]]:
    """What has happened so far: days and nothing finer. What may follow is not shown, since nobody knows it yet."""
    received = {"word": StatusWord.RECEIVED.label, "state": "done", "date": _day(found.received_on)}
    if found.sealed or found.word is StatusWord.RECEIVED:
        return [{**received, "state": "current"}]
    return [received, {"word": found.word.label, "state": "current", "date": _day(found.changed_on)}]


@blueprint.app_template_filter("chinese_day")
def _day(day: date) -> str:
    return _("%(year)s 年 %(month)s 月 %(day)s 日", year=day.year, month=day.month, day=day.day)
