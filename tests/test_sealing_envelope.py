"""Sealing: who reads what, what cannot be sealed, and what a thief sees."""

from __future__ import annotations

from functools import cache
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervision.sealing.compartments import COMPARTMENTS
from supervision.sealing.destinations import ToOffice, ToReporter, ToSuperior
from supervision.sealing.envelope import Part, seal
from supervision.sealing.errors import CannotOpen, CannotSeal, SealingError
from supervision.sealing.padding import SIZE_CLASSES, pad, size_class, unpad
from supervision.sealing.receipt import ReceiptCode
from tests.support.sealing import (
    NAMED_REPORT,
    ORIGIN,
    STREAM,
    SealedReport,
    county,
    holders,
    private_key,
    sealed_report,
    seeded,
)

# --- Who reads what ---------------------------------------------------------------------------------------


def test_each_compartment_goes_to_its_readers_and_to_nobody_else() -> None:
    custodians = {f"custodian/c{number}" for number in range(1, 6)} | {"superior/gate"}
    report = sealed_report()
    assert report.readers("identity") == report.readers("source") == custodians
    assert report.readers("contact") == {"relay/r1", "relay/r2", "relay/r3"}
    assert report.readers("content") == {"office/petition"}
    assert report.readers("facts") == {"console"}


def test_the_office_reads_the_content_and_the_console_the_facts() -> None:
    report = sealed_report()
    data_keys = {
        "content": report.unwrap("content", "office/petition"),
        "facts": report.unwrap("facts", "console"),
    }
    for part in NAMED_REPORT:
        if part.compartment in data_keys:
            assert report.read(part.compartment, part.field, data_keys[part.compartment]) == part.plaintext


def test_a_by_passed_report_goes_to_the_superior_and_to_no_key_of_the_county() -> None:
    report = sealed_report(ToSuperior())
    together = set().union(*(report.readers(key.compartment) for key in report.bundle.sealing.keys))
    assert together == {"superior/content", *(f"superior/custodian/s{number}" for number in (1, 2, 3))}
    data_key = report.unwrap("content", "superior/content")
    assert report.read("content", "title", data_key) == NAMED_REPORT[3].plaintext


def test_a_by_passed_report_looks_alike_whether_named_or_anonymous() -> None:
    def shape(parts: tuple[Part, ...]) -> list[tuple[str, str, int]]:
        items = seal(county().manifest, STREAM, parts, ToSuperior(), seeded("x")).sealing.items
        return sorted((item.compartment, item.field, item.size_class) for item in items)

    content = tuple(part for part in NAMED_REPORT if part.compartment == "content")
    named = content + tuple(part for part in NAMED_REPORT if part.compartment in ("identity", "contact"))
    assert shape(content) == shape(named)


def test_a_message_is_read_with_the_code_alone() -> None:
    reporter = ReceiptCode.new(seeded("code")).derive(ORIGIN).kem
    text = "您反映的问题已受理。".encode()
    report = SealedReport(
        county().manifest,
        seal(
            county().manifest,
            STREAM,
            [Part("message", "text", text)],
            ToReporter(reporter.public),
            seeded("x"),
        ),
    )
    data_key = report.opener.unwrap("message", report.wrap("message", reporter), reporter)
    assert report.read("message", "text", data_key) == text


@pytest.mark.parametrize("holder", [name for name in holders() if name != "office/petition"])
def test_nobody_but_the_office_opens_the_content(holder: str) -> None:
    report, private = sealed_report(), private_key(holder)
    wrap = report.wrap("content", private_key("office/petition"))
    with pytest.raises(CannotOpen):
        report.opener.unwrap("content", wrap, private)


# --- What cannot be sealed --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([], id="nothing"),
        pytest.param([Part("content", "phone", b"1")], id="a field of another compartment"),
        pytest.param([Part("content", "file.0", b"1")], id="numbers count from 1"),
        pytest.param([Part("content", "file.N", b"1")], id="N is a placeholder"),
        pytest.param([Part("secret", "text", b"1")], id="unknown compartment"),
        pytest.param([Part("message", "text", b"1")], id="a message to an office"),
        pytest.param([Part("content", "text", b"1")] * 2, id="twice the same field"),
        pytest.param([Part("content", "text")], id="neither content nor file"),
        pytest.param([Part("content", "text", bytes(SIZE_CLASSES[-1]))], id="too long for an envelope"),
    ],
)
def test_what_has_no_place_is_not_sealed(parts: list[Part]) -> None:
    with pytest.raises(CannotSeal):
        seal(county().manifest, STREAM, parts, ToOffice("petition"), seeded("x"))


def test_nothing_is_sealed_to_an_office_outside_of_the_manifest() -> None:
    with pytest.raises(CannotSeal, match="stranger"):
        seal(county().manifest, STREAM, NAMED_REPORT, ToOffice("stranger"), seeded("x"))


# --- What a thief sees ------------------------------------------------------------------------------------


@cache
def everything_stored() -> bytes:
    """All that the database gets of a report, and what a programmer might print of it."""
    bundle = sealed_report().bundle
    rows = [row.data for row in bundle.envelopes] + [row.data for row in bundle.wraps]
    return b"".join(rows) + repr(bundle.sealing).encode() + repr(NAMED_REPORT).encode()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "gb18030"])
def test_nothing_that_is_stored_shows_what_was_sealed(encoding: str) -> None:
    for part in NAMED_REPORT:
        assert part.plaintext is not None
        text = part.plaintext.decode()
        for start in range(0, len(text) - 4, 4):
            piece = text[start : start + 4].encode(encoding)
            if len(piece) >= 6:  # four ASCII characters happen by chance
                assert piece not in everything_stored()
                assert piece.hex().encode() not in everything_stored()


def test_no_repr_shows_a_key() -> None:
    bundle = sealed_report().bundle
    shown = repr(bundle) + repr(county()) + repr(private_key("console"))
    for secret in (*bundle.data_keys.values(), *county().secrets.values()):
        assert secret.hex() not in shown and repr(secret)[2:-1] not in shown


def test_lengths_tell_a_size_class_only() -> None:
    def stored(text: bytes) -> int:
        parts = [Part("content", "text", text)]
        return len(seal(county().manifest, STREAM, parts, ToOffice("petition"), seeded("x")).envelopes[0].data)

    assert stored(b"") == stored(b"x" * 1020)
    assert stored(b"x" * 1021) == stored(b"x" * 4092) == stored(b"") + 3072


@given(st.integers(0, 80 * 1024 * 1024))
def test_a_size_class_holds_what_it_stands_for_and_wastes_little(length: int) -> None:
    size = size_class(length)
    assert size >= length
    assert size == SIZE_CLASSES[0] or size <= (4 if size <= SIZE_CLASSES[-1] else 2) * length


@given(st.binary(max_size=5000))
def test_padding_comes_off_again(data: bytes) -> None:
    assert unpad(pad(data)) == data


@pytest.mark.parametrize("padded", [b"", b"\0" * 1023, b"\0\0\0\1" + b"a" * 1020, b"\xff" * 1024])
def test_padding_that_nobody_made_is_refused(padded: bytes) -> None:
    with pytest.raises(CannotOpen):
        unpad(padded)


def test_messages_name_places_and_never_content() -> None:
    report = sealed_report()
    with pytest.raises(SealingError) as refusal:
        report.read("content", "title", bytes(32))
    assert "content" in str(refusal.value)
    assert all(str(part.plaintext) not in str(refusal.value) for part in NAMED_REPORT)


def test_every_compartment_of_the_design_is_there() -> None:
    assert set(COMPARTMENTS) == {"identity", "contact", "source", "content", "deidentified", "facts", "message"}


def test_two_sealings_of_the_same_report_share_nothing() -> None:
    one, two = sealed_report(), sealed_report(seed="again", stream_id=UUID(int=7))
    assert not {row.sha256 for row in one.bundle.envelopes} & {row.sha256 for row in two.bundle.envelopes}
    assert not set(one.bundle.data_keys.values()) & set(two.bundle.data_keys.values())
