"""The plan of the fictional county 云岫县: its settings, its key ceremony, its first officers.

The demonstration and the tests are built on the same plan, so what a visitor sees is what was tested; the same two
files are the example that ``supervision init --example`` hands out.
"""

from __future__ import annotations

from importlib.resources import files

from supervision.founding_plan import CEREMONY, SETTINGS, FoundingPlan, parse_plan

PLAN_FILES = (SETTINGS, CEREMONY)


def plan() -> FoundingPlan:
    """The county's plan."""
    return parse_plan(*(plan_text(name) for name in PLAN_FILES))


def plan_text(name: str) -> str:
    """Text of one of :data:`PLAN_FILES`."""
    return (files("supervision.demonstration") / name).read_text("utf-8")
