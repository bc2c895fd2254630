"""The opening (启封): one request, one decision, M contributions, the gate, and once a look (SoD-4, SoD-5, SoD-7).

What the bytes of a contribution are is for :mod:`supervision.sealing.contribution`; here is who may do what, when.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from events.model import ActedEvent, Event, Sealing
from events.vocabulary import opening as facts
from supervision.domain import separation
from supervision.domain.aggregate import Aggregate, Stamp, applies
from supervision.domain.clue import Clue
from supervision.domain.codes import NamedStatus, ReportState, Role
from supervision.domain.opening_rules import DAYS, Asked, check_asked, document_of, has_gate, shares_of
from supervision.domain.refusal import Refused, refuse
from supervision.domain.report import Report
from supervision.domain.rights import (
    ClosingReason,
    DeclineReason,
    OpeningPurpose,
    OpeningRefusal,
    OpeningState,
)

S = OpeningState


@dataclass(frozen=True, kw_only=True)
class Shares:
    """The event that holds the shares: its stream, version and sealing."""

    stream_id: UUID
    version: int
    sealing: Sealing


@dataclass(frozen=True, kw_only=True)
class InCase:
    """Who is bound up with a report, as it stands now. ``handling``: registered, screened, distributed, handles it."""

    handling: frozenset[str]
    excluded: frozenset[str]
    sealed: bool

    @classmethod
    def of(cls, report: Report, clue: Clue | None) -> InCase:
        people = {report.registrar, report.screener}
        if clue is not None:
            people |= {clue.distributor, clue.disposition_proposer, *clue.handlers}
        return cls(
            handling=frozenset(people - {""}),
            excluded=frozenset(report.excluded),
            sealed=report.state is ReportState.SEALED,
        )


class Opening(Aggregate):
    """One opening. Raises :class:`Refused` when state or separation of duties forbids a command.

    ``contributions``: key id (hex) of a custodian to what he gave, as far as it was not rejected.
    """

    def __init__(self, stream_id: UUID) -> None:
        super().__init__(stream_id)
        self.state = S.REQUESTED
        self.request_event: facts.OpeningRequested | None = None
        self.approver = ""
        self.approved_version = 0
        self.contributions: dict[str, facts.ShareContributed] = {}
        self.declined: dict[str, str] = {}
        self.release: facts.GateReleased | None = None
        self.end_event: facts.OpeningRefused | facts.CompartmentsOpened | facts.OpeningClosed | None = None

    @classmethod
    def begins_with(cls) -> tuple[type[Event], ...]:
        return (facts.OpeningRequested,)

    @property
    def asked(self) -> facts.OpeningRequested:
        """The request. There is none before the first event."""
        if self.request_event is None:
            raise ValueError(f"opening {self.id} was not requested yet")
        return self.request_event

    @property
    def requester(self) -> str:
        return self.asked.actor

    @property
    def report(self) -> UUID:
        return UUID(self.asked.report)

    @property
    def purpose(self) -> OpeningPurpose:
        return OpeningPurpose(self.asked.purpose)

    @property
    def enough(self) -> bool:
        """Whether M custodians have contributed."""
        return len(self.contributions) >= self.asked.m

    @property
    def ready(self) -> bool:
        """Whether it can be opened, as far as anybody knows without the ephemeral key."""
        return self.state is S.APPROVED and self.enough and (self.release is not None or not self.asked.gate)

    def expired(self, day: str) -> bool:
        """Whether its time is over on ``day`` (ISO date)."""
        return day > self.asked.expires_on

    # -- asking and agreeing ----------------------------------------------------------------------------------

    @classmethod
    def request(
        cls,
        stream_id: UUID,
        stamp: Stamp,
        report: Report,
        asked: Asked,
        roles: Collection[Role],
        shares: Shares,
        ephemeral_key: str,
    ) -> Opening:
        """Ask. ``roles``: of the requester; ``ephemeral_key``: Base64 public key, made for this opening alone."""
        report.refuse_excluded(stamp.actor)
        if report.state is ReportState.SEALED:
            raise Refused("sealed", "本件已转为径送件，内容已改封给上级，本级不能启封。")
        if not report.number:
            raise Refused("A-10", "启封前须先登记编号；请先办理编号。")
        anonymous = report.named_status is NamedStatus.ANONYMOUS
        check_asked(asked, roles, shares.sealing, anonymous=anonymous)
        keys = shares_of(shares.sealing, asked.compartments)
        opening = cls(stream_id)
        opening.record(
            facts.OpeningRequested,
            stamp,
            report=str(report.id),
            sealed_stream=str(shares.stream_id),
            sealed_version=shares.version,
            compartments=asked.compartments,
            purpose=asked.purpose.value,
            number=document_of(asked),
            ephemeral_key=ephemeral_key,
            m=keys[0].m,
            gate=has_gate(keys),
            expires_on=(_day(stamp) + timedelta(days=DAYS - 1)).isoformat(),
        )
        return opening

    def approve(self, stamp: Stamp, case: InCase, request: str) -> None:
        """Agree to exactly the request with the statement hash ``request`` (SoD-4)."""
        self._decidable(stamp, case, "审批")
        self._record(facts.OpeningApproved, stamp, request=request)

    def refuse(self, stamp: Stamp, case: InCase, request: str, reason: OpeningRefusal) -> None:
        """Do not agree."""
        self._decidable(stamp, case, "审批")
        self._record(facts.OpeningRefused, stamp, request=request, reason=reason.value)

    # -- custodians and gate ----------------------------------------------------------------------------------

    def contribute(self, stamp: Stamp, case: InCase, *, approval: str, custodian_key: str, sealing: Sealing) -> None:
        """A custodian gives his shares. The caller has checked that key and wraps are this custodian's."""
        self._contributing(stamp, case, custodian_key)
        self._record(facts.ShareContributed, stamp, approval=approval, custodian_key=custodian_key, sealing=sealing)

    def decline(self, stamp: Stamp, case: InCase, *, approval: str, custodian_key: str, reason: DeclineReason) -> None:
        """A custodian does not give his shares; he may still do so later."""
        self._contributing(stamp, case, custodian_key)
        if self.declined.get(stamp.actor) == reason.value:
            raise Refused("declined", "您已登记不提交份额，无需重复登记。")
        self._record(facts.ContributionDeclined, stamp, approval=approval, reason=reason.value)

    def release_gate(self, stamp: Stamp, *, approval: str, release: str, sealing: Sealing) -> None:
        """The superior's gate gave its half."""
        self._at(stamp, "登记闸门放行", S.APPROVED)
        if not self.asked.gate:
            raise Refused("no_gate", "本件不设上级闸门，无需放行。")
        if not self.enough:
            raise Refused(
                "shares", f"闸门放行前须有 {self.asked.m} 名保管人提交份额，现有 {len(self.contributions)} 名。"
            )
        if self.release is not None:
            raise Refused("released", "上级闸门已放行，无需重复登记。")
        self._record(facts.GateReleased, stamp, approval=approval, release=release, sealing=sealing)

    def reject_share(self, stamp: Stamp, key: str) -> tuple[str, ...]:
        """What the holder of ``key`` gave is bad; returns the hashes (hex) of the wraps to destroy with the event."""
        given = self.contributions.get(key)
        destroyed = _wraps_of(given or self.release)
        custodian = given.actor if given else ""
        self._record(facts.ShareRejected, stamp, custodian=custodian, custodian_key=key, destroyed=destroyed)
        return destroyed

    # -- the end ----------------------------------------------------------------------------------------------

    def check_opener(self, stamp: Stamp, case: InCase) -> None:
        """Raises :class:`Refused` unless this is the requester's turn to open it."""
        if stamp.actor != self.requester:
            raise Refused("not_requester", "启封结果只向申请人本人显示一次；请由申请人打开。")
        if self.state is S.OPENED:
            raise Refused("opened", "本次启封已经打开过一次；确有需要的，请重新申请。")
        self._standing(stamp, case)
        self._at(stamp, "打开", S.APPROVED)
        if not self.enough:
            raise Refused(
                "shares", f"需要 {self.asked.m} 名保管人的份额，现有 {len(self.contributions)} 名；请等其余保管人提交。"
            )
        if self.asked.gate and self.release is None:
            raise Refused("gate", "上级闸门尚未放行；请先向上级提交启封材料。")

    def open(self, stamp: Stamp, case: InCase, approval: str) -> tuple[str, ...]:
        """It is opened, this once; returns the hashes (hex) of the contributions to destroy with the event."""
        self.check_opener(stamp, case)
        destroyed = self.kept_wraps
        self._record(facts.CompartmentsOpened, stamp, approval=approval, destroyed=destroyed)
        return destroyed

    def close(self, stamp: Stamp) -> tuple[str, ...]:
        """End it without opening: the requester, the approver, or anybody once its time is over."""
        if self.state not in {S.REQUESTED, S.APPROVED}:
            raise Refused("state", f"本次启封当前为“{self.state.label}”，不能终止；请刷新页面。")
        if self.expired(stamp.occurred_at[:10]):
            reason = ClosingReason.EXPIRED
        elif stamp.actor == self.requester:
            reason = ClosingReason.WITHDRAWN
        elif stamp.actor == self.approver:
            reason = ClosingReason.REVOKED
        else:
            raise Refused("not_yours", "未到期的启封只能由申请人撤回，或者由批准人撤销。")
        destroyed = self.kept_wraps
        self._record(facts.OpeningClosed, stamp, reason=reason.value, destroyed=destroyed)
        return destroyed

    def delay_notice(self, stamp: Stamp, *, number: str, until: date) -> None:
        """By an order of law the reporter is told later; recorded by who approved the opening."""
        if stamp.actor != self.approver or self.state not in {S.APPROVED, S.OPENED}:
            raise Refused("not_approver", "延后告知由批准本次启封的负责人登记；请由其办理。")
        if not number.strip():
            raise Refused("number", "延后告知须有法律文书；请填写文号。")
        if until <= _day(stamp):
            raise Refused("until", "延后告知的截止日期须在今天之后；请核对。")
        self._record(facts.NoticeDelayed, stamp, number=number.strip(), until=until.isoformat())

    @property
    def kept_wraps(self) -> tuple[str, ...]:
        """Hashes (hex) of the contributions that lie in custody now."""
        return tuple(sha256 for given in (*self.contributions.values(), self.release) for sha256 in _wraps_of(given))

    # -- guards -----------------------------------------------------------------------------------------------

    def _decidable(self, stamp: Stamp, case: InCase, action: str) -> None:
        self._standing(stamp, case)
        self._at(stamp, action, S.REQUESTED)
        refuse(separation.against_approving_opening(stamp.actor, requester=self.requester, handling=case.handling))

    def _contributing(self, stamp: Stamp, case: InCase, custodian_key: str) -> None:
        self._standing(stamp, case)
        self._at(stamp, "提交份额", S.APPROVED)
        refuse(
            separation.against_contributing(
                stamp.actor, requester=self.requester, approver=self.approver, handling=case.handling
            )
        )
        if custodian_key in self.contributions:
            raise Refused("contributed", "您已提交过份额，无需重复提交。")

    def _standing(self, stamp: Stamp, case: InCase) -> None:
        refuse(separation.against_seeing(stamp.actor, excluded=case.excluded))
        refuse(separation.against_seeing(self.requester, excluded=case.excluded))
        if case.sealed:
            raise Refused("sealed", "本件已转为径送件，本级不能启封。")

    def _at(self, stamp: Stamp, action: str, *states: OpeningState) -> None:
        if self.state not in states:
            raise Refused("state", f"本次启封当前为“{self.state.label}”，不能{action}；请刷新页面。")
        if self.expired(stamp.occurred_at[:10]):
            raise Refused("expired", f"本次启封已于 {self.asked.expires_on} 到期；请重新申请。")

    def _record(self, event_class: type[ActedEvent], stamp: Stamp, **fields: object) -> None:
        self.record(event_class, stamp, report=self.asked.report, **fields)

    # -- applying ---------------------------------------------------------------------------------------------

    @applies(facts.OpeningRequested)
    def _requested(self, event: facts.OpeningRequested) -> None:
        self.request_event = event

    @applies(facts.OpeningApproved)
    def _approved(self, event: facts.OpeningApproved) -> None:
        self.approver = event.actor
        self.approved_version = event.originator_version
        self.state = S.APPROVED

    @applies(facts.OpeningRefused)
    def _refused(self, event: facts.OpeningRefused) -> None:
        self.approver = event.actor
        self._end(S.REFUSED, event)

    @applies(facts.ShareContributed)
    def _contributed(self, event: facts.ShareContributed) -> None:
        self.contributions[event.custodian_key] = event
        self.declined.pop(event.actor, None)

    @applies(facts.ContributionDeclined)
    def _declined(self, event: facts.ContributionDeclined) -> None:
        self.declined[event.actor] = event.reason

    @applies(facts.ShareRejected)
    def _share_rejected(self, event: facts.ShareRejected) -> None:
        if self.contributions.pop(event.custodian_key, None) is None:
            self.release = None

    @applies(facts.GateReleased)
    def _released(self, event: facts.GateReleased) -> None:
        self.release = event

    @applies(facts.CompartmentsOpened)
    def _opened(self, event: facts.CompartmentsOpened) -> None:
        self._end(S.OPENED, event)

    @applies(facts.OpeningClosed)
    def _closed(self, event: facts.OpeningClosed) -> None:
        self._end(S.CLOSED, event)

    def _end(
        self, state: OpeningState, event: facts.OpeningRefused | facts.CompartmentsOpened | facts.OpeningClosed
    ) -> None:
        self.contributions.clear()
        self.release = None
        self.state, self.end_event = state, event

    @applies(facts.NoticeDelayed)
    def _notice_delayed(self, event: facts.NoticeDelayed) -> None:
        """Only what the reporter is shown depends on it (:func:`openings_shown_to_reporter`)."""


def openings_shown_to_reporter(events: Iterable[Event], today: date) -> list[tuple[str, str]]:
    """Day (ISO date) and purpose, in words, of what was opened and is no longer held back by an order of law.

    ``events``: of all openings of his report.
    """
    asked: dict[UUID, facts.OpeningRequested] = {}
    opened: dict[UUID, str] = {}
    until: dict[UUID, str] = {}
    for event in events:
        match event:
            case facts.OpeningRequested():
                asked[event.originator_id] = event
            case facts.CompartmentsOpened():
                opened[event.originator_id] = event.occurred_at[:10]
            case facts.NoticeDelayed():
                until[event.originator_id] = event.until
    return sorted(
        (day, OpeningPurpose(asked[opening].purpose).label)
        for opening, day in opened.items()
        if until.get(opening, "") <= today.isoformat()
    )


def _wraps_of(event: facts.ShareContributed | facts.GateReleased | None) -> tuple[str, ...]:
    keys = event.sealing.keys if event is not None else ()
    return tuple(wrap.sha256 for ref in keys for wrap in ref.wraps)


def _day(stamp: Stamp) -> date:
    return date.fromisoformat(stamp.occurred_at[:10])
