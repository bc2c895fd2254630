"""Against floods: a generous bucket for each sender, in memory, renewed daily; nothing of the sender kept or told."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from supervision.web.app import create_app
from supervision.web.public import flood
from supervision.web.public.flood import FloodGuard, sender_of
from supervision.web.public.site import BYTES_A_TOKEN
from tests.support.clock import START, Clock
from tests.support.deployment import make_deployment
from tests.support.visitor import Visitor

SOMEBODY = "203.0.113.7"


@given(st.lists(st.tuples(st.floats(0, 30), st.floats(0.5, 5)), max_size=80))
def test_nobody_gets_more_than_a_full_bucket_and_what_came_back_since(steps: list[tuple[float, float]]) -> None:
    clock = Clock()
    guard = FloodGuard(clock, os.urandom, burst=20, per_second=0.5)
    granted = 0.0
    for wait, cost in steps:
        clock.now += timedelta(seconds=wait)
        granted += cost if guard.admits(SOMEBODY, cost) else 0
    assert granted <= 20 + 0.5 * (clock.now - START).total_seconds() + 1e-6


def test_one_sender_does_not_use_up_another_ones_bucket() -> None:
    guard = FloodGuard(Clock(), os.urandom, burst=2)
    assert [guard.admits("a") for _ in range(3)] == [True, True, False]
    assert guard.admits("b")


def test_nothing_of_an_address_is_in_memory_and_the_next_day_knows_nobody() -> None:
    clock = Clock()
    guard = FloodGuard(clock, os.urandom, burst=1)
    assert guard.admits(SOMEBODY) and not guard.admits(SOMEBODY)
    marks = list(guard._buckets)
    assert SOMEBODY.encode() not in b"".join(marks)
    clock.now += timedelta(hours=14)
    assert guard.admits(SOMEBODY)
    assert list(guard._buckets) != marks


def test_the_buckets_have_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flood, "MOST_SENDERS", 10)
    guard = FloodGuard(Clock(), os.urandom)
    for number in range(50):
        guard.admits(str(number))
    assert len(guard._buckets) == 10


@pytest.mark.parametrize(
    ("environ", "sender"),
    [
        ({"REMOTE_ADDR": SOMEBODY}, SOMEBODY),
        ({"REMOTE_ADDR": SOMEBODY, "HTTP_X_FORWARDED_FOR": "198.51.100.1"}, SOMEBODY),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "198.51.100.1, 203.0.113.7"}, SOMEBODY),
        ({"REMOTE_ADDR": "::1", "HTTP_X_FORWARDED_FOR": SOMEBODY}, SOMEBODY),
        ({"REMOTE_ADDR": "127.0.0.1"}, ""),
        ({"REMOTE_ADDR": ""}, ""),
        ({}, ""),
    ],
)
def test_a_proxy_on_this_machine_is_believed_and_nobody_else(environ: dict[str, str], sender: str) -> None:
    assert sender_of(environ) == sender


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    home = tmp_path / "home"
    return create_app(make_deployment(home, f"sqlite:///{tmp_path / 'log.sqlite'}", site="public"))


def test_a_person_can_file_a_report_and_a_machine_is_asked_to_wait(
    app: Flask, capfd: pytest.CaptureFixture[str]
) -> None:
    visitor = Visitor(app, SOMEBODY)
    assert len(visitor.report()) == 32
    visitor.get("/status")
    statuses = [visitor.post("/status", {"code": "1"}).status_code for _ in range(300)]
    assert statuses[0] == 200 and statuses[-1] == 429
    assert visitor.heading == "操作过于频繁"
    response = visitor.client.post("/status", environ_base={"REMOTE_ADDR": SOMEBODY})
    assert response.headers["Retry-After"] == "120"
    assert Visitor(app, "203.0.113.8").begin().status_code == 200
    assert visitor.get("/").status_code == 200  # reading is never refused
    captured = capfd.readouterr()
    assert SOMEBODY not in captured.out + captured.err


def test_large_files_use_up_more_than_pages(app: Flask) -> None:
    claimed = {"REMOTE_ADDR": SOMEBODY, "CONTENT_LENGTH": str(400 * BYTES_A_TOKEN)}
    assert Visitor(app).client.post("/status", environ_overrides=claimed).status_code == 429
