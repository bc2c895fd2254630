"""Pages of long lists, by the key in the address."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from projections.queries import Page

T = TypeVar("T")


def page_behind(after: str, ask: Callable[[str], Page[T]]) -> Page[T]:
    """What ``ask`` answers for the key ``after``; the first page for a key that no page ever gave."""
    try:
        return ask(after)
    except ValueError:
        return ask("")
