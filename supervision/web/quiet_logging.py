"""Logging of the web server without anything about those who connect.

gunicorn names the peer's address in some warnings and quotes bad requests in others; a reporter's address must not
be kept anywhere (A-29). What reaches its log here is only what the server says of itself.
"""

from __future__ import annotations

import logging
import re

from gunicorn.glogging import Logger

_ADDRESS = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b|\b(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{0,4}\b")
_KEPT = re.compile(
    r"^(Starting gunicorn|Listening at|Using worker|Booting worker|Worker exiting|Shutting down|Handling signal"
    r"|Worker \(pid|Reason:|Arbiter|Worker failed)"
)


class QuietLogger(Logger):
    """Says that the server starts, listens, stops and why a worker ended; of requests only that one failed."""

    def setup(self, cfg: object) -> None:
        super().setup(cfg)
        self.error_log.addFilter(_without_requests)

    def access(self, resp: object, req: object, environ: object, request_time: object) -> None:
        """No access is written down."""


def _without_requests(record: logging.LogRecord) -> bool:
    """Keep the server's own lines; reduce every other to its level and place, without arguments or traceback."""
    message = record.getMessage()
    if _KEPT.match(message) and record.exc_info is None:
        record.msg, record.args = message, ()
        if not message.startswith(("Listening at", "Starting gunicorn")):
            record.msg = _ADDRESS.sub("…", message)
        return True
    if record.levelno < logging.ERROR:
        return False
    kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""
    record.msg, record.args = f"a request could not be served ({kind or record.levelname})", ()
    record.exc_info = record.exc_text = None
    return True
