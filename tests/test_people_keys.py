"""Nobody can slip in a key: what is swapped in database, read models or keyrings opens nothing, or stops everything."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from events.canonical import encode
from events.custody import CustodyBatch
from events.verify import Fault
from events.vocabulary.officer import OfficerAppointed, OfficerEnrolled, OfficerRolesChanged
from events.vocabulary.streams import officer_stream_id
from supervision.casework.account_changes import Proposal, propose, reinvite
from supervision.casework.content import ContentReader
from supervision.casework.enrolment import Appointment, appoint, enrol
from supervision.casework.keyrings import KEYRING, NEVER, keyring_id, keyring_owner
from supervision.casework.known_accounts import FalseRecord, KnownAccounts
from supervision.casework.office_keys import grant_office_key, vouch
from supervision.casework.officer_session import OfficerSession
from supervision.casework.sessions import resume, unlocked
from supervision.casework.sign_in import sign_in
from supervision.domain.codes import Role
from supervision.domain.officer import OfficerAccount
from supervision.domain.refusal import Refused
from supervision.domain.staffing import AccountChange
from supervision.sealing.envelope import grant
from supervision.sealing.keys import KemPrivateKey, SigningKey
from supervision.sealing.passphrase import seal_keyring
from supervision.sealing.strict_json import to_base64
from tests.support.cases import by
from tests.support.deployment import seeds
from tests.support.office import Office, staffed

PASSPHRASE = "songyan-zhuying-xiqiao"
"""Of the officer, and of the thief: he knows it."""


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with staffed(tmp_path / "home", f"sqlite:///{tmp_path / 'log.sqlite'}") as made:
        yield made


@pytest.fixture
def thief(office: Office) -> OfficerSession:
    """Keys of somebody's own. He can write to every database."""
    return replace(
        office.sessions["oversight"],
        signer=SigningKey.generate(office.desk.rng),
        kem=KemPrivateKey.generate(office.desk.rng),
        office_keys={},
    )


def database(office: Office) -> Path:
    return Path(office.platform.settings.database_url.removeprefix("sqlite:///"))


def rewrite(office: Office, topic: str, stream: UUID, change: Callable[[dict[str, Any]], None]) -> None:
    """What the owner of the database file does: no trigger stops him."""
    with closing(sqlite3.connect(database(office))) as log, log:
        for (trigger,) in log.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            log.execute(f"DROP TRIGGER {trigger}")
        find = "SELECT position, state FROM event WHERE topic = ? AND stream_id = ?"
        ((position, state),) = log.execute(find, (topic, stream.hex)).fetchall()
        changed = json.loads(state)
        change(changed)
        log.execute("UPDATE event SET state = ? WHERE position = ?", (encode(changed), position))


def restarted(office: Office) -> None:
    """A process that has not read the accounts before."""
    here = office.platform
    known = KnownAccounts(here.log, here.settings.origin, here.manifests.values())
    object.__setattr__(office, "desk", replace(office.desk, accounts=known))


def newcomer(office: Office, code: SigningKey | None = None) -> str:
    """Somebody appointed by the ceremony, enrolled with keys of his own, who waits for the office's key."""
    account = OfficerAccount.appoint(
        officer_stream_id(office.desk.manifest.origin, "clerk-9"),
        office.stamp("ceremony"),
        officer="clerk-9",
        name="席真",
        home_office="petition",
        roles=("intake_clerk",),
        enrolment_key=to_base64((code or SigningKey.generate(office.desk.rng)).public_key),
    )
    office.desk.record(SigningKey(seeds(office.platform)["ceremony"]), account)
    return "clerk-9"


# -- public keys in the log ---------------------------------------------------------------------------------------


def test_a_public_key_swapped_in_the_log_gets_no_office_key(office: Office, thief: OfficerSession) -> None:
    """The attack that sealing is worth nothing without: the head wraps the office's key to the thief's."""
    code, desk = SigningKey.generate(office.desk.rng), office.desk
    officer = newcomer(office, code)
    account = desk.account(officer)
    mine = (SigningKey.generate(desk.rng), KemPrivateKey.generate(desk.rng))
    account.enrol(
        office.stamp(officer, "petition"),
        signing_key=to_base64(mine[0].public_key),
        kem_key=to_base64(mine[1].public.raw),
    )
    desk.record(code, account)

    def swap(state: dict[str, Any]) -> None:
        state["kem_key"] = to_base64(thief.kem.public.raw)

    rewrite(office, OfficerEnrolled.TOPIC, account.id, swap)
    head, before = office.sessions["head"], desk.ledger.head()
    restarted(office)
    with pytest.raises(FalseRecord, match="签名无效"):
        grant_office_key(office.desk, head, officer)
    assert desk.ledger.head() == before
    with pytest.raises(Fault):
        office.verify()


@pytest.mark.parametrize(
    ("topic", "change"),
    [
        (OfficerAppointed.TOPIC, {"roles": ["principal"]}),
        (OfficerAppointed.TOPIC, {"enrolment_key": "A" * 43 + "="}),
        (OfficerEnrolled.TOPIC, {"signing_key": "A" * 43 + "="}),
        (OfficerEnrolled.TOPIC, {"officer": "head"}),
    ],
)
def test_whatever_is_changed_in_an_account_stops_everything(office: Office, topic: str, change: dict[str, Any]) -> None:
    stream = officer_stream_id(office.desk.manifest.origin, "clerk-1")
    rewrite(office, topic, stream, lambda state: state.update(change))
    restarted(office)
    for officer in ("clerk-1", "head", "nobody"):
        with pytest.raises(FalseRecord, match="supervision verify"):
            office.desk.account(officer)


def test_a_running_process_goes_on_with_what_it_has_verified(office: Office, thief: OfficerSession) -> None:
    stream = officer_stream_id(office.desk.manifest.origin, "clerk-1")
    before = office.desk.account("clerk-1").kem_key
    rewrite(office, OfficerEnrolled.TOPIC, stream, lambda state: state.update(kem_key=to_base64(thief.kem.public.raw)))
    assert office.desk.account("clerk-1").kem_key == before


@pytest.mark.parametrize(
    "event",
    [
        lambda office, thief: OfficerEnrolled(
            **at(office, "head"), **by("head").fields(), officer="head", signing_key=key(thief), kem_key=kem(thief)
        ),
        lambda office, thief: OfficerAppointed(
            **at(office, "thief"),
            **by("ceremony", "").fields(),
            officer="thief",
            name="某人",
            home_office="petition",
            roles=("principal",),
            enrolment_key=key(thief),
        ),
        lambda office, thief: OfficerRolesChanged(
            **at(office, "clerk-1"), **by("security").fields(), officer="clerk-1", home_office="petition", roles=()
        ),
    ],
    ids=["new keys for the head", "an officer of his own", "duties"],
)
def test_an_event_that_the_thief_adds_stops_everything(
    office: Office, thief: OfficerSession, event: Callable[[Office, OfficerSession], Any]
) -> None:
    office.desk.ledger.record(event(office, thief), signer=thief.signer)
    with pytest.raises(FalseRecord):
        office.desk.account("head")


def test_an_officer_cannot_write_into_a_colleagues_account(office: Office) -> None:
    """A genuine key, a genuine signature, in the wrong place."""
    me = office.sessions["clerk-1"]
    account = office.desk.account("clerk-2")
    account.officer = "clerk-1"
    account.change_passphrase(office.stamp("clerk-1", "petition"))
    office.desk.record(me.signer, account)
    with pytest.raises(FalseRecord, match="他人"):
        office.desk.account("clerk-2")


def at(office: Office, officer: str) -> dict[str, Any]:
    stream = officer_stream_id(office.desk.manifest.origin, officer)
    return {"originator_id": stream, "originator_version": len(office.events(stream)) + 1}


def key(thief: OfficerSession) -> str:
    return to_base64(thief.signer.public_key)


def kem(thief: OfficerSession) -> str:
    return to_base64(thief.kem.public.raw)


# -- keyrings, wraps, read models -----------------------------------------------------------------------------------


def test_a_keyring_of_his_own_in_anothers_place_opens_nothing(office: Office, thief: OfficerSession) -> None:
    desk, working = office.desk, office.platform.working
    seeds = {"signing": thief.signer.seed, "kem": thief.kem.seed}
    forged = seal_keyring(PASSPHRASE, keyring_owner(desk, "clerk-1"), seeds, desk.rng)
    working.put(KEYRING, keyring_id(desk, "clerk-1", desk.account("clerk-1").signing_key), forged, NEVER)
    with pytest.raises(Refused):
        sign_in(desk, working, "clerk-1", PASSPHRASE)
    working.put(KEYRING, keyring_id(desk, "clerk-1", key(thief)), forged, NEVER)
    with pytest.raises(Refused):
        sign_in(desk, working, "clerk-1", PASSPHRASE)


def test_who_is_entered_as_a_holder_in_the_read_models_holds_nothing(office: Office, thief: OfficerSession) -> None:
    report, _ = office.web()
    office.catch_up()
    read = office.platform.settings.home / "read.sqlite"
    with closing(sqlite3.connect(read)) as rows, rows:
        tables = [name for (name,) in rows.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        columns = {name: {column[1] for column in rows.execute(f"PRAGMA table_info({name})")} for name in tables}
        (table,) = [name for name in tables if columns[name] >= {"holds", "roles"}]
        everybody = f"UPDATE {table} SET holds = ?, roles = ?, office = 'petition'"  # noqa: S608 - a name of ours
        rows.execute(everybody, ('["petition"]', '["intake_clerk"]'))
    desk = office.desk
    assert {one.office for one in desk.directory.colleagues()} == {"petition"}
    me = office.sessions["oversight"]
    session = unlocked(desk, desk.account("oversight"), me.signer, me.kem)
    assert session.office_keys == {}
    with pytest.raises(Refused):
        ContentReader(desk, session, desk.report(report), None)
    with pytest.raises(Refused):
        grant_office_key(desk, session, "clerk-2")


def test_a_grant_by_somebody_without_the_key_opens_nothing(office: Office) -> None:
    """An officer wraps a key that he made himself and calls it his office's."""
    desk, me = office.desk, office.sessions["oversight"]
    invented = KemPrivateKey.generate(desk.rng)
    account = desk.account("oversight")
    with pytest.raises(Exception, match="密钥清单"):
        grant(desk.manifest, account.id, invented, me.kem.public)
    genuine = office.office_key("petition")
    assert genuine is not None
    bundle = grant(desk.manifest, account.id, genuine, invented.public)  # to a key that is not the account's
    account.grant_office_key(office.stamp("oversight"), key_office="petition", sealing=bundle.sealing)
    desk.record(me.signer, account, custody=CustodyBatch(wraps=bundle.wraps))
    assert office.again("oversight").office_keys == {}


# -- administrators ---------------------------------------------------------------------------------------------------


def test_an_administrator_who_enrols_in_anothers_name_opens_and_decides_nothing(office: Office) -> None:
    desk, working, admin = office.desk, office.platform.working, office.sessions["admin"]
    report, _ = office.web()
    who = Appointment(officer="clerk-9", name="席真", office="petition", roles=(Role.PETITION_HEAD, Role.PRINCIPAL))
    enrol(desk, working, "clerk-9", appoint(desk, working, admin.signer, desk.stamp(admin), who), PASSPHRASE)
    false = resume(desk, working, sign_in(desk, working, "clerk-9", PASSPHRASE))
    assert false is not None
    assert (false.roles, dict(false.office_keys)) == (frozenset(), {})
    with pytest.raises(Refused):
        ContentReader(desk, false, desk.report(report), None)
    with pytest.raises(Refused):
        grant_office_key(desk, false, "clerk-9")


def test_an_administrator_cannot_appoint_who_is_appointed(office: Office) -> None:
    desk, admin = office.desk, office.sessions["admin"]
    who = Appointment(officer="head", name="庄慎言", office="petition", roles=(Role.PETITION_HEAD,))
    with pytest.raises(Refused) as refused:
        appoint(desk, office.platform.working, admin.signer, desk.stamp(admin), who)
    assert refused.value.code == "exists"
    again = OfficerAppointed(
        **at(office, "head"),
        **office.stamp("admin", "administration").fields(),
        officer="head",
        name="庄慎言",
        home_office="petition",
        roles=("petition_head",),
        enrolment_key=to_base64(admin.signer.public_key),
    )
    desk.ledger.record(again, signer=admin.signer)  # past the program, with the database password
    with pytest.raises(FalseRecord, match="账号已存在"):
        desk.account("head")
    with pytest.raises(Fault, match="账号已存在"):
        office.verify()


def test_both_administrators_together_get_an_account_and_still_no_office_key(office: Office) -> None:
    """They say that the head has lost his passphrase and enrol as he; two holders have to be deceived as well."""
    desk, working = office.desk, office.platform.working
    report, _ = office.web()
    propose(desk, office.sessions["admin"], "head", Proposal(change=AccountChange.RECOVERY))
    enrol(desk, working, "head", reinvite(desk, working, office.sessions["security"], "head"), PASSPHRASE)
    false = resume(desk, working, sign_in(desk, working, "head", PASSPHRASE))
    assert false is not None
    assert dict(false.office_keys) == {}
    with pytest.raises(Refused):
        ContentReader(desk, false, desk.report(report), None)
    vouch(desk, office.sessions["clerk-1"], "head")
    for one in (office.sessions["clerk-1"], false, office.sessions["admin"]):
        with pytest.raises(Refused):
            grant_office_key(desk, one, "head")
    assert desk.account("head").grants == {}


def test_two_cannot_be_left_out_with_the_database_password(office: Office) -> None:
    """A holder grants alone what takes two, past the program: the next who asks is told, and so is the verifier."""
    desk, working, me = office.desk, office.platform.working, office.sessions["clerk-2"]
    propose(desk, office.sessions["admin"], "head", Proposal(change=AccountChange.RECOVERY))
    enrol(desk, working, "head", reinvite(desk, working, office.sessions["security"], "head"), PASSPHRASE)
    account = desk.account("head")
    account.recovered = False
    false = resume(desk, working, sign_in(desk, working, "head", PASSPHRASE))
    assert false is not None
    bundle = grant(desk.manifest, account.id, me.office_keys["petition"], false.kem.public)
    account.grant_office_key(office.stamp("clerk-2", "petition"), key_office="petition", sealing=bundle.sealing)
    desk.record(me.signer, account, custody=CustodyBatch(wraps=bundle.wraps))
    with pytest.raises(FalseRecord, match="另一名持有人"):
        desk.account("head")
    with pytest.raises(Fault, match="另一名持有人"):
        office.verify()


@pytest.mark.parametrize("proposed", [False, True], ids=["proposed by nobody", "proposed by himself"])
def test_one_administrator_cannot_be_both_with_the_database_password(office: Office, proposed: bool) -> None:
    desk, admin = office.desk, office.sessions["admin"]
    if proposed:
        wanted = Proposal(change=AccountChange.ROLES, office="dept-1", roles=(Role.INSPECTOR,))
        propose(desk, admin, "clerk-1", wanted)
    changed = OfficerRolesChanged(
        **at(office, "clerk-1"),
        **office.stamp("admin", "administration").fields(),
        officer="clerk-1",
        home_office="dept-1",
        roles=("inspector",),
    )
    desk.ledger.record(changed, signer=admin.signer)
    with pytest.raises(FalseRecord, match="两人办理" if proposed else "另一名管理员"):
        desk.account("clerk-1")
