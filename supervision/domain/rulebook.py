"""One version of all the rules: calendar, clocks, jurisdiction, naming, categories, words to reporters, and what helps
the clerk: the index over those reported, words that may tell who wrote; how long what is kept.

Rules travel as an argument, and every event names the version that it was made under. Versions are folders
and files under ``data``: a change is a new version beside the old one, so that a decision of last year can be
checked against the rules of last year (3.6, invariant 10). This is the only place of the domain that reads
files.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from supervision.domain.blind_index import IndexRules
from supervision.domain.calendar import WorkingDays
from supervision.domain.categories import Categories
from supervision.domain.codes import Jurisdiction, Line, MatterClass
from supervision.domain.deadlines import Clocks, Deadline, Receipt
from supervision.domain.identifying import IdentifyingRules
from supervision.domain.jurisdiction import ANY_COUNTY, Finding, JurisdictionRules, Office
from supervision.domain.messages import Messages
from supervision.domain.naming import NamedFinding, NamingRules
from supervision.domain.people import Reporter, Respondent
from supervision.domain.retention_rules import RetentionRules

#: In force for what is decided now.
RULES = "rules-2026.1"
CALENDAR = "days-2026.1"

_DATA = files("supervision.domain") / "data"


class UnknownRulebook(ValueError):
    """A version of rules or calendar that this installation does not carry."""


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """What the rules propose on receipt; people decide.

    ``bypass``: to be sealed to the superior (径送, A-15).
    """

    named: NamedFinding
    matter: MatterClass
    jurisdiction: Finding
    deadlines: tuple[Deadline, ...]

    @property
    def bypass(self) -> bool:
        return self.jurisdiction.jurisdiction is Jurisdiction.SUPERIOR


@dataclass(frozen=True, kw_only=True)
class Rulebook:
    """The rules in force for one office.

    ``rules`` and ``calendar.version`` are what ``deployment.rulebook_adopted`` records.
    """

    rules: str
    calendar: WorkingDays
    clocks: Clocks
    jurisdiction: JurisdictionRules
    naming: NamingRules
    categories: Categories
    messages: Messages
    index: IndexRules
    identifying: IdentifyingRules
    retention: RetentionRules

    @classmethod
    def load(cls, version: str = f"{RULES}/{CALENDAR}", office: Office = ANY_COUNTY) -> Rulebook:
        """The rulebook of ``version``, as in :attr:`version` and in events.

        Raises :class:`UnknownRulebook`.
        """
        return _load(version, office)

    @property
    def version(self) -> str:
        """What events carry as ``rule_version``: version of the rules, then of the calendar."""
        return f"{self.rules}/{self.calendar.version}"

    def assess(
        self,
        *,
        received_on: date,
        respondents: Sequence[Respondent],
        reporter: Reporter,
        categories: Sequence[str],
        line: Line | None,
    ) -> Assessment:
        """All proposals for a report as it comes in.

        ``received_on``: day in China (:func:`.calendar.local_day`).
        """
        named = self.naming.propose(reporter)
        matter = self.categories.propose_matter(categories)
        jurisdiction = self.jurisdiction.propose(respondents, matter)
        receipt = Receipt(
            on=received_on,
            named=named.named,
            matter=matter,
            jurisdiction=jurisdiction.jurisdiction,
            line=line,
        )
        deadlines = self.clocks.from_receipt(receipt)
        return Assessment(named=named, matter=matter, jurisdiction=jurisdiction, deadlines=deadlines)


@lru_cache(maxsize=16)
def _load(version: str, office: Office) -> Rulebook:
    match = re.fullmatch(r"(rules-[0-9]+\.[0-9]+)/(days-[0-9]+\.[0-9]+)", version)
    if match is None:
        raise UnknownRulebook(f"规则版本 {version!r} 的写法不对；应形如 {RULES}/{CALENDAR}")
    rules, days = match.groups()
    calendar = WorkingDays.parse(days, _read(_DATA / f"{days}.toml"))
    folder = _DATA / rules
    return Rulebook(
        rules=rules,
        calendar=calendar,
        clocks=Clocks.parse(_read(folder / "clocks.toml"), calendar),
        jurisdiction=JurisdictionRules.parse(_read(folder / "jurisdiction.toml"), office),
        naming=NamingRules.parse(_read(folder / "naming.toml")),
        categories=Categories.parse(_read(folder / "categories.toml")),
        messages=Messages.parse(_read(folder / "messages.toml")),
        index=IndexRules.parse(_read(folder / "blind_index.toml"), office.name),
        identifying=IdentifyingRules.parse(_read(folder / "identifying.toml")),
        retention=RetentionRules.parse(_read(folder / "retention.toml")),
    )


def _read(file: Traversable) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UnknownRulebook(f"本系统没有规则文件 {file.name}；请安装含该版本规则的程序") from None
