"""What a change of custodians refuses: forged, replayed and untimely answers, lies, papers that name others than the
pinned manifest; and that it can be interrupted after any report."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

import pytest

from events.canonical import encode
from supervision.resharing import holders
from supervision.resharing.papers import DEAL, DEAL_REQUEST, TAKE_REQUEST, TAKEN, BadPaper, Paper
from supervision.resharing_table import Table
from supervision.sealing import resharing
from supervision.sealing.errors import BadShare, CannotOpen, ManifestRejected
from supervision.sealing.strict_json import to_base64
from tests.support.office import Office, staffed
from tests.support.openings import Openings
from tests.support.resharing import JOINER, Handover, next_manifest, reshared, started_anew

NEW_CUSTODIANS = {"custodian-4": "身份保管员丁", "custodian-2": "身份保管员乙", "custodian-3": "身份保管员丙"}
BATCH = "1-custodian"


@dataclass
class Prepared:
    """A county whose custodians have changed while two reports are sealed to the former ones."""

    office: Office
    reports: list[UUID]
    openings: Openings


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    directory = tmp_path_factory.mktemp("refused")
    with staffed(directory / "home", f"sqlite:///{directory / 'log.sqlite'}", gate=False) as before:
        reports = [before.distributed(), before.distributed()]
        next_manifest(before.platform, custodians=NEW_CUSTODIANS)
        with started_anew(before) as after:
            yield Prepared(after, reports, Openings(after, directory))


@pytest.fixture
def handover(county: Prepared, tmp_path: Path) -> Handover:
    """Begun anew for each test: as long as nothing is recorded, it can be."""
    return Handover(county.office, tmp_path / "table")


def liar(handover: Handover, holder: str) -> Paper:
    """A deal as a program makes it that shares out something else than what was sealed to its holder."""
    change = handover.read(BATCH).change
    key = handover.key("custodian", holder)
    number = change.number_of(change.former, key.key_id)
    made_up = [handover.platform.rng(32) + bytes([number]) for _ in range(change.size)]
    dealt = resharing.deal(change, key, made_up, handover.platform.rng)
    genuine = handover.deal(BATCH, holder)
    head = {
        **genuine.head,
        "commitments": [one.hex() for one in dealt.commitments],
        "seed": to_base64(dealt.seed),
    }
    lines = tuple(
        encode({"bundle": to_base64(bundle), "tag": tag.hex()})
        for bundle, tag in zip(dealt.bundles, dealt.tags, strict=True)
    )
    return Paper(DEAL, head, lines).tagged(handover.read(BATCH).challenges[DEAL, key.key_id])


# -- lies ----------------------------------------------------------------------------------------------------------


def test_a_liar_is_noticed_before_anything_is_recorded_and_convicted_by_his_own_key(
    county: Prepared, handover: Handover
) -> None:
    table = handover.read(BATCH)
    lie = liar(handover, "custodian-2")
    for answer in (handover.deal(BATCH, "custodian-1"), lie, handover.deal(BATCH, "custodian-3")):
        table.collect(answer.encode())
    table.hand_out(unchecked=False)
    handover.taken(BATCH)
    with pytest.raises(BadShare, match="中有人分出的不是日志所记他的份额。没有写入日志"):
        handover.finish(BATCH)
    assert reshared(county.office) == []
    verdicts = {}
    for holder in ("custodian-1", "custodian-2", "custodian-3"):
        folder = handover.directory / BATCH
        key = handover.key("custodian", holder)
        paper = Paper.parse((folder / f"deal-{holder}.request").read_bytes(), DEAL_REQUEST)
        answer = Paper.parse((folder / f"deal-{key.key_id[:32]}.answer").read_bytes(), DEAL)
        verdicts[holder] = holders.check_deal(paper, handover.platform.manifest, key, answer)
    assert verdicts == {"custodian-1": True, "custodian-2": False, "custodian-3": True}


def test_what_a_new_custodian_answered_can_be_repeated_too(handover: Handover) -> None:
    handover.dealt(BATCH)
    key = handover.key("custodian", JOINER.officer)
    paper = Paper.parse((handover.directory / BATCH / f"take-{JOINER.officer}.request").read_bytes(), TAKE_REQUEST)
    answer = handover.take(BATCH, JOINER.officer)
    assert holders.check_taken(paper, handover.platform.manifest, key, answer)
    first = json.loads(answer.lines[0])
    lie = replace(answer, lines=(encode({**first, "share_commitment": "0" * 64}), *answer.lines[1:]))
    assert not holders.check_taken(paper, handover.platform.manifest, key, lie)


# -- answers -------------------------------------------------------------------------------------------------------


def test_an_answer_that_its_holder_s_key_did_not_make_is_refused(handover: Handover) -> None:
    table, genuine = handover.read(BATCH), handover.deal(BATCH, "custodian-1")
    forged = replace(genuine, tag="")
    strangers = genuine.tagged(handover.platform.rng(32))
    renamed = replace(genuine, head={**genuine.head, "dealer": handover.key("custodian", "custodian-2").key_id})
    for answer in (forged, strangers, renamed):
        with pytest.raises(BadPaper, match="用其私钥生成的"):
            table.collect(answer.encode())
    with pytest.raises(BadPaper, match="不完整或者被改动"):
        table.collect(
            genuine.encode().replace(b'"bundle":"A', b'"bundle":"B').replace(b'"bundle":"', b'"bundle":"A', 1)
        )
    assert len(table.waiting()) == 3


def test_an_answer_to_another_begin_is_refused(county: Prepared, handover: Handover, tmp_path: Path) -> None:
    """The same data keys, the same people: only the challenge is another."""
    other = Handover(county.office, tmp_path / "other")
    with pytest.raises(BadPaper, match="用其私钥生成的"):
        handover.read(BATCH).collect(other.deal(BATCH, "custodian-1").encode())


def test_deals_come_before_and_takings_after_they_are_handed_out(handover: Handover) -> None:
    handover.dealt(BATCH)
    table = handover.read(BATCH)
    with pytest.raises(BadPaper, match="不再接收"):
        table.collect(handover.deal(BATCH, "custodian-1").encode())
    with pytest.raises(BadPaper, match="还没有收到"):
        table.worked()
    answer = handover.take(BATCH, JOINER.officer)
    other = replace(answer, head={**answer.head, "statements": ["0" * 64] * 3})
    with pytest.raises(BadPaper, match="不是本次分发的材料"):
        table.collect(other.tagged(table.challenges[TAKEN, handover.key("custodian", JOINER.officer).key_id]).encode())


def test_m_former_custodians_alone_are_taken_only_when_it_is_said_so(handover: Handover) -> None:
    table = handover.read(BATCH)
    table.collect(handover.deal(BATCH, "custodian-2").encode())
    with pytest.raises(BadPaper, match="须有至少 2 名"):
        table.hand_out(unchecked=True)
    table.collect(handover.deal(BATCH, "custodian-3").encode())
    with pytest.raises(BadPaper, match="无从核对"):
        table.hand_out(unchecked=False)
    table.hand_out(unchecked=True)
    assert handover.read(BATCH).dealers == tuple(handover.key("custodian", f"custodian-{n}").key_id for n in (2, 3))


# -- papers --------------------------------------------------------------------------------------------------------


def test_a_paper_that_names_other_new_custodians_than_the_pinned_manifest_gets_nothing(handover: Handover) -> None:
    paper = Paper.parse((handover.directory / BATCH / "deal-custodian-1.request").read_bytes(), DEAL_REQUEST)
    key, manifests = handover.key("custodian", "custodian-1"), handover.platform.manifests
    former = next(one for one in manifests.values() if one.epoch == 1)
    with pytest.raises(BadPaper, match="不是您固定的密钥清单中的保管人"):
        holders.deal(paper, former, key, handover.platform.rng)
    unsigned = replace(handover.platform.manifest, signatures={})
    with pytest.raises(ManifestRejected):
        holders.deal(paper, unsigned, key, handover.platform.rng)
    alone = replace(paper, head={**paper.head, "manifests": []})
    with pytest.raises(ManifestRejected):
        holders.deal(alone, handover.platform.manifest, key, handover.platform.rng)


def test_a_paper_is_its_recipient_s_alone(handover: Handover) -> None:
    paper = Paper.parse((handover.directory / BATCH / "deal-custodian-1.request").read_bytes(), DEAL_REQUEST)
    with pytest.raises(BadPaper, match="不是发给这把私钥的"):
        holders.deal(paper, handover.platform.manifest, handover.key("custodian", "custodian-2"), handover.platform.rng)
    with pytest.raises(CannotOpen, match="不在本次交接的名单中"):
        holders.deal(
            paper, handover.platform.manifest, handover.key("custodian", JOINER.officer), handover.platform.rng
        )


def test_a_share_of_another_report_in_a_paper_does_not_open(handover: Handover) -> None:
    paper = Paper.parse((handover.directory / BATCH / "deal-custodian-1.request").read_bytes(), DEAL_REQUEST)
    first, second, *rest = map(json.loads, paper.lines)
    first["wrap"], second["wrap"] = second["wrap"], first["wrap"]
    moved = replace(paper, lines=tuple(encode(line) for line in (first, second, *rest)))
    with pytest.raises(CannotOpen):
        holders.deal(moved, handover.platform.manifest, handover.key("custodian", "custodian-1"), handover.platform.rng)
    fewer = replace(paper, lines=paper.lines[1:])
    with pytest.raises(BadPaper, match="清单与其编号不符"):
        holders.deal(fewer, handover.platform.manifest, handover.key("custodian", "custodian-1"), handover.platform.rng)


def test_a_table_that_is_none_and_a_file_of_another_kind_are_refused(handover: Handover, tmp_path: Path) -> None:
    with pytest.raises(BadPaper, match="reshare begin"):
        Table.read(tmp_path, handover.platform.manifests, handover.platform.manifest.hash)
    with pytest.raises(BadPaper, match="拿错了文件"):
        Paper.parse(handover.deal(BATCH, "custodian-1").encode(), TAKE_REQUEST)
    with pytest.raises(BadPaper, match="已损坏或格式不对"):
        Paper.parse(b"nothing", DEAL)
    with pytest.raises(BadPaper, match="又已更换"):
        Table.read(handover.directory / BATCH, handover.platform.manifests, "0" * 64)
