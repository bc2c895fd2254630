"""A public door that is killed while it works: hands reports in without end and says what it has done.

For each report a line ``begun <code>`` before and ``done <code>`` after it was recorded. Started by a test as
``python -m tests.support.dying_door HOME DATABASE_URL``, which kills it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from threading import Lock, Thread

from supervision.platform import Platform
from supervision.sealing.receipt import ReceiptCode
from tests.support.clock import Clock
from tests.support.deployment import open_deployment
from tests.support.office import NOW, file, submission

EVIDENCE = "三张报销单。".encode() * 2000
THREADS = 3

_speaking = Lock()


def hand_in_without_end(platform: Platform) -> None:
    while True:
        code = ReceiptCode.new(platform.rng)
        say("begun", code)
        platform.public_door.admit(
            submission(platform.clock(), text=f"内容 {code.digits}", attachments=(file("报销单.txt", EVIDENCE),)), code
        )
        say("done", code)


def say(what: str, code: ReceiptCode) -> None:
    with _speaking:
        sys.stdout.write(f"{what} {code.digits}\n")
        sys.stdout.flush()


def main(home: str, database_url: str) -> None:
    platform = open_deployment(Path(home), database_url, clock=Clock(NOW))
    threads = [Thread(target=hand_in_without_end, args=(platform,)) for _ in range(THREADS)]
    for thread in threads:
        thread.start()


if __name__ == "__main__":
    main(*sys.argv[1:])
