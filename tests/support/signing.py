"""A checkpoint signer for the log of :mod:`tests.support.log`, with a memory on disk as a real one has."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

from events.signer import CheckpointSigner, first_note
from events.signer_memory import SignerMemory
from events.signing import Signer
from events.store import LogStore
from tests.support.log import ORIGIN, signer


def memory_in(home: Path, key: Signer | None = None, origin: str = ORIGIN) -> SignerMemory:
    """The signer's memory in a home, begun where there is none."""
    memory = SignerMemory(home / "signer")
    with contextlib.suppress(FileExistsError):
        memory.begin(first_note(origin, key or signer("log")))
    return memory


def signer_of(
    store: LogStore, home: Path, key: Signer | None = None, clock: Callable[[], float] = time.time
) -> CheckpointSigner:
    """The signer of a log of tests, with the key called ``log`` unless another is given."""
    return CheckpointSigner(store, key or signer("log"), memory_in(home, key), clock)
