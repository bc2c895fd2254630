"""The office's facts about a report, as read models keep them in clear: who was reported, by post, and for what.

They come in sealed (compartment ``facts``) and are written by other programs than this one, so every value is taken
as far as it has the form expected, and otherwise left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Dialect

from projections.shapes import Json


@dataclass(frozen=True)
class Respondent:
    """One who was reported (被反映人), without a name. Fields as in the facts, "" where not said."""

    unit: str = ""
    post: str = ""
    rank: str = ""
    area_code: str = ""
    managed_by: str = ""


@dataclass(frozen=True)
class Facts:
    """What the facts compartment says. ``jurisdiction``: code of the rules' proposal; ``excluded``: officer ids."""

    respondents: tuple[Respondent, ...] = ()
    category: tuple[str, ...] = ()
    jurisdiction: str = ""
    excluded: tuple[str, ...] = ()

    @classmethod
    def read(cls, opened: Mapping[str, Any] | None) -> Facts:
        """From what :class:`projections.ports.FactsOpener` gave."""
        if opened is None:
            return NO_FACTS
        respondents = (r for r in _list(opened.get("respondents")) if isinstance(r, Mapping))
        return cls(
            respondents=tuple(
                Respondent(**{name: _text(r.get(name)) for name in Respondent.__dataclass_fields__})
                for r in respondents
            ),
            category=tuple(_text(c) for c in _list(opened.get("categories"))),
            jurisdiction=_text(opened.get("jurisdiction")),
            excluded=tuple(_text(e.get("officer")) for e in _list(opened.get("excluded")) if isinstance(e, Mapping)),
        )

    @property
    def first(self) -> Respondent:
        """The first respondent; empty where there is none."""
        return self.respondents[0] if self.respondents else Respondent()


NO_FACTS = Facts()


class Respondents(Json):
    """``tuple[Respondent, ...]`` as a JSON array of objects."""

    cache_ok = True

    def process_bind_param(self, value: Any | None, dialect: Dialect) -> str:
        return super().process_bind_param([asdict(one) for one in value or ()], dialect)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> tuple[Respondent, ...]:
        return tuple(Respondent(**one) for one in super().process_result_value(value, dialect) or ())


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
