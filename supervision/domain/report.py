"""The report (举报件): from the door to the archive, one decision at a time (domain rules, part 3.1).

Who may give which command is a matter of roles and lives in ``casework``; what must hold between the persons who
act on the same report (separation of duties) and between the states is decided here, where nobody can go around it.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from events.model import Event, Sealing
from events.vocabulary import intake
from events.vocabulary import report as facts
from supervision.domain import separation
from supervision.domain.aggregate import Stamp
from supervision.domain.codes import (
    Channel,
    Jurisdiction,
    MatterClass,
    NamedStatus,
    Proposal,
    RefusalCode,
    ReportState,
    UrgentReason,
)
from supervision.domain.level import LevelledReport
from supervision.domain.refusal import Refused, refuse
from supervision.domain.scope import refusal_follow_up

S = ReportState

#: Proposals that say where the report goes.
SENT_ON = frozenset(
    {
        Proposal.FORWARD,
        Proposal.ASSIGN,
        Proposal.REFER,
        Proposal.HAND_OVER,
        Proposal.ROUTE_APPEAL,
        Proposal.ROUTE_SUGGESTION,
    }
)

#: States in which the office has nothing more to do but to file the report.
ARCHIVABLE = frozenset(
    {
        S.FED_BACK,
        S.NOT_ACCEPTED,
        S.DUPLICATE_RETAINED,
        S.REFERRED_OUT,
        S.FORWARDED_DOWN,
        S.ASSIGNED_DOWN,
        S.APPEAL_ROUTED,
        S.SUGGESTION_ROUTED,
    }
)


@dataclass(frozen=True, kw_only=True)
class Screening:
    """What a clerk found on reading a report (甄别), with the proposal for the head of the office."""

    matter_class: MatterClass
    in_scope: bool
    named_status: NamedStatus
    verification_method: str
    jurisdiction: Jurisdiction
    proposal: Proposal
    refusal: RefusalCode | None = None
    target: str = ""
    original: str = ""
    new_evidence: bool = False
    urgent_reason: UrgentReason | None = None


class Report(LevelledReport):
    """One report. Raises :class:`Refused` when state or separation of duties forbids a command."""

    # -- the door ---------------------------------------------------------------------------------------------

    @classmethod
    def begins_with(cls) -> tuple[type[Event], ...]:
        return (intake.ReportReceived,)

    @classmethod
    def receive(
        cls,
        stream_id: UUID,
        stamp: Stamp,
        *,
        reference: str,
        channel: Channel,
        line: str,
        receiving_office: str,
        named: bool,
        feedback_wanted: bool,
        attachments: int,
        announced: int,
        reporter_signing_key: str,
        reporter_kem_key: str,
        sealing: Sealing,
    ) -> Report:
        """A report comes in (接收). Keys are Base64 public keys derived from the 查询码, or ""."""
        report = cls(stream_id)
        report.record(
            intake.ReportReceived,
            stamp,
            reference=reference,
            channel=channel.value,
            line=line,
            receiving_office=receiving_office,
            named="named" if named else "anonymous",
            feedback_wanted=feedback_wanted,
            attachments=attachments,
            announced=announced,
            reporter_signing_key=reporter_signing_key,
            reporter_kem_key=reporter_kem_key,
            sealing=sealing,
        )
        return report

    # -- petition office --------------------------------------------------------------------------------------

    def register(self, stamp: Stamp, number: str) -> None:
        """Give the report its number; must precede every other decision (A-10)."""
        self._at(stamp, "登记编号", S.RECEIVED)
        self.record(facts.ReportRegistered, stamp, number=number)

    def screen(
        self, stamp: Stamp, found: Screening, note: Sealing | None = None, facts_sealing: Sealing | None = None
    ) -> None:
        """Record the findings of screening and the proposal (A-11, A-13, A-14, A-24)."""
        self._at(stamp, "甄别", S.REGISTERED)
        self.refuse_before_level()
        self._check_screening(found)
        self.record(facts.NamedStatusVerified, stamp, status=found.named_status.value, method=found.verification_method)
        self.record(facts.ScopeDecided, stamp, matter_class=found.matter_class.value, in_scope=found.in_scope)
        self.record(facts.JurisdictionDecided, stamp, jurisdiction=found.jurisdiction.value)
        if facts_sealing is not None:
            self.record(facts.FactsRecorded, stamp, sealing=facts_sealing)
        if found.original:
            self.record(facts.DuplicateLinked, stamp, original=found.original, new_evidence=found.new_evidence)
        if found.urgent_reason is not None:
            self.record(facts.UrgentFlagged, stamp, reason=found.urgent_reason.value)
        self.record(
            facts.ReportScreened,
            stamp,
            proposal=found.proposal.value,
            refusal=found.refusal.value if found.refusal else "",
            target=found.target,
            sealing=note,
        )

    def return_screening(self, stamp: Stamp, reason: str, note: Sealing | None = None) -> None:
        """The head does not agree with the proposal and sends it back."""
        self._at(stamp, "退回甄别", S.SCREENED)
        self.record(facts.ScreeningReturned, stamp, reason=reason, sealing=note)

    def accept(self, stamp: Stamp) -> None:
        """This body takes the report (本级受理)."""
        self._decide(stamp, Proposal.ACCEPT)
        self.record(facts.ReportAccepted, stamp)

    def not_accept(self, stamp: Stamp) -> None:
        """Not accepted, with the follow-up that the channel demands (A-13). SoD-1: not by who registered or
        screened."""
        screening = self._decide(stamp, Proposal.NOT_ACCEPT)
        refuse(separation.against_not_accepting(stamp.actor, registrar=self.registrar, screener=self.screener))
        self.record(
            facts.ReportNotAccepted,
            stamp,
            refusal=screening.refusal,
            follow_up=refusal_follow_up(RefusalCode(screening.refusal), self.channel).value,
            target=screening.target,
        )

    def forward_down(self, stamp: Stamp) -> None:
        """Forward to the competent lower body (转送, A-16)."""
        screening = self._decide(stamp, Proposal.FORWARD)
        self.record(facts.ReportForwardedDown, stamp, target=screening.target)

    def assign_down(self, stamp: Stamp) -> None:
        """Assign to the lower body with a report required (交办, A-19)."""
        screening = self._decide(stamp, Proposal.ASSIGN)
        self.record(facts.ReportAssignedDown, stamp, target=screening.target)

    def refer_out(self, stamp: Stamp) -> None:
        """Send to another authority (移送其他机关)."""
        screening = self._decide(stamp, Proposal.REFER)
        self.record(facts.ReportReferredOut, stamp, target=screening.target)

    def hand_over(self, stamp: Stamp, to_office: str, sealings: tuple[Sealing, ...]) -> None:
        """Hand over to the platform's other host body, which registers the report anew (12380 and 12388)."""
        self._decide(stamp, Proposal.HAND_OVER)
        if to_office == self.office:
            raise Refused("same_office", "接收单位就是本单位；请选择另一受理单位。")
        self.record(facts.ReportHandedOver, stamp, from_office=self.office, to_office=to_office, sealings=sealings)

    def retain_duplicate(self, stamp: Stamp) -> None:
        """Keep a repeated report for reference; the reporter is not told again (A-14, A-26)."""
        self._decide(stamp, Proposal.RETAIN_DUPLICATE)
        self.record(facts.DuplicateRetained, stamp, original=self.original)

    def route_appeal(self, stamp: Stamp) -> None:
        """An appeal goes to the department that re-examines (申诉分流)."""
        screening = self._decide(stamp, Proposal.ROUTE_APPEAL)
        self.record(facts.AppealRouted, stamp, target=screening.target)

    def route_suggestion(self, stamp: Stamp) -> None:
        """Criticism or a suggestion goes to the department concerned (建议分流)."""
        screening = self._decide(stamp, Proposal.ROUTE_SUGGESTION)
        self.record(facts.SuggestionRouted, stamp, target=screening.target)

    def notify_reporter(self, stamp: Stamp, subject: str, mode: str) -> None:
        """Record that the reporter was told (A-26, A-13); never for a retained duplicate."""
        self._at(
            stamp,
            "告知举报人",
            S.ACCEPTED,
            S.TRANSFERRED,
            S.NOT_ACCEPTED,
            S.REFERRED_OUT,
            S.FORWARDED_DOWN,
            S.ASSIGNED_DOWN,
            S.APPEAL_ROUTED,
            S.SUGGESTION_ROUTED,
        )
        self.record(facts.ReporterNotified, stamp, subject=subject, mode=mode)

    def acknowledge_from_below(self, stamp: Stamp, received_on: str) -> None:
        """The lower body confirms receipt; its five working days count from ``received_on`` (A-16)."""
        self._at(stamp, "下级签收", S.FORWARDED_DOWN, S.ASSIGNED_DOWN)
        self.record(facts.SubordinateAcknowledged, stamp, target=self.target, received_on=received_on)

    def report_from_below(self, stamp: Stamp, stage: str, note: Sealing | None = None) -> None:
        """The lower body reports that it accepted or forwarded, or the result."""
        self._at(stamp, "登记下级报告", S.FORWARDED_DOWN, S.ASSIGNED_DOWN)
        self.record(facts.SubordinateReported, stamp, target=self.target, stage=stage, sealing=note)

    def transfer(
        self, stamp: Stamp, *, department: str, notified_office: str, clue: str, sealings: tuple[Sealing, ...]
    ) -> None:
        """Move to the handling department and tell the clue supervisor (移送, A-14)."""
        self._at(stamp, "移送承办部门", S.ACCEPTED)
        self.record(
            facts.TransferredToDept,
            stamp,
            department=department,
            notified_office=notified_office,
            clue=clue,
            sealings=sealings,
        )

    # -- handling department ----------------------------------------------------------------------------------

    def propose_return(self, stamp: Stamp, reason: str) -> None:
        """The department wants to give it back (A-17)."""
        self._at(stamp, "申请退回", S.TRANSFERRED)
        if self.return_proposer:
            raise Refused("return_pending", "退回申请已提出，待分管领导审批；请等待审批结果。")
        self.record(facts.ReturnProposed, stamp, reason=reason)

    def approve_return(self, stamp: Stamp, reason: str) -> None:
        """The deputy in charge approves the return (A-17)."""
        self._return_pending(stamp)
        self.record(facts.ReportReturned, stamp, reason=reason)

    def refuse_return(self, stamp: Stamp, reason: str) -> None:
        """The deputy in charge does not approve the return (A-17)."""
        self._return_pending(stamp)
        self.record(facts.ReturnRefused, stamp, reason=reason)

    def close(self, stamp: Stamp, result: str) -> None:
        """The matter is finished (办结); given together with the clue's conclusion."""
        self._at(stamp, "办结", S.TRANSFERRED)
        if self.return_proposer:
            raise Refused("return_pending", "退回申请待分管领导审批，审批前不能办结；请等待审批结果。")
        self.record(facts.ReportClosed, stamp, result=result)

    def feed_back(
        self, stamp: Stamp, *, mode: str, reason: str, second_officer: str, note: Sealing | None = None
    ) -> None:
        """Record that the result was told, by two officers (A-27)."""
        self._at(stamp, "反馈处理结果", S.CLOSED)
        if mode == "none" and not reason:
            raise Refused("reason_missing", "未反馈须写明原因；请选择原因后再提交。")
        if mode != "none" and (not second_officer or second_officer == stamp.actor):
            raise Refused("two_officers", "反馈须由两名工作人员共同进行；请填写另一名参加人。")
        if second_officer in self.excluded:
            raise Refused("SoD-7", "所填参加人须回避本件；请改由其他人员参加。")
        self.record(facts.ResultFedBack, stamp, mode=mode, reason=reason, second_officer=second_officer, sealing=note)

    def record_objection(self, stamp: Stamp, *, new_evidence: bool, note: Sealing | None = None) -> None:
        """The reporter objects to the result (异议, A-27)."""
        self._at(stamp, "登记异议", S.FED_BACK)
        self.record(facts.ObjectionRecorded, stamp, new_evidence=new_evidence, sealing=note)

    def explain_objection(self, stamp: Stamp, mode: str, note: Sealing | None = None) -> None:
        """Answer the objection with an explanation (A-27)."""
        self._at(stamp, "说明异议", S.OBJECTION)
        self.record(facts.ObjectionExplained, stamp, mode=mode, sealing=note)

    def reopen(self, stamp: Stamp, reason: str) -> None:
        """New evidence must be checked: back to the department (A-27)."""
        self._at(stamp, "重新办理", S.OBJECTION)
        self.record(facts.ReportReopened, stamp, reason=reason)

    def archive(self, stamp: Stamp, retention: str) -> None:
        """File the report (归档, E-31)."""
        self._at(stamp, "归档", *ARCHIVABLE)
        self.record(facts.ReportArchived, stamp, retention=retention)

    # -- who may not see it, and who must not have it at all --------------------------------------------------------

    def exclude(self, stamp: Stamp, officer: str, sealing: Sealing) -> None:
        """An officer withdraws or is withdrawn from this report (回避, A-48, SoD-7).

        ``sealing``: who and why, for the console alone; the log says that somebody is. In force when the report is
        fetched again.
        """
        self._at(stamp, "登记回避", *(state for state in ReportState if state is not S.SEALED))
        if officer in self.excluded:
            raise Refused("already_excluded", "该人员已回避本件，无需重复登记。")
        self.record(facts.RecusalRecorded, stamp, sealing=sealing)

    def propose_bypass(self, stamp: Stamp) -> None:
        """First of two officers: the superior is competent (A-15)."""
        self._at(stamp, "提出径送", S.RECEIVED, S.REGISTERED)
        self.refuse_unless_seen(stamp.actor)
        if self.bypass_proposer:
            raise Refused("bypass_pending", "径送已由一人提出；请由另一名工作人员确认。")
        self.record(facts.BypassProposed, stamp)

    def bypass(self, stamp: Stamp, *, sealed_report: UUID, destroyed: tuple[str, ...]) -> None:
        """Second of two officers: re-sealed to the superior and destroyed here (A-15)."""
        self._at(stamp, "确认径送", S.RECEIVED, S.REGISTERED)
        self.refuse_unless_seen(stamp.actor)
        if not self.bypass_proposer:
            raise Refused("bypass_not_proposed", "尚无人提出径送；请先由一名工作人员提出。")
        if stamp.actor == self.bypass_proposer:
            raise Refused("two_officers", "径送须由两名工作人员办理；请由提出人以外的人员确认。")
        self.record(facts.ReportBypassed, stamp, sealed_report=str(sealed_report), destroyed=destroyed)

    # -- guards -----------------------------------------------------------------------------------------------

    def refuse_excluded(self, officer: str) -> None:
        """SoD-7: whoever is excluded sees and does nothing here."""
        refuse(separation.against_seeing(officer, excluded=self.excluded))

    def _at(self, stamp: Stamp, action: str, *states: ReportState) -> None:
        self.refuse_excluded(stamp.actor)
        if self.state not in states:
            raise Refused("state", f"本件当前为“{self.state.label}”，不能{action}；请刷新页面查看可以办理的事项。")

    def _decide(self, stamp: Stamp, proposal: Proposal) -> facts.ReportScreened:
        """The head confirms what was proposed; who disagrees sends it back, so that the log shows both views."""
        self._at(stamp, proposal.label, S.SCREENED)
        if self.screening is None or self.screening.proposal != proposal.value:
            raise Refused("proposal", f"决定“{proposal.label}”与甄别意见不一致；如不同意甄别意见，请先退回重新甄别。")
        return self.screening

    def _return_pending(self, stamp: Stamp) -> None:
        self._at(stamp, "审批退回", S.TRANSFERRED)
        if not self.return_proposer:
            raise Refused("no_return", "承办部门没有申请退回；无可审批的事项。")
        refuse(separation.against_approving(stamp.actor, proposer=self.return_proposer))

    def _check_screening(self, found: Screening) -> None:
        """A proposal must fit what was found, or the head would be asked to confirm a contradiction."""
        proposal = found.proposal
        if found.jurisdiction is Jurisdiction.SUPERIOR:
            raise Refused("A-15", "属上级管辖的举报不得在本平台甄别流转；请改用“径送上级”，由两名工作人员办理。")
        if proposal is Proposal.ACCEPT and not (
            found.in_scope and found.jurisdiction is Jurisdiction.OWN and not found.original
        ):
            raise Refused("accept_needs", "提出本级受理，须属受理范围、属本级管辖且不是重复件；请核对甄别意见。")
        if proposal is Proposal.NOT_ACCEPT and found.refusal is None:
            raise Refused("A-13", "提出不予受理须选择理由；请选择三种情形之一。")
        if proposal in {Proposal.FORWARD, Proposal.ASSIGN} and found.jurisdiction is not Jurisdiction.SUBORDINATE:
            raise Refused("A-16", "转送、交办只适用于属下级管辖的举报；请核对管辖意见。")
        if proposal is Proposal.RETAIN_DUPLICATE and not found.original:
            raise Refused("A-14", "提出留存备查须填写原件编号；请先关联原件。")
        if proposal is Proposal.ROUTE_APPEAL and found.matter_class is not MatterClass.APPEAL:
            raise Refused("appeal", "申诉分流只适用于申诉件；请核对事项性质。")
        if proposal is Proposal.ROUTE_SUGGESTION and found.matter_class is not MatterClass.SUGGESTION:
            raise Refused("suggestion", "建议分流只适用于批评建议；请核对事项性质。")
        if proposal in SENT_ON and not found.target:
            raise Refused("target", f"“{proposal.label}”须选择接收单位；请选择后再提交。")
        if found.original == str(self.id):
            raise Refused("self_duplicate", "本件不能与自身重复；请核对原件编号。")
