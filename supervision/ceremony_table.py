"""The table of a ceremony: the folder in which the county's part waits until all have signed.

::

    manifest.json      the manifest, gathering signatures
    secrets.json       what this deployment itself will need: seeds by name, for as long as it takes
    <holder>.key       private keys of holders who brought none of their own
    settings.toml      the settings that come into force with a changed manifest, where they change, too

Founding, or adopting, takes the secrets from here to where they belong and clears the table.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from events import durable_file
from supervision.key_files import SUFFIX, kept_here, read_seed, write_keys, write_new
from supervision.sealing.ceremony import Ceremony, keys_of
from supervision.sealing.manifest import KeyManifest
from supervision.settings import BadSetting

MANIFEST = "manifest.json"
SECRETS = "secrets.json"
SETTINGS = "settings.toml"

HANDED_OVER = ("ceremony", "custodian/", "relay/", "superior/")
"""Whose private keys have no business on the county's machine once the ceremony is over."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """``manifest``: as signed so far. ``secrets``: all that lie here, by name. ``settings_text``: "" for the same."""

    directory: Path
    manifest: KeyManifest
    secrets: Mapping[str, bytes] = field(repr=False)
    settings_text: str = ""

    @classmethod
    def lay(cls, directory: Path, ceremony: Ceremony, settings_text: str = "") -> None:
        """Raises BadSetting where something lies there already."""
        if directory.exists() and any(directory.iterdir()):
            raise BadSetting(f"{directory.name}：该目录不是空的；请另选目录。")
        handed = {name: seed for name, seed in ceremony.secrets.items() if name.startswith(HANDED_OVER)}
        write_keys(directory, handed)
        kept = {name: seed.hex() for name, seed in ceremony.secrets.items() if name not in handed}
        write_new(directory / SECRETS, json.dumps(kept, indent=1).encode())
        write_new(directory / MANIFEST, ceremony.manifest.to_bytes())
        if settings_text:
            write_new(directory / SETTINGS, settings_text.encode())

    @classmethod
    def read(cls, directory: Path) -> Table:
        """Raises BadSetting, ManifestRejected."""
        try:
            manifest = KeyManifest.parse((directory / MANIFEST).read_bytes())
            kept = json.loads((directory / SECRETS).read_text("utf-8")) if (directory / SECRETS).exists() else {}
            secrets = {str(name): bytes.fromhex(seed) for name, seed in kept.items()}
        except FileNotFoundError:
            raise BadSetting(
                f"{directory.name}：其中没有 {MANIFEST}；请用 supervision ceremony county 或 amend 写出的目录。"
            ) from None
        except (ValueError, TypeError, AttributeError):
            raise BadSetting(f"{SECRETS}：内容不完整；请重新举行密钥仪式。") from None
        names = {name.replace("/", "-") + SUFFIX: name for name in (*keys_of(manifest),)}
        files = {names[file]: read_seed(directory / file) for file in kept_here(directory) if file in names}
        settings = directory / SETTINGS
        return cls(
            directory=directory,
            manifest=manifest,
            secrets={**secrets, **files},
            settings_text=settings.read_text("utf-8") if settings.exists() else "",
        )

    def sign(self, signed: KeyManifest) -> None:
        """Keep the manifest with one more signature."""
        durable_file.replace(self.directory / MANIFEST, signed.to_bytes())

    def clear(self) -> None:
        """Remove every secret; the manifest stays, as a record."""
        for name in (SECRETS, *kept_here(self.directory)):
            (self.directory / name).unlink(missing_ok=True)
