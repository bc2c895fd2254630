"""What a report's events say about it: the state that decisions in :mod:`supervision.domain.report` are made on.

Kept apart from the decisions, so that each half can be read in one sitting: here every method applies one event
and refuses nothing, since what has happened has happened.
"""

from uuid import UUID

from events.model import Sealing
from events.vocabulary import intake
from events.vocabulary import report as facts
from supervision.domain.aggregate import Aggregate, applies
from supervision.domain.codes import Channel, NamedStatus, RecusalGround, ReportState

S = ReportState


class ReportHistory(Aggregate):
    """A report (举报件) as its stream tells it. Field meanings are those of the events.

    ``excluded``: officers who must have no part in it, ``named_here`` those of them who are reported. Who they are is
    sealed: ``office_facts`` have it for the console, and :meth:`learn_excluded` is told.
    """

    def __init__(self, stream_id: UUID) -> None:
        super().__init__(stream_id)
        self.state = S.RECEIVED
        self.reference = ""
        self.channel = Channel.WEB
        self.line = ""
        self.office = ""
        self.received_at = ""
        self.claimed_named = False
        self.named_status = NamedStatus.PENDING
        self.feedback_wanted = True
        self.reporter_signing_key = ""
        self.reporter_kem_key = ""
        self.number = ""
        self.registrar = ""
        self.screener = ""
        self.screening: facts.ReportScreened | None = None
        self.matter_class = ""
        self.in_scope = True
        self.jurisdiction = ""
        self.original = ""
        self.department = ""
        self.clue = ""
        self.former_clues: list[str] = []
        self.return_proposer = ""
        self.bypass_proposer = ""
        self.result = ""
        self.closed_by = ""
        self.target = ""
        self.excluded: set[str] = set()
        self.named_here: set[str] = set()
        self.office_facts: list[Sealing] = []
        self.facts_unread = False
        self.sealings: list[Sealing] = []

    @applies(intake.ReportReceived)
    def _received(self, event: intake.ReportReceived) -> None:
        self.reference = event.reference
        self.channel = Channel(event.channel)
        self.line = event.line
        self.office = event.receiving_office
        self.received_at = event.occurred_at
        self.claimed_named = event.named == "named"
        self.named_status = NamedStatus.PENDING if self.claimed_named else NamedStatus.ANONYMOUS
        self.feedback_wanted = event.feedback_wanted
        self.reporter_signing_key = event.reporter_signing_key
        self.reporter_kem_key = event.reporter_kem_key
        self.sealings.append(event.sealing)
        self.office_facts.append(event.sealing)

    @applies(facts.ReportRegistered)
    def _registered(self, event: facts.ReportRegistered) -> None:
        self.number = event.number
        self.registrar = event.actor
        self.state = S.REGISTERED

    @applies(facts.NamedStatusVerified)
    def _named_verified(self, event: facts.NamedStatusVerified) -> None:
        self.named_status = NamedStatus(event.status)

    @applies(facts.ScopeDecided)
    def _scope_decided(self, event: facts.ScopeDecided) -> None:
        self.matter_class = event.matter_class
        self.in_scope = event.in_scope

    @applies(facts.JurisdictionDecided)
    def _jurisdiction_decided(self, event: facts.JurisdictionDecided) -> None:
        self.jurisdiction = event.jurisdiction

    @applies(facts.FactsRecorded)
    def _facts_recorded(self, event: facts.FactsRecorded) -> None:
        self.sealings.append(event.sealing)

    @applies(facts.DuplicateLinked)
    def _duplicate_linked(self, event: facts.DuplicateLinked) -> None:
        self.original = event.original

    @applies(facts.UrgentFlagged)
    def _urgent(self, event: facts.UrgentFlagged) -> None:
        """An urgent flag orders the queue; it changes no state of the report."""

    @applies(facts.ReporterNotified)
    def _notified(self, event: facts.ReporterNotified) -> None:
        """A notice meets a clock; it changes no state of the report."""

    @applies(facts.SubordinateAcknowledged)
    def _acknowledged_below(self, event: facts.SubordinateAcknowledged) -> None:
        """An acknowledgement starts the lower body's clock; it changes no state of the report."""

    @applies(facts.SubordinateReported)
    def _reported_below(self, event: facts.SubordinateReported) -> None:
        self._keep(event.sealing)

    @applies(facts.ReportScreened)
    def _screened(self, event: facts.ReportScreened) -> None:
        self.screening = event
        self.screener = event.actor
        self._keep(event.sealing)
        self.state = S.SCREENED

    @applies(facts.ScreeningReturned)
    def _screening_returned(self, event: facts.ScreeningReturned) -> None:
        self.screening = None
        self.original = ""
        self._keep(event.sealing)
        self.state = S.REGISTERED

    @applies(facts.ReportAccepted)
    def _accepted(self, event: facts.ReportAccepted) -> None:
        self.state = S.ACCEPTED

    @applies(facts.ReportNotAccepted)
    def _not_accepted(self, event: facts.ReportNotAccepted) -> None:
        self.state = S.NOT_ACCEPTED

    @applies(facts.ReportForwardedDown)
    def _forwarded(self, event: facts.ReportForwardedDown) -> None:
        self.target = event.target
        self.state = S.FORWARDED_DOWN

    @applies(facts.ReportAssignedDown)
    def _assigned(self, event: facts.ReportAssignedDown) -> None:
        self.target = event.target
        self.state = S.ASSIGNED_DOWN

    @applies(facts.ReportReferredOut)
    def _referred(self, event: facts.ReportReferredOut) -> None:
        self.target = event.target
        self.state = S.REFERRED_OUT

    @applies(facts.ReportHandedOver)
    def _handed_over(self, event: facts.ReportHandedOver) -> None:
        self.office = event.to_office
        self.sealings.extend(event.sealings)
        self.number = self.registrar = self.screener = self.original = ""
        self.screening = None
        self.state = S.RECEIVED

    @applies(facts.DuplicateRetained)
    def _retained(self, event: facts.DuplicateRetained) -> None:
        self.state = S.DUPLICATE_RETAINED

    @applies(facts.AppealRouted)
    def _appeal_routed(self, event: facts.AppealRouted) -> None:
        self.target = event.target
        self.state = S.APPEAL_ROUTED

    @applies(facts.SuggestionRouted)
    def _suggestion_routed(self, event: facts.SuggestionRouted) -> None:
        self.target = event.target
        self.state = S.SUGGESTION_ROUTED

    @applies(facts.TransferredToDept)
    def _transferred(self, event: facts.TransferredToDept) -> None:
        self.department = event.department
        self.clue = event.clue
        self.sealings.extend(event.sealings)
        self.state = S.TRANSFERRED

    @applies(facts.ReturnProposed)
    def _return_proposed(self, event: facts.ReturnProposed) -> None:
        self.return_proposer = event.actor

    @applies(facts.ReturnRefused)
    def _return_refused(self, event: facts.ReturnRefused) -> None:
        self.return_proposer = ""

    @applies(facts.ReportReturned)
    def _returned(self, event: facts.ReportReturned) -> None:
        self.former_clues.append(self.clue)
        self.return_proposer = self.department = self.clue = ""
        self.screening = None
        self.state = S.REGISTERED

    @applies(facts.ReportClosed)
    def _closed(self, event: facts.ReportClosed) -> None:
        self.result = event.result
        self.closed_by = event.actor
        self.state = S.CLOSED

    @applies(facts.ResultFedBack)
    def _fed_back(self, event: facts.ResultFedBack) -> None:
        self._keep(event.sealing)
        self.state = S.FED_BACK

    @applies(facts.ObjectionRecorded)
    def _objected(self, event: facts.ObjectionRecorded) -> None:
        self._keep(event.sealing)
        self.state = S.OBJECTION

    @applies(facts.ObjectionExplained)
    def _explained(self, event: facts.ObjectionExplained) -> None:
        self._keep(event.sealing)
        self.state = S.FED_BACK

    @applies(facts.ReportReopened)
    def _reopened(self, event: facts.ReportReopened) -> None:
        self.result = ""
        self.state = S.TRANSFERRED

    @applies(facts.ReportArchived)
    def _archived(self, event: facts.ReportArchived) -> None:
        self.state = S.ARCHIVED

    @applies(facts.OfficerExcluded)
    def _excluded(self, event: facts.OfficerExcluded) -> None:
        self.learn_excluded(event.officer, event.reason)

    @applies(facts.RecusalRecorded)
    def _recusal_recorded(self, event: facts.RecusalRecorded) -> None:
        self.sealings.append(event.sealing)
        self.office_facts.append(event.sealing)

    def learn_excluded(self, officer: str, reason: str) -> None:
        """An exclusion that an event says in clear, or that the console's key opens (``office_facts``)."""
        self.excluded.add(officer)
        if reason == RecusalGround.NAMED_IN_REPORT:
            self.named_here.add(officer)

    @applies(facts.BypassProposed)
    def _bypass_proposed(self, event: facts.BypassProposed) -> None:
        self.bypass_proposer = event.actor

    @applies(facts.ReportBypassed)
    def _bypassed(self, event: facts.ReportBypassed) -> None:
        self.sealings.clear()
        self.office_facts.clear()
        self.state = S.SEALED

    def _keep(self, sealing: Sealing | None) -> None:
        if sealing is not None:
            self.sealings.append(sealing)
