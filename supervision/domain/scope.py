"""Not accepting (A-13): what must follow depends on the reason and on the way the report came in."""

from supervision.domain.codes import Channel, FollowUp, RefusalCode


def refusal_follow_up(refusal: RefusalCode, channel: Channel) -> FollowUp:
    """What the office must do after not accepting.

    A matter for the courts or for another body: letters, and what other bodies sent, are passed on; callers
    and visitors are told on the spot where to go, others where they look their report up. An empty accusation
    stays registered, and who can be reached is told which facts are missing (3.1); nobody is asked who he is.
    """
    if channel in {Channel.PHONE, Channel.VISIT}:
        return FollowUp.TOLD
    if channel is Channel.WEB:
        return FollowUp.STATUS_PAGE
    empty = refusal is RefusalCode.NO_SUBSTANCE
    if channel is Channel.SMS:
        return FollowUp.SMS_GUIDANCE if empty else FollowUp.TOLD
    return FollowUp.RETAINED if empty else FollowUp.FORWARDED
