"""Service tokens: with one, another system of the county hands in reports that it took by call or letter.

A token is 32 random bytes, shown once. Kept is its HMAC under a secret of the console, beside a name, in
``<home>/service-tokens.json``: neither the file nor the database lets anybody hand in a report. The file is
read at each use, so a token whose entry is removed ends at once.
"""

from __future__ import annotations

import base64
import hmac
import json
import os
from dataclasses import dataclass
from pathlib import Path

from events.framing import length_prefixed
from supervision.sealing.binding import Rng

FILE_NAME = "service-tokens.json"
TOKEN_BYTES = 32

ACTOR = "service:importer"
"""As whom the events of reports from other systems and from files are signed; its key is in the manifest."""

_LABEL = b"supervision/service-token/v1"


class TokenNameTaken(ValueError):
    """There is a token of this name already. The message is one Chinese line."""


@dataclass(frozen=True, kw_only=True)
class ServiceTokens:
    """The tokens of one deployment. ``token_key``: 32 bytes, of the console's secrets."""

    home: Path
    token_key: bytes

    def issue(self, name: str, rng: Rng) -> str:
        """A new token for the system called ``name``; it cannot be shown again. Raises TokenNameTaken."""
        tags = self._tags()
        if name in tags:
            raise TokenNameTaken(f"已有名为“{name}”的服务令牌；请另取名称，或先撤销原令牌。")
        token = base64.urlsafe_b64encode(rng(TOKEN_BYTES)).rstrip(b"=").decode("ascii")
        self._write({**tags, name: self._tag(token)})
        return token

    def revoke(self, name: str) -> bool:
        """End a token; whether there was one of this name."""
        tags = self._tags()
        if name not in tags:
            return False
        self._write({known: tag for known, tag in tags.items() if known != name})
        return True

    def name_of(self, token: str) -> str | None:
        """The name under which ``token`` was issued, None for any other text."""
        presented = self._tag(token)
        matches = [name for name, tag in self._tags().items() if hmac.compare_digest(tag, presented)]
        return matches[0] if matches else None

    def _tag(self, token: str) -> str:
        return hmac.digest(self.token_key, length_prefixed(_LABEL, token.encode()), "sha256").hex()

    def _tags(self) -> dict[str, str]:
        try:
            return dict(json.loads((self.home / FILE_NAME).read_text("utf-8")))
        except FileNotFoundError:
            return {}

    def _write(self, tags: dict[str, str]) -> None:
        """Replace the file in one step: who reads meanwhile finds the old one or the new one."""
        draft = self.home / f".{FILE_NAME}.{os.getpid()}"
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(handle, "w", encoding="utf-8") as file:
            json.dump(tags, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.home / FILE_NAME)
