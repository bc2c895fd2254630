"""Shares that the npm package shamir-secret-sharing combines, and shares of its making that we combine."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from supervision.sealing.shamir import combine, split
from tests.support.lacking import lacking
from tests.support.sealing import seeded
from tests.test_resharing_arithmetic import Handover

HERE = Path(__file__).parent
SIZES = [(m, n) for n in range(2, 7) for m in range(2, n + 1)]

Package = Callable[[Sequence[tuple[bytes, int, int]], Sequence[Sequence[bytes]]], tuple[list[list[bytes]], list[bytes]]]


@pytest.fixture(scope="module")
def package() -> Package:
    """What the package makes of secrets to split (with M and N), and of shares to combine."""
    node = shutil.which("node")
    if node is None or not (HERE / "node_modules/shamir-secret-sharing").is_dir():
        lacking("shamir-secret-sharing", "请安装 npm 并在 tests/ 中执行 npm ci")

    def ask(
        secrets: Sequence[tuple[bytes, int, int]], shares: Sequence[Sequence[bytes]]
    ) -> tuple[list[list[bytes]], list[bytes]]:
        question = {
            "modules": str(HERE / "package.json"),
            "split": [{"secret": secret.hex(), "m": m, "n": n} for secret, m, n in secrets],
            "combine": [[share.hex() for share in some] for some in shares],
        }
        script = str(HERE / "interop/sealing/shamir.js")
        answered = subprocess.run([node, script], input=json.dumps(question), capture_output=True, text=True)
        assert answered.returncode == 0, answered.stderr
        answer: dict[str, Any] = json.loads(answered.stdout)
        made = [[bytes.fromhex(share) for share in some] for some in answer["shares"]]
        return made, [bytes.fromhex(secret) for secret in answer["secrets"]]

    return ask


def test_the_package_combines_every_choice_of_our_shares(package: Package) -> None:
    wanted, asked = [], []
    for m, n in SIZES:
        rng = seeded(f"{m} of {n}")
        secret = rng(32)
        for chosen in combinations(split(secret, m, n, rng), m):
            wanted.append(secret)
            asked.append(chosen)
    assert package([], asked)[1] == wanted


def test_we_combine_every_choice_of_the_package_s_shares(package: Package) -> None:
    asked = [(seeded(f"{m} of {n}")(32), m, n) for m, n in SIZES]
    for (secret, m, _), shares in zip(asked, package(asked, [])[0], strict=True):
        assert {combine(chosen) for chosen in combinations(shares, m)} == {secret}


def test_the_package_combines_what_new_custodians_hold_after_a_change(package: Package) -> None:
    county = Handover((3, 5), (3, 4))
    taken = county.take([county.deal(custodian) for custodian in sorted(county.old)[:4]])
    for at, secret in enumerate(county.secrets):
        shares = [what.shares[at] for what in taken.values()]
        chosen = list(combinations(shares, 3))
        assert package([], chosen)[1] == [secret] * len(chosen)


def test_the_package_makes_nothing_of_one_share_too_few(package: Package) -> None:
    rng = seeded("too few")
    secret = rng(32)
    few = list(combinations(split(secret, 4, 6, rng), 3))
    assert secret not in package([], few)[1]
