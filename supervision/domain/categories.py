"""What reports are about (D-50), and what class of matter that speaks for (A-SCOPE).

Two levels: kind and item. Whatever was chosen or written is accepted: what the list knows becomes a code, the
rest stays the reporter's own words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from supervision.domain.codes import MatterClass
from supervision.domain.people import plain

#: A complaint of misconduct wins over all else in a mixed report; such a report is split by a reader (A-13,
#: G-28).
PRECEDENCE = (
    MatterClass.REPORT,
    MatterClass.APPEAL,
    MatterClass.SUGGESTION,
    MatterClass.OUT_OF_SCOPE,
    MatterClass.NO_SUBSTANCE,
)


@dataclass(frozen=True)
class Category:
    """A kind (``parent`` is "") or an item of one.

    ``matter``: the class it speaks for, None where it says nothing. ``line``: the line whose body looks into it first
    (C-02), "" for the default.
    """

    code: str
    label: str
    parent: str
    matter: MatterClass | None
    aliases: tuple[str, ...] = ()
    line: str = ""


@dataclass(frozen=True)
class Chosen:
    """Texts sorted into categories and free words, each in the order they came in."""

    categories: tuple[Category, ...]
    free: tuple[str, ...]


@dataclass(frozen=True)
class Categories:
    """The taxonomy of one version of the rules.

    ``named``: bare code, label or alias to the categories it may mean.
    """

    all: tuple[Category, ...]
    words: tuple[tuple[re.Pattern[str], MatterClass], ...]
    named: Mapping[str, tuple[Category, ...]]

    @classmethod
    def parse(cls, table: Mapping[str, Any]) -> Categories:
        """Read ``categories.toml``.

        Raises :class:`ValueError` on a code that occurs twice or a class unknown to A-SCOPE.
        """
        found: list[Category] = []
        for kind in table["kinds"]:
            found.append(_category(kind, "", kind))
            found += [_category(item, kind["code"], kind | item) for item in kind["items"]]
        codes = [one.code for one in found]
        if len(codes) != len(set(codes)):
            raise ValueError("问题分类代码重复；请核对 categories.toml")
        words = tuple((re.compile(row["pattern"]), MatterClass(row["matter"])) for row in table["words"])
        named: dict[str, tuple[Category, ...]] = {}
        for one in found:
            for key in {one.code, *map(_key, (one.label, *one.aliases))}:
                named[key] = (*named.get(key, ()), one)
        return cls(tuple(found), words, named)

    @property
    def kinds(self) -> tuple[Category, ...]:
        """First level, in the order of the list."""
        return tuple(one for one in self.all if not one.parent)

    def items(self, kind: str) -> tuple[Category, ...]:
        """Second level below the kind with this code; none below an unknown one."""
        return tuple(one for one in self.all if kind and one.parent == kind)

    def get(self, code: str) -> Category | None:
        """The category with this code, None if there is none."""
        return next((one for one in self.all if one.code == code), None)

    def line_of(self, codes: Iterable[str]) -> str:
        """The line that a report about these categories belongs to; "" unless all of them agree on one."""
        lines = {category.line for code in codes if (category := self.get(code)) is not None}
        return lines.pop() if len(lines) == 1 else ""

    def sort(self, texts: Iterable[str]) -> Chosen:
        """Recognise codes, labels and aliases.

        An item is looked for below the kind named before it, then anywhere.
        """
        known: list[Category] = []
        free: list[str] = []
        kind = ""
        for text in texts:
            match = self._find(text, kind)
            if match is None:
                free += [text.strip()] if text.strip() else []
                continue
            kind = match.parent or match.code
            known.append(match)
        return Chosen(tuple(known), tuple(free))

    def propose_matter(self, texts: Sequence[str]) -> MatterClass:
        """The class of matter that the chosen categories speak for: a proposal, never a decision.

        Where they say nothing it is an accusation: taken too seriously a matter loses a clerk's minute, taken
        too lightly it loses its clock. That somebody has retired speaks for nothing (D-22).
        """
        chosen = self.sort(texts)
        matters = {one.matter for one in chosen.categories if one.matter}
        if not matters:
            matters = {matter for text in chosen.free for pattern, matter in self.words if pattern.search(plain(text))}
        return next((matter for matter in PRECEDENCE if matter in matters), MatterClass.REPORT)

    def _find(self, text: str, kind: str) -> Category | None:
        candidates = self.named.get(_key(text), ())
        below = [one for one in candidates if kind and one.parent == kind]
        return next(iter((*below, *candidates)), None)


def _category(row: Mapping[str, Any], parent: str, inherited: Mapping[str, Any]) -> Category:
    matter = inherited.get("matter")
    aliases = tuple(row.get("aliases", ()))
    line = inherited.get("line", "")
    return Category(row["code"], row["label"], parent, MatterClass(matter) if matter else None, aliases, line)


def _key(text: str) -> str:
    """A label without the words that portals add or leave out: 违反组织纪律行为 is 组织纪律."""
    bare = plain(text)
    return re.sub("^违反|行为$|类?问题$", "", bare) or bare
