"""Accounts: one-time codes, keys born with a passphrase, office keys from who holds them, sessions and their end."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from events.ledger import Conflict
from events.verify import Fault
from supervision.casework.account_changes import Proposal, change_roles, propose
from supervision.casework.attempts import FREE_ATTEMPTS, LOCK_MINUTES
from supervision.casework.content import ContentReader
from supervision.casework.departure import depart
from supervision.casework.enrolment import Appointment, appoint, enrol
from supervision.casework.keyrings import KEYRING, NEVER, check_passphrase, keyring_id, keyring_owner
from supervision.casework.office_keys import grant_office_key
from supervision.casework.officer_session import OfficerSession
from supervision.casework.sessions import resume, sign_out
from supervision.casework.sign_in import sign_in
from supervision.domain.aggregate import Stamp
from supervision.domain.codes import Role
from supervision.domain.refusal import Refused
from supervision.domain.staffing import AccountChange
from supervision.platform import Platform
from supervision.sealing.keys import KemPrivateKey, SigningKey
from supervision.sealing.passphrase import seal_keyring
from supervision.sealing.receipt import ReceiptCode
from supervision.sealing.session import CookieKey
from supervision.verifying import verify_platform
from tests.support.clock import Clock
from tests.support.deployment import make_deployment, seeds
from tests.support.office import NOW, staffed, submission

PASSPHRASE = "songyan-zhuying-xiqiao"


@dataclass
class Staff:
    """A county without anybody; officers are appointed as tests want them, each under a name of his own."""

    platform: Platform
    clock: Clock
    appointed: int = 0
    cookies: dict[str, str] = field(default_factory=dict)

    def invite(self, role: Role, office: str = "petition", holds: tuple[str, ...] = ()) -> tuple[str, str]:
        """A new officer's id and one-time code."""
        self.appointed += 1
        officer = f"officer-{self.appointed}"
        who = Appointment(officer=officer, name="某人", office=office, roles=(role,))
        keys = {name: seeds(self.platform)[f"office/{name}"] for name in holds}
        code = appoint(self.platform.desk, self.platform.working, self.ceremony, self.stamp, who, keys)
        return officer, code

    def enrolled(self, role: Role, office: str = "petition", holds: tuple[str, ...] = ()) -> str:
        officer, code = self.invite(role, office, holds)
        self.enrol(officer, code)
        return officer

    def enrol(self, officer: str, code: str, passphrase: str = PASSPHRASE) -> None:
        enrol(self.platform.desk, self.platform.working, officer, code, passphrase)

    def sign_in(self, officer: str, passphrase: str = PASSPHRASE) -> str:
        return sign_in(self.platform.desk, self.platform.working, officer, passphrase)

    def resume(self, cookie: str) -> OfficerSession | None:
        return resume(self.platform.desk, self.platform.working, cookie)

    def session(self, officer: str) -> OfficerSession:
        """Signed in; a session that still lives is used again, since Argon2 takes its time."""
        found = self.resume(self.cookies.get(officer, ""))
        if found is None:
            self.cookies[officer] = self.sign_in(officer)
            found = self.resume(self.cookies[officer])
        assert found is not None
        return found

    @property
    def ceremony(self) -> SigningKey:
        return SigningKey(seeds(self.platform)["ceremony"])

    @property
    def stamp(self) -> Stamp:
        return Stamp(
            actor="ceremony",
            office="",
            occurred_at=self.clock().isoformat(timespec="seconds"),
            rule_version=self.platform.rulebook.version,
        )


@pytest.fixture(scope="module")
def staff(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Staff]:
    directory = tmp_path_factory.mktemp("county")
    clock = Clock(NOW)
    platform = make_deployment(directory / "home", f"sqlite:///{directory / 'log.sqlite'}", clock=clock)
    yield Staff(platform, clock)
    platform.close()


@pytest.fixture(scope="module")
def head(staff: Staff) -> str:
    """The head of the petition office, who has its key from the ceremony."""
    return staff.enrolled(Role.PETITION_HEAD, holds=("petition",))


# -- appointments -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "code"),
    [
        (Appointment(officer="Clerk", name="某人", office="petition", roles=(Role.INTAKE_CLERK,)), "officer_id"),
        (Appointment(officer="c", name="某人", office="petition", roles=(Role.INTAKE_CLERK,)), "officer_id"),
        (Appointment(officer="reporter/x", name="某人", office="petition", roles=(Role.INTAKE_CLERK,)), "officer_id"),
        (Appointment(officer="clerk-9", name=" ", office="petition", roles=(Role.INTAKE_CLERK,)), "appointment"),
        (Appointment(officer="clerk-9", name="某人", office="petition", roles=()), "appointment"),
        (Appointment(officer="clerk-9", name="某人", office="mars", roles=(Role.INTAKE_CLERK,)), "office"),
        (
            Appointment(
                officer="clerk-9",
                name="某人",
                office="administration",
                roles=(Role.SYSTEM_ADMIN, Role.SECURITY_AUDITOR),
            ),
            "SoD-6",
        ),
        *(
            (Appointment(officer=name, name="某人", office="petition", roles=(Role.INTAKE_CLERK,)), "officer_id")
            for name in ("reporter", "ceremony")
        ),
    ],
)
def test_an_appointment_that_makes_no_sense_is_refused(staff: Staff, who: Appointment, code: str) -> None:
    with pytest.raises(Refused) as refused:
        appoint(staff.platform.desk, staff.platform.working, staff.ceremony, staff.stamp, who)
    assert refused.value.code == code


def test_an_account_is_opened_once(staff: Staff, head: str) -> None:
    who = Appointment(officer=head, name="别人", office="petition", roles=(Role.PETITION_HEAD,))
    with pytest.raises(Refused, match="已存在"):
        appoint(staff.platform.desk, staff.platform.working, staff.ceremony, staff.stamp, who)


# -- enrolment ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("passphrase", ["", "short-one", "aaaaaaaaaaaaaaaa", "ababababababab", "my-officer-7-secret"])
def test_a_passphrase_that_is_short_simple_or_names_its_owner_is_refused(passphrase: str) -> None:
    with pytest.raises(Refused) as refused:
        check_passphrase(passphrase, "officer-7")
    assert refused.value.code == "passphrase"


def test_a_code_is_for_one_officer_and_for_one_use(staff: Staff) -> None:
    officer, code = staff.invite(Role.INTAKE_CLERK)
    other, _ = staff.invite(Role.INTAKE_CLERK)
    for wrong in (CookieKey.new(staff.platform.rng).text, "", "没有这个码", code[:-1]):
        with pytest.raises(Refused) as refused:
            staff.enrol(officer, wrong)
        assert refused.value.code == "code"
    with pytest.raises(Refused) as refused:
        staff.enrol(other, code)
    assert refused.value.code == "code"
    staff.enrol(officer, f" {code}\n")
    with pytest.raises(Refused) as refused:
        staff.enrol(officer, code, "another-passphrase-of-mine")
    assert refused.value.code == "code"
    with pytest.raises(Refused):
        staff.sign_in(officer, "another-passphrase-of-mine")
    assert staff.session(officer).officer == officer


def test_a_code_expires(staff: Staff) -> None:
    officer, code = staff.invite(Role.INTAKE_CLERK)
    now = staff.clock.now
    staff.clock.now += timedelta(days=staff.platform.settings.enrolment_days, seconds=1)
    try:
        with pytest.raises(Refused) as refused:
            staff.enrol(officer, code)
        assert refused.value.code == "code"
    finally:
        staff.clock.now = now


def test_two_who_use_a_code_at_the_same_moment_make_one_account(staff: Staff) -> None:
    officer, code = staff.invite(Role.INTAKE_CLERK)

    def attempt(passphrase: str) -> str | None:
        try:
            staff.enrol(officer, code, passphrase)
        except (Refused, Conflict):
            return None
        return passphrase

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(attempt, ("first-passphrase-of-two", "second-passphrase-of-two")))
    (winner,) = [passphrase for passphrase in outcomes if passphrase]
    assert staff.resume(staff.sign_in(officer, winner)) is not None
    verify_platform(staff.platform)


def test_an_officers_private_keys_are_nowhere_in_clear(staff: Staff) -> None:
    session = staff.session(staff.enrolled(Role.INTAKE_CLERK))
    home = staff.platform.settings.home
    everything = b"".join(p.read_bytes() for p in home.parent.rglob("*") if p.is_file() and p.name != "seeds.json")
    for seed in (session.signer.seed, session.kem.seed):
        for form in (seed, seed.hex().encode(), seed.hex().upper().encode()):
            assert form not in everything


# -- office keys ----------------------------------------------------------------------------------------------------


def test_until_a_holder_has_given_him_the_key_an_officer_opens_nothing(staff: Staff, head: str) -> None:
    clerk = staff.enrolled(Role.INTAKE_CLERK)
    admitted = staff.platform.public_door.admit(submission(staff.clock()), ReceiptCode.new(staff.platform.rng))
    report = staff.platform.desk.report(admitted.report_id)
    assert staff.session(clerk).office_keys == {}
    with pytest.raises(Refused) as refused:
        ContentReader(staff.platform.desk, staff.session(clerk), report, None)
    assert refused.value.code == "no_key"
    grant_office_key(staff.platform.desk, staff.session(head), clerk)
    assert set(staff.session(clerk).office_keys) == {"petition"}
    assert ContentReader(staff.platform.desk, staff.session(clerk), report, None).title() == "收受好处"
    with pytest.raises(Refused, match="已持有"):
        grant_office_key(staff.platform.desk, staff.session(head), clerk)


def test_a_key_is_given_only_by_a_holder_to_an_enrolled_colleague(staff: Staff, head: str) -> None:
    inspector = staff.enrolled(Role.INSPECTOR, office="dept-1")
    invited, _ = staff.invite(Role.INTAKE_CLERK)
    holder = staff.session(head)
    for giver, to, code in (
        (holder, inspector, "no_key"),  # of another office
        (staff.session(inspector), head, "no_key"),  # he holds none himself
        (holder, invited, "not_enrolled"),
        (holder, "nobody", "no_key"),
    ):
        with pytest.raises(Refused) as refused:
            grant_office_key(staff.platform.desk, giver, to)
        assert refused.value.code == code


# -- sign-in and sessions -------------------------------------------------------------------------------------------


def test_wrong_account_and_wrong_passphrase_look_alike(staff: Staff, head: str) -> None:
    answers = set()
    for officer in (head, "nobody", staff.invite(Role.INTAKE_CLERK)[0], ""):
        with pytest.raises(Refused) as refused:
            staff.sign_in(officer, "not-the-passphrase")
        answers.add((refused.value.code, refused.value.reason))
    assert len(answers) == 1
    staff.sign_in(head)


def test_after_some_failures_an_account_waits_even_for_the_right_passphrase(staff: Staff) -> None:
    officer = staff.enrolled(Role.INTAKE_CLERK)
    for _ in range(FREE_ATTEMPTS):
        with pytest.raises(Refused) as refused:
            staff.sign_in(officer, "not-the-passphrase")
        assert refused.value.code == "sign_in"
    with pytest.raises(Refused) as refused:
        staff.sign_in(officer)
    assert refused.value.code == "locked"
    now = staff.clock.now
    staff.clock.now += timedelta(minutes=LOCK_MINUTES, seconds=1)
    try:
        staff.sign_in(officer)
    finally:
        staff.clock.now = now


def test_a_session_ends_when_idle_when_signed_out_and_not_before(staff: Staff, head: str) -> None:
    idle = timedelta(minutes=staff.platform.settings.session_idle_minutes)
    cookie, start = staff.sign_in(head), staff.clock.now
    try:
        for _ in range(3):
            staff.clock.now += idle - timedelta(seconds=1)
            assert staff.resume(cookie) is not None
        staff.clock.now += idle
        assert staff.resume(cookie) is None
    finally:
        staff.clock.now = start
    cookie = staff.sign_in(head)
    sign_out(staff.platform.desk, staff.platform.working, cookie)
    assert staff.resume(cookie) is None


def test_neither_the_cookie_nor_the_store_opens_a_session_alone(staff: Staff, head: str) -> None:
    cookie = staff.sign_in(head)
    session = staff.resume(cookie)
    assert session is not None
    with closing(sqlite3.connect(staff.platform.settings.home / "working.sqlite")) as store:
        kept = b"".join(value for (value,) in store.execute("SELECT value FROM kept"))
        names = b"".join(name for (name,) in store.execute("SELECT id FROM kept"))
    key = CookieKey.parse(cookie)
    secrets = [session.signer.seed, session.kem.seed, *(one.seed for one in session.office_keys.values())]
    for secret in secrets:
        assert secret not in kept
        assert secret.hex().encode() not in kept
    assert cookie.encode() not in kept + names
    sign_out(staff.platform.desk, staff.platform.working, cookie)
    assert staff.resume(key.text) is None
    for forged in ("", "x", CookieKey.new(staff.platform.rng).text, cookie[:-2]):
        assert staff.resume(forged) is None


def test_a_change_of_duties_ends_the_session(staff: Staff) -> None:
    officer = staff.enrolled(Role.INTAKE_CLERK)
    cookie, desk = staff.sign_in(officer), staff.platform.desk
    admin = staff.session(staff.enrolled(Role.SYSTEM_ADMIN, office="administration"))
    security = staff.session(staff.enrolled(Role.SECURITY_ADMIN, office="administration"))
    propose(desk, admin, officer, Proposal(change=AccountChange.ROLES, office="dept-1", roles=(Role.INSPECTOR,)))
    assert staff.resume(cookie) is not None
    change_roles(desk, security, officer, {})
    assert staff.resume(cookie) is None
    assert staff.session(officer).roles == {Role.INSPECTOR}


def test_who_has_departed_is_out_at_once_and_for_good(staff: Staff, head: str) -> None:
    desk, working = staff.platform.desk, staff.platform.working
    admin = staff.session(staff.enrolled(Role.SYSTEM_ADMIN, office="administration"))
    clerk = staff.enrolled(Role.INTAKE_CLERK)
    grant_office_key(desk, staff.session(head), clerk)
    cookie = staff.sign_in(clerk)
    wraps = [wrap.sha256 for one in desk.account(clerk).grants.values() for key in one.keys for wrap in key.wraps]
    with pytest.raises(Refused) as refused:
        depart(desk, working, staff.session(head), clerk)
    assert refused.value.code == "role"
    depart(desk, working, admin, clerk)
    assert staff.resume(cookie) is None
    assert wraps
    assert not any(desk.custody.wrap(bytes.fromhex(sha256)) for sha256 in wraps)
    with pytest.raises(Refused):
        staff.sign_in(clerk)
    for again in (clerk, "nobody"):
        with pytest.raises(Refused):
            depart(desk, working, admin, again)
    verify_platform(staff.platform)


# -- what was put there by somebody else ----------------------------------------------------------------------------


def test_a_keyring_in_anothers_place_opens_nothing(staff: Staff, head: str) -> None:
    """Who can write to the working state replaces an officer's keyring by one whose passphrase he knows."""
    desk, working = staff.platform.desk, staff.platform.working
    victim = staff.enrolled(Role.INTAKE_CLERK)
    place = keyring_id(desk, victim, desk.account(victim).signing_key)
    genuine = working.get(KEYRING, place, desk.clock())
    assert genuine is not None
    mine = working.get(KEYRING, keyring_id(desk, head, desk.account(head).signing_key), desk.clock())
    forged = seal_keyring(
        "known-to-the-thief",
        keyring_owner(desk, victim),
        {"signing": SigningKey.generate(desk.rng).seed, "kem": KemPrivateKey.generate(desk.rng).seed},
        desk.rng,
    )
    for planted, passphrase in ((mine, PASSPHRASE), (forged, "known-to-the-thief")):
        working.put(KEYRING, place, planted or b"", NEVER)
        with pytest.raises(Refused):
            staff.sign_in(victim, passphrase)
    working.put(KEYRING, place, genuine, NEVER)
    staff.sign_in(victim)


def test_a_wrap_in_anothers_place_opens_nothing_and_is_found(tmp_path: Path) -> None:
    """Who can write to custody puts the wrap that he holds himself in the place of a colleague's."""
    with staffed(tmp_path / "home", f"sqlite:///{tmp_path / 'log.sqlite'}") as office:

        def wrap_of(officer: str) -> bytes:
            (sealing,) = office.desk.account(officer).grants.values()
            return bytes.fromhex(sealing.keys[0].wraps[0].sha256)

        stolen = office.desk.custody.wrap(wrap_of("clerk-1"))
        with closing(sqlite3.connect(tmp_path / "log.sqlite")) as database, database:
            database.execute("UPDATE wrap SET data = ? WHERE sha256 = ?", (stolen, wrap_of("clerk-2")))
        assert office.again("clerk-2").office_keys == {}
        assert set(office.again("clerk-1").office_keys) == {"petition"}
        with pytest.raises(Fault, match="密钥封装"):
            office.verify()
