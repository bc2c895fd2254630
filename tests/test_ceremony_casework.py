"""Work goes on across a change of the key manifest: officers keep their keys, older reports stay readable and can be
opened by the custodians of their time, newer ones by those of today."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from uuid import UUID

import pytest

from supervision.adoption import check_adopted
from supervision.amending import draft, pinning, settings_without_pin
from supervision.casework.known_accounts import FalseRecord
from supervision.casework.sessions import unlocked
from supervision.demonstration.county import plan
from supervision.founding import ceremony_stamp
from supervision.openings.checking import check
from supervision.openings.request_file import NotAcceptable
from supervision.platform import Platform
from supervision.sealing.keys import SigningKey
from tests.support.deployment import open_deployment, seeds
from tests.support.office import REPORTER, Office, staffed
from tests.support.openings import Openings

FOURTH = {"custodian-4": "身份保管员丁"}


@dataclass
class TwoEpochs:
    """``before``: the county under its first manifest; ``after``: under its second, started anew; ``old``: a report
    sealed under the first."""

    before: Office
    after: Office
    old: UUID
    openings: Openings


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoEpochs]:
    directory = tmp_path_factory.mktemp("epochs")
    url = f"sqlite:///{directory / 'log.sqlite'}"
    with staffed(directory / "home", url) as before:
        old = before.distributed()
        add_custodian(before.platform)
        with closing(open_deployment(directory / "home", url, clock=before.clock)) as platform:
            check_adopted(platform)
            after = Office(platform, before.clock)
            for officer, session in before.sessions.items():
                account = after.desk.account(officer)
                after.sessions[officer] = unlocked(after.desk, account, session.signer, session.kem)
            after.catch_up()
            yield TwoEpochs(before, after, old, Openings(after, directory))


def add_custodian(platform: Platform) -> None:
    """A fourth custodian, signed by both, adopted and pinned."""
    changed = replace(plan(), ceremony=replace(plan().ceremony, custodians={**plan().ceremony.custodians, **FOURTH}))
    secrets, home = seeds(platform), platform.settings.home
    ceremony, superior = SigningKey(secrets["ceremony"]), SigningKey(secrets["superior/signing"])
    drafted = draft(platform.manifest, changed, "2026-11-23").manifest
    signed = drafted.signed("ceremony", ceremony).signed("superior", superior)
    signed.verify(platform.manifest)
    (home / "manifests" / "2.json").write_bytes(signed.to_bytes())
    deployment = platform.desk.deployment()
    deployment.adopt_manifest(ceremony_stamp(platform), epoch=2, manifest=signed.hash)
    platform.ledger.record(deployment, signer=ceremony)
    (home / "settings.toml").write_text(pinning(signed.hash, settings_without_pin(home)), "utf-8")


def test_officers_read_older_and_newer_reports(county: TwoEpochs) -> None:
    new = county.after.distributed(text="此件封存于第二版清单。")
    assert county.after.read("inspector-1", county.old).text == county.before.read("inspector-1", county.old).text
    assert "第二版" in str(county.after.read("inspector-1", new).text)


@pytest.mark.parametrize("when", ["old", "new"])
def test_an_identity_is_opened_under_the_manifest_that_it_was_sealed_under(county: TwoEpochs, when: str) -> None:
    report = county.old if when == "old" else county.after.distributed()
    opened = county.openings.at_once("inspector-1", report)
    assert json.loads(opened.fields["identity", "reporter"])["name"] == REPORTER.name
    county.after.verify()


def test_a_custodian_who_pins_the_former_manifest_gives_nothing_until_he_was_shown_the_new_one(
    county: TwoEpochs,
) -> None:
    opening = county.openings.approved("inspector-1", county.old)
    file = county.openings.request_file("custodian-1", opening)
    with pytest.raises(NotAcceptable):
        check(file, county.before.platform.manifest, county.after.clock())
    assert county.openings.checked(file).manifest.epoch == 1


def test_the_console_that_runs_on_under_the_former_manifest_stops(county: TwoEpochs) -> None:
    """It cannot tell a genuine change from a forged one before it has been shown the signed manifest."""
    with pytest.raises(FalseRecord, match="密钥清单"):
        county.before.desk.account("inspector-1")
