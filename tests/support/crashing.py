"""Deaths on purpose: a child process plays a scene and is killed (SIGKILL) just before a chosen line of the product.

No product code knows of it. The child traces itself: each line of the files under suspicion that it is about to run
is a step, and before the chosen one it kills itself. What it has said before is in the pipe, and what a process has
written to a pipe survives it: so whoever watches knows exactly what was acknowledged.

Starting Python and loading the product takes a second, so a :class:`Nursery` does it once and forks a child for
each life. ``python -m tests.support.crashing`` is the nursery's process.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, NamedTuple, TypeAlias

from tests.support.power_loss import watch_files

ROOT = Path(__file__).parents[2]

EVERY = os.environ.get("SUPERVISION_EVERY_CRASH") == "1"
"""Whether to die before every line (half an hour), not before some of them (seconds)."""

MOST_TIMES = 4
"""How often at one line: what a loop does four times it does a hundred times."""

Say: TypeAlias = Callable[..., None]
Scene: TypeAlias = Callable[[Say], None]
"""What a child does; it says what has been done as soon as that is durable. Made by a play from its arguments."""


class Point(NamedTuple):
    """Just before a line of a product file runs, the ``time``-th time in a scene."""

    file: str
    line: int
    time: int

    @contextmanager
    def blamed(self) -> Iterator[None]:
        """What fails in the block is told together with the point."""
        try:
            yield
        except BaseException as error:
            error.add_note(f"after a death before {self.file}:{self.line}, the {self.time}. time")
            raise


@dataclass(frozen=True)
class Life:
    """``said``: what the child has acknowledged, in order. ``steps``: the lines it came by, if it was traced.

    ``turns``: those around which a file changed. ``files``: what it did to files, as
    :func:`tests.support.power_loss.lose_power` wants it.
    """

    said: list[list[Any]]
    died: bool
    steps: list[Point] = field(repr=False)
    turns: list[Point] = field(repr=False)
    files: list[list[Any]] = field(repr=False)


class Nursery:
    """Children of one loaded process, one life after the other."""

    def __enter__(self) -> Nursery:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.crashing"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()

    def live(
        self,
        play: Callable[..., Scene],
        *arguments: object,
        traced: Iterable[str] = (),
        die_at: Point | None = None,
        watched: Path | None = None,
        home: Path | None = None,
    ) -> Life:
        """Let a child play, to the end or until it dies at a point in the ``traced`` files, or of itself.

        ``play``: a function of a module, called in the child with ``arguments`` as text. ``watched``: a directory;
        what is done to files in it is told, and what is needed to undo it kept beside it. ``home``: a directory;
        steps after which something in it has changed are told apart from the others.
        """
        assert self._process.stdin and self._process.stdout
        order = {
            "play": [play.__module__, play.__name__],
            "arguments": [str(argument) for argument in arguments],
            "traced": _product_files(traced),
            "die_at": die_at,
            "watched": str(watched) if watched else None,
            "home": str(home) if home else None,
        }
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        said: list[list[Any]] = []
        files: list[list[Any]] = []
        steps: list[Point] = []
        turns: list[Point] = []
        for line in self._process.stdout:
            kind, *what = json.loads(line)
            if kind == "said":
                said.append(what)
            elif kind == "file":
                files.append(what)
            elif kind == "steps":
                steps, turns = ([Point(*point) for point in points] for points in what)
            else:
                assert kind == "end" and what[0] in (0, -signal.SIGKILL), f"the scene failed, see above: {what}"
                return Life(said, what[0] != 0, steps, turns, files)
        raise AssertionError("the nursery died")

    def points(
        self, play: Callable[..., Scene], *arguments: object, traced: Iterable[str], home: Path, stride: int
    ) -> list[Point]:
        """Where to die in a scene that is played once to its end.

        Before those lines between which something under ``home`` changes, the first two times, before every
        ``stride``-th other line, and at the very end; with SUPERVISION_EVERY_CRASH=1 before every line, the first
        four times.
        """
        traced = list(traced)
        life = self.live(play, *arguments, traced=traced, home=home)
        assert not life.died
        for name in traced:
            assert any(point.file.startswith(name) for point in life.steps), f"nothing happens in {name} any more"
        if EVERY:
            return [point for point in life.steps if point.time <= MOST_TIMES]
        some = {point for point in life.turns if point.time <= 2}
        some.update([point for point in life.steps if point.time == 1][::stride])
        return [point for point in life.steps if point in some or point is life.steps[-1]]


def _product_files(names: Iterable[str]) -> list[str]:
    """Paths from the root of the repository; a directory stands for all files in it."""
    found: list[Path] = []
    for name in names:
        path = ROOT / name
        inside = sorted(path.rglob("*.py")) if path.is_dir() else [path]
        assert inside and all(one.is_file() for one in inside), f"{name} is gone: name the files to die in anew"
        found += inside
    return [str(path) for path in found]


def report(step: str, points: Sequence[Point], *, fewest: int) -> None:
    """Print the points of a step by file; fail where a change has left next to nothing to trace."""
    assert len(points) >= fewest, f"{step}: only {len(points)} points to die at"
    files = Counter(point.file for point in points)
    sys.stdout.write(
        f"\n{step}: killed at {len(points)} points ({', '.join(f'{n} {file}' for file, n in files.items())})\n"
    )


# --- In the nursery's process ------------------------------------------------------------------------


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        module = importlib.import_module(order["play"][0])  # before the fork, so that it is loaded once
        child = os.fork()
        if child == 0:
            _live(getattr(module, order["play"][1]), order)
        _say("end", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def _live(play: Callable[..., Scene], order: dict[str, Any]) -> None:
    """The whole life of a child, which does not return; what it raises ends it with a traceback."""
    scene = play(*order["arguments"])
    if order["watched"]:
        undo = tempfile.mkdtemp(prefix="undo", dir=Path(order["watched"]).parent)
        watch_files(Path(order["watched"]), Path(undo), lambda *change: _say("file", *change))
    steps = _Steps(
        order["traced"],
        Point(*order["die_at"]) if order["die_at"] else None,
        Path(order["home"]) if order["home"] else None,
    )
    with steps:
        scene(lambda *what: _say("said", *what))
    if order["traced"] and not order["die_at"]:
        _say("steps", steps.seen, steps.turns)
    os._exit(0)


def _say(*what: object) -> None:
    # One write: what several threads say at once does not mix, and nothing waits in a buffer.
    data = (json.dumps(what) + "\n").encode()
    with _speaking:
        while data:
            data = data[os.write(1, data) :]


_speaking = threading.Lock()


class _Steps:
    """Traces, in this thread and those that start from now on, and dies at ``end``. ``home``: looked at in between."""

    def __init__(self, files: Sequence[str], end: Point | None, home: Path | None) -> None:
        self._names = {file: str(Path(file).relative_to(ROOT)) for file in files}
        self._times: Counter[tuple[str, int]] = Counter()
        self._end = end
        self._home = home
        self._looks = _look(home)
        self.seen: list[Point] = []
        self.turns: list[Point] = []

    def __enter__(self) -> None:
        if self._names:
            threading.settrace(self._enter)
            sys.settrace(self._enter)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.settrace(None)
        threading.settrace(None)

    def _enter(self, frame: FrameType, event: str, argument: object) -> Callable[..., Any] | None:
        return self._step if frame.f_code.co_filename in self._names else None

    def _step(self, frame: FrameType, event: str, argument: object) -> Callable[..., Any]:
        if event == "line":
            at = (self._names[frame.f_code.co_filename], frame.f_lineno)
            self._times[at] += 1
            point = Point(*at, self._times[at])
            if point == self._end:
                os.kill(os.getpid(), signal.SIGKILL)
            looks = _look(self._home)
            if looks != self._looks:
                self._looks = looks
                self.turns += [*self.seen[-1:], point]
            self.seen.append(point)
        return self._step


def _look(home: Path | None) -> dict[str, tuple[int, int]]:
    """All files, with what changes when they do."""
    found: dict[str, tuple[int, int]] = {}
    for directory, _, names in os.walk(home) if home else ():
        for name in names:
            with suppress(FileNotFoundError):
                status = os.stat(path := os.path.join(directory, name))
                found[path] = (status.st_size, status.st_mtime_ns)
    return found


if __name__ == "__main__":
    main()
