"""What a report's stream tells of holds and destruction, and the decisions about them (E-31, E-32).

A hold stops all destruction from the moment that one person asks for it; it ends only when an approver agrees. Nothing
is destroyed before its period ends, while the report is worked on, under a hold, or without an appraisal by two.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from events.vocabulary import report as report_facts
from events.vocabulary import retention as facts
from supervision.domain import separation
from supervision.domain.aggregate import Stamp, applies
from supervision.domain.codes import ReportState
from supervision.domain.refusal import Refused, refuse
from supervision.domain.report_history import ReportHistory
from supervision.domain.retention_rules import DestructionScope, RetentionRules, document_number

FINISHED = frozenset({ReportState.ARCHIVED, ReportState.SEALED})
"""Nobody works on it any more. What went up under seal may have left its identity here."""


@dataclass(frozen=True)
class Hold:
    """A hold. ``requester``: who asked for it; ``placed``: confirmed; ``lifter``: who asked for its end, or ""."""

    requester: str
    placed: bool = False
    lifter: str = ""

    @property
    def pending(self) -> str:
        """Whose request waits for an approver, "" where none does."""
        return self.lifter or ("" if self.placed else self.requester)


class RetainedReport(ReportHistory):
    """``retention``: the class that it was filed under, "" before. ``holds``: by the number of their document.

    ``destroyed``: scope to day (ISO date) and document of the appraisal.
    """

    def __init__(self, stream_id: UUID) -> None:
        super().__init__(stream_id)
        self.retention = ""
        self.holds: dict[str, Hold] = {}
        self.destroyed: dict[DestructionScope, tuple[str, str]] = {}

    # -- holds --------------------------------------------------------------------------------------------------------

    def request_hold(self, stamp: Stamp, document: str) -> None:
        """Stop all destruction of this report, at once. Raises :class:`Refused`."""
        self._not_excluded(stamp)
        number = document_number(document)
        if number in self.holds:
            raise Refused("held", f"本件已按 {number} 停止销毁，无需再次登记。")
        if DestructionScope.EVERYTHING in self.destroyed:
            raise Refused("destroyed", self.tombstone)
        self.record(facts.HoldRequested, stamp, document=number)

    def place_hold(self, stamp: Stamp, document: str) -> None:
        """An approver, who is not the one who asked, confirms it. Raises :class:`Refused`."""
        hold = self._decidable(stamp, document)
        if hold.placed:
            raise Refused("held", "这一停止销毁已经确认；请刷新页面。")
        self.record(facts.HoldPlaced, stamp, document=document)

    def request_lift(self, stamp: Stamp, document: str) -> None:
        """Ask for the end of a hold. Raises :class:`Refused`."""
        self._not_excluded(stamp)
        hold = self._hold(document)
        if hold.pending:
            raise Refused("pending", "这一停止销毁正在等待负责人决定；请等待结果。")
        self.record(facts.HoldLiftRequested, stamp, document=document)

    def lift_hold(self, stamp: Stamp, document: str) -> None:
        """An approver ends a hold, or does not confirm one. Raises :class:`Refused`."""
        hold = self._decidable(stamp, document)
        if hold.placed and not hold.lifter:
            raise Refused("not_requested", "须先由一人提出解除；请先办理“提出解除停止销毁”。")
        self.record(facts.HoldLifted, stamp, document=document)

    def _hold(self, document: str) -> Hold:
        if document not in self.holds:
            raise Refused("no_hold", "本件没有这一停止销毁的登记；请刷新页面。")
        return self.holds[document]

    def _decidable(self, stamp: Stamp, document: str) -> Hold:
        self._not_excluded(stamp)
        hold = self._hold(document)
        refuse(separation.against_approving(stamp.actor, proposer=hold.pending))
        return hold

    def _not_excluded(self, stamp: Stamp) -> None:
        refuse(separation.against_seeing(stamp.actor, excluded=self.excluded))

    # -- destruction --------------------------------------------------------------------------------------------------

    def check_destroyable(self, scope: DestructionScope, rules: RetentionRules, today: date) -> None:
        """Raises :class:`Refused` with the reason why nothing of this may be destroyed today."""
        called = self.number or self.reference
        if scope in self.destroyed or DestructionScope.EVERYTHING in self.destroyed:
            raise Refused("destroyed", f"{called} 已经销毁，不能重复鉴定；请从清单中去掉。")
        if self.holds:
            raise Refused("hold", f"{called} 按 {'、'.join(self.holds)} 停止销毁，不能列入；请待依法解除后再鉴定。")
        if self.state not in FINISHED or (scope is DestructionScope.EVERYTHING and self.state is ReportState.SEALED):
            raise Refused("open", f"{called} 当前为“{self.state.label}”，尚未归档，不能销毁；请先办结归档。")
        before = rules.due_before(scope, self.retention, today)
        if before is None or self.received_at[:10] >= before.isoformat():
            raise Refused("period", f"{called} 的保管期限未满，不能销毁；请到期后再鉴定。")

    def destroy(
        self, stamp: Stamp, *, appraisal: UUID, document: str, scope: DestructionScope, destroyed: tuple[str, ...]
    ) -> None:
        """Record the destruction; :meth:`check_destroyable` was asked before. ``destroyed``: SHA-256 in hex."""
        self.record(
            facts.ReportDestroyed,
            stamp,
            appraisal=str(appraisal),
            document=document,
            scope=scope.value,
            destroyed=destroyed,
        )

    @property
    def tombstone(self) -> str:
        """Where content would stand: when and by what it was destroyed; "" where it was not."""
        return self._tombstone(DestructionScope.EVERYTHING, "本件内容")

    @property
    def identity_tombstone(self) -> str:
        """The same for identity, contact and source."""
        return self.tombstone or self._tombstone(DestructionScope.IDENTITY, "举报人身份、联系方式和来源材料")

    def _tombstone(self, scope: DestructionScope, what: str) -> str:
        if scope not in self.destroyed:
            return ""
        day, document = self.destroyed[scope]
        return f"{what}已于 {day} 按鉴定销毁（{document}），不能恢复；办理过程仍可查阅。"

    # -- what happened ------------------------------------------------------------------------------------------------

    def _archived(self, event: report_facts.ReportArchived) -> None:
        super()._archived(event)
        self.retention = event.retention

    @applies(facts.HoldRequested)
    def _hold_requested(self, event: facts.HoldRequested) -> None:
        self.holds[event.document] = Hold(event.actor)

    @applies(facts.HoldPlaced)
    def _hold_placed(self, event: facts.HoldPlaced) -> None:
        self.holds[event.document] = Hold(self.holds[event.document].requester, placed=True)

    @applies(facts.HoldLiftRequested)
    def _hold_lift_requested(self, event: facts.HoldLiftRequested) -> None:
        self.holds[event.document] = Hold(self.holds[event.document].requester, placed=True, lifter=event.actor)

    @applies(facts.HoldLifted)
    def _hold_lifted(self, event: facts.HoldLifted) -> None:
        del self.holds[event.document]

    @applies(facts.ReportDestroyed)
    def _destroyed(self, event: facts.ReportDestroyed) -> None:
        self.destroyed[DestructionScope(event.scope)] = (event.occurred_at[:10], event.document)
