"""Proof files: what C2SP tlog-proof says, and that nothing in one can be changed without its being refused."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.checkpoint import CheckpointError
from events.cosignature import cosign
from events.merkle import ProofError, hash_leaf, prove_inclusion
from events.note import Note, NoteError, parse, sign
from events.policy import Policy, PolicyError
from events.proof import MAX_BYTES, MAX_HASHES, LogProof
from tests.support.log import NOON, ORIGIN, signer
from tests.support.published import LOG, POLICY, WITNESS, WITNESS_KEY, PublishedLog, flipped, leaf

VECTORS = Path(__file__).parent / "vectors/log"
PUBLISHED = json.loads((VECTORS / "c2sp.json").read_text())["tlog-proof"]
OURS = json.loads((VECTORS / "known_answers.json").read_text())
REFUSALS = (ProofError, NoteError, CheckpointError, PolicyError)


@cache
def log_of(size: int) -> PublishedLog:
    return PublishedLog(size)


def proof_file(index: int = 5, size: int = 9) -> bytes:
    return log_of(size).proof(index).encode()


# --- The format
# ----------------------------------------------------------------------------------------------------------------


def test_the_published_example_is_read_and_written() -> None:
    proof = LogProof.parse(PUBLISHED.encode())
    assert (proof.index, len(proof.hashes)) == (73894, 5)
    assert proof.leaf_data.startswith(b"age-v1.2.1-darwin-arm64.tar.gz")
    assert proof.checkpoint.startswith(b"example.com/fancylog\n109482\n")
    assert proof.encode().decode() == PUBLISHED


def test_a_proof_has_the_known_answer() -> None:
    log, known = log_of(OURS["size"]), OURS["proof"]
    assert log.proof(known["index"]).encode().decode() == known["file"]
    proven = LogProof.parse(known["file"].encode()).verify(Policy.parse(OURS["policy"].encode()))
    assert proven.leaf == hash_leaf(leaf(known["index"]))
    assert proven.checkpoint.root.hex() == OURS["root"]
    assert list(proven.timestamps) == [OURS["timestamp"]]


@given(
    leaf_data=st.binary(max_size=80),
    index=st.integers(0, 2**62),
    hashes=st.lists(st.binary(min_size=32, max_size=32), max_size=MAX_HASHES),
    checkpoint=st.binary(max_size=300),
)
def test_a_proof_is_read_back_as_it_was_written(
    leaf_data: bytes, index: int, hashes: list[bytes], checkpoint: bytes
) -> None:
    proof = LogProof(leaf_data, index, tuple(hashes), checkpoint)
    assert LogProof.parse(proof.encode()) == proof


@given(size=st.integers(1, 300), data=st.data())
def test_every_leaf_of_every_tree_has_a_proof(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proven = LogProof.parse(proof_file(index, size)).verify(POLICY)
    assert (proven.index, proven.leaf) == (index, hash_leaf(leaf(index)))
    assert proven.checkpoint.size == size


def test_a_proof_without_extra_is_read_but_proves_nothing_of_ours() -> None:
    """C2SP leaves it out where there is no extra data; what the leaf is, its reader then has to know."""
    bare = replace(LogProof.parse(proof_file()), leaf_data=b"")
    assert b"extra" not in bare.encode()
    assert LogProof.parse(bare.encode()) == bare
    with pytest.raises(ProofError, match="叶子数据"):
        bare.verify(POLICY)


HEAD, CHECKPOINT = proof_file().split(b"\n\n", 1)
HEADER, EXTRA, INDEX, *HASHES = HEAD.decode().split("\n")


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [HEADER],
        [HEADER, EXTRA],
        [HEADER.upper(), EXTRA, INDEX, *HASHES],
        ["c2sp.org/tlog-proof@v2", EXTRA, INDEX, *HASHES],
        [" " + HEADER, EXTRA, INDEX, *HASHES],
        [HEADER, "", EXTRA, INDEX, *HASHES],
        [HEADER, INDEX, EXTRA, *HASHES],
        [HEADER, EXTRA, EXTRA, INDEX, *HASHES],
        [HEADER, "extra ", INDEX, *HASHES],
        [HEADER, "extra", INDEX, *HASHES],
        [HEADER, EXTRA + " ", INDEX, *HASHES],
        [HEADER, EXTRA.replace("extra ", "extra  "), INDEX, *HASHES],
        [HEADER, EXTRA + "=", INDEX, *HASHES],
        [HEADER, EXTRA, *HASHES],
        *([HEADER, EXTRA, index, *HASHES] for index in
          ("index", "index ", "index  5", "index 05", "index -5", "index +5", "index 5 ", "index ٥", "index 0x5",
           "index " + "9" * 20, "index " + "9" * 5000, "Index 5")),
        [HEADER, EXTRA, INDEX, *HASHES[:-1], HASHES[-1][:-4]],
        [HEADER, EXTRA, INDEX, *HASHES[:-1], HASHES[-1] + "\r"],
        [HEADER, EXTRA, INDEX, *HASHES[:-1], "é"],
        [HEADER, EXTRA, INDEX, *HASHES * 20],
    ],
)  # fmt: skip
def test_a_malformed_proof_is_refused(lines: list[str]) -> None:
    with pytest.raises(ProofError) as refusal:
        LogProof.parse("".join(line + "\n" for line in lines).encode() + b"\n" + CHECKPOINT)
    assert type(refusal.value) is ProofError


def test_a_file_without_checkpoint_or_too_large_is_refused() -> None:
    for data in (b"", b"\n", b"\n\n", HEAD, HEAD + b"\n", HEAD + b"\n\n" + bytes(MAX_BYTES)):
        with pytest.raises(ProofError):
            LogProof.parse(data)
    with pytest.raises(NoteError):
        LogProof.parse(HEAD + b"\n\n").verify(POLICY)


@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_refused_and_nothing_else_happens(data: bytes) -> None:
    for junk in (data, HEADER.encode() + b"\n" + data, HEAD + b"\n\n" + data):
        with pytest.raises(REFUSALS):
            LogProof.parse(junk).verify(POLICY)


# --- What it proves
# ----------------------------------------------------------------------------------------------------------------


@settings(max_examples=400)
@given(size=st.integers(1, 40), data=st.data())
def test_a_single_bit_of_a_proof_file_makes_it_prove_nothing(size: int, data: st.DataObject) -> None:
    file = proof_file(data.draw(st.integers(0, size - 1)), size)
    bit = data.draw(st.integers(0, len(file) * 8 - 1))
    with pytest.raises(REFUSALS) as refusal:
        LogProof.parse(flipped(file, bit)).verify(POLICY)
    assert type(refusal.value) in REFUSALS


def test_a_proof_is_not_valid_for_another_leaf_index_or_order_of_hashes() -> None:
    proof = LogProof.parse(proof_file())
    for wrong in (
        replace(proof, leaf_data=leaf(6)),
        replace(proof, index=4),
        replace(proof, index=9),
        replace(proof, index=2**62),
        replace(proof, hashes=proof.hashes[:-1]),
        replace(proof, hashes=proof.hashes[::-1]),
        replace(proof, hashes=(*proof.hashes, proof.hashes[0])),
        replace(proof, checkpoint=log_of(10).checkpoint()),
    ):
        with pytest.raises(ProofError, match="包含证明无效"):
            wrong.verify(POLICY)


def test_a_checkpoint_that_nobody_known_signed_proves_nothing() -> None:
    proof = LogProof.parse(proof_file())
    text = parse(proof.checkpoint).text
    cosignature = cosign(text, WITNESS_KEY.name, WITNESS, NOON)
    unsigned = Note(text, (cosignature,)).encode()
    forged = Note(text, (sign(text, ORIGIN, signer("thief")), cosignature)).encode()
    for checkpoint in (unsigned, forged):
        with pytest.raises(NoteError, match="日志的签名"):
            replace(proof, checkpoint=checkpoint).verify(POLICY)


def test_a_checkpoint_without_the_witness_is_provisional() -> None:
    log = log_of(9)
    alone = LogProof(leaf(5), 5, tuple(prove_inclusion(5, 9, log.read)), log.checkpoint(timestamps=()))
    with pytest.raises(PolicyError, match="尚未得到"):
        alone.verify(POLICY)
    assert alone.verify(replace(POLICY, quorum="none")).timestamps == []


def test_the_log_key_signs_for_its_own_origin_only() -> None:
    text = parse(proof_file().split(b"\n\n", 1)[1]).text.replace(ORIGIN, "other.example/log")
    note = Note(text, (sign(text, ORIGIN, LOG), cosign(text, WITNESS_KEY.name, WITNESS, NOON))).encode()
    with pytest.raises(NoteError, match="日志的签名"):
        POLICY.open_checkpoint(note)
