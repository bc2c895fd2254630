"""The register of one office, kind and year: numbers without gaps, never reused (A-10).

The serial is the stream's own version, so two clerks who register at the same moment meet in the version
check of the log: one gets the number, the other tries again with the next.
"""

from events.vocabulary import register as facts
from supervision.domain.aggregate import Aggregate, Stamp, applies
from supervision.domain.codes import report_number


class Register(Aggregate):
    """One register (登记簿)."""

    def assign(self, stamp: Stamp, *, kind: str, prefix: str, year: int, subject: str) -> str:
        """Assign the next number to ``subject`` (a stream id) and return it, e.g. ``云信〔2026〕0001号``."""
        serial = self.version + 1
        number = report_number(prefix, year, serial)
        self.record(facts.NumberAssigned, stamp, kind=kind, year=year, serial=serial, number=number, subject=subject)
        return number

    @applies(facts.NumberAssigned)
    def _assigned(self, event: facts.NumberAssigned) -> None:
        if event.serial != event.originator_version:
            raise ValueError("register serial does not equal its stream version")
