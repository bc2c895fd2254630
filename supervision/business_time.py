"""Business time: when something happened for the law, in Asia/Shanghai, as the events carry it."""

from __future__ import annotations

from datetime import UTC, date, datetime

from supervision.domain.calendar import SHANGHAI, local_day

__all__ = ["SHANGHAI", "day_of", "now", "written", "written_to_the_hour"]


def now() -> datetime:
    """The present moment in Asia/Shanghai; the one clock of the platform outside of tests."""
    return datetime.now(UTC).astimezone(SHANGHAI)


def written(moment: datetime) -> str:
    """ISO 8601 in seconds with +08:00. Raises ValueError for a moment without an offset."""
    if moment.tzinfo is None:
        raise ValueError("时间缺少时区")
    return moment.astimezone(SHANGHAI).replace(microsecond=0).isoformat()


def written_to_the_hour(moment: datetime) -> str:
    """As :func:`written`, cut to the hour: what the public site may say, so that no minute betrays a sender."""
    return written(moment.astimezone(SHANGHAI).replace(minute=0, second=0, microsecond=0))


def day_of(occurred_at: str) -> date:
    """The day (Asia/Shanghai) of an event's business time, from which clocks count."""
    return local_day(datetime.fromisoformat(occurred_at))
