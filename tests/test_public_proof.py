"""The holder of a 查询码 takes a proof home: that his report is in a log which the superior's witness has cosigned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import update
from werkzeug.test import TestResponse

from events import schema
from events.checkpoint import Checkpoint
from events.leaf import leaf_data
from events.merkle import hash_leaf
from events.note import parse
from events.policy import Policy, PolicyError
from events.proof import LogProof
from supervision.business_time import SHANGHAI
from supervision.checkpointing.receipts import receipt_proof
from supervision.sealing.receipt import ReceiptCode
from supervision.web.app import create_app
from tests.support.clock import Clock
from tests.support.cosigning import HttpWitness, SignedCounty, trust
from tests.support.deployment import make_deployment
from tests.support.visitor import ANSWERS, Visitor

AFTERNOON = datetime(2026, 12, 1, 15, 20, 7, tzinfo=SHANGHAI)
NEXT_DAY = timedelta(days=1)
SUPERIORS = {**ANSWERS, "level": {**ANSWERS["level"], "level": "county"}}


@pytest.fixture
def clock() -> Clock:
    return Clock(AFTERNOON)


@pytest.fixture
def county(tmp_path: Path, clock: Clock) -> Iterator[SignedCounty]:
    platform = make_deployment(tmp_path / "home", f"sqlite:///{tmp_path / 'log.sqlite'}", clock=clock)
    yield SignedCounty(platform, tmp_path / "city", public_checkpoint_hours=24)
    platform.close()


@pytest.fixture
def app(county: SignedCounty) -> Flask:
    app = create_app(county.platform)
    app.testing = True
    return app


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    return Visitor(app)


def download(visitor: Visitor) -> TestResponse:
    """Press the button of the status page."""
    return visitor.post("/status", {"action": "proof"}, follow=False)


def proof_of(visitor: Visitor, code: str) -> LogProof:
    visitor.look_up(code)
    answer = download(visitor)
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == 'attachment; filename="receipt.tlog-proof"'
    assert answer.headers["Cache-Control"] == "no-store"
    return LogProof.parse(answer.data)


def tree_of(proof: LogProof) -> int:
    return Checkpoint.parse(parse(proof.checkpoint).text).size


@pytest.mark.parametrize("answers", [ANSWERS, SUPERIORS], ids=["for the county", "sealed to the superior"])
def test_a_countersigned_proof_proves_the_receipt_of_this_code(
    county: SignedCounty, visitor: Visitor, answers: dict[str, dict[str, str]]
) -> None:
    code = visitor.report(answers)
    county.sign()
    county.cosign()
    proof = proof_of(visitor, code)
    proven = proof.verify(county.policy)
    secrets = ReceiptCode(code).derive(county.platform.settings.origin)
    entry = county.platform.log.stream(secrets.stream_id)[0]
    assert entry.salt == secrets.salt
    assert proven.leaf == hash_leaf(leaf_data(county.platform.settings.origin, entry))
    assert list(proven.timestamps) == [int(AFTERNOON.timestamp())]
    assert "暂定" not in visitor.words


def test_nothing_of_the_code_or_the_report_is_in_the_file(county: SignedCounty, visitor: Visitor) -> None:
    code = visitor.report()
    county.sign()
    county.cosign()
    file = proof_of(visitor, code).encode()
    secrets = ReceiptCode(code).derive(county.platform.settings.origin)
    for secret in (code.encode(), secrets.salt, secrets.salt.hex().encode(), str(secrets.stream_id).encode()):
        assert secret not in file


def test_before_anything_is_signed_the_page_says_to_come_back(county: SignedCounty, visitor: Visitor) -> None:
    code = visitor.report()
    visitor.look_up(code)
    assert "日志还没有签署到本件" in visitor.words
    assert 'value="proof"' not in visitor.page
    assert download(visitor).headers["Location"] == "/status"


def test_until_it_is_countersigned_a_proof_is_provisional(county: SignedCounty, visitor: Visitor) -> None:
    code = visitor.report()
    county.sign()
    proof = proof_of(visitor, code)
    assert "暂定：尚未经上级机关联署" in visitor.words
    with pytest.raises(PolicyError):
        proof.verify(county.policy)
    assert proof.verify(replace(county.policy, quorum="none")).index == proof.index
    county.cosign()
    assert proof_of(visitor, code).verify(county.policy)
    assert "暂定" not in visitor.words


def test_a_proof_does_not_tell_how_long_the_log_has_grown_since(
    county: SignedCounty, app: Flask, visitor: Visitor, clock: Clock
) -> None:
    """An employer may hand in a report of his own and ask every minute."""
    code = visitor.report()
    county.sign()
    county.cosign()
    first = proof_of(visitor, code)
    for minutes in (10, 20):
        clock.now = AFTERNOON + timedelta(minutes=minutes)
        county.cosign()
        assert proof_of(visitor, code) == first
    Visitor(app).report()
    county.sign()
    county.cosign()
    assert proof_of(visitor, code) == first


def test_from_the_next_day_on_a_proof_is_against_what_anybody_may_see(
    county: SignedCounty, app: Flask, visitor: Visitor, clock: Clock
) -> None:
    code = visitor.report()
    county.sign()
    county.cosign()
    Visitor(app).report()
    public = county.sign()
    county.cosign()
    clock.now += NEXT_DAY
    Visitor(app).report()
    county.sign()
    county.cosign()
    proof = proof_of(visitor, code)
    assert tree_of(proof) == public
    assert proof.checkpoint == app.test_client().get("/log/checkpoint").data
    assert proof.verify(county.policy)


def test_a_report_from_a_time_when_a_witness_was_away_is_proven_by_the_first_tree_that_all_have_cosigned(
    county: SignedCounty, app: Flask, visitor: Visitor, tmp_path: Path
) -> None:
    province = HttpWitness(tmp_path / "province", county.log, "province.example/witness", lambda: AFTERNOON.timestamp())
    home = county.platform.settings.home
    policy = trust(home, county.log, county.witness.known, province.known)
    code = visitor.report()
    for _ in range(3):
        Visitor(app).report()
        county.sign()
        county.cosign()
    assert "暂定" in _words_after_looking(visitor, code)
    county.cosign(province)
    assert proof_of(visitor, code).verify(policy).checkpoint.size == county.platform.log.size()


def _words_after_looking(visitor: Visitor, code: str) -> str:
    visitor.look_up(code)
    return visitor.words


def test_where_no_witness_is_asked_for_a_proof_stays_provisional(county: SignedCounty, visitor: Visitor) -> None:
    trust(county.platform.settings.home, county.log)
    code = visitor.report()
    county.sign()
    assert "暂定" in _words_after_looking(visitor, code)


def test_a_log_that_cannot_prove_it_says_so_and_gives_nothing(
    county: SignedCounty, app: Flask, visitor: Visitor
) -> None:
    code = visitor.report()
    Visitor(app).report()
    county.sign()
    county.cosign()
    with county.platform.log._engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER node_no_update")
        connection.execute(update(schema.node).where(schema.node.c.level == 1).values(hash=bytes(32)))
    assert "现在给不出证明" in _words_after_looking(visitor, code)
    assert download(visitor).status_code == 303


def test_the_page_warns_before_it_offers(county: SignedCounty, visitor: Visitor) -> None:
    code = visitor.report()
    county.sign()
    words = _words_after_looking(visitor, code)
    assert words.index("可能被别人查看或者扣押的，不要下载") < words.index("下载暂定证明")
    for told in ("只留查询码", "supervision verify --receipt", "上级机关"):
        assert told in words
    assert 'href="/log/keys"' in visitor.page


def test_after_the_session_has_ended_the_code_is_asked_for_again(
    county: SignedCounty, visitor: Visitor, clock: Clock
) -> None:
    code = visitor.report()
    county.sign()
    visitor.look_up(code)
    clock.now += timedelta(minutes=11)
    answer = visitor.post("/status", {"action": "proof"})
    assert answer.mimetype == "text/html"
    assert "请再输入一次查询码" in visitor.words
    assert code not in visitor.page


def test_a_code_that_leads_nowhere_gets_no_proof(county: SignedCounty, visitor: Visitor) -> None:
    visitor.report()
    county.sign()
    stranger = ReceiptCode.new(county.platform.rng)
    visitor.look_up(stranger.digits)
    assert "下载" not in visitor.words
    assert receipt_proof(county.platform, stranger.derive(county.platform.settings.origin)) is None


def test_the_keys_beside_it_are_all_that_a_check_needs(county: SignedCounty, app: Flask, visitor: Visitor) -> None:
    code = visitor.report()
    county.sign()
    county.cosign()
    keys = Policy.parse(app.test_client().get("/log/keys").data)
    assert proof_of(visitor, code).verify(keys)


def test_the_form_protection_holds_for_the_proof_too(county: SignedCounty, visitor: Visitor) -> None:
    code = visitor.report()
    county.sign()
    visitor.look_up(code)
    answer = visitor.client.post("/status", data={"action": "proof"})
    assert answer.status_code == 400
