"""An officer's account: appointed, enrolled with keys of his own, given office keys, departed."""

from __future__ import annotations

from uuid import UUID

from events.model import Sealing
from events.vocabulary import officer as facts
from supervision.domain.aggregate import Aggregate, Stamp, applies
from supervision.domain.refusal import Refused


class OfficerAccount(Aggregate):
    """One officer. Keys are Base64; ``grants`` maps an office to the sealing that wraps its key to him."""

    def __init__(self, stream_id: UUID) -> None:
        super().__init__(stream_id)
        self.officer = ""
        self.name = ""
        self.office = ""
        self.roles: tuple[str, ...] = ()
        self.signing_key = ""
        self.kem_key = ""
        self.grants: dict[str, Sealing] = {}
        self.departed = False

    @classmethod
    def appoint(
        cls,
        stream_id: UUID,
        stamp: Stamp,
        *,
        officer: str,
        name: str,
        home_office: str,
        roles: tuple[str, ...],
        enrolment_key: str,
    ) -> OfficerAccount:
        """Open an account; the officer can do nothing until he has enrolled with his one-time code's key."""
        account = cls(stream_id)
        account.record(
            facts.OfficerAppointed,
            stamp,
            officer=officer,
            name=name,
            home_office=home_office,
            roles=roles,
            enrolment_key=enrolment_key,
        )
        return account

    def enrol(self, stamp: Stamp, *, signing_key: str, kem_key: str) -> None:
        """The officer's keys are born; the event is signed with the one-time code's key."""
        self._active()
        if self.signing_key:
            raise Refused("enrolled", "该账号已启用；如遗失口令，请联系管理员重新发放一次性启用码。")
        self.record(facts.OfficerEnrolled, stamp, officer=self.officer, signing_key=signing_key, kem_key=kem_key)

    def grant_office_key(self, stamp: Stamp, *, key_office: str, sealing: Sealing) -> None:
        """A holder of the office's key wraps it to this officer."""
        self._active()
        if not self.kem_key:
            raise Refused("not_enrolled", "该人员尚未启用账号，没有可用密钥；请其先启用账号。")
        if key_office in self.grants:
            raise Refused("granted", "该人员已持有本单位密钥，无需重复授予。")
        self.record(facts.OfficeKeyGranted, stamp, officer=self.officer, key_office=key_office, sealing=sealing)

    def withdraw_office_key(self, stamp: Stamp, *, key_office: str) -> tuple[str, ...]:
        """Take an office's key away; returns the SHA-256 (hex) of the wraps to destroy in the same transaction."""
        sealing = self.grants.get(key_office)
        if sealing is None:
            raise Refused("not_granted", "该人员未持有本单位密钥。")
        destroyed = tuple(wrap.sha256 for key in sealing.keys for wrap in key.wraps)
        self.record(facts.OfficeKeyWithdrawn, stamp, officer=self.officer, key_office=key_office, destroyed=destroyed)
        return destroyed

    def change_roles(self, stamp: Stamp, *, home_office: str, roles: tuple[str, ...]) -> None:
        """Other duties; office keys of the former office are withdrawn by the caller in the same transaction."""
        self._active()
        self.record(facts.OfficerRolesChanged, stamp, officer=self.officer, home_office=home_office, roles=roles)

    def depart(self, stamp: Stamp) -> None:
        """Close the account."""
        self._active()
        self.record(facts.OfficerDeparted, stamp, officer=self.officer)

    def _active(self) -> None:
        if self.departed:
            raise Refused("departed", "该账号已停用；如需恢复，请由管理员重新任命。")

    @applies(facts.OfficerAppointed)
    def _appointed(self, event: facts.OfficerAppointed) -> None:
        self.officer = event.officer
        self.name = event.name
        self.office = event.home_office
        self.roles = event.roles

    @applies(facts.OfficerEnrolled)
    def _enrolled(self, event: facts.OfficerEnrolled) -> None:
        self.signing_key = event.signing_key
        self.kem_key = event.kem_key

    @applies(facts.OfficeKeyGranted)
    def _granted(self, event: facts.OfficeKeyGranted) -> None:
        self.grants[event.key_office] = event.sealing

    @applies(facts.OfficeKeyWithdrawn)
    def _withdrawn(self, event: facts.OfficeKeyWithdrawn) -> None:
        self.grants.pop(event.key_office, None)

    @applies(facts.OfficerRolesChanged)
    def _roles_changed(self, event: facts.OfficerRolesChanged) -> None:
        self.office = event.home_office
        self.roles = event.roles

    @applies(facts.OfficerDeparted)
    def _departed(self, event: facts.OfficerDeparted) -> None:
        self.departed = True
