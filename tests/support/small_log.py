"""A small deployment with a log that was signed and cosigned, for tests of `supervision verify`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import Executable, delete, insert, text, update

from events import note, schema
from events.checkpoint import Checkpoint
from events.cosignature import cosign
from events.leaf import RecordedEntry, leaf_hash
from events.merkle import Frontier
from events.policy import Witness
from events.store import LogStore
from supervision.business_time import SHANGHAI
from supervision.checkpointing.policy import load_policy
from supervision.checkpointing.signing import make_signer
from supervision.platform import Platform
from supervision.sealing.keys import SigningKey
from supervision.sealing.receipt import ReceiptCode
from tests.support.deployment import make_deployment, open_deployment, seeds
from tests.support.office import file, submission

MORNING = datetime(2026, 3, 2, 9, 20, tzinfo=SHANGHAI)
MOMENT = int(MORNING.timestamp())


@dataclass
class SmallLog:
    """Two founding events, reports with their receipts. ``codes``: of the reports, in order."""

    platform: Platform
    codes: list[ReceiptCode] = field(default_factory=list)
    reports: list[UUID] = field(default_factory=list)

    def report(self, *attachments: bytes) -> ReceiptCode:
        """Somebody sends a report, with files or without."""
        code = ReceiptCode.new(self.platform.rng)
        files = tuple(file(f"{number}.txt", data) for number, data in enumerate(attachments))
        admitted = self.platform.public_door.admit(submission(MORNING, attachments=files), code)
        self.codes.append(code)
        self.reports.append(admitted.report_id)
        return code

    def sign(self) -> Checkpoint:
        """The log's signer has its turn."""
        return Checkpoint.parse(note.parse(make_signer(self.platform).sign_head()).text)

    def cosign(self, checkpoint: Checkpoint, moment: int = MOMENT) -> None:
        """So has the superior's witness, at ``moment``, Unix seconds."""
        key = SigningKey(seeds(self.platform)["superior/witness"])
        cosignature = cosign(checkpoint.text(), self.witness.key.name, key, moment)
        self.platform.log.checkpoints.add_cosignatures(checkpoint.size, [cosignature])

    @property
    def witness(self) -> Witness:
        (witness,) = load_policy(self.platform.settings.home).witnesses
        return witness

    def reopened(self, database_url: str = "") -> Platform:
        """As a new process sees it, with its own database or a copy."""
        settings = self.platform.settings
        return open_deployment(settings.home, database_url or settings.database_url, clock=lambda: MORNING)


@contextmanager
def small_log(home: Path, database_url: str) -> Iterator[SmallLog]:
    """Eight events: two are the founding's; two reports are covered by cosigned checkpoints, the third by none."""
    platform = make_deployment(home, database_url, clock=lambda: MORNING)
    log = SmallLog(platform)
    for attachments in ((b"a recording",), ()):
        log.report(*attachments)
        log.cosign(log.sign())
    log.report()
    yield log
    platform.close()


def rewrite(log: SmallLog, entries: Sequence[RecordedEntry]) -> None:
    """Put these entries in the place of the stored ones, with the tree and the head that belong to them."""
    store, frontier, nodes = log.platform.log, Frontier(), []
    for _, entry in entries:
        nodes += frontier.append(leaf_hash(log.platform.settings.origin, entry))
    head = {"size": len(entries), "frontier": frontier.to_bytes(), "recorded_at": entries[-1].entry.recorded_at}
    tamper(
        store,
        delete(schema.event),
        delete(schema.node),
        *(insert(schema.event).values(position=position, **entry._asdict()) for position, entry in entries),
        *(insert(schema.node).values(level=at.level, number=at.number, hash=digest) for at, digest in nodes),
        update(schema.head).values(head),
    )


def tamper(store: LogStore, *statements: Executable) -> None:
    """What somebody with the owner's password of the database can do: no trigger, no check stops him."""
    postgres = store._engine.dialect.name == "postgresql"
    with store._engine.begin() as connection:
        if postgres:
            connection.execute(text("ALTER TABLE cosignature DROP CONSTRAINT IF EXISTS cosignature_size_fkey"))
        else:
            connection.execute(text("PRAGMA ignore_check_constraints = ON"))
        for table in schema.APPEND_ONLY:
            for verb in ("change",) if postgres else ("update", "delete"):
                on = f" ON {table}" if postgres else ""
                connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_{verb}{on}"))
        for statement in statements:
            connection.execute(statement)
