"""Looking things up that a single aggregate does not know: who works where, which report has which number.

Answered from read models, so possibly a moment behind the log; every decision is checked again on the aggregates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from supervision.domain.codes import Role


@dataclass(frozen=True, kw_only=True)
class Colleague:
    """An officer as his colleagues see him. ``holds``: offices whose key he was granted."""

    officer: str
    name: str
    office: str
    roles: frozenset[Role]
    enrolled: bool
    departed: bool
    holds: frozenset[str]


class Directory(Protocol):
    """What the desk looks up."""

    def colleagues(self) -> list[Colleague]:
        """Every officer who ever had an account, by office and name."""
        ...

    def report_by_number(self, number: str) -> UUID | None:
        """The report that a register number belongs to."""
        ...
