"""Known answers: the formats of the seals, byte for byte. Breaking one of these breaks stored reports."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from events.model import DataKeyRef, SealedItem, Sealing, WrapRef
from supervision.sealing import shamir
from supervision.sealing.binding import Place, context, derive
from supervision.sealing.contribution import open_contribution
from supervision.sealing.files import FileKey, FileVault, OpenedFile
from supervision.sealing.keys import KemPrivateKey, SigningKey
from supervision.sealing.manifest import KeyManifest
from supervision.sealing.opening import Opener
from supervision.sealing.passphrase import Cost, open_keyring, seal_keyring
from supervision.sealing.payload import file_key, seal_envelope
from supervision.sealing.receipt import ReceiptCode, lookup_tag
from supervision.sealing.wraps import KEY_LENGTH

VECTORS = Path(__file__).parent / "vectors" / "sealing"


def vector(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((VECTORS / name).read_text(encoding="utf-8"))
    return loaded


def replaying(*draws: bytes) -> Any:
    """An rng that gives these draws and insists on being asked for exactly their sizes."""
    left = iter(draws)

    def rng(size: int) -> bytes:
        draw = next(left)
        assert len(draw) == size
        return draw

    return rng


def stored_sealing() -> Sealing:
    stored = vector("sealing.json")["sealing"]
    return Sealing(
        suite=stored["suite"],
        manifest=stored["manifest"],
        keys=tuple(
            DataKeyRef(**{**key, "wraps": tuple(WrapRef(**wrap) for wrap in key["wraps"])}) for key in stored["keys"]
        ),
        items=tuple(SealedItem(**item) for item in stored["items"]),
    )


def stored_manifest() -> KeyManifest:
    return KeyManifest.load((VECTORS / "manifest.json").read_bytes(), stored_sealing().manifest)


def stored_opener() -> Opener:
    return Opener(stored_manifest(), stored_sealing(), UUID(vector("sealing.json")["stream_id"]))


def custody(kind: str) -> dict[str, bytes]:
    stored = map(bytes.fromhex, vector("sealing.json")[kind])
    return {hashlib.sha256(data).hexdigest(): data for data in stored}


def stored_private_keys() -> dict[str, KemPrivateKey]:
    """Recipients of the stored report, by key id."""
    keys = [KemPrivateKey(bytes.fromhex(seed)) for seed in vector("sealing.json")["seeds"].values()]
    return {key.key_id: key for key in keys}


def test_length_prefixes() -> None:
    assert context("l", "文", b"\x00", 2, UUID(int=1)).hex() == (
        "000000016c00000003e69687000000010000000004000000020000001000000000000000000000000000000001"
    )


def test_hkdf_sha256_of_rfc_5869_test_case_3() -> None:
    """Appendix A.3: no salt, no info."""
    assert derive(b"\x0b" * 22, b"", 42).hex() == (
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
    )


@pytest.mark.parametrize("known", vector("keys.json")["xwing_draft"], ids=lambda known: known["seed"][:8])
def test_x_wing_keys_are_those_of_the_draft(known: dict[str, str]) -> None:
    public = KemPrivateKey(bytes.fromhex(known["seed"])).public
    assert hashlib.sha256(public.raw).hexdigest() == known["public_sha256"]


def test_key_identifiers() -> None:
    known = vector("keys.json")
    for kem in known["kem"]:
        public = KemPrivateKey(bytes.fromhex(kem["seed"])).public
        assert hashlib.sha256(public.raw).hexdigest() == kem["public_sha256"]
        assert public.key_id == kem["key_id"]
    for signing in known["signing"]:
        key = SigningKey(bytes.fromhex(signing["seed"]))
        assert key.public_key.hex() == signing["public"]
        assert key.key_id.hex() == signing["key_id"]


@pytest.mark.parametrize("known", vector("receipt.json")["codes"], ids=["zero", "drawn"])
def test_what_is_derived_from_a_code(known: dict[str, str]) -> None:
    derived = ReceiptCode(known["digits"]).derive(known["origin"])
    assert derived.lookup.hex() == known["lookup"]
    assert derived.kem.seed.hex() == known["kem_seed"]
    assert derived.signing.seed.hex() == known["signing_seed"]
    assert str(derived.stream_id) == known["stream_id"]
    assert derived.salt.hex() == known["salt"]
    pepper = bytes.fromhex(vector("receipt.json")["pepper"])
    assert lookup_tag(pepper, derived.lookup).hex() == known["tag"]


def test_shares_are_those_of_the_polynomial_given() -> None:
    known = vector("shamir.json")["ours"]
    rng = replaying(*map(bytes.fromhex, known["coefficients"]))
    shares = shamir.split(bytes.fromhex(known["secret"]), known["m"], known["n"], rng)
    assert [share.hex() for share in shares] == known["shares"]


def test_shares_made_by_another_implementation_are_combined() -> None:
    known = vector("shamir.json")["npm"]
    shares = [bytes.fromhex(share) for share in known["shares"]]
    for chosen in (shares[:3], shares[2:], shares):
        assert shamir.combine(chosen).hex() == known["secret"]


def test_the_stored_manifest_has_the_hash_that_the_sealing_names() -> None:
    manifest = stored_manifest()
    assert manifest.to_bytes() == (VECTORS / "manifest.json").read_bytes()
    assert manifest.hash == stored_sealing().manifest


def opened_data_keys() -> Iterator[tuple[str, bytes]]:
    opener, wraps, private = stored_opener(), custody("wraps"), stored_private_keys()
    for key in stored_sealing().keys:
        if key.n == 0:
            (wrap,) = key.wraps
            yield key.compartment, opener.unwrap(key.compartment, wraps[wrap.sha256], private[wrap.key])
        else:
            pieces = {
                wrap.key: opener.contribution(key.compartment, wraps[wrap.sha256], private[wrap.key])
                for wrap in key.wraps
            }
            yield key.compartment, opener.combine(key.compartment, pieces)


def test_the_stored_wraps_give_the_data_keys() -> None:
    opened = {compartment: data_key.hex() for compartment, data_key in opened_data_keys()}
    assert opened == vector("sealing.json")["data_keys"]


def test_the_stored_envelopes_give_the_plaintexts() -> None:
    data_keys, envelopes, opener = dict(opened_data_keys()), custody("envelopes"), stored_opener()
    opened = [
        {
            "compartment": item.compartment,
            "field": item.field,
            "text": opener.open_item(item, data_keys[item.compartment], envelopes[item.sha256]).decode(),
        }
        for item in stored_sealing().items
    ]
    assert opened == vector("sealing.json")["plaintexts"]


def test_sealing_with_the_same_nonces_gives_the_same_envelopes() -> None:
    known, sealing = vector("sealing.json"), stored_sealing()
    for part, item in zip(known["plaintexts"], sealing.items, strict=True):
        place = Place(
            origin=known["origin"],
            manifest=bytes.fromhex(sealing.manifest),
            suite=sealing.suite,
            stream_id=UUID(known["stream_id"]),
            compartment=item.compartment,
        )
        data_key = bytes.fromhex(known["data_keys"][item.compartment])
        assert len(data_key) == KEY_LENGTH
        stored = custody("envelopes")[item.sha256]
        rng = replaying(stored[1:13])
        made, size_class = seal_envelope(place, data_key, item.field, part["text"].encode(), rng)
        assert (made, size_class) == (stored, item.size_class)


def test_the_stored_contributions_give_their_pieces() -> None:
    known = vector("opening.json")
    for given in known["contributions"]:
        piece = open_contribution(
            stored_opener(),
            given["compartment"],
            bytes.fromhex(given["sealed"]),
            given["giver"],
            opening=UUID(known["opening"]),
            approval=bytes.fromhex(known["approval"]),
            ephemeral=KemPrivateKey(bytes.fromhex(known["ephemeral_seed"])),
        )
        assert piece.hex() == given["piece"]


def test_the_keyring() -> None:
    known = vector("keyring.json")
    cost = Cost(memory_kib=known["memory_kib"], iterations=known["iterations"], lanes=known["lanes"])
    seeds = {name: bytes.fromhex(seed) for name, seed in known["seeds"].items()}
    stored = bytes.fromhex(known["keyring"])
    rng = replaying(bytes.fromhex(known["salt"]), bytes.fromhex(known["nonce"]))
    assert seal_keyring(known["passphrase"], known["owner"], seeds, rng, cost) == stored
    assert open_keyring(known["passphrase"], known["owner"], stored, minimum=cost) == seeds


def test_the_sealed_file(tmp_path: Path) -> None:
    known = vector("file.json")
    place = Place(
        origin=known["origin"],
        manifest=bytes.fromhex(known["manifest"]),
        suite=2,
        stream_id=UUID(known["stream_id"]),
        compartment=known["compartment"],
    )
    key = file_key(place, bytes.fromhex(known["data_key"]), known["field"])
    assert key == FileKey(suite=2, key=bytes.fromhex(known["key"]), context=bytes.fromhex(known["context"]))
    path = tmp_path / "file"
    path.write_bytes(bytes.fromhex(known["file"]))
    with OpenedFile(path, bytes.fromhex(known["sha256"]), known["size_class"], key) as file:
        assert b"".join(file).hex() == known["plaintext"]
    stored = FileVault(tmp_path).write(BytesIO(bytes.fromhex(known["plaintext"])), key, replaying(bytes(16)))
    assert (stored.size, stored.size_class) == (len(bytes.fromhex(known["file"])), known["size_class"])
