"""The codes that events, forms and screens carry, each with its official Chinese word.

Those of the rights of reporters and reported are in :mod:`supervision.domain.rights`.

A code is written into events and stays for ever; its label may be reworded. Where each term stands in the
rules is told by ``docs/glossary.md``, which a test holds against this file.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Code(StrEnum):
    """A code with its official Chinese word: ``MatterClass.APPEAL`` is ``"appeal"``, label ``申诉``."""

    _value_: str
    label: str

    def __new__(cls, value: str, label: str = "") -> Self:
        # The default is there for the type checker: ``Channel("web")`` looks a member up and gives no label.
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        return member


# -- how a report comes in -------------------------------------------------------------------------


class Channel(Code):
    """A-07: ways in that must be open; SMS is the practice of 12380 (C-01)."""

    LETTER = "letter", "来信"
    VISIT = "visit", "来访"
    PHONE = "phone", "来电"
    WEB = "web", "网络"
    SMS = "sms", "短信"
    TRANSFER_IN = "transfer_in", "其他机关移送"


class Line(Code):
    """The two lines and the body behind each (C-01; 12380 belongs to the organisation department)."""

    ORGANISATION = "12380", "12380（县委组织部干部监督机构）"
    DISCIPLINE = "12388", "12388（县纪委监委信访室）"


class NamedStatus(Code):
    """A-24: named counts only when checked; what cannot be verified is handled as anonymous."""

    PENDING = "pending", "实名（待核实）"
    VERIFIED = "verified", "实名"
    ANONYMOUS = "anonymous", "匿名"


class NamedReason(Code):
    """A-24: why a report is or is not proposed as a named one."""

    NAME_AND_CONTACT = "name_and_contact", "署真实姓名或者单位名称并有具体联系方式"
    NO_NAME = "no_name", "未署名"
    PSEUDONYM = "pseudonym", "署名不是真实姓名或者单位名称"
    NO_CONTACT = "no_contact", "没有具体联系方式"


class UrgentReason(Code):
    """D-41: why a report cannot wait."""

    HAPPENING_NOW = "happening_now", "正在发生"
    DANGER = "danger", "危及人身或者重大财产安全"
    MASS_INCIDENT = "mass_incident", "可能引发群体性事件"
    EVIDENCE_AT_RISK = "evidence_at_risk", "证据可能灭失"
    NOTICE_PERIOD = "notice_period", "任前公示期内"


class Verification(Code):
    """A-24: how a named reporter was checked; a call says no more than 核实您是否反映过问题."""

    PHONE = "phone", "电话核实"
    INTERVIEW = "interview", "当面核实"
    DOCUMENT = "document", "凭材料核实"
    RELAY = "relay", "联络员核实"
    NONE = "none", "未核实"


# -- screening -------------------------------------------------------------------------------------


class MatterClass(Code):
    """A-SCOPE: what kind of matter it is."""

    REPORT = "report", "检举控告"
    APPEAL = "appeal", "申诉"
    SUGGESTION = "suggestion", "批评建议"
    OUT_OF_SCOPE = "out_of_scope", "业务范围外"
    NO_SUBSTANCE = "no_substance", "无实质内容"


class Jurisdiction(Code):
    """A-11, A-12: which level is competent by 管理权限."""

    OWN = "own", "本级"
    SUPERIOR = "superior", "上级"
    SUBORDINATE = "subordinate", "下级"
    OTHER_BODY = "other_body", "其他机关"
    UNDECIDED = "undecided", "待定"


class JurisdictionReason(Code):
    """Why a jurisdiction is proposed.

    Tells something of the person reported: never beside a sealed report.
    """

    OWN_PRINCIPAL = "own_principal", "反映本机关主要负责人"
    LEADING_POST = "leading_post", "县级以上领导职务"
    LEADING_RANK = "leading_rank", "副县处级以上"
    MANAGED_BY_SUPERIOR = "managed_by_superior", "上级党委管理"
    SUPERIOR_UNIT = "superior_unit", "上级单位人员"
    SUPERIOR_ORGAN = "superior_organ", "县委、县纪委监委领导机构"
    MANAGED_BY_COUNTY = "managed_by_county", "县委管理"
    TOWNSHIP_RANK = "township_rank", "乡科级"
    MANAGED_BELOW = "managed_below", "下级党组织管理"
    BASIC_RANK = "basic_rank", "一般干部、农村、社区"
    LINE_AUTHORITY = "line_authority", "垂直管理"
    MILITARY = "military", "军队"
    OTHER_COUNTY = "other_county", "其他县（市、区）"
    OTHER_BODY = "other_body", "属于其他机关"
    DECIDING_BODY = "deciding_body", "原决定机关"
    ADDRESSED_BODY = "addressed_body", "建议所提交的机关"
    UNKNOWN = "unknown", "管理权限不明"


class RefusalCode(Code):
    """A-13: the only three reasons not to accept."""

    SUE_OR_REVIEW = "sue_or_review", "应通过诉讼、仲裁、行政裁决、行政复议等途径解决"
    OTHER_BODY = "other_body", "属于其他机关或者单位职责范围"
    NO_SUBSTANCE = "no_substance", "仅列举违纪或者职务违法、职务犯罪行为名称但无实质内容"


class FollowUp(Code):
    """A-13: what must follow a refusal; depends on the channel."""

    TOLD = "told", "直接告知"
    FORWARDED = "forwarded", "转有关机关"
    STATUS_PAGE = "status_page", "查询页告知"
    SMS_GUIDANCE = "sms_guidance", "短信引导补充"
    RETAINED = "retained", "登记留存"


class Proposal(Code):
    """What screening may propose to the head of the petition office (3.1)."""

    ACCEPT = "accept", "本级受理"
    NOT_ACCEPT = "not_accept", "不予受理"
    FORWARD = "forward", "转送下级"
    ASSIGN = "assign", "交办下级"
    REFER = "refer", "移送其他机关"
    HAND_OVER = "hand_over", "移交另一受理单位"
    RETAIN_DUPLICATE = "retain_duplicate", "重复件留存"
    ROUTE_APPEAL = "route_appeal", "申诉分流"
    ROUTE_SUGGESTION = "route_suggestion", "建议分流"


# -- states ----------------------------------------------------------------------------------------


class ReportState(Code):
    """3.1: where a report stands."""

    RECEIVED = "received", "已接收"
    REGISTERED = "registered", "已登记编号"
    SCREENED = "screened", "已甄别"
    ACCEPTED = "accepted", "已受理"
    NOT_ACCEPTED = "not_accepted", "不予受理"
    DUPLICATE_RETAINED = "duplicate_retained", "重复件已留存"
    REFERRED_OUT = "referred_out", "已移送其他机关"
    FORWARDED_DOWN = "forwarded_down", "已转送下级"
    ASSIGNED_DOWN = "assigned_down", "已交办下级"
    APPEAL_ROUTED = "appeal_routed", "申诉已分流"
    SUGGESTION_ROUTED = "suggestion_routed", "建议已分流"
    TRANSFERRED = "transferred", "已移送承办部门"
    CLOSED = "closed", "已办结"
    FED_BACK = "fed_back", "已反馈"
    OBJECTION = "objection", "异议待处理"
    ARCHIVED = "archived", "已归档"
    SEALED = "sealed", "已转为径送件"


class ClueState(Code):
    """3.2: where a clue stands."""

    RECORDED = "recorded", "已入库"
    DISTRIBUTION_PROPOSED = "distribution_proposed", "分办待批"
    DISTRIBUTED = "distributed", "已分办"
    PROPOSED = "proposed", "处置待批"
    TALK_INQUIRY = "talk_inquiry", "谈话函询中"
    PRELIMINARY_VERIFICATION = "preliminary_verification", "初步核实中"
    HELD = "held", "已暂存待查"
    CLOSED_NO_ACTION = "closed_no_action", "拟予以了结"
    CONCLUDED = "concluded", "线索已办结"
    WITHDRAWN = "withdrawn", "线索已退回"


class StatusWord(Code):
    """3.1: all that a reporter is ever shown of his report's state (E-08)."""

    RECEIVED = "received", "已收到"
    ACCEPTED = "accepted", "已受理"
    NOT_IN_SCOPE = "not_in_scope", "不属于受理范围"
    PASSED_ON = "passed_on", "已转有权机关"
    IN_HAND = "in_hand", "办理中"
    CLOSED = "closed", "已办结（等待反馈）"
    FED_BACK = "fed_back", "已反馈"


class Light(Code):
    """Warning colours of a running clock (S28); shares of time left are configuration."""

    BLUE = "blue", "蓝色"
    YELLOW = "yellow", "黄色预警"
    RED = "red", "红色预警"


class Medium(Code):
    """By what a fixed text reaches a reporter."""

    STATUS_PAGE = "status_page", "查询页"
    SMS = "sms", "短信"
    CALL = "call", "电话用语"


# -- clocks -----------------------------------------------------------------------------------------


class Unit(Code):
    """What a clock counts in."""

    WORKING_DAYS = "working_days", "工作日"
    DAYS = "days", "日"
    MONTHS = "months", "个月"


class Evidence(Code):
    """How well a clock's length is founded. All but ``read`` wants a person's check before it is used."""

    READ = "read", "已核对原文"
    PARTLY = "partly", "有旁证，原文待核"
    MEMORY = "memory", "凭记忆，待核"
    COUNTY = "county", "县级自定"


# -- handling --------------------------------------------------------------------------------------


class SubordinateStage(Code):
    """A-16, A-19: what a lower body reports on what was sent to it."""

    ACCEPTED = "accepted", "下级已受理"
    FORWARDED = "forwarded", "下级已转办"
    RESULT = "result", "下级报告结果"


class ClueSource(Code):
    """3.2, B-20: where a clue comes from."""

    PETITION = "petition", "信访举报"
    INSPECTION = "inspection", "巡视巡察"
    AUDIT = "audit", "审计"
    JUSTICE = "justice", "执法司法机关移送"
    SUPERIOR = "superior", "上级交办"
    SUPERVISION = "supervision", "监督检查发现"
    MEDIA = "media", "媒体反映"


class Disposition(Code):
    """B-21: exactly one of four."""

    TALK_INQUIRY = "talk_inquiry", "谈话函询"
    PRELIMINARY_VERIFICATION = "preliminary_verification", "初步核实"
    HELD = "held", "暂存待查"
    NO_ACTION = "no_action", "予以了结"


class Result(Code):
    """3.1: what handling established; unproven is not guilty."""

    PROVED = "proved", "属实"
    PARTLY_PROVED = "partly_proved", "部分属实"
    NOT_PROVED = "not_proved", "失实"
    NOT_VERIFIABLE = "not_verifiable", "无法查实"
    OTHER_CASE = "other_case", "已另案处理"


class Notice(Code):
    """How a reporter is told (A-26, A-27); ``none`` where there is nobody to tell or no wish for it."""

    STATUS_PAGE = "status_page", "查询页"
    PHONE = "phone", "电话告知"
    IN_PERSON = "in_person", "当面告知"
    LETTER = "letter", "书面告知"
    RELAY = "relay", "联络员告知"
    NONE = "none", "未告知"


class NoFeedbackReason(Code):
    """A-27: why a result was not told."""

    NO_CONTACT = "no_contact", "没有联系方式"
    NOT_WANTED = "not_wanted", "举报人不要求反馈"
    NOT_REACHED = "not_reached", "多次联系未果"


class TwoReports(Code):
    """D-01: whom a disposition on a listed person must be reported to, both of them."""

    PARTY_COMMITTEE = "party_committee", "同级党委"
    SUPERIOR_COMMISSION = "superior_commission", "上级纪委"


class ObjectionKind(Code):
    """A-27: why a reporter does not agree with the result."""

    NEW_EVIDENCE = "new_evidence", "提供新的证据"
    RESULT_DISPUTED = "result_disputed", "不认可处理结果"
    PART_UNANSWERED = "part_unanswered", "部分问题未答复"
    PROCEDURE = "procedure", "认为办理程序不当"


class RecusalGround(Code):
    """A-48, 监察法 §67, SoD-7: why an officer withdraws from a report."""

    NAMED_IN_REPORT = "named_in_report", "本人或者本单位被反映"
    KINSHIP = "kinship", "近亲属关系"
    WITNESS = "witness", "担任过证人"
    INTEREST = "interest", "利害关系"
    OTHER = "other", "其他可能影响公正的情形"


class RetentionClass(Code):
    """E-31: how long a file is kept."""

    PERMANENT = "permanent", "永久"
    THIRTY_YEARS = "thirty_years", "三十年"
    TEN_YEARS = "ten_years", "十年"


# -- people ----------------------------------------------------------------------------------------


class Role(Code):
    """Part 4: what an officer may do, least privilege."""

    HOTLINE_OPERATOR = "hotline_operator", "热线话务员"
    INTAKE_CLERK = "intake_clerk", "信访室登记员"
    PETITION_HEAD = "petition_head", "信访室主任"
    PERSONNEL_CLERK = "personnel_clerk", "12380受理员"
    RECEPTION_LEADER = "reception_leader", "接访领导"
    IDENTITY_CUSTODIAN = "identity_custodian", "身份保管员"
    RELAY_OFFICER = "relay_officer", "联络员"
    CLUE_SUPERVISOR = "clue_supervisor", "案件监督管理室"
    INSPECTOR = "inspector", "承办人员"
    CASE_REVIEWER = "case_reviewer", "审理人员"
    APPEAL_REVIEWER = "appeal_reviewer", "申诉复查人员"
    INTERNAL_SUPERVISOR = "internal_supervisor", "干部监督室"
    DEPUTY_IN_CHARGE = "deputy_in_charge", "分管领导"
    PRINCIPAL = "principal", "主要负责人"
    PARTY_PRINCIPAL = "party_principal", "县委主要负责人"
    SUPERIOR_OFFICER = "superior_officer", "上级纪委"
    SUBORDINATE_OFFICER = "subordinate_officer", "下级纪委、派驻组"
    OVERSIGHT_REVIEWER = "oversight_reviewer", "监督审计人员"
    SYSTEM_ADMIN = "system_admin", "系统管理员"
    SECURITY_ADMIN = "security_admin", "安全保密管理员"
    SECURITY_AUDITOR = "security_auditor", "安全审计员"


# -- numbers ---------------------------------------------------------------------------------------


def report_number(prefix: str, year: int, serial: int) -> str:
    """The number of the ``serial``-th entry (from 1) of a register, e.g. ``云信〔2026〕0001号`` (A-10).

    ``prefix``: the office's word, e.g. ``云信``. Raises :class:`ValueError` on an empty prefix or a serial
    below 1.
    """
    if not prefix.strip():
        raise ValueError("登记编号缺少机关代字；请在机关设置中填写，例如“云信”")
    if serial < 1:
        raise ValueError(f"登记序号应从 1 开始，收到 {serial}")
    return f"{prefix.strip()}〔{year:04d}〕{serial:04d}号"
