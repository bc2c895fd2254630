"""Codes and ids in words: who acted, for which office, where something went."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from flask_babel import gettext as _

from supervision.casework.directory import Colleague
from supervision.settings import Settings

ID_LENGTH = 8


@dataclass(frozen=True)
class Names:
    """Names as this deployment knows them; what it does not know stays the code that the log carries."""

    settings: Settings
    colleagues: Mapping[str, Colleague] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Settings, colleagues: Iterable[Colleague]) -> Names:
        """``colleagues``: as the directory lists them."""
        return cls(settings, {one.officer: one for one in colleagues})

    def actor(self, actor: str) -> str:
        """Who acted: an officer's name, or what else may sign an event."""
        if actor == "reporter":
            return _("举报人")
        if actor == "ceremony":
            return _("密钥仪式")
        if actor.startswith("service:"):
            return _("系统服务")
        return self.officer(actor)

    def officer(self, officer: str) -> str:
        """An officer's name, or his id where the directory has not heard of him."""
        known = self.colleagues.get(officer)
        return known.name if known else officer

    def officers(self, officers: Iterable[str]) -> str:
        """Several of them in one line."""
        return "、".join(map(self.officer, officers))

    def body(self, code: str) -> str:
        """An office of this platform or a body outside it."""
        return self.settings.name_of(code) if code else ""
