"""Working days and spans: the check values of the rules, part 6, and what must hold for every date."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervision.domain.calendar import WorkingDays, local_day
from supervision.domain.rulebook import Rulebook

DAYS = Rulebook.load().calendar
LAST = date(max(DAYS.years), 12, 31)

published = st.dates(date(2020, 1, 1), LAST)
any_day = st.dates(date(2015, 1, 1), date(2035, 12, 31))


def notice(year: int) -> dict[str, object]:
    """A notice that only speaks of New Year's Day."""
    new_year = {"name": "元旦", "from": date(year, 1, 1), "to": date(year, 1, 3)}
    return {"year": year, "source": "测试用", "rest": [new_year], "worked": []}


def test_the_calendar_reaches_from_the_year_of_the_rules_to_the_last_notice() -> None:
    assert sorted(DAYS.years) == list(range(2020, 2027))
    assert all("国办发明电〔" in DAYS.sources[year] for year in DAYS.years)


@pytest.mark.parametrize(
    ("start", "n", "due"),
    [
        ("2026-02-10", 15, "2026-03-09"),
        ("2026-04-28", 15, "2026-05-21"),
        ("2026-09-24", 15, "2026-10-22"),
        ("2025-09-26", 15, "2025-10-23"),
        ("2026-02-14", 15, "2026-03-13"),
        ("2026-09-24", 5, "2026-10-09"),
        ("2025-01-20", 5, "2025-01-26"),
        ("2026-11-14", 15, "2026-12-04"),
    ],
)
def test_check_values_of_the_rules(start: str, n: int, due: str) -> None:
    end = DAYS.add_working_days(date.fromisoformat(start), n)
    assert (end.on, end.provisional) == (date.fromisoformat(due), False)


@pytest.mark.parametrize(
    ("year", "holidays", "worked"),
    [
        (
            2026,
            ["01-01/03", "02-15/23", "04-04/06", "05-01/05", "06-19/21", "09-25/27", "10-01/07"],
            ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"],
        ),
        (
            2025,
            ["01-01/01", "01-28/31", "02-01/04", "04-04/06", "05-01/05", "05-31/31", "06-01/02", "10-01/08"],
            ["01-26", "02-08", "04-27", "09-28", "10-11"],
        ),
    ],
)
def test_the_years_in_the_rules_are_in_the_calendar(year: int, holidays: list[str], worked: list[str]) -> None:
    off = set()
    for span in holidays:
        month, first, last = int(span[:2]), int(span[3:5]), int(span[6:])
        off |= {date(year, month, day) for day in range(first, last + 1)}
    on = {date.fromisoformat(f"{year}-{day}") for day in worked}
    every_day = [date(year, 1, 1) + timedelta(days=n) for n in range(365)]
    expected = [day in on or (day.weekday() < 5 and day not in off) for day in every_day]
    assert [DAYS.is_working_day(day) for day in every_day] == expected


def test_a_day_off_in_december_may_stand_in_the_notice_of_the_next_year() -> None:
    assert date(2022, 12, 31) in DAYS.rest


@pytest.mark.parametrize(
    ("start", "months", "raw", "due"),
    [
        ("2026-10-16", 1, "2026-11-16", "2026-11-16"),
        ("2026-01-31", 1, "2026-02-28", "2026-02-28"),  # no 31st; the 28th is a Saturday that is worked
        ("2025-11-30", 3, "2026-02-28", "2026-02-28"),
        ("2024-01-30", 1, "2024-02-29", "2024-02-29"),
        ("2026-09-01", 1, "2026-10-01", "2026-10-08"),
        ("2025-12-20", 2, "2026-02-20", "2026-02-24"),
        ("2026-04-09", 1, "2026-05-09", "2026-05-09"),
    ],
)
def test_a_month_ends_on_the_corresponding_day_and_moves_past_days_off(
    start: str, months: int, raw: str, due: str
) -> None:
    end = DAYS.add_months(date.fromisoformat(start), months)
    assert (end.raw, end.on) == (date.fromisoformat(raw), date.fromisoformat(due))
    assert not end.provisional


@pytest.mark.parametrize(("start", "months", "raw"), [("2026-11-02", 3, "2027-02-02"), ("2026-11-04", 3, "2027-02-04")])
def test_a_span_of_months_into_an_unpublished_year_is_provisional(start: str, months: int, raw: str) -> None:
    end = DAYS.add_months(date.fromisoformat(start), months)
    assert (end.raw, end.provisional) == (date.fromisoformat(raw), True)


def test_working_days_into_an_unpublished_year_are_counted_by_weekends_and_provisional() -> None:
    end = DAYS.add_working_days(date(2026, 12, 28), 15)
    assert (end.on, end.provisional) == (date(2027, 1, 18), True)
    assert not DAYS.add_working_days(date(2026, 12, 24), 5).provisional


def test_the_same_working_day_is_the_day_itself_or_the_next_one_worked() -> None:
    assert DAYS.add_working_days(date(2026, 9, 24), 0).on == date(2026, 9, 24)
    assert DAYS.add_working_days(date(2026, 10, 1), 0).on == date(2026, 10, 8)


def test_calendar_days_move_past_days_off() -> None:
    assert DAYS.add_days(date(2026, 9, 16), 15).on == date(2026, 10, 8)
    assert DAYS.add_days(date(2026, 9, 15), 15).on == date(2026, 9, 30)


@given(any_day, st.integers(1, 60))
def test_n_working_days_later_n_working_days_have_passed(start: date, n: int) -> None:
    end = DAYS.add_working_days(start, n)
    assert DAYS.is_working_day(end.on)
    assert DAYS.working_days_between(start, end.on) == n


@given(any_day, st.integers(0, 60), st.integers(0, 40), st.integers(0, 20))
def test_who_starts_later_or_has_more_days_never_ends_earlier(start: date, later: int, n: int, more: int) -> None:
    delayed = start + timedelta(days=later)
    assert DAYS.add_working_days(start, n).on <= DAYS.add_working_days(delayed, n + more).on
    assert DAYS.add_months(start, n).on <= DAYS.add_months(delayed, n + more).on


@given(published, st.integers(0, 40))
def test_an_end_is_provisional_exactly_when_it_lies_beyond_the_last_notice(start: date, n: int) -> None:
    assert DAYS.add_working_days(start, n).provisional == (DAYS.add_working_days(start, n).on > LAST)


@given(st.dates(date(2030, 1, 1), date(2035, 12, 31)))
def test_in_an_unpublished_year_weekends_alone_are_off(day: date) -> None:
    assert DAYS.is_working_day(day) == (day.weekday() < 5)


def test_a_new_notice_makes_a_provisional_end_firm() -> None:
    with_2027 = WorkingDays.parse("test", {"years": [notice(2026), notice(2027)]})
    end = with_2027.add_working_days(date(2026, 12, 28), 15)
    assert (end.on, end.provisional) == (date(2027, 1, 19), False)


@pytest.mark.parametrize(
    ("rest", "worked"),
    [
        ([(date(2026, 1, 1), date(2026, 1, 3))], [date(2026, 1, 5)]),  # a Monday is worked anyway
        ([(date(2026, 1, 1), date(2026, 1, 4))], [date(2026, 1, 4)]),  # both off and worked
        ([(date(2027, 1, 1), date(2027, 1, 3))], []),  # another year
        ([], []),  # nothing at all
    ],
)
def test_a_wrong_table_is_refused_and_names_the_year(rest: list[tuple[date, date]], worked: list[date]) -> None:
    holidays = [{"name": "元旦", "from": first, "to": last} for first, last in rest]
    entry = notice(2026) | {"rest": holidays, "worked": worked}
    with pytest.raises(ValueError, match="2026"):
        WorkingDays.parse("test", {"years": [entry]})


def test_a_year_published_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="两次"):
        WorkingDays.parse("test", {"years": [notice(2026), notice(2026)]})


def test_negative_spans_are_refused() -> None:
    with pytest.raises(ValueError, match="-1"):
        DAYS.add_working_days(date(2026, 1, 1), -1)


def test_the_day_of_receipt_is_the_day_in_china() -> None:
    assert local_day(datetime.fromisoformat("2026-10-12T22:07:51+08:00")) == date(2026, 10, 12)
    assert local_day(datetime(2026, 10, 12, 16, 0, tzinfo=UTC)) == date(2026, 10, 13)
    with pytest.raises(ValueError, match="时区"):
        local_day(datetime(2026, 10, 12, 9, 0))  # noqa: DTZ001 - the missing zone is what is tested
