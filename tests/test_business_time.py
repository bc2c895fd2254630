"""Business time: China has one zone, and the public site says the hour and no more."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervision import business_time

ZONES = st.integers(-12 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1992, 1, 2), datetime(2200, 1, 1), timezones=ZONES)  # noqa: DTZ001 - the zone is drawn


@given(MOMENTS)
def test_a_moment_is_written_in_seconds_in_china(moment: datetime) -> None:
    text = business_time.written(moment)
    assert text.endswith("+08:00")
    assert datetime.fromisoformat(text) == moment.replace(microsecond=0)


@given(MOMENTS)
def test_to_the_hour_no_minute_is_left(moment: datetime) -> None:
    text = business_time.written_to_the_hour(moment)
    assert text.endswith(":00:00+08:00")
    assert timedelta() <= moment - datetime.fromisoformat(text) < timedelta(hours=1)


@given(MOMENTS)
def test_the_day_is_that_of_china_wherever_it_was_written(moment: datetime) -> None:
    day = moment.astimezone(business_time.SHANGHAI).date()
    assert business_time.day_of(moment.isoformat()) == day
    assert business_time.written(moment)[:10] == day.isoformat()


def test_a_moment_without_a_zone_is_not_written() -> None:
    with pytest.raises(ValueError, match="时区"):
        business_time.written(datetime(2026, 11, 23, 10, 0))  # noqa: DTZ001 - that is the point


def test_now_is_in_china() -> None:
    assert business_time.now().utcoffset() == timedelta(hours=8)
