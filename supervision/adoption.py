"""Which key manifest is in force: the log says so, the settings pin it, and nothing is served where the two differ."""

from __future__ import annotations

from collections.abc import Mapping

from events.vocabulary.deployment import ManifestAdopted
from events.vocabulary.streams import deployment_id
from supervision.casework.known_accounts import KnownAccounts
from supervision.domain.deployment import Deployment
from supervision.platform import Platform
from supervision.sealing.manifest import KeyManifest
from supervision.settings import BadSetting

_WAY_OUT = "请以密钥仪式的记录为准：更换未完成的，再次运行 supervision ceremony adopt；否则停止使用并查明原因。"


def check_adopted(platform: Platform) -> None:
    """Raises BadSetting where the log has adopted another manifest than the settings pin, FalseRecord where the
    adoption is not signed by whom it should be."""
    pinned = platform.manifest
    adopted = adopted_manifest(platform)
    if adopted != pinned.hash:
        raise BadSetting(_difference(pinned, adopted, platform.manifests))
    check_signed(platform.accounts, pinned)


def adopted_manifest(platform: Platform) -> str:
    """Hash of the manifest that the log adopted last, as stored; "" for none."""
    stream = deployment_id(platform.settings.origin)
    return Deployment.replay(stream, platform.ledger.events_of(stream)).manifest


def check_signed(accounts: KnownAccounts, pinned: KeyManifest) -> None:
    """Whether the adoption of the pinned manifest is verified. Raises FalseRecord, BadSetting."""
    events = accounts.events_of(deployment_id(pinned.origin))
    adopted = [event for event in events if isinstance(event, ManifestAdopted)]
    if not adopted or (adopted[-1].manifest, adopted[-1].epoch) != (pinned.hash, pinned.epoch):
        raise BadSetting(f"manifest_hash：日志中启用第 {pinned.epoch} 版密钥清单的记录不能采信。{_WAY_OUT}")


def _difference(pinned: KeyManifest, adopted: str, known: Mapping[str, KeyManifest]) -> str:
    if not adopted:
        return f"manifest_hash：日志尚未启用任何密钥清单，设置中却固定了第 {pinned.epoch} 版。{_WAY_OUT}"
    if adopted in known:
        return (
            f"manifest_hash：设置中固定的是密钥清单第 {pinned.epoch} 版，"
            f"日志启用到第 {known[adopted].epoch} 版为止。{_WAY_OUT}"
        )
    return (
        f"manifest_hash：日志已启用密钥清单 {adopted[:16]}…，设置中固定的却是第 {pinned.epoch} 版"
        f"（{pinned.hash[:16]}…）。{_WAY_OUT}"
    )
