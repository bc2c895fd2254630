"""Against floods: a bucket of tokens for each sender, in memory alone (E-22, A-29).

A sender is known by a keyed hash of his address under a salt that is drawn anew each day and kept nowhere; neither
address nor hash is written or logged, and both are forgotten with the process. The buckets are wide, since a whole
village may share one address: they stop a machine, not a person.
"""

from __future__ import annotations

import hmac
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from ipaddress import ip_address

from supervision.sealing.binding import Rng

MOST_SENDERS = 50_000
"""Buckets kept; the ones that were used longest ago are forgotten first."""


@dataclass
class _Bucket:
    tokens: float
    at: datetime


class FloodGuard:
    """``burst``: tokens of a full bucket. ``per_second``: tokens that come back."""

    def __init__(self, clock: Callable[[], datetime], rng: Rng, burst: float = 240, per_second: float = 1.0) -> None:
        self._clock = clock
        self._rng = rng
        self._burst = burst
        self._per_second = per_second
        self._lock = threading.Lock()
        self._day: date | None = None
        self._salt = b""
        self._buckets: OrderedDict[bytes, _Bucket] = OrderedDict()

    def admits(self, sender: str, cost: float = 1.0) -> bool:
        """Whether ``sender`` has ``cost`` tokens left, and takes them."""
        now = self._clock()
        with self._lock:
            self._begin_day(now.date())
            mark = hmac.digest(self._salt, sender.encode(), "sha256")[:16]
            bucket = self._buckets.pop(mark, None) or _Bucket(self._burst, now)
            earned = (now - bucket.at).total_seconds() * self._per_second
            bucket.tokens = min(self._burst, bucket.tokens + max(0.0, earned))
            bucket.at = now
            self._buckets[mark] = bucket
            if len(self._buckets) > MOST_SENDERS:
                self._buckets.popitem(last=False)
            if bucket.tokens < cost:
                return False
            bucket.tokens -= cost
            return True

    def _begin_day(self, today: date) -> None:
        if self._day != today:
            self._day, self._salt = today, self._rng(32)
            self._buckets.clear()


def sender_of(environ: Mapping[str, object]) -> str:
    """The address of the sender, "" where it is not known; to be given to :class:`FloodGuard` and forgotten.

    A reverse proxy on this machine is believed about whom it speaks for. One that hides its clients, as it may for
    their sake, has to stop floods by itself.
    """
    peer = str(environ.get("REMOTE_ADDR") or "")
    if not _is_local(peer):
        return peer
    forwarded = str(environ.get("HTTP_X_FORWARDED_FOR") or "")
    return forwarded.rsplit(",", 1)[-1].strip()


def _is_local(address: str) -> bool:
    try:
        return not address or ip_address(address).is_loopback
    except ValueError:
        return True
