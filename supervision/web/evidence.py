"""Cleaned copies of evidence on their way to an officer's screen: shown if a picture, else saved, never executed."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Response

from supervision.sealing.files import OpenedFile

#: Formats that a browser decodes without running anything.
PICTURES = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})

POLICY = "default-src 'none'; img-src 'self'; frame-ancestors 'none'; sandbox"
"""Should a browser show it as a page after all, the page may do nothing."""


def is_picture(media_type: str) -> bool:
    """Whether the page may show it."""
    return media_type in PICTURES


def answer(opened: OpenedFile, media_type: str, name: str) -> Response:
    """The file as it is read; it is closed when the answer has gone out. ``name``: offered when it is saved."""

    def chunks() -> Iterator[bytes]:
        with opened:
            yield from opened

    shown = is_picture(media_type)
    response = Response(
        chunks(), mimetype=media_type if shown or media_type == "application/pdf" else "application/octet-stream"
    )
    response.call_on_close(opened.close)
    response.content_length = opened.length
    response.headers.set("Content-Disposition", "inline" if shown else "attachment", filename=name)
    response.headers["Content-Security-Policy"] = POLICY
    return response


def size_text(size: int) -> str:
    """``3.4 MB``; ``size`` in bytes."""
    if size < 1024:
        return f"{size} B"
    return f"{size / 1024:.0f} KB" if size < 1024 * 1024 else f"{size / 1024 / 1024:.1f} MB"
