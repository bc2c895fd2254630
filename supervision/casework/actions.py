"""Commands as the desk sees them: who may give one, when, what it asks for, and what carrying it out means.

An :class:`Action` is the whole description of a command, so a page can offer exactly the commands that would
succeed, and the same function carries out what a page, the demonstration or a test asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from marshmallow import ValidationError

from events.ledger import Conflict
from events.model import Event
from supervision.casework.desk import Desk
from supervision.casework.forms import CommandForm
from supervision.casework.officer_session import OfficerSession
from supervision.domain.clue import Clue
from supervision.domain.codes import Role
from supervision.domain.correspondence import Correspondence
from supervision.domain.refusal import Refused
from supervision.domain.report import Report

Choices = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Case:
    """A report with the clue that it became and the exchange with its reporter, as they stand now."""

    report: Report
    clue: Clue | None
    correspondence: Correspondence

    @classmethod
    def load(cls, desk: Desk, report_id: UUID) -> Case:
        """Raises :class:`Refused` where there is no such report."""
        report = desk.report(report_id)
        return cls(report, desk.clue_of(report), desk.correspondence(report_id))

    @property
    def seen(self) -> str:
        """What a form remembers of the state that it was filled in on."""
        return ".".join(str(version) for _, version in self._streams())

    def since(self, desk: Desk, seen: str) -> list[Event]:
        """What has happened to the case after the state that ``seen`` stands for, stream by stream."""
        try:
            versions = [int(part) for part in seen.split(".")]
            streams = [(stream, then) for (stream, _), then in zip(self._streams(), versions, strict=True)]
        except ValueError:
            return []  # no state that a form of ours ever stood on
        return [
            event
            for stream, then in streams
            if stream is not None
            for event in desk.ledger.events_of(stream)
            if event.originator_version > then
        ]

    def _streams(self) -> list[tuple[UUID | None, int]]:
        """Report, clue and exchange, each with its version; the clue is None as long as there is none."""
        clue = (self.clue.id, self.clue.version) if self.clue else (None, 0)
        return [(self.report.id, self.report.version), clue, (self.correspondence.id, self.correspondence.version)]

    @property
    def standing(self) -> str:
        """In Chinese: in which state report and clue are."""
        clue = f"、“{self.clue.state.label}”" if self.clue else ""
        level = "、管理级别待认定" if self.report.level_open else ""
        return f"“{self.report.state.label}”{level}{clue}"


class Outdated(Exception):
    """Somebody else acted first. Nothing was recorded; ``since``: the events that the form's author had not seen."""

    def __init__(self, since: Sequence[Event]) -> None:
        super().__init__("本件在您填写期间已有新的进展，您的操作没有生效；请核对后再提交。")
        self.since = tuple(since)


class BadInput(Exception):
    """The form is not filled in as it must be. ``errors``: field to Chinese sentences."""

    def __init__(self, errors: Mapping[str, list[str]]) -> None:
        super().__init__("有几项需要更正")
        self.errors = dict(errors)


@dataclass(frozen=True, kw_only=True)
class Work:
    """What a command works with: the desk, who acts, and the case."""

    desk: Desk
    officer: OfficerSession
    case: Case


@dataclass(frozen=True, kw_only=True)
class Action:
    """One command. ``when``: whether the state of the case calls for it; ``mine``: whether it is this officer's,
    beyond his role.

    ``choices``: options of the form's dynamic fields by source name. ``run`` returns the position written.
    """

    name: str
    label: str
    roles: frozenset[Role]
    form: type[CommandForm]
    when: Callable[[Case], bool]
    mine: Callable[[Work], bool]
    run: Callable[[Work, Mapping[str, Any]], int]
    hint: str = ""
    primary: bool = False
    choices: Mapping[str, Callable[[Work], Choices]] = field(default_factory=dict)

    def offered(self, work: Work) -> bool:
        """Whether a page should offer it."""
        return (
            work.officer.officer not in work.case.report.excluded
            and work.officer.has(*self.roles)
            and self.when(work.case)
            and self.mine(work)
        )

    def options(self, work: Work) -> dict[str, Choices]:
        """Options of the dynamic fields for this case."""
        return {name: offer(work) for name, offer in self.choices.items()}


def offered(actions: Sequence[Action], desk: Desk, officer: OfficerSession, case: Case) -> list[Action]:
    """The commands that this officer can give on this case now."""
    work = Work(desk=desk, officer=officer, case=case)
    return [action for action in actions if action.offered(work)]


def carry_out(
    action: Action,
    desk: Desk,
    officer: OfficerSession,
    report_id: UUID,
    given: Mapping[str, Any],
    seen: str | None = None,
) -> int:
    """Validate, decide, sign, save. Returns the last position written.

    ``seen``: :attr:`Case.seen` of the page that the officer looked at. Raises :class:`BadInput`, :class:`Refused`,
    :class:`Outdated`; then nothing was recorded.
    """
    case = Case.load(desk, report_id)
    loaded = case.seen
    case.report.refuse_excluded(officer.officer)
    officer.require(*sorted(action.roles))
    if seen is not None and seen != loaded:
        raise Outdated(case.since(desk, seen))
    work = Work(desk=desk, officer=officer, case=case)
    if not action.mine(work):
        raise Refused("not_yours", f"“{action.label}”不由您办理；请由本件的承办单位或承办人办理。")
    if not action.when(case):
        raise Refused("state", f"本件当前为{case.standing}，不能“{action.label}”；请刷新页面查看可以办理的事项。")
    data = _validated(action, work, given)
    try:
        return action.run(work, data)
    except Conflict:
        raise Outdated(Case.load(desk, report_id).since(desk, loaded)) from None


def _validated(action: Action, work: Work, given: Mapping[str, Any]) -> dict[str, Any]:
    form = action.form()
    try:
        data: dict[str, Any] = form.load(given)
    except ValidationError as error:
        raise BadInput(error.normalized_messages()) from None
    options = action.options(work)
    errors: dict[str, list[str]] = {}
    for name, declared in form.fields.items():
        source = declared.metadata.get("source")
        if source is None or not data.get(name):
            continue
        chosen = data[name] if isinstance(data[name], list) else [data[name]]
        if not set(chosen) <= {value for value, _ in options.get(source, ())}:
            errors[name] = ["请从所列选项中选择。"]
    if errors:
        raise BadInput(errors)
    return data


__all__ = [
    "Action",
    "BadInput",
    "Case",
    "Choices",
    "Outdated",
    "Work",
    "carry_out",
    "offered",
]
