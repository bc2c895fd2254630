"""Lost and changed passphrases, other duties: new keys take two administrators, and office keys two holders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest

from events.verify import Fault
from supervision.casework.account_changes import Proposal, change_roles, propose, refuse_proposal, reinvite
from supervision.casework.content import ContentReader
from supervision.casework.desk import Desk
from supervision.casework.enrolment import Appointment, appoint, enrol
from supervision.casework.keyrings import keep_keyring
from supervision.casework.office_keys import grant_office_key, vouch
from supervision.casework.officer_session import OfficerSession
from supervision.casework.own_account import change_passphrase
from supervision.casework.sessions import resume
from supervision.casework.sign_in import sign_in
from supervision.domain.codes import Role
from supervision.domain.refusal import Refused
from supervision.domain.staffing import AccountChange
from supervision.working_state import WorkingState
from tests.support.office import Office, staffed

PASSPHRASE = "songyan-zhuying-xiqiao"
NEW = "mailang-chaxiang-yuhuo"
LOST = Proposal(change=AccountChange.RECOVERY)


@dataclass(frozen=True)
class Home:
    """A staffed county, in which clerk-1 has a passphrase; the others need none for what they do here."""

    office: Office
    working: WorkingState

    @property
    def desk(self) -> Desk:
        return self.office.desk

    def session(self, officer: str) -> OfficerSession:
        """The officer, with the duties and keys that he has by now."""
        if officer in self.office.sessions:
            return self.office.again(officer)
        found = resume(self.desk, self.working, sign_in(self.desk, self.working, officer, PASSPHRASE))
        assert found is not None
        return found

    def report(self) -> UUID:
        return self.office.web()[0]

    def verify(self) -> None:
        self.office.verify()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with staffed(tmp_path / "home", f"sqlite:///{tmp_path / 'log.sqlite'}") as office:
        me, working = office.sessions["clerk-1"], office.platform.working
        keep_keyring(office.desk, working, "clerk-1", PASSPHRASE, me.signer, me.kem)
        yield Home(office, working)


def refused(act: object, *given: object) -> str:
    """The code of the refusal."""
    assert callable(act)
    with pytest.raises(Refused) as found:
        act(*given)
    return found.value.code


def recovered(home: Home, officer: str = "clerk-1") -> None:
    """The officer lost his passphrase, got a new code from the two administrators, and enrolled again."""
    desk, working = home.desk, home.working
    propose(desk, home.session("admin"), officer, LOST)
    enrol(desk, working, officer, reinvite(desk, working, home.session("security"), officer), NEW)


def reads(home: Home, officer: str, passphrase: str, report: UUID) -> str:
    desk = home.desk
    me = resume(desk, home.working, sign_in(desk, home.working, officer, passphrase))
    assert me is not None
    return ContentReader(desk, me, desk.report(report), None).title()


# -- a passphrase is changed ----------------------------------------------------------------------------------------


def test_a_changed_passphrase_opens_the_same_keys_and_ends_the_other_sessions(home: Home) -> None:
    desk, working = home.desk, home.working
    report = home.report()
    elsewhere = sign_in(desk, working, "clerk-1", PASSPHRASE)
    here = change_passphrase(desk, working, home.session("clerk-1"), PASSPHRASE, NEW)
    assert resume(desk, working, elsewhere) is None
    assert resume(desk, working, here) is not None
    assert refused(sign_in, desk, working, "clerk-1", PASSPHRASE) == "sign_in"
    assert reads(home, "clerk-1", NEW, report) == "收受好处"
    home.verify()


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("not-the-passphrase", NEW, "old"),
        (PASSPHRASE, PASSPHRASE, "passphrase"),
        (PASSPHRASE, "short", "passphrase"),
        (PASSPHRASE, "clerk-1-clerk-1", "passphrase"),
    ],
)
def test_a_passphrase_that_is_not_changed_stays(home: Home, old: str, new: str, code: str) -> None:
    desk, working = home.desk, home.working
    head, before = home.session("clerk-1"), desk.ledger.head()
    assert refused(change_passphrase, desk, working, head, old, new) == code
    assert desk.ledger.head() == before
    sign_in(desk, working, "clerk-1", PASSPHRASE)


def test_guessing_the_old_passphrase_counts_as_failed_attempts(home: Home) -> None:
    desk, working, me = home.desk, home.working, home.session("clerk-1")
    codes = [refused(change_passphrase, desk, working, me, f"guess-number-{n}", NEW) for n in range(6)]
    assert codes == ["old"] * 5 + ["locked"]


# -- a passphrase is lost ---------------------------------------------------------------------------------------------


def test_a_new_code_takes_both_administrators(home: Home) -> None:
    desk, working = home.desk, home.working
    admin, security = home.session("admin"), home.session("security")
    assert refused(reinvite, desk, working, security, "clerk-1") == "not_proposed"
    assert refused(propose, desk, home.session("head"), "clerk-1", LOST) == "role"
    propose(desk, admin, "clerk-1", LOST)
    assert refused(reinvite, desk, working, admin, "clerk-1") == "SoD-6"
    assert refused(reinvite, desk, working, home.session("head"), "clerk-1") == "role"
    assert refused(propose, desk, security, "clerk-1", LOST) == "pending"
    refuse_proposal(desk, security, "clerk-1")
    assert refused(reinvite, desk, working, security, "clerk-1") == "not_proposed"
    assert refused(propose, desk, admin, "admin", LOST) == "SoD-6"


def test_a_second_system_administrator_is_not_the_other_of_the_two(home: Home) -> None:
    desk, working = home.desk, home.working
    admin, security = home.session("admin"), home.session("security")
    who = Appointment(officer="admin-2", name="某人", office="administration", roles=(Role.SYSTEM_ADMIN,))
    code = appoint(desk, working, admin.signer, desk.stamp(admin), who)
    change_roles(desk, security, "admin-2", {})
    enrol(desk, working, "admin-2", code, PASSPHRASE)
    propose(desk, admin, "clerk-1", LOST)
    assert refused(reinvite, desk, working, home.session("admin-2"), "clerk-1") == "SoD-6"


def test_from_the_new_code_on_the_old_keys_open_and_sign_nothing(home: Home) -> None:
    desk, working = home.desk, home.working
    report, me = home.report(), home.session("clerk-1")
    cookie = sign_in(desk, working, "clerk-1", PASSPHRASE)
    wraps = [wrap.sha256 for one in desk.account("clerk-1").grants.values() for key in one.keys for wrap in key.wraps]
    assert wraps
    propose(desk, home.session("security"), "clerk-1", LOST)
    reinvite(desk, working, home.session("admin"), "clerk-1")
    assert resume(desk, working, cookie) is None
    assert refused(sign_in, desk, working, "clerk-1", PASSPHRASE) == "sign_in"
    assert not any(desk.custody.wrap(bytes.fromhex(sha256)) for sha256 in wraps)
    home.office.do("clerk-2", "register", report)
    home.verify()
    account = desk.account("clerk-1")
    account.change_passphrase(desk.stamp(me))
    desk.record(me.signer, account)  # whoever has kept the old key signs on
    with pytest.raises(Fault, match="失效"):
        home.verify()


def test_what_he_signed_before_stays_valid(home: Home) -> None:
    report = home.report()
    home.office.do("clerk-1", "register", report)
    recovered(home)
    home.verify()


def test_office_keys_come_back_by_two_of_their_holders(home: Home) -> None:
    desk, working = home.desk, home.working
    report = home.report()
    recovered(home)
    assert refused(reads, home, "clerk-1", NEW, report) == "no_key"
    head, colleague = home.session("head"), home.session("clerk-2")
    assert refused(grant_office_key, desk, head, "clerk-1") == "two_holders"
    assert refused(vouch, desk, home.session("org-head"), "clerk-1") == "no_key"
    assert refused(vouch, desk, home.session("principal"), "clerk-1") == "no_key"  # holders there are enough
    vouch(desk, head, "clerk-1")
    assert refused(vouch, desk, colleague, "clerk-1") == "vouched"
    assert refused(grant_office_key, desk, head, "clerk-1") == "two_holders"
    me = resume(desk, working, sign_in(desk, working, "clerk-1", NEW))
    assert me is not None
    assert refused(grant_office_key, desk, me, "clerk-1") == "no_key"
    grant_office_key(desk, colleague, "clerk-1")
    assert reads(home, "clerk-1", NEW, report) == "收受好处"
    home.verify()


def test_where_one_holder_is_left_a_leader_of_the_same_body_is_the_first_of_the_two(home: Home) -> None:
    desk, working = home.desk, home.working
    for officer in ("all-hands", "inspector-2"):
        recovered(home, officer)
    deputy = home.session("deputy")
    vouch(desk, deputy, "inspector-2")
    assert refused(grant_office_key, desk, deputy, "inspector-2") == "no_key"
    grant_office_key(desk, home.session("inspector-1"), "inspector-2")
    me = resume(desk, working, sign_in(desk, working, "inspector-2", NEW))
    assert me is not None
    assert set(me.office_keys) == {"dept-1"}
    assert refused(vouch, desk, deputy, "all-hands") == "no_key"  # there are two again
    home.verify()


def test_a_new_code_is_used_once_and_by_its_officer_only(home: Home) -> None:
    desk, working = home.desk, home.working
    propose(desk, home.session("admin"), "clerk-1", LOST)
    code = reinvite(desk, working, home.session("security"), "clerk-1")
    assert refused(enrol, desk, working, "clerk-2", code, NEW) == "code"
    enrol(desk, working, "clerk-1", code, NEW)
    assert refused(enrol, desk, working, "clerk-1", code, PASSPHRASE) == "code"


# -- other duties -----------------------------------------------------------------------------------------------------


def test_an_appointment_gives_no_duties_before_the_other_has_confirmed_it(home: Home) -> None:
    desk, working, admin = home.desk, home.working, home.session("admin")
    who = Appointment(officer="clerk-9", name="席真", office="petition", roles=(Role.INTAKE_CLERK,))
    enrol(desk, working, "clerk-9", appoint(desk, working, admin.signer, desk.stamp(admin), who), PASSPHRASE)
    assert home.session("clerk-9").roles == frozenset()
    assert refused(change_roles, desk, admin, "clerk-9", {}) == "SoD-6"
    change_roles(desk, home.session("security"), "clerk-9", {})
    assert home.session("clerk-9").roles == {Role.INTAKE_CLERK}
    home.verify()


@pytest.mark.parametrize(
    "roles",
    [
        (Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN),
        (Role.SECURITY_ADMIN, Role.SECURITY_AUDITOR),
        (Role.SYSTEM_ADMIN, Role.SECURITY_AUDITOR),
    ],
)
def test_sod_6_nobody_has_two_of_the_three_duties_of_administration(home: Home, roles: tuple[Role, ...]) -> None:
    desk = home.desk
    wanted = Proposal(change=AccountChange.ROLES, office="administration", roles=roles)
    assert refused(propose, desk, home.session("admin"), "auditor", wanted) == "SoD-6"


def test_who_goes_to_another_office_loses_the_key_of_the_first(home: Home) -> None:
    desk, working = home.desk, home.working
    wraps = [wrap.sha256 for one in desk.account("clerk-1").grants.values() for key in one.keys for wrap in key.wraps]
    cookie = sign_in(desk, working, "clerk-1", PASSPHRASE)
    moved = Proposal(change=AccountChange.ROLES, office="dept-1", roles=(Role.INSPECTOR,))
    propose(desk, home.session("security"), "clerk-1", moved)
    change_roles(desk, home.session("admin"), "clerk-1", {})
    assert resume(desk, working, cookie) is None
    assert wraps
    assert not any(desk.custody.wrap(bytes.fromhex(sha256)) for sha256 in wraps)
    assert not home.session("clerk-1").office_keys
    home.verify()


def test_who_changes_duties_in_his_office_keeps_its_key(home: Home) -> None:
    desk = home.desk
    same_office = Proposal(change=AccountChange.ROLES, office="petition", roles=(Role.PETITION_HEAD,))
    propose(desk, home.session("admin"), "clerk-1", same_office)
    change_roles(desk, home.session("security"), "clerk-1", {})
    assert set(home.session("clerk-1").office_keys) == {"petition"}


def test_the_last_holder_of_a_key_does_not_move_away_with_it(home: Home) -> None:
    desk = home.desk
    moved = Proposal(change=AccountChange.ROLES, office="dept-1", roles=(Role.INSPECTOR,))
    propose(desk, home.session("admin"), "clue", moved)
    assert refused(change_roles, desk, home.session("security"), "clue", {}) == "last_holder"


def test_the_last_of_each_administrator_stays(home: Home) -> None:
    desk = home.desk
    moved = Proposal(change=AccountChange.ROLES, office="administration", roles=(Role.SECURITY_AUDITOR,))
    propose(desk, home.session("security"), "admin", moved)
    assert refused(change_roles, desk, home.session("security"), "admin", {}) == "SoD-6"
    assert refused(change_roles, desk, home.session("admin"), "admin", {}) == "last_administrator"
