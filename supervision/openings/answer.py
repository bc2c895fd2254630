"""The answer file: what a custodian's machine, or the gate, sends back: sealed pieces, or that there are none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from events.canonical import encode
from supervision.openings.request_file import parsed
from supervision.sealing.strict_json import Members, to_base64

FORMAT = "supervision/opening-answer/v1"
MAX_BYTES = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class Answer:
    """``approval``: statement hash (hex) of the approval that it follows. ``key``: key id (hex) of who answers.

    ``given``: compartment to contribution. ``declined``: a code of ``DeclineReason`` where nothing is given, else "".
    ``release``: statement hash (hex) of the gate's own event, "" for a custodian.
    """

    origin: str
    opening: UUID
    approval: str
    key: str
    given: Mapping[str, bytes] = field(default_factory=dict)
    declined: str = ""
    release: str = ""

    def encode(self) -> bytes:
        return encode(
            {
                "format": FORMAT,
                "origin": self.origin,
                "opening": str(self.opening),
                "approval": self.approval,
                "key": self.key,
                "given": {compartment: to_base64(sealed) for compartment, sealed in self.given.items()},
                "declined": self.declined,
                "release": self.release,
            }
        )

    @classmethod
    def parse(cls, data: bytes) -> Answer:
        """Raises NotAcceptable."""
        return parsed(data, FORMAT, MAX_BYTES, cls._read, "答复文件", "请重新生成。")

    @classmethod
    def _read(cls, members: Members) -> Answer:
        return cls(
            origin=members.text("origin"),
            opening=UUID(members.text("opening")),
            approval=members.text("approval"),
            key=members.text("key"),
            given=members.object("given", lambda given: {name: given.binary(name) for name in given.unread}),
            declined=members.text("declined"),
            release=members.text("release"),
        )
