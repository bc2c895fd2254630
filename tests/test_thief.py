"""What a thief of the whole home learns: of what people said of themselves and of others, nothing.

One county takes reports through every door, while its officers write, shorten and open. Each field is filled with a
mark of its own, and then every byte that the county keeps or says is searched for each mark in every spelling. Only
the facts that queues are sorted by may be found, and only in the read models; of what went to the superior, not even
those. Left out are the keys themselves (``secrets``, ``handover``, and the file of seeds that only tests have).
"""

from __future__ import annotations

import base64
import contextlib
import logging
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from events.model import Sealing
from supervision.casework.content import sealings_of
from supervision.platform import Platform
from supervision.sealing.compartments import COMPARTMENTS, FACTS
from supervision.sealing.errors import SealingError
from supervision.sealing.keys import KemPrivateKey
from supervision.sealing.opening import Opener
from supervision.settings import BadSetting
from tests.support.counter import PASSPHRASE, Counter
from tests.support.deployment import SEEDS, open_deployment
from tests.support.doors import Doors
from tests.support.loot import Loot, Planted, mark, overheard, steal
from tests.support.office import DATABASES, Office, staffed_on

READ_MODELS = re.compile(r"home/read\.sqlite(-wal|-shm)?$|projections\.")


# -- one county, and every way into it ------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=DATABASES)
def robbed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Office, Loot]]:
    """The county, and what was stolen from it."""
    directory, elsewhere = tmp_path_factory.mktemp("county"), tmp_path_factory.mktemp("elsewhere")
    (directory / "tmp").mkdir()
    with pytest.MonkeyPatch.context() as patch, overheard() as heard, staffed_on(request, directory) as office:
        patch.setenv("TMPDIR", str(directory / "tmp"))
        patch.setattr(tempfile, "tempdir", str(directory / "tmp"))
        doors = Doors(office, Planted(), directory)
        visitors = doors.drafts()
        url = office.platform.settings.database_url
        during = steal(directory, url)
        doors.hand_in(visitors)
        doors.api()
        doors.import_(elsewhere)
        counter = Counter(doors)
        counter.take_down()
        counter.officers()
        counter.late()
        counter.shorten()
        counter.open_seals(elsewhere)
        office.catch_up()
        kept = steal(directory, url)
        logging.getLogger("tests").info("the end")
        yield office, Loot(doors.planted, kept, during, heard.getvalue().encode(), doors.codes)


@pytest.fixture
def loot(robbed: tuple[Office, Loot]) -> Loot:
    return robbed[1]


@pytest.fixture
def office(robbed: tuple[Office, Loot]) -> Office:
    return robbed[0]


NEVER_WRITTEN = {("identity", "note")}
"""Reserved in the table; no form has it."""

# -- what is found --------------------------------------------------------------------------------------------------


def test_what_people_said_is_found_nowhere_and_facts_in_the_read_models_alone(loot: Loot) -> None:
    assert len(set(loot.planted.sealed)) > 250
    found = loot.marked()
    facts = {name: found.pop(name, set()) for name in set(loot.planted.facts)}
    assert not found
    assert not [name for name, where in facts.items() if not where], "facts are what queues are sorted by"
    astray = {name: where for name, where in facts.items() if not all(map(READ_MODELS.match, where))}
    assert not astray


def test_a_mark_stood_in_every_field_that_can_be_sealed(office: Office) -> None:
    sealed = {
        (item.compartment, re.sub(r"\.[0-9]+", ".N", item.field))
        for _, sealing in _sealings(office.platform)
        for item in sealing.items
    }
    assert sealed | NEVER_WRITTEN == {(name, field) for name, one in COMPARTMENTS.items() for field in one.fields}


def test_neither_codes_nor_cookies_nor_passphrases_are_found(loot: Loot) -> None:
    assert len(loot.codes) > 8 and all(loot.codes)
    grouped = [" ".join(re.findall("....", code)) for code in loot.codes if code.isdigit()]
    assert not loot.places(PASSPHRASE, *loot.codes, *grouped)


def test_what_is_searched_is_all_there_is(loot: Loot, office: Office) -> None:
    assert b"the end" in loot.said
    assert any(place.startswith("home/drafts/") for place in loot.during)
    sqlite = office.platform.settings.database_url.startswith("sqlite")
    for store in ("home/files/", *(("log.sqlite", "home/working.sqlite") if sqlite else ("public.", "working."))):
        assert any(place.startswith(store) and content for place, content in loot.kept.items()), store


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "gb18030"])
@pytest.mark.parametrize("before", range(3))
def test_a_mark_is_found_in_each_spelling(encoding: str, before: int, tmp_path: Path) -> None:
    plain = b"." * before + mark("control").encode(encoding) + b"."
    hidden = (plain, plain.hex().encode(), plain.hex().upper().encode(), base64.b64encode(plain))
    for number, content in enumerate(hidden):
        (tmp_path / str(number)).write_bytes(content)
    planted = Planted(sealed=["control", "another"])
    stolen = steal(tmp_path, "sqlite://")
    loot = Loot(planted=planted, kept=stolen, during={}, said=b"", codes=[])
    assert loot.marked() == {"control": {"0", "1", "2", "3"}}


# -- what opens -------------------------------------------------------------------------------------------------------

#: What does not lie on the machine of the public site.
ELSEWHERE = ("console.json", "oversight.json", "witness.json", "log.json", "handover", "witness", "signer", SEEDS)

_SECRET = re.compile(rb"(?<![0-9a-zA-Z+/])(?:[0-9a-f]{64}|[0-9a-zA-Z+/]{43}=)(?![0-9a-zA-Z+/=])")


@pytest.fixture(scope="module")
def public_site(robbed: tuple[Office, Loot], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """The public site with all that it has, in the hands of somebody who has the database besides."""
    settings = robbed[0].platform.settings
    home = tmp_path_factory.mktemp("public") / "home"
    shutil.copytree(settings.home, home, ignore=shutil.ignore_patterns(*ELSEWHERE))
    platform = open_deployment(home, settings.database_url, site="public", clock=robbed[0].clock)
    yield platform
    platform.close()


def secrets_of(home: Path) -> set[bytes]:
    """All that could be a key in the files of a home: 32 bytes as they are, in hex, in Base64."""
    found = set()
    for path in home.rglob("*"):
        if path.is_file() and path.relative_to(home).parts[0] not in ("files", "drafts") and path.suffix != ".sqlite":
            content = path.read_bytes()
            texts = [match.decode() for match in _SECRET.findall(content)]
            found |= {bytes.fromhex(text) if len(text) == 64 else base64.b64decode(text) for text in texts}
            found |= {content} if len(content) == 32 else set()
    return found


def opened_with(platform: Platform, seed: bytes) -> list[str]:
    """Compartments that a key opens; each wrap and each envelope in the log is tried as if it were for it."""
    private, found = KemPrivateKey(seed), []
    for stream_id, sealing in _sealings(platform):
        opener = Opener(platform.manifest, sealing, stream_id, platform.retention)
        for key in sealing.keys:
            for wrap in key.wraps:
                data = platform.custody.wrap(bytes.fromhex(wrap.sha256)) or b""
                open_it = opener.contribution if key.n else opener.unwrap
                with contextlib.suppress(SealingError):
                    open_it(key.compartment, data, private)
                    found.append(key.compartment)
                with contextlib.suppress(SealingError):
                    private.decrypt(data[1:], b"")
                    found.append(key.compartment)
        for item in sealing.items:
            data = platform.custody.envelope(bytes.fromhex(item.sha256)) or b""
            with contextlib.suppress(SealingError):
                opener.open_item(item, seed, data)
                found.append(item.compartment)
    return found


def _sealings(platform: Platform) -> Iterator[tuple[UUID, Sealing]]:
    for recorded in platform.ledger.stored(1, 10_000):
        for sealing in sealings_of(recorded.event):
            yield recorded.event.originator_id, sealing


def test_the_database_and_all_that_the_public_site_has_open_nothing(public_site: Platform) -> None:
    secrets = secrets_of(public_site.settings.home)
    assert {public_site.public_secrets.pepper, public_site.public_secrets.cookie_key} < secrets
    assert {seed.hex()[:8]: opened for seed in secrets if (opened := opened_with(public_site, seed))} == {}


def test_the_public_site_does_not_have_the_console_s_secrets(public_site: Platform) -> None:
    with pytest.raises(BadSetting, match=r"console\.json"):
        _ = public_site.console_secrets


def test_the_key_of_the_console_opens_the_facts_and_nothing_else(office: Office) -> None:
    """Also shows that what is tried above can succeed."""
    assert set(opened_with(office.platform, office.platform.console_secrets.facts_seed)) == {FACTS}


def test_a_key_that_lies_about_is_found_and_tried(office: Office, tmp_path: Path) -> None:
    seed = office.platform.console_secrets.facts_seed
    for number, text in enumerate((seed, f'key = "{seed.hex()}"'.encode(), b'{"k":"' + base64.b64encode(seed) + b'"}')):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "settings").write_bytes(text)
        assert secrets_of(tmp_path / str(number)) == {seed}
