"""The key manifest: pinned, signed by two, consistent, and nothing is wrapped to a key outside of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.canonical import encode
from supervision.sealing.binding import SUITE_XWING_AES256GCM
from supervision.sealing.ceremony import make_county, make_superior
from supervision.sealing.errors import CannotSeal, ManifestRejected, SuiteTooLow
from supervision.sealing.keys import KemPrivateKey, KemPublicKey, SigningKey
from supervision.sealing.manifest import KeyManifest, load_history
from tests.support.sealing import PLAN, SUPERIOR_PLAN, county, seeded

Document = dict[str, Any]


def changed(change: Callable[[Document], object]) -> bytes:
    document = json.loads(county().manifest.to_bytes())
    change(document)
    return encode(document)


def test_a_manifest_survives_its_file() -> None:
    manifest = county().manifest
    assert KeyManifest.load(manifest.to_bytes(), manifest.hash) == manifest


def test_another_manifest_than_the_pinned_one_is_refused() -> None:
    with pytest.raises(ManifestRejected, match="固定的哈希"):
        KeyManifest.load(county(gate=False).manifest.to_bytes(), county().manifest.hash)


@given(st.data())
def test_no_altered_file_is_accepted(data: st.DataObject) -> None:
    original = county().manifest.to_bytes()
    at = data.draw(st.integers(0, len(original) - 1))
    flipped = original[:at] + bytes([original[at] ^ data.draw(st.integers(1, 255))]) + original[at + 1 :]
    with pytest.raises(ManifestRejected):
        KeyManifest.load(flipped, county().manifest.hash)


@pytest.mark.parametrize("signatory", ["ceremony", "superior"])
def test_both_must_have_signed(signatory: str) -> None:
    def forge(document: Document) -> None:
        document["signatures"][signatory] = document["signatures"][
            "superior" if signatory == "ceremony" else "ceremony"
        ]

    def leave_out(document: Document) -> None:
        del document["signatures"][signatory]

    for change in (forge, leave_out):
        with pytest.raises(ManifestRejected, match="签名"):
            KeyManifest.load(changed(change), county().manifest.hash)


def test_only_the_registered_key_signs() -> None:
    with pytest.raises(ManifestRejected, match="superior"):
        county().manifest.signed("superior", SigningKey(county().secrets["ceremony"]))


def test_swapping_a_key_and_signing_with_one_s_own_key_changes_the_hash_and_is_refused() -> None:
    """Whoever can replace the file but not the pinned hash gets nowhere."""
    thief = KemPrivateKey.generate(seeded("thief")).public
    own = SigningKey.generate(seeded("thief"))
    genuine = county().manifest
    forged = replace(
        genuine,
        custodians=(replace(genuine.custodians[0], kem=thief), *genuine.custodians[1:]),
        ceremony=own.public_key,
        signatures={},
    ).signed("ceremony", own)
    with pytest.raises(ManifestRejected, match="固定的哈希"):
        KeyManifest.load(forged.to_bytes(), genuine.hash)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda d: d["manifest"].update(extra=1), id="unknown member"),
        pytest.param(lambda d: d["manifest"].pop("gate"), id="missing member"),
        pytest.param(lambda d: d["manifest"].update(m=True), id="mistyped member"),
        pytest.param(lambda d: d["manifest"]["offices"][0].update(kem="AAAA"), id="no key"),
        pytest.param(lambda d: d["manifest"]["superior"].update(signing="A"), id="no Base64"),
        pytest.param(lambda d: d["manifest"].update(log="A" * 42 + "B="), id="another spelling of Base64"),
        pytest.param(lambda d: d.update(extra={}), id="unknown document member"),
    ],
)
def test_a_malformed_file_is_refused_and_the_member_named(change: Callable[[Document], object]) -> None:
    with pytest.raises(ManifestRejected, match="缺失、多余或类型不对"):
        KeyManifest.parse(changed(change))


def test_a_file_that_is_not_canonical_is_refused() -> None:
    with pytest.raises(ManifestRejected, match="规范"):
        KeyManifest.parse(county().manifest.to_bytes() + b"\n")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"m": 1}, "保管人的门限"),
        ({"m": 6}, "保管人的门限"),
        ({"relay_m": 1}, "联络员的门限"),
        ({"epoch": 2}, "epoch"),
        ({"epoch": 1, "previous": "00" * 32}, "epoch"),
        ({"epoch": 2, "previous": "xyz"}, "previous"),
        ({"created": "1.9.2026"}, "created"),
        ({"origin": "a b"}, "origin"),
        ({"offices": ()}, "受理机构"),
        ({"minimum_suite": {"identity": 2}}, "minimum_suite"),
        ({"log": b"short"}, "32 字节"),
    ],
)
def test_an_inconsistent_manifest_cannot_be_made(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(ManifestRejected, match=reason):
        replace(county().manifest, **fields)


def test_no_key_has_two_roles() -> None:
    manifest = county().manifest
    for fields in (
        {"console": manifest.custodians[0].kem},
        {"relays": (*manifest.relays, replace(manifest.custodians[0], id="r9"))},
        {"log": manifest.superior.witness},
    ):
        with pytest.raises(ManifestRejected, match="登记了两次"):
            replace(manifest, **fields)


def test_a_suite_below_the_minimum_or_unknown_is_refused() -> None:
    manifest = county().manifest
    manifest.require_suite("identity", SUITE_XWING_AES256GCM)
    for suite in (0, 1, 3, 255):
        with pytest.raises(SuiteTooLow):
            manifest.require_suite("identity", suite)


def test_a_service_signs_its_own_topics_only() -> None:
    manifest = county().manifest
    public = manifest.service_of(SigningKey(county().secrets["service/public"]).key_id)
    assert public is not None and public.name == "public"
    assert public.may_sign("receipt.issued.v1")
    assert not public.may_sign("deployment.manifest_adopted.v1")
    sequencer = next(service for service in manifest.services if service.name == "sequencer")
    assert sequencer.may_sign("deployment.manifest_adopted.v1")
    assert manifest.service_of(SigningKey(county().secrets["log"]).key_id) is None


def test_an_office_without_a_key_is_named() -> None:
    with pytest.raises(CannotSeal, match="nowhere"):
        county().manifest.office("nowhere")


def second_epoch() -> KeyManifest:
    first = county().manifest
    ceremony = SigningKey(county().secrets["ceremony"])
    superior = SigningKey(county().secrets["superior/signing"])
    unsigned = replace(first, epoch=2, previous=first.hash, created="2027-01-01", signatures={})
    return unsigned.signed("ceremony", ceremony).signed("superior", superior)


def test_the_pinned_manifest_leads_to_those_before_it() -> None:
    first, second = county().manifest, second_epoch()
    stranger = county(gate=False).manifest
    documents = [manifest.to_bytes() for manifest in (stranger, first, second)]
    assert load_history(documents, second.hash) == {second.hash: second, first.hash: first}


def test_a_missing_or_unsigned_ancestor_is_refused() -> None:
    first, second = county().manifest, second_epoch()
    with pytest.raises(ManifestRejected, match=first.hash[:16]):
        load_history([second.to_bytes()], second.hash)
    with pytest.raises(ManifestRejected, match="签名"):
        load_history([second.to_bytes(), replace(first, signatures={}).to_bytes()], second.hash)


def test_the_county_never_sees_the_superior_s_secrets() -> None:
    superior, superior_secrets = make_superior(SUPERIOR_PLAN, seeded("superior"))
    ceremony = make_county(PLAN, superior, seeded("county"))
    assert not set(ceremony.secrets.values()) & set(superior_secrets.values())
    assert all(name.startswith("superior/") for name in superior_secrets)
    assert not any(name.startswith("superior/") for name in ceremony.secrets)


def test_every_sealing_key_of_the_manifest_belongs_to_a_secret_of_its_holder() -> None:
    keys = {
        KemPrivateKey(seed).key_id
        for name, seed in county().secrets.items()
        if name.split("/")[0] in ("office", "custodian", "relay", "console")
        or name.startswith(("superior/custodian", "superior/content", "superior/gate"))
    }
    assert keys == set(county().manifest.names)


@pytest.mark.parametrize("length", [0, 32, 1215, 1217])
def test_a_public_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="1216"):
        KemPublicKey(bytes(length))
