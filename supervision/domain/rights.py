"""Codes of the rights of those who report and of those reported: clearing, retaliation, opening an identity."""

from supervision.domain.codes import Code


class ClarificationMode(Code):
    """A-50: how a person wrongly reported is cleared; every other mode comes with ``written``."""

    WRITTEN = "written", "书面澄清"
    IN_PERSON = "in_person", "当面澄清"
    MEETING = "meeting", "会议澄清"
    CIRCULAR = "circular", "通报澄清"


class Retaliation(Code):
    """E-12: the ten forms of retaliation against a reporter or his near relatives."""

    VIOLENCE = "violence", "以暴力、威胁或者非法限制人身自由侵犯人身安全"
    PROPERTY = "property", "非法占有或者损毁财产"
    FRAMING = "framing", "栽赃陷害"
    DEFAMATION = "defamation", "侮辱、诽谤"
    DISMISSAL = "dismissal", "违反规定解聘、辞退或者开除"
    PAY = "pay", "克扣或者变相克扣工资、奖金、福利待遇"
    PUNISHMENT = "punishment", "无故给予处分或者故意加重处分"
    CAREER = "career", "在职务晋升、岗位安排、评级考核等方面刁难、压制"
    REQUESTS = "requests", "对合理申请应当批准而不批准或者拖延"
    OTHER = "other", "其他侵害合法权益的行为"


class OpeningPurpose(Code):
    """SoD-4, SoD-5: what a seal of the custodians may be opened for.

    Who may ask for which, and for what: :mod:`supervision.domain.opening_rules`.
    """

    VERIFY_NAMED = "verify_named", "核实实名情况"
    SUPPLEMENT = "supplement", "核实举报情况、补充取证"
    PROTECTION = "protection", "保护检举控告人"
    REWARD = "reward", "奖励检举控告人"
    FEEDBACK = "feedback", "答复反馈"
    EVIDENCE = "evidence", "查证需要检举控告人作证"
    LEGAL_ORDER = "legal_order", "司法机关依法调取"
    FALSE_ACCUSATION = "false_accusation", "查处诬告陷害"
    TRACE_ANONYMOUS = "trace_anonymous", "追查匿名检举控告人"

    @property
    def needs_municipal_approval(self) -> bool:
        """Whether an approval number of the municipality is mandatory (A-29, A-39, SoD-5)."""
        return self in {OpeningPurpose.FALSE_ACCUSATION, OpeningPurpose.TRACE_ANONYMOUS}

    @property
    def needs_number(self) -> bool:
        """Whether the request must name a document: that approval, or the order of a judicial body."""
        return self.needs_municipal_approval or self is OpeningPurpose.LEGAL_ORDER


class OriginalPurpose(Code):
    """A-47, E-04: what a handler may need the original narrative for, where there is a de-identified version."""

    DETAILS = "details", "去标识版缺少办理所需的细节"
    EVIDENCE = "evidence", "须与证据材料逐项核对"
    WORDING = "wording", "须核对原文用语"


class OpeningState(Code):
    """Where an opening stands."""

    REQUESTED = "requested", "待审批"
    APPROVED = "approved", "已批准，待保管人提交"
    REFUSED = "refused", "未批准"
    OPENED = "opened", "已启封"
    CLOSED = "closed", "已终止"


class OpeningRefusal(Code):
    """Why a leader does not agree to an opening."""

    NOT_NEEDED = "not_needed", "没有必要启封"
    OTHER_WAY = "other_way", "可以通过联络员等其他方式办理"
    NO_BASIS = "no_basis", "依据或者批准文件不足"
    SHOULD_WITHDRAW = "should_withdraw", "申请人应当回避"


class DeclineReason(Code):
    """Why a custodian does not contribute."""

    CHECK_FAILED = "check_failed", "签名或者材料核对不符"
    NO_BASIS = "no_basis", "认为依据不足"
    RECUSAL = "recusal", "本人应当回避"


class ClosingReason(Code):
    """Why an opening is over without having been opened."""

    WITHDRAWN = "withdrawn", "申请人撤回"
    REVOKED = "revoked", "审批人撤销"
    EXPIRED = "expired", "逾期未用"
