"""Pages by key, capped counts, and rows as dataclasses."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sqlalchemy import Select, func, select

from projections.store import Reader

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

R = TypeVar("R", bound="DataclassInstance")
T = TypeVar("T")

COUNTED_TO = 1000
"""A count stops here: nobody needs to know whether it is a thousand or a million, and counting them takes a while."""


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some rows of a list. ``next``: pass it as ``after`` for the page that follows; "" on the last one."""

    rows: tuple[T, ...]
    next: str = ""


@dataclass(frozen=True)
class Count:
    """How many there are. ``capped``: there are ``value`` or more."""

    value: int
    capped: bool = False

    @classmethod
    def of(cls, number: int) -> Count:
        """``number`` may be up to one more than is counted to."""
        return cls(min(number, COUNTED_TO), number > COUNTED_TO)

    def __str__(self) -> str:
        return f"{self.value}+" if self.capped else str(self.value)


def fetch(reader: Reader, query: Select[Any], row: type[R]) -> tuple[R, ...]:
    """The rows of ``query`` as ``row``, whose fields are columns of the same names."""
    names = [field.name for field in dataclasses.fields(row)]
    return tuple(row(**{n: found[n] for n in names}) for found in reader.connection.execute(query).mappings())


def fetch_one(reader: Reader, query: Select[Any], row: type[R]) -> R | None:
    """The first row of ``query``."""
    return next(iter(fetch(reader, query.limit(1), row)), None)


def count_some(reader: Reader, query: Select[Any]) -> int:
    """Number of rows of ``query``, counted up to one more than :data:`COUNTED_TO`."""
    some = query.limit(COUNTED_TO + 1).subquery()
    return int(reader.connection.scalar(select(func.count()).select_from(some)) or 0)


def page_of(rows: Sequence[T], limit: int, keys: Iterable[str]) -> Page[T]:
    """A page of ``limit`` rows from one row more, if there is one. ``keys``: of the rows, in order."""
    if len(rows) <= limit:
        return Page(tuple(rows))
    return Page(tuple(rows[:limit]), list(keys)[limit - 1])
