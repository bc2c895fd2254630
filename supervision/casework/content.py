"""Reading a report: with the office keys of an officer's session, and only where the report is assigned to him.

Two locks hold independently. The keys: without a wrap to one of his offices' keys nothing opens. The rules: an
officer who is excluded, or who has no part in the matter, is refused before a key is tried.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from events.model import ActedEvent, Event, SealedItem, Sealing
from events.vocabulary.correspondence import SupplementReceived
from events.vocabulary.intake import ReportReceived
from events.vocabulary.streams import correspondence_id
from supervision.casework.desk import Desk
from supervision.casework.officer_session import OfficerSession
from supervision.domain.clue import Clue
from supervision.domain.codes import ReportState, Role
from supervision.domain.refusal import Refused
from supervision.domain.report import Report
from supervision.sealing.compartments import CONTENT
from supervision.sealing.files import OpenedFile
from supervision.sealing.opening import Opener

PETITION_ROLES = (Role.INTAKE_CLERK, Role.PERSONNEL_CLERK, Role.PETITION_HEAD)
APPROVER_ROLES = (Role.DEPUTY_IN_CHARGE, Role.PRINCIPAL)


@dataclass(frozen=True, kw_only=True)
class EvidenceFile:
    """A file that came with a report. ``item`` is None where no cleaned copy exists and the original stays sealed."""

    event: int
    number: int
    name: str
    media_type: str
    size: int
    stream_id: UUID
    sealing: Sealing = field(repr=False)
    item: SealedItem | None = field(repr=False)


@dataclass(frozen=True, kw_only=True, repr=False)
class Supplement:
    """What the reporter added later. ``day``: ISO date."""

    day: str
    text: str
    files: tuple[EvidenceFile, ...]


@dataclass(frozen=True, kw_only=True, repr=False)
class ReportContent:
    """The opened content of a report. ``notes``: (stream id, stream version) of an event to the note in it."""

    title: str
    text: str
    respondents: tuple[dict[str, Any], ...]
    categories: tuple[str, ...]
    announced: tuple[str, ...]
    files: tuple[EvidenceFile, ...]
    supplements: tuple[Supplement, ...]
    notes: dict[tuple[UUID, int], str]
    drafts: dict[str, str]


def may_read(desk: Desk, officer: OfficerSession, report: Report, clue: Clue | None) -> bool:
    """Whether the report is assigned to this officer in one of his roles, and he is not excluded (SoD-7).

    The office that has it reads it; once it is a clue, so do the leaders of the same body, and the handlers from
    the moment that the principal has approved them (B-23).
    """
    if officer.officer in report.excluded or report.state is ReportState.SEALED:
        return False
    if officer.office == report.office and officer.has(*PETITION_ROLES):
        return True
    if clue is None:
        return False
    same_body = desk.settings.office(officer.office).host == desk.settings.office(report.office).host
    return (same_body and officer.has(*APPROVER_ROLES)) or officer.officer in clue.assigned


def refuse_unless_reader(desk: Desk, officer: OfficerSession, report: Report, clue: Clue | None) -> None:
    """Raises :class:`Refused` with the reason."""
    report.refuse_excluded(officer.officer)
    if report.state is ReportState.SEALED:
        raise Refused("sealed", "本件已转为径送件，内容已改封给上级，本级不能查看。")
    if not may_read(desk, officer, report, clue):
        raise Refused("not_assigned", "本件没有分配给您，不能查看内容；如需办理请联系本件的承办单位。")


class ContentReader:
    """Opens the content of one report for one officer. Raises :class:`Refused` where he may not, or has no key."""

    def __init__(self, desk: Desk, officer: OfficerSession, report: Report, clue: Clue | None) -> None:
        refuse_unless_reader(desk, officer, report, clue)
        self._desk = desk
        self._officer = officer
        streams = [report.id, correspondence_id(report.id), *([clue.id] if clue else [])]
        self._events: list[Event] = [e for stream in streams for e in desk.ledger.events_of(stream)]
        self._keys = list(self._unwrapped())
        if not self._keys:
            raise Refused("no_key", "您的会话中没有本件的密钥；请本单位密钥持有人为您授予后再查看。")

    @property
    def data_key(self) -> bytes:
        """The key of the report's own content (32 bytes), for notes and transfers."""
        received = next(e for e in self._events if isinstance(e, ReportReceived))
        return self._key_for(received.originator_id, received.sealing)

    @property
    def data_keys(self) -> tuple[bytes, ...]:
        """All content keys of the report and what was added to it, for a transfer."""
        return tuple(self._keys)

    def title(self) -> str:
        """The title alone, for a list."""
        received = next(e for e in self._events if isinstance(e, ReportReceived))
        return self._text(received, received.sealing, "title")

    def read(self) -> ReportContent:
        """Everything that the content compartment holds."""
        received = next(e for e in self._events if isinstance(e, ReportReceived))
        return ReportContent(
            title=self._text(received, received.sealing, "title"),
            text=self._text(received, received.sealing, "text"),
            respondents=tuple(json.loads(self._text(received, received.sealing, "respondents") or "[]")),
            categories=tuple(json.loads(self._text(received, received.sealing, "categories") or "[]")),
            announced=tuple(json.loads(self._text(received, received.sealing, "announced") or "[]")),
            files=self._files(received, received.sealing),
            supplements=tuple(self._supplements()),
            notes=dict(self._notes()),
            drafts=dict(self._drafts()),
        )

    def file(self, stream_version: int, number: int, *, of_report: bool) -> tuple[EvidenceFile, OpenedFile]:
        """A cleaned copy, all of it verified; the caller reads and closes it. Raises :class:`Refused`."""
        wanted = ReportReceived if of_report else SupplementReceived
        for event in self._events:
            if isinstance(event, wanted) and event.originator_version == stream_version:
                for file in self._files(event, event.sealing):
                    if file.number == number and file.item is not None:
                        return file, self.open(file)
        raise Refused("no_file", "没有可查看的清洁副本；原件密封保管，调阅须按规定审批。")

    def open(self, file: EvidenceFile) -> OpenedFile:
        """The cleaned copy of ``file``, all of it verified; the caller closes it."""
        if file.item is None:
            raise Refused("no_file", "没有可查看的清洁副本；原件密封保管，调阅须按规定审批。")
        opener = self._opener(file.stream_id, file.sealing)
        key = self._key_for(file.stream_id, file.sealing)
        return opener.open_file(file.item, key, self._desk.custody.file_path(bytes.fromhex(file.item.sha256)))

    # -- pieces -----------------------------------------------------------------------------------------------

    def _supplements(self) -> Iterator[Supplement]:
        for event in self._events:
            if isinstance(event, SupplementReceived):
                yield Supplement(
                    day=event.occurred_at[:10],
                    text=self._text(event, event.sealing, "text"),
                    files=self._files(event, event.sealing),
                )

    def _notes(self) -> Iterator[tuple[tuple[UUID, int], str]]:
        for event in self._events:
            sealing = getattr(event, "sealing", None)
            if isinstance(sealing, Sealing) and any(i.field == "note" for i in _content_items(sealing)):
                yield (event.originator_id, event.originator_version), self._text(event, sealing, "note")

    def _drafts(self) -> Iterator[tuple[str, str]]:
        for event in self._events:
            sealing = getattr(event, "sealing", None)
            if isinstance(sealing, Sealing) and any(i.field == "message" for i in _content_items(sealing)):
                yield getattr(event, "message", ""), self._text(event, sealing, "message")

    def _files(self, event: Event, sealing: Sealing) -> tuple[EvidenceFile, ...]:
        items = {item.field: item for item in _content_items(sealing)}
        found = []
        for name in items:
            if name.startswith("file.") and name.endswith(".meta"):
                number = int(name.split(".")[1])
                meta = json.loads(self._text(event, sealing, name))
                found.append(
                    EvidenceFile(
                        event=event.originator_version,
                        number=number,
                        name=meta["name"],
                        media_type=meta["media_type"],
                        size=meta["size"],
                        stream_id=event.originator_id,
                        sealing=sealing,
                        item=items.get(f"file.{number}"),
                    )
                )
        return tuple(sorted(found, key=lambda file: file.number))

    def _text(self, event: Event, sealing: Sealing, field_name: str) -> str:
        for item in _content_items(sealing):
            if item.field == field_name and item.kind == "envelope":
                envelope = self._desk.custody.envelope(bytes.fromhex(item.sha256))
                if envelope is None:
                    raise Refused("gone", "密封内容不在保管库中；请管理员运行 supervision verify 查明。")
                key = self._key_for(event.originator_id, sealing)
                return self._opener(event.originator_id, sealing).open_item(item, key, envelope).decode()
        return ""

    # -- keys -------------------------------------------------------------------------------------------------

    def _unwrapped(self) -> Iterator[bytes]:
        """Every distinct content key that is wrapped to one of the officer's offices, in the order of the events."""
        seen: set[bytes] = set()
        mine = {key.key_id: key for key in self._officer.office_keys.values()}
        for event in self._events:
            for sealing in sealings_of(event):
                for ref in sealing.keys:
                    for wrap in ref.wraps if ref.compartment == CONTENT else ():
                        private = mine.get(wrap.key)
                        data = self._desk.custody.wrap(bytes.fromhex(wrap.sha256)) if private else None
                        if private is None or data is None:
                            continue
                        key = self._opener(event.originator_id, sealing).unwrap(CONTENT, data, private)
                        if key not in seen:
                            seen.add(key)
                            yield key

    def _key_for(self, stream_id: UUID, sealing: Sealing) -> bytes:
        opener = self._opener(stream_id, sealing)
        for key in self._keys:
            if opener.is_key_of(CONTENT, key):
                return key
        raise Refused("no_key", "您的会话中没有这部分内容的密钥；请本单位密钥持有人为您授予后再查看。")

    def _opener(self, stream_id: UUID, sealing: Sealing) -> Opener:
        manifest = self._desk.manifests.get(sealing.manifest)
        if manifest is None:
            raise Refused("manifest", "本件按未知的密钥清单密封，拒绝打开；请管理员核对密钥清单。")
        return Opener(manifest, sealing, stream_id)


def _content_items(sealing: Sealing) -> Sequence[SealedItem]:
    return [item for item in sealing.items if item.compartment == CONTENT]


def sealings_of(event: Event) -> Iterator[Sealing]:
    """Every sealing of an event, whichever field holds it."""
    if not isinstance(event, ActedEvent):
        return
    for value in vars(event).values():
        if isinstance(value, Sealing):
            yield value
        elif isinstance(value, tuple):
            yield from (member for member in value if isinstance(member, Sealing))
