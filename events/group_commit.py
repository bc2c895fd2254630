"""Group commit: concurrent callers of one process share a transaction, and with it the wait for the disk.

There is no thread of its own. Whoever comes while nobody leads becomes the leader: he takes all that wait,
writes them together on his own thread, hands each his outcome, and passes the lead to the first who came
meanwhile. While one batch is on its way to the disk the next one gathers; the more come, the larger it
grows.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import chain, repeat
from threading import Lock
from typing import Generic, TypeVar

from eventsourcing.persistence import OperationalError

Job = TypeVar("Job")
Result = TypeVar("Result")

LIMIT = 256
"""Callers in one batch, so that none waits long."""

UNKNOWN = "写入被中断，结果未知，请重新载入后核对"


class LeaderFailed(OperationalError):
    """The thread that wrote for this caller was ended; whether it had committed is unknown."""


class _Turn(Generic[Job, Result]):
    """One caller's place. ``leads``: it is his turn to lead. ``outcome``: somebody has written for him.

    He sleeps on a lock that whoever sets one of the two opens: all that :class:`threading.Event` does here,
    in a third of the time.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self.outcome: tuple[Result] | Exception | None = None
        self.leads = False
        self._asleep = Lock()
        self._asleep.acquire()

    def wait(self) -> None:
        self._asleep.acquire()

    def wake(self) -> None:
        """Once only."""
        self._asleep.release()


class GroupCommit(Generic[Job, Result]):
    """``commit`` writes jobs in order and returns for each a result, or the exception that is its caller's.

    It is never called by two threads at a time. Should it raise, its own thread gets that exception and the
    others of the batch :class:`LeaderFailed`.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[Job]], Sequence[Result | Exception]],
        turn: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        """``turn``: held around ``commit``; whoever comes while the leader waits for it is in his batch."""
        self._commit = commit
        self._turn = turn
        self._lock = Lock()
        self._waiting: deque[_Turn[Job, Result]] = deque()
        self._led = False  # while nobody leads nobody waits

    def submit(self, job: Job) -> Result:
        """Have ``job`` written, alone or with others; returns its result or raises its exception."""
        turn: _Turn[Job, Result] = _Turn(job)
        try:
            with self._lock:
                self._waiting.append(turn)
                if not self._led:
                    self._led = turn.leads = True
            if not turn.leads:
                turn.wait()
            if turn.leads:
                self._lead(turn)
        finally:
            if turn.outcome is None:
                self._withdraw(turn)
        if isinstance(turn.outcome, tuple):
            return turn.outcome[0]
        raise turn.outcome or LeaderFailed(UNKNOWN)

    def _lead(self, leader: _Turn[Job, Result]) -> None:
        batch: list[_Turn[Job, Result]] = []
        outcomes: Sequence[Result | Exception] = ()
        try:
            with self._turn():
                with self._lock:
                    batch.extend(self._waiting.popleft() for _ in range(min(LIMIT, len(self._waiting))))
                outcomes = self._commit([turn.job for turn in batch])
        finally:
            if batch:  # else his turn did not come: he withdraws, and the next one leads
                # The next batch can start before the callers of this one have woken up.
                self._pass_on()
            for turn, outcome in zip(batch, chain(outcomes, repeat(LeaderFailed(UNKNOWN))), strict=False):
                turn.outcome = outcome if isinstance(outcome, Exception) else (outcome,)
                if turn is not leader:
                    turn.wake()

    def _pass_on(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting[0].leads = True
                self._waiting[0].wake()
            else:
                self._led = False

    def _withdraw(self, turn: _Turn[Job, Result]) -> None:
        """He was interrupted: nobody may write for him, nor wait for him to lead."""
        with self._lock:
            waits = turn in self._waiting
            if waits:
                self._waiting.remove(turn)
        if waits and turn.leads:
            self._pass_on()
