"""Moments and days as people read them."""

from __future__ import annotations

from datetime import datetime

from supervision.business_time import SHANGHAI


def moment(occurred_at: str) -> str:
    """Business time of an event (ISO 8601 with offset) to the minute, in Asia/Shanghai."""
    return datetime.fromisoformat(occurred_at).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
