"""One use of the contact compartment (联络): a request, shares of relay officers, one look, what came of it.

Who asks never sees the number; who sees it knows neither name nor content. What the bytes of a share are is for
:mod:`supervision.sealing.contribution`; here is who may do what, when.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, timedelta
from uuid import UUID

from events.model import ActedEvent, Event, Sealing
from events.vocabulary import contact as facts
from supervision.domain import separation
from supervision.domain.aggregate import Aggregate, Stamp, applies
from supervision.domain.codes import Role
from supervision.domain.contact_codes import (
    ContactClosing,
    ContactOutcome,
    ContactPurpose,
    ContactState,
    ContactWay,
)
from supervision.domain.contact_rules import DAYS, check_contact, contact_key
from supervision.domain.opening import InCase, Shares
from supervision.domain.refusal import Refused, refuse
from supervision.domain.report import Report

S = ContactState


class ContactUse(Aggregate):
    """Raises :class:`Refused` when state or separation of duties forbids a command.

    ``contributions``: key id (hex) of a relay officer to what he gave. ``user``: who looked, "" before.
    ``closed_for``: a code of ``ContactClosing``, "" unless it is closed.
    """

    def __init__(self, stream_id: UUID) -> None:
        super().__init__(stream_id)
        self.state = S.REQUESTED
        self.request_event: facts.ContactRequested | None = None
        self.contributions: dict[str, facts.ContactContributed] = {}
        self.user = ""
        self.used_on = ""
        self.closed_for = ""
        self.conclusion: facts.ContactConcluded | None = None

    @classmethod
    def begins_with(cls) -> tuple[type[Event], ...]:
        return (facts.ContactRequested,)

    @property
    def asked(self) -> facts.ContactRequested:
        """The request. There is none before the first event."""
        if self.request_event is None:
            raise ValueError(f"contact {self.id} was not requested yet")
        return self.request_event

    @property
    def requester(self) -> str:
        return self.asked.actor

    @property
    def report(self) -> UUID:
        return UUID(self.asked.report)

    @property
    def purpose(self) -> ContactPurpose:
        return ContactPurpose(self.asked.purpose)

    @property
    def outcome(self) -> ContactOutcome | None:
        """What came of it, None before the relay officer has said so."""
        return ContactOutcome(self.conclusion.outcome) if self.conclusion else None

    @property
    def enough(self) -> bool:
        """Whether one more relay officer, with his own share, can use it."""
        return len(self.contributions) + 1 >= self.asked.m

    def expired(self, day: str) -> bool:
        """Whether its time is over on ``day`` (ISO date)."""
        return day > self.asked.expires_on

    @classmethod
    def request(
        cls,
        stream_id: UUID,
        stamp: Stamp,
        report: Report,
        purpose: ContactPurpose,
        roles: Collection[Role],
        shares: Shares,
        *,
        wanted: bool,
    ) -> ContactUse:
        """Ask. ``roles``: of the requester on this report; ``wanted``: whether the reporter wants feedback."""
        report.refuse_excluded(stamp.actor)
        check_contact(purpose, roles, report, wanted=wanted)
        key = contact_key(shares.sealing)
        use = cls(stream_id)
        use.record(
            facts.ContactRequested,
            stamp,
            report=str(report.id),
            sealed_stream=str(shares.stream_id),
            sealed_version=shares.version,
            purpose=purpose.value,
            m=key.m,
            expires_on=(_day(stamp) + timedelta(days=DAYS - 1)).isoformat(),
        )
        return use

    # -- relay officers ------------------------------------------------------------------------------------------

    def against(self, relay: str, case: InCase) -> Refused | None:
        """What stands against this relay officer having a part in it, whatever its state."""
        found = separation.against_seeing(relay, excluded=case.excluded)
        if found is None and relay in {self.requester, *case.handling}:
            found = Refused("relay_in_case", "申请联络或者参与本件办理的人员不能担任本件的联络员；请由其他联络员办理。")
        return found

    def check_contributing(self, stamp: Stamp, case: InCase) -> None:
        """Raises :class:`Refused` unless this relay officer can give his share now."""
        self._relaying(stamp, case, "提供份额")
        if any(event.actor == stamp.actor for event in self.contributions.values()):
            raise Refused("contributed", "您已提供过份额；请由另一名联络员查看并联系。")
        if self.enough:
            raise Refused("enough", "份额已够，请直接查看一次并联系。")

    def contribute(self, stamp: Stamp, case: InCase, *, request: str, relay_key: str, sealing: Sealing) -> None:
        """A relay officer gives his share. The caller has checked that key and wraps are his."""
        self.check_contributing(stamp, case)
        self._record(facts.ContactContributed, stamp, request=request, relay_key=relay_key, sealing=sealing)

    def check_using(self, stamp: Stamp, case: InCase) -> None:
        """Raises :class:`Refused` unless this relay officer can look now; the look takes two persons."""
        self._relaying(stamp, case, "查看联系方式")
        if any(event.actor == stamp.actor for event in self.contributions.values()):
            raise Refused("two_relays", "联系方式须由两名联络员共同使用：您已提供份额，须由另一名联络员查看并联系。")
        if not self.enough:
            raise Refused("shares", f"需要 {self.asked.m} 名联络员，请先由另一名联络员提供份额。")

    def use(self, stamp: Stamp, case: InCase, request: str) -> tuple[str, ...]:
        """He looks, this once; returns the hashes (hex) of the contributions to destroy with the event."""
        self.check_using(stamp, case)
        destroyed = self.kept_wraps
        self._record(facts.ContactUsed, stamp, request=request, destroyed=destroyed)
        return destroyed

    def conclude(self, stamp: Stamp, *, outcome: ContactOutcome, way: ContactWay, on: date) -> None:
        """Who looked says what came of it."""
        if self.state is S.CONCLUDED:
            raise Refused("concluded", "联络结果已经登记，无需重复登记。")
        if self.state is not S.USED:
            raise Refused("state", f"本次联络当前为“{self.state.label}”，不能登记结果；请刷新页面。")
        if stamp.actor != self.user:
            raise Refused("not_user", "联络结果由查看联系方式的联络员本人登记。")
        if not self.used_on <= on.isoformat() <= stamp.occurred_at[:10]:
            raise Refused("on", f"联络日期应在查看之日（{self.used_on}）到今天之间；请核对。")
        self._record(facts.ContactConcluded, stamp, outcome=outcome.value, way=way.value, on=on.isoformat())

    # -- the end without a look ----------------------------------------------------------------------------------

    def close(self, stamp: Stamp) -> tuple[str, ...]:
        """Withdraw it (requester), or clear it away once its time is over; returns what to destroy."""
        if self.state is not S.REQUESTED:
            raise Refused("state", f"本次联络当前为“{self.state.label}”，不能终止；请刷新页面。")
        if self.expired(stamp.occurred_at[:10]):
            return self._close(stamp, ContactClosing.EXPIRED)
        if stamp.actor != self.requester:
            raise Refused("not_yours", "未到期的联络申请只能由申请人撤回。")
        return self._close(stamp, ContactClosing.WITHDRAWN)

    def reject(self, stamp: Stamp, key: str) -> tuple[str, ...]:
        """What the holder of ``key`` gave is bad: his name is kept, the request is over; returns what to destroy."""
        return self._close(stamp, ContactClosing.BAD_SHARE, self.contributions[key].actor)

    def _close(self, stamp: Stamp, reason: ContactClosing, relay: str = "") -> tuple[str, ...]:
        destroyed = self.kept_wraps
        self._record(facts.ContactClosed, stamp, reason=reason.value, relay=relay, destroyed=destroyed)
        return destroyed

    @property
    def kept_wraps(self) -> tuple[str, ...]:
        """Hashes (hex) of the contributions that lie in custody now."""
        return tuple(
            wrap.sha256 for event in self.contributions.values() for ref in event.sealing.keys for wrap in ref.wraps
        )

    def _relaying(self, stamp: Stamp, case: InCase, action: str) -> None:
        refuse(self.against(stamp.actor, case))
        if case.sealed:
            raise Refused("sealed", "本件已转为径送件，由上级与举报人联系，本级不能使用联系方式。")
        if self.state is not S.REQUESTED:
            raise Refused("state", f"本次联络当前为“{self.state.label}”，不能{action}；需要再次联系的，请重新申请。")
        if self.expired(stamp.occurred_at[:10]):
            raise Refused("expired", f"本次联络申请已于 {self.asked.expires_on} 到期；请重新申请。")

    def _record(self, event_class: type[ActedEvent], stamp: Stamp, **fields: object) -> None:
        self.record(event_class, stamp, report=self.asked.report, **fields)

    # -- applying ------------------------------------------------------------------------------------------------

    @applies(facts.ContactRequested)
    def _requested(self, event: facts.ContactRequested) -> None:
        self.request_event = event

    @applies(facts.ContactContributed)
    def _contributed(self, event: facts.ContactContributed) -> None:
        self.contributions[event.relay_key] = event

    @applies(facts.ContactUsed)
    def _used(self, event: facts.ContactUsed) -> None:
        self.user, self.used_on = event.actor, event.occurred_at[:10]
        self.contributions.clear()
        self.state = S.USED

    @applies(facts.ContactConcluded)
    def _concluded(self, event: facts.ContactConcluded) -> None:
        self.conclusion = event
        self.state = S.CONCLUDED

    @applies(facts.ContactClosed)
    def _closed(self, event: facts.ContactClosed) -> None:
        self.contributions.clear()
        self.closed_for = event.reason
        self.state = S.CLOSED


def notice_given(uses: Iterable[ContactUse], purpose: ContactPurpose) -> None:
    """Raises :class:`Refused` unless relay officers have reached the reporter himself for ``purpose``."""
    if not any(use.purpose is purpose and use.outcome is ContactOutcome.REACHED for use in uses):
        raise Refused(
            "no_contact_made",
            f"没有以“{purpose.label}”为由联系到本人的记录，不能登记为由联络员办理；请先申请联络，或者选择其他方式。",
        )


def contacts_shown_to_reporter(uses: Iterable[ContactUse]) -> list[tuple[str, str]]:
    """Day (ISO date) and purpose, in words, of each look at his number or address."""
    return sorted((use.used_on, use.purpose.label) for use in uses if use.user)


def _day(stamp: Stamp) -> date:
    return date.fromisoformat(stamp.occurred_at[:10])
