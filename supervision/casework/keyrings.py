"""Keyrings in the working state: an officer's private seeds under his passphrase, one row for each pair of keys."""

from __future__ import annotations

from datetime import datetime

from supervision.casework.attempts import store_name
from supervision.casework.desk import Desk
from supervision.domain.officer import OfficerAccount
from supervision.domain.refusal import Refused
from supervision.sealing.errors import WrongPassphrase
from supervision.sealing.keys import KemPrivateKey, SigningKey
from supervision.sealing.passphrase import decoy_keyring, open_keyring, seal_keyring
from supervision.sealing.strict_json import to_base64
from supervision.working_state import WorkingState

KEYRING = "keyring"

#: Keyrings do not expire; they are replaced, or removed when an officer departs.
NEVER = datetime.fromisoformat("9999-01-01T00:00:00+00:00")

SHORTEST_PASSPHRASE = 12

NOT_ADMITTED = "账号或口令不正确，或动态验证码不对；请核对后重试。连续多次失败将暂停登录一段时间。"


def keyring_owner(desk: Desk, officer: str) -> str:
    """What a keyring is bound to, so that one officer's cannot be put in another's place."""
    return f"{desk.manifest.origin}/{officer}"


def keyring_id(desk: Desk, officer: str, signing_key: str) -> bytes:
    """Where the working state keeps the keyring of an officer's key pair (``signing_key``: Base64), 32 bytes."""
    return store_name(KEYRING, f"{keyring_owner(desk, officer)}/{signing_key}")


def unlocked_seeds(desk: Desk, working: WorkingState, account: OfficerAccount, passphrase: str) -> dict[str, bytes]:
    """The private seeds in an officer's keyring ("signing", "kem"). Raises :class:`Refused` for a wrong passphrase."""
    kept = working.get(KEYRING, keyring_id(desk, account.officer, account.signing_key), desk.clock())
    try:
        # An unknown account costs as much time as a wrong passphrase.
        return open_keyring(passphrase, keyring_owner(desk, account.officer), kept or decoy_keyring())
    except WrongPassphrase:
        raise Refused("sign_in", NOT_ADMITTED) from None


def keep_keyring(
    desk: Desk, working: WorkingState, officer: str, passphrase: str, signing: SigningKey, kem: KemPrivateKey
) -> None:
    """Seal the seeds under the passphrase, in place of the keyring that was there for this pair of keys."""
    seeds = {"signing": signing.seed, "kem": kem.seed}
    keyring = seal_keyring(passphrase, keyring_owner(desk, officer), seeds, desk.rng)
    working.put(KEYRING, keyring_id(desk, officer, to_base64(signing.public_key)), keyring, NEVER)


def keys_match(account: OfficerAccount, seeds: dict[str, bytes]) -> bool:
    """Whether the unlocked keys are those that the officer's signed enrolment introduced."""
    return account.signing_key == to_base64(SigningKey(seeds["signing"]).public_key) and account.kem_key == (
        to_base64(KemPrivateKey(seeds["kem"]).public.raw)
    )


def check_passphrase(passphrase: str, officer: str) -> None:
    """Raises Refused for a passphrase that is too short or says who its owner is."""
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise Refused("passphrase", f"口令至少 {SHORTEST_PASSPHRASE} 个字符；可以用几个不相干的词连成一句。")
    if len(set(passphrase)) < 5 or officer.lower() in passphrase.lower():
        raise Refused("passphrase", "口令过于简单或包含账号；请换一个不容易猜到的口令。")
