"""``/oversight/log``: how far the log is signed and cosigned, and what went wrong with it.

Here the first promise shows itself to people: a witness that refuses is the alarm that somebody has changed the log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from flask import Response, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from events.checkpoint import Checkpoint, CheckpointError
from events.note import NoteError, parse
from events.policy import NONE, Policy, Witness
from supervision.business_time import SHANGHAI
from supervision.checkpointing.policy import load_policy
from supervision.checkpointing.reaching import is_local
from supervision.checkpointing.standing import Standings, Trouble
from supervision.checkpointing.views import whole_view
from supervision.web import log as answers
from supervision.web.app import platform
from supervision.web.oversight.site import blueprint

WORDS: Mapping[str, Any] = {
    Trouble.UNREACHABLE: _l("联系不上。"),
    Trouble.MALFORMED: _l("见证人不接受请求的格式（400）；请核对双方的程序版本。"),
    Trouble.UNSIGNED: _l("见证人不承认检查点上的签名（403）：日志的密钥可能被换过，或者登记有误。"),
    Trouble.UNKNOWN_LOG: _l("见证人不认识本日志（404）；请上级机关登记本日志的公钥。"),
    Trouble.INCONSISTENT: _l("见证人拒绝联署（422）：本日志不是从它上次联署的那一份接着写的，可能被改写过。"),
    Trouble.AHEAD: _l("见证人联署过的日志比现在的长：现在的日志可能被退回到了从前。"),
    Trouble.FALSE_ANSWER: _l("见证人的答复不是对检查点的有效联署；请与上级机关核实。"),
    Trouble.CLOCK: _l("见证人的时钟与本机相差太大，没有采用它的联署；请校准时间。"),
    Trouble.NO_PROOF: _l("本日志的散列树残缺，作不出证明；请运行 supervision verify 查看。"),
}

LOOKED_AT = 50
"""Checkpoints among which the newest one with a quorum is looked for."""

HEARTBEATS = 3
"""So many without a word from a witness, and the page says that it has gone quiet."""


@dataclass(frozen=True, kw_only=True)
class WitnessShown:
    """A witness for the page, all in words. ``tone``: as of a tag. ``alarm``: its last refusal, "" where none was."""

    name: str
    key: str
    state: str
    tone: str
    size: str
    time: str
    trouble: str
    alarm: str


@blueprint.get("/log")
def log() -> str:
    """The newest checkpoint, and every witness."""
    here, view = platform(), whole_view(platform())
    newest, policy = here.log.checkpoints.last(), load_policy(here.settings.home)
    standings = Standings(here.working, here.clock)
    signer = standings.of_signer()
    return render_template(
        "oversight/log.html",
        root=_root(view.note) if view else "",
        size=newest.size if newest else 0,
        signed_at=_time(newest.signed_at) if newest else "",
        waiting=here.log.size() - (newest.size if newest else 0),
        refusal=signer.refusal,
        refused_since=_time(signer.since),
        witnesses=[_shown(witness, newest.size if newest else 0, standings) for witness in policy.witnesses],
        quorum=_quorum_words(policy),
        reached=_reached(policy),
        local=any(is_local(witness, here.settings.home) for witness in policy.witnesses),
        hours=here.settings.public_checkpoint_hours,
        checkpoint_href=url_for(".log_checkpoint"),
        keys_href=url_for(".log_keys"),
    )


@blueprint.get("/log/checkpoint")
def log_checkpoint() -> Response:
    """The newest checkpoint as a file."""
    return answers.named(answers.checkpoint_answer(whole_view(platform())), "checkpoint.txt")


@blueprint.get("/log/tile/<path:rest>")
def log_tile(rest: str) -> Response:
    """A tile of its tree."""
    return answers.tile_answer(whole_view(platform()), f"tile/{rest}", public=False)


@blueprint.get("/log/keys")
def log_keys() -> Response:
    """What to check both with."""
    return answers.keys_answer()


# -- in words -------------------------------------------------------------------------------------------------------


def _shown(witness: Witness, newest: int, standings: Standings) -> WitnessShown:
    here = platform()
    last = here.log.checkpoints.last_of(witness.key.name)
    standing = standings.of_witness(witness.key.name)
    silent = here.recording_clock() - last[1] > HEARTBEATS * here.settings.heartbeat_minutes * 60 if last else True
    if standing.trouble and Trouble(standing.trouble).is_alarm:
        state, tone = _("拒绝联署"), "bad"
    elif last is None:
        state, tone = _("尚未联署"), "warn"
    elif silent:
        state, tone = _("已久未联署"), "warn"
    elif last[0] < newest:
        state, tone = _("落后 %(n)s 条", n=newest - last[0]), "warn"
    else:
        state, tone = _("已联署到最新"), "good"
    return WitnessShown(
        name=_name(witness),
        key=witness.key.name,
        state=state,
        tone=tone,
        size=str(last[0]) if last else "",
        time=_time(last[1]) if last else "",
        trouble=_told(standing.trouble, standing.since),
        alarm=_("第 %(n)s 条的检查点：%(words)s", n=standing.alarm_size, words=_told(standing.alarm, standing.alarm_at))
        if standing.alarm
        else "",
    )


def _told(trouble: str, at: int) -> str:
    return _("%(words)s（%(time)s 起）", words=WORDS[trouble], time=_time(at)) if trouble else ""


def _quorum_words(policy: Policy) -> str:
    if policy.quorum == NONE:
        return _("没有规定")
    names = {witness.name: _name(witness) for witness in policy.witnesses}
    if policy.quorum not in policy.groups:
        return names[policy.quorum]
    needed, members = policy.groups[policy.quorum]
    return _("%(names)s 中的 %(k)s 个", names="、".join(names.get(one, one) for one in members), k=needed)


def _name(witness: Witness) -> str:
    """The superior's by its title; others as the policy calls them."""
    superior = platform().manifest.superior
    return superior.name if witness.key.public_key == superior.witness else witness.name


def _reached(policy: Policy) -> int | None:
    """Size of the newest tree that enough witnesses have cosigned."""
    try:
        for checkpoint, note in islice(platform().log.checkpoints.cosigned(), LOOKED_AT):
            if policy.is_quorum(policy.open_signed(note).cosigned_at):
                return checkpoint.size
    except (NoteError, CheckpointError):  # what is wrong the signer says, on the same page
        return None
    return None


def _root(note: bytes) -> str:
    try:
        return Checkpoint.parse(parse(note).text).root.hex()
    except (NoteError, CheckpointError):
        return ""


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S") if seconds else ""
