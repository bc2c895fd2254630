"""The superior's archive: one package for each sealed report, verified before it is taken in, and taken in once."""

from __future__ import annotations

import os
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from events.durable_file import make_directory, sweep, sync_directory
from events.policy import Policy
from events.signing import Signer
from supervision.openings.request_file import NotAcceptable
from supervision.sealed_archive.acknowledgement import Acknowledgement
from supervision.sealed_archive.package import Package

SUFFIX = ".zip"


@dataclass(frozen=True)
class Archive:
    """Packages in ``directory``, named by the county's id of the report."""

    directory: Path

    def path(self, report: UUID) -> Path:
        return self.directory / f"{report}{SUFFIX}"

    def reports(self) -> Iterator[Package]:
        """All of them, by file name. Raises NotAcceptable for a file that is damaged."""
        for path in sorted(self.directory.glob(f"*{SUFFIX}")):
            yield Package(path)

    def package(self, name: str) -> Package:
        """By report id, by the county's number, or by the public reference. Raises NotAcceptable."""
        found = [one for one in self.reports() if name in (str(one.head.report), one.number, one.received.reference)]
        if len(found) != 1:
            raise NotAcceptable(f"档案中没有 {name}，或者不止一件；请用 supervision witness sealed 列出后指明。")
        return found[0]

    def take_in(self, file: Path, policy: Policy, witness: bytes) -> Package:
        """Verify a package and keep it, durable when this returns. ``witness``: the superior's own public key.

        One that holds more than the one that is kept, since the reporter has added something, takes its place; what
        the county had destroyed by then comes out of the one that is kept. Raises
        NotAcceptable, ManifestRejected; then nothing is kept.
        """
        make_directory(self.directory, 0o700)
        sweep(self.directory)
        partial = self.directory / f".{os.getpid()}.partial"
        try:
            shutil.copyfile(file, partial)
            partial.chmod(0o600)
            package = Package(partial)  # of this copy every byte is looked at, and nobody changes it meanwhile
            if not any(log.name == package.head.origin for log in policy.logs):
                raise NotAcceptable(f"密件属于本站没有登记的日志（{package.head.origin}）；请核对是否送错了地方。")
            package.check(policy)
            if package.manifest.superior.witness != witness:
                raise NotAcceptable("密件不是封给本机关的：密钥清单中的上级是另一个机关。请退回。")
            self._refuse_again(package)
            if package.lacking:
                self._complete(package, partial)
            with open(partial, "rb") as whole:
                os.fsync(whole.fileno())
            partial.rename(self.path(package.head.report))
            sync_directory(self.directory)
        finally:
            partial.unlink(missing_ok=True)
        return Package(self.path(package.head.report))

    def _refuse_again(self, package: Package) -> None:
        path = self.path(package.head.report)
        if not path.exists():
            return
        kept = Package(path).head.entries
        if not set(kept) < set(package.head.entries):
            raise NotAcceptable(
                "本件已经入档，这份密件没有新的内容，没有再次入档。"
                "需要签收文件的，请用 supervision witness acknowledge-sealed 重新取得。"
            )

    def _complete(self, package: Package, partial: Path) -> None:
        """Put into the package at ``partial`` what went up before."""
        path, lacking = self.path(package.head.report), package.lacking
        if not path.exists():
            raise NotAcceptable("这份密件只有补充的材料，而先前送来的密件不在档案中。请先从备份恢复，再收入这一份。")
        with zipfile.ZipFile(path) as kept, zipfile.ZipFile(partial, "a", zipfile.ZIP_STORED) as whole:
            for name in sorted(lacking & set(kept.namelist())):
                with kept.open(name) as stream, whole.open(name, "w", force_zip64=True) as member:
                    shutil.copyfileobj(stream, member)
        Package(partial).check(None)


def acknowledge(package: Package, signer: Signer, acknowledged_at: str, *, principal_may_know: bool) -> Acknowledgement:
    """The superior's word for what is kept of a report."""
    return Acknowledgement(
        origin=package.head.origin,
        report=package.head.report,
        contents=package.contents,
        acknowledged_at=acknowledged_at,
        principal_may_know=principal_may_know,
    ).signed(signer)
