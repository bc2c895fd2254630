"""The custodian's part: read what is asked, by whom and with whose approval, and give the share or not."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from supervision.domain.rights import DeclineReason
from supervision.openings.answer import Answer
from supervision.openings.checking import Checked
from supervision.openings.request_file import NotAcceptable
from supervision.sealing import contribution
from supervision.sealing.holders import Holder
from supervision.sealing.keys import KemPrivateKey
from supervision.sealing.layer import OneKey
from supervision.sealing.wraps import find_wrap

COMPARTMENT_WORDS = {"identity": "举报人身份信息", "source": "来源材料（原件、来电号码）"}


def describe(checked: Checked) -> Iterator[str]:
    """What was verified, line by line, in words; nothing of what the report says."""
    asked, opening = checked.opening.asked, checked.opening
    requester, approver = checked.request.account, checked.approval.account
    what = "、".join(COMPARTMENT_WORDS[name] for name in checked.compartments)
    yield f"日志：{checked.file.origin}"
    yield f"举报件：{checked.number}（受理号 {checked.reference}）"
    yield f"申请启封：{what}"
    yield f"事由：{opening.purpose.label}"
    if asked.number:
        yield f"批准文件或者调取文书：{asked.number}"
    yield f"申请人：{requester.name}（{asked.actor}，{asked.office}），{_moment(asked.occurred_at)}"
    approval = checked.approval.event
    yield f"批准人：{approver.name}（{approval.actor}，{approval.office}），{_moment(approval.occurred_at)}"
    yield f"条件：{asked.m} 名保管人" + ("，另加上级闸门放行" if asked.gate else "")
    yield f"已提交份额：{len(checked.contributions)} 名"
    yield f"有效期至：{asked.expires_on}"
    yield f"启封编号：{opening.id}"
    yield "以上各项的签名均已按您固定的密钥清单核对无误。"


def contribute(checked: Checked, private: KemPrivateKey) -> Answer:
    """The shares of the custodian who holds ``private``, for this decision alone.

    Raises NotAcceptable where the key is no custodian's or the file holds no wrap for it, CannotOpen, BadShare.
    """
    custodian(checked, private)
    return Answer(
        origin=checked.file.origin,
        opening=checked.opening.id,
        approval=checked.approval.statement,
        key=private.key_id,
        given=pieces(checked, private),
    )


def decline(checked: Checked, private: KemPrivateKey, reason: DeclineReason) -> Answer:
    """That the custodian gives nothing."""
    custodian(checked, private)
    return Answer(
        origin=checked.file.origin,
        opening=checked.opening.id,
        approval=checked.approval.statement,
        key=private.key_id,
        declined=reason.value,
    )


def custodian(checked: Checked, private: KemPrivateKey) -> Holder:
    """Who holds ``private``. Raises NotAcceptable for a key that is not one of the custodians'."""
    for holder in checked.opener.keepers(checked.compartments[0]).custodians:
        if holder.kem.key_id == private.key_id:
            return holder
    raise NotAcceptable("这把私钥不是封存本件的保管人的。请核对私钥文件。")


def pieces(checked: Checked, private: KemPrivateKey) -> dict[str, bytes]:
    """For each compartment asked for, what was sealed to ``private``, sealed again for this decision."""
    stored = zip(checked.file.wraps, checked.file.layer_keys, strict=False)  # what has no partner opens nothing
    wraps = {hashlib.sha256(wrap).hexdigest(): (wrap, key) for wrap, key in stored}
    given = {}
    for compartment in checked.compartments:
        _, ref = checked.opener.split_key(compartment, private.key_id)
        wrap, layer_key = wraps.get(find_wrap(ref, private.key_id).sha256, (None, b""))
        if wrap is None:
            raise NotAcceptable("启封材料中没有封给这把私钥的份额。请用发给您本人的那一份材料。")
        opener = checked.opener.with_layers(OneKey(layer_key))
        given[compartment] = contribution.contribute(opener, checked.decision, compartment, wrap, private)
    return given


def _moment(occurred_at: str) -> str:
    return occurred_at[:16].replace("T", " ")
