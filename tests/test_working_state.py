"""Working state: kept until its time is over, taken by one, and sealed by whoever put it there."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from supervision.working_state import WorkingState
from tests.support.office import NOW

LATER = NOW + timedelta(minutes=30)
ID = bytes(range(32))
OTHER = bytes(32)


@pytest.fixture
def working(database_url: str) -> Iterator[WorkingState]:
    state = WorkingState(database_url)
    state.create()
    yield state
    state.close()


def test_a_value_is_there_until_its_moment_and_not_a_second_longer(working: WorkingState) -> None:
    working.put("session", ID, b"sealed", LATER)
    assert working.get("session", ID, LATER - timedelta(seconds=1)) == b"sealed"
    assert working.get("session", ID, LATER) is None
    assert working.get("draft", ID, NOW) is None
    assert working.get("session", OTHER, NOW) is None


def test_a_new_value_takes_the_place_of_the_old(working: WorkingState) -> None:
    working.put("session", ID, b"old", NOW)
    working.put("session", ID, b"new", LATER)
    assert working.get("session", ID, NOW) == b"new"


def test_what_is_in_use_is_prolonged_and_what_is_gone_is_not_brought_back(working: WorkingState) -> None:
    working.put("session", ID, b"sealed", LATER)
    working.prolong("session", ID, LATER + timedelta(hours=1))
    working.prolong("session", OTHER, LATER)
    assert working.get("session", ID, LATER) == b"sealed"
    assert working.get("session", OTHER, NOW) is None


def test_of_many_takers_one_gets_it(working: WorkingState) -> None:
    working.put("enrolment", ID, b"sealed", LATER)
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: working.take("enrolment", ID, NOW), range(8)))
    assert sorted(filter(None, taken)) == [b"sealed"]
    assert working.get("enrolment", ID, NOW) is None


def test_what_has_expired_cannot_be_taken(working: WorkingState) -> None:
    working.put("enrolment", ID, b"sealed", NOW)
    assert working.take("enrolment", ID, NOW) is None


def test_of_many_who_reserve_all_find_the_same(working: WorkingState) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: working.reserve("idempotency", ID, str(n).encode(), LATER, NOW), range(8)))
    assert len(set(found)) == 1
    assert working.get("idempotency", ID, NOW) == found[0]


def test_a_reservation_that_has_expired_is_free_again(working: WorkingState) -> None:
    working.reserve("idempotency", ID, b"first", LATER, NOW)
    assert working.reserve("idempotency", ID, b"second", LATER, NOW) == b"first"
    assert working.reserve("idempotency", ID, b"third", LATER + timedelta(hours=1), LATER) == b"third"


def test_who_reserves_together_with_others_finds_his_own(working: WorkingState) -> None:
    ids = [number.to_bytes(32, "big") for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda id: working.reserve("idempotency", id, id[::-1], LATER, NOW), ids))
    assert found == [id[::-1] for id in ids]


def test_who_reserves_takes_away_what_is_over(working: WorkingState) -> None:
    working.put("draft", ID, b"over", NOW)
    working.reserve("idempotency", OTHER, b"new", LATER, NOW)
    assert working.sweep(NOW) == 0


def test_many_who_put_at_once_do_not_get_in_each_others_way(working: WorkingState) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: working.put("failures", ID, str(n).encode(), LATER), range(24)))
    assert working.get("failures", ID, NOW) is not None


def test_sweeping_removes_what_is_over_and_nothing_else(working: WorkingState) -> None:
    working.put("draft", ID, b"over", NOW)
    working.put("draft", OTHER, b"running", LATER)
    assert working.sweep(NOW) == 1
    assert working.sweep(NOW) == 0
    assert working.get("draft", OTHER, NOW) == b"running"


def test_making_the_table_again_changes_nothing(working: WorkingState) -> None:
    working.put("draft", ID, b"sealed", LATER)
    working.create()
    working.remove("draft", OTHER)
    assert working.get("draft", ID, NOW) == b"sealed"
    working.remove("draft", ID)
    assert working.get("draft", ID, NOW) is None
