"""How long a report is kept (保管期限), and how it is destroyed by appraisal (鉴定销毁, E-31, E-32).

Holds and destruction stand in the report's own stream, so that a hold that is placed while it is being destroyed stops
it. An appraisal (stream drawn at random) lists reports; two persons decide on it. ``document``: number of the paper
that it rests on. ``scope``: a code of ``DestructionScope``.
"""

from dataclasses import dataclass

from events.model import ActedEvent
from events.topics import topic


@topic("report.hold_requested.v1")
@dataclass(frozen=True, kw_only=True)
class HoldRequested(ActedEvent):
    """Nothing of the report may be destroyed (停止销毁), from this moment; an approver confirms it."""

    document: str


@topic("report.hold_placed.v1")
@dataclass(frozen=True, kw_only=True)
class HoldPlaced(ActedEvent):
    """An approver confirms the hold."""

    document: str


@topic("report.hold_lift_requested.v1")
@dataclass(frozen=True, kw_only=True)
class HoldLiftRequested(ActedEvent):
    """Somebody asks for the hold to end; it goes on until an approver agrees."""

    document: str


@topic("report.hold_lifted.v1")
@dataclass(frozen=True, kw_only=True)
class HoldLifted(ActedEvent):
    """An approver ends the hold, or does not confirm one that was asked for."""

    document: str


@topic("report.destroyed.v1")
@dataclass(frozen=True, kw_only=True)
class ReportDestroyed(ActedEvent):
    """What was sealed of the report is destroyed, as far as ``scope`` goes. ``appraisal``: stream of the decision.

    ``destroyed``: SHA-256 (hex) of envelopes, files and wraps, of whatever streams belong to the report.
    """

    appraisal: str
    document: str
    scope: str
    destroyed: tuple[str, ...]


@topic("appraisal.proposed.v1")
@dataclass(frozen=True, kw_only=True)
class AppraisalProposed(ActedEvent):
    """First of two: these ``reports`` have been appraised and are to be destroyed."""

    document: str
    scope: str
    reports: tuple[str, ...]


@topic("appraisal.approved.v1")
@dataclass(frozen=True, kw_only=True)
class AppraisalApproved(ActedEvent):
    """Second of two: agreed."""


@topic("appraisal.refused.v1")
@dataclass(frozen=True, kw_only=True)
class AppraisalRefused(ActedEvent):
    """Not agreed. ``reason``: a code of ``AppraisalRefusal``."""

    reason: str


@topic("appraisal.executed.v1")
@dataclass(frozen=True, kw_only=True)
class AppraisalExecuted(ActedEvent):
    """Carried out. ``spared``: reports that meanwhile must not be destroyed any more; they are appraised anew."""

    spared: tuple[str, ...]


@topic("retention.key_destroyed.v1")
@dataclass(frozen=True, kw_only=True)
class PeriodKeyDestroyed(ActedEvent):
    """The key of a retention period is destroyed: nothing is kept under it any more. ``key``: its name."""

    key: str
