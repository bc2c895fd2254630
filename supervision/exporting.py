"""``supervision export-log DIR``: the log as a static site of checkpoint, tiles and bundles; never content."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from events.checkpoint import Checkpoint, CheckpointError
from events.note import NoteError, NoteVerifier
from events.policy import NONE, Policy
from events.published import ExportRefused, export
from events.store import DamagedLog
from supervision.checkpointing.policy import load_policy
from supervision.platform import Platform
from supervision.settings import BadSetting


@dataclass(frozen=True)
class Exported:
    """``countersigned``: whether the witnesses that the policy asks for have cosigned this checkpoint."""

    checkpoint: Checkpoint
    countersigned: bool


def export_log(platform: Platform, directory: Path) -> Exported:
    """Write the newest checkpoint that enough witnesses have cosigned, else the newest, with its tree.

    Raises :class:`supervision.settings.BadSetting` (nothing signed yet, an unfit directory or policy),
    :class:`events.store.DamagedLog`, ``OSError``.
    """
    note, countersigned = _newest(platform, _policy(platform))
    try:
        return Exported(export(platform.log, note, directory), countersigned)
    except ExportRefused as refusal:
        raise BadSetting(f"导出目录：{refusal}。") from None


def _newest(platform: Platform, policy: Policy) -> tuple[bytes, bool]:
    checkpoints = platform.log.checkpoints
    last = checkpoints.last()
    if last is None:
        raise BadSetting("日志：还没有签署过检查点；请先运行 supervision serve，片刻之后重试。")
    try:
        for _, note in checkpoints.cosigned() if policy.quorum != NONE else ():
            if policy.is_quorum(policy.open_signed(note).cosigned_at):
                return note, True
        note = checkpoints.note_with_cosignatures(last)
        policy.open_signed(note)
    except (NoteError, CheckpointError) as error:
        raise DamagedLog(f"数据库中的检查点无效（{error}），请运行 supervision verify 查看") from None
    return note, False


def _policy(platform: Platform) -> Policy:
    """Whom the deployment asks to cosign, and the log keys of all pinned manifests."""
    origin = platform.settings.origin
    logs = {manifest.log: NoteVerifier(origin, manifest.log) for manifest in platform.manifests.values()}
    return replace(load_policy(platform.settings.home), logs=tuple(logs.values()))
