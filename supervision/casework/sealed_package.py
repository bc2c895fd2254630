"""A sealed report as one file to keep: its events and all its ciphertext, readable with the superior's keys.

A ZIP archive without compression: ``events.json`` (topic, stream, version and state of each event, as in the log) and
``envelopes/``, ``wraps/``, ``files/``, each entry named by the SHA-256 of its bytes, which the events name too. It
holds nothing in clear that the county's log does not hold.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from events.model import Event, to_state
from events.topics import topic_of
from events.vocabulary.correspondence import SupplementReceived
from events.vocabulary.streams import correspondence_id
from supervision.casework.content import sealings_of
from supervision.casework.desk import Desk
from supervision.domain.refusal import Refused

SUPERIORS_COPIES = "superior"
"""Under the home: what the superior has taken over. On a machine of his own it would be his home."""


def keep_copy(desk: Desk, report_id: UUID) -> Path:
    """The superior's own copy, durable when this returns; made before he acknowledges."""
    path = desk.settings.home / SUPERIORS_COPIES / f"{report_id}.zip"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    write_package(desk, report_id, path)
    return path


def write_package(desk: Desk, report_id: UUID, path: Path) -> None:
    """Write the package to ``path``, whole or not at all. Raises Refused where something sealed is missing."""
    events = [*desk.ledger.events_of(report_id), *_additions(desk, report_id)]
    partial = path.with_suffix(".partial")
    try:
        with open(partial, "wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
                archive.writestr("events.json", json.dumps([_described(e) for e in events], ensure_ascii=False))
                for event in events:
                    _add_sealed(desk, archive, event)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)


def _additions(desk: Desk, report_id: UUID) -> Iterator[Event]:
    for event in desk.ledger.events_of(correspondence_id(report_id)):
        if isinstance(event, SupplementReceived):
            yield event


def _described(event: Event) -> dict[str, object]:
    return {
        "topic": topic_of(event),
        "stream": str(event.originator_id),
        "version": event.originator_version,
        "state": to_state(event),
    }


def _add_sealed(desk: Desk, archive: zipfile.ZipFile, event: Event) -> None:
    for sealing in sealings_of(event):
        for item in sealing.items:
            sha256 = bytes.fromhex(item.sha256)
            if item.kind == "file":
                archive.write(desk.custody.file_path(sha256), f"files/{item.sha256}")
            else:
                archive.writestr(f"envelopes/{item.sha256}", _present(desk.custody.envelope(sha256)))
        for key in sealing.keys:
            for wrap in key.wraps:
                data = _present(desk.custody.wrap(bytes.fromhex(wrap.sha256)))
                archive.writestr(f"wraps/{wrap.sha256}", data)


def _present(data: bytes | None) -> bytes:
    if data is None:
        raise Refused("gone", "密封内容不完整，不能签收；请运行 supervision verify 查明。")
    return data
