"""The exchange with the reporter, in a stream of its own, so that his additions and the office's commands never compete
for the same version. Who decides on a page opened before an addition is shown the addition first.

Looking at one's status is not recorded.
"""

from dataclasses import dataclass

from events.model import ActedEvent, Sealing
from events.topics import topic


@topic("correspondence.supplement_received.v1")
@dataclass(frozen=True, kw_only=True)
class SupplementReceived(ActedEvent):
    """The reporter added text or files, signed with the key derived from the 查询码."""

    report: str
    attachments: int
    sealing: Sealing


@topic("correspondence.feedback_wish_withdrawn.v1")
@dataclass(frozen=True, kw_only=True)
class FeedbackWishWithdrawn(ActedEvent):
    """The reporter no longer wants to be told the result."""

    report: str


@topic("correspondence.message_sent.v1")
@dataclass(frozen=True, kw_only=True)
class MessageSent(ActedEvent):
    """A message from an approved template is on the status page (E-08). ``template``: its code; the words are in
    the rulebook."""

    report: str
    template: str


@topic("correspondence.message_drafted.v1")
@dataclass(frozen=True, kw_only=True)
class MessageDrafted(ActedEvent):
    """Free text for the reporter, sealed to the office for the second officer's eyes and to the reporter.
    ``message``: its id within the stream."""

    report: str
    message: str
    sealing: Sealing
    reporter_sealing: Sealing


@topic("correspondence.message_approved.v1")
@dataclass(frozen=True, kw_only=True)
class MessageApproved(ActedEvent):
    """A second officer has checked that the text repeats nothing of the report (E-08); the reporter can read it now."""

    report: str
    message: str


@topic("correspondence.message_refused.v1")
@dataclass(frozen=True, kw_only=True)
class MessageRefused(ActedEvent):
    """The second officer refuses the text."""

    report: str
    message: str
    reason: str
