"""The appraisal (鉴定): a list of reports whose period is over, decided on by two persons, then carried out (E-32)."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from events.model import Event
from events.vocabulary import retention as facts
from supervision.domain import separation
from supervision.domain.aggregate import Aggregate, Stamp, applies
from supervision.domain.refusal import Refused, refuse
from supervision.domain.retention_rules import AppraisalRefusal, AppraisalState, DestructionScope, document_number

S = AppraisalState
MOST = 500
"""Reports in one appraisal: a list that two persons can go through."""


class Appraisal(Aggregate):
    """One appraisal. Whether each report may be destroyed is asked of the report itself, at every step."""

    def __init__(self, stream_id: UUID) -> None:
        super().__init__(stream_id)
        self.state = S.PROPOSED
        self.document = ""
        self.scope = DestructionScope.IDENTITY
        self.office = ""
        self.proposer = ""
        self.proposed_on = ""
        self.approver = ""
        self.reports: tuple[UUID, ...] = ()

    @classmethod
    def begins_with(cls) -> tuple[type[Event], ...]:
        return (facts.AppraisalProposed,)

    @classmethod
    def propose(
        cls, stream_id: UUID, stamp: Stamp, document: str, scope: DestructionScope, reports: Collection[UUID]
    ) -> Appraisal:
        """First of two. Raises :class:`Refused`."""
        if not 0 < len(reports) <= MOST or len(set(reports)) < len(reports):
            raise Refused("list", f"鉴定清单须列明 1 至 {MOST} 件，不得重复；请核对所选的举报件。")
        appraisal = cls(stream_id)
        appraisal.record(
            facts.AppraisalProposed,
            stamp,
            document=document_number(document),
            scope=scope.value,
            reports=tuple(map(str, reports)),
        )
        return appraisal

    def approve(self, stamp: Stamp, handlers: Collection[str] = ()) -> None:
        """Second of two. ``handlers``: of the reports in the list; they decide on none of it (SoD-3)."""
        self._decide(stamp, handlers)
        self.record(facts.AppraisalApproved, stamp)

    def refuse(self, stamp: Stamp, reason: AppraisalRefusal, handlers: Collection[str] = ()) -> None:
        """Do not agree."""
        self._decide(stamp, handlers)
        self.record(facts.AppraisalRefused, stamp, reason=reason.value)

    def check_approved(self) -> None:
        """Raises :class:`Refused` unless it is to be carried out."""
        if self.state is not S.APPROVED:
            raise Refused(
                "state", f"鉴定 {self.document} 当前为“{self.state.label}”，不能执行销毁；须先经两人鉴定批准。"
            )

    def finish(self, stamp: Stamp, spared: Collection[UUID]) -> None:
        """It was carried out. ``spared``: reports that meanwhile must not be destroyed."""
        self.check_approved()
        self.record(facts.AppraisalExecuted, stamp, spared=tuple(map(str, spared)))

    def _decide(self, stamp: Stamp, handlers: Collection[str]) -> None:
        if self.state is not S.PROPOSED:
            raise Refused("state", f"鉴定 {self.document} 当前为“{self.state.label}”，无需审批；请刷新页面。")
        refuse(separation.against_approving(stamp.actor, proposer=self.proposer, handlers=handlers))

    @applies(facts.AppraisalProposed)
    def _proposed(self, event: facts.AppraisalProposed) -> None:
        self.document = event.document
        self.scope = DestructionScope(event.scope)
        self.office = event.office
        self.proposer = event.actor
        self.proposed_on = event.occurred_at[:10]
        self.reports = tuple(map(UUID, event.reports))

    @applies(facts.AppraisalApproved)
    def _approved(self, event: facts.AppraisalApproved) -> None:
        self.approver = event.actor
        self.state = S.APPROVED

    @applies(facts.AppraisalRefused)
    def _refused(self, event: facts.AppraisalRefused) -> None:
        self.approver = event.actor
        self.state = S.REFUSED

    @applies(facts.AppraisalExecuted)
    def _executed(self, event: facts.AppraisalExecuted) -> None:
        self.state = S.EXECUTED
