"""Changing the key manifest: two sign what they read in words, the log adopts it, the settings pin it, old reports stay
readable, and an interruption at any step is finished by the same command."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest

from events import durable_file
from events.custody_reader import CustodyReader
from events.model import Sealing
from events.signing import Signer
from supervision import amending
from supervision.adoption import check_adopted
from supervision.checkpointing.signing import make_signer
from supervision.key_files import read_seed
from supervision.sealing.errors import CannotOpen
from supervision.sealing.keys import KemPrivateKey, SigningKey
from supervision.sealing.manifest import KeyManifest
from supervision.sealing.opening import Opener
from supervision.settings import BadSetting
from supervision.verifying import verify_platform
from tests.support.ceremony import CUSTODIANS, Tables, done, refused, supervision

SAMPLES = Path(__file__).parents[1] / "supervision" / "demonstration" / "samples.json"
NEW = "custodian/custodian-4"
NEW_SET = {'custodian-1 = "身份保管员甲"': 'custodian-4 = "身份保管员丁"'}
NEW_OFFICE = '[[offices]]\nid = "dept-3"\nname = "第三监督检查室"\nkind = "department"\nhost = "discipline"'
ITS_FIRST = (
    '[[officers]]\nofficer = "inspector-9"\nname = "新来"\noffice = "dept-3"\nroles = ["inspector"]\nholds = ["dept-3"]'
)


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A deployment with reports, sealed under its first manifest."""
    tables = Tables(tmp_path_factory.mktemp("founded"))
    tables.found()
    done("import", SAMPLES, home=tables.home)
    return tables.root


@pytest.fixture
def tables(founded: Path, tmp_path: Path) -> Tables:
    shutil.copytree(founded, tmp_path / "county")
    return Tables(tmp_path / "county")


def new_custodian(tables: Tables) -> Path:
    """The first custodian leaves, a fourth comes; drafted and not signed."""
    tables.change_plan(NEW_SET)
    (tables.plan / "keys" / "custodian-custodian-1.public.json").unlink()
    tables.keygen(NEW, tables.plan / "keys")
    return tables.amend()


def named_reports(tables: Tables) -> list[tuple[UUID, Sealing]]:
    """Every sealing with an identity, the oldest first."""
    with closing(tables.platform()) as platform:
        stored = platform.ledger.stored(1, 1000, topics=("report.received.v1",))
        found = [(one.event.originator_id, one.event.sealing) for one in stored]  # type: ignore[attr-defined]  # these have one
        return [
            (stream, sealing) for stream, sealing in found if any(k.compartment == "identity" for k in sealing.keys)
        ]


def contribution(tables: Tables, stream: UUID, sealing: Sealing, holder: str) -> bytes:
    """The share of a holder, with the key on his own machine."""
    private = KemPrivateKey(read_seed(tables.own(holder)))
    with closing(tables.platform()) as platform:
        opener = Opener(platform.manifests[sealing.manifest], sealing, stream, platform.retention)
        return opener.contribution("identity", wrap_for(platform.custody, sealing, private), private)


def wrap_for(custody: CustodyReader, sealing: Sealing, private: KemPrivateKey) -> bytes:
    ref = next(key for key in sealing.keys if key.compartment == "identity")
    named = [wrap.sha256 for wrap in ref.wraps if wrap.key == private.key_id]
    return (custody.wrap(bytes.fromhex(named[0])) or b"") if named else b""


def again(tables: Tables) -> None:
    """Import the samples once more, under other marks."""
    document = json.loads(SAMPLES.read_text("utf-8"))
    for sample in document["samples"]:
        sample["sample_id"] += "-later"
    path = tables.root / "later.json"
    path.write_text(json.dumps(document, ensure_ascii=False), "utf-8")
    done("import", path, home=tables.home)


# -- what a change does ------------------------------------------------------------------------------------------------


def test_new_reports_are_sealed_to_the_new_custodians_and_old_ones_stay_with_the_old(tables: Tables) -> None:
    table = new_custodian(tables)
    tables.sign(table)
    tables.adopt(table)
    old = named_reports(tables)
    again(tables)
    new = named_reports(tables)[len(old) :]
    assert old
    assert len(new) == len(old)
    for stream, sealing in old:
        assert contribution(tables, stream, sealing, CUSTODIANS[0])
        with pytest.raises(CannotOpen):
            contribution(tables, stream, sealing, NEW)
    for stream, sealing in new:
        assert contribution(tables, stream, sealing, NEW)
        assert contribution(tables, stream, sealing, CUSTODIANS[1])
        with pytest.raises(CannotOpen):
            contribution(tables, stream, sealing, CUSTODIANS[0])
    assert "核验通过" in done("verify", home=tables.home)


def test_who_signs_reads_in_words_what_changes_and_that_nothing_else_does(tables: Tables) -> None:
    tables.change_plan({"gate = true": "gate = false"})
    table = new_custodian(tables)
    tables.sign(table)
    lines = done("ceremony", "show", table / "manifest.json", "--previous", tables.first).splitlines()
    changed = [line.strip() for line in lines if line.startswith("  ")]
    assert [line.split("：")[0] for line in changed] == ["改变", "撤除", "新增"]
    assert "闸门" in changed[0]
    assert "身份保管员甲" in changed[1]
    assert "身份保管员丁" in changed[2]


def test_a_new_office_comes_with_its_settings_and_its_first_holder(tables: Tables) -> None:
    tables.change_plan({"": NEW_OFFICE}, "settings.toml")
    tables.change_plan({"": ITS_FIRST})
    table = tables.amend()
    tables.sign(table)
    said = tables.adopt(table)
    (code,) = [line.split() for line in said.splitlines() if line.startswith("  ")]
    assert code[0] == "inspector-9"
    with closing(tables.platform()) as platform:
        assert platform.settings.office("dept-3").name == "第三监督检查室"
        assert platform.manifest.office("dept-3")
        assert platform.desk.account("inspector-9").roles == ("inspector",)
        check_adopted(platform)


def test_a_new_log_key_goes_on_from_what_the_old_one_signed(tables: Tables) -> None:
    with closing(tables.platform()) as platform:
        before = make_signer(platform).sign_head()
    table = tables.amend("--renew", "log", "--renew", "service/importer")
    tables.sign(table)
    tables.adopt(table)
    again(tables)
    with closing(tables.platform()) as platform:
        after = make_signer(platform).sign_head()
        assert platform.manifest.log != platform.manifests[platform.manifest.previous].log
        assert verify_platform(platform).said
    assert after != before
    assert len((tables.home / "witnesses.policy").read_text("utf-8").split("log ")) == 3


def test_a_new_ceremony_key_needs_the_old_one_s_signature(tables: Tables) -> None:
    table = tables.amend("--renew", "ceremony")
    tables.sign(table, table / "ceremony.key", tables.superior_key)
    assert "原公钥" in refused(*tables.adopting(table), home=tables.home)
    tables.sign(table, tables.ceremony_key)
    tables.adopt(table)
    assert (tables.home / "handover" / "ceremony.key").exists()
    with closing(tables.platform()) as platform:
        check_adopted(platform)


def test_no_secret_is_left_on_the_table(tables: Tables) -> None:
    table = tables.amend("--renew", "log", "--renew", "ceremony")
    tables.sign(table, table / "ceremony.key", tables.ceremony_key, tables.superior_key)
    tables.adopt(table)
    assert [path.name for path in table.iterdir()] == ["manifest.json"]


# -- what is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alone", ["ceremony_key", "superior_key"])
def test_one_signature_is_not_enough(tables: Tables, alone: str) -> None:
    table = new_custodian(tables)
    tables.sign(table, getattr(tables, alone))
    before = (tables.home / "settings.toml").read_bytes()
    assert "签名" in refused(*tables.adopting(table), home=tables.home)
    assert (tables.home / "settings.toml").read_bytes() == before
    with closing(tables.platform()) as platform:
        check_adopted(platform)


def test_the_keeper_of_another_key_cannot_sign_and_cannot_adopt(tables: Tables) -> None:
    table = new_custodian(tables)
    stranger = tables.own(NEW)
    command = ("ceremony", "sign", table / "manifest.json", "--key", stranger, "--previous", tables.first, "--yes")
    assert "不是应当签署" in refused(*command)
    tables.sign(table)
    adopting = ("ceremony", "adopt", "--table", table, "--ceremony-key", stranger)
    assert "不是密钥仪式的私钥" in refused(*adopting, home=tables.home)


@pytest.mark.parametrize("renewed", ["console", "office/petition", "custodian/nobody"])
def test_what_older_reports_need_is_not_renewed(tables: Tables, renewed: str) -> None:
    out = tables.root / "out"
    line = refused("ceremony", "amend", "--plan", tables.plan, "--out", out, "--renew", renewed, home=tables.home)
    assert line.startswith("renew：")
    assert not out.exists()


def test_a_plan_without_a_difference_is_no_new_manifest(tables: Tables) -> None:
    line = refused("ceremony", "amend", "--plan", tables.plan, "--out", tables.root / "out", home=tables.home)
    assert "没有不同" in line


def test_the_superior_s_part_is_changed_by_the_superior_alone(tables: Tables) -> None:
    tables.change_plan({'superior-custodian-3 = "市身份保管员丙"': 'superior-custodian-4 = "市身份保管员丁"'})
    out = tables.root / "out"
    assert "superior.json" in refused("ceremony", "amend", "--plan", tables.plan, "--out", out, home=tables.home)
    made = superior_again(tables, "--renew", "superior/signing")
    assert {path.name for path in made.glob("*.key")} == {
        "superior-custodian-superior-custodian-4.key",
        "superior-signing.key",
    }
    table = tables.amend()
    tables.sign(table, tables.ceremony_key, made / "superior-signing.key")
    assert "原公钥" in refused(*tables.adopting(table), home=tables.home)
    tables.sign(table, tables.superior_key)
    tables.adopt(table)
    with closing(tables.platform()) as platform:
        before = platform.manifests[platform.manifest.previous].superior
        assert platform.manifest.superior.signing != before.signing
        assert platform.manifest.superior.kem == before.kem


@pytest.mark.parametrize("needed", ["superior/gate", "superior/content"])
def test_the_superior_s_keys_that_older_reports_need_are_not_renewed(tables: Tables, needed: str) -> None:
    superior_again(tables, "--renew", needed)
    out = tables.root / "out"
    assert "不能更换" in refused("ceremony", "amend", "--plan", tables.plan, "--out", out, home=tables.home)


def superior_again(tables: Tables, *options: str) -> Path:
    """The superior hands over his part anew."""
    made = tables.root / "superior-2"
    plan = tables.plan / "ceremony.toml"
    done("ceremony", "superior", "--plan", plan, "--out", made, "--previous", tables.first, *options)
    (tables.plan / "keys" / "superior.json").write_bytes((made / "superior.json").read_bytes())
    return made


def test_nothing_is_adopted_while_the_platform_runs(tables: Tables) -> None:
    table = new_custodian(tables)
    tables.sign(table)
    with durable_file.locked(tables.home / "signer" / "elected") as elected:
        assert elected
        assert "先停止全部站点" in refused(*tables.adopting(table), home=tables.home)
    tables.adopt(table)


def test_a_draft_that_another_change_overtook_is_refused(tables: Tables) -> None:
    first = new_custodian(tables)
    tables.change_plan({"gate = true": "gate = false"})
    second = tables.amend()
    tables.sign(first)
    tables.sign(second)
    tables.adopt(first)
    assert "不是接着第 2 版" in refused(*tables.adopting(second), home=tables.home)


# -- start, and interruptions ------------------------------------------------------------------------------------------


def test_settings_that_pin_what_the_log_has_not_adopted_do_not_start(tables: Tables) -> None:
    table = new_custodian(tables)
    tables.sign(table)
    new = KeyManifest.parse((table / "manifest.json").read_bytes())
    (tables.home / "manifests" / "2.json").write_bytes(new.to_bytes())
    settings = amending.pinning(new.hash, amending.settings_without_pin(tables.home))
    (tables.home / "settings.toml").write_text(settings, "utf-8")
    with closing(tables.platform()) as platform, pytest.raises(BadSetting, match=r"第 2 版.*第 1 版为止"):
        check_adopted(platform)


def test_settings_that_still_pin_what_the_log_has_replaced_do_not_start(tables: Tables) -> None:
    old = (tables.home / "settings.toml").read_bytes()
    table = new_custodian(tables)
    tables.sign(table)
    tables.adopt(table)
    (tables.home / "settings.toml").write_bytes(old)
    with closing(tables.platform()) as platform, pytest.raises(BadSetting, match="日志已启用"):
        check_adopted(platform)
    assert "日志已启用" in refused("import", SAMPLES, home=tables.home)


class Interrupted(Exception):
    """Somebody pulled the plug."""


@pytest.mark.parametrize("step", ["_adopt", "_keep_secrets", "pinning", "_appoint", "write_keys"])
def test_an_interruption_at_any_step_is_finished_by_the_same_command(
    tables: Tables, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables.change_plan({"": NEW_OFFICE}, "settings.toml")
    tables.change_plan({"": ITS_FIRST})
    table = tables.amend("--renew", "log", "--renew", "service/console")
    tables.sign(table)

    def pull_the_plug(*_: object, **__: object) -> None:
        raise Interrupted

    with monkeypatch.context() as patch:
        patch.setattr(amending, step, pull_the_plug)
        stopped = supervision(*tables.adopting(table), home=tables.home)
        assert isinstance(stopped.exception, Interrupted)
    tables.adopt(table)
    with closing(tables.platform()) as platform:
        check_adopted(platform)
        signer: Signer = SigningKey(platform.log_secrets.log_seed)
        assert signer.public_key == platform.manifest.log
        assert platform.console_service.public_key == platform.manifest.services[1].signing
        assert platform.desk.account("inspector-9").version
        assert len(platform.ledger.stored(1, 100, topics=("deployment.manifest_adopted.v1",))) == 2
        verify_platform(platform)
