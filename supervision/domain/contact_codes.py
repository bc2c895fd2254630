"""Codes of the use of the contact compartment: for what, where it stands, what came of it."""

from supervision.domain.codes import Code


class ContactPurpose(Code):
    """What relay officers may contact a reporter for. Who may ask for which, and when: ``contact_rules``."""

    VERIFICATION = "verification", "核实是否本人反映"
    ACCEPTANCE = "acceptance", "受理告知"
    ROUTING = "routing", "不予受理、转送等去向告知"
    RESULT = "result", "处理结果反馈"
    EXPLANATION = "explanation", "异议说明"
    SUPPLEMENT = "supplement", "约请补充情况"


class ContactState(Code):
    """Where one use stands."""

    REQUESTED = "requested", "待联络员办理"
    USED = "used", "已查看，待登记结果"
    CONCLUDED = "concluded", "已登记结果"
    CLOSED = "closed", "未使用，已终止"


class ContactWay(Code):
    """How the reporter was contacted; the wording is fixed (``contact_scripts``)."""

    PHONE = "phone", "电话"
    SMS = "sms", "短信"
    LETTER = "letter", "信件"


class ContactOutcome(Code):
    """What came of it. Only ``reached`` is a notice given."""

    REACHED = "reached", "已联系到本人"
    DENIED = "denied", "本人表示没有反映过问题"
    NOT_REACHED = "not_reached", "未联系到"
    REFUSED = "refused", "本人不愿联系"
    WRONG_PERSON = "wrong_person", "号码或者地址不是本人的"


class ContactClosing(Code):
    """Why a request is over without having been used."""

    WITHDRAWN = "withdrawn", "申请人撤回"
    EXPIRED = "expired", "逾期未用"
    BAD_SHARE = "bad_share", "联络员的份额不符"
