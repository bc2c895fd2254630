"""Keeps the log signed and cosigned: a signer that follows the head, and a courier for each witness.

They wait for nobody: the signer does not know of couriers, a courier whose witness is away tries again alone, and
neither is in the way of a request. One process at a time does this, elected by a file lock beside the signer's memory;
were it several, the signer's own steps would still keep them from contradicting each other.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from eventsourcing.persistence import PersistenceError
from sqlalchemy.exc import SQLAlchemyError

from events.checkpoints import SignedCheckpoint
from events.durable_file import locked
from events.policy import Witness
from events.signer import CheckpointSigner
from events.store import DamagedLog, LogStore
from supervision.checkpointing.founding import SIGNER_DIRECTORY
from supervision.checkpointing.policy import load_policy
from supervision.checkpointing.reaching import post_to
from supervision.checkpointing.signing import make_signer
from supervision.checkpointing.standing import Standings
from supervision.checkpointing.submitting import NotCosigned, Submitter
from supervision.platform import Platform

PAUSE_SECONDS = 0.25
"""Between two checkpoints: under load each then stands for many events, and none is more than a second behind."""

IDLE_SECONDS = 1.0
REFUSED_SECONDS = 10.0
"""How soon the signer looks again at a log that it refused to sign."""

FIRST_RETRY, LAST_RETRY = 1.0, 120.0
"""Seconds before a witness that did not cosign is tried again; doubled each time."""

OUTGROWN_SECONDS = 1800
"""Age of a checkpoint that a longer log must not have cosigned any more; below what :mod:`events.verify` allows."""

#: Trouble with a database or a disk, not with the log.
AWAY = (PersistenceError, SQLAlchemyError, OSError)

logger = logging.getLogger(__name__)


class Newest:
    """The newest checkpoint, handed from the signer to the couriers."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._checkpoint: SignedCheckpoint | None = None
        self._closed = False

    def put(self, checkpoint: SignedCheckpoint) -> None:
        with self._changed:
            self._checkpoint = checkpoint
            self._changed.notify_all()

    def close(self) -> None:
        """Ends every wait."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def after(self, size: int, timeout: float) -> SignedCheckpoint | None:
        """One of a larger tree than ``size``, or the newest there is after ``timeout`` seconds."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._closed or (self._checkpoint is not None and self._checkpoint.size > size), timeout
            )
            return None if self._closed else self._checkpoint


class Courier:
    """Takes checkpoints to one witness.

    ``heartbeat``: seconds after which the last one is taken there again. ``clock``: Unix seconds.
    """

    def __init__(
        self,
        store: LogStore,
        witness: Witness,
        submitter: Submitter,
        standings: Standings,
        heartbeat: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._witness = witness
        self._submitter = submitter
        self._standings = standings
        self._heartbeat = heartbeat
        self._clock = clock

    def run(self, newest: Newest, stop: threading.Event) -> None:
        """Until ``stop`` is set and ``newest`` closed."""
        cosigned, retry = 0, FIRST_RETRY
        while not stop.is_set():
            checkpoint = newest.after(cosigned, self._heartbeat)
            if checkpoint is None:
                continue
            if self.deliver(checkpoint):
                cosigned, retry = checkpoint.size, FIRST_RETRY
            else:
                cosigned = 0
                stop.wait(retry)
                retry = min(2 * retry, LAST_RETRY)

    def deliver(self, checkpoint: SignedCheckpoint) -> bool:
        """Have a checkpoint cosigned and keep the cosignature, or remember why not; whether it was cosigned."""
        try:
            if self._is_outgrown(checkpoint):
                return False
            try:
                cosignature = self._submitter.submit(checkpoint)
            except NotCosigned as refused:
                logger.warning("见证人 %s 没有联署第 %s 条：%s", self._witness.name, checkpoint.size, refused.trouble)
                self._standings.note_attempt(self._witness.key.name, refused.trouble, checkpoint.size)
                return False
            self._store.checkpoints.add_cosignatures(checkpoint.size, [cosignature])
            self._standings.note_attempt(self._witness.key.name, None, checkpoint.size)
        except AWAY as error:
            logger.warning("数据库暂时不可用（%s），联署稍后重试。", type(error).__name__)
            return False
        return True

    def _is_outgrown(self, checkpoint: SignedCheckpoint) -> bool:
        """Whether the log has long gone on while its signer stood still.

        A cosignature says that the witness has seen no larger tree: what was recorded meanwhile would look back-dated.
        """
        return self._clock() - checkpoint.signed_at > OUTGROWN_SECONDS and self._store.size() > checkpoint.size


class Checkpointing:
    """The signer and its couriers. ``lock``: the file by which one of several processes is elected."""

    def __init__(
        self,
        store: LogStore,
        signer: CheckpointSigner,
        couriers: Sequence[Courier],
        standings: Standings,
        lock: Path,
    ) -> None:
        self._store = store
        self._signer = signer
        self._couriers = couriers
        self._standings = standings
        self._lock = lock

    def run_forever(self, stop: threading.Event) -> None:
        """Until ``stop`` is set; does nothing while another process does it."""
        while not stop.is_set():
            with locked(self._lock, wait=False) as elected:
                if elected:
                    self._serve(stop)
            stop.wait(IDLE_SECONDS)

    def _serve(self, stop: threading.Event) -> None:
        with closing(Newest()) as newest:
            for courier in self._couriers:
                threading.Thread(target=courier.run, args=(newest, stop), name="courier", daemon=True).start()
            while not stop.is_set():
                signed = self.sign()
                if signed is None:
                    stop.wait(REFUSED_SECONDS)
                    continue
                newest.put(signed)
                stop.wait(PAUSE_SECONDS)
                self._wait_beyond(signed.size)

    def sign(self) -> SignedCheckpoint | None:
        """The head's checkpoint; None where it was refused or could not be kept."""
        try:
            try:
                self._signer.sign_head()
            except DamagedLog as refusal:
                logger.error("%s", refusal)
                self._standings.note_signer(str(refusal))
                return None
            self._standings.note_signer("")
            return self._store.checkpoints.last()
        except AWAY as error:
            logger.warning("日志暂时不可用（%s），检查点稍后签署。", type(error).__name__)
            return None

    def _wait_beyond(self, size: int) -> None:
        try:
            self._store.wait_beyond(size, IDLE_SECONDS)
        except AWAY as error:
            logger.warning("日志暂时不可用（%s），稍后重试。", type(error).__name__)


def make_checkpointing(platform: Platform) -> Checkpointing:
    """Of a deployment. Raises BadSetting for a missing key or a wrong policy."""
    standings = Standings(platform.working, platform.clock)
    return Checkpointing(
        platform.log,
        make_signer(platform),
        make_couriers(platform, standings),
        standings,
        platform.settings.home / SIGNER_DIRECTORY / "elected",
    )


def make_couriers(platform: Platform, standings: Standings) -> list[Courier]:
    """One for each witness of the policy that can be reached from here."""
    clock: Callable[[], float] = platform.recording_clock
    couriers = []
    for witness in load_policy(platform.settings.home).witnesses:
        post = post_to(witness, platform.settings.home, clock)
        if post is not None:
            submitter = Submitter(witness, post, platform.log.read_nodes, clock)
            heartbeat = platform.settings.heartbeat_minutes * 60
            couriers.append(Courier(platform.log, witness, submitter, standings, heartbeat, clock))
    return couriers


def run_in_background(platform: Platform) -> threading.Event:
    """Keep the log signed in a thread of this process; set the event that is returned to end it."""
    stop = threading.Event()
    checkpointing = make_checkpointing(platform)
    threading.Thread(target=checkpointing.run_forever, args=(stop,), name="checkpoints", daemon=True).start()
    return stop
