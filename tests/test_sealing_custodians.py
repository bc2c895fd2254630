"""M of N: custodians, relays and the superior's gate. Fewer cannot, and who gives a bad share is named."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervision.sealing.destinations import ToSuperior
from supervision.sealing.errors import BadShare, CannotOpen, NotEnoughShares
from tests.support.sealing import NAMED_REPORT, OTHER_STREAM, private_key, sealed_report

CUSTODIANS = [f"custodian/c{number}" for number in range(1, 6)]
GATE = "superior/gate"
REPORTER = NAMED_REPORT[0].plaintext


@pytest.mark.parametrize("chosen", list(combinations(CUSTODIANS, 3)))
def test_any_m_custodians_and_the_gate_open_the_identity(chosen: tuple[str, ...]) -> None:
    report = sealed_report()
    data_key = report.opener.combine("identity", report.contributions("identity", *chosen, GATE))
    assert report.read("identity", "reporter", data_key) == REPORTER


def test_more_than_m_custodians_open_it_too() -> None:
    report = sealed_report()
    data_key = report.opener.combine("identity", report.contributions("identity", *CUSTODIANS, GATE))
    assert report.read("identity", "reporter", data_key) == REPORTER


def test_without_a_gate_m_custodians_are_enough() -> None:
    report = sealed_report(gate=False)
    data_key = report.opener.combine("identity", report.contributions("identity", *CUSTODIANS[:3]))
    assert report.read("identity", "reporter", data_key) == REPORTER


@pytest.mark.parametrize("chosen", list(combinations(CUSTODIANS, 2)))
def test_m_minus_one_custodians_and_the_gate_cannot(chosen: tuple[str, ...]) -> None:
    report = sealed_report()
    with pytest.raises(NotEnoughShares, match="需要 3 人"):
        report.opener.combine("identity", report.contributions("identity", *chosen, GATE))


def test_all_custodians_without_the_gate_cannot() -> None:
    report = sealed_report()
    with pytest.raises(NotEnoughShares, match="闸门"):
        report.opener.combine("identity", report.contributions("identity", *CUSTODIANS))


def test_the_gate_without_custodians_cannot() -> None:
    report = sealed_report()
    with pytest.raises(NotEnoughShares, match="现有 0 人"):
        report.opener.combine("identity", report.contributions("identity", GATE))


def test_two_relays_open_the_contact_and_one_cannot() -> None:
    report = sealed_report()
    data_key = report.opener.combine("contact", report.contributions("contact", "relay/r1", "relay/r3"))
    assert report.read("contact", "phone", data_key) == NAMED_REPORT[1].plaintext
    with pytest.raises(NotEnoughShares):
        report.opener.combine("contact", report.contributions("contact", "relay/r1"))


def test_relays_learn_nothing_of_the_identity() -> None:
    report, relay = sealed_report(), private_key("relay/r1")
    with pytest.raises(CannotOpen):
        report.opener.contribution("identity", report.wrap("contact", relay), relay)


def test_the_superior_s_custodians_open_a_by_passed_report_together() -> None:
    report = sealed_report(ToSuperior())
    holders = ["superior/custodian/s1", "superior/custodian/s3"]
    for compartment, field, part in (("identity", "reporter", 0), ("contact", "phone", 1)):
        data_key = report.opener.combine(compartment, report.contributions(compartment, *holders))
        assert report.read(compartment, field, data_key) == NAMED_REPORT[part].plaintext
    with pytest.raises(NotEnoughShares):
        report.opener.combine("identity", report.contributions("identity", holders[0]))


@pytest.mark.parametrize("culprit", [*CUSTODIANS[:3], GATE])
def test_a_share_of_another_report_is_refused_and_its_giver_named(culprit: str) -> None:
    report = sealed_report()
    for other in (sealed_report(seed="other"), sealed_report(stream_id=OTHER_STREAM, seed="third")):
        contributions = report.contributions("identity", *CUSTODIANS[:3], GATE)
        contributions |= other.contributions("identity", culprit)
        with pytest.raises(BadShare) as refusal:
            report.opener.combine("identity", contributions)
        key_id = private_key(culprit).key_id
        assert refusal.value.key_id == key_id
        assert report.manifest.names[key_id] in str(refusal.value)


@given(st.data())
def test_an_altered_share_is_refused_and_its_giver_named(data: st.DataObject) -> None:
    report = sealed_report()
    contributions = report.contributions("identity", *CUSTODIANS[:3], GATE)
    culprit = private_key(data.draw(st.sampled_from([*CUSTODIANS[:3], GATE]))).key_id
    share = contributions[culprit]
    at = data.draw(st.integers(0, len(share) - 1))
    altered = share[:at] + bytes([share[at] ^ data.draw(st.integers(1, 255))]) + share[at + 1 :]
    with pytest.raises(BadShare) as refusal:
        report.opener.combine("identity", contributions | {culprit: altered})
    assert refusal.value.key_id == culprit


def test_a_share_given_twice_counts_once() -> None:
    """The second time under another custodian's name it does not fit his commitment."""
    report = sealed_report()
    contributions = report.contributions("identity", *CUSTODIANS[:2], GATE)
    contributions[private_key("custodian/c3").key_id] = contributions[private_key("custodian/c1").key_id]
    with pytest.raises(BadShare) as refusal:
        report.opener.combine("identity", contributions)
    assert refusal.value.key_id == private_key("custodian/c3").key_id


def test_a_stranger_contributes_nothing() -> None:
    report = sealed_report()
    contributions = report.contributions("identity", *CUSTODIANS[:3], GATE)
    contributions[private_key("relay/r1").key_id] = bytes(33)
    with pytest.raises(CannotOpen, match="没有封给"):
        report.opener.combine("identity", contributions)


def test_a_compartment_that_is_not_shared_has_no_shares() -> None:
    report, office = sealed_report(), private_key("office/petition")
    with pytest.raises(CannotOpen, match="不是分份额"):
        report.opener.contribution("content", report.wrap("content", office), office)
    with pytest.raises(CannotOpen, match="不是分份额"):
        report.opener.combine("content", {})


def test_no_message_about_a_share_shows_one() -> None:
    report = sealed_report()
    contributions = report.contributions("identity", *CUSTODIANS[:3], GATE)
    key_id = private_key("custodian/c1").key_id
    with pytest.raises(BadShare) as refusal:
        report.opener.combine("identity", contributions | {key_id: bytes(33)})
    assert not any(piece.hex() in str(refusal.value) for piece in contributions.values())
