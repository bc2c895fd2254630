"""Changes of custodians as the log sees them: which data keys are still shared among former holders, and that one of
them is handed over.

Who took part and whether their shares agreed was worked out before (:mod:`supervision.resharing_table`). Keys of one
stream are recorded in one transaction, with the new wraps and without the old ones, so that of a report either the old
sharing is in force or the new one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from events.custody import CustodyBatch, WrapRow
from events.model import DataKeyRef, Event, Sealing, WrapRef
from events.signing import Signer
from events.vocabulary.streams import sharing_id
from supervision.casework.content import sealings_of
from supervision.casework.desk import Desk
from supervision.domain.aggregate import Stamp
from supervision.domain.resharing import SharedKey
from supervision.resharing.holders import NewShare
from supervision.resharing.papers import BadPaper, Listed
from supervision.sealing import layer
from supervision.sealing.binding import Place
from supervision.sealing.errors import PeriodKeyMissing
from supervision.sealing.opening import Opener
from supervision.sealing.resharing import GROUPS, Change, Held, held_by

AT_ONCE = 500
_NO_HOLDERS = ("opening.", "contact.", "custody.")
"""Of events whose sealings are not those of a report: contributions, and what is recorded here."""


SUPERIORS = "superior/custodian"
"""Theirs is left alone: what goes up is a package that has to stay what it was, and is destroyed here within days."""


@dataclass(frozen=True)
class DueKey:
    """A data key that former holders still share. ``ref``: with their wraps; ``place``: where their shares belong;
    ``held``: who they are."""

    listed: Listed
    place: Place
    ref: DataKeyRef
    held: Held


@dataclass(frozen=True)
class DueBatch:
    """``before``: hash (hex) of the manifest that the holders stand in; ``held``: who of them."""

    before: str
    held: Held
    keys: list[DueKey] = field(default_factory=list)


def due(desk: Desk) -> list[DueBatch]:
    """All data keys whose holders are not those of the manifest in force, the oldest first.

    What was destroyed is left out: nobody has shares of it. So is what fewer than M of the new ones could have, because
    the report is about the others: it stays with the former holders.
    """
    batches: dict[tuple[str, Held], DueBatch] = {}
    for event in _events(desk):
        for sealing in sealings_of(event):
            opener = desk.opener(sealing, event.originator_id)
            for compartment in [ref.compartment for ref in sealing.keys if ref.m]:
                if key := _due(desk, opener, compartment):
                    at = (opener.keepers(compartment).hash, key.held)
                    batches.setdefault(at, DueBatch(*at)).keys.append(key)
    return list(batches.values())


def bare_wrap(desk: Desk, key: DueKey, key_id: str) -> tuple[WrapRef, bytes]:
    """What was sealed to the holder of ``key_id`` (hex), without its retention layer. Raises BadPaper."""
    for named in key.ref.wraps:
        stored = desk.custody.wrap(bytes.fromhex(named.sha256)) if named.key == key_id else None
        if stored is not None:
            bound_to = layer.context_of(key.place, key.ref.commitment, named.key, named.share)
            return named, layer.peel(stored, bound_to, desk.retention)
    raise BadPaper("封存的份额不在保管库中；请管理员运行 supervision verify 查明后重新开始交接。")


@dataclass(frozen=True, kw_only=True)
class Worked:
    """What the holders have worked out. ``dealers``: key ids (hex); ``shares``: for each key, of each new holder."""

    change: Change
    dealers: tuple[str, ...]
    statements: tuple[str, ...]
    shares: Mapping[Listed, Sequence[NewShare]] = field(repr=False)


def record(desk: Desk, signer: Signer, stamp: Stamp, worked: Worked) -> int:
    """Hand over what is still with the former holders; returns how many data keys. Each stream is one transaction."""
    count = 0
    streams = dict.fromkeys(listed.stream_id for listed in worked.shares)
    for stream_id in streams:
        keys = [key for key in _keys_of(desk, stream_id) if key.listed in worked.shares]
        todo = [key for key in keys if key.place.manifest == bytes.fromhex(worked.change.before.hash)]
        if todo:
            _record(desk, signer, stamp, worked, todo)
            count += len(todo)
    return count


def _record(desk: Desk, signer: Signer, stamp: Stamp, worked: Worked, keys: Sequence[DueKey]) -> None:
    aggregates: list[SharedKey] = []
    rows: list[WrapRow] = []
    destroyed: list[bytes] = []
    for key in keys:
        stream = sharing_id(key.listed.stream_id, key.listed.commitment)
        shared = SharedKey.replay(stream, desk.ledger.events_of(stream))
        sealing, new = _sealing(desk, stream, worked, key)
        old = tuple(wrap.sha256 for wrap in key.ref.wraps)
        shared.reshare(
            stamp,
            sealed_stream=key.listed.stream_id,
            group=worked.change.group,
            dealers=worked.dealers,
            statements=worked.statements,
            checked=len(worked.dealers) > worked.change.former[1],
            sealing=sealing,
            destroyed=old,
        )
        aggregates.append(shared)
        rows += new
        destroyed += map(bytes.fromhex, old)
    desk.record(signer, *aggregates, custody=CustodyBatch(wraps=tuple(rows), destroy_wraps=tuple(destroyed)))


def _sealing(desk: Desk, stream: UUID, worked: Worked, key: DueKey) -> tuple[Sealing, list[WrapRow]]:
    """What the event says of the new shares, and their wraps, under the same retention period as the old ones."""
    change, listed = worked.change, key.listed
    holders, m = change.new
    place = change.after.place(listed.stream_id, listed.compartment, listed.suite)
    period = layer.key_name(desk.custody.wrap(bytes.fromhex(key.ref.wraps[0].sha256)) or b"")
    named, rows = [], []
    for number, (holder, given) in enumerate(zip(holders, worked.shares[listed], strict=True), start=1):
        key_id, stored = holder.kem.key_id, given.wrap
        if period:
            bound_to = layer.context_of(place, listed.commitment, key_id, number)
            stored = layer.put(period, desk.retention.layer_key(period, bound_to), stored, desk.rng)
        sha256 = hashlib.sha256(stored)
        rows.append(WrapRow(sha256=sha256.digest(), stream_id=stream, recipient=bytes.fromhex(key_id), data=stored))
        named.append(
            WrapRef(key=key_id, share=number, sha256=sha256.hexdigest(), share_commitment=given.share_commitment)
        )
    ref = DataKeyRef(
        compartment=listed.compartment, commitment=listed.commitment, m=m, n=len(holders), wraps=tuple(named)
    )
    return Sealing(suite=listed.suite, manifest=change.after.hash, keys=(ref,), items=()), rows


def _keys_of(desk: Desk, stream_id: UUID) -> list[DueKey]:
    return [
        key
        for event in desk.ledger.events_of(stream_id)
        for sealing in sealings_of(event)
        for ref in sealing.keys
        if ref.m and (key := _due(desk, desk.opener(sealing, stream_id), ref.compartment))
    ]


def _due(desk: Desk, opener: Opener, compartment: str) -> DueKey | None:
    """A shared key that has to be handed over; None where nothing changed for it, or where it was destroyed."""
    place, ref = opener.split_key(compartment)
    keepers = opener.keepers(compartment)
    held = [wrap for wrap in ref.wraps if wrap.share]
    found = held_by(keepers, ref)
    if found is None:
        raise BadPaper("日志中有份额不是封给密钥清单中的保管人的；请管理员运行 supervision verify 查明。")
    if found.group == SUPERIORS:
        return None
    new, m = GROUPS[found.group](desk.manifest)
    keys = [one.kem.key_id for one in new if one.id not in found.left_out]
    if ([wrap.key for wrap in held], ref.m) == (keys, m) or len(keys) < m:
        return None
    if not all(_is_there(desk, place, ref, wrap) for wrap in held):
        return None
    listed = Listed(stream_id=place.stream_id, compartment=compartment, suite=place.suite, commitment=ref.commitment)
    former = DataKeyRef(compartment=compartment, commitment=ref.commitment, m=ref.m, n=ref.n, wraps=tuple(held))
    return DueKey(listed, place, former, found)


def _is_there(desk: Desk, place: Place, ref: DataKeyRef, wrap: WrapRef) -> bool:
    """Whether the wrap is in custody, and the key of its retention period was not destroyed."""
    stored = desk.custody.wrap(bytes.fromhex(wrap.sha256))
    if stored is None:
        return False
    try:
        desk.retention.key_of_wrap(place, ref, wrap, stored)
    except PeriodKeyMissing:
        return False
    return True


def _events(desk: Desk) -> Iterator[Event]:
    start = 1
    while stored := desk.ledger.stored(start, AT_ONCE):
        yield from (one.event for one in stored if not one.event.TOPIC.startswith(_NO_HOLDERS))
        start = stored[-1].position + 1
