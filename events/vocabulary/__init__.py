"""Every fact that this platform can record, as one frozen dataclass each.

Importing this package registers all topics. A topic is a name (``report.received.v1``), not a Python path;
a stored event is never rewritten, so a class here may be moved or renamed but its topic and the meaning of
its fields stay for ever. A fact that must change its shape becomes ``.v2`` with an upcast from ``.v1``.

What an event may say in clear: what happened, to which stream, by which officer and office, under which rule
version, with which reason *code*. Everything a person wrote about a person is sealed (field ``sealing``).

Streams::

    stream                  identifier                                  module
    receipt                 derived from the 查询码                      intake
    report (举报件)          random                                      intake, report, deidentified, retention
    sealed report (径送件)   random                                      intake, sealed_report
    correspondence          derived from the report's id                correspondence
    clue (问题线索)          random                                      clue
    register (登记簿)        origin, office, kind and year               register
    officer                 origin and officer id                       officer
    access (调阅记录)        origin, officer id and day                 access
    opening (启封)           derived from the report's id and number     opening
    contact (联络)           derived from the report's id and number     contact
    sharing (份额交接)        derived from a data key's stream and commitment  custody
    appraisal (鉴定)         random                                      retention
    period key (保管期密钥)   origin and the key's name                   retention
    deployment              origin                                      deployment
"""

from events.vocabulary import (
    access,
    clue,
    contact,
    correspondence,
    custody,
    deidentified,
    deployment,
    intake,
    officer,
    opening,
    register,
    report,
    retention,
    sealed_report,
)

__all__ = [
    "access",
    "clue",
    "contact",
    "correspondence",
    "custody",
    "deidentified",
    "deployment",
    "intake",
    "officer",
    "opening",
    "register",
    "report",
    "retention",
    "sealed_report",
]
