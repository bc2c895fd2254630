"""The request file: all that is needed to judge an opening without its county's database, in one canonical JSON.

``entries`` are events of the log with their signatures, ascending by position: of the opening, of the officers who
signed any of them, of the deployment, and those of the report that name its number and hold the shares. Nothing of it
is content: what a report says is sealed elsewhere.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from uuid import UUID

from events.canonical import CanonicalError, JSONObject, decode_object, encode
from events.leaf import Entry, RecordedEntry
from events.signing import signature_message
from supervision.sealing.errors import SealingError
from supervision.sealing.strict_json import Malformed, Members, to_base64

FORMAT = "supervision/opening-request/v1"
MAX_BYTES = 8 * 1024 * 1024


class NotAcceptable(SealingError):
    """A request or an answer that must not be acted on. Says why, in Chinese."""


@dataclass(frozen=True, kw_only=True)
class RequestFile:
    """``opening``: stream of the opening. ``manifests``: key manifests that the pinned one descends from, as files.

    ``wraps``: what was sealed to the reader of this file. ``proofs``: for the gate, a tlog-proof for each event of the
    opening.
    """

    origin: str
    opening: UUID
    entries: tuple[RecordedEntry, ...]
    manifests: tuple[bytes, ...] = ()
    wraps: tuple[bytes, ...] = ()
    proofs: tuple[bytes, ...] = ()

    def encode(self) -> bytes:
        return encode(
            {
                "format": FORMAT,
                "origin": self.origin,
                "opening": str(self.opening),
                "entries": [_entry_to_json(recorded) for recorded in self.entries],
                "manifests": [document.decode() for document in self.manifests],
                "wraps": [to_base64(wrap) for wrap in self.wraps],
                "proofs": [proof.decode() for proof in self.proofs],
            }
        )

    @classmethod
    def parse(cls, data: bytes) -> RequestFile:
        """Take it apart without believing anything. Raises NotAcceptable."""
        if len(data) > MAX_BYTES:
            raise NotAcceptable("启封材料过大，不是本平台生成的文件。请重新取得。")
        try:
            return Members("", decode_object(data)).read_by(cls._read)
        except (CanonicalError, Malformed, ValueError) as error:
            raise NotAcceptable(f"启封材料已损坏或格式不对（{error}）。请重新取得。") from None

    @classmethod
    def _read(cls, members: Members) -> RequestFile:
        if members.text("format") != FORMAT:
            raise ValueError(f"应为 {FORMAT}")
        return cls(
            origin=members.text("origin"),
            opening=UUID(members.text("opening")),
            entries=members.objects("entries", _entry_from_json),
            manifests=tuple(text.encode() for text in members.texts("manifests")),
            wraps=members.binaries("wraps"),
            proofs=tuple(text.encode() for text in members.texts("proofs")),
        )


def statement(origin: str, entry: Entry) -> str:
    """SHA-256 (hex) of what the entry's signature is over: this very statement, in its place in the log."""
    message = signature_message(origin, entry.stream_id, entry.stream_version, entry.topic, entry.state)
    return hashlib.sha256(message).hexdigest()


def _entry_to_json(recorded: RecordedEntry) -> JSONObject:
    entry = recorded.entry
    return {
        "position": recorded.position,
        "stream": str(entry.stream_id),
        "version": entry.stream_version,
        "topic": entry.topic,
        "state": entry.state.decode(),
        "salt": to_base64(entry.salt),
        "key": entry.key_id.hex(),
        "signature": to_base64(entry.signature),
        "recorded_at": entry.recorded_at,
    }


def _entry_from_json(members: Members) -> RecordedEntry:
    return RecordedEntry(
        position=members.integer("position"),
        entry=Entry(
            stream_id=UUID(members.text("stream")),
            stream_version=members.integer("version"),
            topic=members.text("topic"),
            state=members.text("state").encode(),
            salt=members.binary("salt"),
            key_id=bytes.fromhex(members.text("key")),
            signature=members.binary("signature"),
            recorded_at=members.integer("recorded_at"),
        ),
    )
