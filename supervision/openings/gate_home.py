"""The home of the superior's gate: the county's pinned manifest, whom the gate believes, its keys, its own log.

::

    gate.toml            name = "gate.city.example/supervision"    # origin of the gate's own log
                         manifest_hash = "…"                       # of the county's key manifest
    manifest.json        the county's key manifest
    witnesses.policy     C2SP tlog-policy: the county's log and the witnesses without whose word nothing is released
    secrets/gate.json    release key (X-Wing seed) and signing key (Ed25519 seed), hex
    log.sqlite           the gate's log: what it has released, once each
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from events.ledger import Ledger
from events.note import NoteError, check_name
from events.policy import NONE, Policy, PolicyError
from events.store import LogStore
from supervision.key_files import read_seed, write_new
from supervision.sealing.errors import ManifestRejected
from supervision.sealing.keys import KemPrivateKey, SigningKey
from supervision.sealing.manifest import KeyManifest
from supervision.settings import BadSetting, sqlite_url

SETTINGS = "gate.toml"
MANIFEST = "manifest.json"
POLICY = "witnesses.policy"
SECRETS = Path("secrets") / "gate.json"
ACTOR = "service:gate"


@dataclass(frozen=True, kw_only=True)
class GateHome:
    """``name``: origin of the gate's own log. ``release``: opens what the county sealed to the gate."""

    directory: Path
    name: str
    manifest: KeyManifest
    policy: Policy
    release: KemPrivateKey = field(repr=False)
    signer: SigningKey = field(repr=False)

    def __post_init__(self) -> None:
        try:
            check_name(self.name)
        except NoteError as problem:
            raise BadSetting(f"闸门的名称：{problem}；请改正。") from None
        # A manifest that sets no gate any more still names the key: older reports need it.
        if self.release.key_id != self.manifest.superior.gate.key_id:
            raise BadSetting("闸门私钥：与密钥清单中登记的闸门公钥不符；请核对私钥文件。")
        if self.policy.quorum == NONE:
            raise BadSetting(f"{POLICY}：闸门必须要求见证人联署，quorum 不能为 none；请改正。")
        if not any((log.name, log.public_key) == (self.manifest.origin, self.manifest.log) for log in self.policy.logs):
            raise BadSetting(f"{POLICY}：其中没有密钥清单所登记的日志公钥；请核对。")

    @classmethod
    def load(cls, directory: Path) -> GateHome:
        """Raises :class:`BadSetting`, ManifestRejected with one line that names what is missing or wrong."""
        table = _table(directory)
        secrets = _secrets(directory)
        return cls(
            directory=directory,
            name=table["name"],
            manifest=KeyManifest.load(_read(directory / MANIFEST), table["manifest_hash"]),
            policy=parse_policy(_read(directory / POLICY)),
            release=KemPrivateKey(secrets["release"]),
            signer=SigningKey(secrets["signing"]),
        )

    def found(self) -> None:
        """Lay a new home and begin its log. Raises ``FileExistsError`` where there is one."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.directory.chmod(0o700)
        (self.directory / SECRETS.parent).mkdir(mode=0o700, exist_ok=True)
        seeds = {"release": self.release.seed.hex(), "signing": self.signer.seed.hex()}
        write_new(self.directory / SECRETS, json.dumps(seeds, indent=1).encode())
        write_new(self.directory / MANIFEST, self.manifest.to_bytes())
        write_new(self.directory / POLICY, self.policy.encode().encode())
        store = self._store()
        try:
            store.create(self.name)
        finally:
            store.close()
        settings = f"name = {json.dumps(self.name)}\nmanifest_hash = {json.dumps(self.manifest.hash)}\n"
        write_new(self.directory / SETTINGS, settings.encode())

    @contextmanager
    def log(self) -> Iterator[tuple[LogStore, Ledger]]:
        """The gate's own log, opened and checked. Raises SchemaError, DamagedLog."""
        store = self._store()
        try:
            store.open()
            yield store, Ledger(store, self.name)
        finally:
            store.close()

    def _store(self) -> LogStore:
        return LogStore(sqlite_url(self.directory / "log.sqlite"), self.directory)


def parse_policy(data: bytes) -> Policy:
    """Raises :class:`BadSetting`."""
    try:
        return Policy.parse(data)
    except PolicyError as error:
        raise BadSetting(f"{POLICY}：{error}；请改正。") from None


def read_manifest(path: Path, pinned_hash: str) -> KeyManifest:
    """The key manifest that somebody keeps on his own machine. Raises ManifestRejected, ``OSError``."""
    if len(pinned_hash) != 64:
        raise ManifestRejected("密钥清单的哈希应为 64 位十六进制数；请从密钥仪式的记录中抄录。")
    return KeyManifest.load(path.read_bytes(), pinned_hash)


def read_key(path: Path) -> KemPrivateKey:
    """A private key as the ceremony hands it over. Raises :class:`BadSetting`, ``OSError``."""
    return KemPrivateKey(read_seed(path))


def _table(directory: Path) -> dict[str, str]:
    try:
        table = tomllib.loads(_read(directory / SETTINGS).decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSetting(f"{SETTINGS}：不是有效的 TOML（{error}）；请改正。") from None
    if set(table) != {"name", "manifest_hash"} or not all(isinstance(value, str) for value in table.values()):
        raise BadSetting(f"{SETTINGS}：应恰有 name 和 manifest_hash 两项文字；请改正。")
    return table


def _secrets(directory: Path) -> dict[str, bytes]:
    try:
        table = json.loads(_read(directory / SECRETS))
        return {name: bytes.fromhex(table[name]) for name in ("release", "signing")}
    except (ValueError, KeyError, TypeError):
        raise BadSetting(f"{SECRETS.as_posix()}：内容不完整；请从闸门私钥的备份恢复。") from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise BadSetting(f"{path.name}：该目录中没有闸门；请先运行 supervision gate init。") from None
