"""The home of a witness: ``witness.toml`` (who it is, which logs it knows) and ``secrets/witness.json`` (its key).

::

    name = "witness.city.example/supervision"    # of its key, in every cosignature
    title = "市纪委监委见证站"                     # on its pages
    complaints = "市纪委监委信访室，…"             # where somebody turns whose receipt is not found
    publish = "daily"                            # what anybody may see: yesterday's tree, or "at once"

    [[logs]]
    vkey = "yunxiu.example/supervision+…"
    url = "https://yunxiu.example/log"           # where its tiles are fetched; "" where they are carried by hand
    title = "云岫县监督举报平台"

``publish = "daily"`` is the rule: whoever can watch the tree grow by the minute learns when somebody pressed "send".
"""

from __future__ import annotations

import hashlib
import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from events.cosignature import CosignatureVerifier
from events.note import NoteError, NoteVerifier
from events.signing import Ed25519Signer
from supervision.settings import BadSetting

SETTINGS = "witness.toml"
SECRETS = Path("secrets") / "witness.json"
SEED_BYTES = 32

DAILY, AT_ONCE = "daily", "at once"


@dataclass(frozen=True, kw_only=True)
class KnownLog:
    """A log that this witness cosigns. ``url``: prefix of its tiles, or ""."""

    key: NoteVerifier
    url: str = ""
    title: str = ""

    @property
    def origin(self) -> str:
        return self.key.name

    @property
    def hash(self) -> str:
        """How C2SP tlog-witness names it in paths: SHA-256 of the origin, hex."""
        return hashlib.sha256(self.origin.encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class WitnessHome:
    """``tokens``: origin to what the log wants to see before it shows tiles of today, 32 bytes."""

    directory: Path
    name: str
    title: str
    complaints: str = ""
    publish: str = DAILY
    logs: tuple[KnownLog, ...] = ()
    signer: Ed25519Signer = field(repr=False)
    tokens: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    @property
    def key(self) -> CosignatureVerifier:
        """What others need to recognise its cosignatures."""
        return CosignatureVerifier(self.name, self.signer.public_key)

    def log(self, origin_hash: str) -> KnownLog | None:
        """The log that a path names."""
        return next((log for log in self.logs if log.hash == origin_hash), None)

    @classmethod
    def load(cls, directory: Path) -> WitnessHome:
        """Raises :class:`BadSetting` with one line that names what is missing or wrong."""
        table = _table(directory)
        secrets = _secrets(directory)
        try:
            name, logs = _text(table, "name"), tuple(_log(row) for row in _rows(table))
            CosignatureVerifier(name, secrets[0].public_key)
        except NoteError as problem:
            raise BadSetting(f"{SETTINGS}：{problem}；请改正后再启动。") from None
        if unknown := set(table) - {"name", "title", "complaints", "publish", "logs"}:
            raise BadSetting(f"{SETTINGS}：{min(unknown)} 不是可用的设置；请删除或改正。")
        if len({log.origin for log in logs}) < len(logs):
            raise BadSetting(f"{SETTINGS}：logs 中有两项是同一个日志；请删去一项。")
        publish = _text(table, "publish", DAILY)
        if publish not in (DAILY, AT_ONCE):
            raise BadSetting(f"{SETTINGS}：publish 应为 {DAILY} 或 {AT_ONCE}。")
        return cls(
            directory=directory,
            name=name,
            title=_text(table, "title", name),
            complaints=_text(table, "complaints", ""),
            publish=publish,
            logs=logs,
            signer=secrets[0],
            tokens=secrets[1],
        )


def check_address(url: str) -> None:
    """Raises :class:`BadSetting` for what is no address of a log; "" is none, on purpose."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if url and not good:
        raise BadSetting("日志的 url：应以 https:// 开头；没有网络连接的留空。")


def is_home(directory: Path) -> bool:
    """Whether a witness lives here."""
    return (directory / SETTINGS).is_file()


def write_home(home: WitnessHome, seed: bytes) -> None:
    """Lay a new home: settings, and the secrets readable by the owner alone. Raises ``FileExistsError``."""
    home.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    home.directory.chmod(0o700)
    (home.directory / SECRETS.parent).mkdir(mode=0o700, exist_ok=True)
    tokens = {origin: token.hex() for origin, token in home.tokens.items()}
    _write(home.directory / SECRETS, json.dumps({"seed": seed.hex(), "tokens": tokens}, indent=1) + "\n")
    lines = [f"{key} = {_quoted(getattr(home, key))}" for key in ("name", "title", "complaints", "publish")]
    for log in home.logs:
        values = {"vkey": log.key.vkey(), "url": log.url, "title": log.title}
        lines += ["", "[[logs]]", *(f"{key} = {_quoted(value)}" for key, value in values.items())]
    _write(home.directory / SETTINGS, "\n".join(lines) + "\n")


def _write(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(handle, "w", encoding="utf-8") as file:
        file.write(text)


def _quoted(text: str) -> str:
    """A TOML basic string; JSON's is one."""
    return json.dumps(text, ensure_ascii=False)


# -- reading -----------------------------------------------------------------------------------------------------


def _table(directory: Path) -> dict[str, Any]:
    try:
        return tomllib.loads((directory / SETTINGS).read_text("utf-8"))
    except FileNotFoundError:
        raise BadSetting(f"{SETTINGS}：该目录中没有见证站；请先运行 supervision witness init。") from None
    except OSError as error:
        raise BadSetting(f"{SETTINGS}：无法读取（{type(error).__name__}）；请核对文件权限。") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSetting(f"{SETTINGS}：不是有效的 TOML（{error}）；请改正后再启动。") from None


def _secrets(directory: Path) -> tuple[Ed25519Signer, Mapping[str, bytes]]:
    name = SECRETS.as_posix()
    try:
        table = json.loads((directory / SECRETS).read_text("utf-8"))
        seed = bytes.fromhex(table["seed"])
        tokens = {str(origin): bytes.fromhex(token) for origin, token in table["tokens"].items()}
        return Ed25519Signer(seed), tokens
    except FileNotFoundError:
        raise BadSetting(f"{name}：缺少见证密钥；请从上级的密钥保管人处取得后放入。") from None
    except OSError as error:
        raise BadSetting(f"{name}：无法读取（{type(error).__name__}）；请核对文件权限。") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadSetting(f"{name}：内容不完整；请从上级的密钥保管人处重新取得。") from None


def _rows(table: Mapping[str, Any]) -> list[Any]:
    rows = table.get("logs", [])
    if not isinstance(rows, list):
        raise BadSetting(f"{SETTINGS}：logs 应为列表，每个日志一段 [[logs]]。")
    return rows


def _log(row: object) -> KnownLog:
    if not isinstance(row, dict) or set(row) - {"vkey", "url", "title"}:
        raise BadSetting(f"{SETTINGS}：logs 的每一项只有 vkey、url、title。")
    url = _text(row, "url", "").rstrip("/")
    check_address(url)
    key = NoteVerifier.from_vkey(_text(row, "vkey"))
    return KnownLog(key=key, url=url, title=_text(row, "title", key.name))


def _text(table: Mapping[str, Any], key: str, default: str | None = None) -> str:
    value = table.get(key, default)
    if not isinstance(value, str):
        raise BadSetting(f"{SETTINGS}：缺少 {key}，或者它不是文字（写在引号里）；请补上。")
    return value
