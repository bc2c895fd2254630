"""What leaves the county for an opening: the request file of a custodian, and that of the superior's gate.

Both hold the same signed events; a custodian's has the wraps of his own shares besides, the gate's its half and, for
each event of the opening, the proof that it is in a tree of the log which the witnesses have cosigned.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from uuid import UUID

from events.canonical import decode_object
from events.checkpoint import Checkpoint
from events.keyring import kind_of
from events.leaf import Entry, RecordedEntry, leaf_data
from events.merkle import prove_inclusion
from events.note import parse
from events.policy import Policy
from events.proof import LogProof
from events.vocabulary.intake import ReportReceived
from events.vocabulary.report import NamedStatusVerified, ReportRegistered
from events.vocabulary.streams import deployment_id, officer_stream_id, sharing_id
from supervision.casework.desk import Desk
from supervision.checkpointing.policy import load_policy
from supervision.domain.opening import Opening
from supervision.domain.refusal import Refused
from supervision.openings.request_file import RequestFile
from supervision.sealing.errors import PeriodKeyMissing
from supervision.sealing.opening import Opener
from supervision.sealing.wraps import find_wrap

_OF_REPORT = frozenset({ReportReceived.TOPIC, ReportRegistered.TOPIC, NamedStatusVerified.TOPIC})
"""Of a report's stream: that there is one, its number, whether it counts as anonymous."""


def file_for(desk: Desk, opening: Opening, opener: Opener, key_id: str) -> RequestFile:
    """The file for the holder of the key ``key_id`` (hex), without proofs. Raises Refused where his wraps are gone."""
    asked = opening.asked
    entries = {
        (entry.stream_id, entry.stream_version): entry
        for entry in (
            *desk.log.stream(deployment_id(desk.manifest.origin)),
            *_of_report(desk, opening),
            *desk.log.stream(UUID(asked.sealed_stream), gt=asked.sealed_version - 1, lte=asked.sealed_version),
            *_sharings(desk, opening, opener),
            *desk.log.stream(opening.id),
        )
    }
    entries |= {(one.stream_id, one.stream_version): one for one in _officers(desk, entries.values())}
    pinned = desk.manifest.hash
    stored = list(_wraps(desk, opening, opener, key_id))
    return RequestFile(
        origin=desk.manifest.origin,
        opening=opening.id,
        entries=tuple(sorted(_recorded(desk, entry) for entry in entries.values())),
        manifests=tuple(manifest.to_bytes() for hash_, manifest in desk.manifests.items() if hash_ != pinned),
        wraps=tuple(wrap for wrap, _ in stored),
        layer_keys=tuple(layer_key for _, layer_key in stored),
    )


def with_proofs(desk: Desk, file: RequestFile) -> RequestFile:
    """The same with a tlog-proof for each event of the opening. Raises Refused while no quorum has cosigned them."""
    wanted = [recorded for recorded in file.entries if recorded.entry.stream_id == file.opening]
    note = _cosigned(desk, load_policy(desk.settings.home), at_least=max(recorded.position for recorded in wanted))
    return replace(file, proofs=tuple(_proof(desk, recorded, note).encode() for recorded in wanted))


def _of_report(desk: Desk, opening: Opening) -> Iterator[Entry]:
    return (entry for entry in desk.log.stream(opening.report) if entry.topic in _OF_REPORT)


def _sharings(desk: Desk, opening: Opening, opener: Opener) -> Iterator[Entry]:
    """What had become of the shares when the opening was asked for."""
    asked_at = desk.log.position_of(opening.id, 1) or 0
    for compartment in opening.asked.compartments:
        place, ref = opener.split_key(compartment)
        for entry in desk.log.stream(sharing_id(place.stream_id, ref.commitment)):
            if (desk.log.position_of(entry.stream_id, entry.stream_version) or 0) < asked_at:
                yield entry


def _officers(desk: Desk, entries: Iterable[Entry]) -> Iterator[Entry]:
    """The whole streams of all officers who signed any of the entries, and of those who signed these, and so on."""
    seen: set[str] = set()
    waiting = list(entries)
    while waiting:
        actor = str(decode_object(waiting.pop().state).get("actor", ""))
        if actor not in seen and kind_of(actor) == "officer":
            seen.add(actor)
            stream = desk.log.stream(officer_stream_id(desk.manifest.origin, actor))
            waiting += stream
            yield from stream


def _recorded(desk: Desk, entry: Entry) -> RecordedEntry:
    position = desk.log.position_of(entry.stream_id, entry.stream_version)
    if position is None:
        raise LookupError(f"{entry.topic} has no position")
    return RecordedEntry(position, entry)


def _wraps(desk: Desk, opening: Opening, opener: Opener, key_id: str) -> Iterator[tuple[bytes, bytes]]:
    """Each wrap as stored, with the key of its layer."""
    for compartment in opening.asked.compartments:
        place, ref = opener.split_key(compartment, key_id)
        named = find_wrap(ref, key_id)
        wrap = desk.custody.wrap(bytes.fromhex(named.sha256))
        now = desk.opener(opener.sealing, place.stream_id)
        if wrap is None and now.keepers(compartment) != opener.keepers(compartment):
            raise Refused("reshared", "申请之后保管人已经更换，原保管人的份额已销毁；请撤回本次申请，重新申请。")
        if wrap is None:
            raise Refused("gone", "封存的份额已不在保管库中，不能启封；请管理员运行 supervision verify 查明。")
        try:
            yield wrap, desk.retention.key_of_wrap(place, ref, named, wrap)
        except PeriodKeyMissing as missing:
            raise Refused("period_key", str(missing)) from None


def _cosigned(desk: Desk, policy: Policy, at_least: int) -> bytes:
    """The newest checkpoint of a tree that large with a quorum of witnesses."""
    for _, note in desk.log.checkpoints.cosigned(at_least):
        if policy.witnesses and policy.is_quorum(policy.open_signed(note).cosigned_at):
            return note
    raise Refused("not_witnessed", "本次启封的记录尚未得到见证人联署，闸门不会放行；请稍后重新取得材料。")


def _proof(desk: Desk, recorded: RecordedEntry, note: bytes) -> LogProof:
    size = Checkpoint.parse(parse(note).text).size
    index = recorded.position - 1
    hashes = prove_inclusion(index, size, desk.log.read_nodes)
    return LogProof(leaf_data(desk.manifest.origin, recorded.entry), index, tuple(hashes), note)
