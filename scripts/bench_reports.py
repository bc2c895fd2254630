"""Measures what the front door takes: reports per second over HTTP, each answered after its durable commit.

    python scripts/bench_reports.py [--seconds 10] [--connections 1,4,16,64] [--workers 2] [--port 8000]

Without --port it starts a demonstration deployment in a temporary home on a free port and takes it away
afterwards; SUPERVISION_DATABASE_URL points it at PostgreSQL. It only ever calls this machine: client and
server share it, so the figure is what the machine does with both. The client is one thread over plain sockets
that sends bytes made beforehand; its share of the processor is printed.
"""

import argparse
import http.client
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
START_SECONDS = 60
ANSWER_SECONDS = 60

# An invented report of ordinary length, named, on somebody whom the county itself supervises.
REPORT = {
    "line": "12388",
    "respondents": [
        {
            "name": "柯望舒",
            "unit": "云岫县石桥镇农业服务中心",
            "post": "主任",
            "rank": "正股级",
            "area_code": "990123",
            "managed_by": "县委管理",
        }
    ],
    "title": "反映农机补贴款发放不实",
    "category": ["违反群众纪律行为"],
    "text": "去年秋天发放的农机补贴,公示名单与实际领款人对不上。" * 20,
    "reporter": {"name": "贺知秋", "phone": "12000000000"},
}


def main() -> int:
    parser = argparse.ArgumentParser(description="每秒能收下多少件举报(经 HTTP,落盘后才答复)")
    parser.add_argument("--seconds", type=float, default=10.0, help="每一档测量多少秒(默认 10)")
    parser.add_argument("--connections", default="1,4,16,64", help="各档同时有多少条连接(默认 1,4,16,64)")
    parser.add_argument("--workers", type=int, default=2, help="临时服务的进程数(默认 2)")
    parser.add_argument("--port", type=int, help="本机已在运行的服务;不给则临时启动一个演示服务")
    options = parser.parse_args()
    steps = [int(step) for step in options.connections.split(",")]
    if options.port:
        failed = measure_all(("127.0.0.1", options.port), steps, options.seconds)
    else:
        with demonstration(options.workers) as address:
            failed = measure_all(address, steps, options.seconds)
    return 1 if failed else 0


def measure_all(address: tuple[str, int], steps: list[int], seconds: float) -> int:
    """Measures each number of connections after a short warm-up, prints a table, returns the answers that failed."""
    Load(address, 4).run(min(2.0, seconds))
    print("  连接    每秒件数  一半(毫秒)  99%(毫秒)  失败  客户端占用")
    failed = 0
    for connections in steps:
        load = Load(address, connections)
        before = time.process_time()
        elapsed = load.run(seconds)
        client = (time.process_time() - before) / elapsed
        times = sorted(load.times) or [float("nan")]
        p50, p99 = (times[int(len(times) * share)] * 1000 for share in (0.50, 0.99))
        rate = len(load.times) / elapsed
        print(f"{connections:>6}{rate:>12.1f}{p50:>12.1f}{p99:>11.1f}{load.failed:>6}{client:>12.0%}", flush=True)
        failed += load.failed
    return failed


@dataclass(eq=False)
class Reporter:
    """One connection that files one report after the other. ``answer``: what has come of the present one's answer."""

    socket: socket.socket
    began: float = 0.0
    answer: bytearray = field(default_factory=bytearray)


class Load:
    """``connections`` reporters at once, each waiting for his answer. ``times``: seconds of each report taken.

    ``failed``: answers other than 201, and connections that ended instead of an answer.
    """

    def __init__(self, address: tuple[str, int], connections: int) -> None:
        self._address = address
        self._connections = connections
        self._selector = selectors.DefaultSelector()
        self._body = json.dumps(REPORT, ensure_ascii=False).encode()
        self.times: list[float] = []
        self.failed = 0

    def run(self, seconds: float) -> float:
        """Files reports for ``seconds`` and waits for the last answers; returns how long all of it took."""
        start = time.monotonic()
        for _ in range(self._connections):
            self._connect()
        while self._selector.get_map():
            ready = self._selector.select(ANSWER_SECONDS)
            if not ready:
                self.failed += len(self._selector.get_map())
                break
            for key, _ in ready:
                self._receive(key.data, start + seconds)
        elapsed = time.monotonic() - start
        for key in list(self._selector.get_map().values()):
            key.data.socket.close()
        self._selector.close()
        return elapsed

    def _connect(self) -> None:
        reporter = Reporter(socket.create_connection(self._address))
        reporter.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(reporter.socket, selectors.EVENT_READ, reporter)
        self._send(reporter)

    def _send(self, reporter: Reporter) -> None:
        head = (
            "POST /api/v1/reports HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(self._body)}\r\nIdempotency-Key: {uuid.uuid4()}\r\n\r\n"
        )
        reporter.answer.clear()
        reporter.began = time.monotonic()
        reporter.socket.sendall(head.encode() + self._body)

    def _receive(self, reporter: Reporter, until: float) -> None:
        try:
            received = reporter.socket.recv(65536)
        except OSError:
            received = b""
        reporter.answer += received
        status = status_of(reporter.answer) if received else 0
        if status is None:
            return
        now = time.monotonic()
        if status == http.HTTPStatus.CREATED:
            self.times.append(now - reporter.began)
        else:
            self.failed += 1
        if now < until and status:
            self._send(reporter)
            return
        self._selector.unregister(reporter.socket)
        reporter.socket.close()
        if now < until:
            self._connect()


def status_of(answer: bytearray) -> int | None:
    """The status of an answer, None before all of it is there."""
    head, end, body = answer.partition(b"\r\n\r\n")
    if not end:
        return None
    lines = head.lower().split(b"\r\n")
    lengths = [int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:")]
    return int(lines[0].split()[1]) if len(body) >= lengths[0] else None


@contextmanager
def demonstration(workers: int) -> Iterator[tuple[str, int]]:
    """A demonstration in a temporary home, served by ``workers`` processes; yields its address."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address: tuple[str, int] = probe.getsockname()
    host = f"{address[0]}:{address[1]}"
    with tempfile.TemporaryDirectory(prefix="supervision-bench-") as home:
        if command("demo", "--if-absent", home=home).wait() != 0:
            raise SystemExit("演示数据没有建成,原因见上。")
        server = command("serve", "--site", "all", "--bind", host, "--workers", str(workers), home=home)
        try:
            wait_until_healthy(host, server)
            yield address
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(timeout=30)


def command(*arguments: str, home: str) -> subprocess.Popen[bytes]:
    """Starts `supervision ARGUMENTS` on the deployment in `home`; what it prints is not shown, but errors."""
    return subprocess.Popen(
        [sys.executable, "-m", "supervision", *arguments],
        cwd=ROOT,
        env={**os.environ, "SUPERVISION_HOME": home},
        stdout=subprocess.DEVNULL,
    )


def wait_until_healthy(host: str, server: subprocess.Popen[bytes]) -> None:
    """Returns when /healthz answers; raises SystemExit when the server ends or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        connection = http.client.HTTPConnection(host, timeout=5)
        try:
            connection.request("GET", "/healthz")
            if connection.getresponse().status == http.HTTPStatus.OK:
                return
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    raise SystemExit(f"服务没有启动:{START_SECONDS} 秒内 http://{host}/healthz 没有应答。")


if __name__ == "__main__":
    sys.exit(main())
