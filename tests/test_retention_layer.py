"""The layer of retention periods over stored wraps: its format, its keys, and what opens without them: nothing."""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervision.casework.content import sealings_of
from supervision.domain.refusal import Refused
from supervision.intake.supplement import Addition, add
from supervision.openings.custodian import contribute
from supervision.openings.request_file import NotAcceptable
from supervision.platform import Platform
from supervision.sealing import layer
from supervision.sealing.binding import Place, derive
from supervision.sealing.compartments import COMPARTMENTS
from supervision.sealing.envelope import ToOffice, ToSuperior
from supervision.sealing.errors import CannotOpen, PeriodKeyMissing
from supervision.sealing.keys import KemPrivateKey
from supervision.sealing.opening import Opener
from supervision.sealing.retention import CLASS_OF, BadPeriodKey, RetentionKeys, fingerprint
from tests.support.deployment import seeds
from tests.support.office import OWN, staffed
from tests.support.openings import CUSTODIANS, Openings
from tests.support.sealing import STREAM, private_key, sealed_report, seeded

ORIGIN = sealed_report().manifest.origin
VECTOR: dict[str, Any] = json.loads((Path(__file__).parent / "vectors/sealing/retention.json").read_text("utf-8"))
PLACE = Place(origin=ORIGIN, manifest=bytes(32), suite=2, stream_id=UUID(int=7), compartment="identity")


def keys(directory: Path, seed: str = "periods") -> RetentionKeys:
    return RetentionKeys(directory / "retention", ORIGIN, seeded(seed))


# -- the format -------------------------------------------------------------------------------------------------------


def test_the_layer_is_what_the_vector_says() -> None:
    place = replace(PLACE, origin=VECTOR["origin"], stream_id=UUID(VECTOR["stream_id"]))
    context = layer.context_of(place, VECTOR["commitment"], VECTOR["recipient"], VECTOR["share"])
    period_key, stored = bytes.fromhex(VECTOR["period_key"]), bytes.fromhex(VECTOR["stored"])
    assert fingerprint(period_key) == VECTOR["fingerprint"]
    assert derive(period_key, context).hex() == VECTOR["layer_key"]
    put = layer.put(VECTOR["name"], bytes.fromhex(VECTOR["layer_key"]), bytes.fromhex(VECTOR["wrap"]), lambda _: NONCE)
    assert put == stored and layer.key_name(stored) == VECTOR["name"]
    assert layer.peel(stored, context, layer.OneKey(bytes.fromhex(VECTOR["layer_key"]))).hex() == VECTOR["wrap"]


NONCE = bytes.fromhex(VECTOR["nonce"])


@given(
    wrap=st.binary(max_size=1500), key=st.binary(min_size=32, max_size=32), nonce=st.binary(min_size=12, max_size=12)
)
def test_what_is_put_under_the_layer_comes_back(wrap: bytes, key: bytes, nonce: bytes) -> None:
    stored = layer.put(VECTOR["name"], key, wrap, lambda _: nonce)
    assert layer.peel(stored, b"", layer.OneKey(key)) == wrap
    assert stored.startswith(layer.header(VECTOR["name"]))


@given(at=st.integers(min_value=1), bit=st.integers(0, 7))
def test_a_changed_bit_anywhere_opens_nothing(at: int, bit: int) -> None:
    stored = bytearray(bytes.fromhex(VECTOR["stored"]))
    stored[1 + at % (len(stored) - 1)] ^= 1 << bit
    with pytest.raises(CannotOpen):
        layer.peel(bytes(stored), b"", layer.OneKey(bytes.fromhex(VECTOR["layer_key"])))


@given(stored=st.binary(max_size=200))
def test_whatever_bytes_custody_has_are_answered_with_a_refusal(stored: bytes) -> None:
    try:
        assert layer.peel(stored, b"", layer.NoKeys()) == stored
    except CannotOpen:
        assert stored[:1] == bytes([layer.LAYERED])


@pytest.mark.parametrize(
    "other",
    [
        ((replace(PLACE, origin="other.example/log")), "11" * 32, "22" * 32, 3),
        ((replace(PLACE, stream_id=UUID(int=8))), "11" * 32, "22" * 32, 3),
        ((replace(PLACE, compartment="contact")), "11" * 32, "22" * 32, 3),
        (PLACE, "12" * 32, "22" * 32, 3),
        (PLACE, "11" * 32, "23" * 32, 3),
        (PLACE, "11" * 32, "22" * 32, 4),
    ],
    ids=["log", "stream", "compartment", "data key", "recipient", "share"],
)
def test_the_key_of_one_layer_is_that_of_no_other(other: tuple[Place, str, str, int]) -> None:
    mine = layer.context_of(PLACE, "11" * 32, "22" * 32, 3)
    assert derive(bytes(32), mine) != derive(bytes(32), layer.context_of(*other))


# -- a report under the layer -----------------------------------------------------------------------------------------


def test_every_wrap_of_a_report_lies_under_the_key_of_its_class_and_year(tmp_path: Path) -> None:
    bundle = keys(tmp_path).layered(sealed_report().bundle, "2026-11-23T10:00:00+08:00")
    rows = {row.sha256.hex(): row for row in bundle.wraps}
    for ref in bundle.sealing.keys:
        for wrap in ref.wraps:
            assert layer.key_name(rows.pop(wrap.sha256).data).startswith(f"{CLASS_OF[ref.compartment]}-2026-")
    assert not rows


def test_every_compartment_of_a_report_has_a_class() -> None:
    assert CLASS_OF.keys() == COMPARTMENTS.keys()


def test_recipients_open_their_wraps_with_the_layer_s_key_and_not_without(tmp_path: Path) -> None:
    periods, report = keys(tmp_path), sealed_report(ToOffice("petition"))
    layered = replace(report, bundle=periods.layered(report.bundle, "2026-11-23"))
    office = private_key("office/petition")
    wrap = layered.wrap("content", office)
    opener = layered.opener.with_layers(periods)
    assert opener.unwrap("content", wrap, office) == report.bundle.data_keys["content"]
    with pytest.raises(PeriodKeyMissing):
        layered.opener.unwrap("content", wrap, office)
    with pytest.raises(PeriodKeyMissing, match="supervision retention import"):
        layered.opener.with_layers(keys(tmp_path / "elsewhere")).unwrap("content", wrap, office)


def test_wraps_from_before_there_was_a_layer_still_open(tmp_path: Path) -> None:
    report, office = sealed_report(ToOffice("petition")), private_key("office/petition")
    opener = Opener(report.manifest, report.bundle.sealing, STREAM, keys(tmp_path))
    assert opener.unwrap("content", report.wrap("content", office), office) == report.bundle.data_keys["content"]


def test_the_key_of_one_wrap_s_layer_opens_that_wrap_and_no_other(tmp_path: Path) -> None:
    periods, report = keys(tmp_path), sealed_report(ToSuperior())
    layered = replace(report, bundle=periods.layered(report.bundle, "2026-11-23"))
    first, second = private_key("superior/custodian/s1"), private_key("superior/custodian/s2")
    place, ref = layered.opener.split_key("identity")
    named = next(wrap for wrap in ref.wraps if wrap.key == first.key_id)
    handed = layer.OneKey(periods.key_of_wrap(place, ref, named, layered.wrap("identity", first)))
    assert layered.opener.with_layers(handed).contribution("identity", layered.wrap("identity", first), first)
    with pytest.raises(CannotOpen):
        layered.opener.with_layers(handed).contribution("identity", layered.wrap("identity", second), second)


def test_whatever_is_sealed_on_the_way_of_a_report_lies_under_a_layer(openings: Openings) -> None:
    """Through the door, an addition, a message, notes, the de-identified version, transfers."""
    office = openings.office
    report_id, code = office.web()
    add(office.platform, code, Addition(number=1, text="补充"))
    office.do("clerk-1", "register", report_id)
    office.do("clerk-1", "screen", report_id, **OWN, note="拟受理。")
    office.do("head", "confirm_screening", report_id)
    office.do("clerk-1", "deidentify", report_id, title="收受好处", text="某日收下八万元。", files=[])
    office.do("clerk-1", "draft_message", report_id, text="请补充时间。")
    office.do("head", "transfer", report_id, department="dept-1")
    office.do("clue", "record_clue", report_id)
    case = office.case(report_id)
    assert case.clue is not None
    found = set()
    for stream in (report_id, case.correspondence.id, case.clue.id):
        for event in office.events(stream):
            for key in (key for sealing in sealings_of(event) for key in sealing.keys):
                for wrap in key.wraps:
                    stored = office.desk.custody.wrap(bytes.fromhex(wrap.sha256))
                    assert stored is None or layer.key_name(stored).startswith(f"{CLASS_OF[key.compartment]}-2026-")
                    found.add(key.compartment)
    assert found >= set(CLASS_OF) - {"source"}


# -- key files --------------------------------------------------------------------------------------------------------


def test_a_key_file_is_its_owner_s_alone_and_is_made_once(tmp_path: Path) -> None:
    name = keys(tmp_path).name_for("identity", "2026")
    file = tmp_path / "retention" / name
    assert file.stat().st_mode & 0o777 == 0o600 and file.parent.stat().st_mode & 0o777 == 0o700
    assert keys(tmp_path, "another process").name_for("identity", "2026") == name


def test_two_processes_that_need_the_same_key_at_once_make_one(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    with context.Pool(8) as pool:
        names = set(pool.map(_made, [tmp_path] * 32))
    assert len(names) == 1 and keys(tmp_path).names() == sorted(names)


def _made(directory: Path) -> str:
    return RetentionKeys(directory / "retention", ORIGIN, os.urandom).name_for("content", "2026")


def test_a_damaged_key_file_is_named_and_not_used(tmp_path: Path) -> None:
    name = keys(tmp_path).name_for("identity", "2026")
    (tmp_path / "retention" / name).write_text("00" * 32)
    with pytest.raises(BadPeriodKey, match=name):
        keys(tmp_path).layer_key(name, b"")


def test_a_destroyed_key_is_used_by_no_process_that_knew_it(tmp_path: Path) -> None:
    here, there = keys(tmp_path), keys(tmp_path, "another process")
    name = here.name_for("identity", "2026")
    there.layer_key(name, b"")
    here.withdraw(name)
    here.destroy(name)
    with pytest.raises(PeriodKeyMissing):
        there.layer_key(name, b"")
    assert there.name_for("identity", "2026") != name
    assert not any(name in path.name for path in (tmp_path / "retention").iterdir())


# -- openings, and what a thief has -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def openings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Openings]:
    directory = tmp_path_factory.mktemp("county")
    with staffed(directory / "home", f"sqlite:///{directory / 'log.sqlite'}") as office:
        yield Openings(office, directory)


@pytest.fixture
def opening(openings: Openings) -> UUID:
    return openings.approved("inspector-1", openings.office.distributed())


def test_a_custodian_gets_the_layer_s_key_of_his_own_wrap_and_no_period_key(openings: Openings, opening: UUID) -> None:
    file = openings.request_file(CUSTODIANS[0], opening)
    period = {openings.desk.retention.carried()[name] for name in openings.desk.retention.names()}
    assert file.layer_keys and not period.intersection(file.layer_keys)
    assert not any(key.hex() in file.encode().hex() for key in period)


def test_without_the_layer_s_key_a_custodian_contributes_nothing(openings: Openings, opening: UUID) -> None:
    file = openings.request_file(CUSTODIANS[0], opening)
    private = openings.key(f"custodian/{CUSTODIANS[0]}")
    for wrong in ((), (b"",), (bytes(32),)):
        with pytest.raises((NotAcceptable, CannotOpen, ValueError)):
            contribute(openings.checked(replace(file, layer_keys=wrong)), private)
    assert contribute(openings.checked(file), private).given


def test_everything_but_the_period_keys_opens_nothing(openings: Openings, opening: UUID) -> None:
    """Database, home, officers' keys, custodians' keys, the console's: with the period keys carried off."""
    office, report_id = openings.office, openings.state(opening).report
    directory = office.platform.settings.home / "retention"
    aside = directory.rename(directory.with_name("carried-off"))
    try:
        with pytest.raises(Refused):
            office.read("clerk-1", report_id)
        with pytest.raises(Refused, match="保管期密钥"):
            openings.request_file(CUSTODIANS[0], opening)
        assert readable(office.platform, report_id) == set()
        assert office.verify()
    finally:
        aside.rename(directory)
    assert readable(office.platform, report_id) == {"identity", "contact", "content", "facts"}


def test_the_period_keys_and_the_database_without_anybody_s_keys_open_nothing(openings: Openings) -> None:
    """Under the layer there is a wrap, sealed to a person's or an office's key as before."""
    report_id = openings.office.accepted()
    for row in openings.desk.custody.wraps_for(report_id):
        assert layer.key_name(row.data)
    assert readable(openings.office.platform, report_id, holders=()) == set()


def readable(platform: Platform, report_id: UUID, holders: tuple[str, ...] | None = None) -> set[str]:
    """Compartments of which at least one of the ceremony's keys opens a wrap, a share counting as opened."""
    secrets = {name: seed for name, seed in seeds(platform).items() if holders is None or name in holders}
    private = {key.key_id: key for key in map(KemPrivateKey, secrets.values())}
    found = set()
    for event in platform.ledger.events_of(report_id):
        for sealing in sealings_of(event):
            opener = platform.desk.opener(sealing, report_id)
            for ref in sealing.keys:
                for wrap in ref.wraps:
                    stored = platform.custody.wrap(bytes.fromhex(wrap.sha256)) or b""
                    try:
                        how = opener.contribution if ref.n else opener.unwrap
                        how(ref.compartment, stored, private[wrap.key])
                        found.add(ref.compartment)
                    except (CannotOpen, KeyError):
                        continue
    return found
