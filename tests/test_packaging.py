"""The locks hold what the project says it needs, fixed by hash, and no address of any registry."""

import json
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCKS = ("requirements.lock", "requirements-dev.lock")


def pins(lock: str) -> dict[str, str]:
    """{package: version and the marker of where it applies} of a lock file."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9][a-z0-9.-]*)==(.+?) \\$", text, re.MULTILINE))


def named(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=~! ]", requirement)[0] for requirement in requirements}


def test_the_run_lock_pins_every_dependency() -> None:
    assert named(PROJECT["dependencies"]) <= pins("requirements.lock").keys()


def test_the_test_lock_pins_every_tool() -> None:
    assert named(PROJECT["optional-dependencies"]["dev"]) <= pins("requirements-dev.lock").keys()


def test_what_runs_is_tested_in_the_same_versions() -> None:
    assert pins("requirements.lock").items() <= pins("requirements-dev.lock").items()


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_its_hashes(lock: str) -> None:
    entries = re.split(r"^(?=[a-z0-9])", (ROOT / lock).read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    assert len(entries) == len(pins(lock))
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("file", [*LOCKS, "tests/package-lock.json"])
def test_no_lock_says_where_to_download_from(file: str) -> None:
    assert re.findall(r"\w+://.*|--\S*(?:index|links).*", _read(file)) == []


def test_the_npm_lock_pins_axe_core_by_hash() -> None:
    lock = json.loads(_read("tests/package-lock.json"))
    wanted = json.loads(_read("tests/package.json"))["devDependencies"]
    assert {name: lock["packages"][f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert all(entry["integrity"].startswith("sha512-") for name, entry in lock["packages"].items() if name)


def test_every_dependency_says_why_it_is_here() -> None:
    lines = re.findall(r'^    "[a-z][a-z0-9-]*(?:\[\w+\])?>=.*$', _read("pyproject.toml"), re.MULTILINE)
    assert len(lines) == len(PROJECT["dependencies"]) + len(PROJECT["optional-dependencies"]["dev"])
    assert [line for line in lines if not re.search(r"# \S+ \S+", line)] == []


def _read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")
