"""The platform as a real server: gunicorn with several workers in a process of its own, on a free port."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATIENCE = 60
"""Seconds that a start may take on a busy machine."""


@contextmanager
def serving(
    environment: Mapping[str, str], *, workers: int = 2, threads: int = 8, app: str = "wsgi:app"
) -> Iterator[int]:
    """Serve the deployment that ``environment`` names; gives the port on 127.0.0.1. It logs to ``server.log``."""
    port = _free_port()
    log = Path(environment["SUPERVISION_HOME"]) / "server.log"
    command = [sys.executable, "-m", "gunicorn", "--workers", str(workers), "--threads", str(threads)]
    command += ["--worker-class", "gthread", "--bind", f"127.0.0.1:{port}", app]
    with open(log, "wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment}, stdout=output, stderr=output)
    try:
        _await_health(process, port, log)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)


def _await_health(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with closing(HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
                connection.request("GET", "/healthz")
                if connection.getresponse().status == 200:
                    return
        except OSError:  # not listening yet
            time.sleep(0.1)
    raise RuntimeError(f"the server did not start:\n{log.read_text('utf-8')[-2000:]}")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
