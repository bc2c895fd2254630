"""The arrows of the architecture hold: supervision -> projections -> events, web -> casework -> domain.

The checker is itself checked on small trees that break one rule each, so that green says something.
"""

from pathlib import Path

import pytest

from tests.support.architecture import ALLOWED_WITH_REASON, LINES, LONGER_WITH_REASON, violations

ROOT = Path(__file__).parents[1]


def plant(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def test_every_arrow_points_the_right_way() -> None:
    assert "\n".join(violations(ROOT)) == ""


def test_no_exception_outlives_its_reason() -> None:
    for name in LONGER_WITH_REASON:
        assert (ROOT / name).read_text(encoding="utf-8").count("\n") > LINES
    for module, imported in ALLOWED_WITH_REASON:
        assert imported in (ROOT / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")


EVENTS = "events/log.py"
PROJECTIONS = "projections/queue.py"
DOMAIN = "supervision/domain/report.py"
SEALING = "supervision/sealing/envelope.py"
INTAKE = "supervision/intake/letter.py"
CASEWORK = "supervision/casework/desk.py"
PACKAGE = "supervision/casework/__init__.py"
WEB = "supervision/web/console.py"

WRONG = {
    "events know no read model": (EVENTS, "import projections.queue", "projections.queue"),
    "events know no business rule": (EVENTS, "from supervision.domain import x", "supervision.domain"),
    "events know no web framework": (EVENTS, "from flask import g", "flask"),
    "an event does no I/O": ("events/vocabulary/report.py", "import os", "os"),
    "read models know no use case": (PROJECTIONS, "from supervision import casework", "supervision"),
    "read models know no web framework": (PROJECTIONS, "import flask", "flask"),
    "the domain knows no database": (DOMAIN, "from sqlalchemy import select", "sqlalchemy"),
    "the domain knows no third party": (DOMAIN, "import cryptography.fernet", "cryptography"),
    "the domain knows no file": (DOMAIN, "from pathlib import Path", "pathlib"),
    "the domain knows no log": (DOMAIN, "from events.ledger import Ledger", "events.ledger"),
    "the domain knows no read model": (DOMAIN, "import projections", "projections"),
    "the domain knows no use case": (DOMAIN, "from ..casework import desk", "supervision.casework"),
    "the domain has no clock": (DOMAIN, "x = date.today()", "today()"),
    "the domain throws no dice": (DOMAIN, "x = uuid4()", "uuid4()"),
    "the domain opens no file": (DOMAIN, "x = open('a')", "open()"),
    "a seal knows no rule": (SEALING, "from supervision.domain import x", "supervision.domain"),
    "a seal knows no database": (SEALING, "import sqlalchemy", "sqlalchemy"),
    "a channel knows no page": (INTAKE, "from supervision.web import x", "supervision.web"),
    "a use case knows no page": (CASEWORK, "from .. import web", "supervision.web"),
    "a use case knows no web framework": (CASEWORK, "from flask import request", "flask"),
    "a page does not query": (WEB, "import sqlalchemy.orm", "sqlalchemy.orm"),
    "an import in a function counts": (EVENTS, "def f():\n    import supervision", "supervision"),
    "an import for types counts": (EVENTS, "if TYPE_CHECKING:\n    import supervision", "supervision"),
    "a package's own file counts": (PACKAGE, "from ..web import x", "supervision.web"),
    "a template knows no query": ("supervision/web/t/a.html", "{{ db.execute('x') }}", ".execute("),
    "a file stays readable": (EVENTS, "x = 1\n" * (LINES + 1), f"{LINES + 1} lines"),
}


@pytest.mark.parametrize(("name", "text", "named"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_arrow_is_found_and_named(tmp_path: Path, name: str, text: str, named: str) -> None:
    plant(tmp_path, {"supervision/casework/__init__.py": "", "supervision/web/__init__.py": ""})
    (found,) = violations(plant(tmp_path, {name: text}))
    assert named in found


def test_the_arrows_that_are_meant_are_free(tmp_path: Path) -> None:
    files = {
        "events/__init__.py": "",
        "events/model.py": "from dataclasses import dataclass\nfrom uuid import UUID",
        "events/vocabulary/report.py": "from ..model import Event",
        EVENTS: "import os\nfrom sqlalchemy import select\nfrom .model import Event",
        PROJECTIONS: "from events.model import Event\nfrom sqlalchemy import select",
        DOMAIN: "from datetime import date\nfrom events import model\nimport events.vocabulary",
        SEALING: "import os\nfrom cryptography import x\nfrom events.model import Sealing",
        CASEWORK: "from supervision.domain import report\nimport projections.queue",
        WEB: "from flask import g\nfrom supervision.casework import desk\nfrom . import x",
        "supervision/web/t/a.html": "{{ forms.select(field) }}",
    }
    assert violations(plant(tmp_path, files)) == []
