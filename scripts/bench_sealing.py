"""Measures what keeping secrets costs: sealing a report, sealing and opening files, signing in.

    python scripts/bench_sealing.py [--reports 400] [--megabytes 256] [--sign-ins 5] [--repeat 3]

The report is a named one of ordinary length with a letter's original, sealed as the county's door seals it: identity
and source to 5 custodians and the superior's gate, contact to 2 relays, content to the office, facts to the console.
Files go through the vault as uploads do: "in" is reading, encrypting, hashing, writing and the durable end; "out" is
what happens before an officer sees a byte, checking all of it, and then reading it. Signing in is the console's own,
with nothing left out; beside it stands Argon2id alone with the same parameters. Everything lies in a temporary home.

Each figure is the best of some runs in processor time of all threads, so that a busy machine does not count.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).parents[1]))

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from supervision import settings
from supervision.casework.enrolment import enrol
from supervision.casework.sign_in import sign_in
from supervision.demonstration.county import plan
from supervision.founding import appoint_first_officers, begin_log, lay_home, make_databases
from supervision.platform import Platform
from supervision.sealing.ceremony import CeremonyPlan, SuperiorPlan, perform
from supervision.sealing.envelope import Part, ToOffice, seal
from supervision.sealing.files import FileKey, FileVault, OpenedFile
from supervision.sealing.manifest import KeyManifest
from supervision.sealing.passphrase import STANDARD_COST

CUSTODIANS, RELAYS = 5, 2
GOAL_MILLISECONDS = 4
GOAL_MEGABYTES = 200
MEGABYTE = 1_000_000
OFFICER, PASSPHRASE = "head", "songyan-zhuying-xiqiao"

# An invented report: each field of the length that it mostly has.
PARTS = (
    Part("identity", "reporter", '{"name":"贺知秋","id_no":"990123197906141039","phone":"12000000000"}'.encode()),
    Part("contact", "phone", b"12000000000"),
    Part("contact", "address", "云岫县石桥镇".encode()),
    Part("source", "original", "去年秋天发放的农机补贴,公示名单与实际领款人对不上。".encode() * 20),
    Part("content", "title", "反映农机补贴款发放不实".encode()),
    Part("content", "text", "去年秋天发放的农机补贴,公示名单与实际领款人对不上。".encode() * 20),
    Part("content", "respondents", '[{"name":"柯望舒","unit":"云岫县石桥镇农业服务中心"}]'.encode()),
    Part("content", "categories", '["违反群众纪律行为"]'.encode()),
    Part("facts", "facts", '{"respondents":[{"rank":"正股级"}],"matter_class":"report"}'.encode()),
)


def main() -> int:
    parser = argparse.ArgumentParser(description="密封、文件和登录的速度(处理器时间)")
    parser.add_argument("--reports", type=int, default=400, help="每次密封多少件举报(默认 400)")
    parser.add_argument("--megabytes", type=int, default=256, help="文件多大,百万字节(默认 256)")
    parser.add_argument("--sign-ins", type=int, default=5, help="每次登录多少回(默认 5)")
    parser.add_argument("--repeat", type=int, default=3, help="每项测几次,取最好的一次(默认 3)")
    options = parser.parse_args()
    measure_reports(options.reports, options.repeat)
    with tempfile.TemporaryDirectory(prefix="supervision-bench-") as directory:
        measure_files(Path(directory), options.megabytes * MEGABYTE, options.repeat)
        measure_sign_in(Path(directory), options.sign_ins, options.repeat)
    return 0


def best(work: Callable[[], object], repeat: int) -> float:
    """Seconds of processor time, of all threads, of the quickest of ``repeat`` runs."""

    def once() -> float:
        start = time.process_time()
        work()
        return time.process_time() - start

    return min(once() for _ in range(repeat))


# --- Reports -----------------------------------------------------------------------------------------


def measure_reports(reports: int, repeat: int) -> None:
    manifest = county()

    def work() -> None:
        for _ in range(reports):
            seal(manifest, uuid4(), PARTS, ToOffice("petition"), os.urandom)

    bundle = seal(manifest, uuid4(), PARTS, ToOffice("petition"), os.urandom)
    each = best(work, repeat) / reports * 1000
    print(f"密封一件实名举报:{len(bundle.envelopes)} 份密文,{len(bundle.wraps)} 份密钥封装")
    recipients = f"{CUSTODIANS} 名保管人、闸门、{RELAYS} 名联络员、受理单位"
    print(f"  {recipients}{each:>12.2f} 毫秒   (目标不超过 {GOAL_MILLISECONDS})", flush=True)


def county() -> KeyManifest:
    """A manifest with as many holders as the goal speaks of."""
    ceremony = CeremonyPlan(
        origin="bench.example/log",
        created="2026-01-01",
        offices={"petition": "信访室"},
        custodians={f"custodian-{n}": f"保管人{n}" for n in range(CUSTODIANS)},
        m=3,
        relays={f"relay-{n}": f"联络员{n}" for n in range(RELAYS)},
        relay_m=2,
        gate=True,
        services={},
    )
    superior = SuperiorPlan(office_id="city", name="市", custodians={"one": "甲", "two": "乙"}, m=2)
    return perform(ceremony, superior, os.urandom).manifest


# --- Files -------------------------------------------------------------------------------------------


class Upload:
    """So many bytes, made before the clock runs."""

    block = os.urandom(MEGABYTE)

    def __init__(self, size: int) -> None:
        self.left = size

    def read(self, size: int, /) -> bytes:
        taken = self.block[: min(size, self.left)]
        self.left -= len(taken)
        return taken


def measure_files(directory: Path, size: int, repeat: int) -> None:
    vault, key = FileVault(directory / "files"), FileKey(suite=2, key=os.urandom(32), context=b"bench")
    stored = vault.write(Upload(size), key, os.urandom)

    def write() -> None:
        vault.discard(vault.write(Upload(size), key, os.urandom).sha256)

    def read() -> None:
        with OpenedFile(vault.path(stored.sha256), stored.sha256, stored.size_class, key) as opened:
            if sum(map(len, opened)) != size:
                raise SystemExit("读出的文件与写入的长度不同。")

    print(f"一个 {size // MEGABYTE} MB 的文件,每核每秒   (目标不少于 {GOAL_MEGABYTES} MB)")
    for what, work in (("密封入库", write), ("核验并读出", read)):
        print(f"  {what:<20}{size / MEGABYTE / best(work, repeat):>10.0f} MB", flush=True)
    vault.discard(stored.sha256)


# --- Signing in --------------------------------------------------------------------------------------


def measure_sign_in(directory: Path, times: int, repeat: int) -> None:
    """How much of it is Argon2id, of which every guess of a passphrase costs as much."""
    cost = STANDARD_COST

    def derive() -> None:
        for _ in range(times):
            kdf = Argon2id(
                salt=bytes(16), length=32, iterations=cost.iterations, lanes=cost.lanes, memory_cost=cost.memory_kib
            )
            kdf.derive(PASSPHRASE.encode())

    with enrolled(directory / "home") as platform:

        def enter() -> None:
            for _ in range(times):
                sign_in(platform.desk, platform.working, OFFICER, PASSPHRASE)

        enter()
        whole, alone = best(enter, repeat) / times * 1000, best(derive, repeat) / times * 1000
    print(f"登录(口令经 Argon2id:{cost.memory_kib // 1024} MiB,{cost.iterations} 轮)")
    print(f"  全部{whole:>10.0f} 毫秒\n  其中 Argon2id{alone:>10.0f} 毫秒,占 {alone / whole:.0%}")


@contextmanager
def enrolled(home: Path) -> Iterator[Platform]:
    """The fictional county with one officer who has a passphrase."""
    county = plan()
    ceremony = lay_home(home, county.settings_text, county.ceremony, county.superior)
    platform = Platform(settings=settings.load({"SUPERVISION_HOME": str(home)}))
    try:
        make_databases(platform)
        begin_log(platform, ceremony)
        first = [one for one in county.officers if one.appointment.officer == OFFICER]
        code = appoint_first_officers(platform, ceremony, first)[OFFICER]
        enrol(platform.desk, platform.working, OFFICER, code, PASSPHRASE)
        yield platform
    finally:
        platform.close()


if __name__ == "__main__":
    sys.exit(main())
