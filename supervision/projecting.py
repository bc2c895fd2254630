"""Between rules, keys and read models: what the projections are given, and how their runner is started."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import date

from projections.catalogue import projections
from projections.projection import Projection
from projections.runner import Runner
from supervision.console_facts import ConsoleFacts
from supervision.domain.calendar import Due
from supervision.domain.deadlines import ClockId
from supervision.domain.rulebook import Rulebook
from supervision.platform import Platform


@dataclass(frozen=True)
class RulebookClocks:
    """The rulebook as the projections see it: how long each clock runs."""

    rulebook: Rulebook

    @property
    def version(self) -> str:
        return self.rulebook.version

    def due(self, clock_id: str, started_on: date) -> Due:
        return self.rulebook.clocks.deadline(ClockId(clock_id), started_on).end


def make_projections(platform: Platform) -> tuple[Projection, ...]:
    """All read models; needs the console's key. Raises BadSetting without it."""
    facts = ConsoleFacts(platform.manifests, platform.custody, platform.facts_key, platform.retention)
    return projections(facts, RulebookClocks(platform.rulebook))


def make_runner(platform: Platform) -> Runner:
    """The runner of all read models; needs the console's key. Raises BadSetting without it."""
    return Runner(platform.ledger, platform.reads, make_projections(platform))


def run_in_background(platform: Platform) -> threading.Event:
    """Keep the read models up to date in a thread of this process; set the event that is returned to end it."""
    stop = threading.Event()
    runner = make_runner(platform)
    threading.Thread(target=runner.run_forever, args=(stop,), name="projections", daemon=True).start()
    return stop
