"""Padding: the length of a ciphertext tells a size class and not the length of what somebody wrote.

Size classes are 1, 4, 16, 64, 256 KiB and 1 MiB; above that they double, so that a file of 50 MB does not
take four times its room. The size class is the length of the padded plaintext, length field included.
"""

from __future__ import annotations

from supervision.sealing.errors import CannotOpen

KIB = 1024
SIZE_CLASSES = (1 * KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, 1024 * KIB)

_LENGTH_FIELD = 4


def size_class(length: int) -> int:
    """The smallest size class that holds ``length`` bytes."""
    for size in SIZE_CLASSES:
        if length <= size:
            return size
    size = SIZE_CLASSES[-1]
    while size < length:
        size *= 2
    return size


def pad(data: bytes) -> bytes:
    """Length (u32, big endian), ``data``, zeros up to the next size class."""
    padded = len(data).to_bytes(_LENGTH_FIELD, "big") + data
    return padded.ljust(size_class(len(padded)), b"\0")


def unpad(padded: bytes) -> bytes:
    """What :func:`pad` was given. Raises CannotOpen for anything that :func:`pad` does not make."""
    length = int.from_bytes(padded[:_LENGTH_FIELD], "big")
    data = padded[_LENGTH_FIELD : _LENGTH_FIELD + length]
    if pad(data) != padded:
        raise CannotOpen("密封内容的填充不正确，拒绝打开。材料可能由其他程序写入，请运行 supervision verify。")
    return data
