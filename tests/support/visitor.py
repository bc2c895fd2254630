"""A visitor of the public site without a browser: keeps cookies, sends the forms of the pages as a browser would."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterable, Mapping
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

Values = Mapping[str, str | list[str]]

ANSWERS: Mapping[str, Values] = {
    "level": {"level": "village", "unit": "青禾乡柳湾村"},
    "who": {"name-1": "仇广田", "unit-1": "青禾乡柳湾村", "post-1": "村党支部书记", "area-1": "云岫县青禾乡"},
    "category": {"category": ["4.1"], "other": "低保名额给了亲戚"},
    "text": {"text": "全村报了11户危房，其中4户是他的本家。\n有一户老房子补了2.6万元。"},
    "files": {},
    "identity": {"identity": "anonymous", "feedback": "yes"},
}
"""An anonymous report on the secretary of a village, page by page."""

NAMED: Mapping[str, Values] = {
    **ANSWERS,
    "identity": {"identity": "named", "feedback": "yes"},
    "reporter": {"name": "佟有田", "phone": "12000000021", "preference": "晚上七点以后"},
}


class Visitor:
    """One browser. ``address``: whom the server sees; the loopback is never throttled."""

    def __init__(self, app: Flask, address: str = "127.0.0.1") -> None:
        self.client: FlaskClient = app.test_client()
        self.address = address
        self.page = ""

    def get(self, path: str) -> TestResponse:
        """Open a page, wherever it leads."""
        return self._shown(self.client.get(path, follow_redirects=True, environ_base=self._peer))

    def post(self, path: str, values: Mapping[str, Any], *, follow: bool = True) -> TestResponse:
        """Send a form of the page that is open, and by default go where the answer leads."""
        data = {"csrf_token": self._token(), **values}
        return self._shown(self.client.post(path, data=data, follow_redirects=follow, environ_base=self._peer))

    # -- the report form ----------------------------------------------------------------------------------

    def begin(self) -> TestResponse:
        """Read the start page and begin."""
        self.get("/")
        return self.post("/", {"read": "yes"})

    def send(self, page: str, values: Mapping[str, Any], **button: str) -> TestResponse:
        """Send one page of the form by its main button or by another one."""
        return self.post("/report", {"page": page, **values, **button})

    def attach(self, *files: tuple[str, bytes], **button: str) -> TestResponse:
        """Send files (name, content) from the page of files."""
        uploads = [(io.BytesIO(content), name) for name, content in files]
        return self.send("files", {"files": uploads}, **(button or {"add": "1"}))

    def fill(self, answers: Mapping[str, Values] = ANSWERS, files: Iterable[tuple[str, bytes]] = ()) -> TestResponse:
        """Begin and go through all pages up to the summary."""
        response = self.begin()
        for page, values in answers.items():
            if page == "files" and files:
                self.attach(*files)
            response = self.send(page, values)
        return response

    def hand_in(self) -> str:
        """Press 提交 on the summary; gives the 32 digits that the receipt shows."""
        self.send("check", {}, submit="1")
        return self.code()

    def report(self, answers: Mapping[str, Values] = ANSWERS, files: Iterable[tuple[str, bytes]] = ()) -> str:
        """All of it; gives the code."""
        self.fill(answers, files)
        return self.hand_in()

    # -- the status page ----------------------------------------------------------------------------------

    def look_up(self, code: str) -> TestResponse:
        """Ask for the status of a report."""
        self.get("/status")
        return self.post("/status", {"action": "look", "code": code})

    def add(self, text: str, *files: tuple[str, bytes], **values: str) -> TestResponse:
        """Add to the report whose status is shown."""
        uploads = [(io.BytesIO(content), name) for name, content in files]
        hidden = {"action": "add", "number": self.hidden("number")}
        return self.post("/status", {**hidden, "text": text, "files": uploads, **values})

    # -- reading pages ------------------------------------------------------------------------------------

    @property
    def words(self) -> str:
        """The words of the page that is open, without markup."""
        body = self.page.partition("<main")[2]
        return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body)))

    @property
    def heading(self) -> str:
        """The h1 of the page."""
        found = re.search(r"<h1[^>]*>(.*?)</h1>", self.page, re.S)
        return html.unescape(re.sub(r"<[^>]+>|\s", "", found[1])) if found else ""

    def hidden(self, name: str) -> str:
        """The value of a hidden field."""
        found = re.search(rf'type="hidden" name="{name}" value="([^"]*)"', self.page)
        return found[1] if found else ""

    def code(self) -> str:
        """The code on the receipt that is shown; "" where none is."""
        found = re.search(r'id="receipt-code"[^>]*>(.*?)</div>', self.page, re.S)
        return re.sub(r"\D", "", re.sub(r"<[^>]+>", "", found[1])) if found else ""

    @property
    def _peer(self) -> dict[str, str]:
        return {"REMOTE_ADDR": self.address}

    def _token(self) -> str:
        return self.hidden("csrf_token")

    def _shown(self, response: TestResponse) -> TestResponse:
        if response.mimetype == "text/html":
            self.page = response.get_data(as_text=True)
        return response
