"""``supervision import``: reports from another system, from a file, through the same door as all others.

The whole file is checked before the first report is recorded. Then each is recorded by itself, together with a
mark by which it is known again: a run that was interrupted is simply run again, and loads what is still missing.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from events.canonical import encode
from events.framing import length_prefixed
from events.vocabulary.intake import ReportReceived, SealedReportReceived
from supervision.domain.codes import Jurisdiction
from supervision.intake.door import AlreadyAdmitted
from supervision.intake.import_schema import CALLER_NUMBERS, ImportRecord, bad_file, check_records
from supervision.intake.judgement import Judgement, judge
from supervision.intake.service_tokens import ACTOR
from supervision.platform import Platform
from supervision.sealing.receipt import ReceiptCode

_LABEL = b"supervision/import/v1"


@dataclass(frozen=True, kw_only=True)
class ImportedReport:
    """What is said of one record; all of it but ``code`` may be shown again.

    ``code``: 32 digits, None for a report that an earlier run has loaded: it is kept nowhere. ``jurisdiction``:
    label of the rule's proposal. ``deadlines``: clocks that run from receipt. ``duplicates``: None, since finding
    them needs the key of an officer's session.
    """

    sample_id: str
    reference: str
    code: str | None = field(repr=False)
    named: bool
    sealed: bool
    jurisdiction: str
    deadlines: tuple[dict[str, Any], ...]
    duplicates: None = None
    already: bool = False

    def to_json(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)

    def __str__(self) -> str:
        """One line for people, without the code's digits run together."""
        if self.code is None:
            return f"{self.sample_id}：此前已导入，公开编号 {self.reference}；查询码不留存，无法再次给出。"
        sealed = "，径送上级" if self.sealed else ""
        grouped = ReceiptCode(self.code).grouped
        return f"{self.sample_id}：已导入{sealed}，公开编号 {self.reference}，查询码 {grouped}"


def import_file(
    platform: Platform, path: Path, *, emit: Callable[[ImportedReport], None]
) -> tuple[ImportedReport, ...]:
    """Load the reports of a file; ``emit`` gets each as soon as it is durable. Returns all of them.

    Raises :class:`supervision.intake.import_schema.BadImport` with nothing loaded. Any other error leaves what
    was emitted loaded and nothing half-loaded; the same command goes on from there.
    """
    records = check_records(_decoded(path), platform.clock())
    done = []
    for record in records:
        imported = _import(platform, record)
        emit(imported)
        done.append(imported)
    return tuple(done)


def _decoded(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise bad_file(f"无法读取（{type(error).__name__}）；请核对路径和权限。") from None
    except (ValueError, RecursionError):
        raise bad_file("不是有效的 JSON（UTF-8）；请核对文件。") from None


def _import(platform: Platform, record: ImportRecord) -> ImportedReport:
    tag = _tag(platform, record)
    if known := platform.custody.lookup("import", tag):
        return _already(platform, record, known)
    code = ReceiptCode.new(platform.rng)
    try:
        admitted = platform.console_door.admit(
            record.submission, code, signer=platform.importer, actor=ACTOR, import_tag=tag
        )
    except AlreadyAdmitted:  # another run of the same file was quicker
        known = platform.custody.lookup("import", tag)
        if known is None:
            raise
        return _already(platform, record, known)
    return ImportedReport(
        sample_id=record.sample_id,
        reference=admitted.reference,
        code=code.digits,
        named=admitted.judgement.named,
        sealed=admitted.sealed,
        **_proposals(admitted.judgement),
    )


def _already(platform: Platform, record: ImportRecord, report_id: UUID) -> ImportedReport:
    """What the log says of a report that was loaded before; proposals are those of the rules of today."""
    received = platform.ledger.events_of(report_id)[0]
    judgement = judge(record.submission, platform.rulebook, platform.own_staff)
    if not isinstance(received, ReportReceived | SealedReportReceived):
        raise TypeError(f"{received.TOPIC} does not begin an imported report")
    return ImportedReport(
        sample_id=record.sample_id,
        reference=received.reference,
        code=None,
        named=received.named == "named" if isinstance(received, ReportReceived) else judgement.named,
        sealed=isinstance(received, SealedReportReceived),
        **_proposals(judgement),
        already=True,
    )


def _proposals(judgement: Judgement) -> dict[str, Any]:
    return {
        "jurisdiction": Jurisdiction(judgement.jurisdiction).label,
        "deadlines": tuple(deadline.as_sample() for deadline in judgement.deadlines),
    }


def _tag(platform: Platform, record: ImportRecord) -> bytes:
    """By what a record is known again: a keyed hash of it, 32 bytes; the table alone says nothing.

    The number that the network delivered is left out (A-29): with key and text, eleven digits could be tried.
    """
    known = dict(record.record)
    if isinstance(reporter := known.get("reporter"), dict):
        known["reporter"] = {name: value for name, value in reporter.items() if name not in CALLER_NUMBERS}
    message = length_prefixed(_LABEL, encode(known))
    return hmac.digest(platform.console_secrets.import_key, message, "sha256")
