"""Cosignatures: what a witness says of a checkpoint and when, as C2SP tlog-cosignature has it for Ed25519."""

import json
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.checkpoint import Checkpoint
from events.cosignature import CosignatureVerifier, cosign, cosigned_message, timestamp_of
from events.note import Note, NoteError, NoteSignature, NoteVerifier, open_note, parse, sign
from events.signing import Ed25519Signer
from tests.support.log import NOON, signer
from tests.support.published import LOG, LOG_KEY, WITNESS, WITNESS_KEY, PublishedLog, flipped

VECTORS = Path(__file__).parent / "vectors/log"
PUBLISHED = json.loads((VECTORS / "c2sp.json").read_text())["tlog-cosignature"]
OURS = json.loads((VECTORS / "known_answers.json").read_text())
CHECKPOINT = PublishedLog(3).checkpoint()
TEXT = parse(CHECKPOINT).text
TIMES = st.integers(1, 2**63 - 1)

# --- Known answers
# ----------------------------------------------------------------------------------------------------------------


def test_the_published_cosignature_is_read_and_its_message_is_the_published_one() -> None:
    note = parse(PUBLISHED["checkpoint"].encode())
    log, witness = note.signatures
    assert Checkpoint.parse(note.text).size == 20852163
    assert witness.name == "witness.example.com/w1"
    assert timestamp_of(witness) == 1679315147
    assert cosigned_message(note.text, timestamp_of(witness)).decode() == PUBLISHED["cosigned_message"]
    assert note.encode().decode() == PUBLISHED["checkpoint"]
    with pytest.raises(NoteError):
        timestamp_of(log)  # which is a plain signature, without a time


def test_a_cosignature_has_the_known_answer() -> None:
    key = Ed25519Signer(bytes.fromhex(OURS["witness_seed"]))
    text = Checkpoint(OURS["origin"], OURS["size"], bytes.fromhex(OURS["root"])).text()
    verifier = CosignatureVerifier.from_vkey(OURS["witness_vkey"])
    assert cosigned_message(text, OURS["timestamp"]).decode() == OURS["cosigned_message"]
    line = cosign(text, verifier.name, key, OURS["timestamp"]).line()
    assert OURS["checkpoint"].endswith("=\n" + line)
    assert open_note(OURS["checkpoint"].encode(), [verifier])[1] == (verifier,)
    assert verifier.vkey() == OURS["witness_vkey"]


# --- Whom it speaks for, and of what
# ----------------------------------------------------------------------------------------------------------------


@given(TIMES)
def test_a_cosignature_is_of_this_key_this_text_and_this_time(timestamp: int) -> None:
    line = cosign(TEXT, WITNESS_KEY.name, WITNESS, timestamp)
    assert line.is_of(WITNESS_KEY)
    assert timestamp_of(line) == timestamp
    assert WITNESS_KEY.verifies(TEXT, line.signature)
    assert not WITNESS_KEY.verifies(TEXT.replace("\n3\n", "\n4\n"), line.signature)
    other_time = struct.pack(">Q", timestamp ^ 1) + line.signature[8:]
    assert not WITNESS_KEY.verifies(TEXT, other_time)
    assert not CosignatureVerifier(WITNESS_KEY.name, LOG.public_key).verifies(TEXT, line.signature)


@given(st.integers(0, 72 * 8 - 1))
def test_a_cosignature_with_one_bit_changed_is_refused(bit: int) -> None:
    line = cosign(TEXT, WITNESS_KEY.name, WITNESS, NOON)
    assert not WITNESS_KEY.verifies(TEXT, flipped(line.signature, bit))


@given(st.binary(max_size=80))
def test_arbitrary_bytes_are_no_cosignature(signature: bytes) -> None:
    assert not WITNESS_KEY.verifies(TEXT, signature)


def test_a_plain_signature_is_no_cosignature_and_a_cosignature_no_plain_signature() -> None:
    """One key, twice known: the type in the key hash tells them apart, and their messages differ."""
    plain_key = NoteVerifier(WITNESS_KEY.name, WITNESS.public_key)
    assert plain_key.key_hash != WITNESS_KEY.key_hash
    plain, cosignature = sign(TEXT, WITNESS_KEY.name, WITNESS), cosign(TEXT, WITNESS_KEY.name, WITNESS, NOON)
    assert open_note(Note(TEXT, (plain, cosignature)).encode(), [plain_key, WITNESS_KEY])[1] == (plain_key, WITNESS_KEY)
    for line, verifier in ((plain, WITNESS_KEY), (cosignature, plain_key)):
        assert not verifier.verifies(TEXT, line.signature)
        disguised = NoteSignature(verifier.name, verifier.key_hash, line.signature)
        with pytest.raises(NoteError, match="签名无效"):
            open_note(Note(TEXT, (disguised,)).encode(), [verifier])


def test_a_cosignature_signs_the_extension_lines_too() -> None:
    extended = TEXT + "of some log\n"
    line = cosign(extended, WITNESS_KEY.name, WITNESS, NOON)
    assert WITNESS_KEY.verifies(extended, line.signature)
    assert not WITNESS_KEY.verifies(TEXT, line.signature)


def test_one_bad_cosignature_of_a_known_witness_spoils_the_note_even_beside_a_good_one() -> None:
    good = cosign(TEXT, WITNESS_KEY.name, WITNESS, NOON)
    bad = NoteSignature(good.name, good.key_hash, flipped(good.signature, 0))
    for lines in ((good, bad), (bad, good)):
        with pytest.raises(NoteError, match=WITNESS_KEY.name):
            open_note(Note(TEXT, lines).encode(), [WITNESS_KEY])


@pytest.mark.parametrize("timestamp", [0, 2**63, 2**64 - 1])
def test_a_time_that_a_cosignature_cannot_have_is_refused_though_signed(timestamp: int) -> None:
    signature = struct.pack(">Q", timestamp) + WITNESS.sign(cosigned_message(TEXT, timestamp))
    assert not WITNESS_KEY.verifies(TEXT, signature)
    with pytest.raises(NoteError):
        timestamp_of(NoteSignature(WITNESS_KEY.name, WITNESS_KEY.key_hash, signature))
    with pytest.raises(ValueError):
        cosign(TEXT, WITNESS_KEY.name, WITNESS, timestamp)


def test_what_is_no_note_text_is_not_cosigned() -> None:
    for text in ("", "no newline", "bell \a\n", "\ud800\n"):
        with pytest.raises(NoteError):
            cosign(text, WITNESS_KEY.name, WITNESS, NOON)
    with pytest.raises(NoteError):
        cosign(TEXT, "two words", WITNESS, NOON)


# --- Keys
# ----------------------------------------------------------------------------------------------------------------


@given(
    name=st.text(st.characters(min_codepoint=33, exclude_characters="+", codec="utf-8"), min_size=1, max_size=20),
    seed=st.binary(min_size=32, max_size=32),
)
def test_a_key_is_read_as_it_was_written(name: str, seed: bytes) -> None:
    if any(c.isspace() for c in name):
        with pytest.raises(NoteError):
            CosignatureVerifier(name, Ed25519Signer(seed).public_key)
        return
    key = CosignatureVerifier(name, Ed25519Signer(seed).public_key)
    assert CosignatureVerifier.from_vkey(key.vkey()) == key


def test_the_key_of_a_log_is_not_taken_for_that_of_a_witness_nor_the_other_way_round() -> None:
    with pytest.raises(NoteError, match="类型"):
        CosignatureVerifier.from_vkey(LOG_KEY.vkey())
    with pytest.raises(NoteError, match="类型"):
        NoteVerifier.from_vkey(WITNESS_KEY.vkey())


def test_every_mangling_of_a_key_is_refused() -> None:
    vkey = WITNESS_KEY.vkey()
    mangled = {vkey[:i] + chr(ord(vkey[i]) ^ 1) + vkey[i + 1 :] for i in range(len(vkey))}
    mangled |= {vkey[:length] for length in range(len(vkey))} | {vkey + "=", vkey + "\n", " " + vkey, vkey + "\ud800"}
    for text in mangled:
        with pytest.raises(NoteError):
            CosignatureVerifier.from_vkey(text)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(NoteError):
        CosignatureVerifier("w", bytes(length))


def test_two_known_keys_of_one_name_and_hash_are_refused_instead_of_one_hiding_the_other() -> None:
    class Colliding(CosignatureVerifier):
        @property
        def key_hash(self) -> bytes:
            return WITNESS_KEY.key_hash

    stranger = Colliding(WITNESS_KEY.name, signer("stranger").public_key)
    with pytest.raises(NoteError, match="无法区分"):
        open_note(CHECKPOINT, [LOG_KEY, WITNESS_KEY, stranger])
    assert open_note(CHECKPOINT, [WITNESS_KEY, WITNESS_KEY])[1] == (WITNESS_KEY,)
