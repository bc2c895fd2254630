"""The de-identified version (去标识版) of a report: written by the petition office, read by everybody after it (A-47).

Who handles a report whose narrative tells who wrote it *cannot* read that narrative: a transfer passes on the key of
the version and not the key of the original, and with the first version the wraps that other offices may have of the
original are destroyed. The original is wrapped to one handler's own key when two persons have agreed, and each look at
it is an event (E-04, E-07).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from events.custody import CustodyBatch
from events.ledger import Conflict
from events.vocabulary.streams import correspondence_id
from supervision.casework import forms
from supervision.casework.access_notes import note_original
from supervision.casework.actions import Action, Case, Choices, Work
from supervision.casework.content import ContentReader, EvidenceFile, ReportContent, sealings_of
from supervision.casework.desk import Desk
from supervision.casework.handling import INSPECTORS, a_handler
from supervision.casework.notes import custody_of, sealed_note, sealing_of
from supervision.casework.officer_session import OfficerSession
from supervision.casework.petition import CLERKS, HEADS, of_the_office
from supervision.domain.deidentified import WITH_DEPARTMENT
from supervision.domain.refusal import Refused
from supervision.domain.rights import OriginalPurpose
from supervision.sealing.adding import wrap_to_officer
from supervision.sealing.compartments import CONTENT, DEIDENTIFIED
from supervision.sealing.envelope import Part, SealedBundle, ToOffice, seal
from supervision.sealing.errors import CannotSeal
from supervision.sealing.keys import KemPublicKey
from supervision.sealing.strict_json import from_base64

LONGEST = 20_000
"""Characters of a version: a narrative and what was added to it, with room to spare."""


# -- writing a version ----------------------------------------------------------------------------------------------


class VersionForm(forms.CommandForm):
    """A version of title and narrative that do not tell who wrote them, and the files that may go with it."""

    title = forms.line("标题", limit=200)
    text = forms.note("举报内容（去标识版）", required=True, hint="", limit=LONGEST, rows=16)
    files = forms.dynamic_choices(
        "随去标识版移交的材料",
        "files",
        required=False,
        hint="只选本身不会暴露举报人的材料；没有选的，承办部门打不开。",
    )


def choosable(content: ReportContent) -> list[tuple[str, EvidenceFile]]:
    """The files of the original and of what was added later, each with the name that the form gives it."""
    files = [*content.files, *(file for added in content.supplements for file in added.files)]
    return [(f"{file.stream_id}.{file.event}.{file.number}", file) for file in files if file.item is not None]


def _files(work: Work) -> Choices:
    content = ContentReader(work.desk, work.officer, work.case.report, work.case.clue).read()
    return [(name, file.name) for name, file in choosable(content)] if content.original else []


def _deidentify(work: Work, data: Mapping[str, Any]) -> int:
    desk, report = work.desk, work.case.report
    reader = ContentReader(desk, work.officer, report, work.case.clue)
    if not reader.original:
        raise Refused("no_key", "您的会话中没有原文的密钥，不能制作去标识版；请由受理单位办理。")
    content = reader.read()
    chosen = [file for name, file in choosable(content) if name in data["files"]]
    destroyed = _readable_elsewhere(work)
    bundle = _sealed(work, reader, content, data, chosen)
    custody = CustodyBatch(
        envelopes=bundle.envelopes,
        wraps=bundle.wraps,
        files=bundle.files,
        destroy_wraps=tuple(map(bytes.fromhex, destroyed)),
    )
    try:
        report.deidentify(desk.stamp(work.officer), bundle.sealing, destroyed)
        return desk.record(work.officer.signer, report, custody=custody)
    except (Refused, Conflict, ValueError):  # after any other failure it may have been recorded, so its files stay
        for row in bundle.files:
            desk.vault.discard(row.sha256)
        raise


def _sealed(
    work: Work, reader: ContentReader, content: ReportContent, data: Mapping[str, Any], files: Sequence[EvidenceFile]
) -> SealedBundle:
    """The version under a key of its own, to the petition office and to whoever handles the report by now."""
    desk, report = work.desk, work.case.report
    parts = [
        Part(DEIDENTIFIED, "title", data["title"].strip().encode()),
        Part(DEIDENTIFIED, "text", data["text"].strip().encode()),
        Part(DEIDENTIFIED, "respondents", _json(list(content.respondents))),
        Part(DEIDENTIFIED, "categories", _json(list(content.categories))),
    ]
    with ExitStack() as stack:
        for number, file in enumerate(files, start=1):
            meta = {"name": file.name, "media_type": file.media_type, "size": file.size, "cleaned": True}
            parts.append(Part(DEIDENTIFIED, f"file.{number}.meta", _json(meta)))
            parts.append(Part(DEIDENTIFIED, f"file.{number}", source=stack.enter_context(reader.open(file))))
        destination = ToOffice(report.office, also=_handling(work))
        try:
            bundle = seal(desk.manifest, report.id, parts, destination, desk.rng, desk.vault)
        except CannotSeal as problem:
            raise Refused("cannot_seal", str(problem)) from None
    return desk.retention.layered(bundle, report.received_at)


def _handling(work: Work) -> tuple[str, ...]:
    """After a transfer: the departments that work on the report, and those who approve what they propose."""
    report, clue = work.case.report, work.case.clue
    if not report.department:
        return ()
    settings = work.desk.settings
    leaders = [office.id for office in settings.offices_of("leadership", settings.office(report.office).host)]
    return tuple(dict.fromkeys((report.department, *([clue.department] if clue else []), *leaders)))


def _readable_elsewhere(work: Work) -> tuple[str, ...]:
    """Wraps of the original that are still there for keys other than the petition office's own, SHA-256 in hex.

    From a department that gave the report back (A-17), or from the office that handed it over.
    """
    desk, report = work.desk, work.case.report
    if report.versions:
        return ()  # they went with the first version; what came later two persons have granted
    own = {manifest.office(report.office).kem.key_id for manifest in desk.manifests.values()}
    streams = (report.id, correspondence_id(report.id), *map(UUID, report.former_clues))
    keys = [
        key
        for stream in streams
        for event in desk.ledger.events_of(stream)
        for sealing in sealings_of(event)
        for key in sealing.keys
        if key.compartment == CONTENT
    ]
    named = [wrap.sha256 for key in keys for wrap in key.wraps if wrap.key not in own]
    return tuple(sha256 for sha256 in dict.fromkeys(named) if desk.custody.wrap(bytes.fromhex(sha256)) is not None)


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


# -- the original ---------------------------------------------------------------------------------------------------


class RequestForm(forms.CommandForm):
    """What a handler needs the original for."""

    purpose = forms.choice("看原文的目的", OriginalPurpose)
    note = forms.note("具体理由", required=True)


def _request(work: Work, data: Mapping[str, Any]) -> int:
    report = work.case.report
    note = sealed_note(work, report.id, data["note"])
    report.request_original(work.desk.stamp(work.officer), OriginalPurpose(data["purpose"]), sealing_of(note))
    return work.desk.record(work.officer.signer, report, custody=custody_of(note))


class DecisionForm(forms.CommandForm):
    """Whose request is decided on."""

    officer = forms.dynamic_choice("申请人", "requesters")


class RefusalForm(DecisionForm):
    """And why it is not agreed to."""

    note = forms.note("理由")


def _requesters(work: Work) -> Choices:
    """Handlers who wait for an answer, with what they need the original for."""
    return [
        (officer, f"{work.desk.account(officer).name}：{OriginalPurpose(purpose).label}")
        for officer, purpose in work.case.report.original_requests.items()
    ]


def _grant(work: Work, data: Mapping[str, Any]) -> int:
    desk, report, officer = work.desk, work.case.report, data["officer"]
    if work.case.clue is None or officer not in work.case.clue.assigned:
        raise Refused("not_handler", "申请人已不承办本件，不能看原文；请不同意这一申请。")
    reader = ContentReader(desk, work.officer, report, work.case.clue)
    if not reader.original:
        raise Refused("no_key", "您的会话中没有原文的密钥；请本单位密钥持有人为您授予后再办理。")
    own = KemPublicKey(from_base64(desk.account(officer).kem_key))
    bundles = [
        desk.retention.layered(wrap_to_officer(desk.manifest, report.id, key, own), report.received_at)
        for compartment, key in reader.keys_for(petition_office=True)
        if compartment == CONTENT
    ]
    until = (desk.clock() + timedelta(days=desk.settings.original_days)).date().isoformat()
    report.grant_original(desk.stamp(work.officer), officer, until, tuple(bundle.sealing for bundle in bundles))
    return desk.record(work.officer.signer, report, custody=custody_of(*bundles))


def _refuse(work: Work, data: Mapping[str, Any]) -> int:
    report = work.case.report
    note = sealed_note(work, report.id, data["note"])
    report.refuse_original(work.desk.stamp(work.officer), data["officer"], sealing_of(note))
    return work.desk.record(work.officer.signer, report, custody=custody_of(note))


@dataclass(frozen=True, kw_only=True, repr=False)
class Original:
    """The original, opened once. ``until``: ISO date up to which it was granted."""

    content: ReportContent
    until: str


def open_original(desk: Desk, officer: OfficerSession, case: Case) -> Original:
    """The original for a handler who was granted it; written down every time, before it is shown. Raises Refused."""
    reader = _original_reader(desk, officer, case)
    note_original(desk, officer, case.report.id)
    return Original(content=reader.read(), until=case.report.original_grants[officer.officer])


def may_open_original(desk: Desk, officer: OfficerSession, case: Case) -> bool:
    """Whether :func:`open_original` would show it."""
    day = desk.clock().date().isoformat()
    handles = case.clue is not None and officer.officer in case.clue.assigned
    return handles and case.report.sees_original(officer.officer, day)


def _original_reader(desk: Desk, officer: OfficerSession, case: Case) -> ContentReader:
    case.report.refuse_excluded(officer.officer)
    if not may_open_original(desk, officer, case):
        raise Refused("not_granted", "您没有获准看原文，或者期限已过；需要时请申请，由信访室负责人决定。")
    reader = ContentReader(desk, officer, case.report, case.clue, own_key=True)
    if not reader.original:
        raise Refused("no_key", "原文没有封给您现在的密钥（您可能更换过口令）；请重新申请。")
    return reader


def _handling_with_version(case: Case) -> bool:
    return case.report.versions > 0 and case.clue is not None and case.report.state in WITH_DEPARTMENT


def _may_ask(work: Work) -> bool:
    officer = work.officer.officer
    asked = officer in work.case.report.original_requests
    return a_handler(work) and not asked and not may_open_original(work.desk, work.officer, work.case)


ACTIONS = (
    Action(
        name="deidentify",
        label="制作去标识版",
        hint="正文会暴露举报人的，移送前另写一份看不出举报人的内容；承办部门只能打开这一份。",
        roles=CLERKS | HEADS,
        form=VersionForm,
        when=lambda case: case.report.may_deidentify,
        mine=of_the_office,
        run=_deidentify,
        choices={"files": _files},
    ),
    Action(
        name="request_original",
        label="申请看原文",
        hint="由信访室负责人决定。核查时不得出示原件、复印件，不得据以追查举报人。",
        roles=INSPECTORS,
        form=RequestForm,
        when=_handling_with_version,
        mine=_may_ask,
        run=_request,
    ),
    Action(
        name="grant_original",
        label="同意看原文",
        hint="原文只封给申请人本人的密钥，到期不能再看；每次查看都有记录。",
        roles=HEADS,
        form=DecisionForm,
        when=lambda case: _handling_with_version(case) and bool(case.report.original_requests),
        mine=of_the_office,
        run=_grant,
        choices={"requesters": _requesters},
    ),
    Action(
        name="refuse_original",
        label="不同意看原文",
        roles=HEADS,
        form=RefusalForm,
        when=lambda case: bool(case.report.original_requests),
        mine=of_the_office,
        run=_refuse,
        choices={"requesters": _requesters},
    ),
)
