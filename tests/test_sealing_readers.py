"""Readers who come later: more offices, officers who are granted a key, notes under a key that exists."""

from __future__ import annotations

import pytest

from supervision.sealing.adding import seal_note, wrap_to_offices
from supervision.sealing.compartments import GRANT
from supervision.sealing.destinations import ToOffice
from supervision.sealing.envelope import SealedBundle, grant, rewrap, sealing_of
from supervision.sealing.errors import CannotOpen, CannotSeal
from supervision.sealing.keys import KemPrivateKey
from supervision.sealing.opening import Opener
from supervision.sealing.wraps import wrap_whole
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


def test_another_office_is_added_without_touching_the_envelopes() -> None:
    report = sealed_report()
    manifest, first = report.manifest, private_key("office/first")
    added = rewrap(
        manifest,
        STREAM,
        "content",
        report.key("content").commitment,
        report.unwrap("content", "office/petition"),
        ToOffice("first"),
    )
    assert added.sealing.items == () and added.envelopes == ()
    data_key = Opener(manifest, added.sealing, STREAM).unwrap("content", added.wraps[0].data, first)
    assert report.read("content", "title", data_key) == NAMED_REPORT[3].plaintext


def test_a_key_that_is_not_the_committed_one_is_not_wrapped_again() -> None:
    report = sealed_report()
    with pytest.raises(CannotOpen, match="承诺"):
        rewrap(
            report.manifest,
            STREAM,
            "content",
            report.key("content").commitment,
            bytes(32),
            ToOffice("first"),
        )


@pytest.mark.parametrize("compartment", ["identity", "source", "contact", "message"])
def test_what_takes_several_people_is_never_wrapped_to_one(compartment: str) -> None:
    with pytest.raises(CannotSeal):
        rewrap(county().manifest, STREAM, compartment, "00" * 32, bytes(32), ToOffice("first"))


def test_several_offices_read_a_supplement_from_the_start() -> None:
    destination = ToOffice("petition", also=("first",))
    report = sealed_report(destination)
    assert report.readers("content") == {"office/petition", "office/first"}
    assert report.readers("facts") == {"console"}
    for office in ("office/petition", "office/first"):
        data_key = report.unwrap("content", office)
        assert report.read("content", "title", data_key) == NAMED_REPORT[3].plaintext


def test_a_note_is_read_by_whoever_reads_the_report_it_is_about() -> None:
    """It lies in another stream, under the report's content key; the commitment there is made for that stream."""
    report, manifest = sealed_report(), county().manifest
    data_key = report.unwrap("content", "office/petition")
    bundle = seal_note(manifest, OTHER_STREAM, data_key, "拟转第一监督检查室", seeded("note"))
    note = SealedReport(manifest, bundle, OTHER_STREAM)
    assert bundle.wraps == ()
    assert note.opener.is_key_of("content", data_key)
    assert not note.opener.is_key_of("content", report.bundle.data_keys["facts"])
    assert note.read("content", "note", data_key).decode() == "拟转第一监督检查室"


def test_a_transfer_wraps_the_content_key_to_several_offices_at_once() -> None:
    report, manifest = sealed_report(), county().manifest
    data_key = report.unwrap("content", "office/petition")
    transfer = SealedReport(
        manifest, wrap_to_offices(manifest, OTHER_STREAM, data_key, ["petition", "first"]), OTHER_STREAM
    )
    assert transfer.readers("content") == {"office/petition", "office/first"}
    assert transfer.unwrap("content", "office/first") == data_key
    with pytest.raises(CannotSeal):
        wrap_to_offices(manifest, OTHER_STREAM, data_key, [])


def granted() -> tuple[SealedBundle, KemPrivateKey]:
    officer = KemPrivateKey.generate(seeded("officer"))
    return grant(county().manifest, STREAM, private_key("office/petition"), officer.public), officer


def test_an_officer_is_granted_the_key_of_his_office() -> None:
    bundle, officer = granted()
    opener = Opener(county().manifest, bundle.sealing, STREAM)
    office = opener.accept_grant(bundle.wraps[0].data, officer)
    report = sealed_report()
    data_key = report.opener.unwrap("content", report.wrap("content", office), office)
    assert report.read("content", "title", data_key) == NAMED_REPORT[3].plaintext


def test_a_grant_opens_for_its_officer_and_in_his_stream_only() -> None:
    bundle, officer = granted()
    other = KemPrivateKey.generate(seeded("other officer"))
    for stream_id, private in ((OTHER_STREAM, officer), (STREAM, other)):
        with pytest.raises(CannotOpen):
            Opener(county().manifest, bundle.sealing, stream_id).accept_grant(bundle.wraps[0].data, private)


def test_a_key_outside_of_the_manifest_is_not_granted() -> None:
    stranger = KemPrivateKey.generate(seeded("stranger"))
    with pytest.raises(CannotSeal):
        grant(county().manifest, STREAM, stranger, stranger.public)


def test_a_key_outside_of_the_manifest_is_not_accepted_as_granted() -> None:
    """Somebody who can write events wraps a key of his own to an officer and waits for him to use it."""
    manifest = county().manifest
    stranger, officer = KemPrivateKey.generate(seeded("stranger")), KemPrivateKey.generate(seeded("officer"))
    wrapped = wrap_whole(manifest.place(STREAM, GRANT), stranger.seed, [officer.public])
    opener = Opener(manifest, sealing_of(manifest, [wrapped], []), STREAM)
    with pytest.raises(CannotOpen, match="不在密钥清单中"):
        opener.accept_grant(wrapped.rows[0].data, officer)
