"""A late by-pass after a change of custodians: those who hold the shares now open it for the superior."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import pytest

from supervision.casework import sealed
from supervision.intake.supplement import Addition, add
from tests.support.carrying import Superior, gone_up_by_file
from tests.support.office import DATABASES, REPORTER, Office, file, staffed_on
from tests.support.resharing import JOINER, Handover, next_manifest, started_anew

NOW_IN_OFFICE = {"custodian-4": "身份保管员丁", "custodian-2": "身份保管员乙", "custodian-3": "身份保管员丙"}
RELAYS = {"relay-1": "联络员甲", "relay-3": "联络员丙"}
LEAVER, GATE = "custodian/custodian-1", "superior/gate"
JOINED, STAYED = f"custodian/{JOINER.officer}", "custodian/custodian-2"


@dataclass
class Bypassed:
    """A report that was sealed to the former custodians, reshared, bypassed on reading, and destroyed in the county."""

    office: Office
    superior: Superior
    report: UUID


@pytest.fixture(scope="module", params=DATABASES)
def late(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bypassed]:
    directory = tmp_path_factory.mktemp("reshared")
    with staffed_on(request, directory) as before:
        report_id, code = before.web(attachments=(file("协议.txt", b"deed"),))
        add(before.platform, code, Addition(number=1, text="他现在是副县长。", files=(file("二.txt", b"second"),)))
        next_manifest(before.platform, custodians=NOW_IN_OFFICE, relays=RELAYS)
        with started_anew(before) as office:
            Handover(office, directory / "table").all_of_it()
            add(office.platform, code, Addition(number=2, text="原件在此。", files=(file("三.txt", b"third"),)))
            office.do("clerk-1", "register", report_id)
            office.do("clerk-2", "propose_bypass", report_id)
            office.do("clerk-1", "confirm_bypass", report_id)
            sealed_id = UUID(office.events(report_id)[-1].sealed_report)  # type: ignore[attr-defined]  # ReportBypassed
            gone_up_by_file(office, sealed_id)
            superior = Superior(office, directory / "superior")
            word = superior.imported(superior.fetched(sealed_id))
            sealed.take_acknowledgement(office.desk, office.sessions["head"], sealed_id, word)
            sealed.destroy_copy(office.desk, office.sessions["head"], sealed_id)
            office.verify()
            yield Bypassed(office, superior, sealed_id)


def test_who_joined_and_who_stayed_open_who_reported(late: Bypassed) -> None:
    request = late.superior.asked(late.report)
    given = [late.superior.given(request, holder) for holder in (JOINED, STAYED, GATE)]
    said = late.superior.opened(late.report, *given)
    assert REPORTER.name in said
    assert REPORTER.id_no in said


def test_new_relays_open_how_he_can_be_reached(late: Bypassed) -> None:
    request = late.superior.asked(late.report, "contact")
    given = [late.superior.given(request, f"relay/{relay}") for relay in RELAYS]
    assert REPORTER.phone in late.superior.opened(late.report, *given)


def test_originals_from_before_and_after_the_change_open_together(late: Bypassed) -> None:
    request = late.superior.asked(late.report, "source")
    given = [late.superior.given(request, holder) for holder in (JOINED, STAYED, GATE)]
    said = late.superior.opened(late.report, *given)
    assert all(name in said for name in ("协议.txt", "二.txt", "三.txt"))


def test_who_left_has_no_share_in_it(late: Bypassed) -> None:
    request = late.superior.asked(late.report)
    assert "没有封给这把私钥的份额" in str(late.superior.given(request, LEAVER, ok=False))


@pytest.mark.parametrize(("holders", "said"), [((JOINED, GATE), "需要 2 人的份额"), ((JOINED, STAYED), "缺少上级闸门")])
def test_fewer_do_not_open_it(late: Bypassed, holders: tuple[str, ...], said: str) -> None:
    request = late.superior.asked(late.report)
    given = [late.superior.given(request, holder) for holder in holders]
    assert said in late.superior.opened(late.report, *given, ok=False)


def test_the_county_has_no_share_left(late: Bypassed) -> None:
    desk = late.office.desk
    recorded = desk.ledger.stored(1, 10_000)
    private = {
        desk.manifest.names.get(row.recipient.hex())
        for one in recorded
        for row in desk.custody.wraps_for(one.event.originator_id)
    }
    assert not {name for name in private if name in (*NOW_IN_OFFICE.values(), *RELAYS.values())}
