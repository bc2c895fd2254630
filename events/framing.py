"""Length-prefixed fields: how everything that is hashed or signed in binary is put together.

Each field is its length as 32-bit big-endian unsigned integer, then its bytes. The number and order of
fields is fixed by who uses it, so two different lists of fields never give the same bytes.

:func:`length_prefixed` says it all. The other two give the same bytes faster, for what every event has: a verifier
goes through millions of them.
"""

import struct
from functools import lru_cache
from uuid import UUID

_LENGTH = struct.Struct(">I")
_PLACE = struct.Struct(">I16sIQI")


def length_prefixed(*fields: bytes) -> bytes:
    """All ``fields``, each preceded by its length in four bytes."""
    return b"".join([_LENGTH.pack(len(field)) + field for field in fields])


@lru_cache(maxsize=64)
def name_field(name: str) -> bytes:
    """``name`` in UTF-8 as one field. For the few names that come again with every event."""
    return length_prefixed(name.encode())


def place_fields(stream_id: UUID, stream_version: int, topic: str) -> bytes:
    """Three fields: the stream's 16 bytes, its version as unsigned 64-bit integer, the topic in UTF-8."""
    name = topic.encode()
    return _PLACE.pack(16, stream_id.bytes, 8, stream_version, len(name)) + name
