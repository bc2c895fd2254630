"""The composition root: from settings to everything that a site or a command works with.

Each site gets what it needs and no more: the public site is built without the console's secrets, and what is not
there cannot be called.
"""

from __future__ import annotations

import secrets as system_random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from events.custody_reader import CustodyReader
from events.ledger import Ledger
from events.model import Sealing
from events.store import LogStore
from events.topics import check_topics
from projections.catalogue import layouts
from projections.store import ReadStore
from supervision import business_time
from supervision.blind_index_store import IndexStore
from supervision.casework.desk import Desk
from supervision.casework.directory_reads import ReadDirectory
from supervision.casework.known_accounts import KnownAccounts
from supervision.console_facts import ConsoleFacts
from supervision.domain.jurisdiction import Office as County
from supervision.domain.rulebook import Rulebook
from supervision.intake.door import Door
from supervision.intake.own_staff import OwnStaff, staff_of
from supervision.sealing.binding import Rng
from supervision.sealing.files import FileVault
from supervision.sealing.keys import KemPrivateKey, SigningKey
from supervision.sealing.manifest import KeyManifest, load_history
from supervision.sealing.retention import RetentionKeys
from supervision.secret_files import ConsoleSecrets, LogSecrets, PublicSecrets
from supervision.settings import BadSetting, Settings
from supervision.working_state import WorkingState


@dataclass(frozen=True, kw_only=True)
class Platform:
    """One deployment as one process sees it. ``clock``: business time; ``recording_clock``: Unix seconds of recording.

    These and ``rng`` are the only sources of time and randomness.
    """

    settings: Settings
    clock: Callable[[], datetime] = business_time.now
    recording_clock: Callable[[], float] = time.time
    rng: Rng = system_random.token_bytes

    # -- what everybody has -------------------------------------------------------------------------------------

    @cached_property
    def rulebook(self) -> Rulebook:
        county = County(name=self.settings.county, area_code=self.settings.area_code)
        return Rulebook.load(office=county)

    @cached_property
    def manifests(self) -> dict[str, KeyManifest]:
        """The pinned key manifest and its ancestors by hash. Raises ManifestRejected."""
        directory = self.settings.home / "manifests"
        documents = [path.read_bytes() for path in sorted(directory.glob("*.json"))]
        history = load_history(documents, self.settings.manifest_hash)
        if history[self.settings.manifest_hash].origin != self.settings.origin:
            raise BadSetting("origin：与密钥清单中的日志名称不一致；请核对 settings.toml。")
        return history

    @property
    def manifest(self) -> KeyManifest:
        return self.manifests[self.settings.manifest_hash]

    @cached_property
    def log(self) -> LogStore:
        check_topics()
        store = LogStore(self.settings.database_url, self.settings.home, clock=self.recording_clock)
        try:
            store.open()
        except BaseException:
            store.close()
            raise
        return store

    @cached_property
    def ledger(self) -> Ledger:
        log = self.log
        try:
            return Ledger(log, self.settings.origin)
        except ValueError as problem:
            raise BadSetting(f"origin：{problem}；请核对 settings.toml 和 SUPERVISION_DATABASE_URL。") from None

    @cached_property
    def accounts(self) -> KnownAccounts:
        return KnownAccounts(self.log, self.settings.origin, self.manifests.values())

    @cached_property
    def own_staff(self) -> OwnStaff:
        """Who of this office must be kept away from a submission."""
        return OwnStaff(
            settings=self.settings,
            manifest=self.manifest,
            rulebook=self.rulebook,
            staff=lambda: staff_of(self.accounts, self.settings.origin),
        )

    @cached_property
    def custody(self) -> CustodyReader:
        return self.log.custody

    @cached_property
    def vault(self) -> FileVault:
        return FileVault(self.settings.home / "files")

    @cached_property
    def retention(self) -> RetentionKeys:
        return RetentionKeys(self.settings.home / "retention", self.settings.origin, self.rng)

    @cached_property
    def working(self) -> WorkingState:
        return WorkingState(self.settings.working_url)

    @cached_property
    def index(self) -> IndexStore:
        """The index over those reported; made when first wanted where a file is enough for it."""
        store = IndexStore(self.settings.index_url)
        if self.settings.index_url.startswith("sqlite"):
            store.create()
        return store

    @cached_property
    def reads(self) -> ReadStore:
        return ReadStore(self.settings.read_url, layouts(self.rulebook.version))

    # -- what only some sites have --------------------------------------------------------------------------------

    @cached_property
    def public_secrets(self) -> PublicSecrets:
        """Raises BadSetting where this process has no business with the public site."""
        return PublicSecrets.load(self.settings.home)

    @cached_property
    def console_secrets(self) -> ConsoleSecrets:
        """Raises BadSetting where this process has no business with the console."""
        return ConsoleSecrets.load(self.settings.home)

    @cached_property
    def log_secrets(self) -> LogSecrets:
        """Raises BadSetting where this process does not sign checkpoints."""
        return LogSecrets.load(self.settings.home)

    @cached_property
    def public_door(self) -> Door:
        """The door of the public site."""
        return self._door(self.public_secrets.pepper)

    @cached_property
    def console_door(self) -> Door:
        """The door of the console: calls, letters, visits, imports."""
        return self._door(self.console_secrets.pepper)

    def _door(self, pepper: bytes) -> Door:
        return Door(
            settings=self.settings,
            rulebook=self.rulebook,
            own_staff=self.own_staff,
            ledger=self.ledger,
            manifest=self.manifest,
            vault=self.vault,
            retention=self.retention,
            pepper=pepper,
            rng=self.rng,
        )

    @cached_property
    def desk(self) -> Desk:
        """What the use cases of officers work with."""
        return Desk(
            settings=self.settings,
            rulebook=self.rulebook,
            log=self.log,
            ledger=self.ledger,
            accounts=self.accounts,
            custody=self.custody,
            manifest=self.manifest,
            manifests=self.manifests,
            directory=ReadDirectory(self.reads),
            facts=self.office_facts,
            vault=self.vault,
            retention=self.retention,
            index=self.index,
            clock=self.clock,
            rng=self.rng,
        )

    @cached_property
    def facts_key(self) -> KemPrivateKey:
        """Opens the facts compartment; the console's alone."""
        return KemPrivateKey(self.console_secrets.facts_seed)

    def office_facts(self, stream_id: UUID, sealing: Sealing) -> Mapping[str, Any] | None:
        """What the facts compartment of an event says; None where it is gone, or where this process has no key."""
        try:
            key = self.facts_key
        except BadSetting:
            return None
        return ConsoleFacts(self.manifests, self.custody, key, self.retention)(stream_id, sealing)

    @cached_property
    def importer(self) -> SigningKey:
        """Signs imports and submissions by service token."""
        return SigningKey(self.console_secrets.importer_seed)

    @cached_property
    def console_service(self) -> SigningKey:
        """Signs what the console does by itself."""
        return SigningKey(self.console_secrets.service_seed)

    def close(self) -> None:
        """Give back what was opened; the platform is not used afterwards."""
        if "reads" in self.__dict__:
            self.reads.database.close()
        if "log" in self.__dict__:
            self.log.close()
        if "working" in self.__dict__:
            self.working.close()
        if "index" in self.__dict__:
            self.index.close()
