"""The papers of a change of custodians: a head and lines, all canonical JSON, one to a line.

::

    {"format": "supervision/reshare-…/v1", "body": SHA-256 of the lines (hex), "tag": …, …}
    {…}
    {…}

``tag`` shows that an answer is its sender's, and to this very paper: HMAC-SHA256 over the rest of the head, under a
challenge that was sealed to his key. The ceremony could have made it as well, so it proves nothing to third parties.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from events.canonical import CanonicalError, JSONObject, decode_object, encode
from supervision.sealing.errors import SealingError
from supervision.sealing.keys import KemPrivateKey, KemPublicKey
from supervision.sealing.manifest import KeyManifest, load_history
from supervision.sealing.resharing import CHALLENGE, GROUPS, Change
from supervision.sealing.strict_json import Members, to_base64

T = TypeVar("T")


class BadPaper(SealingError):
    """A paper that must not be acted on. Says why, in Chinese."""


@dataclass(frozen=True)
class Paper:
    """``kind``: what stands in ``format``. ``head``: without ``format``, ``body`` and ``tag``. ``lines``: encoded."""

    kind: str
    head: JSONObject
    lines: tuple[bytes, ...] = ()
    tag: str = ""

    def encode(self) -> bytes:
        return b"".join(line + b"\n" for line in (encode({**self._signed(), "tag": self.tag}), *self.lines))

    def statement(self) -> str:
        """SHA-256 (hex) of the head without its tag, which says all that the lines say."""
        return hashlib.sha256(encode(self._signed())).hexdigest()

    def tagged(self, challenge: bytes) -> Paper:
        return Paper(self.kind, self.head, self.lines, self._tag(challenge))

    def answers(self, challenge: bytes) -> bool:
        """Whether its tag was made with this challenge."""
        return hmac.compare_digest(self.tag, self._tag(challenge))

    def read(self, reader: Callable[[Members], T]) -> T:
        """The head. Raises BadPaper."""
        return _read(self.head, reader)

    def read_lines(self, reader: Callable[[Members], T]) -> list[T]:
        """Each line. Raises BadPaper."""
        return [_read(_decoded(line), reader) for line in self.lines]

    @classmethod
    def parse(cls, data: bytes, *kinds: str) -> Paper:
        """One of these kinds. Raises BadPaper."""
        first, *lines = data.rstrip(b"\n").split(b"\n")
        members = _decoded(first)
        body, tag = members.pop("body", ""), members.pop("tag", "")
        kind = next((kind for kind in kinds if members.get("format") == _format(kind)), "")
        if not kind or not isinstance(tag, str):
            raise BadPaper("文件不是份额交接所要的那一种；请核对是否拿错了文件。")
        if body != _body(lines):
            raise BadPaper("份额交接的文件不完整或者被改动；请重新取得。")
        del members["format"]
        return cls(kind, members, tuple(lines), tag)

    def _signed(self) -> JSONObject:
        return {**self.head, "format": _format(self.kind), "body": _body(self.lines)}

    def _tag(self, challenge: bytes) -> str:
        return hmac.new(challenge, encode(self._signed()), hashlib.sha256).hexdigest()


DEAL_REQUEST, DEAL, TAKE_REQUEST, TAKEN = "deal-request", "deal", "take-request", "taken"
"""To a former holder, his answer; to a new holder, his answer."""


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One data key of a batch. ``commitment``: hex."""

    stream_id: UUID
    compartment: str
    suite: int
    commitment: str

    def to_json(self) -> JSONObject:
        return {
            "stream": str(self.stream_id),
            "compartment": self.compartment,
            "suite": self.suite,
            "commitment": self.commitment,
        }

    @classmethod
    def read(cls, members: Members) -> Listed:
        return cls(
            stream_id=UUID(members.text("stream")),
            compartment=members.text("compartment"),
            suite=members.integer("suite"),
            commitment=members.text("commitment"),
        )


def batch_of(keys: Iterable[Listed]) -> bytes:
    """The name of a batch, 32 bytes: SHA-256 of its list."""
    return hashlib.sha256(b"".join(encode(key.to_json()) + b"\n" for key in keys)).digest()


# -- heads of requests ---------------------------------------------------------------------------------------------


def request_head(
    change: Change, manifests: Iterable[KeyManifest], recipient: KemPublicKey, challenge: bytes
) -> JSONObject:
    """What every request says. ``manifests``: that the new one descends from. ``challenge``: for this recipient."""
    sealed = recipient.encrypt(challenge, change.context(CHALLENGE, bytes.fromhex(recipient.key_id)))
    return {
        "origin": change.before.origin,
        "before": change.before.hash,
        "after": change.after.hash,
        "group": change.group,
        "left_out": list(change.left_out),
        "batch": change.batch.hex(),
        "size": change.size,
        "manifests": [manifest.to_bytes().decode() for manifest in manifests],
        "recipient": recipient.key_id,
        "challenge": to_base64(sealed),
    }


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the head of a request says, judged by the pinned manifest alone. ``challenge``: still sealed."""

    change: Change
    recipient: str
    challenge: bytes = field(repr=False)

    def open_challenge(self, private: KemPrivateKey) -> bytes:
        """Raises BadPaper for a paper that is somebody else's, CannotOpen."""
        if self.recipient != private.key_id:
            raise BadPaper("这份材料不是发给这把私钥的持有人的；请用发给您本人的那一份。")
        return private.decrypt(self.challenge, self.change.context(CHALLENGE, bytes.fromhex(private.key_id)))


def read_request(members: Members, pinned: KeyManifest) -> Request:
    """Raises BadPaper, ManifestRejected where the new holders are not those of the pinned manifest."""
    origin, before, after = members.text("origin"), members.text("before"), members.text("after")
    group, size = members.text("group"), members.integer("size")
    batch, sealed = bytes.fromhex(members.text("batch")), members.binary("challenge")
    documents, recipient = members.texts("manifests"), members.text("recipient")
    left_out = members.texts("left_out")
    if origin != pinned.origin or after != pinned.hash:
        raise BadPaper("份额要交给的不是您固定的密钥清单中的保管人；请不要办理，并向密钥仪式核实。")
    history = load_history([pinned.to_bytes(), *(text.encode() for text in documents)], pinned.hash)
    if before not in history or before == after or group not in GROUPS or len(batch) != 32:
        raise BadPaper("材料所称的原密钥清单不是您固定的清单的前身；请不要办理，并向密钥仪式核实。")
    change = Change(before=history[before], after=pinned, group=group, left_out=left_out, batch=batch, size=size)
    if len(change.new[0]) < change.new[1]:
        raise BadPaper("材料中新保管人不足规定人数；请不要办理，并向密钥仪式核实。")
    return Request(change=change, recipient=recipient, challenge=sealed)


def check_list(change: Change, keys: Iterable[Listed]) -> list[Listed]:
    """The list that the batch is named after. Raises BadPaper."""
    listed = list(keys)
    if len(listed) != change.size or batch_of(listed) != change.batch:
        raise BadPaper("份额交接的清单与其编号不符；请重新取得材料。")
    return listed


# -- details -------------------------------------------------------------------------------------------------------


def _format(kind: str) -> str:
    return f"supervision/reshare-{kind}/v1"


def _body(lines: Iterable[bytes]) -> str:
    return hashlib.sha256(b"".join(line + b"\n" for line in lines)).hexdigest()


def _decoded(line: bytes) -> JSONObject:
    try:
        return decode_object(line)
    except CanonicalError as error:
        raise BadPaper(f"份额交接的文件已损坏或格式不对（{error}）；请重新取得。") from None


def _read(members: JSONObject, reader: Callable[[Members], T]) -> T:
    try:
        return Members("", members).read_by(reader)
    except ValueError as error:
        raise BadPaper(f"份额交接的文件格式不对（{error}）；请重新取得。") from None
