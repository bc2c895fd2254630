"""Openings of identities in 云岫县: one in each state, so that whoever signs in finds the pages of openings filled.

Custodians and gate do here what they do on machines of their own: a file in, a file out, with the keys that the
ceremony handed over. The gate's home is laid in ``<home>/gate``, for a visitor who wants to play the superior.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from supervision.business_time import SHANGHAI
from supervision.casework import opening as use
from supervision.casework.officer_session import OfficerSession
from supervision.checkpointing.loop import make_checkpointing, make_couriers
from supervision.checkpointing.policy import load_policy
from supervision.checkpointing.standing import Standings
from supervision.domain.opening_rules import IDENTITY, Asked
from supervision.domain.rights import OpeningPurpose, OpeningRefusal
from supervision.openings import custodian
from supervision.openings.checking import check
from supervision.openings.gate import release, without_addresses
from supervision.openings.gate_home import GateHome
from supervision.openings.request_file import RequestFile
from supervision.platform import Platform
from supervision.sealing.ceremony import Ceremony
from supervision.sealing.keys import KemPrivateKey, SigningKey

GATE = "gate"
"""Directory of the superior's gate in the home of the demonstration."""

APPROVER, SUPERIOR = "deputy", "superior"


@dataclass(frozen=True)
class Story:
    """``asked_at``, ``decided_at``: local time, the second "" where nobody has decided yet. ``given``: custodians who
    gave their shares. ``refused``: why not, where it was not approved. ``opened_at``: "" where it was not opened."""

    sample: str
    requester: str
    purpose: OpeningPurpose
    asked_at: str
    decided_at: str = ""
    refused: OpeningRefusal | None = None
    given: tuple[str, ...] = ()
    opened_at: str = ""


STORIES = (
    # 已启封：承办人须请举报人作证
    Story(
        "S04",
        "inspector-1",
        OpeningPurpose.EVIDENCE,
        asked_at="2026-11-16T09:20",
        decided_at="2026-11-16T15:40",
        given=("custodian-1", "custodian-3"),
        opened_at="2026-11-18T09:10",
    ),
    # 未批准：可以由联络员联系
    Story(
        "S07",
        "head",
        OpeningPurpose.SUPPLEMENT,
        asked_at="2026-11-17T10:05",
        decided_at="2026-11-17T16:30",
        refused=OpeningRefusal.OTHER_WAY,
    ),
    # 已批准，还差一名保管人
    Story(
        "S05",
        "head",
        OpeningPurpose.SUPPLEMENT,
        asked_at="2026-11-19T14:00",
        decided_at="2026-11-20T09:00",
        given=("custodian-1",),
    ),
    # 待审批
    Story("S16", "head", OpeningPurpose.VERIFY_NAMED, asked_at="2026-11-20T10:30"),
)


class Openings:
    """``catch_up``: brings the read models up to date. ``set_clock``: moves business time."""

    def __init__(
        self,
        platform: Platform,
        ceremony: Ceremony,
        officers: Mapping[str, OfficerSession],
        set_clock: Callable[[datetime], None],
        catch_up: Callable[[], object],
    ) -> None:
        self._platform = platform
        self._ceremony = ceremony
        self._officers = officers
        self._set_clock = set_clock
        self._catch_up = catch_up
        self._gate = _lay_gate(platform, ceremony)

    def tell(self, story: Story, report_id: UUID) -> None:
        """Let everybody do his part as far as the story goes."""
        desk, working = self._platform.desk, self._platform.working
        self._at(story.asked_at)
        requester, approver = self._officers[story.requester], self._officers[APPROVER]
        asked = Asked(purpose=story.purpose, compartments=(IDENTITY,))
        opening = use.request(desk, working, requester, report_id, asked)
        if story.decided_at:
            self._at(story.decided_at)
            if story.refused:
                use.refuse(desk, approver, opening, story.refused)
            else:
                use.approve(desk, approver, opening)
        for officer in story.given:
            use.contribute(desk, self._officers[officer], opening, self._answer(officer, opening))
        if story.opened_at:
            self._at(story.opened_at)
            use.add_gate_answer(desk, self._officers[SUPERIOR], opening, self._released(opening))
            use.open_once(desk, working, requester, opening)
        self._catch_up()

    def _at(self, moment: str) -> None:
        self._set_clock(datetime.fromisoformat(moment).replace(tzinfo=SHANGHAI))
        self._catch_up()

    def _answer(self, officer: str, opening: UUID) -> bytes:
        """What ``supervision custodian contribute`` writes."""
        request = use.request_file(self._platform.desk, self._officers[officer], opening)
        checked = check(RequestFile.parse(request), self._platform.manifest, self._platform.clock())
        key = KemPrivateKey(self._ceremony.secrets[f"custodian/{officer}"])
        return custodian.contribute(checked, key).encode()

    def _released(self, opening: UUID) -> bytes:
        """What ``supervision gate release`` writes, once the witness has cosigned a log with all of it."""
        platform = self._platform
        signed = make_checkpointing(platform).sign()
        couriers = make_couriers(platform, Standings(platform.working, platform.clock))
        if signed is None or not all(courier.deliver(signed) for courier in couriers):
            raise RuntimeError("the demonstration's own witness did not cosign")
        request = use.gate_file(platform.desk, self._officers[SUPERIOR], opening)
        return release(self._gate, RequestFile.parse(request), platform.clock()).encode()


def _lay_gate(platform: Platform, ceremony: Ceremony) -> GateHome:
    home: Path = platform.settings.home
    gate = GateHome(
        directory=home / GATE,
        name=f"gate.{platform.manifest.origin}",
        manifest=platform.manifest,
        policy=without_addresses(load_policy(home)),
        release=KemPrivateKey(ceremony.secrets["superior/gate"]),
        signer=SigningKey(platform.rng(32)),
    )
    gate.found()
    return gate
