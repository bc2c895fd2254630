"""The superior's gate: what it wants to see before it gives its half, and that it gives it once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from events.checkpoint import Checkpoint
from events.cosignature import cosign
from events.note import Note, NoteVerifier, parse, sign
from events.policy import NONE
from events.vocabulary.opening import ShareContributed
from supervision.casework import opening as use
from supervision.domain.refusal import Refused
from supervision.openings.gate import examine, release, releases
from supervision.openings.gate_home import GateHome
from supervision.openings.request_file import NotAcceptable, RequestFile
from supervision.sealing.errors import SealingError
from supervision.sealing.keys import SigningKey
from supervision.settings import BadSetting
from tests.support.deployment import seeds
from tests.support.office import DATABASES, staffed_on
from tests.support.openings import Openings

STRANGER = SigningKey(bytes(range(32)))


@pytest.fixture(scope="module", params=DATABASES)
def openings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Openings]:
    directory: Path = tmp_path_factory.mktemp("openings")
    with staffed_on(request, directory) as office:
        yield Openings(office, directory)


@pytest.fixture
def opening(openings: Openings) -> UUID:
    """Agreed to, and M custodians have given their shares."""
    made = openings.approved("inspector-1", openings.office.distributed())
    openings.given(made)
    return made


@pytest.fixture
def file(openings: Openings, opening: UUID) -> RequestFile:
    """What the gate is brought when all is as it should be."""
    openings.witnessed()
    return openings.gate_file(opening)


def test_it_gives_its_half_once_and_its_own_log_remembers(openings: Openings, file: RequestFile) -> None:
    now = openings.office.clock()
    before = len(releases(openings.gate))
    release(openings.gate, file, now)
    for _ in range(2):
        with pytest.raises(NotAcceptable, match="已经放行过一次"):
            release(openings.gate, file, now)
    kept = releases(openings.gate)
    assert len(kept) == before + 1
    assert kept[-1].opening == str(file.opening)


def test_it_remembers_after_a_restart(openings: Openings, file: RequestFile) -> None:
    release(openings.gate, file, openings.office.clock())
    with pytest.raises(NotAcceptable, match="已经放行过一次"):
        release(GateHome.load(openings.gate.directory), file, openings.office.clock())


def test_what_it_gave_is_what_the_county_then_opens(openings: Openings, opening: UUID, file: RequestFile) -> None:
    answer = release(openings.gate, file, openings.office.clock()).encode()
    superior = openings.office.sessions["superior"]
    for _ in range(2):  # brought twice, recorded once
        use.add_gate_answer(openings.desk, superior, opening, answer)
    assert openings.open("inspector-1", opening).fields


# -- custodians -------------------------------------------------------------------------------------------------------


def test_m_minus_one_contributions_release_nothing(openings: Openings) -> None:
    made = openings.approved("inspector-1", openings.office.distributed())
    openings.contribute("custodian-1", made)
    openings.witnessed()
    with pytest.raises(NotAcceptable, match="须有 2 名保管人"):
        examine(openings.gate, openings.unready_gate_file(made), openings.office.clock())


@pytest.mark.parametrize("officer", ["custodian-1", "inspector-2", "relay-1"])
def test_the_second_contribution_must_be_a_second_custodian_s_own(openings: Openings, officer: str) -> None:
    """Somebody with the database's password writes a contribution in the name of a key that is not his."""
    made = openings.approved("inspector-1", openings.office.distributed())
    openings.contribute("custodian-1", made)
    genuine = next(iter(openings.state(made).contributions.values()))
    openings.forced(
        officer,
        made,
        ShareContributed,
        approval=genuine.approval,
        custodian_key=openings.custodian_key("custodian-2").key_id,
        sealing=openings.pretended(made, "custodian-2"),
    )
    openings.witnessed()
    with pytest.raises(SealingError, match="保管人本人"):
        examine(openings.gate, openings.unready_gate_file(made), openings.office.clock())


def test_a_contribution_to_another_approval_does_not_count(openings: Openings) -> None:
    made = openings.approved("inspector-1", openings.office.distributed())
    openings.contribute("custodian-1", made)
    openings.forced(
        "custodian-2",
        made,
        ShareContributed,
        approval="00" * 32,
        custodian_key=openings.custodian_key("custodian-2").key_id,
        sealing=openings.pretended(made, "custodian-2"),
    )
    openings.witnessed()
    with pytest.raises(NotAcceptable, match="不是按这一份批准"):
        examine(openings.gate, openings.unready_gate_file(made), openings.office.clock())


def test_a_contribution_that_names_another_share_does_not_count(openings: Openings) -> None:
    made = openings.approved("inspector-1", openings.office.distributed())
    openings.contribute("custodian-1", made)
    genuine = next(iter(openings.state(made).contributions.values()))
    openings.forced(
        "custodian-2",
        made,
        ShareContributed,
        approval=genuine.approval,
        custodian_key=openings.custodian_key("custodian-2").key_id,
        sealing=openings.pretended(made, "custodian-3"),
    )
    openings.witnessed()
    with pytest.raises(NotAcceptable, match="份额与申请不符"):
        examine(openings.gate, openings.unready_gate_file(made), openings.office.clock())


# -- the log ------------------------------------------------------------------------------------------------------


def test_what_no_witness_has_cosigned_does_not_even_leave_the_county(openings: Openings, opening: UUID) -> None:
    with pytest.raises(Refused, match="尚未得到见证人联署"):
        openings.gate_file(opening)
    openings.witnessed(by=STRANGER)
    with pytest.raises(Refused, match="尚未得到见证人联署"):
        openings.gate_file(opening)


def test_a_proof_without_the_witness_s_word_proves_nothing(openings: Openings, file: RequestFile) -> None:
    bare = [proof.rpartition("— witness.".encode())[0] for proof in file.proofs]
    with pytest.raises(NotAcceptable, match="联署"):
        release(openings.gate, replace(file, proofs=tuple(bare)), openings.office.clock())


def test_a_countersignature_by_a_wrong_key_proves_nothing(openings: Openings, file: RequestFile) -> None:
    """Under the witness's name, and by the log's own key, too."""
    for key in (STRANGER, SigningKey(seeds(openings.office.platform)["log"])):
        proofs = [recosigned(openings, proof, key) for proof in file.proofs]
        with pytest.raises(NotAcceptable, match="证明不成立"):
            release(openings.gate, replace(file, proofs=tuple(proofs)), openings.office.clock())


def test_a_fork_is_not_believed(openings: Openings, file: RequestFile) -> None:
    """Signed with the log's genuine key: the same size, another root; with the witness's word on the genuine tree."""
    for proof in file.proofs:
        head, _, note = proof.partition(b"\n\n")
        genuine = parse(note)
        tree = Checkpoint.parse(genuine.text)
        text = Checkpoint(tree.origin, tree.size, bytes(32)).text()
        log = SigningKey(seeds(openings.office.platform)["log"])
        fork = Note(text, (sign(text, tree.origin, log), genuine.signatures[1])).encode()
        with pytest.raises(NotAcceptable, match="证明不成立"):
            release(openings.gate, replace(file, proofs=(head + b"\n\n" + fork,)), openings.office.clock())


def test_a_fork_that_the_witness_was_made_to_cosign_is_found_by_memory(openings: Openings, tmp_path: Path) -> None:
    """Two trees of one size, both cosigned: the gate has seen the other one before."""
    gate = replace(openings.gate, directory=tmp_path / "gate")
    gate.found()
    made = []
    for _ in range(2):
        one = openings.approved("inspector-1", openings.office.distributed())
        openings.given(one)
        made.append(one)
    openings.witnessed()
    first, second = (openings.gate_file(one) for one in made)
    found = release(gate, first, openings.office.clock())
    assert found.release
    with gate.log() as (_, ledger):
        (event,) = (recorded.event for recorded in ledger.stored(1, 10))
    other = replace(openings.gate, directory=tmp_path / "other")
    other.found()
    with other.log() as (_, ledger):
        ledger.record(replace(event, tree_root="00" * 32), signer=other.signer)
    with pytest.raises(NotAcceptable, match="不是同一份"):
        release(other, second, openings.office.clock())


def test_every_event_of_the_opening_needs_its_proof(openings: Openings, file: RequestFile) -> None:
    for number in range(len(file.proofs)):
        some = file.proofs[:number] + file.proofs[number + 1 :]
        with pytest.raises(NotAcceptable, match="没有经见证人联署的日志证明"):
            release(openings.gate, replace(file, proofs=some), openings.office.clock())


def test_the_proofs_of_another_opening_are_of_no_use(openings: Openings, file: RequestFile) -> None:
    other = openings.approved("inspector-1", openings.office.distributed())
    openings.given(other)
    openings.witnessed()
    proofs = openings.gate_file(other).proofs
    with pytest.raises(NotAcceptable, match="没有经见证人联署的日志证明"):
        release(openings.gate, replace(file, proofs=proofs), openings.office.clock())


# -- its home -----------------------------------------------------------------------------------------------------


def test_a_gate_is_made_for_its_own_key_and_with_witnesses(openings: Openings) -> None:
    with pytest.raises(BadSetting, match="闸门公钥不符"):
        replace(openings.gate, release=openings.custodian_key("custodian-1"))
    with pytest.raises(BadSetting, match="quorum"):
        replace(openings.gate, policy=replace(openings.policy, quorum=NONE))
    stranger = NoteVerifier(openings.desk.manifest.origin, STRANGER.public_key)
    with pytest.raises(BadSetting, match="日志公钥"):
        replace(openings.gate, policy=replace(openings.policy, logs=(stranger,)))


def test_a_gate_s_log_that_was_touched_stops_it(openings: Openings, tmp_path: Path, file: RequestFile) -> None:
    gate = replace(openings.gate, directory=tmp_path / "gate")
    gate.found()
    release(gate, file, openings.office.clock())
    with closing(sqlite3.connect(gate.directory / "log.sqlite")) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        database.execute("UPDATE event SET state = replace(state, ?, ?)", (str(file.opening), str(UUID(int=1))))
        database.commit()
    for use_it in (lambda: releases(gate), lambda: release(gate, file, openings.office.clock())):
        with pytest.raises(SealingError, match="闸门自己的日志已损坏"):
            use_it()


def recosigned(openings: Openings, proof: bytes, key: SigningKey) -> bytes:
    """The same proof with the cosignature of another key under the witness's name."""
    head, _, note = proof.partition(b"\n\n")
    genuine = parse(note)
    name = f"witness.{openings.desk.manifest.origin}"
    line = cosign(genuine.text, name, key, int(openings.office.clock().timestamp()))
    return head + b"\n\n" + Note(genuine.text, (genuine.signatures[0], line)).encode()
