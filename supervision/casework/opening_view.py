"""Opening once: the pieces are put together, what they open is decrypted, the look is recorded, and then it is shown.

In this order, so that nothing is seen that is not in the log, and no opening is used up by material that does not open.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NoReturn
from uuid import UUID

from events.custody import CustodyBatch
from events.ledger import Conflict
from events.model import SealedItem
from events.vocabulary.opening import GateReleased, ShareContributed
from events.vocabulary.streams import correspondence_id
from supervision.casework.content import sealings_of
from supervision.casework.desk import Desk
from supervision.casework.officer_session import OfficerSession
from supervision.casework.opening_lookup import EPHEMERAL, approval_of, case_of, ephemeral_name, opener_of, roles_on
from supervision.domain.opening import Opening
from supervision.domain.refusal import Refused
from supervision.sealing import wraps
from supervision.sealing.contribution import open_contribution, recall_ephemeral
from supervision.sealing.errors import BadShare, SealingError
from supervision.sealing.files import OpenedFile
from supervision.sealing.keys import KemPrivateKey
from supervision.sealing.opening import Opener
from supervision.working_state import WorkingState

Given = ShareContributed | GateReleased


@dataclass(frozen=True, kw_only=True)
class OriginalFile:
    """An original. ``name`` and ``media_type`` as they came; ``size`` in bytes; ``sha256``: hex, of the ciphertext."""

    name: str
    media_type: str
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True, repr=False)
class Opened:
    """What was opened, to be shown for some minutes and never again.

    ``fields``: (compartment, field) to text; (identity, reporter) is JSON. ``data_keys``: compartment to data key, for
    :func:`open_original` within those minutes.
    """

    opening_id: UUID
    report_id: UUID
    position: int
    fields: Mapping[tuple[str, str], str]
    files: tuple[OriginalFile, ...] = ()
    data_keys: Mapping[str, bytes] = field(default_factory=dict)


def open_once(desk: Desk, working: WorkingState, officer: OfficerSession, opening_id: UUID) -> Opened:
    """Open; ``opening.opened`` is recorded before this returns, and a second call is refused.

    Raises Refused; where a share is bad, that is recorded with the name of its giver, and it can be tried again.
    """
    opening = desk.opening(opening_id)
    stamp, case = desk.stamp(officer), case_of(desk, opening)
    opening.check_opener(stamp, case)
    _refuse_moved(desk, officer, opening)
    ephemeral = _ephemeral(desk, working, officer, opening)
    opener = opener_of(desk, opening)
    keys = _data_keys(desk, officer, opening, opener, ephemeral)
    fields, files = _read(desk, opening, keys)
    destroyed = opening.open(stamp, case, approval_of(desk, opening))
    try:
        position = desk.record(officer.signer, opening, custody=_destroying(destroyed))
    except Conflict:
        raise Refused("busy", "本次启封在您打开时已有新的进展，没有打开；请刷新页面核对。") from None
    working.remove(EPHEMERAL, ephemeral_name(opening.asked.ephemeral_key))
    return Opened(
        opening_id=opening.id,
        report_id=opening.report,
        position=position,
        fields=fields,
        files=files,
        data_keys=keys,
    )


def open_original(desk: Desk, opened: Opened, file: OriginalFile) -> OpenedFile:
    """An original of what was opened, all of it verified; the caller closes it. Raises Refused, SealingError."""
    for opener, item in _items(desk, opened.report_id, opened.data_keys):
        if item.kind == "file" and item.sha256 == file.sha256:
            path = desk.custody.file_path(bytes.fromhex(item.sha256))
            return opener.open_file(item, opened.data_keys[item.compartment], path)
    raise Refused("no_file", "这份原件不属于本次启封；请核对。")


def _refuse_moved(desk: Desk, officer: OfficerSession, opening: Opening) -> None:
    """Who no longer has to do with the report opens nothing, whatever was agreed before."""
    report = desk.report(opening.report)
    if not roles_on(desk, officer, report, desk.clue_of(report)):
        raise Refused("not_yours", "本件已不由您办理，不能打开；请由现在的承办人重新申请。")


# -- keys ---------------------------------------------------------------------------------------------------------


def _ephemeral(desk: Desk, working: WorkingState, officer: OfficerSession, opening: Opening) -> KemPrivateKey:
    kept = working.get(EPHEMERAL, ephemeral_name(opening.asked.ephemeral_key), desk.clock())
    try:
        if kept is not None:
            return recall_ephemeral(kept, officer.kem, opening.id)
    except SealingError:
        pass  # sealed to keys that he no longer has
    raise Refused("key_gone", "本次启封的临时密钥已经失效（逾期或者您更换过密钥）；请重新申请。")


def _data_keys(
    desk: Desk, officer: OfficerSession, opening: Opening, opener: Opener, ephemeral: KemPrivateKey
) -> dict[str, bytes]:
    """The data keys of all compartments asked for. Bad pieces are recorded, then Refused names their givers."""
    approval = bytes.fromhex(approval_of(desk, opening))
    pieces: dict[str, dict[str, bytes]] = {compartment: {} for compartment in opening.asked.compartments}
    bad: list[str] = []
    for giver, event in _given(opening, opener).items():
        try:
            for compartment in pieces:
                sealed = _wrap(desk, event, compartment)
                piece = open_contribution(
                    opener, compartment, sealed, giver, opening=opening.id, approval=approval, ephemeral=ephemeral
                )
                place, ref = opener.split_key(compartment, giver)
                wraps.check_piece(place, ref, wraps.find_wrap(ref, giver), piece)
                pieces[compartment][giver] = piece
        except SealingError:
            bad.append(giver)
    if bad:
        _reject(desk, officer, opening, opener, bad)
    try:
        return {compartment: opener.combine(compartment, given) for compartment, given in pieces.items()}
    except BadShare as problem:  # his own commitment is to it, but it does not fit the others: a change of custodians
        _reject(desk, officer, opening, opener, [problem.key_id])
    except SealingError as problem:
        raise Refused("misfit", str(problem)) from None


def _given(opening: Opening, opener: Opener) -> dict[str, Given]:
    given: dict[str, Given] = dict(opening.contributions)
    if opening.release is not None:
        given[opener.manifest.superior.gate.key_id] = opening.release
    return given


def _wrap(desk: Desk, event: Given, compartment: str) -> bytes:
    """A contribution from custody."""
    (sha256,) = (wrap.sha256 for ref in event.sealing.keys if ref.compartment == compartment for wrap in ref.wraps)
    data = desk.custody.wrap(bytes.fromhex(sha256))
    if data is None:
        raise Refused("gone", "已提交的份额不在保管库中；请管理员运行 supervision verify 查明。")
    return data


def _reject(desk: Desk, officer: OfficerSession, opening: Opening, opener: Opener, bad: list[str]) -> NoReturn:
    """Record whose pieces are bad, and say so."""
    stamp = desk.stamp(officer)
    destroyed = tuple(sha256 for giver in bad for sha256 in opening.reject_share(stamp, giver))
    desk.record(officer.signer, opening, custody=_destroying(destroyed))
    known = {**opener.manifest.names, **opener.keepers(opening.asked.compartments[0]).names}
    names = "、".join(known[giver] for giver in bad)
    raise Refused("bad_share", f"{names}提交的份额与封存时的承诺不符，已记录并剔除；请其核对后重新提交。")


def _destroying(hashes: tuple[str, ...]) -> CustodyBatch:
    return CustodyBatch(destroy_wraps=tuple(map(bytes.fromhex, hashes)))


# -- what they open -----------------------------------------------------------------------------------------------


def _read(
    desk: Desk, opening: Opening, keys: Mapping[str, bytes]
) -> tuple[dict[tuple[str, str], str], tuple[OriginalFile, ...]]:
    """All texts and the names of all files under the data keys. Raises Refused, SealingError."""
    texts: dict[tuple[str, str], str] = {}
    files: dict[str, str] = {}
    for opener, item in _items(desk, opening.report, keys):
        if item.kind == "file":
            files[item.field] = item.sha256
            continue
        envelope = desk.custody.envelope(bytes.fromhex(item.sha256))
        if envelope is None:
            raise Refused("gone", "封存的材料已不在保管库中，不能启封；请管理员运行 supervision verify 查明。")
        texts[item.compartment, item.field] = opener.open_item(item, keys[item.compartment], envelope).decode()
    return (
        {place: text for place, text in texts.items() if not place[1].endswith(".meta")},
        tuple(_file(texts, name, sha256) for name, sha256 in files.items()),
    )


def _file(texts: Mapping[tuple[str, str], str], name: str, sha256: str) -> OriginalFile:
    meta = json.loads(texts["source", f"{name}.meta"])
    return OriginalFile(name=meta["name"], media_type=meta["media_type"], size=meta["size"], sha256=sha256)


def _items(desk: Desk, report_id: UUID, keys: Mapping[str, bytes]) -> Iterator[tuple[Opener, SealedItem]]:
    """Everything of the report that was sealed under the data keys, with what opens it."""
    for stream in (report_id, correspondence_id(report_id)):
        for event in desk.ledger.events_of(stream):
            for sealing in sealings_of(event):
                opener = desk.opener(sealing, stream)
                for item in sealing.items:
                    key = keys.get(item.compartment)
                    if key is not None and opener.is_key_of(item.compartment, key):
                        yield opener, item
