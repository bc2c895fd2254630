"""The clue (问题线索): recorded, distributed, a disposition proposed and approved, concluded (domain rules, part 3.2).

SoD-2: who distributes does not handle. SoD-3: who handles does not review. SoD-8: the principal approves a
distribution but cannot hand the matter to himself.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from events.model import Event, Sealing
from events.vocabulary import clue as facts
from supervision.domain import separation
from supervision.domain.aggregate import Aggregate, Stamp, applies
from supervision.domain.codes import ClueState, Disposition
from supervision.domain.refusal import Refused, refuse
from supervision.domain.staffing import HandlerChange

S = ClueState

#: Where a clue may be concluded from: a disposition was approved and is being carried out.
IN_HANDLING = frozenset({S.TALK_INQUIRY, S.PRELIMINARY_VERIFICATION, S.HELD, S.CLOSED_NO_ACTION})

#: Where somebody handles a clue, or has to tell the reporter what came of it.
REPLACEABLE = frozenset({S.DISTRIBUTED, S.PROPOSED, *IN_HANDLING, S.CONCLUDED})

_STATE_OF = {
    Disposition.TALK_INQUIRY: S.TALK_INQUIRY,
    Disposition.PRELIMINARY_VERIFICATION: S.PRELIMINARY_VERIFICATION,
    Disposition.HELD: S.HELD,
    Disposition.NO_ACTION: S.CLOSED_NO_ACTION,
}


class Clue(Aggregate):
    """One clue. Raises :class:`Refused` when state or separation of duties forbids a command."""

    def __init__(self, stream_id: UUID) -> None:
        super().__init__(stream_id)
        self.state = S.RECORDED
        self.number = ""
        self.report = ""
        self.department = ""
        self.distributor = ""
        self.distribution_approver = ""
        self.handlers: tuple[str, ...] = ()
        self.former_handlers: set[str] = set()
        self.disposition = ""
        self.disposition_proposer = ""
        self.result = ""
        self.sealings: list[Sealing] = []

    @classmethod
    def begins_with(cls) -> tuple[type[Event], ...]:
        return (facts.ClueRecorded,)

    @classmethod
    def enter(cls, stream_id: UUID, stamp: Stamp, *, number: str, source: str, report: str, department: str) -> Clue:
        """Enter a clue in the store (入库, B-20)."""
        clue = cls(stream_id)
        clue.record(facts.ClueRecorded, stamp, number=number, source=source, report=report, department=department)
        return clue

    @property
    def assigned(self) -> tuple[str, ...]:
        """The handlers, once the principal has approved them (B-23); nobody before that."""
        return self.handlers if self.distribution_approver else ()

    @property
    def approved_department(self) -> str:
        """Where the principal has sent it (B-23); "" before that, and again once that was withdrawn."""
        return self.department if self.distribution_approver else ""

    def propose_distribution(self, stamp: Stamp, department: str, handlers: tuple[str, ...], registrar: str) -> None:
        """The clue supervisor proposes department and handlers (B-23). ``registrar``: who registered the report."""
        self._at("提出分办意见", S.RECORDED)
        if not handlers:
            raise Refused("handlers", "分办意见须写明承办人；请至少选择一人。")
        refuse(separation.against_handling(handlers, registrar=registrar, distributor=stamp.actor))
        self.record(facts.DistributionProposed, stamp, department=department, handlers=handlers)

    def return_distribution(self, stamp: Stamp, reason: str, note: Sealing | None = None) -> None:
        """The principal sends the proposal back."""
        self._distribution_pending(stamp)
        self.record(facts.DistributionReturned, stamp, reason=reason, sealing=note)

    def approve_distribution(self, stamp: Stamp, sealings: tuple[Sealing, ...] = ()) -> None:
        """The principal approves (B-23); never a distribution to himself (SoD-8)."""
        self._distribution_pending(stamp)
        refuse(separation.against_handling(self.handlers, distributor=self.distributor, approver=stamp.actor))
        self.record(
            facts.ClueDistributed,
            stamp,
            department=self.department,
            handlers=self.handlers,
            sealings=sealings,
        )

    def replace_handlers(
        self,
        stamp: Stamp,
        handlers: tuple[str, ...],
        reason: HandlerChange,
        *,
        registrar: str,
        excluded: Collection[str],
    ) -> None:
        """Others of the approved department handle it (SoD-2, SoD-7, SoD-8).

        ``handlers``: all of them; none sends an open clue back to be distributed anew. ``registrar``: who registered
        the report. ``excluded``: who must have nothing to do with it.
        """
        self._at("更换承办人", *REPLACEABLE)
        if handlers == self.handlers and (handlers or self.state is S.CONCLUDED):
            raise Refused("unchanged", "所选承办人与现在相同，没有需要更换的。")
        if stamp.actor in handlers:
            raise Refused("SoD-2", "更换承办人的人员不得同时承办；请选择其他承办人。")
        refuse(
            separation.against_handling(
                handlers,
                registrar=registrar,
                distributor=self.distributor,
                approver=self.distribution_approver,
            )
        )
        if not set(handlers).isdisjoint(excluded):
            raise Refused("SoD-7", "所选人员须回避本件；请选择其他承办人。")
        if handlers or self.state is S.CONCLUDED:
            self.record(facts.HandlersReplaced, stamp, handlers=handlers, reason=reason.value)
        else:
            self.record(facts.DistributionWithdrawn, stamp, reason=reason.value)

    def propose_disposition(
        self, stamp: Stamp, disposition: Disposition, minutes: str, note: Sealing | None = None
    ) -> None:
        """After collective study, a handler proposes one of the four dispositions (A-17, B-21)."""
        self._at("提出处置意见", S.DISTRIBUTED)
        if stamp.actor not in self.handlers:
            raise Refused("not_handler", "只有本线索的承办人可以提出处置意见；请由承办人办理。")
        if not minutes.strip():
            raise Refused("minutes", "处置意见须经集体研究；请填写会议记录编号。")
        self.record(
            facts.DispositionProposed,
            stamp,
            disposition=disposition.value,
            minutes=minutes.strip(),
            sealing=note,
        )

    def return_disposition(self, stamp: Stamp, reason: str, note: Sealing | None = None) -> None:
        """The approver sends the proposal back."""
        self._disposition_pending(stamp)
        self.record(facts.DispositionReturned, stamp, reason=reason, sealing=note)

    def approve_disposition(self, stamp: Stamp) -> None:
        """The approver agrees (B-21); never one of the handlers (SoD-3)."""
        self._disposition_pending(stamp)
        self.record(facts.DispositionApproved, stamp, disposition=self.disposition)

    def note_report_to_party_committee(self, stamp: Stamp, document: str) -> None:
        """Record one of the two reports of D-01."""
        self._in_hand("登记向同级党委报告")
        self.record(facts.ReportedToPartyCommittee, stamp, document=document)

    def note_report_to_superior(self, stamp: Stamp, document: str) -> None:
        """Record the other of the two reports of D-01."""
        self._in_hand("登记向上级纪委报告")
        self.record(facts.ReportedToSuperiorCommission, stamp, document=document)

    def conclude(self, stamp: Stamp, result: str, note: Sealing | None = None) -> None:
        """Handling ended with a result."""
        self._at("办结", *IN_HANDLING)
        if stamp.actor not in self.handlers:
            raise Refused("not_handler", "只有本线索的承办人可以登记办结；请由承办人办理。")
        self.record(facts.ClueConcluded, stamp, result=result, sealing=note)

    def withdraw(self, stamp: Stamp, reason: str) -> None:
        """The report went back to the petition office with approval (A-17); this clue ends with it."""
        if self.state in {S.CONCLUDED, S.WITHDRAWN}:
            raise Refused("state", f"本线索当前为“{self.state.label}”，不能退回；请刷新页面查看可以办理的事项。")
        self.record(facts.ClueWithdrawn, stamp, reason=reason)

    def reactivate(self, stamp: Stamp, reason: str) -> None:
        """Take up a held or concluded clue again; the handlers stay, a new disposition is needed."""
        self._at("重新启动", S.HELD, S.CONCLUDED)
        self.record(facts.ClueReactivated, stamp, reason=reason)

    # -- guards -----------------------------------------------------------------------------------------------

    def _at(self, action: str, *states: ClueState) -> None:
        if self.state not in states:
            raise Refused("state", f"本线索当前为“{self.state.label}”，不能{action}；请刷新页面查看可以办理的事项。")

    def _in_hand(self, action: str) -> None:
        self._at(action, S.DISTRIBUTED, S.PROPOSED, *IN_HANDLING)

    def _distribution_pending(self, stamp: Stamp) -> None:
        self._at("审批分办意见", S.DISTRIBUTION_PROPOSED)
        refuse(separation.against_approving(stamp.actor, proposer=self.distributor))

    def _disposition_pending(self, stamp: Stamp) -> None:
        self._at("审批处置意见", S.PROPOSED)
        handled = {*self.handlers, *self.former_handlers}
        refuse(separation.against_approving(stamp.actor, proposer=self.disposition_proposer, handlers=handled))

    # -- state --------------------------------------------------------------------------------------------------

    @applies(facts.ClueRecorded)
    def _recorded(self, event: facts.ClueRecorded) -> None:
        self.number = event.number
        self.report = event.report
        self.department = event.department

    @applies(facts.DistributionProposed)
    def _distribution_proposed(self, event: facts.DistributionProposed) -> None:
        self.distributor = event.actor
        self.department = event.department
        self.handlers = event.handlers
        self.state = S.DISTRIBUTION_PROPOSED

    @applies(facts.DistributionReturned)
    def _distribution_returned(self, event: facts.DistributionReturned) -> None:
        self.handlers = ()
        self._keep(event.sealing)
        self.state = S.RECORDED

    @applies(facts.ClueDistributed)
    def _distributed(self, event: facts.ClueDistributed) -> None:
        self.distribution_approver = event.actor
        self.sealings.extend(event.sealings)
        self.state = S.DISTRIBUTED

    @applies(facts.HandlersReplaced)
    def _replaced(self, event: facts.HandlersReplaced) -> None:
        self.former_handlers.update(set(self.handlers) - set(event.handlers))
        self.handlers = event.handlers

    @applies(facts.DistributionWithdrawn)
    def _distribution_withdrawn(self, event: facts.DistributionWithdrawn) -> None:
        self.former_handlers.update(self.handlers)
        self.handlers = ()
        self.distributor = self.distribution_approver = self.disposition = self.disposition_proposer = ""
        self.state = S.RECORDED

    @applies(facts.DispositionProposed)
    def _disposition_proposed(self, event: facts.DispositionProposed) -> None:
        self.disposition = event.disposition
        self.disposition_proposer = event.actor
        self._keep(event.sealing)
        self.state = S.PROPOSED

    @applies(facts.DispositionReturned)
    def _disposition_returned(self, event: facts.DispositionReturned) -> None:
        self.disposition = self.disposition_proposer = ""
        self._keep(event.sealing)
        self.state = S.DISTRIBUTED

    @applies(facts.DispositionApproved)
    def _disposition_approved(self, event: facts.DispositionApproved) -> None:
        self.state = _STATE_OF[Disposition(event.disposition)]

    @applies(facts.ReportedToPartyCommittee)
    def _told_party_committee(self, event: facts.ReportedToPartyCommittee) -> None:
        """Meets one half of D-01; the gate itself comes with the rules on listed persons."""

    @applies(facts.ReportedToSuperiorCommission)
    def _told_superior(self, event: facts.ReportedToSuperiorCommission) -> None:
        """Meets the other half of D-01."""

    @applies(facts.ClueConcluded)
    def _concluded(self, event: facts.ClueConcluded) -> None:
        self.result = event.result
        self._keep(event.sealing)
        self.state = S.CONCLUDED

    @applies(facts.ClueWithdrawn)
    def _withdrawn(self, event: facts.ClueWithdrawn) -> None:
        self.state = S.WITHDRAWN

    @applies(facts.ClueReactivated)
    def _reactivated(self, event: facts.ClueReactivated) -> None:
        self.result = self.disposition = self.disposition_proposer = ""
        self.state = S.DISTRIBUTED

    def _keep(self, sealing: Sealing | None) -> None:
        if sealing is not None:
            self.sealings.append(sealing)
