"""An officer's keyring: it opens with his passphrase, and with parameters nobody lowered."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervision.sealing.errors import WrongPassphrase
from supervision.sealing.passphrase import STANDARD_COST, Cost, open_keyring, seal_keyring
from tests.support.sealing import seeded

QUICK = Cost(memory_kib=64, iterations=1, lanes=1)
OWNER = "yunxiu.example/log/chen"
SEEDS = {"signing": b"s" * 32, "kem": b"k" * 32}
PASSPHRASE = "云岫 correct horse 2026"


def keyring(cost: Cost = QUICK) -> bytes:
    return seal_keyring(PASSPHRASE, OWNER, SEEDS, seeded("keyring"), cost)


def test_the_passphrase_opens_it() -> None:
    assert open_keyring(PASSPHRASE, OWNER, keyring(), minimum=QUICK) == SEEDS


def test_the_standard_cost_is_64_mib_and_three_passes() -> None:
    assert (STANDARD_COST.memory_kib, STANDARD_COST.iterations) == (64 * 1024, 3)
    sealed = seal_keyring(PASSPHRASE, OWNER, SEEDS, seeded("keyring"))
    assert struct.unpack(">BIIB", sealed[:10]) == (1, 64 * 1024, 3, STANDARD_COST.lanes)
    assert open_keyring(PASSPHRASE, OWNER, sealed) == SEEDS


def test_full_width_letters_count_as_half_width_ones() -> None:
    assert open_keyring(PASSPHRASE.replace("2026", "２０２６"), OWNER, keyring(), minimum=QUICK) == SEEDS


@pytest.mark.parametrize("passphrase", ["", PASSPHRASE + " ", PASSPHRASE.upper()])
def test_a_wrong_passphrase_is_refused(passphrase: str) -> None:
    with pytest.raises(WrongPassphrase):
        open_keyring(passphrase, OWNER, keyring(), minimum=QUICK)


def test_another_officer_s_keyring_is_refused() -> None:
    with pytest.raises(WrongPassphrase):
        open_keyring(PASSPHRASE, "yunxiu.example/log/wang", keyring(), minimum=QUICK)


@given(st.data())
@settings(max_examples=60)
def test_no_altered_keyring_opens_and_all_refusals_look_alike(data: st.DataObject) -> None:
    original = keyring()
    damaged = data.draw(
        st.one_of(
            st.tuples(st.integers(10, len(original) - 1), st.integers(1, 255)).map(
                lambda change: (
                    original[: change[0]] + bytes([original[change[0]] ^ change[1]]) + original[change[0] + 1 :]
                )
            ),
            st.integers(0, len(original) - 1).map(lambda end: original[:end]),
        )
    )
    with pytest.raises(WrongPassphrase) as damaged_refusal:
        open_keyring(PASSPHRASE, OWNER, damaged, minimum=QUICK)
    with pytest.raises(WrongPassphrase) as wrong_refusal:
        open_keyring("wrong", OWNER, original, minimum=QUICK)
    assert str(damaged_refusal.value) == str(wrong_refusal.value)


@pytest.mark.parametrize(
    "cost",
    [
        pytest.param(Cost(memory_kib=64, iterations=3, lanes=1), id="little memory"),
        pytest.param(Cost(memory_kib=64 * 1024, iterations=1, lanes=1), id="few passes"),
    ],
)
def test_a_keyring_of_lower_cost_is_refused(cost: Cost) -> None:
    with pytest.raises(WrongPassphrase):
        open_keyring(PASSPHRASE, OWNER, keyring(cost))


@pytest.mark.parametrize("header", [(1, 2**31, 3, 4), (1, 64 * 1024, 2**31, 4), (1, 64 * 1024, 3, 0), (2, 64, 1, 1)])
def test_a_keyring_that_would_exhaust_the_machine_or_is_of_another_version_is_refused(
    header: tuple[int, int, int, int],
) -> None:
    with pytest.raises(WrongPassphrase):
        open_keyring(PASSPHRASE, OWNER, struct.pack(">BIIB", *header) + keyring()[10:], minimum=QUICK)


def test_the_keyring_shows_no_seed() -> None:
    assert all(seed not in keyring() for seed in SEEDS.values())
