"""The superior commission's site, as far as it receives reports that went up under seal (径送件, A-15)."""

from supervision.web.witness import reports
from supervision.web.witness.site import blueprint

__all__ = ["blueprint", "reports"]
