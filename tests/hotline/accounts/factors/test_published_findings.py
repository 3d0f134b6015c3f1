"""What was found in other services that protect people, and must not be found here.

The audits of SecureDrop's administration pages named them: a second factor set up for somebody else
by their id, a secret that another person can read, a password that is shown but not checked, and
signing out by a mere link.
"""

from __future__ import annotations

import pytest
from sqlalchemy import select

from hotline.accounts import service
from hotline.accounts.models import Person, TotpSecret
from hotline.core.act import Act
from hotline.core.context import utc_now
from tests.hotline.accounts.conftest import PASSWORD
from tests.hotline.accounts.factors.conftest import House


def test_nobody_sets_up_a_factor_for_somebody_else(house: House) -> None:
    """Whatever id is sent along, and by whom: an administrator too."""
    with house.context.database.reading() as session:
        drita = house.person(session, "drita").id
    attacker = house.enrolled("first")
    for name in ("person", "person_id", "id", "user", "username", "uid"):
        for value in (str(drita), "drita"):
            path = f"/console/account/app?{name}={value}"
            attacker.post(path, **{name: value})
            attacker.post(
                f"/console/account/app/confirm?{name}={value}",
                **{name: value, "code": attacker.code()},
            )
            attacker.post(f"/console/account/recovery-codes?{name}={value}")
    for path in ("app", "passkeys", "recovery-codes"):
        reached = attacker.post(f"/console/account/{path}/{drita}")
        assert reached.status_code in (404, 405)
    with house.context.database.reading() as session:
        owners = set(session.scalars(select(TotpSecret.person_id)))
        assert drita not in owners and len(owners) == 1


def test_nobody_takes_a_factor_of_somebody_else_away(house: House) -> None:
    victim, attacker = house.enrolled("drita"), house.enrolled("first")
    attacker.post("/console/account/app/remove", person="drita")
    assert house.secret_of("drita") == victim.secret


def test_another_person_s_secret_is_on_no_page(house: House) -> None:
    victim = house.enrolled("drita")
    begun = house.browser()
    begun.sign_in("ana")
    begun.post("/console/account/app")
    secrets = [victim.secret, house.secret_of("ana"), *victim.codes]
    assert all(secrets) and len(secrets) == 12
    watcher = house.enrolled("first")
    for path in (
        "/console/account",
        "/console/account/app",
        "/console/people",
        "/console/people/drita/password",
        "/console/people/ana/role",
        "/console/password",
    ):
        page = watcher.get(path, person="drita", username="drita").text
        assert not any(secret in page for secret in secrets), path


def test_one_s_own_secret_is_not_shown_again(house: House) -> None:
    """Whoever finds a signed-in browser must not be able to copy the app."""
    browser = house.enrolled()
    assert browser.get("/console/account/app").status_code == 302
    assert browser.secret not in browser.get("/console/account").text
    for code in browser.codes:
        assert code not in browser.get("/console/account").text


def test_a_set_up_that_was_left_lying_is_nobody_s(house: House) -> None:
    """Whoever finds the browser neither reads the new secret nor makes it count."""
    browser = house.enrolled()
    house.clock.forward(minutes=1)
    browser.post("/console/account/app")
    assert 'class="secret"' in browser.get("/console/account/app").text
    house.clock.forward(minutes=15)
    assert browser.get("/console/account/app").status_code == 302
    asked = browser.post("/console/account/app/confirm", code="123456")
    assert "Is it still you?" in asked.text


def test_nothing_of_it_lies_open_in_the_database(house: House) -> None:
    browser = house.enrolled()
    with house.context.database.reading() as session:
        connection = session.connection()
        for table in ("totp_secret", "recovery_code", "login_session"):
            rows = connection.exec_driver_sql(f"SELECT * FROM {table}")
            stored = repr([tuple(row) for row in rows])
            assert len(stored) > 20
            assert browser.secret not in stored
            for code in browser.codes:
                assert code not in stored
                assert code.replace("-", "") not in stored


@pytest.mark.parametrize("old", ["", "wrong but long enough", PASSWORD + " "])
def test_a_password_that_is_asked_for_is_checked(
    house: House, old: str
) -> None:
    browser = house.enrolled()
    with house.context.database.reading() as session:
        before = house.person(session, "ana").password_hash
    answer = browser.post(
        "/console/password", old=old, new="quite another long one"
    )
    assert answer.status_code == 422
    with house.context.database.reading() as session:
        assert house.person(session, "ana").password_hash == before


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_link_or_a_picture_signs_nobody_out(
    house: House, method: str
) -> None:
    browser = house.enrolled()
    for path in (
        "/console/sign-out",
        "/console/account/sessions/end",
        "/console/account/app/remove",
    ):
        browser.client.open(path, method=method)
    assert browser.works()


def test_signing_out_wants_a_form_token(house: House) -> None:
    browser = house.enrolled()
    answer = browser.client.post("/console/sign-out", data={"x": "y"})
    assert answer.status_code == 400 and browser.works()
    assert browser.post("/console/sign-out").status_code == 303
    assert not browser.works()


def test_who_only_knows_the_password_sets_up_no_factor_of_their_own(
    house: House,
) -> None:
    """Where a factor is there already, the password alone is a stranger's too."""
    owner = house.enrolled()
    thief = house.signed_in_elsewhere("ana", house.browser())
    for path in (
        "app",
        "app/confirm",
        "app/remove",
        "passkeys",
        "passkeys/new",
        "passkeys/options",
        "recovery-codes",
    ):
        answer = thief.post(f"/console/account/{path}", code="123456")
        assert answer.status_code == 403, path
    assert thief.get("/console/account").status_code == 302
    assert house.secret_of("ana") == owner.secret


def test_a_disabled_person_s_factor_opens_nothing(house: House) -> None:
    browser = house.enrolled()
    with house.context.database.writing() as session:
        act = Act(session, house.context, "person:first", utc_now())
        service.disable_person(act, "ana")
    assert not browser.works()
    assert browser.sign_in("ana").status_code == 401
    with house.context.database.reading() as session:
        assert session.scalars(select(Person)).first() is not None
