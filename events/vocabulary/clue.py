"""The life of a clue (问题线索): recorded, distributed, a disposition proposed and approved, concluded (rules part
3.2)."""

from dataclasses import dataclass

from events.model import ActedEvent, Sealing
from events.topics import topic


@topic("clue.recorded.v1")
@dataclass(frozen=True, kw_only=True)
class ClueRecorded(ActedEvent):
    """Entered in the clue store (入库, B-20). ``source``: petition, inspection, audit, justice, superior,
    supervision or media."""

    number: str
    source: str
    report: str
    department: str


@topic("clue.distribution_proposed.v1")
@dataclass(frozen=True, kw_only=True)
class DistributionProposed(ActedEvent):
    """The clue supervisor proposes who handles it (分办意见, B-23). ``handlers``: officer ids, the first one leads."""

    department: str
    handlers: tuple[str, ...]


@topic("clue.distribution_returned.v1")
@dataclass(frozen=True, kw_only=True)
class DistributionReturned(ActedEvent):
    """The principal sends the proposal back."""

    reason: str
    sealing: Sealing | None = None


@topic("clue.distributed.v1")
@dataclass(frozen=True, kw_only=True)
class ClueDistributed(ActedEvent):
    """The principal approves the distribution (分办, B-23). The month of B-21 runs from here.

    ``sealings`` add the wraps for the handling department where it could not read the content before.
    """

    department: str
    handlers: tuple[str, ...]
    sealings: tuple[Sealing, ...]


@topic("clue.disposition_proposed.v1")
@dataclass(frozen=True, kw_only=True)
class DispositionProposed(ActedEvent):
    """After collective study the handler proposes one of the four dispositions (B-21).

    ``disposition``: talk_inquiry, preliminary_verification, held or no_action. ``minutes``: number of the minutes
    of the study.
    """

    disposition: str
    minutes: str
    sealing: Sealing | None = None


@topic("clue.disposition_returned.v1")
@dataclass(frozen=True, kw_only=True)
class DispositionReturned(ActedEvent):
    """The approver sends the proposal back."""

    reason: str
    sealing: Sealing | None = None


@topic("clue.disposition_approved.v1")
@dataclass(frozen=True, kw_only=True)
class DispositionApproved(ActedEvent):
    """The approver agrees; handling by that disposition begins."""

    disposition: str


@topic("clue.reported_to_party_committee.v1")
@dataclass(frozen=True, kw_only=True)
class ReportedToPartyCommittee(ActedEvent):
    """One of the two reports of D-01 was made. ``document``: number of the letter."""

    document: str


@topic("clue.reported_to_superior_commission.v1")
@dataclass(frozen=True, kw_only=True)
class ReportedToSuperiorCommission(ActedEvent):
    """The other of the two reports of D-01 was made. ``document``: number of the letter."""

    document: str


@topic("clue.concluded.v1")
@dataclass(frozen=True, kw_only=True)
class ClueConcluded(ActedEvent):
    """Handling ended with a result (see ``report.closed.v1`` for the codes)."""

    result: str
    sealing: Sealing | None = None


@topic("clue.withdrawn.v1")
@dataclass(frozen=True, kw_only=True)
class ClueWithdrawn(ActedEvent):
    """The report that it came from was returned to the petition office (退回, A-17); nothing more happens here."""

    reason: str


@topic("clue.reactivated.v1")
@dataclass(frozen=True, kw_only=True)
class ClueReactivated(ActedEvent):
    """A held or concluded clue is taken up again. ``reason``: new_evidence, review_due or objection."""

    reason: str


@topic("clue.handlers_replaced.v1")
@dataclass(frozen=True, kw_only=True)
class HandlersReplaced(ActedEvent):
    """Others of the same department handle the clue from now on.

    ``handlers``: all of them, the first leads; none where it is concluded and nobody is left to tell the reporter.
    ``reason``: excluded, departed, moved or reassigned.
    """

    handlers: tuple[str, ...]
    reason: str


@topic("clue.distribution_withdrawn.v1")
@dataclass(frozen=True, kw_only=True)
class DistributionWithdrawn(ActedEvent):
    """Nobody of the department is left who may handle the clue: it awaits a new distribution. ``reason``: as above."""

    reason: str
