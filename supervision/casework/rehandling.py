"""Commands of the clue supervisor when those who handle a clue cannot go on: excluded, or needed elsewhere.

Inside the department that the principal approved (B-23) the supervisor replaces them; where nobody there may handle it,
the clue goes back to be distributed anew. Who leaves hands over as he goes (:mod:`supervision.casework.departure`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from supervision.casework import forms
from supervision.casework.actions import Action, Case, Choices, Work
from supervision.casework.handling import clue_state, of_the_clue_office, the_clue
from supervision.casework.handover import WITH_HANDLERS, candidates
from supervision.domain.clue import IN_HANDLING, REPLACEABLE
from supervision.domain.codes import ClueState, Role
from supervision.domain.staffing import HandlerChange

REASONS = (HandlerChange.EXCLUDED, HandlerChange.REASSIGNED)


def with_handlers(case: Case) -> bool:
    """Whether the clue was distributed, and something may be left to do."""
    return case.clue is not None and case.clue.state in REPLACEABLE


class ReplacementForm(forms.CommandForm):
    """Who is to handle the clue from now on."""

    handlers = forms.dynamic_choices("承办人", "handlers_to_be", hint="选定后即为全部承办人；须为原承办部门人员。")
    reason = forms.choice("更换理由", HandlerChange, only=REASONS)


def _handlers_to_be(work: Work) -> Choices:
    """Those who handle it and may go on, and those of the department who may join."""
    clue, report = the_clue(work), work.case.report
    names = {one.officer: one.name for one in work.desk.directory.colleagues()}
    staying = [one for one in clue.handlers if one not in report.excluded]
    joining = [one.officer for one in candidates(work.desk, report, clue)]
    return [(one, names.get(one, one)) for one in (*staying, *joining)]


def _replace_handlers(work: Work, data: Mapping[str, Any]) -> int:
    return _with_handlers(work, tuple(data["handlers"]), HandlerChange(data["reason"]))


class WithdrawalForm(forms.CommandForm):
    """Why nobody of the department is to handle it."""

    reason = forms.choice("理由", HandlerChange, only=REASONS)


def _withdraw_distribution(work: Work, data: Mapping[str, Any]) -> int:
    return _with_handlers(work, (), HandlerChange(data["reason"]))


def _with_handlers(work: Work, handlers: tuple[str, ...], reason: HandlerChange) -> int:
    clue, report = the_clue(work), work.case.report
    clue.replace_handlers(
        work.desk.stamp(work.officer), handlers, reason, registrar=report.registrar, excluded=report.excluded
    )
    return work.desk.record(work.officer.signer, clue)


ACTIONS = (
    Action(
        name="replace_handlers",
        label="更换承办人",
        hint="承办人须回避或者不能继续承办时使用；仍由原承办部门承办。",
        roles=frozenset({Role.CLUE_SUPERVISOR}),
        form=ReplacementForm,
        when=lambda case: with_handlers(case) and case.report.state in WITH_HANDLERS,
        mine=lambda work: of_the_clue_office(work) and (work.case.clue is None or bool(_handlers_to_be(work))),
        run=_replace_handlers,
        choices={"handlers_to_be": _handlers_to_be},
    ),
    Action(
        name="withdraw_distribution",
        label="收回分办",
        hint="原承办部门无人可以承办时使用；线索退回已入库，重新提出分办意见。",
        roles=frozenset({Role.CLUE_SUPERVISOR}),
        form=WithdrawalForm,
        when=clue_state(ClueState.DISTRIBUTED, ClueState.PROPOSED, *IN_HANDLING),
        mine=of_the_clue_office,
        run=_withdraw_distribution,
    ),
)
