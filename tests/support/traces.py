"""Looking for a text in every file that could hold it, in every spelling that it could have there."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable
from pathlib import Path

ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "gb18030")
LEAST = 8
"""Bytes of the shortest spelling that is looked for; a shorter one would be found by chance."""


def spellings(text: str) -> set[bytes]:
    """Four encodings, each plain, in hex, in Base64 at any offset; and with the escapes of JSON and Python.

    Raises ValueError for a text that is too short.
    """
    plain = [text.encode(encoding) for encoding in ENCODINGS]
    found = {*plain, text.encode("ascii", "backslashreplace")}
    for raw in plain:
        found |= {raw.hex().encode(), raw.hex().upper().encode()}
        found |= {_base64_inside(raw, skipped) for skipped in range(3)}
    if any(len(spelling) < LEAST for spelling in found):
        raise ValueError("this text is too short to be looked for")
    return found


def _base64_inside(raw: bytes, skipped: int) -> bytes:
    """The characters of Base64 that ``raw`` alone decides, where ``skipped`` bytes of a group stand before it."""
    whole = (skipped + len(raw)) // 3 * 3 - skipped
    encoded = base64.b64encode(bytes(skipped) + raw[:whole])
    return encoded[4 if skipped else 0 :]


def traces(directories: Iterable[Path], *texts: str) -> list[str]:
    """Files below ``directories``, and open files of this process with or without a name, that hold a text."""
    marks = {mark for text in texts for mark in spellings(text)}
    paths = [path for directory in directories for path in directory.rglob("*")]
    paths += [Path(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd")]
    return [str(path) for path in paths if any(mark in _content(path) for mark in marks)]


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes() if path.is_file() else b""
    except OSError:  # gone meanwhile, or not to be read
        return b""
