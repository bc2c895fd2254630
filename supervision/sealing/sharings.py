"""Who holds the shares of a data key now: as it was sealed, and each change of custodians that the log has since.

The county and a custodian's own machine judge such an event alike: it has to be about this very data key, and to name
exactly the holders of a later manifest than the one before it. Who signed it is for whoever reads the events.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from events.model import DataKeyRef, Event
from events.vocabulary.custody import KeyReshared
from events.vocabulary.streams import sharing_id
from supervision.sealing.errors import CannotOpen
from supervision.sealing.manifest import KeyManifest
from supervision.sealing.opening import Sharing
from supervision.sealing.resharing import GROUPS, Held, held_by


class RecordedSharings:
    """``manifests``: by hash, the pinned one and its ancestors. ``events_of``: all events of a stream, in order."""

    def __init__(self, manifests: Mapping[str, KeyManifest], events_of: Callable[[UUID], Sequence[Event]]) -> None:
        self._manifests = manifests
        self._events_of = events_of

    def newest(self, stream_id: UUID, manifest: KeyManifest, ref: DataKeyRef) -> Sharing | None:
        """See :class:`.opening.Sharings`. Raises CannotOpen for an event that cannot be true."""
        sharing = Sharing(manifest, 0, ref)
        events = self._events_of(sharing_id(stream_id, ref.commitment))
        for event in events:
            sharing = self._next(sharing, stream_id, event)
        return sharing if events else None

    def _next(self, before: Sharing, stream_id: UUID, event: Event) -> Sharing:
        if isinstance(event, KeyReshared) and event.sealed_stream == str(stream_id):
            after = self._manifests.get(event.sealing.manifest)
            (ref, *more) = event.sealing.keys or (None,)
            if (
                after is not None
                and ref is not None
                and not more
                and not event.sealing.items
                and after.epoch > before.manifest.epoch
                and (ref.compartment, ref.commitment) == (before.ref.compartment, before.ref.commitment)
                and all(wrap.share for wrap in ref.wraps)
                and _goes_on(held_by(before.manifest, before.ref), held_by(after, ref), event.group, after)
            ):
                return Sharing(after, event.sealing.suite, ref)
        raise CannotOpen("日志中份额交接的记录不成立，不能采信。请停止办理，由管理员运行 supervision verify 查明。")


def _goes_on(before: Held | None, after: Held | None, group: str, manifest: KeyManifest) -> bool:
    """Whether the same group holds it, and who had no share has none."""
    if before is None or after is None or not before.group == after.group == group:
        return False
    ids = {holder.id for holder in GROUPS[group](manifest)[0]}
    return set(after.left_out) == ids.intersection(before.left_out)
