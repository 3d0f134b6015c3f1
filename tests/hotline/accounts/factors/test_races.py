"""Many codes that are sent at the same moment, from many browsers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import pyotp
import pytest
from sqlalchemy import select

from hotline.accounts import service
from hotline.accounts.factors import totp
from hotline.accounts.factors.proof import Proof, prove_factor
from hotline.accounts.models import LoginSession, Person
from hotline.accounts.signing_in.past_delay import begin_past_delay
from hotline.accounts.signing_in.sessions import digest_of, open_session
from hotline.accounts.signing_in.throttle import FREE_TRIES
from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import TooMany
from hotline.core.storage.audit import AuditEntry
from tests.hotline.accounts.conftest import NOW, PASSWORD
from tests.support.at_once import results_at_once

AT_ONCE = 12
Try = Callable[[str], bool]


@pytest.fixture
def context(make_context: Callable[..., Context]) -> Context:
    """On the database where transactions run side by side."""
    return make_context("postgresql")


@pytest.fixture
def secret(context: Context) -> str:
    """Of Ana's app."""
    with context.database.writing() as session:
        act = Act(session, context, "test", NOW)
        person = service.add_person(
            act,
            username="ana",
            display_name="Ana",
            role="analyst",
            password=PASSWORD,
        )
        session.flush()
        row = totp.begin_enrolment(act, person)
        row.confirmed_at = NOW
        session.flush()
        return totp.open_secret(session, context, row)


@pytest.fixture(params=["page", "sign-in"])
def try_code(request: pytest.FixtureRequest, context: Context) -> Try:
    """A code on the page that asks for it, and one beside a password that has to wait."""

    def on_the_page(code: str) -> bool:
        with context.database.writing() as session:
            person = session.scalars(select(Person)).one()
            token = open_session(session, person, NOW)
        try:
            with context.database.writing() as session:
                mine = LoginSession.token_hash == digest_of(token)
                login = session.scalars(select(LoginSession).where(mine)).one()
                act = Act(session, context, "test", NOW)
                return prove_factor(act, login, Proof(code=code))
        except TooMany:
            return False

    def at_sign_in(code: str) -> bool:
        with context.database.writing() as session:
            act = Act(session, context, "test", NOW)
            return begin_past_delay(act, "ana", code) is not None

    return on_the_page if request.param == "page" else at_sign_in


def try_at_once(try_code: Try, codes: Sequence[str]) -> list[bool]:
    return results_at_once(*(partial(try_code, code) for code in codes))


def test_a_code_that_is_sent_many_times_at_once_opens_once(
    secret: str, try_code: Try
) -> None:
    code = pyotp.TOTP(secret).generate_otp(totp.step_at(NOW))
    opened = try_at_once(try_code, [code] * 4)
    assert opened.count(True) == 1


def test_of_many_wrong_codes_at_once_no_more_count_than_in_turn(
    context: Context, secret: str, try_code: Try
) -> None:
    right = pyotp.TOTP(secret)
    near = {right.generate_otp(totp.step_at(NOW) + off) for off in (-1, 0, 1)}
    wrong = [
        code
        for code in (f"{number:06}" for number in range(AT_ONCE + 3))
        if code not in near
    ][:AT_ONCE]
    assert not any(try_at_once(try_code, wrong))
    with context.database.reading() as session:
        failures = [
            action
            for action in session.scalars(select(AuditEntry.action))
            if action.endswith(".failed")
        ]
    assert len(failures) == FREE_TRIES
