"""The log's own process beside the others: it signs what they record, and what it has signed outlives its death."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from events.checkpoint import Checkpoint
from events.note import NoteVerifier, parse
from supervision.platform import Platform
from supervision.sealing.receipt import ReceiptCode
from tests.support import cosigning
from tests.support.cosigning import HttpWitness, trust
from tests.support.deployment import environment, make_deployment
from tests.support.office import submission
from tests.support.server import PATIENCE, serving


@pytest.fixture
def platform(database_url: str, tmp_path: Path) -> Iterator[Platform]:
    made = make_deployment(tmp_path / "home", database_url)
    yield made
    made.close()


@pytest.fixture
def witness(platform: Platform, tmp_path: Path) -> Iterator[HttpWitness]:
    log = NoteVerifier(platform.settings.origin, platform.manifest.log)
    with cosigning.witness(tmp_path / "city", log, time.time) as listening:
        trust(platform.settings.home, log, listening.known)
        yield listening


def report(platform: Platform) -> int:
    """As the public site records one; how long the log is then."""
    platform.public_door.admit(submission(platform.clock()), ReceiptCode.new(platform.rng))
    return platform.log.size()


def checkpoint(port: int, platform: Platform) -> Checkpoint:
    """What the process shows the reader."""
    token = platform.log_secrets.reader_token.hex()
    with closing(HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        connection.request("GET", "/log/checkpoint", headers={"Authorization": f"Bearer {token}"})
        return Checkpoint.parse(parse(connection.getresponse().read()).text)


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


def cosigned(platform: Platform, witness: HttpWitness) -> int:
    return (platform.log.checkpoints.last_of(witness.service.home.name) or (0, 0))[0]


def test_the_logs_process_signs_what_others_record_and_has_it_cosigned(
    platform: Platform, witness: HttpWitness
) -> None:
    where = environment(platform.settings.home, platform.settings.database_url, "log")
    for name in ("console", "oversight", "witness"):
        (platform.settings.home / "secrets" / f"{name}.json").unlink()
    with serving(where, workers=2) as port:
        for _ in range(3):
            size = report(platform)
            until(lambda size=size: cosigned(platform, witness) == size)
            assert checkpoint(port, platform).size == size


def test_after_the_process_has_ended_the_next_one_goes_on_from_what_was_signed(
    platform: Platform, witness: HttpWitness
) -> None:
    where = environment(platform.settings.home, platform.settings.database_url, "log")
    for _ in range(2):
        with serving(where, workers=1) as port:
            size = report(platform)
            until(lambda size=size: cosigned(platform, witness) == size)
            assert checkpoint(port, platform).root == platform.log.head().root
