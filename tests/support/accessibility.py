"""axe-core on an open page: the rules of WCAG 2.2, levels A and AA."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = Path(__file__).parents[1] / "node_modules" / "axe-core" / "axe.min.js"

# target-size is off by default, although it is a rule of WCAG 2.2 AA.
RUN = """async () => (await axe.run(document, {
  runOnly: {type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']},
  rules: {'target-size': {enabled: true}},
  resultTypes: ['violations'],
})).violations"""


def assert_accessible(page: Page) -> None:
    """Raises AssertionError that names each violated rule, the elements and what axe says about them.

    The source is evaluated over the debugging protocol, so the page keeps its Content-Security-Policy.
    """
    page.wait_for_load_state()  # sizes count only once the style sheets are there
    with _timers(page):
        page.evaluate(AXE.read_text(encoding="utf-8"))
        violations = page.evaluate(RUN)
    assert not violations, f"{page.url} fails WCAG 2.2 AA:\n" + "\n".join(map(_describe, violations))


@contextmanager
def _timers(page: Page) -> Iterator[None]:
    """axe waits on timers, which a page with scripts switched off has not. They are on for the check alone:
    what the page drew without scripts stays as it is, and its own scripts stay unread."""
    if not page.evaluate("matchMedia('(scripting: none)').matches"):
        yield
        return
    # The session stays attached, since leaving it would switch scripts on for good; it knows its own last
    # word only, so an "off" has to come before the "on".
    session = page.context.new_cdp_session(page)
    for disabled in (True, False):
        session.send("Emulation.setScriptExecutionDisabled", {"value": disabled})
    try:
        yield
    finally:
        session.send("Emulation.setScriptExecutionDisabled", {"value": True})


def _describe(violation: dict[str, Any]) -> str:
    lines = [f"- {violation['id']}: {violation['help']}"]
    for node in violation["nodes"]:
        lines.append(f"    {node['html']}")
        lines.extend(f"      {line.strip()}" for line in node["failureSummary"].splitlines()[1:])
    return "\n".join(lines)
