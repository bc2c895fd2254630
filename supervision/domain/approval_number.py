"""The number (发文字号) of the municipality's approval: its form, GB/T 9704-2012 section 7.2.5 (A-29, SoD-5).

Whether such a document exists only the gate's people can tell, who sit where it was written; that what was typed is
the number of a document, and not a remark, can be told everywhere.
"""

from __future__ import annotations

import re
import unicodedata

from supervision.domain.refusal import Refused

EXAMPLE = "市纪批〔2026〕3号"

_BRACKETS = str.maketrans("([【[)]】]", "〔〔〔〔〕〕〕〕")
_FORM = re.compile("[\u4e00-\u9fff]{2,20}〔20[0-9]{2}〕[1-9][0-9]{0,4}号")


def approval_number(text: str) -> str:
    """The number as it is written on documents: body, year in 〔〕, running number without leading zeros.

    Full width, spaces and the brackets that a keyboard has are put right. Raises :class:`Refused`.
    """
    plain = "".join(unicodedata.normalize("NFKC", text).split()).translate(_BRACKETS)
    if not _FORM.fullmatch(plain):
        raise Refused(
            "SoD-5",
            f"须填写设区的市级以上机关的批准文号，写明机关代字、年份和顺序号（例如 {EXAMPLE}）；请对照批准文件填写。",
        )
    return plain
