"""Where a published log is read: a directory (an export, a witness's copy) or an address (``/log``, a witness).

Nothing that is read here is trusted; whoever uses it verifies the checkpoint with keys, and tiles with the checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from events.policy import Policy, PolicyError
from events.tiles import CHECKPOINT, Fetch
from supervision.checkpointing.policy import is_address
from supervision.witnessing.fetching import LogAddress
from supervision.witnessing.tile_copy import TileCopy

MAX_BYTES = 1024 * 1024
"""Of a file that somebody hands over: a checkpoint, a receipt's proof, a file of keys."""


class SourceError(Exception):
    """A file or site that cannot be read. One Chinese line that says which and why."""


@dataclass(frozen=True)
class LogSource:
    """``note``: a checkpoint as it came. ``tiles``: what reads those below it."""

    note: bytes
    tiles: Fetch

    def fetch(self, path: str) -> bytes:
        """:data:`events.tiles.Fetch`. Raises ``LookupError``, SourceError."""
        try:
            return self.tiles(path)
        except OSError as error:
            raise SourceError(f"{path}：无法读取（{error.strerror or error}）；请核对路径、权限或网络。") from None


@contextmanager
def opened(place: str, token: bytes = b"") -> Iterator[LogSource]:
    """The log at ``place``: a directory, an address, or the file of a checkpoint alone. Raises SourceError.

    ``token``: shown to an address that then tells all of its log; b"" for none.
    """
    if "://" in place:
        if not is_address(place):
            raise SourceError("日志地址应以 https:// 或 http:// 开头；请核对后重试。")
        address = LogAddress(place, token)
        try:
            yield LogSource(_read(place, lambda: address.fetch(CHECKPOINT)), address.fetch)
        finally:
            address.close()
    else:
        path = Path(place)
        note = path if path.is_file() else path / CHECKPOINT
        yield LogSource(read_file(note), TileCopy(path).read)


def read_keys(path: Path) -> Policy:
    """A file of keys (C2SP tlog-policy) that names a log. Raises SourceError, :class:`events.policy.PolicyError`."""
    policy = Policy.parse(read_file(path))
    if not policy.logs:
        raise PolicyError("密钥文件中没有日志的密钥（log 一行）")
    return policy


def read_file(path: Path) -> bytes:
    """A small file that somebody hands over. Raises SourceError."""

    def read() -> bytes:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)

    data = _read(path.name, read)
    if len(data) > MAX_BYTES:
        raise SourceError(f"{path.name}：文件过大，不是所需的文件；请核对后重试。")
    return data


def _read(name: str, read: Callable[[], bytes]) -> bytes:
    try:
        return read()
    except LookupError:
        raise SourceError(f"{name}：那里没有检查点；请核对后重试。") from None
    except OSError as error:
        raise SourceError(f"{name}：无法读取（{type(error).__name__}）；请核对路径、权限或网络。") from None
