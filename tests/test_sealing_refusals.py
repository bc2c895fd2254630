"""Nothing opens but what was sealed, where it was sealed, with the key that it was sealed to."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.model import SealedItem, Sealing
from supervision.sealing.binding import Place
from supervision.sealing.errors import CannotOpen, SuiteTooLow
from supervision.sealing.opening import Opener
from supervision.sealing.payload import open_envelope, seal_envelope
from tests.support.sealing import (
    NAMED_REPORT,
    OTHER_STREAM,
    STREAM,
    SealedReport,
    county,
    private_key,
    sealed_report,
    seeded,
)


@given(st.data())
def test_no_altered_envelope_opens(data: st.DataObject) -> None:
    report = sealed_report()
    part = data.draw(st.sampled_from([part for part in NAMED_REPORT if part.compartment == "content"]))
    envelope = report.envelope(part.compartment, part.field)
    at = data.draw(st.integers(0, len(envelope) - 1))
    forged = flip(envelope, at, data.draw(st.integers(1, 255)))
    item = report.item(part.compartment, part.field)
    data_key = report.bundle.data_keys[part.compartment]
    with pytest.raises(CannotOpen):
        report.opener.open_item(item, data_key, forged)
    with pytest.raises(CannotOpen):  # nor where the hash was altered to fit
        relabelled(report, item, forged).open_item(renamed(item, forged), data_key, forged)


@given(st.data())
def test_no_shortened_or_lengthened_envelope_opens(data: st.DataObject) -> None:
    report = sealed_report()
    envelope = report.envelope("content", "title")
    forged = data.draw(
        st.one_of(
            st.integers(0, len(envelope) - 1).map(lambda end: envelope[:end]),
            st.binary(min_size=1, max_size=64).map(lambda more: envelope + more),
        )
    )
    item = report.item("content", "title")
    with pytest.raises(CannotOpen):
        relabelled(report, item, forged).open_item(renamed(item, forged), report.bundle.data_keys["content"], forged)


@given(st.data())
@settings(max_examples=60)
def test_no_altered_wrap_opens(data: st.DataObject) -> None:
    report, office = sealed_report(), private_key("office/petition")
    wrap = report.wrap("content", office)
    forged = flip(wrap, data.draw(st.integers(0, len(wrap) - 1)), data.draw(st.integers(1, 255)))
    with pytest.raises(CannotOpen):
        report.opener.unwrap("content", forged, office)
    sealing = with_wrap_hash(report.bundle.sealing, "content", forged)
    with pytest.raises(CannotOpen):
        Opener(report.manifest, sealing, STREAM).unwrap("content", forged, office)


HOME = county().manifest.place(STREAM, "content")


@pytest.mark.parametrize(
    ("place", "field"),
    [
        pytest.param(replace(HOME, origin="other.example/log"), "title", id="another log"),
        pytest.param(replace(HOME, manifest=bytes(32)), "title", id="another manifest"),
        pytest.param(replace(HOME, stream_id=OTHER_STREAM), "title", id="another report"),
        pytest.param(replace(HOME, compartment="facts"), "title", id="another compartment"),
        pytest.param(replace(HOME, suite=3), "title", id="another suite"),
        pytest.param(HOME, "text", id="another field"),
    ],
)
def test_an_envelope_does_not_open_in_another_place_even_with_its_key(place: Place, field: str) -> None:
    report = sealed_report()
    envelope = report.envelope("content", "title")
    data_key = report.bundle.data_keys["content"]
    size = report.item("content", "title").size_class
    assert open_envelope(HOME, data_key, "title", envelope, size) == NAMED_REPORT[3].plaintext
    with pytest.raises(CannotOpen):
        open_envelope(place, data_key, field, envelope, size)


def test_an_envelope_relabelled_as_another_field_does_not_open() -> None:
    report = sealed_report()
    item = report.item("content", "title")
    moved = replace(item, field="note")
    sealing = replace(report.bundle.sealing, items=(moved,))
    with pytest.raises(CannotOpen):
        Opener(report.manifest, sealing, STREAM).open_item(
            moved, report.bundle.data_keys["content"], report.envelope("content", "title")
        )


def test_a_whole_sealing_moved_to_another_report_does_not_open() -> None:
    report, office = sealed_report(), private_key("office/petition")
    opener = Opener(report.manifest, report.bundle.sealing, OTHER_STREAM)
    with pytest.raises(CannotOpen):
        opener.unwrap("content", report.wrap("content", office), office)
    with pytest.raises(CannotOpen):
        opener.open_item(
            report.item("content", "title"),
            report.bundle.data_keys["content"],
            report.envelope("content", "title"),
        )


def test_a_data_key_that_the_event_does_not_commit_to_is_not_used() -> None:
    report, other = sealed_report(), sealed_report(seed="other")
    with pytest.raises(CannotOpen, match="承诺"):
        report.read("content", "title", other.bundle.data_keys["content"])


def test_a_sealing_under_another_manifest_is_refused() -> None:
    report = sealed_report()
    with pytest.raises(CannotOpen, match="清单"):
        Opener(county(gate=False).manifest, report.bundle.sealing, STREAM)


@pytest.mark.parametrize("suite", [1, 3])
def test_a_sealing_of_a_lower_or_unknown_suite_is_refused(suite: int) -> None:
    report, office = sealed_report(), private_key("office/petition")
    opener = Opener(report.manifest, replace(report.bundle.sealing, suite=suite), STREAM)
    attempts: list[Callable[[], object]] = [
        lambda: opener.unwrap("content", report.wrap("content", office), office),
        lambda: opener.open_item(
            report.item("content", "title"),
            report.bundle.data_keys["content"],
            report.envelope("content", "title"),
        ),
    ]
    for attempt in attempts:
        with pytest.raises(SuiteTooLow):
            attempt()


def test_an_item_of_another_sealing_is_refused() -> None:
    report, other = sealed_report(), sealed_report(seed="other")
    with pytest.raises(CannotOpen, match="不属于"):
        report.opener.open_item(
            other.item("content", "title"),
            report.bundle.data_keys["content"],
            other.envelope("content", "title"),
        )


def test_what_a_compartment_or_a_holder_does_not_have_is_refused() -> None:
    office = private_key("office/petition")
    report = sealed_report()
    with pytest.raises(CannotOpen, match="没有 message"):
        report.opener.unwrap("message", report.wrap("content", office), office)
    with pytest.raises(CannotOpen, match="共同开启"):
        report.opener.unwrap(
            "identity", report.wrap("identity", private_key("custodian/c1")), private_key("custodian/c1")
        )


def test_an_envelope_replaced_by_somebody_who_has_the_key_is_refused() -> None:
    """An officer who can read a report cannot rewrite it in custody: the signed event names the hash."""
    report = sealed_report()
    data_key = report.unwrap("content", "office/petition")
    item = report.item("content", "title")
    other, size = seal_envelope(HOME, data_key, "title", "并无此事".encode(), seeded("insider"))
    assert size == item.size_class
    with pytest.raises(CannotOpen, match="日志记载不符"):
        report.opener.open_item(item, data_key, other)


# --- Forging ----------------------------------------------------------------------------------------------


def flip(data: bytes, at: int, mask: int) -> bytes:
    return data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :]


def renamed(item: SealedItem, forged: bytes) -> SealedItem:
    return replace(item, sha256=hashlib.sha256(forged).hexdigest())


def relabelled(report: SealedReport, item: SealedItem, forged: bytes) -> Opener:
    """An opener that was given an event with the forged envelope's hash."""
    sealing = replace(report.bundle.sealing, items=(renamed(item, forged),))
    return Opener(report.manifest, sealing, STREAM)


def with_wrap_hash(sealing: Sealing, compartment: str, forged: bytes) -> Sealing:
    return replace(
        sealing,
        keys=tuple(
            replace(
                key,
                wraps=tuple(replace(wrap, sha256=hashlib.sha256(forged).hexdigest()) for wrap in key.wraps),
            )
            for key in sealing.keys
            if key.compartment == compartment
        ),
        items=(),
    )
