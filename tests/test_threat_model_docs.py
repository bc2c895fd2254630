"""docs/threat-model.md speaks of every part that the code has, and claims nothing that the code has outgrown."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from events.model import Event
from events.vocabulary.access import ContentOpened
from events.vocabulary.contact import ContactRequested
from events.vocabulary.intake import ReportReceived, SealedReportReceived
from events.vocabulary.opening import OpeningRequested
from events.vocabulary.report import OfficerExcluded
from projections.facts import Respondent
from supervision.casework.attempts import FREE_ATTEMPTS, LOCK_MINUTES
from supervision.casework.keyrings import SHORTEST_PASSPHRASE
from supervision.cli import main
from supervision.database_owner import PUBLIC_TOPICS
from supervision.sealing.blind_index import TAG_BITS
from supervision.sealing.compartments import COMPARTMENTS, GRANT
from supervision.sealing.passphrase import STANDARD_COST
from supervision.secret_files import ConsoleSecrets, LogSecrets, OversightSecrets, PublicSecrets, WitnessSecrets
from supervision.settings import SITES

DOCS = Path(__file__).parent.parent / "docs"
TEXT = (DOCS / "threat-model.md").read_text(encoding="utf-8")
SECRETS = (PublicSecrets, ConsoleSecrets, LogSecrets, OversightSecrets, WitnessSecrets)
OF_EVERY_ACT = {"originator_id", "originator_version", "occurred_at", "actor", "office", "rule_version", "sealing"}
CODE = re.compile(r"`([^`]+)`")


def section(heading: str, text: str = TEXT) -> str:
    """What stands under a heading, up to the next one of its level or above."""
    level = heading.split(" ")[0]
    following = text.split(f"\n{heading}\n", 1)[1]
    return re.split(rf"\n#{{1,{len(level)}}} ", following, maxsplit=1)[0]


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def anchors(text: str) -> set[str]:
    """The headings of a page as links name them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_adversary_has_a_word_in_every_column() -> None:
    table = [cells(line) for line in section("## At a glance").splitlines() if line.startswith("|")]
    assert len(table) > 20
    assert all(len(row) == len(table[0]) and all(row) for row in table)


@pytest.mark.parametrize("site", [site for site in SITES if site != "all"])
def test_every_site_has_its_part(site: str) -> None:
    headings = re.findall(r"^### (.+)$", section("## Machines and processes"), re.MULTILINE)
    assert any(re.search(rf"\b{site}\b", heading) for heading in headings)


@pytest.mark.parametrize("secrets", SECRETS, ids=lambda secrets: secrets.name())
def test_every_secret_of_a_site_is_named_with_its_file(secrets: type[PublicSecrets]) -> None:
    named = set(CODE.findall(TEXT))
    assert f"secrets/{secrets.name()}.json" in named
    assert {field.name for field in fields(secrets)} <= named


def test_every_compartment_is_named() -> None:
    assert {*COMPARTMENTS, GRANT} <= set(CODE.findall(section("### What events say in clear")))


@pytest.mark.parametrize(
    "event",
    [ReportReceived, SealedReportReceived, OpeningRequested, ContactRequested, OfficerExcluded, ContentOpened],
)
def test_all_that_these_events_say_in_clear_is_listed(event: type[Event]) -> None:
    rows = dict(
        cells(line)[:2] for line in section("### What events say in clear").splitlines() if line.startswith("|")
    )
    told = {field.name for field in fields(event)} - OF_EVERY_ACT
    assert told <= set(CODE.findall(rows[f"`{event.TOPIC}`"]))


def test_the_facts_that_read_models_have_in_clear_are_listed() -> None:
    listed = section("### Read models")
    assert [name for name in Respondent.__dataclass_fields__ if name not in listed] == []


def test_the_figures_are_those_of_the_code() -> None:
    numerals = {5: "five"}
    assert f"appends {numerals[len(PUBLIC_TOPICS)]} topics" in TEXT
    assert f"{TAG_BITS}-bit tags" in TEXT
    assert f"{numerals[FREE_ATTEMPTS]} attempts, then {LOCK_MINUTES} minutes" in TEXT
    assert f"at least {SHORTEST_PASSPHRASE} characters" in " ".join(TEXT.split())
    assert f"({STANDARD_COST.memory_kib // 1024} MiB, {STANDARD_COST.iterations} passes)" in TEXT


def test_what_is_said_not_to_be_built_is_not_there() -> None:
    """Whoever builds it takes it out of the list, and says above what it changes."""
    missing = section("## Not built yet")
    assert missing.count("\n- ") > 1
    assert not set(re.findall(r"`supervision ([a-z]+)`", missing)) & set(main.commands)


def test_every_link_leads_somewhere() -> None:
    for page, anchor in re.findall(r"\]\(([a-z-]+\.md)?(?:#([\w-]+))?\)", TEXT):
        target = (DOCS / page).read_text(encoding="utf-8") if page else TEXT
        assert not anchor or anchor in anchors(target)


@pytest.mark.parametrize("page", ["../README.md", "sealing.md"])
def test_it_can_be_found(page: str) -> None:
    assert "threat-model.md" in (DOCS / page).read_text(encoding="utf-8")
