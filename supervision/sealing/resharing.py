"""Resharing: former custodians hand what they hold together over to new ones, and nobody ever holds M shares.

Each former custodian who takes part, a *dealer*, shares out his own share among the new ones by a fresh random
polynomial. Each new custodian weighs what he got from all dealers and adds it up: the sum is a share of the same secret
on a new polynomial, which old shares do not fit. The secret itself stays: the data key hangs on it, and only who opens
it could give it another.

All data keys of a batch are worked on at once, their values one after the other in one vector: the arithmetic of
:mod:`supervision.sealing.shamir` is byte by byte.

*Who lies is found.* Where more than M deal, their shares have to agree: each new custodian computes the parity checks
of what he got, and these interpolate to zero at 0, or somebody dealt something else than his share. As many liars as
there are dealers beyond M cannot evade it. These checks may be told to anybody while all deals are genuine: of made-up
ones beside a genuine one they would tell its dealer's share. So each bundle has a tag that only its dealer and its
recipient can make. Every dealer commits to what he dealt, and keeps the seed of his polynomials sealed to himself: the
same program gives the same commitments again, or he did not use it (:func:`again`).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count, pairwise
from types import MappingProxyType
from typing import NamedTuple

from events.model import DataKeyRef
from supervision.sealing import shamir
from supervision.sealing.binding import Rng, context, derive
from supervision.sealing.errors import BadShare, CannotOpen
from supervision.sealing.holders import Holder
from supervision.sealing.keys import KemPrivateKey, KemPublicKey
from supervision.sealing.manifest import KeyManifest
from supervision.sealing.wraps import GATE_SHARE, KEY_LENGTH

_BUNDLE = "supervision/dealt/v1"
_COMMITMENT = "supervision/deal/v1"
_TAG = "supervision/dealtag/v1"
_SEED = "supervision/dealseed/v1"
_COEFFICIENTS = "supervision/polynomial/v1"
CHALLENGE = "supervision/challenge/v1"
"""Context of what is sealed to a holder to know his answer by."""

Members = tuple[tuple[Holder, ...], int]
"""The holders of a group in the order of the manifest, and how many of them it takes."""

GROUPS: Mapping[str, Callable[[KeyManifest], Members]] = MappingProxyType(
    {
        "custodian": lambda manifest: (manifest.custodians, manifest.m),
        "relay": lambda manifest: (manifest.relays, manifest.relay_m),
        "superior/custodian": lambda manifest: (manifest.superior.custodians, manifest.superior.m),
    }
)
"""Who can hold shares, as the ceremony names them."""


class Held(NamedTuple):
    """Who holds the shares of a data key: a group, but for those ids who got none since the report is about them."""

    group: str
    left_out: tuple[str, ...]


def held_by(manifest: KeyManifest, ref: DataKeyRef) -> Held | None:
    """None where the shares are not those of one group of the manifest, in its order and from 1."""
    keys = [wrap.key for wrap in ref.wraps if wrap.share != GATE_SHARE]
    numbers = [wrap.share for wrap in ref.wraps if wrap.share != GATE_SHARE]
    for group, members in GROUPS.items():
        holders, m = members(manifest)
        left_out = tuple(holder.id for holder in holders if holder.kem.key_id not in keys)
        due = [holder.kem.key_id for holder in holders if holder.id not in left_out]
        if keys and (keys, numbers, ref.m, ref.n) == (due, list(range(1, len(due) + 1)), m, len(due)):
            return Held(group, left_out)
    return None


@dataclass(frozen=True, kw_only=True)
class Change:
    """One batch: from whom to whom. ``batch``: SHA-256 of the list of its data keys, 32 bytes; ``size``: how many.

    ``left_out``: ids, sorted, of those of the group who had no share before and get none now.
    """

    before: KeyManifest
    after: KeyManifest
    group: str
    left_out: tuple[str, ...] = ()
    batch: bytes
    size: int

    @property
    def former(self) -> Members:
        return self._members(self.before)

    @property
    def new(self) -> Members:
        return self._members(self.after)

    def _members(self, manifest: KeyManifest) -> Members:
        holders, m = GROUPS[self.group](manifest)
        return tuple(holder for holder in holders if holder.id not in self.left_out), m

    def number_of(self, members: Members, key_id: str) -> int:
        """The number of the share of a holder. Raises CannotOpen for a key that is none of theirs."""
        for number, holder in enumerate(members[0], start=1):
            if holder.kem.key_id == key_id:
                return number
        raise CannotOpen("这把私钥不在本次交接的名单中；请核对私钥文件和材料。")

    def context(self, label: str, *fields: str | bytes | int) -> bytes:
        manifests = (bytes.fromhex(self.before.hash), bytes.fromhex(self.after.hash))
        who = (self.group, ",".join(self.left_out))
        return context(label, self.before.origin, *manifests, *who, self.batch, *fields)


@dataclass(frozen=True, kw_only=True)
class Deal:
    """What one dealer gives. ``dealer``: his key id (hex). ``bundles``, ``commitments`` and ``tags`` (32 bytes each):
    one for each new holder, in their order. ``seed``: sealed to himself."""

    dealer: str
    bundles: tuple[bytes, ...] = field(repr=False)
    commitments: tuple[bytes, ...]
    tags: tuple[bytes, ...]
    seed: bytes = field(repr=False)


def deal(change: Change, private: KemPrivateKey, shares: Sequence[bytes], rng: Rng) -> Deal:
    """Share out the ``shares`` (33 bytes each, in the order of the batch) of the holder of ``private``."""
    number = change.number_of(change.former, private.key_id)
    seed = rng(KEY_LENGTH)
    parts = _parts(change, number, shares, seed)
    new, _ = change.new
    commitments = tuple(_commitment(change, private.key_id, at, part) for at, part in enumerate(parts, start=1))
    return Deal(
        dealer=private.key_id,
        bundles=tuple(
            holder.kem.encrypt(part, _bundle_info(change, private.key_id, holder.kem.key_id, at))
            for at, (holder, part) in enumerate(zip(new, parts, strict=True), start=1)
        ),
        commitments=commitments,
        tags=tuple(
            _tag(change, private, holder.kem, private.key_id, commitment)
            for holder, commitment in zip(new, commitments, strict=True)
        ),
        seed=private.public.encrypt(seed, change.context(_SEED, bytes.fromhex(private.key_id))),
    )


def again(change: Change, private: KemPrivateKey, shares: Sequence[bytes], dealt: Deal) -> bool:
    """Whether this is what the holder of ``private`` dealt: it comes out again. Raises CannotOpen."""
    number = change.number_of(change.former, private.key_id)
    if dealt.dealer != private.key_id:
        raise CannotOpen("答复不是用这把私钥生成的；请核对私钥文件。")
    seed = private.decrypt(dealt.seed, change.context(_SEED, bytes.fromhex(private.key_id)))
    parts = _parts(change, number, shares, seed)
    return dealt.commitments == tuple(
        _commitment(change, private.key_id, at, part) for at, part in enumerate(parts, start=1)
    )


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What one new custodian makes of the deals. ``shares``: of 33 bytes each; ``checks``: see :func:`judge`."""

    shares: tuple[bytes, ...] = field(repr=False)
    checks: tuple[bytes, ...]


def take(change: Change, private: KemPrivateKey, deals: Sequence[Deal]) -> Taken:
    """The new shares of the holder of ``private``.

    Raises CannotOpen where there are too few deals, BadShare naming the dealer whose bundle does not open or is not
    what he committed to.
    """
    number = change.number_of(change.new, private.key_id)
    m = change.former[1]
    if len(deals) < m or len({one.dealer for one in deals}) != len(deals):
        raise CannotOpen(f"交接须有至少 {m} 名原保管人，每人一份；请重新取得材料。")
    received = [_received(change, private, number, one) for one in deals]
    values = shamir.combine(received)
    pieces = [values[at : at + KEY_LENGTH] for at in range(0, len(values), KEY_LENGTH)]
    return Taken(shares=tuple(piece + bytes([number]) for piece in pieces), checks=tuple(shamir.checks(received, m)))


def judge(change: Change, dealers: Sequence[str], checks: Mapping[str, Sequence[bytes]]) -> None:
    """Whether the parity checks of all new holders agree. ``checks``: by key id (hex).

    As polynomials of the new holders' numbers they have degree M'-1 and are 0 at 0. Raises BadShare, naming who did not
    keep to it where that can be told, and where not, all who may have.
    """
    new, m = change.new
    spare = len(dealers) - change.former[1]
    shares = {
        at: [value + bytes([at]) for value in checks[holder.kem.key_id]] for at, holder in enumerate(new, start=1)
    }
    if any(
        len(values) != spare or any(len(value) != change.size * KEY_LENGTH + 1 for value in values)
        for values in shares.values()
    ):
        raise CannotOpen("新保管人答复中的核对值不完整；请其重新生成。")
    constants = []
    for row in range(spare):
        points = [values[row] for values in shares.values()]
        if any(map(any, shamir.checks(points, m))):
            raise _disagreement(change, shares, row, m)
        constants.append(shamir.combine(points))
    if any(map(any, constants)):
        raise _liar(change, dealers, constants)


def _disagreement(change: Change, shares: Mapping[int, Sequence[bytes]], row: int, m: int) -> BadShare:
    """Somebody's values are on no polynomial: one new holder alone where all others agree without him.

    A polynomial that is 0 at 0, divided by x, has one degree less: so one wrong value among three shows, too.
    """
    new, _ = change.new
    points = {at: shamir.times(values[row][:-1], shamir.inverse(at)) + bytes([at]) for at, values in shares.items()}
    alone = [
        new[at - 1]
        for at in points
        if not any(map(any, shamir.checks([point for x, point in points.items() if x != at], m - 1)))
    ]
    if len(alone) == 1:
        return BadShare(
            f"新保管人{alone[0].name}的核对值与其余各人不合：他或者分给他的人有误。{_AUDIT}", alone[0].kem.key_id
        )
    return BadShare(f"各新保管人的核对值互不相合。{_AUDIT}", "")


def _liar(change: Change, dealers: Sequence[str], constants: Sequence[bytes]) -> BadShare:
    """With two checks or more a single liar has a place: each constant is his number times the one before it."""
    former, _ = change.former
    names = {holder.kem.key_id: holder.name for holder in former}
    for key_id in dealers if len(constants) > 1 else ():
        x = change.number_of(change.former, key_id)
        if all(shamir.times(low, x) == high for low, high in pairwise(constants)):
            return BadShare(f"{names[key_id]}分出的不是日志所记他的份额。{_AUDIT}", key_id)
    whom = "、".join(names[key_id] for key_id in dealers)
    new, m = change.new
    # With no new holder to spare, a wrong check of one of them looks the same.
    or_new = "，或者新保管人中有人报的核对值有误" if len(new) == m else ""
    return BadShare(f"原保管人（{whom}）中有人分出的不是日志所记他的份额{or_new}。{_AUDIT}", "")


_AUDIT = "没有写入日志，原份额仍然有效。请各人在他人见证下运行 supervision custodian reshare check，查明后重新交接。"


def _received(change: Change, private: KemPrivateKey, number: int, dealt: Deal) -> bytes:
    """What a dealer gave to the holder of ``private``, with the dealer's number at the end."""
    dealer = change.number_of(change.former, dealt.dealer)
    holder = change.former[0][dealer - 1]
    info = _bundle_info(change, dealt.dealer, private.key_id, number)
    try:
        bundle, committed, tag = (of[number - 1] for of in (dealt.bundles, dealt.commitments, dealt.tags))
        part = private.decrypt(bundle, info)
    except (CannotOpen, IndexError):
        raise BadShare(f"{holder.name}分给您的一份打不开；请其重新分出。", dealt.dealer) from None
    if not hmac.compare_digest(tag, _tag(change, private, holder.kem, dealt.dealer, committed)):
        raise BadShare(f"所称{holder.name}分给您的一份不是用他的私钥分出的；请不要办理，并向其本人核实。", dealt.dealer)
    if len(part) != change.size * KEY_LENGTH or committed != _commitment(change, dealt.dealer, number, part):
        raise BadShare(f"{holder.name}分给您的一份与他所作的承诺不符；请其重新分出。", dealt.dealer)
    return part + bytes([dealer])


def _tag(change: Change, private: KemPrivateKey, other: KemPublicKey, dealer: str, commitment: bytes) -> bytes:
    """What only ``dealer`` and one new holder can make: ``private`` is the one's, ``other`` the other's."""
    return derive(private.common_secret(other), change.context(_TAG, bytes.fromhex(dealer), commitment))


def _parts(change: Change, number: int, shares: Sequence[bytes], seed: bytes) -> list[bytes]:
    """For each new holder the values of all polynomials, without his number at the end."""
    if len(shares) != change.size or any(len(one) != KEY_LENGTH + 1 or one[-1] != number for one in shares):
        raise CannotOpen("份额的数量或者编号与交接清单不符；请重新取得材料。")
    new, m = change.new
    calls = count()

    def coefficients(size: int) -> bytes:
        return hashlib.shake_256(context(_COEFFICIENTS, seed, next(calls))).digest(size)

    return [part[:-1] for part in shamir.split(b"".join(one[:-1] for one in shares), m, len(new), coefficients)]


def _commitment(change: Change, dealer: str, number: int, part: bytes) -> bytes:
    """The part has 256 random bits for each key of the batch."""
    return hashlib.sha256(change.context(_COMMITMENT, bytes.fromhex(dealer), number, part)).digest()


def _bundle_info(change: Change, dealer: str, recipient: str, number: int) -> bytes:
    return change.context(_BUNDLE, bytes.fromhex(dealer), bytes.fromhex(recipient), number)
