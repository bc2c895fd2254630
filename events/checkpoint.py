"""C2SP tlog-checkpoint (https://c2sp.org/tlog-checkpoint): what a log says of itself, as text of a note.

Origin, number of leaves, root ::

    example.com/behind-the-sofa
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

This log writes no extension lines; it reads and keeps those of others.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from events.merkle import HASH_BYTES

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
_MAX_SIZE = 2**63 - 1


class CheckpointError(ValueError):
    """A text that is no checkpoint."""


@dataclass(frozen=True)
class Checkpoint:
    """``size``: number of leaves; ``root``: 32 bytes; ``extensions``: further lines, without newline."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """The note text, with its final newline."""
        lines = (self.origin, str(self.size), base64.b64encode(self.root).decode("ascii"), *self.extensions)
        return "".join(line + "\n" for line in lines)

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Raises :class:`CheckpointError` unless ``text`` is what :meth:`text` gives for some checkpoint."""
        *lines, end = text.split("\n")
        if len(lines) < 3 or end != "" or not all(lines):
            raise CheckpointError("检查点至少应有三行，且没有空行")
        origin, size, root, *extensions = lines
        if _DECIMAL.fullmatch(size) is None or int(size) > _MAX_SIZE:
            raise CheckpointError("检查点第二行不是规范的树大小")
        return cls(origin, int(size), _parse_root(root), tuple(extensions))


def _parse_root(text: str) -> bytes:
    try:
        root = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        root = b""
    if len(root) != HASH_BYTES or base64.b64encode(root).decode("ascii") != text:
        raise CheckpointError("检查点第三行不是 32 字节根哈希的 Base64 编码")
    return root
