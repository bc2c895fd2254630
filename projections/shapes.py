"""Tables of projections: declared once as shapes, created under a name for each version.

A shape is a :class:`~sqlalchemy.Table` such as ``report``; version ``1.3fa9c1d2`` of its projection stores it as
``report_v1_3fa9c1d2``. So the next version is built beside the present one, and nothing is ever migrated.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Dialect, MetaData, Table, Text
from sqlalchemy.sql import quoted_name
from sqlalchemy.types import TypeDecorator

SHAPES = MetaData()
"""Holds the declarations; nothing is created from it."""

#: Sorted by code point on both databases, so that a range of an index means the same on both.
Code = Text().with_variant(Text(collation="C"), "postgresql")


class Json(TypeDecorator[Any]):
    """A JSON value in a text column; sorted members, so that equal values are equal rows."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any | None, dialect: Dialect) -> str:
        return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


class Texts(Json):
    """``tuple[str, ...]`` as a JSON array."""

    cache_ok = True

    def process_result_value(self, value: Any | None, dialect: Dialect) -> tuple[str, ...]:
        return tuple(json.loads(value or "[]"))


@dataclass(frozen=True)
class Layout:
    """What a projection stores. ``schema``: number of its code, raised when rows would come out differently.

    ``rules``: version of injected rules that the rows depend on, or "".
    """

    name: str
    schema: int
    shapes: tuple[Table, ...]
    rules: str = ""

    @property
    def version(self) -> str:
        """The effective version: ``1``, or ``1.3fa9c1d2`` where rules are part of it."""
        if not self.rules:
            return str(self.schema)
        return f"{self.schema}.{hashlib.sha256(self.rules.encode()).hexdigest()[:8]}"


class Bound:
    """The tables of one layout in one version. ``bound[REPORT]`` is where the shape ``REPORT`` is stored."""

    def __init__(self, layout: Layout, version: str, schema: str | None) -> None:
        self.metadata = MetaData(schema=schema)
        suffix = version.replace(".", "_")
        self._tables = {
            shape.name: shape.to_metadata(self.metadata, name=f"{shape.name}_v{suffix}") for shape in layout.shapes
        }
        for table in self._tables.values():
            for index in table.indexes:
                # The name of an index is one for the whole schema.
                index.name = quoted_name(f"{table.name}_{index.name}", None)

    def __getitem__(self, shape: Table) -> Table:
        return self._tables[shape.name]

    @property
    def tables(self) -> Mapping[str, Table]:
        """Name of the shape to its table."""
        return self._tables
