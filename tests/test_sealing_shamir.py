"""Secret sharing: any M shares give the secret, fewer say nothing of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervision.sealing.shamir import combine, split
from tests.support.sealing import seeded

secrets_ = st.binary(min_size=1, max_size=40)
thresholds = st.integers(2, 6).flatmap(lambda m: st.tuples(st.just(m), st.integers(m, 9)))


def times(a: int, b: int) -> int:
    """Multiplication in GF(2^8) as a schoolbook does it: polynomials, then the remainder by 0x11b."""
    product = 0
    for bit in range(8):
        if b >> bit & 1:
            product ^= a << bit
    for bit in range(14, 7, -1):
        if product >> bit & 1:
            product ^= 0x11B << (bit - 8)
    return product


@given(secrets_, thresholds, st.data())
def test_any_m_shares_give_the_secret(secret: bytes, threshold: tuple[int, int], data: st.DataObject) -> None:
    m, n = threshold
    shares = split(secret, m, n, seeded(secret.hex()))
    chosen = data.draw(st.permutations(shares))[:m]
    assert combine(chosen) == secret
    assert combine(shares) == secret


@given(secrets_)
def test_a_share_is_the_polynomial_at_x_followed_by_x(secret: bytes) -> None:
    rng, again = seeded("coefficients"), seeded("coefficients")
    first, second = again(len(secret)), again(len(secret))
    for x, share in enumerate(split(secret, 3, 4, rng), start=1):
        expected = bytes(s ^ times(a, x) ^ times(b, times(x, x)) for s, a, b in zip(secret, first, second, strict=True))
        assert share == expected + bytes([x])


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_m_minus_one_shares_fit_every_secret(secret: bytes, other: bytes) -> None:
    """For any other secret there is a second share that makes it: one share of 2 says nothing."""
    share = split(secret, 2, 3, seeded("x"))[0]
    slope = bytes(a ^ b for a, b in zip(share, other, strict=False))
    second = bytes(s ^ times(c, 2) for s, c in zip(other, slope, strict=True)) + b"\x02"
    assert combine([share, second]) == other


@pytest.mark.parametrize(("m", "n"), [(1, 3), (0, 0), (4, 3), (2, 256)])
def test_a_threshold_that_protects_nothing_is_refused(m: int, n: int) -> None:
    with pytest.raises(ValueError, match="门限"):
        split(b"secret", m, n, seeded("x"))


@pytest.mark.parametrize(
    "shares",
    [[], [b"ab\x01"], [b"ab\x01", b"cd\x01"], [b"ab\x00", b"cd\x01"], [b"ab\x01", b"c\x02"], [b"", b"a\x01"]],
)
def test_shares_that_cannot_belong_together_are_refused(shares: list[bytes]) -> None:
    with pytest.raises(ValueError, match="份额"):
        combine(shares)


def test_all_255_shares_can_be_made() -> None:
    shares = split(b"s" * 32, 2, 255, seeded("x"))
    assert combine([shares[0], shares[254]]) == b"s" * 32
