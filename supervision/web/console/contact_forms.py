"""What the pages of contacts ask for: the purpose of a request, what came of it. Nowhere free text."""

from __future__ import annotations

from supervision.casework.forms import CommandForm, choice, day, dynamic_choice
from supervision.domain.contact_codes import ContactOutcome, ContactWay


class RequestForm(CommandForm):
    """For what the reporter is to be contacted."""

    purpose = dynamic_choice("事由", "purposes")


class ConcludeForm(CommandForm):
    """What came of it."""

    outcome = choice("结果", ContactOutcome)
    way = choice("联系方式", ContactWay)
    on = day("联系日期")
