"""The compartments: every sealed field of the platform, sorted by who may read it.

A field that is not listed here cannot be sealed, so that a mistyped name in a form cannot put a reporter's
telephone number under the office's key. ``N`` in a field name stands for a number from 1. Field names stand
in events in clear; they say what sort of thing is sealed and never anything of its content.

``docs/sealing.md`` shows the same as a table for people; a test compares the two.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from supervision.sealing.errors import CannotSeal

IDENTITY = "identity"
CONTACT = "contact"
SOURCE = "source"
CONTENT = "content"
DEIDENTIFIED = "deidentified"
FACTS = "facts"
MESSAGE = "message"

GRANT = "grant"
"""Not a compartment of a report: the context in which an office's private key is wrapped to an officer."""


class Reader(Enum):
    """Who can open a compartment. A report for the superior has the superior's own in their place (A-15)."""

    CUSTODIANS = "N 名保管人中的 M 名（设闸门时另加上级闸门）"
    RELAYS = "两名联络员"
    OFFICE = "承办机构"
    HANDLERS = "受理机构、承办部门及其审批人"
    CONSOLE = "受理台"
    REPORTER = "举报人"


@dataclass(frozen=True)
class Compartment:
    """``fields``: name to what it holds, in Chinese."""

    reader: Reader
    fields: Mapping[str, str]


COMPARTMENTS: Mapping[str, Compartment] = {
    IDENTITY: Compartment(
        Reader.CUSTODIANS,
        {
            "reporter": "举报人姓名、证件号、住址、政治面貌、职业、与被举报人关系（JSON）",
            "note": "会暴露举报人身份的工作说明",
        },
    ),
    CONTACT: Compartment(
        Reader.RELAYS,
        {
            "phone": "联系电话",
            "address": "通信地址（不含姓名）",
            "preference": "希望的联系方式与时间",
        },
    ),
    SOURCE: Compartment(
        Reader.CUSTODIANS,
        {
            "original": "来信、短信、通话记录的原文",
            "caller": "电话、短信带来的主叫号码",
            "file.N": "上传、扫描或录音的原始文件",
            "file.N.meta": "原始文件的名称与类型（JSON）",
        },
    ),
    CONTENT: Compartment(
        Reader.OFFICE,
        {
            "title": "标题",
            "text": "举报内容或其转写、补充内容",
            "respondents": "被举报人姓名、单位、职务（JSON）",
            "categories": "问题类别（JSON）",
            "announced": "声称有而未提交的附件（JSON）",
            "file.N": "证据材料的清洁副本",
            "file.N.meta": "证据材料的名称与类型（JSON）",
            "message": "拟发给举报人的文字",
            "note": "办理意见、说明、记录",
            "enclosure": "径送时随附的、封给县级保管人和联络员的密文与份额",
        },
    ),
    DEIDENTIFIED: Compartment(
        Reader.HANDLERS,
        {
            "title": "去标识版的标题",
            "text": "去标识版的举报内容",
            "respondents": "被举报人姓名、单位、职务（JSON）",
            "categories": "问题类别（JSON）",
            "file.N": "随去标识版移交的证据材料的清洁副本",
            "file.N.meta": "该证据材料的名称与类型（JSON）",
            "message": "有去标识版之后，拟发给举报人的文字",
            "note": "有去标识版之后的办理意见、说明、记录",
        },
    ),
    FACTS: Compartment(
        Reader.CONSOLE,
        {"facts": "受理机构的分类：级别、地区、类别、单位、职务（JSON）"},
    ),
    MESSAGE: Compartment(
        Reader.REPORTER,
        {"text": "给举报人的文字"},
    ),
}

ADDED_LATER = frozenset({DEIDENTIFIED})
"""Not in the manifests that were signed before there were such compartments: there the highest minimum suite counts."""

_NUMBER = re.compile(r"(?<=\.)[1-9][0-9]{0,3}(?=\.|$)")


def check_field(compartment: str, field: str) -> None:
    """Raises CannotSeal unless ``field`` is a field of ``compartment``."""
    known = COMPARTMENTS.get(compartment)
    if known is None or "N" in field or _NUMBER.sub("N", field) not in known.fields:
        raise CannotSeal(
            f"封存分区 {compartment} 中没有字段 {field}。"
            "新字段须先登记在 supervision/sealing/compartments.py 并写入 docs/sealing.md。"
        )
