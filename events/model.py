"""What an event is: a frozen dataclass of plain values, and its state as JSON.

An event's *state* is all its fields except where it stands (``originator_id``, ``originator_version``).
Field types are ``str``, ``int``, ``bool``, ``None``, ``tuple[str, ...]``, :class:`Sealing` and tuples of
it; the type hints are the schema, checked when a state is made and when it is read. A JSON object that is a
member of a state is always a :class:`Sealing`, whatever the field is called; :mod:`events.claims` relies on
that.
"""

from __future__ import annotations

import dataclasses
import re
import types
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from events.canonical import JSONObject, JSONValue

E = TypeVar("E", bound="Event")

BEIJING_OFFSET = timedelta(hours=8)
WHERE_IT_STANDS = ("originator_id", "originator_version")

_SHA256_HEX = re.compile(r"[0-9a-f]{64}")


class StateError(ValueError):
    """A state that does not fit its event class. Names topic and field, never a value."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """A fact. ``originator_id``: the stream it belongs to; ``originator_version``: its number there, from 1.

    A subclass is a frozen, keyword-only dataclass with a topic (:func:`events.topics.topic`).
    """

    TOPIC: ClassVar[str]

    originator_id: UUID
    originator_version: int


@dataclass(frozen=True, kw_only=True)
class ActedEvent(Event):
    """A fact that somebody brought about.

    ``occurred_at``: business time, ISO 8601 in seconds with offset +08:00.
    ``actor``: an officer id, ``reporter``, ``service:<name>`` or ``ceremony``. ``office``: office id or "".
    ``rule_version``: version of the rulebook that the decision was taken under.

    Raises :class:`StateError` when ``occurred_at`` is no such time: a stored event can never be corrected.
    """

    occurred_at: str
    actor: str
    office: str
    rule_version: str

    def __post_init__(self) -> None:
        if not _is_beijing_time(self.occurred_at):
            raise StateError(f"{_name(type(self))}：occurred_at 应为精确到秒、带 +08:00 的 ISO 8601 时间")


def _is_beijing_time(text: str) -> bool:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return False
    return moment.utcoffset() == BEIJING_OFFSET and moment.isoformat(timespec="seconds") == text


@dataclass(frozen=True, kw_only=True)
class WrapRef:
    """A data key, or a share of one, wrapped to one recipient.

    ``key``: recipient's key id (hex, 32 bytes). ``share``: 1 to n, or 0 where the whole key is wrapped or a
    gate's half. ``sha256``: of the wrap's bytes (hex). ``share_commitment``: hex, or "" where nothing is
    shared.
    """

    key: str
    share: int
    sha256: str
    share_commitment: str

    def __post_init__(self) -> None:
        _require(_is_sha256(self.key), "wraps.key")
        _require(self.share >= 0, "wraps.share")
        _require(_is_sha256(self.sha256), "wraps.sha256")
        _require(self.share_commitment == "" or _is_sha256(self.share_commitment), "wraps.share_commitment")


@dataclass(frozen=True, kw_only=True)
class DataKeyRef:
    """The data key of one compartment: what it is committed to and whom it is wrapped to.

    ``commitment``: hex, 32 bytes. ``m`` of ``n`` shares open it; both are 0 where each wrap holds the whole
    key.
    """

    compartment: str
    commitment: str
    m: int
    n: int
    wraps: tuple[WrapRef, ...]

    def __post_init__(self) -> None:
        _require(_is_sha256(self.commitment), "keys.commitment")
        _require(self.m == self.n == 0 or 1 <= self.m <= self.n, "keys.m")
        _require(all(wrap.share <= self.n for wrap in self.wraps), "keys.wraps.share")


@dataclass(frozen=True, kw_only=True)
class SealedItem:
    """One sealed payload. ``kind``: ``envelope`` (in the database) or ``file``.

    ``sha256``: of the stored ciphertext (hex). ``size_class``: padded length of the plaintext in bytes.
    """

    compartment: str
    field: str
    kind: str
    sha256: str
    size_class: int

    def __post_init__(self) -> None:
        _require(self.kind in ("envelope", "file"), "items.kind")
        _require(_is_sha256(self.sha256), "items.sha256")
        _require(self.size_class > 0, "items.size_class")


@dataclass(frozen=True, kw_only=True)
class Sealing:
    """What an event says about payloads in custody: which exist, under which keys, wrapped to whom.

    ``suite``: number of the sealing suite. ``manifest``: SHA-256 of the key manifest (hex). There is
    exactly one key for a compartment; an item belongs to the key of its compartment. A sealing with keys
    and no items adds wraps for an existing data key. Raises :class:`StateError` when it contradicts itself.
    """

    suite: int
    manifest: str
    keys: tuple[DataKeyRef, ...]
    items: tuple[SealedItem, ...]

    def __post_init__(self) -> None:
        compartments = [key.compartment for key in self.keys]
        wraps = [wrap.sha256 for key in self.keys for wrap in key.wraps]
        hashes = [item.sha256 for item in self.items] + wraps
        _require(self.suite > 0, "suite")
        _require(_is_sha256(self.manifest), "manifest")
        _require(len(set(compartments)) == len(compartments), "keys.compartment")
        _require(all(item.compartment in compartments for item in self.items), "items.compartment")
        _require(len(set(hashes)) == len(hashes), "sha256")


def _require(condition: bool, field: str) -> None:
    if not condition:
        raise StateError(f"封存说明的 {field} 不符合格式")


def _is_sha256(text: str) -> bool:
    return _SHA256_HEX.fullmatch(text) is not None


# --- State: dataclass <-> JSON, driven by the type hints ---------------------------------------------


def to_state(event: Event) -> JSONObject:
    """The event's state; raises :class:`StateError` where a value is not of its field's type."""
    return _to_json(event, type(event), _state_fields(type(event)))


def from_state(cls: type[E], originator_id: UUID, originator_version: int, state: JSONObject) -> E:
    """The event of class ``cls`` with this state.

    Raises :class:`StateError` for a missing, unknown or mistyped field.
    """
    values = _read_fields(state, cls, _state_fields(cls))
    return cls(originator_id=originator_id, originator_version=originator_version, **values)


@dataclass(frozen=True)
class _Field:
    """How one field is checked and converted: ``write`` to JSON, ``read`` from JSON; both raise TypeError."""

    name: str
    write: Callable[[Any], JSONValue]
    read: Callable[[JSONValue], Any]


_fields_of_class: dict[type[Any], tuple[_Field, ...]] = {}


def _state_fields(cls: type[Any]) -> tuple[_Field, ...]:
    if cls not in _fields_of_class:
        hints = get_type_hints(cls)
        _fields_of_class[cls] = tuple(
            _Field(field.name, *_converters(hints[field.name]))
            for field in dataclasses.fields(cls)
            if field.name not in WHERE_IT_STANDS
        )
    return _fields_of_class[cls]


def _to_json(value: object, cls: type[Any], fields: tuple[_Field, ...]) -> JSONObject:
    state: JSONObject = {}
    for field in fields:
        try:
            state[field.name] = field.write(getattr(value, field.name))
        except TypeError:
            raise StateError(f"{_name(cls)}：字段 {field.name} 的类型不对") from None
    return state


def _read_fields(state: JSONObject, cls: type[Any], fields: tuple[_Field, ...]) -> dict[str, Any]:
    names = {field.name for field in fields}
    if missing := names - state.keys():
        raise StateError(f"{_name(cls)}：缺少字段 {'、'.join(sorted(missing))}")
    if unknown := state.keys() - names:
        raise StateError(f"{_name(cls)}：未知字段 {'、'.join(sorted(unknown))}")
    values = {}
    for field in fields:
        try:
            values[field.name] = field.read(state[field.name])
        except TypeError:
            raise StateError(f"{_name(cls)}：字段 {field.name} 的类型不对") from None
    return values


def _name(cls: type[Any]) -> str:
    return getattr(cls, "TOPIC", cls.__name__)


_Converters = tuple[Callable[[Any], JSONValue], Callable[[JSONValue], Any]]


def _converters(hint: Any) -> _Converters:
    """Writer and reader for a type hint. Raises ``TypeError`` for a hint that no event may have."""
    if hint in (str, int, bool, types.NoneType):
        check = _exactly(hint)
        return check, check
    if get_origin(hint) in (Union, types.UnionType):
        return _either([_converters(option) for option in get_args(hint)])
    if get_origin(hint) is tuple and get_args(hint)[1:] == (Ellipsis,):
        return _sequence(*_converters(get_args(hint)[0]))
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _nested(hint)
    raise TypeError(f"an event field cannot be of type {hint!r}")


def _exactly(kind: type[Any]) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if type(value) is not kind:  # not isinstance: True is no int here
            raise TypeError
        return value

    return check


def _sequence(write: Callable[[Any], JSONValue], read: Callable[[JSONValue], Any]) -> _Converters:
    def write_all(value: Any) -> JSONValue:
        if not isinstance(value, tuple):
            raise TypeError
        return [write(member) for member in value]

    def read_all(value: JSONValue) -> Any:
        if not isinstance(value, list):
            raise TypeError
        return tuple(read(member) for member in value)

    return write_all, read_all


def _nested(cls: type[Any]) -> _Converters:
    def write(value: Any) -> JSONValue:
        if type(value) is not cls:
            raise TypeError
        return _to_json(value, cls, _state_fields(cls))

    def read(value: JSONValue) -> Any:
        if not isinstance(value, dict):
            raise TypeError
        return cls(**_read_fields(value, cls, _state_fields(cls)))

    return write, read


def _either(options: list[_Converters]) -> _Converters:
    def first_that_fits(converters: list[Callable[[Any], Any]]) -> Callable[[Any], Any]:
        def convert(value: Any) -> Any:
            for converter in converters:
                try:
                    return converter(value)
                except TypeError:
                    continue
            raise TypeError

        return convert

    return first_that_fits([write for write, _ in options]), first_that_fits([read for _, read in options])
