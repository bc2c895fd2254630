"""Whether relay officers have given a notice: on what “联络员告知” and “联络员核实” rest (A-24, A-26, A-27)."""

from __future__ import annotations

from uuid import UUID

from supervision.casework.contact import contacts_of
from supervision.casework.desk import Desk
from supervision.domain.contact import notice_given
from supervision.domain.contact_codes import ContactPurpose
from supervision.domain.contact_rules import TOLD_AFTER


def refuse_unless_reached(desk: Desk, report_id: UUID, purpose: ContactPurpose) -> None:
    """Raises Refused unless relay officers were asked to tell it after it was decided, and have reached the reporter.

    What they told of an earlier decision is no notice of a later one.
    """
    decided = [
        desk.log.position_of(report_id, event.originator_version) or 0
        for event in desk.ledger.events_of(report_id)
        if isinstance(event, TOLD_AFTER.get(purpose, ()))
    ]
    since = max(decided, default=0)
    uses = [use for use in contacts_of(desk, report_id) if (desk.log.position_of(use.id, 1) or 0) > since]
    notice_given(uses, purpose)
