"""Relay officers in tests: each with the key file that the ceremony gave him."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from events.custody import CustodyBatch
from events.model import ActedEvent
from supervision.casework import contact as use
from supervision.casework.contact import Reachable
from supervision.domain.contact import ContactUse
from supervision.domain.contact_codes import ContactOutcome, ContactPurpose, ContactWay
from supervision.platform import Platform
from tests.support.deployment import seeds
from tests.support.office import OWN, Office

PENDING: Mapping[str, Any] = {**OWN, "named_status": "pending", "verification": "none"}


def key_file(platform: Platform, holder: str) -> bytes:
    """What ``supervision custodian keygen`` writes for this holder of the ceremony."""
    return f"{seeds(platform)[holder].hex()}\n".encode()


class Contacts:
    """Everybody who takes part in the contacts of one county."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.desk = office.desk

    def key(self, relay: str) -> bytes:
        return key_file(self.office.platform, f"relay/{relay}")

    def request(self, officer: str, report: UUID, purpose: ContactPurpose = ContactPurpose.ACCEPTANCE) -> UUID:
        return use.request(self.desk, self.office.sessions[officer], report, purpose)

    def contribute(self, relay: str, contact: UUID, key: bytes | None = None) -> int:
        return use.contribute(self.desk, self.office.sessions[relay], contact, key or self.key(relay))

    def look(self, relay: str, contact: UUID, key: bytes | None = None) -> Reachable:
        return use.use_once(self.desk, self.office.sessions[relay], contact, key or self.key(relay))

    def conclude(
        self,
        relay: str,
        contact: UUID,
        outcome: ContactOutcome = ContactOutcome.REACHED,
        way: ContactWay = ContactWay.PHONE,
    ) -> int:
        day = self.office.clock().date()
        return use.conclude(self.desk, self.office.sessions[relay], contact, outcome, way, day)

    def reached(self, officer: str, report: UUID, purpose: ContactPurpose, outcome: ContactOutcome) -> UUID:
        """The whole way."""
        contact = self.request(officer, report, purpose)
        self.contribute("relay-1", contact)
        self.look("relay-2", contact)
        self.conclude("relay-2", contact, outcome)
        return contact

    def close(self, officer: str, contact: UUID) -> int:
        return use.close(self.desk, self.office.sessions[officer], contact)

    def state(self, contact: UUID) -> ContactUse:
        return self.desk.contact(contact)

    def forced(
        self, officer: str, contact: UUID, kind: type[ActedEvent], custody: CustodyBatch | None = None, **fields: object
    ) -> None:
        """An officer with the database's password writes what the program would refuse, with his genuine key."""
        session, state = self.office.sessions[officer], self.state(contact)
        more: dict[str, Any] = {**self.desk.stamp(session).fields(), "report": state.asked.report, **fields}
        event = kind(originator_id=contact, originator_version=state.version + 1, **more)
        self.desk.ledger.record(event, signer=session.signer, custody=custody)
