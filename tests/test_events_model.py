"""Events: their state as JSON and back, their topics, and old versions that are read as new ones."""

import gc
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events import topics, vocabulary
from events.canonical import JSONObject, decode_object, encode
from events.model import (
    ActedEvent,
    DataKeyRef,
    Event,
    SealedItem,
    Sealing,
    StateError,
    WrapRef,
    from_state,
    to_state,
)
from events.topics import TopicError, check_topics, current, registered, topic, topic_of, upcast
from tests.support.log import ACTED, digest, seal, stream

HERE: Any = {"originator_id": stream("model"), "originator_version": 1}


@dataclass(frozen=True, kw_only=True)
class Everything(Event):
    """Has a field of each permitted type."""

    text: str
    number: int
    flag: bool
    names: tuple[str, ...]
    maybe: str | None
    sealing: Sealing | None


def everything(**changes: Any) -> Everything:
    fields: dict[str, Any] = {
        "text": "中", "number": 1, "flag": True, "names": ("a", "b"), "maybe": None, "sealing": None,
    }  # fmt: skip
    return Everything(**HERE, **(fields | changes))


@pytest.fixture
def own_topics(monkeypatch: pytest.MonkeyPatch) -> None:
    """Topics that are registered in the test are forgotten after it."""
    monkeypatch.setattr(topics, "_classes", dict(topics._classes))
    monkeypatch.setattr(topics, "_upcasts", dict(topics._upcasts))


# --- State
# ------------------------------------------------------------------------------------------------------


@given(
    text=st.text(st.characters(codec="utf-8")),
    number=st.integers(-(2**53) + 1, 2**53 - 1),
    flag=st.booleans(),
    names=st.lists(st.text(st.characters(codec="utf-8"), max_size=4)).map(tuple),
    maybe=st.none() | st.text(st.characters(codec="utf-8")),
    sealed=st.booleans(),
)
def test_an_event_is_read_back_from_its_stored_state(sealed: bool, **fields: Any) -> None:
    event = everything(**fields, sealing=seal(stream("model"), "text")[0] if sealed else None)
    state = encode(to_state(event))
    assert from_state(Everything, event.originator_id, 1, decode_object(state)) == event


def test_a_state_does_not_repeat_where_the_event_stands() -> None:
    assert set(to_state(everything())) == {"text", "number", "flag", "names", "maybe", "sealing"}


def test_a_sealing_is_written_as_the_format_says() -> None:
    wrap = WrapRef(key=digest(1).hex(), share=1, sha256=digest(2).hex(), share_commitment=digest(3).hex())
    key = DataKeyRef(compartment="identity", commitment=digest(4).hex(), m=2, n=3, wraps=(wrap,))
    item = SealedItem(compartment="identity", field="name", kind="envelope", sha256=digest(5).hex(), size_class=4096)
    sealing = Sealing(suite=2, manifest=digest(6).hex(), keys=(key,), items=(item,))
    assert to_state(everything(sealing=sealing))["sealing"] == {
        "suite": 2,
        "manifest": digest(6).hex(),
        "keys": [
            {
                "compartment": "identity",
                "commitment": digest(4).hex(),
                "m": 2,
                "n": 3,
                "wraps": [
                    {
                        "key": digest(1).hex(),
                        "share": 1,
                        "sha256": digest(2).hex(),
                        "share_commitment": digest(3).hex(),
                    }
                ],
            }
        ],
        "items": [
            {
                "compartment": "identity",
                "field": "name",
                "kind": "envelope",
                "sha256": digest(5).hex(),
                "size_class": 4096,
            }
        ],
    }


@pytest.mark.parametrize("field", ["text", "number", "flag", "names", "maybe", "sealing"])
def test_a_missing_field_is_named(field: str) -> None:
    state = to_state(everything())
    del state[field]
    with pytest.raises(StateError, match=f"缺少字段 {field}"):
        from_state(Everything, stream("model"), 1, state)


def test_an_unknown_field_is_named() -> None:
    state = to_state(everything()) | {"surplus": "secret"}
    with pytest.raises(StateError, match="未知字段 surplus") as refusal:
        from_state(Everything, stream("model"), 1, state)
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("text", 1), ("text", None), ("number", True), ("number", "1"), ("flag", 1), ("names", "ab"),
        ("names", [1]), ("maybe", 1), ("sealing", "x"), ("sealing", []),
    ],
)  # fmt: skip
def test_a_value_of_the_wrong_type_is_refused_both_ways(field: str, value: Any) -> None:
    with pytest.raises(StateError, match=field):
        from_state(Everything, stream("model"), 1, to_state(everything()) | {field: value})
    with pytest.raises(StateError, match=field):
        to_state(everything(**{field: value}))


def test_a_field_inside_a_sealing_is_checked_too() -> None:
    state = to_state(everything(sealing=seal(stream("model"), "text")[0]))
    assert isinstance(state["sealing"], dict)
    del state["sealing"]["suite"]
    with pytest.raises(StateError, match="suite"):
        from_state(Everything, stream("model"), 1, state)


def test_an_event_field_of_any_other_type_is_a_programming_error() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Odd(Event):
        ratio: float

    with pytest.raises(TypeError, match="float"):
        to_state(Odd(**HERE, ratio=0.5))


# --- What a sealing cannot say
# ----------------------------------------------------------------------------------


def test_a_sealing_that_contradicts_itself_cannot_be_made() -> None:
    sealing, _ = seal(stream("model"), "one", "two")
    key, item = sealing.keys[0], sealing.items[0]
    impossible: list[tuple[Any, dict[str, Any]]] = [
        (sealing, {"suite": 0}),
        (sealing, {"manifest": "abc"}),
        (sealing, {"manifest": digest(1).hex().upper()}),
        (sealing, {"keys": (key, replace(key, commitment=digest(7).hex()))}),
        (sealing, {"keys": ()}),
        (sealing, {"items": (item, item)}),
        (sealing, {"items": (replace(item, compartment="identity"),)}),
        (key, {"m": 2, "n": 1}),
        (key, {"m": 0, "n": 1}),
        (key, {"m": -1, "n": -1}),
        (key, {"commitment": ""}),
        (key, {"wraps": (replace(key.wraps[0], share=1),)}),
        (key.wraps[0], {"share": -1}),
        (key.wraps[0], {"key": "somebody"}),
        (key.wraps[0], {"share_commitment": "00"}),
        (item, {"kind": "blob"}),
        (item, {"sha256": "00"}),
        (item, {"size_class": 0}),
    ]
    for thing, change in impossible:
        with pytest.raises(StateError):
            replace(thing, **change)


def test_a_sealing_may_add_wraps_for_a_key_without_new_items() -> None:
    sealing, _ = seal(stream("model"), "text")
    assert replace(sealing, items=()).keys == sealing.keys


# --- Time
# -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "occurred_at",
    [
        "", "yesterday", "2026-01-01", "2026-01-01T12:00:00", "2026-01-01T12:00:00Z",
        "2026-01-01T12:00:00+00:00", "2026-01-01 12:00:00+08:00", "2026-01-01T12:00+08:00",
        "2026-01-01T12:00:00.5+08:00", "2026-02-30T12:00:00+08:00", "2026-01-01T12:00:00+0800",
    ],
)  # fmt: skip
def test_business_time_is_written_in_one_way_only(occurred_at: str) -> None:
    with pytest.raises(StateError, match="occurred_at"):
        ActedEvent(**HERE, **(ACTED | {"occurred_at": occurred_at}), actor="li")


# --- Topics
# -----------------------------------------------------------------------------------------------------


def test_every_event_of_the_vocabulary_has_a_topic_of_its_own() -> None:
    check_topics()
    assert vocabulary.__all__
    assert len(dict(registered())) > 50


def test_every_event_of_the_vocabulary_can_be_stored() -> None:
    """All type hints are such that a state can be made: reading an empty state names the missing fields."""
    for name, cls in registered():
        event = from_state(cls, stream(name), 1, {}) if name == "receipt.issued.v1" else None
        if event is None:
            with pytest.raises(StateError, match="缺少字段"):
                from_state(cls, stream(name), 1, {})


def test_a_receipt_has_a_constant_state() -> None:
    receipt = vocabulary.intake.ReceiptIssued(**HERE)
    assert encode(to_state(receipt)) == b"{}"


@pytest.mark.parametrize("name", ["", "report", "Report.received.v1", "report.received", "report..v1", "a.v1.", "a.v"])
def test_a_topic_has_a_name_and_a_version(own_topics: None, name: str) -> None:
    with pytest.raises(TopicError, match="不符合格式"):
        topic(name)(Everything)


def test_a_topic_belongs_to_one_class(own_topics: None) -> None:
    with pytest.raises(TopicError, match="已被占用"):
        topic("report.received.v1")(Everything)


def test_a_subclass_does_not_inherit_a_topic() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Derived(vocabulary.intake.ReceiptIssued):
        pass

    with pytest.raises(TopicError, match="没有主题"):
        topic_of(Derived(**HERE))
    Derived.__module__ = "events.vocabulary.intake"
    with pytest.raises(TopicError, match="没有主题"):
        check_topics()
    del Derived
    gc.collect()  # a class lives in cycles, and its base class would still show it to the next test


def test_an_unknown_topic_says_what_to_do() -> None:
    with pytest.raises(TopicError, match="请升级程序"):
        current("report.teleported.v9", {})


def test_a_topic_is_never_taken_for_a_python_path() -> None:
    with pytest.raises(TopicError):
        current("os:system", {})


# --- Upcasting
# --------------------------------------------------------------------------------------------------


def test_an_old_version_is_read_as_the_newest(own_topics: None) -> None:
    @topic("thing.counted.v3")
    @dataclass(frozen=True, kw_only=True)
    class Counted(Event):
        number: int
        unit: str

    @upcast("thing.counted.v1", to="thing.counted.v2")
    def _(state: JSONObject) -> JSONObject:
        return {"number": state["amount"]}

    @upcast("thing.counted.v2", to="thing.counted.v3")
    def _(state: JSONObject) -> JSONObject:
        return {**state, "unit": "piece"}

    cls, state = current("thing.counted.v1", {"amount": 3})
    assert from_state(cls, UUID(int=0), 1, state) == Counted(
        originator_id=UUID(int=0), originator_version=1, number=3, unit="piece"
    )
    assert current("thing.counted.v2", {"number": 4})[1] == {"number": 4, "unit": "piece"}


def test_an_upcast_leads_upwards_to_a_known_topic(own_topics: None) -> None:
    with pytest.raises(TopicError, match="更高的版本"):
        upcast("thing.lost.v2", to="thing.lost.v1")(dict)
    with pytest.raises(TopicError, match="已被占用"):
        upcast("report.received.v1", to="report.received.v2")(dict)
    upcast("thing.lost.v1", to="thing.lost.v2")(dict)
    with pytest.raises(TopicError, match="不存在"):
        check_topics()
