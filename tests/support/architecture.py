"""Reads the imports of the source and says where an arrow of the architecture points the wrong way.

    supervision -> projections -> events            inside supervision: web -> casework -> domain

A rule is about every module below a package. Imports count wherever they stand: at the top, inside a
function, or for the type checker only.
"""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

OURS = ("events", "projections", "supervision")
DATABASES = ("sqlalchemy", "psycopg", "sqlite3", "alembic")
WEB = ("flask", "flask_babel", "flask_smorest", "flask_wtf", "jinja2", "werkzeug", "gunicorn")
IO = (
    *(
        "asyncio",
        "concurrent",
        "fcntl",
        "glob",
        "http",
        "importlib",
        "io",
        "logging",
        "multiprocessing",
        "os",
    ),
    *("pathlib", "random", "secrets", "shutil", "signal", "socket", "sqlite3", "ssl", "subprocess", "sys"),
    *("tempfile", "threading", "time", "urllib"),
)
# What a pure function gets as an argument instead.
CLOCKS_AND_CHANCE = {"now", "today", "utcnow", "uuid1", "uuid4"}
INPUT_AND_OUTPUT = {"open", "print", "input"}

# Exceptions, each with its reason: (module, import) and file.
ALLOWED_WITH_REASON = {
    (
        "supervision.domain.rulebook",
        "importlib.resources",
    ): "versioned rules are constants kept as data files",
}
LINES = 400
LONGER_WITH_REASON: dict[str, str] = {}

TEMPLATE_QUERY = re.compile(r"\.(execute|query|scalars?)\s*\(")


@dataclass(frozen=True)
class Rule:
    """What the modules below `package` may import.

    may: the only packages of ours that they may import, None for all; may_not: forbidden whoever made them;
    pure: also no third party, no I/O of the standard library, no clock and no chance.
    """

    package: str
    why: str
    may: tuple[str, ...] | None = None
    may_not: tuple[str, ...] = ()
    pure: bool = False


RULES = (
    Rule("events", "what has happened knows no business rule and no screen", may=("events",), may_not=WEB),
    Rule("events.model", "an event is a fact, not an action", may=("events",), pure=True),
    Rule("events.vocabulary", "an event is a fact, not an action", may=("events",), pure=True),
    Rule(
        "projections",
        "read models follow from events alone",
        may=("events", "projections"),
        may_not=WEB,
    ),
    Rule(
        "supervision.domain",
        "the rules are decided without a database, a clock or a network",
        may=("events.model", "events.vocabulary", "supervision.domain"),
        pure=True,
    ),
    Rule(
        "supervision.sealing",
        "a seal depends on keys and bytes, not on who asks for it",
        may=("events", "supervision.sealing"),
        may_not=(*DATABASES, *WEB),
    ),
    Rule("supervision.intake", "a channel does not know its pages", may_not=("supervision.web", *WEB)),
    Rule("supervision.casework", "a use case does not know its pages", may_not=("supervision.web", *WEB)),
    Rule("supervision.web", "a page asks for rows, it does not query", may_not=(*DATABASES, "eventsourcing")),
)


def violations(root: Path) -> list[str]:
    """Every breach below `root`, one line each: where, what, why."""
    sources = {_module(path, root): path for package in OURS for path in sorted((root / package).rglob("*.py"))}
    found: list[str] = []
    for module, path in sources.items():
        text = path.read_text(encoding="utf-8")
        found += _breaches(module, ast.parse(text), set(sources), is_package=path.name == "__init__.py")
        found += _too_long(path.relative_to(root).as_posix(), text)
    for template in sorted((root / "supervision").rglob("*.html")):
        if query := TEMPLATE_QUERY.search(template.read_text(encoding="utf-8")):
            found.append(f"{template.relative_to(root)}: {query[0]}…): a template knows no query")
    return found


def _breaches(module: str, tree: ast.Module, known: set[str], *, is_package: bool) -> Iterator[str]:
    package = module if is_package else module.rpartition(".")[0]
    for rule in (rule for rule in RULES if _below(module, (rule.package,))):
        for line, target in _imports(tree, package, known):
            if not _allowed(rule, target) and not _excepted(module, target):
                yield f"{module}:{line} imports {target}: {rule.why}"
        if rule.pure:
            for line, name in _impure_calls(tree):
                yield f"{module}:{line} calls {name}(): {rule.why}"


def _allowed(rule: Rule, target: str) -> bool:
    if _below(target, rule.may_not):
        return False
    if _below(target, OURS):
        return rule.may is None or _below(target, rule.may)
    return not rule.pure or (target.split(".")[0] in sys.stdlib_module_names and not _below(target, IO))


def _excepted(module: str, target: str) -> bool:
    return any(module == place and _below(target, (name,)) for place, name in ALLOWED_WITH_REASON)


def _imports(tree: ast.Module, package: str, known: set[str]) -> Iterator[tuple[int, str]]:
    """(line, absolute name) of each imported module; `from a import b` is a.b if that is a module of ours."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join(filter(None, [*parents, base]))
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                yield node.lineno, inner if inner in known else base


def _impure_calls(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        match node.func:
            case ast.Attribute(attr=name) if name in CLOCKS_AND_CHANCE:
                yield node.lineno, name
            case ast.Name(id=name) if name in CLOCKS_AND_CHANCE | INPUT_AND_OUTPUT:
                yield node.lineno, name


def _too_long(name: str, text: str) -> Iterator[str]:
    lines = text.count("\n")
    if lines > LINES and name not in LONGER_WITH_REASON:
        yield f"{name}: {lines} lines, more than {LINES}: split it, or give the reason in LONGER_WITH_REASON"


def _module(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _below(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)
