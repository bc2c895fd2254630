"""DOCX, XLSX and PPTX: the package is written anew without names, accounts, times, paths and revision marks.

A package is a zip of parts; relationships (``.rels``) and ``[Content_Types].xml`` say how they hang together. Parts
that only tell of the maker are dropped together with what points to them, XML is rewritten, pictures are stripped.
A package with any other part (macros, embedded objects, exotic pictures) has no copy: what nobody here knows,
nobody here can call clean.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Callable, Mapping
from urllib.parse import unquote

from lxml import etree  # type: ignore[import-untyped]  # ships no types

from supervision.intake.cleaners import NotCleanable, pictures

MAX_PARTS = 4000
MAX_BYTES = 256 * 1024 * 1024
"""Of all parts together when unpacked."""

_TYPES = "[Content_Types].xml"
_MAIN_PART = re.compile(
    r"application/vnd\.openxmlformats-officedocument\."
    r"(wordprocessingml\.document|spreadsheetml\.sheet|presentationml\.presentation)\.main\+xml"
)
_DROPPED = re.compile(
    r"docProps/.*|customXml/.*|.*/printerSettings[0-9]*\.bin|word/people\.xml"
    r"|xl/(persons|threadedComments|revisions)/.*|ppt/changesInfos/.*|ppt/revisionInfo\.xml"
)
_DROPPED_ELEMENTS = frozenset(
    (
        *("rsids", "docId", "attachedTemplate", "mailMerge", "docVars"),
        *("absPath", "revisionPtr", "fileSharing"),
    )
)
_DROPPED_ATTRIBUTES = re.compile(r"rsid.*|date|dateutc|documentid|uid", re.IGNORECASE)
_BLANK_ATTRIBUTES = re.compile(
    r"author|initials|userid|providerid|username|displayname|email|(refreshed|lastmodified|lastedited)by",
    re.IGNORECASE,
)
_AUTHOR_ELEMENTS = frozenset(("author", "cmAuthor"))
_RELATIONSHIPS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_NOWHERE = "about:blank"
_EPOCH = (1980, 1, 1, 0, 0, 0)

_PICTURES: Mapping[str, Callable[[bytes], bytes]] = {
    ".jpeg": pictures.strip_jpeg,
    ".jpg": pictures.strip_jpeg,
    ".png": pictures.strip_png,
    ".gif": pictures.clean,
}


def clean(data: bytes) -> bytes:
    """Raises NotCleanable, and what zipfile and lxml raise."""
    parts = _unpacked(data)
    if _TYPES not in parts or len(_MAIN_PART.findall(parts[_TYPES].decode("utf-8", "replace"))) != 1:
        raise NotCleanable
    copy = io.BytesIO()
    with zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            if not _DROPPED.fullmatch(name):
                entry = zipfile.ZipInfo(name, date_time=_EPOCH)
                entry.compress_type = zipfile.ZIP_DEFLATED
                package.writestr(entry, _cleaned(name, content, parts))
    return copy.getvalue()


def _unpacked(data: bytes) -> dict[str, bytes]:
    """All parts by name. Believes no length that the package states."""
    parts: dict[str, bytes] = {}
    room = MAX_BYTES
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        entries = [entry for entry in package.infolist() if not entry.is_dir()]
        names = {entry.filename for entry in entries}
        if len(entries) > MAX_PARTS or len(names) != len(entries):
            raise NotCleanable
        for entry in entries:
            if entry.filename.startswith("/") or ".." in entry.filename.split("/") or "\\" in entry.filename:
                raise NotCleanable
            with package.open(entry) as part:
                content = part.read(room + 1)
            room -= len(content)
            if room < 0:
                raise NotCleanable
            parts[entry.filename] = content
    return parts


def _cleaned(name: str, content: bytes, parts: Mapping[str, bytes]) -> bytes:
    ending = "." + name.rpartition(".")[2].lower()
    if ending in _PICTURES:
        return _PICTURES[ending](content)
    if ending not in (".xml", ".rels", ".vml"):
        raise NotCleanable
    root = _parsed(content)
    if name == _TYPES:
        _forget_overrides(root)
    elif ending == ".rels":
        _clean_relationships(name, root)
    else:
        _scrub(root, _lost_references(name, parts))
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)


def _parsed(content: bytes) -> etree._Element:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    root = etree.fromstring(content, parser)
    if root.getroottree().docinfo.doctype:
        raise NotCleanable
    return root


def _scrub(root: etree._Element, lost: frozenset[str]) -> None:
    """Remove who, when and where from one part, and references to what has been dropped."""
    for element in list(root.iter(etree.Element)):
        local = etree.QName(element).localname
        parent = element.getparent()
        if local in _DROPPED_ELEMENTS and parent is not None:
            parent.remove(element)
            continue
        for key, value in list(element.attrib.items()):
            attribute = etree.QName(key)
            reference = attribute.namespace == _RELATIONSHIPS and value in lost
            if reference or _DROPPED_ATTRIBUTES.fullmatch(attribute.localname):
                del element.attrib[key]
            elif _BLANK_ATTRIBUTES.fullmatch(attribute.localname) or (
                local in _AUTHOR_ELEMENTS and attribute.localname == "name"
            ):
                element.attrib[key] = ""
        if local in _AUTHOR_ELEMENTS:
            element.text = ""


def _forget_overrides(root: etree._Element) -> None:
    for element in list(root):
        if _DROPPED.fullmatch(element.get("PartName", "").lstrip("/")):
            root.remove(element)


def _clean_relationships(name: str, root: etree._Element) -> None:
    """Forget what was dropped; let what points out of the package point nowhere."""
    for element in list(root):
        if element.get("TargetMode") == "External":
            element.set("Target", _NOWHERE)
        elif _DROPPED.fullmatch(_target(name, element)):
            root.remove(element)


def _lost_references(name: str, parts: Mapping[str, bytes]) -> frozenset[str]:
    """Identifiers by which the part ``name`` refers to parts that are dropped."""
    directory, base = posixpath.split(name)
    relationships = posixpath.join(directory, "_rels", f"{base}.rels")
    if relationships not in parts:
        return frozenset()
    return frozenset(
        element.get("Id", "")
        for element in _parsed(parts[relationships])
        if element.get("TargetMode") != "External" and _DROPPED.fullmatch(_target(relationships, element))
    )


def _target(relationships: str, element: etree._Element) -> str:
    """The part that a relationship points to; its path is relative to the directory above ``_rels``."""
    base = posixpath.dirname(posixpath.dirname(relationships))
    target = unquote(element.get("Target", ""))
    return posixpath.normpath(target.lstrip("/") if target.startswith("/") else posixpath.join(base, target))
