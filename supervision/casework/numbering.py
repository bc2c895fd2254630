"""Numbers from the registers: drawn in the same transaction as the event that uses them (A-10)."""

from __future__ import annotations

from collections.abc import Callable

from events.ledger import Conflict
from supervision.casework.desk import Desk
from supervision.casework.officer_session import OfficerSession
from supervision.domain.aggregate import Aggregate
from supervision.domain.refusal import Refused

ATTEMPTS = 20

#: What follows the office's word in the numbers of each kind. Clues have an office, and so a word, of their own.
_KIND_WORDS = {"report": "", "sealed_report": "径", "clue": ""}


def record_numbered(
    desk: Desk,
    officer: OfficerSession,
    *,
    kind: str,
    office: str,
    subject: str,
    decide: Callable[[str], Aggregate],
) -> int:
    """Assign the next number of ``office``'s register of ``kind`` to the stream ``subject``, and use it.

    ``decide`` is given the number, loads the aggregate afresh and lets it decide; both are saved together. Two
    clerks who register at once meet on the register's stream: the slower one is given the next number. Returns the
    position written. Raises Refused, and Conflict where the subject itself has changed.
    """
    prefix = desk.settings.office(office).prefix + _KIND_WORDS[kind]
    year = desk.clock().year
    for _ in range(ATTEMPTS):
        register = desk.register(office, kind, year)
        number = register.assign(desk.stamp(officer), kind=kind, prefix=prefix, year=year, subject=subject)
        numbered = decide(number)
        try:
            return desk.record(officer.signer, register, numbered)
        except Conflict as conflict:
            if numbered.id in conflict.stream_ids:
                raise
    raise Refused("busy", "登记编号暂时繁忙，没有登记成功；请稍后再试。")
