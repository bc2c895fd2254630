"""The log as it stands, for whoever has the reader's token: `supervision verify --token` against the county's site."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from werkzeug.serving import make_server

from supervision.business_time import SHANGHAI
from supervision.checkpointing.policy import keys_text, load_policy
from supervision.cli import main
from supervision.sealing.receipt import ReceiptCode
from supervision.web.app import create_app
from tests.support.cosigning import SignedCounty
from tests.support.deployment import environment, make_deployment
from tests.support.office import submission

EVENING = datetime(2026, 3, 2, 23, 50, tzinfo=SHANGHAI)
"""The log is published at midnight: what came today, nobody sees today."""


@pytest.fixture
def county(tmp_path: Path) -> Iterator[SignedCounty]:
    url = f"sqlite:///{tmp_path / 'log.sqlite'}"
    platform = make_deployment(tmp_path / "home", url, clock=lambda: EVENING)
    yield SignedCounty(platform, tmp_path / "city", public_checkpoint_hours=24)
    platform.close()


@pytest.fixture
def code(county: SignedCounty) -> ReceiptCode:
    """Of a report of today, which the witness has seen."""
    code = ReceiptCode.new(county.platform.rng)
    county.platform.public_door.admit(submission(EVENING), code)
    county.sign()
    county.cosign()
    return code


@pytest.fixture
def site(county: SignedCounty) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, create_app(county.platform), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/log"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def keys(county: SignedCounty, tmp_path: Path) -> Path:
    (tmp_path / "keys").write_text(keys_text(load_policy(county.platform.settings.home)))
    return tmp_path / "keys"


@pytest.fixture
def token(county: SignedCounty, tmp_path: Path) -> Path:
    """As it was handed over to the superior."""
    file = tmp_path / "superior-log-reader.token"
    file.write_text(county.platform.log_secrets.reader_token.hex() + "\n")
    return file


def verify(*arguments: str | Path, typed: str = "", county: SignedCounty | None = None) -> Result:
    env = {"SUPERVISION_HOME": "/nonexistent", "SUPERVISION_DATABASE_URL": "", "SUPERVISION_SITE": ""}
    if county is not None:
        env = environment(county.platform.settings.home, county.platform.settings.database_url)
    return CliRunner().invoke(main, ["verify", *map(str, arguments)], input=typed, env=env, catch_exceptions=False)


def test_a_receipt_of_today_is_found_with_the_token_alone(
    code: ReceiptCode, site: str, keys: Path, token: Path
) -> None:
    look = ("--code", "--tiles", site, "--keys", keys, "--since", "2026-03-01")
    without = verify(*look, typed=f"{code.digits}\n")
    assert (without.exit_code, without.stdout) == (1, "")
    assert "那里没有检查点" in without.stderr
    for shown, typed in ((token, ""), ("-", token.read_text())):
        found = verify(*look, "--token", shown, typed=f"{typed}{code.digits}\n")
        assert found.exit_code == 0, found.stderr
        assert found.stdout.startswith("找到：")
        assert token.read_text().strip() not in found.output


def test_the_database_is_compared_with_the_site_as_it_stands(
    code: ReceiptCode, site: str, token: Path, county: SignedCounty
) -> None:
    finished = verify("--against", site, "--token", token, county=county)
    size = county.platform.log.size()
    assert finished.stdout.splitlines()[-1] == f"与所给的检查点（{size} 条）一致。"


@pytest.mark.parametrize("wrong", ["", "1234", "x" * 64, "00" * 33])
def test_what_is_no_token_is_one_line_that_does_not_repeat_it(site: str, keys: Path, token: Path, wrong: str) -> None:
    token.write_text(wrong)
    finished = verify("--code", "--tiles", site, "--keys", keys, "--token", token, typed="1" * 32)
    assert (finished.exit_code, finished.stdout) == (1, "")
    (line,) = finished.stderr.splitlines()
    assert "64 位十六进制数" in line
    assert not wrong or wrong not in line


def test_a_token_is_for_an_address(keys: Path, token: Path, tmp_path: Path) -> None:
    for where in (("--code", "--tiles", tmp_path, "--keys", keys), ()):
        finished = verify(*where, "--token", token, typed="1" * 32)
        assert finished.exit_code == 1
        assert "--token 只用于" in finished.stderr
