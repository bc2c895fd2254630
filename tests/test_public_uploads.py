"""Uploads: whoever receives them, no byte of a file or of a form is ever on a disk in clear, not even for a moment."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.serving import make_server

from events.vocabulary.intake import ReportReceived
from supervision.platform import Platform
from supervision.web.app import create_app
from supervision.web.requests import MAX_BODY, MAX_SPOOLS, file_name, media_type
from tests.support.deployment import make_deployment
from tests.support.traces import traces
from tests.support.visitor import NAMED, Visitor

SECRET = "柳湾村危房名单只有会计见过"
NAME = "佟有田住三组老槐树下"
TEN_MB = 10 * 1024 * 1024


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    return make_deployment(tmp_path / "home", f"sqlite:///{tmp_path / 'home' / 'log.sqlite'}", site="public")


@pytest.fixture
def app(platform: Platform) -> Flask:
    app = create_app(platform)
    app.testing = True
    return app


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    return Visitor(app)


# -- while a file arrives ---------------------------------------------------------------------------------


@contextmanager
def listening(app: Flask) -> Iterator[int]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def open_spools() -> int:
    """Bytes in open files of this process that have been removed from their directory."""
    total = 0
    for name in os.listdir("/proc/self/fd"):
        try:
            if os.readlink(f"/proc/self/fd/{name}").endswith("(deleted)"):
                total += os.stat(f"/proc/self/fd/{name}").st_size
        except OSError:
            continue
    return total


def test_a_large_upload_under_way_is_nowhere_to_be_found(
    app: Flask, visitor: Visitor, platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    visitor.begin()
    cookies = "; ".join(f"{name}={visitor.client.get_cookie(name).value}" for name in ("draft", "form"))  # type: ignore[union-attr]  # both are there after begin()
    line = (SECRET + "\n").encode()
    content = line * (TEN_MB // len(line))
    head = (
        f'--b\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{visitor.hidden("csrf_token")}\r\n'
        '--b\r\nContent-Disposition: form-data; name="page"\r\n\r\nfiles\r\n'
        '--b\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\n'
    ).encode()
    tail = b"\r\n--b--\r\n"
    request = (
        "POST /report HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        f"Cookie: {cookies}\r\nContent-Length: {len(head) + len(content) + len(tail)}\r\nConnection: close\r\n\r\n"
    ).encode()
    half = len(content) // 2
    before = open_spools()
    with listening(app) as port, socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(request + head + content[:half])
        while open_spools() - before < half - 1024 * 1024:  # until the server has written most of it
            pass
        assert traces([temporary, platform.settings.home], SECRET) == []
        connection.sendall(content[half:] + tail)
        answer = connection.recv(100)
    assert b" 303 " in answer
    (directory,) = (platform.settings.home / "drafts").iterdir()
    assert sum(path.stat().st_size for path in directory.iterdir()) > len(content)
    assert traces([temporary, platform.settings.home], SECRET) == []


# -- afterwards -------------------------------------------------------------------------------------------


def test_a_report_with_files_leaves_no_word_of_it_in_any_file(
    visitor: Visitor, platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    answers = {**NAMED, "text": {"text": SECRET}, "reporter": {"name": NAME, "phone": "12000000021"}}
    code = visitor.report(answers, files=[("名单.txt", SECRET.encode()), ("大.txt", SECRET.encode() * 30_000)])
    visitor.look_up(code)
    visitor.add(SECRET, ("又一份.txt", SECRET.encode()))
    assert "您已补充 1 次" in visitor.words
    assert traces([platform.settings.home, temporary], SECRET, NAME, code) == []


def test_what_is_in_a_draft_is_in_no_file_either(visitor: Visitor, platform: Platform) -> None:
    visitor.fill({**NAMED, "text": {"text": SECRET}}, files=[("名单.txt", SECRET.encode())])
    assert traces([platform.settings.home], SECRET, NAME) == []


# -- which files are taken --------------------------------------------------------------------------------


def test_a_file_that_is_too_large_is_named_and_the_others_are_kept(
    visitor: Visitor, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = platform.settings.max_file_bytes
    visitor.begin()
    visitor.attach(("大录像.mp4", b"\0" * (limit + 1)), ("照片.jpg", b"\xff\xd8\xff"), ("空.txt", b""))
    visitor.send("files", {}, goto="files")
    assert "“大录像.mp4”超过 50 MB，没有收下" not in visitor.words  # told once, where it happened
    visitor.attach(("正好.mp4", b"\0" * limit))
    assert "已添加 2 个文件" in visitor.words and "正好.mp4" in visitor.words


def test_what_is_wrong_with_files_is_said_where_it_happened(visitor: Visitor, platform: Platform) -> None:
    visitor.begin()
    most = platform.settings.max_files
    visitor.attach(*((f"{number}.txt", b"x") for number in range(most + 1)))
    assert f"最多 {most} 个文件，“{most}.txt”没有收下" in visitor.words
    assert f"已添加 {most} 个文件" in visitor.words
    visitor.send("files", {}, remove=visitor_file(visitor))
    assert f"已添加 {most - 1} 个文件" in visitor.words
    visitor.attach(("空.txt", b""))
    assert "“空.txt”是空文件，没有收下" in visitor.words


def visitor_file(visitor: Visitor) -> str:
    """The identifier of the first file on the page."""
    return visitor.page.partition('name="remove" value="')[2].partition('"')[0]


def test_files_go_on_with_the_main_button_as_well(visitor: Visitor, platform: Platform) -> None:
    visitor.fill(files=[("照片.txt", b"x")])
    visitor.send("check", {}, goto="files")
    visitor.attach(("另一张.txt", b"y"), on="1")
    assert visitor.heading == "核对您填写的内容" and "另一张.txt" in visitor.words
    visitor.hand_in()
    event = platform.ledger.stored(platform.ledger.head(), 1)[0].event
    assert isinstance(event, ReportReceived) and event.attachments == 2


# -- bounds -----------------------------------------------------------------------------------------------


def test_a_body_without_files_is_bounded_before_it_is_read(visitor: Visitor) -> None:
    visitor.get("/")
    response = visitor.post("/", {"read": "x" * (MAX_BODY + 1)})
    assert response.status_code == 413
    assert visitor.heading == "提交的内容过大"


def test_far_too_many_files_at_once_are_refused(visitor: Visitor) -> None:
    visitor.begin()
    response = visitor.attach(*((f"{number}.txt", b"x") for number in range(MAX_SPOOLS + 1)))
    assert response.status_code == 413


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("C:\\Users\\me\\名单.xlsx", "名单.xlsx"),
        ("../../etc/passwd", "passwd"),
        ("a\u202egpj.exe", "agpj.exe"),
        ("\x00\n", "未命名文件"),
        ("长" * 300 + ".jpeg", "长" * 115 + ".jpeg"),
    ],
)
def test_a_file_keeps_the_last_part_of_its_name_without_tricks(given: str, kept: str) -> None:
    assert file_name(given) == kept


@pytest.mark.parametrize(
    ("given", "kept"),
    [("image/jpeg", "image/jpeg"), ("", "application/octet-stream"), ("a/b\r\nc", "application/octet-stream")],
)
def test_a_media_type_is_one_or_none(given: str, kept: str) -> None:
    assert media_type(given) == kept
