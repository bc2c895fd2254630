"""Every event in official words: its title, and what its fields say, for the timelines of console and oversight.

Only what an event says in clear. Sealed words are shown beside it by whoever may open them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _

from events.model import Event, to_state
from supervision.domain import codes, contact_codes, retention_rules, rights, staffing
from supervision.domain.codes import Code
from supervision.web.event_titles import TITLES, TONES
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
    return Told(title=title(topic), details=tuple(filter(None, said)), tone=TONES.get(topic, ""))


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
    "report.level_proposed.v1": (_code("jurisdiction", codes.Jurisdiction),),
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
    **dict.fromkeys(
        ("report.hold_requested.v1", "report.hold_placed.v1", "report.hold_lift_requested.v1", "report.hold_lifted.v1"),
        (_plain("document", _("依据")),),
    ),
    "report.destroyed.v1": (
        _code("scope", retention_rules.DestructionScope, _("范围")),
        _plain("document", _("鉴定文件")),
    ),
    "appraisal.proposed.v1": (
        _code("scope", retention_rules.DestructionScope, _("范围")),
        _plain("document", _("鉴定文件")),
    ),
    "appraisal.refused.v1": (_code("reason", retention_rules.AppraisalRefusal, _("理由")),),
    "retention.key_destroyed.v1": (_plain("key", _("密钥")),),
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
    "contact.requested.v1": (_code("purpose", contact_codes.ContactPurpose, _("事由")),),
    "contact.concluded.v1": (_code("outcome", contact_codes.ContactOutcome), _code("way", contact_codes.ContactWay)),
    "contact.closed.v1": (_code("reason", contact_codes.ContactClosing, _("理由")), _people("relay", _("联络员"))),
    "deployment.manifest_adopted.v1": (_count("epoch", _("版次")),),
    "deployment.rulebook_adopted.v1": (_plain("rulebook"), _plain("calendar")),
}
