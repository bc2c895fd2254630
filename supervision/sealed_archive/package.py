"""A sealed report as one file: carried to the superior, and kept by him; readable with his keys alone.

A ZIP archive without compression. ``package.json`` is canonical JSON: origin, report, the county's key manifests, the
signed events that say what is sealed, and a tlog-proof for each of them. ``envelopes/``, ``wraps/`` and ``files/`` hold
the ciphertext, each entry named by the SHA-256 of its bytes, which the events name too. It holds nothing in clear that
the county's log does not hold.

What the reporter adds after the county has destroyed its copy goes up in another package of the same report. It lacks
what the destruction names, and only the superior, who has that already, can make it whole.
"""

from __future__ import annotations

import hashlib
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO
from uuid import UUID

from events.canonical import CanonicalError, decode_object, encode
from events.checkpoint import CheckpointError
from events.leaf import RecordedEntry, check_form, leaf_hash
from events.merkle import ProofError
from events.model import ActedEvent, Event, Sealing, from_state
from events.note import NoteError
from events.policy import Policy, PolicyError
from events.proof import LogProof
from events.topics import TopicError, current
from events.vocabulary.correspondence import SupplementReceived
from events.vocabulary.intake import SealedReportReceived
from events.vocabulary.sealed_report import (
    ReportedToSuperior,
    SealedCopyDestroyed,
    SealedReportRegistered,
    SealedReportResealed,
)
from events.vocabulary.streams import correspondence_id
from supervision.openings.request_file import NotAcceptable, entry_from_json, entry_to_json
from supervision.sealing.errors import CannotOpen
from supervision.sealing.manifest import KeyManifest, load_history
from supervision.sealing.opening import Opener
from supervision.sealing.strict_json import Malformed, Members

FORMAT = "supervision/sealed-package/v1"
HEAD = "package.json"
MAX_HEAD = 8 * 1024 * 1024
FOLDERS: Mapping[str, str] = {"envelope": "envelopes", "file": "files", "wrap": "wraps"}

_OF_THE_REPORT = (SealedReportRegistered, ReportedToSuperior, SealedCopyDestroyed)

_AGAIN = "请不要签收，并向县级重新取得。"


@dataclass(frozen=True, kw_only=True)
class Head:
    """``package.json``. ``pinned``: hash of the county's manifest in force; ``proofs``: one for each entry, or none."""

    origin: str
    report: UUID
    pinned: str
    manifests: tuple[bytes, ...]
    entries: tuple[RecordedEntry, ...]
    proofs: tuple[bytes, ...] = ()

    def encode(self) -> bytes:
        return encode(
            {
                "format": FORMAT,
                "origin": self.origin,
                "report": str(self.report),
                "pinned": self.pinned,
                "manifests": [document.decode() for document in self.manifests],
                "entries": [entry_to_json(recorded) for recorded in self.entries],
                "proofs": [proof.decode() for proof in self.proofs],
            }
        )

    @classmethod
    def parse(cls, data: bytes) -> Head:
        """Raises NotAcceptable."""
        try:
            return Members("", decode_object(data)).read_by(cls._read)
        except (CanonicalError, Malformed, ValueError) as error:
            raise NotAcceptable(f"密件的说明部分已损坏或格式不对（{error}）。{_AGAIN}") from None

    @classmethod
    def _read(cls, members: Members) -> Head:
        if members.text("format") != FORMAT:
            raise ValueError(f"应为 {FORMAT}")
        return cls(
            origin=members.text("origin"),
            report=UUID(members.text("report")),
            pinned=members.text("pinned"),
            manifests=tuple(text.encode() for text in members.texts("manifests")),
            entries=members.objects("entries", entry_from_json),
            proofs=tuple(text.encode() for text in members.texts("proofs")),
        )


def blobs_of(sealings: Iterable[Sealing]) -> dict[str, str]:
    """SHA-256 (hex) of all ciphertext that the sealings speak of, to its kind: envelope, file or wrap."""
    named: dict[str, str] = {}
    for sealing in sealings:
        named |= {item.sha256: item.kind for item in sealing.items}
        named |= {wrap.sha256: "wrap" for key in sealing.keys for wrap in key.wraps}
    return named


def contents_of(sealings: Iterable[Sealing]) -> str:
    """What an acknowledgement is for: SHA-256 (hex) over the names of all ciphertext, sorted."""
    return hashlib.sha256("\n".join(sorted(blobs_of(sealings))).encode("ascii")).hexdigest()


class Package:
    """A package at ``path``, taken apart. Nothing of it is believed before :meth:`check`.

    Raises NotAcceptable for what is no package.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with zipfile.ZipFile(path) as archive:
                self._members = {info.filename: info for info in archive.infolist()}
                plain = all(one.compress_type == zipfile.ZIP_STORED for one in self._members.values())
                if not plain or len(self._members) != len(archive.infolist()) or HEAD not in self._members:
                    raise NotAcceptable(f"不是平台生成的密件。{_AGAIN}")
                if self._members[HEAD].file_size > MAX_HEAD:
                    raise NotAcceptable(f"密件的说明部分过大，不是平台生成的。{_AGAIN}")
                self.head = Head.parse(archive.read(HEAD))
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError):  # so it refuses other methods, and passwords
            raise NotAcceptable(f"密件已损坏，或者不是密件。{_AGAIN}") from None

    # -- what it says -------------------------------------------------------------------------------------------------

    @cached_property
    def events(self) -> tuple[ActedEvent, ...]:
        """The events in it, in the order of the log. Raises NotAcceptable."""
        found = []
        for _, entry in self.head.entries:
            try:
                check_form(entry)
                event_class, state = current(entry.topic, decode_object(entry.state))
                event: Event = from_state(event_class, entry.stream_id, entry.stream_version, state)
            except (ValueError, TopicError) as problem:
                raise NotAcceptable(f"密件中的记录不能辨认（{problem}）。{_AGAIN}") from None
            if not isinstance(event, ActedEvent):
                raise NotAcceptable(f"密件中有不应有的记录。{_AGAIN}")
            found.append(event)
        return tuple(found)

    @property
    def received(self) -> SealedReportReceived | SealedReportResealed:
        """How it came. Raises NotAcceptable."""
        for event in self.events:
            if isinstance(event, SealedReportReceived | SealedReportResealed):
                return event
        raise NotAcceptable(f"密件中没有收到举报的记录。{_AGAIN}")

    @property
    def additions(self) -> list[SupplementReceived]:
        """What the reporter added."""
        return [event for event in self.events if isinstance(event, SupplementReceived)]

    @property
    def sealings(self) -> list[Sealing]:
        """All that is sealed in it, the report first."""
        return [self.received.sealing, *(event.sealing for event in self.additions)]

    @property
    def number(self) -> str:
        """In the county's register of sealed reports; "" where it was not numbered."""
        numbers = [event.number for event in self.events if isinstance(event, SealedReportRegistered)]
        return numbers[-1] if numbers else ""

    @cached_property
    def manifests(self) -> Mapping[str, KeyManifest]:
        """The county's key manifests by hash. Raises ManifestRejected."""
        return load_history(self.head.manifests, self.head.pinned)

    @property
    def manifest(self) -> KeyManifest:
        """That in force when the package was made."""
        return self.manifests[self.head.pinned]

    @property
    def contents(self) -> str:
        """See :func:`contents_of`."""
        return contents_of(self.sealings)

    # -- whether it is true -------------------------------------------------------------------------------------------

    @property
    def lacking(self) -> frozenset[str]:
        """Names of the ciphertext that is not in it, since the county has destroyed it: it was sent up before."""
        gone = {sha256 for event in self.events if isinstance(event, SealedCopyDestroyed) for sha256 in event.destroyed}
        return frozenset(name for name, sha256 in self._due.items() if sha256 in gone and name not in self._members)

    def check(self, policy: Policy | None) -> None:
        """Whether it is whole, and, with a ``policy``, whether all that it says is in the log that the policy names.

        With a policy it may be :attr:`lacking` what was sent up before. Raises NotAcceptable, ManifestRejected.
        """
        if policy is None and self.lacking:
            raise NotAcceptable(f"密件不完整。{_AGAIN}")
        self._check_story()
        self._check_blobs()
        if self.manifest.origin != self.head.origin:
            raise NotAcceptable(f"密件所附的密钥清单属于另一个日志。{_AGAIN}")
        if policy is not None:
            self._check_proofs(policy)

    def _check_story(self) -> None:
        report, exchange = self.head.report, correspondence_id(self.head.report)
        first, *others = self.events or (None,)
        belongs = isinstance(first, SealedReportReceived | SealedReportResealed) and first.originator_id == report
        for event in others:
            belongs = belongs and (
                (isinstance(event, SupplementReceived) and event.originator_id == exchange)
                or (isinstance(event, _OF_THE_REPORT) and event.originator_id == report)
            )
        if not belongs or not any(isinstance(event, ReportedToSuperior) for event in self.events):
            raise NotAcceptable(f"密件中的记录不是一件径送件的。{_AGAIN}")
        if any(sealing.manifest not in self.manifests for sealing in self.sealings):
            raise NotAcceptable(f"密件按它没有附上的密钥清单密封。{_AGAIN}")

    @property
    def _due(self) -> dict[str, str]:
        """Names of all ciphertext that the events speak of, to its SHA-256 (hex)."""
        return {f"{FOLDERS[kind]}/{sha256}": sha256 for sha256, kind in blobs_of(self.sealings).items()}

    def _check_blobs(self) -> None:
        lacking = self.lacking
        due = {name: sha256 for name, sha256 in self._due.items() if name not in lacking}
        if set(self._members) - {HEAD} != set(due):
            raise NotAcceptable(f"密件不完整，或者夹带了别的内容。{_AGAIN}")
        with zipfile.ZipFile(self._path) as archive:
            for name, sha256 in due.items():
                try:
                    with archive.open(name) as stream:
                        digest = _digest(stream)
                except zipfile.BadZipFile:
                    digest = ""
                if digest != sha256:
                    raise NotAcceptable(f"密件中的密文与日志记载不符，可能被改动或损坏。{_AGAIN}")

    def _check_proofs(self, policy: Policy) -> None:
        if len(self.head.proofs) != len(self.head.entries):
            raise NotAcceptable(f"密件没有逐条附上日志证明。{_AGAIN}")
        for (position, entry), proof in zip(self.head.entries, self.head.proofs, strict=True):
            try:
                proven = LogProof.parse(proof).verify(policy)
            except (ProofError, NoteError, CheckpointError, PolicyError) as error:
                raise NotAcceptable(f"密件的日志证明不成立（{error}）。{_AGAIN}") from None
            if (proven.leaf, proven.index) != (leaf_hash(self.head.origin, entry), position - 1):
                raise NotAcceptable(f"密件中第 {position} 条记录不在县级日志的这个位置。{_AGAIN}")

    # -- what is sealed in it, as :class:`.reading.Ciphertext` ---------------------------------------------------------

    def envelope(self, sha256: bytes) -> bytes | None:
        return self._blob(f"envelopes/{sha256.hex()}")

    def wrap(self, sha256: bytes) -> bytes | None:
        return self._blob(f"wraps/{sha256.hex()}")

    @contextmanager
    def file(self, sha256: bytes) -> Iterator[Path]:
        """The ciphertext of a file, beside the package for as long as it takes to open it."""
        name = f"files/{sha256.hex()}"
        if name not in self._members:
            raise CannotOpen(f"密件中没有这份文件的密文。{_AGAIN}")
        with tempfile.NamedTemporaryFile(dir=self._path.parent, prefix=".open-") as copy:
            with zipfile.ZipFile(self._path) as archive, archive.open(name) as stream:
                while chunk := stream.read(1 << 20):
                    copy.write(chunk)
            copy.flush()
            yield Path(copy.name)

    def opener(self, sealing: Sealing, stream_id: UUID) -> Opener:
        return Opener(self.manifests[sealing.manifest], sealing, stream_id)

    def _blob(self, name: str) -> bytes | None:
        if name not in self._members:
            return None
        with zipfile.ZipFile(self._path) as archive:
            return archive.read(name)


def _digest(stream: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while chunk := stream.read(1 << 20):
        digest.update(chunk)
    return digest.hexdigest()
