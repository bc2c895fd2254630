"""What all commands have in common: a failure is one clear line on standard error and exit status 1."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import click

from supervision.failures import expected, line_of


class Failed(click.ClickException):
    """One line on standard error, exit status 1."""

    def show(self, file: Any = None) -> None:
        click.echo(self.message, err=True)


def one_line_on_failure(command: Callable[..., None]) -> Callable[..., None]:
    """Turn the failures that a person can do something about into one line."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except expected() as problem:
            raise Failed(line_of(problem)) from None

    return run


class Commands(click.Group):
    """The commands; a call that is not understood is answered like any other failure."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        with _understood():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        with _understood():
            return super().invoke(ctx)


@contextmanager
def _understood() -> Iterator[None]:
    """Click would print the usage and end with 2."""
    try:
        yield
    except click.exceptions.NoArgsIsHelpError as bare:
        click.echo(bare.format_message())
        raise click.exceptions.Exit(0) from None
    except click.UsageError as wrong:
        path = wrong.ctx.command_path if wrong.ctx else "supervision"
        raise Failed(f"{path}：用法不对（{wrong.format_message()}）；用法见 {path} --help。") from None
