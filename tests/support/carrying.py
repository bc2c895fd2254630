"""The superior's side of a by-pass on a machine of its own: his witness's home, his archive, his commands."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from uuid import UUID, uuid4

from click.testing import CliRunner

from events.note import NoteVerifier
from supervision.casework import sealed
from supervision.checkpointing.policy import load_policy
from supervision.cli import main
from supervision.domain.sealed_report import FILE
from supervision.sealing.keys import SigningKey
from supervision.witnessing.home import KnownLog, WitnessHome, write_home
from tests.support.custodians import Elsewhere
from tests.support.deployment import seeds
from tests.support.office import Office

ASKING = ("--asked-by", "上官鉴", "--approved-by", "令狐决", "--purpose", "需要举报人补充材料")


class Superior:
    """Has his own keys and what is carried to him; no platform and no network."""

    def __init__(self, office: Office, directory: Path, *, seed: bytes | None = None) -> None:
        directory.mkdir(parents=True)
        self.office = office
        self.directory = directory
        self.elsewhere = Elsewhere(office.platform, directory)
        manifest = office.platform.manifest
        seed = seed or seeds(office.platform)["superior/witness"]
        self.home = WitnessHome(
            directory=directory / "witness",
            name=load_policy(office.platform.settings.home).witnesses[0].key.name,
            title="市纪委监委见证站",
            logs=(KnownLog(key=NoteVerifier(manifest.origin, manifest.log)),),
            signer=SigningKey(seed),
        )
        write_home(self.home, seed)
        (directory / "manifest.json").write_bytes(manifest.to_bytes())

    # -- files ----------------------------------------------------------------------------------------------------

    def key(self, holder: str) -> Path:
        """The key file of a holder, as the ceremony handed it over."""
        path = self.directory / f"{holder.replace('/', '-')}.key"
        path.write_text(seeds(self.office.platform)[holder].hex() + "\n")
        return path

    def fetched(self, report_id: UUID) -> Path:
        """The package as the county's clerk fetches it, once the witness has seen the log."""
        self.elsewhere.witness()
        with sealed.package(self.office.desk, self.office.sessions["clerk-1"], report_id) as file:
            return self.file(f"{report_id}.zip", file.read())

    def file(self, name: str, data: bytes) -> Path:
        path = self.directory / name
        path.write_bytes(data)
        return path

    # -- commands -------------------------------------------------------------------------------------------------

    def run(self, *arguments: str | Path, ok: bool = True) -> str:
        """What the command says; where it is to fail, its one line."""
        result = CliRunner().invoke(
            main, [str(one) for one in arguments], env={"SUPERVISION_HOME": str(self.home.directory)}
        )
        assert (result.exit_code == 0) is ok, result.output + str(result.exception)
        if not ok:
            assert len(result.stderr.splitlines()) == 1, result.stderr
        return result.stdout if ok else result.stderr

    # -- opening who reported -------------------------------------------------------------------------------------

    def asked(self, report_id: UUID, *compartments: str) -> Path:
        """A request to the holders of shares, for the identity unless told otherwise."""
        out = self.directory / f"request-{uuid4()}.json"
        wanted = [argument for one in compartments for argument in ("--open", one)]
        key = self.key("superior/content")
        self.run("witness", "ask-identity", str(report_id), "--key", key, *ASKING, *wanted, "--out", out)
        return out

    def given(self, request: Path, holder: str, *, ok: bool = True) -> str | Path:
        """The holder's share as a file; where he is to be refused, why."""
        out = self.directory / f"{request.stem}-{holder.replace('/', '-')}.share"
        pinned, manifest = self.office.platform.manifest.hash, self.directory / "manifest.json"
        rest = ("--manifest", manifest, "--manifest-hash", pinned, "--out", out, "--yes", request)
        said = self.run("custodian", "give-sealed", "--key", self.key(holder), *rest, ok=ok)
        return out if ok else said

    def opened(self, report_id: UUID, *shares: str | Path, ok: bool = True) -> str:
        """What the shares show."""
        flags = [argument for share in shares for argument in ("--share", share)]
        key = self.key("superior/content")
        return self.run("witness", "open-identity", str(report_id), "--key", key, *flags, ok=ok)

    # -- taking in ------------------------------------------------------------------------------------------------

    def imported(self, package: Path, name: str = "ack.json", *options: str) -> bytes:
        """The acknowledgement that taking a package in gives."""
        ack = self.directory / name
        ack.unlink(missing_ok=True)
        self.run("witness", "import-sealed", package, "--ack", ack, *options)
        return ack.read_bytes()


def gone_up_by_file(office: Office, report_id: UUID) -> None:
    """Numbered, and to be carried."""
    sealed.register(office.desk, office.sessions["clerk-1"], report_id)
    sealed.report_to_superior(office.desk, office.sessions["head"], report_id, FILE)


def rewritten(package: Path, change: Callable[[dict[str, bytes]], Mapping[str, bytes] | None]) -> bytes:
    """The package with other members. ``change``: gets name to bytes, and changes it or gives another."""
    with zipfile.ZipFile(package) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for name, data in (change(members) or members).items():
            archive.writestr(name, data)
    return made.getvalue()
