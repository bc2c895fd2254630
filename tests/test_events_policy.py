"""Witness policies: the file format of C2SP tlog-policy, and which witnesses together are a quorum."""

import json
from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.checkpoint import CheckpointError
from events.cosignature import CosignatureVerifier, cosign
from events.note import Note, NoteError, NoteVerifier, parse, sign
from events.policy import MAX_BYTES, NONE, Policy, PolicyError, Witness
from tests.support.log import NOON, ORIGIN, signer
from tests.support.published import LOG, LOG_KEY, POLICY, PublishedLog

VECTORS = Path(__file__).parent / "vectors/log"
PUBLISHED = json.loads((VECTORS / "c2sp.json").read_text())["tlog-policy"]
OURS = json.loads((VECTORS / "known_answers.json").read_text())


def witness(name: str, url: str = "") -> Witness:
    return Witness(name, CosignatureVerifier(f"{name}.example/witness", signer(name).public_key), url)


def line(name: str, rest: str = "") -> str:
    return f"witness {name} {witness(name).key.vkey()} {rest}".rstrip()


def published(log: str = LOG_KEY.vkey()) -> str:
    """The specification's example with keys in it."""
    lines = PUBLISHED.replace("log <vkey>", f"log {log}").split("\n")
    return "\n".join(line(words.split()[1]) if "<vkey>" in words else words for words in lines)


def read(text: str) -> Policy:
    return Policy.parse(text.encode())


# --- The specification's example
# ----------------------------------------------------------------------------------------------------------------


def test_the_published_example_asks_for_two_of_x_and_one_of_y() -> None:
    policy = read(published())
    assert [log.vkey() for log in policy.logs] == [LOG_KEY.vkey()]
    names = [one.name for one in policy.witnesses]
    assert names == ["X1", "X2", "X3", "Y1", "Y2", "Y3"]
    for count in range(7):
        for cosigned_by in combinations(names, count):
            enough = sum(name[0] == "X" for name in cosigned_by) >= 2 and any(name[0] == "Y" for name in cosigned_by)
            assert policy.is_quorum(cosigned_by) == enough


def test_a_policy_has_the_known_answer() -> None:
    assert POLICY.encode() == OURS["policy"]
    assert read(OURS["policy"]) == POLICY


# --- Quorums
# ----------------------------------------------------------------------------------------------------------------

WITNESSES = [witness(name) for name in "abcdefgh"]


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Any policy: groups of witnesses and groups, each of which is in one group at most."""
    count = draw(st.integers(0, len(WITNESSES)))
    free = [one.name for one in WITNESSES[:count]]
    defined = [NONE, *free]
    groups: dict[str, tuple[int, tuple[str, ...]]] = {}
    for number in range(draw(st.integers(0, 4))):
        if not free:
            break
        members = draw(st.lists(st.sampled_from(free), min_size=1, unique=True))
        name = f"group-{number}"
        groups[name] = (draw(st.integers(1, len(members))), tuple(members))
        free = [one for one in free if one not in members] + [name]
        defined.append(name)
    urls = draw(st.lists(st.sampled_from(["", "https://w.example/w"]), min_size=count, max_size=count))
    witnesses = tuple(replace(one, url=url) for one, url in zip(WITNESSES[:count], urls, strict=True))
    return Policy((LOG_KEY,), witnesses, groups, draw(st.sampled_from(defined)))


def witnessed(name: str, groups: Mapping[str, tuple[int, tuple[str, ...]]], cosigned_by: set[str]) -> bool:
    """The specification's words: a group witnesses if and only if at least k of its n members do."""
    if name not in groups:
        return name in cosigned_by
    k, members = groups[name]
    return sum(witnessed(member, groups, cosigned_by) for member in members) >= k


@given(policies(), st.sets(st.sampled_from([*"abcdefgh", "stranger", "group-0", NONE])))
def test_a_quorum_is_what_the_groups_add_up_to(policy: Policy, cosigned_by: set[str]) -> None:
    known = cosigned_by & {one.name for one in policy.witnesses}
    expected = policy.quorum == NONE or witnessed(policy.quorum, policy.groups, known)
    assert policy.is_quorum(cosigned_by) == expected


@given(policies())
def test_a_policy_is_read_back_as_it_was_written(policy: Policy) -> None:
    assert read(policy.encode()) == policy


def test_a_long_chain_of_groups_is_no_trouble() -> None:
    chain = "".join(f"group g{number} any {f'g{number - 1}' if number else 'a'}\n" for number in range(5000))
    policy = read(f"{line('a')}\n{chain}quorum g4999\n")
    assert policy.is_quorum(["a"])
    assert not policy.is_quorum([])


# --- The format
# ----------------------------------------------------------------------------------------------------------------


KELVIN = "\u212a"
"""The Kelvin sign, which is another name than K, though it looks like it."""


@pytest.mark.parametrize(
    "text",
    [
        "quorum none",
        "quorum none\n",
        "\n\n \t \n# a comment\n  # another\nquorum none\n",
        "\t quorum \t none \t\n",
        f"quorum none\n{line('a')}\nlog {LOG_KEY.vkey()} https://log.example/\n",
        f"{line('a')}\nquorum a\ngroup g 1 a\n",
        f"{line('K')}\nwitness {KELVIN} {witness('b').key.vkey()}\ngroup both all K {KELVIN}\nquorum both\n",
    ],
)
def test_what_the_specification_allows_is_read(text: str) -> None:
    assert isinstance(read(text), Policy)


def test_32_of_everything_are_no_trouble() -> None:
    names = [f"w{number}" for number in range(32)]
    logs = "".join(f"log {NoteVerifier(ORIGIN, signer(f'log {name}').public_key).vkey()}\n" for name in names)
    groups = "".join(f"group g{name} any {name}\n" for name in names)
    everything = " ".join("g" + name for name in names)
    text = logs + "".join(line(name) + "\n" for name in names) + groups + f"group all 32 {everything}\nquorum all\n"
    policy = read(text)
    assert policy.is_quorum(names)
    assert not policy.is_quorum(names[1:])


def test_octets_that_are_no_utf_8_are_allowed_where_the_specification_says_so() -> None:
    name = b"\xc3\x28"
    data = b"# \xff\xfe\nwitness " + name + line("a")[len("witness a") :].encode() + b" http://\xff/\nquorum " + name
    policy = Policy.parse(data)
    assert policy.is_quorum([policy.witnesses[0].name])
    with pytest.raises(PolicyError, match="未在前面定义"):
        Policy.parse(data[:-1])
    policy.encode().encode()  # can be shown


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("quorum", 1),
        ("quorum none none", 1),
        ("Quorum none", 1),
        ("quorum a", 1),
        ("quorum none\nquorum none", 2),
        (f"{line('a')}\nquorum b", 2),
        ("quorum none\nlogs x", 2),
        ("log", 1),
        ("log x", 1),
        (f"log {LOG_KEY.vkey()} url more", 1),
        (f"log {LOG_KEY.vkey()}\nlog {LOG_KEY.vkey()}", 2),
        (f"log {LOG_KEY.vkey()}\nlog {NoteVerifier('other.example', LOG.public_key).vkey()}", 2),
        (f"log {witness('a').key.vkey()}", 1),
        ("witness a", 1),
        (f"witness a {LOG_KEY.vkey()}", 1),
        (f"{line('a')} url more", 1),
        (line("none"), 1),
        (f"{line('a')}\n{line('b').replace('witness b', 'witness a')}", 2),
        (f"{line('a')}\n{line('a').replace('witness a', 'witness b')}", 2),
        (f"{line('a')}\nwitness b {CosignatureVerifier('other', signer('a').public_key).vkey()}", 2),
        (f"{line('a')}\ngroup g", 2),
        (f"{line('a')}\ngroup g any", 2),
        (f"{line('a')}\ngroup a any a", 2),
        (f"{line('a')}\ngroup none any a", 2),
        (f"{line('a')}\ngroup g any none", 2),
        (f"{line('a')}\ngroup g any g", 2),
        (f"{line('a')}\ngroup g any b", 2),
        (f"{line('a')}\ngroup g 2 a a", 2),
        (f"{line('a')}\ngroup g 1 a\ngroup h 1 a", 3),
        *((f"{line('a')}\ngroup g {k} a", 2) for k in ("0", "2", "-1", "+1", "01", "1.0", "ANY", "١", "9" * 5000)),
        (f"{line('a')}\u00a0\nquorum a", 1),
    ],
)
def test_a_wrong_line_is_named_by_its_number(text: str, number: int) -> None:
    with pytest.raises(PolicyError, match=f"第 {number} 行") as refusal:
        read(text + "\n")
    assert type(refusal.value) is PolicyError


@pytest.mark.parametrize("data", [b"", b"\n", b"# only this\n", line("a").encode()])
def test_a_policy_without_quorum_is_refused(data: bytes) -> None:
    with pytest.raises(PolicyError, match="quorum"):
        Policy.parse(data)


@pytest.mark.parametrize("byte", [*range(0x09), *range(0x0B, 0x20), 0x7F])
def test_control_characters_are_refused(byte: int) -> None:
    with pytest.raises(PolicyError, match="控制字符"):
        Policy.parse(b"# a comment" + bytes([byte]) + b"\nquorum none\n")


def test_a_file_that_is_too_large_is_refused() -> None:
    with pytest.raises(PolicyError, match="过大"):
        Policy.parse(b"#" * MAX_BYTES + b"\nquorum none\n")


@given(
    st.one_of(st.binary(max_size=200), st.text(alphabet="lognewitsquorumap123+/= \t\n#", max_size=200).map(str.encode))
)
def test_arbitrary_bytes_are_a_policy_or_refused(data: bytes) -> None:
    _read_or_refuse(data)
    _read_or_refuse(published().encode() + data)


@settings(max_examples=300)
@given(at=st.integers(0, len(published().encode()) - 1), byte=st.integers(0, 255), cut=st.booleans())
def test_a_changed_policy_is_a_policy_or_refused(at: int, byte: int, cut: bool) -> None:
    data = published().encode()
    _read_or_refuse(data[:at] if cut else data[:at] + bytes([byte]) + data[at + 1 :])


def _read_or_refuse(data: bytes) -> None:
    try:
        policy = Policy.parse(data)
    except PolicyError as error:
        assert type(error) is PolicyError
    else:
        assert Policy.parse(policy.encode().encode()) == policy


# --- Checkpoints
# ----------------------------------------------------------------------------------------------------------------

TEXT = parse(PublishedLog(9).checkpoint()).text
TWO_OF_THREE = read("".join(line(name) + "\n" for name in "abc") + f"log {LOG_KEY.vkey()}\ngroup g 2 a b c\nquorum g\n")


def note(*cosigned: tuple[str, int], text: str = TEXT) -> bytes:
    lines = (cosign(text, witness(name).key.name, signer(name), timestamp) for name, timestamp in cosigned)
    return Note(text, (sign(text, ORIGIN, LOG), *lines)).encode()


@pytest.mark.parametrize("names", ["", "a", "b", "c", "ab", "bc", "ca", "abc", "ax", "xyz"])
def test_a_checkpoint_is_valid_once_the_quorum_has_cosigned_it(names: str) -> None:
    data = note(*((name, NOON + index) for index, name in enumerate(names)))
    known = {name: NOON + index for index, name in enumerate(names) if name in "abc"}
    signed = TWO_OF_THREE.open_signed(data)
    assert signed.cosigned_at == known
    assert signed.timestamps == sorted(known.values())
    if len(known) >= 2:
        assert TWO_OF_THREE.open_checkpoint(data) == signed
    else:
        with pytest.raises(PolicyError, match="尚未得到"):
            TWO_OF_THREE.open_checkpoint(data)


def test_one_witness_who_cosigned_twice_is_one_and_his_last_word_counts() -> None:
    data = note(("a", NOON + 7), ("a", NOON + 9), ("a", NOON))
    assert TWO_OF_THREE.open_signed(data).cosigned_at == {"a": NOON + 9}
    with pytest.raises(PolicyError):
        TWO_OF_THREE.open_checkpoint(data)


def test_any_one_of_the_logs_is_enough_and_a_stranger_is_not() -> None:
    thief = NoteVerifier(ORIGIN, signer("thief").public_key)
    assert replace(TWO_OF_THREE, logs=(thief, LOG_KEY)).open_signed(note()).checkpoint.size == 9
    for logs in ((thief,), ()):
        with pytest.raises(NoteError):
            replace(TWO_OF_THREE, logs=logs).open_signed(note(("a", NOON)))


def test_what_is_signed_but_no_checkpoint_is_refused() -> None:
    with pytest.raises(CheckpointError):
        TWO_OF_THREE.open_signed(note(text="a note\nof something else\n"))
