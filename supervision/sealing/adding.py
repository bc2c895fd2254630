"""Adding to what is sealed already: notes under the data key of what they are about, and wraps for more readers.

Who can read a report can read what colleagues noted on it, and nobody else can; so a note is sealed under the very
data key of the report's content and needs no wraps of its own. A later transfer then wraps one key, not one
for each note. Where a report has a de-identified version, that version's key takes the place of the content's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from uuid import UUID

from events.custody import EnvelopeRow
from events.model import SealedItem
from supervision.sealing.binding import Rng
from supervision.sealing.compartments import CONTENT, check_field
from supervision.sealing.envelope import SealedBundle, sealing_of
from supervision.sealing.errors import CannotSeal
from supervision.sealing.keys import KemPublicKey
from supervision.sealing.manifest import KeyManifest
from supervision.sealing.payload import seal_envelope
from supervision.sealing.wraps import wrap_whole


def seal_note(
    manifest: KeyManifest,
    stream_id: UUID,
    data_key: bytes,
    text: str,
    rng: Rng,
    field: str = "note",
    compartment: str = CONTENT,
) -> SealedBundle:
    """Seal an officer's words for an event of ``stream_id`` under a key of the report concerned.

    ``data_key``: 32 bytes, opened in the officer's session; ``compartment``: whose key it is, content or deidentified.
    The stream may be the report's, its clue's or its correspondence; the commitment in the event is made for that
    stream. Raises CannotSeal.
    """
    check_field(compartment, field)
    place = manifest.place(stream_id, compartment)
    data, size_class = seal_envelope(place, data_key, field, text.encode(), rng)
    sha256 = hashlib.sha256(data).digest()
    item = SealedItem(compartment=compartment, field=field, kind="envelope", sha256=sha256.hex(), size_class=size_class)
    return SealedBundle(
        sealing=sealing_of(manifest, [wrap_whole(place, data_key, [])], [item]),
        envelopes=(EnvelopeRow(sha256=sha256, stream_id=stream_id, data=data),),
    )


def wrap_to_offices(
    manifest: KeyManifest, stream_id: UUID, data_key: bytes, offices: Sequence[str], compartment: str = CONTENT
) -> SealedBundle:
    """Let more offices of the manifest read: one sealing without items, a wrap for each office.

    ``stream_id``: of the event that will carry it; ``compartment``: whose key it is, content or deidentified. Raises
    CannotSeal for an office without a key, or no office.
    """
    if not offices:
        raise CannotSeal("没有可封给的机构。请核对接收单位。")
    place = manifest.place(stream_id, compartment)
    key = wrap_whole(place, data_key, [manifest.office(office).kem for office in offices])
    return SealedBundle(sealing=sealing_of(manifest, [key], []), wraps=key.rows)


def wrap_to_officer(manifest: KeyManifest, stream_id: UUID, data_key: bytes, officer: KemPublicKey) -> SealedBundle:
    """Let one officer read a content key that his office has not: for the original behind a de-identified version.

    ``officer``: his key as his signed enrolment introduced it, which no manifest has. Two persons decide on it before.
    """
    key = wrap_whole(manifest.place(stream_id, CONTENT), data_key, [officer])
    return SealedBundle(sealing=sealing_of(manifest, [key], []), wraps=key.rows)
