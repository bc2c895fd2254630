"""Length-prefixed fields: how everything that is hashed or signed in binary is put together.

Each field is its length as 32-bit big-endian unsigned integer, then its bytes. The number and order of
fields is fixed by who uses it, so two different lists of fields never give the same bytes.
"""

import struct

_LENGTH = struct.Struct(">I")
_U64 = struct.Struct(">Q")
_I64 = struct.Struct(">q")


def length_prefixed(*fields: bytes) -> bytes:
    """All ``fields``, each preceded by its length in four bytes."""
    return b"".join([part for field in fields for part in (_LENGTH.pack(len(field)), field)])


def u64(value: int) -> bytes:
    """Eight bytes, big-endian, unsigned."""
    return _U64.pack(value)


def i64(value: int) -> bytes:
    """Eight bytes, big-endian, two's complement."""
    return _I64.pack(value)
