"""Reading a report: with the office keys of an officer's session, and only where the report is assigned to him.

Two locks hold independently. The keys: without a wrap to one of his offices' keys nothing opens. The rules: an
officer who is excluded, or who has no part in the matter, is refused before a key is tried.

Where a report has a de-identified version, it is the keys, too, that decide who reads which: the petition office has
those of the original, all others those of the version (:mod:`supervision.casework.deidentified`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from events.model import ActedEvent, Event, SealedItem, Sealing
from events.vocabulary.correspondence import SupplementReceived
from events.vocabulary.deidentified import ReportDeidentified
from events.vocabulary.intake import ReportReceived
from events.vocabulary.streams import correspondence_id
from supervision.casework.desk import Desk
from supervision.casework.officer_session import OfficerSession
from supervision.domain.clue import Clue
from supervision.domain.codes import ReportState, Role
from supervision.domain.refusal import Refused
from supervision.domain.report import Report
from supervision.sealing.compartments import CONTENT, DEIDENTIFIED
from supervision.sealing.errors import PeriodKeyMissing
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
class Version:
    """A de-identified version. ``number``: from 1; ``day``: ISO date on which it was written."""

    number: int
    day: str
    title: str
    text: str
    files: tuple[EvidenceFile, ...]


@dataclass(frozen=True, kw_only=True, repr=False)
class ReportContent:
    """The opened content of a report. ``notes``: (stream id, stream version) of an event to the note in it.

    ``version``: the de-identified version in force. ``original``: whether title, text and files are the reporter's own;
    else they are those of the version. ``withheld``: additions of the reporter that no version has taken up yet.
    """

    title: str
    text: str
    respondents: tuple[dict[str, Any], ...]
    categories: tuple[str, ...]
    announced: tuple[str, ...]
    files: tuple[EvidenceFile, ...]
    supplements: tuple[Supplement, ...]
    notes: dict[tuple[UUID, int], str]
    drafts: dict[str, str]
    version: Version | None = None
    original: bool = True
    withheld: int = 0


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


def refuse_unless_reader(
    desk: Desk, officer: OfficerSession, report: Report, clue: Clue | None, *, before_level: bool = False
) -> None:
    """Raises :class:`Refused` with the reason. ``before_level``: see :class:`ContentReader`."""
    report.refuse_excluded(officer.officer)
    if report.state is ReportState.SEALED:
        raise Refused("sealed", "本件已转为径送件，内容已改封给上级，本级不能查看。")
    if report.tombstone:
        raise Refused("destroyed", report.tombstone)
    if report.facts_unread:
        raise Refused("facts", "本件须回避人员的名单无法打开，暂不能查看内容；请管理员运行 supervision verify 查明。")
    if not before_level:
        report.refuse_before_level()
    if not may_read(desk, officer, report, clue):
        raise Refused("not_assigned", "本件没有分配给您，不能查看内容；如需办理请联系本件的承办单位。")


class ContentReader:
    """Opens the content of one report for one officer. Raises :class:`Refused` where he may not, or has no key.

    ``own_key``: try the officer's own key besides his offices', for the original that he was granted. ``before_level``:
    also where the level is unknown, for what is shown to nobody, and for the names by which two officers decide it.
    """

    def __init__(
        self,
        desk: Desk,
        officer: OfficerSession,
        report: Report,
        clue: Clue | None,
        *,
        own_key: bool = False,
        before_level: bool = False,
    ) -> None:
        refuse_unless_reader(desk, officer, report, clue, before_level=before_level)
        self._desk = desk
        self._private = {key.key_id: key for key in officer.office_keys.values()}
        if own_key:
            self._private[officer.kem.key_id] = officer.kem
        streams = [report.id, correspondence_id(report.id), *([clue.id] if clue else [])]
        self._events: list[Event] = [e for stream in streams for e in desk.ledger.events_of(stream)]
        self._received = next(e for e in self._events if isinstance(e, ReportReceived))
        self._versions = [e for e in self._events if isinstance(e, ReportDeidentified)]
        self._keys = {compartment: list(self._unwrapped(compartment)) for compartment in (CONTENT, DEIDENTIFIED)}
        if not any(self._keys.values()):
            raise Refused("no_key", "您的会话中没有本件的密钥；请本单位密钥持有人为您授予后再查看。")

    @property
    def original(self) -> bool:
        """Whether the original opens to him, and not the de-identified version alone."""
        return self._key(self._received, self._received.sealing, CONTENT) is not None

    @property
    def note_key(self) -> tuple[str, bytes]:
        """Compartment and key (32 bytes) that what officers write on the report is sealed under.

        That of the de-identified version where there is one: whoever handles the report must be able to read it.
        """
        latest, compartment = self._latest()
        return compartment, self._key_for(latest, latest.sealing, compartment)

    def keys_for(self, *, petition_office: bool) -> list[tuple[str, bytes]]:
        """Compartments and keys that a transfer passes on.

        To another petition office everything. To others the content keys, unless there is a de-identified version: then
        that one's alone; who has the original passes on the version in force and none that it has replaced.
        """
        everything = [(compartment, key) for compartment, keys in self._keys.items() for key in keys]
        if petition_office or not self._versions:
            return everything
        if self.original:
            return [self.note_key]
        return [(compartment, key) for compartment, key in everything if compartment == DEIDENTIFIED]

    def title(self) -> str:
        """The title alone, for a list."""
        if self.original:
            return self._text(self._received, self._received.sealing, "title")
        latest, compartment = self._latest()
        return self._text(latest, latest.sealing, "title", compartment)

    def respondents(self) -> tuple[dict[str, Any], ...]:
        """Those reported alone, to be compared with those of another report."""
        shown, compartment = (self._received, CONTENT) if self.original else self._latest()
        return tuple(json.loads(self._text(shown, shown.sealing, "respondents", compartment) or "[]"))

    def read(self) -> ReportContent:
        """Everything that opens to him: the original, or the de-identified version in its place."""
        original = self.original
        shown, compartment = (self._received, CONTENT) if original else self._latest()
        supplements = tuple(self._supplements())
        return ReportContent(
            title=self._text(shown, shown.sealing, "title", compartment),
            text=self._text(shown, shown.sealing, "text", compartment),
            respondents=self.respondents(),
            categories=tuple(json.loads(self._text(shown, shown.sealing, "categories", compartment) or "[]")),
            announced=tuple(json.loads(self._text(shown, shown.sealing, "announced") or "[]")) if original else (),
            files=self._files(shown, shown.sealing, compartment),
            supplements=supplements,
            notes=dict(self._notes()),
            drafts=dict(self._drafts()),
            version=self._version(),
            original=original,
            withheld=self._not_taken_up(),
        )

    def file(self, stream_version: int, number: int, *, of_report: bool) -> tuple[EvidenceFile, OpenedFile]:
        """A cleaned copy, all of it verified; the caller reads and closes it. Raises :class:`Refused`."""
        for event in self._events:
            if event.originator_version == stream_version and isinstance(event, _WITH_FILES[of_report]):
                compartment = DEIDENTIFIED if isinstance(event, ReportDeidentified) else CONTENT
                for file in self._files(event, event.sealing, compartment):
                    if file.number == number and file.item is not None:
                        return file, self.open(file)
        raise Refused("no_file", "没有可查看的清洁副本；原件密封保管，调阅须按规定审批。")

    def open(self, file: EvidenceFile) -> OpenedFile:
        """The cleaned copy of ``file``, all of it verified; the caller closes it."""
        if file.item is None:
            raise Refused("no_file", "没有可查看的清洁副本；原件密封保管，调阅须按规定审批。")
        opener = self._opener(file.stream_id, file.sealing)
        key = next(
            (key for key in self._keys[file.item.compartment] if opener.is_key_of(file.item.compartment, key)), b""
        )
        return opener.open_file(file.item, key, self._desk.custody.file_path(bytes.fromhex(file.item.sha256)))

    # -- pieces -----------------------------------------------------------------------------------------------

    def _latest(self) -> tuple[ReportReceived | ReportDeidentified, str]:
        """What the report says to those who handle it, and the compartment that says it."""
        return (self._versions[-1], DEIDENTIFIED) if self._versions else (self._received, CONTENT)

    def _version(self) -> Version | None:
        if not self._versions:
            return None
        latest = self._versions[-1]
        return Version(
            number=len(self._versions),
            day=latest.occurred_at[:10],
            title=self._text(latest, latest.sealing, "title", DEIDENTIFIED),
            text=self._text(latest, latest.sealing, "text", DEIDENTIFIED),
            files=self._files(latest, latest.sealing, DEIDENTIFIED),
        )

    def _not_taken_up(self) -> int:
        """Additions that came after the version in force: what stands in them its readers do not see."""
        if not self._versions:
            return 0
        since = self._versions[-1].occurred_at
        return sum(isinstance(e, SupplementReceived) and e.occurred_at[:13] >= since[:13] for e in self._events)

    def _supplements(self) -> Iterator[Supplement]:
        for event in self._events:
            if isinstance(event, SupplementReceived) and self._key(event, event.sealing, CONTENT):
                yield Supplement(
                    day=event.occurred_at[:10],
                    text=self._text(event, event.sealing, "text"),
                    files=self._files(event, event.sealing),
                )

    def _notes(self) -> Iterator[tuple[tuple[UUID, int], str]]:
        for event, sealing, compartment in self._written("note"):
            yield (event.originator_id, event.originator_version), self._text(event, sealing, "note", compartment)

    def _drafts(self) -> Iterator[tuple[str, str]]:
        for event, sealing, compartment in self._written("message"):
            yield getattr(event, "message", ""), self._text(event, sealing, "message", compartment)

    def _written(self, field_name: str) -> Iterator[tuple[Event, Sealing, str]]:
        """Events that hold words of officers, with the compartment of these: those that open to him."""
        for event in self._events:
            sealing = getattr(event, "sealing", None)
            if not isinstance(sealing, Sealing):
                continue
            for compartment in {item.compartment for item in sealing.items if item.field == field_name}:
                if compartment in self._keys and self._key(event, sealing, compartment):
                    yield event, sealing, compartment

    def _files(self, event: Event, sealing: Sealing, compartment: str = CONTENT) -> tuple[EvidenceFile, ...]:
        items = {item.field: item for item in sealing.items if item.compartment == compartment}
        found = []
        for name in items:
            if name.startswith("file.") and name.endswith(".meta"):
                number = int(name.split(".")[1])
                meta = json.loads(self._text(event, sealing, name, compartment))
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

    def _text(self, event: Event, sealing: Sealing, field_name: str, compartment: str = CONTENT) -> str:
        for item in sealing.items:
            if item.compartment == compartment and item.field == field_name and item.kind == "envelope":
                envelope = self._desk.custody.envelope(bytes.fromhex(item.sha256))
                if envelope is None:
                    raise Refused("gone", "密封内容不在保管库中；请管理员运行 supervision verify 查明。")
                key = self._key_for(event, sealing, compartment)
                return self._opener(event.originator_id, sealing).open_item(item, key, envelope).decode()
        return ""

    # -- keys -------------------------------------------------------------------------------------------------

    def _unwrapped(self, compartment: str) -> Iterator[bytes]:
        """Every distinct key of a compartment that is wrapped to one of his keys, in the order of the events."""
        seen: set[bytes] = set()
        for event in self._events:
            for sealing in sealings_of(event):
                for ref in sealing.keys:
                    for wrap in ref.wraps if ref.compartment == compartment else ():
                        private = self._private.get(wrap.key)
                        data = self._desk.custody.wrap(bytes.fromhex(wrap.sha256)) if private else None
                        if private is None or data is None:
                            continue
                        try:
                            key = self._opener(event.originator_id, sealing).unwrap(compartment, data, private)
                        except PeriodKeyMissing as missing:
                            raise Refused("period_key", str(missing)) from None
                        if key not in seen:
                            seen.add(key)
                            yield key

    def _key(self, event: Event, sealing: Sealing, compartment: str) -> bytes | None:
        """The key of a compartment of this sealing, None where he has none."""
        if not any(ref.compartment == compartment for ref in sealing.keys):
            return None
        opener = self._opener(event.originator_id, sealing)
        return next((key for key in self._keys[compartment] if opener.is_key_of(compartment, key)), None)

    def _key_for(self, event: Event, sealing: Sealing, compartment: str) -> bytes:
        key = self._key(event, sealing, compartment)
        if key is None:
            raise Refused("no_key", "您的会话中没有这部分内容的密钥；请本单位密钥持有人为您授予后再查看。")
        return key

    def _opener(self, stream_id: UUID, sealing: Sealing) -> Opener:
        return self._desk.opener(sealing, stream_id)


#: Events that files came with, by whether they are of the report's own stream.
_WITH_FILES = {True: (ReportReceived, ReportDeidentified), False: (SupplementReceived,)}


def sealings_of(event: Event) -> Iterator[Sealing]:
    """Every sealing of an event, whichever field holds it."""
    if not isinstance(event, ActedEvent):
        return
    for value in vars(event).values():
        if isinstance(value, Sealing):
            yield value
        elif isinstance(value, tuple):
            yield from (member for member in value if isinstance(member, Sealing))
