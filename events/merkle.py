"""The Merkle tree of RFC 6962, section 2.1: nodes, roots, proofs and their verification.

A *span* ``(lo, hi)`` stands for the leaves lo, lo+1, ... hi-1, and ``MTH(span)`` for their Merkle tree
hash. The tree is never held in memory. Whoever appends keeps its :class:`Frontier` and stores the nodes
that each leaf finishes; a node, named by :class:`Coordinate` ``(level, number)``, is the hash of the
complete subtree over the leaves ``[number * 2**level, (number + 1) * 2**level)`` and never changes. With
``level = 8 * L`` these are the hashes in the tiles of C2SP tlog-tiles.

A root or proof is made in three steps: which spans it consists of (the recursion of the RFC), which stored
nodes cover these spans, and, after *one* batched read, hashing. A verifier walks the same spans with the
proof's hashes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


class Coordinate(NamedTuple):
    """Where a node is: ``level`` 0 are the leaves; ``number`` counts from 0 within the level."""

    level: int
    number: int


Span: TypeAlias = tuple[int, int]
ReadNodes: TypeAlias = Callable[[Sequence[Coordinate]], Mapping[Coordinate, bytes]]
"""Storage: hashes of the nodes at the given coordinates, in one call."""


class TreeError(ValueError):
    """Stored nodes are missing or damaged."""


class ProofError(ValueError):
    """A proof that does not prove what it should."""


def hash_leaf(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def hash_node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


# --- Growing -----------------------------------------------------------------------------------------


class Frontier:
    """The right edge of a tree: what is needed, and all that is needed, to append to it and to know its root.

    ``size``: number of leaves. ``peaks``: hashes of the complete subtrees that cover (0, size), the largest
    first. Raises :class:`TreeError` when there are not as many peaks as a tree of that size has.
    """

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        self.size = size
        self._peaks = list(peaks)
        if len(self._peaks) != size.bit_count() or any(len(peak) != HASH_BYTES for peak in self._peaks):
            raise TreeError(f"日志树的边缘与大小 {size} 不符")

    @classmethod
    def from_bytes(cls, size: int, data: bytes) -> Frontier:
        """The opposite of :meth:`to_bytes`."""
        return cls(size, [data[i : i + HASH_BYTES] for i in range(0, len(data), HASH_BYTES)])

    def to_bytes(self) -> bytes:
        """All peaks, one after the other."""
        return b"".join(self._peaks)

    def append(self, leaf: bytes) -> list[tuple[Coordinate, bytes]]:
        """Add a leaf hash; returns the nodes that are finished by it, the leaf itself first."""
        level, number, digest = 0, self.size, leaf
        finished = [(Coordinate(0, number), leaf)]
        while number & 1:
            # A right child: its left sibling is the last peak, and now their parent is finished.
            digest = hash_node(self._peaks.pop(), digest)
            level, number = level + 1, number >> 1
            finished.append((Coordinate(level, number), digest))
        self._peaks.append(digest)
        self.size += 1
        return finished

    def root(self) -> bytes:
        return _join(self._peaks) if self._peaks else EMPTY_ROOT


# --- Planning ----------------------------------------------------------------------------------------


def cover(span: Span) -> list[Coordinate]:
    """The complete subtrees of which ``MTH(span)`` consists, from left to right."""
    lo, hi = span
    nodes = []
    while lo < hi:
        level = (hi - lo).bit_length() - 1
        nodes.append(Coordinate(level, lo >> level))
        lo += 1 << level
    return nodes


def inclusion_path(index: int, size: int) -> list[Span]:
    """The spans of ``PATH(index, D[size])`` (RFC 6962, 2.1.1), from the leaf up. Raises ``ValueError``."""
    if not 0 <= index < size:
        raise ValueError(f"第 {index} 号叶子不在大小为 {size} 的树中")
    path: list[Span] = []
    lo, hi = 0, size
    while hi - lo > 1:
        middle = _split(lo, hi)
        if index < middle:
            path.append((middle, hi))
            hi = middle
        else:
            path.append((lo, middle))
            lo = middle
    return path[::-1]


def consistency_path(old: int, new: int) -> list[Span]:
    """The spans of ``PROOF(old, D[new])`` (RFC 6962, 2.1.2), from the bottom up. Raises ``ValueError``.

    The first is the last complete subtree of the old tree that is one of the new tree as well. Where it is
    the whole old tree its hash is the old root, which the verifier knows and the proof leaves out.
    """
    if not 0 < old <= new:
        raise ValueError(f"大小 {old} 与 {new} 之间没有一致性证明")
    path: list[Span] = []
    lo, hi = 0, new
    while hi != old:
        middle = _split(lo, hi)
        if old <= middle:
            path.append((middle, hi))
            hi = middle
        else:
            path.append((lo, middle))
            lo = middle
    path.append((lo, hi))
    return path[::-1]


def _split(lo: int, hi: int) -> int:
    """``lo + k``, where k is the largest power of two smaller than the span."""
    return lo + (1 << ((hi - lo - 1).bit_length() - 1))


# --- Making ------------------------------------------------------------------------------------------


def tree_root(size: int, read: ReadNodes) -> bytes:
    """``MTH(D[size])``. Raises :class:`TreeError`."""
    return _hashes([(0, size)], read)[0] if size else EMPTY_ROOT


def prove_inclusion(index: int, size: int, read: ReadNodes) -> list[bytes]:
    """Proof that leaf ``index`` is in the tree of ``size`` leaves. Raises ``TreeError``, ``ValueError``."""
    return _hashes(inclusion_path(index, size), read)


def prove_consistency(old: int, new: int, read: ReadNodes) -> list[bytes]:
    """Proof that the tree of ``new`` leaves begins with that of ``old``. Raises as the other."""
    if old == 0:
        return []  # everything begins with nothing
    path = consistency_path(old, new)
    return _hashes(path[1:] if path[0] == (0, old) else path, read)


def _hashes(spans: Sequence[Span], read: ReadNodes) -> list[bytes]:
    plan = [cover(span) for span in spans]
    nodes = read([node for subtrees in plan for node in subtrees])
    try:
        return [_join([nodes[node] for node in subtrees]) for subtrees in plan]
    except KeyError as missing:
        level, number = missing.args[0]
        raise TreeError(f"日志树缺少第 {level} 层第 {number} 号节点，请运行 supervision verify 查看") from None


def _join(subtrees: Sequence[bytes]) -> bytes:
    """The hash over neighbouring complete subtrees of falling size."""
    digest = subtrees[-1]
    for left in reversed(subtrees[:-1]):
        digest = hash_node(left, digest)
    return digest


# --- Verifying ---------------------------------------------------------------------------------------


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Raises :class:`ProofError` unless ``leaf`` is shown to be at ``index`` in the tree of that root."""
    if not 0 <= index < size:
        raise ProofError("包含证明无效：叶子序号不在树中")
    path = inclusion_path(index, size)
    _check_shape(proof, len(path), "包含证明")
    digest = leaf
    for (lo, _), sibling in zip(path, proof, strict=True):
        digest = hash_node(digest, sibling) if lo > index else hash_node(sibling, digest)
    if digest != root:
        raise ProofError("包含证明无效：算出的根与给出的根不同")


def verify_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Raises :class:`ProofError` unless ``proof`` shows that the ``new`` tree begins with the ``old`` one."""
    if not 0 <= old <= new:
        raise ProofError("一致性证明无效：大小不对")
    if old == 0:
        _check_shape(proof, 0, "一致性证明")
        rebuilt_old, rebuilt_new = EMPTY_ROOT, new_root
    else:
        rebuilt_old, rebuilt_new = _rebuild_roots(old, new, proof, old_root)
    if rebuilt_old != old_root or rebuilt_new != new_root:
        raise ProofError("一致性证明无效：后来的树不是从先前的树长出来的")


def _rebuild_roots(old: int, new: int, proof: Sequence[bytes], old_root: bytes) -> tuple[bytes, bytes]:
    path = consistency_path(old, new)
    hashes = [old_root, *proof] if path[0] == (0, old) else list(proof)
    _check_shape(hashes, len(path), "一致性证明")
    rebuilt_old = rebuilt_new = hashes[0]
    for (lo, _), sibling in zip(path[1:], hashes[1:], strict=True):
        if lo >= old:  # to the right of the old tree
            rebuilt_new = hash_node(rebuilt_new, sibling)
        else:
            rebuilt_old, rebuilt_new = hash_node(sibling, rebuilt_old), hash_node(sibling, rebuilt_new)
    return rebuilt_old, rebuilt_new


def _check_shape(proof: Sequence[bytes], length: int, name: str) -> None:
    if len(proof) != length or any(len(digest) != HASH_BYTES for digest in proof):
        raise ProofError(f"{name}无效：应有 {length} 个 {HASH_BYTES} 字节的哈希")
