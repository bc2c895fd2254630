"""What an officer's key does not count for, whoever holds it: accounts take certain duties, and most of it two people.

A genuine key and the database password together must not make anybody more than he is. So the verifier asks, too,
which duty an event about an account takes, and whether somebody of the other kind proposed it (SoD-6):

- a system administrator appoints and closes accounts; an appointment of his gives no duties yet;
- duties, a new one-time code and a new second factor are proposed by a system administrator and carried out by a
  security administrator, or the other way round; never for oneself;
- second factor and passphrase are the officer's own affair;
- office keys of who lost his passphrase come back by two others.

What the key ceremony signs is bound by the topics of its own key, not by this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

APPOINTED = "officer.appointed.v1"
ENROLLED = "officer.enrolled.v1"
ROLES_CHANGED = "officer.roles_changed.v1"
REINVITED = "officer.reinvited.v1"
FACTOR_SET = "officer.second_factor_set.v1"
FACTOR_RESET = "officer.second_factor_reset.v1"
PASSPHRASE_CHANGED = "officer.passphrase_changed.v1"  # noqa: S105 - a topic
PROPOSED = "officer.change_proposed.v1"
REFUSED = "officer.change_refused.v1"
DEPARTED = "officer.departed.v1"
GRANTED = "officer.office_key_granted.v1"
WITHDRAWN = "officer.office_key_withdrawn.v1"
REGRANT_PROPOSED = "officer.regrant_proposed.v1"

ADMINISTRATOR = "system_admin"
SECURITY = "security_admin"
"""The duties, as ``roles`` of an appointment has them."""

CEREMONY = "ceremony"
CEREMONIAL = ("deployment.", "custody.")
"""How the topics begin that no officer signs."""

_GUARDED = ("officer.", *CEREMONIAL)
"""How all topics begin that take a duty, or that no officer signs."""

_EITHER = frozenset({ADMINISTRATOR, SECURITY})
_DUTY: Mapping[str, frozenset[str]] = {
    APPOINTED: frozenset({ADMINISTRATOR}),
    DEPARTED: frozenset({ADMINISTRATOR}),
    **dict.fromkeys((ROLES_CHANGED, REINVITED, FACTOR_RESET, PROPOSED, REFUSED, WITHDRAWN), _EITHER),
}
_CARRIED_OUT = {ROLES_CHANGED: "roles", REINVITED: "recovery", FACTOR_RESET: "second_factor"}
"""What carries out a proposed change, by topic: its ``change``."""

_OWN = frozenset({FACTOR_SET, PASSPHRASE_CHANGED})

TEACHING = frozenset((*_DUTY, ENROLLED, GRANTED, REGRANT_PROPOSED))
"""Topics that :meth:`Duties.learn` wants to see."""


class NotAuthorised(ValueError):
    """The key is unknown, or not for this event. The message says which, in Chinese."""


@dataclass(frozen=True)
class _Proposal:
    change: str
    proposer: str
    duties: frozenset[str]
    home_office: str
    roles: tuple[str, ...]


class Duties:
    """Who has which duties, and what has been proposed, as the log told it so far."""

    def __init__(self) -> None:
        self._roles: dict[str, tuple[str, ...]] = {}
        self._proposals: dict[str, _Proposal] = {}
        self._recovered: set[str] = set()
        self._regrants: dict[tuple[str, str], str] = {}

    def check(self, actor: str, topic: str, state: Mapping[str, Any]) -> None:
        """Whether an officer may sign this at all. Raises :class:`NotAuthorised`."""
        if not topic.startswith(_GUARDED):
            return  # so it is with most of what he signs
        if topic.startswith(CEREMONIAL):
            raise NotAuthorised("此事件只能由密钥仪式签署")
        if topic in _DUTY:
            self._check_administration(actor, topic, text(state, "officer"))
        if topic in _CARRIED_OUT:
            self._check_proposed(actor, topic, state)
        if topic in _OWN and actor != text(state, "officer"):
            raise NotAuthorised("口令和动态验证码只能由本人变更")
        if topic in (GRANTED, REGRANT_PROPOSED):
            self._check_holders(actor, topic, text(state, "officer"), text(state, "key_office"))

    def learn(self, topic: str, state: Mapping[str, Any]) -> None:
        """Take note of a verified event of :data:`TEACHING`."""
        officer, actor = text(state, "officer"), text(state, "actor")
        match topic:
            case "officer.appointed.v1" if actor == CEREMONY:
                self._roles[officer] = texts(state, "roles")
            case "officer.appointed.v1":
                self._roles[officer] = ()
                self._propose(officer, actor, "roles", state)
            case "officer.change_proposed.v1":
                self._propose(officer, actor, text(state, "change"), state)
            case "officer.roles_changed.v1":
                self._roles[officer] = texts(state, "roles")
            case "officer.reinvited.v1":
                self._recovered.add(officer)
            case "officer.departed.v1":
                self._roles[officer] = ()
            case "officer.regrant_proposed.v1":
                self._regrants[officer, text(state, "key_office")] = actor
            case "officer.office_key_granted.v1" | "officer.office_key_withdrawn.v1":
                self._regrants.pop((officer, text(state, "key_office")), None)
        if topic in _CARRIED_OUT or topic in (REFUSED, DEPARTED):
            self._proposals.pop(officer, None)

    def _propose(self, officer: str, actor: str, change: str, state: Mapping[str, Any]) -> None:
        duties = _EITHER.intersection(self._roles.get(actor, ()))
        self._proposals[officer] = _Proposal(change, actor, duties, text(state, "home_office"), texts(state, "roles"))

    def _check_administration(self, actor: str, topic: str, officer: str) -> None:
        wanted = _DUTY[topic]
        if wanted.isdisjoint(self._roles.get(actor, ())):
            names = "系统管理员" if wanted != _EITHER else "系统管理员或安全保密管理员"
            raise NotAuthorised(f"经办人不是{names}，无权办理任免和账号事项")
        if actor == officer:
            raise NotAuthorised("任免和账号事项不能由本人为自己办理")
        if topic == APPOINTED and officer in self._roles:
            raise NotAuthorised("账号已存在，不能重新任命")

    def _check_proposed(self, actor: str, topic: str, state: Mapping[str, Any]) -> None:
        proposal = self._proposals.get(text(state, "officer"))
        if proposal is None or proposal.change != _CARRIED_OUT[topic]:
            raise NotAuthorised("账号事项须先由另一名管理员提出")
        mine = _EITHER.intersection(self._roles.get(actor, ()))
        if proposal.proposer == actor or proposal.duties == mine:
            raise NotAuthorised("账号事项须由系统管理员、安全保密管理员两人办理，一人提出、另一人确认")
        if topic == ROLES_CHANGED and (proposal.home_office, proposal.roles) != (
            text(state, "home_office"),
            texts(state, "roles"),
        ):
            raise NotAuthorised("确认的单位、岗位与提出的不同")

    def _check_holders(self, actor: str, topic: str, officer: str, office: str) -> None:
        if officer not in self._recovered:
            return
        if actor == officer:
            raise NotAuthorised("遗失口令后，单位密钥须由两名他人重新授予")
        if topic == GRANTED and self._regrants.get((officer, office), actor) == actor:
            raise NotAuthorised("遗失口令后，单位密钥须由一名持有人提出、另一名持有人授予")


def text(state: Mapping[str, Any], field: str) -> str:
    """A field that must be there, for the key is judged by it. Raises :class:`NotAuthorised`."""
    value = state.get(field)
    if not isinstance(value, str):
        raise NotAuthorised(f"事件缺少字段 {field}，无法判断签名密钥")
    return value


def texts(state: Mapping[str, Any], field: str) -> tuple[str, ...]:
    """The same for a list. Raises :class:`NotAuthorised`."""
    value = state.get(field)
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise NotAuthorised(f"事件缺少字段 {field}，无法判断签名密钥")
    return tuple(value)
