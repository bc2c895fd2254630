"""A small log for tests of `events/`: keys, a clock, and a deployment whose people do what real ones do."""

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypedDict
from uuid import UUID, uuid5

import pytest

from events.canonical import encode
from events.custody import CustodyBatch, EnvelopeRow, LookupRow, WrapRow
from events.keyring import Keyring, TrustedKey
from events.leaf import Entry, RecordedEntry, SignedEvent
from events.ledger import Ledger
from events.model import DataKeyRef, Event, SealedItem, Sealing, WrapRef, to_state
from events.signing import Ed25519Signer, signature_message
from events.store import LogStore
from events.topics import topic_of
from events.verify import Attested, Fault, Verified, verify_log
from events.vocabulary import correspondence, intake, officer, sealed_report
from events.vocabulary.streams import correspondence_id, officer_stream_id

ORIGIN = "log.county.example/supervision"
NAMESPACE = UUID("6d1f6a36-5b0f-4c53-9a0e-1f2f3c7a9b11")
NOON = 1_767_240_000  # 2026-01-01T12:00:00+08:00


class _Where(TypedDict):
    originator_id: UUID
    originator_version: int


class _Acted(TypedDict):
    occurred_at: str
    office: str
    rule_version: str


ACTED: _Acted = {"occurred_at": "2026-01-01T12:00:00+08:00", "office": "petition", "rule_version": "2026.1"}


def digest(*parts: object) -> bytes:
    """32 bytes that are always the same for the same parts."""
    return hashlib.sha256("/".join(map(str, parts)).encode()).digest()


def signer(name: object) -> Ed25519Signer:
    """The key of somebody called `name`."""
    return Ed25519Signer(digest("key", name))


def stream(name: object) -> UUID:
    """The stream called `name`."""
    return uuid5(NAMESPACE, str(name))


class Clock:
    """A clock that stands still until it is moved. Unix seconds."""

    def __init__(self, now: float = NOON) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def open_log(url: str, home: Path, clock: Clock | None = None) -> LogStore:
    """A new, empty log."""
    store = LogStore(url, home, clock or Clock())
    store.create(ORIGIN)
    store.open()
    return store


def seal(stream_id: UUID, *texts: str, compartment: str = "content") -> tuple[Sealing, CustodyBatch]:
    """Pretends to seal texts: the bytes are no ciphertexts, but everything around them is as it must be."""
    envelopes = tuple(
        EnvelopeRow(hashlib.sha256(data).digest(), stream_id, data)
        for data in (f"{stream_id} {compartment} {text}".encode() for text in texts)
    )
    recipient, wrapped = (
        digest("office"),
        f"{stream_id} {compartment} key".encode() + b"".join(map(str.encode, texts)),
    )
    wrap = WrapRow(hashlib.sha256(wrapped).digest(), stream_id, recipient, wrapped)
    wrap_ref = WrapRef(key=recipient.hex(), share=0, sha256=wrap.sha256.hex(), share_commitment="")
    commitment = digest(stream_id, compartment).hex()
    key = DataKeyRef(compartment=compartment, commitment=commitment, m=0, n=0, wraps=(wrap_ref,))
    items = tuple(
        SealedItem(
            compartment=compartment,
            field=f"text{i}",
            kind="envelope",
            sha256=row.sha256.hex(),
            size_class=1024,
        )
        for i, row in enumerate(envelopes)
    )
    sealing = Sealing(suite=2, manifest=digest("manifest").hex(), keys=(key,), items=items)
    return sealing, CustodyBatch(envelopes=envelopes, wraps=(wrap,))


class Deployment:
    """A county whose officers and reporters write to a log."""

    def __init__(self, store: LogStore) -> None:
        self.store = store
        self.ledger = Ledger(store, ORIGIN)
        self.ceremony = signer("ceremony")
        self._versions: dict[UUID, int] = {}

    def keyring(self) -> Keyring:
        """The keys that a verifier is given beforehand."""
        return Keyring([TrustedKey("ceremony", self.ceremony.public_key, ("officer.appointed.*", "deployment.*"))])

    def verify(self, roots: Mapping[int, bytes] | None = None, *attested: Attested) -> Verified:
        """Everything that can be verified. `roots`: further roots that the log must have had, by size."""
        head = self.store.head()
        attested += (Attested(head.size, head.root), *(Attested(*root) for root in (roots or {}).items()))
        return verify_log(
            ORIGIN,
            self.store.scan(self.store.size()),
            self.keyring(),
            attested=sorted(attested),
            read_nodes=self.store.read_nodes,
            custody=self.store.custody,
        )

    def enrol(self, name: str) -> Ed25519Signer:
        """The ceremony appoints an officer, who enrols with a key of his own."""
        stream_id, key = officer_stream_id(ORIGIN, name), signer(name)
        self.ledger.record(
            officer.OfficerAppointed(
                **self._next(stream_id), **ACTED, actor="ceremony",
                officer=name, name="张三", home_office="petition", roles=("clerk",),
                enrolment_key=_base64(signer(f"code of {name}").public_key),
            ),
            signer=self.ceremony,
        )  # fmt: skip
        self.ledger.record(
            officer.OfficerEnrolled(
                **self._next(stream_id), **ACTED, actor=name,
                officer=name, signing_key=_base64(key.public_key), kem_key="",
            ),
            signer=signer(f"code of {name}"),
        )  # fmt: skip
        return key

    def file_report(self, name: str, *texts: str) -> UUID:
        """A reporter called `name` sends a report with a code; returns the report's stream."""
        report_id, receipt_id, key = (
            stream(f"report {name}"),
            stream(f"receipt {name}"),
            signer(f"reporter {name}"),
        )
        sealing, custody = seal(report_id, *(texts or ("narrative",)))
        lookup = LookupRow("receipt", digest("tag", name), report_id)
        received = intake.SealedReportReceived(
            **self._next(report_id), **ACTED, actor="reporter", reference=name, channel="web",
            receiving_office="petition", reporter_signing_key=_base64(key.public_key), reporter_kem_key="",
            sealing=sealing,
        )  # fmt: skip
        self.ledger.record(
            intake.ReceiptIssued(**self._next(receipt_id)),
            received,
            signer=key,
            salts={receipt_id: digest("salt", name)},
            custody=CustodyBatch(envelopes=custody.envelopes, wraps=custody.wraps, lookups=(lookup,)),
        )
        return report_id

    def supplement(self, name: str, text: str) -> int:
        """The same reporter adds something, found again by the code."""
        report_id = stream(f"report {name}")
        stream_id = correspondence_id(report_id)
        sealing, custody = seal(stream_id, text)
        event = correspondence.SupplementReceived(
            **self._next(stream_id), **ACTED, actor="reporter",
            report=str(report_id), attachments=0, sealing=sealing,
        )  # fmt: skip
        return self.ledger.record(event, signer=signer(f"reporter {name}"), custody=custody)

    def register(self, report_id: UUID, by: str) -> int:
        """An officer gives the report a number."""
        event = sealed_report.SealedReportRegistered(**self._next(report_id), **ACTED, actor=by, number="1")
        return self.ledger.record(event, signer=signer(by))

    def destroy(self, report_id: UUID, by: str) -> int:
        """An officer destroys what was sealed with the report."""
        first = self.ledger.events_of(report_id)[0]
        assert isinstance(first, intake.SealedReportReceived)
        envelopes = _hashes(item.sha256 for item in first.sealing.items)
        wraps = _hashes(wrap.sha256 for key in first.sealing.keys for wrap in key.wraps)
        event = sealed_report.SealedCopyDestroyed(
            **self._next(report_id), **ACTED, actor=by, destroyed=tuple(h.hex() for h in envelopes + wraps)
        )
        custody = CustodyBatch(destroy_envelopes=envelopes, destroy_wraps=wraps)
        return self.ledger.record(event, signer=signer(by), custody=custody)

    def live(self) -> None:
        """A short life with one of everything: 9 entries."""
        self.enrol("li")
        report_id = self.file_report("one", "what happened", "where")
        self.supplement("one", "more")
        self.register(report_id, by="li")
        second = self.file_report("two")
        self.destroy(second, by="li")

    def _next(self, stream_id: UUID) -> _Where:
        self._versions[stream_id] = self._versions.get(stream_id, 0) + 1
        return {"originator_id": stream_id, "originator_version": self._versions[stream_id]}


class Copy:
    """A deployment's log in memory, as a verifier is given it."""

    def __init__(self, deployment: Deployment) -> None:
        store = deployment.store
        self.entries = list(store.scan(store.size()))
        self.head = store.head()
        self.keyring = deployment.keyring

    def verify(self, entries: Sequence[RecordedEntry], *, against_head: bool = True) -> Verified:
        attested = [Attested(self.head.size, self.head.root)] if against_head else []
        return verify_log(ORIGIN, entries, self.keyring(), attested=attested)


def appended(
    entries: Sequence[RecordedEntry], *events: tuple[Event, Ed25519Signer], origin: str = ORIGIN, hour: int = NOON
) -> list[RecordedEntry]:
    """The log with further entries, as somebody who can write to the database would add them."""
    longer = list(entries)
    for event, key in events:
        topic, state = topic_of(event), encode(to_state(event))
        message = signature_message(origin, event.originator_id, event.originator_version, topic, state)
        signed = SignedEvent(
            event.originator_id, event.originator_version, topic, state, digest("salt"), key.key_id, key.sign(message)
        )
        longer.append(RecordedEntry(len(longer) + 1, Entry(*signed, recorded_at=hour)))
    return longer


def expect_fault(position: int, reason: str, verify: Callable[[], object]) -> None:
    with pytest.raises(Fault, match=reason) as fault:
        verify()
    assert fault.value.position == position, fault.value
    assert fault.value.__cause__ is None


def _hashes(values: Iterable[str]) -> tuple[bytes, ...]:
    return tuple(map(bytes.fromhex, values))


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
