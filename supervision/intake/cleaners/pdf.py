"""PDF: written anew without author, history, scripts, attachments, signatures and links that call somewhere.

Only what can still be reached from the pages is written, so former versions of the file go too.
"""

from __future__ import annotations

import io

import pikepdf

from supervision.intake.cleaners import NotCleanable
from supervision.intake.cleaners.pictures import strip_jpeg

MAX_OBJECTS = 300_000
MAX_DEPTH = 100

_DROPPED = frozenset(
    (
        *("/Metadata", "/PieceInfo", "/LastModified", "/CreatorInfo", "/SpiderInfo", "/Thumb", "/ID"),
        *("/OpenAction", "/AA", "/JS", "/JavaScript", "/XFA", "/Next"),
        *("/EmbeddedFiles", "/AF", "/Collection", "/EF"),
        *("/Perms", "/DSS", "/Legal"),
    )
)
"""Keys that go wherever they stand."""

_ANNOTATION = ("/T", "/M", "/CreationDate", "/NM", "/RC")
"""Author, times and name of a note; on a form field ``/T`` is the field's own name and stays."""

_DROPPED_ANNOTATIONS = frozenset(
    ("/FileAttachment", "/Sound", "/Movie", "/Screen", "/RichMedia", "/3D", "/PrinterMark", "/TrapNet")
)
_HARMLESS_ACTIONS = frozenset(("/GoTo", "/Named"))


def clean(data: bytes) -> bytes:
    """Raises NotCleanable, and what pikepdf raises; a file that wants a password is one of these."""
    with pikepdf.open(io.BytesIO(data)) as document:
        if len(document.objects) > MAX_OBJECTS:
            raise NotCleanable
        if "/Info" in document.trailer:
            del document.trailer["/Info"]
        for thing in document.objects:
            _scrub(thing, 0)
        for page in document.pages:
            _scrub_annotations(page.obj)
        copy = io.BytesIO()
        document.save(copy, deterministic_id=True, fix_metadata_version=False, encryption=False)
        return copy.getvalue()


def _scrub(thing: pikepdf.Object, depth: int) -> None:
    """Clean one object and what lies directly in it; what is only referred to has its own turn."""
    if depth > MAX_DEPTH:
        raise NotCleanable
    children: list[object]  # pikepdf hands out numbers and truth values as Python's own
    if isinstance(thing, pikepdf.Array):
        children = list(thing.as_list())
    elif isinstance(thing, pikepdf.Dictionary | pikepdf.Stream):
        _scrub_keys(thing)
        children = [thing[key] for key in thing.keys()]  # noqa: SIM118 - iterating a stream reads its bytes
    else:
        return
    for child in children:
        if isinstance(child, pikepdf.Object) and not child.is_indirect:
            _scrub(child, depth + 1)


def _scrub_keys(thing: pikepdf.Object) -> None:
    for key in _DROPPED.intersection(thing.keys()):
        del thing[key]
    action = thing.get("/A")
    if isinstance(action, pikepdf.Dictionary) and action.get("/S") not in _HARMLESS_ACTIONS:
        del thing["/A"]
    if thing.get("/FT") == "/Sig" and "/V" in thing:
        del thing["/V"]
    if "/Rect" in thing and "/Subtype" in thing and thing["/Subtype"] != "/Widget":
        for key in set(_ANNOTATION).intersection(thing.keys()):
            del thing[key]
    if isinstance(thing, pikepdf.Stream) and thing.get("/Filter") == "/DCTDecode":
        # Written raw: the filter stays as it is, only the segments around the compressed pixels go.
        parameters = thing.get("/DecodeParms")
        thing.write(strip_jpeg(thing.read_raw_bytes()), filter=pikepdf.Name.DCTDecode)
        if parameters is not None:
            thing["/DecodeParms"] = parameters


def _scrub_annotations(page: pikepdf.Object) -> None:
    annotations = page.get("/Annots")
    if isinstance(annotations, pikepdf.Array):
        kept = [
            one
            for one in annotations.as_list()
            if isinstance(one, pikepdf.Dictionary) and one.get("/Subtype") not in _DROPPED_ANNOTATIONS
        ]
        page["/Annots"] = pikepdf.Array(kept)
