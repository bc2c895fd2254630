"""Tags of the blind index over those reported: short keyed hashes, under a key that comes from an office's own.

The key is derived from the office's private key, which only the sessions of its officers have, and from a salt that is
drawn anew to give the index another key. So neither the public site, nor the database, nor the console's files
can make a tag; and whoever can make one could read the office's reports anyway.

A tag has :data:`TAG_BITS` bits and fits several names of a county. What it finds has to be compared in the open.
"""

from __future__ import annotations

import hashlib
import hmac

from supervision.sealing.binding import context, derive
from supervision.sealing.keys import KemPrivateKey

TAG_BITS = 16
"""A county of 300 000 has some 200 000 different names: three to each of the 65 536 tags. Of 5000 people reported, a
question meets one with the wrong name in thirteen; the comparison in the open leaves it out. Eight bits more and
nearly every name would have a tag of its own; eight fewer and each question would open twenty reports for nothing."""

SALT_LENGTH = 32

_LABEL = "supervision/index/v1"


class IndexKey:
    """The key of one office's index, for as long as the session that derived it."""

    def __init__(self, office_key: KemPrivateKey, origin: str, office: str, salt: bytes) -> None:
        """``salt``: 32 bytes, kept beside the tags."""
        self._key = derive(office_key.seed, context(_LABEL, origin, office, salt))

    def tag(self, term: str) -> int:
        """The tag of a name or post as the rules write it: the first :data:`TAG_BITS` bits of HMAC-SHA256."""
        return int.from_bytes(hmac.digest(self._key, term.encode(), hashlib.sha256)) >> (256 - TAG_BITS)

    def __repr__(self) -> str:
        return "IndexKey(…)"
