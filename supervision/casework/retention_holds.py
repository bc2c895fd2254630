"""Commands on legal holds (停止销毁): asked for by one, at once in force; confirmed and ended by an approver."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from supervision.casework import forms
from supervision.casework.actions import Action, Case, Choices, Work
from supervision.casework.content import APPROVER_ROLES, PETITION_ROLES
from supervision.casework.opening_lookup import same_body
from supervision.casework.petition import of_the_office
from supervision.domain.aggregate import Stamp
from supervision.domain.codes import ReportState
from supervision.domain.report import Report
from supervision.domain.retention_rules import DestructionScope

_DOCUMENT = "依据文件文号"
_EXAMPLE = "法院、检察院、监察机关或者本机关要求保留的文书，例如 云检调〔2026〕3号。"


class HoldForm(forms.CommandForm):
    """What it rests on."""

    document = forms.line(_DOCUMENT, hint=_EXAMPLE, limit=40)


class HeldForm(forms.CommandForm):
    """Which hold."""

    document = forms.dynamic_choice(_DOCUMENT, "holds")


def _recording(decide: Callable[[Report, Stamp, str], None]) -> Callable[[Work, Mapping[str, Any]], int]:
    def run(work: Work, data: Mapping[str, Any]) -> int:
        report = work.case.report
        decide(report, work.desk.stamp(work.officer), data["document"])
        return work.desk.record(work.officer.signer, report)

    return run


def _unconfirmed(work: Work) -> Choices:
    return [(document, document) for document, hold in work.case.report.holds.items() if not hold.placed]


def _running(work: Work) -> Choices:
    return [(document, document) for document, hold in work.case.report.holds.items() if not hold.pending]


def _endable(work: Work) -> Choices:
    """Those that somebody asks to end, and those that were never confirmed."""
    return [(document, document) for document, hold in work.case.report.holds.items() if hold.pending]


def _same_body(work: Work) -> bool:
    return same_body(work.desk, work.officer, work.case.report)


def _something_left(case: Case) -> bool:
    return case.report.state is ReportState.ARCHIVED and DestructionScope.EVERYTHING not in case.report.destroyed


def _held(case: Case) -> bool:
    return bool(case.report.holds)


ACTIONS = (
    Action(
        name="request_hold",
        label="停止销毁",
        hint="法院、检察院、监察机关等要求保留的，登记后立即停止一切销毁，再由负责人确认。",
        roles=frozenset(PETITION_ROLES),
        form=HoldForm,
        when=_something_left,
        mine=of_the_office,
        run=_recording(Report.request_hold),
    ),
    Action(
        name="place_hold",
        label="确认停止销毁",
        roles=frozenset(APPROVER_ROLES),
        form=HeldForm,
        when=_held,
        mine=lambda work: _same_body(work) and bool(_unconfirmed(work)),
        run=_recording(Report.place_hold),
        choices={"holds": _unconfirmed},
    ),
    Action(
        name="request_lift",
        label="提出解除停止销毁",
        hint="负责人同意之前，仍然停止销毁。",
        roles=frozenset(PETITION_ROLES),
        form=HeldForm,
        when=_held,
        mine=lambda work: of_the_office(work) and bool(_running(work)),
        run=_recording(Report.request_lift),
        choices={"holds": _running},
    ),
    Action(
        name="lift_hold",
        label="解除停止销毁",
        hint="解除之后，保管期满的可以鉴定销毁。",
        roles=frozenset(APPROVER_ROLES),
        form=HeldForm,
        when=_held,
        mine=lambda work: _same_body(work) and bool(_endable(work)),
        run=_recording(Report.lift_hold),
        choices={"holds": _endable},
    ),
)
