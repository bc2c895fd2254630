"""C2SP tlog-proof (https://c2sp.org/tlog-proof): a file that proves, offline, that a leaf is in a log.

Leaf index, inclusion proof, and the checkpoint with the signatures of log and witnesses ::

    c2sp.org/tlog-proof@v1
    extra <Base64 of the leaf data>
    index 73894
    gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
    …

    example.com/fancylog
    …

``extra`` is not proven by itself. This log puts the leaf data there, which the proof then shows to be in the tree; what
the leaf data stands for is shown by whoever has the event, or the 查询码 (``supervision verify --code``). A proof of
another application, whose ``extra`` is something else or missing, is read but proves nothing here.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass

from events.checkpoint import Checkpoint
from events.merkle import HASH_BYTES, ProofError, hash_leaf, verify_inclusion
from events.policy import Policy

HEADER = "c2sp.org/tlog-proof@v1"
MAX_HASHES = 63
MAX_BYTES = 64 * 1024

_EXTRA = "extra "
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True)
class LogProof:
    """``index``: of the leaf, from 0. ``hashes``: the inclusion proof. ``checkpoint``: a signed note, as it came.

    ``leaf_data``: b"" where the file has no ``extra``.
    """

    leaf_data: bytes
    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes

    def encode(self) -> bytes:
        """The file."""
        extra = [_EXTRA + _base64(self.leaf_data)] if self.leaf_data else []
        lines = [HEADER, *extra, f"index {self.index}", *map(_base64, self.hashes)]
        return "".join(line + "\n" for line in lines).encode() + b"\n" + self.checkpoint

    @classmethod
    def parse(cls, data: bytes) -> LogProof:
        """Take a file apart without verifying anything. Raises :class:`events.merkle.ProofError`."""
        if len(data) > MAX_BYTES:
            raise ProofError("证明文件过大")
        head, separator, checkpoint = data.partition(b"\n\n")
        try:
            header, *lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError:
            raise ProofError("证明文件的格式不对") from None
        if not separator or header != HEADER or not lines:
            raise ProofError(f"证明文件的格式不对：应以 {HEADER} 开头，有 index 一行和检查点")
        extra = _parse_extra(lines.pop(0)) if lines[0].startswith(_EXTRA) else b""
        index = _INDEX.fullmatch(lines[0]) if lines else None
        hashes = tuple(_unbase64(line) for line in lines[1:])
        if index is None or len(hashes) > MAX_HASHES or any(len(one) != HASH_BYTES for one in hashes):
            raise ProofError("证明文件的序号或哈希格式不对")
        return cls(extra, int(index[1]), hashes, checkpoint)

    def verify(self, policy: Policy) -> ProvenLeaf:
        """What is proven, given whom one trusts.

        Raises :class:`events.merkle.ProofError`, :class:`events.note.NoteError`,
        :class:`events.policy.PolicyError` (too few witnesses) and :class:`events.checkpoint.CheckpointError`.
        """
        if not self.leaf_data:
            raise ProofError("证明文件没有叶子数据（extra 一行），不是本平台的证明")
        signed = policy.open_checkpoint(self.checkpoint)
        leaf = hash_leaf(self.leaf_data)
        verify_inclusion(leaf, self.index, signed.checkpoint.size, self.hashes, signed.checkpoint.root)
        return ProvenLeaf(leaf, self.index, signed.checkpoint, signed.timestamps)


@dataclass(frozen=True)
class ProvenLeaf:
    """``leaf``: the hash that is in the tree. ``timestamps``: when witnesses cosigned that tree, Unix seconds."""

    leaf: bytes
    index: int
    checkpoint: Checkpoint
    timestamps: Sequence[int]


def _parse_extra(line: str) -> bytes:
    extra = _unbase64(line.removeprefix(_EXTRA))
    if not extra:
        raise ProofError("证明文件的 extra 一行是空的")
    return extra


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _unbase64(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ProofError("证明文件中有无效的 Base64") from None
    if _base64(data) != text:
        raise ProofError("证明文件中有无效的 Base64")
    return data
