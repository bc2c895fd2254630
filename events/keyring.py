"""Whose signature counts for which event. Keys come from three places, none of which the database can forge:

- the key manifest: keys of services and of the key ceremony, each with the topics that it may sign, from the
  ``deployment.manifest_adopted.v1`` that names the manifest until the next one;
- ``officer.appointed.v1``: the key of a one-time code, which signs one enrolment; ``officer.enrolled.v1``: the key
  of an officer, who signs what names him as its actor and his duties allow (:mod:`events.duties`), until he departs or
  is invited anew after losing his passphrase;
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

from events import duties
from events.duties import APPOINTED, DEPARTED, ENROLLED, REINVITED, Duties, NotAuthorised, text
from events.leaf import Entry
from events.signing import key_id_of
from events.vocabulary.streams import correspondence_id

ADOPTED = "deployment.manifest_adopted.v1"
ISSUED = "receipt.issued.v1"
RECEIVED = ("report.received.v1", "sealed_report.received.v1")
RESEALED = "sealed_report.resealed.v1"
REPORTER = "reporter"

_TEACHING = frozenset((ADOPTED, *duties.TEACHING, *RECEIVED, RESEALED))
"""Topics of the events that make keys known, or end them."""

NO_OFFICER = (REPORTER, "ceremony")
"""Actors that an account of this name could pass for; those of services have a colon."""


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
    """Keys as the log made them known so far.

    ``trusted``: keys that count from the first entry until a manifest is adopted. ``manifests``: the keys of each
    manifest that the caller has verified, by its hash in hex, the oldest first; there is no way back to an older one.
    """

    def __init__(
        self, trusted: Iterable[TrustedKey] = (), manifests: Mapping[str, Iterable[TrustedKey]] | None = None
    ) -> None:
        self._trusted = _by_key_id(trusted)
        self._pinned = manifests is not None
        self._manifests = {hash_: _by_key_id(keys) for hash_, keys in (manifests or {}).items()}
        self._duties = Duties()
        self._officers: dict[bytes, _OfficerKey] = {}
        self._enrolment_keys: dict[str, bytes] = {}
        self._reporters: dict[bytes, _ReporterKey] = {}

    def public_key_for(self, entry: Entry, state: Mapping[str, Any]) -> bytes:
        """The public key that the entry must be signed with. Raises :class:`NotAuthorised`."""
        actor = state.get("actor")
        if trusted := self._trusted_key(entry, state):
            if actor != trusted.actor or not any(fnmatchcase(entry.topic, topic) for topic in trusted.topics):
                raise NotAuthorised(f"密钥属于 {trusted.actor}，无权签署此事件")
            return trusted.public_key
        if officer := self._officers.get(entry.key_id):
            if actor != officer.officer:
                raise NotAuthorised("密钥不属于事件中的经办人")
            self._duties.check(officer.officer, entry.topic, state)
            return officer.public_key
        if reporter := self._reporters.get(entry.key_id):
            if actor != REPORTER or entry.stream_id not in reporter.streams:
                raise NotAuthorised("举报人的密钥不适用于此记录")
            return reporter.public_key
        return self._introduced_key(entry, state)

    def _trusted_key(self, entry: Entry, state: Mapping[str, Any]) -> TrustedKey | None:
        """The key of a manifest that signed this, if one did: a new manifest is adopted by its own ceremony, too."""
        if entry.topic != ADOPTED or not self._pinned:
            return self._trusted.get(entry.key_id)
        adopted = self._manifests.get(text(state, "manifest"))
        if adopted is None:
            raise NotAuthorised("采用的密钥清单不在已核对的清单之列，或者比现行的旧")
        return self._trusted.get(entry.key_id) or adopted.get(entry.key_id)

    def _introduced_key(self, entry: Entry, state: Mapping[str, Any]) -> bytes:
        """The key of an enrolment, from the appointment; the key of a report, from the report itself."""
        actor = text(state, "actor")
        if entry.topic == ENROLLED and actor == text(state, "officer") and actor in self._enrolment_keys:
            key = self._enrolment_keys[actor]
        elif entry.topic in RECEIVED and actor == REPORTER:
            key = decode_key(text(state, "reporter_signing_key"))
        else:
            raise NotAuthorised("签名密钥未知，或尚未登记、已经失效")
        if key_id_of(key) != entry.key_id:
            raise NotAuthorised("签名密钥与登记的密钥不同")
        return key

    def learn(self, entry: Entry, state: Mapping[str, Any]) -> None:
        """Take note of the keys that a verified entry makes known or ends."""
        if entry.topic not in _TEACHING:
            return
        if entry.topic == ADOPTED:
            if self._pinned:
                self._adopt(text(state, "manifest"))
        elif entry.topic in duties.TEACHING:
            self._learn_officer(entry.topic, state)
        else:
            self._learn_reporter(entry.stream_id, text(state, "reporter_signing_key"))

    def _learn_officer(self, topic: str, state: Mapping[str, Any]) -> None:
        officer = text(state, "officer")
        if topic in (APPOINTED, REINVITED):
            if officer in NO_OFFICER or ":" in officer:
                raise NotAuthorised("账号名由系统保留，不能任命")
            if topic == REINVITED:
                self._forget(officer)
            self._enrolment_keys[officer] = decode_key(text(state, "enrolment_key"))
        elif topic == ENROLLED:
            self._forget(officer)
            key = decode_key(text(state, "signing_key"))
            self._officers[key_id_of(key)] = _OfficerKey(officer, key)
        elif topic == DEPARTED:
            self._forget(officer)
        self._duties.learn(topic, state)

    def _adopt(self, manifest: str) -> None:
        hashes = list(self._manifests)
        self._trusted = self._manifests[manifest]
        for old in hashes[: hashes.index(manifest) + 1]:
            del self._manifests[old]

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


def kind_of(actor: str) -> str:
    """``officer``, ``reporter`` or ``service``: whose key signs for this actor."""
    if actor == REPORTER:
        return actor
    return "service" if actor in NO_OFFICER or ":" in actor else "officer"


def _by_key_id(keys: Iterable[TrustedKey]) -> dict[bytes, TrustedKey]:
    return {key_id_of(key.public_key): key for key in keys}


def decode_key(encoded: str) -> bytes:
    """A public key (32 bytes) from its Base64. Raises :class:`NotAuthorised`."""
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 32:
        raise NotAuthorised("事件登记的签名密钥不是 32 字节的 Base64")
    return key
