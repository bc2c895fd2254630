"""Metadata cleaning: a copy of evidence that tells nothing of who made it, for the officers who handle a report.

The original stays in the source compartment, which takes several custodians to open. Where there is no copy (sound,
video, unknown or protected formats, anything odd) the original is all there is: a missing copy costs an approval, a
bad copy could cost a person.

Files come from strangers, so each is parsed in a process of its own (:mod:`.cleaners.worker`) that knows no secret
and has bounded time and memory. The bytes go through pipes and an encrypting spool; none of this is ever on a disk.
"""

from __future__ import annotations

import secrets
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from subprocess import PIPE
from typing import IO

from supervision.intake.cleaners import HEAD, family
from supervision.intake.spool import SealedSpool
from supervision.intake.submission import Attachment
from supervision.sealing.files import CHUNK, Source

LARGEST = 64 * 1024 * 1024
"""Bytes of the largest original that is looked at."""

LARGEST_COPY = 4 * LARGEST
SECONDS = 60
"""Of the clock, for one file; the process has a shorter limit of its own for computing time."""

AT_A_TIME = threading.BoundedSemaphore(2)
"""So that a report with ten photographs does not take the memory of ten."""

_ROOT = str(Path(__file__).parents[2])
_PROGRAM = (
    "import sys; sys.path.insert(0, sys.argv[1]);"
    "from supervision.intake.cleaners.worker import main; sys.exit(main(sys.argv[2]))"
)


def clean_copy(file: Attachment) -> Source | None:
    """The copy, or None where there is none. Never raises for what is in the file.

    Raises CannotOpen and OSError where the file itself cannot be read any more.
    """
    if not 0 < file.size <= LARGEST:
        return None
    with file.open() as source:
        head = source.read(HEAD)
        kind = family(head, file.name, file.media_type)
        if not kind:
            return None
        with AT_A_TIME:
            return _cleaned(kind, head, source)


def _cleaned(kind: str, head: bytes, source: Source) -> Source | None:
    copy = SealedSpool(secrets.token_bytes, limit=LARGEST_COPY)
    # -I: neither the environment nor the working directory has a say in what is imported. -B: no cache files.
    command = [sys.executable, "-I", "-B", "-c", _PROGRAM, _ROOT, kind]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, stderr=subprocess.DEVNULL, env={}) as process:
        watchdog = threading.Timer(SECONDS, process.kill)
        watchdog.start()
        try:
            if process.stdin is not None and process.stdout is not None:
                _feed(process.stdin, head, source)
                while chunk := process.stdout.read(CHUNK):
                    copy.write(chunk)
        except BaseException:
            process.kill()
            raise
        finally:
            watchdog.cancel()
    if process.returncode != 0 or copy.overflowed or not copy.length:
        return None
    return copy.reader()


def _feed(pipe: IO[bytes], head: bytes, source: Source) -> None:
    """All of the file; a process that has given up in the middle has said enough."""
    try:
        pipe.write(head)
        while chunk := source.read(CHUNK):
            pipe.write(chunk)
        pipe.close()
    except BrokenPipeError:
        with suppress(BrokenPipeError):
            pipe.close()
