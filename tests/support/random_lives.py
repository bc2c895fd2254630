"""Random but legal lives of reports: at each step some command that the domain does not refuse."""

from collections.abc import Callable, Sequence

from hypothesis import strategies as st

from events.model import Event
from supervision.domain.clue import Clue
from supervision.domain.codes import Channel, Disposition, NamedStatus, Proposal, UrgentReason
from supervision.domain.refusal import Refused
from supervision.domain.staffing import HandlerChange
from tests.support.lives import Life

Command = Callable[[Life, int], None]

PROPOSALS = tuple(Proposal)
DISPOSITIONS = tuple(Disposition)
STAGES = ("accepted", "forwarded", "result")


def _screen(life: Life, n: int) -> None:
    found = life.screening(
        PROPOSALS[n % len(PROPOSALS)],
        named_status=tuple(NamedStatus)[n // 2 % 3],
        urgent_reason=UrgentReason.DANGER if n % 5 == 0 else None,
    )
    facts = life.facts({"respondents": [{"unit": f"unit {n}"}], "categories": ["c"]}) if n % 3 == 0 else None
    life.report.screen(life.stamp("clerk"), found, facts_sealing=facts)
    life.did(life.report)


def _decide(life: Life, n: int) -> None:
    stamp = life.stamp("head")
    commands: Sequence[Callable[[], None]] = (
        lambda: life.report.accept(stamp),
        lambda: life.report.not_accept(stamp),
        lambda: life.report.forward_down(stamp),
        lambda: life.report.assign_down(stamp),
        lambda: life.report.refer_out(stamp),
        lambda: life.report.hand_over(stamp, "personnel" if life.report.office == "petition" else "petition", ()),
        lambda: life.report.retain_duplicate(stamp),
        lambda: life.report.route_appeal(stamp),
        lambda: life.report.route_suggestion(stamp),
        lambda: life.report.return_screening(stamp, "incomplete"),
    )
    _first_allowed(commands, n)
    life.did(life.report)


def _first_allowed(commands: Sequence[Callable[[], None]], start: int) -> None:
    for i in range(len(commands)):
        try:
            return commands[(start + i) % len(commands)]()
        except Refused:
            continue
    raise Refused("none", "nothing can be decided")


def _distribution(life: Life, n: int) -> None:
    clue = _clue(life)
    commands = (
        lambda: clue.propose_distribution(
            life.stamp("supervisor", "clue"), f"dept-{1 + n % 2}", ("inspector", f"inspector-{n % 3}"), "clerk"
        ),
        lambda: clue.return_distribution(life.stamp("principal", "leadership"), "other_department"),
        lambda: clue.approve_distribution(life.stamp("principal", "leadership")),
    )
    _first_allowed(commands, n)
    life.did(clue)


def _replacement(life: Life, n: int) -> None:
    clue = _clue(life)
    chosen = tuple(f"inspector-{one}" for one in range(n % 3))
    clue.replace_handlers(
        life.stamp("supervisor", "clue"),
        chosen,
        HandlerChange.REASSIGNED,
        registrar="clerk",
        excluded=life.report.excluded,
    )
    life.did(clue)


def _disposition(life: Life, n: int) -> None:
    clue = _clue(life)
    disposition = DISPOSITIONS[n % len(DISPOSITIONS)]
    commands = (
        lambda: clue.propose_disposition(life.stamp("inspector", "dept-1"), disposition, "纪要1号"),
        lambda: clue.approve_disposition(life.stamp("deputy", "leadership")),
        lambda: clue.return_disposition(life.stamp("deputy", "leadership"), "unfounded"),
        lambda: clue.note_report_to_superior(life.stamp("inspector", "dept-1"), "函1号"),
    )
    _first_allowed(commands, n)
    life.did(clue)


def _give_back(life: Life, n: int) -> None:
    commands = (
        lambda: life.report.propose_return(life.stamp("inspector", "dept-1"), "no_substance"),
        lambda: life.report.approve_return(life.stamp("deputy", "leadership"), "no_substance"),
        lambda: life.report.refuse_return(life.stamp("deputy", "leadership"), "in_scope"),
    )
    had_clue = life.report.clue
    _first_allowed(commands, n)
    life.did(life.report)
    if had_clue and not life.report.clue and life.clue is not None:
        life.clue.withdraw(life.stamp("deputy", "leadership"), "no_substance")
        life.did(life.clue)
        life.clue = None


def _after_feedback(life: Life, n: int) -> None:
    stamp = life.stamp("inspector", "dept-1")
    commands = (
        lambda: life.report.record_objection(stamp, new_evidence=n % 2 == 0),
        lambda: life.report.explain_objection(stamp, "phone"),
        lambda: life.report.archive(life.stamp("clerk"), "ten_years"),
    )
    _first_allowed(commands, n)
    life.did(life.report)


def _reopen(life: Life, n: int) -> None:
    life.report.reopen(life.stamp("inspector", "dept-1"), "new_evidence")
    clue = _clue(life)
    clue.reactivate(life.stamp("inspector", "dept-1"), "new_evidence")
    life.did(life.report, clue)


def _below(life: Life, n: int) -> None:
    if n % 2:
        life.report.acknowledge_from_below(life.stamp("clerk"), life.now.date().isoformat())
    else:
        life.report.report_from_below(life.stamp("clerk"), STAGES[n // 2 % 3])
    life.did(life.report)


def _notify(life: Life, n: int) -> None:
    life.report.notify_reporter(life.stamp("clerk"), ("acceptance", "routing")[n % 2], "phone")
    life.did(life.report)


def _exclude(life: Life, n: int) -> None:
    life.exclude(f"relative-{n % 3}", "kinship")


def _bypass(life: Life, n: int) -> None:
    if life.report.state not in {"received", "registered"}:
        raise Refused("state", "too late")
    life.bypass()


def _messages(life: Life, n: int) -> None:
    exchange, other = life.correspondence, life.stamp("head")
    match n % 6:
        case 0:
            life.supplement()
        case 1:
            exchange.withdraw_feedback_wish(life.stamp("reporter", ""), report=life.id)
        case 2:
            exchange.send_template(other, report=life.id, template="acceptance")
        case 3:
            life.draft(f"m{len(life.custody)}")
        case _ if not exchange.drafts:
            raise Refused("no_draft", "nothing to check")
        case 4:
            exchange.approve_message(other, next(iter(exchange.drafts)))
        case 5:
            exchange.refuse_message(other, next(iter(exchange.drafts)), "repeats_report")
    life.did(exchange)


def _go_up(life: Life, n: int) -> None:
    if life.sealed is None:
        raise Refused("state", "not sealed")
    sealed, stamp = life.sealed, life.stamp("clerk")
    commands = (
        lambda: sealed.register(stamp, f"径〔2026〕{life.name}号"),
        lambda: sealed.report_to_superior(stamp, "site"),
        lambda: sealed.acknowledge(life.stamp("superior", "superior")),
        lambda: sealed.clear_principal(life.stamp("superior", "superior")),
        lambda: sealed.tell_principal(stamp),
        lambda: sealed.destroy(stamp, ()),
    )
    _first_allowed(commands, n)
    life.did(sealed)


def _clue(life: Life) -> Clue:
    if life.clue is None:
        raise Refused("state", "no clue yet")
    return life.clue


def _enter_clue(life: Life, n: int) -> None:
    if not life.report.clue or life.clue is not None:
        raise Refused("state", "no clue to enter")
    life.enter_clue()


def _close(life: Life, n: int) -> None:
    _clue(life)
    life.close()


COMMANDS: Sequence[Command] = (
    lambda life, n: _done(life.register()),
    _screen,
    _decide,
    lambda life, n: _done(life.transfer()),
    _enter_clue,
    _distribution,
    _replacement,
    _disposition,
    _close,
    lambda life, n: _done(life.feed_back()),
    _after_feedback,
    _reopen,
    _give_back,
    _below,
    _notify,
    _exclude,
    _bypass,
    _messages,
    _go_up,
)
OF_SEALED: Sequence[Command] = (_messages, _go_up)


def _done(_: Life) -> None:
    """For commands that answer with the life."""


def step(life: Life, n: int) -> None:
    """The first command from the `n`-th on that is allowed now; some days may pass before."""
    life.wait(n % 4)
    commands = COMMANDS if life.report.version else OF_SEALED
    for i in range(len(commands)):
        try:
            commands[(n + i) % len(commands)](life, n // len(commands))
            return
        except Refused:
            continue


@st.composite
def lives(draw: st.DrawFn) -> Life:
    """One life, up to some step of it."""
    life = Life()
    how = draw(st.integers(0, 9))
    if how == 0:
        life.receive_sealed()
    else:
        life.receive(
            named=how % 2 == 0,
            line=("", "12380", "12388")[how % 3],
            channel=tuple(Channel)[how % len(Channel)],
            feedback=how % 4 != 1,
        )
    for n in draw(st.lists(st.integers(0, 10_000), max_size=25)):
        step(life, n)
    return life


@st.composite
def towns(draw: st.DrawFn, most: int = 4) -> list[Life]:
    """Several lives."""
    return [draw(lives()) for _ in range(draw(st.integers(1, most)))]


def interleaved(several: Sequence[Life], order: Sequence[int]) -> list[Event]:
    """The events of all lives in one order, each life's own order kept. `order`: whose turn it is."""
    queues = [list(life.events) for life in several]
    merged: list[Event] = []
    turns = iter(order)
    while any(queues):
        turn = next(turns, 0)
        queue = queues[turn % len(queues)] or next(q for q in queues if q)
        merged.append(queue.pop(0))
    return merged
