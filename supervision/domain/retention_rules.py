"""How long what is kept, and what an appraisal may say (E-31, E-32)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from supervision.domain.codes import Code, RetentionClass
from supervision.domain.refusal import Refused


class DestructionScope(Code):
    """What is destroyed of a report; what tells who reported goes first."""

    IDENTITY = "identity", "身份、联系方式和来源材料"
    EVERYTHING = "everything", "全部密封材料"


class AppraisalState(Code):
    """Where an appraisal stands."""

    PROPOSED = "proposed", "待审批"
    APPROVED = "approved", "已批准，待执行"
    REFUSED = "refused", "未批准"
    EXECUTED = "executed", "已执行"


class AppraisalRefusal(Code):
    """Why an appraisal is not agreed to."""

    STILL_OF_USE = "still_of_use", "仍有查考价值"
    LIST_WRONG = "list_wrong", "清单有误"
    DOCUMENT_WRONG = "document_wrong", "鉴定文件不符"


@dataclass(frozen=True)
class RetentionRules:
    """One version of the rules. ``identity``: years that what tells who reported is kept; ``years``: all the rest, by
    the class that the report was filed under. Both count from the end of the year of receipt."""

    identity: int
    years: Mapping[RetentionClass, int]

    @classmethod
    def parse(cls, table: Mapping[str, Any]) -> Self:
        """Read ``retention.toml``. Raises KeyError, ValueError."""
        rules = cls(
            identity=table["identity"],
            years={RetentionClass(kind): years for kind, years in table["years"].items()},
        )
        if RetentionClass.PERMANENT in rules.years or not all(rules.identity <= one for one in rules.years.values()):
            raise ValueError("保管期限：永久卷没有年数，身份材料的保管期限不得长于内容；请核对 retention.toml")
        return rules

    def due_before(self, scope: DestructionScope, retention: str, today: date) -> date | None:
        """Reports received before this day may be appraised today; None where they are kept for ever.

        ``retention``: a code of ``RetentionClass``, or "" for one that was not filed because it went up under seal.
        """
        kept = self.identity if scope is DestructionScope.IDENTITY else self.years.get(_class(retention))
        return None if kept is None else date(today.year - kept, 1, 1)

    def key_due_before(self, kind: str, today: date) -> int:
        """Keys of earlier years may be destroyed once nothing is kept under them. ``kind``: class of a period."""
        kept = self.identity if kind == "identity" else min(self.years.values(), default=0)
        return today.year - kept


def _class(retention: str) -> RetentionClass:
    return RetentionClass(retention) if retention else RetentionClass.PERMANENT


_BRACKETS = str.maketrans("([【[)]】]", "〔〔〔〔〕〕〕〕")
_NUMBER = re.compile("[\u4e00-\u9fff]{2,20}〔20[0-9]{2}〕[1-9][0-9]{0,4}号")


def document_number(text: str) -> str:
    """The number of a document as it is written (GB/T 9704-2012, 7.2.5). Raises :class:`Refused`: nothing else may
    stand in the log in clear."""
    plain = "".join(unicodedata.normalize("NFKC", text).split()).translate(_BRACKETS)
    if not _NUMBER.fullmatch(plain):
        raise Refused(
            "document", "须填写依据文件的文号，写明机关代字、年份和顺序号（例如 云档鉴〔2026〕3号）；请对照文件填写。"
        )
    return plain
