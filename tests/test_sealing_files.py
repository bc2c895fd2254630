"""Sealed files: constant memory, nothing readable on disk, nothing shown before all of it is verified."""

from __future__ import annotations

import errno
import os
import time
import tracemalloc
from dataclasses import replace
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.durable_file import ABANDONED_SECONDS
from events.model import SealedItem
from supervision.sealing.destinations import ToOffice, ToSuperior
from supervision.sealing.envelope import Part, SealedBundle, seal
from supervision.sealing.errors import CannotOpen, CannotSeal
from supervision.sealing.files import CHUNK, FileVault
from supervision.sealing.opening import Opener
from supervision.sealing.padding import size_class
from supervision.sealing.payload import file_key
from tests.support.sealing import OTHER_STREAM, STREAM, county, seeded

SENTINEL = "举报材料第一页".encode()


class Endless:
    """A source of ``length`` bytes that never holds more than it is asked for."""

    def __init__(self, length: int) -> None:
        self.left = length

    def read(self, size: int, /) -> bytes:
        chunk = bytes(min(size, self.left))
        self.left -= len(chunk)
        return chunk


class Breaking:
    """A source that fails after some bytes, as an upload does."""

    def __init__(self) -> None:
        self.calls = 0

    def read(self, size: int, /) -> bytes:
        self.calls += 1
        if self.calls > 2:
            raise OSError(errno.ECONNRESET, "reset")
        return SENTINEL * (size // len(SENTINEL))


@pytest.fixture
def vault(tmp_path: Path) -> FileVault:
    return FileVault(tmp_path / "files")


def sealed(vault: FileVault, data: bytes) -> tuple[SealedBundle, SealedItem]:
    parts = [
        Part("content", "file.1", source=BytesIO(data)),
        Part("content", "file.1.meta", b'{"name":"x"}'),
    ]
    bundle = seal(county().manifest, STREAM, parts, ToOffice("petition"), seeded("file"), vault)
    return bundle, bundle.sealing.items[0]


def opened(vault: FileVault, bundle: SealedBundle, item: SealedItem, path: Path | None = None) -> bytes:
    opener = Opener(county().manifest, bundle.sealing, STREAM)
    with opener.open_file(item, bundle.data_keys["content"], path or vault.path(bytes.fromhex(item.sha256))) as file:
        return b"".join(file)


@pytest.mark.parametrize(
    "length", [0, 1, 1016, 1017, 16 * 1024, CHUNK - 1, CHUNK, CHUNK + 1, 1024 * 1024, 3 * 1024 * 1024 + 5]
)
def test_a_file_comes_back_as_it_was(vault: FileVault, length: int) -> None:
    data = seeded("data")(length)
    bundle, item = sealed(vault, data)
    assert opened(vault, bundle, item) == data
    assert item.kind == "file"
    assert item.size_class == size_class(length + 8)


def test_it_lies_under_its_hash_and_custody_is_told_its_size(vault: FileVault, tmp_path: Path) -> None:
    bundle, item = sealed(vault, SENTINEL)
    stored = tmp_path / "files" / item.sha256[:2] / item.sha256
    assert sha256(stored.read_bytes()).hexdigest() == item.sha256
    (row,) = bundle.files
    assert (row.sha256.hex(), row.stream_id, row.size) == (item.sha256, STREAM, stored.stat().st_size)


def test_files_of_one_size_class_have_one_size(vault: FileVault) -> None:
    sizes = {sealed(vault, bytes(length))[0].files[0].size for length in (0, 1, 500, 1016)}
    assert len(sizes) == 1


def test_nothing_readable_is_on_disk_at_any_time(vault: FileVault, tmp_path: Path) -> None:
    """Also when the source breaks in the middle; and then nothing is left."""
    seen: list[bytes] = []

    class Watching(Breaking):
        def read(self, size: int, /) -> bytes:
            seen.extend(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
            return super().read(size)

    with pytest.raises(OSError, match="reset"):
        seal(
            county().manifest,
            STREAM,
            [Part("source", "file.1", source=BytesIO(SENTINEL)), Part("source", "file.2", source=Watching())],
            ToOffice("petition"),
            seeded("x"),
            vault,
        )
    assert seen and not any(SENTINEL in content for content in seen)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_what_a_killed_process_left_is_swept_with_the_next_file_but_none_that_is_still_written(
    vault: FileVault, tmp_path: Path
) -> None:
    sealed(vault, b"the first")
    abandoned, written = tmp_path / "files" / ".aa.partial", tmp_path / "files" / ".bb.partial"
    for path in (abandoned, written):
        path.write_bytes(b"x")
    yesterday = time.time() - ABANDONED_SECONDS - 1
    os.utime(abandoned, (yesterday, yesterday))
    sealed(vault, b"the next")
    assert (abandoned.exists(), written.exists()) == (False, True)


def test_memory_does_not_grow_with_the_file(vault: FileVault) -> None:
    def peak(length: int) -> int:
        tracemalloc.start()
        parts = [Part("content", "file.1", source=Endless(length))]
        bundle = seal(county().manifest, STREAM, parts, ToOffice("petition"), seeded("x"), vault)
        item = bundle.sealing.items[0]
        with Opener(county().manifest, bundle.sealing, STREAM).open_file(
            item, bundle.data_keys["content"], vault.path(bytes.fromhex(item.sha256))
        ) as file:
            assert sum(len(chunk) for chunk in file) == length
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    assert peak(16 * 1024 * 1024) < peak(1024 * 1024) + CHUNK < 16 * CHUNK


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.data())
def test_no_altered_file_shows_a_byte(vault: FileVault, tmp_path: Path, data: st.DataObject) -> None:
    bundle, item = sealed(vault, SENTINEL * 3000)
    original = vault.path(bytes.fromhex(item.sha256)).read_bytes()
    at = data.draw(st.integers(0, len(original) - 1))
    mask = data.draw(st.integers(1, 255))
    forged = original[:at] + bytes([original[at] ^ mask]) + original[at + 1 :]
    assert_refused(bundle, item, forged, tmp_path)


@pytest.mark.parametrize("cut", [0, 1, 17, 57, 16 * 1024 + 57, -17, -1])
def test_no_shortened_file_shows_a_byte(vault: FileVault, tmp_path: Path, cut: int) -> None:
    bundle, item = sealed(vault, SENTINEL * 3000)
    assert_refused(bundle, item, vault.path(bytes.fromhex(item.sha256)).read_bytes()[:cut], tmp_path)


def assert_refused(bundle: SealedBundle, item: SealedItem, forged: bytes, tmp_path: Path) -> None:
    """By its hash; and, where an event was forged to fit, by its chunks, before anything is yielded."""
    path = tmp_path / "forged"
    path.write_bytes(forged)
    renamed = replace(item, sha256=sha256(forged).hexdigest())
    for event_item in (item, renamed):
        sealing = replace(bundle.sealing, items=(event_item,))
        with pytest.raises(CannotOpen):
            Opener(county().manifest, sealing, STREAM).open_file(event_item, bundle.data_keys["content"], path)


def test_a_file_moved_to_another_report_or_field_does_not_open(vault: FileVault) -> None:
    bundle, item = sealed(vault, SENTINEL)
    path = vault.path(bytes.fromhex(item.sha256))
    moved = replace(item, field="file.2")
    for opener, event_item in (
        (Opener(county().manifest, bundle.sealing, OTHER_STREAM), item),
        (Opener(county().manifest, replace(bundle.sealing, items=(moved,)), STREAM), moved),
    ):
        with pytest.raises(CannotOpen):
            opener.open_file(event_item, bundle.data_keys["content"], path)


def test_a_file_replaced_by_somebody_who_has_the_key_is_refused(vault: FileVault) -> None:
    bundle, item = sealed(vault, SENTINEL)
    key = file_key(county().manifest.place(STREAM, "content"), bundle.data_keys["content"], "file.1")
    other = vault.write(BytesIO(b"other"), key, seeded("insider"))
    with pytest.raises(CannotOpen, match="日志记载不符"):
        opened(vault, bundle, item, vault.path(other.sha256))


def test_a_file_altered_between_verifying_and_reading_ends_in_refusal(vault: FileVault) -> None:
    bundle, item = sealed(vault, SENTINEL * 100_000)
    path = vault.path(bytes.fromhex(item.sha256))
    opener = Opener(county().manifest, bundle.sealing, STREAM)
    with opener.open_file(item, bundle.data_keys["content"], path) as file:
        with open(path, "r+b") as disk:
            disk.seek(1_000_000)
            disk.write(b"altered")
        with pytest.raises(CannotOpen):
            b"".join(file)


def test_an_opened_file_can_be_sealed_again(vault: FileVault) -> None:
    """As the late by-pass does: from the county's key to the superior's, in constant memory."""
    data = seeded("data")(CHUNK + 5)
    bundle, item = sealed(vault, data)
    opener = Opener(county().manifest, bundle.sealing, STREAM)
    with opener.open_file(item, bundle.data_keys["content"], vault.path(bytes.fromhex(item.sha256))) as file:
        parts = [Part("content", "file.1", source=file)]
        again = seal(county().manifest, OTHER_STREAM, parts, ToSuperior(), seeded("y"), vault)
    resealed = Opener(county().manifest, again.sealing, OTHER_STREAM)
    copy = again.sealing.items[0]
    with resealed.open_file(copy, again.data_keys["content"], vault.path(bytes.fromhex(copy.sha256))) as file:
        assert b"".join(file) == data


def test_a_missing_file_is_told(vault: FileVault) -> None:
    bundle, item = sealed(vault, SENTINEL)
    vault.discard(bytes.fromhex(item.sha256))
    with pytest.raises(CannotOpen, match="不在"):
        opened(vault, bundle, item)


def test_an_envelope_is_no_file_and_a_file_no_envelope(vault: FileVault) -> None:
    bundle, item = sealed(vault, SENTINEL)
    meta = bundle.sealing.items[1]
    opener = Opener(county().manifest, bundle.sealing, STREAM)
    with pytest.raises(CannotOpen, match="种类"):
        opener.open_item(item, bundle.data_keys["content"], b"")
    with pytest.raises(CannotOpen, match="种类"):
        opener.open_file(meta, bundle.data_keys["content"], vault.path(bytes.fromhex(meta.sha256)))


def test_a_file_needs_a_place_to_lie() -> None:
    with pytest.raises(CannotSeal, match="存放目录"):
        seal(
            county().manifest,
            STREAM,
            [Part("content", "file.1", source=BytesIO())],
            ToOffice("petition"),
            seeded("x"),
        )
