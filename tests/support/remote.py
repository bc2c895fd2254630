"""A server of its own as an application: whatever a test's browser sends to it goes over HTTP."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from http.client import HTTPConnection
from typing import TYPE_CHECKING

from werkzeug.test import Client

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ENDS_WITH_THE_HOP = {"connection", "keep-alive", "transfer-encoding"}


class Remote:
    """Whoever listens on ``port`` of this machine; takes the place of a Flask application."""

    def __init__(self, port: int) -> None:
        self._port = port

    def test_client(self) -> Client:
        """A browser with cookies of its own."""
        return Client(self)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Pass on one request and its answer."""
        headers = {name[5:].replace("_", "-"): value for name, value in environ.items() if name.startswith("HTTP_")}
        if environ.get("CONTENT_TYPE"):
            headers["Content-Type"] = environ["CONTENT_TYPE"]
        query = f"?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else ""
        length = int(environ.get("CONTENT_LENGTH") or 0)
        with closing(HTTPConnection("127.0.0.1", self._port, timeout=60)) as connection:
            body = environ["wsgi.input"].read(length)
            connection.request(environ["REQUEST_METHOD"], environ["PATH_INFO"] + query, body, headers)
            answer = connection.getresponse()
            kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in ENDS_WITH_THE_HOP]
            start_response(f"{answer.status} {answer.reason}", kept)
            return [answer.read()]
