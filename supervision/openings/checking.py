"""Judging a request: what a custodian, and the gate, verify on a machine of their own before they give anything.

Believed is the pinned key manifest. From it follow, event by event and in the order of the log, the keys of ceremony,
administrators and officers; with these every statement in the file is verified; then whether what was requested,
approved and sealed fits together, by the same rules as in the county. What a county could still do is to leave events
out: that somebody has departed since, or that the approver handles the case. The log shows that to whoever has it all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from events.canonical import decode_object
from events.keyring import Keyring
from events.leaf import Entry, check_form
from events.model import ActedEvent, Event, Sealing, from_state
from events.signing import is_signed_by, signature_message
from events.topics import current
from events.vocabulary.custody import KeyReshared
from events.vocabulary.intake import ReportReceived
from events.vocabulary.opening import OpeningApproved, OpeningRequested, ShareContributed
from events.vocabulary.report import NamedStatusVerified, ReportRegistered
from events.vocabulary.streams import correspondence_id, deployment_id, officer_stream_id, sharing_id
from supervision.business_time import SHANGHAI
from supervision.domain import separation
from supervision.domain.codes import NamedStatus, Role
from supervision.domain.officer import OfficerAccount
from supervision.domain.opening import Opening
from supervision.domain.opening_rules import APPROVERS, CUSTODIANS, Asked, check_asked, has_gate, shares_of
from supervision.domain.refusal import Refused, refuse
from supervision.domain.rights import OpeningPurpose, OpeningState
from supervision.openings.request_file import NotAcceptable, RequestFile, statement
from supervision.sealing.contribution import Decision
from supervision.sealing.keys import KemPublicKey
from supervision.sealing.manifest import KeyManifest, load_history
from supervision.sealing.opening import Opener
from supervision.sealing.sharings import RecordedSharings
from supervision.sealing.strict_json import from_base64
from supervision.sealing.trust import trusted_keys
from supervision.sealing.wraps import find_wrap

E = TypeVar("E", bound=ActedEvent)

_AGAIN = "请不要办理，并向申请单位核实。"


@dataclass(frozen=True)
class Signed:
    """A verified event of the opening. ``statement``: its hash (hex); ``account``: of who signed it, at that moment."""

    event: ActedEvent
    statement: str
    account: OfficerAccount


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A request that is what it claims to be. ``number``: of the report in its register; ``reference``: its public one.

    ``contributions``: of custodians, verified; by key id (hex).
    """

    file: RequestFile
    opening: Opening
    request: Signed
    approval: Signed
    contributions: Mapping[str, Signed]
    number: str
    reference: str
    opener: Opener
    manifest: KeyManifest

    @property
    def decision(self) -> Decision:
        """What a contribution to it is bound to."""
        return Decision(
            opening=self.opening.id,
            approval=bytes.fromhex(self.approval.statement),
            recipient=ephemeral_key(self.opening),
        )

    @property
    def compartments(self) -> tuple[str, ...]:
        return self.opening.asked.compartments


def ephemeral_key(opening: Opening) -> KemPublicKey:
    """The key that the request names. Raises NotAcceptable for what is none."""
    try:
        return KemPublicKey(from_base64(opening.asked.ephemeral_key))
    except ValueError:
        raise NotAcceptable(f"申请中的临时公钥不成立。{_AGAIN}") from None


def check(file: RequestFile, pinned: KeyManifest, now: datetime) -> Checked:
    """Verify a request against the pinned manifest. Raises NotAcceptable, ManifestRejected, CannotOpen, SuiteTooLow."""
    if file.origin != pinned.origin:
        raise NotAcceptable(f"启封材料属于另一个日志（{file.origin}）。请核对。")
    history = load_history([pinned.to_bytes(), *file.manifests], pinned.hash)
    try:
        story = _Story(file, history)
        return _judged(file, story, history, now)
    except Refused as refusal:
        raise NotAcceptable(f"启封申请不合规定：{refusal.reason}{_AGAIN}") from None


def roles_of(account: OfficerAccount) -> frozenset[Role]:
    """The duties of an account, as far as this program knows them."""
    return frozenset(role for role in Role if role.value in account.roles)


def check_contribution(opening: Opening, opener: Opener, event: ShareContributed, account: OfficerAccount) -> None:
    """Whether this custodian could give this to this opening. Raises NotAcceptable, CannotOpen.

    That the sealed piece is the right one shows only when it is opened; then its giver is named.
    """
    custodians = opener.keepers(opening.asked.compartments[0]).custodians
    holder = next((one for one in custodians if one.kem.key_id == event.custodian_key), None)
    if holder is None or holder.id != event.actor or CUSTODIANS.isdisjoint(roles_of(account)):
        raise NotAcceptable("提交份额的不是密钥清单中的保管人本人。请核对。")
    check_pieces(opening, opener, event.custodian_key, event.sealing)


def check_pieces(opening: Opening, opener: Opener, giver: str, sealing: Sealing) -> None:
    """Whether a sealing names, for each compartment asked for, exactly the piece of ``giver``. Raises NotAcceptable."""
    named = {ref.compartment: ref for ref in sealing.keys}
    recipient = ephemeral_key(opening).key_id
    fits = tuple(named) == opening.asked.compartments and sealing.manifest == opener.sealing.manifest
    for compartment, ref in named.items():
        _, whole = opener.split_key(compartment, giver)
        due = find_wrap(whole, giver)
        fits = (
            fits
            and (ref.commitment, ref.m, ref.n) == (whole.commitment, whole.m, whole.n)
            and [(one.key, one.share, one.share_commitment) for one in ref.wraps]
            == [(recipient, due.share, due.share_commitment)]
        )
    if not fits:
        raise NotAcceptable("份额与申请不符：不是本次启封、本件或者所申请分区的。请保管人按本次申请重新生成。")


# -- verifying ---------------------------------------------------------------------------------------------------------


class _Story:
    """The events of a file, each verified, in order; those of the opening with who signed them."""

    def __init__(self, file: RequestFile, history: Mapping[str, KeyManifest]) -> None:
        self._file = file
        self._keyring = Keyring(manifests=trusted_keys(history.values()))
        self._versions: dict[UUID, int] = {}
        self.events: list[Event] = []
        self.signed: list[Signed] = []
        last = 0
        for position, entry in file.entries:
            try:
                if position <= last:
                    raise ValueError("次序不对")
                last = position
                self._take(entry)
            except ValueError as error:
                raise NotAcceptable(f"启封材料中第 {position} 条不能采信（{error}）。{_AGAIN}") from None

    def of(self, stream_id: UUID) -> list[Event]:
        return [event for event in self.events if event.originator_id == stream_id]

    def before_it_was_asked(self, stream_id: UUID) -> list[Event]:
        """Of a stream, before the opening's own first event."""
        asked = next(at for at, event in enumerate(self.events) if isinstance(event, OpeningRequested))
        return [event for event in self.events[:asked] if event.originator_id == stream_id]

    def one(self, kind: type[E]) -> Signed:
        """The only event of this kind in the opening. Raises NotAcceptable."""
        found = [signed for signed in self.signed if isinstance(signed.event, kind)]
        if len(found) != 1:
            raise NotAcceptable(f"启封材料中应恰有一份申请和一份批准。{_AGAIN}")
        return found[0]

    def _take(self, entry: Entry) -> None:
        check_form(entry)
        state = decode_object(entry.state)
        public_key = self._keyring.public_key_for(entry, state)
        origin = self._file.origin
        message = signature_message(origin, entry.stream_id, entry.stream_version, entry.topic, entry.state)
        if not is_signed_by(public_key, message, entry.signature):
            raise ValueError("签名无效")
        self._keyring.learn(entry, state)
        event_class, current_state = current(entry.topic, state)
        event = from_state(event_class, entry.stream_id, entry.stream_version, current_state)
        self._check_place(event)
        self.events.append(event)
        if event.originator_id == self._file.opening and isinstance(event, ActedEvent):
            self.signed.append(Signed(event, statement(origin, entry), self._account(event.actor)))

    def _check_place(self, event: Event) -> None:
        """Streams that decide who is who and what was decided are here from their first event without a gap."""
        kind, stream = event.TOPIC.split(".")[0], event.originator_id
        if kind in ("report", "correspondence"):
            return
        expected = {
            "opening": self._file.opening,
            "deployment": deployment_id(self._file.origin),
            "officer": officer_stream_id(self._file.origin, str(getattr(event, "officer", ""))),
            "custody": _sharing_of(event),
        }.get(kind)
        if stream != expected:
            raise ValueError("不属于本次启封")
        version = self._versions.get(stream, 0) + 1
        if event.originator_version != version:
            raise ValueError(f"应为第 {version} 版")
        self._versions[stream] = version

    def _account(self, officer: str) -> OfficerAccount:
        stream = officer_stream_id(self._file.origin, officer)
        return OfficerAccount.replay(stream, self.of(stream))


def _sharing_of(event: Event) -> UUID | None:
    """Where a change of custodians has to stand."""
    if not isinstance(event, KeyReshared) or not event.sealing.keys:
        return None
    return sharing_id(UUID(event.sealed_stream), event.sealing.keys[0].commitment)


# -- judging -----------------------------------------------------------------------------------------------------------


def _judged(file: RequestFile, story: _Story, history: Mapping[str, KeyManifest], now: datetime) -> Checked:
    opening = _replayed(file, story)
    request, approval = story.one(OpeningRequested), story.one(OpeningApproved)
    if not isinstance(approval.event, OpeningApproved) or approval.event.request != request.statement:
        raise NotAcceptable(f"批准的不是这一份申请。{_AGAIN}")
    asked = opening.asked
    if now.astimezone(SHANGHAI).date().isoformat() > asked.expires_on:
        raise NotAcceptable(f"本次启封已于 {asked.expires_on} 到期。请申请人重新申请。")
    report = story.of(opening.report)
    received = next((event for event in report if isinstance(event, ReportReceived)), None)
    registered = [event for event in report if isinstance(event, ReportRegistered)]
    if received is None or not registered:
        raise NotAcceptable(f"启封材料中没有本件的接收和登记记录。{_AGAIN}")
    opener = _opener(opening, story, history)
    _check_people(opening, request, approval, handling=[event.actor for event in registered])
    check_asked(
        Asked(purpose=OpeningPurpose(asked.purpose), compartments=asked.compartments, number=asked.number),
        roles_of(request.account),
        opener.in_force,
        anonymous=_anonymous(received, report),
    )
    keys = shares_of(opener.in_force, asked.compartments)
    if (asked.m, asked.gate) != (keys[0].m, has_gate(keys)):
        raise NotAcceptable(f"申请所称的保管条件与封存时的不同。{_AGAIN}")
    return Checked(
        file=file,
        opening=opening,
        request=request,
        approval=approval,
        contributions=_contributions(opening, opener, story, approval),
        number=registered[-1].number,
        reference=received.reference,
        opener=opener,
        manifest=history[opener.sealing.manifest],
    )


def _replayed(file: RequestFile, story: _Story) -> Opening:
    try:
        opening = Opening.replay(file.opening, story.of(file.opening))
    except ValueError:
        raise NotAcceptable(f"启封记录不完整。{_AGAIN}") from None
    if opening.request_event is None or opening.state is not OpeningState.APPROVED:
        raise NotAcceptable(f"本次启封当前不是“{OpeningState.APPROVED.label}”。请核对。")
    return opening


def _check_people(opening: Opening, request: Signed, approval: Signed, handling: Sequence[str]) -> None:
    if APPROVERS.isdisjoint(roles_of(approval.account)):
        raise NotAcceptable(f"批准人不是分管领导或者主要负责人。{_AGAIN}")
    refuse(separation.against_approving_opening(opening.approver, requester=opening.requester, handling=handling))
    if request.account.departed or approval.account.departed:
        raise NotAcceptable(f"申请人或者批准人当时已经离岗。{_AGAIN}")


def _anonymous(received: ReportReceived, report: Sequence[Event]) -> bool:
    """A-24: as it was claimed, unless it was found to be anonymous."""
    found = [event.status for event in report if isinstance(event, NamedStatusVerified)]
    return NamedStatus.ANONYMOUS.value in (found[-1:] or [received.named])


def _opener(opening: Opening, story: _Story, history: Mapping[str, KeyManifest]) -> Opener:
    asked = opening.asked
    stream = UUID(asked.sealed_stream)
    found = [event for event in story.of(stream) if event.originator_version == asked.sealed_version]
    sealing = getattr(found[0], "sealing", None) if found else None
    if stream not in (opening.report, correspondence_id(opening.report)) or not isinstance(sealing, Sealing):
        raise NotAcceptable(f"启封材料中没有封存记录，或者封存的不是本件。{_AGAIN}")
    manifest = history.get(sealing.manifest)
    if manifest is None:
        raise NotAcceptable("封存所依据的密钥清单不在您固定的清单及其前身之列。请向上级核实。")
    return Opener(manifest, sealing, stream, sharings=RecordedSharings(history, story.before_it_was_asked))


def _contributions(opening: Opening, opener: Opener, story: _Story, approval: Signed) -> dict[str, Signed]:
    """What stands of the custodians' contributions, verified."""
    found: dict[str, Signed] = {}
    for signed in story.signed:
        event = signed.event
        if isinstance(event, ShareContributed) and opening.contributions.get(event.custodian_key) is event:
            if event.approval != approval.statement:
                raise NotAcceptable(f"有保管人提交的份额不是按这一份批准提交的。{_AGAIN}")
            check_contribution(opening, opener, event, signed.account)
            refuse(
                separation.against_contributing(
                    event.actor, requester=opening.requester, approver=opening.approver, handling=()
                )
            )
            found[event.custodian_key] = signed
    return found
