"""A sealed report as a file: carried to the superior, taken in there, acknowledged by a signed file that comes back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest

from supervision.casework import sealed
from supervision.domain.refusal import Refused
from supervision.domain.sealed_report import SealedState
from supervision.intake.supplement import Addition, add
from supervision.openings.request_file import NotAcceptable
from supervision.sealed_archive.acknowledgement import Acknowledgement
from supervision.sealing.keys import SigningKey
from supervision.sealing.receipt import ReceiptCode
from tests.support.carrying import Superior, gone_up_by_file, rewritten
from tests.support.office import Office, file, staffed

TEXT = "盛天阔在开发区地块出让中收受土地评估公司的干股。"
DEED = "代持协议，落款为盛天阔之弟。".encode()


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    path = tmp_path_factory.mktemp("county")
    with staffed(path / "home", f"sqlite:///{path / 'log.sqlite'}") as found:
        yield found


@pytest.fixture(scope="module")
def superior(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Superior:
    return Superior(office, tmp_path_factory.mktemp("city") / "superior")


def came(office: Office) -> tuple[UUID, ReceiptCode]:
    report_id, code = office.bypassed_at_the_door(text=TEXT, attachments=(file("协议.txt", DEED),))
    gone_up_by_file(office, report_id)
    return report_id, code


def handed_in(office: Office, report_id: UUID, word: bytes) -> int:
    return sealed.take_acknowledgement(office.desk, office.sessions["head"], report_id, word)


# -- there and back ----------------------------------------------------------------------------------------------------


def test_it_is_carried_read_acknowledged_and_then_destroyed_in_the_county(office: Office, superior: Superior) -> None:
    report_id, _ = came(office)
    word = superior.imported(superior.fetched(report_id))
    handed_in(office, report_id, word)
    assert office.desk.sealed_report(report_id).state is SealedState.ACKNOWLEDGED
    sealed.destroy_copy(office.desk, office.sessions["head"], report_id)
    assert office.desk.sealed_report(report_id).state is SealedState.DESTROYED
    office.verify()

    reference = office.desk.sealed_report(report_id).reference
    assert reference in superior.run("witness", "sealed")
    said = superior.run("witness", "open-sealed", reference, "--key", superior.key("superior/content"))
    assert TEXT in said
    assert "盛天阔" in said


def test_the_list_of_the_archive_says_nothing_of_what_reports_say(office: Office, superior: Superior) -> None:
    report_id, _ = came(office)
    superior.imported(superior.fetched(report_id))
    listed = superior.run("witness", "sealed")
    assert office.desk.sealed_report(report_id).number in listed
    assert "盛天阔" not in listed


def test_it_is_exported_for_those_who_handle_it(office: Office, superior: Superior) -> None:
    report_id, code = came(office)
    add(office.platform, code, Addition(number=1, text="原件在其弟处。", files=(file("../二.txt", b"second"),)))
    superior.imported(superior.fetched(report_id))
    target = superior.directory / f"export-{report_id}"
    superior.run("witness", "export-sealed", report_id, "--key", superior.key("superior/content"), "--to", target)
    assert TEXT in (target / "content.txt").read_text("utf-8")
    assert "原件在其弟处。" in (target / "content.txt").read_text("utf-8")
    found = {path.name: path.read_bytes() for path in target.iterdir() if path.name != "content.txt"}
    assert set(found.values()) == {DEED, b"second"}
    assert all(name.startswith(("0-1-", "1-1-")) for name in found)
    assert target.stat().st_mode & 0o077 == 0


def test_only_the_superiors_key_opens_it(office: Office, superior: Superior) -> None:
    report_id, _ = came(office)
    superior.imported(superior.fetched(report_id))
    for holder in ("office/petition", "custodian/custodian-1", "console"):
        said = superior.run("witness", "open-sealed", report_id, "--key", superior.key(holder), ok=False)
        assert "没有封给这把密钥" in said


def test_an_open_file_of_the_archive_leaves_nothing_behind(office: Office, superior: Superior) -> None:
    archive = superior.home.directory / "sealed"
    assert not [path for path in archive.iterdir() if path.suffix not in (".zip", ".jsonl") and path.is_file()]


# -- refused where it arrives ------------------------------------------------------------------------------------------


def _altered_blob(members: dict[str, bytes]) -> None:
    name = next(name for name in members if name.startswith("envelopes/"))
    members[name] = members[name][:-1] + bytes([members[name][-1] ^ 1])


def _without_a_wrap(members: dict[str, bytes]) -> None:
    del members[next(name for name in members if name.startswith("wraps/"))]


def _with_something_more(members: dict[str, bytes]) -> None:
    members["envelopes/" + "0" * 64] = b"more"


def _said(members: dict[str, bytes], change: Callable[[dict[str, object]], None]) -> None:
    head = json.loads(members["package.json"])
    change(head)
    members["package.json"] = json.dumps(head, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _another_state(members: dict[str, bytes]) -> None:
    def change(head: dict[str, object]) -> None:
        entry = head["entries"][0]  # type: ignore[index]  # as read from JSON
        entry["state"] = entry["state"].replace('"channel":"web"', '"channel":"sms"')

    _said(members, change)


def _without_proofs(members: dict[str, bytes]) -> None:
    _said(members, lambda head: head.update(proofs=[]))


def _another_log(members: dict[str, bytes]) -> None:
    _said(members, lambda head: head.update(origin="elsewhere.example/supervision"))


def _another_report(members: dict[str, bytes]) -> None:
    _said(members, lambda head: head.update(report="00000000-0000-4000-8000-000000000001"))


def _no_head(members: dict[str, bytes]) -> None:
    del members["package.json"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_altered_blob, "与日志记载不符"),
        (_without_a_wrap, "不完整"),
        (_with_something_more, "夹带"),
        (_another_state, "不在县级日志的这个位置"),
        (_without_proofs, "没有逐条附上日志证明"),
        (_another_log, "没有登记的日志"),
        (_another_report, "不是一件径送件的"),
        (_no_head, "不是平台生成的密件"),
    ],
)
def test_a_tampered_package_is_not_taken_in(
    office: Office, superior: Superior, change: Callable[[dict[str, bytes]], None], said: str
) -> None:
    report_id, _ = came(office)
    forged = superior.file("forged.zip", rewritten(superior.fetched(report_id), change))
    ack = superior.directory / f"no-{change.__name__}.json"
    assert said in superior.run("witness", "import-sealed", forged, "--ack", ack, ok=False)
    assert not ack.exists()
    assert str(report_id) not in [path.stem for path in (superior.home.directory / "sealed").glob("*.zip")]


def test_what_is_no_package_is_not_taken_in(superior: Superior) -> None:
    ack = superior.directory / "none.json"
    assert "不是密件" in superior.run(
        "witness", "import-sealed", superior.file("x.zip", b"nothing"), "--ack", ack, ok=False
    )


def test_a_package_is_taken_in_once(office: Office, superior: Superior) -> None:
    report_id, _ = came(office)
    package = superior.fetched(report_id)
    superior.imported(package)
    again = superior.directory / "again.json"
    assert "已经入档" in superior.run("witness", "import-sealed", package, "--ack", again, ok=False)
    superior.run("witness", "acknowledge-sealed", report_id, "--ack", again)
    handed_in(office, report_id, again.read_bytes())


def test_another_superior_does_not_take_it_in(office: Office, superior: Superior, tmp_path: Path) -> None:
    """He knows the county's log, but the package is sealed to somebody else."""
    report_id, _ = came(office)
    package = superior.fetched(report_id)
    other = Superior(office, tmp_path / "other", seed=bytes(range(32)))
    said = other.run("witness", "import-sealed", package, "--ack", tmp_path / "ack.json", ok=False)
    assert "日志证明不成立" in said  # he has not cosigned that tree


def test_before_a_witness_has_cosigned_there_is_no_package(office: Office) -> None:
    report_id, _ = came(office)
    with pytest.raises(Refused) as refused:
        sealed.package(office.desk, office.sessions["clerk-1"], report_id)
    assert refused.value.code == "not_witnessed"


def test_what_goes_up_on_the_site_is_not_carried(office: Office) -> None:
    report_id, _ = office.bypassed_at_the_door(text=TEXT)
    desk, officers = office.desk, office.sessions
    for attempt in (1, 2):
        with pytest.raises(Refused) as refused:
            sealed.package(desk, officers["clerk-1"], report_id)
        assert refused.value.code == "mode"
        if attempt == 1:
            sealed.register(desk, officers["clerk-1"], report_id)
            sealed.report_to_superior(desk, officers["head"], report_id, "site")
    for officer, code in (("inspector-1", "role"), ("org-clerk", "not_assigned")):
        with pytest.raises(Refused) as refused:
            sealed.package(desk, officers[officer], report_id)
        assert refused.value.code == code


# -- refused where it comes back ---------------------------------------------------------------------------------------


@pytest.fixture
def answered(office: Office, superior: Superior) -> tuple[UUID, Acknowledgement]:
    report_id, _ = came(office)
    return report_id, Acknowledgement.parse(superior.imported(superior.fetched(report_id)))


def refusal(office: Office, report_id: UUID, word: bytes) -> Refused:
    head = office.desk.ledger.head()
    with pytest.raises(Refused) as refused:
        handed_in(office, report_id, word)
    assert office.desk.ledger.head() == head
    return refused.value


@pytest.mark.parametrize(
    "change",
    [
        {"contents": "00" * 32},
        {"acknowledged_at": "2026-11-24T09:00:00+08:00"},
        {"principal_may_know": True},
        {"signature": bytes(64)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_an_acknowledgement_that_was_altered_is_not_taken(
    office: Office, answered: tuple[UUID, Acknowledgement], change: dict[str, object]
) -> None:
    report_id, word = answered
    altered = Acknowledgement(**{**vars(word), **change})
    assert refusal(office, report_id, altered.encode()).code == "acknowledgement"


def test_an_acknowledgement_by_anybody_else_is_not_taken(
    office: Office, answered: tuple[UUID, Acknowledgement]
) -> None:
    report_id, word = answered
    forged = word.signed(SigningKey(bytes(range(32))))
    assert "签名不是上级的" in refusal(office, report_id, forged.encode()).reason


def test_an_acknowledgement_of_another_report_is_not_taken(
    office: Office, answered: tuple[UUID, Acknowledgement]
) -> None:
    other, _ = came(office)
    assert "不是本件的" in refusal(office, other, answered[1].encode()).reason


def test_an_acknowledgement_is_taken_once(office: Office, answered: tuple[UUID, Acknowledgement]) -> None:
    report_id, word = answered
    handed_in(office, report_id, word.encode())
    assert refusal(office, report_id, word.encode()).code == "again"


def test_rubbish_is_not_taken(office: Office, answered: tuple[UUID, Acknowledgement]) -> None:
    for rubbish in (b"", b"{}", b"\xff", b"x" * 20_000):
        assert refusal(office, answered[0], rubbish).code == "acknowledgement"
        with pytest.raises(NotAcceptable):
            Acknowledgement.parse(rubbish)


def test_nothing_is_destroyed_that_the_superior_does_not_have(office: Office, superior: Superior) -> None:
    """The reporter added something after the package was fetched."""
    report_id, code = came(office)
    word = superior.imported(superior.fetched(report_id))
    add(office.platform, code, Addition(number=1, text="又想起一事。"))
    assert refusal(office, report_id, word).code == "additions"

    handed_in(office, report_id, superior.imported(superior.fetched(report_id)))  # with the addition, once more
    add(office.platform, code, Addition(number=2, text="还有一事。"))
    with pytest.raises(Refused) as refused:
        sealed.destroy_copy(office.desk, office.sessions["head"], report_id)
    assert refused.value.code == "additions"
    handed_in(office, report_id, superior.imported(superior.fetched(report_id)))
    sealed.destroy_copy(office.desk, office.sessions["head"], report_id)
    said = superior.run("witness", "open-sealed", report_id, "--key", superior.key("superior/content"))
    assert "还有一事。" in said


# -- the principal (A-15) ----------------------------------------------------------------------------------------------


def told(office: Office, report_id: UUID) -> int:
    return sealed.tell_principal(office.desk, office.sessions["head"], report_id)


def test_the_principal_is_told_only_where_the_setting_and_the_superior_say_so(tmp_path: Path) -> None:
    with staffed(tmp_path / "home", f"sqlite:///{tmp_path / 'log.sqlite'}") as office:
        superior = Superior(office, tmp_path / "superior")
        words = []
        for options in ((), ("--principal-may-know",)):
            report_id, _ = came(office)
            words.append((report_id, superior.imported(superior.fetched(report_id), "ack.json", *options)))
        with pytest.raises(Refused) as refused:
            told(office, words[1][0])
        assert refused.value.code == "setting"

        object.__setattr__(office.platform.settings, "tell_principal_of_sealed", True)
        for report_id, word in words:
            with pytest.raises(Refused) as refused:
                told(office, report_id)
            assert refused.value.code == "state"  # nobody here can know whether it is he who is reported
            handed_in(office, report_id, word)
        with pytest.raises(Refused) as refused:
            told(office, words[0][0])
        assert refused.value.code == "A-15"
        told(office, words[1][0])
        assert office.desk.sealed_report(words[1][0]).principal_told


def test_on_the_site_the_superior_says_it_with_his_acknowledgement(tmp_path: Path) -> None:
    with staffed(tmp_path / "home", f"sqlite:///{tmp_path / 'log.sqlite'}") as office:
        object.__setattr__(office.platform.settings, "tell_principal_of_sealed", True)
        desk, officers = office.desk, office.sessions
        for may_know in (False, True):
            report_id, _ = office.bypassed_at_the_door(text=TEXT)
            sealed.register(desk, officers["clerk-1"], report_id)
            sealed.report_to_superior(desk, officers["head"], report_id, "site")
            sealed.acknowledge(desk, officers["superior"], report_id, principal_may_know=may_know)
            if may_know:
                told(office, report_id)
            else:
                with pytest.raises(Refused, match="不必说明理由"):
                    told(office, report_id)
        office.verify()
