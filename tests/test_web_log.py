"""``/log``: programs find checkpoint and tiles there; anybody as of the last boundary, the reader as of now."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from events.checkpoint import Checkpoint
from events.note import parse
from events.policy import Policy
from events.tiles import ENTRIES, Tile, TileReader
from supervision.business_time import SHANGHAI
from supervision.checkpointing.loop import make_checkpointing
from supervision.checkpointing.views import public_boundary
from supervision.platform import Platform
from supervision.settings import BadSetting
from supervision.web.app import create_app
from tests.support.clock import Clock
from tests.support.cosigning import SignedCounty, trust
from tests.support.deployment import make_deployment, open_deployment
from tests.support.visitor import Visitor

EVENING = datetime(2026, 12, 1, 23, 50, 7, tzinfo=SHANGHAI)
MIDNIGHT = datetime(2026, 12, 2, tzinfo=SHANGHAI)


@pytest.fixture
def clock() -> Clock:
    return Clock(EVENING)


@pytest.fixture
def county(tmp_path: Path, clock: Clock) -> Iterator[SignedCounty]:
    home = tmp_path / "home"
    platform = make_deployment(home, f"sqlite:///{tmp_path / 'log.sqlite'}", clock=clock)
    yield SignedCounty(platform, tmp_path / "city", public_checkpoint_hours=24)
    platform.close()


@pytest.fixture
def app(county: SignedCounty) -> Flask:
    app = create_app(county.platform)
    app.testing = True
    return app


@pytest.fixture
def anybody(app: Flask) -> FlaskClient:
    return app.test_client()


def token(platform: Platform) -> dict[str, str]:
    return {"Authorization": f"Bearer {platform.log_secrets.reader_token.hex()}"}


def read(client: FlaskClient, path: str, **headers: str) -> TestResponse:
    return client.get(f"/log/{path}", headers=headers)


def size_of(answer: TestResponse) -> int:
    assert answer.status_code == 200, answer.text
    return Checkpoint.parse(parse(answer.data).text).size


# -- the day ----------------------------------------------------------------------------------------------------------


def test_before_the_first_boundary_there_is_nothing_to_see_and_a_line_says_so(
    county: SignedCounty, anybody: FlaskClient
) -> None:
    county.sign()
    for path in ("checkpoint", "tile/0/000.p/1", "tile/entries/000.p/1"):
        answer = read(anybody, path)
        assert answer.status_code == 404
        assert answer.text.count("\n") == 1
        assert "尚未公布" in answer.text


def test_anybody_sees_the_log_as_it_stood_at_midnight(
    county: SignedCounty, app: Flask, anybody: FlaskClient, clock: Clock
) -> None:
    yesterday = county.sign()
    county.cosign()
    clock.now = MIDNIGHT + timedelta(hours=8)
    Visitor(app).report()
    today = county.sign()
    county.cosign()
    assert size_of(read(anybody, "checkpoint")) == yesterday < today
    clock.now = MIDNIGHT + timedelta(days=1)
    assert size_of(read(anybody, "checkpoint")) == today


def test_midnight_is_midnight_in_shanghai(county: SignedCounty, anybody: FlaskClient, clock: Clock) -> None:
    county.sign()
    clock.now = MIDNIGHT - timedelta(seconds=1)
    assert read(anybody, "checkpoint").status_code == 404
    clock.now = MIDNIGHT
    assert read(anybody, "checkpoint").status_code == 200


@pytest.mark.parametrize(("hours", "boundaries"), [(24, 1), (12, 2), (8, 3), (5, 5), (1, 24)])
def test_boundaries_are_counted_from_midnight(county: SignedCounty, clock: Clock, hours: int, boundaries: int) -> None:
    platform = SignedCounty(
        county.platform, county.platform.settings.home / "w2", public_checkpoint_hours=hours
    ).platform
    seen = set()
    for minute in range(0, 24 * 60, 10):
        clock.now = MIDNIGHT + timedelta(minutes=minute)
        boundary = public_boundary(platform)
        assert boundary is not None
        assert clock.now - timedelta(hours=hours) < boundary <= clock.now
        seen.add(boundary)
    assert len(seen) == boundaries
    assert MIDNIGHT in seen


def test_the_public_checkpoint_does_not_tell_that_nothing_has_come_since(
    county: SignedCounty, app: Flask, anybody: FlaskClient, clock: Clock
) -> None:
    """Heartbeats go on after midnight; who could see them would see when they change to another tree."""
    county.sign()
    county.cosign()
    clock.now = MIDNIGHT + timedelta(hours=1)
    at_one = read(anybody, "checkpoint").data
    for minutes in (10, 20):
        clock.now = MIDNIGHT + timedelta(hours=1, minutes=minutes)
        county.cosign()
        assert read(anybody, "checkpoint").data == at_one
    Visitor(app).report()
    county.sign()
    county.cosign()
    assert read(anybody, "checkpoint").data == at_one


def test_what_was_cosigned_just_after_midnight_still_counts(
    county: SignedCounty, anybody: FlaskClient, clock: Clock
) -> None:
    clock.now = MIDNIGHT - timedelta(seconds=1)
    county.sign()
    clock.now = MIDNIGHT + timedelta(seconds=1)
    county.cosign()
    assert county.policy.open_checkpoint(read(anybody, "checkpoint").data).cosigned_at


def test_a_setting_shows_it_at_once_but_only_in_a_demonstration(county: SignedCounty, tmp_path: Path) -> None:
    at_once = SignedCounty(county.platform, tmp_path / "w2", public_checkpoint_hours=0)
    at_once.sign()
    client = create_app(at_once.platform).test_client()
    assert size_of(read(client, "checkpoint")) == at_once.platform.log.size()
    home = tmp_path / "home"
    text = (home / "settings.toml").read_text("utf-8")
    (home / "settings.toml").write_text(text.replace("demonstration = true", ""), "utf-8")
    with pytest.raises(BadSetting, match="public_checkpoint_hours"):
        open_deployment(home, f"sqlite:///{tmp_path / 'log.sqlite'}")


# -- the reader -------------------------------------------------------------------------------------------------------


def test_the_reader_sees_the_newest_checkpoint_with_its_cosignatures(
    county: SignedCounty, anybody: FlaskClient
) -> None:
    size = county.sign()
    county.cosign()
    answer = read(anybody, "checkpoint", **token(county.platform))
    assert county.policy.open_checkpoint(answer.data).checkpoint.size == size
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "wrong", ["Bearer", "Bearer ", "Bearer 00", "Basic {}", "bearer{}", "{}", "Bearer {}0", "Bearer é", "Bearer a=b"]
)
def test_a_wrong_token_shows_no_more_than_none(county: SignedCounty, anybody: FlaskClient, wrong: str) -> None:
    county.sign()
    hexed = county.platform.log_secrets.reader_token.hex()
    answer = anybody.get("/log/checkpoint", headers={"Authorization": wrong.format(hexed)})
    assert answer.status_code == 404


def test_the_token_is_handed_over_to_the_superior(county: SignedCounty) -> None:
    path = county.platform.settings.home / "handover" / "superior-log-reader.token"
    assert path.read_text("ascii").strip() == county.platform.log_secrets.reader_token.hex()
    assert path.stat().st_mode & 0o077 == 0


def test_the_public_site_takes_no_token_and_reads_no_secret_of_the_log(
    county: SignedCounty, tmp_path: Path, clock: Clock
) -> None:
    county.sign()
    headers = token(county.platform)
    home = county.platform.settings.home
    (home / "secrets" / "log.json").unlink()
    public = open_deployment(home, f"sqlite:///{tmp_path / 'log.sqlite'}", site="public", clock=clock)
    narrowed = SignedCounty(public, tmp_path / "w2", public_checkpoint_hours=24).platform
    assert read(create_app(narrowed).test_client(), "checkpoint", **headers).status_code == 404
    narrowed.close()


@pytest.mark.parametrize("site", ["oversight", "witness", "console"])
def test_other_sites_hold_no_key_of_the_log(county: SignedCounty, tmp_path: Path, clock: Clock, site: str) -> None:
    home = county.platform.settings.home
    (home / "secrets" / "log.json").unlink()
    other = open_deployment(home, f"sqlite:///{tmp_path / 'log.sqlite'}", site=site, clock=clock)
    client = create_app(other).test_client()
    assert client.get("/healthz").status_code == 200
    assert read(client, "checkpoint").status_code == 404
    other.close()


def test_the_log_site_serves_the_log_and_nothing_else(county: SignedCounty, tmp_path: Path, clock: Clock) -> None:
    size = county.sign()
    home = county.platform.settings.home
    for name in ("public", "console", "oversight", "witness"):
        (home / "secrets" / f"{name}.json").unlink()
    log = open_deployment(home, f"sqlite:///{tmp_path / 'log.sqlite'}", site="log", clock=clock)
    client = create_app(log).test_client()
    assert size_of(read(client, "checkpoint", **token(log))) == size
    assert client.get("/healthz").text == "ok\n"
    for path in ("/", "/status", "/console/", "/oversight/", "/api/v1/reports"):
        assert client.get(path).status_code == 404
    log.close()


# -- tiles ------------------------------------------------------------------------------------------------------------


def test_tiles_and_bundles_give_the_root_of_the_checkpoint(
    county: SignedCounty, app: Flask, anybody: FlaskClient
) -> None:
    for _ in range(3):
        Visitor(app).report()
    county.sign()
    headers = token(county.platform)
    checkpoint = Checkpoint.parse(parse(read(anybody, "checkpoint", **headers).data).text)

    def fetch(path: str) -> bytes:
        answer = read(anybody, path, **headers)
        assert answer.mimetype == "application/octet-stream"
        return answer.data

    reader = TileReader(fetch, checkpoint.size, checkpoint.root)
    assert len(reader.bundle(0)) == checkpoint.size


def test_anybody_gets_only_tiles_of_the_public_tree(
    county: SignedCounty, app: Flask, anybody: FlaskClient, clock: Clock
) -> None:
    public = county.sign()
    clock.now = MIDNIGHT + timedelta(hours=8)
    Visitor(app).report()
    size = county.sign()
    for level in (0, ENTRIES):
        inside, outside = Tile(level, 0, public).path, Tile(level, 0, size).path
        assert read(anybody, inside).status_code == 200
        assert read(anybody, outside).status_code == 404
        assert read(anybody, outside, **token(county.platform)).status_code == 200
        assert read(anybody, Tile(level, 0, size + 1).path, **token(county.platform)).status_code == 404


def test_a_tile_never_changes_and_may_be_kept_but_what_only_the_reader_sees_by_him_alone(
    county: SignedCounty, anybody: FlaskClient, clock: Clock
) -> None:
    county.sign()
    clock.now = MIDNIGHT
    for headers, kept_by in ((token(county.platform), "private"), ({}, "public")):
        answer = read(anybody, "tile/0/000.p/1", **headers)
        assert answer.headers["Cache-Control"] == f"{kept_by}, max-age=31536000, immutable"
        assert answer.headers["Vary"] == "Authorization"
    assert read(anybody, "tile/0/999").headers["Cache-Control"] == "no-store"


BAD_PATHS = (
    *("tile/0/000.p/0", "tile/0/000.p/256", "tile/0/0", "tile/00/000", "tile/64/000", "tile/x/000", "tile/-1/000"),
    *(
        "tile/0/x000/000",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/../../secrets/log.json",
        "tile/entries/",
        "tile/0",
    ),
    *("tile/0/" + "x999/" * 200 + "999", "tile/0/%00", "tile/0/000%0a", "tile/entries/zzz", "tile/9/999", "tile/0/٠٠٠"),
)


@pytest.mark.parametrize("path", BAD_PATHS)
def test_a_path_that_names_no_tile_is_not_found_in_one_line(
    county: SignedCounty, anybody: FlaskClient, path: str
) -> None:
    county.sign()
    answer = read(anybody, path, **token(county.platform))
    assert answer.status_code == 404
    if answer.mimetype == "text/plain":
        assert answer.text.count("\n") == 1
    assert "Traceback" not in answer.text


def test_only_reading_is_possible(county: SignedCounty, anybody: FlaskClient) -> None:
    assert anybody.post("/log/checkpoint", headers=token(county.platform)).status_code in (400, 405)


# -- keys -------------------------------------------------------------------------------------------------------------


def test_anybody_gets_the_keys_without_the_addresses_of_the_witnesses(
    county: SignedCounty, anybody: FlaskClient
) -> None:
    county.witness.url = "https://10.1.2.3/inner"
    trust(county.platform.settings.home, county.log, county.witness.known)
    answer = read(anybody, "keys")
    assert "10.1.2.3" not in answer.text
    assert "attachment" in answer.headers["Content-Disposition"]
    found = Policy.parse(answer.data)
    assert found.logs == (county.log,)
    assert [one.key for one in found.witnesses] == [county.witness.service.home.key]
    assert found.quorum == county.policy.quorum


@pytest.mark.parametrize("damage", [None, b"nonsense", b"log x\nquorum none\n", b"\xff"])
def test_without_a_whole_policy_the_keys_are_not_to_be_had_and_a_start_is_refused(
    county: SignedCounty, anybody: FlaskClient, damage: bytes | None
) -> None:
    path = county.platform.settings.home / "witnesses.policy"
    path.unlink()
    if damage is not None:
        path.write_bytes(damage)
    answer: Any = read(anybody, "keys")
    assert (answer.status_code, answer.text.count("\n")) == (503, 1)
    with pytest.raises(BadSetting, match=r"witnesses\.policy"):
        make_checkpointing(county.platform)
