"""A shared data key after it was sealed: who was given its shares when custodians or relay officers changed."""

from __future__ import annotations

from uuid import UUID

from events.model import Event, Sealing
from events.vocabulary.custody import KeyReshared
from supervision.domain.aggregate import Aggregate, Stamp, applies


class SharedKey(Aggregate):
    """One data key. ``manifest``: hash (hex) of the one that its holders stand in, "" while it is as it was sealed."""

    def __init__(self, stream_id: UUID) -> None:
        super().__init__(stream_id)
        self.manifest = ""

    @classmethod
    def begins_with(cls) -> tuple[type[Event], ...]:
        return (KeyReshared,)

    def reshare(
        self,
        stamp: Stamp,
        *,
        sealed_stream: UUID,
        group: str,
        dealers: tuple[str, ...],
        statements: tuple[str, ...],
        checked: bool,
        sealing: Sealing,
        destroyed: tuple[str, ...],
    ) -> None:
        """The new holders have their shares, and the wraps of the former ones (``destroyed``, hex) go."""
        self.record(
            KeyReshared,
            stamp,
            sealed_stream=str(sealed_stream),
            group=group,
            dealers=dealers,
            statements=statements,
            checked=checked,
            sealing=sealing,
            destroyed=destroyed,
        )

    @applies(KeyReshared)
    def _reshared(self, event: KeyReshared) -> None:
        self.manifest = event.sealing.manifest
