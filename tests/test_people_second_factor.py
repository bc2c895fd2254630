"""The second factor (RFC 6238): codes of an authenticator, each once, and nowhere a secret to steal."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervision.casework.account_changes import Proposal, propose, reset_second_factor
from supervision.casework.attempts import FREE_ATTEMPTS, LOCK_MINUTES
from supervision.casework.own_account import owner
from supervision.casework.sessions import resume
from supervision.casework.sign_in import SecondFactorMissing, factor_of, set_up, setting_up, sign_in
from supervision.domain.refusal import Refused
from supervision.domain.staffing import AccountChange
from supervision.sealing.keys import KemPrivateKey
from supervision.sealing.second_factor import DRIFT, STEP_SECONDS, SecondFactor
from supervision.verifying import verify_platform
from supervision.working_state import WorkingState
from tests.support.officers import PASSPHRASE, County, county

OFFICER = "clerk-1"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[County]:
    path = tmp_path_factory.mktemp("factor")
    with county(path / "home", f"sqlite:///{path / 'log.sqlite'}", people={OFFICER, "head"}) as made:
        yield made


# -- the codes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_codes_are_those_of_rfc_6238_appendix_b(now: int, code: str) -> None:
    """The appendix has eight digits; six are their end."""
    factor = SecondFactor(b"12345678901234567890")
    assert factor.code(now // STEP_SECONDS) == code[-6:]
    assert factor.step_of(code[-6:], now) == now // STEP_SECONDS


@given(seed=st.binary(min_size=32, max_size=32), now=st.integers(10**9, 10**10), late=st.integers(-9, 9))
def test_a_clock_may_be_one_step_off_and_no_more(seed: bytes, now: int, late: int) -> None:
    factor = SecondFactor.of(KemPrivateKey(seed), "county/officer", 1)
    found = factor.step_of(factor.code(now // STEP_SECONDS + late), now)
    if abs(late) <= DRIFT:
        assert found is not None
        assert factor.code(found) == factor.code(now // STEP_SECONDS + late)
    else:  # a chance of some in a million that a neighbouring code is the same
        assert found is None or factor.code(found) == factor.code(now // STEP_SECONDS + late)


@given(seed=st.binary(min_size=32, max_size=32), number=st.integers(1, 9))
def test_every_officer_deployment_and_number_has_a_secret_of_its_own(seed: bytes, number: int) -> None:
    kem = KemPrivateKey(seed)
    secrets = {SecondFactor.of(kem, name, n).secret for name in ("a/x", "a/y", "b/x") for n in (number, number + 1)}
    assert len(secrets) == 6


def test_digits_count_as_they_are_typed_in_chinese() -> None:
    factor = SecondFactor(b"12345678901234567890")
    assert factor.step_of("２８７ ０８２", 59) == 1
    for wrong in ("", "287083", "94287082", "28708", "abcdef", "²⁸⁷⁰⁸²x"):
        assert factor.step_of(wrong, 59) is None


def test_the_address_in_the_qr_code_names_site_and_account() -> None:
    uri = SecondFactor(b"12345678901234567890").uri("clerk-1", "云岫县 平台")
    assert uri.startswith("otpauth://totp/%E4%BA%91%E5%B2%AB%E5%8E%BF%20%E5%B9%B3%E5%8F%B0:clerk-1?")
    assert "secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&" in uri
    assert uri.endswith("&algorithm=SHA1&digits=6&period=30")


# -- at the door --------------------------------------------------------------------------------------------------


def code_now(home: County, number: int | None = None, late: int = 0) -> str:
    """What the officer's authenticator shows."""
    desk, session = home.platform.desk, home.unlocked[OFFICER]
    account = desk.account(OFFICER)
    step = int(home.clock().timestamp()) // STEP_SECONDS + late
    return factor_of(desk, account, session.kem, number or account.second_factor).code(step)


def come_in(home: County, code: str = "") -> str:
    return sign_in(home.platform.desk, home.platform.working, OFFICER, PASSPHRASE, code)


@pytest.fixture
def with_factor(home: County) -> County:
    """The officer has an authenticator, and its next code is unused."""
    desk, working = home.platform.desk, home.platform.working
    home.clock.advance(minutes=LOCK_MINUTES + 1)
    if not desk.account(OFFICER).second_factor:
        me = home.session(OFFICER)
        home.unlocked[OFFICER] = me
        set_up(desk, working, owner(desk, me), code_now(home, desk.account(OFFICER).factors + 1))
        home.clock.advance(minutes=1)
    return home


def test_with_a_factor_the_passphrase_alone_opens_nothing(with_factor: County) -> None:
    for code in ("", "000000", code_now(with_factor, late=5), code_now(with_factor, number=7)):
        with pytest.raises(Refused) as refused:
            come_in(with_factor, code)
        assert refused.value.code == "sign_in"
    assert resume(with_factor.platform.desk, with_factor.platform.working, come_in(with_factor, code_now(with_factor)))


def test_it_is_not_told_which_of_the_two_was_wrong(with_factor: County) -> None:
    answers = set()
    pairs = ((PASSPHRASE, "000000"), ("not-the-passphrase", code_now(with_factor)), ("nor-this-one", ""))
    for passphrase, code in pairs:
        with pytest.raises(Refused) as refused:
            sign_in(with_factor.platform.desk, with_factor.platform.working, OFFICER, passphrase, code)
        answers.add((refused.value.code, refused.value.reason))
    assert len(answers) == 1


def test_a_code_counts_once_and_so_does_every_earlier_one(with_factor: County) -> None:
    earlier, now, later = (code_now(with_factor, late=step) for step in (-1, 0, 1))
    come_in(with_factor, now)
    for used in (now, earlier):
        with pytest.raises(Refused):
            come_in(with_factor, used)
    come_in(with_factor, later)


def test_of_many_who_come_with_one_code_at_once_one_comes_in(with_factor: County) -> None:
    code = code_now(with_factor)

    def attempt(_: int) -> bool:
        try:
            come_in(with_factor, code)
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(attempt, range(4))) == 1


def test_a_step_is_taken_once_whichever_process_asks(tmp_path: Path, database_url: str) -> None:
    """Each store is as that of a process of its own: nothing but the database between them."""
    stores = [WorkingState(database_url) for _ in range(4)]
    stores[0].create()
    with ThreadPoolExecutor(4) as pool:
        for step in (5, 6, 300, 2**40):
            assert sum(pool.map(lambda store: store.advance("time-step", b"x" * 32, step), stores)) == 1  # noqa: B023
        assert not any(store.advance("time-step", b"x" * 32, step) for store in stores for step in (5, 299, 2**40))
    for store in stores:
        store.close()


def test_wrong_codes_are_counted_like_wrong_passphrases(with_factor: County) -> None:
    for _ in range(FREE_ATTEMPTS):
        with pytest.raises(Refused):
            come_in(with_factor, "000000")
    with pytest.raises(Refused) as refused:
        come_in(with_factor, code_now(with_factor))
    assert refused.value.code == "locked"
    with_factor.clock.advance(minutes=LOCK_MINUTES, seconds=1)
    come_in(with_factor, code_now(with_factor))


def test_the_free_attempts_are_no_more_for_who_makes_them_at_once(home: County) -> None:
    desk, working = home.platform.desk, home.platform.working
    home.clock.advance(minutes=LOCK_MINUTES + 1)

    def attempt(_: int) -> str:
        with pytest.raises(Refused) as refused:
            sign_in(desk, working, "head", "not-the-passphrase")
        return refused.value.code

    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(attempt, range(8)))
    assert codes.count("sign_in") == FREE_ATTEMPTS
    assert codes.count("locked") == 8 - FREE_ATTEMPTS
    home.clock.advance(minutes=LOCK_MINUTES + 1)


def test_neither_database_holds_the_secret(with_factor: County) -> None:
    desk, settings = with_factor.platform.desk, with_factor.platform.settings
    account = desk.account(OFFICER)
    factor = factor_of(desk, account, with_factor.unlocked[OFFICER].kem, account.second_factor)
    wanted = [factor.secret, factor.secret.hex().encode(), factor.text.replace(" ", "").encode(), factor.text.encode()]
    files = [path for path in settings.home.parent.rglob("*") if path.is_file()]
    assert any(path.name == "working.sqlite" for path in files)
    for path in files:
        data = path.read_bytes()
        assert not any(secret in data for secret in wanted), path.name


# -- required, replaced, lost ---------------------------------------------------------------------------------------


def test_where_it_is_required_an_officer_without_one_may_set_it_up_and_nothing_else(home: County) -> None:
    strict = replace(home.platform.desk, settings=replace(home.platform.settings, second_factor="required"))
    working = home.platform.working
    with pytest.raises(SecondFactorMissing) as missing:
        sign_in(strict, working, "head", PASSPHRASE)
    cookie = missing.value.cookie
    assert resume(strict, working, cookie) is None
    found = setting_up(strict, working, cookie)
    assert found is not None
    secret = factor_of(strict, found.account, found.kem, 1)
    step = int(home.clock().timestamp()) // STEP_SECONDS
    with pytest.raises(Refused):
        set_up(strict, working, found, "000000")
    session = set_up(strict, working, found, secret.code(step))
    assert resume(strict, working, session) is not None
    assert setting_up(strict, working, cookie) is None  # it has served its purpose
    with pytest.raises(Refused):
        sign_in(strict, working, "head", PASSPHRASE, secret.code(step))  # the code that set it up is used
    sign_in(strict, working, "head", PASSPHRASE, secret.code(step + 1))


def test_the_leave_to_set_one_up_lapses(home: County) -> None:
    strict = replace(home.platform.desk, settings=replace(home.platform.settings, second_factor="required"))
    with pytest.raises(SecondFactorMissing) as missing:
        sign_in(strict, home.platform.working, "admin", PASSPHRASE)
    home.clock.advance(minutes=16)
    assert setting_up(strict, home.platform.working, missing.value.cookie) is None


def test_who_has_one_replaces_it_only_with_its_own_code(with_factor: County) -> None:
    desk, working = with_factor.platform.desk, with_factor.platform.working
    me = resume(desk, working, come_in(with_factor, code_now(with_factor)))
    assert me is not None
    account = desk.account(OFFICER)
    with_factor.clock.advance(seconds=2 * STEP_SECONDS)
    fresh = code_now(with_factor, number=account.factors + 1)
    for present in ("", "000000", fresh):
        with pytest.raises(Refused) as refused:
            set_up(desk, working, owner(desk, me), fresh, present)
        assert refused.value.code == "present_code"
    old = code_now(with_factor)
    set_up(desk, working, owner(desk, me), fresh, old)
    assert desk.account(OFFICER).second_factor == account.factors + 1
    with_factor.clock.advance(seconds=2 * STEP_SECONDS)
    with pytest.raises(Refused):
        come_in(with_factor, code_now(with_factor, number=account.factors))
    come_in(with_factor, code_now(with_factor))


def test_a_lost_one_is_reset_by_two_and_sessions_end(with_factor: County) -> None:
    desk, working = with_factor.platform.desk, with_factor.platform.working
    cookie = come_in(with_factor, code_now(with_factor))
    admin, security = with_factor.session("admin"), with_factor.session("security")
    with pytest.raises(Refused) as refused:
        reset_second_factor(desk, security, OFFICER)
    assert refused.value.code == "not_proposed"
    propose(desk, security, OFFICER, Proposal(change=AccountChange.SECOND_FACTOR))
    with pytest.raises(Refused) as refused:
        reset_second_factor(desk, security, OFFICER)
    assert refused.value.code == "SoD-6"
    assert resume(desk, working, cookie) is not None
    reset_second_factor(desk, admin, OFFICER)
    assert resume(desk, working, cookie) is None
    assert desk.account(OFFICER).second_factor == 0
    number = desk.account(OFFICER).factors
    me = resume(desk, working, come_in(with_factor))
    assert me is not None
    old = factor_of(desk, desk.account(OFFICER), me.kem, number).secret
    assert factor_of(desk, desk.account(OFFICER), me.kem, number + 1).secret != old
    verify_platform(with_factor.platform)


def test_whoever_removes_the_last_step_from_the_database_gains_a_minute_at_most(with_factor: County) -> None:
    """What is not in the log can be deleted; a code is then good again only as long as the clock allows."""
    code = code_now(with_factor)
    come_in(with_factor, code)
    with closing(sqlite3.connect(with_factor.platform.settings.home / "working.sqlite")) as store, store:
        store.execute("DELETE FROM kept WHERE kind = 'time-step'")
    with_factor.clock.now += timedelta(seconds=(DRIFT + 1) * STEP_SECONDS)
    with pytest.raises(Refused):
        come_in(with_factor, code)
