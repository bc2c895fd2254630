"""The 查询码: drawn, typed, mistyped, and what is derived from it."""

from __future__ import annotations

import secrets
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervision.sealing.errors import MistypedCode
from supervision.sealing.receipt import CODE_DIGITS, RANDOM_DIGITS, ReceiptCode, check_digits, lookup_tag
from tests.support.sealing import ORIGIN, seeded

codes = st.integers(0, 10**RANDOM_DIGITS - 1).map(
    lambda number: ReceiptCode(f"{number:0{RANDOM_DIGITS}}" + check_digits(f"{number:0{RANDOM_DIGITS}}"))
)


def test_a_new_code_has_32_digits_in_8_groups_of_4() -> None:
    code = ReceiptCode.new(secrets.token_bytes)
    groups = code.grouped.split(" ")
    assert [len(group) for group in groups] == [4] * 8
    assert "".join(groups) == code.digits
    assert int(code.digits) % 97 == 1  # ISO 7064 MOD 97-10


def test_a_draw_beyond_the_last_code_is_drawn_again() -> None:
    """Folding it back would make small codes likelier."""
    draws = iter([b"\xff" * 13, bytes(13)])
    assert ReceiptCode.new(lambda size: next(draws)).digits == "0" * 30 + "98"


@given(codes)
def test_a_code_is_read_as_people_type_it(code: ReceiptCode) -> None:
    full_width = code.digits.translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    for typed in (
        code.digits,
        code.grouped,
        f"  {code.grouped}\n",
        code.grouped.replace(" ", "-"),
        code.grouped.replace(" ", "—"),
        code.grouped.replace(" ", "．"),
        code.grouped.replace(" ", "\u3000"),
        full_width,
    ):
        assert ReceiptCode.parse(typed) == code


@given(codes, st.integers(0, CODE_DIGITS - 1), st.integers(1, 9))
def test_any_one_wrong_digit_is_told_as_mistyped(code: ReceiptCode, at: int, offset: int) -> None:
    wrong = str((int(code.digits[at]) + offset) % 10)
    with pytest.raises(MistypedCode):
        ReceiptCode.parse(code.digits[:at] + wrong + code.digits[at + 1 :])


@given(codes)
def test_two_neighbouring_digits_exchanged_are_told_as_mistyped(code: ReceiptCode) -> None:
    for at in range(CODE_DIGITS - 1):
        first, second = code.digits[at], code.digits[at + 1]
        if first != second:
            with pytest.raises(MistypedCode):
                ReceiptCode.parse(code.digits[:at] + second + first + code.digits[at + 2 :])


@pytest.mark.parametrize("typed", ["", "1234", "1" * 33, "一" * 32, "x" * 32, "٣" * 32, "²" * 32])
def test_what_is_no_code_is_told_as_mistyped(typed: str) -> None:
    with pytest.raises(MistypedCode):
        ReceiptCode.parse(typed)


def test_check_digits_have_one_spelling() -> None:
    """98 and 01 are the same modulo 97; the standard's check digits are 02 to 98."""
    ReceiptCode.parse("0" * 30 + "98")
    with pytest.raises(MistypedCode):
        ReceiptCode.parse("0" * 30 + "01")


@given(codes, st.integers(0, CODE_DIGITS - 1))
def test_neither_message_nor_repr_repeats_a_digit_of_the_code(code: ReceiptCode, at: int) -> None:
    wrong = code.digits[:at] + str((int(code.digits[at]) + 1) % 10) + code.digits[at + 1 :]
    with pytest.raises(MistypedCode) as refusal:
        ReceiptCode.parse(wrong)
    assert not any(character.isdigit() for character in str(refusal.value))
    shown = repr(code) + repr(code.derive(ORIGIN))
    assert not any(group in shown for group in code.grouped.split(" "))


def test_every_derived_secret_is_another_one() -> None:
    code = ReceiptCode.new(seeded("code"))
    derived = code.derive(ORIGIN)
    values = [derived.lookup, derived.salt, derived.kem.seed, derived.signing.seed]
    assert {len(value) for value in values} == {32}
    assert len(set(values)) == 4
    assert derived.stream_id.version == 4
    assert derived.stream_id.bytes not in {value[:16] for value in values}


def test_another_log_or_another_code_gives_other_secrets() -> None:
    code, other = ReceiptCode.new(seeded("one")), ReceiptCode.new(seeded("two"))
    here, there, stranger = code.derive(ORIGIN), code.derive("other.example/log"), other.derive(ORIGIN)
    for name in ("lookup", "salt", "stream_id"):
        assert len({getattr(secret, name) for secret in (here, there, stranger)}) == 3
    assert len({secret.kem.key_id for secret in (here, there, stranger)}) == 3
    assert len({secret.signing.key_id for secret in (here, there, stranger)}) == 3
    assert here.stream_id == code.derive(ORIGIN).stream_id != UUID(int=0)


def test_the_lookup_tag_needs_the_pepper() -> None:
    lookup = ReceiptCode.new(seeded("code")).derive(ORIGIN).lookup
    tag = lookup_tag(b"p" * 32, lookup)
    assert len(tag) == 32
    assert tag != lookup_tag(b"q" * 32, lookup)
