"""Appraisal and destruction (鉴定销毁) as use cases: propose, decide, carry out; what is left of a report (E-32)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from events.custody import CustodyBatch
from events.ledger import Conflict
from events.vocabulary.streams import contact_id, correspondence_id, opening_id, sharing_id
from supervision.casework.blind_index import forget
from supervision.casework.content import APPROVER_ROLES, PETITION_ROLES, sealings_of
from supervision.casework.desk import Desk
from supervision.casework.officer_session import OfficerSession
from supervision.domain.appraisal import Appraisal
from supervision.domain.refusal import Refused
from supervision.domain.report import Report
from supervision.domain.retention_rules import AppraisalRefusal, DestructionScope
from supervision.sealing.retention import CLASS_OF, IDENTITY_CLASS

ATTEMPTS = 5


# -- deciding -------------------------------------------------------------------------------------------------------


def propose(
    desk: Desk, officer: OfficerSession, document: str, scope: DestructionScope, reports: Collection[UUID]
) -> UUID:
    """First of two: an officer of the petition office has appraised these reports. Returns the appraisal's id.

    Raises :class:`Refused`, naming the first report that must not be in the list.
    """
    officer.require(*PETITION_ROLES)
    for report in _reports(desk, officer.office, officer, reports):
        _check(desk, report, scope)
    appraisal = Appraisal.propose(UUID(bytes=desk.rng(16), version=4), desk.stamp(officer), document, scope, reports)
    desk.record(officer.signer, appraisal)
    return appraisal.id


def approve(desk: Desk, officer: OfficerSession, appraisal_id: UUID) -> int:
    """Second of two: a leader of the same body, who handled none of it. Raises :class:`Refused`."""
    appraisal, reports = _for_approver(desk, officer, appraisal_id)
    appraisal.approve(desk.stamp(officer), _handlers(desk, reports))
    for report in reports:
        _check(desk, report, appraisal.scope)
    return _record(desk, officer, appraisal)


def refuse(desk: Desk, officer: OfficerSession, appraisal_id: UUID, reason: AppraisalRefusal) -> int:
    """The leader does not agree. Raises :class:`Refused`."""
    appraisal, reports = _for_approver(desk, officer, appraisal_id)
    appraisal.refuse(desk.stamp(officer), reason, _handlers(desk, reports))
    return _record(desk, officer, appraisal)


def may_decide(desk: Desk, officer: OfficerSession, office: str) -> bool:
    """Whether he is a leader of the body that the office belongs to."""
    host = desk.settings.office
    return officer.has(*APPROVER_ROLES) and host(officer.office).host == host(office).host


def _for_approver(desk: Desk, officer: OfficerSession, appraisal_id: UUID) -> tuple[Appraisal, list[Report]]:
    officer.require(*APPROVER_ROLES)
    appraisal = desk.appraisal(appraisal_id)
    if not may_decide(desk, officer, appraisal.office):
        raise Refused("not_yours", "这一鉴定由其他机关提出，不由您审批；请由该机关的负责人办理。")
    return appraisal, list(_reports(desk, appraisal.office, officer, appraisal.reports))


def _reports(desk: Desk, office: str, officer: OfficerSession, ids: Collection[UUID]) -> Iterator[Report]:
    for report_id in ids:
        report = desk.report(report_id)
        report.refuse_excluded(officer.officer)
        if report.office != office:
            raise Refused(
                "not_assigned", f"{report.number or report.reference} 不由本单位保管，不能列入；请从清单中去掉。"
            )
        yield report


def _handlers(desk: Desk, reports: Sequence[Report]) -> set[str]:
    clues = (desk.clue_of(report) for report in reports)
    return {handler for clue in clues if clue is not None for handler in clue.handlers}


def _check(desk: Desk, report: Report, scope: DestructionScope) -> None:
    """Raises :class:`Refused` where it must not be destroyed today."""
    report.check_destroyable(scope, desk.rulebook.retention, desk.clock().date())
    for stream in _passing(desk, report):
        if _Material.of(desk, [stream], scope).wraps:
            called = report.number or report.reference
            raise Refused("pending", f"{called} 有未办结的启封或者联络，不能销毁；请先办结或者撤回。")


def _record(desk: Desk, officer: OfficerSession, appraisal: Appraisal) -> int:
    try:
        return desk.record(officer.signer, appraisal)
    except Conflict:
        raise Refused("busy", "这一鉴定刚有新的进展，您的操作没有生效；请刷新页面核对。") from None


# -- carrying out -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Carried:
    """What became of an appraisal. ``spared``: report to the reason why it was not destroyed."""

    destroyed: tuple[UUID, ...]
    spared: dict[UUID, str]


def carry_out(desk: Desk, officer: OfficerSession, appraisal_id: UUID) -> Carried:
    """Destroy what an approved appraisal lists, a report at a time; to be called again after a crash in between.

    A report that must not be destroyed any more, because of a hold above all, is spared and named. Raises
    :class:`Refused` for an appraisal that two persons have not agreed on.
    """
    officer.require(*PETITION_ROLES)
    appraisal = desk.appraisal(appraisal_id)
    appraisal.check_approved()
    if appraisal.office != officer.office:
        raise Refused("not_assigned", "这一鉴定由其他单位提出，请由该单位执行。")
    destroyed, spared = [], {}
    for report_id in appraisal.reports:
        try:
            _destroy(desk, officer, appraisal, report_id)
            destroyed.append(report_id)
        except Refused as refused:
            spared[report_id] = refused.reason
    appraisal.finish(desk.stamp(officer), tuple(spared))
    _record(desk, officer, appraisal)
    return Carried(destroyed=tuple(destroyed), spared=spared)


def _destroy(desk: Desk, officer: OfficerSession, appraisal: Appraisal, report_id: UUID) -> None:
    """One transaction: the event, and the rows that it names. Files and write-ahead log are emptied after it."""
    for _ in range(ATTEMPTS):
        report = desk.report(report_id)
        if report.destroyed.get(appraisal.scope, ("", ""))[1] == appraisal.document:
            return  # before a crash
        report.refuse_excluded(officer.officer)
        _check(desk, report, appraisal.scope)
        material = _Material.of(desk, _streams(desk, report), appraisal.scope)
        report.destroy(
            desk.stamp(officer),
            appraisal=appraisal.id,
            document=appraisal.document,
            scope=appraisal.scope,
            destroyed=material.named,
        )
        if appraisal.scope is DestructionScope.EVERYTHING:
            forget(desk, report.id)
        try:
            desk.record(officer.signer, report, custody=material.batch)
        except Conflict:
            continue  # a hold perhaps: look again
        if appraisal.scope is DestructionScope.EVERYTHING:
            forget(desk, report.id)  # a colleague who had the page open may have entered it again meanwhile
        return
    raise Refused("busy", "本件正在被其他人员办理，没有销毁；请稍后重新执行。")


# -- what is left of a report -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Material:
    """What custody still has of some streams. SHA-256, 32 bytes."""

    envelopes: tuple[bytes, ...]
    files: tuple[bytes, ...]
    wraps: tuple[bytes, ...]

    @classmethod
    def of(cls, desk: Desk, streams: Collection[UUID], scope: DestructionScope) -> _Material:
        """What the events of these streams have brought, as far as no event of them has destroyed it."""
        events = [event for stream in streams for event in desk.ledger.events_of(stream)]
        gone = {sha256 for event in events for sha256 in getattr(event, "destroyed", ())}
        sealings = [sealing for event in events for sealing in sealings_of(event)]
        items = [item for sealing in sealings for item in sealing.items if _within(scope, item.compartment)]
        keys = [key for sealing in sealings for key in sealing.keys if _within(scope, key.compartment)]

        def left(hashes: Iterator[str]) -> tuple[bytes, ...]:
            return tuple(bytes.fromhex(one) for one in dict.fromkeys(hashes) if one not in gone)

        return cls(
            envelopes=left(item.sha256 for item in items if item.kind == "envelope"),
            files=left(item.sha256 for item in items if item.kind == "file"),
            wraps=left(wrap.sha256 for key in keys for wrap in key.wraps),
        )

    @property
    def named(self) -> tuple[str, ...]:
        """For the event."""
        return tuple(sha256.hex() for sha256 in (*self.envelopes, *self.files, *self.wraps))

    @property
    def batch(self) -> CustodyBatch:
        return CustodyBatch(destroy_envelopes=self.envelopes, destroy_files=self.files, destroy_wraps=self.wraps)


def _within(scope: DestructionScope, compartment: str) -> bool:
    return scope is DestructionScope.EVERYTHING or CLASS_OF.get(compartment) == IDENTITY_CLASS


def _streams(desk: Desk, report: Report) -> list[UUID]:
    """All streams whose events brought something of this report."""
    clues = [UUID(one) for one in (report.clue, *report.former_clues) if one]
    own = [report.id, correspondence_id(report.id), *clues]
    return [*own, *_shared_anew(desk, own), *_passing(desk, report)]


def _shared_anew(desk: Desk, streams: Collection[UUID]) -> Iterator[UUID]:
    """Where custodians have handed over their shares of what these streams brought."""
    for stream in streams:
        for event in desk.ledger.events_of(stream):
            for sealing in sealings_of(event):
                yield from (sharing_id(stream, key.commitment) for key in sealing.keys if key.n)


def _passing(desk: Desk, report: Report) -> list[UUID]:
    """Openings and uses of the contact compartment, which keep contributions as long as they run."""
    found: list[UUID] = []
    for stream_of in (opening_id, contact_id):
        number = 1
        while desk.ledger.events_of(stream_of(report.id, number)):
            found.append(stream_of(report.id, number))
            number += 1
    return found
