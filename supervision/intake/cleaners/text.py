"""Plain text: decoded, rid of control characters, written again in UTF-8 with Unix line ends."""

from __future__ import annotations

import re

from supervision.intake.cleaners import NotCleanable

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f]")


def clean(data: bytes) -> bytes:
    """Raises NotCleanable for bytes that are no text in UTF-8, UTF-16 or GB 18030."""
    text = _decoded(data).replace("\r\n", "\n").replace("\r", "\n")
    if _CONTROLS.search(text):
        raise NotCleanable
    return text.encode()


def _decoded(data: bytes) -> str:
    encodings = ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise NotCleanable
