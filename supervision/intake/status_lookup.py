"""What a reporter learns with his 查询码: a status word, days, messages (3.1, E-08). Looking is not recorded.

Everything comes from the report's own events, not from a read model: the public site has none, and what it
shows is what the log says. Any two codes that lead nowhere take the same work.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from events.model import ActedEvent, Event, Sealing
from events.vocabulary import correspondence as facts
from events.vocabulary.intake import ReportReceived
from events.vocabulary.report import ReportNotAccepted
from events.vocabulary.streams import contact_id, correspondence_id, opening_id
from supervision.business_time import day_of
from supervision.domain.codes import RefusalCode, ReportState, StatusWord
from supervision.domain.contact import ContactUse, contacts_shown_to_reporter
from supervision.domain.opening import openings_shown_to_reporter
from supervision.domain.report import Report
from supervision.domain.retention_rules import DestructionScope
from supervision.domain.rulebook import Rulebook, UnknownRulebook
from supervision.domain.status import status_word
from supervision.platform import Platform
from supervision.sealing.compartments import MESSAGE
from supervision.sealing.errors import CannotOpen
from supervision.sealing.keys import KemPrivateKey
from supervision.sealing.opening import Opener
from supervision.sealing.receipt import ReceiptCode, ReceiptSecrets, lookup_tag

GONE = "这条留言的保管期已满，已按规定销毁。"
UNREADABLE = "这条留言暂时无法显示，请拨打受理单位电话询问。"


@dataclass(frozen=True, kw_only=True, repr=False)
class Message:
    """Words of the office to the reporter. ``day``: in China, on which they were put there."""

    day: date
    text: str


@dataclass(frozen=True, kw_only=True, repr=False)
class ReportStatus:
    """All that is told of a report, besides what the site needs to take an addition to it.

    ``changed_on``: day since which ``word`` holds. ``guidance``: the legal way to go, where the report was
    not accepted, else "". ``supplements``: days of the reporter's own additions. ``openings``: day and purpose of
    each opening of what the custodians hold, ``contacts``: of each look of relay officers at number and address; none
    for a sealed report. ``destroyed``: day on which what was sealed of it was destroyed by appraisal, and whether that
    was all of it. ``report_id``, ``sealed``: for the site itself, never shown.
    """

    word: StatusWord
    received_on: date
    changed_on: date
    guidance: str
    messages: tuple[Message, ...]
    supplements: tuple[date, ...]
    feedback_wanted: bool
    report_id: UUID
    sealed: bool
    openings: tuple[tuple[date, str], ...] = ()
    contacts: tuple[tuple[date, str], ...] = ()
    destroyed: tuple[date, bool] | None = None


def find_report(platform: Platform, secrets: ReceiptSecrets) -> UUID | None:
    """The report or sealed report that a code leads to, None where it leads nowhere."""
    return platform.custody.lookup("receipt", lookup_tag(_pepper(platform), secrets.lookup))


def look_up(platform: Platform, code: ReceiptCode) -> ReportStatus | None:
    """What the holder of ``code`` is told; None where no report came in under it."""
    secrets = code.derive(platform.settings.origin)
    report_id = find_report(platform, secrets)
    if report_id is None:
        return None
    events = platform.ledger.events_of(report_id)
    exchange = platform.ledger.events_of(correspondence_id(report_id))
    received = events[0]
    shown = _Shown.replay(report_id, events) if isinstance(received, ReportReceived) else None
    received_on = _day(received)
    sealed = shown is None or shown.state is ReportState.SEALED
    return ReportStatus(
        word=shown.word if shown else StatusWord.RECEIVED,
        received_on=received_on,
        changed_on=shown.since if shown and shown.since else received_on,
        guidance=shown.guidance(platform.rulebook) if shown else "",
        messages=tuple(_messages(platform, exchange, secrets.kem)),
        supplements=tuple(_day(event) for event in exchange if isinstance(event, facts.SupplementReceived)),
        feedback_wanted=_feedback_wanted(received, exchange),
        report_id=report_id,
        sealed=sealed,
        openings=() if sealed else tuple(_openings(platform, report_id)),
        contacts=() if sealed else tuple(_contacts(platform, report_id)),
        destroyed=shown.gone if shown and not sealed else None,
    )


class _Shown(Report):
    """A report that remembers the word its reporter was last shown, and since which day."""

    def __init__(self, stream_id: UUID) -> None:
        super().__init__(stream_id)
        self.word = StatusWord.RECEIVED
        self.since: date | None = None
        self.refusal: RefusalCode | None = None

    def _apply(self, event: Event) -> None:
        super()._apply(event)
        word = status_word(self.state, self.word)
        if word is not self.word:
            self.word, self.since = word, _day(event)
        if isinstance(event, ReportNotAccepted):
            self.refusal = RefusalCode(event.refusal)

    @property
    def gone(self) -> tuple[date, bool] | None:
        """Day of the last destruction, and whether nothing is left."""
        for scope in (DestructionScope.EVERYTHING, DestructionScope.IDENTITY):
            if scope in self.destroyed:
                return date.fromisoformat(self.destroyed[scope][0]), scope is DestructionScope.EVERYTHING
        return None

    def guidance(self, rulebook: Rulebook) -> str:
        """The approved words on the way to go for the reason why the report was not accepted."""
        if self.word is not StatusWord.NOT_IN_SCOPE:
            return ""
        usable = rulebook.messages.usable(ReportState.NOT_ACCEPTED, self.refusal)
        return next((template.words for template in usable if self.refusal in template.refusals), "")


def _messages(platform: Platform, exchange: Sequence[Event], kem: KemPrivateKey) -> Iterator[Message]:
    """Template messages, and free text from the moment when a second officer let it out."""
    drafts: dict[str, facts.MessageDrafted] = {}
    for event in exchange:
        match event:
            case facts.MessageSent():
                yield Message(day=_day(event), text=_template_words(event))
            case facts.MessageDrafted():
                drafts[event.message] = event
            case facts.MessageApproved():
                draft = drafts[event.message]
                text = _opened(platform, draft.originator_id, draft.reporter_sealing, kem)
                yield Message(day=_day(event), text=text)


def _template_words(event: facts.MessageSent) -> str:
    """The words as they were approved in the version of the rules that the message was sent under."""
    try:
        return Rulebook.load(event.rule_version).messages.templates[event.template].words
    except (UnknownRulebook, KeyError):
        return UNREADABLE


def _opened(platform: Platform, stream_id: UUID, sealing: Sealing, kem: KemPrivateKey) -> str:
    """Free text, with the key that comes from the code; the site itself could not open it."""
    manifest = platform.manifests.get(sealing.manifest)
    wraps = [wrap for key in sealing.keys for wrap in key.wraps if wrap.key == kem.key_id]
    items = [item for item in sealing.items if (item.compartment, item.field) == (MESSAGE, "text")]
    if manifest is None or not wraps or not items:
        return UNREADABLE
    wrap = platform.custody.wrap(bytes.fromhex(wraps[0].sha256))
    envelope = platform.custody.envelope(bytes.fromhex(items[0].sha256))
    if wrap is None or envelope is None:
        return GONE
    opener = Opener(manifest, sealing, stream_id, platform.retention)
    try:
        return opener.open_item(items[0], opener.unwrap(MESSAGE, wrap, kem), envelope).decode()
    except CannotOpen:
        return UNREADABLE


def _openings(platform: Platform, report_id: UUID) -> Iterator[tuple[date, str]]:
    """What was opened and no order of law holds back (SoD-4); from the log itself, like everything here."""
    events: list[Event] = []
    number = 1
    while one := platform.ledger.events_of(opening_id(report_id, number)):
        events += one
        number += 1
    for day, purpose in openings_shown_to_reporter(events, platform.clock().date()):
        yield date.fromisoformat(day), purpose


def _contacts(platform: Platform, report_id: UUID) -> Iterator[tuple[date, str]]:
    """Every look at his number, so that he can tell whether a call was from here."""
    found: list[ContactUse] = []
    while events := platform.ledger.events_of(stream := contact_id(report_id, len(found) + 1)):
        found.append(ContactUse.replay(stream, events))
    for day, purpose in contacts_shown_to_reporter(found):
        yield date.fromisoformat(day), purpose


def _feedback_wanted(received: Event, exchange: Sequence[Event]) -> bool:
    withdrawn = any(isinstance(event, facts.FeedbackWishWithdrawn) for event in exchange)
    return getattr(received, "feedback_wanted", True) and not withdrawn


def _day(event: Event) -> date:
    if not isinstance(event, ActedEvent):
        raise TypeError(f"{event.TOPIC} has no business time")
    return day_of(event.occurred_at)


def _pepper(platform: Platform) -> bytes:
    """Both files of secrets hold the same one; a console process has no business with the public site's."""
    if platform.settings.site == "console":
        return platform.console_secrets.pepper
    return platform.public_secrets.pepper
