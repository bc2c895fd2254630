"""A witness for a log of tests: the real one, in a home of its own, behind real HTTP, and made to fail at will."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from events.note import NoteVerifier
from events.policy import Policy, Witness
from events.signing import Ed25519Signer
from events.witness import Answer
from supervision.checkpointing.loop import Courier, make_checkpointing
from supervision.checkpointing.policy import POLICY_FILE
from supervision.checkpointing.standing import Standings
from supervision.checkpointing.submitting import Submitter
from supervision.platform import Platform
from supervision.witnessing.home import KnownLog, WitnessHome, write_home
from supervision.witnessing.service import WitnessService
from tests.support.log import digest


class HttpWitness:
    """``requests``: bodies that came. ``answers``: what gives the answer, the witness itself unless a test lies."""

    def __init__(self, home: Path, log: NoteVerifier, name: str, clock: Callable[[], float]) -> None:
        seed = digest("witness", name)
        laid = WitnessHome(
            directory=home, name=name, title=name, logs=(KnownLog(key=log),), signer=Ed25519Signer(seed), tokens={}
        )
        write_home(laid, seed)
        WitnessService.found(laid)
        self.service = WitnessService(laid, clock)
        self.requests: list[bytes] = []
        self.answers: Callable[[bytes], Answer] = self.service.add_checkpoint
        self._open: list[socket.socket] = []
        self._server: ThreadingHTTPServer | None = None
        self.url = ""

    @property
    def known(self) -> Witness:
        """This witness as a policy names it."""
        return Witness(self.service.home.name.split(".")[0], self.service.home.key, self.url)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        witness = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 5

            def setup(self) -> None:
                super().setup()
                witness._open.append(self.connection)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path != "/witness/add-checkpoint":
                    self.send_error(404)
                    return
                witness.requests.append(body)
                answer = witness.answers(body)
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.content_type)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, format: str, *args: object) -> None:
                """Says nothing."""

        return Handler

    def start(self) -> None:
        """Listen on a free port."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}/witness"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """It listens no more; connections that are open are closed."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
            self._server = None
        for connection in self._open:
            with contextlib.suppress(OSError):  # closed by the other side already
                connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def witness(
    home: Path, log: NoteVerifier, clock: Callable[[], float], name: str = "city.example/witness"
) -> Iterator[HttpWitness]:
    """A witness that listens."""
    made = HttpWitness(home, log, name, clock)
    made.start()
    try:
        yield made
    finally:
        made.stop()


def trust(home: Path, log: NoteVerifier, *witnesses: Witness, quorum: str = "") -> Policy:
    """Write the policy of a county: these witnesses, all of which have to cosign unless ``quorum`` says otherwise."""
    names = tuple(one.name for one in witnesses)
    groups = {"everybody": (len(names), names)} if names else {}
    policy = Policy((log,), witnesses, groups, quorum or ("everybody" if names else "none"))
    (home / POLICY_FILE).write_text(policy.encode(), "utf-8")
    return policy


class SignedCounty:
    """A deployment whose log is signed and cosigned when a test says so, by a witness of its own."""

    def __init__(
        self, platform: Platform, directory: Path, name: str = "city.example/witness", **settings: object
    ) -> None:
        self.platform = replace(platform, settings=replace(platform.settings, **settings))  # type: ignore[arg-type]  # whatever a test sets
        self.log = NoteVerifier(platform.settings.origin, platform.manifest.log)
        self.witness = HttpWitness(directory, self.log, name, platform.recording_clock)
        self.policy = trust(platform.settings.home, self.log, self.witness.known)

    def sign(self) -> int:
        """Sign the head; how long it is."""
        signed = make_checkpointing(self.platform).sign()
        assert signed is not None
        return signed.size

    def cosign(self, witness: HttpWitness | None = None) -> None:
        """Have the newest checkpoint cosigned, by the county's own witness or another one."""
        here, asked = self.platform, witness or self.witness
        submitter = Submitter(asked.known, asked.answers, here.log.read_nodes, here.recording_clock)
        standings = Standings(here.working, here.clock)
        last = here.log.checkpoints.last()
        assert last is not None
        Courier(here.log, asked.known, submitter, standings, 600, here.recording_clock).deliver(last)
