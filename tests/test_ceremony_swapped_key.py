"""Nobody can slip in a key: swapped in a file, the settings, the database, a backup or a request, it changes nothing or
stops everything; adding one takes the two who signed the manifest before."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.vocabulary.streams import deployment_id
from supervision.adoption import check_adopted
from supervision.amending import pinning, settings_without_pin
from supervision.domain.deployment import Deployment
from supervision.founding import ceremony_stamp
from supervision.key_files import read_seed
from supervision.openings.checking import check
from supervision.openings.request_file import NotAcceptable
from supervision.sealing.ceremony import keys_of, keys_of_superior
from supervision.sealing.errors import ManifestRejected, SealingError
from supervision.sealing.keys import KemPrivateKey, KemPublicKey, SigningKey
from supervision.sealing.manifest import KeyManifest, load_history
from supervision.sealing.strict_json import to_base64
from supervision.settings import BadSetting
from tests.support.ceremony import Tables, done, refused
from tests.support.office import staffed
from tests.support.openings import Openings
from tests.support.sealing import county, seeded

THIEF = KemPrivateKey.generate(seeded("thief")).public
HIS_CEREMONY = SigningKey.generate(seeded("his ceremony"))
HIS_SUPERIOR = SigningKey.generate(seeded("his superior"))


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tables = Tables(tmp_path_factory.mktemp("founded"))
    tables.found()
    return tables.root


@pytest.fixture
def tables(founded: Path, tmp_path: Path) -> Tables:
    shutil.copytree(founded, tmp_path / "county")
    return Tables(tmp_path / "county")


def genuine(tables: Tables) -> KeyManifest:
    return KeyManifest.parse(tables.first.read_bytes())


def with_his_key(manifest: KeyManifest) -> KeyManifest:
    """The first custodian's key swapped, nobody's signature on it."""
    custodians = (replace(manifest.custodians[0], kem=THIEF), *manifest.custodians[1:])
    return replace(manifest, custodians=custodians, signatures={})


def next_one(manifest: KeyManifest) -> KeyManifest:
    return replace(with_his_key(manifest), epoch=manifest.epoch + 1, previous=manifest.hash)


def signed_by_himself(manifest: KeyManifest) -> KeyManifest:
    """With signing keys of his own in it: all signatures that it asks for are valid."""
    own = replace(
        manifest,
        ceremony=HIS_CEREMONY.public_key,
        superior=replace(manifest.superior, signing=HIS_SUPERIOR.public_key),
    )
    return own.signed("ceremony", HIS_CEREMONY).signed("superior", HIS_SUPERIOR)


def pin(tables: Tables, *manifests: KeyManifest) -> None:
    """Put manifests into the home and pin the last of them, as who can write files on the county's machine can."""
    for manifest in manifests:
        (tables.home / "manifests" / f"{manifest.epoch}.json").write_bytes(manifest.to_bytes())
    text = pinning(manifests[-1].hash, settings_without_pin(tables.home))
    (tables.home / "settings.toml").write_text(text, "utf-8")


def pretend_adoption(tables: Tables, manifest: KeyManifest, signer: SigningKey) -> None:
    """Write the adoption into the database, as who has its password can."""
    with closing(tables.platform()) as platform:
        stream = deployment_id(manifest.origin)
        deployment = Deployment.replay(stream, platform.ledger.events_of(stream))
        deployment.adopt_manifest(ceremony_stamp(platform), epoch=manifest.epoch, manifest=manifest.hash)
        platform.ledger.record(deployment, signer=signer)


def start(tables: Tables) -> None:
    with closing(tables.platform()) as platform:
        check_adopted(platform)


# -- files and settings ------------------------------------------------------------------------------------------------


def test_a_key_swapped_in_the_manifest_s_file_stops_the_start(tables: Tables) -> None:
    manifest = genuine(tables)
    tables.first.write_bytes(replace(with_his_key(manifest), signatures=manifest.signatures).to_bytes())
    with pytest.raises(ManifestRejected):
        start(tables)


@given(st.data())
def test_whichever_key_is_swapped_the_two_signatures_do_not_fit(data: st.DataObject) -> None:
    manifest = county().manifest
    raw = manifest.to_bytes().decode()
    keys = [*keys_of(manifest).values(), *keys_of_superior(manifest.superior).values()]
    found = data.draw(st.sampled_from([to_base64(key) for key in keys]))
    own = to_base64(THIEF.raw if len(found) > 100 else HIS_CEREMONY.public_key)
    swapped = KeyManifest.parse(raw.replace(found, own).encode())
    with pytest.raises(ManifestRejected):
        swapped.verify()
    assert swapped.hash != manifest.hash


def test_a_manifest_of_one_s_own_pinned_in_the_settings_is_not_what_the_log_adopted(tables: Tables) -> None:
    pin(tables, signed_by_himself(with_his_key(genuine(tables))))
    with pytest.raises(BadSetting, match="日志已启用"):
        start(tables)


# -- the next manifest -------------------------------------------------------------------------------------------------


def as_himself(manifest: KeyManifest, tables: Tables) -> KeyManifest:
    return signed_by_himself(manifest)


def with_the_ceremony_s_key(manifest: KeyManifest, tables: Tables) -> KeyManifest:
    """One of the two persons, alone: he puts a superior of his own beside himself."""
    ceremony = SigningKey(read_seed(tables.ceremony_key))
    own = replace(manifest, superior=replace(manifest.superior, signing=HIS_SUPERIOR.public_key))
    return own.signed("ceremony", ceremony).signed("superior", HIS_SUPERIOR)


def with_the_superior_s_key(manifest: KeyManifest, tables: Tables) -> KeyManifest:
    """The other of the two, alone."""
    superior = SigningKey(read_seed(tables.superior_key))
    own = replace(manifest, ceremony=HIS_CEREMONY.public_key)
    return own.signed("ceremony", HIS_CEREMONY).signed("superior", superior)


FORGERIES = [as_himself, with_the_ceremony_s_key, with_the_superior_s_key]


@pytest.mark.parametrize("forge", FORGERIES)
def test_files_settings_and_database_together_add_no_key_without_both_persons(
    tables: Tables, forge: Callable[[KeyManifest, Tables], KeyManifest]
) -> None:
    first = genuine(tables)
    forged = forge(next_one(first), tables)
    forged.verify()  # by itself it is perfect
    signer = HIS_CEREMONY if forged.ceremony == HIS_CEREMONY.public_key else SigningKey(read_seed(tables.ceremony_key))
    pretend_adoption(tables, forged, signer)
    pin(tables, forged)
    with pytest.raises(ManifestRejected, match="原公钥"):
        start(tables)
    with pytest.raises(ManifestRejected, match="原公钥"):
        load_history([first.to_bytes(), forged.to_bytes()], forged.hash)
    assert "原公钥" in refused("verify", home=tables.home)


@pytest.mark.parametrize("forge", FORGERIES)
def test_one_person_cannot_sign_in_the_other_s_place(
    tables: Tables, forge: Callable[[KeyManifest, Tables], KeyManifest]
) -> None:
    """The thief signs for the missing one, too, with a key of his own."""
    first = genuine(tables)
    forged = forge(next_one(first), tables)
    missing = [name for name in forged.signatories(first) if name not in forged.signatures]
    bad = dict.fromkeys(missing, forged.signatures["superior"])
    with pytest.raises(ManifestRejected, match="签名无效"):
        replace(forged, signatures={**forged.signatures, **bad}).verify(first)


def test_with_both_persons_it_is_added(tables: Tables) -> None:
    """So that the refusals above are about the persons and nothing else."""
    ceremony, superior = (SigningKey(read_seed(path)) for path in (tables.ceremony_key, tables.superior_key))
    second = next_one(genuine(tables)).signed("ceremony", ceremony).signed("superior", superior)
    pretend_adoption(tables, second, ceremony)
    pin(tables, second)
    start(tables)


# -- database, backup --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("signer", [HIS_CEREMONY, None])
def test_an_adoption_that_somebody_writes_into_the_database_stops_the_start(
    tables: Tables, signer: SigningKey | None
) -> None:
    forged = next_one(genuine(tables))
    pretend_adoption(tables, forged, signer or SigningKey(read_seed(tables.ceremony_key)))
    with pytest.raises(BadSetting, match="日志已启用"):
        start(tables)
    assert "核验不通过" in refused("verify", home=tables.home)


def test_an_adoption_of_the_pinned_manifest_by_a_wrong_key_stops_the_start(tables: Tables) -> None:
    pretend_adoption(tables, genuine(tables), HIS_CEREMONY)
    with pytest.raises(SealingError, match="不能采信"):
        start(tables)


def test_a_key_swapped_in_a_backup_is_not_restored(tables: Tables) -> None:
    done("backup", tables.root / "backup", home=tables.home)
    stolen = KemPublicKey(THIEF.raw).key_id
    with closing(sqlite3.connect(tables.root / "backup" / "log.sqlite", isolation_level=None)) as database:
        for (trigger,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{trigger}"')
        database.execute(
            "UPDATE event SET state = CAST(replace(CAST(state AS TEXT), ?, ?) AS BLOB) WHERE position = 1",
            (genuine(tables).hash, stolen),
        )
    new = tables.root / "new"
    shutil.copytree(tables.home, new, ignore=shutil.ignore_patterns("*.sqlite*", "files"))
    assert "第 1 条" in refused("restore", tables.root / "backup", home=new)
    with sqlite3.connect(new / "log.sqlite") as database:
        assert not database.execute("SELECT name FROM sqlite_master").fetchall()


# -- requests ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def openings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Openings]:
    directory = tmp_path_factory.mktemp("openings")
    with staffed(directory / "home", f"sqlite:///{directory / 'log.sqlite'}") as office:
        yield Openings(office, directory)


def test_manifests_that_come_with_a_request_change_nothing_for_a_custodian(openings: Openings) -> None:
    opening = openings.approved("inspector-1", openings.office.distributed())
    file = openings.request_file("custodian-1", opening)
    manifest = openings.office.platform.manifest
    strangers = (signed_by_himself(with_his_key(manifest)), signed_by_himself(next_one(manifest)))
    checked = openings.checked(replace(file, manifests=tuple(one.to_bytes() for one in strangers)))
    assert checked.manifest == manifest
    assert THIEF not in {holder.kem for holder in checked.manifest.custodians}


def test_a_request_that_rests_on_a_manifest_that_the_custodian_did_not_pin_is_refused(openings: Openings) -> None:
    """The county's log goes on under a manifest that nobody showed him."""
    office = openings.office
    opening = openings.approved("inspector-1", office.distributed())
    file = openings.request_file("custodian-1", opening)
    stranger = signed_by_himself(with_his_key(office.platform.manifest))
    with pytest.raises(ManifestRejected):
        check(file, replace(stranger, signatures={}), office.clock())
    with pytest.raises(NotAcceptable):
        check(file, stranger, office.clock())
