"""Approved words to reporters, each bound to the states in which it may be used (E-08).

An event carries only a template's code; the words come from the version of the rules that the event names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from supervision.domain.codes import Medium, RefusalCode, ReportState


@dataclass(frozen=True, kw_only=True)
class Template:
    """One approved text. ``refusals``: only with these reasons; empty where the reason plays no part."""

    code: str
    medium: Medium
    words: str
    states: frozenset[ReportState]
    refusals: frozenset[RefusalCode]


@dataclass(frozen=True)
class Messages:
    """All templates of one version of the rules, by code."""

    templates: Mapping[str, Template]

    @classmethod
    def parse(cls, table: Mapping[str, Any]) -> Messages:
        """Read ``messages.toml``.

        Raises :class:`ValueError` on a state, reason or medium that does not exist.
        """
        templates = (
            Template(
                code=row["code"],
                medium=Medium(row["medium"]),
                words=row["words"],
                states=frozenset(map(ReportState, row["states"])),
                refusals=frozenset(map(RefusalCode, row.get("refusals", ()))),
            )
            for row in table["templates"]
        )
        return cls({one.code: one for one in templates})

    def usable(
        self, state: ReportState, refusal: RefusalCode | None = None, medium: Medium = Medium.STATUS_PAGE
    ) -> tuple[Template, ...]:
        """The templates that may be sent now. ``refusal``: the reason, where the report was not accepted."""
        return tuple(
            one
            for one in self.templates.values()
            if one.medium is medium
            and state in one.states
            and (state is not ReportState.NOT_ACCEPTED or not one.refusals or refusal in one.refusals)
        )
