"""Files of a draft: each upload goes from its spool to the draft's encrypted directory, or is refused kindly."""

from __future__ import annotations

from collections.abc import Iterable

from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage

from supervision.intake.drafts import Draft
from supervision.intake.submission import Attachment
from supervision.sealing.session import CookieKey
from supervision.settings import Settings
from supervision.web.app import platform
from supervision.web.public.forms import Form
from supervision.web.public.site import drafts
from supervision.web.requests import attachment, too_large

MIB = 1024 * 1024
KIB = 1024


def sent(uploads: Iterable[FileStorage]) -> list[FileStorage]:
    """The files that were really chosen; an empty control sends one without a name."""
    return [upload for upload in uploads if upload.filename]


def why_not(upload: FileStorage, file: Attachment, present: int, settings: Settings) -> str:
    """Why a file is not taken, "" where it is. ``present``: files that are there already."""
    if present >= settings.max_files:
        return _(
            "最多 %(most)s 个文件，“%(name)s”没有收下。可以先移除不需要的文件。",
            most=settings.max_files,
            name=file.name,
        )
    if too_large(upload):
        return _(
            "“%(name)s”超过 %(most)s，没有收下。可以拆分或者压缩后再添加。",
            name=file.name,
            most=readable_size(settings.max_file_bytes),
        )
    if not file.size:
        return _("“%(name)s”是空文件，没有收下。请检查后重新选择。", name=file.name)
    return ""


def keep(key: CookieKey, draft: Draft, form: Form, uploads: Iterable[FileStorage]) -> None:
    """Take what was sent into the draft, remove what is to be removed, and note what was refused and why."""
    store, settings = drafts(), platform().settings
    if "remove" in form:
        store.remove_file(key, draft, form["remove"])
    refused = []
    for upload in sent(uploads):
        file = attachment(upload)
        reason = why_not(upload, file, len(draft.files), settings)
        if not reason:
            try:
                store.add_file(key, draft, file)
            except OSError:
                reason = _("“%(name)s”暂时无法保存，没有收下。请稍后再试。", name=file.name)
        if reason:
            refused.append(reason)
    draft.answers["files"] = {"refused": refused}


def stays(draft: Draft, form: Form) -> bool:
    """Whether the visitor goes on with files: he added or removed one, or one was refused."""
    return "add" in form or "remove" in form or bool(draft.answers["files"]["refused"])


def readable_size(size: int) -> str:
    """Bytes as people say it: ``2.4 MB``, ``50 MB``, ``12 KB``."""
    if size < MIB:
        return f"{max(1, round(size / KIB))} KB"
    return f"{size / MIB:.1f}".removesuffix(".0") + " MB"
