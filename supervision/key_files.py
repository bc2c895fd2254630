"""Private keys as files for their holders, one each: 64 hexadecimal digits, readable by the owner alone.

A holder is named as the ceremony names him (:mod:`supervision.sealing.ceremony`), with ``-`` for ``/`` in file names.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from supervision.sealing.holders import BroughtKey
from supervision.settings import BadSetting

SUFFIX = ".key"
PUBLIC_SUFFIX = ".public.json"
SEED_BYTES = 32


def file_name(holder: str) -> str:
    """Of the private key of a holder."""
    return holder.replace("/", "-") + SUFFIX


def write_keys(directory: Path, secrets: Mapping[str, bytes]) -> None:
    """One file for each holder. Raises ``FileExistsError``: a key is never written over another."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    for holder, seed in secrets.items():
        write_new(directory / file_name(holder), f"{seed.hex()}\n".encode("ascii"))


def write_new(path: Path, data: bytes) -> None:
    """A file that was not there, readable by the owner alone. Raises ``FileExistsError``."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)


def read_seed(path: Path) -> bytes:
    """The 32 bytes of a private key. Raises :class:`BadSetting`, ``OSError``."""
    try:
        seed = bytes.fromhex(path.read_text("ascii").strip())
    except ValueError:
        seed = b""
    if len(seed) != SEED_BYTES:
        raise BadSetting(f"{path.name}：应为 64 位十六进制数；请使用密钥仪式移交的私钥文件。")
    return seed


def brought_keys(directory: Path) -> dict[str, bytes]:
    """The public keys that holders have brought: holder to raw bytes; none where there is no such directory.

    Raises ManifestRejected for a file that is no public key, BadSetting where two files are of one holder.
    """
    found: dict[str, bytes] = {}
    for path in sorted(directory.glob(f"*{PUBLIC_SUFFIX}")):
        key = BroughtKey.parse(path.read_bytes())
        if key.holder in found:
            raise BadSetting(f"{path.name}：{key.holder} 有两个公钥文件；请只留下他本人确认的那一个。")
        found[key.holder] = key.kem.raw
    return found


def kept_here(directory: Path) -> list[str]:
    """Names of the files of private keys in a directory that should hold none."""
    return sorted(path.name for path in directory.glob(f"*{SUFFIX}"))
