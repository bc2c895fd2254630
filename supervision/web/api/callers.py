"""Who calls: the public, or a system of the county with a service token; and what each may say."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus

from flask import Request

from supervision.intake.door import Door
from supervision.intake.service_tokens import ACTOR, ServiceTokens
from supervision.platform import Platform
from supervision.sealing.keys import SigningKey
from supervision.web.api.errors import Rejected

SCHEME = "bearer"


@dataclass(frozen=True, kw_only=True)
class Caller:
    """``name``: of the token, "" for the public. ``signer``: None where the reporter's own key signs."""

    name: str
    door: Door
    actor: str = "reporter"
    signer: SigningKey | None = field(default=None, repr=False)

    @property
    def is_service(self) -> bool:
        return self.signer is not None


def caller_of(request: Request, platform: Platform) -> Caller:
    """Whoever sent the request. Raises :class:`Rejected` for a token that is unknown or not taken here."""
    authorization = request.headers.get("Authorization")
    if authorization is None:
        return Caller(name="", door=_public_door(platform))
    if platform.settings.site == "public":
        raise Rejected(
            HTTPStatus.FORBIDDEN,
            "对外站点不接受服务令牌；请改用内部站点的地址，或去掉 Authorization 后提交。",
        )
    scheme, _, token = authorization.partition(" ")
    tokens = ServiceTokens(home=platform.settings.home, token_key=platform.console_secrets.token_key)
    name = tokens.name_of(token.strip()) if scheme.lower() == SCHEME else None
    if name is None:
        raise Rejected(
            HTTPStatus.UNAUTHORIZED,
            "服务令牌无效；请向管理员重新申领，或去掉 Authorization 后提交。",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return Caller(name=name, door=platform.console_door, actor=ACTOR, signer=platform.importer)


def _public_door(platform: Platform) -> Door:
    """A console process takes reports of the public, too, and has no business with the public site's secrets."""
    return platform.console_door if platform.settings.site == "console" else platform.public_door
