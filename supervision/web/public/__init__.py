"""The public site: start page, report form, receipt, status. No account, no script needed, nothing kept of the sender.

Its process holds public keys only. What a visitor types is sealed under a key in his own cookie until he hands it in,
and from then on under keys that are not here.
"""

from __future__ import annotations

from supervision.web.public import receipt, report, start, status
from supervision.web.public.site import blueprint

__all__ = ["blueprint", "receipt", "report", "start", "status"]
