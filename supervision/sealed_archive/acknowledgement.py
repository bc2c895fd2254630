"""The superior's word that he has a sealed report: a small signed file that is carried back to the county.

Signed with his witness key, which the county's key manifest names. It is for this report and this very ciphertext, so
what the reporter has added since is not acknowledged by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from events.canonical import CanonicalError, decode_object, encode
from events.framing import length_prefixed
from events.signing import Signer, is_signed_by
from supervision.openings.request_file import NotAcceptable
from supervision.sealing.strict_json import Malformed, Members, to_base64

FORMAT = "supervision/sealed-acknowledgement/v1"
MAX_BYTES = 16 * 1024


@dataclass(frozen=True, kw_only=True)
class Acknowledgement:
    """``contents``: see :func:`.package.contents_of`. ``acknowledged_at``: ISO 8601.

    ``principal_may_know``: the superior has nothing against the county's principal being told that there is such a
    report (A-15); where he does not say so, he need not say why.
    """

    origin: str
    report: UUID
    contents: str
    acknowledged_at: str
    principal_may_know: bool
    signature: bytes = b""

    def signed(self, signer: Signer) -> Acknowledgement:
        """The same with a signature."""
        return Acknowledgement(**{**vars(self), "signature": signer.sign(self._message())})

    def check(self, public_key: bytes) -> None:
        """Raises NotAcceptable unless the holder of ``public_key`` signed it."""
        if not is_signed_by(public_key, self._message(), self.signature):
            raise NotAcceptable("签收文件的签名不是上级的，不能采信。请向上级重新取得，并查明来源。")

    def encode(self) -> bytes:
        return encode(
            {
                "format": FORMAT,
                "origin": self.origin,
                "report": str(self.report),
                "contents": self.contents,
                "acknowledged_at": self.acknowledged_at,
                "principal_may_know": self.principal_may_know,
                "signature": to_base64(self.signature),
            }
        )

    @classmethod
    def parse(cls, data: bytes) -> Acknowledgement:
        """Raises NotAcceptable."""
        if len(data) > MAX_BYTES:
            raise NotAcceptable("签收文件过大，不是平台生成的。请向上级重新取得。")
        try:
            return Members("", decode_object(data)).read_by(cls._read)
        except (CanonicalError, Malformed, ValueError) as error:
            raise NotAcceptable(f"签收文件已损坏或格式不对（{error}）。请向上级重新取得。") from None

    @classmethod
    def _read(cls, members: Members) -> Acknowledgement:
        if members.text("format") != FORMAT:
            raise ValueError(f"应为 {FORMAT}")
        return cls(
            origin=members.text("origin"),
            report=UUID(members.text("report")),
            contents=members.text("contents"),
            acknowledged_at=members.text("acknowledged_at"),
            principal_may_know=members.flag("principal_may_know"),
            signature=members.binary("signature"),
        )

    def _message(self) -> bytes:
        return length_prefixed(
            FORMAT.encode(),
            self.origin.encode(),
            self.report.bytes,
            self.contents.encode(),
            self.acknowledged_at.encode(),
            b"\1" if self.principal_may_know else b"\0",
        )
