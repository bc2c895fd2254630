"""What a thief of a home carries off, and the search for marks in it.

Each field that somebody fills in gets a mark of its own; :class:`Planted` remembers which of them may be found.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from tests.support.traces import spellings

KEYS = re.compile(r"home/(secrets/|handover/|seeds\.json$)")


STEMS = ("砚檀隰鸮", "QZX7K4VJ")
"""How the Chinese and the ASCII half of each mark begin: a search for these two finds them all."""


def mark(name: str) -> str:
    """A text that stands nowhere else; of 20 characters, since no field takes less."""
    return "".join(_halves(name))


def _halves(name: str) -> tuple[str, str]:
    drawn = hashlib.sha256(name.encode()).digest()
    chinese = "".join(chr(0x4E00 + int.from_bytes(drawn[at : at + 2]) % 20_000) for at in range(0, 8, 2))
    return STEMS[0] + chinese, STEMS[1] + drawn[8:10].hex().upper()


@dataclass
class Planted:
    """Names of the marks by what a thief may learn of them. Each method plants a mark and gives its text."""

    sealed: list[str] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)

    def hidden(self, name: str) -> str:
        """Found nowhere."""
        self.sealed.append(name)
        return mark(name)

    def fact(self, name: str) -> str:
        """Found in the read models."""
        self.facts.append(name)
        return mark(name)

    def reporter(self, door: str, *names: str) -> dict[str, str]:
        """What somebody says of himself."""
        return {name: self.hidden(f"{door}/reporter/{name}") for name in names}

    def person(self, door: str, *facts: str, up: bool = False) -> dict[str, str]:
        """Who is reported. ``up``: to the superior, so that nothing of him is a fact here."""
        plant = self.hidden if up else self.fact
        return {"name": self.hidden(f"{door}/name")} | {name: plant(f"{door}/{name}") for name in facts}


@dataclass
class Loot:
    """``kept``: place to content, now and while drafts were open; ``said``: output and log of the process.

    ``codes``: the 查询码 that were given out.
    """

    planted: Planted
    kept: dict[str, bytes]
    during: dict[str, bytes]
    said: bytes
    codes: list[str]

    def places(self, *texts: str) -> set[str]:
        """Where a text is found, in any spelling."""
        wanted = {spelling for text in texts for spelling in _spellings(text)}
        return {place for place, content in self._everything() if any(spelling in content for spelling in wanted)}

    def marked(self) -> dict[str, set[str]]:
        """Names of all marks that are found anywhere, and where."""
        found: dict[str, set[str]] = {}
        stems = [spelling for stem in STEMS for spelling in _spellings(stem)]
        names = dict.fromkeys([*self.planted.sealed, *self.planted.facts])
        searched = {name: [spelling for half in _halves(name) for spelling in _spellings(half)] for name in names}
        for place, content in self._everything():
            near = b"".join(_around(stem, content) for stem in stems)
            hit = [name for name in searched if near and any(spelling in near for spelling in searched[name])]
            for name in hit or (["a mark cut short"] if near else []):
                found.setdefault(name, set()).add(place)
        return found

    def _everything(self) -> Iterator[tuple[str, bytes]]:
        yield from self.during.items()
        yield from self.kept.items()
        yield "said", self.said


def _spellings(text: str) -> set[bytes]:
    """As anywhere, and as in an address."""
    return {*spellings(text), quote(text).encode()}


def _around(stem: bytes, content: bytes, reach: int = 150) -> bytes:
    """What stands near each place where the stem is found."""
    near, at = b"", content.find(stem)
    while at >= 0:
        near += content[max(0, at - reach) : at + reach] + b"\0"
        at = content.find(stem, at + 1)
    return near


def steal(directory: Path, database_url: str) -> dict[str, bytes]:
    """Every byte of every file below ``directory`` but the keys, and every row of a PostgreSQL."""
    files = [path for path in directory.rglob("*") if path.is_file()]
    names = {path: path.relative_to(directory).as_posix() for path in files}
    kept = {name: path.read_bytes() for path, name in names.items() if not KEYS.match(name)}
    if database_url.startswith("postgresql"):
        kept |= _rows(database_url)
    return kept


def _rows(database_url: str) -> dict[str, bytes]:
    every_table = (
        "SELECT table_schema, table_name FROM information_schema.tables"
        " WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
    )
    with psycopg.connect(database_url.replace("+psycopg", "")) as connection:
        found = {}
        for schema, table in connection.execute(every_table).fetchall():
            rows = connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(schema, table))).fetchall()
            cells = (cell if isinstance(cell, bytes) else str(cell).encode() for row in rows for cell in row)
            found[f"{schema}.{table}"] = b"\n".join(cells)
    return found


@contextlib.contextmanager
def overheard() -> Iterator[io.StringIO]:
    """Everything that is printed or logged in this process, at every level."""
    heard = io.StringIO()
    handler, root = logging.StreamHandler(heard), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with contextlib.redirect_stdout(heard), contextlib.redirect_stderr(heard):
            yield heard
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
