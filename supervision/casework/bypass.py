"""The late by-pass: a report whose level showed only on reading goes to the superior after all (径送, A-15).

Two officers. What the county could read is re-sealed to the superior and destroyed here in one transaction; the
stream of the sealed report starts with the re-sealing, and the five working days run from the original receipt.
Identity, contact and originals were sealed to the county's custodians at the door: nobody else can open them, so
they stay sealed here until the custodians pass them on, and the event says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from events.custody import CustodyBatch
from events.ledger import Conflict
from events.model import Event
from supervision.casework import forms
from supervision.casework.actions import Action, Work
from supervision.casework.blind_index import forget
from supervision.casework.content import PETITION_ROLES, ContentReader, ReportContent, sealings_of
from supervision.casework.petition import of_the_office
from supervision.domain.codes import ReportState
from supervision.domain.sealed_report import SealedReport
from supervision.sealing.compartments import CONTENT, DEIDENTIFIED, FACTS, IDENTITY
from supervision.sealing.envelope import Part, SealedBundle, ToSuperior, seal

S = ReportState
READABLE_HERE = frozenset({CONTENT, DEIDENTIFIED, FACTS})


class BypassForm(forms.CommandForm):
    """Nothing to fill in: what the report is about must not be written down here."""


def _propose(work: Work, _: Mapping[str, Any]) -> int:
    report = work.case.report
    report.propose_bypass(work.desk.stamp(work.officer))
    return work.desk.record(work.officer.signer, report)


def _confirm(work: Work, _: Mapping[str, Any]) -> int:
    desk, report = work.desk, work.case.report
    reader = ContentReader(desk, work.officer, report, work.case.clue)
    sealed_id = UUID(bytes=desk.rng(16), version=4)
    bundle = _reseal(work, reader, sealed_id)
    streams = (report.id, work.case.correspondence.id, *map(UUID, report.former_clues))
    here = _readable_here(event for stream in streams for event in desk.ledger.events_of(stream))
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


@dataclass(frozen=True)
class _Readable:
    """What of a report is sealed to keys of the county's offices."""

    envelopes: tuple[bytes, ...]
    files: tuple[bytes, ...]
    wraps: tuple[bytes, ...]
    identity_stays: bool

    @property
    def named(self) -> tuple[str, ...]:
        """For the event."""
        return tuple(sha256.hex() for sha256 in (*self.envelopes, *self.files, *self.wraps))


def _readable_here(events: Iterable[Event]) -> _Readable:
    """What is left of the content, deidentified and facts compartments of these events; nobody here can read others."""
    told = list(events)
    gone = {sha256 for event in told for sha256 in getattr(event, "destroyed", ())}
    sealings = [sealing for event in told for sealing in sealings_of(event)]
    items = [i for sealing in sealings for i in sealing.items if i.compartment in READABLE_HERE]
    keys = [key for sealing in sealings for key in sealing.keys]
    return _Readable(
        envelopes=tuple(bytes.fromhex(i.sha256) for i in items if i.kind == "envelope"),
        files=tuple(bytes.fromhex(i.sha256) for i in items if i.kind == "file"),
        wraps=tuple(
            bytes.fromhex(wrap.sha256)
            for key in keys
            if key.compartment in READABLE_HERE
            for wrap in key.wraps
            if wrap.sha256 not in gone
        ),
        identity_stays=any(key.compartment == IDENTITY for key in keys),
    )


def _reseal(work: Work, reader: ContentReader, sealed_id: UUID) -> SealedBundle:
    """All that the reporter handed in and the county could read, to the superior's keys."""
    content = reader.read()
    files = [file for added in content.supplements for file in added.files] + list(content.files)
    parts = _words(content)
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
        mine=of_the_office,
        run=_propose,
    ),
    Action(
        name="confirm_bypass",
        label="确认径送上级",
        hint="确认后，内容改封给上级，本级可读的全部内容立即销毁，不能恢复。",
        roles=frozenset(PETITION_ROLES),
        form=BypassForm,
        when=lambda case: case.report.state in {S.RECEIVED, S.REGISTERED} and bool(case.report.bypass_proposer),
        mine=lambda work: of_the_office(work) and work.officer.officer != work.case.report.bypass_proposer,
        run=_confirm,
    ),
)
