"""What relay officers say and write: fixed for each purpose, word by word.

Until the person has confirmed it, nothing is said but “核实您是否反映过问题”: somebody else may have picked up, or
read the text on the screen of a locked telephone. No script has a place to fill in, so no name, no content and nobody's
office can get into one. The words are law of the program, not of a county: there is no setting for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from supervision.domain.contact_codes import ContactPurpose

QUESTION = "核实您是否反映过问题"

_P = ContactPurpose
_ASK = f"您好，打扰了。只想{QUESTION}。"


@dataclass(frozen=True)
class Script:
    """``ask``: the first words of a call; ``confirmed``: only after a clear yes from the reporter himself;
    ``otherwise``: whoever else answers, or a no; ``asked_back``: to any question. ``text``: of an SMS and of a letter.
    """

    confirmed: str
    ask: str = _ASK
    otherwise: str = "好的，没有别的事，打扰了。"
    asked_back: str = "我只负责核实这一件事，不了解其他情况，也不会向您询问别的。"
    text: str = f"您好，想{QUESTION}。如是您本人，请回复方便通话的时间；如不是，请不必理会。"

    @property
    def words(self) -> tuple[str, ...]:
        """All that can be said or written."""
        return (self.ask, self.confirmed, self.otherwise, self.asked_back, self.text)


SCRIPTS: Mapping[ContactPurpose, Script] = {
    _P.VERIFICATION: Script("谢谢，已经记下。没有别的事，不需要您再说什么。"),
    _P.ACCEPTANCE: Script("您反映的问题属于受理范围，已经受理。以后的进度，请凭查询码自行查询。"),
    _P.ROUTING: Script("您反映的问题不在这里办理。应当向哪里提出，请凭查询码自行查询，或者约时间当面说明。"),
    _P.RESULT: Script("您反映的问题已经办结，经办人员想当面向您说明。您什么时间、在哪里方便？"),
    _P.EXPLANATION: Script("您提出的不同意见已有说明，经办人员想当面向您说明。您什么时间、在哪里方便？"),
    _P.SUPPLEMENT: Script("想请您补充一些情况。请凭查询码补充；也可以约时间当面谈。电话里请不要说具体内容。"),
}
