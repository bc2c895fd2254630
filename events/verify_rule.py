"""What the rules of the verifier have in common: what they are shown, in order, and what they raise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from events.leaf import Entry


class Fault(Exception):
    """The first thing found wrong. ``position``: of the entry, 0 for none; ``reason``: in Chinese, without content."""

    def __init__(self, position: int, reason: str) -> None:
        super().__init__(f"第 {position} 条：{reason}" if position else reason)
        self.position = position
        self.reason = reason


class Seen(NamedTuple):
    """An entry where it stands, in good form. ``state``: its canonical JSON, parsed."""

    position: int
    entry: Entry
    state: Mapping[str, Any]


class Rule(Protocol):
    """``see`` is called with each entry in order, ``finish`` with their number after ``settle``.

    ``settle`` decides what was put off. All raise :class:`Fault`.
    """

    def see(self, seen: Seen) -> None: ...

    def settle(self) -> None: ...

    def finish(self, count: int) -> None: ...
