"""Copies of evidence without what tells of their maker: one module per family of formats.

Which family a file belongs to is told by its bytes, never by what its name or its sender says. This package runs
in a process of its own (:mod:`.worker`), because it parses what strangers send.
"""

from __future__ import annotations


class NotCleanable(Exception):
    """The file is of no known format, damaged, protected, too large, or holds parts that cannot be cleaned."""


SIGNATURES: tuple[tuple[str, bytes, int], ...] = (
    ("picture", b"\xff\xd8\xff", 0),
    ("picture", b"\x89PNG\r\n\x1a\n", 0),
    ("picture", b"GIF8", 0),
    ("picture", b"WEBP", 8),
    ("pdf", b"%PDF-", 0),
    ("office", b"PK\x03\x04", 0),
)
HEAD = 16
"""Bytes from the start of a file that :func:`family` wants to see."""

TEXT_ENDINGS = (".txt", ".csv", ".md", ".log")


def family(head: bytes, name: str, media_type: str) -> str:
    """``picture``, ``pdf``, ``office``, ``text`` or, for what cannot be cleaned, ``""``.

    Text has no signature: it must be called text, and must then prove to be nothing else.
    """
    for found, signature, offset in SIGNATURES:
        if head[offset : offset + len(signature)] == signature:
            return found
    if name.lower().endswith(TEXT_ENDINGS) and media_type in ("text/plain", "text/csv", "text/markdown", ""):
        return "text"
    return "text" if media_type == "text/plain" and "." not in name else ""


def clean(family: str, data: bytes) -> bytes:
    """The copy. Raises NotCleanable, and whatever a parser raises on hostile bytes."""
    # Imported here, so that a process loads the one parser that it needs.
    if family == "picture":
        from supervision.intake.cleaners import pictures

        return pictures.clean(data)
    if family == "pdf":
        from supervision.intake.cleaners import pdf

        return pdf.clean(data)
    if family == "office":
        from supervision.intake.cleaners import office

        return office.clean(data)
    if family == "text":
        from supervision.intake.cleaners import text

        return text.clean(data)
    raise NotCleanable
