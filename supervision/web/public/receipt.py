"""The receipt: the 查询码 in large digits for as long as somebody needs to write it down, then gone from here."""

from __future__ import annotations

import segno
from flask import redirect, render_template, url_for
from werkzeug.wrappers import Response

from supervision.sealing.receipt import ReceiptCode
from supervision.web.app import platform
from supervision.web.public.site import DRAFT_COOKIE, blueprint, clear_browser, cookie_key, drafts


@blueprint.get("/receipt")
def receipt() -> str:
    """The receipt of what this browser has just handed in; else a page that says there is none."""
    key = cookie_key(DRAFT_COOKIE)
    kept = None if key is None else drafts().receipt(key)
    if kept is None:
        return render_template("public/nothing_here.html")
    address = platform().settings.public_address or url_for("public.start", _external=True)
    return render_template(
        "public/receipt.html",
        receipt=kept,
        code=ReceiptCode(kept.code).grouped,
        site_address=address,
        qr=qr_of(address),
        minutes=platform().settings.receipt_minutes,
        superior=platform().manifest.superior.name,
    )


@blueprint.post("/receipt")
def forget_receipt() -> Response:
    """He has written it down: forget it here and let the browser forget the site."""
    key = cookie_key(DRAFT_COOKIE)
    if key is not None:
        drafts().forget_receipt(key)
    response = redirect(url_for("public.receipt"), code=303)
    clear_browser(response)
    return response


def qr_of(address: str) -> str:
    """A picture of the site's address as a ``data:`` address. Never of a code: a camera keeps what it sees."""
    return segno.make(address, error="m").svg_data_uri(border=4)
