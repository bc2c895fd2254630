"""Words of officers, sealed under the key of what they are about; and the wraps that a transfer makes."""

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


def note_key(work: Work) -> tuple[str, bytes]:
    """Compartment and key that words on the case are sealed under. Raises Refused where the officer has none."""
    return ContentReader(work.desk, work.officer, work.case.report, work.case.clue).note_key


def sealed_note(work: Work, stream_id: UUID, text: str) -> SealedBundle | None:
    """``text`` sealed for an event of ``stream_id``; None where there is nothing to seal."""
    if not text.strip():
        return None
    compartment, key = note_key(work)
    return seal_note(work.desk.manifest, stream_id, key, text.strip(), work.desk.rng, compartment=compartment)


def wraps_for(work: Work, stream_id: UUID, offices: Sequence[str]) -> list[SealedBundle]:
    """Wraps for ``offices`` of all keys that they need, one bundle a key, for an event of ``stream_id``.

    Of the content, or of the de-identified version in its place. Raises Refused where the officer has no key, or an
    office none in the manifest, or where somebody who is reported has an office's key or may get it (SoD-7).
    """
    desk = work.desk
    _refuse_keys_of_those_reported(work, offices)
    petition = all(desk.settings.office(office).kind == "petition" for office in offices)
    keys = ContentReader(desk, work.officer, work.case.report, work.case.clue).keys_for(petition_office=petition)
    try:
        bundles = [wrap_to_offices(desk.manifest, stream_id, key, offices, compartment) for compartment, key in keys]
    except CannotSeal as problem:
        raise Refused("no_office_key", str(problem)) from None
    return [desk.retention.layered(bundle, work.case.report.received_at) for bundle in bundles]


def _refuse_keys_of_those_reported(work: Work, offices: Sequence[str]) -> None:
    for officer in work.case.report.named_here:
        account = work.desk.account(officer)
        if not account.departed and not {account.office, *account.grants}.isdisjoint(offices):
            raise Refused(
                "SoD-7",
                "接收单位有须回避的人员持有该单位密钥，不能把本件封给它；请改选其他单位，没有其他单位可办的，径送上级。",
            )


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
