"""The verifier's rule about sealed material: custody holds what the events say, and nothing else.

Each payload and wrap that an event names is there, unaltered, in the name of that event's stream, unless an event says
that it is destroyed; then it is gone. The log may grow while it is verified: what the events after the last one seen
have brought and taken is allowed for, and judged when they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import NamedTuple
from uuid import UUID

from events.claims import claims_in, may_claim
from events.custody import CustodyKind, CustodyView, Kept
from events.verify_rule import Fault, Seen

CUSTODY_AT_ONCE = 500

_NAMES: Mapping[CustodyKind, str] = {"envelope": "信封", "wrap": "密钥封装", "file": "密封文件"}


class _Claim(NamedTuple):
    """That something is in custody, or (``kind`` None) no longer is."""

    position: int
    stream_id: UUID
    kind: CustodyKind | None
    sha256: bytes
    recipient: bytes = b""


class CustodyRule:
    """Looks at custody a batch at a time. ``streams``: those that the log has, as it is seen."""

    def __init__(self, custody: CustodyView, streams: Mapping[UUID, int]) -> None:
        self._custody = custody
        self._streams = streams
        self._waiting: list[_Claim] = []
        self._kept: Counter[str] = Counter()
        self._missing: dict[bytes, tuple[int, CustodyKind]] = {}  # it may yet turn out to have been destroyed

    def see(self, seen: Seen) -> None:
        if not may_claim(seen.entry.state):
            return
        try:
            claims = claims_in(seen.state)
        except ValueError as error:
            raise Fault(seen.position, str(error)) from None
        claim = partial(_Claim, seen.position, seen.entry.stream_id)
        self._waiting += [claim("envelope", sha256) for sha256 in claims.envelopes]
        self._waiting += [claim("wrap", sha256, recipient) for sha256, recipient in claims.wraps]
        self._waiting += [claim("file", sha256) for sha256 in claims.files]
        self._waiting += [claim(None, sha256) for sha256 in claims.destroyed]
        if len(self._waiting) >= CUSTODY_AT_ONCE:
            self.settle()

    def settle(self) -> None:
        waiting, self._waiting = self._waiting, []
        found = {
            kind: self._custody.find(kind, hashes)
            for kind in _NAMES
            if (hashes := [claim.sha256 for claim in waiting if claim.kind == kind])
        }
        for claim in waiting:
            if claim.kind is not None:
                self._see_kept(claim, claim.kind, found[claim.kind].get(claim.sha256))
            elif self._missing.pop(claim.sha256, None) is None:
                raise Fault(claim.position, "事件称已销毁的密封材料仍在，或从未有过")

    def finish(self, count: int) -> None:
        strangers = {stream_id for stream_id in self._custody.lookups() if stream_id not in self._streams}
        now = self._custody.now(count)
        missing = [found for sha256, found in self._missing.items() if sha256 not in now.destroyed]
        if missing:
            position, kind = min(missing)
            raise Fault(position, f"{_NAMES[kind]}缺失，却没有销毁它的事件")
        for kind, number in now.counts.items():
            due = self._kept[kind] + now.named[kind]
            if number > due or (number < due and not now.destroyed):
                raise Fault(count, f"保管库中有 {number} 份{_NAMES[kind]}，事件所述为 {due} 份")
        if strangers - now.streams:
            raise Fault(count, "查询索引指向日志中没有的记录")

    def _see_kept(self, claim: _Claim, kind: CustodyKind, kept: Kept | None) -> None:
        if kept is None:
            self._missing[claim.sha256] = (claim.position, kind)
        elif kept.sha256 is None:
            raise Fault(claim.position, f"{_NAMES[kind]}缺失，登记仍在")
        elif kept.sha256 != claim.sha256:
            raise Fault(claim.position, f"{_NAMES[kind]}与事件所述的哈希不符")
        elif (kept.stream_id, kept.recipient) != (claim.stream_id, claim.recipient):
            raise Fault(claim.position, f"{_NAMES[kind]}登记的归属或接收人与事件所述不同")
        else:
            self._kept[kind] += 1
