"""Handing in once: the same ``Idempotency-Key`` with the same body is one report, however often it arrives.

查询码 and reference are drawn before the report is recorded and kept under the key, so whoever repeats a
request, because the answer was lost or a process died, gets the answer that the first one got or would have
got. What makes it one report is the log, which takes a code only once; this store only finds the code again.

The reservation is sealed under a key that comes from the client's key and the pepper of the site: the
store alone opens nothing, not even where a client chose a key that can be guessed. It is gone after 24 hours.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from events.canonical import JSONValue, encode
from events.framing import length_prefixed
from supervision.intake.door import Door
from supervision.sealing.receipt import ReceiptCode
from supervision.sealing.session import CookieKey
from supervision.working_state import WorkingState

KEPT_FOR = timedelta(hours=24)
SHORTEST_KEY = 16
LONGEST_KEY = 255

KIND = "idempotency"

_LABEL = b"supervision/idempotency/v1"
_KEY = re.compile(rf"[\x21-\x7e]{{{SHORTEST_KEY},{LONGEST_KEY}}}")


class UnusableKey(ValueError):
    """The Idempotency-Key is too short, too long or has signs that no header should have."""


class OtherBody(ValueError):
    """The Idempotency-Key was used before, with another body."""


@dataclass(frozen=True, kw_only=True)
class Reservation:
    """What a request that is handed in will be answered with. ``repeated``: an earlier request drew it."""

    code: ReceiptCode
    reference: str
    repeated: bool = field(default=False, compare=False)

    @classmethod
    def draw(cls, door: Door) -> Reservation:
        """A fresh one, kept nowhere."""
        return cls(code=ReceiptCode.new(door.rng), reference=door.draw_reference())


@dataclass(frozen=True, kw_only=True)
class Reservations:
    """The reservations of one door in the working state."""

    door: Door
    working: WorkingState

    def reserve(self, key: str, caller: str, body: JSONValue, now: datetime) -> Reservation:
        """The reservation for this ``key``: a fresh one, or the one that the same request drew before.

        ``caller``: whose keys these are, "" for the public: two systems may choose the same key. ``body``:
        the request as JSON; spelling and order of its members play no part. Raises :class:`UnusableKey`,
        :class:`OtherBody`.
        """
        # The header field is a string in quotes by its specification; most clients leave them away.
        key = key.removeprefix('"').removesuffix('"')
        if not _KEY.fullmatch(key):
            raise UnusableKey(f"Idempotency-Key 应为 {SHORTEST_KEY} 至 {LONGEST_KEY} 个可见 ASCII 字符。")
        lock = self._lock(key, caller)
        digest = hashlib.sha256(encode(body)).hexdigest()
        fresh = Reservation.draw(self.door)
        sealed = lock.seal(KIND, _to_bytes(fresh, digest), self.door.rng)
        kept = self.working.reserve(KIND, bytes.fromhex(lock.store_id(KIND)), sealed, now + KEPT_FOR, now)
        if kept == sealed:
            return fresh
        found, digest_then = _from_bytes(lock.open(KIND, kept), fresh)
        if not hmac.compare_digest(digest, digest_then):
            raise OtherBody("这个 Idempotency-Key 已用于另一份内容不同的举报。")
        return found

    def _lock(self, key: str, caller: str) -> CookieKey:
        fields = length_prefixed(_LABEL, caller.encode(), key.encode())
        return CookieKey(hmac.digest(self.door.pepper, fields, "sha256"))


def _to_bytes(reservation: Reservation, digest: str) -> bytes:
    table = {"code": reservation.code.digits, "reference": reservation.reference, "body": digest}
    return json.dumps(table).encode()


def _from_bytes(data: bytes, fresh: Reservation) -> tuple[Reservation, str]:
    """The kept reservation, and the digest (hex) of the body that it was made for."""
    table = json.loads(data)
    code, reference = ReceiptCode(table["code"]), table["reference"]
    return Reservation(code=code, reference=reference, repeated=code != fresh.code), table["body"]
