"""Oversight: who did what when, who looked at what, which clocks ran out. Neither content nor identity nor facts.

Nothing here opens anything: the pages are made of read models that hold codes and times.
"""

from supervision.web.oversight import clocks, log, records
from supervision.web.oversight.site import blueprint

__all__ = ["blueprint", "clocks", "log", "records"]
