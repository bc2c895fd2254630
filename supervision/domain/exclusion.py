"""Who of an office's own staff must have no part in a report that names him (回避, A-48, SoD-7), and who is then left.

The reporter need not know a name: a duty will do. Where neither a name nor a duty tells whom to keep away, or where too
few would be left to handle the report, it is the superior's: one wrongly sent up can be sent down again, one wrongly
opened cannot be closed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from supervision.domain.codes import Code, Role
from supervision.domain.people import Respondent, plain


class Duty(Code):
    """What somebody of this office does, in words that a visitor knows."""

    RECEPTION = "reception", "接待来访、接听电话、处理来信"
    HANDLING = "handling", "监督检查、查办案件"
    KEEPING = "keeping", "保管举报人身份信息、联系举报人"
    LEADING = "leading", "领导班子成员"
    SYSTEMS = "systems", "管理计算机系统"
    ELSEWHERE = "elsewhere", "其他工作，不接触举报"
    UNKNOWN = "unknown", "不清楚"


ROLES: Mapping[Duty, frozenset[Role]] = {
    Duty.RECEPTION: frozenset(
        {
            Role.HOTLINE_OPERATOR,
            Role.INTAKE_CLERK,
            Role.PETITION_HEAD,
            Role.PERSONNEL_CLERK,
            Role.RECEPTION_LEADER,
        }
    ),
    Duty.HANDLING: frozenset(
        {
            Role.CLUE_SUPERVISOR,
            Role.INSPECTOR,
            Role.CASE_REVIEWER,
            Role.APPEAL_REVIEWER,
            Role.INTERNAL_SUPERVISOR,
        }
    ),
    Duty.KEEPING: frozenset({Role.IDENTITY_CUSTODIAN, Role.RELAY_OFFICER}),
    Duty.LEADING: frozenset({Role.DEPUTY_IN_CHARGE, Role.PRINCIPAL, Role.PARTY_PRINCIPAL}),
    Duty.SYSTEMS: frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.SECURITY_AUDITOR}),
    Duty.ELSEWHERE: frozenset(),
}
"""The roles behind each duty; behind :attr:`Duty.UNKNOWN` may be any."""


@dataclass(frozen=True, kw_only=True)
class Member:
    """Somebody who works on this platform. ``holds``: offices whose key he has or, belonging to them, may get."""

    officer: str
    name: str
    roles: frozenset[Role]
    holds: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Needed:
    """Whom a report cannot do without. ``offices``: each must be free of those named; of ``departments`` one.

    ``custodians``, ``relays``: officer ids with a share of the report's keys, of whom ``m`` and ``relay_m`` are needed.
    """

    offices: frozenset[str]
    departments: frozenset[str]
    custodians: tuple[str, ...]
    m: int
    relays: tuple[str, ...]
    relay_m: int


@dataclass(frozen=True)
class Excluded:
    """Ids of the officers who are kept away, and whether nobody can say that these are all."""

    officers: frozenset[str] = frozenset()
    uncertain: bool = False


NOBODY = Excluded()


def excluded(reported: Iterable[Respondent], duties: Collection[Duty], staff: Sequence[Member]) -> Excluded:
    """Those to be kept away. ``reported``: the persons who are, or may be, of this office's staff."""
    officers: set[str] = set()
    strangers = False
    for person in reported:
        named = {one.officer for one in staff if plain(person.name) and plain(one.name) == plain(person.name)}
        officers |= named
        strangers = strangers or not named
    if not strangers:
        return Excluded(frozenset(officers))
    if not duties or Duty.UNKNOWN in duties:
        return Excluded(frozenset(officers), uncertain=True)
    roles = {role for duty in duties for role in ROLES[duty]}
    return Excluded(frozenset(officers | {one.officer for one in staff if one.roles & roles}))


def goes_up(kept_away: Excluded, staff: Sequence[Member], needed: Needed) -> bool:
    """Whether the report is the superior's, because those who are left could not, or must not, handle it."""
    if kept_away.uncertain:
        return True
    away = [one for one in staff if one.officer in kept_away.officers]
    barred = frozenset().union(*(one.holds for one in away))
    return (
        any(Role.PRINCIPAL in one.roles for one in away)
        or bool(barred & needed.offices)
        or bool(needed.departments and needed.departments <= barred)
        or len(set(needed.custodians) - kept_away.officers) < needed.m
        or len(set(needed.relays) - kept_away.officers) < needed.relay_m
    )
