"""Pictures: decoded and encoded anew, so that only the pixels remain; no place, time, camera, thumbnail or comment.

Pictures inside other documents keep their compressed pixels; only the segments around these are dropped
(:func:`strip_jpeg`, :func:`strip_png`).
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator

from PIL import Image, ImageCms, ImageOps, ImageSequence

from supervision.intake.cleaners import NotCleanable

MAX_PIXELS = 80_000_000
MAX_FRAMES = 300
JPEG_QUALITY = 90

_FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
_KEPT_MODES = ("1", "L", "LA", "RGB", "RGBA")


def clean(data: bytes) -> bytes:
    """A picture of the same format, upright, in sRGB. Raises NotCleanable, and what Pillow raises."""
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
        width, height = picture.size
        frames = getattr(picture, "n_frames", 1) if picture.format in ("GIF", "WEBP") else 1
        if frames > MAX_FRAMES or width * height * frames > MAX_PIXELS:
            raise NotCleanable
        return _animated(picture) if frames > 1 else _still(picture)


def _still(picture: Image.Image) -> bytes:
    kind = "JPEG" if picture.format == "MPO" else str(picture.format)  # MPO: a JPEG with further pictures behind
    bare = _bare(picture)
    if kind == "JPEG" and bare.mode not in ("L", "RGB"):
        bare = bare.convert("RGB")
    options = {"JPEG": {"quality": JPEG_QUALITY}, "WEBP": {"quality": JPEG_QUALITY}}.get(kind, {})
    return _encoded(bare, kind, **options)


def _animated(picture: Image.Image) -> bytes:
    frames, durations = [], []
    for frame in ImageSequence.Iterator(picture):
        durations.append(int(frame.info.get("duration", 100)))
        frames.append(_bare(frame).convert("RGBA"))
    return _encoded(frames[0], str(picture.format), save_all=True, append_images=frames[1:], duration=durations, loop=0)


def _bare(picture: Image.Image) -> Image.Image:
    """The pixels alone, turned as the camera meant them."""
    profile = picture.info.get("icc_profile")
    upright = ImageOps.exif_transpose(picture)
    if upright.mode == "P":
        upright = upright.convert("RGBA" if "transparency" in upright.info else "RGB")
    if profile and upright.mode in ("RGB", "CMYK"):
        upright = _to_srgb(upright, profile)
    if upright.mode == "CMYK":
        upright = upright.convert("RGB")
    if upright.mode not in _KEPT_MODES:
        raise NotCleanable
    upright.info = {}
    return upright


def _to_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    """In sRGB, because the profile itself goes: it names the camera or the screen."""
    try:
        converted = ImageCms.profileToProfile(
            picture,
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            outputMode="RGB",
        )
    except (ImageCms.PyCMSError, OSError):
        return picture
    return converted or picture


def _encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    copy = io.BytesIO()
    picture.save(copy, kind, **options)
    return copy.getvalue()


# -- pictures inside documents ----------------------------------------------------------------------------

_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_MARKER = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")
_ADOBE = 0xEE
_APP0, _APP15, _COMMENT = 0xE0, 0xEF, 0xFE
_JFIF = b"JFIF\x00"
_JFIF_LENGTH = 16
"""Of a JFIF header without thumbnail."""


def strip_jpeg(data: bytes) -> bytes:
    """The same compressed picture without application segments, comments and whatever follows its end.

    The Adobe segment stays, since it says how colours are coded. Raises NotCleanable.
    """
    if data[:2] != b"\xff\xd8":
        raise NotCleanable
    kept = [data[:2]]
    at = 2
    while marker := _MARKER.search(data, at):
        kept.append(data[at : marker.start()])  # compressed pixels behind a start of scan
        code = data[marker.end() - 1]
        if code == _EOI:
            return b"".join((*kept, b"\xff\xd9"))
        length = int.from_bytes(data[marker.end() : marker.end() + 2], "big")
        if length < 2:
            raise NotCleanable
        at = marker.end() + length
        segment = data[marker.end() : at]
        if _is_picture(code, segment):
            kept.append(bytes((0xFF, code)) + segment)
    raise NotCleanable


def _is_picture(code: int, segment: bytes) -> bool:
    if code == _APP0:
        return segment[2:7] == _JFIF and len(segment) == _JFIF_LENGTH
    return code == _ADOBE or not (_APP0 <= code <= _APP15 or code == _COMMENT)


_PNG = b"\x89PNG\r\n\x1a\n"
_CHUNKS = frozenset((b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"bKGD", b"pHYs"))


def strip_png(data: bytes) -> bytes:
    """The same compressed picture without texts, times, profiles and whatever follows its end."""
    if data[:8] != _PNG:
        raise NotCleanable
    return _PNG + b"".join(chunk for name, chunk in _png_chunks(data) if name in _CHUNKS)


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_PNG)
    while at + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        yield name, data[at : at + 12 + length]
        if name == b"IEND":
            return
        at += 12 + length
    raise NotCleanable
