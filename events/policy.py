"""C2SP tlog-policy (https://c2sp.org/tlog-policy): which log and which witnesses one believes, as a text file.

::

    log log.county.example/supervision+…
    witness city city.example/witness+… https://city.example/witness
    witness province province.example/witness+…
    group both all city province
    quorum both

A checkpoint is valid when one of the logs has signed it and the quorum has cosigned it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from events.checkpoint import Checkpoint
from events.cosignature import CosignatureVerifier, timestamp_of
from events.note import NoteError, NoteVerifier, Verifier, open_note

NONE = "none"
MAX_BYTES = 256 * 1024

_CONTROL = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
_BLANKS = re.compile(r"[ \t]+")
_THRESHOLD = re.compile(r"[1-9][0-9]{0,5}")


class PolicyError(ValueError):
    """A malformed policy, or a checkpoint that too few witnesses have cosigned."""


@dataclass(frozen=True)
class Witness:
    """``name``: within the policy. ``url``: its submission prefix, or "" where the policy gives none."""

    name: str
    key: CosignatureVerifier
    url: str = ""


@dataclass(frozen=True)
class SignedTree:
    """A checkpoint that its log has signed; when each known witness last cosigned it, Unix seconds by policy name."""

    checkpoint: Checkpoint
    cosigned_at: Mapping[str, int]

    @property
    def timestamps(self) -> Sequence[int]:
        return sorted(self.cosigned_at.values())


@dataclass(frozen=True)
class Policy:
    """``groups``: name to (k, members): k of the members, which are witnesses or groups before it.

    ``quorum``: the name of a witness or group, or ``none``.
    Names are shown as text; octets that are no UTF-8, which a file may have, are written ``\\xff``.
    """

    logs: tuple[NoteVerifier, ...]
    witnesses: tuple[Witness, ...]
    groups: Mapping[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    quorum: str = NONE

    def open_signed(self, note: bytes) -> SignedTree:
        """A checkpoint of one of the logs, whoever has cosigned it.

        Raises :class:`events.note.NoteError`, :class:`events.checkpoint.CheckpointError`.
        """
        verifiers: list[Verifier] = [*self.logs, *(witness.key for witness in self.witnesses)]
        opened, signed_by = open_note(note, verifiers)
        checkpoint = Checkpoint.parse(opened.text)
        if not any(log.name == checkpoint.origin and log in signed_by for log in self.logs):
            raise NoteError("检查点没有已知日志的签名")
        cosigned_at = {
            witness.name: max(timestamp_of(line) for line in opened.signatures if line.is_of(witness.key))
            for witness in self.witnesses
            if witness.key in signed_by
        }
        return SignedTree(checkpoint, cosigned_at)

    def open_checkpoint(self, note: bytes) -> SignedTree:
        """The same; raises :class:`PolicyError`, too, where the quorum has not cosigned it."""
        signed = self.open_signed(note)
        if not self.is_quorum(signed.cosigned_at):
            raise PolicyError("检查点尚未得到规定数量的见证人联署")
        return signed

    def is_quorum(self, cosigned_by: Iterable[str]) -> bool:
        """Whether the witnesses of these names are enough."""
        witnessed = {witness.name for witness in self.witnesses}.intersection(cosigned_by)
        for name, (needed, members) in self.groups.items():
            if len(witnessed.intersection(members)) >= needed:
                witnessed.add(name)
        return self.quorum == NONE or self.quorum in witnessed

    def encode(self) -> str:
        """The policy as text."""
        lines = [f"log {log.vkey()}" for log in self.logs]
        lines += [f"witness {one.name} {one.key.vkey()} {one.url}".rstrip() for one in self.witnesses]
        lines += [f"group {name} {needed} {' '.join(members)}" for name, (needed, members) in self.groups.items()]
        return "".join(line + "\n" for line in (*lines, f"quorum {self.quorum}"))

    @classmethod
    def parse(cls, data: bytes) -> Policy:
        """Raises :class:`PolicyError` with the number of the line that is wrong."""
        if len(data) > MAX_BYTES or _CONTROL.search(data):
            raise PolicyError("密钥文件含有控制字符，或者过大")
        reader = _Reader()
        for number, line in enumerate(data.decode("utf-8", "backslashreplace").split("\n"), 1):
            words = [word for word in _BLANKS.split(line) if word]
            if words and not words[0].startswith("#"):
                try:
                    reader.take(words)
                except (PolicyError, NoteError) as problem:
                    raise PolicyError(f"密钥文件第 {number} 行：{problem}") from None
        return reader.policy()


class _Reader:
    """Takes a policy's lines one after the other; what a line names must have been defined before it."""

    def __init__(self) -> None:
        self._logs: list[NoteVerifier] = []
        self._witnesses: list[Witness] = []
        self._groups: dict[str, tuple[int, tuple[str, ...]]] = {}
        self._defined: set[str] = set()
        self._members: set[str] = set()
        self._quorum: str | None = None

    def take(self, words: Sequence[str]) -> None:
        kind, *rest = words
        if kind == "log" and len(rest) in (1, 2):
            self._add_log(NoteVerifier.from_vkey(rest[0]))
        elif kind == "witness" and len(rest) in (2, 3):
            self._check_new_name(rest[0])
            self._add_witness(Witness(rest[0], CosignatureVerifier.from_vkey(rest[1]), *rest[2:]))
        elif kind == "group" and len(rest) >= 3:
            self._check_new_name(rest[0])
            self._add_group(rest[0], rest[1], rest[2:])
        elif kind == "quorum" and len(rest) == 1:
            self._set_quorum(rest[0])
        else:
            raise PolicyError("应为 log、witness、group 或 quorum，及其各项")

    def policy(self) -> Policy:
        if self._quorum is None:
            raise PolicyError("密钥文件缺少 quorum 一行")
        return Policy(tuple(self._logs), tuple(self._witnesses), self._groups, self._quorum)

    def _add_log(self, log: NoteVerifier) -> None:
        if any(log.public_key == other.public_key for other in self._logs):
            raise PolicyError("日志密钥重复")
        self._logs.append(log)

    def _add_witness(self, witness: Witness) -> None:
        if any(witness.key.public_key == other.key.public_key for other in self._witnesses):
            raise PolicyError("见证密钥重复")
        self._witnesses.append(witness)
        self._defined.add(witness.name)

    def _add_group(self, name: str, threshold: str, members: Sequence[str]) -> None:
        for member in members:
            if member not in self._defined or member in self._members:
                raise PolicyError(f"{member} 未在前面定义，或者已属于某个组")
            self._members.add(member)
        needed = {"all": len(members), "any": 1}.get(threshold, 0)
        if _THRESHOLD.fullmatch(threshold):
            needed = int(threshold)
        if not 1 <= needed <= len(members):
            raise PolicyError("组的人数应为 all、any 或 1 到成员数之间的整数")
        self._groups[name] = (needed, tuple(members))
        self._defined.add(name)

    def _set_quorum(self, name: str) -> None:
        if self._quorum is not None:
            raise PolicyError("quorum 只能有一行")
        if name != NONE and name not in self._defined:
            raise PolicyError(f"{name} 未在前面定义")
        self._quorum = name

    def _check_new_name(self, name: str) -> None:
        if name == NONE or name in self._defined:
            raise PolicyError(f"名称 {name} 重复或不能使用")
