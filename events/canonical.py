"""The one JSON spelling that this log hashes and signs.

Canonical JSON is UTF-8 without BOM; members sorted by code point; separators ``,`` and ``:`` without blanks;
nothing but what JSON must escape is escaped; no floating point; integers between -(2**53 - 1) and 2**53 - 1,
which every JSON reader keeps exactly. A value has exactly one spelling, so equal hashes mean equal values.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import NoReturn, TypeAlias

JSONValue: TypeAlias = "bool | int | str | list[JSONValue] | dict[str, JSONValue] | None"
JSONObject: TypeAlias = dict[str, JSONValue]

MAX_INTEGER = 2**53 - 1
"""Largest magnitude of an integer (RFC 8259, section 6: interoperable range)."""


class CanonicalError(ValueError):
    """A value that has no canonical spelling, or bytes that are not one. Never quotes the value."""


def encode(value: JSONValue) -> bytes:
    """The canonical bytes of ``value``.

    Raises :class:`CanonicalError` for floats, too large integers, lone surrogates and types unknown to JSON.
    """
    _refuse_unrepresentable(value)
    return _spell(value)


def decode_object(data: bytes) -> JSONObject:
    """The object that ``data`` spells; raises :class:`CanonicalError` unless ``data`` is canonical."""
    try:
        value, _ = _decoder.raw_decode(data.decode("utf-8"))  # what may follow is found below
    except CanonicalError:
        raise
    except (ValueError, RecursionError):
        raise CanonicalError("不是有效的 JSON") from None
    if not isinstance(value, dict):
        raise CanonicalError("不是 JSON 对象")
    if _spell(value) != data:
        raise CanonicalError("不是规范形式的 JSON")
    return value


def _spell(value: JSONValue) -> bytes:
    try:
        return _encoder.encode(value).encode("utf-8")
    except UnicodeEncodeError:
        raise CanonicalError("文本中含有无法编码为 UTF-8 的字符") from None


def _refuse_unrepresentable(value: JSONValue) -> None:
    match value:
        case None | bool() | str():
            pass
        case int():
            if abs(value) > MAX_INTEGER:
                raise CanonicalError("整数超出 JSON 可精确表示的范围")
        case list():
            for member in value:
                _refuse_unrepresentable(member)
        case dict():
            for name, member in value.items():
                if not isinstance(name, str):
                    raise CanonicalError("JSON 对象的成员名必须是字符串")
                _refuse_unrepresentable(member)
        case _:
            raise CanonicalError(f"JSON 中不允许 {type(value).__name__} 类型的值")


@lru_cache(maxsize=4096)
def _parse_integer(text: str) -> int:
    if len(text) > len(str(-MAX_INTEGER)) or abs(int(text)) > MAX_INTEGER:
        raise CanonicalError("整数超出 JSON 可精确表示的范围")
    return int(text)


def _refuse_number(_: str) -> NoReturn:
    raise CanonicalError("JSON 中不允许浮点数")


# Made once: the functions of the json module make one anew for each call with options.
_encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
_decoder = json.JSONDecoder(parse_int=_parse_integer, parse_float=_refuse_number, parse_constant=_refuse_number)
