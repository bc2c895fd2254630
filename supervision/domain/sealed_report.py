"""The sealed report (径送件): it came, goes up within five working days, is acknowledged and destroyed here (A-15).

The county can do no more with it: nothing here opens anything.
"""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from events.model import Event, Sealing
from events.vocabulary import intake
from events.vocabulary import sealed_report as facts
from supervision.domain.aggregate import Aggregate, Stamp, applies
from supervision.domain.codes import Channel
from supervision.domain.refusal import Refused

SITE, FILE = "site", "file"
"""How a sealed report goes up: read by the superior on this platform, or carried to him as a package."""


class SealedState(StrEnum):
    """Where a sealed report stands."""

    RECEIVED = "received"
    REPORTED = "reported"
    ACKNOWLEDGED = "acknowledged"
    DESTROYED = "destroyed"

    @property
    def label(self) -> str:
        """Official Chinese word."""
        return {
            "received": "待径送",
            "reported": "已径送",
            "acknowledged": "上级已签收",
            "destroyed": "本级已销毁",
        }[self.value]


class SealedReport(Aggregate):
    """One sealed report. Raises :class:`Refused` when the state forbids a command."""

    def __init__(self, stream_id: UUID) -> None:
        super().__init__(stream_id)
        self.state = SealedState.RECEIVED
        self.reference = ""
        self.office = ""
        self.number = ""
        self.principal_told = False
        self.principal_cleared = False
        self.mode = ""
        self.acknowledged_contents = ""
        self.reporter_signing_key = ""
        self.reporter_kem_key = ""
        self.destroyed: set[str] = set()

    @classmethod
    def begins_with(cls) -> tuple[type[Event], ...]:
        return (intake.SealedReportReceived, facts.SealedReportResealed)

    @classmethod
    def receive(
        cls,
        stream_id: UUID,
        stamp: Stamp,
        *,
        reference: str,
        channel: Channel,
        receiving_office: str,
        reporter_signing_key: str,
        reporter_kem_key: str,
        sealing: Sealing,
    ) -> SealedReport:
        """A report for the superior came in, sealed at the door."""
        sealed = cls(stream_id)
        sealed.record(
            intake.SealedReportReceived,
            stamp,
            reference=reference,
            channel=channel.value,
            receiving_office=receiving_office,
            reporter_signing_key=reporter_signing_key,
            reporter_kem_key=reporter_kem_key,
            sealing=sealing,
        )
        return sealed

    @classmethod
    def reseal(
        cls,
        stream_id: UUID,
        stamp: Stamp,
        *,
        reference: str,
        channel: Channel,
        receiving_office: str,
        received_at: str,
        identity_with_county: bool,
        reporter_signing_key: str,
        reporter_kem_key: str,
        sealing: Sealing,
    ) -> SealedReport:
        """A report that had been opened here goes on as a sealed one (late by-pass)."""
        sealed = cls(stream_id)
        sealed.record(
            facts.SealedReportResealed,
            stamp,
            reference=reference,
            channel=channel.value,
            receiving_office=receiving_office,
            received_at=received_at,
            identity_with_county=identity_with_county,
            reporter_signing_key=reporter_signing_key,
            reporter_kem_key=reporter_kem_key,
            sealing=sealing,
        )
        return sealed

    def register(self, stamp: Stamp, number: str) -> None:
        """Number it in the separate register of sealed reports."""
        self._at("编号", SealedState.RECEIVED)
        if self.number:
            raise Refused("registered", "本径送件已经编号；请刷新页面。")
        self.record(facts.SealedReportRegistered, stamp, number=number)

    def tell_principal(self, stamp: Stamp) -> None:
        """Tell the principal that a sealed report exists; whether that is done at all is a setting (A-15).

        Only the superior can know whether it is he who is reported, so his word comes first.
        """
        self._at("登记告知主要负责人", SealedState.ACKNOWLEDGED)
        if not self.principal_cleared:
            raise Refused("A-15", "上级没有同意告知主要负责人，不得告知；上级不必说明理由，请勿追问。")
        if self.principal_told:
            raise Refused("told", "已告知主要负责人，无需重复登记。")
        self.record(facts.DeliveredToPrincipal, stamp)

    def report_to_superior(self, stamp: Stamp, mode: str) -> None:
        """Send it up (A-15: within five working days of receipt). ``mode``: site or file."""
        self._at("径送上级", SealedState.RECEIVED)
        if not self.number:
            raise Refused("A-10", "径送前须先编号；请先办理编号。")
        self.record(facts.ReportedToSuperior, stamp, mode=mode)

    def report_additions(self, stamp: Stamp) -> None:
        """Send up what the reporter added after the county had destroyed its copy, in the way that the report went:
        where it went lies what it belongs to. From here on it is as with the report."""
        self._at("径送补充材料", SealedState.DESTROYED)
        self.record(facts.ReportedToSuperior, stamp, mode=self.mode)

    def acknowledge(self, stamp: Stamp) -> None:
        """The superior has it."""
        self._at("签收", SealedState.REPORTED)
        self.record(facts.SuperiorAcknowledged, stamp)

    def clear_principal(self, stamp: Stamp) -> None:
        """The superior has nothing against the county's principal being told that there is such a report."""
        self._at("同意告知主要负责人", SealedState.ACKNOWLEDGED)
        if self.principal_cleared:
            raise Refused("cleared", "已同意告知主要负责人，无需重复办理。")
        self.record(facts.PrincipalCleared, stamp)

    def take_acknowledgement(
        self, stamp: Stamp, *, contents: str, acknowledged_at: str, principal_may_know: bool, signature: str
    ) -> None:
        """The superior's signed word was carried back; once more where the reporter had added something meanwhile."""
        self._at("登记上级签收", SealedState.REPORTED, SealedState.ACKNOWLEDGED)
        if self.mode != FILE:
            raise Refused("mode", "本件不是以密件携送的，由上级在平台上签收。")
        if contents == self.acknowledged_contents:
            raise Refused("again", "这份签收文件已经登记过，无需重复登记。")
        self.record(
            facts.AcknowledgementReceived,
            stamp,
            contents=contents,
            acknowledged_at=acknowledged_at,
            principal_may_know=principal_may_know,
            signature=signature,
        )

    def destroy(self, stamp: Stamp, destroyed: tuple[str, ...]) -> None:
        """Destroy the county's copy, only after the superior has acknowledged his own."""
        self._at("销毁本级留存", SealedState.ACKNOWLEDGED)
        self.record(facts.SealedCopyDestroyed, stamp, destroyed=destroyed)

    def _at(self, action: str, *states: SealedState) -> None:
        if self.state not in states:
            raise Refused("state", f"本径送件当前为“{self.state.label}”，不能{action}；请刷新页面查看可以办理的事项。")

    @applies(intake.SealedReportReceived)
    def _received(self, event: intake.SealedReportReceived) -> None:
        self._begin(event)

    @applies(facts.SealedReportResealed)
    def _resealed(self, event: facts.SealedReportResealed) -> None:
        self._begin(event)

    def _begin(self, event: intake.SealedReportReceived | facts.SealedReportResealed) -> None:
        self.reference = event.reference
        self.office = event.receiving_office
        self.reporter_signing_key = event.reporter_signing_key
        self.reporter_kem_key = event.reporter_kem_key

    @applies(facts.SealedReportRegistered)
    def _registered(self, event: facts.SealedReportRegistered) -> None:
        self.number = event.number

    @applies(facts.DeliveredToPrincipal)
    def _principal_told(self, event: facts.DeliveredToPrincipal) -> None:
        self.principal_told = True

    @applies(facts.ReportedToSuperior)
    def _reported(self, event: facts.ReportedToSuperior) -> None:
        self.mode = event.mode
        self.state = SealedState.REPORTED

    @applies(facts.SuperiorAcknowledged)
    def _acknowledged(self, event: facts.SuperiorAcknowledged) -> None:
        self.state = SealedState.ACKNOWLEDGED

    @applies(facts.PrincipalCleared)
    def _principal_cleared(self, event: facts.PrincipalCleared) -> None:
        self.principal_cleared = True

    @applies(facts.AcknowledgementReceived)
    def _acknowledgement_received(self, event: facts.AcknowledgementReceived) -> None:
        self.acknowledged_contents = event.contents
        self.principal_cleared = event.principal_may_know
        self.state = SealedState.ACKNOWLEDGED

    @applies(facts.SealedCopyDestroyed)
    def _destroyed(self, event: facts.SealedCopyDestroyed) -> None:
        self.destroyed.update(event.destroyed)
        self.state = SealedState.DESTROYED
