"""What the officers of 云岫县 did with the twelve sample reports: the steps that bring them into various states.

Each step is a command that an officer could give on the console, with the form that he would fill in, at a moment
of his working day. Nothing is put into the database by any other way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SCREENED_OWN: Mapping[str, Any] = {
    "matter_class": "report",
    "named_status": "verified",
    "verification": "phone",
    "jurisdiction": "own",
    "proposal": "accept",
}
SCREENED_ANONYMOUS: Mapping[str, Any] = {
    **SCREENED_OWN,
    "named_status": "anonymous",
    "verification": "none",
}


#: The narrative of S04 names the reporter's firm, its book-keeper and what only they knew; this does not.
VERSION_OF_S04: Mapping[str, Any] = {
    "title": "县交通局副局长厉文舟在农村公路项目中收受好处",
    "text": (
        "石桥镇至青禾乡农村公路（二标）施工期间，厉文舟任业主代表。反映其2025年11月向施工方提出“前期要有表示”，收受现金8万元；"
        "2026年1月计量支付时，又通过他妻弟钟某名下的“云岫县顺达建材经营部”开出19.6万元碎石发票，实际没有供货；"
        "2026年6月第三期进度款以“质量抽检”为由压了47天，收受5万元购物卡后次日签字。有转账凭证、发票、聊天记录可以查核。"
    ),
}


@dataclass(frozen=True)
class Step:
    """``moment``: local time, ``2026-10-13T09:10``; ``action``: name in the catalogue of commands."""

    moment: str
    officer: str
    sample: str
    action: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SealedStep:
    """A command on a sealed report: ``register`` or ``report_to_superior``."""

    moment: str
    officer: str
    sample: str
    action: str


STEPS: tuple[Step | SealedStep, ...] = (
    # S01 选人用人，12380 本级受理，已告知、已移送，等待入库
    Step("2026-09-24T14:30", "org-clerk", "S01", "register"),
    Step("2026-09-28T09:20", "org-clerk", "S01", "screen", {**SCREENED_OWN, "note": "事项具体，可查核。"}),
    Step("2026-09-28T15:00", "org-head", "S01", "confirm_screening"),
    Step("2026-09-29T10:00", "org-clerk", "S01", "notify_reporter", {"mode": "phone"}),
    Step("2026-09-29T16:10", "org-head", "S01", "transfer", {"department": "org-check"}),
    # S03 匿名来信，转送乡纪委并已签收
    Step("2026-10-09T11:00", "clerk-1", "S03", "register"),
    Step(
        "2026-10-09T15:30",
        "clerk-1",
        "S03",
        "screen",
        {**SCREENED_ANONYMOUS, "jurisdiction": "subordinate", "proposal": "forward", "target": "qinghe"},
    ),
    Step("2026-10-09T16:20", "head", "S03", "confirm_screening"),
    Step("2026-10-12T09:30", "clerk-1", "S03", "acknowledge_from_below", {"received_on": "2026-10-09"}),
    # S04 实名举报，走到初步核实
    Step("2026-10-13T08:50", "clerk-2", "S04", "register"),
    Step("2026-10-13T10:40", "clerk-2", "S04", "screen", {**SCREENED_OWN, "note": "正文可识别举报人，注意保密。"}),
    Step("2026-10-13T16:00", "head", "S04", "confirm_screening"),
    Step("2026-10-14T09:00", "clerk-2", "S04", "notify_reporter", {"mode": "status_page"}),
    Step("2026-10-14T10:40", "clerk-2", "S04", "deidentify", VERSION_OF_S04),
    Step("2026-10-14T15:20", "head", "S04", "transfer", {"department": "dept-1"}),
    Step("2026-10-15T09:10", "clue", "S04", "record_clue"),
    Step("2026-10-15T10:30", "clue", "S04", "propose_distribution", {"handlers": ["inspector-1", "inspector-2"]}),
    Step("2026-10-16T09:00", "principal", "S04", "approve_distribution"),
    Step(
        "2026-11-06T10:00",
        "inspector-1",
        "S04",
        "propose_disposition",
        {
            "disposition": "preliminary_verification",
            "minutes": "一室〔2026〕第18次",
            "note": "线索具体，建议初步核实。",
        },
    ),
    Step("2026-11-09T09:40", "principal", "S04", "approve_disposition"),
    Step(
        "2026-11-18T10:20",
        "inspector-1",
        "S04",
        "request_original",
        {"purpose": "evidence", "note": "须把收款经过与转账凭证、发票逐笔核对。"},
    ),
    # S05 与 S04 重复，留存备查
    Step("2026-10-26T10:00", "clerk-1", "S05", "register"),
    Step(
        "2026-10-26T14:00",
        "clerk-1",
        "S05",
        "screen",
        {**SCREENED_OWN, "proposal": "retain_duplicate", "original": "@S04"},
    ),
    Step("2026-10-27T09:00", "head", "S05", "confirm_screening"),
    # S07 来访，交办街道纪工委
    Step("2026-11-02T10:30", "clerk-2", "S07", "register"),
    Step(
        "2026-11-02T15:00",
        "clerk-2",
        "S07",
        "screen",
        {
            **SCREENED_OWN,
            "verification": "interview",
            "jurisdiction": "subordinate",
            "proposal": "assign",
            "target": "chengdong",
            "note": "补偿标准争议已申请行政复议，当场告知依法定途径；冒领问题交办。",
        },
    ),
    Step("2026-11-03T09:10", "head", "S07", "confirm_screening"),
    # S08 上级管理干部，径送
    SealedStep("2026-11-11T08:40", "clerk-1", "S08", "register"),
    SealedStep("2026-11-11T09:00", "head", "S08", "report_to_superior"),
    # S10 业务范围外，不予受理，已告知
    Step("2026-11-12T10:30", "clerk-2", "S10", "register"),
    Step(
        "2026-11-12T10:50",
        "clerk-2",
        "S10",
        "screen",
        {
            **SCREENED_OWN,
            "matter_class": "out_of_scope",
            "jurisdiction": "other_body",
            "proposal": "not_accept",
            "refusal": "sue_or_review",
        },
    ),
    Step("2026-11-12T15:40", "head", "S10", "confirm_screening"),
    Step("2026-11-12T16:10", "clerk-2", "S10", "notify_reporter", {"mode": "phone"}),
    # S12 无实质内容，不予受理
    Step("2026-11-16T08:40", "clerk-1", "S12", "register"),
    Step(
        "2026-11-16T09:00",
        "clerk-1",
        "S12",
        "screen",
        {
            **SCREENED_ANONYMOUS,
            "matter_class": "no_substance",
            "proposal": "not_accept",
            "refusal": "no_substance",
        },
    ),
    Step("2026-11-16T14:20", "head", "S12", "confirm_screening"),
    # S14 公示期举报，查否，已反馈
    Step("2026-10-14T18:10", "org-clerk", "S14", "register"),
    Step("2026-10-15T08:50", "org-clerk", "S14", "screen", {**SCREENED_OWN, "urgent": "notice_period"}),
    Step("2026-10-15T09:30", "org-head", "S14", "confirm_screening"),
    Step("2026-10-15T10:00", "org-clerk", "S14", "notify_reporter", {"mode": "phone"}),
    Step("2026-10-15T10:30", "org-head", "S14", "transfer", {"department": "org-check"}),
    Step("2026-10-15T11:00", "org-clue", "S14", "record_clue"),
    Step("2026-10-15T11:20", "org-clue", "S14", "propose_distribution", {"handlers": ["org-inspector"]}),
    Step("2026-10-15T14:40", "org-principal", "S14", "approve_distribution"),
    Step(
        "2026-10-19T09:00",
        "org-inspector",
        "S14",
        "propose_disposition",
        {"disposition": "preliminary_verification", "minutes": "干监〔2026〕第9次", "note": "公示期内，从快查核。"},
    ),
    Step("2026-10-19T10:30", "org-principal", "S14", "approve_disposition"),
    Step(
        "2026-11-05T16:00",
        "org-inspector",
        "S14",
        "conclude",
        {"result": "not_proved", "note": "经查，所反映问题不属实。"},
    ),
    Step(
        "2026-11-10T10:00",
        "org-inspector",
        "S14",
        "feed_back",
        {"mode": "status_page", "second_officer": "org-clerk", "note": "已在查询页反馈，并电话核实收到。"},
    ),
    # S16 申诉，分流审理部门
    Step("2026-11-02T09:00", "clerk-1", "S16", "register"),
    Step(
        "2026-11-02T09:40",
        "clerk-1",
        "S16",
        "screen",
        {**SCREENED_OWN, "matter_class": "appeal", "proposal": "route_appeal", "target": "review"},
    ),
    Step("2026-11-02T16:30", "head", "S16", "confirm_screening"),
    # S11 已甄别，等待负责人确认
    Step("2026-11-16T10:00", "clerk-2", "S11", "register"),
    Step("2026-11-16T15:10", "clerk-2", "S11", "screen", {**SCREENED_OWN, "note": "已退休不影响受理。"}),
    # S19 急件，刚刚编号
    Step("2026-11-20T12:25", "clerk-1", "S19", "register"),
)
