"""Secret sharing after Shamir (1979), byte by byte over GF(2^8) with the polynomial x^8+x^4+x^3+x+1 (0x11b).

A share is the value of a random polynomial of degree M-1 at ``x``, one polynomial for each byte of the
secret, followed by the byte ``x``: the layout of the npm package ``shamir-secret-sharing``.

A vector of bytes is kept in one integer, and all its bytes are multiplied at once. Only ``x`` coordinates,
which are public, decide a branch; secret bytes meet no branch and no table.
"""

from __future__ import annotations

from collections.abc import Sequence

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
    widths = {len(share) - 1 for share in shares}
    xs = [share[-1] for share in shares if share]
    if len(shares) < 2 or len(widths) != 1 or 0 in widths or 0 in xs or len(set(xs)) != len(shares):
        raise ValueError("秘密份额的数量、长度或编号不成立")
    (width,) = widths
    secret = 0
    for share, x in zip(shares, xs, strict=True):
        weight = 1
        for other in xs:
            if other != x:
                weight = _scale(_scale(weight, other, 1), _inverse(other ^ x), 1)
        secret ^= _scale(int.from_bytes(share[:-1], "big"), weight, width)
    return secret.to_bytes(width, "big")


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


def _inverse(value: int) -> int:
    """1/value = value^254, since value^255 = 1 for all but 0. ``value`` is public."""
    result = 1
    for bit in f"{254:b}":  # square and multiply
        result = _scale(result, result, 1)
        if bit == "1":
            result = _scale(result, value, 1)
    return result
