"""The late by-pass: a report whose level showed only on reading goes to the superior after all (径送, A-15).

Two officers. What the county could read is re-sealed to the superior; what only its custodians and relays could open
goes with it as it is, sealed once more (:mod:`supervision.sealed_archive.enclosure`). All of it is destroyed here in
one transaction. The stream of the sealed report starts with the re-sealing, and the five working days run from the
original receipt. From then on the superior opens identity, contact and originals with M of the county's people, and
nobody else opens them at all.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO
from uuid import UUID

from events.custody import CustodyBatch
from events.leaf import Entry, RecordedEntry
from events.ledger import Conflict
from events.model import DataKeyRef, Event, Sealing, WrapRef
from events.vocabulary.custody import KeyReshared
from events.vocabulary.streams import sharing_id
from supervision.casework import forms
from supervision.casework.actions import Action, Work
from supervision.casework.blind_index import forget
from supervision.casework.content import PETITION_ROLES, ContentReader, ReportContent, sealings_of
from supervision.casework.desk import Desk
from supervision.casework.petition import of_the_office
from supervision.domain.codes import ReportState
from supervision.domain.sealed_report import SealedReport
from supervision.sealed_archive.enclosure import EnclosureSource, Head, Open
from supervision.sealing.compartments import CONTACT, CONTENT, DEIDENTIFIED, FACTS, IDENTITY, SOURCE
from supervision.sealing.envelope import Part, SealedBundle, ToSuperior, seal
from supervision.sealing.errors import PeriodKeyMissing

S = ReportState
READABLE_HERE = frozenset({CONTENT, DEIDENTIFIED, FACTS})
SHARED_HERE = frozenset({IDENTITY, CONTACT, SOURCE})
"""What takes several people of the county to open: it goes up as it is."""


class BypassForm(forms.CommandForm):
    """Nothing to fill in: what the report is about must not be written down here."""


def _may_judge(work: Work) -> bool:
    """Whether he can know whose matter it is: by reading it, or having seen who is reported."""
    report = work.case.report
    return not report.level_open or work.officer.officer in report.persons_seen


def _propose(work: Work, _: Mapping[str, Any]) -> int:
    report = work.case.report
    report.propose_bypass(work.desk.stamp(work.officer))
    return work.desk.record(work.officer.signer, report)


def _confirm(work: Work, _: Mapping[str, Any]) -> int:
    desk, report = work.desk, work.case.report
    # What nobody may read yet is sealed anew all the same, and shown to nobody.
    reader = ContentReader(desk, work.officer, report, work.case.clue, before_level=True)
    sealed_id = UUID(bytes=desk.rng(16), version=4)
    here = _held_here(desk, (report.id, work.case.correspondence.id, *map(UUID, report.former_clues)))
    bundle = _reseal(work, reader, sealed_id, here)
    stamp = desk.stamp(work.officer)
    report.bypass(stamp, sealed_report=sealed_id, destroyed=here.named)
    sealed = SealedReport.reseal(
        sealed_id,
        stamp,
        reference=report.reference,
        channel=report.channel,
        receiving_office=report.office,
        received_at=report.received_at,
        identity_with_county=here.identity_stays,
        reporter_signing_key=report.reporter_signing_key,
        reporter_kem_key=report.reporter_kem_key,
        sealing=bundle.sealing,
    )
    custody = CustodyBatch(
        envelopes=bundle.envelopes,
        wraps=bundle.wraps,
        files=bundle.files,
        destroy_envelopes=here.envelopes,
        destroy_wraps=here.wraps,
        destroy_files=here.files,
    )
    forget(desk, report.id)
    try:
        position = desk.record(work.officer.signer, report, sealed, custody=custody)
    except (Conflict, ValueError):  # after any other failure it may have been recorded, so its files stay
        for row in bundle.files:
            desk.vault.discard(row.sha256)
        raise
    forget(desk, report.id)  # a colleague who had the page open may have entered it again meanwhile
    return position


@dataclass(frozen=True, kw_only=True)
class _Held:
    """What the county still holds of a report. ``shared``: events with material that takes several to open."""

    envelopes: tuple[bytes, ...]
    files: tuple[bytes, ...]
    wraps: tuple[bytes, ...]
    shared: tuple[tuple[Event, Sealing], ...]
    streams: tuple[UUID, ...]

    @property
    def named(self) -> tuple[str, ...]:
        """For the event."""
        return tuple(sha256.hex() for sha256 in (*self.envelopes, *self.files, *self.wraps))

    @property
    def identity_stays(self) -> bool:
        """Whether somebody of the county is still needed to open who reported."""
        return any(key.compartment == IDENTITY for _, sealing in self.shared for key in sealing.keys)


def _held_here(desk: Desk, streams: tuple[UUID, ...]) -> _Held:
    """What is left of a report in these streams, and of shares that were handed on to new custodians."""
    told = [event for stream in streams for event in desk.ledger.events_of(stream)]
    sealed = [(event, sealing) for event in told for sealing in sealings_of(event)]
    handed_on = tuple(
        sharing_id(event.originator_id, key.commitment) for event, sealing in sealed for key in sealing.keys if key.n
    )
    for stream in handed_on:
        told += desk.ledger.events_of(stream)
        sealed += [(event, sealing) for event in desk.ledger.events_of(stream) for sealing in sealings_of(event)]
    gone = {sha256 for event in told for sha256 in getattr(event, "destroyed", ())}
    taken = READABLE_HERE | SHARED_HERE
    items = [i for _, sealing in sealed for i in sealing.items if i.compartment in taken and i.sha256 not in gone]
    wraps = [w for _, s in sealed for key in s.keys if key.compartment in taken for w in key.wraps]
    return _Held(
        envelopes=tuple(bytes.fromhex(i.sha256) for i in items if i.kind == "envelope"),
        files=tuple(bytes.fromhex(i.sha256) for i in items if i.kind == "file"),
        wraps=tuple(bytes.fromhex(wrap.sha256) for wrap in wraps if wrap.sha256 not in gone),
        shared=tuple((e, s) for e, s in sealed if any(key.compartment in SHARED_HERE for key in s.keys)),
        streams=(*streams, *handed_on),
    )


def _enclosed(desk: Desk, here: _Held) -> EnclosureSource:
    """All that takes several people of the county to open, as it is."""
    places = {(event.originator_id, event.originator_version) for event, _ in here.shared}
    entries = [one for stream in here.streams for one in desk.log.stream(stream)]
    recorded = [_recorded(desk, one) for one in entries if (one.stream_id, one.stream_version) in places]
    layer_keys: dict[str, bytes] = {}
    blobs: list[tuple[str, str, Open]] = []
    for event, sealing in here.shared:
        for item in sealing.items:
            if item.compartment in SHARED_HERE:
                blobs.append((item.kind, item.sha256, partial(_ciphertext, desk, item.kind, item.sha256)))
        for key in sealing.keys:
            for wrap in key.wraps if key.compartment in SHARED_HERE else ():
                if stored := desk.custody.wrap(bytes.fromhex(wrap.sha256)):
                    blobs.append(("wrap", wrap.sha256, partial(io.BytesIO, stored)))
                    layer_keys[wrap.sha256] = _layer_key(desk, event, sealing, key, wrap, stored)
    head = Head(origin=desk.manifest.origin, entries=tuple(sorted(recorded)), layer_keys=layer_keys)
    return EnclosureSource(head, iter(blobs))


def _layer_key(desk: Desk, event: Event, sealing: Sealing, key: DataKeyRef, wrap: WrapRef, stored: bytes) -> bytes:
    """What opens the retention layer of this one wrap; b"" where it has none, or its period was destroyed."""
    stream_id = UUID(event.sealed_stream) if isinstance(event, KeyReshared) else event.originator_id
    place = desk.manifests[sealing.manifest].place(stream_id, key.compartment, sealing.suite)
    try:
        return desk.retention.key_of_wrap(place, key, wrap, stored)
    except PeriodKeyMissing:
        return b""


def _ciphertext(desk: Desk, kind: str, sha256: str) -> BinaryIO:
    digest = bytes.fromhex(sha256)
    if kind == "file":
        return open(desk.custody.file_path(digest), "rb")
    return io.BytesIO(desk.custody.envelope(digest) or b"")


def _recorded(desk: Desk, entry: Entry) -> RecordedEntry:
    position = desk.log.position_of(entry.stream_id, entry.stream_version)
    if position is None:
        raise LookupError(f"{entry.topic} has no position")
    return RecordedEntry(position, entry)


def _reseal(work: Work, reader: ContentReader, sealed_id: UUID, here: _Held) -> SealedBundle:
    """All that the reporter handed in and the county could read, to the superior's keys, and what it encloses."""
    content = reader.read()
    files = [file for added in content.supplements for file in added.files] + list(content.files)
    parts = _words(content)
    if here.shared:
        parts.append(Part(CONTENT, "enclosure", source=_enclosed(work.desk, here)))
    with ExitStack() as stack:
        for number, file in enumerate((f for f in files if f.item is not None), start=1):
            meta = {"name": file.name, "media_type": file.media_type, "size": file.size, "cleaned": True}
            opened = stack.enter_context(reader.open(file))
            parts.append(Part(CONTENT, f"file.{number}.meta", _json(meta)))
            parts.append(Part(CONTENT, f"file.{number}", source=opened))
        return seal(work.desk.manifest, sealed_id, parts, ToSuperior(), work.desk.rng, work.desk.vault)


def _words(content: ReportContent) -> list[Part]:
    supplements = "".join(f"\n\n（{added.day} 补充）{added.text}" for added in content.supplements)
    return [
        Part(CONTENT, "title", content.title.encode()),
        Part(CONTENT, "text", (content.text + supplements).encode()),
        Part(CONTENT, "respondents", _json(list(content.respondents))),
        Part(CONTENT, "categories", _json(list(content.categories))),
    ]


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


ACTIONS = (
    Action(
        name="propose_bypass",
        label="提出径送上级",
        hint="阅看后发现属上级管辖的，由两名工作人员办理径送；本级不留内容，不得复制、摘抄。",
        roles=frozenset(PETITION_ROLES),
        form=BypassForm,
        when=lambda case: case.report.state in {S.RECEIVED, S.REGISTERED} and not case.report.bypass_proposer,
        mine=lambda work: of_the_office(work) and _may_judge(work),
        run=_propose,
    ),
    Action(
        name="confirm_bypass",
        label="确认径送上级",
        hint="确认后，内容改封给上级，本级可读的全部内容立即销毁，不能恢复。",
        roles=frozenset(PETITION_ROLES),
        form=BypassForm,
        when=lambda case: case.report.state in {S.RECEIVED, S.REGISTERED} and bool(case.report.bypass_proposer),
        mine=lambda work: (
            of_the_office(work) and _may_judge(work) and work.officer.officer != work.case.report.bypass_proposer
        ),
        run=_confirm,
    ),
)
