"""Drafts and spools: what lies on disk opens with the key in the browser and with nothing else, and ends in time."""

from __future__ import annotations

import gc
import io
import os
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervision.intake import drafts
from supervision.intake.drafts import DraftStore, Receipt
from supervision.intake.spool import SealedSpool
from supervision.intake.submission import Attachment
from supervision.sealing.errors import CannotOpen
from supervision.sealing.session import CookieKey
from supervision.working_state import WorkingState
from tests.support.clock import START, Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> DraftStore:
    working = WorkingState(f"sqlite:///{tmp_path / 'working.sqlite'}")
    working.create()
    return DraftStore(
        working=working,
        directory=tmp_path / "drafts",
        lifetime=timedelta(hours=12),
        receipt_lifetime=timedelta(minutes=10),
        clock=clock,
        rng=os.urandom,
    )


def spooled(content: bytes, limit: int = 0) -> SealedSpool:
    spool = SealedSpool(os.urandom, limit)
    for at in range(0, len(content), 1000):
        spool.write(content[at : at + 1000])
    return spool


def attachment(content: bytes, name: str = "照片.jpg") -> Attachment:
    spool = spooled(content)
    return Attachment(name=name, media_type="image/jpeg", size=len(content), open=spool.open)


# -- spools -----------------------------------------------------------------------------------------------


@given(st.binary(max_size=300_000), st.integers(1, 70_000))
def test_a_spool_gives_back_what_it_was_given_as_often_as_it_is_asked(content: bytes, size: int) -> None:
    spool = spooled(content)
    assert spool.length == len(content)
    for _ in range(2):
        spool.seek(0)
        assert spool.read() == content
        with spool.open() as source:
            assert b"".join(iter(lambda: source.read(size), b"")) == content
    assert spool.seek(0, os.SEEK_END) == spool.tell() == len(content)
    assert spool.read() == b""


@given(st.binary(max_size=5000), st.integers(1, 6000))
def test_a_spool_keeps_up_to_its_limit_and_says_so(content: bytes, limit: int) -> None:
    spool = spooled(content, limit)
    assert spool.overflowed == (len(content) > limit)
    spool.seek(0)
    assert spool.read() == content[:limit]


def test_a_spool_is_written_once_and_read_from_its_start() -> None:
    spool = spooled(b"abc")
    spool.seek(0)
    with pytest.raises(ValueError, match="written once"):
        spool.write(b"d")
    with pytest.raises(io.UnsupportedOperation):
        spool.seek(2)


def test_a_reader_keeps_its_spool_alive_and_nothing_keeps_it_longer() -> None:
    readers = [spooled(b"x" * 100_000).reader()]
    gc.collect()
    assert len(b"".join(iter(lambda: readers[0].read(999), b""))) == 100_000
    open_files = len(os.listdir("/proc/self/fd"))
    readers.clear()
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) < open_files


# -- drafts -----------------------------------------------------------------------------------------------


@given(st.text(max_size=50), st.dictionaries(st.text(max_size=5), st.text(max_size=50), max_size=3))
def test_a_draft_comes_back_as_it_was_saved(
    tmp_path_factory: pytest.TempPathFactory, page: str, answers: dict[str, str]
) -> None:
    directory = tmp_path_factory.mktemp("drafts")
    working = WorkingState(f"sqlite:///{directory / 'working.sqlite'}")
    working.create()
    store = DraftStore(
        working=working,
        directory=directory / "drafts",
        lifetime=timedelta(hours=1),
        receipt_lifetime=timedelta(minutes=1),
        clock=Clock(),
        rng=os.urandom,
    )
    key, draft = store.begin("ABCD-2345")
    draft.page, draft.answers = page, {"text": answers}
    store.save(key, draft)
    assert store.load(key) == draft
    working.close()


def test_each_draft_has_a_code_of_its_own_from_the_start(store: DraftStore) -> None:
    codes = {store.begin("ABCD-2345")[1].code for _ in range(20)}
    assert len(codes) == 20 and all(len(code) == 32 for code in codes)


def test_files_open_with_the_key_of_the_draft_and_with_no_other(store: DraftStore) -> None:
    content = os.urandom(700_000)
    key, draft = store.begin("ABCD-2345")
    store.add_file(key, draft, attachment(content))
    store.save(key, draft)
    loaded = store.load(key)
    assert loaded is not None
    (file,) = store.attachments(key, loaded)
    assert (file.name, file.size) == ("照片.jpg", len(content))
    with file.open() as source:
        assert b"".join(iter(lambda: source.read(65536), b"")) == content
    (path,) = [path for path in store.directory.rglob("*") if path.is_file()]
    assert content[:64] not in path.read_bytes()
    other = CookieKey.new(os.urandom)
    with open(path, "rb") as ciphertext, pytest.raises(CannotOpen):
        other.read_file(f"draft/{path.name}", ciphertext).read(10)


def test_a_file_whose_end_is_cut_off_is_noticed(store: DraftStore) -> None:
    key, draft = store.begin("ABCD-2345")
    store.add_file(key, draft, attachment(os.urandom(100_000)))
    (path,) = [path for path in store.directory.rglob("*") if path.is_file()]
    path.write_bytes(path.read_bytes()[:-20])
    (file,) = store.attachments(key, draft)
    with pytest.raises(CannotOpen), file.open() as source:
        while source.read(65536):
            pass


def test_a_file_that_cannot_be_read_to_its_end_leaves_nothing(store: DraftStore) -> None:
    class Broken:
        def read(self, size: int, /) -> bytes:
            raise OSError("the connection broke")

    key, draft = store.begin("ABCD-2345")
    good = attachment(b"x")
    broken = Attachment(name="a", media_type="a/b", size=1, open=lambda: _Opened(Broken()))
    store.add_file(key, draft, good)
    with pytest.raises(OSError, match="broke"):
        store.add_file(key, draft, broken)
    assert len(draft.files) == 1
    assert len([path for path in store.directory.rglob("*") if path.is_file()]) == 1


class _Opened:
    def __init__(self, source: object) -> None:
        self._source = source

    def __enter__(self) -> object:
        return self._source

    def __exit__(self, *_: object) -> None:
        return None


def test_drafts_leave_room_for_the_log(store: DraftStore, monkeypatch: pytest.MonkeyPatch) -> None:
    key, draft = store.begin("ABCD-2345")
    free = shutil.disk_usage(store.directory.parent).free
    monkeypatch.setattr(drafts, "RESERVE", free)
    with pytest.raises(OSError, match="belongs to the log"):
        store.add_file(key, draft, attachment(b"x" * 10_000_000))
    assert draft.files == []


def test_a_removed_file_is_gone_from_disk(store: DraftStore) -> None:
    key, draft = store.begin("ABCD-2345")
    for name in ("a", "b"):
        store.add_file(key, draft, attachment(b"x", name))
    store.remove_file(key, draft, draft.files[0].id)
    store.remove_file(key, draft, "../../nobody's")
    assert [file.name for file in draft.files] == ["b"]
    assert [path.name for path in store.directory.rglob("*") if path.is_file()] == [draft.files[0].id]


def test_sweeping_ends_what_has_expired_and_nothing_else(store: DraftStore, clock: Clock) -> None:
    old_key, old = store.begin("ABCD-2345")
    store.add_file(old_key, old, attachment(b"x"))
    clock.now = START + timedelta(hours=7)
    young_key, young = store.begin("ABCD-2346")
    store.add_file(young_key, young, attachment(b"y"))
    store.save(young_key, young)
    clock.now = START + timedelta(hours=13)
    assert store.load(old_key) is None
    (store.directory / "lost+found").mkdir()
    store.sweep()
    assert {path.name for path in store.directory.iterdir()} == {young_key.store_id("draft"), "lost+found"}
    assert store.load(young_key) is not None


def test_the_size_of_what_is_stored_tells_a_class_and_no_length(store: DraftStore, tmp_path: Path) -> None:
    key, draft = store.begin("ABCD-2345")
    sizes = set()
    for text in ("", "短", "长" * 200):
        draft.answers = {"text": {"text": text}}
        store.save(key, draft)
        sealed = store.working.get("draft", bytes.fromhex(key.store_id("draft")), START)
        assert sealed is not None
        sizes.add(len(sealed))
    assert len(sizes) == 1


def test_the_receipt_outlives_the_draft_by_minutes(store: DraftStore, clock: Clock) -> None:
    key, draft = store.begin("ABCD-2345")
    receipt = Receipt(code=draft.code, reference=draft.reference, sealed=False)
    store.keep_receipt(key, receipt)
    store.forget(key)
    assert store.load(key) is None and store.receipt(key) == receipt
    clock.now = START + timedelta(minutes=10)
    assert store.receipt(key) is None
