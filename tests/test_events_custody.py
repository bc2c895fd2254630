"""Custody: sealed material is written, read and destroyed only together with the events that speak of it."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from events.canonical import JSONValue, encode
from events.claims import NOTHING, claims_of
from events.custody import CustodyBatch, CustodyError, EnvelopeRow, FileRow, LookupRow, WrapRow, check_custody
from events.leaf import SignedEvent
from events.model import SealedItem, Sealing, to_state
from events.sequencer import Conflict
from events.store import LogStore
from events.vocabulary.correspondence import FeedbackWishWithdrawn, MessageDrafted, SupplementReceived
from tests.support.log import ACTED, Deployment, digest, open_log, seal, stream

HERE = stream("custody")


@pytest.fixture
def store(database_url: str, tmp_path: Path) -> Iterator[LogStore]:
    store = open_log(database_url, tmp_path)
    yield store
    store.close()


def signed(state: dict[str, JSONValue], stream_id: UUID = HERE, version: int = 1) -> SignedEvent:
    return SignedEvent(stream_id, version, "thing.sealed.v1", encode(state), digest("salt"), digest("key"), bytes(64))


def sealed(*texts: str, stream_id: UUID = HERE, version: int = 1) -> tuple[SignedEvent, CustodyBatch]:
    sealing, custody = seal(stream_id, *texts)
    return signed({"sealing": as_json(sealing)}, stream_id, version), custody


def as_json(sealing: Sealing) -> JSONValue:
    event = SupplementReceived(
        originator_id=HERE, originator_version=1, **ACTED, actor="reporter", report="", attachments=0, sealing=sealing
    )
    return to_state(event)["sealing"]


# --- What an event says
# -----------------------------------------------------------------------------------------


def test_an_event_claims_every_payload_and_wrap_of_every_sealing_in_it() -> None:
    for_office, office_rows = seal(HERE, "for the office")
    for_reporter, reporter_rows = seal(HERE, "for the reporter", compartment="message")
    drafted = MessageDrafted(
        originator_id=HERE, originator_version=1, **ACTED, actor="li", report="", message="1",
        sealing=for_office, reporter_sealing=for_reporter,
    )  # fmt: skip
    claims = claims_of(encode(to_state(drafted)))
    assert set(claims.envelopes) == {row.sha256 for row in office_rows.envelopes + reporter_rows.envelopes}
    assert set(claims.wraps) == {(row.sha256, row.recipient) for row in office_rows.wraps + reporter_rows.wraps}


def test_most_events_claim_nothing() -> None:
    withdrawn = FeedbackWishWithdrawn(
        originator_id=HERE, originator_version=1, **ACTED, actor="reporter", report='":{ "destroyed":['
    )
    assert claims_of(encode(to_state(withdrawn))) == NOTHING
    assert claims_of(b"{}") is NOTHING


@pytest.mark.parametrize(
    "state",
    [b'{"sealing":{}}', b'{"sealing":{"items":[1],"keys":[]}}', b'{"destroyed":["xy"]}', b'{"destroyed":[1]}'],
)
def test_claims_of_another_shape_are_refused(state: bytes) -> None:
    with pytest.raises(ValueError, match="封存说明"):
        claims_of(state)


# --- Both directions
# --------------------------------------------------------------------------------------------


def test_what_an_event_names_is_written_and_read_back(store: LogStore) -> None:
    event, custody = sealed("one", "two")
    store.append([event], custody)
    for row in custody.envelopes:
        assert store.custody.envelope(row.sha256) == row.data
    for wrap in custody.wraps:
        assert store.custody.wrap(wrap.sha256) == wrap.data
    assert store.custody.wraps_for(HERE) == list(custody.wraps)
    assert store.custody.wraps_for(stream("other")) == []
    assert store.custody.envelope(digest("unknown")) is None
    assert store.custody.counts() == {"envelope": 2, "wrap": 1, "file": 0}


def test_a_batch_must_say_exactly_what_its_events_say(store: LogStore) -> None:
    event, custody = sealed("one", "two")
    other_event, other = sealed("three", stream_id=stream("other"))
    envelope, wrap = custody.envelopes[0], custody.wraps[0]
    wrong = {
        "nothing is written": CustodyBatch(),
        "an envelope is missing": replace(custody, envelopes=custody.envelopes[1:]),
        "a wrap is missing": replace(custody, wraps=()),
        "an envelope is not named": replace(custody, envelopes=custody.envelopes + other.envelopes),
        "a wrap is not named": replace(custody, wraps=custody.wraps + other.wraps),
        "an envelope comes twice": replace(custody, envelopes=(*custody.envelopes, envelope)),
        "an envelope is of another stream": replace(
            custody, envelopes=(replace(envelope, stream_id=stream("other")), *custody.envelopes[1:])
        ),
        "an envelope is altered": replace(
            custody, envelopes=(replace(envelope, data=b"altered"), *custody.envelopes[1:])
        ),
        "a wrap is altered": replace(custody, wraps=(replace(wrap, data=b"altered"),)),
        "a wrap is for somebody else": replace(custody, wraps=(replace(wrap, recipient=digest("spy")),)),
        "something is destroyed unsaid": replace(custody, destroy_wraps=(digest("old"),)),
        "a file is not named": replace(custody, files=(FileRow(digest("file"), HERE, 1),)),
        "a lookup leads elsewhere": replace(custody, lookups=(LookupRow("import", digest("t"), stream("x")),)),
        "a lookup comes twice": replace(custody, lookups=(LookupRow("import", digest("t"), HERE),) * 2),
    }
    for what, batch in wrong.items():
        with pytest.raises(CustodyError):
            store.append([event], batch)
        assert store.size() == 0, what
    with pytest.raises(CustodyError):
        store.append([event, other_event], custody)
    store.append([event], custody)


def test_a_refusal_names_neither_hashes_nor_content() -> None:
    event, custody = sealed("a secret")
    with pytest.raises(CustodyError) as refusal:
        check_custody(CustodyBatch(), [event])
    assert custody.envelopes[0].sha256.hex() not in str(refusal.value)
    assert "secret" not in str(refusal.value)


def test_events_and_custody_are_written_together_or_not_at_all(store: LogStore) -> None:
    event, custody = sealed("one")
    store.append([event], custody)
    late, late_custody = sealed("two", version=1)
    with pytest.raises(Conflict):
        store.append([late], late_custody)
    assert store.custody.counts()["envelope"] == 1


def test_an_envelope_that_is_in_custody_already_is_refused_with_its_event(store: LogStore) -> None:
    event, custody = sealed("one")
    store.append([event], custody)
    again = event._replace(stream_version=2)
    with pytest.raises(Conflict):
        store.append([again._replace(stream_version=1)], custody)
    with pytest.raises(Exception, match="数据库拒绝"):
        store.append([again], custody)
    assert store.size() == 1


# --- Lookups
# ----------------------------------------------------------------------------------------------------


def test_a_lookup_leads_to_its_stream_within_its_kind(store: LogStore) -> None:
    event = signed({})
    store.append([event], CustodyBatch(lookups=(LookupRow("receipt", digest("tag"), HERE),)))
    assert store.custody.lookup("receipt", digest("tag")) == HERE
    assert store.custody.lookup("import", digest("tag")) is None
    assert store.custody.lookup("receipt", digest("other")) is None


def test_a_lookup_that_is_taken_is_a_conflict(store: LogStore) -> None:
    lookup = LookupRow("import", digest("sample 1"), HERE)
    store.append([signed({})], CustodyBatch(lookups=(lookup,)))
    second = stream("second")
    with pytest.raises(Conflict) as conflict:
        store.append([signed({}, second)], CustodyBatch(lookups=(replace(lookup, stream_id=second),)))
    assert conflict.value.stream_ids == (second,)
    assert store.custody.lookup("import", digest("sample 1")) == HERE
    assert store.size() == 1


# --- Destroying
# -------------------------------------------------------------------------------------------------


def test_what_an_event_destroys_is_gone_and_the_rest_stays(store: LogStore) -> None:
    event, custody = sealed("one", "two")
    store.append([event], custody)
    gone, kept = custody.envelopes
    destroyed = signed({"destroyed": [gone.sha256.hex(), custody.wraps[0].sha256.hex()]}, version=2)
    store.append(
        [destroyed],
        CustodyBatch(destroy_envelopes=(gone.sha256,), destroy_wraps=(custody.wraps[0].sha256,)),
    )
    assert store.custody.envelope(gone.sha256) is None
    assert store.custody.wrap(custody.wraps[0].sha256) is None
    assert store.custody.envelope(kept.sha256) == kept.data


def test_what_is_not_there_cannot_be_destroyed(store: LogStore) -> None:
    store.append([signed({})])
    with pytest.raises(CustodyError, match="不在保管库"):
        store.append(
            [signed({"destroyed": [digest("x").hex()]}, version=2)], CustodyBatch(destroy_wraps=(digest("x"),))
        )
    assert store.size() == 1


def test_an_event_that_says_destroyed_must_destroy(store: LogStore) -> None:
    event, custody = sealed("one")
    store.append([event], custody)
    with pytest.raises(CustodyError):
        store.append([signed({"destroyed": [custody.wraps[0].sha256.hex()]}, version=2)])


# --- Files
# ------------------------------------------------------------------------------------------------------


def sealed_file(store: LogStore, data: bytes, *, write: bool = True) -> tuple[SignedEvent, CustodyBatch]:
    sha256 = hashlib.sha256(data).digest()
    sealing, custody = seal(HERE)
    item = SealedItem(compartment="content", field="file", kind="file", sha256=sha256.hex(), size_class=1024)
    if write:
        path = store.custody.file_path(sha256)
        path.parent.mkdir(parents=True)
        path.write_bytes(data)
    event = signed({"sealing": as_json(replace(sealing, items=(item,)))})
    return event, replace(custody, files=(FileRow(sha256, HERE, len(data)),))


def test_a_file_lies_under_its_hash_and_is_removed_when_an_event_destroys_it(store: LogStore, tmp_path: Path) -> None:
    event, custody = sealed_file(store, b"ciphertext")
    sha256 = custody.files[0].sha256
    store.append([event], custody)
    assert store.custody.file_path(sha256) == tmp_path / "files" / sha256.hex()[:2] / sha256.hex()
    assert store.custody.file_digest(sha256) == sha256
    store.append([signed({"destroyed": [sha256.hex()]}, version=2)], CustodyBatch(destroy_files=(sha256,)))
    assert store.custody.file_digest(sha256) is None
    assert store.custody.counts()["file"] == 0


def test_an_event_cannot_name_a_file_that_is_not_written_yet(store: LogStore) -> None:
    event, custody = sealed_file(store, b"ciphertext", write=False)
    with pytest.raises(ValueError, match="尚未写好"):
        store.append([event], custody)
    event, custody = sealed_file(store, b"ciphertext")
    with pytest.raises(ValueError, match="尚未写好"):
        store.append([event], replace(custody, files=(replace(custody.files[0], size=3),)))
    assert store.size() == 0


# --- After all that
# ---------------------------------------------------------------------------------------------


def test_rows_name_their_columns() -> None:
    """Rows are inserted by field name."""
    assert set(vars(EnvelopeRow(b"", HERE, b""))) == {"sha256", "stream_id", "data"}
    assert set(vars(WrapRow(b"", HERE, b"", b""))) == {"sha256", "stream_id", "recipient", "data"}


def test_a_deployment_that_destroys_still_verifies(store: LogStore) -> None:
    deployment = Deployment(store)
    deployment.live()
    assert deployment.verify().count == 9
