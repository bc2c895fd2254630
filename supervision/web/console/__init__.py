"""The officers' console: queue, cases, what comes in by telephone and letter, sealed reports, accounts.

Each module adds its pages to the one blueprint.
"""

from supervision.web.console import accounts, case, new_report, queue, sealed
from supervision.web.console.site import blueprint

__all__ = ["accounts", "blueprint", "case", "new_report", "queue", "sealed"]
