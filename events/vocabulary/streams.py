"""Names of the streams whose identifier is derived rather than drawn.

A derived identifier lets two writers meet on the same stream without a table that maps one to the other, and
makes "at most one" (one register a year, one correspondence a report) a matter of the stream's version.
"""

from uuid import NAMESPACE_URL, UUID, uuid5


def _named(origin: str, *parts: str) -> UUID:
    return uuid5(NAMESPACE_URL, "/".join((origin, *parts)))


def correspondence_id(report_id: UUID) -> UUID:
    """Stream of the exchange with the reporter of ``report_id`` (a report or a sealed report)."""
    return uuid5(report_id, "correspondence")


def register_id(origin: str, office: str, kind: str, year: int) -> UUID:
    """Stream of an office's register of one kind (``report``, ``sealed_report``, ``clue``) in one year (A-10)."""
    return _named(origin, "register", office, kind, str(year))


def officer_stream_id(origin: str, officer: str) -> UUID:
    """Stream of an officer's appointment, keys and departure."""
    return _named(origin, "officer", officer)


def access_id(origin: str, officer: str, day: str) -> UUID:
    """Stream of what one officer looked at on one day (ISO date); by day, since it is read at every look."""
    return _named(origin, "access", officer, day)


def deployment_id(origin: str) -> UUID:
    """Stream of the deployment itself: which key manifest and which rules are in force."""
    return _named(origin, "deployment")


def opening_id(report_id: UUID, number: int) -> UUID:
    """Stream of the ``number``-th opening (from 1) of a report: all of them are found without a table."""
    return uuid5(report_id, f"opening/{number}")


def contact_id(report_id: UUID, number: int) -> UUID:
    """Stream of the ``number``-th use (from 1) of the contact compartment of a report."""
    return uuid5(report_id, f"contact/{number}")


def period_key_id(origin: str, name: str) -> UUID:
    """Stream of the end of a retention period's key."""
    return _named(origin, "retention-key", name)


def gate_release_id(origin: str, opening: UUID) -> UUID:
    """Stream, in the gate's own log, of what it gave for one opening of the county's log ``origin``."""
    return _named(origin, "gate", str(opening))


def sharing_id(stream_id: UUID, commitment: str) -> UUID:
    """Stream of the changes of custodians of one shared data key: that of ``stream_id`` with this commitment (hex)."""
    return uuid5(stream_id, f"sharing/{commitment}")
