"""Statutory clocks: what must be done, from which event on, how soon, by which rule.

The clocks are configuration (``data/rules-*/clocks.toml``); here is how they count and which of them a
receipt starts. A deadline is reproducible from its first day, the version of the rules and that of the
calendar (3.6).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from supervision.domain.calendar import Due, WorkingDays
from supervision.domain.codes import Evidence, Jurisdiction, Light, Line, MatterClass, Unit


class ClockId(StrEnum):
    """The clocks that there are; ``clocks.toml`` says what each means."""

    REGISTER = "register"
    SCREEN = "screen"
    ACCEPTANCE_NOTICE = "acceptance_notice"
    ACCEPTANCE_NOTICE_12380 = "acceptance_notice_12380"
    REPORT_TO_SUPERIOR = "report_to_superior"
    ADDITIONS_TO_SUPERIOR = "additions_to_superior"
    SUPERIOR_ACKNOWLEDGEMENT = "superior_acknowledgement"
    SUBORDINATE_DECISION = "subordinate_decision"
    ASSIGNED_REPORT = "assigned_report"
    TRANSFER = "transfer"
    DISTRIBUTE = "distribute"
    DISPOSITION = "disposition"
    INQUIRY_REPLY = "inquiry_reply"
    INQUIRY_REPORT = "inquiry_report"
    PRELIMINARY_VERIFICATION = "preliminary_verification"
    HELD_REVIEW = "held_review"
    RESULT_FEEDBACK = "result_feedback"
    APPEAL_REVIEW = "appeal_review"


@dataclass(frozen=True, kw_only=True)
class Clock:
    """One clock.

    ``name``, ``basis``: official words; ``starts``, ``ends``: event topics, () while there is no such event.
    """

    id: ClockId
    name: str
    rule: str
    basis: str
    evidence: Evidence
    n: int
    unit: Unit
    starts: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Deadline:
    """A clock that was started on ``start``."""

    clock: Clock
    start: date
    end: Due

    @property
    def due(self) -> date | None:
        """The last day to act; None while the end is provisional."""
        return None if self.end.provisional else self.end.on

    def as_sample(self) -> dict[str, str | int | bool | None]:
        """The form in which an import states a deadline; a firm end in working days has no other raw date."""
        stated: dict[str, str | int | bool | None] = {
            "name": self.clock.name,
            "from": self.start.isoformat(),
            "n": self.clock.n,
            "unit": self.clock.unit.label,
        }
        due = self.due.isoformat() if self.due else None
        if due and self.clock.unit is Unit.WORKING_DAYS:
            stated["due"] = due
        else:
            stated |= {
                "due_raw": self.end.raw.isoformat(),
                "due": due,
                "provisional": self.end.provisional,
            }
        return stated | {"basis": self.clock.basis}


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What is known of a report when it comes in, as far as clocks depend on it.

    ``on``: day of receipt in China.
    """

    on: date
    named: bool
    matter: MatterClass
    jurisdiction: Jurisdiction
    line: Line | None = None


@dataclass(frozen=True)
class Clocks:
    """All clocks of one version of the rules, on one version of the calendar."""

    calendar: WorkingDays
    definitions: Mapping[ClockId, Clock]
    yellow_percent: int
    red_percent: int

    @classmethod
    def parse(cls, table: Mapping[str, Any], calendar: WorkingDays) -> Clocks:
        """Read ``clocks.toml``. Raises :class:`ValueError` where a clock is missing, unknown or malformed."""
        definitions = {}
        for row in table["clocks"]:
            clock = ClockId(row["id"])
            definitions[clock] = Clock(
                id=clock,
                name=row["name"],
                rule=row["rule"],
                basis=row["basis"],
                evidence=Evidence(row["evidence"]),
                n=row["n"],
                unit=Unit(row["unit"]),
                starts=tuple(row.get("starts", ())),
                ends=tuple(row.get("ends", ())),
            )
        missing = set(ClockId) - set(definitions)
        if missing:
            raise ValueError(f"时限配置缺少：{'、'.join(sorted(missing))}；请在 clocks.toml 中补齐")
        return cls(calendar, definitions, **table["lights"])

    def deadline(self, clock: ClockId, start: date) -> Deadline:
        """``clock``, started by an event on ``start`` (a day in China, not itself counted)."""
        definition = self.definitions[clock]
        count = {
            Unit.WORKING_DAYS: self.calendar.add_working_days,
            Unit.DAYS: self.calendar.add_days,
            Unit.MONTHS: self.calendar.add_months,
        }[definition.unit]
        return Deadline(clock=definition, start=start, end=count(start, definition.n))

    def from_receipt(self, receipt: Receipt) -> tuple[Deadline, ...]:
        """The statutory clocks that receipt itself starts, as far as the proposals of the rules go.

        The superior's matter must go up (A-15), whatever it is. A named accusation that is this body's own
        must be answered (A-26); that it repeats an earlier one, and so needs no answer, only a reader can
        know.
        """
        if receipt.jurisdiction is Jurisdiction.SUPERIOR:
            return (self.deadline(ClockId.REPORT_TO_SUPERIOR, receipt.on),)
        own_report = receipt.jurisdiction is Jurisdiction.OWN and receipt.matter is MatterClass.REPORT
        if receipt.named and own_report:
            by_12380 = receipt.line is Line.ORGANISATION
            notice = ClockId.ACCEPTANCE_NOTICE_12380 if by_12380 else ClockId.ACCEPTANCE_NOTICE
            return (self.deadline(notice, receipt.on),)
        return ()

    def light(self, deadline: Deadline, today: date) -> Light:
        """The colour of a clock that is still running, by the share of its time left (S28); overdue is red.

        Working days are counted where the clock counts them, calendar days otherwise. A provisional end
        counts as it stands: a warning too early does no harm.
        """
        end = deadline.end.on
        if today > end:
            return Light.RED
        if deadline.clock.unit is Unit.WORKING_DAYS:
            left, whole = self.calendar.working_days_between(today, end), deadline.clock.n
        else:
            left, whole = (end - today).days, (end - deadline.start).days
        if left * 100 <= self.red_percent * whole:
            return Light.RED
        return Light.YELLOW if left * 100 <= self.yellow_percent * whole else Light.BLUE
