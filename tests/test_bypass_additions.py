"""What the reporter adds after the county has destroyed its copy: it goes up too, in the way that the report went."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from projections import queries
from projections.sealed_reports import SealedRow
from supervision.casework import sealed
from supervision.casework.sealed import SealedReader
from supervision.domain.refusal import Refused
from supervision.domain.sealed_report import SITE, SealedState
from supervision.intake.supplement import Addition, add
from supervision.sealed_archive.reading import SealedContent
from supervision.sealing.receipt import ReceiptCode
from tests.support.carrying import Superior, gone_up_by_file
from tests.support.office import DATABASES, Office, file, staffed_on
from tests.support.officers import County, county

TEXT = "盛天阔在开发区地块出让中收受土地评估公司的干股。"
MORE, LAST = "又找到一份代持协议。", "协议的原件在其弟处。"


@pytest.fixture(scope="module", params=DATABASES)
def office(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with staffed_on(request, tmp_path_factory.mktemp("county")) as found:
        yield found


@pytest.fixture
def superior(office: Office, tmp_path: Path) -> Superior:
    return Superior(office, tmp_path / "superior")


def on_site(office: Office) -> tuple[UUID, ReceiptCode]:
    """Went up on the platform, was acknowledged there and destroyed here."""
    report_id, code = office.bypassed_at_the_door(text=TEXT, attachments=(file("一.txt", b"first"),))
    sealed.register(office.desk, office.sessions["clerk-1"], report_id)
    sealed.report_to_superior(office.desk, office.sessions["head"], report_id, SITE)
    sealed.acknowledge(office.desk, office.sessions["superior"], report_id)
    sealed.destroy_copy(office.desk, office.sessions["head"], report_id)
    return report_id, code


def carried(office: Office, superior: Superior) -> tuple[UUID, ReceiptCode]:
    """The same by a file."""
    report_id, code = office.bypassed_at_the_door(text=TEXT, attachments=(file("一.txt", b"first"),))
    gone_up_by_file(office, report_id)
    handed_in(office, report_id, superior.imported(superior.fetched(report_id)))
    sealed.destroy_copy(office.desk, office.sessions["head"], report_id)
    return report_id, code


def handed_in(office: Office, report_id: UUID, word: bytes) -> None:
    sealed.take_acknowledgement(office.desk, office.sessions["head"], report_id, word)


def added(office: Office, code: ReceiptCode, number: int, text: str) -> None:
    add(office.platform, code, Addition(number=number, text=text, files=(file(f"补{number}.txt", text.encode()),)))


def up(office: Office, report_id: UUID) -> int:
    return sealed.report_additions(office.desk, office.sessions["clerk-1"], report_id)


def read(office: Office, report_id: UUID) -> SealedContent:
    return SealedReader(office.desk, office.sessions["superior"], report_id).read()


def listed(office: Office, report_id: UUID) -> SealedRow:
    office.catch_up()
    with office.platform.reads.reading() as reader:
        row = queries.sealed_report(reader, report_id)
    assert row is not None
    return row


def left_here(office: Office, report_id: UUID) -> int:
    """Wraps in the county's custody."""
    streams = (report_id, office.desk.correspondence(report_id).id)
    return sum(len(office.desk.custody.wraps_for(stream)) for stream in streams)


def test_on_the_site_it_goes_up_is_read_acknowledged_and_destroyed_like_the_report(office: Office) -> None:
    report_id, code = on_site(office)
    assert left_here(office, report_id) == 0
    added(office, code, 1, MORE)
    assert (listed(office, report_id).state, listed(office, report_id).additions) == ("received", 1)
    assert read(office, report_id).additions == ()  # what has not gone up is not his to read

    up(office, report_id)
    assert (listed(office, report_id).state, listed(office, report_id).additions) == ("reported", 0)
    content = read(office, report_id)
    assert (content.text, [one.text for one in content.additions]) == (TEXT, [MORE])

    sealed.acknowledge(office.desk, office.sessions["superior"], report_id)
    sealed.destroy_copy(office.desk, office.sessions["head"], report_id)
    assert left_here(office, report_id) == 0
    reader = SealedReader(office.desk, office.sessions["superior"], report_id)
    assert [one.text for one in reader.read().additions] == [MORE]
    for number, addition, content_of in ((1, 0, b"first"), (1, 1, MORE.encode())):
        opened = reader.file(number, addition)[2]
        with opened:
            assert b"".join(opened) == content_of
    office.verify()


def test_it_may_happen_more_than_once(office: Office) -> None:
    report_id, code = on_site(office)
    for number, text in enumerate((MORE, LAST), start=1):
        added(office, code, number, text)
        up(office, report_id)
        sealed.acknowledge(office.desk, office.sessions["superior"], report_id)
        sealed.destroy_copy(office.desk, office.sessions["head"], report_id)
    assert [one.text for one in read(office, report_id).additions] == [MORE, LAST]
    office.verify()


def test_as_a_file_it_carries_only_what_is_new_and_the_archive_makes_it_whole(
    office: Office, superior: Superior
) -> None:
    report_id, code = carried(office, superior)
    added(office, code, 1, MORE)
    up(office, report_id)
    package = superior.fetched(report_id)
    whole = superior.home.directory / "sealed" / f"{report_id}.zip"
    with zipfile.ZipFile(package) as new, zipfile.ZipFile(whole) as kept:
        assert not set(new.namelist()) & set(kept.namelist()) - {"package.json"}
    handed_in(office, report_id, superior.imported(package))
    sealed.destroy_copy(office.desk, office.sessions["head"], report_id)
    assert office.desk.sealed_report(report_id).state is SealedState.DESTROYED
    assert left_here(office, report_id) == 0
    said = superior.run("witness", "open-sealed", str(report_id), "--key", superior.key("superior/content"))
    assert TEXT in said
    assert MORE in said
    target = superior.directory / "export"
    superior.run(
        *("witness", "export-sealed", str(report_id), "--key", superior.key("superior/content"), "--to", target)
    )
    found = {path.read_bytes() for path in target.iterdir() if path.name != "content.txt"}
    assert found == {b"first", MORE.encode()}
    office.verify()


def test_a_superior_without_the_report_does_not_take_the_addition(office: Office, superior: Superior) -> None:
    report_id, code = carried(office, superior)
    added(office, code, 1, MORE)
    up(office, report_id)
    package = superior.fetched(report_id)
    (superior.home.directory / "sealed" / f"{report_id}.zip").unlink()
    ack = superior.directory / "none.json"
    said = superior.run("witness", "import-sealed", package, "--ack", ack, ok=False)
    assert "先前送来的密件不在档案中" in said
    assert not ack.exists()


def test_what_is_missing_without_having_been_destroyed_is_refused(office: Office, superior: Superior) -> None:
    """A destruction speaks for what it names, and for nothing else."""
    report_id, code = carried(office, superior)
    added(office, code, 1, MORE)
    up(office, report_id)
    package = superior.fetched(report_id)
    with zipfile.ZipFile(package) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members.pop(next(name for name in members if name.startswith("wraps/")))
    with zipfile.ZipFile(package, "w", zipfile.ZIP_STORED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    said = superior.run("witness", "import-sealed", package, "--ack", superior.directory / "x.json", ok=False)
    assert "密件不完整" in said


def test_a_destruction_left_out_is_found_out(office: Office, superior: Superior) -> None:
    report_id, code = carried(office, superior)
    added(office, code, 1, MORE)
    up(office, report_id)
    package = superior.fetched(report_id)
    with zipfile.ZipFile(package) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    head = json.loads(members["package.json"])
    kept = [n for n, one in enumerate(head["entries"]) if "sealed_report.destroyed" not in json.dumps(one)]
    assert len(kept) == len(head["entries"]) - 1
    head |= {name: [head[name][n] for n in kept] for name in ("entries", "proofs")}
    members["package.json"] = json.dumps(head, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    with zipfile.ZipFile(package, "w", zipfile.ZIP_STORED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    said = superior.run("witness", "import-sealed", package, "--ack", superior.directory / "x.json", ok=False)
    assert "密件不完整" in said


def test_nothing_goes_up_where_nothing_was_added(office: Office) -> None:
    report_id, _ = on_site(office)
    with pytest.raises(Refused) as refused:
        up(office, report_id)
    assert refused.value.code == "no_additions"


def test_before_the_destruction_it_goes_with_the_report(office: Office) -> None:
    report_id, code = office.bypassed_at_the_door(text=TEXT)
    added(office, code, 1, MORE)
    with pytest.raises(Refused) as refused:
        up(office, report_id)
    assert refused.value.code == "state"


def test_nothing_is_destroyed_before_the_superior_has_the_addition(office: Office, superior: Superior) -> None:
    report_id, code = carried(office, superior)
    added(office, code, 1, MORE)
    up(office, report_id)
    with pytest.raises(Refused) as refused:
        sealed.destroy_copy(office.desk, office.sessions["head"], report_id)
    assert refused.value.code == "state"
    handed_in(office, report_id, superior.imported(superior.fetched(report_id)))
    added(office, code, 2, LAST)
    with pytest.raises(Refused) as refused:
        sealed.destroy_copy(office.desk, office.sessions["head"], report_id)
    assert refused.value.code == "additions"


# -- the pages ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[County]:
    path = tmp_path_factory.mktemp("pages")
    with county(path / "home", f"sqlite:///{path / 'log.sqlite'}", people={"clerk-1", "head", "superior"}) as made:
        yield made


def test_the_list_shows_what_waits_and_what_is_overdue(home: County) -> None:
    report_id, code = Office(home.platform, home.clock).bypassed_at_the_door(text=TEXT)
    home.settle()
    clerk = home.signed_in("clerk-1")
    clerk.open("/console/sealed")
    assert "报送上一级信访举报部门" in clerk.text
    clerk.send(f"/console/sealed/{report_id}/register")
    clerk.send(f"/console/sealed/{report_id}/report_on_site")
    assert "上一级签收" in clerk.text
    home.clock.advance(days=10)
    clerk = home.freshly_signed_in("clerk-1")
    assert "已超期" in clerk.open("/console/sealed?state=reported")
    superior = home.freshly_signed_in("superior", "witness")
    superior.open(f"/witness/reports/{report_id}")
    superior.send(f"/witness/reports/{report_id}/acknowledge")
    assert "已超期" not in clerk.open("/console/sealed")
    head = home.freshly_signed_in("head")
    head.open("/console/sealed")
    head.send(f"/console/sealed/{report_id}/destroy_copy")
    assert "径送补充材料" not in head.text

    add(home.platform, code, Addition(number=1, text=MORE))
    home.settle()
    clerk.open("/console/sealed?state=received")
    assert "1 份补充材料" in clerk.text
    assert "补充材料报送上一级" in clerk.text
    clerk.send(f"/console/sealed/{report_id}/report_additions")
    superior.open(f"/witness/reports/{report_id}")
    assert MORE in superior.text
    superior.send(f"/witness/reports/{report_id}/acknowledge")
    assert home.platform.desk.sealed_report(report_id).state is SealedState.ACKNOWLEDGED
