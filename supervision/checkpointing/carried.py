"""Cosignatures that are carried here by hand, where log and witness have no network between them.

What ``supervision export-log`` writes goes to the witness on a stick, the line that ``witness mirror --from`` prints
comes back. It is believed no more than one that came over the network, and kept as that is.
"""

from __future__ import annotations

from collections.abc import Iterator

from events.checkpoints import SignedCheckpoint
from events.cosignature import timestamp_of
from events.leaf import SECONDS_PER_HOUR
from events.note import NoteError, NoteSignature, parse, parse_line
from events.policy import Witness
from events.store import LogStore
from events.verify import SUBMISSION_SECONDS
from supervision.checkpointing.policy import load_policy
from supervision.checkpointing.standing import Standings
from supervision.checkpointing.submitting import CLOCK_SECONDS
from supervision.platform import Platform

MARK = "\u2014 "
"""How a signature line of a note begins."""


class NotAccepted(Exception):
    """A cosignature that is not kept. One Chinese line that says why, and what to do."""


def import_cosignatures(platform: Platform, data: bytes) -> list[tuple[Witness, int]]:
    """Keep the cosignatures in ``data``: whose they are, and the size of the tree that each is of.

    ``data``: any text with their lines, a whole checkpoint too; lines by nobody whom the policy names are passed over.
    Raises NotAccepted, and then keeps none; BadSetting.
    """
    witnesses = load_policy(platform.settings.home).witnesses
    standings = Standings(platform.working, platform.clock)
    found = [
        (witness, line, _checkpoint_of(platform, witness, line))
        for line in _lines(data)
        for witness in witnesses
        if line.is_of(witness.key)
    ]
    if not found:
        raise NotAccepted("文件中没有 witnesses.policy 所列见证人的联署；请核对是否拿错了文件。")
    for witness, line, checkpoint in found:
        platform.log.checkpoints.add_cosignatures(checkpoint.size, [line])
        standings.note_attempt(witness.key.name, None, checkpoint.size)
    return [(witness, checkpoint.size) for witness, _, checkpoint in found]


def _lines(data: bytes) -> Iterator[NoteSignature]:
    try:
        for line in data.decode().splitlines():
            if line.startswith(MARK):
                yield parse_line(line)
    except (UnicodeDecodeError, NoteError):
        raise NotAccepted("文件不是见证人给出的联署；请核对后重试。") from None


def _checkpoint_of(platform: Platform, witness: Witness, line: NoteSignature) -> SignedCheckpoint:
    """The checkpoint that was cosigned: the newest first, as far back as one may have been. Raises NotAccepted."""
    try:
        moment = timestamp_of(line)
    except NoteError:
        raise NotAccepted(f"{witness.name} 的一行不是联署；请核对后重试。") from None
    if moment > platform.clock().timestamp() + CLOCK_SECONDS:
        raise NotAccepted(f"{witness.name} 的联署时间在将来；请核对双方机器的时钟。")
    checkpoints = platform.log.checkpoints
    checkpoint = checkpoints.signed_before(moment + CLOCK_SECONDS)
    while checkpoint is not None and not _is_outgrown(platform.log, checkpoint, moment):
        if witness.key.verifies(parse(checkpoint.note).text, line.signature):
            return checkpoint
        checkpoint = checkpoints.below(checkpoint.size)
    raise NotAccepted(
        f"{witness.name} 的联署不能收下：不是对本日志当时检查点的联署，或者导出后一小时以上才联署，"
        "收下会使核验误报倒填日期。请重新运行 supervision export-log，一小时内送去联署。"
    )


def _is_outgrown(log: LogStore, checkpoint: SignedCheckpoint, moment: int) -> bool:
    """Whether the log had gone on for longer than :mod:`events.verify` allows when the witness cosigned.

    He says that he has seen no larger tree by then. What was recorded before would look back-dated for good.
    """
    following = log.entries(checkpoint.size + 1, 1)
    allowed = moment - moment % SECONDS_PER_HOUR - SUBMISSION_SECONDS
    return bool(following) and following[0].entry.recorded_at < allowed
