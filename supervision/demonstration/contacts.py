"""Contacts with reporters in 云岫县: one that reached him and counts as his notice, one that waits for the second relay
officer.

Relay officers bring the key files that the ceremony handed over, as they would at their desks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from supervision.business_time import SHANGHAI
from supervision.casework import contact as use
from supervision.casework.actions import carry_out
from supervision.casework.catalogue import BY_NAME
from supervision.casework.officer_session import OfficerSession
from supervision.domain.codes import Notice
from supervision.domain.contact_codes import ContactOutcome, ContactPurpose, ContactWay
from supervision.platform import Platform
from supervision.sealing.ceremony import Ceremony

FIRST, SECOND = "relay-1", "relay-2"


@dataclass(frozen=True)
class Contact:
    """Moments are local time; ``used_at``: "" where the second relay officer has not looked yet."""

    sample: str
    requester: str
    purpose: ContactPurpose
    asked_at: str
    shared_at: str
    used_at: str = ""


CONTACTS = (
    # 申诉已分流，由联络员告知去向
    Contact("S16", "clerk-1", ContactPurpose.ROUTING, "2026-11-17T09:10", "2026-11-17T10:00", "2026-11-17T15:00"),
    # 约请补充情况，等另一名联络员查看
    Contact("S04", "inspector-1", ContactPurpose.SUPPLEMENT, "2026-11-19T16:10", "2026-11-20T08:50"),
)


def tell(
    platform: Platform,
    ceremony: Ceremony,
    officers: Mapping[str, OfficerSession],
    set_clock: Callable[[datetime], None],
    contact: Contact,
    report_id: UUID,
) -> None:
    """Let everybody do his part as far as the story goes."""

    def at(moment: str) -> None:
        set_clock(datetime.fromisoformat(moment).replace(tzinfo=SHANGHAI))

    def key_file(relay: str) -> bytes:
        return ceremony.secrets[f"relay/{relay}"].hex().encode()

    desk, requester = platform.desk, officers[contact.requester]
    at(contact.asked_at)
    asked = use.request(desk, requester, report_id, contact.purpose)
    at(contact.shared_at)
    use.contribute(desk, officers[FIRST], asked, key_file(FIRST))
    if not contact.used_at:
        return
    at(contact.used_at)
    use.use_once(desk, officers[SECOND], asked, key_file(SECOND))
    today = platform.clock().date()
    use.conclude(desk, officers[SECOND], asked, ContactOutcome.REACHED, ContactWay.PHONE, today)
    carry_out(BY_NAME["notify_reporter"], desk, requester, report_id, {"mode": Notice.RELAY.value})
