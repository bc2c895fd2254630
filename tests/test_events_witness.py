"""C2SP tlog-witness: each answer of the specification, in its order, and a memory that never rolls back."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.checkpoint import Checkpoint
from events.cosignature import CosignatureVerifier, cosign, timestamp_of
from events.merkle import EMPTY_ROOT
from events.note import Note, NoteVerifier, open_note, parse, parse_line, sign
from events.signing import Signer
from events.witness import MAX_BODY, Answer, Contradiction, Cosigned, DamagedState, Evidence, add_checkpoint
from tests.support.log import NOON, ORIGIN, signer
from tests.support.published import LOG, LOG_KEY, WITNESS, WITNESS_KEY, PublishedLog, flipped
from tests.support.witnessing import RewrittenLog, submission

LOGGED = PublishedLog(300)
FORKED = RewrittenLog(300, without=40)


@dataclass
class Memory:
    """A witness's state without a disk."""

    notes: dict[tuple[str, int], bytes] = field(default_factory=dict)
    kept: list[Evidence] = field(default_factory=list)
    interfere: Callable[[Memory], None] = lambda memory: None

    def latest(self, origin: str) -> bytes | None:
        sizes = [size for name, size in self.notes if name == origin]
        return self.notes[origin, max(sizes)] if sizes else None

    def of_size(self, origin: str, size: int) -> bytes | None:
        return self.notes.get((origin, size))

    def advance(self, origin: str, seen: bytes | None, new: Cosigned) -> bool:
        interfere, self.interfere = self.interfere, lambda memory: None
        interfere(self)
        if self.latest(origin) != seen:
            return False
        self.notes[origin, new.size] = new.note
        return True

    def keep(self, evidence: Evidence, now: int) -> None:
        if evidence.note not in [one.note for one in self.kept]:
            self.kept.append(evidence)


def ask(
    memory: Memory, body: bytes, now: int = NOON, logs: Sequence[NoteVerifier] = (LOG_KEY,), by: Signer = WITNESS
) -> Answer:
    known = {ORIGIN: tuple(logs)} if logs else {}
    return add_checkpoint(body, logs=known, state=memory, signer=by, name=WITNESS_KEY.name, now=now)


def seen(memory: Memory) -> Checkpoint:
    note = memory.latest(ORIGIN)
    assert note
    return Checkpoint.parse(parse(note).text)


@pytest.fixture
def at_100() -> Memory:
    """A witness that has cosigned 100 leaves."""
    memory = Memory()
    assert ask(memory, submission(LOGGED, 0, 100)).status == 200
    return memory


# -- 200 ------------------------------------------------------------------------------------------------------------


def test_what_grew_is_cosigned_and_anybody_can_verify_it(at_100: Memory) -> None:
    answer = ask(at_100, submission(LOGGED, 100, 300), now=NOON + 5)
    assert (answer.status, seen(at_100)) == (200, Checkpoint(ORIGIN, 300, LOGGED.root))
    whole = LOGGED.checkpoint(300, timestamps=()) + answer.body
    assert open_note(whole, [LOG_KEY, WITNESS_KEY])[1] == (LOG_KEY, WITNESS_KEY)
    assert timestamp_of(parse_line(answer.body.decode().removesuffix("\n"))) == NOON + 5


def test_what_is_remembered_carries_both_signatures_and_no_other(at_100: Memory) -> None:
    stranger = sign(parse(LOGGED.checkpoint(200)).text, "stranger.example", signer("stranger"))
    body = submission(LOGGED, 100, 200) + stranger.line().encode()
    assert ask(at_100, body).status == 200
    note = parse(at_100.latest(ORIGIN) or b"")
    assert [line.name for line in note.signatures] == [LOG_KEY.name, WITNESS_KEY.name]


def test_the_same_tree_again_gets_a_newer_statement(at_100: Memory) -> None:
    first = at_100.latest(ORIGIN)
    assert ask(at_100, submission(LOGGED, 100, 100), now=NOON + 600).status == 200
    assert seen(at_100).size == 100
    assert at_100.latest(ORIGIN) != first


def test_an_empty_log_is_cosigned() -> None:
    memory = Memory()
    assert ask(memory, submission(LOGGED, 0, 0)).status == 200
    assert seen(memory).root == EMPTY_ROOT
    assert ask(memory, submission(LOGGED, 0, 300)).status == 200


def test_a_clock_that_was_set_back_does_not_give_earlier_statements(at_100: Memory) -> None:
    answer = ask(at_100, submission(LOGGED, 100, 200), now=NOON - 3600)
    assert timestamp_of(parse_line(answer.body.decode().removesuffix("\n"))) == NOON


def test_a_checkpoint_with_extension_lines_is_cosigned_whole(at_100: Memory) -> None:
    text = Checkpoint(ORIGIN, 100, LOGGED.root_of(100), ("extra",)).text()
    note = Note(text, (sign(text, ORIGIN, LOG),)).encode()
    answer = ask(at_100, b"old 100\n\n" + note)
    assert answer.status == 200
    open_note(note + answer.body, [WITNESS_KEY])


# -- 400, 404, 403 --------------------------------------------------------------------------------------------------

NOTE = LOGGED.checkpoint(100, timestamps=())
HASH = base64.b64encode(bytes(32)).decode()
STRANGERS = sign("x\n", "stranger" * 100, signer("stranger")).line().encode() * 80
assert len(STRANGERS) > MAX_BODY

MALFORMED = {
    "nothing at all": b"",
    "no old size": b"\n\n" + NOTE,
    "another word": b"new 0\n\n" + NOTE,
    "an old size with a leading zero": b"old 01\n\n" + NOTE,
    "a negative old size": b"old -1\n\n" + NOTE,
    "an old size in other digits": "old ١\n\n".encode() + NOTE,
    "an old size beyond all bounds": b"old " + b"9" * 30 + b"\n\n" + NOTE,
    "two spaces": b"old  0\n\n" + NOTE,
    "lines that end as on Windows": b"old 0\r\n\r\n" + NOTE,
    "no empty line": b"old 0\n" + NOTE.replace(b"\n\n", b"\n"),
    "a proof that is not Base64": b"old 1\n!\n\n" + NOTE,
    "a proof of half a hash": b"old 1\n" + base64.b64encode(bytes(16)) + b"\n\n" + NOTE,
    "a proof in another spelling of Base64": f"old 1\n{HASH[:-2]}B=\n\n".encode() + NOTE,
    "64 lines of proof": ("old 1\n" + f"{HASH}\n" * 64 + "\n").encode() + NOTE,
    "no checkpoint": b"old 0\n\n",
    "a note that is no checkpoint": b"old 0\n\n" + Note("hello\n", (sign("hello\n", ORIGIN, LOG),)).encode(),
    "a note that is not UTF-8": b"old 0\n\n" + NOTE.replace(b"log", b"l\xffg", 1),
    "more than anybody needs": b"old 0\n\n" + NOTE + STRANGERS,
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_request_is_a_bad_request(at_100: Memory, body: bytes) -> None:
    assert ask(at_100, body).status == 400


def test_an_old_size_beyond_the_checkpoint_is_a_bad_request(at_100: Memory) -> None:
    assert ask(at_100, submission(LOGGED, 101, 100)).status == 400


def test_an_unknown_log_is_not_found() -> None:
    assert ask(Memory(), submission(LOGGED, 0, 100), logs=()).status == 404


@pytest.mark.parametrize("name", [ORIGIN, "stranger.example"])
def test_a_checkpoint_that_its_log_has_not_signed_is_forbidden(at_100: Memory, name: str) -> None:
    text = Checkpoint(ORIGIN, 200, LOGGED.root_of(200)).text()
    note = Note(text, (sign(text, name, signer("thief")),)).encode()
    assert ask(at_100, b"old 100\n\n" + note).status == 403


@given(bit=st.integers(0, 511))
def test_a_signature_with_any_bit_changed_is_forbidden(bit: int) -> None:
    note = parse(LOGGED.checkpoint(100, timestamps=()))
    (line,) = note.signatures
    bad = type(line)(line.name, line.key_hash, flipped(line.signature, bit))
    memory = Memory()
    assert ask(memory, b"old 0\n\n" + Note(note.text, (bad,)).encode()).status == 403
    assert memory.latest(ORIGIN) is None


def test_either_of_two_keys_of_a_log_will_do(at_100: Memory) -> None:
    new = signer("new key")
    text = Checkpoint(ORIGIN, 100, LOGGED.root_of(100)).text()
    note = Note(text, (sign(text, ORIGIN, new),)).encode()
    keys = (LOG_KEY, NoteVerifier(ORIGIN, new.public_key))
    assert ask(at_100, b"old 100\n\n" + note, logs=keys).status == 200
    assert ask(at_100, submission(LOGGED, 100, 200), logs=keys).status == 200


# -- 409 ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("old", "new"), [(0, 200), (99, 200), (101, 200), (0, 50), (50, 50)])
def test_who_does_not_know_the_latest_size_is_told(at_100: Memory, old: int, new: int) -> None:
    assert ask(at_100, submission(LOGGED, old, new)) == Answer(409, "text/x.tlog.size", b"100\n")


def test_the_size_of_a_log_that_was_never_cosigned_is_zero() -> None:
    assert ask(Memory(), submission(LOGGED, 100, 200)) == Answer(409, "text/x.tlog.size", b"0\n")


def test_of_two_at_once_the_slower_is_decided_anew(at_100: Memory) -> None:
    def another(memory: Memory) -> None:
        assert ask(memory, submission(LOGGED, 100, 300)).status == 200

    at_100.interfere = another
    assert ask(at_100, submission(LOGGED, 100, 200)) == Answer(409, "text/x.tlog.size", b"300\n")
    assert seen(at_100).size == 300


# -- 422 ------------------------------------------------------------------------------------------------------------


def test_a_proof_from_nothing_must_be_empty() -> None:
    memory = Memory()
    assert ask(memory, f"old 0\n{HASH}\n\n".encode() + NOTE).status == 422
    assert memory.kept == []


def test_an_empty_tree_has_one_root_only() -> None:
    text = Checkpoint(ORIGIN, 0, bytes(32)).text()
    memory = Memory()
    assert ask(memory, b"old 0\n\n" + Note(text, (sign(text, ORIGIN, LOG),)).encode()).status == 422
    assert [one.kind for one in memory.kept] == [Contradiction.FORK]


@given(size=st.integers(101, 300), data=st.data())
def test_a_proof_with_any_bit_changed_is_refused(size: int, data: st.DataObject) -> None:
    memory = Memory()
    ask(memory, submission(LOGGED, 0, 100))
    lines = submission(LOGGED, 100, size).split(b"\n")
    at = data.draw(st.integers(1, lines.index(b"") - 1))
    changed = flipped(base64.b64decode(lines[at]), data.draw(st.integers(0, 255)))
    lines[at] = base64.b64encode(changed)
    assert ask(memory, b"\n".join(lines)).status == 422
    assert seen(memory).size == 100


def test_a_fork_of_the_same_size_signed_with_the_genuine_key_is_refused_and_kept_as_proof(at_100: Memory) -> None:
    assert ask(at_100, submission(FORKED, 100, 100)).status == 422
    (kept,) = at_100.kept
    assert (kept.kind, kept.size) == (Contradiction.FORK, 100)
    roots = {Checkpoint.parse(open_note(note, [LOG_KEY])[0].text).root for note in (kept.note, kept.against)}
    assert len(roots) == 2


def test_a_fork_that_has_grown_is_refused_and_kept_as_a_suspicion(at_100: Memory) -> None:
    assert ask(at_100, submission(FORKED, 100, 200)).status == 422
    assert [one.kind for one in at_100.kept] == [Contradiction.UNPROVEN]
    assert seen(at_100).root == LOGGED.root_of(100)


def test_a_fork_of_a_size_long_past_is_kept_whatever_the_answer_is(at_100: Memory) -> None:
    ask(at_100, submission(LOGGED, 100, 300))
    assert ask(at_100, submission(FORKED, 0, 100)).status == 409
    assert [(one.kind, one.size) for one in at_100.kept] == [(Contradiction.FORK, 100)]


def test_an_honest_log_leaves_no_evidence(at_100: Memory) -> None:
    for old, new in ((0, 100), (100, 100), (50, 100), (100, 250), (250, 300)):
        ask(at_100, submission(LOGGED, old, new))
    assert at_100.kept == []


# -- the memory -----------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 300), st.integers(0, 300)), max_size=12))
def test_whatever_is_submitted_one_history_only_is_cosigned(tries: list[tuple[bool, int, int]]) -> None:
    memory = Memory()
    before = 0
    for genuine, old, new in [(True, 0, 60), *tries]:
        guess = old if old % 3 else before  # else hardly a try would get as far as the proof
        ask(memory, submission(LOGGED if genuine else FORKED, guess, max(guess, new)))
        assert seen(memory).size >= before
        before = seen(memory).size
    for (_, size), note in memory.notes.items():
        assert Checkpoint.parse(parse(note).text).root == LOGGED.root_of(size)


@given(data=st.data())
def test_a_memory_that_was_changed_cosigns_nothing(data: st.DataObject) -> None:
    memory = Memory()
    ask(memory, submission(LOGGED, 0, 100))
    note = memory.latest(ORIGIN) or b""
    text = len(parse(note).text.encode())
    memory.notes[ORIGIN, 100] = flipped(note, data.draw(st.integers(0, 8 * text - 1)))
    with pytest.raises(DamagedState, match="停止联署"):
        ask(memory, submission(LOGGED, 100, 200))


def test_what_was_cosigned_of_another_log_is_not_taken_for_this_one(at_100: Memory) -> None:
    text = Checkpoint("log.other.example", 100, LOGGED.root_of(100)).text()
    at_100.notes[ORIGIN, 100] = Note(text, (cosign(text, WITNESS_KEY.name, WITNESS, NOON),)).encode()
    with pytest.raises(DamagedState, match="另一个日志"):
        ask(at_100, submission(LOGGED, 100, 200))


def test_a_memory_of_another_witness_cosigns_nothing(at_100: Memory) -> None:
    other = signer("another witness")
    assert CosignatureVerifier(WITNESS_KEY.name, other.public_key) != WITNESS_KEY
    with pytest.raises(DamagedState):
        ask(at_100, submission(LOGGED, 100, 200), by=other)
