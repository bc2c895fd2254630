"""The tree: published vectors, the RFC's own recursion as reference, and proofs that must fail if altered."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.merkle import (
    EMPTY_ROOT,
    Coordinate,
    Frontier,
    ProofError,
    TreeError,
    hash_leaf,
    hash_node,
    prove_consistency,
    prove_inclusion,
    tree_root,
    verify_consistency,
    verify_inclusion,
)

VECTORS = json.loads((Path(__file__).parent / "vectors/events/rfc6962.json").read_text())
LARGEST = 70


# --- RFC 6962, section 2.1, word by word
# ----------------------------------------------------------------------


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def largest_power_of_two_below(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def mth(d: Sequence[bytes]) -> bytes:
    if not d:
        return sha256(b"")
    if len(d) == 1:
        return sha256(b"\x00" + d[0])
    k = largest_power_of_two_below(len(d))
    return sha256(b"\x01" + mth(d[:k]) + mth(d[k:]))


def path(m: int, d: Sequence[bytes]) -> list[bytes]:
    if len(d) == 1:
        return []
    k = largest_power_of_two_below(len(d))
    return [*path(m, d[:k]), mth(d[k:])] if m < k else [*path(m - k, d[k:]), mth(d[:k])]


def subproof(m: int, d: Sequence[bytes], complete: bool) -> list[bytes]:
    if m == len(d):
        return [] if complete else [mth(d)]
    k = largest_power_of_two_below(len(d))
    if m <= k:
        return [*subproof(m, d[:k], complete), mth(d[k:])]
    return [*subproof(m - k, d[k:], False), mth(d[:k])]


# --- A tree in memory
# -----------------------------------------------------------------------------------------


class MemoryTree:
    """Grows a tree and counts how often its nodes are read."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self.leaves = leaves
        self.frontier = Frontier()
        self.nodes: dict[Coordinate, bytes] = {}
        self.reads: list[int] = []
        for leaf in leaves:
            self.nodes.update(self.frontier.append(hash_leaf(leaf)))

    def read(self, wanted: Sequence[Coordinate]) -> Mapping[Coordinate, bytes]:
        self.reads.append(len(wanted))
        return {node: self.nodes[node] for node in wanted if node in self.nodes}


@pytest.fixture(scope="module")
def tree() -> MemoryTree:
    return MemoryTree([b"leaf %d" % i for i in range(LARGEST)])


@pytest.fixture(scope="module")
def published() -> MemoryTree:
    return MemoryTree([bytes.fromhex(leaf) for leaf in VECTORS["leaves"]])


# --- Published vectors
# ----------------------------------------------------------------------------------------


def unhex(values: Sequence[str]) -> list[bytes]:
    return [bytes.fromhex(value) for value in values]


def test_the_empty_tree_has_the_published_root() -> None:
    assert EMPTY_ROOT.hex() == VECTORS["empty_root"] == Frontier().root().hex()


def test_nodes_are_the_published_ones(published: MemoryTree) -> None:
    expected = {
        Coordinate(level, number): bytes.fromhex(digest)
        for level, digests in enumerate(VECTORS["nodes"])
        for number, digest in enumerate(digests)
    }
    assert published.nodes == expected


def test_roots_are_the_published_ones(published: MemoryTree) -> None:
    roots = [tree_root(size, published.read).hex() for size in range(1, 9)]
    assert roots == VECTORS["roots"]


@pytest.mark.parametrize("vector", VECTORS["inclusion"], ids=lambda v: f"{v['index']} in {v['size']}")
def test_inclusion_proofs_are_the_published_ones(published: MemoryTree, vector: dict[str, object]) -> None:
    index, size, proof = vector["index"], vector["size"], vector["proof"]
    assert isinstance(index, int) and isinstance(size, int) and isinstance(proof, list)
    root = bytes.fromhex(VECTORS["roots"][size - 1])
    assert prove_inclusion(index, size, published.read) == unhex(proof)
    verify_inclusion(hash_leaf(published.leaves[index]), index, size, unhex(proof), root)


@pytest.mark.parametrize("vector", VECTORS["consistency"], ids=lambda v: f"{v['old']} to {v['new']}")
def test_consistency_proofs_are_the_published_ones(published: MemoryTree, vector: dict[str, object]) -> None:
    old, new, proof = vector["old"], vector["new"], vector["proof"]
    assert isinstance(old, int) and isinstance(new, int) and isinstance(proof, list)
    roots = [bytes.fromhex(VECTORS["roots"][size - 1]) for size in (old, new)]
    assert prove_consistency(old, new, published.read) == unhex(proof)
    verify_consistency(old, new, unhex(proof), *roots)


# --- Against the reference, for all sizes
# ---------------------------------------------------------------------


def test_a_growing_tree_has_at_each_size_the_root_of_the_rfc(tree: MemoryTree) -> None:
    frontier = Frontier()
    for size, leaf in enumerate(tree.leaves, 1):
        frontier.append(hash_leaf(leaf))
        expected = mth(tree.leaves[:size])
        assert frontier.root() == tree_root(size, tree.read) == expected
        assert Frontier.from_bytes(size, frontier.to_bytes()).root() == expected


def test_each_leaf_of_each_tree_has_the_proof_of_the_rfc_and_it_verifies(tree: MemoryTree) -> None:
    for size in range(1, LARGEST + 1):
        root = tree_root(size, tree.read)
        for index in range(size):
            proof = prove_inclusion(index, size, tree.read)
            assert proof == path(index, tree.leaves[:size])
            verify_inclusion(hash_leaf(tree.leaves[index]), index, size, proof, root)


def test_each_tree_and_each_later_one_have_the_proof_of_the_rfc_and_it_verifies(tree: MemoryTree) -> None:
    roots = [tree_root(size, tree.read) for size in range(LARGEST + 1)]
    for new in range(1, LARGEST + 1):
        for old in range(1, new + 1):
            proof = prove_consistency(old, new, tree.read)
            assert proof == subproof(old, tree.leaves[:new], True)
            verify_consistency(old, new, proof, roots[old], roots[new])
        verify_consistency(0, new, prove_consistency(0, new, tree.read), roots[0], roots[new])


def test_a_proof_costs_one_read_of_few_nodes(tree: MemoryTree) -> None:
    tree.reads.clear()
    prove_inclusion(3, LARGEST, tree.read)
    prove_consistency(33, LARGEST, tree.read)
    tree_root(LARGEST, tree.read)
    assert len(tree.reads) == 3
    assert max(tree.reads) <= 2 * LARGEST.bit_length()


def test_an_appended_leaf_finishes_as_many_nodes_as_have_become_complete() -> None:
    frontier = Frontier()
    for size in range(1, 100):
        finished = frontier.append(hash_leaf(b""))
        assert len(finished) == (size & -size).bit_length()
        assert all((node.number + 1) << node.level == size for node, _ in finished)


# --- What is altered does not verify
# --------------------------------------------------------------------------

sizes = st.integers(1, LARGEST)
BITS = 256


def flip(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8 % len(data)] ^= 1 << bit % 8
    return bytes(changed)


@given(size=sizes, data=st.data(), bit=st.integers(0, BITS - 1))
def test_an_altered_inclusion_proof_is_refused(tree: MemoryTree, size: int, data: st.DataObject, bit: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    leaf, root = hash_leaf(tree.leaves[index]), tree_root(size, tree.read)
    proof = prove_inclusion(index, size, tree.read)
    altered: list[tuple[bytes, int, int, list[bytes], bytes]] = [
        (flip(leaf, bit), index, size, proof, root),
        (leaf, index, size, proof, flip(root, bit)),
        (leaf, index, size, [*proof, root], root),
        (leaf, index, size, [root, *proof], root),
        (leaf, index + 1, size, proof, root),
        (leaf, index - 1, size, proof, root),
        (leaf, -1, size, proof, root),
        (leaf, size, size, proof, root),
        (leaf, index, 0, proof, root),
    ]
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        altered += [
            (leaf, index, size, proof[:at] + proof[at + 1 :], root),
            (leaf, index, size, [*proof[:at], flip(proof[at], bit), *proof[at + 1 :]], root),
            (leaf, index, size, [*proof[:at], proof[at][:-1], *proof[at + 1 :]], root),
            (leaf, index, size, [*proof[:at], b"", *proof[at + 1 :]], root),
        ]
    if len(proof) > 1:
        altered.append((leaf, index, size, proof[::-1], root))
    for wrong in altered:
        with pytest.raises(ProofError):
            verify_inclusion(*wrong)


@given(new=st.integers(2, LARGEST), data=st.data(), bit=st.integers(0, BITS - 1))
def test_an_altered_consistency_proof_is_refused(tree: MemoryTree, new: int, data: st.DataObject, bit: int) -> None:
    old = data.draw(st.integers(1, new - 1))
    old_root, new_root = tree_root(old, tree.read), tree_root(new, tree.read)
    proof = prove_consistency(old, new, tree.read)
    at = data.draw(st.integers(0, len(proof) - 1))
    for wrong in [
        (old, new, proof, flip(old_root, bit), new_root),
        (old, new, proof, old_root, flip(new_root, bit)),
        (old, new, proof, new_root, old_root),
        (new, old, proof, new_root, old_root),
        (0, new, proof, old_root, new_root),
        (-1, new, proof, old_root, new_root),
        (old, new, [], old_root, new_root),
        (old, new, [*proof, new_root], old_root, new_root),
        (old, new, [old_root, *proof], old_root, new_root),
        (old, new, proof[:at] + proof[at + 1 :], old_root, new_root),
        (old, new, [*proof[:at], flip(proof[at], bit), *proof[at + 1 :]], old_root, new_root),
        (old, new, [*proof[:at], proof[at] + b"\x00", *proof[at + 1 :]], old_root, new_root),
    ]:
        with pytest.raises(ProofError):
            verify_consistency(*wrong)


def test_a_tree_that_did_not_grow_is_consistent_with_itself_alone(tree: MemoryTree) -> None:
    root = tree_root(5, tree.read)
    verify_consistency(5, 5, [], root, root)
    with pytest.raises(ProofError):
        verify_consistency(5, 5, [], root, tree_root(6, tree.read))


def test_a_tree_with_one_leaf_changed_has_no_consistency_proof(tree: MemoryTree) -> None:
    forged = MemoryTree([*tree.leaves[:10], b"another leaf", *tree.leaves[11:]])
    with pytest.raises(ProofError):
        verify_consistency(
            40,
            60,
            prove_consistency(40, 60, forged.read),
            tree_root(40, tree.read),
            tree_root(60, forged.read),
        )


# --- Damaged storage
# ------------------------------------------------------------------------------------------


def test_a_missing_node_is_named() -> None:
    damaged = MemoryTree([b"%d" % i for i in range(8)])
    del damaged.nodes[Coordinate(1, 0)]
    with pytest.raises(TreeError, match="第 1 层第 0 号节点"):
        prove_inclusion(2, 8, damaged.read)


@pytest.mark.parametrize(("size", "edge"), [(1, b""), (3, bytes(32)), (2, bytes(64)), (1, bytes(31)), (0, bytes(32))])
def test_an_edge_that_does_not_fit_the_size_is_refused(size: int, edge: bytes) -> None:
    with pytest.raises(TreeError):
        Frontier.from_bytes(size, edge)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (-1, 3), (3, 3)])
def test_there_is_no_proof_for_a_leaf_outside_the_tree(tree: MemoryTree, index: int, size: int) -> None:
    with pytest.raises(ValueError, match="不在大小为"):
        prove_inclusion(index, size, tree.read)


@pytest.mark.parametrize(("old", "new"), [(-1, 3), (4, 3)])
def test_there_is_no_proof_that_a_tree_grew_backwards(tree: MemoryTree, old: int, new: int) -> None:
    with pytest.raises(ValueError, match="没有一致性证明"):
        prove_consistency(old, new, tree.read)


def test_leaves_and_nodes_are_hashed_apart() -> None:
    assert hash_leaf(b"\x01" + bytes(64)) != hash_node(bytes(32), bytes(32))
    assert hash_leaf(bytes(64)) != hash_node(bytes(32), bytes(32))
