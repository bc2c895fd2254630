"""The request of every site: uploads go into an encrypting spool, and every body has a bound.

The framework's own way would write an upload of more than 500 kB to a temporary file in clear. Here each file
of a form is a :class:`SealedSpool`, whoever receives it; :func:`attachment` hands it on.
"""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING, cast

from flask import Request, current_app
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge

from supervision.intake.spool import SealedSpool
from supervision.intake.submission import Attachment
from supervision.platform import Platform

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

MAX_BODY = 2 * 1024 * 1024
"""Bytes of a body without files. It is read at once, and the framework sets it no limit of its own."""

MAX_PARTS = 400
"""Fields and files of a form; the longest form here has a checkbox for each of about a hundred categories."""

MAX_SPOOLS = 40
"""Files of one request, each an open file of the process. A report may have fewer, and is told so kindly."""

_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_NAME_LENGTH = 120


class SealedUploadRequest(Request):
    """A request whose files never lie on a disk in clear."""

    _spools = 0

    def __init__(self, environ: WSGIEnvironment, populate_request: bool = True, shallow: bool = False) -> None:
        super().__init__(environ, populate_request, shallow)
        self.max_form_parts = MAX_PARTS
        if self.mimetype != "multipart/form-data":
            self.max_content_length = MAX_BODY

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        """Where the parser writes an arriving file. Raises RequestEntityTooLarge for too many files."""
        self._spools += 1
        if self._spools > MAX_SPOOLS:
            raise RequestEntityTooLarge
        platform: Platform = current_app.extensions["supervision"]
        return cast(IO[bytes], SealedSpool(platform.rng, limit=platform.settings.max_file_bytes))


def too_large(upload: FileStorage) -> bool:
    """Whether a file had more bytes than the settings allow; the rest of it was not kept."""
    return cast(SealedSpool, upload.stream).overflowed


def attachment(upload: FileStorage) -> Attachment:
    """An uploaded file for a submission. It can be read until the request ends."""
    spool = cast(SealedSpool, upload.stream)
    spool.seek(0)
    return Attachment(
        name=file_name(upload.filename or ""),
        media_type=media_type(upload.mimetype),
        size=spool.length,
        open=spool.open,
    )


def file_name(name: str) -> str:
    """The last part of a path without what cannot be seen, at most 120 characters; its ending is kept."""
    bare = _UNPRINTABLE.sub("", re.split(r"[/\\]", name)[-1]).strip()
    if len(bare) > _NAME_LENGTH:
        stem, dot, ending = bare.rpartition(".")
        ending = dot + ending if stem and len(ending) <= 10 else ""
        bare = bare[: _NAME_LENGTH - len(ending)] + ending
    return bare or "未命名文件"


def media_type(declared: str) -> str:
    """What the browser says that a file is, where that is a media type at all."""
    return declared if _MEDIA_TYPE.fullmatch(declared) else "application/octet-stream"
