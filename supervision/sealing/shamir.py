"""Secret sharing after Shamir (1979), byte by byte over GF(2^8) with the polynomial x^8+x^4+x^3+x+1 (0x11b).

A share is the value of a random polynomial of degree M-1 at ``x``, one polynomial for each byte of the
secret, followed by the byte ``x``: the layout of the npm package ``shamir-secret-sharing``.

A vector of bytes is kept in one integer, and all its bytes are multiplied at once. Only ``x`` coordinates,
which are public, decide a branch; secret bytes meet no branch and no table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from supervision.sealing.binding import Rng

MAX_SHARES = 255


def split(secret: bytes, m: int, n: int, rng: Rng) -> list[bytes]:
    """``n`` shares of ``secret``, any ``m`` of which give it back; share ``i`` (from 1) has ``x`` = ``i``.

    Raises ValueError unless 2 <= m <= n <= 255 and the secret is not empty.
    """
    if not 2 <= m <= n <= MAX_SHARES:
        raise ValueError(f"门限须满足 2 ≤ M ≤ N ≤ {MAX_SHARES}，现为 M={m}、N={n}")
    if not secret:
        raise ValueError("不能分割空的秘密")
    width = len(secret)
    coefficients = [int.from_bytes(secret, "big"), *(int.from_bytes(rng(width), "big") for _ in range(m - 1))]
    shares = []
    for x in range(1, n + 1):
        value = 0
        for coefficient in reversed(coefficients):  # Horner's rule
            value = _scale(value, x, width) ^ coefficient
        shares.append(value.to_bytes(width, "big") + bytes([x]))
    return shares


def combine(shares: Sequence[bytes]) -> bytes:
    """The secret, by Lagrange interpolation at 0. Fewer than M shares, or altered ones, give another value.

    Raises ValueError where the shares cannot belong together: lengths, ``x`` = 0 or twice the same ``x``.
    """
    xs, width = _checked(shares)
    weights = _weights(xs)
    for x in xs:
        weights = {at: weight if at == x else _scale(weight, x, 1) for at, weight in weights.items()}
    return _weighted(shares, weights, width)


def checks(shares: Sequence[bytes], m: int) -> list[bytes]:
    """As many values as there are shares beyond ``m``, each as long as the secret: all zero for shares of one secret.

    They are the parity checks of the Reed-Solomon code that shares are words of: as many altered shares as there are
    values can never leave all of them zero. They say nothing of the secret. Raises ValueError as :func:`combine` does.
    """
    xs, width = _checked(shares)
    weights, values = _weights(xs), []
    for _ in range(len(shares) - m):
        values.append(_weighted(shares, weights, width))
        weights = {x: _scale(weight, x, 1) for x, weight in weights.items()}
    return values


def times(vector: bytes, scalar: int) -> bytes:
    """Each byte of ``vector`` times ``scalar`` (0..255, public)."""
    return _scale(int.from_bytes(vector, "big"), scalar, len(vector)).to_bytes(len(vector), "big")


def _checked(shares: Sequence[bytes]) -> tuple[list[int], int]:
    """The ``x`` of the shares, and the length of the secret."""
    widths = {len(share) - 1 for share in shares}
    xs = [share[-1] for share in shares if share]
    if len(shares) < 2 or len(widths) != 1 or 0 in widths or 0 in xs or len(set(xs)) != len(shares):
        raise ValueError("秘密份额的数量、长度或编号不成立")
    return xs, widths.pop()


def _weights(xs: Sequence[int]) -> dict[int, int]:
    """For each ``x``, 1 / the product of its differences from the others; minus is plus here."""
    weights = {}
    for x in xs:
        weight = 1
        for other in xs:
            if other != x:
                weight = _scale(weight, inverse(other ^ x), 1)
        weights[x] = weight
    return weights


def _weighted(shares: Sequence[bytes], weights: Mapping[int, int], width: int) -> bytes:
    total = 0
    for share in shares:
        total ^= _scale(int.from_bytes(share[:-1], "big"), weights[share[-1]], width)
    return total.to_bytes(width, "big")


def _scale(vector: int, scalar: int, width: int) -> int:
    """Each of the ``width`` bytes in ``vector`` times ``scalar`` (0..255, public)."""
    ones = int.from_bytes(b"\x01" * width, "big")
    product = 0
    while scalar:
        if scalar & 1:
            product ^= vector
        carries = (vector >> 7) & ones
        vector = ((vector & (ones * 0x7F)) << 1) ^ (carries * 0x1B)
        scalar >>= 1
    return product


def inverse(value: int) -> int:
    """1 / value = value^254, since value^255 = 1 for all but 0. ``value`` is public."""
    result = 1
    for bit in f"{254:b}":  # square and multiply
        result = _scale(result, result, 1)
        if bit == "1":
            result = _scale(result, value, 1)
    return result
