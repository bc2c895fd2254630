"""Changing what is stored, one byte or one value at a time, and counting how often."""

from collections.abc import Iterator

FLIPS = (0x01, 0x80, 0xFF)
"""What is done to each byte: its lowest bit, its highest, all of them."""


def changed_bytes(data: bytes) -> Iterator[bytes]:
    """The same with one byte changed, at every place in three ways; with one taken away, or one added."""
    for at, byte in enumerate(data):
        for flip in FLIPS:
            yield data[:at] + bytes([byte ^ flip]) + data[at + 1 :]
    yield from (data[:-1], data[1:], data + b"\x00", b"\x00" + data, b"")


def changed_text(text: str) -> Iterator[str]:
    """The same with one character changed, taken away or doubled, at every place."""
    for at, character in enumerate(text):
        yield text[:at] + chr(ord(character) ^ 1) + text[at + 1 :]
        yield text[:at] + text[at + 1 :]
        yield text[:at] + character + text[at:]
    yield ""


def changed_number(number: int) -> Iterator[int]:
    """Its neighbours, those an hour away, each of its bits flipped, and its opposite."""
    near = (number - 1, number + 1, number - 3600, number + 3600, -number, *(number ^ 1 << bit for bit in range(40)))
    yield from (one for one in dict.fromkeys(near) if one != number)


class Tally:
    """Counts mutations; the test's own output says how many there were."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._missed: list[str] = []
        self.tried = 0

    def try_(self, what: str, found: bool) -> None:
        """One mutation; remembers those that were not found."""
        self.tried += 1
        if not found:
            self._missed.append(what)

    def close(self, at_least: int) -> None:
        """Fails unless all were found, and unless there were as many as the test means to try."""
        print(f"{self._kind}: {self.tried} mutations tried, {len(self._missed)} not found")  # noqa: T201 - for `-s`
        assert not self._missed, self._missed[:10]
        assert self.tried >= at_least
