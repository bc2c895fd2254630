"""For what a reporter may be contacted, who may ask for it, and at which stage (A-13, A-24, A-26, A-27, A-29).

The rule books say when a reporter has to be told; that two relay officers do it, and which duty may ask them, is the
county's own table (✎). An anonymous report may have a telephone number that its reporter gave to be reached by: it
serves to ask him for more or to tell him the way to go, never to find out who he is, and he gets no notice that only
named reporters get. A number that the telephone network delivered is no contact; it is sealed as source.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from events.model import DataKeyRef, Event, Sealing
from events.vocabulary import report as facts
from supervision.domain.codes import NamedStatus, ReportState, Role
from supervision.domain.contact_codes import ContactPurpose
from supervision.domain.refusal import Refused
from supervision.domain.report import Report

CONTACT = "contact"
PHONE = "phone"
ADDRESS = "address"
PREFERENCE = "preference"

RELAYS = frozenset({Role.RELAY_OFFICER})
PETITION = frozenset({Role.INTAKE_CLERK, Role.PERSONNEL_CLERK, Role.PETITION_HEAD})
HANDLERS = frozenset({Role.INSPECTOR})
REQUESTERS = PETITION | HANDLERS

DAYS = 15
"""How long a request can be used, its own day included (✎)."""

S, _P, _N = ReportState, ContactPurpose, NamedStatus

_ANYBODY = frozenset(NamedStatus)
_NAMED = _ANYBODY - {_N.ANONYMOUS}
_IN_HAND = frozenset(ReportState) - {S.RECEIVED, S.ARCHIVED, S.SEALED, S.DUPLICATE_RETAINED}


@dataclass(frozen=True)
class Allowed:
    """By whom, at which stages of the report and for whose reports a purpose may be asked for."""

    roles: frozenset[Role]
    states: frozenset[ReportState]
    named: frozenset[NamedStatus]


#: Clerks and heads ask for reports of their office, inspectors for those that they handle. A retained duplicate is not
#: told again (A-26).
PURPOSES: Mapping[ContactPurpose, Allowed] = {
    _P.VERIFICATION: Allowed(PETITION, frozenset({S.REGISTERED, S.SCREENED}), frozenset({_N.PENDING})),
    _P.ACCEPTANCE: Allowed(PETITION, frozenset({S.ACCEPTED, S.TRANSFERRED}), _NAMED),
    _P.ROUTING: Allowed(
        PETITION,
        frozenset(
            {
                S.NOT_ACCEPTED,
                S.REFERRED_OUT,
                S.FORWARDED_DOWN,
                S.ASSIGNED_DOWN,
                S.APPEAL_ROUTED,
                S.SUGGESTION_ROUTED,
            }
        ),
        _ANYBODY,
    ),
    _P.RESULT: Allowed(REQUESTERS, frozenset({S.CLOSED}), _NAMED),
    _P.EXPLANATION: Allowed(REQUESTERS, frozenset({S.OBJECTION}), _NAMED),
    _P.SUPPLEMENT: Allowed(REQUESTERS, _IN_HAND, _ANYBODY),
}

#: The decisions that a notice tells of: it counts only when it was asked for after the last of them.
TOLD_AFTER: Mapping[ContactPurpose, tuple[type[Event], ...]] = {
    _P.ACCEPTANCE: (facts.ReportAccepted,),
    _P.ROUTING: (
        facts.ReportNotAccepted,
        facts.ReportReferredOut,
        facts.ReportForwardedDown,
        facts.ReportAssignedDown,
        facts.AppealRouted,
        facts.SuggestionRouted,
    ),
    _P.RESULT: (facts.ReportClosed,),
    _P.EXPLANATION: (facts.ObjectionRecorded,),
}


def offered(roles: Collection[Role], report: Report, *, wanted: bool) -> list[ContactPurpose]:
    """What somebody with ``roles`` on the report may ask for now. ``wanted``: whether the reporter wants feedback."""
    return [
        purpose
        for purpose, allowed in PURPOSES.items()
        if allowed.roles.intersection(roles)
        and report.state in allowed.states
        and report.named_status in allowed.named
        and (wanted or purpose is not _P.RESULT)
    ]


def check_contact(purpose: ContactPurpose, roles: Collection[Role], report: Report, *, wanted: bool) -> None:
    """Whether somebody with ``roles`` on the report may ask for it. Raises :class:`Refused`."""
    allowed = PURPOSES[purpose]
    if not allowed.roles.intersection(roles):
        names = "、".join(role.label for role in sorted(allowed.roles))
        raise Refused("role", f"以“{purpose.label}”为由的联络由本件的{names}申请；请由其提出。")
    if report.state is S.SEALED:
        raise Refused("sealed", "本件已转为径送件，由上级与举报人联系，本级不能使用联系方式。")
    if report.state not in allowed.states:
        raise Refused("state", f"本件当前为“{report.state.label}”，不能以“{purpose.label}”为由联系；请改选事由。")
    if report.named_status not in allowed.named:
        if report.named_status is _N.ANONYMOUS:
            raise Refused("A-29", f"本件按匿名办理，不进行“{purpose.label}”；不得借联系核查举报人身份。")
        raise Refused("verified", "本件的实名情况已经核实，无需再核实是否本人反映。")
    if purpose is _P.RESULT and not wanted:
        raise Refused("not_wanted", "举报人表示不要求反馈，不能为反馈与其联系；请按“举报人不要求反馈”登记。")


def contact_key(sealing: Sealing) -> DataKeyRef:
    """The key of number and address. Raises :class:`Refused` where the reporter left neither."""
    keys = [ref for ref in sealing.keys if ref.compartment == CONTACT and ref.m]
    if not keys or not has_contact(sealing):
        raise Refused(
            "no_contact",
            "举报人没有留下电话或者通信地址，不能联系；可以在查询页留言，须告知而未能告知的，登记原因为“没有联系方式”。",
        )
    return keys[0]


def has_contact(sealing: Sealing) -> bool:
    """Whether the reporter left a number or an address."""
    return any(item.compartment == CONTACT and item.field in (PHONE, ADDRESS) for item in sealing.items)
