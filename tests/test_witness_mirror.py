"""The witness's own copy of the tiles: nothing is believed that does not belong to the cosigned root."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MethodType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.tiles import ENTRIES, Fetch, Tile, TileError, TileReader
from events.witness import Contradiction
from supervision.witnessing import background, fetching
from supervision.witnessing.fetching import LogAddress
from supervision.witnessing.service import WitnessService
from supervision.witnessing.tile_copy import TileCopy
from tests.support.log import ORIGIN
from tests.support.published import PublishedLog, flipped
from tests.support.witnessing import RewrittenLog, lay_witness, make_witness, submission, tiles_from

LOGGED = PublishedLog(70_000)
SMALL = PublishedLog(700)


@pytest.fixture
def witness(tmp_path: Path) -> WitnessService:
    return make_witness(tmp_path / "witness")


def cosigned(witness: WitnessService, log: PublishedLog, *sizes: int) -> None:
    for old, new in zip((0, *sizes), sizes, strict=False):
        assert witness.add_checkpoint(submission(log, old, new)).status == 200


def copy(witness: WitnessService) -> TileCopy:
    return witness.copy_of(witness.home.logs[0])


def mirror(witness: WitnessService, fetch: Fetch, **how: int | bool) -> int:
    return witness.mirror(witness.home.logs[0], fetch, **how)  # type: ignore[arg-type]  # up_to and anew


# -- what is copied -------------------------------------------------------------------------------------------------


def test_all_tiles_and_bundles_of_the_cosigned_tree_are_copied_whatever_the_steps(witness: WitnessService) -> None:
    for old, new in ((0, 1), (1, 255), (255, 256), (256, 66_000), (66_000, 70_000)):
        witness.add_checkpoint(submission(LOGGED, old, new))
        assert mirror(witness, tiles_from(LOGGED)) == new
        copy(witness).check()
    for tile in (Tile(0, 5), Tile(0, 273, 112), Tile(1, 0), Tile(1, 1, 17), Tile(2, 0, 1), Tile(ENTRIES, 273, 112)):
        assert copy(witness).read(tile.path) == LOGGED.tile(tile)


def test_of_a_tile_on_the_right_edge_the_widest_is_kept(witness: WitnessService) -> None:
    cosigned(witness, SMALL, 10, 20, 300)
    for size in (10, 20, 300):
        mirror(witness, tiles_from(SMALL), up_to=size)
    files = {path.relative_to(witness.home.directory / "tiles") for path in witness.home.directory.rglob("tile/0/*")}
    assert {path.name for path in files} == {"000", "001.p"}
    assert copy(witness).read(Tile(0, 0, 10).path) == SMALL.tile(Tile(0, 0, 10))


def test_what_is_there_is_not_fetched_again(witness: WitnessService) -> None:
    cosigned(witness, LOGGED, 69_000, 70_000)
    mirror(witness, tiles_from(LOGGED), up_to=69_000)
    fetched: list[str] = []

    def counting(path: str) -> bytes:
        fetched.append(path)
        return tiles_from(LOGGED)(path)

    mirror(witness, counting)
    assert len(fetched) < 20


def test_an_older_export_takes_nothing_away(witness: WitnessService) -> None:
    cosigned(witness, SMALL, 300, 700)
    mirror(witness, tiles_from(SMALL))
    assert mirror(witness, tiles_from(SMALL), up_to=300) == 700


# -- what is not believed -------------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(data=st.data())
def test_a_tile_with_any_bit_changed_is_not_believed(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    witness = make_witness(tmp_path_factory.mktemp("mirror") / "witness")
    cosigned(witness, SMALL, 300, 700)
    mirror(witness, tiles_from(SMALL), up_to=300)
    damaged = data.draw(
        st.sampled_from([Tile(0, 1), Tile(0, 2, 188), Tile(1, 0, 2), Tile(ENTRIES, 1), Tile(ENTRIES, 2, 188)])
    )
    bit = data.draw(st.integers(0, 8 * len(SMALL.tile(damaged)) - 1))

    def fetch(path: str) -> bytes:
        found = tiles_from(SMALL)(path)
        return flipped(found, bit) if path == damaged.path else found

    with pytest.raises(TileError):
        mirror(witness, fetch)
    assert copy(witness).size == 300
    copy(witness).check()
    attempt = witness.state.last_attempt(ORIGIN)
    assert attempt and attempt.problem
    assert mirror(witness, tiles_from(SMALL)) == 700


def test_tiles_of_another_history_are_not_believed(witness: WitnessService) -> None:
    cosigned(witness, SMALL, 300)
    with pytest.raises(TileError):
        mirror(witness, tiles_from(RewrittenLog(300, without=40)))
    assert copy(witness).note() is None


def test_a_copy_that_rotted_is_found_and_copied_anew(witness: WitnessService) -> None:
    cosigned(witness, SMALL, 700)
    mirror(witness, tiles_from(SMALL))
    (rotten,) = witness.home.directory.rglob("tile/entries/001")
    rotten.write_bytes(flipped(rotten.read_bytes(), 77))
    with pytest.raises(TileError, match="tile/entries/001"):
        copy(witness).check()
    mirror(witness, tiles_from(SMALL), anew=True)
    copy(witness).check()


def test_the_tiles_show_which_suspicion_was_a_fork(witness: WitnessService) -> None:
    forked = RewrittenLog(300, without=40)
    cosigned(witness, SMALL, 100)
    garbled = submission(SMALL, 100, 200).replace(b"\n", b"\n" + b"A" * 43 + b"=\n", 1)
    assert [witness.add_checkpoint(body).status for body in (garbled, submission(forked, 100, 200))] == [422, 422]
    assert [one.evidence.kind for one in witness.state.evidence(ORIGIN)] == [Contradiction.UNPROVEN] * 2
    witness.add_checkpoint(submission(SMALL, 100, 300))
    mirror(witness, tiles_from(SMALL))
    (fork,) = witness.state.evidence(ORIGIN)
    assert (fork.evidence.kind, fork.evidence.size) == (Contradiction.FORK, 200)


# -- carried by hand ------------------------------------------------------------------------------------------------


def test_the_checkpoint_of_an_export_is_cosigned_and_its_tiles_are_copied(
    witness: WitnessService, tmp_path: Path
) -> None:
    (log,) = witness.home.logs
    for size in (300, 700):
        export = TileCopy(PublishedLog(size).write(tmp_path / f"stick {size}"))
        assert witness.cosign_from(log, export).status == 200
        assert mirror(witness, export.read, up_to=export.size) == size
    older = TileCopy(tmp_path / "stick 300")
    assert witness.cosign_from(log, older).status == 400
    rewritten = TileCopy(RewrittenLog(800, without=5).write(tmp_path / "rewritten"))
    assert witness.cosign_from(log, rewritten).status == 422


def test_an_export_that_does_not_fit_its_checkpoint_is_refused(witness: WitnessService, tmp_path: Path) -> None:
    cosigned(witness, SMALL, 300)
    stick = SMALL.write(tmp_path / "stick")
    (stick / "tile/1/000.p/2").write_bytes(bytes(64))
    with pytest.raises(TileError):
        witness.cosign_from(witness.home.logs[0], TileCopy(stick))
    with pytest.raises(TileError, match="没有 checkpoint"):
        witness.cosign_from(witness.home.logs[0], TileCopy(tmp_path))


# -- over HTTP ------------------------------------------------------------------------------------------------------

Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def serving(answer: Answer) -> Iterator[str]:
    """A server that answers every GET with ``answer``; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        do_GET = answer

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/log"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def send(handler: BaseHTTPRequestHandler, data: bytes, status: int = 200, **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data)


def test_tiles_are_fetched_with_the_token_over_one_connection(witness: WitnessService) -> None:
    seen: set[tuple[object, str | None]] = set()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        seen.add((handler.client_address, handler.headers["Authorization"]))
        try:
            send(handler, tiles_from(SMALL)(handler.path.removeprefix("/log/")))
        except (LookupError, TileError):
            send(handler, b"", 404)

    cosigned(witness, SMALL, 700)
    with serving(answer) as url, closing(LogAddress(url, b"token")) as address:
        assert mirror(witness, address.fetch) == 700
    assert [token for _, token in seen] == [f"Bearer {b'token'.hex()}"]  # of one connection


def test_a_connection_that_was_closed_meanwhile_is_opened_again(witness: WitnessService) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        send(handler, tiles_from(SMALL)(handler.path.removeprefix("/log/")))
        handler.close_connection = True  # without saying so

    cosigned(witness, SMALL, 700)
    with serving(answer) as url, closing(LogAddress(url)) as address:
        assert mirror(witness, address.fetch) == 700


TROUBLE: dict[str, Answer] = {
    "an error": lambda handler: send(handler, b"", 500),
    "a redirect": lambda handler: send(handler, b"", 302, Location="/elsewhere"),
    "too much": lambda handler: send(handler, bytes(1_000_001)),
    "half of it": lambda handler: handler.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Length: 100\r\n\r\nx"),
    "no HTTP": lambda handler: handler.wfile.write(b"hello\r\n\r\n"),
    "nothing": lambda handler: handler.connection.close(),
}


@pytest.mark.parametrize("answer", TROUBLE.values(), ids=TROUBLE.keys())
def test_trouble_with_the_network_is_told_in_words_and_changes_nothing(
    witness: WitnessService, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "MOST_BYTES", 1_000_000)

    def once(handler: BaseHTTPRequestHandler) -> None:
        answer(handler)
        handler.close_connection = True

    cosigned(witness, SMALL, 300)
    with serving(once) as url, closing(LogAddress(url)) as address, pytest.raises(OSError):
        mirror(witness, address.fetch)
    attempt = witness.state.last_attempt(ORIGIN)
    assert attempt and "日志站点" in attempt.problem
    assert copy(witness).note() is None


def test_an_answer_that_trickles_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "MOST_SECONDS", 0.2)

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        try:
            for _ in range(1000):
                handler.wfile.write(b"x")
                threading.Event().wait(0.05)
        except OSError:  # whoever asked has gone
            handler.close_connection = True

    with serving(answer) as url, pytest.raises(OSError, match="没有应答"):
        LogAddress(url).fetch("tile/0/000")


# -- in the background ----------------------------------------------------------------------------------------------


def test_the_copy_follows_by_itself_and_one_process_does_it(tmp_path: Path) -> None:
    witness = make_witness(tmp_path / "witness", local=tiles_from(SMALL))
    stops = [background.run_in_background(witness), background.run_in_background(witness)]
    cosigned(witness, SMALL, 300)
    for _ in range(100):
        if copy(witness).size == 300:
            break
        threading.Event().wait(0.1)
    for stop in stops:
        stop.set()
    assert copy(witness).size == 300


def test_a_log_that_fails_is_asked_less_and_less_often(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def fetch(path: str) -> bytes:
        asked.append(path)
        raise OSError("日志站点没有应答")

    witness = make_witness(tmp_path / "witness", local=fetch)
    cosigned(witness, SMALL, 300)
    now = [0.0]
    monkeypatch.setattr(background.time, "monotonic", lambda: now[0])
    mirroring = background.Mirroring(witness)
    for second in range(4000):
        now[0] = float(second)
        mirroring.run_once()
    assert 8 <= len(asked) <= 25


def test_a_witness_without_an_address_of_the_log_waits_for_the_stick(tmp_path: Path) -> None:
    witness = make_witness(tmp_path / "witness")
    cosigned(witness, SMALL, 300)
    background.Mirroring(witness).run_once()
    assert witness.state.last_attempt(ORIGIN) is None


def test_the_address_in_the_settings_is_where_tiles_come_from(tmp_path: Path) -> None:
    home = lay_witness(tmp_path / "witness", url="https://log.county.example/log")
    source = WitnessService(home).source(home.logs[0])
    assert isinstance(source, MethodType)
    assert isinstance(source.__self__, LogAddress)


def test_a_copy_is_storage_for_proofs(witness: WitnessService) -> None:
    cosigned(witness, SMALL, 700)
    mirror(witness, tiles_from(SMALL))
    assert TileReader(copy(witness).read, 700, SMALL.root).leaves(2) == [
        SMALL.tile(Tile(0, 2, 188))[at : at + 32] for at in range(0, 188 * 32, 32)
    ]
