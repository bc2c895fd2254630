"""The superior's site: what went up is read with the superior's own key, acknowledged, and nothing else is there."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import nullcontext
from uuid import UUID

import pytest
from PIL import Image

from events.vocabulary.access import ContentOpened
from events.vocabulary.streams import access_id
from supervision.casework import sealed
from supervision.domain.sealed_report import SealedState
from supervision.intake.submission import Attachment, ReportedPerson
from supervision.intake.supplement import Addition, add
from supervision.sealing.receipt import ReceiptCode
from tests.support.office import submission
from tests.support.officers import County, Screen, county

PEOPLE = {"clerk-1", "head", "superior"}
LEADER = ReportedPerson(name="郗明礼", unit="云岫县人民政府", post="副县长", rank="副县处级")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[County]:
    path = tmp_path_factory.mktemp("witness")
    with county(path / "home", f"sqlite:///{path / 'log.sqlite'}", people=PEOPLE) as made:
        yield made


def came(home: County) -> UUID:
    """A report on the superior's cadre, still with the county."""
    made = io.BytesIO()
    Image.new("RGB", (4, 4), "green").save(made, "PNG")
    data = made.getvalue()
    plot = Attachment(
        name="地块.png", media_type="image/png", size=len(data), open=lambda: nullcontext(io.BytesIO(data))
    )
    return home.report("反映副县长郗明礼", "插手土地出让。", respondents=(LEADER,), attachments=(plot,))


def went_up(home: County) -> UUID:
    """The same, sent up through the console."""
    report = came(home)
    head = home.signed_in("head")
    head.open("/console/sealed")
    head.send(f"/console/sealed/{report}/register")
    head.send(f"/console/sealed/{report}/report_on_site")
    assert home.platform.desk.sealed_report(report).state is SealedState.REPORTED
    return report


def superior(home: County) -> Screen:
    return home.signed_in("superior", "witness")


def test_what_has_not_gone_up_is_not_there(home: County) -> None:
    report = came(home)
    screen = superior(home)
    assert str(report) not in screen.open("/witness/")
    assert "不能阅看" in screen.open(f"/witness/reports/{report}", 403)


def test_the_superior_reads_what_the_county_could_not(home: County) -> None:
    report = went_up(home)
    screen = superior(home)
    assert str(report) in screen.open("/witness/")
    page = screen.open(f"/witness/reports/{report}")
    for told in ("反映副县长郗明礼", "插手土地出让。", "郗明礼", "云岫县人民政府"):
        assert told in page


def test_that_he_read_it_is_recorded_first(home: County) -> None:
    report = went_up(home)
    superior(home).open(f"/witness/reports/{report}")
    stream = access_id(home.platform.manifest.origin, "superior", home.clock().date().isoformat())
    opened = [e.report for e in home.platform.ledger.events_of(stream) if isinstance(e, ContentOpened)]
    assert opened.count(str(report)) == 1


def test_evidence_is_opened_by_the_superior_alone(home: County) -> None:
    report = went_up(home)
    screen = superior(home)
    page = screen.open(f"/witness/reports/{report}")
    assert "地块.png" in page
    answer = screen.client.get(f"/witness/reports/{report}/files/0/1")
    assert answer.mimetype == "image/png"
    assert answer.data.startswith(b"\x89PNG")
    assert home.signed_in("head").client.get(f"/witness/reports/{report}/files/0/1").status_code == 303


def test_the_county_sees_of_it_only_that_it_went(home: County) -> None:
    report = went_up(home)
    page = home.signed_in("head").open("/console/sealed")
    assert home.platform.desk.sealed_report(report).number in page
    for secret in ("郗明礼", "副县长", "土地"):
        assert secret not in page
    home.signed_in("head").open(f"/console/reports/{report}", 404)


def test_after_the_acknowledgement_the_county_destroys_its_copy_and_the_superior_reads_his_own(home: County) -> None:
    report = went_up(home)
    head, screen = home.signed_in("head"), superior(home)
    head.open("/console/sealed")
    head.send(f"/console/sealed/{report}/destroy_copy")
    assert "不能销毁本级留存" in head.text
    screen.open(f"/witness/reports/{report}")
    assert "已签收" in screen.send(f"/witness/reports/{report}/acknowledge")
    head.open("/console/sealed")
    head.send(f"/console/sealed/{report}/destroy_copy")
    assert home.platform.desk.sealed_report(report).state is SealedState.DESTROYED
    assert "插手土地出让。" in screen.open(f"/witness/reports/{report}")  # out of the superior's own archive


def test_acknowledging_twice_is_told_and_changes_nothing(home: County) -> None:
    report = went_up(home)
    sealed.acknowledge(home.platform.desk, home.session("superior"), report)
    home.settle()
    screen = superior(home)
    screen.open(f"/witness/reports/{report}")
    before = home.platform.ledger.head()
    assert "不能签收" in screen.send(f"/witness/reports/{report}/acknowledge")
    assert home.platform.ledger.head() == before


def test_a_clerk_sends_up_and_only_the_head_destroys(home: County) -> None:
    report = went_up(home)
    sealed.acknowledge(home.platform.desk, home.session("superior"), report)
    home.settle()
    clerk = home.signed_in("clerk-1")
    assert "destroy_copy" not in clerk.open("/console/sealed?state=acknowledged")
    assert f"{report}/destroy_copy" in home.signed_in("head").open("/console/sealed?state=acknowledged")


def test_the_site_says_plainly_that_on_the_same_machine_it_proves_nothing(home: County) -> None:
    assert "不构成独立见证" in superior(home).open("/witness/")


def test_what_is_acknowledged_is_kept_whole_before_the_county_may_destroy_it(home: County) -> None:
    report = went_up(home)
    screen = superior(home)
    screen.open(f"/witness/reports/{report}")
    screen.send(f"/witness/reports/{report}/acknowledge")
    with zipfile.ZipFile(home.platform.settings.home / "superior" / f"{report}.zip") as archive:
        received = json.loads(archive.read("package.json"))["entries"][0]
        sealing = json.loads(received["state"])["sealing"]
        named = {f"wraps/{wrap['sha256']}" for key in sealing["keys"] for wrap in key["wraps"]}
        named |= {f"{item['kind']}s/{item['sha256']}" for item in sealing["items"]}
        assert named == set(archive.namelist()) - {"package.json"}
        assert all(hashlib.sha256(archive.read(name)).hexdigest() == name.partition("/")[2] for name in named)


def test_what_the_reporter_added_is_read_too(home: County) -> None:
    code = ReceiptCode.new(home.platform.rng)
    handed_in = submission(home.clock(), respondents=(LEADER,))
    admitted = home.platform.public_door.admit(handed_in, code)
    add(home.platform, code, Addition(number=1, text="还有一份会议记录。"))
    for command in (sealed.register, lambda *of: sealed.report_to_superior(*of, "site")):
        command(home.platform.desk, home.session("head"), admitted.report_id)
    home.settle()
    assert "还有一份会议记录。" in superior(home).open(f"/witness/reports/{admitted.report_id}")
