"""A contribution serves one opening, one decision, one compartment and one pair of eyes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from supervision.sealing.binding import Rng
from supervision.sealing.contribution import (
    Decision,
    contribute,
    contributed_sealing,
    keep_ephemeral,
    open_contribution,
    recall_ephemeral,
)
from supervision.sealing.errors import BadShare, CannotOpen, SuiteTooLow
from supervision.sealing.keys import KemPrivateKey
from supervision.sealing.opening import Opener
from tests.support.sealing import OTHER_STREAM, STREAM, private_key, sealed_report, seeded

OPENING, OTHER_OPENING = UUID(int=5), UUID(int=6)
EPHEMERAL, OTHER_KEY = KemPrivateKey(b"e" * 32), KemPrivateKey(b"o" * 32)
DECISION = Decision(opening=OPENING, approval=b"a" * 32, recipient=EPHEMERAL.public)
GIVER = private_key("custodian/c1")


def given(compartment: str = "identity", holder: str = "custodian/c1", decision: Decision = DECISION) -> bytes:
    report, private = sealed_report(), private_key(holder)
    return contribute(report.opener, decision, compartment, report.wrap(compartment, private), private)


def opened(sealed: bytes, **elsewhere: Any) -> bytes:
    """Opened where it belongs, or somewhere else."""
    place: dict[str, Any] = {
        "opener": sealed_report().opener,
        "compartment": "identity",
        "giver": GIVER.key_id,
        "opening": OPENING,
        "approval": DECISION.approval,
        "ephemeral": EPHEMERAL,
        **elsewhere,
    }
    return open_contribution(sealed=sealed, **place)


def test_what_was_given_is_the_share() -> None:
    report = sealed_report()
    pieces = report.contributions("identity", "custodian/c1")
    assert opened(given()) == pieces[GIVER.key_id]


def test_m_contributions_and_the_gate_s_open_the_identity() -> None:
    report = sealed_report()
    holders = ["custodian/c1", "custodian/c2", "custodian/c5", "superior/gate"]
    pieces = {
        private_key(holder).key_id: opened(given(holder=holder), giver=private_key(holder).key_id) for holder in holders
    }
    data_key = report.opener.combine("identity", pieces)
    assert data_key == report.bundle.data_keys["identity"]


ELSEWHERE: dict[str, dict[str, Any]] = {
    "another opening": {"opening": OTHER_OPENING},
    "another approval": {"approval": b"b" * 32},
    "another compartment": {"compartment": "source"},
    "another custodian's": {"giver": private_key("custodian/c2").key_id},
    "the gate's": {"giver": private_key("superior/gate").key_id},
    "another requester": {"ephemeral": OTHER_KEY},
    "another report": {"opener": Opener(sealed_report().manifest, sealed_report().bundle.sealing, OTHER_STREAM)},
    "another sealing of the report": {"opener": sealed_report(seed="other").opener},
}


@pytest.mark.parametrize("elsewhere", ELSEWHERE.values(), ids=ELSEWHERE.keys())
def test_it_opens_nowhere_else(elsewhere: dict[str, Any]) -> None:
    with pytest.raises(CannotOpen):
        opened(given(), **elsewhere)


def test_a_share_of_another_report_is_not_given() -> None:
    report, other = sealed_report(), sealed_report(seed="other")
    with pytest.raises(CannotOpen):
        contribute(report.opener, DECISION, "identity", other.wrap("identity", GIVER), GIVER)


def test_a_share_of_a_lower_suite_is_not_given() -> None:
    report = sealed_report()
    opener = Opener(report.manifest, replace(report.bundle.sealing, suite=1), STREAM)
    with pytest.raises(SuiteTooLow):
        contribute(opener, DECISION, "identity", report.wrap("identity", GIVER), GIVER)


def test_what_one_person_holds_alone_is_no_contribution() -> None:
    report, office = sealed_report(), private_key("office/petition")
    with pytest.raises(CannotOpen, match="不是分份额"):
        contribute(report.opener, DECISION, "content", report.wrap("content", office), office)


def test_the_event_s_sealing_fits_what_was_sealed_at_the_door() -> None:
    report, sealed = sealed_report(), given()
    sealing, (row,) = contributed_sealing(report.opener, OPENING, EPHEMERAL.public, GIVER.key_id, {"identity": sealed})
    (ref,), whole = sealing.keys, report.key("identity")
    assert (ref.commitment, ref.m, ref.n) == (whole.commitment, whole.m, whole.n)
    assert (row.stream_id, row.recipient.hex(), row.data) == (OPENING, EPHEMERAL.key_id, sealed)
    assert ref.wraps[0].share_commitment == next(w.share_commitment for w in whole.wraps if w.key == GIVER.key_id)


SPOILED: dict[str, Callable[[bytes, Rng], bytes]] = {
    "shorter": lambda sealed, rng: sealed[:-1],
    "longer": lambda sealed, rng: sealed + b"\0",
    "another suite": lambda sealed, rng: b"\x01" + sealed[1:],
    "empty": lambda sealed, rng: b"",
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED.keys())
def test_what_cannot_be_a_contribution_is_not_recorded(spoil: Callable[[bytes, Rng], bytes]) -> None:
    spoiled = spoil(given(), seeded("spoiled"))
    with pytest.raises(CannotOpen, match="格式不符"):
        contributed_sealing(sealed_report().opener, OPENING, EPHEMERAL.public, GIVER.key_id, {"identity": spoiled})
    with pytest.raises(CannotOpen):
        opened(spoiled)


def test_a_stranger_s_piece_is_found_and_has_a_name() -> None:
    """Anybody can seal anything to the ephemeral key; the commitment at the door tells it apart."""
    report = sealed_report()
    pieces = report.contributions("identity", "custodian/c1", "custodian/c2", "superior/gate")
    stranger = private_key("custodian/c3").key_id
    with pytest.raises(BadShare) as refusal:
        report.opener.combine("identity", pieces | {stranger: bytes(32) + b"\x03"})
    assert refusal.value.key_id == stranger


def test_the_ephemeral_key_is_kept_for_its_owner_and_this_opening() -> None:
    owner = private_key("office/petition")
    kept = keep_ephemeral(EPHEMERAL, owner.public, OPENING)
    assert recall_ephemeral(kept, owner, OPENING).seed == EPHEMERAL.seed
    assert EPHEMERAL.seed not in kept
    for other, opening in ((OTHER_KEY, OPENING), (owner, OTHER_OPENING)):
        with pytest.raises(CannotOpen):
            recall_ephemeral(kept, other, opening)
