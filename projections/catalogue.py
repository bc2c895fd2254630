"""All projections of this platform, and the layouts under which a process that only reads finds them."""

from __future__ import annotations

from projections import (
    clues,
    contacts,
    correspondence,
    officers,
    openings,
    public_status,
    reports,
    retention,
    sealed_reports,
    timeline,
)
from projections.ports import ClockRules, FactsOpener
from projections.projection import Projection
from projections.shapes import Layout

_WITHOUT_RULES = (
    clues.PROJECTION,
    sealed_reports.PROJECTION,
    correspondence.PROJECTION,
    timeline.PROJECTION,
    public_status.PROJECTION,
    officers.PROJECTION,
    openings.PROJECTION,
    retention.PROJECTION,
    contacts.PROJECTION,
)


def projections(facts: FactsOpener, rules: ClockRules) -> tuple[Projection, ...]:
    """What a runner builds."""
    return (reports.projection(facts, rules), *_WITHOUT_RULES)


def layouts(rules_version: str) -> tuple[Layout, ...]:
    """What a :class:`projections.store.ReadStore` holds. ``rules_version``: of the :class:`ClockRules` in force."""
    return (reports.layout(rules_version), *(projection.layout for projection in _WITHOUT_RULES))
