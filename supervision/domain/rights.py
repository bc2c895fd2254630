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
    """SoD-4, SoD-5: what a sealed identity may be opened for.

    The last two need an approval of the municipality.
    """

    VERIFY_NAMED = "verify_named", "核实实名情况"
    PROTECTION = "protection", "保护检举控告人"
    REWARD = "reward", "奖励检举控告人"
    EVIDENCE = "evidence", "查证需要检举控告人作证"
    LEGAL_ORDER = "legal_order", "司法机关依法调取"
    FALSE_ACCUSATION = "false_accusation", "查处诬告陷害"
    TRACE_ANONYMOUS = "trace_anonymous", "追查匿名检举控告人"

    @property
    def needs_municipal_approval(self) -> bool:
        """Whether an approval number of the municipality is mandatory (A-29, A-39, SoD-5)."""
        return self in {OpeningPurpose.FALSE_ACCUSATION, OpeningPurpose.TRACE_ANONYMOUS}
