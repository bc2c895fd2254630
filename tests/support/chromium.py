"""The machine's own Chromium, driven by Playwright as a reporter or an officer would use it."""

import ctypes
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}

ARGUMENTS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A page that asks for anything beyond this machine gets nothing, and its test sees that.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]


def find_chromium() -> str | None:
    """The browser's path: the one that CHROMIUM names, or the first that is installed, or None."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


def driver_can_start() -> bool:
    """Whether Playwright's driver finds the one library that it needs beyond libc and libstdc++."""
    try:
        ctypes.CDLL("libatomic.so.1")
    except OSError:
        return sys.platform != "linux"
    return True


@contextmanager
def running_chromium(path: str) -> Iterator[Browser]:
    """A headless Chromium with an empty profile of its own. Its sandbox needs a user other than root."""
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS + sandbox)
        try:
            yield browser
        finally:
            browser.close()


class Pages:
    """Opens pages, each in a context (cookies, storage) of its own, and remembers what went wrong in them."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self.complaints: list[str] = []

    def __call__(
        self, base_url: str | None = None, *, javascript: bool = True, phone: bool = False, **options: object
    ) -> Page:
        """A blank page of 1280x900, or 390x844 with touch when `phone`.

        With `base_url`, `page.goto("/status")` is enough; `options` go to Playwright's new_context. A second
        page in the same session: `page.context.new_page()`.
        """
        context = self._browser.new_context(
            base_url=base_url,
            java_script_enabled=javascript,
            viewport=PHONE if phone else DESKTOP,  # type: ignore[arg-type]  # a TypedDict of the same two keys
            is_mobile=phone,
            has_touch=phone,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            **options,  # type: ignore[arg-type]  # passed through as they are
        )
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        context.on("console", self._hear)
        self._contexts.append(context)
        return context.new_page()

    def close(self) -> None:
        """Closes every context that was opened here."""
        for context in self._contexts:
            context.close()

    def _hear(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            self.complaints.append(message.text)
