"""A log that somebody has rewritten: with the database password, with stolen keys, with the log's own genuine key.

What the database alone can still prove ends where all keys are stolen; then the checkpoints that others keep decide.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import delete

from events import schema
from events.checkpoint import Checkpoint
from events.checkpoints import SignedCheckpoint
from events.leaf import RecordedEntry
from events.note import Note, NoteSignature, NoteVerifier, parse, sign
from events.signer_memory import Remembered
from events.verify import Attested, Fault
from events.vocabulary import clue
from supervision.checkpointing.founding import SIGNER_DIRECTORY
from supervision.checkpointing.standing import Trouble
from supervision.checkpointing.submitting import NotCosigned, Submitter
from supervision.sealing.keys import SigningKey
from supervision.verifying import verify_platform
from supervision.witnessing.home import KnownLog, WitnessHome, write_home
from supervision.witnessing.service import WitnessService
from tests.support.deployment import seeds
from tests.support.log import ACTED, appended, digest, stream
from tests.support.small_log import MOMENT, SmallLog, rewrite, small_log, tamper


@pytest.fixture
def log(database_url: str, tmp_path: Path) -> Iterator[SmallLog]:
    with small_log(tmp_path / "home", database_url) as log:
        yield log


def entries_of(log: SmallLog) -> list[RecordedEntry]:
    return list(log.platform.log.scan(log.platform.log.size()))


def expect(log: SmallLog, reason: str, *against: Attested) -> None:
    with closing(log.reopened()) as platform, pytest.raises(Fault, match=reason):
        verify_platform(platform, against=against)


# --- With the database password ---------------------------------------------------------------------------------


def test_a_forged_append_with_the_right_tree_and_head_is_found(log: SmallLog) -> None:
    """Everything fits together but the signature, which nobody can make without a key."""
    entries = entries_of(log)
    last = entries[-1].entry
    for key_id in (last.key_id, digest("thief"), entries[0].entry.key_id):
        forged = last._replace(stream_version=2, topic="report.closed.v1", key_id=key_id, signature=bytes(64))
        rewrite(log, [*entries, RecordedEntry(9, forged)])
        expect(log, "^第 9 条：")


def test_a_forged_append_with_the_stolen_key_of_a_service_is_found(log: SmallLog) -> None:
    """It signs what the manifest lets it sign, and nothing else."""
    origin = log.platform.settings.origin
    event = clue.ClueReactivated(
        originator_id=stream("clue"), originator_version=1, **ACTED, actor="service:console", reason="new_evidence"
    )
    stolen = log.platform.console_service
    rewrite(log, appended(entries_of(log), (event, stolen), origin=origin, hour=MOMENT - MOMENT % 3600))
    expect(log, "^第 9 条：.*无权签署")


def test_a_report_that_was_dropped_with_its_tree_is_missed(log: SmallLog) -> None:
    drop_second_report(log)
    expect(log, "^第 6 条：至此的根与已签署的根不同")


def test_a_log_that_was_put_back_to_what_it_was_is_found_by_the_signers_own_memory(log: SmallLog) -> None:
    """An old backup: everything in the database fits together, down to the witness's cosignature."""
    later = {entry.stream_id for _, entry in entries_of(log)[4:]}
    rewrite(log, entries_of(log)[:4])
    for table in (schema.cosignature, schema.checkpoint):
        tamper(log.platform.log, delete(table).where(table.c.size > 4))
    for table in (schema.envelope, schema.wrap, schema.file, schema.lookup):
        tamper(log.platform.log, delete(table).where(table.c.stream_id.in_(later)))
    expect(log, "^第 5 条：日志被截短：已签署到第 6 条，现有 4 条")
    (log.platform.settings.home / SIGNER_DIRECTORY / "last-signed").unlink()
    assert verify_platform(log.platform).count == 4  # without it only what others kept can tell


def test_a_report_that_was_dated_back_is_found_though_tree_and_head_fit(log: SmallLog) -> None:
    """The hour is covered by no signature, but by the leaf: also the last report, which no checkpoint covers yet."""
    hour = MOMENT - MOMENT % 3600 - 2 * 3600
    entries = entries_of(log)
    earlier = [RecordedEntry(at, entry._replace(recorded_at=hour) if at > 6 else entry) for at, entry in entries]
    rewrite(log, earlier)
    expect(log, "^第 7 条：记录时间不是整点，或早于前一条")
    everywhere = [RecordedEntry(at, entry._replace(recorded_at=hour)) for at, entry in entries]
    rewrite(log, everywhere)
    expect(log, "^第 4 条：至此的根与已签署的根不同")


# --- With the log's own key -------------------------------------------------------------------------------------


def drop_second_report(log: SmallLog) -> None:
    """Take a report, its receipt and all that is in custody of it out; what follows moves up."""
    entries = entries_of(log)
    gone = {entries[4].entry.stream_id, entries[5].entry.stream_id}
    kept = [entry for _, entry in entries if entry.stream_id not in gone]
    rewrite(log, [RecordedEntry(position, entry) for position, entry in enumerate(kept, 1)])
    for table in (schema.envelope, schema.wrap, schema.file, schema.lookup):
        tamper(log.platform.log, delete(table).where(table.c.stream_id.in_(gone)))


def sign_anew(log: SmallLog) -> SignedCheckpoint:
    """With the log's key and the signer's memory in his hands: one new checkpoint in the place of all others."""
    store, key = log.platform.log, SigningKey(log.platform.log_secrets.log_seed)
    head = store.head()
    text = head.checkpoint().text()
    signed = SignedCheckpoint(head.size, Note(text, (sign(text, head.origin, key),)).encode(), MOMENT)
    tamper(store, delete(schema.cosignature), delete(schema.checkpoint))
    store.checkpoints.add(signed)
    memory = log.platform.settings.home / SIGNER_DIRECTORY / "last-signed"
    memory.write_bytes(Remembered(signed.note, signed.size).encode())
    return signed


def test_a_rewritten_log_that_was_signed_anew_is_found_by_what_a_witness_kept(log: SmallLog) -> None:
    (kept,) = [checkpoint for checkpoint in log.platform.log.checkpoints.signed(100) if checkpoint.size == 6]
    tree = log.sign()
    drop_second_report(log)
    sign_anew(log)
    with closing(log.reopened()) as platform:
        with_itself = verify_platform(platform)
    assert (with_itself.count, with_itself.said.witnessed) == (6, 0)  # it fits together, and no witness stands by it
    expect(log, "^第 6 条：至此的根与所给检查点中的根不同", attested(kept))
    expect(log, "^第 7 条：日志被截短：已签署到第 8 条", Attested(tree.size, tree.root, "所给检查点中"))


def attested(checkpoint: SignedCheckpoint) -> Attested:
    """What `--against` makes of a checkpoint that somebody kept."""
    tree = Checkpoint.parse(parse(checkpoint.note).text)
    return Attested(tree.size, tree.root, "所给检查点中")


def test_a_witness_refuses_to_cosign_a_log_that_was_rewritten_and_signed_anew(log: SmallLog, tmp_path: Path) -> None:
    """Neither shorter nor grown again: the key is genuine, the history is another."""
    store = log.platform.log
    witness = superiors_witness(log, tmp_path / "witness")

    def submitted(checkpoint: SignedCheckpoint) -> NoteSignature:
        return Submitter(log.witness, witness.add_checkpoint, store.read_nodes, lambda: MOMENT).submit(checkpoint)

    log.sign()
    before = store.checkpoints.last()
    assert before is not None
    submitted(before)
    drop_second_report(log)
    for trouble in (Trouble.AHEAD, Trouble.INCONSISTENT):
        with pytest.raises(NotCosigned) as refused:
            submitted(sign_anew(log))
        assert refused.value.trouble is trouble
        log.report()
        log.report()
    (known,) = witness.home.logs
    kept = witness.latest(known)
    assert kept is not None
    assert kept.size == before.size


def superiors_witness(log: SmallLog, directory: Path) -> WitnessService:
    """A witness with the superior's key that has cosigned nothing yet."""
    manifest, seed = log.platform.manifest, seeds(log.platform)["superior/witness"]
    home = WitnessHome(
        directory=directory,
        name=log.witness.key.name,
        title="见证站",
        logs=(KnownLog(key=NoteVerifier(manifest.origin, manifest.log)),),
        signer=SigningKey(seed),
    )
    write_home(home, seed)
    WitnessService.found(home)
    return WitnessService(home, lambda: MOMENT)
