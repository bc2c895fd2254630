"""The request file: all that is needed to judge an opening without its county's database, in one canonical JSON.

``entries`` are events of the log with their signatures, ascending by position: of the opening, of the officers who
signed any of them, of the deployment, and those of the report that name its number and hold the shares. Nothing of it
is content: what a report says is sealed elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from events.canonical import CanonicalError, JSONObject, decode_object, encode
from events.leaf import Entry, RecordedEntry
from events.signing import signature_message
from supervision.sealing.errors import SealingError
from supervision.sealing.strict_json import Malformed, Members, to_base64

FORMAT = "supervision/opening-request/v1"
MAX_BYTES = 8 * 1024 * 1024

T = TypeVar("T")


class NotAcceptable(SealingError):
    """A request or an answer that must not be acted on. Says why, in Chinese."""


@dataclass(frozen=True, kw_only=True)
class RequestFile:
    """``opening``: stream of the opening. ``manifests``: key manifests that the pinned one descends from, as files.

    ``wraps``: what was sealed to the reader of this file, as stored; ``layer_keys``: for each, what opens the layer of
    its retention period and that of no other wrap, b"" where it has none. ``proofs``: for the gate, a tlog-proof for
    each event of the opening.
    """

    origin: str
    opening: UUID
    entries: tuple[RecordedEntry, ...]
    manifests: tuple[bytes, ...] = ()
    wraps: tuple[bytes, ...] = ()
    layer_keys: tuple[bytes, ...] = ()
    proofs: tuple[bytes, ...] = ()

    def encode(self) -> bytes:
        return encode(
            {
                "format": FORMAT,
                "origin": self.origin,
                "opening": str(self.opening),
                "entries": [entry_to_json(recorded) for recorded in self.entries],
                "manifests": [document.decode() for document in self.manifests],
                "wraps": [to_base64(wrap) for wrap in self.wraps],
                "layer_keys": [to_base64(key) for key in self.layer_keys],
                "proofs": [proof.decode() for proof in self.proofs],
            }
        )

    @classmethod
    def parse(cls, data: bytes) -> RequestFile:
        """Take it apart without believing anything. Raises NotAcceptable."""
        return parsed(data, FORMAT, MAX_BYTES, cls._read, "启封材料", "请重新取得。")

    @classmethod
    def _read(cls, members: Members) -> RequestFile:
        return cls(
            origin=members.text("origin"),
            opening=UUID(members.text("opening")),
            entries=members.objects("entries", entry_from_json),
            manifests=tuple(text.encode() for text in members.texts("manifests")),
            wraps=members.binaries("wraps"),
            layer_keys=members.binaries("layer_keys"),
            proofs=tuple(text.encode() for text in members.texts("proofs")),
        )


def parsed(data: bytes, form: str, most: int, read: Callable[[Members], T], what: str, way_out: str) -> T:
    """A carried file, canonical JSON with ``form`` as its ``format``, read by ``read``. Raises NotAcceptable.

    ``most``: bytes. ``what``: its name in words; ``way_out``: what to do where it is none.
    """

    def read_form(members: Members) -> T:
        if members.text("format") != form:
            raise ValueError(f"应为 {form}")
        return read(members)

    if len(data) > most:
        raise NotAcceptable(f"{what}过大，不是本平台生成的文件。{way_out}")
    try:
        return Members("", decode_object(data)).read_by(read_form)
    except (CanonicalError, Malformed, ValueError) as error:
        raise NotAcceptable(f"{what}已损坏或格式不对（{error}）。{way_out}") from None


def statement(origin: str, entry: Entry) -> str:
    """SHA-256 (hex) of what the entry's signature is over: this very statement, in its place in the log."""
    message = signature_message(origin, entry.stream_id, entry.stream_version, entry.topic, entry.state)
    return hashlib.sha256(message).hexdigest()


def entry_to_json(recorded: RecordedEntry) -> JSONObject:
    """An event of the log with its signature and salt, as files that leave the county have it."""
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


def entry_from_json(members: Members) -> RecordedEntry:
    """Back again. Raises Malformed, ``ValueError``."""
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
