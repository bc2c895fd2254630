"""Founding the demonstration's witness, in ``<home>/witness`` of the county.

In earnest the superior makes his witness on a machine of his own (``supervision witness init``), with the key that the
ceremony made for him or with one of his own making. One on the same machine proves nothing: whoever controls the
machine controls both; its pages say so.
"""

from __future__ import annotations

from pathlib import Path

from events.note import NoteVerifier
from supervision.checkpointing.policy import load_policy
from supervision.sealing.ceremony import Ceremony
from supervision.sealing.keys import SigningKey
from supervision.witnessing.home import AT_ONCE, KnownLog, WitnessHome, write_home
from supervision.witnessing.service import WitnessService

DEMONSTRATION = "witness"


def lay_demonstration_witness(home: Path, ceremony: Ceremony, county: str) -> None:
    """A witness with the superior's key and the name that the county's policy gives it. ``county``: name of its site.

    It shows every tree at once, so that a visitor need not wait until tomorrow.
    """
    seed, manifest = ceremony.secrets["superior/witness"], ceremony.manifest
    (known,) = (one for one in load_policy(home).witnesses if one.key.public_key == manifest.superior.witness)
    witness = WitnessHome(
        directory=home / DEMONSTRATION,
        name=known.key.name,
        title=f"{manifest.superior.name}见证站",
        complaints=f"{manifest.superior.name}（演示，没有真实的地址和电话）",
        publish=AT_ONCE,
        logs=(KnownLog(key=NoteVerifier(manifest.origin, manifest.log), title=county),),
        signer=SigningKey(seed),
    )
    write_home(witness, seed)
    WitnessService.found(witness)
