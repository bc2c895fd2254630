"""A key manifest, and what a new one changes, in words: what two people read before they sign it.

Keys are shown by the head of their identifier in groups of four, short enough to be read over the telephone. Each
holder compares his own with what his machine showed when it made the key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from events.signing import key_id_of
from supervision.sealing.holders import Holder, Superior
from supervision.sealing.manifest import KeyManifest

_SHOWN_DIGITS = 32


def fingerprint(digest: str) -> str:
    """The first 128 bits of a hash or key identifier (hex), for the eye and the ear."""
    return " ".join(digest[at : at + 4] for at in range(0, _SHOWN_DIGITS, 4))


def described(manifest: KeyManifest) -> Iterator[str]:
    """All of it, line by line."""
    yield f"密钥清单：{manifest.origin} 第 {manifest.epoch} 版，{manifest.created}"
    yield f"清单指纹：{fingerprint(manifest.hash)}"
    yield from _conditions(manifest).values()
    yield from (f"{who}：{what}" for who, what in _keys(manifest).items())


def changes(before: KeyManifest, after: KeyManifest) -> Iterator[str]:
    """What ``after`` changes, line by line; nothing where only number and date differ."""
    old_conditions = _conditions(before)
    for what, condition in _conditions(after).items():
        if condition != old_conditions[what]:
            yield f"改变：{old_conditions[what]} → {condition}"
    yield from _differences(_keys(before), _keys(after))


def described_superior(superior: Superior) -> Iterator[str]:
    """The superior's part alone, line by line."""
    yield _condition_of(superior)
    yield from (f"{who}：{what}" for who, what in _keys_of_superior(superior).items())


def _conditions(manifest: KeyManifest) -> dict[str, str]:
    return {
        "identity": f"启封身份：{len(manifest.custodians)} 名保管人中的 {manifest.m} 名",
        "gate": "启封身份另须上级闸门放行" if manifest.gate else "启封身份无须上级闸门放行",
        "contact": f"使用联系方式：{len(manifest.relays)} 名联络员中的 {manifest.relay_m} 名",
        "superior": _condition_of(manifest.superior),
        "suite": "最低密封套件："
        + "、".join(f"{name} {suite}" for name, suite in sorted(manifest.minimum_suite.items())),
    }


def _condition_of(superior: Superior) -> str:
    return f"启封径送件的身份：{len(superior.custodians)} 名上级保管人中的 {superior.m} 名"


def _keys(manifest: KeyManifest) -> dict[str, str]:
    """Who has a key, in words, to what is said of him and it."""
    return {
        **_holders("机构", manifest.offices),
        **_holders("保管人", manifest.custodians),
        **_holders("联络员", manifest.relays),
        **_keys_of_superior(manifest.superior),
        "受理台（分类信息）": fingerprint(manifest.console.key_id),
        "日志签名": _signing(manifest.log),
        "密钥仪式": _signing(manifest.ceremony),
        **{f"服务 {one.name}": f"{_signing(one.signing)}，可签 {'、'.join(one.topics)}" for one in manifest.services},
    }


def _keys_of_superior(superior: Superior) -> dict[str, str]:
    return {
        **_holders("上级保管人", superior.custodians),
        "上级": f"{superior.office_id}，{superior.name}，{fingerprint(superior.kem.key_id)}",
        "上级闸门": fingerprint(superior.gate.key_id),
        "上级签名": _signing(superior.signing),
        "上级见证": _signing(superior.witness),
    }


def _holders(kind: str, holders: Iterable[Holder]) -> dict[str, str]:
    return {f"{kind} {one.id}": f"{one.name}，{fingerprint(one.kem.key_id)}" for one in holders}


def _signing(public_key: bytes) -> str:
    return fingerprint(key_id_of(public_key).hex())


def _differences(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for who in {**old, **new}:
        if who not in new:
            yield f"撤除：{who}：{old[who]}"
        elif who not in old:
            yield f"新增：{who}：{new[who]}"
        elif old[who] != new[who]:
            yield f"改变：{who}：{old[who]} → {new[who]}"
