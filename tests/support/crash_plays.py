"""What the children of a nursery play: a report's whole life in the log, the same bytes each time.

So a test that knows what was acknowledged also knows, to the byte, what has to be there.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import itertools
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from events.custody import CustodyBatch, FileRow, LookupRow
from events.durable_file import make_directory, replace
from events.model import Event, SealedItem
from events.signing import Ed25519Signer
from events.store import LogStore
from events.vocabulary import correspondence, intake, sealed_report
from events.vocabulary.streams import correspondence_id
from supervision.intake.submission import Submission
from supervision.platform import Platform
from supervision.sealing.receipt import ReceiptCode
from tests.support.clock import Clock as OfficeClock
from tests.support.crashing import Say, Scene
from tests.support.deployment import open_deployment
from tests.support.log import ACTED, Clock, Deployment, digest, seal, signer, stream
from tests.support.office import NOW, file, submission

OFFICER = "li"

NARRATIVE = "他在望山茶楼收下八万元。"
EVIDENCE = "三张没有用过的报销单。".encode() * 400


@dataclass(frozen=True)
class Act:
    """Written in one transaction, signed by one key; ``name`` says which act it is."""

    name: str
    events: tuple[Event, ...]
    signer: Ed25519Signer
    custody: CustodyBatch


class ReportsLife:
    """The acts in the life of the report called ``name``, which has an attached file."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.id, self.receipt = stream(f"report {name}"), stream(f"receipt {name}")
        self.key = signer(f"reporter {name}")
        self.file = f"sealed file of {name}".encode() * 20
        self.acts = (self._handed_in(), self._supplemented(), self._registered(), self._destroyed())

    def _handed_in(self) -> Act:
        sealing, custody = seal(self.id, "narrative", "where")
        file = FileRow(hashlib.sha256(self.file).digest(), self.id, len(self.file))
        item = SealedItem(
            compartment="content", field="file", kind="file", sha256=file.sha256.hex(), size_class=len(self.file)
        )
        received = intake.SealedReportReceived(
            originator_id=self.id, originator_version=1, **ACTED, actor="reporter", reference=self.name,
            channel="web", receiving_office="petition",
            reporter_signing_key=base64.b64encode(self.key.public_key).decode(), reporter_kem_key="",
            sealing=dataclasses.replace(sealing, items=(*sealing.items, item)),
        )  # fmt: skip
        issued = intake.ReceiptIssued(originator_id=self.receipt, originator_version=1)
        lookup = LookupRow("receipt", digest("tag", self.name), self.id)
        return Act(
            "handed in", (issued, received), self.key, dataclasses.replace(custody, files=(file,), lookups=(lookup,))
        )

    def _supplemented(self) -> Act:
        stream_id = correspondence_id(self.id)
        sealing, custody = seal(stream_id, "more")
        event = correspondence.SupplementReceived(
            originator_id=stream_id, originator_version=1, **ACTED, actor="reporter",
            report=str(self.id), attachments=0, sealing=sealing,
        )  # fmt: skip
        return Act("supplemented", (event,), self.key, custody)

    def _registered(self) -> Act:
        event = sealed_report.SealedReportRegistered(
            originator_id=self.id, originator_version=2, **ACTED, actor=OFFICER, number="1"
        )
        return Act("registered", (event,), signer(OFFICER), CustodyBatch())

    def _destroyed(self) -> Act:
        """What was handed in with the report; the supplement stays."""
        custody = self.sealed
        gone = CustodyBatch(
            destroy_envelopes=tuple(row.sha256 for row in custody.envelopes),
            destroy_wraps=tuple(row.sha256 for row in custody.wraps),
            destroy_files=tuple(row.sha256 for row in custody.files),
        )
        hashes = (*gone.destroy_envelopes, *gone.destroy_wraps, *gone.destroy_files)
        event = sealed_report.SealedCopyDestroyed(
            originator_id=self.id, originator_version=3, **ACTED, actor=OFFICER,
            destroyed=tuple(sha256.hex() for sha256 in hashes),
        )  # fmt: skip
        return Act("destroyed", (event,), signer(OFFICER), gone)

    @property
    def sealed(self) -> CustodyBatch:
        """What was handed in with the report."""
        return self._handed_in().custody

    def secrets(self) -> Iterator[bytes]:
        """Bytes that must be nowhere once they are destroyed."""
        yield from (row.data for row in self.sealed.envelopes)
        yield from (row.data for row in self.sealed.wraps)
        yield self.file

    def record(self, county: Deployment, act: Act) -> int:
        """The last position of the act. Raises ``Conflict`` where it was recorded before."""
        for row in act.custody.files:  # before the event that names it, as the door does
            path = county.store.custody.file_path(row.sha256)
            make_directory(path.parent)
            replace(path, self.file)
        salts = {self.receipt: digest("salt", self.name)}
        return county.ledger.record(*act.events, signer=act.signer, salts=salts, custody=act.custody)


# --- Plays -------------------------------------------------------------------------------------------


def live(url: str, home: str, name: str, acts: str = "4") -> Scene:
    """The process starts, and the first ``acts`` acts of a report's life are done, each acknowledged."""
    life = ReportsLife(name)

    def scene(say: Say) -> None:
        store = LogStore(url, Path(home), Clock())
        store.open()
        county = Deployment(store)
        for act in life.acts[: int(acts)]:
            say(act.name, life.record(county, act))

    return scene


def crowd(url: str, home: str, name: str, threads: str, seconds: str) -> Scene:
    """Many reporters at once, without end: ``seconds`` after the first was answered the process is killed."""

    def scene(say: Say) -> None:
        store = LogStore(url, Path(home), Clock())
        store.open()
        county = Deployment(store)
        answered = threading.Event()

        def hand_in(thread: int) -> None:
            for number in itertools.count():
                life = ReportsLife(f"{name} {thread} {number}")
                say(life.name, life.record(county, life.acts[0]))
                answered.set()

        for thread in range(int(threads)):
            threading.Thread(target=hand_in, args=(thread,), daemon=True).start()
        answered.wait()
        time.sleep(float(seconds))
        os.kill(os.getpid(), signal.SIGKILL)

    return scene


def admit(url: str, home: str, digits: str) -> Scene:
    """The public site starts, and somebody hands in a report with a file."""

    def scene(say: Say) -> None:
        platform = open_deployment(Path(home), url, clock=OfficeClock(NOW))
        code = ReceiptCode(digits)
        admitted = platform.public_door.admit(handed_in(platform, code), code)
        say("admitted", str(admitted.report_id), admitted.position)

    return scene


def handed_in(platform: Platform, code: ReceiptCode) -> Submission:
    """What the holder of a code hands in at the door."""
    evidence = file("录音.amr", EVIDENCE, "audio/amr")  # of a kind that is not cleaned, which takes a process
    return submission(platform.clock(), text=f"{NARRATIVE}{code.digits}", attachments=(evidence,))
