"""Business time that a test moves."""

from datetime import datetime, timedelta

from supervision.business_time import SHANGHAI

START = datetime(2026, 12, 1, 10, 37, 21, tzinfo=SHANGHAI)
"""A Tuesday morning, at a minute and second that no page and no event of the public site may show."""


class Clock:
    """Stands still at ``now`` until a test sets another moment."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        """As the arguments of ``timedelta``."""
        self.now += timedelta(**by)
