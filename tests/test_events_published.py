"""The log as files: out of the database, into a directory that is a finished export or has no checkpoint of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from events.checkpoint import Checkpoint
from events.leaf import SignedEvent, leaf_data, leaf_hash
from events.note import Note, NoteError, open_note, sign
from events.published import ExportRefused, export, files_in, tile_bytes
from events.signing import signature_message
from events.store import DamagedLog, LogStore
from events.tiles import CHECKPOINT, ENTRIES, Tile, TileError, TileReader, decode_bundle, decode_tile, tiles_of
from tests.support.log import ORIGIN, digest, open_log, signer, stream
from tests.support.published import LOG_KEY, PublishedLog

CLERK, LOG = signer("clerk"), signer("log")


@pytest.fixture
def store(database_url: str, tmp_path: Path) -> Iterator[LogStore]:
    store = open_log(database_url, tmp_path)
    yield store
    store.close()


def grow(store: LogStore, count: int) -> None:
    """Appends so many events, all of one stream."""
    version = store.size()
    events = []
    for _ in range(count):
        version += 1
        message = signature_message(ORIGIN, stream("a"), version, "thing.happened.v1", b"{}")
        signature = CLERK.sign(message)
        salt = digest("salt", version)
        events.append(
            SignedEvent(stream("a"), version, "thing.happened.v1", b"{}", salt, CLERK.key_id, signature),
        )
    store.append(events)


def checkpoint_of(store: LogStore) -> bytes:
    """The head, signed as the log does."""
    signed = store.head().checkpoint().text()
    return Note(signed, (sign(signed, ORIGIN, LOG),)).encode()


def tamper(store: LogStore, *statements: str) -> None:
    """What somebody with the database password would do."""
    drop = (
        ["DROP TRIGGER event_no_update", "DROP TRIGGER event_no_delete", "DROP TRIGGER node_no_delete"]
        if store._engine.dialect.name == "sqlite"
        else ["DROP TRIGGER event_no_change ON event", "DROP TRIGGER node_no_change ON node"]
    )
    with store._engine.begin() as connection:
        for statement in (*drop, *statements):
            connection.execute(text(statement))


def written(directory: Path) -> dict[str, tuple[int, bytes]]:
    """Every file: which one it is on the disk, and what is in it."""
    files = (path for path in directory.rglob("*") if path.is_file())
    return {str(path.relative_to(directory)): (path.stat().st_ino, path.read_bytes()) for path in files}


# --- One by one
# ----------------------------------------------------------------------------------------------------------------


def test_tiles_hold_the_leaf_hashes_and_bundles_the_leaf_data_of_the_stored_entries(store: LogStore) -> None:
    grow(store, 300)
    entries = [recorded.entry for recorded in store.scan(300)]
    for tile in (Tile(0, 0), Tile(0, 1, 44), Tile(0, 1, 7), Tile(0, 0, 1)):
        expected = [leaf_hash(ORIGIN, entry) for entry in entries[tile.number * 256 :][: tile.width]]
        assert decode_tile(tile, tile_bytes(store, tile)) == expected
    for tile in (Tile(ENTRIES, 0), Tile(ENTRIES, 1, 44), Tile(ENTRIES, 1, 1)):
        expected = [leaf_data(ORIGIN, entry) for entry in entries[tile.number * 256 :][: tile.width]]
        assert decode_bundle(tile_bytes(store, tile)) == expected


def test_tiles_out_of_the_database_give_the_root(store: LogStore) -> None:
    grow(store, 520)
    head = store.head()
    reader = TileReader(lambda path: tile_bytes(store, Tile.parse(path)), head.size, head.root)
    assert sum(len(reader.bundle(number)) for number in range(3)) == 520


def test_what_the_log_has_not_is_no_tile_of_it(store: LogStore) -> None:
    grow(store, 257)
    for tile in (
        Tile(0, 1),
        Tile(0, 1, 2),
        Tile(ENTRIES, 1, 2),
        Tile(0, 2, 1),
        Tile(1, 0, 2),
        Tile(2, 0, 1),
        Tile(63, 0),
        Tile(0, 10**18),
    ):
        with pytest.raises(LookupError):
            tile_bytes(store, tile)


def test_an_empty_log_has_no_tiles(store: LogStore) -> None:
    for tile in (Tile(ENTRIES, 0, 1), Tile(0, 0, 1), Tile(1, 0, 1)):
        with pytest.raises(LookupError):
            tile_bytes(store, tile)


def test_missing_entries_and_nodes_are_damage_and_not_a_missing_tile(store: LogStore) -> None:
    grow(store, 9)
    tamper(store, "DELETE FROM event WHERE position = 3", "DELETE FROM node WHERE level = 0 AND number = 3")
    for tile in (Tile(ENTRIES, 0, 9), Tile(0, 0, 9)):
        with pytest.raises(DamagedLog, match="supervision verify"):
            tile_bytes(store, tile)
    assert len(tile_bytes(store, Tile(0, 0, 3))) == 96


# --- A directory
# ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 255, 256, 300])
def test_an_export_holds_the_checkpoint_and_all_tiles_and_bundles_of_its_tree(
    store: LogStore, tmp_path: Path, size: int
) -> None:
    grow(store, size)
    note = checkpoint_of(store)
    assert export(store, note, tmp_path / "site") == store.head().checkpoint()
    files = written(tmp_path / "site")
    assert files.keys() == {CHECKPOINT} | {tile.path for tile in tiles_of(size)}
    assert files[CHECKPOINT][1] == note
    opened = Checkpoint.parse(open_note(note, [LOG_KEY])[0].text)
    reader = TileReader(files_in(tmp_path / "site"), opened.size, opened.root)
    reader.check_root()
    assert sum(len(reader.bundle(number)) for number in range(-(-size // 256))) == size


def test_an_export_of_an_earlier_checkpoint_shows_nothing_later(store: LogStore, tmp_path: Path) -> None:
    grow(store, 100)
    note = checkpoint_of(store)
    grow(store, 200)
    assert export(store, note, tmp_path / "site").size == 100
    assert written(tmp_path / "site").keys() == {CHECKPOINT, "tile/0/000.p/100", "tile/entries/000.p/100"}


def test_a_later_export_over_an_earlier_one_writes_only_what_is_new(store: LogStore, tmp_path: Path) -> None:
    directory = tmp_path / "site"
    grow(store, 300)
    export(store, checkpoint_of(store), directory)
    before = written(directory)
    grow(store, 5)
    export(store, checkpoint_of(store), directory)
    after = written(directory)
    new = {CHECKPOINT, "tile/0/001.p/49", "tile/entries/001.p/49"}
    assert {path for path in after if after[path] != before.get(path)} == new
    assert before.keys() <= after.keys()


def test_exporting_the_same_again_changes_nothing_but_the_checkpoints_signatures(
    store: LogStore, tmp_path: Path
) -> None:
    grow(store, 9)
    export(store, checkpoint_of(store), tmp_path / "site")
    before = written(tmp_path / "site")
    note = checkpoint_of(store) + Note("", (sign("x\n", "other", CLERK),)).encode()[1:]
    export(store, note, tmp_path / "site")
    after = written(tmp_path / "site")
    assert {path for path in after if after[path] != before[path]} == {CHECKPOINT}


@pytest.mark.parametrize("obstacle", ["tile/0/000.p/9", "tile/entries/000.p/9"])
def test_an_interrupted_export_has_no_checkpoint_and_the_next_one_completes_it(
    store: LogStore, tmp_path: Path, obstacle: str
) -> None:
    grow(store, 9)
    (tmp_path / "site" / obstacle).mkdir(parents=True)
    with pytest.raises(OSError):
        export(store, checkpoint_of(store), tmp_path / "site")
    assert CHECKPOINT not in written(tmp_path / "site")
    (tmp_path / "site" / obstacle).rmdir()
    export(store, checkpoint_of(store), tmp_path / "site")
    assert written(tmp_path / "site").keys() == {CHECKPOINT, "tile/0/000.p/9", "tile/entries/000.p/9"}


def test_an_interrupted_growth_leaves_the_earlier_export_valid(store: LogStore, tmp_path: Path) -> None:
    directory = tmp_path / "site"
    grow(store, 9)
    earlier = export(store, checkpoint_of(store), directory)
    grow(store, 300)
    (directory / "tile/0/001.p/53").mkdir(parents=True)
    with pytest.raises(OSError):
        export(store, checkpoint_of(store), directory)
    assert Checkpoint.parse(open_note((directory / CHECKPOINT).read_bytes(), [LOG_KEY])[0].text) == earlier
    assert len(TileReader(files_in(directory), 9, earlier.root).bundle(0)) == 9


# --- Refusals
# ----------------------------------------------------------------------------------------------------------------


def test_a_stored_event_that_was_altered_is_never_published_under_a_checkpoint(store: LogStore, tmp_path: Path) -> None:
    grow(store, 300)
    tamper(store, "UPDATE event SET topic = 'thing.undone.v1' WHERE position = 299")
    with pytest.raises(DamagedLog, match="supervision verify"):
        export(store, checkpoint_of(store), tmp_path / "site")
    assert not (tmp_path / "site" / CHECKPOINT).exists()


def test_an_altered_event_in_a_bundle_that_was_begun_earlier_is_found(store: LogStore, tmp_path: Path) -> None:
    grow(store, 9)
    note = checkpoint_of(store)
    export(store, note, tmp_path / "site")
    grow(store, 300)
    tamper(store, "UPDATE event SET topic = 'thing.undone.v1' WHERE position = 100")
    with pytest.raises(DamagedLog, match="supervision verify"):
        export(store, checkpoint_of(store), tmp_path / "site")
    assert (tmp_path / "site" / CHECKPOINT).read_bytes() == note


@pytest.mark.parametrize("size", [0, 9, 256])
def test_a_checkpoint_of_another_tree_is_never_published(store: LogStore, tmp_path: Path, size: int) -> None:
    """Neither alone nor over an honest one of the same size."""
    grow(store, size)
    honest, forged = checkpoint_of(store), Checkpoint(ORIGIN, size, digest("forged")).text()
    note = Note(forged, (sign(forged, ORIGIN, LOG),)).encode()
    with pytest.raises(DamagedLog):
        export(store, note, tmp_path / "site")
    assert not (tmp_path / "site" / CHECKPOINT).exists()
    export(store, honest, tmp_path / "site")
    with pytest.raises(DamagedLog):
        export(store, note, tmp_path / "site")
    assert (tmp_path / "site" / CHECKPOINT).read_bytes() == honest


def test_a_checkpoint_of_another_log_or_beyond_this_one_is_refused(store: LogStore, tmp_path: Path) -> None:
    grow(store, 9)
    for other in (Checkpoint("other.example/log", 9, store.head().root), Checkpoint(ORIGIN, 10, digest("future"))):
        with pytest.raises(ExportRefused):
            export(store, Note(other.text(), (sign(other.text(), ORIGIN, LOG),)).encode(), tmp_path / "site")
    with pytest.raises(NoteError):
        export(store, b"no note", tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_a_directory_that_holds_something_else_is_refused_and_left_as_it_was(store: LogStore, tmp_path: Path) -> None:
    grow(store, 9)
    note, other_name = checkpoint_of(store), Checkpoint("other.example/log", 9, store.head().root).text()
    found = {
        "无法识别": b"a page of ours",
        "另一个日志": Note(other_name, (sign(other_name, "other.example/log", CLERK),)).encode(),
        "多于本次": PublishedLog(10).checkpoint(),
        "不同": PublishedLog(9).checkpoint(),
    }
    for reason, checkpoint in found.items():
        directory = tmp_path / reason
        directory.mkdir()
        (directory / CHECKPOINT).write_bytes(checkpoint)
        with pytest.raises(ExportRefused, match=reason):
            export(store, note, directory)
        assert {path: data for path, (_, data) in written(directory).items()} == {CHECKPOINT: checkpoint}


def test_files_outside_are_not_read_as_missing_ones(tmp_path: Path) -> None:
    fetch = files_in(tmp_path)
    with pytest.raises(LookupError):
        fetch("tile/0/000")
    (tmp_path / "tile").mkdir()
    with pytest.raises(OSError):
        fetch("tile")
    with pytest.raises(TileError):
        TileReader(fetch, 1, digest("root")).check_root()
