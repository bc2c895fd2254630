"""Rows that a batch of events touches: read once, changed in memory, written once.

A thousand events on the same report cost one read and one write, and what changes a row is an ordinary function
from a frozen dataclass to another.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Generic, TypeVar

from sqlalchemy import Connection, Table, delete, insert, select

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

R = TypeVar("R", bound="DataclassInstance")
K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

PARAMETERS = 500
"""Values in one IN list: databases limit them."""


class Rows(Generic[K, R]):
    """Rows of ``table`` as dataclasses ``row`` with fields of the same names, in groups by the column ``by``.

    Where ``by`` is the whole primary key a group has at most one row: then use :meth:`one` and :meth:`put`.
    """

    def __init__(self, connection: Connection, table: Table, row: type[R], by: str) -> None:
        self._connection = connection
        self._table = table
        self._row = row
        self._by = table.c[by]
        self._fields = tuple(field.name for field in dataclasses.fields(row))
        self._groups: dict[K, tuple[R, ...]] = {}
        self._changed: set[K] = set()

    def preload(self, keys: Iterable[K]) -> None:
        """Read the groups that are not here yet, in few queries."""
        missing = list(dict.fromkeys(key for key in keys if key not in self._groups))
        columns = [self._table.c[name] for name in self._fields]
        for some in chunks(missing, PARAMETERS):
            found: dict[K, list[R]] = {key: [] for key in some}
            query = select(*columns, self._by.label("group_key")).where(self._by.in_(some))
            for *values, key in self._connection.execute(query.order_by(*self._table.primary_key)):
                found[key].append(self._row(**dict(zip(self._fields, values, strict=True))))
            self._groups.update({key: tuple(rows) for key, rows in found.items()})

    def of(self, key: K) -> tuple[R, ...]:
        """The group's rows, in the order of the primary key."""
        if key not in self._groups:
            self.preload([key])
        return self._groups[key]

    def replace(self, key: K, rows: Iterable[R]) -> None:
        """From now on the group consists of ``rows``."""
        after = tuple(rows)
        if after != self.of(key):
            self._groups[key] = after
            self._changed.add(key)

    def one(self, key: K) -> R | None:
        """The row with this key."""
        group = self.of(key)
        return group[0] if group else None

    def put(self, key: K, row: R | None) -> None:
        """Write the row, or take it away."""
        self.replace(key, () if row is None else (row,))

    def flush(self) -> None:
        """Write all that changed."""
        for some in chunks(self._changed, PARAMETERS):
            self._connection.execute(delete(self._table).where(self._by.in_(some)))
        values = [
            {name: getattr(row, name) for name in self._fields} for key in self._changed for row in self._groups[key]
        ]
        if values:
            self._connection.execute(insert(self._table), values)
        self._changed.clear()


def chunks(values: Iterable[T], size: int) -> Iterator[Sequence[T]]:
    """``values`` in lists of at most ``size``."""
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk
