"""Opening who reported, on the superior's side: a request to the holders of shares, their answers, and looking once.

What was sealed to the superior at the door takes M of his own custodians. What a late by-pass encloses takes M of the
county's custodians, or relays for the contact, and the gate's half where there is one. Nobody of the county sees what
they open: each gives his share sealed to a key that was made for this one request.

The request is signed with the superior's witness key, which each holder finds in the key manifest that he has pinned.
It names who asks, who has agreed and why; what that is worth is for the superior's own order to ensure. Each opening
stands in his journal before anything is shown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from events.canonical import CanonicalError, JSONObject, decode_object, encode
from events.leaf import RecordedEntry
from events.model import Event, Sealing, from_state
from events.signing import Signer, is_signed_by
from events.topics import current
from events.vocabulary.custody import KeyReshared
from supervision.openings.request_file import NotAcceptable, entry_from_json, entry_to_json
from supervision.sealing import contribution
from supervision.sealing.compartments import CONTACT, IDENTITY, SOURCE
from supervision.sealing.contribution import Decision
from supervision.sealing.errors import CannotOpen
from supervision.sealing.keys import KemPrivateKey, KemPublicKey
from supervision.sealing.layer import OneKey
from supervision.sealing.manifest import KeyManifest, load_history
from supervision.sealing.opening import Opener
from supervision.sealing.sharings import RecordedSharings
from supervision.sealing.strict_json import Malformed, Members, to_base64

FORMAT = "supervision/sealed-opening/v1"
ANSWER = "supervision/sealed-share/v1"
MAX_BYTES = 8 * 1024 * 1024

COMPARTMENTS: Mapping[str, str] = {
    IDENTITY: "举报人身份信息",
    CONTACT: "联系方式",
    SOURCE: "来源材料（原件、来电号码）",
}

_STOP = "请不要提交份额，并向上级核实。"


@dataclass(frozen=True, kw_only=True)
class Locked:
    """An event of the county's log that sealed something which takes several to open.

    ``wraps``: SHA-256 (hex) to the wrap as stored; ``layer_keys``: the same to the key of its layer, b"" for none.
    """

    recorded: RecordedEntry
    wraps: Mapping[str, bytes] = field(repr=False)
    layer_keys: Mapping[str, bytes] = field(repr=False)

    @property
    def event(self) -> Event:
        entry = self.recorded.entry
        event_class, state = current(entry.topic, decode_object(entry.state))
        return from_state(event_class, entry.stream_id, entry.stream_version, state)

    @property
    def sealing(self) -> Sealing:
        """Raises NotAcceptable for an event without one."""
        sealing = getattr(self.event, "sealing", None)
        if not isinstance(sealing, Sealing):
            raise NotAcceptable(f"申请中的记录没有封存任何材料。{_STOP}")
        return sealing

    def to_json(self) -> JSONObject:
        return {
            "entry": entry_to_json(self.recorded),
            "wraps": {sha256: to_base64(wrap) for sha256, wrap in self.wraps.items()},
            "layer_keys": {sha256: to_base64(key) for sha256, key in self.layer_keys.items()},
        }

    @classmethod
    def from_json(cls, members: Members) -> Locked:
        return cls(
            recorded=members.object("entry", entry_from_json),
            wraps=members.object("wraps", _binaries),
            layer_keys=members.object("layer_keys", _binaries),
        )


@dataclass(frozen=True, kw_only=True)
class Request:
    """``recipient``: the key made for it, raw. ``approved_by``: who agreed, another person than who asks (SoD-4).

    ``locked``: what is to be opened; ``compartments``: of it. ``pinned``: hash of the county's manifest in force.
    """

    opening: UUID
    origin: str
    number: str
    asked_by: str
    approved_by: str
    purpose: str
    asked_at: str
    compartments: tuple[str, ...]
    recipient: bytes
    locked: tuple[Locked, ...]
    pinned: str
    manifests: tuple[bytes, ...]
    signature: bytes = b""

    def __post_init__(self) -> None:
        told = (self.asked_by, self.approved_by, self.purpose)
        if not all(text.strip() for text in told) or self.asked_by.strip() == self.approved_by.strip():
            raise NotAcceptable("启封须写明申请人、批准人和事由，申请人与批准人不能是同一人。")
        if not self.compartments or not set(self.compartments) <= set(COMPARTMENTS):
            raise NotAcceptable("申请启封的内容不在可以启封的范围内。")

    def signed(self, signer: Signer) -> Request:
        return replace(self, signature=signer.sign(self._unsigned()))

    @property
    def digest(self) -> bytes:
        """What each contribution is bound to, 32 bytes."""
        return hashlib.sha256(self._unsigned()).digest()

    @property
    def decision(self) -> Decision:
        return Decision(opening=self.opening, approval=self.digest, recipient=KemPublicKey(self.recipient))

    def check(self, pinned: KeyManifest) -> Mapping[str, KeyManifest]:
        """What each holder verifies for himself; the manifests by hash. Raises NotAcceptable, ManifestRejected."""
        if self.origin != pinned.origin:
            raise NotAcceptable(f"申请属于另一个日志（{self.origin}）。{_STOP}")
        if not is_signed_by(pinned.superior.witness, self._unsigned(), self.signature):
            raise NotAcceptable(f"申请没有上级的有效签名。{_STOP}")
        return load_history([pinned.to_bytes(), *self.manifests], pinned.hash)

    def openers(self, manifests: Mapping[str, KeyManifest]) -> Iterator[tuple[str, Locked, Opener, str]]:
        """Name of the answer's member, what is locked, its opener, the compartment; for all that is asked for.

        Where custodians have changed since, the shares are those that ``custody.reshared`` speaks of, which seals
        nothing else.
        """
        sharings = RecordedSharings(manifests, self._recorded)
        for index, locked in enumerate(self.locked):
            sealing = locked.sealing
            if sealing.manifest not in manifests:
                raise NotAcceptable(f"材料按未知的密钥清单密封。{_STOP}")
            if isinstance(locked.event, KeyReshared):
                continue
            opener = Opener(manifests[sealing.manifest], sealing, locked.event.originator_id, sharings=sharings)
            for compartment in self.compartments:
                if any(key.compartment == compartment for key in sealing.keys):
                    yield f"{index}/{compartment}", locked, opener, compartment

    def _recorded(self, stream_id: UUID) -> list[Event]:
        """What is locked in a stream, in the order of the log."""
        entries = sorted(self.locked, key=lambda locked: locked.recorded.position)
        return [one.event for one in entries if one.recorded.entry.stream_id == stream_id]

    def wrap_of(self, sha256: str) -> tuple[bytes, bytes]:
        """A share as stored, and the key of its layer; b"" for what is not in the request."""
        for locked in self.locked:
            if sha256 in locked.wraps:
                return locked.wraps[sha256], locked.layer_keys.get(sha256, b"")
        return b"", b""

    def encode(self) -> bytes:
        return encode({**self._members(), "signature": to_base64(self.signature)})

    def describe(self) -> Iterator[str]:
        """In words, for whoever is asked; nothing of what the report says."""
        yield f"径送件：{self.number}"
        yield f"申请启封：{'、'.join(COMPARTMENTS[one] for one in self.compartments)}"
        yield f"申请人：{self.asked_by}；批准人：{self.approved_by}；时间：{self.asked_at[:16].replace('T', ' ')}"
        yield f"事由：{self.purpose}"
        yield f"启封编号：{self.opening}"

    @classmethod
    def parse(cls, data: bytes) -> Request:
        """Raises NotAcceptable."""
        if len(data) > MAX_BYTES:
            raise NotAcceptable(f"申请文件过大，不是平台生成的。{_STOP}")
        try:
            return Members("", decode_object(data)).read_by(cls._read)
        except (CanonicalError, Malformed, ValueError) as error:
            raise NotAcceptable(f"申请文件已损坏或格式不对（{error}）。{_STOP}") from None

    @classmethod
    def _read(cls, members: Members) -> Request:
        if members.text("format") != FORMAT:
            raise ValueError(f"应为 {FORMAT}")
        texts = {name: members.text(name) for name in _TEXTS}
        return cls(
            **texts,
            opening=UUID(members.text("opening")),
            compartments=members.texts("compartments"),
            recipient=members.binary("recipient"),
            locked=members.objects("locked", Locked.from_json),
            manifests=tuple(text.encode() for text in members.texts("manifests")),
            signature=members.binary("signature"),
        )

    def _members(self) -> JSONObject:
        return {
            "format": FORMAT,
            **{name: getattr(self, name) for name in _TEXTS},
            "opening": str(self.opening),
            "compartments": list(self.compartments),
            "recipient": to_base64(self.recipient),
            "locked": [locked.to_json() for locked in self.locked],
            "manifests": [document.decode() for document in self.manifests],
        }

    def _unsigned(self) -> bytes:
        return encode(self._members())


_TEXTS = ("origin", "number", "asked_by", "approved_by", "purpose", "asked_at", "pinned")


@dataclass(frozen=True, kw_only=True)
class Share:
    """What one holder gives. ``key``: his key id (hex); ``given``: member of the request to the sealed piece."""

    opening: UUID
    request: str
    key: str
    given: Mapping[str, bytes]

    def encode(self) -> bytes:
        return encode(
            {
                "format": ANSWER,
                "opening": str(self.opening),
                "request": self.request,
                "key": self.key,
                "given": {name: to_base64(piece) for name, piece in self.given.items()},
            }
        )

    @classmethod
    def parse(cls, data: bytes) -> Share:
        """Raises NotAcceptable."""
        try:
            return Members("", decode_object(data)).read_by(cls._read)
        except (CanonicalError, Malformed, ValueError) as error:
            raise NotAcceptable(f"份额文件已损坏或格式不对（{error}）。请保管人重新生成。") from None

    @classmethod
    def _read(cls, members: Members) -> Share:
        if members.text("format") != ANSWER:
            raise ValueError(f"应为 {ANSWER}")
        return cls(
            opening=UUID(members.text("opening")),
            request=members.text("request"),
            key=members.text("key"),
            given=members.object("given", _binaries),
        )


def give(request: Request, pinned: KeyManifest, private: KemPrivateKey) -> Share:
    """The share of the holder of ``private``, for this request alone; verifies it first.

    Raises NotAcceptable, also where he has none in it; CannotOpen, BadShare.
    """
    given = {}
    for name, _, opener, compartment in request.openers(request.check(pinned)):
        _, ref = opener.split_key(compartment, private.key_id)
        own = next((wrap.sha256 for wrap in ref.wraps if wrap.key == private.key_id), None)
        if own is None:
            continue
        wrap, layer_key = request.wrap_of(own)
        with_layer = opener.with_layers(OneKey(layer_key))
        given[name] = contribution.contribute(with_layer, request.decision, compartment, wrap, private)
    if not given:
        raise NotAcceptable("这份申请中没有封给这把私钥的份额；请核对私钥文件，或者退回申请。")
    return Share(opening=request.opening, request=request.digest.hex(), key=private.key_id, given=given)


def data_keys(
    request: Request, pinned: KeyManifest, ephemeral: KemPrivateKey, shares: Sequence[Share]
) -> Iterator[tuple[Locked, Opener, str, bytes]]:
    """What the shares open: each compartment asked for with its data key (32 bytes).

    What none of them is for is left out: after a late by-pass some of it is the county's custodians' to open, and some
    the superior's. Raises NotAcceptable for a share of another request, BadShare naming its giver, NotEnoughShares.
    """
    if any((share.opening, share.request) != (request.opening, request.digest.hex()) for share in shares):
        raise NotAcceptable("有一份份额不是对本次启封的；请保管人用本次的申请重新生成。")
    for name, locked, opener, compartment in request.openers(request.check(pinned)):
        pieces = {
            share.key: contribution.open_contribution(
                opener,
                compartment,
                share.given[name],
                share.key,
                opening=request.opening,
                approval=request.digest,
                ephemeral=ephemeral,
            )
            for share in shares
            if name in share.given
        }
        if pieces:
            yield locked, opener, compartment, opener.combine(compartment, pieces)


def items_of(locked: Locked, compartment: str) -> list[tuple[str, str, str]]:
    """Field, kind and SHA-256 (hex) of what is sealed in a compartment."""
    return [(item.field, item.kind, item.sha256) for item in locked.sealing.items if item.compartment == compartment]


def opened_text(locked: Locked, opener: Opener, compartment: str, field_name: str, key: bytes, data: bytes) -> str:
    """The plaintext of one envelope ``data``. Raises CannotOpen."""
    for item in locked.sealing.items:
        if (item.compartment, item.field, item.kind) == (compartment, field_name, "envelope"):
            return opener.open_item(item, key, data).decode()
    raise CannotOpen(f"本件没有 {compartment}/{field_name}。")


def _binaries(members: Members) -> dict[str, bytes]:
    return {name: members.binary(name) for name in members.unread}
