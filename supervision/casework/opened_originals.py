"""Originals of an opened source, for the minutes in which the page that shows it lives.

The data keys lie in the working state, sealed under a key that stands in that one page alone: the store has no key, the
page has no ciphertext, and both are gone when the time is over.
"""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import UUID

from supervision.casework.desk import Desk
from supervision.casework.officer_session import OfficerSession
from supervision.casework.opening_view import Opened, OriginalFile, open_original
from supervision.domain.refusal import Refused
from supervision.sealing.errors import CannotOpen
from supervision.sealing.files import OpenedFile
from supervision.sealing.session import CookieKey
from supervision.working_state import WorkingState

SHOWN = timedelta(minutes=5)
"""How long an opening is shown (✎)."""

KIND = "opened"


def keep(desk: Desk, working: WorkingState, officer: OfficerSession, opened: Opened) -> str:
    """Returns the page's key, to be handed to :func:`original` while the time lasts; "" where there are no files."""
    if not opened.files:
        return ""
    key = CookieKey.new(desk.rng)
    kept = {
        "officer": officer.officer,
        "opening": str(opened.opening_id),
        "report": str(opened.report_id),
        "keys": {compartment: data_key.hex() for compartment, data_key in opened.data_keys.items()},
        "files": [vars(file) for file in opened.files],
    }
    sealed = key.seal(KIND, json.dumps(kept).encode(), desk.rng)
    working.put(KIND, bytes.fromhex(key.store_id(KIND)), sealed, desk.clock() + SHOWN)
    return key.text


def original(
    desk: Desk, working: WorkingState, officer: OfficerSession, opening_id: UUID, key: str, number: int
) -> tuple[OriginalFile, OpenedFile]:
    """The ``number``-th original (from 1), all of it verified; the caller closes it. Raises Refused, SealingError."""
    opened = _recalled(desk, working, officer, opening_id, key)
    desk.report(opened.report_id).refuse_excluded(officer.officer)
    if not 1 <= number <= len(opened.files):
        raise Refused("no_file", "没有这份原件；请从查看页面重新选择。")
    file = opened.files[number - 1]
    return file, open_original(desk, opened, file)


def _recalled(desk: Desk, working: WorkingState, officer: OfficerSession, opening_id: UUID, text: str) -> Opened:
    over = Refused("over", "查看时间已过，原件不能再取；确有需要的，请重新申请。")
    try:
        key = CookieKey.parse(text)
        sealed = working.get(KIND, bytes.fromhex(key.store_id(KIND)), desk.clock())
        if sealed is None:
            raise over
        kept = json.loads(key.open(KIND, sealed))
    except CannotOpen:
        raise over from None
    if (kept["officer"], kept["opening"]) != (officer.officer, str(opening_id)):
        raise over
    return Opened(
        opening_id=opening_id,
        report_id=UUID(kept["report"]),
        position=0,
        fields={},
        files=tuple(OriginalFile(**file) for file in kept["files"]),
        data_keys={compartment: bytes.fromhex(data_key) for compartment, data_key in kept["keys"].items()},
    )
