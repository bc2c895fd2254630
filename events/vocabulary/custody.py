"""Custody: that shares of a sealed data key were handed over to other custodians or relay officers.

One stream for each data key, ``sharing_id(stream, commitment)``; its last event says who holds the shares now. Signed
by the key ceremony, which records what the custodians have worked out among themselves.
"""

from dataclasses import dataclass

from events.model import ActedEvent, Sealing
from events.topics import topic


@topic("custody.reshared.v1")
@dataclass(frozen=True, kw_only=True)
class KeyReshared(ActedEvent):
    """The former holders have shared out their shares; the new ones hold the key from here on.

    ``sealed_stream``: the stream whose event sealed the data key. ``group``: ``custodian``, ``relay`` or
    ``superior/custodian``. ``dealers``: key ids (hex) of the former holders who took part; ``statements``: for each,
    SHA-256 (hex) of the head of his answer, which commits to what he dealt. ``checked``: whether there were more than
    it takes, so that their shares had to agree. ``sealing``: the data key as committed to before, and the wraps of the
    new holders. ``destroyed``: the wraps of the former ones; a gate keeps its own.
    """

    sealed_stream: str
    group: str
    dealers: tuple[str, ...]
    statements: tuple[str, ...]
    checked: bool
    sealing: Sealing
    destroyed: tuple[str, ...]
