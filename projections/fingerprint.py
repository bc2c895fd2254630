"""A hash over all rows of all read models: equal hashes, equal rows, in whatever order and version they were built."""

from __future__ import annotations

import hashlib
import json

from sqlalchemy import select

from projections.shapes import Layout
from projections.store import Reader

ROWS_AT_ONCE = 1000


def fingerprint(reader: Reader, layouts: tuple[Layout, ...]) -> str:
    """SHA-256 (hex) over every row of ``layouts`` in the order of its primary key, the same on both databases."""
    digest = hashlib.sha256()
    for shape in sorted((s for layout in layouts for s in layout.shapes), key=lambda s: s.name):
        table = reader[shape]
        digest.update(f"{shape.name}\n".encode())
        rows = reader.connection.execution_options(yield_per=ROWS_AT_ONCE).execute(
            select(table).order_by(*table.primary_key)
        )
        for row in rows:
            digest.update(json.dumps(list(row), ensure_ascii=False, default=str).encode() + b"\n")
    return digest.hexdigest()
