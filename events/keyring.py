"""Whose signature counts for which event. Keys come from three places, none of which the database can forge:

- the key manifest: keys of services and of the key ceremony, each with the topics that it may sign;
- ``officer.appointed.v1``: the key of a one-time code, which signs one enrolment; ``officer.enrolled.v1``: the key
  of an officer, who signs what names him as its actor, until he departs or enrols anew;
- ``report.received.v1`` and its like: the key that a reporter derived from his 查询码, for this receipt, this
  report's first event and its correspondence alone.

Fed with the log from its beginning, a :class:`Keyring` knows at each event the keys that were valid then.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any
from uuid import UUID

from events.leaf import Entry
from events.signing import key_id_of
from events.vocabulary.streams import correspondence_id

APPOINTED = "officer.appointed.v1"
ENROLLED = "officer.enrolled.v1"
DEPARTED = "officer.departed.v1"
ISSUED = "receipt.issued.v1"
RECEIVED = ("report.received.v1", "sealed_report.received.v1")
RESEALED = "sealed_report.resealed.v1"
REPORTER = "reporter"


class NotAuthorised(ValueError):
    """The key is unknown, or not for this event. The message says which, in Chinese."""


@dataclass(frozen=True)
class TrustedKey:
    """A key of the manifest. ``actor``: as whom it signs, such as ``service:intake`` or ``ceremony``.

    ``public_key``: 32 bytes. ``topics``: patterns with ``*``, such as ``report.*``.
    """

    actor: str
    public_key: bytes
    topics: tuple[str, ...]


@dataclass(frozen=True)
class _OfficerKey:
    officer: str
    public_key: bytes


@dataclass(frozen=True)
class _ReporterKey:
    public_key: bytes
    streams: frozenset[UUID]


class Keyring:
    """Keys as the log made them known so far. ``trusted``: those of the manifest."""

    def __init__(self, trusted: Iterable[TrustedKey]) -> None:
        self._trusted = {key_id_of(key.public_key): key for key in trusted}
        self._officers: dict[bytes, _OfficerKey] = {}
        self._enrolment_keys: dict[str, bytes] = {}
        self._reporters: dict[bytes, _ReporterKey] = {}

    def public_key_for(self, entry: Entry, state: Mapping[str, Any]) -> bytes:
        """The public key that the entry must be signed with. Raises :class:`NotAuthorised`."""
        actor = state.get("actor")
        if trusted := self._trusted.get(entry.key_id):
            if actor != trusted.actor or not any(fnmatchcase(entry.topic, topic) for topic in trusted.topics):
                raise NotAuthorised(f"密钥属于 {trusted.actor}，无权签署此事件")
            return trusted.public_key
        if officer := self._officers.get(entry.key_id):
            if actor != officer.officer:
                raise NotAuthorised("密钥不属于事件中的经办人")
            return officer.public_key
        if reporter := self._reporters.get(entry.key_id):
            if actor != REPORTER or entry.stream_id not in reporter.streams:
                raise NotAuthorised("举报人的密钥不适用于此记录")
            return reporter.public_key
        return self._introduced_key(entry, state)

    def _introduced_key(self, entry: Entry, state: Mapping[str, Any]) -> bytes:
        """The key of an enrolment, from the appointment; the key of a report, from the report itself."""
        actor = _text(state, "actor")
        if entry.topic == ENROLLED and actor == _text(state, "officer") and actor in self._enrolment_keys:
            key = self._enrolment_keys[actor]
        elif entry.topic in RECEIVED and actor == REPORTER:
            key = decode_key(_text(state, "reporter_signing_key"))
        else:
            raise NotAuthorised("签名密钥未知，或尚未登记、已经失效")
        if key_id_of(key) != entry.key_id:
            raise NotAuthorised("签名密钥与登记的密钥不同")
        return key

    def learn(self, entry: Entry, state: Mapping[str, Any]) -> None:
        """Take note of the keys that a verified entry makes known or ends."""
        if entry.topic == APPOINTED:
            self._enrolment_keys[_text(state, "officer")] = decode_key(_text(state, "enrolment_key"))
        elif entry.topic == ENROLLED:
            officer = _text(state, "officer")
            self._forget(officer)
            key = decode_key(_text(state, "signing_key"))
            self._officers[key_id_of(key)] = _OfficerKey(officer, key)
        elif entry.topic == DEPARTED:
            self._forget(_text(state, "officer"))
        elif entry.topic in (*RECEIVED, RESEALED):
            self._learn_reporter(entry.stream_id, _text(state, "reporter_signing_key"))

    def _learn_reporter(self, stream_id: UUID, encoded: str) -> None:
        if encoded:
            key = decode_key(encoded)
            known = self._reporters.get(key_id_of(key), _ReporterKey(key, frozenset()))
            streams = known.streams | {correspondence_id(stream_id)}
            self._reporters[key_id_of(key)] = _ReporterKey(key, streams)

    def _forget(self, officer: str) -> None:
        """End the officer's one-time key and the key that he had."""
        self._enrolment_keys.pop(officer, None)
        self._officers = {id_: key for id_, key in self._officers.items() if key.officer != officer}


def _text(state: Mapping[str, Any], field: str) -> str:
    value = state.get(field)
    if not isinstance(value, str):
        raise NotAuthorised(f"事件缺少字段 {field}，无法判断签名密钥")
    return value


def decode_key(encoded: str) -> bytes:
    """A public key (32 bytes) from its Base64. Raises :class:`NotAuthorised`."""
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 32:
        raise NotAuthorised("事件登记的签名密钥不是 32 字节的 Base64")
    return key
