"""Measures what the front door takes: reports per second over HTTP, each answered after its durable commit.

    python scripts/bench_reports.py [--seconds 10] [--clients 16] [--port 8000]

Without --port it starts a demonstration deployment in a temporary home on a free port and takes it away
afterwards; SUPERVISION_DATABASE_URL points it at PostgreSQL. It only ever calls this machine: clients and
server share it, so the figure is what the machine does with both.
"""

import argparse
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
START_SECONDS = 60

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
    parser.add_argument("--seconds", type=float, default=10.0, help="测量多少秒(默认 10)")
    parser.add_argument("--clients", type=int, default=16, help="同时有多少个举报人(默认 16)")
    parser.add_argument("--port", type=int, help="本机已在运行的服务;不给则临时启动一个演示服务")
    options = parser.parse_args()
    if options.port:
        measure(f"127.0.0.1:{options.port}", options.clients, options.seconds)
    else:
        with demonstration() as host:
            measure(host, options.clients, options.seconds)
    return 0


def measure(host: str, clients: int, seconds: float) -> None:
    """Sends reports for `seconds`, after a tenth of that as warm-up, and prints the figures."""
    file_reports(host, time.monotonic() + seconds / 10)
    start = time.monotonic()
    with ThreadPoolExecutor(clients) as pool:
        runs = list(pool.map(file_reports, [host] * clients, [start + seconds] * clients))
    elapsed = time.monotonic() - start
    times = sorted(each for run in runs for each in run)
    p50, p95, p99 = (times[int(len(times) * share)] * 1000 for share in (0.50, 0.95, 0.99))
    print(f"{len(times)} 件,{elapsed:.1f} 秒,{clients} 人同时:每秒 {len(times) / elapsed:.1f} 件")
    print(f"每件用时(毫秒):一半不超过 {p50:.0f},95% 不超过 {p95:.0f},99% 不超过 {p99:.0f}")


def file_reports(host: str, until: float) -> list[float]:
    """Files one report after the other over one connection; returns the seconds that each took."""
    connection = http.client.HTTPConnection(host, timeout=60)
    times = []
    while (begin := time.monotonic()) < until:
        headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
        connection.request("POST", "/api/v1/reports", json.dumps(REPORT), headers)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 201:
            raise SystemExit(f"服务没有收下举报:{answer.status} {body.decode(errors='replace')[:500]}")
        times.append(time.monotonic() - begin)
    connection.close()
    return times


@contextmanager
def demonstration() -> Iterator[str]:
    """A served demonstration in a temporary home; yields its host:port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        host = f"127.0.0.1:{probe.getsockname()[1]}"
    with tempfile.TemporaryDirectory(prefix="supervision-bench-") as home:
        if command("demo", "--if-absent", home=home).wait() != 0:
            raise SystemExit("演示数据没有建成,原因见上。")
        server = command("serve", "--site", "all", "--bind", host, home=home)
        try:
            wait_until_healthy(host, server)
            yield host
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
