"""On the machine of a former or a new custodian: read what is asked, deal or take, and check who is in doubt.

Nothing is needed but his private key, the key manifest that he pins, and the paper. Shares go to nobody but the holders
in that manifest, which two persons signed; and out of one process never come more than the shares of one person.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from events.canonical import JSONObject, encode
from events.model import DataKeyRef, WrapRef
from supervision.resharing.papers import (
    DEAL,
    DEAL_REQUEST,
    TAKE_REQUEST,
    TAKEN,
    BadPaper,
    Listed,
    Paper,
    Request,
    check_list,
    read_request,
)
from supervision.sealing import resharing, wraps
from supervision.sealing.binding import Rng
from supervision.sealing.keys import KemPrivateKey
from supervision.sealing.manifest import KeyManifest
from supervision.sealing.resharing import Change, Deal
from supervision.sealing.strict_json import Members, to_base64

GROUP_WORDS = {"custodian": "身份保管人", "relay": "联络员", "superior/custodian": "上级保管人"}


def describe(paper: Paper, pinned: KeyManifest) -> Iterator[str]:
    """What a request asks for, line by line, verified. Raises BadPaper, ManifestRejected."""
    change = paper.read(lambda members: _request(members, pinned, paper.kind)).change
    former, new = change.former, change.new
    yield f"日志：{change.before.origin}"
    yield f"{GROUP_WORDS[change.group]}的份额交接：密钥清单第 {change.before.epoch} 版 → 第 {change.after.epoch} 版"
    yield f"原保管人：{'、'.join(one.name for one in former[0])}（{former[1]} 人即可开启）"
    yield f"新保管人：{'、'.join(one.name for one in new[0])}（{new[1]} 人即可开启）"
    yield f"共 {change.size} 把数据密钥"
    yield "新保管人均在您固定的密钥清单之中，清单的签名已核对无误。"


# -- a former holder -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Held:
    """What a former holder holds of one data key."""

    key: Listed
    share_commitment: str
    wrap: bytes = field(repr=False)

    @classmethod
    def read(cls, members: Members) -> _Held:
        return cls(
            key=members.object("key", Listed.read),
            share_commitment=members.text("share_commitment"),
            wrap=members.binary("wrap"),
        )


def deal(paper: Paper, pinned: KeyManifest, private: KemPrivateKey, rng: Rng) -> Paper:
    """Share out the shares of the holder of ``private``. Raises BadPaper, CannotOpen, BadShare, ManifestRejected."""
    request, shares = _shares(paper, pinned, private)
    dealt = resharing.deal(request.change, private, shares, rng)
    head: JSONObject = {
        "batch": request.change.batch.hex(),
        "dealer": dealt.dealer,
        "commitments": [commitment.hex() for commitment in dealt.commitments],
        "seed": to_base64(dealt.seed),
    }
    lines = tuple(
        encode({"bundle": to_base64(bundle), "tag": tag.hex()})
        for bundle, tag in zip(dealt.bundles, dealt.tags, strict=True)
    )
    return Paper(DEAL, head, lines).tagged(request.open_challenge(private))


def check_deal(paper: Paper, pinned: KeyManifest, private: KemPrivateKey, answer: Paper) -> bool:
    """Whether ``answer`` is what comes out of ``paper`` and this key. Raises as :func:`deal` does."""
    request, shares = _shares(paper, pinned, private)
    return resharing.again(request.change, private, shares, read_deal(answer, request.change))


def read_deal(answer: Paper, change: Change) -> Deal:
    """An answer to this batch. Raises BadPaper."""

    def head(members: Members) -> tuple[str, str, tuple[str, ...], bytes]:
        return (
            members.text("batch"),
            members.text("dealer"),
            members.texts("commitments"),
            members.binary("seed"),
        )

    batch, dealer, commitments, seed = answer.read(head)
    if batch != change.batch.hex():
        raise BadPaper("答复属于另一次份额交接，不能接收；请用本次的材料重新生成。")
    given = answer.read_lines(lambda members: (members.binary("bundle"), bytes.fromhex(members.text("tag"))))
    if not len(given) == len(commitments) == len(change.new[0]):
        raise BadPaper("答复中的份额与新保管人的人数不符；请重新生成。")
    try:
        committed = tuple(bytes.fromhex(one) for one in commitments)
    except ValueError:
        raise BadPaper("答复中的承诺不是十六进制数；请重新生成。") from None
    bundles, tags = zip(*given, strict=True)
    return Deal(dealer=dealer, bundles=bundles, commitments=committed, tags=tags, seed=seed)


def _shares(paper: Paper, pinned: KeyManifest, private: KemPrivateKey) -> tuple[Request, list[bytes]]:
    """What the holder of ``private`` holds, each piece as it was sealed to him and committed to in the log."""
    _expect(paper, DEAL_REQUEST)
    request = paper.read(lambda members: read_request(members, pinned))
    change = request.change
    number = change.number_of(change.former, private.key_id)
    request.open_challenge(private)
    held = paper.read_lines(_Held.read)
    check_list(change, (one.key for one in held))
    return request, [_opened(change, number, one, private) for one in held]


def _opened(change: Change, number: int, held: _Held, private: KemPrivateKey) -> bytes:
    holders, m = change.former
    place = change.before.place(held.key.stream_id, held.key.compartment, held.key.suite)
    change.before.require_suite(held.key.compartment, held.key.suite)
    # Only his own wrap is looked at, so only that one is named; its hash is of no use without its retention layer.
    mine = WrapRef(key=private.key_id, share=number, sha256="0" * 64, share_commitment=held.share_commitment)
    ref = DataKeyRef(
        compartment=held.key.compartment, commitment=held.key.commitment, m=m, n=len(holders), wraps=(mine,)
    )
    return wraps.open_bare(place, ref, held.wrap, private)


# -- a new holder --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class NewShare:
    """What a new holder keeps of one data key: his own wrap, and its commitment (hex)."""

    share_commitment: str
    wrap: bytes = field(repr=False)

    @classmethod
    def read(cls, members: Members) -> NewShare:
        return cls(share_commitment=members.text("share_commitment"), wrap=members.binary("wrap"))


def take(paper: Paper, pinned: KeyManifest, private: KemPrivateKey) -> Paper:
    """Make the new shares of the holder of ``private``. Raises BadPaper, CannotOpen, BadShare, ManifestRejected."""
    request, listed, dealers, taken = _taken(paper, pinned, private)
    lines = []
    for key, share in zip(listed, taken.shares, strict=True):
        named, wrap = _wrapped(request.change, key, private, share)
        lines.append(encode({"share_commitment": named.share_commitment, "wrap": to_base64(wrap)}))
    head: JSONObject = {
        "batch": request.change.batch.hex(),
        "taker": private.key_id,
        "statements": [statement for statement, _ in dealers],
        "checks": [to_base64(value) for value in taken.checks],
    }
    return Paper(TAKEN, head, tuple(lines)).tagged(request.open_challenge(private))


def check_taken(paper: Paper, pinned: KeyManifest, private: KemPrivateKey, answer: Paper) -> bool:
    """Whether ``answer`` is what comes out of ``paper`` and this key, wraps apart, which differ each time."""
    request, listed, _, taken = _taken(paper, pinned, private)
    given = read_taken(answer, request.change)
    if given.taker != private.key_id:
        raise BadPaper("答复不是用这把私钥生成的；请核对私钥文件。")
    again = [
        _wrapped(request.change, key, private, share)[0].share_commitment
        for key, share in zip(listed, taken.shares, strict=True)
    ]
    return given.checks == taken.checks and [share.share_commitment for share in given.shares] == again


@dataclass(frozen=True, kw_only=True)
class TakenPaper:
    """What a new holder answered. ``statements``: hashes (hex) of the deals that it is made of."""

    taker: str
    statements: tuple[str, ...]
    checks: tuple[bytes, ...]
    shares: tuple[NewShare, ...]


def read_taken(answer: Paper, change: Change) -> TakenPaper:
    """An answer to this batch. Raises BadPaper."""

    def head(members: Members) -> tuple[str, str, tuple[str, ...], tuple[bytes, ...]]:
        return (
            members.text("batch"),
            members.text("taker"),
            members.texts("statements"),
            members.binaries("checks"),
        )

    batch, taker, statements, checks = answer.read(head)
    shares = tuple(answer.read_lines(NewShare.read))
    if batch != change.batch.hex() or len(shares) != change.size:
        raise BadPaper("答复属于另一次份额交接，不能接收；请用本次的材料重新生成。")
    return TakenPaper(taker=taker, statements=statements, checks=checks, shares=shares)


def _taken(
    paper: Paper, pinned: KeyManifest, private: KemPrivateKey
) -> tuple[Request, list[Listed], list[tuple[str, Deal]], resharing.Taken]:
    def head(members: Members) -> tuple[Request, tuple[tuple[str, Deal], ...]]:
        found = members.objects("dealers", _one_deal)
        return read_request(members, pinned), found

    _expect(paper, TAKE_REQUEST)
    request, dealers = paper.read(head)
    change = request.change
    number = change.number_of(change.new, private.key_id)
    request.open_challenge(private)
    listed = check_list(change, paper.read_lines(Listed.read))
    # Of each deal only bundle and tag for this holder are here; they belong behind those of the others.
    others = (b"",) * (number - 1)
    deals = [
        (statement, replace(one, bundles=others + one.bundles, tags=others + one.tags)) for statement, one in dealers
    ]
    taken = resharing.take(change, private, [one for _, one in deals])
    return request, listed, deals, taken


def _one_deal(members: Members) -> tuple[str, Deal]:
    deal_ = Deal(
        dealer=members.text("dealer"),
        bundles=(members.binary("bundle"),),
        commitments=tuple(bytes.fromhex(one) for one in members.texts("commitments")),
        tags=(bytes.fromhex(members.text("tag")),),
        seed=b"",
    )
    return members.text("statement"), deal_


def _wrapped(change: Change, key: Listed, private: KemPrivateKey, share: bytes) -> tuple[WrapRef, bytes]:
    holders, m = change.new
    place = change.after.place(key.stream_id, key.compartment, key.suite)
    committed = bytes.fromhex(key.commitment)
    return wraps.wrap_share(place, committed, private.public, share[-1], m, len(holders), share)


def _request(members: Members, pinned: KeyManifest, kind: str) -> Request:
    if kind == TAKE_REQUEST:
        members.objects("dealers", _one_deal)
    return read_request(members, pinned)


def _expect(paper: Paper, kind: str) -> None:
    if paper.kind != kind:
        raise BadPaper("文件不是份额交接所要的那一种；请核对是否拿错了文件。")
