"""At the door: whom of this office's own staff a submission is about, and who is left to handle it (A-48, SoD-7).

The accounts are those of the verified log, so that nobody is kept in a report by a false entry in the database. They
are looked at only where a submission says that somebody of this office is reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from events.vocabulary.streams import officer_stream_id
from supervision.casework.known_accounts import KnownAccounts
from supervision.domain.codes import Channel, Role
from supervision.domain.exclusion import NOBODY, Duty, Excluded, Member, Needed, excluded, goes_up
from supervision.domain.officer import OfficerAccount
from supervision.domain.people import Respondent
from supervision.domain.rulebook import Rulebook
from supervision.intake.submission import Submission
from supervision.sealing.manifest import KeyManifest
from supervision.settings import Settings


def staff_of(accounts: KnownAccounts, origin: str) -> list[Member]:
    """Everybody with an account who has not left. Raises ``FalseRecord``."""
    return [_member(account) for account in _accounts(accounts, origin) if not account.departed]


def _accounts(accounts: KnownAccounts, origin: str) -> Iterator[OfficerAccount]:
    for officer in accounts.officers():
        stream_id = officer_stream_id(origin, officer)
        yield OfficerAccount.replay(stream_id, accounts.events_of(stream_id))


def _member(account: OfficerAccount) -> Member:
    return Member(
        officer=account.officer,
        name=account.name,
        roles=frozenset(role for role in Role if role.value in account.roles),
        holds=frozenset({account.office, *account.grants} - {""}),
    )


@dataclass(frozen=True, kw_only=True)
class OwnStaff:
    """Judges submissions by who works here. ``staff``: asked for where it matters."""

    settings: Settings
    manifest: KeyManifest
    rulebook: Rulebook
    staff: Callable[[], Sequence[Member]]

    def concerned(self, submission: Submission) -> tuple[Excluded, bool]:
        """Who is kept away, and whether the report is the superior's for that reason."""
        reported = self._reported(submission)
        if not reported:
            return NOBODY, False
        staff = self.staff()
        # What an officer takes down he has heard; whom he does not find by name here, he excludes on the case.
        unread = submission.channel is Channel.WEB
        duties = [Duty(code) for code in submission.own_duties] if unread else [Duty.ELSEWHERE]
        found = excluded(reported, duties, staff)
        return found, goes_up(found, staff, self._needed(submission))

    def _reported(self, submission: Submission) -> list[Respondent]:
        """Those of whom the reporter, or the name of their unit, says that they work here; not the unit itself."""
        rules, found = self.rulebook.jurisdiction, []
        for one in submission.respondents:
            person = Respondent(name=one.name, unit=one.unit, post=one.post, rank=one.rank)
            if one in submission.own_staff or (rules.is_own_staff(person) and not rules.is_unit(person)):
                found.append(person)
        return found

    def _needed(self, submission: Submission) -> Needed:
        """The office that receives the report, those who approve, one department, and who holds shares."""
        receiving = self.settings.office_for_line(submission.line)
        leaders = self.settings.offices_of("leadership", receiving.host)
        return Needed(
            offices=frozenset({receiving.id, *(office.id for office in leaders)}),
            departments=frozenset(office.id for office in self.settings.offices_of("department", receiving.host)),
            custodians=tuple(holder.id for holder in self.manifest.custodians),
            m=self.manifest.m,
            relays=tuple(holder.id for holder in self.manifest.relays),
            relay_m=self.manifest.relay_m,
        )
