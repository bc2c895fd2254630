"""A PostgreSQL that can be killed and brought back to life, with its data directory."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from tests.support.postgres import PostgresServer


class MortalPostgres(PostgresServer):
    def kill(self) -> None:
        """SIGKILL to all of its processes, as the kernel does when memory is short."""
        identity = self.directory / "data" / "postmaster.pid"
        postmaster = int(identity.read_text().split()[0])
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        processes = (postmaster, *map(int, children))
        for process in processes:
            with suppress(ProcessLookupError):  # a child may have ended meanwhile
                os.kill(process, signal.SIGKILL)
        while any(map(_runs, processes)):
            time.sleep(0.01)
        # By their names the dead are taken for running, until somebody has collected them.
        identity.unlink()
        (self.directory / f".s.PGSQL.{self.port}.lock").unlink()

    def stop_at_once(self) -> None:
        """No checkpoint and no farewell: an immediate shutdown."""
        self._control("stop", "--mode=immediate")

    def revive(self) -> None:
        """It recovers what was committed from its own log, on the same port."""
        self._control("start", f"--log={self.directory / 'log'}", f"--options={self._options}")

    def _control(self, what: str, *options: str) -> None:
        control = self._popen(
            self._binaries / "pg_ctl", what, "--silent", "--wait", f"--pgdata={self.directory / 'data'}", *options
        )
        output, _ = control.communicate()
        assert control.returncode == 0, f"pg_ctl {what}: {output}{(self.directory / 'log').read_text()[-2000:]}"


def _runs(process: int) -> bool:
    """Whether it is there, and no zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
