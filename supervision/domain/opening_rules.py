"""Who may ask for what the custodians hold, for which purpose, and what that purpose demands (SoD-4, SoD-5, A-29).

The rule books say that an identity takes two custodians and an approver who is not in the case, and that tracing takes
the municipality's approval; which duty may ask for which purpose is the county's own table (✎), and stands here once,
for the console, the custodians and the gate alike.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from events.model import DataKeyRef, Sealing
from supervision.domain.approval_number import approval_number
from supervision.domain.codes import Role
from supervision.domain.refusal import Refused
from supervision.domain.rights import OpeningPurpose

IDENTITY = "identity"
SOURCE = "source"
CALLER = "caller"
"""The field of the source compartment that holds a number which the telephone network delivered."""

APPROVERS = frozenset({Role.DEPUTY_IN_CHARGE, Role.PRINCIPAL})
CUSTODIANS = frozenset({Role.IDENTITY_CUSTODIAN})

DAYS = 15
"""How long a request can be used, its own day included: whoever has not come together by then asks anew (✎)."""

_P = OpeningPurpose
_HEAD, _INSPECTOR = Role.PETITION_HEAD, Role.INSPECTOR
_REVIEWER, _INTERNAL = Role.CASE_REVIEWER, Role.INTERNAL_SUPERVISOR


@dataclass(frozen=True)
class Allowed:
    """Which duties may ask for a purpose, and for which compartments."""

    roles: frozenset[Role]
    compartments: frozenset[str]


def _allowed(*roles: Role, source: bool = False, identity: bool = True) -> Allowed:
    return Allowed(frozenset(roles), frozenset({IDENTITY} if identity else ()) | ({SOURCE} if source else set()))


#: The head asks for reports of his office, an inspector for those that he handles, a reviewer and the internal
#: supervisor for those of their body.
PURPOSES: Mapping[OpeningPurpose, Allowed] = {
    _P.VERIFY_NAMED: _allowed(_HEAD),
    _P.SUPPLEMENT: _allowed(_HEAD, _INSPECTOR, _REVIEWER, source=True),
    _P.PROTECTION: _allowed(_HEAD, _INSPECTOR, _INTERNAL),
    _P.REWARD: _allowed(_HEAD),
    _P.FEEDBACK: _allowed(_HEAD, _INSPECTOR),
    _P.EVIDENCE: _allowed(_INSPECTOR, _REVIEWER),
    _P.LEGAL_ORDER: _allowed(_HEAD, _INSPECTOR, _REVIEWER, source=True),
    _P.FALSE_ACCUSATION: _allowed(_INSPECTOR, _INTERNAL, source=True),
    _P.TRACE_ANONYMOUS: _allowed(_INSPECTOR, _INTERNAL, source=True, identity=False),
}

REQUESTERS = frozenset(role for allowed in PURPOSES.values() for role in allowed.roles)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What somebody asks for. ``number``: of the approval or order that the purpose demands, else ""."""

    purpose: OpeningPurpose
    compartments: tuple[str, ...]
    number: str = ""


def check_asked(asked: Asked, roles: Collection[Role], sealing: Sealing, *, anonymous: bool) -> None:
    """Whether somebody with ``roles`` may ask this of a report. Raises :class:`Refused`.

    ``sealing``: of the event that holds the shares. ``anonymous``: the report counts as anonymous (A-24).
    """
    allowed = PURPOSES[asked.purpose]
    if not allowed.roles.intersection(roles):
        names = "、".join(role.label for role in sorted(allowed.roles))
        raise Refused("role", f"以“{asked.purpose.label}”为由的启封由{names}申请；请由其提出。")
    if not asked.compartments or not allowed.compartments.issuperset(asked.compartments):
        raise Refused("compartments", f"以“{asked.purpose.label}”为由不能启封所选的内容；请重新选择。")
    document_of(asked)
    shares = shares_of(sealing, asked.compartments)
    if anonymous or _unnamed_caller(sealing):
        _check_anonymous(asked, shares, sealing)
    elif asked.purpose is OpeningPurpose.TRACE_ANONYMOUS:
        raise Refused("purpose", "本件不是匿名件，不适用“追查匿名检举控告人”；请改选其他事由。")


def document_of(asked: Asked) -> str:
    """Number of the document that the purpose demands, in its proper form; what was typed where it demands none.

    Raises :class:`Refused`.
    """
    number = asked.number.strip()
    if asked.purpose.needs_number and not number:
        what = "设区的市级以上机关的批准文号" if asked.purpose.needs_municipal_approval else "调取文书的文号"
        raise Refused("SoD-5", f"以“{asked.purpose.label}”为由的启封须填写{what}；请取得后再申请。")
    return approval_number(number) if asked.purpose.needs_municipal_approval else number


def _unnamed_caller(sealing: Sealing) -> bool:
    """Whether somebody called without saying who he is: his number stays his, whatever is found out later."""
    return _has_caller(sealing) and all(ref.compartment != IDENTITY for ref in sealing.keys)


def _has_caller(sealing: Sealing) -> bool:
    return any((item.compartment, item.field) == (SOURCE, CALLER) for item in sealing.items)


def _check_anonymous(asked: Asked, shares: Collection[DataKeyRef], sealing: Sealing) -> None:
    """A-29: what could tell who an anonymous reporter is takes the municipality and the superior's gate."""
    if (
        not (IDENTITY in asked.compartments or _has_caller(sealing))
        and asked.purpose is not OpeningPurpose.TRACE_ANONYMOUS
    ):
        return
    if not asked.purpose.needs_municipal_approval:
        raise Refused("A-29", "匿名件不得擅自核查举报人身份；确需追查的，须有设区的市级以上机关的批准文号。")
    if not has_gate(shares):
        raise Refused("A-29", "匿名件的来源信息须经上级闸门放行才能启封，本部署未设闸门，不能启封。")


def shares_of(sealing: Sealing, compartments: Collection[str]) -> tuple[DataKeyRef, ...]:
    """The shared keys of ``compartments``, in that order. Raises :class:`Refused` where there is none."""
    keys = {ref.compartment: ref for ref in sealing.keys if ref.m}
    if missing := [name for name in compartments if name not in keys]:
        what = "举报人身份信息" if IDENTITY in missing else "来源材料"
        raise Refused("nothing_sealed", f"本件没有封存{what}，无可启封。")
    found = tuple(keys[name] for name in compartments)
    if len({(ref.m, has_gate([ref])) for ref in found}) > 1:
        raise Refused("compartments", "所选内容的保管条件不同，不能一并启封；请分别申请。")
    return found


def openable(sealing: Sealing) -> tuple[str, ...]:
    """The compartments of an event that custodians hold."""
    return tuple(ref.compartment for ref in sealing.keys if ref.m and ref.compartment in (IDENTITY, SOURCE))


def has_gate(shares: Collection[DataKeyRef]) -> bool:
    """Whether it takes the superior's gate besides the custodians: the piece with number 0."""
    return any(wrap.share == 0 for ref in shares for wrap in ref.wraps)
