"""The log submits its checkpoints to witnesses, over HTTP, and believes none of them more than it can verify."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from events.checkpoint import Checkpoint
from events.checkpoints import SignedCheckpoint
from events.cosignature import CosignatureVerifier, cosign, timestamp_of
from events.note import NoteVerifier, open_note, parse, parse_line
from events.witness import Answer
from supervision.checkpointing import reaching
from supervision.checkpointing.reaching import HttpWitness as Reached
from supervision.checkpointing.standing import Trouble
from supervision.checkpointing.submitting import NotCosigned, Submitter
from tests.support import cosigning
from tests.support.cosigning import HttpWitness
from tests.support.log import NOON, ORIGIN, Clock, Deployment, open_log, signer
from tests.support.signing import signer_of

LOG = NoteVerifier(ORIGIN, signer("log").public_key)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def county(tmp_path: Path, clock: Clock) -> Iterator[Deployment]:
    store = open_log(f"sqlite:///{tmp_path / 'log.sqlite'}", tmp_path, clock)
    yield Deployment(store)
    store.close()


@pytest.fixture
def witness(tmp_path: Path, clock: Clock) -> Iterator[HttpWitness]:
    with cosigning.witness(tmp_path / "witness", LOG, clock) as listening:
        yield listening


@pytest.fixture
def sign(county: Deployment, tmp_path: Path, clock: Clock) -> Callable[[str], SignedCheckpoint]:
    """Another report, and the checkpoint that covers it."""
    signing = signer_of(county.store, tmp_path, clock=clock)

    def grow(name: str) -> SignedCheckpoint:
        county.file_report(name)
        signing.sign_head()
        last = county.store.checkpoints.last()
        assert last is not None
        return last

    return grow


@pytest.fixture
def reached(witness: HttpWitness) -> Iterator[Reached]:
    with closing(Reached(witness.url)) as connection:
        yield connection


@pytest.fixture
def submitter(county: Deployment, witness: HttpWitness, reached: Reached, clock: Clock) -> Submitter:
    return Submitter(witness.known, reached.post, county.store.read_nodes, clock)


def trouble(submitter: Submitter, checkpoint: SignedCheckpoint) -> Trouble:
    """What keeps a checkpoint from being cosigned."""
    with pytest.raises(NotCosigned) as refused:
        submitter.submit(checkpoint)
    return refused.value.trouble


def old_sizes(witness: HttpWitness) -> list[int]:
    return [int(body.split(b"\n")[0].removeprefix(b"old ")) for body in witness.requests]


def test_a_checkpoint_comes_back_with_a_cosignature_of_the_witness(
    submitter: Submitter, witness: HttpWitness, sign: Callable[[str], SignedCheckpoint]
) -> None:
    checkpoint = sign("a")
    line = submitter.submit(checkpoint)
    text = parse(checkpoint.note).text
    open_note(f"{text}\n{line.line()}".encode(), [witness.service.home.key])
    assert timestamp_of(line) == NOON


def test_growth_is_proven_from_what_the_witness_has_cosigned(
    submitter: Submitter, witness: HttpWitness, sign: Callable[[str], SignedCheckpoint]
) -> None:
    for name in ("a", "b", "c"):
        submitter.submit(sign(name))
    assert old_sizes(witness) == [0, 2, 4]


def test_after_a_restart_the_witness_says_how_far_it_got(
    county: Deployment,
    submitter: Submitter,
    reached: Reached,
    witness: HttpWitness,
    clock: Clock,
    sign: Callable[[str], SignedCheckpoint],
) -> None:
    submitter.submit(sign("a"))
    restarted = Submitter(witness.known, reached.post, county.store.read_nodes, clock)
    restarted.submit(sign("b"))
    assert old_sizes(witness) == [0, 0, 2]


def test_the_same_checkpoint_is_cosigned_again_with_a_newer_time(
    submitter: Submitter, clock: Clock, sign: Callable[[str], SignedCheckpoint]
) -> None:
    checkpoint = sign("a")
    submitter.submit(checkpoint)
    clock.now += 600
    assert timestamp_of(submitter.submit(checkpoint)) == NOON + 600


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, Trouble.MALFORMED),
        (403, Trouble.UNSIGNED),
        (404, Trouble.UNKNOWN_LOG),
        (422, Trouble.INCONSISTENT),
        (500, Trouble.UNREACHABLE),
        (301, Trouble.UNREACHABLE),
    ],
)
def test_a_refusal_is_told_by_its_status(
    submitter: Submitter,
    witness: HttpWitness,
    sign: Callable[[str], SignedCheckpoint],
    status: int,
    expected: Trouble,
) -> None:
    witness.answers = lambda body: Answer(status, "text/plain", b"no\n")
    assert trouble(submitter, sign("a")) is expected


def test_a_real_witness_refuses_a_fork_that_the_genuine_key_has_signed(
    submitter: Submitter, sign: Callable[[str], SignedCheckpoint]
) -> None:
    checkpoint = sign("a")
    submitter.submit(checkpoint)
    forked = Checkpoint(ORIGIN, 2, b"\x00" * 32).text()
    note = f"{forked}\n{_by_the_log(forked)}".encode()
    assert trouble(submitter, replace(checkpoint, note=note)) is Trouble.INCONSISTENT


def test_a_witness_that_has_seen_a_longer_log_is_an_alarm(
    county: Deployment,
    submitter: Submitter,
    reached: Reached,
    witness: HttpWitness,
    clock: Clock,
    sign: Callable[[str], SignedCheckpoint],
) -> None:
    first = sign("a")
    submitter.submit(sign("b"))
    put_back = Submitter(witness.known, reached.post, county.store.read_nodes, clock)
    found = trouble(put_back, first)
    assert found is Trouble.AHEAD
    assert found.is_alarm


def _by_the_log(text: str) -> str:
    from events.note import sign as sign_note

    return sign_note(text, ORIGIN, signer("log")).line()


LIES: dict[str, Callable[[str, CosignatureVerifier], bytes]] = {
    "nothing": lambda text, key: b"",
    "no lines": lambda text, key: b"ok\n",
    "not text": lambda text, key: b"\xff\xfe\n",
    "another key": lambda text, key: cosign(text, key.name, signer("thief"), NOON).line().encode(),
    "another name": lambda text, key: cosign(text, "other.example", signer("w"), NOON).line().encode(),
    "another tree": lambda text, key: _cosigned(text.replace("\n2\n", "\n3\n")),
    "a plain signature": lambda text, key: _by_the_log(text).encode(),
    "a broken signature": lambda text, key: _broken(_cosigned(text)),
}
WITNESS_KEY = "city.example/witness"


def _cosigned(text: str, timestamp: int = NOON) -> bytes:
    from events.signing import Ed25519Signer
    from tests.support.log import digest

    return cosign(text, WITNESS_KEY, Ed25519Signer(digest("witness", WITNESS_KEY)), timestamp).line().encode()


def _broken(line: bytes) -> bytes:
    signature = parse_line(line.decode().removesuffix("\n"))
    spoilt = signature.signature[:-1] + bytes([signature.signature[-1] ^ 1])
    return replace(signature, signature=spoilt).line().encode()


@pytest.mark.parametrize("lie", LIES)
def test_what_is_no_cosignature_of_this_checkpoint_by_this_key_is_not_kept(
    submitter: Submitter, witness: HttpWitness, sign: Callable[[str], SignedCheckpoint], lie: str
) -> None:
    checkpoint = sign("a")
    text = parse(checkpoint.note).text
    witness.answers = lambda body: Answer(200, "text/plain", LIES[lie](text, witness.service.home.key))
    assert trouble(submitter, checkpoint) is Trouble.FALSE_ANSWER


def test_cosignatures_by_keys_that_nobody_asked_for_are_ignored(
    submitter: Submitter, witness: HttpWitness, sign: Callable[[str], SignedCheckpoint]
) -> None:
    checkpoint = sign("a")
    text = parse(checkpoint.note).text
    stranger = cosign(text, "stranger.example", signer("stranger"), NOON).line().encode()
    witness.answers = lambda body: Answer(200, "text/plain", stranger + _cosigned(text) + stranger)
    assert submitter.submit(checkpoint).name == WITNESS_KEY


@pytest.mark.parametrize("off", [-3600, 3600, 365 * 86400])
def test_a_cosignature_from_another_time_is_not_kept(
    submitter: Submitter, witness: HttpWitness, sign: Callable[[str], SignedCheckpoint], off: int
) -> None:
    checkpoint = sign("a")
    text = parse(checkpoint.note).text
    witness.answers = lambda body: Answer(200, "text/plain", _cosigned(text, NOON + off))
    assert trouble(submitter, checkpoint) is Trouble.CLOCK


@pytest.mark.parametrize("size", [b"", b"x\n", b"02\n", b"-1\n", b"1", b"9" * 40 + b"\n"])
def test_a_size_that_is_none_is_a_false_answer(
    submitter: Submitter, witness: HttpWitness, sign: Callable[[str], SignedCheckpoint], size: bytes
) -> None:
    witness.answers = lambda body: Answer(409, "text/x.tlog.size", size)
    assert trouble(submitter, sign("a")) is Trouble.FALSE_ANSWER


def test_a_witness_that_keeps_naming_other_sizes_is_left_alone(
    submitter: Submitter, witness: HttpWitness, sign: Callable[[str], SignedCheckpoint]
) -> None:
    sign("a")
    sizes = iter([b"1\n", b"2\n", b"1\n", b"2\n", b"1\n"])
    witness.answers = lambda body: Answer(409, "text/x.tlog.size", next(sizes))
    assert trouble(submitter, sign("b")) is Trouble.FALSE_ANSWER
    assert len(witness.requests) == 3


# -- the connection ---------------------------------------------------------------------------------------------------


def test_a_connection_that_the_witness_has_closed_is_opened_again_and_a_witness_that_is_down_is_unreachable(
    submitter: Submitter, reached: Reached, witness: HttpWitness, sign: Callable[[str], SignedCheckpoint]
) -> None:
    submitter.submit(sign("a"))
    assert reached._connection.sock is not None
    reached._connection.sock.shutdown(socket.SHUT_RDWR)  # as a witness does that has waited long enough
    submitter.submit(sign("b"))
    witness.stop()
    assert trouble(submitter, sign("c")) is Trouble.UNREACHABLE


@pytest.mark.parametrize("said", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\nx"])
def test_an_answer_that_is_broken_off_or_none_at_all_is_unreachable(said: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def talk() -> None:
            connection, _ = server.accept()
            with closing(connection):
                connection.recv(4096)
                connection.sendall(said)

        thread = threading.Thread(target=talk)
        thread.start()
        with pytest.raises(OSError, match=r"."):
            Reached(f"http://127.0.0.1:{server.getsockname()[1]}", timeout=1).post(b"old 0\n\n")
        thread.join()


def test_an_answer_without_end_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reaching, "MOST_BYTES", 1000)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def talk() -> None:
            connection, _ = server.accept()
            with closing(connection):
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 5000)

        thread = threading.Thread(target=talk)
        thread.start()
        with pytest.raises(OSError, match="too large"):
            Reached(f"http://127.0.0.1:{server.getsockname()[1]}", timeout=1)._post(b"")
        thread.join()


def test_silence_ends_with_the_time_limit() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(OSError, match="TimeoutError"):
        Reached(f"http://127.0.0.1:{server.getsockname()[1]}", timeout=0.1).post(b"")
