"""``supervision verify --code`` and ``--receipt``: what a reporter's 32 digits, or his proof file, prove, and to whom.

Both need no deployment: keys and a copy of the tiles, or the proof alone, are enough. The code never leaves memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from events.checkpoint import Checkpoint
from events.policy import NONE, Policy
from events.proof import LogProof
from events.tiles import Fetch
from supervision.business_time import SHANGHAI
from supervision.receipt_leaf import find_receipt, receipt_leaves
from supervision.sealing.receipt import ReceiptCode


class NotProven(Exception):
    """A sound log, or proof, that does not have the receipt. One Chinese line."""


@dataclass(frozen=True)
class Hours:
    """When a receipt may have been recorded, Unix seconds."""

    since: int
    until: int

    def __str__(self) -> str:
        return f"{hour_text(self.since)} 至 {hour_text(self.until)}"


@dataclass(frozen=True)
class Proven:
    """``checkpoint``: of the tree in which the receipt is. ``cosigned_at``: when witnesses cosigned that, Unix seconds.

    ``recorded_at``: the hour of the receipt; None where no code was there to tell it.
    """

    checkpoint: Checkpoint
    cosigned_at: tuple[int, ...]
    recorded_at: int | None

    def lines(self) -> list[str]:
        """What to tell, in Chinese. Without the position: it tells when others reported."""
        hour = "" if self.recorded_at is None else f"，记入时间为 {hour_text(self.recorded_at)} 之后的一小时内"
        signed = f"日志 {self.checkpoint.origin} 在有 {self.checkpoint.size} 条时已包含此回执{hour}。"
        if not self.cosigned_at:
            return [signed, "没有要求见证人联署：只有日志自己的签名，不能证明日志没有分叉。"]
        times = "、".join(minute_text(moment) for moment in self.cosigned_at)
        return [signed, f"见证人联署时间：{times}。"]


def check_code(code: ReceiptCode, fetch: Fetch, note: bytes, keys: Policy, hours: Hours) -> Proven:
    """Look for the leaf of a code in the tree of a checkpoint.

    Raises :class:`NotProven`, and for what is damaged :class:`events.note.NoteError`, ``CheckpointError``,
    ``PolicyError``, ``TileError``, ``OSError``.
    """
    signed = keys.open_checkpoint(note)
    tree = signed.checkpoint
    leaves = receipt_leaves(code.derive(tree.origin), tree.origin, hours.since, hours.until)
    found = find_receipt(leaves, fetch, tree.size, tree.root)
    if found is None:
        raise NotProven(f"日志的前 {tree.size} 条中没有此查询码在 {hours} 的回执。")
    return Proven(tree, tuple(signed.timestamps), found.recorded_at)


def check_receipt(file: bytes, keys: Policy, code: ReceiptCode | None, hours: Hours) -> Proven:
    """What a proof file proves; with a code, whether it is about that code's receipt.

    Raises :class:`NotProven`, and for what is damaged :class:`events.merkle.ProofError`, ``NoteError``,
    ``CheckpointError``, ``PolicyError``.
    """
    proven = LogProof.parse(file).verify(keys)
    origin, recorded_at = proven.checkpoint.origin, None
    if code is not None:
        leaves = receipt_leaves(code.derive(origin), origin, hours.since, hours.until)
        recorded_at = leaves.get(proven.leaf)
        if recorded_at is None:
            raise NotProven(f"证明本身有效，但不是此查询码在 {hours} 的回执。")
    return Proven(proven.checkpoint, tuple(proven.timestamps), recorded_at)


def is_witnessed(keys: Policy) -> bool:
    """Whether these keys ask for anybody's word but the log's own."""
    return keys.quorum != NONE


def hour_text(moment: int) -> str:
    return datetime.fromtimestamp(moment, SHANGHAI).strftime("%Y年%m月%d日%H时")


def minute_text(moment: int) -> str:
    return datetime.fromtimestamp(moment, SHANGHAI).strftime("%Y年%m月%d日%H时%M分")
