"""The exchange with the reporter of one report: additions, messages, the wish not to be told (E-08)."""

from __future__ import annotations

from uuid import UUID

from events.model import Sealing
from events.vocabulary import correspondence as facts
from supervision.domain.aggregate import Aggregate, Stamp, applies
from supervision.domain.refusal import Refused


class Correspondence(Aggregate):
    """All that passed between the office and the reporter of one report. Its stream id derives from the report's."""

    def __init__(self, stream_id: UUID) -> None:
        super().__init__(stream_id)
        self.feedback_wish_withdrawn = False
        self.supplements = 0
        self.drafts: dict[str, facts.MessageDrafted] = {}

    def add_supplement(self, stamp: Stamp, *, report: UUID, attachments: int, sealing: Sealing) -> None:
        """The reporter adds text or files."""
        self.record(facts.SupplementReceived, stamp, report=str(report), attachments=attachments, sealing=sealing)

    def withdraw_feedback_wish(self, stamp: Stamp, *, report: UUID) -> None:
        """The reporter no longer wants to be told; saying so twice changes nothing."""
        if not self.feedback_wish_withdrawn:
            self.record(facts.FeedbackWishWithdrawn, stamp, report=str(report))

    def send_template(self, stamp: Stamp, *, report: UUID, template: str) -> None:
        """Put a message of an approved template on the status page."""
        self.record(facts.MessageSent, stamp, report=str(report), template=template)

    def draft_message(
        self, stamp: Stamp, *, report: UUID, message: str, sealing: Sealing, reporter_sealing: Sealing
    ) -> None:
        """Free text, to be checked by a second officer before the reporter can read it."""
        self.record(
            facts.MessageDrafted,
            stamp,
            report=str(report),
            message=message,
            sealing=sealing,
            reporter_sealing=reporter_sealing,
        )

    def approve_message(self, stamp: Stamp, message: str) -> None:
        """The second officer lets it out."""
        draft = self._draft_for_other(stamp, message)
        self.record(facts.MessageApproved, stamp, report=draft.report, message=message)

    def refuse_message(self, stamp: Stamp, message: str, reason: str) -> None:
        """The second officer does not let it out."""
        draft = self._draft_for_other(stamp, message)
        self.record(facts.MessageRefused, stamp, report=draft.report, message=message, reason=reason)

    def _draft_for_other(self, stamp: Stamp, message: str) -> facts.MessageDrafted:
        draft = self.drafts.get(message)
        if draft is None:
            raise Refused("no_draft", "该留言不在待复核之列，可能已由他人处理；请刷新页面。")
        if draft.actor == stamp.actor:
            raise Refused("two_officers", "自由文本须由另一名工作人员复核；起草人不能复核自己的留言。")
        return draft

    @applies(facts.SupplementReceived)
    def _supplemented(self, event: facts.SupplementReceived) -> None:
        self.supplements += 1

    @applies(facts.FeedbackWishWithdrawn)
    def _withdrawn(self, event: facts.FeedbackWishWithdrawn) -> None:
        self.feedback_wish_withdrawn = True

    @applies(facts.MessageSent)
    def _sent(self, event: facts.MessageSent) -> None:
        """Shown by the projection; nothing to decide on it."""

    @applies(facts.MessageDrafted)
    def _drafted(self, event: facts.MessageDrafted) -> None:
        self.drafts[event.message] = event

    @applies(facts.MessageApproved)
    def _approved(self, event: facts.MessageApproved) -> None:
        del self.drafts[event.message]

    @applies(facts.MessageRefused)
    def _refused(self, event: facts.MessageRefused) -> None:
        del self.drafts[event.message]
