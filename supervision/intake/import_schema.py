"""The form of an imported report, as in the demonstration's ``samples.json``, and what is wrong with a file.

``expected`` and members that end in ``_cn`` are for people and are ignored; every other member must be known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marshmallow import ValidationError, post_load, pre_load

from supervision.domain.codes import Channel, Line
from supervision.intake import limits
from supervision.intake.json_fields import (
    IN_THE_FUTURE,
    Choice,
    Count,
    Flag,
    Moment,
    One,
    PersonSchema,
    Several,
    StrictSchema,
    Text,
    people_of,
)
from supervision.intake.submission import ReporterDetails, Submission

LONGEST_ID = 60
LONGEST_TITLE = 200
LONGEST_TEXT = 100_000
"""Characters of a transcript: a letter may be longer than what a form takes."""
MOST_ATTACHMENTS = 100
LARGEST_ATTACHMENT = 1024**4
LARGEST_GROUP = 100_000
LONGEST_FILE_NAME = 200
SHOWN_PROBLEMS = 50

CALLER_NUMBERS = ("caller_id", "sender_msisdn")
"""What the telephone network delivered, in ``reporter``."""

_SPEAKABLE_ID = re.compile(rf"[\w.\-]{{1,{LONGEST_ID}}}")


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing that is wrong. ``index``: of the record, from 1, 0 for the file; ``field``: path of the field."""

    index: int
    sample_id: str
    field: str
    message: str

    def __str__(self) -> str:
        record = f"第 {self.index} 条" if self.index else "文件"
        name = f"（{self.sample_id}）" if self.sample_id else ""
        return f"{record}{name}{' ' + self.field if self.field else ''}：{self.message}"


class BadImport(ValueError):
    """The file cannot be imported, and nothing of it was. One line for each problem; no content is repeated."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        lines = [str(problem) for problem in problems[:SHOWN_PROBLEMS]]
        if len(problems) > SHOWN_PROBLEMS:
            lines.append(f"另有 {len(problems) - SHOWN_PROBLEMS} 处问题未列出。")
        super().__init__("\n".join([*lines, "没有导入任何举报；请改正后重新运行。"]))
        self.problems = tuple(problems)


class ImportedPersonSchema(PersonSchema):
    """A person or unit reported; whether he is a party member decides which rules apply to him."""

    party_member = Flag(load_default=None, allow_none=True)


class ImportedReporterSchema(StrictSchema):
    """Who reports. ``caller_id``, ``sender_msisdn``: the number that the network delivered, sealed as a source."""

    name = Text(limits.NAME)
    id_no = Text(limits.ID_NO)
    phone = Text(limits.PHONE)
    political = Text(limits.POLITICAL)
    address = Text(limits.ADDRESS)
    occupation = Text(limits.OCCUPATION)
    caller_id = Text(limits.PHONE)
    sender_msisdn = Text(limits.PHONE)
    group_size = Count(LARGEST_GROUP, load_default=0, allow_none=True)

    @post_load
    def _details(self, loaded: dict[str, Any], **_how: Any) -> ReporterDetails:
        delivered = [number for name in CALLER_NUMBERS if (number := loaded.pop(name))]
        group_size = loaded.pop("group_size") or 0
        return ReporterDetails(**loaded, caller="、".join(delivered), group_size=group_size)


class AnnouncedSchema(StrictSchema):
    """A file that the report speaks of and that did not come with it."""

    name = Text(LONGEST_FILE_NAME, required=True)
    kind = Text(limits.CATEGORY)
    size = Count(LARGEST_ATTACHMENT, load_default=0, allow_none=True)


class ImportSchema(StrictSchema):
    """One record; loads as a :class:`Submission`.

    ``named``: what the reporter claims; null or absent leaves it to the rules. ``raw_text``: the transcript.
    """

    sample_id = Text(LONGEST_ID, required=True)
    channel = Choice({channel.value: channel.label for channel in Channel}, required=True)
    line = Choice({line.value: line.label for line in Line})
    received_at = Moment(required=True)
    named = Flag(load_default=None, allow_none=True)
    reporter = One(ImportedReporterSchema, load_default=ReporterDetails, allow_none=True)
    respondents = Several(ImportedPersonSchema, limits.RESPONDENTS)
    title = Text(LONGEST_TITLE)
    category = Several(Text(limits.CATEGORY, required=True), limits.CATEGORIES)
    raw_text = Text(LONGEST_TEXT, required=True)
    attachments = Several(AnnouncedSchema, MOST_ATTACHMENTS)

    @pre_load
    def _without_remarks(self, record: Any, **_how: Any) -> Any:
        return without_remarks(record) if isinstance(record, dict) else record

    @post_load
    def _submission(self, loaded: dict[str, Any], **_how: Any) -> Submission:
        return Submission(
            channel=Channel(loaded["channel"]),
            line=loaded["line"],
            occurred_at=loaded["received_at"],
            respondents=people_of(loaded["respondents"]),
            title=loaded["title"],
            categories=tuple(loaded["category"]),
            text=loaded["raw_text"],
            reporter=loaded["reporter"] or ReporterDetails(),
            announced=tuple(attachment["name"] for attachment in loaded["attachments"]),
            anonymous=loaded["named"] is False,
        )


@dataclass(frozen=True, kw_only=True, repr=False)
class ImportRecord:
    """A record that is fit to be admitted. ``record``: as it came, without remarks; only str, int, bool, null."""

    sample_id: str
    record: dict[str, Any]
    submission: Submission


def check_records(document: Any, now: datetime) -> list[ImportRecord]:
    """All records of a decoded file, or :class:`BadImport` naming each record and field that is wrong.

    ``document``: a list, or an object with ``samples`` and, ignored, ``meta``.
    """
    schema = ImportSchema()
    checked: list[ImportRecord] = []
    problems: list[Problem] = []
    seen: dict[str, int] = {}
    for index, record in enumerate(_records(document), start=1):
        sample_id = _speakable_id(record)
        try:
            submission = schema.load(record)
        except ValidationError as error:
            found = _flattened(error.normalized_messages())
            problems += [Problem(index=index, sample_id=sample_id, field=f, message=m) for f, m in found]
            continue
        wrong = _in_context(record["sample_id"], submission, seen, now)
        problems += [Problem(index=index, sample_id=sample_id, field=f, message=m) for f, m in wrong]
        seen[record["sample_id"]] = index
        checked.append(
            ImportRecord(sample_id=record["sample_id"], record=without_remarks(record), submission=submission)
        )
    if problems:
        raise BadImport(problems)
    return checked


def without_remarks(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record without what is for people only."""
    return {name: value for name, value in record.items() if name != "expected" and not name.endswith("_cn")}


def bad_file(message: str) -> BadImport:
    """The file as a whole is not what it should be."""
    return BadImport([Problem(index=0, sample_id="", field="", message=message)])


def _records(document: Any) -> list[Any]:
    if isinstance(document, dict):
        if unknown := set(document) - {"meta", "samples"}:
            raise bad_file(f"不认识的成员 {'、'.join(sorted(unknown))}；应只有 meta 和 samples。")
        document = document.get("samples")
    if not isinstance(document, list):
        raise bad_file("应是举报的数组，或含有 samples 数组的对象。")
    return document


def _in_context(
    sample_id: str, submission: Submission, seen: Mapping[str, int], now: datetime
) -> Iterator[tuple[str, str]]:
    """What only the other records and the clock can tell."""
    if sample_id in seen:
        yield "sample_id", f"与第 {seen[sample_id]} 条重复。"
    if submission.occurred_at > now:
        yield "received_at", IN_THE_FUTURE


def _speakable_id(record: Any) -> str:
    """The record's id for messages, where it looks like one; "" where it might be anything."""
    sample_id = record.get("sample_id") if isinstance(record, dict) else None
    return sample_id if isinstance(sample_id, str) and _SPEAKABLE_ID.fullmatch(sample_id) else ""


def _flattened(messages: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Each message with the path of its field: ``respondents.0.name``."""
    if isinstance(messages, dict):
        for name, inner in messages.items():
            step = "" if name == "_schema" else str(name)
            yield from _flattened(inner, ".".join(filter(None, (path, step))))
    else:
        yield from ((path, str(message)) for message in messages)
