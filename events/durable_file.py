"""A small file that a crash leaves whole, and turns at it: the old bytes or the new ones, never a part of either."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ABANDONED_SECONDS = 24 * 3600
"""How long nobody has written to a ``*.partial`` file before its writer is taken for dead."""


def replace(path: Path, data: bytes) -> None:
    """Put ``data`` in the place of what was there, on disk when this returns. One caller at a time."""
    beside = path.with_name(f".{path.name}.new")
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    sync_directory(path.parent)


def make_directory(path: Path, mode: int = 0o777) -> None:
    """A directory that a power failure leaves where it is, with parents that are missing, all of that ``mode``."""
    if path.is_dir():
        return
    make_directory(path.parent, mode)
    path.mkdir(mode, exist_ok=True)
    sync_directory(path.parent)


def sweep(directory: Path) -> None:
    """Remove the ``*.partial`` files of writers that were killed."""
    for path in directory.glob("*.partial"):
        with suppress(FileNotFoundError):  # another process sweeps, too
            if path.stat().st_mtime < time.time() - ABANDONED_SECONDS:
                path.unlink()


def sync_directory(path: Path) -> None:
    """Names in it, too, have to be on the disk before anybody relies on them."""
    directory = os.open(path, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[bool]:
    """An ``flock`` on the file ``path``, which is made; whether it was got (always, with ``wait``)."""
    # Opened anew each time: a lock belongs to the open file, and a forked child would share its parent's.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        try:
            yield True
        finally:
            # Not by closing alone: a child forked meanwhile still holds the same open file.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        os.close(descriptor)
