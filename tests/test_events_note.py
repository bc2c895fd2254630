"""Signed notes and checkpoints: the published examples, and hostile input that gets one clear refusal."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.checkpoint import Checkpoint, CheckpointError
from events.note import (
    MAX_SIGNATURES,
    Note,
    NoteError,
    NoteSignature,
    NoteVerifier,
    key_hash,
    open_note,
    parse,
    sign,
)
from events.signing import Ed25519Signer
from tests.support.log import signer

VECTORS = json.loads((Path(__file__).parent / "vectors/events/signed_note.json").read_text())
TEXT = VECTORS["text"]
PETER = NoteVerifier.from_vkey(VECTORS["peter"]["vkey"])
ENOCH = NoteVerifier.from_vkey(VECTORS["enoch"]["vkey"])
PETERS_KEY = Ed25519Signer(bytes.fromhex(VECTORS["peter"]["seed"]))
PETER_LINE, ENOCH_LINE = VECTORS["peter_line"], VECTORS["enoch_line"]
BOTH = (TEXT + "\n" + PETER_LINE + ENOCH_LINE).encode()

# --- Published examples
# -----------------------------------------------------------------------------------------


def test_a_note_is_signed_as_published() -> None:
    note = Note(TEXT, (sign(TEXT, "PeterNeumann", PETERS_KEY),))
    assert note.encode().decode() == TEXT + "\n" + PETER_LINE


def test_a_published_note_opens_with_either_key_or_both() -> None:
    for known in ([PETER], [ENOCH], [PETER, ENOCH]):
        note, signed_by = open_note(BOTH, known)
        assert note.text == TEXT
        assert list(signed_by) == known


def test_a_verifier_key_is_written_as_it_is_read() -> None:
    assert PETER.vkey() == VECTORS["peter"]["vkey"]
    assert PETER.public_key == PETERS_KEY.public_key


def test_a_published_checkpoint_is_read_and_written() -> None:
    note = parse((VECTORS["checkpoint"] + "\n" + "".join(VECTORS["checkpoint_lines"])).encode())
    checkpoint = Checkpoint.parse(note.text)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint.text() == note.text
    assert [signature.name for signature in note.signatures] == [
        "example.com/behind-the-sofa",
        "witness.example.com/w1",
    ]
    assert note.encode().decode().endswith(VECTORS["checkpoint_lines"][1])


def test_the_example_of_the_specification_opens_with_its_key() -> None:
    example = json.loads((Path(__file__).parent / "vectors/log/c2sp.json").read_text())["signed-note"]
    key = NoteVerifier.from_vkey(example["vkey"])
    note, signed_by = open_note(example["note"].encode(), [key])
    assert (note.text, signed_by) == ("This is an example message.\n", (key,))


# --- Notes
# ------------------------------------------------------------------------------------------------------


def test_a_note_without_a_known_signature_is_refused() -> None:
    stranger = NoteVerifier("stranger", signer("stranger").public_key)
    with pytest.raises(NoteError, match="没有已知密钥的签名"):
        open_note(BOTH, [stranger])


def test_a_key_of_the_same_name_is_another_key() -> None:
    namesake = NoteVerifier("PeterNeumann", signer("namesake").public_key)
    with pytest.raises(NoteError, match="没有已知密钥的签名"):
        open_note(BOTH, [namesake])


def test_a_bad_signature_of_a_known_key_spoils_the_note_even_beside_a_good_one() -> None:
    spoiled = BOTH.replace(b"x08go/ZJku", b"x08go/ZJkA")
    with pytest.raises(NoteError, match="PeterNeumann"):
        open_note(spoiled, [PETER, ENOCH])
    open_note(spoiled, [ENOCH])  # for whom Peter is unknown


@given(at=st.integers(0, len(TEXT) - 2), character=st.characters(min_codepoint=32, codec="utf-8"))
def test_a_note_with_one_character_changed_is_refused(at: int, character: str) -> None:
    changed = TEXT[:at] + character + TEXT[at + 1 :]
    if changed != TEXT:
        with pytest.raises(NoteError):
            open_note((changed + "\n" + PETER_LINE).encode(), [PETER])


def test_the_text_may_hold_empty_lines() -> None:
    text = "one\n\ntwo\n\n\nthree\n"
    note = Note(text, (sign(text, "PeterNeumann", PETERS_KEY),))
    assert open_note(note.encode(), [PETER])[0].text == text


@pytest.mark.parametrize(
    "note",
    [
        b"",
        TEXT.encode(),
        (TEXT + "\n").encode(),
        (TEXT + "\n" + PETER_LINE[:-1]).encode(),
        ("\x01" + TEXT + "\n" + PETER_LINE).encode(),
        ("\t" + TEXT + "\n" + PETER_LINE).encode(),
        b"\xff" + TEXT.encode() + b"\n" + PETER_LINE.encode(),
        (TEXT + "\n" + PETER_LINE + "one more line\n").encode(),
        (TEXT + "\n" + PETER_LINE.replace("PeterNeumann", "Peter Neumann")).encode(),
        (TEXT + "\n" + PETER_LINE.replace("PeterNeumann", "Peter+Neumann")).encode(),
        (TEXT + "\n" + PETER_LINE.replace("PeterNeumann ", "PeterNeumann")).encode(),
        (TEXT + "\n" + PETER_LINE.replace("— ", "- ")).encode(),
        (TEXT + "\n" + PETER_LINE.replace("nAM=", "nAN=")).encode(),  # not the canonical Base64
        (TEXT + "\n" + PETER_LINE.replace("nAM=", "nAM")).encode(),
        (TEXT + "\n— PeterNeumann x08goA==\n").encode(),
        (TEXT + "\n" + PETER_LINE * (MAX_SIGNATURES + 1)).encode(),
    ],
)
def test_a_malformed_note_is_refused(note: bytes) -> None:
    with pytest.raises(NoteError):
        open_note(note, [PETER])


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused_and_nothing_else_happens(data: bytes) -> None:
    for note in (data, TEXT.encode() + b"\n" + data, TEXT.encode() + b"\n\xe2\x80\x94 PeterNeumann " + data + b"\n"):
        with pytest.raises(NoteError) as refusal:
            open_note(note, [PETER])
        assert type(refusal.value) is NoteError


@settings(max_examples=300)
@given(at=st.integers(0, len(BOTH) - 1), put=st.binary(max_size=3), cut=st.integers(0, 3))
def test_a_note_that_was_changed_anywhere_is_refused_by_who_knows_both_keys_or_lacks_a_signature(
    at: int, put: bytes, cut: int
) -> None:
    changed = BOTH[:at] + put + BOTH[at + cut :]
    try:
        note, signed_by = open_note(changed, [PETER, ENOCH])
    except NoteError as refusal:
        assert type(refusal) is NoteError
    else:
        assert note.text == TEXT
        assert changed == BOTH or signed_by != (PETER, ENOCH)


def test_signatures_of_unknown_keys_and_of_unknown_types_are_ignored() -> None:
    """Whatever their length: a post-quantum signature is as good as five kilobytes."""
    unknown = [NoteSignature("PeterNeumann", key_hash("PeterNeumann", 6, bytes(1312)), bytes(2428))]
    unknown += [NoteSignature(f"w{number}.example", bytes([number]) * 4, b"?") for number in range(16)]
    unknown.append(NoteSignature("EnochRoot", PETER.key_hash, bytes(64)))  # a known hash under another name
    note = Note(TEXT, (*unknown, sign(TEXT, "PeterNeumann", PETERS_KEY))).encode()
    opened, signed_by = open_note(note, [PETER, ENOCH])
    assert signed_by == (PETER,)
    assert len(opened.signatures) == len(unknown) + 1
    assert opened.encode() == note


def test_a_key_that_signed_twice_has_signed_once() -> None:
    twice = (TEXT + "\n" + PETER_LINE + PETER_LINE).encode()
    assert open_note(twice, [PETER])[1] == (PETER,)


def test_every_signature_of_a_known_key_is_verified_not_only_its_first() -> None:
    good = sign(TEXT, "PeterNeumann", PETERS_KEY)
    bad = NoteSignature(good.name, good.key_hash, good.signature[::-1])
    for lines in ((good, bad), (bad, good), (good, good, bad)):
        with pytest.raises(NoteError, match="签名无效"):
            open_note(Note(TEXT, lines).encode(), [PETER])


def test_every_mangling_of_a_verifier_key_is_refused() -> None:
    vkey = VECTORS["peter"]["vkey"]
    mangled = {vkey[i:j] for i in range(len(vkey)) for j in range(i + 1, len(vkey) + 1)} - {vkey}
    mangled |= {vkey[:i] + chr(ord(vkey[i]) + 1) + vkey[i + 1 :] for i in range(len(vkey))}
    for key in mangled:
        with pytest.raises(NoteError):
            NoteVerifier.from_vkey(key)


@pytest.mark.parametrize(
    "name",
    ["", " ", "a b", "a+b", "+", "a\n", "a\x00", "a\x1f", "\ud800",
     *(f"a{space}b" for space in "\u0085\u00a0\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u3000")],
)  # fmt: skip
def test_a_key_name_has_neither_spaces_nor_plus_signs(name: str) -> None:
    with pytest.raises(NoteError):
        sign(TEXT, name, PETERS_KEY)


def test_what_is_no_note_text_is_not_signed() -> None:
    for text in ("no newline", "bell \a\n", "", "\ud800\n"):
        with pytest.raises(NoteError):
            sign(text, "PeterNeumann", PETERS_KEY)


# --- Checkpoints
# ------------------------------------------------------------------------------------------------

ROOT_LINE = VECTORS["checkpoint"].split("\n")[2]


@given(
    origin=st.text(st.characters(min_codepoint=33, codec="utf-8"), min_size=1, max_size=20),
    size=st.integers(0, 2**63 - 1),
    root=st.binary(min_size=32, max_size=32),
)
def test_a_checkpoint_is_read_back_as_it_was_written(origin: str, size: int, root: bytes) -> None:
    checkpoint = Checkpoint(origin, size, root)
    assert Checkpoint.parse(checkpoint.text()) == checkpoint


def test_extension_lines_are_kept() -> None:
    text = VECTORS["checkpoint"] + "one\ntwo\n"
    assert Checkpoint.parse(text).extensions == ("one", "two")
    assert Checkpoint.parse(text).text() == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "origin\n1\n",
        f"origin\n1\n{ROOT_LINE}",
        f"\n1\n{ROOT_LINE}\n",
        f"origin\n01\n{ROOT_LINE}\n",
        f"origin\n-1\n{ROOT_LINE}\n",
        f"origin\n+1\n{ROOT_LINE}\n",
        f"origin\n1_0\n{ROOT_LINE}\n",
        f"origin\n٣\n{ROOT_LINE}\n",
        f"origin\n{2**63}\n{ROOT_LINE}\n",
        f"origin\n{'9' * 5000}\n{ROOT_LINE}\n",
        f"origin\n1\n{ROOT_LINE[:-4]}\n",
        f"origin\n1\n {ROOT_LINE}\n",
        f"origin\n1\n{ROOT_LINE}\n\nextension\n",
    ],
)
def test_a_malformed_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(CheckpointError):
        Checkpoint.parse(text)
