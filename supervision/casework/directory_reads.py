"""The directory, answered from the read models."""

from __future__ import annotations

from uuid import UUID

from projections import queries
from projections.officers import OfficerRow
from projections.store import ReadStore
from supervision.casework.directory import Colleague
from supervision.domain.codes import Role


class ReadDirectory:
    """A :class:`~supervision.casework.directory.Directory` over a read store; ``NotReady`` while that is built."""

    def __init__(self, reads: ReadStore) -> None:
        self._reads = reads

    def colleagues(self) -> list[Colleague]:
        with self._reads.reading() as reader:
            return [_colleague(row) for row in queries.officers(reader, departed=True)]

    def reports_handled_by(self, officer: str) -> list[UUID]:
        with self._reads.reading() as reader:
            return list(queries.reports_handled_by(reader, officer))

    def report_by_number(self, number: str) -> UUID | None:
        with self._reads.reading() as reader:
            row = queries.by_number(reader, number)
        return row.report_id if row else None


def _colleague(row: OfficerRow) -> Colleague:
    return Colleague(
        officer=row.officer,
        name=row.name,
        office=row.office,
        roles=frozenset(Role(role) for role in row.roles),
        enrolled=row.enrolled,
        departed=row.departed,
        holds=frozenset(row.holds),
        recovered=row.recovered,
        vouched=frozenset(row.vouched),
        second_factor=row.second_factor,
        change=row.change,
        proposer=row.proposer,
    )
