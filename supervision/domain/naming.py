"""Whether a report counts as a named one (A-24).

A proposal, that somebody must still verify by telephone or interview.

Named means a real name, or the name of a unit, *and* a concrete way to reach the reporter. The rule names the
telephone as an example, so an address that a letter reaches is enough as well; a village without a house is
not. A number that the network delivered counts for nothing: who did not give it has not named himself (A-29).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from supervision.domain.codes import NamedReason, NamedStatus
from supervision.domain.people import Reporter, plain


@dataclass(frozen=True)
class NamedFinding:
    """A proposed status and why."""

    named: bool
    reason: NamedReason

    @property
    def status(self) -> NamedStatus:
        """Named is pending until verified."""
        return NamedStatus.PENDING if self.named else NamedStatus.ANONYMOUS


@dataclass(frozen=True)
class NamingRules:
    """The patterns of one version of the rules."""

    collective: re.Pattern[str]
    pseudonym: re.Pattern[str]
    address: re.Pattern[str]
    phone_digits: int

    @classmethod
    def parse(cls, table: Mapping[str, Any]) -> NamingRules:
        """Read ``naming.toml``. Raises :class:`re.error` or :class:`KeyError` on a malformed one."""
        patterns = {key: re.compile(table[key], re.VERBOSE) for key in ("collective", "pseudonym", "address")}
        return cls(**patterns, phone_digits=table["phone_digits"])

    def propose(self, reporter: Reporter) -> NamedFinding:
        """Whether ``reporter`` has named himself. Never raises, whatever the texts say."""
        name = self.collective.sub("", plain(reporter.name))
        if not name:
            return NamedFinding(False, NamedReason.NO_NAME)
        if len(name) < 2 or self.pseudonym.fullmatch(name):
            return NamedFinding(False, NamedReason.PSEUDONYM)
        if not self.reachable(reporter):
            return NamedFinding(False, NamedReason.NO_CONTACT)
        return NamedFinding(True, NamedReason.NAME_AND_CONTACT)

    def reachable(self, reporter: Reporter) -> bool:
        """Whether the statutory notices could be given, by telephone or by a letter that arrives."""
        digits = re.sub("[^0-9]", "", plain(reporter.phone))
        by_phone = len(digits) >= self.phone_digits and len(set(digits)) > 1
        return by_phone or self.address.search(plain(reporter.address)) is not None
