"""Whose matter a report is, by who manages those reported (A-11, A-12, A-15).

A proposal, for the door and for screening.

At the door a proposal decides whether the county may read a report at all, so it fails safe: a sign of a
leading rank or post outweighs words such as 县委管理, because a report wrongly sent up can be sent down
again, while one wrongly opened cannot be closed. The one thing that outweighs a leading rank is a line
authority named in words.

The patterns are configuration (``data/rules-*/jurisdiction.toml``); here is in which order they speak.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from supervision.domain.codes import Jurisdiction, JurisdictionReason, MatterClass
from supervision.domain.people import Respondent, plain

#: Among persons (and among units, where no person is named) the first of these that occurs decides.
PRECEDENCE = (
    Jurisdiction.SUPERIOR,
    Jurisdiction.OWN,
    Jurisdiction.UNDECIDED,
    Jurisdiction.SUBORDINATE,
    Jurisdiction.OTHER_BODY,
)

#: An authority named so plainly that even a leading rank does not make it the superior's.
FIRM = frozenset({JurisdictionReason.LINE_AUTHORITY, JurisdictionReason.MILITARY})


@dataclass(frozen=True)
class Finding:
    """A proposed jurisdiction and why.

    The reason tells something of the person: it never goes with a sealed report.
    """

    jurisdiction: Jurisdiction
    reason: JurisdictionReason


@dataclass(frozen=True)
class Office:
    """The county that looks at the report.

    ``name``: as written, ``云岫县``; ``area_code``: GB/T 2260, 6 digits; "" if unknown.
    """

    name: str = ""
    area_code: str = ""


#: Rules that hold for any county; what belongs to a neighbour is then not told apart.
ANY_COUNTY = Office()


@dataclass(frozen=True)
class Row:
    """What follows where ``pattern`` is found; ``of_units``: in the name of a unit as well."""

    pattern: re.Pattern[str]
    finding: Finding
    of_units: bool = False


UNKNOWN = Finding(Jurisdiction.UNDECIDED, JurisdictionReason.UNKNOWN)

#: Without a respondent the class of the matter alone speaks. An appeal goes to the body that decided, and
#: criticism or a suggestion to the body that it was put to: the one it was sent to, until a reader knows
#: better.
BY_MATTER: Mapping[MatterClass, Finding] = {
    MatterClass.APPEAL: Finding(Jurisdiction.OWN, JurisdictionReason.DECIDING_BODY),
    MatterClass.SUGGESTION: Finding(Jurisdiction.OWN, JurisdictionReason.ADDRESSED_BODY),
    MatterClass.OUT_OF_SCOPE: Finding(Jurisdiction.OTHER_BODY, JurisdictionReason.OTHER_BODY),
}


@dataclass(frozen=True)
class JurisdictionRules:
    """The patterns of one version of the rules for one office."""

    office: Office
    shorten: tuple[tuple[re.Pattern[str], str], ...]
    separators: re.Pattern[str]
    own_principal: re.Pattern[str]
    leading_post: re.Pattern[str]
    organ: re.Pattern[str]
    leading_rank: re.Pattern[str]
    not_leading: re.Pattern[str]
    ranks: tuple[Row, ...]
    unit_post: re.Pattern[str]
    unit_rank: re.Pattern[str]
    unit_name: re.Pattern[str]
    superior_organ: re.Pattern[str]
    own_body: re.Pattern[str]
    managed_by: tuple[Row, ...]

    @classmethod
    def parse(cls, table: Mapping[str, Any], office: Office) -> JurisdictionRules:
        """Read ``jurisdiction.toml``.

        Raises :class:`re.error`, :class:`KeyError` or :class:`ValueError` on a malformed one.
        """
        text, posts, ranks, units = (table[key] for key in ("text", "posts", "ranks", "units"))
        return cls(
            office=office,
            shorten=tuple((_pattern(long), short) for long, short in text["shorten"]),
            separators=_pattern(text["separators"]),
            own_principal=_pattern(posts["own_principal"]),
            leading_post=_pattern(posts["leading"]),
            organ=_pattern(posts["organ"]),
            leading_rank=_pattern(ranks["leading"]),
            not_leading=_pattern(ranks["not_leading"]),
            ranks=_rows(ranks["otherwise"]),
            unit_post=_pattern(units["post"]),
            unit_rank=_pattern(units["rank"]),
            unit_name=_pattern(units["name"]),
            superior_organ=_pattern(units["superior_organ"]),
            own_body=_pattern(units["own_body"]),
            managed_by=_rows(table["managed_by"]),
        )

    def propose(self, respondents: Iterable[Respondent], matter: MatterClass = MatterClass.REPORT) -> Finding:
        """Whose matter a report on ``respondents`` is.

        Anybody who is the superior's makes it the superior's. Otherwise units count only where no person is
        named: a report on a street office and its bookkeeper is the bookkeeper's. Never raises, whatever the
        texts say.
        """
        persons: list[Finding] = []
        units: list[Finding] = []
        for respondent in respondents:
            (units if self.is_unit(respondent) else persons).append(self.judge(respondent))
        everybody = persons + units
        if matter is MatterClass.APPEAL:
            # The body that an appeal complains of is the one that decides on it, and no respondent.
            everybody = [one for one in everybody if one.reason is not JurisdictionReason.SUPERIOR_ORGAN]
        if superior := _first(everybody, (Jurisdiction.SUPERIOR,)):
            return superior
        if matter is MatterClass.APPEAL or not everybody:
            return BY_MATTER.get(matter, UNKNOWN)
        return _first(persons or units, PRECEDENCE) or UNKNOWN

    def judge(self, respondent: Respondent) -> Finding:
        """Whose matter one person or unit is."""
        finding = self._by_position(respondent)
        if finding.jurisdiction is not Jurisdiction.SUPERIOR and self._elsewhere(respondent.area_code):
            return Finding(Jurisdiction.OTHER_BODY, JurisdictionReason.OTHER_COUNTY)
        return finding

    def is_unit(self, respondent: Respondent) -> bool:
        """Whether an organisation is reported and not a person."""
        name, post = plain(respondent.name), plain(respondent.post)
        return bool(
            self.unit_post.fullmatch(post)
            or self.unit_rank.search(plain(respondent.rank))
            or (name and name == plain(respondent.unit))
            or (not post and self.unit_name.fullmatch(name))
        )

    def is_own_staff(self, respondent: Respondent) -> bool:
        """Whether somebody of a host body is reported, who must be kept away from it (A-48, SoD-7)."""
        return any(self.own_body.search(self._short(text)) for text in (respondent.unit, respondent.name))

    def _by_position(self, respondent: Respondent) -> Finding:
        if self.is_unit(respondent):
            names = [self._short(text) for text in (respondent.name, respondent.unit)]
            parts = [part for name in names for part in self.separators.split(name)]
            if any(self.superior_organ.fullmatch(part) for part in parts):
                return Finding(Jurisdiction.SUPERIOR, JurisdictionReason.SUPERIOR_ORGAN)
        else:
            names = [self._short(respondent.unit)]
            if leading := self._leading_post(respondent):
                return leading
        managed = _search(self._variants(respondent.managed_by), self.managed_by)
        if managed and managed.reason in FIRM:
            return managed
        ranks = self._variants(respondent.rank)
        if self._leads(ranks):
            return Finding(Jurisdiction.SUPERIOR, JurisdictionReason.LEADING_RANK)
        return (
            managed
            or _search(names, [row for row in self.managed_by if row.of_units])
            or _search(ranks, self.ranks)
            or UNKNOWN
        )

    def _leading_post(self, respondent: Respondent) -> Finding | None:
        units = self.separators.split(self._short(respondent.unit))
        organs = [found[1] for unit in units if (found := self.organ.fullmatch(unit))]
        posts = [*self.separators.split(self._variants(respondent.post)[0]), self._short(respondent.name)]
        full = posts + [organ + post for organ in organs for post in posts]
        if any(self.own_principal.fullmatch(post) for post in full):
            return Finding(Jurisdiction.SUPERIOR, JurisdictionReason.OWN_PRINCIPAL)
        if any(self.leading_post.fullmatch(post) for post in full):
            return Finding(Jurisdiction.SUPERIOR, JurisdictionReason.LEADING_POST)
        return None

    def _leads(self, ranks: Sequence[str]) -> bool:
        """Whether the first text that names any rank names a leading one."""
        for rank in ranks:
            if self.leading_rank.search(rank) and not self.not_leading.search(rank):
                return True
            if _search((rank,), self.ranks):
                return False
        return False

    def _elsewhere(self, area_code: str) -> bool:
        """Whether the code names another county; one of a province or city alone says nothing."""
        code, own = plain(area_code)[:6], self.office.area_code[:6]
        return len(own) == 6 and bool(re.fullmatch("[0-9]{4}(?!00)[0-9]{2}", code)) and code != own

    def _short(self, text: str) -> str:
        text = plain(text)
        if self.office.name:
            text = text.replace(self.office.name, "县")
        for long, short in self.shorten:
            text = long.sub(short, text)
        return text

    def _variants(self, text: str) -> tuple[str, str]:
        """``text`` without remarks in brackets, and whole; both the same where only a remark was written."""
        whole = self._short(text)
        return re.sub(r"\([^()]*\)", "", whole) or whole, whole


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.VERBOSE)


def _rows(table: Sequence[Mapping[str, Any]]) -> tuple[Row, ...]:
    return tuple(
        Row(
            _pattern(row["pattern"]),
            Finding(Jurisdiction(row["jurisdiction"]), JurisdictionReason(row["reason"])),
            row.get("of_units", False),
        )
        for row in table
    )


def _search(texts: Iterable[str], rows: Sequence[Row]) -> Finding | None:
    """The first row that fits the first text that any row fits."""
    return next((row.finding for text in texts for row in rows if row.pattern.search(text)), None)


def _first(findings: Sequence[Finding], precedence: Sequence[Jurisdiction]) -> Finding | None:
    """The finding of highest precedence; among equals by reason, whatever the order of respondents."""
    for jurisdiction in precedence:
        if found := [one for one in findings if one.jurisdiction is jurisdiction]:
            return min(found, key=lambda one: one.reason)
    return None
