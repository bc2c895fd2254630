"""A cleaned copy shows what the evidence shows and tells nothing of who made it; anything odd has no copy."""

import io
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pikepdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from supervision.intake import cleaning
from supervision.intake.cleaners import pictures
from supervision.intake.cleaning import clean_copy
from supervision.intake.submission import Attachment
from supervision.sealing.files import Source

WHO = "虞承砚"
WHERE = "C:\\Users\\yuchengyan"
TELLTALES = [text.encode(encoding) for text in (WHO, "yuchengyan", "SM-G9900") for encoding in ("utf-8", "utf-16-le")]


def attached(data: bytes, name: str = "证据", media_type: str = "application/octet-stream") -> Attachment:
    @contextmanager
    def opened() -> Iterator[Source]:
        yield io.BytesIO(data)

    return Attachment(name=name, media_type=media_type, size=len(data), open=opened)


def copy_of(data: bytes, name: str = "证据", media_type: str = "application/octet-stream") -> bytes | None:
    source = clean_copy(attached(data, name, media_type))
    if source is None:
        return None
    return b"".join(iter(lambda: source.read(65536), b""))


def cleaned(data: bytes, name: str = "证据", media_type: str = "application/octet-stream") -> bytes:
    copy = copy_of(data, name, media_type)
    assert copy is not None
    return copy


# -- pictures ---------------------------------------------------------------------------------------------


def photograph(kind: str = "JPEG", orientation: int = 1) -> bytes:
    """A picture, red at the left, with camera, place and author in its metadata."""
    picture = Image.new("RGB", (60, 20), "white")
    picture.paste("red", (0, 0, 20, 20))
    exif = Image.Exif()
    exif[0x0110], exif[0x013B], exif[0x0112] = "SM-G9900", "yuchengyan", orientation
    exif.get_ifd(0x8825)[1] = "N"
    options: dict[str, object] = {"exif": exif}
    if kind == "PNG":
        texts = PngImagePlugin.PngInfo()
        texts.add_itxt("Author", WHO)
        options["pnginfo"] = texts
    if kind == "JPEG":
        options["comment"] = WHO.encode()
    if kind == "GIF":
        options = {"comment": WHO.encode()}
    data = io.BytesIO()
    picture.save(data, kind, **options)
    return data.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP"])
def test_a_picture_keeps_its_pixels_and_loses_all_else(kind: str) -> None:
    original = photograph(kind)
    assert any(mark in original for mark in TELLTALES)
    copy = cleaned(original)
    assert not any(mark in copy for mark in TELLTALES)
    with Image.open(io.BytesIO(copy)) as picture:
        assert picture.format == kind
        assert picture.size == (60, 20)
        assert dict(picture.getexif()) == {}
        red, green, blue = picture.convert("RGB").getpixel((5, 10))
        assert red > 200 and green < 80 and blue < 80


def test_a_picture_taken_with_the_camera_turned_is_upright_without_the_note_that_says_so() -> None:
    with Image.open(io.BytesIO(cleaned(photograph(orientation=6)))) as picture:
        assert picture.size == (20, 60)
        red, green, _ = picture.getpixel((10, 5))
        assert red > 200 and green < 80


def test_what_is_hidden_behind_the_end_of_a_picture_is_gone() -> None:
    assert WHO.encode() not in cleaned(photograph() + WHO.encode() * 100)


def test_an_animation_keeps_its_frames() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "green", "blue")]
    data = io.BytesIO()
    frames[0].save(data, "GIF", save_all=True, append_images=frames[1:], comment=WHO.encode(), duration=50)
    copy = cleaned(data.getvalue())
    assert WHO.encode() not in copy
    with Image.open(io.BytesIO(copy)) as picture:
        assert picture.n_frames == 3


def test_a_picture_that_unpacks_to_gigabytes_has_no_copy_and_costs_no_time() -> None:
    data = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(data, "PNG")
    started = time.monotonic()
    assert copy_of(data.getvalue()) is None
    assert time.monotonic() - started < 10


# -- PDF --------------------------------------------------------------------------------------------------


def document() -> bytes:
    """A PDF with everything that one should not have."""
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(200, 200))
    page = pdf.pages[0].obj
    pdf.docinfo["/Author"] = WHO
    with pdf.open_metadata() as metadata:
        metadata["dc:creator"] = [WHO]
    script = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=f"app.alert('{WHERE}')")
    pdf.Root["/OpenAction"] = script
    pdf.Root["/Names"] = pikepdf.Dictionary(JavaScript=pikepdf.Dictionary(Names=["a", script]))
    pdf.attachments["a.txt"] = pikepdf.AttachedFileSpec(pdf, WHO.encode(), filename="a.txt")
    note = pikepdf.Dictionary(
        Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Text, Rect=[0, 0, 10, 10], T=WHO, Contents="批注文字"
    )
    launch = pikepdf.Dictionary(
        Type=pikepdf.Name.Annot,
        Subtype=pikepdf.Name.Link,
        Rect=[0, 0, 10, 10],
        A=pikepdf.Dictionary(S=pikepdf.Name.Launch, F=WHERE),
    )
    page["/Annots"] = pdf.make_indirect(pikepdf.Array([note, launch]))
    picture = pdf.make_stream(photograph())
    picture.update({"/Type": pikepdf.Name.XObject, "/Subtype": pikepdf.Name.Image, "/Width": 60, "/Height": 20})
    picture.update({"/ColorSpace": pikepdf.Name.DeviceRGB, "/BitsPerComponent": 8})
    picture["/Filter"] = pikepdf.Name.DCTDecode
    page["/Resources"] = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=picture))
    pdf.pages[0].contents_add(b"q 60 0 0 20 10 10 cm /Im0 Do Q")
    data = io.BytesIO()
    pdf.save(data, object_stream_mode=pikepdf.ObjectStreamMode.disable, compress_streams=False)
    return data.getvalue()


def test_a_pdf_keeps_its_page_and_notes_and_loses_author_scripts_attachments_and_actions() -> None:
    copy = cleaned(document())
    with pikepdf.open(io.BytesIO(copy)) as pdf:
        assert len(pdf.pages) == 1
        assert "/Info" not in pdf.trailer
        assert not {"/Metadata", "/OpenAction", "/AA"} & set(pdf.Root.keys())
        assert len(pdf.attachments) == 0
        note, link = pdf.pages[0].obj["/Annots"]
        assert str(note["/Contents"]) == "批注文字"
        assert "/T" not in note and "/A" not in link
        picture = pdf.pages[0].obj["/Resources"]["/XObject"]["/Im0"]
        with Image.open(io.BytesIO(picture.read_raw_bytes())) as inner:
            assert inner.size == (60, 20)
        pdf.save(plain := io.BytesIO(), compress_streams=False)
    everything = plain.getvalue()
    assert b"JavaScript" not in everything and b"Launch" not in everything
    assert not any(mark in everything for mark in (*TELLTALES, WHO.encode("utf-16-be")))


def test_a_pdf_that_wants_a_password_has_no_copy() -> None:
    data = io.BytesIO()
    with pikepdf.open(io.BytesIO(document())) as pdf:
        pdf.save(data, encryption=pikepdf.Encryption(owner="a", user="b"))
    assert copy_of(data.getvalue()) is None


# -- office packages --------------------------------------------------------------------------------------

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELATIONSHIPS = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"


def package(**further: bytes) -> bytes:
    """A small DOCX by a named author, with a revision, a comment, a template path and a photograph."""
    parts: dict[str, bytes] = {
        "[Content_Types].xml": (
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            f'<Override PartName="/word/document.xml" ContentType="{MAIN}"/>'
            '<Override PartName="/docProps/core.xml" ContentType="application/xml"/></Types>'
        ).encode(),
        "_rels/.rels": (
            f'{RELATIONSHIPS}<Relationship Id="rId1" Type="{R}/officeDocument" Target="word/document.xml"/>'
            f'<Relationship Id="rId2" Type="{R}/metadata/core-properties" Target="docProps/core.xml"/>'
            "</Relationships>"
        ).encode(),
        "docProps/core.xml": f"<p><creator>{WHO}</creator><lastModifiedBy>{WHO}</lastModifiedBy></p>".encode(),
        "docProps/thumbnail.jpeg": photograph(),
        "word/document.xml": (
            f'<w:document xmlns:w="{W}" xmlns:r="{R}"><w:body><w:p w:rsidR="00AB12CD">'
            f'<w:ins w:id="1" w:author="{WHO}" w:date="2026-10-01T08:00:00Z"><w:r><w:t>正文第一句</w:t></w:r></w:ins>'
            "</w:p></w:body></w:document>"
        ).encode(),
        "word/comments.xml": (
            f'<w:comments xmlns:w="{W}"><w:comment w:id="0" w:author="{WHO}" w:initials="yuchengyan">'
            "<w:p><w:r><w:t>批注</w:t></w:r></w:p></w:comment></w:comments>"
        ).encode(),
        "word/settings.xml": (
            f'<w:settings xmlns:w="{W}" xmlns:r="{R}"><w:attachedTemplate r:id="rId9"/>'
            '<w:rsids><w:rsid w:val="00AB12CD"/></w:rsids></w:settings>'
        ).encode(),
        "word/_rels/settings.xml.rels": (
            f'{RELATIONSHIPS}<Relationship Id="rId9" Type="{R}/attachedTemplate" TargetMode="External" '
            f'Target="file:///{WHERE}\\Normal.dotm"/></Relationships>'
        ).encode(),
        "word/media/image1.jpeg": photograph(),
        "word/media/image2.png": photograph("PNG"),
    }
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as written:
        written.comment = WHO.encode()
        for name, content in {**parts, **further}.items():
            written.writestr(name, content)
    return data.getvalue()


def test_a_word_file_keeps_text_revisions_and_pictures_and_loses_names_paths_and_marks() -> None:
    copy = cleaned(package())
    with zipfile.ZipFile(io.BytesIO(copy)) as parts:
        content = {name: parts.read(name) for name in parts.namelist()}
        assert parts.comment == b""
        assert {entry.date_time for entry in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert "正文第一句".encode() in content["word/document.xml"]
    assert "批注".encode() in content["word/comments.xml"]
    everything = b"".join(content.values())
    assert not any(mark in everything for mark in (*TELLTALES, b"docProps", b"00AB12CD", b"2026-10-01"))
    with Image.open(io.BytesIO(content["word/media/image1.jpeg"])) as picture:
        assert picture.size == (60, 20)


def test_a_spreadsheet_forgets_its_printer_and_what_pointed_to_it() -> None:
    sheet = f'<worksheet xmlns:r="{R}"><pageSetup orientation="portrait" r:id="rId1"/></worksheet>'.encode()
    relationships = (
        f'{RELATIONSHIPS}<Relationship Id="rId1" Type="{R}/printerSettings" '
        'Target="../printerSettings/printerSettings1.bin"/></Relationships>'
    ).encode()
    further = {
        "xl/worksheets/sheet1.xml": sheet,
        "xl/worksheets/_rels/sheet1.xml.rels": relationships,
        "xl/printerSettings/printerSettings1.bin": b"yuchengyan's printer",
    }
    with zipfile.ZipFile(io.BytesIO(cleaned(package(**further)))) as parts:
        assert "xl/printerSettings/printerSettings1.bin" not in parts.namelist()
        assert b"rId1" not in parts.read("xl/worksheets/sheet1.xml")
        assert b"rId1" not in parts.read("xl/worksheets/_rels/sheet1.xml.rels")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("word/vbaProject.bin", b"macros"),
        ("word/embeddings/oleObject1.bin", b"an object"),
        ("word/media/image3.emf", b"a drawing"),
        ("word/extra.xml", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
        ("word/broken.xml", b"<a>"),
        ("../escape.xml", b"<a/>"),
    ],
)
def test_a_package_with_a_part_that_nobody_can_vouch_for_has_no_copy(name: str, content: bytes) -> None:
    assert copy_of(package(**{name: content})) is None


def test_a_package_that_unpacks_to_gigabytes_has_no_copy() -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as written:
        written.writestr("[Content_Types].xml", f"<Types>{MAIN}</Types>")
        for number in range(3):
            written.writestr(f"word/{number}.xml", b"<a>" + b" " * 100_000_000)
    assert copy_of(data.getvalue()) is None


# -- text and all else ------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_text_comes_out_in_one_encoding_and_with_one_line_end(encoding: str) -> None:
    data = "第一行\r\n第二行\n".encode(encoding)
    assert cleaned(data, "说明.txt", "text/plain") == "第一行\n第二行\n".encode()


def test_text_must_be_called_text_and_be_nothing_else() -> None:
    assert copy_of(b"<script>", "a.html", "text/html") is None
    assert copy_of(b"\x00\x01\x02 binary", "a.txt", "text/plain") is None


@pytest.mark.parametrize("data", [b"", b"\x00\x00\x00\x20ftypM4A ", b"ID3\x04", b"\xd0\xcf\x11\xe0", b"MZ"])
def test_a_format_that_is_not_known_has_no_copy(data: bytes) -> None:
    assert copy_of(data + bytes(100 if data else 0), "a.bin") is None


MAKERS: dict[str, Callable[[], bytes]] = {
    "jpeg": photograph,
    "png": lambda: photograph("PNG"),
    "webp": lambda: photograph("WEBP"),
    "pdf": document,
    "docx": package,
}


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(kind=st.sampled_from(sorted(MAKERS)), place=st.floats(0, 1), junk=st.binary(min_size=1, max_size=40))
def test_damaged_files_have_a_clean_copy_or_none_and_never_an_error(kind: str, place: float, junk: bytes) -> None:
    original = MAKERS[kind]()
    at = int(place * (len(original) - len(junk)))
    copy = copy_of(original[:at] + junk + original[at + len(junk) :])
    assert copy is None or not any(mark in copy for mark in TELLTALES if mark not in junk)


@given(st.binary(max_size=400))
def test_stripping_embedded_pictures_raises_nothing_unexpected(tail: bytes) -> None:
    for strip, start in ((pictures.strip_jpeg, b"\xff\xd8\xff"), (pictures.strip_png, b"\x89PNG\r\n\x1a\n")):
        try:
            strip(start + tail)
        except pictures.NotCleanable:
            continue


def test_a_parser_that_hangs_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleaning, "_PROGRAM", "import time; time.sleep(60)")
    monkeypatch.setattr(cleaning, "SECONDS", 0.5)
    started = time.monotonic()
    assert copy_of(photograph()) is None
    assert time.monotonic() - started < 10


def test_the_process_that_parses_cannot_write_a_file_and_inherits_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = (
        "import sys, os, io; sys.path.insert(0, sys.argv[1])\n"
        "from supervision.intake import cleaners\n"
        "from supervision.intake.cleaners import worker\n"
        "def clean(family, data):\n"
        f"    try: open({str(tmp_path / 'leak')!r}, 'wb', buffering=0).write(data)\n"
        "    except OSError as error: return (str(len(os.environ)) + error.strerror).encode()\n"
        "cleaners.clean = clean\n"
        "sys.exit(worker.main(sys.argv[2]))"
    )
    monkeypatch.setenv("SUPERVISION_DATABASE_URL", "postgresql://secret")
    monkeypatch.setattr(cleaning, "_PROGRAM", program)
    copy = cleaned(photograph())
    assert copy.endswith(b"File too large")
    assert int(copy.removesuffix(b"File too large")) <= 1  # LC_CTYPE, which Python itself sets
    assert (tmp_path / "leak").read_bytes() == b""
