"""Where a witness takes submissions: over HTTP, or, in the demonstration, within this very process."""

from __future__ import annotations

import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

from events.policy import Witness
from events.witness import Answer, DamagedState
from supervision.checkpointing.submitting import Post

TIMEOUT = 10.0
"""Seconds for a connection and for each read."""

MOST_SECONDS = 30.0
"""For one answer, however it trickles."""

MOST_BYTES = 64 * 1024
"""Of an answer; a cosignature is some two hundred."""


def post_to(witness: Witness, home: Path, clock: Callable[[], float]) -> Post | None:
    """How to submit to a witness of the policy; None where its cosignatures are carried by hand.

    ``home``: of the deployment. Raises BadSetting, ``events.witness.DamagedState`` for a damaged witness of its own.
    """
    if witness.url:
        return HttpWitness(witness.url).post
    return _local(witness, home / "witness", clock)


def is_local(witness: Witness, home: Path) -> bool:
    """Whether it is a witness on the log's own machine, which proves nothing to anybody."""
    from supervision.witnessing.home import WitnessHome, is_home

    return not witness.url and is_home(home / "witness") and WitnessHome.load(home / "witness").key == witness.key


def _local(witness: Witness, home: Path, clock: Callable[[], float]) -> Post | None:
    # A deployment with a real witness does not load the code of one.
    from supervision.witnessing.home import WitnessHome, is_home
    from supervision.witnessing.service import WitnessService

    if not is_home(home):
        return None
    service = WitnessService(WitnessHome.load(home), clock)
    if service.home.key != witness.key:
        return None

    def post(body: bytes) -> Answer:
        try:
            return service.add_checkpoint(body)
        except DamagedState as problem:
            raise OSError(str(problem)) from None

    return post


class HttpWitness:
    """Posts to ``<url>/add-checkpoint`` over one connection that is kept: no redirects, no proxies."""

    def __init__(self, url: str, timeout: float = TIMEOUT) -> None:
        parts = urlsplit(url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._connection = kind(parts.hostname or "", parts.port, timeout=timeout)
        self._path = f"{parts.path.rstrip('/')}/add-checkpoint"

    def post(self, body: bytes) -> Answer:
        """Raises ``OSError`` where no whole answer comes."""
        kept = self._connection.sock is not None
        try:
            return self._post(body)
        except (HTTPException, OSError) as problem:
            self._connection.close()
            if not kept:
                raise OSError(f"no answer ({type(problem).__name__})") from None
        # The other side may have closed a kept connection meanwhile; a fresh one decides.
        return self.post(body)

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def _post(self, body: bytes) -> Answer:
        self._connection.request("POST", self._path, body, {"Content-Type": "text/plain; charset=utf-8"})
        response = self._connection.getresponse()
        return Answer(response.status, response.getheader("Content-Type", ""), _body(response))


def _body(response: HTTPResponse) -> bytes:
    """All of it. Raises ``OSError`` for one that is too large or trickles."""
    deadline = time.monotonic() + MOST_SECONDS
    data = bytearray()
    while chunk := response.read1(MOST_BYTES):
        data += chunk
        if len(data) > MOST_BYTES or time.monotonic() > deadline:
            raise OSError("the answer is too large or too slow")
    if response.length:  # what was announced and did not come
        raise OSError("the answer is broken off")
    response.close()  # else the connection would not take another request
    return bytes(data)
