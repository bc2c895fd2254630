"""A power failure: whatever a process did to files and had not fsynced is undone, or torn.

Killing a process loses nothing that it has written; losing power may lose all that was not forced to the disk. So a
child writes down what it does to files, and after its death the test takes back, in reverse order,

- names (created, renamed, removed) whose directory was not fsynced since,
- the second half of files whose content was not fsynced since.

That is the worst that POSIX allows; file systems are kinder. What a database does is its own business and not seen
here: it opens its files in C.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike

WRITES = os.O_WRONLY | os.O_RDWR
Tell = Callable[..., None]


def watch_files(within: Path, undo: Path, tell: Tell) -> None:
    """From now on ``tell`` each change of a file under ``within``, and keep in ``undo`` what is needed to undo it.

    For the rest of the process's life, so it should be a short one.
    """
    numbers = count()
    synced = os.fsync

    def fsync(fd: FileDescriptorLike) -> None:
        synced(fd)
        descriptor = fd if isinstance(fd, int) else fd.fileno()
        tell("fsync", os.readlink(f"/proc/self/fd/{descriptor}"))

    def kept(path: Path) -> str:
        if not path.is_file():
            return ""
        copy = undo / str(next(numbers))
        os.link(path, copy)
        return str(copy)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event not in _CHANGES or not isinstance(arguments[0], str | os.PathLike):
            return
        paths = [Path(one).absolute() for one in arguments[:2] if isinstance(one, str | os.PathLike)]
        if within not in paths[0].parents:
            return
        if event == "open":
            if arguments[2] & WRITES:
                tell("write", str(paths[0]), not paths[0].exists())
        elif event == "os.rename":
            tell("rename", str(paths[0]), str(paths[1]), kept(paths[1]))
        elif event == "os.remove":
            tell("remove", str(paths[0]), kept(paths[0]))
        elif not paths[0].exists():
            tell("mkdir", str(paths[0]))

    os.fsync = fsync
    sys.addaudithook(hook)


_CHANGES = ("open", "os.rename", "os.remove", "os.mkdir")


def lose_power(changes: Sequence[Sequence[Any]]) -> None:
    """Take back what was not forced to the disk. ``changes``: as they were told, in order."""
    names: list[Sequence[Any]] = []
    unsynced: set[str] = set()
    for change in changes:
        kind, path, *rest = change
        if kind == "fsync":
            unsynced.discard(path)
            names = [one for one in names if str(Path(one[1]).parent) != path]
            continue
        if kind == "write":
            unsynced.add(path)
        if kind == "rename" and path in unsynced:
            unsynced.remove(path)
            unsynced.add(rest[0])
        if kind != "write" or rest[0]:
            names.append(change)
    for path in unsynced:
        if os.path.isfile(path):
            os.truncate(path, os.path.getsize(path) // 2)
    for change in reversed(names):
        _undo(*change)


def _undo(kind: str, path: str, *rest: Any) -> None:
    if kind == "write":
        Path(path).unlink(missing_ok=True)
    elif kind == "mkdir":
        shutil.rmtree(path, ignore_errors=True)
    elif kind == "remove" and rest[0] and not os.path.exists(path):
        os.link(rest[0], path)
    elif kind == "rename" and os.path.exists(rest[0]):
        os.rename(rest[0], path)
        if rest[1]:
            os.link(rest[1], rest[0])
