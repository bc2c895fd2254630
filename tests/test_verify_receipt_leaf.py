"""The leaf of a 查询码: recomputed from the digits it is the one in the log, and it is found wherever it stands."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from events.leaf import leaf_hash
from events.merkle import Coordinate, Frontier
from events.tiles import Fetch, Tile, TileError, tiles_of
from supervision.receipt_leaf import FoundReceipt, find_receipt, receipt_entry, receipt_leaves
from supervision.sealing.receipt import ReceiptCode
from tests.support.log import NOON, ORIGIN, digest
from tests.support.small_log import MOMENT, SmallLog, small_log

CODE = ReceiptCode("12345678901234567890123456789039")
SECRETS = CODE.derive(ORIGIN)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallLog]:
    home = tmp_path_factory.mktemp("county")
    with small_log(home, f"sqlite:///{home / 'log.sqlite'}") as log:
        yield log


def test_the_digits_alone_give_the_entry_that_is_in_the_log(log: SmallLog) -> None:
    origin = log.platform.settings.origin
    for code in log.codes:
        secrets = code.derive(origin)
        (stored,) = log.platform.log.stream(secrets.stream_id)
        assert receipt_entry(secrets, origin, stored.recorded_at) == stored
        assert receipt_entry(secrets, "another.example/log", stored.recorded_at) != stored
        leaves = receipt_leaves(secrets, origin, MOMENT - 86400, MOMENT + 86400)
        assert leaves[leaf_hash(origin, stored)] == stored.recorded_at


def test_every_hour_is_tried_from_that_of_the_first_moment_to_that_of_the_last() -> None:
    hours = receipt_leaves(SECRETS, ORIGIN, NOON + 1, NOON + 2 * 3600 + 3599).values()
    assert list(hours) == [NOON, NOON + 3600, NOON + 7200]
    assert len(receipt_leaves(SECRETS, ORIGIN, NOON, NOON)) == 1


def published(leaves: list[bytes]) -> tuple[Fetch, bytes]:
    """A log of these leaves: what reads its tiles, and its root."""
    tree, nodes = Frontier(), dict[Coordinate, bytes]()
    for leaf in leaves:
        nodes |= dict(tree.append(leaf))
    files = {
        tile.path: b"".join(nodes[node] for node in tile.coordinates())
        for tile in tiles_of(len(leaves))
        if tile.level >= 0
    }
    return files.__getitem__, tree.root()


@pytest.mark.parametrize("at", [0, 255, 256, 511, 512, 599])
def test_it_is_found_in_whichever_tile_it_stands(at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("supervision.receipt_leaf.TILES_AT_ONCE", 2)
    wanted = receipt_leaves(SECRETS, ORIGIN, NOON, NOON + 100 * 3600)
    leaves = [digest("somebody else's", number) for number in range(600)]
    fetch, root = published(leaves)
    assert find_receipt(wanted, fetch, 600, root) is None
    leaves[at] = list(wanted)[17]
    fetch, root = published(leaves)
    assert find_receipt(wanted, fetch, 600, root) == FoundReceipt(at, NOON + 17 * 3600)


def test_no_tile_is_believed_that_does_not_give_the_root() -> None:
    wanted = receipt_leaves(SECRETS, ORIGIN, NOON, NOON)
    fetch, root = published([digest("somebody else's", number) for number in range(300)])
    path = Tile(0, 0).path

    def forged(asked: str) -> bytes:
        (leaf,) = wanted
        return leaf + fetch(asked)[32:] if asked == path else fetch(asked)

    with pytest.raises(TileError):
        find_receipt(wanted, forged, 300, root)


def test_an_empty_log_has_no_receipt(tmp_path: Path) -> None:
    _, root = published([])
    assert find_receipt({}, lambda path: (tmp_path / path).read_bytes(), 0, root) is None
