"""Names of event classes. A topic is a name and a version (``report.received.v1``), never a Python path.

A class may move or be renamed; its topic stays. A fact that changes its shape gets a new class with
``.v2``; the class of ``.v1`` goes and an upcast takes its place, so that code knows one version only ::

    @upcast("report.received.v1", to="report.received.v2")
    def _(state: JSONObject) -> JSONObject:
        return {**state, "line": ""}

Stored events are upcast when they are read and never rewritten.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TypeAlias, TypeVar

from eventsourcing.utils import register_topic

from events.canonical import JSONObject
from events.model import Event

E = TypeVar("E", bound=Event)
Upcaster: TypeAlias = Callable[[JSONObject], JSONObject]

VOCABULARY = "events.vocabulary"

_FORM = re.compile(r"(?P<name>[a-z_]+(?:\.[a-z_]+)*)\.v(?P<version>[0-9]+)")

_classes: dict[str, type[Event]] = {}
_upcasts: dict[str, tuple[str, Upcaster]] = {}


class TopicError(ValueError):
    """A topic that is malformed, taken, unknown, or upcast to nowhere."""


def topic(name: str) -> Callable[[type[E]], type[E]]:
    """Class decorator: gives an event class its topic and makes it known. Raises :class:`TopicError`."""

    def name_class(cls: type[E]) -> type[E]:
        if _FORM.fullmatch(name) is None:
            raise TopicError(f"事件主题 {name!r} 不符合格式，应形如 report.received.v1")
        if name in _upcasts or _classes.get(name, cls) is not cls:
            raise TopicError(f"事件主题 {name} 已被占用")
        cls.TOPIC = name
        _classes[name] = cls
        register_topic(name, cls)
        return cls

    return name_class


def upcast(old: str, *, to: str) -> Callable[[Upcaster], Upcaster]:
    """Decorator of a function that turns a state of ``old`` into one of ``to``; :class:`TopicError`."""

    def register(upcaster: Upcaster) -> Upcaster:
        if old in _upcasts or old in _classes:
            raise TopicError(f"事件主题 {old} 已被占用")
        if _version(to) <= _version(old):
            raise TopicError(f"事件主题 {old} 只能升级到更高的版本，不能到 {to}")
        _upcasts[old] = (to, upcaster)
        return upcaster

    return register


def current(topic_name: str, state: JSONObject) -> tuple[type[Event], JSONObject]:
    """Class and state of a stored event in its newest version. Raises :class:`TopicError` if unknown."""
    while topic_name in _upcasts:
        topic_name, upcaster = _upcasts[topic_name]
        state = upcaster(state)
    try:
        return _classes[topic_name], state
    except KeyError:
        raise TopicError(f"未知的事件主题 {topic_name}：程序版本可能比日志旧，请升级程序") from None


def topic_of(event: Event) -> str:
    """The event's topic; raises :class:`TopicError` when its very class has none, inherited or not."""
    name = getattr(type(event), "TOPIC", "")
    if _classes.get(name) is not type(event):
        raise TopicError(f"事件类 {type(event).__qualname__} 没有主题")
    return name


def registered() -> Iterator[tuple[str, type[Event]]]:
    """All topics with their classes, by name."""
    return iter(sorted(_classes.items()))


def check_topics() -> None:
    """For start-up: every event of the vocabulary has a topic of its own, every upcast leads to a known one.

    Uniqueness and form are checked when a class is named. Raises :class:`TopicError`.
    """
    for cls in _subclasses(Event):
        in_vocabulary = cls.__module__.startswith(VOCABULARY)
        if in_vocabulary and _classes.get(getattr(cls, "TOPIC", "")) is not cls:
            raise TopicError(f"事件类 {cls.__qualname__} 没有主题")
    for old, (to, _) in _upcasts.items():
        if to not in _classes and to not in _upcasts:
            raise TopicError(f"事件主题 {old} 要升级到的 {to} 不存在")


def _version(name: str) -> int:
    match = _FORM.fullmatch(name)
    if match is None:
        raise TopicError(f"事件主题 {name!r} 不符合格式，应形如 report.received.v1")
    return int(match["version"])


def _subclasses(cls: type[Event]) -> Iterator[type[Event]]:
    for sub in cls.__subclasses__():
        yield sub
        yield from _subclasses(sub)
