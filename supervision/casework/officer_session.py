"""An officer who has signed in: who he is, what he may do, and the keys that are unlocked for this session only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from supervision.domain.codes import Role
from supervision.domain.refusal import Refused
from supervision.sealing.keys import KemPrivateKey, SigningKey


@dataclass(frozen=True, kw_only=True)
class OfficerSession:
    """Lives in memory for the length of a request; between requests it is sealed (:mod:`supervision.casework.sign_in`).

    ``office_keys``: office id to the private content key of that office, for the offices whose key he was granted.
    """

    officer: str
    name: str
    office: str
    roles: frozenset[Role]
    signer: SigningKey = field(repr=False)
    kem: KemPrivateKey = field(repr=False)
    office_keys: Mapping[str, KemPrivateKey] = field(repr=False, default_factory=dict)

    def has(self, *roles: Role) -> bool:
        """Whether he has at least one of the roles."""
        return not self.roles.isdisjoint(roles)

    def require(self, *roles: Role) -> None:
        """Raises :class:`Refused` unless he has one of the roles."""
        if not self.has(*roles):
            names = "、".join(role.label for role in roles)
            raise Refused("role", f"此事项由{names}办理，您的岗位不能办理；如需调整请联系管理员。")
