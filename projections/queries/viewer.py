"""On whose behalf a query is asked, and what he may see."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, or_, select, true

from projections.awaiting import CLERK, DEPUTY
from projections.report_row import EXCLUDED, REPORT, REPORT_HANDLER
from projections.store import Reader

#: Work of another role that is his as well: the clerk of 12380 is a clerk, the principal may approve for a deputy.
_ALSO = {"personnel_clerk": CLERK, "principal": DEPUTY}


@dataclass(frozen=True, kw_only=True)
class Viewer:
    """An officer at his screen. ``offices``: whose work he sees: his own, for a leader those he leads; None for all."""

    officer: str
    roles: frozenset[str]
    offices: frozenset[str] | None

    @property
    def acting_roles(self) -> tuple[str, ...]:
        """Roles whose work waits for him."""
        return tuple(sorted(self.roles | {_ALSO[role] for role in self.roles if role in _ALSO}))


def visible_to(reader: Reader, viewer: Viewer) -> ColumnElement[bool]:
    """Reports that an office of his has to do with or that he handles, and that he is not excluded from."""
    report = reader[REPORT].c
    own: ColumnElement[bool] = true()
    if viewer.offices is not None:
        offices = sorted(viewer.offices)
        handler = reader[REPORT_HANDLER].c
        own = or_(
            report.office.in_(offices),
            report.department.in_(offices),
            report.notified_office.in_(offices),
            exists(
                select(handler.officer).where(handler.report_id == report.report_id, handler.officer == viewer.officer)
            ),
        )
    return own & not_excluded(reader, viewer.officer, report.report_id)


def not_excluded(reader: Reader, officer: str, report_id: ColumnElement[object]) -> ColumnElement[bool]:
    """SoD-7: ``officer`` may see the report that the outer query's ``report_id`` names."""
    excluded = reader[EXCLUDED].c
    return ~exists(select(excluded.officer).where(excluded.report_id == report_id, excluded.officer == officer))
