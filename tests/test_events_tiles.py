"""Tiles: the files of C2SP tlog-tiles hold the tree, and a reader of files believes nothing that is not in the tree."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.merkle import (
    EMPTY_ROOT,
    Coordinate,
    hash_leaf,
    prove_consistency,
    prove_inclusion,
    verify_consistency,
    verify_inclusion,
)
from events.note import NoteError
from events.policy import PolicyError
from events.tiles import (
    CHECKPOINT,
    ENTRIES,
    WIDTH,
    Tile,
    TileError,
    TileReader,
    decode_bundle,
    decode_tile,
    encode_bundle,
    tiles_of,
)
from tests.support.published import POLICY, PublishedLog, flipped, leaf

KNOWN = json.loads((Path(__file__).parent / "vectors/log/known_answers.json").read_text())
SIZES = st.one_of(st.integers(0, 600), st.sampled_from([255, 256, 257, 511, 512, 513]))
LARGE = 2 * WIDTH**2 + WIDTH + 3


@cache
def log_of(size: int) -> PublishedLog:
    return PublishedLog(size)


def reader_of(log: PublishedLog, files: dict[str, bytes] | None = None) -> TileReader:
    return TileReader((log.files if files is None else files).__getitem__, log.size, log.root)


def read_all(log: PublishedLog, files: dict[str, bytes]) -> list[bytes]:
    """Everything in the tree, as a monitor reads it."""
    reader = reader_of(log, files)
    reader.check_root()
    return [data for number in range(-(-log.size // WIDTH)) for data in reader.bundle(number)]


# --- Paths
# ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(ENTRIES, 999), "tile/entries/999"),
        (Tile(0, 1000), "tile/0/x001/000"),
        (Tile(1, 1234067), "tile/1/x001/x234/067"),  # the specification's example
        (Tile(1, 1234067, 8), "tile/1/x001/x234/067.p/8"),
        (Tile(63, 5, 255), "tile/63/005.p/255"),
    ],
)
def test_paths_are_those_of_the_specification(tile: Tile, path: str) -> None:
    assert tile.path == path
    assert Tile.parse(path) == tile


@given(level=st.integers(-1, 63), number=st.integers(0, 2**55), width=st.integers(1, WIDTH))
def test_a_path_is_read_as_it_was_written(level: int, number: int, width: int) -> None:
    tile = Tile(level, number, width)
    assert Tile.parse(tile.path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "", "tile", "tile/0", "tile/0/", "tile/0/0", "tile/0/00", "tile/0/0000", "tile/00/000", "tile/-1/000",
        "tile/64/000", "tile/data/000", "tile/8/0/000", "tile/0/x000/000", "tile/0/001/000", "tile/0/x001",
        "tile/0/x1/000", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p/", "tile/0/000.p",
        "tile/0/000.p/1/2", "tile/0/000/", "/tile/0/000", "tile/0/000\n", "tile/0/٠٠٠", "tile//000", "tile/0/../000",
        "tile/entries/000.p/999", "tile/0/" + "x001/" * 2000 + "000", "checkpoint",
    ],
)  # fmt: skip
def test_what_is_no_path_of_a_tile_is_refused(path: str) -> None:
    with pytest.raises(TileError):
        Tile.parse(path)


@given(st.text(alphabet="tile/entris0123x.p-", max_size=24).map("tile/".__add__))
def test_a_path_has_one_spelling(path: str) -> None:
    try:
        assert Tile.parse(path).path == path
    except TileError as error:
        assert type(error) is TileError


# --- Known answers
# ----------------------------------------------------------------------------------------------------------------


def test_tiles_and_bundles_have_the_known_answers() -> None:
    small, large = log_of(KNOWN["size"]), log_of(600)
    assert small.root.hex() == KNOWN["root"]
    for path in ("tile/0/000.p/3", "tile/entries/000.p/3"):
        assert small.files[path].hex() == KNOWN[path]
    assert large.root.hex() == KNOWN["root_at_size_600"]
    hashes = {path: hashlib.sha256(data).hexdigest() for path, data in large.files.items() if path != CHECKPOINT}
    assert hashes == KNOWN["sha256_of_files_at_size_600"]


# --- Which tiles a tree has
# ----------------------------------------------------------------------------------------------------------------


def test_a_tree_of_70_000_has_the_tiles_that_the_specification_counts() -> None:
    found = Counter((tile.level, tile.width) for tile in tiles_of(70_000) if tile.level != ENTRIES)
    assert found == {(0, 256): 273, (0, 112): 1, (1, 256): 1, (1, 17): 1, (2, 1): 1}


def test_a_tree_of_256_has_a_full_tile_and_one_above_of_width_1() -> None:
    assert list(tiles_of(256)) == [Tile(ENTRIES, 0), Tile(0, 0), Tile(1, 0, 1)]


def test_an_empty_tree_has_no_tiles() -> None:
    assert list(tiles_of(0)) == []
    reader_of(log_of(0)).check_root()
    with pytest.raises(TileError):
        TileReader({}.__getitem__, 0, hash_leaf(b"")).check_root()
    assert log_of(0).root == EMPTY_ROOT


@given(since=st.integers(0, 70_000), more=st.integers(0, 70_000))
def test_a_tree_that_grows_adds_exactly_the_tiles_that_it_had_not(since: int, more: int) -> None:
    now = since + more
    added, had, has = list(tiles_of(now, since)), set(tiles_of(since)), set(tiles_of(now))
    assert len(added) == len(set(added))
    assert set(added) == has - had
    # Of what it had, only partial tiles go, and what was in them is in a wider one of the same number.
    for gone in had - has:
        assert gone.width < WIDTH
        assert any((one.level, one.number) == (gone.level, gone.number) and one.width > gone.width for one in added)


@given(size=st.integers(0, 2**40), level=st.integers(-1, 5), number=st.integers(0, 2**20), width=st.integers(1, WIDTH))
def test_a_tile_is_within_a_tree_that_has_all_its_nodes(size: int, level: int, number: int, width: int) -> None:
    last_leaf = (number * WIDTH + width) * WIDTH ** max(level, 0)
    assert Tile(level, number, width).is_within(size) == (last_leaf <= size)


# --- What is in them
# ----------------------------------------------------------------------------------------------------------------


def mth(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1."""
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


@settings(max_examples=25)
@given(SIZES)
def test_the_hashes_of_a_tile_are_the_tree_hashes_of_the_specification(size: int) -> None:
    log = log_of(size)
    for tile in tiles_of(size):
        if tile.level == ENTRIES:
            continue
        leaves_each = WIDTH**tile.level
        firsts = ((tile.number * WIDTH + i) * leaves_each for i in range(tile.width))
        expected = [mth(log.leaves[first : first + leaves_each]) for first in firsts]
        assert decode_tile(tile, log.files[tile.path]) == expected


@given(st.lists(st.binary(max_size=70), max_size=12))
def test_a_bundle_is_read_back_as_it_was_written(entries: list[bytes]) -> None:
    assert decode_bundle(encode_bundle(entries)) == entries


def test_an_entry_of_a_bundle_has_its_length_in_two_bytes_before_it() -> None:
    assert encode_bundle([b"", b"ab", bytes(0x0102)]) == b"\x00\x00" + b"\x00\x02ab" + b"\x01\x02" + bytes(0x0102)


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_a_bundle_or_refused(data: bytes) -> None:
    try:
        assert encode_bundle(decode_bundle(data)) == data
    except TileError as error:
        assert type(error) is TileError


@pytest.mark.parametrize("length", [0, 31, 33, 63, 65, 8192])
def test_a_tile_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(TileError, match=re.escape("tile/0/000.p/2")):
        decode_tile(Tile(0, 0, 2), bytes(length))


# --- Reading
# ----------------------------------------------------------------------------------------------------------------


@settings(max_examples=30)
@given(size=SIZES, data=st.data())
def test_tiles_prove_what_the_tree_proves(size: int, data: st.DataObject) -> None:
    log, old = log_of(size), data.draw(st.integers(0, size))
    reader = reader_of(log)
    assert read_all(log, log.files) == log.leaves
    proof = prove_consistency(old, size, reader.nodes)
    verify_consistency(old, size, proof, log.root_of(old), log.root)
    if size:
        index = data.draw(st.integers(0, size - 1))
        verify_inclusion(hash_leaf(leaf(index)), index, size, prove_inclusion(index, size, reader.nodes), log.root)


def test_tiles_of_three_levels_prove_what_the_tree_proves() -> None:
    log = log_of(LARGE)
    reader = reader_of(log)
    assert {tile.level for tile in tiles_of(LARGE)} == {ENTRIES, 0, 1, 2}
    for index in (0, 255, 256, WIDTH**2 - 1, WIDTH**2, 2 * WIDTH**2 - 1, 2 * WIDTH**2, LARGE - 4, LARGE - 1):
        assert reader.bundle(index // WIDTH)[index % WIDTH] == leaf(index)
        assert reader.leaves(index // WIDTH)[index % WIDTH] == hash_leaf(leaf(index))
        assert prove_inclusion(index, LARGE, reader.nodes) == prove_inclusion(index, LARGE, log.read)


def counting_reader(log: PublishedLog) -> tuple[TileReader, Counter[str]]:
    fetched = Counter[str]()

    def fetch(path: str) -> bytes:
        fetched[path] += 1
        return log.files[path]

    return TileReader(fetch, log.size, log.root), fetched


def test_reading_all_fetches_each_file_once() -> None:
    reader, fetched = counting_reader(log_of(LARGE))
    for number in range(-(-LARGE // WIDTH)):
        reader.bundle(number)
    assert fetched == dict.fromkeys(log_of(LARGE).files.keys() - {CHECKPOINT}, 1)


def test_a_proof_fetches_one_tile_of_each_level_and_the_right_edge() -> None:
    reader, fetched = counting_reader(log_of(LARGE))
    prove_inclusion(1000, LARGE, reader.nodes)
    assert fetched == {"tile/0/003": 1, "tile/1/000": 1, "tile/0/513.p/3": 1, "tile/1/002.p/1": 1, "tile/2/000.p/2": 1}


@settings(max_examples=15)
@given(size=st.integers(1, 600), more=st.integers(0, 600))
def test_a_full_tile_stands_in_for_a_partial_one_that_has_gone(size: int, more: int) -> None:
    """As C2SP allows a log to do once it has grown."""
    later = {path: data for path, data in log_of(size + more).files.items() if ".p/" not in path}
    kept = {path: data for path, data in log_of(size).files.items() if path not in _replaced_by(later)}
    assert read_all(log_of(size), later | kept) == log_of(size).leaves


def _replaced_by(full: dict[str, bytes]) -> set[str]:
    return {f"{path}.p/{width}" for path in full for width in range(1, WIDTH)}


@settings(max_examples=400)
@given(size=st.integers(1, 600), data=st.data())
def test_a_single_bit_of_any_file_of_an_export_makes_a_reader_refuse(size: int, data: st.DataObject) -> None:
    """Somebody who knows the keys of log and witness, and nothing else."""
    log = log_of(size)
    path = data.draw(st.sampled_from(sorted(log.files)))
    bit = data.draw(st.integers(0, len(log.files[path]) * 8 - 1))
    files = log.files | {path: flipped(log.files[path], bit)}
    with pytest.raises((TileError, NoteError, PolicyError)) as refusal:
        assert POLICY.open_checkpoint(files[CHECKPOINT]).checkpoint.root == log.root
        read_all(log, files)
    assert type(refusal.value) in (TileError, NoteError, PolicyError)


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda data: data[:-1],
    "emptied": lambda data: b"",
    "longer": lambda data: data + b"\x00",
    "one more": lambda data: data + data[-32:],
    "twice": lambda data: data * 2,
    "other": lambda data: bytes(len(data)),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("size", [1, 255, 256, 300, 513])
def test_a_file_of_another_length_makes_a_reader_refuse(size: int, change: str) -> None:
    log = log_of(size)
    for path in log.files.keys() - {CHECKPOINT}:
        with pytest.raises(TileError):
            read_all(log, log.files | {path: CHANGES[change](log.files[path])})


@pytest.mark.parametrize("size", [1, 256, 300, 513])
def test_a_missing_file_is_named(size: int) -> None:
    log = log_of(size)
    for path in log.files.keys() - {CHECKPOINT}:
        with pytest.raises(TileError, match=re.escape(path)):
            read_all(log, {name: data for name, data in log.files.items() if name != path})


def test_what_was_refused_once_is_not_believed_when_asked_again() -> None:
    log = log_of(300)
    forged = log.files | {"tile/0/001.p/44": bytes(44 * 32)}
    reader = reader_of(log, forged)
    for _ in range(2):
        with pytest.raises(TileError):
            reader.leaves(1)
        with pytest.raises(TileError):
            reader.nodes([Coordinate(0, 0)])


def test_tiles_of_another_log_are_refused() -> None:
    ours, other = log_of(300), PublishedLog(301)
    with pytest.raises(TileError):
        TileReader(other.files.__getitem__, 300, hash_leaf(b"other")).check_root()
    with pytest.raises(TileError):
        TileReader(other.files.__getitem__, 301, ours.root).check_root()


def test_what_the_tree_has_not_is_refused() -> None:
    reader = reader_of(log_of(300))
    for ask in (
        lambda: reader.bundle(2),
        lambda: reader.leaves(2),
        lambda: reader.nodes([Coordinate(0, 300)]),
        lambda: reader.nodes([Coordinate(3, 37)]),
        lambda: reader.nodes([Coordinate(9, 0)]),
        lambda: reader.nodes([Coordinate(200, 0)]),
    ):
        with pytest.raises(TileError):
            ask()
