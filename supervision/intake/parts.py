"""Which piece of a submission goes into which sealed compartment.

Evidence goes in twice: the file as it came into the source compartment, since its metadata may name its maker,
and, where the format can be cleaned, a copy without metadata into the content compartment for the handling office.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack

from supervision.domain.codes import RecusalGround
from supervision.intake.cleaning import clean_copy
from supervision.intake.judgement import Judgement
from supervision.intake.submission import Attachment, ReporterDetails, Submission
from supervision.sealing.compartments import CONTACT, CONTENT, FACTS, IDENTITY, SOURCE
from supervision.sealing.envelope import Part
from supervision.sealing.files import Source

_IDENTITY_FIELDS = ("name", "id_no", "phone", "political", "address", "occupation", "relation", "group_size")
_FACT_FIELDS = ("unit", "post", "rank", "area_code", "managed_by")


def parts_of(submission: Submission, judgement: Judgement) -> list[Part]:
    """All parts of a submission, ready to be sealed; empty fields make no part."""
    return [
        *_content(submission),
        *_facts(submission, judgement),
        *_reporter(submission.reporter),
        *_source(submission),
        *_files(submission),
    ]


def _content(submission: Submission) -> Iterator[Part]:
    yield Part(CONTENT, "title", submission.title.encode())
    yield Part(CONTENT, "text", submission.text.encode())
    yield Part(CONTENT, "respondents", _json([vars(person) for person in submission.respondents]))
    yield Part(CONTENT, "categories", _json(list(submission.categories)))
    if submission.announced:
        yield Part(CONTENT, "announced", _json(list(submission.announced)))


def _facts(submission: Submission, judgement: Judgement) -> Iterator[Part]:
    """Only what the screens of the office sort by, and who must not have it; no name of anybody reported."""
    facts = {
        "respondents": [
            {name: value for name, value in vars(person).items() if name in _FACT_FIELDS}
            for person in submission.respondents
        ],
        "categories": list(submission.categories),
        "matter_class": judgement.matter_class.value,
        "jurisdiction": judgement.jurisdiction.value,
        "jurisdiction_reason": judgement.reason,
        "excluded": [
            {"officer": officer, "reason": RecusalGround.NAMED_IN_REPORT.value}
            for officer in sorted(judgement.excluded)
        ],
    }
    yield Part(FACTS, "facts", _json(facts))


def _reporter(reporter: ReporterDetails) -> Iterator[Part]:
    told = {name: value for name in _IDENTITY_FIELDS if (value := getattr(reporter, name))}
    if told:
        yield Part(IDENTITY, "reporter", _json(told))
    if reporter.phone:
        yield Part(CONTACT, "phone", reporter.phone.encode())
    if reporter.address:
        yield Part(CONTACT, "address", reporter.address.encode())
    if reporter.preference:
        yield Part(CONTACT, "preference", reporter.preference.encode())


def _source(submission: Submission) -> Iterator[Part]:
    if submission.original:
        yield Part(SOURCE, "original", submission.original.encode())
    if submission.reporter.caller:
        yield Part(SOURCE, "caller", submission.reporter.caller.encode())


def _files(submission: Submission) -> Iterator[Part]:
    yield from file_parts(submission.attachments, submission.scans)


def file_parts(attachments: tuple[Attachment, ...], scans: tuple[Attachment, ...] = ()) -> Iterator[Part]:
    """Originals of all files for the source compartment, cleaned copies of the ``attachments`` for the content."""
    for number, file in enumerate((*attachments, *scans), start=1):
        yield Part(SOURCE, f"file.{number}.meta", _meta(file, cleaned=False))
        yield Part(SOURCE, f"file.{number}", source=_Lazy(file))
    for number, file in enumerate(attachments, start=1):
        copy = clean_copy(file)
        yield Part(CONTENT, f"file.{number}.meta", _meta(file, cleaned=copy is not None))
        if copy is not None:
            yield Part(CONTENT, f"file.{number}", source=copy)


def _meta(file: Attachment, *, cleaned: bool) -> bytes:
    return _json({"name": file.name, "media_type": file.media_type, "size": file.size, "cleaned": cleaned})


class _Lazy:
    """Opens the file at the first read and closes it at its end, so that ten files are not open at once."""

    def __init__(self, file: Attachment) -> None:
        self._file = file
        self._stack = ExitStack()
        self._source: Source | None = None

    def read(self, size: int, /) -> bytes:
        if self._source is None:
            self._source = self._stack.enter_context(self._file.open())
        chunk = self._source.read(size)
        if not chunk:
            self._stack.close()
        return chunk


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
