"""``witnesses.policy``: the log's key and the witnesses that the deployment asks to cosign (C2SP tlog-policy).

Reporters, reviewers and the superior check proofs with the same file, which they get without its addresses: where a
witness takes submissions within the government's network is nobody else's business.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from events.policy import Policy, PolicyError
from supervision.settings import BadSetting

POLICY_FILE = "witnesses.policy"


def load_policy(home: Path) -> Policy:
    """Raises :class:`BadSetting` with one line that names what is missing or wrong."""
    try:
        policy = Policy.parse((home / POLICY_FILE).read_bytes())
    except FileNotFoundError:
        raise BadSetting(f"{POLICY_FILE}：缺少见证人名单；请从部署时的备份恢复。") from None
    except OSError as error:
        raise BadSetting(f"{POLICY_FILE}：无法读取（{type(error).__name__}）；请核对文件权限。") from None
    except PolicyError as error:
        raise BadSetting(f"{POLICY_FILE}：{error}；请改正后再启动。") from None
    for witness in policy.witnesses:
        if witness.url and not is_address(witness.url):
            raise BadSetting(f"{POLICY_FILE}：{witness.name} 的地址应以 https:// 或 http:// 开头；请改正后再启动。")
    return policy


def keys_text(policy: Policy) -> str:
    """The policy for anybody: keys, groups and quorum, no addresses."""
    return replace(policy, witnesses=tuple(replace(witness, url="") for witness in policy.witnesses)).encode()


def is_address(url: str) -> bool:
    """Whether a witness can be reached there over HTTP."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
