"""Fetching a log's tiles: over HTTP with the standard library (no redirects, no proxies, bounds on time and size), or,
in the demonstration, out of the log's own database.

Nothing that comes is trusted; it is only kept from costing too much. Failures are ``OSError`` with a line in words.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import urlsplit

from eventsourcing.persistence import PersistenceError

from events.published import tile_bytes
from events.store import DamagedLog, LogStore
from events.tiles import Fetch, Tile

TIMEOUT = 15.0
"""Seconds for a connection and for each read."""

MOST_SECONDS = 120.0
"""For one answer, however it trickles."""

MOST_BYTES = 256 * (2 + 65535)
"""Of the largest entry bundle that C2SP tlog-tiles allows."""


class LogAddress:
    """``url``: the prefix of the log's tiles. ``token``: shown to it as a bearer, b"" for none."""

    def __init__(self, url: str, token: bytes = b"") -> None:
        parts = urlsplit(url)
        self._secure = parts.scheme == "https"
        self._host, self._port, self._prefix = parts.hostname or "", parts.port, parts.path.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token.hex()}"} if token else {}
        self._connection: HTTPConnection | None = None

    def fetch(self, path: str) -> bytes:
        """:data:`events.tiles.Fetch`. Raises ``LookupError`` for what the log has not, ``OSError``."""
        status, data = self._ask(path)
        if status == HTTPStatus.NOT_FOUND:
            raise LookupError(path)
        if status != HTTPStatus.OK:
            raise OSError(f"日志站点对 {path} 的应答是 {status}")
        return data

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ask(self, path: str) -> tuple[int, bytes]:
        kept = self._connection is not None
        try:
            return self._ask_once(path)
        except (HTTPException, OSError) as problem:
            self.close()
            if not kept:
                raise OSError(f"日志站点没有应答（{type(problem).__name__}）") from None
        # The other side may have closed a kept connection meanwhile; a fresh one decides.
        return self._ask(path)

    def _ask_once(self, path: str) -> tuple[int, bytes]:
        if self._connection is None:
            kind = HTTPSConnection if self._secure else HTTPConnection
            self._connection = kind(self._host, self._port, timeout=TIMEOUT)
        self._connection.request("GET", f"{self._prefix}/{path}", headers=self._headers)
        with self._connection.getresponse() as response:  # closed, so that the connection can be used again
            return response.status, _body(response)


def _body(response: HTTPResponse) -> bytes:
    """All of it. Raises ``OSError`` for one that is too large or trickles."""
    deadline = time.monotonic() + MOST_SECONDS
    data = bytearray()
    while chunk := response.read1(64 * 1024):
        data += chunk
        if len(data) > MOST_BYTES or time.monotonic() > deadline:
            raise OSError("应答过大或过慢")
    if response.length:  # read1 does not say that there should have been more
        raise OSError("应答不完整")
    return bytes(data)


def tiles_in(store: Callable[[], LogStore]) -> Fetch:
    """What reads tiles where the log is; ``store`` is asked for when the first one is wanted."""

    def fetch(path: str) -> bytes:
        try:
            return tile_bytes(store(), Tile.parse(path))
        except (DamagedLog, PersistenceError) as problem:
            raise OSError(f"日志读不出来（{type(problem).__name__}）") from None

    return fetch
