"""What a report says of the people in it, as the rules look at them: those reported and the one who reports.

Every field is free text as it came in, "" for what was not said; the rules must cope with anything.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Respondent:
    """A person or unit reported (被反映人). ``managed_by``: words on whose cadre this is (干部管理权限)."""

    name: str = ""
    unit: str = ""
    post: str = ""
    rank: str = ""
    area_code: str = ""
    managed_by: str = ""


@dataclass(frozen=True, kw_only=True)
class Reporter:
    """The reporter (检举控告人) by his own words.

    Numbers that the network delivered do not belong here (A-29).
    """

    name: str = ""
    phone: str = ""
    address: str = ""


#: Longer than any name, unit or post; beyond it a text is cut, since patterns may take quadratic time.
LONGEST = 300


def plain(text: str) -> str:
    """``text`` with full-width signs made narrow and no white space: one pattern meets all spellings."""
    return "".join(unicodedata.normalize("NFKC", text[:LONGEST]).split())[:LONGEST]
