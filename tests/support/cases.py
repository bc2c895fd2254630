"""Reports brought into any state by their own commands, for tests of what is allowed where.

People are named by their duty; each command is given by whom it belongs to, so that a refusal comes from the state.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from uuid import UUID

from events.model import Event, Sealing
from supervision.domain.aggregate import Aggregate, Stamp
from supervision.domain.codes import (
    Channel,
    Jurisdiction,
    MatterClass,
    NamedStatus,
    Proposal,
    RefusalCode,
    ReportState,
)
from supervision.domain.report import Report, Screening

REPORT = UUID("00000000-0000-4000-8000-000000000001")
EARLIER = UUID("00000000-0000-4000-8000-000000000002")
CLUE = UUID("00000000-0000-4000-8000-000000000003")
SEALED = UUID("00000000-0000-4000-8000-000000000004")
NOTHING = Sealing(suite=2, manifest="00" * 32, keys=(), items=())

S = ReportState


def by(actor: str, office: str = "petition") -> Stamp:
    """``actor`` acts at a moment that plays no part."""
    return Stamp(
        actor=actor, office=office, occurred_at="2026-11-23T10:00:00+08:00", rule_version="rules-2026.1/days-2026.1"
    )


def taken(aggregate: Aggregate) -> list[Event]:
    """What the aggregate has decided since the last time."""
    return list(aggregate.collect_events())


@dataclass(frozen=True)
class Command:
    """A command by name. ``give``: gives it. ``prepare``: what must have been decided before, within ``states``.

    ``states``: where it belongs by the rules (part 3), and nowhere else.
    """

    name: str
    states: frozenset[str]
    give: Callable[..., None]
    prepare: Callable[..., None] = field(default=lambda aggregate: None)
    proposal: Proposal = Proposal.ACCEPT


# -- reports ----------------------------------------------------------------------------------------


def report(*, channel: Channel = Channel.WEB, named: bool = True) -> Report:
    """A report that has just come in."""
    return Report.receive(
        REPORT,
        by("reporter", ""),
        reference="ABCD-2345",
        channel=channel,
        line="12388",
        receiving_office="petition",
        named=named,
        feedback_wanted=True,
        attachments=1,
        announced=0,
        reporter_signing_key="c2lnbg==",
        reporter_kem_key="a2Vt",
        sealing=NOTHING,
    )


def finding(proposal: Proposal = Proposal.ACCEPT, **found: object) -> Screening:
    """What screening finds where ``proposal`` is right."""
    below = proposal in {Proposal.FORWARD, Proposal.ASSIGN}
    matter = {
        Proposal.ROUTE_APPEAL: MatterClass.APPEAL,
        Proposal.ROUTE_SUGGESTION: MatterClass.SUGGESTION,
    }.get(proposal, MatterClass.REPORT)
    fitting = Screening(
        matter_class=matter,
        in_scope=True,
        named_status=NamedStatus.VERIFIED,
        verification_method="phone",
        jurisdiction=Jurisdiction.SUBORDINATE if below else Jurisdiction.OWN,
        proposal=proposal,
        refusal=RefusalCode.OTHER_BODY if proposal is Proposal.NOT_ACCEPT else None,
        target="personnel" if proposal is Proposal.HAND_OVER else "qinghe",
        original=str(EARLIER) if proposal is Proposal.RETAIN_DUPLICATE else "",
    )
    return replace(fitting, **found)  # type: ignore[arg-type]  # fields of the dataclass, by name


def _hand_over(one: Report, stamp: Stamp) -> None:
    one.hand_over(stamp, "personnel", (NOTHING,))


DECISIONS: dict[Proposal, tuple[str, ReportState, Callable[..., None]]] = {
    Proposal.ACCEPT: ("accept", S.ACCEPTED, Report.accept),
    Proposal.NOT_ACCEPT: ("not_accept", S.NOT_ACCEPTED, Report.not_accept),
    Proposal.FORWARD: ("forward_down", S.FORWARDED_DOWN, Report.forward_down),
    Proposal.ASSIGN: ("assign_down", S.ASSIGNED_DOWN, Report.assign_down),
    Proposal.REFER: ("refer_out", S.REFERRED_OUT, Report.refer_out),
    Proposal.HAND_OVER: ("hand_over", S.RECEIVED, _hand_over),
    Proposal.RETAIN_DUPLICATE: ("retain_duplicate", S.DUPLICATE_RETAINED, Report.retain_duplicate),
    Proposal.ROUTE_APPEAL: ("route_appeal", S.APPEAL_ROUTED, Report.route_appeal),
    Proposal.ROUTE_SUGGESTION: ("route_suggestion", S.SUGGESTION_ROUTED, Report.route_suggestion),
}
"""By proposal: the command that confirms it, and the state that it leads to."""


def _register(one: Report) -> None:
    one.register(by("clerk"), "云信〔2026〕0001号")


def _screen(one: Report, proposal: Proposal = Proposal.ACCEPT) -> None:
    one.screen(by("clerk"), finding(proposal))


def _transfer(one: Report) -> None:
    one.transfer(by("head"), department="dept-1", notified_office="clue", clue=str(CLUE), sealings=(NOTHING,))


def _propose_return(one: Report) -> None:
    one.propose_return(by("inspector", "dept-1"), "out_of_scope_after_study")


def _close(one: Report) -> None:
    one.close(by("inspector", "dept-1"), "not_proved")


def _feed_back(one: Report) -> None:
    one.feed_back(by("inspector", "dept-1"), mode="phone", reason="", second_officer="inspector-2")


def _object(one: Report) -> None:
    one.record_objection(by("inspector", "dept-1"), new_evidence=True)


def _propose_bypass(one: Report) -> None:
    one.propose_bypass(by("clerk"))


def _bypass(one: Report) -> None:
    one.bypass(by("head"), sealed_report=SEALED, destroyed=())


def report_in(state: ReportState, proposal: Proposal = Proposal.ACCEPT) -> Report:
    """A report in ``state``, screened with ``proposal`` where it was screened and is not decided yet."""
    one = report()
    for step in _steps_to(state, proposal):
        step(one)
    if one.state is not state:
        raise AssertionError(f"the way to {state} ends in {one.state}")
    taken(one)
    return one


def _steps_to(state: ReportState, proposal: Proposal) -> list[Callable[[Report], None]]:
    if state is S.RECEIVED:
        return []
    if state is S.SEALED:
        return [_register, _propose_bypass, _bypass]
    if state is S.REGISTERED:
        return [_register]
    if state is S.SCREENED:
        return [_register, lambda one: _screen(one, proposal)]
    for decided, (_, outcome, decide) in DECISIONS.items():
        if outcome is state:
            return [_register, partial(_screen, proposal=decided), partial(decide, stamp=by("head"))]
    after: Sequence[Callable[[Report], None]] = {
        S.TRANSFERRED: [],
        S.CLOSED: [_close],
        S.FED_BACK: [_close, _feed_back],
        S.OBJECTION: [_close, _feed_back, _object],
        S.ARCHIVED: [_close, _feed_back, lambda one: one.archive(by("clerk"), "thirty_years")],
    }[state]
    return [*_steps_to(S.ACCEPTED, proposal), _transfer, *after]


def _at(*states: ReportState) -> frozenset[str]:
    return frozenset(state.value for state in states)


ROUTED = (S.REFERRED_OUT, S.FORWARDED_DOWN, S.ASSIGNED_DOWN, S.APPEAL_ROUTED, S.SUGGESTION_ROUTED)

REPORT_COMMANDS: tuple[Command, ...] = (
    Command("register", _at(S.RECEIVED), _register),
    Command("screen", _at(S.REGISTERED), _screen),
    Command("return_screening", _at(S.SCREENED), lambda one: one.return_screening(by("head"), "head_disagrees")),
    *(
        Command(name, _at(S.SCREENED), partial(decide, stamp=by("head")), proposal=proposal)
        for proposal, (name, _, decide) in DECISIONS.items()
    ),
    Command(
        "notify_reporter",
        _at(S.ACCEPTED, S.TRANSFERRED, S.NOT_ACCEPTED, *ROUTED),
        lambda one: one.notify_reporter(by("clerk"), "acceptance", "phone"),
    ),
    Command(
        "acknowledge_from_below",
        _at(S.FORWARDED_DOWN, S.ASSIGNED_DOWN),
        lambda one: one.acknowledge_from_below(by("clerk"), "2026-11-23"),
    ),
    Command(
        "report_from_below",
        _at(S.FORWARDED_DOWN, S.ASSIGNED_DOWN),
        lambda one: one.report_from_below(by("clerk"), "result"),
    ),
    Command("transfer", _at(S.ACCEPTED), _transfer),
    Command("propose_return", _at(S.TRANSFERRED), _propose_return),
    Command(
        "approve_return",
        _at(S.TRANSFERRED),
        lambda one: one.approve_return(by("deputy", "leadership"), "out_of_scope_after_study"),
        _propose_return,
    ),
    Command(
        "refuse_return",
        _at(S.TRANSFERRED),
        lambda one: one.refuse_return(by("deputy", "leadership"), "handle_on"),
        _propose_return,
    ),
    Command("close", _at(S.TRANSFERRED), _close),
    Command("feed_back", _at(S.CLOSED), _feed_back),
    Command("record_objection", _at(S.FED_BACK), _object),
    Command(
        "explain_objection",
        _at(S.OBJECTION),
        lambda one: one.explain_objection(by("inspector", "dept-1"), "phone"),
    ),
    Command("reopen", _at(S.OBJECTION), lambda one: one.reopen(by("inspector", "dept-1"), "new_evidence")),
    Command(
        "archive",
        _at(S.FED_BACK, S.NOT_ACCEPTED, S.DUPLICATE_RETAINED, *ROUTED),
        lambda one: one.archive(by("clerk"), "thirty_years"),
    ),
    Command(
        "exclude",
        frozenset(ReportState) - {S.SEALED},
        lambda one: one.exclude(by("head"), "somebody", NOTHING),
    ),
    Command("propose_bypass", _at(S.RECEIVED, S.REGISTERED), _propose_bypass),
    Command("bypass", _at(S.RECEIVED, S.REGISTERED), _bypass, _propose_bypass),
)
