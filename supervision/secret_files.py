"""The secrets of each site, one file each under ``<home>/secrets``, readable by the owner alone.

In production every site runs as its own process and finds only its own file. The public site's file opens
nothing that is sealed: it holds the pepper of the receipt lookups and the key of its form protection.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Self

from events import durable_file
from supervision.settings import BadSetting

SECRET_BYTES = 32


@dataclass(frozen=True, kw_only=True, repr=False)
class _SecretFile:
    @classmethod
    def name(cls) -> str:
        return cls.__name__.removesuffix("Secrets").lower()

    @classmethod
    def load(cls, home: Path) -> Self:
        """Raises :class:`BadSetting` where the file is missing or not what it should be."""
        path = home / "secrets" / f"{cls.name()}.json"
        try:
            table = json.loads(path.read_text("utf-8"))
            secrets = {f.name: bytes.fromhex(table[f.name]) for f in fields(cls)}
        except FileNotFoundError:
            raise BadSetting(f"secrets/{path.name}：缺少本站点的密钥文件；请从密钥仪式取得后放入。") from None
        except OSError as error:
            raise BadSetting(f"secrets/{path.name}：无法读取（{type(error).__name__}）；请核对文件权限。") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise BadSetting(f"secrets/{path.name}：内容不完整；请从密钥仪式重新取得。") from None
        if short := [name for name, secret in secrets.items() if len(secret) != SECRET_BYTES]:
            raise BadSetting(f"secrets/{path.name}：{short[0]} 应为 {SECRET_BYTES} 字节；请从密钥仪式重新取得。")
        return cls(**secrets)

    def save(self, home: Path) -> None:
        """Write the file once, mode 0600. Raises FileExistsError where there is one already."""
        directory = home / "secrets"
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(directory / f"{self.name()}.json", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(handle, "w", encoding="utf-8") as file:
            file.write(self._text())

    def renew(self, home: Path) -> None:
        """Put these secrets in the place of those that are there."""
        durable_file.replace(home / "secrets" / f"{self.name()}.json", self._text().encode())

    def _text(self) -> str:
        return json.dumps({name: value.hex() for name, value in asdict(self).items()}, indent=1)


@dataclass(frozen=True, kw_only=True, repr=False)
class PublicSecrets(_SecretFile):
    """``pepper``: of the receipt lookups, 32 bytes. ``cookie_key``: of the form protection, 32 bytes."""

    pepper: bytes
    cookie_key: bytes


@dataclass(frozen=True, kw_only=True, repr=False)
class ConsoleSecrets(_SecretFile):
    """``facts_seed``: opens the facts compartment. ``service_seed``: signs what the console does by itself.

    ``importer_seed``: signs imports and submissions by service token. ``import_key``: of the import lookups.
    ``token_key``: of the service tokens. ``pepper``: as the public site's, since codes are given out over the
    telephone too. All 32 bytes.
    """

    cookie_key: bytes
    facts_seed: bytes
    service_seed: bytes
    importer_seed: bytes
    import_key: bytes
    token_key: bytes
    pepper: bytes


@dataclass(frozen=True, kw_only=True, repr=False)
class LogSecrets(_SecretFile):
    """``log_seed``: the checkpoint signer's key. ``reader_token``: shows a reader the log as it grows; the superior
    has it, too. 32 bytes each."""

    log_seed: bytes
    reader_token: bytes


@dataclass(frozen=True, kw_only=True, repr=False)
class OversightSecrets(_SecretFile):
    """``cookie_key``: of the form protection, 32 bytes."""

    cookie_key: bytes


@dataclass(frozen=True, kw_only=True, repr=False)
class WitnessSecrets(_SecretFile):
    """Of the superior's pages on this platform; his witness has a home of its own. ``cookie_key``: 32 bytes."""

    cookie_key: bytes
