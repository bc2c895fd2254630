"""Openings in tests: the county's officers at their desks, custodians and gate on machines of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from events.checkpoints import SignedCheckpoint
from events.cosignature import CosignatureVerifier, cosign
from events.custody import CustodyBatch
from events.model import ActedEvent, Sealing
from events.note import Note, NoteVerifier, sign
from events.policy import Policy, Witness
from events.signing import Signer
from supervision.casework import opening as use
from supervision.casework.opening_files import file_for, with_proofs
from supervision.casework.opening_lookup import EPHEMERAL, ephemeral_name, opener_of
from supervision.casework.opening_view import Opened
from supervision.domain.opening import Opening
from supervision.domain.opening_rules import Asked
from supervision.domain.rights import OpeningPurpose
from supervision.openings import custodian
from supervision.openings.answer import Answer
from supervision.openings.checking import Checked, check, ephemeral_key
from supervision.openings.gate import release
from supervision.openings.gate_home import GateHome
from supervision.openings.request_file import RequestFile
from supervision.sealing.contribution import contributed_sealing, contribution_length
from supervision.sealing.keys import KemPrivateKey, SigningKey
from supervision.sealing.wraps import find_wrap
from tests.support.deployment import seeds
from tests.support.office import Office

CUSTODIANS = ("custodian-1", "custodian-2", "custodian-3")
GATE_NAME = "gate.city.example/supervision"


class Openings:
    """Everybody who takes part in the openings of one county. ``gate``: the superior's, in a home of its own."""

    def __init__(self, office: Office, directory: Path) -> None:
        self.office = office
        self.desk = office.desk
        self.working = office.platform.working
        self._garbage: CustodyBatch | None = None
        self.witness = SigningKey(seeds(office.platform)["superior/witness"])
        manifest = office.platform.manifest
        log = NoteVerifier(manifest.origin, manifest.log)
        known = CosignatureVerifier(f"witness.{manifest.origin}", self.witness.public_key)
        self.policy = Policy((log,), (Witness("superior", known),), {}, "superior")
        if not manifest.gate:
            return
        self.gate = GateHome(
            directory=directory / "gate",
            name=GATE_NAME,
            manifest=manifest,
            policy=self.policy,
            release=self.key("superior/gate"),
            signer=SigningKey(office.desk.rng(32)),
        )
        self.gate.found()

    def key(self, holder: str) -> KemPrivateKey:
        """A private key as the ceremony handed it over."""
        return KemPrivateKey(seeds(self.office.platform)[holder])

    # -- at the desk ----------------------------------------------------------------------------------------------

    def request(
        self,
        officer: str,
        report_id: UUID,
        *compartments: str,
        purpose: OpeningPurpose = OpeningPurpose.SUPPLEMENT,
        number: str = "",
        addition: int = 0,
    ) -> UUID:
        """An officer asks, for the identity unless told otherwise."""
        asked = Asked(purpose=purpose, compartments=compartments or ("identity",), number=number)
        return use.request(self.desk, self.working, self.office.sessions[officer], report_id, asked, addition)

    def approved(self, officer: str, report_id: UUID, *compartments: str, **asked: object) -> UUID:
        """Asked for and agreed to by the deputy."""
        opening = self.request(officer, report_id, *compartments, **asked)  # type: ignore[arg-type]  # passed through
        use.approve(self.desk, self.office.sessions["deputy"], opening)
        return opening

    def request_file(self, officer: str, opening: UUID) -> RequestFile:
        return RequestFile.parse(use.request_file(self.desk, self.office.sessions[officer], opening))

    def contribute(self, officer: str, opening: UUID, answer: bytes | None = None) -> int:
        """A custodian brings his answer to the console: that of his own machine, unless it is another."""
        given = answer if answer is not None else self.answer(officer, opening).encode()
        return use.contribute(self.desk, self.office.sessions[officer], opening, given)

    def given(self, opening: UUID) -> None:
        """M custodians give their shares."""
        for one in CUSTODIANS[:2]:
            self.contribute(one, opening)

    def gate_file(self, opening: UUID, officer: str = "superior") -> RequestFile:
        return RequestFile.parse(use.gate_file(self.desk, self.office.sessions[officer], opening))

    def unready_gate_file(self, opening: UUID) -> RequestFile:
        """The gate's file as a county would make it that does not look at its own rules."""
        state = self.state(opening)
        file = file_for(self.desk, state, opener_of(self.desk, state), self.gate.release.key_id)
        return with_proofs(self.desk, file)

    def pretended(self, opening: UUID, custodian: str) -> Sealing:
        """A sealing that looks like the contribution of ``custodian``, with garbage for his share."""
        state = self.state(opening)
        opener, key = opener_of(self.desk, state), self.custodian_key(custodian).key_id
        garbage = {}
        for compartment in state.asked.compartments:
            _, ref = opener.split_key(compartment)
            garbage[compartment] = b"\x02" + self.desk.rng(contribution_length(find_wrap(ref, key)) - 1)
        sealing, rows = contributed_sealing(opener, opening, ephemeral_key(state), key, garbage)
        self._garbage = CustodyBatch(wraps=rows)
        return sealing

    def released(self, opening: UUID) -> None:
        """The log is witnessed, the gate gives its half, the half is brought back."""
        self.witnessed()
        answer = release(self.gate, self.gate_file(opening), self.office.clock())
        use.add_gate_answer(self.desk, self.office.sessions["superior"], opening, answer.encode())

    def open(self, officer: str, opening: UUID) -> Opened:
        return use.open_once(self.desk, self.working, self.office.sessions[officer], opening)

    def at_once(self, officer: str, report_id: UUID, *compartments: str, **asked: object) -> Opened:
        """The whole way."""
        opening = self.approved(officer, report_id, *compartments, **asked)
        self.given(opening)
        if self.state(opening).asked.gate:
            self.released(opening)
        return self.open(officer, opening)

    def state(self, opening: UUID) -> Opening:
        return self.desk.opening(opening)

    def forced(self, officer: str, opening: UUID, kind: type[ActedEvent], **fields: object) -> None:
        """An officer with the database's password writes what the program would refuse, with his genuine key."""
        session = self.office.sessions[officer]
        more: dict[str, Any] = {
            **self.desk.stamp(session).fields(),
            "report": self.state(opening).asked.report,
            **fields,
        }
        event = kind(originator_id=opening, originator_version=self.state(opening).version + 1, **more)
        custody, self._garbage = self._garbage, None
        self.desk.ledger.record(event, signer=session.signer, custody=custody)

    def ephemeral_is_kept(self, opening: UUID) -> bool:
        """Whether the working state still has the opening's private key."""
        name = ephemeral_name(self.state(opening).asked.ephemeral_key)
        return self.working.get(EPHEMERAL, name, self.office.clock()) is not None

    @contextmanager
    def later(self, **by: float) -> Iterator[None]:
        """Some time passes within the block; ``by``: as for ``timedelta``."""
        before = self.office.clock.now
        self.office.clock.now = before + timedelta(**by)
        yield
        self.office.clock.now = before

    # -- on other machines -------------------------------------------------------------------------------------------

    def checked(self, file: RequestFile) -> Checked:
        """What a machine with nothing but the pinned manifest makes of a file. Raises NotAcceptable."""
        return check(RequestFile.parse(file.encode()), self.office.platform.manifest, self.office.clock())

    def answer(self, officer: str, opening: UUID) -> Answer:
        """What the custodian's machine answers."""
        return custodian.contribute(self.checked(self.request_file(officer, opening)), self.custodian_key(officer))

    def custodian_key(self, officer: str) -> KemPrivateKey:
        return self.key(f"custodian/{officer}")

    def witnessed(self, by: Signer | None = None) -> None:
        """The log signs its head, and the witness, or whoever ``by`` is, cosigns that."""
        store = self.desk.log
        head = store.head()
        now = max(int(self.office.clock().timestamp()), head.recorded_at)  # time never runs backwards in a log
        text = head.checkpoint().text()
        if store.checkpoints.of_size(head.size) is None:
            log = SigningKey(seeds(self.office.platform)["log"])
            note = Note(text, (sign(text, head.origin, log),)).encode()
            store.checkpoints.add(SignedCheckpoint(head.size, note, now))
        store.checkpoints.add_cosignatures(head.size, [cosign(text, f"witness.{head.origin}", by or self.witness, now)])
