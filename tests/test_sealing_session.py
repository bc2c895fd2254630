"""Working state: the store alone opens nothing, the cookie alone opens nothing."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervision.sealing.destinations import ToOffice
from supervision.sealing.envelope import Part, seal
from supervision.sealing.errors import CannotOpen
from supervision.sealing.files import CHUNK, FileVault
from supervision.sealing.opening import Opener
from supervision.sealing.session import CookieKey
from tests.support.sealing import STREAM, county, seeded

DRAFT = "我要反映的是石桥镇的问题".encode()


def cookie(seed: str = "browser") -> CookieKey:
    return CookieKey.new(seeded(seed))


def test_the_cookie_opens_what_the_store_keeps() -> None:
    blob = cookie().seal("draft", DRAFT, seeded("nonce"))
    assert CookieKey.parse(cookie().text).open("draft", blob) == DRAFT
    assert DRAFT not in blob


def test_the_store_s_name_for_it_is_not_the_key() -> None:
    """Nor does one purpose's name lead to another's."""
    names = {cookie().store_id(purpose) for purpose in ("draft", "session")}
    assert len(names) == 2
    blob = cookie().seal("draft", DRAFT, seeded("nonce"))
    for name in names:
        with pytest.raises(CannotOpen):
            CookieKey(bytes.fromhex(name)).open("draft", blob)


def test_another_browser_or_another_purpose_opens_nothing() -> None:
    blob = cookie().seal("draft", DRAFT, seeded("nonce"))
    for key, purpose in ((cookie("other"), "draft"), (cookie(), "session")):
        with pytest.raises(CannotOpen):
            key.open(purpose, blob)


@given(st.data())
def test_no_altered_blob_opens(data: st.DataObject) -> None:
    blob = cookie().seal("draft", DRAFT, seeded("nonce"))
    at = data.draw(st.integers(0, len(blob) - 1))
    altered = blob[:at] + bytes([blob[at] ^ data.draw(st.integers(1, 255))]) + blob[at + 1 :]
    for damaged in (altered, blob[:at]):
        with pytest.raises(CannotOpen):
            cookie().open("draft", damaged)


@pytest.mark.parametrize("text", ["", "short", "x" * 42, "x" * 44, "ä" * 43, "=" * 43])
def test_what_is_no_cookie_of_ours_is_refused(text: str) -> None:
    with pytest.raises(CannotOpen):
        CookieKey.parse(text)


def test_no_repr_shows_the_key() -> None:
    assert cookie().text not in repr(cookie())


def spooled(data: bytes) -> BytesIO:
    file = BytesIO()
    writer = cookie().write_file("draft/file.1", file)
    for start in range(0, len(data), 1000):
        writer.write(data[start : start + 1000])
    writer.finish()
    assert writer.length == len(data)
    file.seek(0)
    return file


def read_all(source: BytesIO, purpose: str = "draft/file.1") -> bytes:
    reader = cookie().read_file(purpose, source)
    return b"".join(iter(lambda: reader.read(777), b""))


@pytest.mark.parametrize("length", [0, 1, 16 * 1024, CHUNK + 3])
def test_an_upload_is_spooled_sealed_and_read_back(length: int) -> None:
    data = seeded("upload")(length)
    file = spooled(data)
    assert length < 16 or data[:16] not in file.getvalue()
    assert read_all(file) == data


def test_an_upload_that_is_cut_off_altered_or_another_one_is_refused() -> None:
    stored = spooled(DRAFT * 1000).getvalue()
    altered = bytearray(stored)
    altered[20_000] ^= 1
    for damaged in (stored[:-1], stored[:20_000], bytes(altered), b""):
        with pytest.raises(CannotOpen):
            read_all(BytesIO(damaged))
    with pytest.raises(CannotOpen):
        read_all(BytesIO(stored), "draft/file.2")


def test_a_spooled_upload_is_sealed_into_the_report(tmp_path: Path) -> None:
    """Decrypted and sealed chunk by chunk: in between it is nowhere in clear but in memory."""
    vault = FileVault(tmp_path)
    reader = cookie().read_file("draft/file.1", spooled(DRAFT * 1000))
    bundle = seal(
        county().manifest,
        STREAM,
        [Part("source", "file.1", source=reader)],
        ToOffice("petition"),
        seeded("x"),
        vault,
    )
    item = bundle.sealing.items[0]
    with Opener(county().manifest, bundle.sealing, STREAM).open_file(
        item, bundle.data_keys["source"], vault.path(bytes.fromhex(item.sha256))
    ) as file:
        assert b"".join(file) == DRAFT * 1000
