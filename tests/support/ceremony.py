"""A key ceremony as people hold it: everybody's own folder, and commands that are given in each other's absence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner, Result

from supervision import settings
from supervision.cli import main
from supervision.demonstration.county import PLAN_FILES, plan_text
from supervision.platform import Platform

NOT_IN_EARNEST = re.compile(r"^(demonstration|public_checkpoint_hours|second_factor) = .*\n", re.MULTILINE)

CUSTODIANS = ("custodian/custodian-1", "custodian/custodian-2", "custodian/custodian-3")
RELAYS = ("relay/relay-1", "relay/relay-2")
SUPERIOR_CUSTODIANS = tuple(f"superior/custodian/superior-custodian-{number}" for number in (1, 2, 3))


def supervision(*arguments: str | Path, home: Path | None = None, typed: str | None = None) -> Result:
    """One command in this process. Its failure is one line on standard error."""
    env = {"SUPERVISION_HOME": str(home) if home else None, "SUPERVISION_DATABASE_URL": None}
    return CliRunner(env=env).invoke(main, list(map(str, arguments)), input=typed)


def done(*arguments: str | Path, home: Path | None = None, typed: str | None = None) -> str:
    """What a command that has to succeed says."""
    result = supervision(*arguments, home=home, typed=typed)
    assert result.exit_code == 0, result.output
    return result.output


def refused(*arguments: str | Path, home: Path | None = None, typed: str | None = None) -> str:
    """The last line of a command that has to fail."""
    result = supervision(*arguments, home=home, typed=typed)
    assert result.exit_code == 1, result.output
    return result.stderr.splitlines()[-1]


@dataclass(frozen=True)
class Tables:
    """Folders of the county, the superior and of each holder, all below ``root``."""

    root: Path

    @property
    def plan(self) -> Path:
        return self.root / "plan"

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def first(self) -> Path:
        """The manifest in force at first."""
        return self.home / "manifests" / "1.json"

    @property
    def ceremony_key(self) -> Path:
        return self.root / "keeper" / "ceremony.key"

    @property
    def superior_key(self) -> Path:
        return self.root / "superior" / "superior-signing.key"

    def own(self, holder: str) -> Path:
        """The private key on the machine of a holder."""
        return self.root / "machines" / holder.replace("/", "-") / f"{holder.replace('/', '-')}.key"

    def write_plan(self) -> None:
        """The example, as for a county in earnest; the superior's key is not here to be given to an officer."""
        self.plan.mkdir(parents=True)
        for name in PLAN_FILES:
            text = NOT_IN_EARNEST.sub("", plan_text(name)).replace('holds = ["superior"]', "holds = []")
            (self.plan / name).write_text(text, "utf-8")

    def change_plan(self, changes: Mapping[str, str], name: str = "ceremony.toml") -> None:
        """Replace words of a plan's file; "" adds the new ones at the end."""
        text = (self.plan / name).read_text("utf-8")
        for old, new in changes.items():
            assert old in text
            text = text.replace(old, new, 1) if old else f"{text}\n{new}\n"
        (self.plan / name).write_text(text, "utf-8")

    def keygen(self, holder: str, to: Path) -> str:
        """A holder makes his key and brings the public half."""
        said = done("custodian", "keygen", "--holder", holder, "--out", self.own(holder).parent)
        public = self.own(holder).with_suffix(".public.json")
        to.mkdir(parents=True, exist_ok=True)
        (to / public.name).write_bytes(public.read_bytes())
        return said

    def superior_brings(self) -> None:
        """The superior makes his part, with custodians who make theirs."""
        for holder in SUPERIOR_CUSTODIANS:
            self.keygen(holder, self.root / "superior-keys")
        plan, keys = self.plan / "ceremony.toml", self.root / "superior-keys"
        done("ceremony", "superior", "--plan", plan, "--keys", keys, "--out", self.superior_key.parent)
        (self.plan / "keys").mkdir(exist_ok=True)
        (self.plan / "keys" / "superior.json").write_bytes((self.superior_key.parent / "superior.json").read_bytes())

    def county_table(self) -> Path:
        """The county's part, up to where the superior signs."""
        self.write_plan()
        for holder in (*CUSTODIANS, *RELAYS):
            self.keygen(holder, self.plan / "keys")
        self.superior_brings()
        done("ceremony", "county", "--plan", self.plan, "--out", self.root / "table")
        return self.root / "table"

    def found(self) -> str:
        """All of it; the ceremony's key is carried to its keeper. Returns what ``init`` says."""
        table = self.county_table()
        part = self.superior_key.parent / "superior.json"
        done("ceremony", "sign", table / "manifest.json", "--key", self.superior_key, "--part", part, "--yes")
        said = done("init", "--plan", self.plan, "--table", table, home=self.home)
        self.ceremony_key.parent.mkdir()
        (self.home / "handover" / "ceremony.key").rename(self.ceremony_key)
        return said

    def amend(self, *options: str) -> Path:
        """The next manifest, drafted from the plan as it stands."""
        table = self.root / f"table-{len(list(self.root.glob('table*')))}"
        done("ceremony", "amend", "--plan", self.plan, "--out", table, *options, home=self.home)
        return table

    def sign(self, table: Path, *keys: Path) -> None:
        """Signed with each key; without any, by the keeper of the ceremony's key and the superior."""
        for key in keys or (self.ceremony_key, self.superior_key):
            done("ceremony", "sign", table / "manifest.json", "--key", key, "--previous", self.first, "--yes")

    def adopt(self, table: Path) -> str:
        """Put it into force."""
        return done(*self.adopting(table), home=self.home)

    def adopting(self, table: Path) -> tuple[str | Path, ...]:
        """The command that does."""
        return ("ceremony", "adopt", "--table", table, "--ceremony-key", self.ceremony_key, "--plan", self.plan)

    def platform(self) -> Platform:
        """The deployment as a process sees it that starts now."""
        return Platform(settings=settings.load({"SUPERVISION_HOME": str(self.home)}))
