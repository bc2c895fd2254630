"""Resharing: new shares open what the old ones opened, do not mix with them, and who lies is found before it counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervision.sealing import shamir
from supervision.sealing.ceremony import Ceremony, perform
from supervision.sealing.errors import BadShare, CannotOpen
from supervision.sealing.holders import Holder
from supervision.sealing.keys import KemPrivateKey
from supervision.sealing.manifest import KeyManifest
from supervision.sealing.resharing import (
    Change,
    Deal,
    Taken,
    _bundle_info,
    _commitment,
    _tag,
    again,
    deal,
    judge,
    take,
)
from tests.support.sealing import PLAN, SUPERIOR_PLAN, seeded

Sizes = tuple[int, int, int, int]

sizes = st.tuples(st.integers(2, 4), st.integers(0, 2), st.integers(2, 4), st.integers(0, 2)).map(
    lambda drawn: (drawn[0], drawn[0] + drawn[1], drawn[2], drawn[2] + drawn[3])
)
"""M and N before, M and N after."""

KEYS = {f"c{number}": KemPrivateKey(seeded(f"c{number}")(32)) for number in range(1, 13)}
COUNTY: Ceremony = perform(PLAN, SUPERIOR_PLAN, seeded("ceremony"))


def manifest(m: int, ids: Sequence[str], epoch: int) -> KeyManifest:
    """With these custodians; who signed it is no matter of the arithmetic."""
    holders = tuple(Holder(id=one, name=f"保管人{one}", kem=KEYS[one].public) for one in ids)
    previous = "" if epoch == 1 else "0" * 64
    return replace(COUNTY.manifest, custodians=holders, m=m, epoch=epoch, previous=previous)


class Handover:
    """Two secrets, shared among the first N custodians; the last of them leaves, new ones come."""

    def __init__(self, before: tuple[int, int], after: tuple[int, int], seed: str = "x") -> None:
        (m, n), (new_m, new_n) = before, after
        self.rng = seeded(seed)
        former = [f"c{number}" for number in range(1, n + 1)]
        new = [*former[:-1], *(f"c{number}" for number in range(7, 13))][:new_n]
        self.secrets = [self.rng(32), self.rng(32)]
        self.change = Change(
            before=manifest(m, former, 1), after=manifest(new_m, new, 2), group="custodian", batch=b"b" * 32, size=2
        )
        shared = [shamir.split(secret, m, n, self.rng) for secret in self.secrets]
        self.old = {one: [shares[at] for shares in shared] for at, one in enumerate(former)}

    def deal(self, custodian: str, shares: Sequence[bytes] = ()) -> Deal:
        return deal(self.change, KEYS[custodian], shares or self.old[custodian], self.rng)

    def lie(self, custodian: str) -> Deal:
        """He deals another share than his: one byte of the second secret is changed."""
        first, second = self.old[custodian]
        return self.deal(custodian, [first, bytes([second[0] ^ 1]) + second[1:]])

    def take(self, deals: Sequence[Deal]) -> dict[str, Taken]:
        return {one.id: take(self.change, KEYS[one.id], deals) for one in self.change.new[0]}

    def judge(self, deals: Sequence[Deal], taken: dict[str, Taken]) -> None:
        judge(
            self.change,
            [one.dealer for one in deals],
            {KEYS[one].key_id: what.checks for one, what in taken.items()},
        )


@settings(max_examples=25, deadline=None)
@given(sizes, st.data())
def test_any_m_new_shares_open_and_fewer_do_not(drawn: Sizes, data: st.DataObject) -> None:
    m, n, new_m, new_n = drawn
    county = Handover((m, n), (new_m, new_n), str(drawn))
    dealers = data.draw(st.permutations(sorted(county.old)))[: data.draw(st.integers(m, n))]
    deals = [county.deal(one) for one in dealers]
    taken = county.take(deals)
    county.judge(deals, taken)
    for at, secret in enumerate(county.secrets):
        shares = [one.shares[at] for one in taken.values()]
        for chosen in combinations(shares, new_m):
            assert shamir.combine(chosen) == secret
        if new_m > 2:
            assert shamir.combine(shares[: new_m - 1]) != secret


@settings(max_examples=25, deadline=None)
@given(sizes, st.data())
def test_old_and_new_shares_do_not_mix(drawn: Sizes, data: st.DataObject) -> None:
    """Neither M nor M' of them, in any mixture with at least one of each kind."""
    m, n, new_m, new_n = drawn
    county = Handover((m, n), (new_m, new_n), str(drawn))
    taken = county.take([county.deal(one) for one in county.old])
    old = [shares[0] for shares in county.old.values()]
    new = [one.shares[0] for one in taken.values()]
    leaver = data.draw(st.sampled_from(old))
    others = [share for share in new if share[-1] != leaver[-1]]
    for size in {m, new_m}:
        for chosen in combinations(others, size - 1):
            assert shamir.combine([leaver, *chosen]) != county.secrets[0]


@given(st.integers(2, 4), st.integers(1, 3), st.data())
def test_parity_checks_are_zero_for_shares_of_one_secret_alone(m: int, more: int, data: st.DataObject) -> None:
    shares = shamir.split(data.draw(st.binary(min_size=1, max_size=8)), m, m + more, seeded("checks"))
    assert not any(map(any, shamir.checks(shares, m)))
    at = data.draw(st.lists(st.integers(0, m + more - 1), min_size=1, max_size=more, unique=True))
    for index in at:
        share = shares[index]
        shares[index] = bytes([share[0] ^ data.draw(st.integers(1, 255))]) + share[1:]
    assert any(map(any, shamir.checks(shares, m)))


@settings(max_examples=15, deadline=None)
@given(st.sampled_from(["c1", "c2", "c3"]))
def test_one_liar_among_three_is_noticed_before_anything_counts(liar: str) -> None:
    county = Handover((2, 3), (2, 3))
    deals = [county.lie(one) if one == liar else county.deal(one) for one in county.old]
    with pytest.raises(BadShare, match="中有人分出的不是") as found:
        county.judge(deals, county.take(deals))
    assert all(f"保管人{one}" in str(found.value) for one in county.old)


@settings(max_examples=15, deadline=None)
@given(st.sampled_from(["c1", "c2", "c3", "c4"]), st.sampled_from([(2, 3), (3, 5)]))
def test_with_two_dealers_to_spare_a_liar_has_a_name(liar: str, after: tuple[int, int]) -> None:
    county = Handover((2, 4), after)
    deals = [county.lie(one) if one == liar else county.deal(one) for one in county.old]
    with pytest.raises(BadShare, match=f"^保管人{liar}分出的不是") as found:
        county.judge(deals, county.take(deals))
    assert found.value.key_id == KEYS[liar].key_id


def test_as_many_liars_as_there_are_dealers_to_spare_cannot_agree_on_a_lie() -> None:
    county = Handover((3, 5), (3, 5))
    deals = [county.lie(one) if one in ("c2", "c5") else county.deal(one) for one in county.old]
    with pytest.raises(BadShare):
        county.judge(deals, county.take(deals))


def test_repeating_it_under_others_eyes_clears_the_honest_and_convicts_the_liar() -> None:
    county = Handover((2, 3), (2, 3))
    honest, lie = county.deal("c1"), county.lie("c2")
    assert again(county.change, KEYS["c1"], county.old["c1"], honest)
    assert not again(county.change, KEYS["c2"], county.old["c2"], lie)
    with pytest.raises(CannotOpen):
        again(county.change, KEYS["c2"], county.old["c2"], honest)


def test_a_bundle_that_is_not_the_committed_one_names_its_dealer() -> None:
    county = Handover((2, 3), (2, 3))
    first, second, third = (county.deal(one) for one in county.old)
    other = county.deal("c2")
    made_for_others = replace(second, bundles=other.bundles)
    with pytest.raises(BadShare, match="保管人c2分给您的一份与他所作的承诺不符"):
        county.take([first, made_for_others, third])
    with pytest.raises(BadShare, match="保管人c2分给您的一份打不开"):
        county.take([first, replace(second, bundles=first.bundles), third])


def test_deals_made_up_by_whoever_carries_the_papers_tell_him_nothing() -> None:
    """With made-up deals beside a genuine one the checks would tell its dealer's share: so nothing is made of them."""
    county = Handover((2, 3), (2, 3))
    genuine, courier = county.deal("c1"), KemPrivateKey(seeded("courier")(32))
    holder = county.change.new[0][0]
    number, part = 1, county.rng(64)
    info = _bundle_info(county.change, KEYS["c2"].key_id, holder.kem.key_id, number)
    commitment = _commitment(county.change, KEYS["c2"].key_id, number, part)
    forged = replace(
        genuine,
        dealer=KEYS["c2"].key_id,
        bundles=(holder.kem.encrypt(part, info),),
        commitments=(commitment,),
        tags=(_tag(county.change, courier, holder.kem, KEYS["c2"].key_id, commitment),),
    )
    with pytest.raises(BadShare, match="所称保管人c2分给您的一份不是用他的私钥分出的"):
        take(county.change, KEYS[holder.id], [genuine, forged])


def test_a_new_custodian_who_reports_other_checks_than_his_has_a_name() -> None:
    county = Handover((2, 3), (2, 3))
    deals = [county.deal(one) for one in county.old]
    taken = county.take(deals)
    who = next(iter(taken))
    (value,) = taken[who].checks
    taken[who] = replace(taken[who], checks=(bytes([value[0] ^ 7]) + value[1:],))
    with pytest.raises(BadShare, match=f"新保管人保管人{who}的核对值与其余各人不合"):
        county.judge(deals, taken)
    few = Handover((2, 3), (2, 2))
    deals = [few.deal(one) for one in few.old]
    reported = few.take(deals)
    who = next(iter(reported))
    reported[who] = replace(reported[who], checks=(bytes(64),))
    with pytest.raises(BadShare, match="或者新保管人中有人报的核对值有误"):
        few.judge(deals, reported)
    taken[who] = replace(taken[who], checks=())
    with pytest.raises(CannotOpen, match="不完整"):
        county.judge(deals, taken)


def test_too_few_dealers_and_the_same_one_twice_are_refused() -> None:
    county = Handover((3, 4), (2, 3))
    one, two = county.deal("c1"), county.deal("c2")
    for deals in ([one, two], [one, two, two]):
        with pytest.raises(CannotOpen, match="至少 3 名"):
            county.take(deals)


def test_a_deal_opens_in_no_other_batch() -> None:
    county = Handover((2, 3), (2, 3))
    deals = [county.deal(one) for one in county.old]
    other = replace(county.change, batch=b"o" * 32)
    with pytest.raises(BadShare, match="打不开"):
        take(other, KEYS[county.change.new[0][0].id], deals)


def test_what_the_checks_tell_fits_every_secret() -> None:
    """The checks of two handovers of different secrets, with the same coefficients, are the same."""
    told = []
    for secret in (b"\x00" * 32, b"\xff" * 32):
        shares = shamir.split(secret, 2, 3, seeded("same"))
        parts = [shamir.split(share[:-1], 2, 3, seeded(f"dealer {share[-1]}")) for share in shares]
        received = [[part[at][:-1] + bytes([x]) for x, part in enumerate(parts, start=1)] for at in range(3)]
        told.append([shamir.checks(one, 2) for one in received])
    assert told[0] == told[1]
