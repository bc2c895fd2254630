"""Clues and sealed reports brought into any state by their own commands; the way of :mod:`tests.support.cases`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from supervision.domain.clue import Clue
from supervision.domain.codes import Channel, ClueState, Disposition
from supervision.domain.sealed_report import SealedReport, SealedState
from supervision.domain.staffing import HandlerChange
from tests.support.cases import CLUE, NOTHING, REPORT, SEALED, Command, by, taken

C = ClueState


# -- clues ------------------------------------------------------------------------------------------


def clue() -> Clue:
    """A clue that has just been entered."""
    return Clue.enter(
        CLUE,
        by("supervisor", "clue"),
        number="云线〔2026〕0001号",
        source="petition",
        report=str(REPORT),
        department="dept-1",
    )


def _propose_distribution(one: Clue) -> None:
    one.propose_distribution(by("supervisor", "clue"), "dept-1", ("inspector", "inspector-2"), "clerk")


def _approve_distribution(one: Clue) -> None:
    one.approve_distribution(by("principal", "leadership"))


def _replace_handlers(one: Clue) -> None:
    second = "inspector-2" if "inspector-3" in one.handlers else "inspector-3"
    one.replace_handlers(
        by("supervisor", "clue"), ("inspector", second), HandlerChange.REASSIGNED, registrar="clerk", excluded=()
    )


def _propose(one: Clue, disposition: Disposition = Disposition.PRELIMINARY_VERIFICATION) -> None:
    one.propose_disposition(by("inspector", "dept-1"), disposition, "一室〔2026〕第1次")


def _approve(one: Clue) -> None:
    one.approve_disposition(by("deputy", "leadership"))


def _conclude(one: Clue) -> None:
    one.conclude(by("inspector", "dept-1"), "not_proved")


def _withdraw(one: Clue) -> None:
    one.withdraw(by("deputy", "leadership"), "returned_to_petition_office")


_DISPOSED = {
    C.TALK_INQUIRY: Disposition.TALK_INQUIRY,
    C.PRELIMINARY_VERIFICATION: Disposition.PRELIMINARY_VERIFICATION,
    C.HELD: Disposition.HELD,
    C.CLOSED_NO_ACTION: Disposition.NO_ACTION,
}
IN_HANDLING = tuple(_DISPOSED)
DISTRIBUTED = (C.DISTRIBUTED, C.PROPOSED, *IN_HANDLING, C.CONCLUDED)


def clue_in(state: ClueState) -> Clue:
    """A clue in ``state``."""
    one = clue()
    distributed: list[Callable[[Clue], None]] = [_propose_distribution, _approve_distribution]
    ways: dict[ClueState, list[Callable[[Clue], None]]] = {
        C.RECORDED: [],
        C.DISTRIBUTION_PROPOSED: [_propose_distribution],
        C.DISTRIBUTED: distributed,
        C.PROPOSED: [*distributed, _propose],
        C.CONCLUDED: [*distributed, _propose, _approve, _conclude],
        C.WITHDRAWN: [_withdraw],
    }
    ways |= {
        reached: [*distributed, partial(_propose, disposition=how), _approve] for reached, how in _DISPOSED.items()
    }
    for step in ways[state]:
        step(one)
    if one.state is not state:
        raise AssertionError(f"the way to {state} ends in {one.state}")
    taken(one)
    return one


def _clue_at(*states: ClueState) -> frozenset[str]:
    return frozenset(state.value for state in states)


CLUE_COMMANDS: tuple[Command, ...] = (
    Command("propose_distribution", _clue_at(C.RECORDED), _propose_distribution),
    Command(
        "return_distribution",
        _clue_at(C.DISTRIBUTION_PROPOSED),
        lambda one: one.return_distribution(by("principal", "leadership"), "approver_disagrees"),
    ),
    Command("approve_distribution", _clue_at(C.DISTRIBUTION_PROPOSED), _approve_distribution),
    Command("replace_handlers", _clue_at(*DISTRIBUTED), _replace_handlers),
    Command("propose_disposition", _clue_at(C.DISTRIBUTED), _propose),
    Command(
        "return_disposition",
        _clue_at(C.PROPOSED),
        lambda one: one.return_disposition(by("deputy", "leadership"), "approver_disagrees"),
    ),
    Command("approve_disposition", _clue_at(C.PROPOSED), _approve),
    Command(
        "note_report_to_party_committee",
        _clue_at(C.DISTRIBUTED, C.PROPOSED, *IN_HANDLING),
        lambda one: one.note_report_to_party_committee(by("inspector", "dept-1"), "云纪报〔2026〕1号"),
    ),
    Command(
        "note_report_to_superior",
        _clue_at(C.DISTRIBUTED, C.PROPOSED, *IN_HANDLING),
        lambda one: one.note_report_to_superior(by("inspector", "dept-1"), "云纪报〔2026〕2号"),
    ),
    Command("conclude", _clue_at(*IN_HANDLING), _conclude),
    Command("withdraw", frozenset(ClueState) - {C.CONCLUDED, C.WITHDRAWN}, _withdraw),
    Command(
        "reactivate",
        _clue_at(C.HELD, C.CONCLUDED),
        lambda one: one.reactivate(by("inspector", "dept-1"), "new_evidence"),
    ),
)


# -- sealed reports ---------------------------------------------------------------------------------


def sealed() -> SealedReport:
    """A sealed report that has just come in."""
    return SealedReport.receive(
        SEALED,
        by("reporter", ""),
        reference="EFGH-6789",
        channel=Channel.WEB,
        receiving_office="petition",
        reporter_signing_key="c2lnbg==",
        reporter_kem_key="a2Vt",
        sealing=NOTHING,
    )


def _number(one: SealedReport) -> None:
    if not one.number:
        one.register(by("clerk"), "云信径〔2026〕0001号")


def _report_up(one: SealedReport) -> None:
    one.report_to_superior(by("head"), "site")


def _acknowledge(one: SealedReport) -> None:
    one.acknowledge(by("superior", "superior"))


def _destroy(one: SealedReport) -> None:
    one.destroy(by("head"), ())


def sealed_in(state: SealedState) -> SealedReport:
    """A sealed report in ``state``; not numbered yet where it has just come in."""
    one = sealed()
    order = [SealedState.RECEIVED, SealedState.REPORTED, SealedState.ACKNOWLEDGED, SealedState.DESTROYED]
    steps: list[Callable[[SealedReport], None]] = [_report_up, _acknowledge, _destroy]
    for step in steps[: order.index(state)]:
        _number(one)
        step(one)
    taken(one)
    return one


def _sealed_at(*states: SealedState) -> frozenset[str]:
    return frozenset(state.value for state in states)


Z = SealedState
SEALED_COMMANDS: tuple[Command, ...] = (
    Command("register", _sealed_at(Z.RECEIVED), lambda one: one.register(by("clerk"), "云信径〔2026〕0002号")),
    Command(
        "tell_principal",
        _sealed_at(Z.ACKNOWLEDGED),
        lambda one: one.tell_principal(by("head")),
        lambda one: one.clear_principal(by("superior", "superior")),
    ),
    Command(
        "clear_principal",
        _sealed_at(Z.ACKNOWLEDGED),
        lambda one: one.clear_principal(by("superior", "superior")),
    ),
    Command("report_to_superior", _sealed_at(Z.RECEIVED), _report_up, _number),
    Command("acknowledge", _sealed_at(Z.REPORTED), _acknowledge),
    Command("destroy", _sealed_at(Z.ACKNOWLEDGED), _destroy),
    Command("report_additions", _sealed_at(Z.DESTROYED), lambda one: one.report_additions(by("head"))),
)
