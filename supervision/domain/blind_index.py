"""Whether two reports speak of the same person: spellings made comparable, what is no longer held against him (A-14).

The index keeps no names but short tags of them (:mod:`supervision.sealing.blind_index`), so spellings must agree before
they are tagged. A tag fits several names: what it finds is a suspicion, and the two reports are compared in the open,
in the session of an officer who may read both.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from typing import Any, Self

from supervision.domain.codes import Result
from supervision.domain.people import Respondent, plain


class Likeness(IntEnum):
    """How much two reports have in common, the least first."""

    POST = 1
    """No name on one side or either; unit and post agree."""

    NAME = 2
    """The names agree; the units differ, or one of them is not told."""

    PERSON = 3
    """Names and units agree."""


@dataclass(frozen=True)
class IndexRules:
    """One version of the rules. ``expires``: result to the days after which it is not held against anybody any more."""

    per_day: int
    expires: Mapping[Result, int]
    withheld: re.Pattern[str]
    courtesy: re.Pattern[str]
    prefixes: tuple[str, ...]
    endings: tuple[tuple[str, str], ...]

    @classmethod
    def parse(cls, table: Mapping[str, Any], county: str = "") -> Self:
        """Read ``blind_index.toml``. ``county``: its name as written, 云岫县. Raises KeyError, ValueError, re.error."""
        return cls(
            per_day=table["per_day"],
            expires={Result(result): days for result, days in table["expires"].items()},
            withheld=re.compile(table["withheld"], re.VERBOSE),
            courtesy=re.compile(table["courtesy"], re.VERBOSE),
            prefixes=tuple(filter(None, (*table["prefixes"], county))),
            endings=tuple((written, compared) for written, compared in table["endings"]),
        )

    # -- spellings --------------------------------------------------------------------------------------------

    def name(self, text: str) -> str:
        """A name as it is compared; "" for what is none: 张某, 不详, one sign alone."""
        name = self.courtesy.sub("", _letters(text))
        return "" if len(name) < 2 or self.withheld.fullmatch(name) else name

    def unit(self, text: str) -> str:
        """A unit as it is compared: without the county's name in front, in the shorter of two usual forms."""
        unit = _letters(text)
        while fitting := [p for p in self.prefixes if unit.startswith(p) and len(unit) > len(p) + 1]:
            unit = unit.removeprefix(max(fitting, key=len))
        for written, compared in self.endings:
            if unit.endswith(written):
                unit = unit.removesuffix(written) + compared
        return unit

    def term(self, one: Respondent) -> str:
        """What the index keeps a tag of: the name, where none is told unit and post, or "" where that is too little.

        One tag a person and no second one: two short tags of the same person together would be a long one.
        """
        if name := self.name(one.name):
            return f"name/{name}"
        return self._post(one)

    def questions(self, one: Respondent) -> tuple[str, ...]:
        """What to look for: the person by name, and reports that told only his unit and post."""
        return tuple(filter(None, dict.fromkeys((self.term(one), self._post(one)))))

    def _post(self, one: Respondent) -> str:
        unit, post = self.unit(one.unit), _letters(one.post)
        return f"post/{unit}/{post}" if unit and post else ""

    # -- comparing --------------------------------------------------------------------------------------------

    def likeness(self, one: Respondent, other: Respondent) -> Likeness | None:
        """How much they have in common, None for two different people."""
        names = self.name(one.name), self.name(other.name)
        if all(names):
            if names[0] != names[1]:
                return None
            same_unit = self.unit(one.unit) and self.unit(one.unit) == self.unit(other.unit)
            return Likeness.PERSON if same_unit else Likeness.NAME
        return Likeness.POST if self._post(one) and self._post(one) == self._post(other) else None

    def closest(self, some: Iterable[Respondent], others: Iterable[Respondent]) -> Likeness | None:
        """The most that anybody of the one report has in common with anybody of the other."""
        there = tuple(others)
        return max((found for one in some for two in there if (found := self.likeness(one, two))), default=None)

    def forgotten(self, result: str, closed_on: date | None, today: date) -> bool:
        """Whether a report that ended on ``closed_on`` with ``result`` is no longer held against those it named."""
        days = next((days for one, days in self.expires.items() if one == result), None)
        return days is not None and closed_on is not None and (today - closed_on).days > days


def _letters(text: str) -> str:
    """Letters, signs of words and digits alone, in one width and case: 阿不都·热合曼 and 阿不都 热合曼 are one."""
    return "".join(c for c in plain(text).casefold() if unicodedata.category(c)[0] in "LNM" or c in "*×○?")
