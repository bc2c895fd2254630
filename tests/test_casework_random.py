"""Officers who try whatever their screens offer: the log verifies, the read models follow, nobody meets an error."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any
from uuid import UUID

import pytest
from marshmallow import fields

from projections import queries
from supervision.casework.actions import Action, Work, offered
from supervision.casework.catalogue import ACTIONS
from supervision.casework.forms import CommandForm
from supervision.domain.refusal import Refused
from supervision.intake.supplement import Addition, add
from tests.support.office import OWN, Office, staffed

REPORTS = 6
STEPS = 260
SEEDS = (1, 2)
RARE = {
    *("exclude", "propose_bypass", "send_template", "draft_message", "approve_message", "refuse_message"),
    *("deidentify", "request_original", "grant_original", "refuse_original"),
}
"""What can be done nearly everywhere would leave no time for the rest."""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    directory = tmp_path_factory.mktemp("county")
    with staffed(directory / "home", f"sqlite:///{directory / 'log.sqlite'}") as found:
        yield found


def filled_in(form: type[CommandForm], options: dict[str, Any], chance: Random) -> dict[str, Any]:
    """A form with something that fits in every field."""
    given: dict[str, Any] = {}
    for name, field in form().fields.items():
        widget, source = field.metadata["widget"], field.metadata.get("source")
        choices = list(field.metadata.get("choices", ())) if source is None else list(options.get(source, ()))
        if isinstance(field, fields.List):
            given[name] = [value for value, _ in chance.sample(choices, min(len(choices), chance.randint(1, 2)))]
        elif isinstance(field, fields.Boolean):
            given[name] = chance.choice(["on", ""])
        elif widget == "date":
            given[name] = f"2026-11-{chance.randint(1, 23):02d}"
        elif choices:
            given[name] = chance.choice(choices)[0]
        elif source is None and (field.required or chance.random() < 0.5):
            given[name] = chance.choice(["经办说明。", "一室〔2026〕第7次"])
    return given


def possible(office: Office, report_id: UUID) -> list[tuple[str, Action]]:
    case = office.case(report_id)
    return [
        (officer, action)
        for officer, session in sorted(office.sessions.items())
        for action in offered(ACTIONS, office.desk, session, case)
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_is_offered_is_carried_out_or_refused_with_a_reason(office: Office, seed: int) -> None:
    chance = Random(seed)
    reports = [office.web(line=chance.choice(["12388", "12380"])) for _ in range(REPORTS)]
    done = set()
    for _ in range(STEPS):
        report_id, code = chance.choice(reports)
        if chance.random() < 0.02:
            add(office.platform, code, Addition(number=10_000, text="补充。"))
        choices = [(o, a) for o, a in possible(office, report_id) if a.name not in RARE or chance.random() < 0.04]
        if not choices:
            continue
        name = chance.choice(sorted({action.name for _, action in choices}))
        officer, action = chance.choice([(o, a) for o, a in choices if a.name == name])
        work = Work(desk=office.desk, officer=office.sessions[officer], case=office.case(report_id))
        given = filled_in(action.form, action.options(work), chance)
        if name == "screen" and chance.random() < 0.5:
            given |= OWN | {"original": ""}
        try:
            office.do(officer, action.name, report_id, work.case.seen, **given)
            done.add(action.name)
        except Refused as refused:
            assert refused.reason.endswith("。")
            assert refused.code not in {"role", "state", "not_yours", "not_found"}, (action.name, given)
    office.verify()
    assert len(done) >= 20, sorted(done)
    assert_rows_follow(office, [report_id for report_id, _ in reports])


def assert_rows_follow(office: Office, reports: list[UUID]) -> None:
    """The read models say what the aggregates say."""
    office.catch_up()
    with office.platform.reads.reading() as reader:
        for report_id in reports:
            case, row = office.case(report_id), queries.report(reader, report_id)
            assert row is not None
            assert (row.state, row.office, row.number) == (case.report.state, case.report.office, case.report.number)
            assert row.clue_state == (case.clue.state if case.clue else "")
            if case.report.state != "sealed":
                assert row.department == case.report.department or case.clue is not None
                assert set(row.excluded) == case.report.excluded
                assert row.version == case.report.version
