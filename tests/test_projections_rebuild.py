"""Read models are derived: built anew, in other batches, on another database, they are the same to the last row."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projections import catalogue
from projections.fingerprint import fingerprint
from projections.runner import Runner
from projections.store import ReadStore
from tests.support.lives import Life
from tests.support.random_lives import interleaved, towns
from tests.support.towns import Archive, Opener, Rules, Shelf, people, read_store


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> tuple[ReadStore, ReadStore]:
    home = tmp_path_factory.mktemp("read")
    return read_store(f"sqlite:///{home / 'one.sqlite3'}"), read_store(f"sqlite:///{home / 'two.sqlite3'}")


def build(store: ReadStore, shelf: Shelf, opener: Opener, batch: int) -> str:
    Runner(shelf, store, catalogue.projections(opener, Rules()), batch).rebuild()
    with store.reading() as reader:
        return fingerprint(reader, store.layouts)


@settings(max_examples=25)
@given(several=towns(), order=st.lists(st.integers(0, 3), max_size=60), batch=st.integers(1, 20))
def test_rows_do_not_depend_on_how_events_are_cut_into_batches(
    stores: tuple[ReadStore, ReadStore], several: list[Life], order: list[int], batch: int
) -> None:
    shelf, opener = Shelf(interleaved(several, order)), Opener(*several)
    whole, cut = stores
    assert build(whole, shelf, opener, 500) == build(cut, shelf, opener, batch)


def test_a_rebuild_gives_the_same_rows_also_where_facts_were_destroyed(database_url: str, tmp_path: Path) -> None:
    archive = Archive(f"sqlite:///{tmp_path}/log.sqlite3", tmp_path)
    store = read_store(database_url)
    runner = Runner(archive.ledger, store, catalogue.projections(archive.opener, Rules()), batch=5)
    gone, kept = Life().receive().register(), Life().handled()
    archive.write(gone, kept)
    runner.run_once()
    archive.write(gone.supplement(), kept.close().feed_back(), gone.bypass(), Life().receive_sealed())
    runner.run_once()
    with store.reading() as reader:
        before = fingerprint(reader, store.layouts)
    assert runner.rebuild() == archive.ledger.head() * len(store.layouts)
    with store.reading() as reader:
        assert fingerprint(reader, store.layouts) == before


def test_both_databases_hold_the_same_rows(database_url: str, stores: tuple[ReadStore, ReadStore]) -> None:
    several = [Life("x").handled(), Life("y").receive().supplement(), Life("z").receive().register().bypass()]
    shelf, opener = Shelf([*people(), *(event for life in several for event in life.events)]), Opener(*several)
    assert build(read_store(database_url), shelf, opener, 500) == build(stores[0], shelf, opener, 500)


def test_a_fingerprint_tells_any_difference(stores: tuple[ReadStore, ReadStore]) -> None:
    life = Life("x").receive()
    fewer = build(stores[0], Shelf(life.events), Opener(life), 500)
    more = build(stores[1], Shelf([*life.events, *life.register().events[-1:]]), Opener(life), 500)
    without_facts = build(stores[0], Shelf(life.events[:1]), Opener(), 500)
    assert len({fewer, more, without_facts}) == 3
