"""What every channel hands in, in one form: who is reported, what happened, who reports, with which files."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime

from supervision.domain.codes import Channel
from supervision.sealing.files import Source


@dataclass(frozen=True, kw_only=True)
class ReportedPerson:
    """A person or unit reported, as the reporter put it; every field may be empty ("不清楚").

    ``area``: place in the reporter's words; ``area_code``: GB/T 2260, where it is known. ``party_member``: None
    where nothing was said of it.
    """

    name: str = ""
    unit: str = ""
    post: str = ""
    rank: str = ""
    area: str = ""
    area_code: str = ""
    managed_by: str = ""
    party_member: bool | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class ReporterDetails:
    """Who reports; every field is optional. ``preference``: how and when to be reached. ``caller``: number that
    the network delivered."""

    name: str = ""
    id_no: str = ""
    phone: str = ""
    political: str = ""
    address: str = ""
    occupation: str = ""
    relation: str = ""
    preference: str = ""
    caller: str = ""
    group_size: int = 0


@dataclass(frozen=True, kw_only=True, repr=False)
class Attachment:
    """A delivered file. ``open``: gives a fresh reader of its plaintext each time; ``size`` in bytes."""

    name: str
    media_type: str
    size: int
    open: Callable[[], AbstractContextManager[Source]]


@dataclass(frozen=True, kw_only=True, repr=False)
class Submission:
    """A report as it stands at the door.

    ``occurred_at``: business time (call, postmark, visit). ``original``: wording as it came in, for letters and
    messages whose ``text`` is a transcript. ``scans``: files that identify the reporter and go to the source
    compartment alone; ``attachments``: evidence. ``announced``: files spoken of but not delivered, by name.
    ``superior_declared``: the reporter himself says that the superior is competent. ``own_staff``: those respondents of
    whom he says that they work in this office; ``own_duties``: what they do, codes of
    :class:`~supervision.domain.exclusion.Duty`. ``anonymous``: he asks to be
    treated as anonymous; what he says of himself is sealed all the same.
    """

    channel: Channel
    line: str
    occurred_at: datetime
    respondents: tuple[ReportedPerson, ...] = ()
    title: str = ""
    categories: tuple[str, ...] = ()
    text: str = ""
    reporter: ReporterDetails = field(default_factory=ReporterDetails)
    feedback_wanted: bool = True
    attachments: tuple[Attachment, ...] = ()
    scans: tuple[Attachment, ...] = ()
    announced: tuple[str, ...] = ()
    original: str = ""
    superior_declared: bool = False
    own_staff: tuple[ReportedPerson, ...] = ()
    own_duties: tuple[str, ...] = ()
    anonymous: bool = False

    def without_caller(self) -> Submission:
        """The same without the number that the network delivered."""
        return replace(self, reporter=replace(self.reporter, caller=""))
