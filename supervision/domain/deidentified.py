"""The de-identified version of a report, and who may see the original behind it (A-47, E-04, E-07).

A version is first written before the report leaves the petition office: afterwards the department has the key of the
original, and nothing could take back what it may have read. Later versions take the place of earlier ones.

The original takes two: a handler asks and says what for, the head of the petition office agrees, for some days.
"""

from __future__ import annotations

from uuid import UUID

from events.model import Sealing
from events.vocabulary import deidentified as facts
from events.vocabulary import report as report_facts
from supervision.domain import separation
from supervision.domain.aggregate import Stamp, applies
from supervision.domain.codes import ReportState
from supervision.domain.refusal import Refused, refuse
from supervision.domain.retention import RetainedReport
from supervision.domain.rights import OriginalPurpose

S = ReportState

#: Where the petition office still has the report for itself.
BEFORE_TRANSFER = frozenset({S.REGISTERED, S.SCREENED, S.ACCEPTED})
#: Where a department works on it.
WITH_DEPARTMENT = frozenset({S.TRANSFERRED, S.CLOSED, S.FED_BACK, S.OBJECTION})


class DeidentifiedReport(RetainedReport):
    """What a report's stream tells of its de-identified versions, and the decisions about them.

    ``versions``: how many there are. ``original_requests``: officer to the code of his purpose, not decided yet.
    ``original_grants``: officer to the last day (ISO date) on which he may see the original.
    """

    def __init__(self, stream_id: UUID) -> None:
        super().__init__(stream_id)
        self.versions = 0
        self.original_requests: dict[str, str] = {}
        self.original_grants: dict[str, str] = {}

    # -- decisions --------------------------------------------------------------------------------------------

    def deidentify(self, stamp: Stamp, sealing: Sealing, destroyed: tuple[str, ...]) -> None:
        """Put a de-identified version in the place of the original, for all but the petition office."""
        self._not_excluded(stamp)
        if not self.may_deidentify:
            raise Refused(
                "state",
                f"本件当前为“{self.state.label}”，不能制作去标识版；首个去标识版须在登记之后、移送承办部门之前完成。",
            )
        self.record(facts.ReportDeidentified, stamp, sealing=sealing, destroyed=destroyed)

    @property
    def may_deidentify(self) -> bool:
        """Whether a version can be written now: the first before the transfer, a later one as long as there is work."""
        return self.state in BEFORE_TRANSFER or (self.versions > 0 and self.state in WITH_DEPARTMENT)

    def request_original(self, stamp: Stamp, purpose: OriginalPurpose, note: Sealing | None = None) -> None:
        """First of two: whoever handles the report says what he needs the original for."""
        self._not_excluded(stamp)
        if not self.versions:
            raise Refused("no_version", "本件没有去标识版，您看到的就是原文，无需申请。")
        if self.state not in WITH_DEPARTMENT:
            raise Refused("state", f"本件当前为“{self.state.label}”，不在办理之中，不能申请看原文。")
        if stamp.actor in self.original_requests:
            raise Refused("already_requested", "您的申请正在等待信访室负责人决定；请等待结果。")
        if self.sees_original(stamp.actor, stamp.occurred_at[:10]):
            raise Refused("already_granted", "您已获准看原文，仍在有效期内，无需再次申请。")
        self.record(facts.OriginalRequested, stamp, purpose=purpose.value, sealing=note)

    def grant_original(self, stamp: Stamp, officer: str, until: str, sealings: tuple[Sealing, ...]) -> None:
        """Second of two: the head of the petition office agrees. ``until``: ISO date, the last day."""
        self._decide_on(stamp, officer)
        if officer in self.excluded:
            raise Refused("SoD-7", "申请人须回避本件，不能看原文；请不同意这一申请。")
        self.record(facts.OriginalGranted, stamp, officer=officer, until=until, sealings=sealings)

    def refuse_original(self, stamp: Stamp, officer: str, note: Sealing | None = None) -> None:
        """The head of the petition office does not agree."""
        self._decide_on(stamp, officer)
        self.record(facts.OriginalRefused, stamp, officer=officer, sealing=note)

    def sees_original(self, officer: str, day: str) -> bool:
        """Whether ``officer`` may see the original on ``day`` (ISO date)."""
        return officer not in self.excluded and day <= self.original_grants.get(officer, "")

    def _decide_on(self, stamp: Stamp, officer: str) -> None:
        self._not_excluded(stamp)
        if officer not in self.original_requests:
            raise Refused("no_request", "该人员没有待决定的申请；请刷新页面。")
        refuse(separation.against_approving(stamp.actor, proposer=officer))

    # -- what happened ----------------------------------------------------------------------------------------

    @applies(facts.ReportDeidentified)
    def _deidentified(self, event: facts.ReportDeidentified) -> None:
        self.versions += 1
        self.sealings.append(event.sealing)

    @applies(facts.OriginalRequested)
    def _original_requested(self, event: facts.OriginalRequested) -> None:
        self.original_requests[event.actor] = event.purpose
        self._keep(event.sealing)

    @applies(facts.OriginalGranted)
    def _original_granted(self, event: facts.OriginalGranted) -> None:
        self.original_requests.pop(event.officer, None)
        self.original_grants[event.officer] = event.until
        self.sealings.extend(event.sealings)

    @applies(facts.OriginalRefused)
    def _original_refused(self, event: facts.OriginalRefused) -> None:
        self.original_requests.pop(event.officer, None)
        self._keep(event.sealing)

    def _returned(self, event: report_facts.ReportReturned) -> None:
        """Who handled it handles it no more."""
        super()._returned(event)
        self.original_requests.clear()
        self.original_grants.clear()
