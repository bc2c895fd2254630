"""Reading JSON strictly: every member asked for by name and type, and nothing left over.

So there is one spelling of a document and one hash; a member that an attacker adds is not silently ignored.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import TypeVar

from events.canonical import JSONObject

T = TypeVar("T")


class Malformed(ValueError):
    """Names the member that is missing, unknown or of another type; never its value."""


def to_base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def from_base64(text: str) -> bytes:
    """Raises ValueError for what is not strict Base64."""
    return base64.b64decode(text, validate=True)


class Members:
    """The members of one JSON object, each read once. ``path``: where the object stands, for messages."""

    def __init__(self, path: str, members: JSONObject) -> None:
        self._path = path
        self._unread = dict(members)

    @property
    def unread(self) -> list[str]:
        return list(self._unread)

    def text(self, name: str) -> str:
        return self._take(name, str)

    def integer(self, name: str) -> int:
        return self._take(name, int)

    def flag(self, name: str) -> bool:
        return self._take(name, bool)

    def texts(self, name: str) -> tuple[str, ...]:
        values = self._take(name, list)
        if not all(isinstance(value, str) for value in values):
            raise self._malformed(name)
        return tuple(values)

    def binary(self, name: str) -> bytes:
        """Base64, padded, without the other spellings that its last bits would allow."""
        return self._decoded(name, self.text(name))

    def binaries(self, name: str) -> tuple[bytes, ...]:
        """A list of the same."""
        return tuple(self._decoded(name, text) for text in self.texts(name))

    def _decoded(self, name: str, text: str) -> bytes:
        try:
            value = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            raise self._malformed(name) from None
        if to_base64(value) != text:
            raise self._malformed(name)
        return value

    def converted(self, name: str, convert: Callable[[bytes], T]) -> T:
        """Base64 that ``convert`` accepts; its ValueError means malformed."""
        try:
            return convert(self.binary(name))
        except ValueError:
            raise self._malformed(name) from None

    def object(self, name: str, read: Callable[[Members], T]) -> T:
        members = Members(f"{self._path}{name}.", self._take(name, dict))
        return members.read_by(read)

    def objects(self, name: str, read: Callable[[Members], T]) -> tuple[T, ...]:
        values = self._take(name, list)
        if not all(isinstance(value, dict) for value in values):
            raise self._malformed(name)
        return tuple(
            Members(f"{self._path}{name}[{index}].", value).read_by(read) for index, value in enumerate(values)
        )

    def read_by(self, read: Callable[[Members], T]) -> T:
        """What ``read`` makes of this object; Malformed where it leaves a member unread."""
        result = read(self)
        for name in self._unread:
            raise self._malformed(name)
        return result

    def _take(self, name: str, kind: type[T]) -> T:
        value = self._unread.pop(name, None)
        if type(value) is not kind:  # not isinstance: True is no int here
            raise self._malformed(name)
        return value

    def _malformed(self, name: str) -> Malformed:
        return Malformed(f"{self._path}{name} 缺失、多余或类型不对")
