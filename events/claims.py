"""What an event says about sealed material in custody: which payloads and wraps exist, which are destroyed.

Read from the state's JSON, not from event classes, so that it holds for every version of every event, and an
auditor needs no vocabulary: a member that is an object is a ``Sealing`` (:mod:`events.model`), and a member
``destroyed`` is a list of SHA-256 values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson


@dataclass(frozen=True)
class Claims:
    """SHA-256 values (32 bytes) that an event names. ``wraps``: with the recipient's key id (32 bytes)."""

    envelopes: tuple[bytes, ...] = ()
    files: tuple[bytes, ...] = ()
    wraps: tuple[tuple[bytes, bytes], ...] = ()
    destroyed: tuple[bytes, ...] = ()


NOTHING = Claims()


def claims_of(state: bytes) -> Claims:
    """The claims in a canonical state. Raises ``ValueError`` when what should be claims has another shape."""
    return claims_in(orjson.loads(state)) if may_claim(state) else NOTHING


def may_claim(state: bytes) -> bool:
    """Whether it takes a closer look: canonical JSON has one spelling, so most states claim nothing, visibly."""
    return b'":{' in state or b'":[{' in state or b'"destroyed":[' in state


def claims_in(members: Mapping[str, Any]) -> Claims:
    """The same of a state that is parsed already."""
    try:
        sealings = list(_sealings(members.values()))
        items = [item for sealing in sealings for item in sealing["items"]]
        wraps = [wrap for sealing in sealings for key in sealing["keys"] for wrap in key["wraps"]]
        return Claims(
            envelopes=tuple(_hashes(item["sha256"] for item in items if item["kind"] == "envelope")),
            files=tuple(_hashes(item["sha256"] for item in items if item["kind"] == "file")),
            wraps=tuple((bytes.fromhex(wrap["sha256"]), bytes.fromhex(wrap["key"])) for wrap in wraps),
            destroyed=tuple(_hashes(iter(members.get("destroyed", ())))),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ValueError("事件中的封存说明不符合格式") from None


def _sealings(members: Iterable[Any]) -> Iterator[Mapping[str, Any]]:
    """Members that are objects, alone or in a list: a state has no other objects than sealings."""
    for member in members:
        if isinstance(member, dict):
            yield member
        elif isinstance(member, list):
            yield from (element for element in member if isinstance(element, dict))


def _hashes(values: Iterator[str]) -> Iterator[bytes]:
    return map(bytes.fromhex, values)
