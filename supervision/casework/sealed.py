"""Sealed reports (径送件): the county's four handlings of what it cannot read, and the superior's reading (A-15)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from events.custody import CustodyBatch
from events.model import SealedItem, Sealing
from supervision.casework.desk import Desk
from supervision.casework.numbering import record_numbered
from supervision.casework.officer_session import OfficerSession
from supervision.casework.petition import CLERKS, HEADS
from supervision.domain.codes import Role
from supervision.domain.refusal import Refused
from supervision.domain.sealed_report import SealedReport, SealedState
from supervision.sealing.compartments import CONTENT, FACTS
from supervision.sealing.files import OpenedFile
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
    envelopes, files, wraps = _kept(sealed.sealings)
    named = tuple(sha256.hex() for sha256 in (*envelopes, *files, *wraps))
    sealed.destroy(desk.stamp(officer), named)
    position = desk.record(
        officer.signer,
        sealed,
        custody=CustodyBatch(destroy_envelopes=envelopes, destroy_files=files, destroy_wraps=wraps),
    )
    for sha256 in files:
        desk.vault.discard(sha256)
    return position


def _of_office(desk: Desk, officer: OfficerSession, report_id: UUID) -> SealedReport:
    officer.require(*COUNTY_ROLES)
    sealed = desk.sealed_report(report_id)
    if sealed.office != officer.office:
        raise Refused("not_assigned", "本径送件由其他单位接收，您不能办理。")
    return sealed


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


@dataclass(frozen=True, kw_only=True, repr=False)
class SealedContent:
    """What the superior reads. ``files``: number and name of evidence with a cleaned copy, None without one."""

    title: str
    text: str
    respondents: tuple[dict[str, Any], ...]
    categories: tuple[str, ...]
    facts: dict[str, Any]
    files: tuple[tuple[int, str, SealedItem | None], ...]


def acknowledge(desk: Desk, officer: OfficerSession, report_id: UUID) -> int:
    """The superior confirms that he has it."""
    officer.require(Role.SUPERIOR_OFFICER)
    sealed = desk.sealed_report(report_id)
    sealed.acknowledge(desk.stamp(officer))
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
        self._desk = desk
        self._stream_id = sealed.id
        self._sealing = sealed.sealings[0]
        manifest = desk.manifests[self._sealing.manifest]
        self._opener = Opener(manifest, self._sealing, sealed.id)
        self._keys = {
            ref.compartment: self._opener.unwrap(ref.compartment, data, key)
            for ref in self._sealing.keys
            if ref.compartment in {CONTENT, FACTS}
            for wrap in ref.wraps
            if (data := desk.custody.wrap(bytes.fromhex(wrap.sha256))) is not None
        }

    def read(self) -> SealedContent:
        """Content and facts; identity stays with the superior's custodians."""
        return SealedContent(
            title=self._text(CONTENT, "title"),
            text=self._text(CONTENT, "text"),
            respondents=tuple(json.loads(self._text(CONTENT, "respondents") or "[]")),
            categories=tuple(json.loads(self._text(CONTENT, "categories") or "[]")),
            facts=json.loads(self._text(FACTS, "facts") or "{}"),
            files=tuple(self._files()),
        )

    def file(self, number: int) -> tuple[str, str, OpenedFile]:
        """Name, media type and verified content of a cleaned copy; the caller closes it. Raises Refused."""
        for item in self._sealing.items:
            if item.compartment == CONTENT and item.field == f"file.{number}":
                meta = json.loads(self._text(CONTENT, f"file.{number}.meta"))
                path = self._desk.custody.file_path(bytes.fromhex(item.sha256))
                return meta["name"], meta["media_type"], self._opener.open_file(item, self._keys[CONTENT], path)
        raise Refused("no_file", "没有可查看的清洁副本；原件密封保管。")

    def _files(self) -> Iterator[tuple[int, str, SealedItem | None]]:
        items = {item.field: item for item in self._sealing.items if item.compartment == CONTENT}
        for name in sorted(items):
            if name.startswith("file.") and name.endswith(".meta"):
                number = int(name.split(".")[1])
                yield number, json.loads(self._text(CONTENT, name))["name"], items.get(f"file.{number}")

    def _text(self, compartment: str, field: str) -> str:
        for item in self._sealing.items:
            if (item.compartment, item.field) == (compartment, field) and item.kind == "envelope":
                envelope = self._desk.custody.envelope(bytes.fromhex(item.sha256))
                if envelope is None:
                    raise Refused("gone", "密封内容不在保管库中；请运行 supervision verify 查明。")
                return self._opener.open_item(item, self._keys[compartment], envelope).decode()
        return ""
