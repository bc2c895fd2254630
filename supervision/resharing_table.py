"""The ceremony's side of a change of custodians: a folder for each batch, in which papers and answers come together.

::

    batch.json              from whom to whom; what was sealed to each to know his answers by
    list                    the data keys of the batch
    deal-<holder>.request   for former holders; then, for new ones, take-<holder>.request
    deal-<key id>.answer    answers of former holders, of new ones taken-<key id>.answer; checked when they came

Nothing is in force before :meth:`Table.worked` has found that the answers agree and it was recorded. Until then the
former holders' wraps stay, and all of it can be done anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from events import durable_file
from events.canonical import JSONObject, encode
from supervision.casework.desk import Desk
from supervision.casework.resharing import DueBatch, Worked, bare_wrap, due
from supervision.key_files import write_new
from supervision.resharing.holders import NewShare, TakenPaper, read_deal, read_taken
from supervision.resharing.papers import (
    DEAL,
    DEAL_REQUEST,
    TAKE_REQUEST,
    TAKEN,
    BadPaper,
    Listed,
    Paper,
    batch_of,
    request_head,
)
from supervision.sealing.binding import Rng
from supervision.sealing.holders import Holder
from supervision.sealing.manifest import KeyManifest
from supervision.sealing.resharing import Change, Deal, judge
from supervision.sealing.strict_json import to_base64

BATCH, LIST = "batch.json", "list"
CHALLENGE_BYTES = 32


def begin(desk: Desk, directory: Path) -> list[Table]:
    """A table for each batch of data keys that have to be handed over, with the papers for the former holders."""
    tables: list[Table] = []
    names: dict[str, int] = {}
    for batch in due(desk):
        before = desk.manifests[batch.before]
        name = f"{before.epoch}-{batch.held.group}"
        names[name] = names.get(name, 0) + 1
        name += f"-{names[name]}" if names[name] > 1 else ""  # others are left out of it: who, the name does not say
        tables.append(_lay(desk, directory / name, before, batch))
    return tables


def _lay(desk: Desk, directory: Path, before: KeyManifest, batch: DueBatch) -> Table:
    listed = [key.listed for key in batch.keys]
    change = Change(
        before=before,
        after=desk.manifest,
        group=batch.held.group,
        left_out=batch.held.left_out,
        batch=batch_of(listed),
        size=len(listed),
    )
    durable_file.make_directory(directory, 0o700)
    table = Table(directory, change, _before(desk.manifests, desk.manifest), _challenges(change, desk.rng))
    write_new(directory / LIST, b"".join(encode(key.to_json()) + b"\n" for key in listed))
    for holder in change.former[0]:
        lines = []
        for key in batch.keys:
            named, wrap = bare_wrap(desk, key, holder.kem.key_id)
            lines.append(
                encode(
                    {
                        "key": key.listed.to_json(),
                        "share_commitment": named.share_commitment,
                        "wrap": to_base64(wrap),
                    }
                )
            )
        paper = Paper(DEAL_REQUEST, table.head(DEAL, holder), tuple(lines))
        write_new(directory / f"deal-{holder.id}.request", paper.encode())
    table.keep()
    return table


@dataclass
class Table:
    """One batch. ``challenges``: kind of answer and key id (hex) to 32 bytes. ``dealers``: once their deals were handed
    out, key ids in the order of the manifest."""

    directory: Path
    change: Change
    manifests: Mapping[str, KeyManifest]
    challenges: Mapping[tuple[str, str], bytes]
    dealers: tuple[str, ...] = ()

    # -- the folder ------------------------------------------------------------------------------------------------

    @classmethod
    def read(cls, directory: Path, manifests: Mapping[str, KeyManifest], pinned: str) -> Table:
        """Raises BadPaper."""
        try:
            kept = json.loads((directory / BATCH).read_text("utf-8"))
            before, after = manifests[kept["before"]], manifests[kept["after"]]
            challenges = {(kind, key): bytes.fromhex(value) for kind, key, value in kept["challenges"]}
            change = Change(
                before=before,
                after=after,
                group=kept["group"],
                left_out=tuple(kept["left_out"]),
                batch=bytes.fromhex(kept["batch"]),
                size=kept["size"],
            )
            dealers = tuple(kept["dealers"])
        except FileNotFoundError:
            raise BadPaper(
                f"{directory.name}：其中没有 {BATCH}；请用 supervision ceremony reshare begin 写出的目录。"
            ) from None
        except (KeyError, ValueError, TypeError):
            raise BadPaper(f"{BATCH}：内容不完整，或不属于本部署；请重新开始交接。") from None
        if after.hash != pinned:
            raise BadPaper("密钥清单在交接期间又已更换；请重新开始交接。")
        return cls(directory, change, _before(manifests, after), challenges, dealers)

    def keep(self) -> None:
        """Write down what this table knows."""
        change = self.change
        kept = {
            "before": change.before.hash,
            "after": change.after.hash,
            "group": change.group,
            "left_out": list(change.left_out),
            "batch": change.batch.hex(),
            "size": change.size,
            "challenges": [[kind, key, value.hex()] for (kind, key), value in self.challenges.items()],
            "dealers": list(self.dealers),
        }
        durable_file.replace(self.directory / BATCH, json.dumps(kept, indent=1).encode())

    def clear(self) -> None:
        """Remove all papers and answers: in a stranger's hands the former ones could still be worked with."""
        for path in sorted(self.directory.iterdir()):
            path.unlink()
        self.directory.rmdir()

    # -- answers ---------------------------------------------------------------------------------------------------

    def collect(self, data: bytes) -> tuple[Holder, str]:
        """An answer of a former or a new holder; returns who he is and the statement of his answer.

        Raises BadPaper for one that is not by a holder's key, not to this batch, or too late.
        """
        answer = Paper.parse(data, DEAL, TAKEN)
        if answer.kind == DEAL:
            giver, former = read_deal(answer, self.change).dealer, True
            if self.dealers:
                raise BadPaper("原保管人的份额已经分发给新保管人，不再接收；如需更正，请重新开始交接。")
        else:
            taken = read_taken(answer, self.change)
            giver, former = taken.taker, False
            if taken.statements != tuple(self._deal(dealer)[0] for dealer in self.dealers):
                raise BadPaper("新保管人用的不是本次分发的材料；请用本次的材料重新生成。")
        members = self.change.former if former else self.change.new
        holder = next((one for one in members[0] if one.kem.key_id == giver), None)
        challenge = self.challenges.get((answer.kind, giver))
        if holder is None or challenge is None or not answer.answers(challenge):
            raise BadPaper("答复不是本次交接中的保管人用其私钥生成的，不能接收；请本人用本次的材料重新生成。")
        durable_file.replace(self._path(answer.kind, giver), data)
        return holder, answer.statement()

    def waiting(self) -> list[Holder]:
        """Whose answers have not come: of the former holders until :meth:`hand_out`, then of the new ones."""
        kind, members = (TAKEN, self.change.new) if self.dealers else (DEAL, self.change.former)
        return [one for one in members[0] if not self._path(kind, one.kem.key_id).exists()]

    def hand_out(self, *, unchecked: bool) -> None:
        """Write the papers for the new holders. ``unchecked``: with no more than M deals, which nothing can check.

        Raises BadPaper.
        """
        holders, m = self.change.former
        dealers = tuple(one.kem.key_id for one in holders if self._path(DEAL, one.kem.key_id).exists())
        if len(dealers) < m:
            raise BadPaper(f"须有至少 {m} 名原保管人交出份额，现有 {len(dealers)} 名；请等其余各人。")
        if len(dealers) == m and not unchecked:
            raise BadPaper(
                f"只有 {m} 名原保管人交出份额，谁分错了无从核对；请再请一名参加。"
                "确实没有他人可请的，加 --unchecked 继续：其中有人不实，这些材料就再也打不开。"
            )
        self.dealers = dealers
        found = [self._deal(dealer) for dealer in dealers]
        lines = tuple(encode(key.to_json()) for key in self.listed())
        for at, holder in enumerate(self.change.new[0]):
            head = self.head(TAKEN, holder)
            head["dealers"] = [_for_one(statement, deal, at) for statement, deal in found]
            durable_file.replace(
                self.directory / f"take-{holder.id}.request", Paper(TAKE_REQUEST, head, lines).encode()
            )
        self.keep()

    def worked(self) -> Worked:
        """What all have worked out, once it agrees. Raises BadPaper, BadShare."""
        if not self.dealers or (missing := self.waiting()):
            names = "、".join(one.name for one in missing) if self.dealers else "新保管人"
            raise BadPaper(f"还没有收到{names}的答复；请等其交来。")
        taken = [self._taken(holder) for holder in self.change.new[0]]
        judge(self.change, self.dealers, {one.taker: one.checks for one in taken})
        return Worked(
            change=self.change,
            dealers=self.dealers,
            statements=tuple(self._deal(dealer)[0] for dealer in self.dealers),
            shares=dict(zip(self.listed(), _by_key(taken), strict=True)),
        )

    def listed(self) -> list[Listed]:
        """The data keys of the batch."""
        lines = tuple((self.directory / LIST).read_bytes().splitlines())
        return Paper(LIST, {}, lines).read_lines(Listed.read)

    def head(self, kind: str, holder: Holder) -> JSONObject:
        """Of a paper whose answer is of this kind."""
        challenge = self.challenges[kind, holder.kem.key_id]
        return request_head(self.change, self.manifests.values(), holder.kem, challenge)

    def _deal(self, dealer: str) -> tuple[str, Deal]:
        paper = Paper.parse(self._path(DEAL, dealer).read_bytes(), DEAL)
        return paper.statement(), read_deal(paper, self.change)

    def _taken(self, holder: Holder) -> TakenPaper:
        return read_taken(Paper.parse(self._path(TAKEN, holder.kem.key_id).read_bytes(), TAKEN), self.change)

    def _path(self, kind: str, key_id: str) -> Path:
        return self.directory / f"{kind}-{key_id[:32]}.answer"


def _for_one(statement: str, deal: Deal, at: int) -> JSONObject:
    return {
        "dealer": deal.dealer,
        "statement": statement,
        "commitments": [commitment.hex() for commitment in deal.commitments],
        "bundle": to_base64(deal.bundles[at]),
        "tag": deal.tags[at].hex(),
    }


def _by_key(taken: list[TakenPaper]) -> Iterator[tuple[NewShare, ...]]:
    return zip(*(one.shares for one in taken), strict=True)


def _challenges(change: Change, rng: Rng) -> dict[tuple[str, str], bytes]:
    asked = ((DEAL, change.former), (TAKEN, change.new))
    return {(kind, one.kem.key_id): rng(CHALLENGE_BYTES) for kind, (holders, _) in asked for one in holders}


def _before(manifests: Mapping[str, KeyManifest], after: KeyManifest) -> dict[str, KeyManifest]:
    """Those that the new one descends from, which a reader has to see to believe in the former one."""
    return {hash_: manifest for hash_, manifest in manifests.items() if manifest.epoch < after.epoch}
