"""The key ceremony at two tables: nobody ever has a private key that is not his, and no secret stays where it is not
needed."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from supervision.founding import check_handed_over
from supervision.key_files import read_seed
from supervision.sealing.keys import KemPrivateKey
from supervision.sealing.manifest import KeyManifest
from supervision.sealing.wording import fingerprint
from supervision.settings import BadSetting
from tests.support.ceremony import CUSTODIANS, RELAYS, SUPERIOR_CUSTODIANS, Tables, done, refused, supervision


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """A ceremony that was held to its end; what is tested about it changes nothing."""
    tables = Tables(tmp_path_factory.mktemp("ceremony"))
    (tables.root / "said").write_text(tables.found(), "utf-8")
    return tables


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    return Tables(tmp_path)


def test_no_private_key_of_theirs_is_ever_in_a_file_of_the_county(held: Tables) -> None:
    foreign = [read_seed(held.own(holder)) for holder in (*CUSTODIANS, *RELAYS, *SUPERIOR_CUSTODIANS)]
    foreign += [read_seed(path) for path in held.superior_key.parent.glob("*.key")]
    assert len(foreign) == 12
    county = [path for name in ("home", "plan", "table") for path in (held.root / name).rglob("*") if path.is_file()]
    for path in county:
        data = path.read_bytes()
        assert not [seed for seed in foreign if seed in data or seed.hex().encode() in data.lower()], path.name


def test_the_table_is_cleared_of_secrets_and_keeps_the_manifest(held: Tables) -> None:
    assert [path.name for path in (held.root / "table").iterdir()] == ["manifest.json"]


def test_only_the_ceremony_s_key_had_to_be_carried_off(held: Tables) -> None:
    assert [path.name for path in (held.home / "handover").iterdir()] == ["superior-log-reader.token"]


def test_each_one_time_code_is_shown_once_and_nothing_else_that_is_secret(held: Tables) -> None:
    said = (held.root / "said").read_text("utf-8")
    codes = [line.split() for line in said.splitlines() if line.startswith("  ")]
    assert len({code for _, code in codes}) == len(codes) == 12
    secret = [json.loads(path.read_text("utf-8")) for path in (held.home / "secrets").glob("*.json")]
    assert not [value for table in secret for value in table.values() if value in said]


def test_every_secret_file_is_its_owner_s_alone(held: Tables) -> None:
    secret = [path for path in held.root.rglob("*") if path.suffix == ".key" or path.parent.name == "secrets"]
    assert secret
    assert {path.stat().st_mode & 0o077 for path in secret} == {0}


def test_the_manifest_has_the_keys_that_were_brought(held: Tables) -> None:
    manifest = KeyManifest.parse(held.first.read_bytes())
    brought = {KemPrivateKey(read_seed(held.own(holder))).key_id for holder in (*CUSTODIANS, *SUPERIOR_CUSTODIANS)}
    named = {holder.kem.key_id for holder in (*manifest.custodians, *manifest.superior.custodians)}
    assert named == brought


def test_a_holder_finds_the_fingerprint_that_his_own_machine_showed(held: Tables) -> None:
    shown = done("ceremony", "show", held.first)
    for holder in (*CUSTODIANS, *RELAYS, *SUPERIOR_CUSTODIANS):
        assert fingerprint(KemPrivateKey(read_seed(held.own(holder))).key_id) in shown


def test_what_was_founded_verifies(held: Tables) -> None:
    assert "核验通过" in done("verify", home=held.home)


# -- what is refused ---------------------------------------------------------------------------------------------------


def test_without_the_superior_s_signature_nothing_is_founded(tables: Tables) -> None:
    table = tables.county_table()
    assert "签名" in refused("init", "--plan", tables.plan, "--table", table, home=tables.home)
    assert not tables.home.exists()
    assert (table / "secrets.json").exists()


def test_the_county_cannot_sign_for_the_superior(tables: Tables) -> None:
    table = tables.county_table()
    document = json.loads((table / "manifest.json").read_text("utf-8"))
    document["signatures"]["superior"] = document["signatures"]["ceremony"]
    (table / "manifest.json").write_text(
        json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    )
    assert "superior" in refused("init", "--plan", tables.plan, "--table", table, home=tables.home)


def test_the_superior_does_not_sign_a_manifest_in_which_a_key_of_his_was_swapped(tables: Tables) -> None:
    """The county's machine puts a gate of its own making into the part that it was given."""
    tables.county_table()
    document = json.loads((tables.plan / "keys" / "superior.json").read_text("utf-8"))
    tables.keygen("custodian/thief", tables.root / "thief")
    stranger = json.loads(tables.own("custodian/thief").with_suffix(".public.json").read_text("utf-8"))
    document["superior"]["gate"] = stranger["key"]
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    (tables.plan / "keys" / "superior.json").write_text(text)
    done("ceremony", "county", "--plan", tables.plan, "--out", tables.root / "forged")
    forged, part = tables.root / "forged" / "manifest.json", tables.superior_key.parent / "superior.json"
    command = ("ceremony", "sign", forged, "--key", tables.superior_key)
    assert "不是您交出的" in refused(*command, "--part", part, "--yes")
    assert "--part" in refused(*command, "--yes")
    assert list(KeyManifest.parse(forged.read_bytes()).signatures) == ["ceremony"]


def test_who_does_not_confirm_has_not_signed(tables: Tables) -> None:
    table = tables.county_table()
    part = tables.superior_key.parent / "superior.json"
    command = ("ceremony", "sign", table / "manifest.json", "--key", tables.superior_key, "--part", part)
    assert "没有签署" in refused(*command, typed="n\n")
    assert list(KeyManifest.parse((table / "manifest.json").read_bytes()).signatures) == ["ceremony"]


def test_a_key_that_nobody_planned_is_refused(tables: Tables) -> None:
    tables.write_plan()
    tables.superior_brings()
    tables.keygen("custodian/uninvited", tables.plan / "keys")
    line = refused("ceremony", "county", "--plan", tables.plan, "--out", tables.root / "table")
    assert "custodian/uninvited" in line


@pytest.mark.parametrize("holder", ["office/petition", "log", "custodian/", "superior/gate"])
def test_only_custodians_and_relays_bring_keys(tables: Tables, holder: str) -> None:
    out = tables.root / "out"
    assert "holder" in refused("custodian", "keygen", "--holder", holder, "--out", out)
    assert not out.exists()


def test_one_key_for_two_people_is_refused(tables: Tables) -> None:
    tables.write_plan()
    tables.superior_brings()
    tables.keygen(CUSTODIANS[0], tables.plan / "keys")
    public = tables.own(CUSTODIANS[0]).with_suffix(".public.json").read_text("utf-8")
    second = public.replace(CUSTODIANS[0], CUSTODIANS[1])
    (tables.plan / "keys" / "second.public.json").write_text(second, "utf-8")
    line = refused("ceremony", "county", "--plan", tables.plan, "--out", tables.root / "table")
    assert "登记了两次" in line


def test_a_plan_that_was_changed_after_signing_is_refused(tables: Tables) -> None:
    table = tables.county_table()
    part = tables.superior_key.parent / "superior.json"
    done("ceremony", "sign", table / "manifest.json", "--key", tables.superior_key, "--part", part, "--yes")
    tables.change_plan({"gate = true": "gate = false"})
    assert "与计划不符" in refused("init", "--plan", tables.plan, "--table", table, home=tables.home)
    assert not tables.home.exists()


def test_an_officer_cannot_be_promised_a_key_that_the_superior_keeps(tables: Tables) -> None:
    tables.write_plan()
    tables.superior_brings()
    tables.change_plan({'holds = ["clue"]': 'holds = ["superior"]'})
    line = refused("ceremony", "county", "--plan", tables.plan, "--out", tables.root / "table")
    assert "holds" in line


@pytest.mark.parametrize("role", ["system_admin", "security_admin"])
def test_no_table_is_laid_for_a_county_without_its_two_administrators(tables: Tables, role: str) -> None:
    tables.write_plan()
    tables.superior_brings()
    tables.change_plan({f'roles = ["{role}"]': "roles = []"})
    line = refused("ceremony", "county", "--plan", tables.plan, "--out", tables.root / "table")
    assert "至少各一人" in line
    assert not (tables.root / "table").exists()


def test_keys_are_not_written_over_each_other(tables: Tables) -> None:
    tables.keygen(CUSTODIANS[0], tables.root / "keys")
    before = tables.own(CUSTODIANS[0]).read_bytes()
    out = tables.own(CUSTODIANS[0]).parent
    refused("custodian", "keygen", "--holder", CUSTODIANS[0], "--out", out)
    assert tables.own(CUSTODIANS[0]).read_bytes() == before


# -- one table, and keys that have not been carried off ----------------------------------------------------------------


def test_at_one_table_who_brought_his_key_keeps_it(tables: Tables) -> None:
    tables.write_plan()
    tables.keygen(CUSTODIANS[0], tables.plan / "keys")
    done("init", "--plan", tables.plan, home=tables.home)
    handed = {path.name for path in (tables.home / "handover").glob("custodian-*")}
    assert handed == {"custodian-custodian-2.key", "custodian-custodian-3.key"}


def test_a_deployment_in_earnest_does_not_start_while_it_has_the_keys_of_others(tables: Tables) -> None:
    tables.write_plan()
    done("init", "--plan", tables.plan, home=tables.home)
    with closing(tables.platform()) as platform:
        with pytest.raises(BadSetting, match="handover"):
            check_handed_over(platform.settings)
        for path in (tables.home / "handover").glob("*.key"):
            path.unlink()
        check_handed_over(platform.settings)


@pytest.mark.parametrize("command", ["keygen", "superior", "county", "amend", "sign", "show", "adopt"])
def test_every_command_of_the_ceremony_answers_help(command: str) -> None:
    assert supervision("ceremony", command, "--help").output.startswith("Usage:")
