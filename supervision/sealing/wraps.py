"""Data keys: drawn, committed to, and wrapped whole to one recipient or split among M of N.

A wrap is ``suite (1 byte) || HPKE single shot`` of a data key, a share or a gate's half. Its ``info`` names
origin, manifest, suite, stream, compartment, commitment, recipient, share number, M and N, so it opens
nowhere else. The commitment makes up for AES-GCM, which commits to no key: whoever opens compares first. Most wraps
are stored under the layer of a retention period (:mod:`supervision.sealing.layer`); what an event hashes is that.

A split data key is HKDF(secret || gate's half), where the secret is shared out after Shamir and the gate's
half is 32 random bytes, or none. Each piece has a commitment of its own, so a bad one is found and has a
name.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import combinations

from events.custody import WrapRow
from events.model import DataKeyRef, WrapRef
from supervision.sealing import layer, shamir
from supervision.sealing.binding import Place, Rng, derive
from supervision.sealing.destinations import Access, Split, Whole
from supervision.sealing.errors import BadShare, CannotOpen, NotEnoughShares
from supervision.sealing.keys import KemPrivateKey, KemPublicKey

KEY_LENGTH = 32
GATE_SHARE = 0
"""Share number of the gate's half; the shares of custodians and relays count from 1."""

_REPLACED = "密钥封装与日志记载不符，可能被替换。请运行 supervision verify 查明。"

_COMMITMENT = "supervision/commitment/v1"
_WRAP = "supervision/wrap/v1"
_SPLIT = "supervision/split/v1"
_SHARE = "supervision/share/v1"


@dataclass(frozen=True, kw_only=True)
class WrappedKey:
    """A data key, what the event says of it, and the wraps for custody."""

    data_key: bytes = field(repr=False)
    ref: DataKeyRef
    rows: tuple[WrapRow, ...]


@dataclass(frozen=True)
class _Piece:
    """What one recipient gets: the whole key or a share of the secret or the gate's half."""

    recipient: KemPublicKey
    share: int
    secret: bytes = field(repr=False)


def commitment(place: Place, data_key: bytes) -> bytes:
    """What an event says of a data key, 32 bytes. It outlives manifests: re-wrapping keeps it."""
    return derive(data_key, place.key_context(_COMMITMENT))


def share_commitment(place: Place, key_commitment: bytes, share: int, m: int, n: int, piece: bytes) -> bytes:
    """What an event says of one share or gate's half, 32 bytes. The piece has 256 random bits of its own."""
    return hashlib.sha256(place.key_context(_SHARE, key_commitment, share, m, n, piece)).digest()


def make_data_key(place: Place, access: Access, rng: Rng) -> WrappedKey:
    """Draw a fresh data key and wrap it as ``access`` says."""
    match access:
        case Whole(recipients):
            return wrap_whole(place, rng(KEY_LENGTH), recipients)
        case Split(holders, m, gate):
            secret = rng(KEY_LENGTH)
            half = rng(KEY_LENGTH) if gate else b""
            shares = shamir.split(secret, m, len(holders), rng)
            pieces = [_Piece(*numbered) for numbered in zip(holders, range(1, len(holders) + 1), shares, strict=True)]
            if gate:
                pieces.insert(0, _Piece(gate, GATE_SHARE, half))
            return _wrap(place, _split_key(place, secret, half), m, len(holders), pieces)


def wrap_whole(place: Place, data_key: bytes, recipients: Iterable[KemPublicKey]) -> WrappedKey:
    """Wrap an existing data key to each of the ``recipients``; to nobody, it is only committed to."""
    return _wrap(place, data_key, 0, 0, [_Piece(recipient, 0, data_key) for recipient in recipients])


def open_wrap(
    place: Place, ref: DataKeyRef, stored: bytes, private: KemPrivateKey, layers: layer.LayerKeys | None = None
) -> bytes:
    """What was wrapped to ``private``: the data key where ``ref.n`` is 0, else a share or the gate's half.

    ``stored``: from custody, under the layer of its retention period or not; ``layers``: opens these. Raises
    CannotOpen, PeriodKeyMissing, and BadShare for a piece that is not the one that the event commits to.
    """
    wrap_ref = find_wrap(ref, private.key_id)
    if hashlib.sha256(stored).hexdigest() != wrap_ref.sha256:
        raise CannotOpen(_REPLACED)
    bound_to = layer.context_of(place, ref.commitment, wrap_ref.key, wrap_ref.share)
    return open_bare(place, ref, layer.peel(stored, bound_to, layers or layer.NoKeys()), private)


def open_bare(place: Place, ref: DataKeyRef, wrap: bytes, private: KemPrivateKey) -> bytes:
    """The same of a wrap that lies under no layer, whatever hash the event has. Raises CannotOpen, BadShare."""
    wrap_ref = find_wrap(ref, private.key_id)
    if wrap[:1] != bytes([place.suite]):
        raise CannotOpen(_REPLACED)
    info = _wrap_info(place, bytes.fromhex(ref.commitment), private.key_id, wrap_ref.share, ref.m, ref.n)
    secret = private.decrypt(wrap[1:], info)
    if ref.n:
        check_piece(place, ref, wrap_ref, secret)
    else:
        check_key(place, ref, secret)
    return secret


def combine(place: Place, ref: DataKeyRef, pieces: Mapping[str, bytes], names: Mapping[str, str]) -> bytes:
    """The data key from the contributions of custodians or relays, and of the gate where there is one.

    ``pieces``: key id (hex) of the contributor to what he unwrapped; ``names``: key id to name, for messages.
    Raises BadShare naming the contributor, NotEnoughShares, CannotOpen.
    """
    contributed: dict[int, bytes] = {}
    for key_id, piece in pieces.items():
        wrap_ref = find_wrap(ref, key_id)
        check_piece(place, ref, wrap_ref, piece, names.get(key_id, ""))
        contributed[wrap_ref.share] = piece
    gate_needed = any(wrap.share == GATE_SHARE for wrap in ref.wraps)
    half = contributed.pop(GATE_SHARE, b"")
    if len(contributed) < ref.m:
        raise NotEnoughShares(f"需要 {ref.m} 人的份额，现有 {len(contributed)} 人。请等其余保管人提交后再打开。")
    if gate_needed and not half:
        raise NotEnoughShares("缺少上级闸门的放行。请先向上级提交开启申请。")
    return _joined(place, ref, contributed, half, names)


def join(place: Place, ref: DataKeyRef, shares: Mapping[str, bytes], half: bytes, names: Mapping[str, str]) -> bytes:
    """As :func:`combine`, where the gate's ``half`` (b"" for none) was checked by itself: after a change of custodians
    ``ref`` speaks of the new ones alone. ``shares``: key id to share, each checked."""
    if len(shares) < ref.m:
        raise NotEnoughShares(f"需要 {ref.m} 人的份额，现有 {len(shares)} 人。请等其余保管人提交后再打开。")
    by_number = {find_wrap(ref, key_id).share: share for key_id, share in shares.items()}
    return _joined(place, ref, by_number, half, names)


def _joined(place: Place, ref: DataKeyRef, shares: Mapping[int, bytes], half: bytes, names: Mapping[str, str]) -> bytes:
    """The data key from at least M shares. Where more were given, one that does not fit the others has a name.

    Each share is the one that its holder is committed to; after a change of custodians it may be wrong all the same.
    """

    def key_of(numbers: Iterable[int]) -> bytes | None:
        key = _split_key(place, shamir.combine([shares[number] for number in numbers]), half)
        return key if is_committed(place, ref, key) else None

    for chosen in combinations(sorted(shares), ref.m):
        if data_key := key_of(chosen):
            for wrap in ref.wraps:
                if wrap.share in shares and wrap.share not in chosen and not key_of((*chosen[1:], wrap.share)):
                    raise _bad_share(wrap, names.get(wrap.key, ""))
            return data_key
    raise CannotOpen(
        f"{ref.compartment} 的份额合不成日志所承诺的数据密钥，提交者中有人的份额不对。"
        "请再由一名保管人提交份额，以便查明是谁的；或请管理员核对案件。"
    )


def find_wrap(ref: DataKeyRef, key_id: str) -> WrapRef:
    """The wrap for the key ``key_id`` (hex). Raises CannotOpen where there is none."""
    for wrap in ref.wraps:
        if wrap.key == key_id:
            return wrap
    raise CannotOpen(f"{ref.compartment} 没有封给这把密钥（{key_id[:16]}…）。请核对案件，或请有权的人办理。")


def is_committed(place: Place, ref: DataKeyRef, data_key: bytes) -> bool:
    """Whether ``data_key`` is the one that the event commits to."""
    return hmac.compare_digest(commitment(place, data_key), bytes.fromhex(ref.commitment))


def check_key(place: Place, ref: DataKeyRef, data_key: bytes) -> None:
    """Raises CannotOpen unless ``data_key`` is the one that the event commits to."""
    if not is_committed(place, ref, data_key):
        raise CannotOpen(f"{ref.compartment} 的数据密钥与日志中的承诺不符，拒绝使用。请核对案件。")


def check_piece(place: Place, ref: DataKeyRef, wrap_ref: WrapRef, piece: bytes, name: str = "") -> None:
    """Raises BadShare unless ``piece`` is the one that the event commits to for its recipient."""
    expected = share_commitment(place, bytes.fromhex(ref.commitment), wrap_ref.share, ref.m, ref.n, piece)
    if not hmac.compare_digest(expected.hex(), wrap_ref.share_commitment):
        raise _bad_share(wrap_ref, name)


def _bad_share(wrap_ref: WrapRef, name: str) -> BadShare:
    who = f"{name}（密钥 {wrap_ref.key[:16]}…）" if name else f"密钥 {wrap_ref.key[:16]}… 的持有人"
    return BadShare(f"{who}提交的份额与日志中的承诺不符。请其核对案件后重新提交。", wrap_ref.key)


def wrap_share(
    place: Place, committed: bytes, recipient: KemPublicKey, number: int, m: int, n: int, piece: bytes
) -> tuple[WrapRef, bytes]:
    """One piece, wrapped: what the event says, and the wrap. ``committed``: commitment to the data key, 32 bytes."""
    info = _wrap_info(place, committed, recipient.key_id, number, m, n)
    data = bytes([place.suite]) + recipient.encrypt(piece, info)
    shared = share_commitment(place, committed, number, m, n, piece).hex() if n else ""
    sha256 = hashlib.sha256(data).hexdigest()
    return WrapRef(key=recipient.key_id, share=number, sha256=sha256, share_commitment=shared), data


def _split_key(place: Place, secret: bytes, half: bytes) -> bytes:
    return derive(secret + half, place.key_context(_SPLIT))


def _wrap(place: Place, data_key: bytes, m: int, n: int, pieces: list[_Piece]) -> WrappedKey:
    committed = commitment(place, data_key)
    refs, rows = [], []
    for piece in pieces:
        named, data = wrap_share(place, committed, piece.recipient, piece.share, m, n, piece.secret)
        refs.append(named)
        rows.append(
            WrapRow(
                sha256=bytes.fromhex(named.sha256),
                stream_id=place.stream_id,
                recipient=bytes.fromhex(named.key),
                data=data,
            )
        )
    ref = DataKeyRef(compartment=place.compartment, commitment=committed.hex(), m=m, n=n, wraps=tuple(refs))
    return WrappedKey(data_key=data_key, ref=ref, rows=tuple(rows))


def _wrap_info(place: Place, committed: bytes, key_id: str, share: int, m: int, n: int) -> bytes:
    return place.sealed_context(_WRAP, committed, bytes.fromhex(key_id), share, m, n)
