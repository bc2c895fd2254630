"""docs/operations.md names commands, options, settings and defaults that there are."""

from __future__ import annotations

import re
from dataclasses import MISSING, fields
from pathlib import Path

import click
import pytest

from supervision.cli import main
from supervision.settings import Settings

TEXT = (Path(__file__).parent.parent / "docs" / "operations.md").read_text("utf-8")

#: What is set otherwise than in settings.toml, or cannot be left out.
NO_OPTIONS = {"site", "demonstration"}

_LINE = re.compile(r"(?:^    |`)(supervision [a-z][^`#\n]*)", re.MULTILINE)


def commands() -> list[str]:
    """Each command line of the text, up to its comment."""
    return sorted({line.strip() for line in _LINE.findall(TEXT)})


def found(line: str) -> tuple[click.Command, list[str]]:
    """The command of a line, and the words that follow it."""
    command: click.Command = main
    words = line.split()[1:]
    while words and isinstance(command, click.Group):
        inner = command.get_command(click.Context(command), words[0].split("|")[0])
        assert inner is not None, f"there is no command {words[0]!r} in: {line}"
        command, words = inner, words[1:]
    return command, words


@pytest.mark.parametrize("line", commands())
def test_a_command_of_the_text_exists_with_its_options(line: str) -> None:
    command, words = found(line)
    known = {option for parameter in command.params for option in parameter.opts}
    named = {word.strip("[],.;)") for word in words if word.startswith(("--", "[--"))}
    assert named <= known


def test_there_are_commands_to_check() -> None:
    assert len(commands()) > 25


def test_every_setting_that_may_be_left_out_is_listed_with_its_default() -> None:
    rows = {
        name: default
        for name, default in re.findall(r"^\| `([a-z_]+)` \| `?([^|`]*?)`? \|", TEXT, re.MULTILINE)
        if name in {field.name for field in fields(Settings)}
    }
    expected = {field.name: field.default for field in fields(Settings) if field.default is not MISSING}
    written = {name: _toml(default) for name, default in expected.items() if name not in NO_OPTIONS}
    assert rows == written


def _toml(value: object) -> str:
    """A default as it would be written."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[]"
    return f'"{value}"' if isinstance(value, str) else f"{value}"
