"""Measures the log's recorder against those that others publish, in one run on one machine.

    python scripts/bench_recorders.py [--seconds 0.7] [--rounds 3]

Events of 1.5 KB. Ours with gapless positions, Merkle tree, salts and signatures; the `eventsourcing` library's own
recorders and `eventsourcing-sqlalchemy` with what they do; and, as the limit, the same bytes through bare
`sqlite3`. Everybody durable: SQLite in WAL mode with `synchronous = FULL`, a PostgreSQL of its own with `fsync` on.
Each measurement is a process of its own on an empty database; contenders take turns, and medians of the rounds are
shown, because a machine is never quite alone. Ratios mean something, rates only on the same machine.

The others live in an environment of their own, made once below `build/`: they want an older SQLAlchemy.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from itertools import count
from pathlib import Path
from statistics import median
from typing import TypeAlias
from unicodedata import east_asian_width

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.support.postgres import PostgresServer, find_binaries  # noqa: E402 - a script finds its project itself

MEASURE = ROOT / "scripts/bench/measure.py"
ENVIRONMENT = ROOT / "build/bench"
OTHERS = (
    f"eventsourcing[postgres]=={version('eventsourcing')}",
    f"psycopg[binary]=={version('psycopg')}",
    "eventsourcing-sqlalchemy>=1.0,<2",
)

OURS, LIMIT = "supervision", "bare"
NAMES = {
    OURS: "本日志",
    "library-sqlite": "eventsourcing",
    "library-postgres": "eventsourcing",
    "sqlalchemy": "eventsourcing-sqlalchemy",
    LIMIT: "sqlite3 极限",
}
DATABASES = {
    "SQLite": (OURS, "library-sqlite", "sqlalchemy", LIMIT),
    "PostgreSQL": (OURS, "library-postgres", "sqlalchemy"),
}
COLUMNS = {"1": "1 人", "8": "8 人", "32": "32 人", "batch": "成批", "read": "顺读"}
GOALS = {"1": 0.7, "32": 3.0, "batch": 0.7, "read": 1.0}

Rates: TypeAlias = dict[str, float]
"""Events per second by column."""


def main() -> int:
    parser = argparse.ArgumentParser(description="日志的记录器与别家相比(每件 1.5 KB)")
    parser.add_argument("--seconds", type=float, default=0.7, help="每一项测量多少秒(默认 0.7)")
    parser.add_argument("--rounds", type=int, default=3, help="轮流测量几遍,取中位数(默认 3)")
    options = parser.parse_args()
    others = environment_of_others()
    with ExitStack() as stack:
        databases = {"SQLite": stack.enter_context(sqlite_databases())}
        if binaries := find_binaries():
            databases["PostgreSQL"] = stack.enter_context(postgres_databases(binaries))
        else:
            print("本机没有 PostgreSQL 服务器程序,只测 SQLite。")
        for database, urls in databases.items():
            contenders = DATABASES[database]
            runs: dict[str, list[Rates]] = {contender: [] for contender in contenders}
            for _ in range(options.rounds):
                for contender in contenders:
                    python = sys.executable if contender in (OURS, LIMIT) else str(others)
                    runs[contender].append(measure(python, contender, next(urls), options.seconds))
            show(database, {contender: medians(rates) for contender, rates in runs.items()})
    return 0


def measure(python: str, contender: str, url: str, seconds: float) -> Rates:
    run = subprocess.run(
        [python, MEASURE, contender, url, str(seconds)], check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    rates: Rates = json.loads(run.stdout)
    return rates


def medians(runs: Sequence[Rates]) -> Rates:
    return {column: median(rates[column] for rates in runs) for column in COLUMNS}


def show(database: str, rates: dict[str, Rates]) -> None:
    ours = rates[OURS]
    best = {column: max(its[column] for name, its in rates.items() if name not in (OURS, LIMIT)) for column in COLUMNS}
    print()
    print_row(f"{database}(件/秒)", COLUMNS.values())
    for contender, its in rates.items():
        print_row(NAMES[contender], [f"{its[column]:,.0f}" for column in COLUMNS])
    print_row("本日志 / 最快的别家", [f"{ours[column] / best[column]:.2f}" for column in COLUMNS])
    print_row("至少应为", [f"{GOALS[column]:.1f}" if column in GOALS else "" for column in COLUMNS])


def print_row(name: str, cells: Iterable[str]) -> None:
    print(name + " " * (26 - width(name)) + "".join(" " * (10 - width(cell)) + cell for cell in cells))


def width(text: str) -> int:
    """Columns on a terminal, where a Chinese character takes two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


# --- Where the measurements take place ---------------------------------------------------------------


def environment_of_others() -> Path:
    """The Python of the environment in which the others are installed, made if it is not there."""
    python, made_of = ENVIRONMENT / "bin/python", ENVIRONMENT / "made-of"
    if not made_of.exists() or made_of.read_text() != "\n".join(OTHERS):
        print("为别家的记录器建立临时环境(首次约半分钟)……", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", ENVIRONMENT], check=True)
        subprocess.run([python, "-m", "pip", "--disable-pip-version-check", "-qq", "install", *OTHERS], check=True)
        made_of.write_text("\n".join(OTHERS))
    return python


@contextmanager
def sqlite_databases() -> Iterator[Iterator[str]]:
    """URLs of new SQLite files, as many as are asked for."""
    with tempfile.TemporaryDirectory(prefix="supervision-bench-") as directory:
        yield (f"sqlite:///{directory}/{number}.sqlite3" for number in count())


@contextmanager
def postgres_databases(binaries: Path) -> Iterator[Iterator[str]]:
    """URLs of new databases in a PostgreSQL server that lives as long."""
    with PostgresServer(binaries, durable=True) as server:
        yield (server.url(server.create_database()) for _ in count())


if __name__ == "__main__":
    sys.exit(main())
