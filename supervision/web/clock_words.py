"""Statutory clocks as the working sites show them: light, word, last day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from flask_babel import gettext as _

from projections.clocks import ClockRow
from supervision.domain.calendar import Due
from supervision.domain.codes import Light, Unit
from supervision.domain.deadlines import ClockId, Clocks, Deadline

DAYS_OF_A_MONTH = 30


@dataclass(frozen=True, kw_only=True)
class ClockShown:
    """A clock in words. ``level``: blue, yellow or red, "" once it has ended; ``word``: what the light says."""

    name: str
    level: str
    word: str
    due: str
    basis: str = ""
    ended: str = ""


def next_clock(clocks: Clocks, clock_id: str, due: date, provisional: bool, today: date) -> ClockShown:
    """The running clock of a row in a list, which knows the last day but not the first."""
    definition = clocks.definitions[ClockId(clock_id)]
    length = timedelta(definition.n * (DAYS_OF_A_MONTH if definition.unit is Unit.MONTHS else 1))
    deadline = Deadline(clock=definition, start=due - length, end=_end(due, due, provisional))
    return _running(clocks, deadline, today)


def clock_shown(clocks: Clocks, row: ClockRow, today: date) -> ClockShown:
    """A clock of a case, running or not."""
    definition = clocks.definitions[ClockId(row.clock_id)]
    deadline = Deadline(clock=definition, start=row.started_on, end=_end(row.due, row.raw, row.provisional))
    if row.running:
        return _running(clocks, deadline, today)
    if row.met_on is None:
        ended = _("不再计时")
    elif row.met_on > row.due:
        ended = _("%(day)s 完成，超期", day=row.met_on)
    else:
        ended = _("%(day)s 按期完成", day=row.met_on)
    return ClockShown(name=definition.name, level="", word="", due=_day(deadline), basis=definition.basis, ended=ended)


def _running(clocks: Clocks, deadline: Deadline, today: date) -> ClockShown:
    level = clocks.light(deadline, today)
    return ClockShown(
        name=deadline.clock.name,
        level=level.value,
        word=_word(level, deadline.end.on, today),
        due=_day(deadline),
        basis=deadline.clock.basis,
    )


def _word(level: Light, due: date, today: date) -> str:
    if today > due:
        return _("已超期")
    if today == due:
        return _("今日到期")
    return {Light.BLUE: _("期限内"), Light.YELLOW: _("将到期"), Light.RED: _("即将到期")}[level]


def _day(deadline: Deadline) -> str:
    day = deadline.end.on.isoformat()
    return _("%(day)s（暂定）", day=day) if deadline.end.provisional else day


def _end(on: date, raw: date, provisional: bool) -> Due:
    return Due(on=on, raw=raw, provisional=provisional)
