"""Sealed reports (径送件): the county's four handlings of what it cannot read, and the superior's reading (A-15)."""

from __future__ import annotations

from collections.abc import Collection
from typing import BinaryIO
from uuid import UUID

from events.custody import CustodyBatch
from events.model import Sealing
from events.vocabulary.correspondence import SupplementReceived
from events.vocabulary.intake import SealedReportReceived
from events.vocabulary.sealed_report import SealedReportResealed
from events.vocabulary.streams import correspondence_id
from supervision.casework.desk import Desk
from supervision.casework.numbering import record_numbered
from supervision.casework.officer_session import OfficerSession
from supervision.casework.petition import CLERKS, HEADS
from supervision.casework.sealed_package import HereOrKept, keep_copy, kept_copy, package_to_carry
from supervision.domain.codes import Role
from supervision.domain.refusal import Refused
from supervision.domain.sealed_report import FILE, SITE, SealedReport, SealedState
from supervision.openings.request_file import NotAcceptable
from supervision.sealed_archive.acknowledgement import Acknowledgement
from supervision.sealed_archive.package import contents_of
from supervision.sealed_archive.reading import Piece, Reading, SealedContent, pieces_of
from supervision.sealing.errors import SealingError
from supervision.sealing.files import OpenedFile
from supervision.sealing.strict_json import to_base64

COUNTY_ROLES = tuple(sorted(CLERKS | HEADS))


# -- the county -------------------------------------------------------------------------------------------------


def register(desk: Desk, officer: OfficerSession, report_id: UUID) -> int:
    """Number it in the separate register."""
    office = _of_office(desk, officer, report_id).office

    def decide(number: str) -> SealedReport:
        sealed = desk.sealed_report(report_id)
        sealed.register(desk.stamp(officer), number)
        return sealed

    return record_numbered(desk, officer, kind="sealed_report", office=office, subject=str(report_id), decide=decide)


def tell_principal(desk: Desk, officer: OfficerSession, report_id: UUID) -> int:
    """Record that the principal was told; only where the settings say that he is (A-15)."""
    if not desk.settings.tell_principal_of_sealed:
        raise Refused("setting", "本机关设置为径送件不告知主要负责人；如需调整请由管理员修改设置。")
    sealed = _of_office(desk, officer, report_id)
    sealed.tell_principal(desk.stamp(officer))
    return desk.record(officer.signer, sealed)


def report_to_superior(desk: Desk, officer: OfficerSession, report_id: UUID, mode: str) -> int:
    """Send it up: ``site`` (the superior reads it on this platform) or ``file`` (carried)."""
    if mode not in {SITE, FILE}:
        raise Refused("mode", "径送方式应为“平台径送”或“密件携送”；请重新选择。")
    sealed = _of_office(desk, officer, report_id)
    sealed.report_to_superior(desk.stamp(officer), mode)
    return desk.record(officer.signer, sealed)


def report_additions(desk: Desk, officer: OfficerSession, report_id: UUID) -> int:
    """Send up what the reporter added after the county's copy was destroyed, in the way that the report went."""
    sealed = _of_office(desk, officer, report_id)
    if sealed.state is SealedState.DESTROYED and not any(_kept(_sealings(desk, report_id), sealed.destroyed)):
        raise Refused("no_additions", "销毁以后举报人没有补充材料，没有可以径送的；如有补充，列表会提示。")
    sealed.report_additions(desk.stamp(officer))
    return desk.record(officer.signer, sealed)


def destroy_copy(desk: Desk, officer: OfficerSession, report_id: UUID) -> int:
    """Destroy the county's ciphertext after the superior has acknowledged; by the head of the office."""
    officer.require(Role.PETITION_HEAD)
    sealed = _of_office(desk, officer, report_id)
    sealings = _sealings(desk, report_id)
    envelopes, files, wraps = _kept(sealings, sealed.destroyed)
    named = tuple(sha256.hex() for sha256 in (*envelopes, *files, *wraps))
    sealed.destroy(desk.stamp(officer), named)
    if sealed.mode == SITE:
        keep_copy(desk, report_id)  # again: the reporter may have added something since it was acknowledged
    elif sealed.acknowledged_contents != contents_of(sealings):
        raise Refused("additions", "上级签收之后，举报人又作了补充；请重新取密件携送上级，登记新的签收之后再销毁。")
    return desk.record(
        officer.signer,
        sealed,
        custody=CustodyBatch(destroy_envelopes=envelopes, destroy_files=files, destroy_wraps=wraps),
    )


def package(desk: Desk, officer: OfficerSession, report_id: UUID) -> BinaryIO:
    """The package to be carried to the superior; the caller closes it. Raises Refused."""
    sealed = _of_office(desk, officer, report_id)
    if sealed.mode != FILE or sealed.state is SealedState.DESTROYED:
        raise Refused("mode", "只有以密件携送、尚未销毁的径送件可以取密件。")
    return package_to_carry(desk, report_id)


def take_acknowledgement(desk: Desk, officer: OfficerSession, report_id: UUID, data: bytes) -> int:
    """Record the superior's signed word that was carried back. Raises Refused for one that is not for this report."""
    sealed = _of_office(desk, officer, report_id)
    try:
        word = Acknowledgement.parse(data)
        if (word.origin, word.report) != (desk.manifest.origin, report_id):
            raise NotAcceptable("签收文件不是本件的；请核对编号，登记到它所属的径送件上。")
        word.check(desk.manifest.superior.witness)
    except NotAcceptable as problem:
        raise Refused("acknowledgement", str(problem)) from None
    if word.contents != contents_of(_sealings(desk, report_id)):
        raise Refused("additions", "举报人又作了补充，这份签收不含补充的内容；请重新取密件携送上级。")
    sealed.take_acknowledgement(
        desk.stamp(officer),
        contents=word.contents,
        acknowledged_at=word.acknowledged_at,
        principal_may_know=word.principal_may_know,
        signature=to_base64(word.signature),
    )
    return desk.record(officer.signer, sealed)


def _of_office(desk: Desk, officer: OfficerSession, report_id: UUID) -> SealedReport:
    officer.require(*COUNTY_ROLES)
    sealed = desk.sealed_report(report_id)
    if sealed.office != officer.office:
        raise Refused("not_assigned", "本径送件由其他单位接收，您不能办理。")
    return sealed


def _sealed_here(desk: Desk, report_id: UUID) -> list[SealedReportReceived | SealedReportResealed | SupplementReceived]:
    """The report and what the reporter added to it, all sealed to the superior."""
    told = [*desk.ledger.events_of(report_id), *desk.ledger.events_of(correspondence_id(report_id))]
    return [e for e in told if isinstance(e, SealedReportReceived | SealedReportResealed | SupplementReceived)]


def _sealings(desk: Desk, report_id: UUID) -> list[Sealing]:
    return [event.sealing for event in _sealed_here(desk, report_id)]


def _kept(
    sealings: list[Sealing], destroyed: Collection[str]
) -> tuple[tuple[bytes, ...], tuple[bytes, ...], tuple[bytes, ...]]:
    """Hashes of everything in custody that the sealings speak of: envelopes, files, wraps."""
    items = [item for sealing in sealings for item in sealing.items if item.sha256 not in destroyed]
    wraps = [wrap.sha256 for sealing in sealings for key in sealing.keys for wrap in key.wraps]
    return (
        tuple(bytes.fromhex(i.sha256) for i in items if i.kind == "envelope"),
        tuple(bytes.fromhex(i.sha256) for i in items if i.kind == "file"),
        tuple(bytes.fromhex(sha256) for sha256 in wraps if sha256 not in destroyed),
    )


# -- the superior -------------------------------------------------------------------------------------------------


def acknowledge(desk: Desk, officer: OfficerSession, report_id: UUID, *, principal_may_know: bool = False) -> int:
    """The superior confirms that he has it; his own copy is written first (:mod:`.sealed_package`).

    ``principal_may_know``: he has nothing against the county's principal being told of it (A-15).
    """
    officer.require(Role.SUPERIOR_OFFICER)
    sealed = desk.sealed_report(report_id)
    sealed.acknowledge(desk.stamp(officer))
    if principal_may_know and not sealed.principal_cleared:
        sealed.clear_principal(desk.stamp(officer))
    keep_copy(desk, report_id)
    return desk.record(officer.signer, sealed)


class SealedReader:
    """Opens a sealed report that went up, with the superior's content key from the officer's session.

    Once the county has destroyed its own, out of the copy that the superior has kept.
    """

    def __init__(self, desk: Desk, officer: OfficerSession, report_id: UUID) -> None:
        officer.require(Role.SUPERIOR_OFFICER)
        sealed = desk.sealed_report(report_id)
        if sealed.state is SealedState.RECEIVED:
            raise Refused("state", f"本径送件当前为“{sealed.state.label}”，不能阅看。")
        key = officer.office_keys.get(desk.manifest.superior.office_id)
        if key is None:
            raise Refused("no_key", "您的会话中没有上级机关的内容密钥；请由密钥持有人授予。")
        try:
            kept = kept_copy(desk, report_id) if sealed.destroyed else None
            if sealed.destroyed and kept is None:
                raise Refused("carried", "本级已销毁；密件在上级自己的档案中，请在那里阅看。")
            if kept and sealed.state is SealedState.DESTROYED:  # what came since has not gone up yet
                self._reading = Reading(kept, pieces_of(kept), key)
            else:
                pieces = [Piece(e.originator_id, e.occurred_at[:10], e.sealing) for e in _sealed_here(desk, sealed.id)]
                self._reading = Reading(HereOrKept(desk, kept), pieces, key)
        except SealingError as problem:
            raise Refused("gone", str(problem)) from None

    def read(self) -> SealedContent:
        """Content and facts; identity stays with the superior's custodians. Raises Refused."""
        try:
            return self._reading.read()
        except SealingError as problem:
            raise Refused("gone", str(problem)) from None

    def file(self, number: int, addition: int = 0) -> tuple[str, str, OpenedFile]:
        """Name, media type and verified content of a cleaned copy; the caller closes it. Raises Refused.

        ``addition``: 0 for the report itself, else which addition the file came with, from 1.
        """
        try:
            return self._reading.file(number, addition)
        except SealingError as problem:
            raise Refused("no_file", str(problem)) from None
