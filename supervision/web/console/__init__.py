"""The officers' console: queue, cases, what comes in by telephone and letter, sealed reports, accounts.

Each module adds its pages to the one blueprint.
"""

from supervision.web.console import (
    accounts,
    case,
    contact,
    deidentified,
    earlier,
    new_report,
    office_keys,
    opening,
    queue,
    retention,
    sealed,
)
from supervision.web.console.site import blueprint

__all__ = [
    "accounts",
    "blueprint",
    "case",
    "contact",
    "deidentified",
    "earlier",
    "new_report",
    "office_keys",
    "opening",
    "queue",
    "retention",
    "sealed",
]
