"""Logs with read models beside them, for tests: in memory for properties over many lives, or a real ledger.

`Town` projects lives from a log in memory as they go on; `Archive` writes them into a real ledger with custody.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from events.custody import CustodyBatch
from events.custody_reader import CustodyReader
from events.ledger import Ledger
from events.model import Event, Sealing
from events.vocabulary.streams import officer_stream_id
from projections import catalogue
from projections.ports import ClockRules, DueDate, Recorded
from projections.runner import Runner
from projections.store import ReadStore
from supervision.domain.aggregate import Stamp
from supervision.domain.deadlines import ClockId
from supervision.domain.officer import OfficerAccount
from tests.support.lives import RULEBOOK, Life
from tests.support.log import NOON, ORIGIN, open_log, seal, signer


class Rules:
    """The domain's clocks as the projections want them. `version` can be another, to see what a new calendar does."""

    def __init__(self, version: str = RULEBOOK.version) -> None:
        self.version = version

    def due(self, clock_id: str, started_on: date) -> DueDate:
        return RULEBOOK.clocks.deadline(ClockId(clock_id), started_on).end


@dataclass(frozen=True)
class Entry:
    """An event in the log in memory."""

    position: int
    recorded_at: int
    event: Event


class Shelf:
    """A log in memory. A new hour begins every ten events."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.entries: list[Entry] = []
        self.add(*events)

    def add(self, *events: Event) -> None:
        for event in events:
            position = len(self.entries) + 1
            self.entries.append(Entry(position, NOON + position // 10 * 3600, event))

    def stored(self, start: int, limit: int) -> Sequence[Recorded]:
        return self.entries[start - 1 : start - 1 + limit]

    def head(self) -> int:
        return len(self.entries)

    def wait_beyond(self, position: int, timeout: float) -> bool:
        return self.head() > position


class Opener:
    """Opens the facts of the lives that it knows, whatever was destroyed since."""

    def __init__(self, *lives: Life) -> None:
        self._envelopes: dict[str, bytes] = {}
        self.know(*lives)

    def know(self, *lives: Life) -> None:
        rows = (row for life in lives for batch in life.custody for row in batch.envelopes)
        self._envelopes.update((row.sha256.hex(), row.data) for row in rows)

    def __call__(self, stream_id: UUID, sealing: Sealing) -> Mapping[str, Any] | None:
        return _facts_in(sealing, self._envelopes.get)


class Town:
    """A log in memory with read models beside it, for many tests: no two lives have a stream in common."""

    def __init__(self, url: str) -> None:
        self.shelf = Shelf()
        self.opener = Opener()
        self.store = read_store(url)
        self.runner = Runner(self.shelf, self.store, catalogue.projections(self.opener, Rules()))

    def tell(self, *lives: Life) -> None:
        """What has happened in these lives since the last time is projected."""
        for life in lives:
            self.opener.know(life)
            events, life.events = life.events, []
            self.shelf.add(*events)
        self.runner.run_once()


def opener_from(custody: CustodyReader) -> Callable[[UUID, Sealing], Mapping[str, Any] | None]:
    """Opens facts as long as they lie in custody."""
    return lambda stream_id, sealing: _facts_in(sealing, lambda sha256: custody.envelope(bytes.fromhex(sha256)))


def _facts_in(sealing: Sealing, envelope: Callable[[str], bytes | None]) -> Mapping[str, Any] | None:
    for item in sealing.items:
        if item.compartment == "facts" and (data := envelope(item.sha256)) is not None:
            _, _, text = data.decode().split(" ", 2)
            facts: Mapping[str, Any] = json.JSONDecoder().raw_decode(text)[0]
            return facts
    return None


class Archive:
    """A real log with custody, and read models beside it."""

    def __init__(self, url: str, home: Path) -> None:
        self.log = open_log(url, home)
        self.ledger = Ledger(self.log, ORIGIN)
        self.opener = opener_from(self.log.custody)

    def write(self, *lives: Life) -> int:
        """Write what has happened since the last time; returns the last position."""
        position = 0
        for life in lives:
            batches, life.custody = life.custody, []
            events, life.events = life.events, []
            position = self.ledger.record(*events, signer=signer("somebody"), custody=_together(batches))
        return position


def _together(batches: Sequence[CustodyBatch]) -> CustodyBatch:
    return CustodyBatch(
        envelopes=tuple(row for b in batches for row in b.envelopes),
        wraps=tuple(row for b in batches for row in b.wraps),
        destroy_envelopes=tuple(h for b in batches for h in b.destroy_envelopes),
        destroy_wraps=tuple(h for b in batches for h in b.destroy_wraps),
    )


def read_store(url: str, rules: ClockRules | None = None) -> ReadStore:
    """Read models in a database of their own."""
    return ReadStore(url, catalogue.layouts((rules or Rules()).version))


def people() -> list[Event]:
    """A few officers: appointed, enrolled, given the key of their office; one has left."""
    events: list[Event] = []
    stamp = Stamp(actor="ceremony", office="", occurred_at="2026-01-05T09:00:00+08:00", rule_version=RULEBOOK.version)
    for officer, office, roles in (
        ("clerk", "petition", ("intake_clerk",)),
        ("inspector", "dept-1", ("inspector",)),
        ("gone", "petition", ("petition_head",)),
    ):
        account = OfficerAccount.appoint(
            officer_stream_id(ORIGIN, officer),
            stamp,
            officer=officer,
            name=f"某{officer}",
            home_office=office,
            roles=roles,
            enrolment_key="a2V5",
        )
        account.enrol(stamp, signing_key="a2V5", kem_key="a2V5")
        account.grant_office_key(stamp, key_office=office, sealing=seal(account.id, office, compartment="content")[0])
        if officer == "gone":
            account.withdraw_office_key(stamp, key_office=office)
            account.depart(stamp)
        events.extend(account.collect_events())
    return events


def some_lives() -> list[Life]:
    """An answered report, an anonymous one, a sealed one, and one that went the late way."""
    return [
        Life("a").handled().close().feed_back(),
        Life("b").receive(named=False).register().supplement().draft(),
        Life("c").receive_sealed(),
        Life("d").receive().register().bypass(),
    ]
