"""What a reporter is told of where his report stands: one of seven words and nothing else (3.1, E-08)."""

from collections.abc import Mapping

from supervision.domain.codes import ReportState, StatusWord

_WORD: Mapping[ReportState, StatusWord] = {
    ReportState.ACCEPTED: StatusWord.ACCEPTED,
    ReportState.NOT_ACCEPTED: StatusWord.NOT_IN_SCOPE,
    ReportState.REFERRED_OUT: StatusWord.PASSED_ON,
    ReportState.FORWARDED_DOWN: StatusWord.PASSED_ON,
    ReportState.ASSIGNED_DOWN: StatusWord.PASSED_ON,
    ReportState.APPEAL_ROUTED: StatusWord.PASSED_ON,
    ReportState.SUGGESTION_ROUTED: StatusWord.PASSED_ON,
    ReportState.TRANSFERRED: StatusWord.IN_HAND,
    ReportState.OBJECTION: StatusWord.IN_HAND,
    ReportState.CLOSED: StatusWord.CLOSED,
    ReportState.FED_BACK: StatusWord.FED_BACK,
}


def status_word(state: ReportState, shown: StatusWord = StatusWord.RECEIVED) -> StatusWord:
    """The word for ``state``, where ``shown`` is the one that the reporter saw before.

    Steps inside the office are no news: a report that is numbered, sent back to screening, kept as a
    duplicate, handed on under seal or filed keeps its word. A sealed report (径送) therefore only ever says
    已收到.
    """
    return _WORD.get(state, shown)
