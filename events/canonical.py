"""The one JSON spelling that this log hashes and signs.

Canonical JSON is UTF-8 without BOM; members sorted by code point; separators ``,`` and ``:`` without blanks;
nothing but what JSON must escape is escaped; no floating point; integers between -(2**53 - 1) and 2**53 - 1,
which every JSON reader keeps exactly. A value has exactly one spelling, so equal hashes mean equal values.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import orjson

JSONValue: TypeAlias = "bool | int | str | list[JSONValue] | dict[str, JSONValue] | None"
JSONObject: TypeAlias = dict[str, JSONValue]

MAX_INTEGER = 2**53 - 1
"""Largest magnitude of an integer (RFC 8259, section 6: interoperable range), which orjson keeps to."""

DEEPEST = 100
"""Most levels of members within members; no event has more than six."""


class CanonicalError(ValueError):
    """A value that has no canonical spelling, or bytes that are not one. Never quotes the value."""


def encode(value: JSONValue) -> bytes:
    """The canonical bytes of ``value``.

    Raises :class:`CanonicalError` for floats, too large integers, lone surrogates and types unknown to JSON.
    """
    _refuse_foreign((value,), DEEPEST)
    return _spell(value)


def decode_object(data: bytes) -> JSONObject:
    """The object that ``data`` spells; raises :class:`CanonicalError` unless ``data`` is canonical."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise CanonicalError("不是有效的 JSON") from None
    if type(value) is not dict:
        raise CanonicalError("不是 JSON 对象")
    _refuse_foreign(value.values(), DEEPEST - 1)
    if _spell(value) != data:
        raise CanonicalError("不是规范形式的 JSON")
    return value


def _spell(value: JSONValue) -> bytes:
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER)
    except orjson.JSONEncodeError:
        raise CanonicalError(
            "无法写成规范形式：文本不能编码为 UTF-8，整数超出可精确表示的范围，或者成员名不是字符串"
        ) from None


def _refuse_foreign(values: Iterable[object], levels: int) -> None:
    """What orjson would write and this format does not know: floats above all, dates, tuples, too many levels.

    By exact type where that is enough: a verifier asks this of every value in the log.
    """
    if not levels:
        raise CanonicalError(f"JSON 的层次超过 {DEEPEST}")
    for value in values:
        kind = type(value)
        if kind is str or kind is int or kind is bool or value is None:
            continue
        if isinstance(value, dict):
            _refuse_foreign(value.values(), levels - 1)
        elif isinstance(value, list):
            _refuse_foreign(value, levels - 1)
        elif kind is float:
            raise CanonicalError("JSON 中不允许浮点数")
        elif not isinstance(value, str):
            raise CanonicalError(f"JSON 中不允许 {kind.__name__} 类型的值")
