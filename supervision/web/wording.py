"""Every event in official words: its title, and what its fields say, for the timelines of console and oversight.

Only what an event says in clear. Sealed words are shown beside it by whoever may open them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _

from events.model import Event, to_state
from supervision.domain import codes, rights, staffing
from supervision.domain.codes import Code
from supervision.web.names import Names

Fields = Mapping[str, Any]
Say = Callable[[Fields, Names], str]


@dataclass(frozen=True, kw_only=True)
class Told:
    """An event in words. ``tone``: as in the tags of the design system."""

    title: str
    details: tuple[str, ...] = ()
    tone: str = ""


def tell(topic: str, fields: Fields, names: Names) -> Told:
    """What an event of ``topic`` says in its ``fields``; a field that is not there says nothing."""
    said = (say(fields, names) for say in _DETAILS.get(topic, ()))
    return Told(title=title(topic), details=tuple(filter(None, said)), tone=_TONES.get(topic, ""))


def tell_event(event: Event, names: Names) -> Told:
    """What an event of the log says."""
    return tell(event.TOPIC, to_state(event), names)


def title(topic: str) -> str:
    """The official name of what happened; the topic itself where this program does not know it."""
    return str(TITLES.get(topic, topic))


def label(code: type[Code], value: str) -> str:
    """The official word of a code; the value itself where this program does not know it."""
    try:
        return code(value).label
    except ValueError:
        return value


TITLES: Mapping[str, Any] = {
    "receipt.issued.v1": _("发放查询码"),
    "report.received.v1": _("接收举报"),
    "report.registered.v1": _("登记编号"),
    "report.named_status_verified.v1": _("核实实名情况"),
    "report.scope_decided.v1": _("认定事项性质"),
    "report.jurisdiction_decided.v1": _("认定管辖"),
    "report.facts_recorded.v1": _("更新分类信息"),
    "report.duplicate_linked.v1": _("关联重复件"),
    "report.urgent_flagged.v1": _("标记急件"),
    "report.screened.v1": _("完成甄别"),
    "report.screening_returned.v1": _("退回重新甄别"),
    "report.accepted.v1": _("决定受理"),
    "report.not_accepted.v1": _("决定不予受理"),
    "report.duplicate_retained.v1": _("重复件登记留存"),
    "report.referred_out.v1": _("移送其他机关"),
    "report.handed_over.v1": _("移交另一受理单位"),
    "report.forwarded_down.v1": _("转送下级"),
    "report.assigned_down.v1": _("交办下级"),
    "report.subordinate_acknowledged.v1": _("下级签收"),
    "report.subordinate_reported.v1": _("下级报告"),
    "report.appeal_routed.v1": _("申诉分流"),
    "report.suggestion_routed.v1": _("建议分流"),
    "report.reporter_notified.v1": _("告知举报人"),
    "report.transferred.v1": _("移送承办部门"),
    "report.return_proposed.v1": _("申请退回信访室"),
    "report.return_refused.v1": _("不同意退回"),
    "report.returned.v1": _("同意退回信访室"),
    "report.closed.v1": _("办结"),
    "report.result_fed_back.v1": _("反馈处理结果"),
    "report.objection_recorded.v1": _("登记异议"),
    "report.objection_explained.v1": _("说明异议"),
    "report.reopened.v1": _("重新办理"),
    "report.archived.v1": _("归档"),
    "report.officer_excluded.v1": _("登记回避"),
    "report.bypass_proposed.v1": _("提出径送上级"),
    "report.bypassed.v1": _("改封径送，本级内容已销毁"),
    "report.deidentified.v1": _("制作去标识版"),
    "report.original_requested.v1": _("申请看原文"),
    "report.original_granted.v1": _("同意看原文"),
    "report.original_refused.v1": _("不同意看原文"),
    "clue.recorded.v1": _("线索入库"),
    "clue.distribution_proposed.v1": _("提出分办意见"),
    "clue.distribution_returned.v1": _("退回分办意见"),
    "clue.distributed.v1": _("批准分办"),
    "clue.disposition_proposed.v1": _("提出处置意见"),
    "clue.disposition_returned.v1": _("退回处置意见"),
    "clue.disposition_approved.v1": _("批准处置意见"),
    "clue.reported_to_party_committee.v1": _("向同级党委报告"),
    "clue.reported_to_superior_commission.v1": _("向上级纪委报告"),
    "clue.concluded.v1": _("线索办结"),
    "clue.handlers_replaced.v1": _("更换承办人"),
    "clue.distribution_withdrawn.v1": _("收回分办"),
    "clue.withdrawn.v1": _("线索随件退回"),
    "clue.reactivated.v1": _("重新启动线索"),
    "correspondence.supplement_received.v1": _("举报人补充材料"),
    "correspondence.feedback_wish_withdrawn.v1": _("举报人撤回反馈要求"),
    "correspondence.message_sent.v1": _("发布核准用语"),
    "correspondence.message_drafted.v1": _("起草留言"),
    "correspondence.message_approved.v1": _("同意发布留言"),
    "correspondence.message_refused.v1": _("不同意发布留言"),
    "sealed_report.received.v1": _("接收径送件"),
    "sealed_report.resealed.v1": _("改封为径送件"),
    "sealed_report.registered.v1": _("径送件编号"),
    "sealed_report.principal_told.v1": _("告知主要负责人有径送件"),
    "sealed_report.reported_to_superior.v1": _("径送上级"),
    "sealed_report.acknowledged.v1": _("上级签收"),
    "sealed_report.destroyed.v1": _("销毁本级留存"),
    "register.number_assigned.v1": _("分配编号"),
    "officer.appointed.v1": _("任命人员"),
    "officer.enrolled.v1": _("启用账号"),
    "officer.office_key_granted.v1": _("授予单位密钥"),
    "officer.office_key_withdrawn.v1": _("收回单位密钥"),
    "officer.roles_changed.v1": _("调整岗位"),
    "officer.departed.v1": _("停用账号"),
    "officer.change_proposed.v1": _("提出账号事项"),
    "officer.change_refused.v1": _("退回账号事项"),
    "officer.reinvited.v1": _("口令遗失，重发启用码"),
    "officer.regrant_proposed.v1": _("提出重新授予单位密钥"),
    "officer.second_factor_set.v1": _("启用动态验证码"),
    "officer.second_factor_reset.v1": _("重置动态验证码"),
    "officer.passphrase_changed.v1": _("更换口令"),
    "access.list_shown.v1": _("查看待办列表"),
    "access.content_opened.v1": _("查看举报内容"),
    "access.original_opened.v1": _("查看去标识版背后的原文"),
    "access.index_queried.v1": _("查询以往反映"),
    "access.index_rekeyed.v1": _("更换被反映人索引的密钥"),
    "opening.requested.v1": _("申请启封"),
    "opening.approved.v1": _("批准启封"),
    "opening.refused.v1": _("不批准启封"),
    "opening.contributed.v1": _("保管人提交份额"),
    "opening.declined.v1": _("保管人不提交份额"),
    "opening.share_rejected.v1": _("份额不符，已剔除"),
    "opening.gate_released.v1": _("上级闸门放行"),
    "opening.opened.v1": _("启封一次"),
    "opening.closed.v1": _("启封终止"),
    "opening.notice_delayed.v1": _("依法延后告知举报人"),
    "gate.released.v1": _("闸门放行"),
    "deployment.manifest_adopted.v1": _("启用密钥清单"),
    "deployment.rulebook_adopted.v1": _("启用规则版本"),
}

_TONES: Mapping[str, str] = {
    "report.urgent_flagged.v1": "bad",
    "report.screening_returned.v1": "warn",
    "report.accepted.v1": "good",
    "report.not_accepted.v1": "warn",
    "report.return_proposed.v1": "warn",
    "report.returned.v1": "warn",
    "report.closed.v1": "good",
    "report.result_fed_back.v1": "good",
    "report.objection_recorded.v1": "warn",
    "report.officer_excluded.v1": "warn",
    "report.bypassed.v1": "sealed",
    "report.deidentified.v1": "sealed",
    "report.original_requested.v1": "warn",
    "report.original_granted.v1": "warn",
    "clue.distribution_returned.v1": "warn",
    "clue.disposition_returned.v1": "warn",
    "clue.handlers_replaced.v1": "warn",
    "clue.distribution_withdrawn.v1": "warn",
    "clue.concluded.v1": "good",
    "correspondence.supplement_received.v1": "active",
    "correspondence.message_refused.v1": "warn",
    "sealed_report.received.v1": "sealed",
    "sealed_report.resealed.v1": "sealed",
    "opening.refused.v1": "warn",
    "opening.declined.v1": "warn",
    "opening.share_rejected.v1": "bad",
    "opening.opened.v1": "warn",
}

#: Reason codes that the use cases write without asking for one.
_REASONS: Mapping[str, Any] = {
    "head_disagrees": _("不同意甄别意见"),
    "approver_disagrees": _("审批人不同意"),
    "out_of_scope_after_study": _("研究后认为不属于受理范围"),
    "handle_on": _("继续办理"),
    "new_evidence": _("有新的证据须核对"),
    "review_due": _("到期复核"),
    "objection": _("举报人有异议"),
    "returned_to_petition_office": _("随件退回信访室"),
    "repeats_content_or_unclear": _("复述举报内容或者表述不清"),
}

#: Codes that events carry and no form offers.
_CLAIMS = {"named": _("自称实名"), "anonymous": _("匿名")}
_SUBJECTS = {"acceptance": _("受理情况"), "refusal": _("不予受理及途径"), "routing": _("转办情况")}
_SEALED_MODES = {"site": _("本平台"), "file": _("密件携送")}


def _labelled(name: Any, value: str) -> str:
    return f"{name}：{value}" if name and value else value


def _plain(field: str, name: Any = "") -> Say:
    """The field as it stands."""
    return lambda fields, _names: _labelled(name, str(fields.get(field) or ""))


def _code(field: str, code: type[Code], name: Any = "") -> Say:
    """The official word of a code."""
    return lambda fields, _names: _labelled(name, label(code, fields.get(field) or ""))


def _word(field: str, words: Mapping[str, Any], name: Any = "") -> Say:
    """The word for a code of this page's own table."""

    def say(fields: Fields, _names: Names) -> str:
        value = fields.get(field) or ""
        return _labelled(name, str(words.get(value, value)))

    return say


def _body(field: str, name: Any = "") -> Say:
    """The name of an office or body."""
    return lambda fields, names: _labelled(name, names.body(fields.get(field) or ""))


def _people(field: str, name: Any = "") -> Say:
    """The name of an officer, or of several."""

    def say(fields: Fields, names: Names) -> str:
        value = fields.get(field) or ()
        officers: Iterable[str] = (value,) if isinstance(value, str) else value
        return _labelled(name, names.officers(officers))

    return say


def _roles(fields: Fields, _names: Names) -> str:
    return _labelled(_("岗位"), "、".join(label(codes.Role, role) for role in fields.get("roles") or ()))


def _either(field: str, yes: Any, no: Any = "") -> Say:
    """One word or the other; nothing where the field is not there."""
    return lambda fields, _names: str(yes if fields[field] else no) if field in fields else ""


def _count(field: str, name: Any) -> Say:
    """A number of things, unless there are none."""
    return lambda fields, _names: _labelled(name, str(fields.get(field) or ""))


_REASON = _word("reason", _REASONS, _("理由"))
_TARGET = _body("target", _("接收单位"))
_NUMBER = _plain("number", _("编号"))
_RESULT = _code("result", codes.Result, _("办理结果"))
_HANDLERS = (_body("department", _("承办部门")), _people("handlers", _("承办人")))
_NEW_EVIDENCE = _either("new_evidence", _("有新的证据"))
_APPOINTED = (_people("officer"), _body("home_office"), _roles)

_DETAILS: Mapping[str, tuple[Say, ...]] = {
    "report.received.v1": (
        _code("channel", codes.Channel),
        _plain("line"),
        _word("named", _CLAIMS),
        _count("attachments", _("附件")),
        _count("announced", _("声明未附")),
        _either("feedback_wanted", "", _("不要求反馈")),
    ),
    "report.registered.v1": (_NUMBER,),
    "report.named_status_verified.v1": (
        _code("status", codes.NamedStatus),
        _code("method", codes.Verification),
    ),
    "report.scope_decided.v1": (
        _code("matter_class", codes.MatterClass),
        _either("in_scope", _("属于受理范围"), _("不属于受理范围")),
    ),
    "report.jurisdiction_decided.v1": (_code("jurisdiction", codes.Jurisdiction),),
    "report.duplicate_linked.v1": (_NEW_EVIDENCE,),
    "report.urgent_flagged.v1": (_code("reason", codes.UrgentReason),),
    "report.screened.v1": (
        _code("proposal", codes.Proposal, _("办理意见")),
        _code("refusal", codes.RefusalCode, _("理由")),
        _TARGET,
    ),
    "report.screening_returned.v1": (_REASON,),
    "report.not_accepted.v1": (
        _code("refusal", codes.RefusalCode),
        _code("follow_up", codes.FollowUp, _("后续")),
        _TARGET,
    ),
    "report.referred_out.v1": (_TARGET,),
    "report.handed_over.v1": (_body("to_office", _("接收单位")),),
    "report.forwarded_down.v1": (_TARGET,),
    "report.assigned_down.v1": (_TARGET,),
    "report.subordinate_acknowledged.v1": (_body("target"), _plain("received_on", _("收到日期"))),
    "report.subordinate_reported.v1": (_body("target"), _code("stage", codes.SubordinateStage)),
    "report.appeal_routed.v1": (_TARGET,),
    "report.suggestion_routed.v1": (_TARGET,),
    "report.reporter_notified.v1": (_word("subject", _SUBJECTS), _code("mode", codes.Notice)),
    "report.transferred.v1": (
        _body("department", _("承办部门")),
        _body("notified_office", _("通报")),
    ),
    "report.return_proposed.v1": (_REASON,),
    "report.return_refused.v1": (_REASON,),
    "report.returned.v1": (_REASON,),
    "report.closed.v1": (_RESULT,),
    "report.result_fed_back.v1": (
        _code("mode", codes.Notice),
        _code("reason", codes.NoFeedbackReason),
        _people("second_officer", _("共同反馈人")),
    ),
    "report.objection_recorded.v1": (_NEW_EVIDENCE,),
    "report.objection_explained.v1": (_code("mode", codes.Notice),),
    "report.reopened.v1": (_REASON,),
    "report.archived.v1": (_code("retention", codes.RetentionClass, _("保管期限")),),
    "report.officer_excluded.v1": (_people("officer"), _code("reason", codes.RecusalGround)),
    "report.original_requested.v1": (_code("purpose", rights.OriginalPurpose, _("目的")),),
    "report.original_granted.v1": (_people("officer"), _plain("until", _("有效至"))),
    "report.original_refused.v1": (_people("officer"),),
    "clue.recorded.v1": (_NUMBER, _code("source", codes.ClueSource, _("来源"))),
    "clue.distribution_proposed.v1": _HANDLERS,
    "clue.distribution_returned.v1": (_REASON,),
    "clue.distributed.v1": _HANDLERS,
    "clue.disposition_proposed.v1": (
        _code("disposition", codes.Disposition, _("处置方式")),
        _plain("minutes", _("会议记录")),
    ),
    "clue.disposition_returned.v1": (_REASON,),
    "clue.disposition_approved.v1": (_code("disposition", codes.Disposition, _("处置方式")),),
    "clue.reported_to_party_committee.v1": (_plain("document", _("文号")),),
    "clue.reported_to_superior_commission.v1": (_plain("document", _("文号")),),
    "clue.concluded.v1": (_RESULT,),
    "clue.handlers_replaced.v1": (
        _people("handlers", _("承办人")),
        _code("reason", staffing.HandlerChange, _("理由")),
    ),
    "clue.distribution_withdrawn.v1": (_code("reason", staffing.HandlerChange, _("理由")),),
    "clue.withdrawn.v1": (_REASON,),
    "clue.reactivated.v1": (_REASON,),
    "correspondence.supplement_received.v1": (_count("attachments", _("附件")),),
    "correspondence.message_refused.v1": (_REASON,),
    "sealed_report.registered.v1": (_NUMBER,),
    "sealed_report.reported_to_superior.v1": (_word("mode", _SEALED_MODES, _("方式")),),
    "register.number_assigned.v1": (_NUMBER,),
    "officer.appointed.v1": _APPOINTED,
    "officer.roles_changed.v1": _APPOINTED,
    "officer.enrolled.v1": (_people("officer"),),
    "officer.office_key_granted.v1": (_people("officer"), _body("key_office", _("单位"))),
    "officer.office_key_withdrawn.v1": (_people("officer"), _body("key_office", _("单位"))),
    "officer.departed.v1": (_people("officer"),),
    "officer.change_proposed.v1": (_code("change", staffing.AccountChange), *_APPOINTED),
    "officer.change_refused.v1": (_people("officer"), _code("change", staffing.AccountChange)),
    "officer.reinvited.v1": (_people("officer"),),
    "officer.regrant_proposed.v1": (_people("officer"), _body("key_office", _("单位"))),
    "officer.second_factor_set.v1": (_people("officer"),),
    "officer.second_factor_reset.v1": (_people("officer"),),
    "officer.passphrase_changed.v1": (_people("officer"),),
    "opening.requested.v1": (_code("purpose", rights.OpeningPurpose, _("事由")), _plain("number", _("文号"))),
    "opening.refused.v1": (_code("reason", rights.OpeningRefusal, _("理由")),),
    "opening.declined.v1": (_code("reason", rights.DeclineReason, _("理由")),),
    "opening.share_rejected.v1": (_people("custodian", _("保管人")),),
    "opening.closed.v1": (_code("reason", rights.ClosingReason, _("理由")),),
    "opening.notice_delayed.v1": (_plain("number", _("文号")), _plain("until", _("延至"))),
    "deployment.manifest_adopted.v1": (_count("epoch", _("版次")),),
    "deployment.rulebook_adopted.v1": (_plain("rulebook"), _plain("calendar")),
}
