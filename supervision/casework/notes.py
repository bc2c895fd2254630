"""Words of officers, sealed under the content key of the report they are about."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from events.custody import CustodyBatch
from events.model import Sealing
from supervision.casework.actions import Work
from supervision.casework.content import ContentReader
from supervision.domain.refusal import Refused
from supervision.sealing.adding import seal_note, wrap_to_offices
from supervision.sealing.envelope import SealedBundle
from supervision.sealing.errors import CannotSeal


def content_key(work: Work) -> bytes:
    """The content key of the case's report. Raises Refused where the officer has none."""
    return ContentReader(work.desk, work.officer, work.case.report, work.case.clue).data_key


def sealed_note(work: Work, stream_id: UUID, text: str) -> SealedBundle | None:
    """``text`` sealed for an event of ``stream_id``; None where there is nothing to seal."""
    if not text.strip():
        return None
    return seal_note(work.desk.manifest, stream_id, content_key(work), text.strip(), work.desk.rng)


def wraps_for(work: Work, stream_id: UUID, offices: Sequence[str]) -> list[SealedBundle]:
    """Wraps of all content keys of the case for ``offices``, one bundle a key, for an event of ``stream_id``.

    Raises Refused where the officer has no key, or an office none in the manifest.
    """
    reader = ContentReader(work.desk, work.officer, work.case.report, work.case.clue)
    try:
        return [wrap_to_offices(work.desk.manifest, stream_id, key, offices) for key in reader.data_keys]
    except CannotSeal as problem:
        raise Refused("no_office_key", str(problem)) from None


def sealing_of(bundle: SealedBundle | None) -> Sealing | None:
    """What the event says of a bundle."""
    return bundle.sealing if bundle else None


def custody_of(*bundles: SealedBundle | None) -> CustodyBatch:
    """What custody gets from some bundles."""
    present = [bundle for bundle in bundles if bundle is not None]
    return CustodyBatch(
        envelopes=tuple(row for bundle in present for row in bundle.envelopes),
        wraps=tuple(row for bundle in present for row in bundle.wraps),
        files=tuple(row for bundle in present for row in bundle.files),
    )
