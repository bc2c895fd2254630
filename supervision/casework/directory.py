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
    """An officer as his colleagues see him. ``holds``: offices whose key he was granted.

    ``recovered``: he lost his passphrase once; ``vouched``: offices whose key one of two holders would give him again.
    ``change``: code of what ``proposer`` has proposed for his account, "" for nothing.
    """

    officer: str
    name: str
    office: str
    roles: frozenset[Role]
    enrolled: bool
    departed: bool
    holds: frozenset[str]
    recovered: bool = False
    vouched: frozenset[str] = frozenset()
    second_factor: bool = False
    change: str = ""
    proposer: str = ""


class Directory(Protocol):
    """What the desk looks up."""

    def colleagues(self) -> list[Colleague]:
        """Every officer who ever had an account, by office and name."""
        ...

    def reports_handled_by(self, officer: str) -> list[UUID]:
        """The reports that an officer handles, whatever has become of them."""
        ...

    def report_by_number(self, number: str) -> UUID | None:
        """The report that a register number belongs to."""
        ...
