"""C2SP tlog-witness (https://c2sp.org/tlog-witness), the log's side: submitting checkpoints to a witness.

A request says which size of the log the witness is thought to have cosigned last, and proves that the new checkpoint
has grown from there. A witness that knows better says so (409), and is asked again. What it returns is believed only
when it is a cosignature, by the key that the policy names, of the very text that was submitted.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TypeAlias

from events.checkpoints import SignedCheckpoint
from events.cosignature import timestamp_of
from events.merkle import ReadNodes, TreeError, prove_consistency
from events.note import NoteError, NoteSignature, open_note, parse, parse_line
from events.policy import Witness
from events.witness import Answer
from supervision.checkpointing.standing import Trouble

ROUNDS = 3
"""How often a witness may say that its size is another one: somebody else may be submitting, too."""

CLOCK_SECONDS = 300
"""How far the clocks of log and witness may be apart. A cosignature of tomorrow would spoil the record for good."""

Post: TypeAlias = Callable[[bytes], Answer]
"""Posts a request to ``add-checkpoint``. Raises ``OSError`` where the witness cannot be asked."""

_SIZE = re.compile(rb"(0|[1-9][0-9]{0,18})\n")

_MEANINGS: Mapping[int, Trouble] = {
    HTTPStatus.BAD_REQUEST: Trouble.MALFORMED,
    HTTPStatus.FORBIDDEN: Trouble.UNSIGNED,
    HTTPStatus.NOT_FOUND: Trouble.UNKNOWN_LOG,
    HTTPStatus.UNPROCESSABLE_ENTITY: Trouble.INCONSISTENT,
}


class NotCosigned(Exception):
    """The witness did not cosign."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble


def request_body(old: int, proof: list[bytes], note: bytes) -> bytes:
    """The body of ``add-checkpoint``."""
    lines = [f"old {old}", *(base64.b64encode(digest).decode("ascii") for digest in proof)]
    return "".join(f"{line}\n" for line in lines).encode() + b"\n" + note


class Submitter:
    """Submits to one witness, and remembers which size it has cosigned. ``clock``: Unix seconds."""

    def __init__(self, witness: Witness, post: Post, read_nodes: ReadNodes, clock: Callable[[], float]) -> None:
        self._witness = witness
        self._post = post
        self._read_nodes = read_nodes
        self._clock = clock
        self._known = 0  # the witness corrects this once, after each start

    def submit(self, checkpoint: SignedCheckpoint) -> NoteSignature:
        """The witness's cosignature of a checkpoint, verified. Raises :class:`NotCosigned`."""
        for _ in range(ROUNDS):
            answer = self._ask(checkpoint)
            if answer.status == HTTPStatus.OK:
                cosignature = self._verified(answer.body, checkpoint)
                self._known = checkpoint.size
                return cosignature
            if answer.status != HTTPStatus.CONFLICT:
                raise NotCosigned(_MEANINGS.get(answer.status, Trouble.UNREACHABLE))
            self._learn(answer.body, checkpoint)
        raise NotCosigned(Trouble.FALSE_ANSWER)

    def _ask(self, checkpoint: SignedCheckpoint) -> Answer:
        if self._known > checkpoint.size:
            raise NotCosigned(Trouble.AHEAD)
        try:
            proof = prove_consistency(self._known, checkpoint.size, self._read_nodes)
        except TreeError:
            raise NotCosigned(Trouble.NO_PROOF) from None
        try:
            return self._post(request_body(self._known, proof, checkpoint.note))
        except OSError:
            raise NotCosigned(Trouble.UNREACHABLE) from None

    def _learn(self, body: bytes, checkpoint: SignedCheckpoint) -> None:
        """What the witness says of its own size (409)."""
        found = _SIZE.fullmatch(body)
        if found is None:
            raise NotCosigned(Trouble.FALSE_ANSWER)
        if int(found[1]) > checkpoint.size:
            raise NotCosigned(Trouble.AHEAD)
        self._known = int(found[1])

    def _verified(self, body: bytes, checkpoint: SignedCheckpoint) -> NoteSignature:
        """The one line of the answer that is by this witness's key; others are ignored."""
        key = self._witness.key
        try:
            lines = [parse_line(line) for line in body.decode().removesuffix("\n").split("\n")]
            ours = next(line for line in lines if line.is_of(key))
            open_note(parse(checkpoint.note).text.encode() + b"\n" + ours.line().encode(), [key])
            timestamp = timestamp_of(ours)
        except (NoteError, UnicodeDecodeError, StopIteration):
            raise NotCosigned(Trouble.FALSE_ANSWER) from None
        if not checkpoint.signed_at - CLOCK_SECONDS <= timestamp <= self._clock() + CLOCK_SECONDS:
            raise NotCosigned(Trouble.CLOCK)
        return ours
