"""Group commit: those who come together are written together, each hears his own outcome, nobody waits for ever."""

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from events.group_commit import GroupCommit, LeaderFailed


def outcome_of(future: Future[Any]) -> Any:
    return future.exception(timeout=30) or future.result()


class Gate:
    """A `commit` that can be held up, to let callers gather behind it."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.open = threading.Event()
        self.entered = threading.Event()

    def commit(self, jobs: Sequence[int]) -> list[int | Exception]:
        self.batches.append(list(jobs))
        self.entered.set()
        self.open.wait()
        return [ValueError(str(job)) if job < 0 else job * 10 for job in jobs]


def queue(pool: ThreadPoolExecutor, group: GroupCommit[int, int], jobs: Sequence[int]) -> list[Future[int]]:
    """Submits jobs from threads of their own, in this order."""
    futures = []
    for job in jobs:
        futures.append(pool.submit(group.submit, job))
        time.sleep(0.03)
    return futures


def test_callers_who_come_while_one_writes_share_the_next_batch() -> None:
    gate = Gate()
    group = GroupCommit(gate.commit)
    with ThreadPoolExecutor(4) as pool:
        one, two, bad, four = queue(pool, group, [1, 2, -3, 4])
        gate.open.set()
        assert [outcome_of(future) for future in (one, two, four)] == [10, 20, 40]
        assert isinstance(outcome_of(bad), ValueError)
    assert gate.batches == [[1], [2, -3, 4]]


def test_nobody_waits_for_a_leader_who_died() -> None:
    gate = Gate()

    def commit(jobs: Sequence[int]) -> list[int | Exception]:
        outcomes = gate.commit(jobs)
        if 1 in jobs:
            raise SystemExit
        return outcomes

    group = GroupCommit(commit)
    with ThreadPoolExecutor(4) as pool:
        dead, *others = queue(pool, group, [1, 2, 3, 4])
        gate.open.set()
        assert isinstance(outcome_of(dead), SystemExit)
        assert [outcome_of(future) for future in others] == [20, 30, 40]


def test_those_in_the_batch_of_a_leader_who_died_are_told_that_the_outcome_is_unknown() -> None:
    gate = Gate()

    def commit(jobs: Sequence[int]) -> list[int | Exception]:
        outcomes = gate.commit(jobs)
        if len(jobs) > 1:
            raise SystemExit
        return outcomes

    group = GroupCommit(commit)
    with ThreadPoolExecutor(3) as pool:
        alone, leader, follower = queue(pool, group, [1, 2, 3])
        gate.open.set()
        assert outcome_of(alone) == 10
        assert isinstance(outcome_of(leader), SystemExit)
        assert isinstance(outcome_of(follower), LeaderFailed)
    assert group.submit(4) == 40


def test_a_caller_who_is_interrupted_while_he_waits_is_not_waited_for() -> None:
    gate = Gate()
    group = GroupCommit(gate.commit)
    leader = threading.Thread(target=group.submit, args=(1,))
    leader.start()
    gate.entered.wait(5)

    class Interrupted(BaseException):
        pass

    def be_interrupted(_: object) -> None:
        raise Interrupted

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("events.group_commit._Turn.wait", be_interrupted)
        with pytest.raises(Interrupted):
            group.submit(2)
    follower = threading.Thread(target=group.submit, args=(3,))
    follower.start()
    gate.open.set()
    leader.join(5)
    follower.join(5)
    assert gate.batches == [[1], [3]]


def test_whoever_comes_while_the_leader_waits_for_his_turn_is_in_his_batch() -> None:
    batches: list[list[int]] = []
    gate, entered = threading.Event(), threading.Event()

    @contextmanager
    def turn() -> Iterator[None]:
        entered.set()
        gate.wait()
        yield

    def commit(jobs: Sequence[int]) -> list[int]:
        batches.append(sorted(jobs))
        return list(jobs)

    group = GroupCommit(commit, turn)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(group.submit, 1)
        entered.wait()
        others = [pool.submit(group.submit, job) for job in (2, 3)]
        while len(group._waiting) < 3:
            time.sleep(0.001)
        gate.set()
        assert [future.result() for future in (first, *others)] == [1, 2, 3]
    assert batches == [[1, 2, 3]]


def test_a_turn_that_does_not_come_fails_one_caller_and_the_next_one_leads() -> None:
    turns = iter([OSError, None])

    @contextmanager
    def turn() -> Iterator[None]:
        if problem := next(turns):
            raise problem
        yield

    group: GroupCommit[int, int] = GroupCommit(list, turn)
    with pytest.raises(OSError):
        group.submit(1)
    assert group.submit(2) == 2
