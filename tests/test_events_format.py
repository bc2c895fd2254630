"""The binary formats: what is signed, what becomes a leaf, the one JSON spelling. Once written, for ever."""

import hashlib
import hmac
import json
import re
import struct
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.exceptions import InvalidSignature
from hypothesis import given
from hypothesis import strategies as st

from events.canonical import DEEPEST, MAX_INTEGER, CanonicalError, decode_object, encode
from events.framing import length_prefixed
from events.leaf import Entry, header, leaf_data, leaf_hash
from events.signing import Ed25519Signer, is_signed_by, key_id_of, signature_message

CASES = json.loads((Path(__file__).parent / "vectors/events/entry.json").read_text())["cases"]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
json_objects = st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=8), json_values, max_size=5)


def entry_of(case: dict[str, Any]) -> Entry:
    return Entry(
        UUID(case["stream_id"]),
        case["stream_version"],
        case["topic"],
        bytes.fromhex(case["state_bytes"]),
        bytes.fromhex(case["salt"]),
        bytes.fromhex(case["key_id"]),
        bytes.fromhex(case["signature"]),
        case["recorded_at"],
    )


# --- Known answers
# --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_an_entry_has_the_published_header_leaf_and_signature(case: dict[str, Any]) -> None:
    entry, signer = entry_of(case), Ed25519Signer(bytes.fromhex(case["signing_seed"]))
    message = signature_message(case["origin"], entry.stream_id, entry.stream_version, entry.topic, entry.state)
    assert encode(case["state"]) == entry.state
    assert signer.public_key.hex() == case["public_key"]
    assert signer.key_id == key_id_of(signer.public_key) == entry.key_id
    assert message.hex() == case["signature_message"]
    assert signer.sign(message) == entry.signature
    assert header(case["origin"], entry).hex() == case["header"]
    assert leaf_data(case["origin"], entry).hex() == case["leaf_data"]
    assert leaf_hash(case["origin"], entry).hex() == case["leaf_hash"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_formats_are_what_the_documentation_says(case: dict[str, Any]) -> None:
    """The same, put together by hand from docs/log.md."""

    def framed(*fields: bytes) -> bytes:
        return b"".join(struct.pack(">I", len(field)) + field for field in fields)

    entry, origin = entry_of(case), case["origin"].encode()
    state_hash = hashlib.sha256(entry.state).digest()
    version, hour = struct.pack(">Q", entry.stream_version), struct.pack(">q", entry.recorded_at)
    message = framed(b"supervision/event/v1", origin, entry.stream_id.bytes, version, entry.topic.encode(), state_hash)
    head = framed(
        *(origin, entry.stream_id.bytes, version, entry.topic.encode()),
        *(hour, entry.key_id, entry.signature, state_hash),
    )
    data = b"\x01" + hmac.new(entry.salt, head, hashlib.sha256).digest()
    public_key = bytes.fromhex(case["public_key"])
    assert message.hex() == case["signature_message"]
    assert head.hex() == case["header"]
    assert data.hex() == case["leaf_data"]
    assert hashlib.sha256(b"\x00" + data).hexdigest() == case["leaf_hash"]
    assert hashlib.sha256(b"supervision/key/v1" + b"\x01" + public_key).hexdigest() == case["key_id"]


# --- Framing
# --------------------------------------------------------------------------------------------------


@given(st.lists(st.binary(max_size=5), max_size=5), st.lists(st.binary(max_size=5), max_size=5))
def test_different_fields_never_give_the_same_bytes(some: list[bytes], others: list[bytes]) -> None:
    assert (length_prefixed(*some) == length_prefixed(*others)) == (some == others)


# --- Signatures
# -----------------------------------------------------------------------------------------------


@given(seed=st.binary(min_size=32, max_size=32), message=st.binary(max_size=50), bit=st.integers(0, 511))
def test_a_signature_with_one_bit_changed_is_refused(seed: bytes, message: bytes, bit: int) -> None:
    signer = Ed25519Signer(seed)
    signature = bytearray(signer.sign(message))
    assert is_signed_by(signer.public_key, message, bytes(signature))
    signature[bit // 8] ^= 1 << bit % 8
    assert not is_signed_by(signer.public_key, message, bytes(signature))


@pytest.mark.parametrize("key", [b"", b"short", bytes(31), bytes(33)])
def test_a_malformed_public_key_has_signed_nothing(key: bytes) -> None:
    assert not is_signed_by(key, b"message", bytes(64))


@pytest.mark.parametrize("signature", [b"", bytes(63), bytes(65)])
def test_a_signature_of_the_wrong_length_is_refused(signature: bytes) -> None:
    assert not is_signed_by(Ed25519Signer(bytes(32)).public_key, b"message", signature)


# --- Canonical JSON
# -------------------------------------------------------------------------------------------


@given(json_objects)
def test_a_value_is_read_back_from_its_canonical_bytes(value: dict[str, Any]) -> None:
    assert decode_object(encode(value)) == value


@given(json_objects)
def test_any_other_spelling_of_a_value_is_refused(value: dict[str, Any]) -> None:
    other = json.dumps(value, indent=1).encode()
    if other != encode(value):
        with pytest.raises(CanonicalError):
            decode_object(other)


@given(json_objects)
def test_another_implementation_spells_a_value_alike(value: dict[str, Any]) -> None:
    assert encode(value) == json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


@given(json_objects | st.dictionaries(st.text(max_size=3), st.floats() | st.integers(), max_size=3))
def test_exactly_the_canonical_spelling_is_accepted(value: dict[str, Any]) -> None:
    """Judged with Python's own module, floats and too large integers among the values."""
    data = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    numbers = [one for one in value.values() if type(one) in (int, float)]
    if all(type(one) is int and abs(one) <= MAX_INTEGER for one in numbers):
        assert decode_object(data) == value
    else:
        with pytest.raises(CanonicalError):
            decode_object(data)


@pytest.mark.parametrize("levels", [DEEPEST, 500, 1000, 5000, 200_000])
def test_what_is_nested_too_deeply_is_refused(levels: int) -> None:
    with pytest.raises(CanonicalError):
        decode_object(b'{"a":' * levels + b"1" + b"}" * levels)


@given(salt=st.binary(min_size=32, max_size=32), state=st.binary(max_size=200))
def test_the_leaf_is_the_library_s_hmac_of_the_header(salt: bytes, state: bytes) -> None:
    entry = Entry(UUID(int=1), 1, "a.b.v1", state, salt, bytes(32), bytes(64), 3600)
    assert leaf_data("log", entry) == b"\x01" + hmac.digest(salt, header("log", entry), "sha256")


def test_canonical_json_is_sorted_utf_8_without_blanks() -> None:
    assert (
        encode({"乙": "é\n\u2028", "a": [1, True, None], "B": {}})
        == '{"B":{},"a":[1,true,null],"乙":"é\\n\u2028"}'.encode()
    )


@pytest.mark.parametrize(
    "value", [1.0, float("nan"), 2**53, -(2**53), "\ud800", b"bytes", {1: "x"}, ("tuple",)], ids=repr
)
def test_what_not_every_reader_keeps_exactly_has_no_canonical_form(value: Any) -> None:
    with pytest.raises(CanonicalError):
        encode({"value": value})


@pytest.mark.parametrize(
    "data",
    [
        b"", b"[]", b"null", b"{", b'{"a":1.0}', b'{"a":1e2}', b'{"a":NaN}', b'{"a":-0}', b'{"a":"\\/"}',
        b'{"a":1,"a":1}', b'{"b":1,"a":1}', b'{"a": 1}', b'{"a":1}\n', b'{"a":"\\u4e2d"}', b'{"a":"\xff"}',
        b"\xef\xbb\xbf{}", '{"a":1}'.encode("utf-16"),
        b'{"a":' + b"9" * 5000 + b"}", b'{"a":' + b"[" * 50_000,
    ],
    ids=lambda data: data[:20],
)  # fmt: skip
def test_bytes_that_are_no_canonical_object_are_refused_without_being_quoted(data: bytes) -> None:
    with pytest.raises(CanonicalError) as refusal:
        decode_object(data)
    assert refusal.value.__cause__ is None


# --- Documentation --------------------------------------------------------------------------------------------


PAGE = (Path(__file__).parent.parent / "docs/log.md").read_text()
PUBLISHED = json.loads((Path(__file__).parent / "vectors/log/known_answers.json").read_text())


def blocks(language: str) -> list[str]:
    """The page's examples in a language."""
    return re.findall(f"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def run_the_page(proof_file: str, policy: str) -> dict[str, Any]:
    """What all the names of its Python stand for in the end."""
    names: dict[str, Any] = {"proof_file": proof_file, "policy": policy}
    for example in blocks("python"):
        exec(example, names)  # noqa: S102 - our own page
    return names


def test_the_worked_example_of_the_documentation_runs_and_gives_the_published_answers() -> None:
    proof_file, policy = blocks("text")
    assert (proof_file, policy) == (PUBLISHED["proof"]["file"], PUBLISHED["policy"])
    names = run_the_page(proof_file, policy)
    assert names["leaf"].hex() == CASES[0]["leaf_hash"]
    assert names["node"].hex() == PUBLISHED["root"]
    assert names["times"] == [PUBLISHED["timestamp"]]
    assert names["bundle"].hex() == PUBLISHED["tile/entries/000.p/3"]
    assert names["tile"].hex() == PUBLISHED["tile/0/000.p/3"]


@pytest.mark.parametrize(
    ("said", "altered"),
    [
        ("\nindex 1\n", "\nindex 0\n"),
        ("\nindex 1\n", "\nindex 2\n"),
        ("supervision\n3\n", "supervision\n4\n"),
        ("extra Ac", "extra AC"),
        ("— city.example/witness YC+TLQAAAABp", "— city.example/witness YC+TLQAAAABq"),
    ],
)
def test_the_worked_example_refuses_what_is_altered(said: str, altered: str) -> None:
    proof_file, policy = blocks("text")
    assert proof_file.count(said) == 1
    with pytest.raises((AssertionError, InvalidSignature)):
        run_the_page(proof_file.replace(said, altered), policy)
