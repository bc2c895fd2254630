"""The witness over HTTP, as C2SP tlog-witness and tlog-tiles have it, and what it shows to whom."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from events.checkpoint import Checkpoint
from events.merkle import prove_inclusion, verify_inclusion
from events.note import open_note, parse
from events.tiles import Tile, TileReader
from events.witness import MAX_BODY
from supervision.business_time import SHANGHAI
from supervision.web.witness.standalone import create_witness_app
from supervision.witnessing.home import DAILY
from supervision.witnessing.service import WitnessService
from tests.support.log import ORIGIN, Clock
from tests.support.published import LOG_KEY, POLICY, WITNESS_KEY, PublishedLog
from tests.support.witnessing import RewrittenLog, make_witness, submission, tiles_from

LOGGED = PublishedLog(700)
TUESDAY = datetime(2026, 12, 1, 10, 37, tzinfo=SHANGHAI)


class Site:
    """A witness with its application."""

    def __init__(self, directory: Path, **how: str) -> None:
        self.clock = Clock(TUESDAY.timestamp())
        self.service: WitnessService = make_witness(directory, self.clock, local=tiles_from(LOGGED), **how)
        self.app = create_witness_app(self.service)
        self.app.testing = True
        (self.log,) = self.service.home.logs
        self.root = f"/witness/log/{self.log.hash}"

    @property
    def client(self) -> FlaskClient:
        return self.app.test_client()

    def post(self, body: bytes) -> TestResponse:
        return self.client.post("/witness/add-checkpoint", data=body)

    def grow(self, old: int, new: int, moment: datetime | None = None) -> None:
        """The log submits a larger tree, and the tiles are copied."""
        if moment:
            self.clock.now = moment.timestamp()
        assert self.post(submission(LOGGED, old, new)).status_code == 200
        self.service.mirror(self.log, tiles_from(LOGGED))

    def checkpoint(self, path: str) -> Checkpoint:
        answer = self.client.get(path)
        assert (answer.status_code, answer.content_type) == (200, "text/plain; charset=utf-8")
        return POLICY.open_checkpoint(answer.data).checkpoint

    def days(self, first: date, last: date) -> tuple[int, int]:
        found = json.loads(self.client.get(f"{self.root}/days?from={first}&to={last}").data)
        return found["first"], found["last"]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "witness")


@pytest.fixture
def daily(tmp_path: Path) -> Site:
    return Site(tmp_path / "witness", publish=DAILY)


# -- add-checkpoint -------------------------------------------------------------------------------------------------


def test_every_status_of_the_specification(site: Site) -> None:
    forked = RewrittenLog(300, without=40)
    stranger = submission(LOGGED, 0, 100).replace(ORIGIN.encode(), b"log.other.example")
    unsigned = submission(LOGGED, 0, 100).replace(b"\n100\n", b"\n101\n")
    signed = site.post(submission(LOGGED, 0, 100))
    assert (signed.status_code, signed.content_type) == (200, "text/plain; charset=utf-8")
    open_note(LOGGED.checkpoint(100, timestamps=()) + signed.data, [WITNESS_KEY])
    answers = {
        400: b"hello",
        403: unsigned,
        404: stranger,
        422: submission(forked, 100, 200),
    }
    assert {status: site.post(body).status_code for status, body in answers.items()} == {s: s for s in answers}
    conflict = site.post(submission(LOGGED, 0, 200))
    assert (conflict.status_code, conflict.content_type, conflict.data) == (409, "text/x.tlog.size", b"100\n")


def test_a_body_beyond_all_bounds_is_not_read(site: Site) -> None:
    assert site.post(b"old 0\n" + b"x" * (MAX_BODY + 1)).status_code == 413
    assert site.post(b"x" * 10_000_000).status_code == 413


def test_another_method_is_not_allowed_and_a_form_is_no_request(site: Site) -> None:
    assert site.client.get("/witness/add-checkpoint").status_code == 405
    assert site.client.post("/witness/add-checkpoint", data={"old": "0"}).status_code == 400


# -- reading --------------------------------------------------------------------------------------------------------


def test_a_monitor_reads_what_was_cosigned_last(site: Site) -> None:
    path = f"/witness/{site.log.hash}/checkpoint"
    assert site.client.get(path).status_code == 404
    site.post(submission(LOGGED, 0, 100))
    assert site.checkpoint(path).size == 100
    assert site.client.get("/witness/" + "0" * 64 + "/checkpoint").status_code == 404


def test_any_tiles_client_can_check_the_copy(site: Site) -> None:
    site.grow(0, 300)
    site.grow(300, 700)
    tree = site.checkpoint(f"{site.root}/checkpoint")

    def fetch(path: str) -> bytes:
        answer = site.client.get(f"{site.root}/{path}")
        if answer.status_code == 404:
            raise LookupError(path)
        assert answer.content_type == "application/octet-stream"
        return answer.data

    reader = TileReader(fetch, tree.size, tree.root)
    assert reader.bundle(2) == LOGGED.leaves[512:700]
    leaf = reader.leaves(1)[44]
    verify_inclusion(leaf, 300, tree.size, prove_inclusion(300, tree.size, reader.nodes), LOGGED.root)


def test_full_tiles_may_be_kept_for_ever_and_nothing_else(site: Site) -> None:
    site.grow(0, 300)
    kept = {
        path: site.client.get(f"{site.root}/{path}").headers["Cache-Control"]
        for path in ("tile/0/000", "tile/entries/000", "tile/0/001.p/44", "checkpoint")
    }
    assert {path for path, control in kept.items() if "immutable" in control} == {"tile/0/000", "tile/entries/000"}
    assert kept["checkpoint"] == "no-store"


def test_an_older_tree_can_still_be_read_when_the_copy_has_grown(site: Site) -> None:
    site.grow(0, 300)
    before = site.client.get(f"{site.root}/tile/0/001.p/44").data
    site.grow(300, 310)
    assert site.client.get(f"{site.root}/tile/0/001.p/44").data == before
    site.grow(310, 700)
    assert site.client.get(f"{site.root}/tile/0/001.p/44").data == before
    assert site.client.get(f"{site.root}/tile/entries/001.p/44").data == LOGGED.tile(Tile(-1, 1, 44))


@pytest.mark.parametrize(
    "path",
    ["tile/0/001", "tile/0/001.p/45", "tile/0/0", "tile/9/000", "tile/0/%2e%2e/checkpoint", "../witness.toml", "x"],
)
def test_what_is_no_tile_of_the_tree_is_not_there(site: Site, path: str) -> None:
    site.grow(0, 300)
    assert site.client.get(f"{site.root}/{path}").status_code == 404


# -- how much anybody may see ---------------------------------------------------------------------------------------


def test_the_tree_is_shown_as_it_was_at_midnight(daily: Site) -> None:
    daily.grow(0, 300, TUESDAY - timedelta(hours=12))
    daily.grow(300, 700, TUESDAY)
    midnight = TUESDAY.replace(hour=0, minute=0)
    for path in (f"/witness/{daily.log.hash}/checkpoint", f"{daily.root}/checkpoint"):
        assert daily.checkpoint(path).size == 300
        note = daily.client.get(path).data
        assert POLICY.open_checkpoint(note).timestamps == [int(midnight.timestamp())]
    assert daily.client.get(f"{daily.root}/tile/0/001").status_code == 404
    assert daily.client.get(f"{daily.root}/tile/0/001.p/44").status_code == 200
    daily.clock.now += 86400
    assert daily.checkpoint(f"{daily.root}/checkpoint").size == 700


def test_no_answer_of_the_day_tells_that_something_came(daily: Site) -> None:
    """But 409 to whoever submits, which the superior's firewall leaves to the county (docs/witness.md)."""
    daily.grow(0, 300, TUESDAY - timedelta(days=1))
    paths = ["/witness/log", f"/witness/{daily.log.hash}/checkpoint", f"{daily.root}/checkpoint"]
    paths += [f"{daily.root}/days?from=2026-11-29&to=2026-12-02", f"{daily.root}/tile/0/001.p/45"]
    daily.clock.now = TUESDAY.timestamp()
    before = [daily.client.get(path).data for path in paths]
    daily.grow(300, 301)
    daily.clock.now += 3600
    assert daily.post(submission(LOGGED, 301, 301)).status_code == 200
    assert [daily.client.get(path).data for path in paths] == before


def test_before_the_first_midnight_there_is_nothing_to_see(daily: Site) -> None:
    daily.grow(0, 300)
    assert daily.client.get(f"{daily.root}/checkpoint").status_code == 404
    assert daily.days(TUESDAY.date(), TUESDAY.date()) == (0, 0)


def test_while_the_copy_is_behind_an_earlier_midnight_is_shown(daily: Site) -> None:
    daily.grow(0, 300, TUESDAY - timedelta(days=3))
    daily.clock.now = (TUESDAY - timedelta(days=1)).timestamp()
    assert daily.post(submission(LOGGED, 300, 700)).status_code == 200
    daily.clock.now = TUESDAY.timestamp()
    shown = daily.client.get(f"{daily.root}/checkpoint").data
    assert POLICY.open_checkpoint(shown).checkpoint.size == 300
    eve = (TUESDAY - timedelta(days=1)).replace(hour=0, minute=0)
    assert POLICY.open_checkpoint(shown).timestamps == [int(eve.timestamp())]


# -- days -----------------------------------------------------------------------------------------------------------


def test_a_day_gives_the_leaves_that_may_be_of_it(site: Site) -> None:
    for number, (old, new) in enumerate([(0, 100), (100, 250), (250, 400), (400, 600), (600, 700)]):
        site.grow(old, new, TUESDAY + timedelta(days=number))
    day = TUESDAY.date()
    assert site.days(day, day) == (0, 400)
    assert site.days(day + timedelta(days=2), day + timedelta(days=2)) == (250, 700)
    assert site.days(day + timedelta(days=9), day + timedelta(days=9)) == (700, 700)
    assert site.days(day - timedelta(days=9), day - timedelta(days=9)) == (0, 100)


@pytest.mark.parametrize(
    "query", ["", "from=2026-12-01", "from=2026-12-02&to=2026-12-01", "from=2026-01-01&to=2026-12-31", "from=x&to=y"]
)
def test_days_that_make_no_sense_are_refused(site: Site, query: str) -> None:
    assert site.client.get(f"{site.root}/days?{query}").status_code == 400


# -- pages ----------------------------------------------------------------------------------------------------------


def test_the_record_says_what_was_seen_and_shows_a_fork_with_both_signatures(site: Site) -> None:
    site.grow(0, 300)
    page = site.client.get("/witness/", follow_redirects=True).text
    for told in (ORIGIN, LOG_KEY.vkey(), WITNESS_KEY.vkey(), "300 条", "齐全"):
        assert told in page
    assert "互相矛盾" not in page
    site.post(submission(RewrittenLog(300, without=40), 300, 300))
    assert "发现互相矛盾的日志" in site.client.get("/witness/log").text
    notes = site.client.get(f"{site.root}/evidence").text
    assert notes.count(f"{ORIGIN}\n300\n") == 2


def test_pages_say_whether_the_witness_is_independent(site: Site) -> None:
    for path in ("/witness/log", "/witness/receipt"):
        assert "不构成独立见证" not in site.client.get(path).text


def test_the_standalone_witness_has_nothing_of_a_county_and_sets_no_cookie(site: Site) -> None:
    rules = {rule.rule for rule in site.app.url_map.iter_rules()}
    assert not [rule for rule in rules if rule.startswith(("/console", "/report", "/api", "/oversight"))]
    assert "supervision" not in site.app.extensions
    for path in ("/", "/witness/", "/witness/log", "/witness/receipt", "/healthz"):
        answer = site.client.get(path)
        assert "Set-Cookie" not in answer.headers
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_a_damaged_memory_is_told_and_nothing_is_cosigned(site: Site) -> None:
    site.post(submission(LOGGED, 0, 100))
    for file in site.service.home.directory.glob("state.sqlite*"):
        file.write_bytes(b"")
    answer = site.post(submission(LOGGED, 100, 200))
    assert (answer.status_code, answer.text.count("\n")) == (503, 1)
    assert "—" not in answer.text


def test_the_note_that_is_shown_is_the_one_that_was_cosigned(site: Site) -> None:
    site.grow(0, 300)
    note = parse(site.client.get(f"{site.root}/checkpoint").data)
    assert [line.name for line in note.signatures] == [LOG_KEY.name, WITNESS_KEY.name]
