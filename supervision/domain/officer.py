"""An officer's account: appointed, enrolled with keys of his own, given office keys, changed by two, departed."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from events.model import Event, Sealing
from events.vocabulary import officer as facts
from supervision.domain import separation
from supervision.domain.aggregate import Aggregate, Stamp, applies
from supervision.domain.refusal import Refused, refuse
from supervision.domain.staffing import AccountChange

CEREMONY = "ceremony"
"""The actor whose appointments count at once: the key ceremony is one of several people already."""


@dataclass(frozen=True, kw_only=True)
class PendingChange:
    """What an administrator proposed. ``home_office``, ``roles``: for a change of duties, else "" and none."""

    change: AccountChange
    proposer: str
    home_office: str = ""
    roles: tuple[str, ...] = ()


class OfficerAccount(Aggregate):
    """One officer. Keys are Base64.

    ``grants`` maps an office to the sealing that wraps its key to him. ``recovered``: his keys were replaced after a
    lost passphrase, so office keys come back by two holders; ``vouched`` maps an office to the first of the two.
    ``second_factor``: number of the secret in force, 0 for none; ``factors``: how many there have been. ``standing``:
    version of the last event that ends running sessions.
    """

    def __init__(self, stream_id: UUID) -> None:
        super().__init__(stream_id)
        self.officer = ""
        self.name = ""
        self.office = ""
        self.roles: tuple[str, ...] = ()
        self.signing_key = ""
        self.kem_key = ""
        self.grants: dict[str, Sealing] = {}
        self.invited = False
        self.recovered = False
        self.vouched: dict[str, str] = {}
        self.pending: PendingChange | None = None
        self.second_factor = 0
        self.factors = 0
        self.departed = False
        self.standing = 0

    # -- coming in --------------------------------------------------------------------------------------------

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
        """Open an account. He can do nothing before he has enrolled with his one-time code's key, and has no duties
        before a security administrator has confirmed them, unless the key ceremony appoints him."""
        refuse(separation.against_duties(roles))
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
        if not self.invited:
            raise Refused("enrolled", "该账号已启用；如遗失口令，请联系管理员重新发放一次性启用码。")
        self.record(facts.OfficerEnrolled, stamp, officer=self.officer, signing_key=signing_key, kem_key=kem_key)

    # -- office keys ------------------------------------------------------------------------------------------

    def propose_regrant(self, stamp: Stamp, *, key_office: str) -> None:
        """A holder vouches for a colleague who lost his passphrase."""
        self._can_be_granted(stamp, key_office)
        if not self.recovered:
            raise Refused("not_recovered", "该人员没有更换过密钥，可以直接授予。")
        if key_office in self.vouched:
            raise Refused("vouched", "已有一名持有人提出，请由另一名持有人授予。")
        self.record(facts.RegrantProposed, stamp, officer=self.officer, key_office=key_office)

    def grant_office_key(self, stamp: Stamp, *, key_office: str, sealing: Sealing) -> None:
        """A holder of the office's key wraps it to this officer; after a lost passphrase the second of two holders."""
        self._can_be_granted(stamp, key_office)
        if self.recovered and self.vouched.get(key_office, stamp.actor) == stamp.actor:
            raise Refused("two_holders", "该人员遗失过口令，须由一名持有人提出、另一名持有人授予；请另一人办理。")
        self.record(facts.OfficeKeyGranted, stamp, officer=self.officer, key_office=key_office, sealing=sealing)

    def withdraw_office_key(self, stamp: Stamp, *, key_office: str) -> tuple[str, ...]:
        """Take an office's key away; returns the SHA-256 (hex) of the wraps to destroy in the same transaction."""
        sealing = self.grants.get(key_office)
        if sealing is None:
            raise Refused("not_granted", "该人员未持有本单位密钥。")
        destroyed = _wraps(sealing)
        self.record(facts.OfficeKeyWithdrawn, stamp, officer=self.officer, key_office=key_office, destroyed=destroyed)
        return destroyed

    # -- what takes two administrators (SoD-6) ------------------------------------------------------------------

    def propose(
        self, stamp: Stamp, change: AccountChange, *, home_office: str = "", roles: tuple[str, ...] = ()
    ) -> None:
        """An administrator proposes. ``home_office``, ``roles``: for a change of duties."""
        self._by_another(stamp)
        if self.pending is not None:
            raise Refused("pending", f"该账号已有待确认事项“{self.pending.change.label}”；请先确认或者退回。")
        if change is AccountChange.ROLES:
            if not roles:
                raise Refused("roles", "请至少选择一个岗位；不再承担工作的，请停用账号。")
            refuse(separation.against_duties(roles))
            if (home_office, set(roles)) == (self.office, set(self.roles)):
                raise Refused("unchanged", "所选单位和岗位与现在相同，没有需要调整的。")
        elif not self.signing_key:
            raise Refused("not_enrolled", "该人员尚未启用账号；启用码失效的，请停用后另设账号。")
        if change is AccountChange.SECOND_FACTOR and not self.second_factor:
            raise Refused("no_factor", "该人员没有设置动态验证码，无需重置。")
        self.record(
            facts.ChangeProposed,
            stamp,
            officer=self.officer,
            change=change.value,
            home_office=home_office,
            roles=roles,
        )

    def refuse_change(self, stamp: Stamp) -> None:
        """The other administrator does not agree, or the proposer takes it back."""
        self._by_another(stamp)
        if self.pending is None:
            raise Refused("nothing_pending", "该账号没有待确认事项；请刷新页面。")
        self.record(facts.ChangeRefused, stamp, officer=self.officer, change=self.pending.change.value)

    def change_roles(self, stamp: Stamp) -> None:
        """Other duties, as proposed; the caller withdraws the former office's keys in the same transaction."""
        pending = self._proposed(stamp, AccountChange.ROLES)
        self.record(
            facts.OfficerRolesChanged,
            stamp,
            officer=self.officer,
            home_office=pending.home_office,
            roles=pending.roles,
        )

    def reinvite(self, stamp: Stamp, *, enrolment_key: str) -> tuple[str, ...]:
        """A new one-time code after a lost passphrase; returns the SHA-256 (hex) of the wraps to destroy."""
        self._proposed(stamp, AccountChange.RECOVERY)
        destroyed = tuple(sha256 for sealing in self.grants.values() for sha256 in _wraps(sealing))
        self.record(
            facts.OfficerReinvited,
            stamp,
            officer=self.officer,
            enrolment_key=enrolment_key,
            destroyed=destroyed,
        )
        return destroyed

    def reset_second_factor(self, stamp: Stamp) -> None:
        """The authenticator is lost."""
        self._proposed(stamp, AccountChange.SECOND_FACTOR)
        self.record(facts.SecondFactorReset, stamp, officer=self.officer)

    # -- his own affair -----------------------------------------------------------------------------------------

    def set_second_factor(self, stamp: Stamp) -> None:
        """From now on signing in takes a code of the next secret."""
        self._active()
        self.record(facts.SecondFactorSet, stamp, officer=self.officer, number=self.factors + 1)

    def change_passphrase(self, stamp: Stamp) -> None:
        """Another passphrase; the keys stay."""
        self._active()
        self.record(facts.PassphraseChanged, stamp, officer=self.officer)

    # -- leaving ------------------------------------------------------------------------------------------------

    def depart(self, stamp: Stamp) -> None:
        """Close the account."""
        self._by_another(stamp)
        self.record(facts.OfficerDeparted, stamp, officer=self.officer)

    # -- guards -------------------------------------------------------------------------------------------------

    def _active(self) -> None:
        if self.departed:
            raise Refused("departed", "该账号已停用；如需恢复，请由管理员另设账号。")

    def _by_another(self, stamp: Stamp) -> None:
        self._active()
        if stamp.actor == self.officer:
            raise Refused("SoD-6", "不能为自己办理账号事项；请由其他管理员办理。")

    def _can_be_granted(self, stamp: Stamp, key_office: str) -> None:
        self._active()
        if not self.kem_key or self.invited:
            raise Refused("not_enrolled", "该人员尚未启用账号，没有可用密钥；请其先用一次性启用码启用。")
        if key_office in self.grants:
            raise Refused("granted", "该人员已持有本单位密钥，无需重复授予。")
        if self.recovered and stamp.actor == self.officer:
            raise Refused("two_holders", "遗失过口令的，单位密钥须由两名持有人重新授予。")

    def _proposed(self, stamp: Stamp, change: AccountChange) -> PendingChange:
        self._by_another(stamp)
        if self.pending is None or self.pending.change is not change:
            raise Refused("not_proposed", f"“{change.label}”须先由另一名管理员提出；请刷新页面。")
        if self.pending.proposer == stamp.actor:
            raise Refused("SoD-6", f"“{change.label}”由您提出，须由另一名管理员确认。")
        return self.pending

    # -- state --------------------------------------------------------------------------------------------------

    def _apply(self, event: Event) -> None:
        super()._apply(event)
        if not isinstance(event, facts.ChangeProposed | facts.ChangeRefused | facts.RegrantProposed):
            self.standing = self.version

    @applies(facts.OfficerAppointed)
    def _appointed(self, event: facts.OfficerAppointed) -> None:
        self.officer = event.officer
        self.name = event.name
        self.office = event.home_office
        self.invited = True
        if event.actor == CEREMONY:
            self.roles = event.roles
        else:
            self.pending = PendingChange(
                change=AccountChange.ROLES, proposer=event.actor, home_office=event.home_office, roles=event.roles
            )

    @applies(facts.OfficerEnrolled)
    def _enrolled(self, event: facts.OfficerEnrolled) -> None:
        self.signing_key = event.signing_key
        self.kem_key = event.kem_key
        self.invited = False

    @applies(facts.RegrantProposed)
    def _regrant_proposed(self, event: facts.RegrantProposed) -> None:
        self.vouched[event.key_office] = event.actor

    @applies(facts.OfficeKeyGranted)
    def _granted(self, event: facts.OfficeKeyGranted) -> None:
        self.grants[event.key_office] = event.sealing
        self.vouched.pop(event.key_office, None)

    @applies(facts.OfficeKeyWithdrawn)
    def _withdrawn(self, event: facts.OfficeKeyWithdrawn) -> None:
        self.grants.pop(event.key_office, None)
        self.vouched.pop(event.key_office, None)

    @applies(facts.ChangeProposed)
    def _change_proposed(self, event: facts.ChangeProposed) -> None:
        self.pending = PendingChange(
            change=AccountChange(event.change),
            proposer=event.actor,
            home_office=event.home_office,
            roles=event.roles,
        )

    @applies(facts.ChangeRefused)
    def _change_refused(self, event: facts.ChangeRefused) -> None:
        self.pending = None

    @applies(facts.OfficerRolesChanged)
    def _roles_changed(self, event: facts.OfficerRolesChanged) -> None:
        self.office = event.home_office
        self.roles = event.roles
        self.pending = None

    @applies(facts.OfficerReinvited)
    def _reinvited(self, event: facts.OfficerReinvited) -> None:
        self.invited = self.recovered = True
        self.grants = {}
        self.vouched = {}
        self.second_factor = 0
        self.pending = None

    @applies(facts.SecondFactorSet)
    def _factor_set(self, event: facts.SecondFactorSet) -> None:
        self.second_factor = self.factors = event.number

    @applies(facts.SecondFactorReset)
    def _factor_reset(self, event: facts.SecondFactorReset) -> None:
        self.second_factor = 0
        self.pending = None

    @applies(facts.PassphraseChanged)
    def _passphrase_changed(self, event: facts.PassphraseChanged) -> None:
        """Where the keyring is, is no matter of the account; that his sessions end is one of :attr:`standing`."""

    @applies(facts.OfficerDeparted)
    def _departed(self, event: facts.OfficerDeparted) -> None:
        self.departed = True
        self.pending = None


def _wraps(sealing: Sealing) -> tuple[str, ...]:
    """SHA-256 (hex) of the wraps of a grant."""
    return tuple(wrap.sha256 for key in sealing.keys for wrap in key.wraps)
