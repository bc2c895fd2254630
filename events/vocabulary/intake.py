"""What happens at the door: a receipt is issued and a report, or a sealed report, is received.

``receipt.issued.v1`` has a constant state and a stream and salt derived from the 查询码, so the code alone
recomputes its leaf; the report that it stands for is always the very next event of the log.
"""

from dataclasses import dataclass

from events.model import ActedEvent, Event, Sealing
from events.topics import topic


@topic("receipt.issued.v1")
@dataclass(frozen=True, kw_only=True)
class ReceiptIssued(Event):
    """A 查询码 was given out. Says nothing else on purpose; signed with the key derived from the code."""


@topic("report.received.v1")
@dataclass(frozen=True, kw_only=True)
class ReportReceived(ActedEvent):
    """A report came in (接收, A-07). The receipt of it starts the statutory clocks.

    ``reference``: random public reference. ``channel``: letter, visit, phone, web, sms or transfer_in.
    ``line``: "12380", "12388" or "". ``receiving_office``: the office whose keys the content is sealed to.
    ``named``: the claim as it came in, "named" or "anonymous"; verified later (A-24).
    ``attachments``: files delivered; ``announced``: files spoken of but not delivered.
    ``reporter_signing_key``, ``reporter_kem_key``: Base64 public keys derived from the 查询码, "" without one.
    """

    reference: str
    channel: str
    line: str
    receiving_office: str
    named: str
    feedback_wanted: bool
    attachments: int
    announced: int
    reporter_signing_key: str
    reporter_kem_key: str
    sealing: Sealing


@topic("sealed_report.received.v1")
@dataclass(frozen=True, kw_only=True)
class SealedReportReceived(ActedEvent):
    """A report for the superior came in and was sealed to the superior's keys at the door (径送, A-15).

    Says that one came and nothing about it: no category, no named claim, no number of files.
    """

    reference: str
    channel: str
    receiving_office: str
    reporter_signing_key: str
    reporter_kem_key: str
    sealing: Sealing
