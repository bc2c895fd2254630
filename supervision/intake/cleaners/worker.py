"""The process that cleans one file: original on standard input, copy on standard output.

It has no secret, no environment and no open file of its parent; the limits that it sets itself before it reads the
first byte bound its time and memory and forbid it to write any file. It may crash: its parent only sees that there
is no copy.
"""

from __future__ import annotations

import resource
import sys

CPU_SECONDS = 20
MEMORY = 2 * 1024**3
NOT_CLEANABLE = 3
"""Exit code for a file of which there is no copy."""

_LIMITS = {
    resource.RLIMIT_CPU: CPU_SECONDS,
    resource.RLIMIT_AS: MEMORY,
    resource.RLIMIT_FSIZE: 0,  # no plaintext in any file, whatever a parser does
    resource.RLIMIT_CORE: 0,
    resource.RLIMIT_NOFILE: 64,
}


def main(family: str) -> int:
    """Clean standard input to standard output. Exit code 0 with a copy, :data:`NOT_CLEANABLE` without."""
    for limit, value in _LIMITS.items():
        resource.setrlimit(limit, (value, value))
    from supervision.intake import cleaners

    try:
        copy = cleaners.clean(family, sys.stdin.buffer.read())
    except Exception:  # noqa: BLE001 - hostile bytes make parsers raise anything; the answer is the same
        return NOT_CLEANABLE
    sys.stdout.buffer.write(copy)
    sys.stdout.buffer.flush()
    return 0
