"""Codes of changes to accounts, and of changes among those who handle a clue."""

from supervision.domain.codes import Code


class AccountChange(Code):
    """What one administrator proposes for an account and the other carries out (SoD-6)."""

    ROLES = "roles", "调整岗位"
    RECOVERY = "recovery", "口令遗失，重发启用码"
    SECOND_FACTOR = "second_factor", "重置动态验证码"
    DEPARTURE = "departure", "停用最后一名密钥持有人"


class HandlerChange(Code):
    """Why others handle a clue from now on."""

    EXCLUDED = "excluded", "承办人回避"
    DEPARTED = "departed", "承办人离岗"
    MOVED = "moved", "承办人调整岗位"
    REASSIGNED = "reassigned", "工作安排调整"
