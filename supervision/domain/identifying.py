"""Which words of a narrative may tell who wrote it: a help for the clerk who writes the de-identified version (A-47).

It marks what it knows and misses the rest: who was where, when, and with whom identifies without any of these words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True)
class Passage:
    """A piece of a text. ``kind``: what it may tell, in Chinese; "" for what tells nothing known."""

    text: str
    kind: str = ""


@dataclass(frozen=True)
class IdentifyingRules:
    """The patterns of one version of the rules, by what they may tell."""

    kinds: tuple[tuple[str, re.Pattern[str]], ...]

    @classmethod
    def parse(cls, table: Mapping[str, Any]) -> Self:
        """Read ``identifying.toml``. Raises :class:`re.error` or :class:`KeyError` on a malformed one."""
        return cls(tuple((kind["name"], re.compile(kind["pattern"], re.VERBOSE)) for kind in table["kinds"]))

    def passages(self, text: str) -> tuple[Passage, ...]:
        """``text`` in pieces that make it up again, those that may identify with their kind."""
        return tuple(self._passages(text))

    def kinds_in(self, text: str) -> tuple[str, ...]:
        """What the text may tell, each kind once, in the order of the text."""
        return tuple(dict.fromkeys(passage.kind for passage in self._passages(text) if passage.kind))

    def _passages(self, text: str) -> Iterator[Passage]:
        # Of several that begin at the same place the earlier rule counts; none begins inside another.
        found = sorted(
            (match.start(), number, match.end(), kind)
            for number, (kind, pattern) in enumerate(self.kinds)
            for match in pattern.finditer(text)
            if match.end() > match.start()
        )
        position = 0
        for start, _, end, kind in found:
            if start < position:
                continue
            if start > position:
                yield Passage(text[position:start])
            yield Passage(text[start:end], kind)
            position = end
        if position < len(text):
            yield Passage(text[position:])
