"""Sealed reports (径送件): the county's four handlings of what it cannot read, and the superior's reading (A-15)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from events.custody import CustodyBatch
from events.model import SealedItem, Sealing
from events.vocabulary.correspondence import SupplementReceived
from events.vocabulary.streams import correspondence_id
from supervision.casework.desk import Desk
from supervision.casework.numbering import record_numbered
from supervision.casework.officer_session import OfficerSession
from supervision.casework.petition import CLERKS, HEADS
from supervision.casework.sealed_package import keep_copy
from supervision.domain.codes import Role
from supervision.domain.refusal import Refused
from supervision.domain.sealed_report import SealedReport, SealedState
from supervision.sealing.compartments import CONTENT, FACTS
from supervision.sealing.files import OpenedFile
from supervision.sealing.keys import KemPrivateKey
from supervision.sealing.opening import Opener

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
    if mode not in {"site", "file"}:
        raise Refused("mode", "径送方式应为“平台径送”或“密件携送”；请重新选择。")
    sealed = _of_office(desk, officer, report_id)
    sealed.report_to_superior(desk.stamp(officer), mode)
    return desk.record(officer.signer, sealed)


def destroy_copy(desk: Desk, officer: OfficerSession, report_id: UUID) -> int:
    """Destroy the county's ciphertext after the superior has acknowledged; by the head of the office."""
    officer.require(Role.PETITION_HEAD)
    sealed = _of_office(desk, officer, report_id)
    envelopes, files, wraps = _kept([*sealed.sealings, *(e.sealing for e in _supplements(desk, sealed.id))])
    named = tuple(sha256.hex() for sha256 in (*envelopes, *files, *wraps))
    sealed.destroy(desk.stamp(officer), named)
    return desk.record(
        officer.signer,
        sealed,
        custody=CustodyBatch(destroy_envelopes=envelopes, destroy_files=files, destroy_wraps=wraps),
    )


def _of_office(desk: Desk, officer: OfficerSession, report_id: UUID) -> SealedReport:
    officer.require(*COUNTY_ROLES)
    sealed = desk.sealed_report(report_id)
    if sealed.office != officer.office:
        raise Refused("not_assigned", "本径送件由其他单位接收，您不能办理。")
    return sealed


def _supplements(desk: Desk, report_id: UUID) -> list[SupplementReceived]:
    """What the reporter added to a sealed report, sealed to the superior like the report itself."""
    exchange = desk.ledger.events_of(correspondence_id(report_id))
    return [event for event in exchange if isinstance(event, SupplementReceived)]


def _kept(sealings: list[Sealing]) -> tuple[tuple[bytes, ...], tuple[bytes, ...], tuple[bytes, ...]]:
    """Hashes of everything in custody that the sealings speak of: envelopes, files, wraps."""
    items = [item for sealing in sealings for item in sealing.items]
    wraps = [wrap for sealing in sealings for key in sealing.keys for wrap in key.wraps]
    return (
        tuple(bytes.fromhex(i.sha256) for i in items if i.kind == "envelope"),
        tuple(bytes.fromhex(i.sha256) for i in items if i.kind == "file"),
        tuple(bytes.fromhex(wrap.sha256) for wrap in wraps),
    )


# -- the superior -------------------------------------------------------------------------------------------------


Evidence = tuple[tuple[int, str, SealedItem | None], ...]
"""Number and name of each file that came with something, with its cleaned copy; None without one."""


@dataclass(frozen=True, kw_only=True, repr=False)
class SealedAddition:
    """What the reporter added later. ``day``: ISO date."""

    day: str
    text: str
    files: Evidence


@dataclass(frozen=True, kw_only=True, repr=False)
class SealedContent:
    """What the superior reads."""

    title: str
    text: str
    respondents: tuple[dict[str, Any], ...]
    categories: tuple[str, ...]
    facts: dict[str, Any]
    files: Evidence
    additions: tuple[SealedAddition, ...]


def acknowledge(desk: Desk, officer: OfficerSession, report_id: UUID) -> int:
    """The superior confirms that he has it; his own copy is written first (:mod:`.sealed_package`)."""
    officer.require(Role.SUPERIOR_OFFICER)
    sealed = desk.sealed_report(report_id)
    sealed.acknowledge(desk.stamp(officer))
    keep_copy(desk, report_id)
    return desk.record(officer.signer, sealed)


class SealedReader:
    """Opens a sealed report that went up, with the superior's content key from the officer's session."""

    def __init__(self, desk: Desk, officer: OfficerSession, report_id: UUID) -> None:
        officer.require(Role.SUPERIOR_OFFICER)
        sealed = desk.sealed_report(report_id)
        if sealed.state not in {SealedState.REPORTED, SealedState.ACKNOWLEDGED}:
            raise Refused("state", f"本径送件当前为“{sealed.state.label}”，不能阅看。")
        key = officer.office_keys.get(desk.manifest.superior.office_id)
        if key is None:
            raise Refused("no_key", "您的会话中没有上级机关的内容密钥；请由密钥持有人授予。")
        self._report = _Parcel(desk, sealed.id, sealed.sealings[0], key)
        self._additions = [
            (event.occurred_at[:10], _Parcel(desk, event.originator_id, event.sealing, key))
            for event in _supplements(desk, sealed.id)
        ]

    def read(self) -> SealedContent:
        """Content and facts; identity stays with the superior's custodians."""
        report = self._report
        return SealedContent(
            title=report.text(CONTENT, "title"),
            text=report.text(CONTENT, "text"),
            respondents=tuple(json.loads(report.text(CONTENT, "respondents") or "[]")),
            categories=tuple(json.loads(report.text(CONTENT, "categories") or "[]")),
            facts=json.loads(report.text(FACTS, "facts") or "{}"),
            files=report.files(),
            additions=tuple(
                SealedAddition(day=day, text=added.text(CONTENT, "text"), files=added.files())
                for day, added in self._additions
            ),
        )

    def file(self, number: int, addition: int = 0) -> tuple[str, str, OpenedFile]:
        """Name, media type and verified content of a cleaned copy; the caller closes it. Raises Refused.

        ``addition``: 0 for the report itself, else which addition the file came with, from 1.
        """
        parcels = [self._report, *(added for _, added in self._additions)]
        if not 0 <= addition < len(parcels):
            raise Refused("no_file", _NO_COPY)
        return parcels[addition].file(number)


_NO_COPY = "没有可查看的清洁副本；原件密封保管。"


class _Parcel:
    """What one event sealed to the superior, opened with his content key."""

    def __init__(self, desk: Desk, stream_id: UUID, sealing: Sealing, key: KemPrivateKey) -> None:
        manifest = desk.manifests.get(sealing.manifest)
        if manifest is None:
            raise Refused("manifest", "本件按未知的密钥清单密封，拒绝打开；请管理员核对密钥清单。")
        self._desk = desk
        self._sealing = sealing
        self._opener = Opener(manifest, sealing, stream_id)
        self._keys = {
            ref.compartment: self._opener.unwrap(ref.compartment, data, key)
            for ref in sealing.keys
            if ref.compartment in {CONTENT, FACTS}
            for wrap in ref.wraps
            if (data := desk.custody.wrap(bytes.fromhex(wrap.sha256))) is not None
        }

    def text(self, compartment: str, field: str) -> str:
        for item in self._sealing.items:
            if (item.compartment, item.field) == (compartment, field) and item.kind == "envelope":
                envelope = self._desk.custody.envelope(bytes.fromhex(item.sha256))
                if envelope is None or compartment not in self._keys:
                    raise Refused("gone", "密封内容不在保管库中；请运行 supervision verify 查明。")
                return self._opener.open_item(item, self._keys[compartment], envelope).decode()
        return ""

    def files(self) -> Evidence:
        copies = {item.field: item for item in self._sealing.items if item.compartment == CONTENT}
        described = [name for name in copies if name.startswith("file.") and name.endswith(".meta")]
        numbers = sorted(int(name.split(".")[1]) for name in described)
        return tuple(
            (number, json.loads(self.text(CONTENT, f"file.{number}.meta"))["name"], copies.get(f"file.{number}"))
            for number in numbers
        )

    def file(self, number: int) -> tuple[str, str, OpenedFile]:
        for item in self._sealing.items:
            if item.compartment == CONTENT and item.field == f"file.{number}":
                meta = json.loads(self.text(CONTENT, f"file.{number}.meta"))
                path = self._desk.custody.file_path(bytes.fromhex(item.sha256))
                return meta["name"], meta["media_type"], self._opener.open_file(item, self._keys[CONTENT], path)
        raise Refused("no_file", _NO_COPY)
