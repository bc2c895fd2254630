"""Working days of China: weekends, public holidays, and weekend days that are worked.

The State Council's office publishes the next year around November. A span that reaches a year not yet
published can only be counted by weekends; its end is *provisional* and must be computed anew when the notice
arrives, never silently (rules part 6). A notice may also move days at the end of the December before its year
(2018-12-29 was worked by the notice for 2019), so a new table can change a date of the last published year as
well.

Counting (民法典 §201-203): the day of the event does not count; a span of months ends on the corresponding
day, or on the last day of a month that has none; an end on a rest day moves to the next working day.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any

#: Asia/Shanghai has had no daylight saving since 1991; a fixed offset needs no time-zone database.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Due:
    """The end of a span.

    ``raw``: before an end on a rest day moved on; ``provisional``: reaches an unpublished year.
    """

    on: date
    raw: date
    provisional: bool


@dataclass(frozen=True)
class WorkingDays:
    """One version of the working-day calendar.

    ``years``: published ones; ``rest``: days off by notice; ``worked``: weekend days worked by notice;
    ``sources``: year to number of the notice.
    """

    version: str
    years: frozenset[int]
    rest: frozenset[date]
    worked: frozenset[date]
    sources: Mapping[int, str]

    @classmethod
    def parse(cls, version: str, table: Mapping[str, Any]) -> WorkingDays:
        """Read a table of the form of ``data/days-*.toml``.

        Raises :class:`ValueError` naming the year that is wrong.
        """
        rest: set[date] = set()
        worked: set[date] = set()
        sources: dict[int, str] = {}
        for entry in table["years"]:
            year: int = entry["year"]
            off = {day for holiday in entry["rest"] for day in _days(holiday["from"], holiday["to"])}
            on = set(entry["worked"])
            _check_year(year, off, on)
            if year in sources:
                raise ValueError(f"工作日历 {version}：{year} 年出现两次；请只保留一份通知")
            rest |= off
            worked |= on
            sources[year] = entry["source"]
        return cls(version, frozenset(sources), frozenset(rest), frozenset(worked), sources)

    def knows(self, day: date) -> bool:
        """Whether the notice for this day's year has been published."""
        return day.year in self.years

    def is_working_day(self, day: date) -> bool:
        """By the notices; in a year without one, by weekends alone."""
        if day in self.rest:
            return False
        return day.weekday() < 5 or day in self.worked

    def add_working_days(self, start: date, n: int) -> Due:
        """The ``n``-th working day after ``start``, which does not count itself.

        ``n`` = 0 means the day itself, or the next working day. Raises :class:`ValueError` for a negative
        ``n``.
        """
        if n < 0:
            raise ValueError(f"工作日数不能为负：{n}")
        if n == 0:
            return self._roll(start, start)
        day, provisional = start, False
        while n:
            day += ONE_DAY
            provisional |= not self.knows(day)
            n -= self.is_working_day(day)
        return Due(day, day, provisional)

    def add_days(self, start: date, n: int) -> Due:
        """``n`` calendar days after ``start``; an end on a rest day moves on."""
        return self._roll(start, start + n * ONE_DAY)

    def add_months(self, start: date, n: int) -> Due:
        """The corresponding day ``n`` months on, or that month's last day; an end on a rest day moves on."""
        months = start.year * 12 + start.month - 1 + n
        year, month = divmod(months, 12)
        last = calendar.monthrange(year, month + 1)[1]
        return self._roll(start, date(year, month + 1, min(start.day, last)))

    def working_days_between(self, start: date, end: date) -> int:
        """Working days after ``start`` up to and including ``end``; 0 when ``end`` is not later."""
        return sum(self.is_working_day(day) for day in _days(start + ONE_DAY, end))

    def _roll(self, start: date, raw: date) -> Due:
        day = raw
        while not self.is_working_day(day):
            day += ONE_DAY
        return Due(day, raw, not all(year in self.years for year in range(start.year, day.year + 1)))


def local_day(moment: datetime) -> date:
    """The day on which something happened in China; clocks count from it.

    Raises :class:`ValueError` without an offset.
    """
    if moment.tzinfo is None:
        raise ValueError("时间缺少时区偏移；请写明，例如 2026-10-12T09:00:00+08:00")
    return moment.astimezone(SHANGHAI).date()


def _days(first: date, last: date) -> Iterator[date]:
    day = first
    while day <= last:
        yield day
        day += ONE_DAY


def _check_year(year: int, rest: set[date], worked: set[date]) -> None:
    """A notice speaks of its year and perhaps of the last days before it; only weekend days are made up."""
    strangers = sorted(day for day in rest | worked if day.year != year and (day.year, day.month) != (year - 1, 12))
    wrong = sorted((rest & worked) | {day for day in worked if day.weekday() < 5})
    if strangers or wrong or not rest:
        days = "、".join(day.isoformat() for day in strangers + wrong) or "没有放假日"
        raise ValueError(f"工作日历 {year} 年有误：{days}；请对照国务院办公厅通知核对")
