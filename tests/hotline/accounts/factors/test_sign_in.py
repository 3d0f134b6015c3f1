"""From the password to work: confined until a factor is there, and proven in each new browser."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from hotline.accounts.models import LoginSession, RecoveryCode
from hotline.core.storage.audit import AuditEntry
from tests.hotline.accounts.conftest import PASSWORD
from tests.hotline.accounts.factors.conftest import House
from tests.support.routes import path_of

FORM = {"x": "1"}


def actions(house: House) -> list[str]:
    with house.context.database.reading() as session:
        return list(
            session.scalars(select(AuditEntry.action).order_by(AuditEntry.id))
        )


def test_a_session_without_a_factor_reaches_only_the_way_to_one(
    house: House,
) -> None:
    browser = house.browser()
    assert browser.sign_in("first").status_code == 303
    house.app.config["WTF_CSRF_ENABLED"] = False
    led_on = {
        "factors",
        "accounts.accept",
        "accounts.sign_in",
        "accounts.sign_out",
        "oidc",
    }
    tried = 0
    for rule in house.app.url_map.iter_rules():
        if not rule.rule.startswith("/console"):
            continue
        if {rule.endpoint, rule.endpoint.partition(".")[0]} & led_on:
            continue
        path = path_of(house.app, rule)
        if "GET" in (rule.methods or ()):
            seen = browser.client.get(path)
            assert seen.status_code == 302, path
            assert "/console/account" in seen.location, path
        if "POST" in (rule.methods or ()):
            assert browser.client.post(path, data=FORM).status_code == 403
        tried += 1
    assert tried > 60
    page = browser.get("/console/account").text
    assert "Set up a second factor first" in page
    assert "/console/people" not in page and "Sign out" in page


def test_setting_up_an_app_lets_one_work_and_shows_the_codes_once(
    house: House,
) -> None:
    browser = house.browser()
    browser.sign_in("ana")
    assert not browser.works()
    page = browser.enrol_app()
    assert page.status_code == 200 and len(set(browser.codes)) == 10
    assert page.headers["Cache-Control"] == "no-store"
    assert browser.works()
    assert "10 left" in browser.get("/console/account").text
    assert "second_factor.added" in actions(house)


def test_a_wrong_code_sets_up_nothing(house: House) -> None:
    browser = house.browser()
    browser.sign_in("ana")
    browser.post("/console/account/app")
    for code in ("", "000000", "abcdef", "१२३४५६", "1" * 100):
        answer = browser.post("/console/account/app/confirm", code=code)
        assert answer.status_code == 422, code
    assert not browser.works()


def test_the_next_browser_has_to_prove_it(house: House) -> None:
    first = house.enrolled()
    house.clock.forward(minutes=1)
    other = house.signed_in_elsewhere("ana", first)
    assert not other.works()
    assert "/console/account/proof" in other.get("/console/queue").location
    assert other.prove("").status_code == 422
    answer = other.post(
        "/console/account/proof",
        proof_code=other.code(),
        next="/console/queue?tab=x",
    )
    assert (answer.status_code, answer.location) == (
        303,
        "/console/queue?tab=x",
    )
    assert other.works()


def test_a_used_code_is_refused_everywhere(house: House) -> None:
    """Also one of an earlier step that was not used itself."""
    first = house.enrolled()
    at_enrolment = first.code()
    house.clock.forward(minutes=1)
    other = house.signed_in_elsewhere("ana", first)
    earlier, used = other.code(-1), other.code()
    assert other.prove(at_enrolment).status_code == 422
    assert other.prove(used).status_code == 303
    third = house.signed_in_elsewhere("ana", first)
    assert third.prove(used).status_code == 422
    assert third.prove(earlier).status_code == 422
    assert not third.works()
    assert third.prove(third.code(+1)).status_code == 303


@pytest.mark.parametrize(("steps", "fits"), [(-2, False), (2, False)])
def test_a_code_of_another_time_does_not_fit(
    house: House, steps: int, fits: bool
) -> None:
    first = house.enrolled()
    house.clock.forward(minutes=10)
    other = house.signed_in_elsewhere("ana", first)
    assert (other.prove(other.code(steps)).status_code == 303) == fits


def test_a_recovery_code_opens_once(house: House) -> None:
    first = house.enrolled()
    code = first.codes[3].lower().replace("-", " ")
    other = house.signed_in_elsewhere("ana", first)
    assert other.prove(code).status_code == 303 and other.works()
    third = house.signed_in_elsewhere("ana", first)
    assert third.prove(code).status_code == 422
    assert "9 left" in other.get("/console/account").text
    with house.context.database.reading() as session:
        used = [row.used_at for row in session.scalars(select(RecoveryCode))]
        assert len([moment for moment in used if moment]) == 1


def test_new_recovery_codes_end_the_old_ones(house: House) -> None:
    first = house.enrolled()
    page = first.post("/console/account/recovery-codes")
    assert page.status_code == 200 and first.codes[0] not in page.text
    other = house.signed_in_elsewhere("ana", first)
    assert other.prove(first.codes[0]).status_code == 422


def test_another_person_s_recovery_code_opens_nothing(house: House) -> None:
    ana, drita = house.enrolled("ana"), house.enrolled("drita")
    other = house.signed_in_elsewhere("ana", ana)
    assert other.prove(drita.codes[0]).status_code == 422


def test_guessing_codes_is_slowed_down_and_a_recovery_code_is_not(
    house: House,
) -> None:
    first = house.enrolled()
    house.clock.forward(minutes=1)
    thief = house.signed_in_elsewhere("ana", first)
    thief.client.delete_cookie("hotline_device", path="/console")
    for _ in range(5):
        assert thief.prove("000000").status_code == 422
    # The sixth is not looked at, although it would fit.
    slowed = thief.prove(thief.code())
    assert slowed.status_code == 429 and slowed.headers["Retry-After"]
    assert not thief.works()
    # The person's own browser is counted apart, and a recovery code cannot be guessed.
    assert thief.prove(first.codes[0]).status_code == 303


def test_a_stranger_cannot_lock_a_person_out(house: House) -> None:
    """In a browser that was never signed in, a code beside the password is the way through."""
    first = house.enrolled()
    house.clock.forward(minutes=1)
    stranger = house.browser()
    for _ in range(6):
        stranger.sign_in("ana", "guess")
    fresh = house.browser()
    fresh.secret = first.secret
    waiting = fresh.sign_in("ana")
    assert waiting.status_code == 429
    assert 'name="code"' in waiting.text
    assert fresh.sign_in("ana", code="000000").status_code == 429
    assert not fresh.works()
    through = fresh.sign_in("ana", code=fresh.code())
    assert through.status_code == 303 and fresh.works()


def test_who_knows_the_password_cannot_guess_codes_past_the_delay(
    house: House,
) -> None:
    """Wrong passwords bring the delay about, and codes that are tried then are slowed down too."""
    first = house.enrolled()
    house.clock.forward(minutes=1)
    thief = house.browser()
    thief.secret = first.secret
    for _ in range(15):
        thief.sign_in("ana", "guess")
        house.clock.forward(minutes=5)
    thief.sign_in("ana", "guess")
    for _ in range(5):
        assert thief.sign_in("ana", code="000000").status_code == 429
    assert thief.sign_in("ana", code=thief.code()).status_code == 429
    assert not thief.works()
    # In the person's own browser nothing of it counts, and a recovery code is never held up.
    mine = first.sign_in("ana")
    assert mine.status_code == 303 and first.prove(first.code()).location
    assert thief.sign_in("ana", code=first.codes[0]).status_code == 303


def test_a_code_without_the_password_is_used_up_and_opens_nothing(
    house: House,
) -> None:
    first = house.enrolled()
    house.clock.forward(minutes=1)
    stranger = house.browser()
    for _ in range(6):
        stranger.sign_in("ana", "guess")
    code = first.code()
    assert stranger.sign_in("ana", "guess", code=code).status_code == 401
    assert stranger.sign_in("ana", PASSWORD, code=code).status_code == 429


def test_somebody_who_is_nobody_is_answered_alike(house: House) -> None:
    stranger = house.browser()
    for _ in range(6):
        stranger.sign_in("nobody-here", "guess")
    answers = {
        stranger.sign_in("nobody-here", "guess", code=code).status_code
        for code in ("", "123456")
    }
    assert answers == {429}


def test_a_session_ends_unused_and_at_its_longest(house: House) -> None:
    settings = house.context.settings
    browser = house.enrolled()
    house.clock.forward(minutes=settings.session_idle_minutes - 1)
    assert browser.works()
    house.clock.forward(minutes=settings.session_idle_minutes)
    assert not browser.works()
    longest = house.signed_in_elsewhere("ana", browser)
    longest.prove(browser.code())
    for _ in range(settings.session_hours * 3 - 1):
        house.clock.forward(minutes=20)
        assert longest.works()
    house.clock.forward(minutes=20)
    assert not longest.works()


def test_one_sees_and_ends_one_s_own_sessions_only(house: House) -> None:
    mine = house.enrolled("ana")
    house.clock.forward(minutes=1)
    other = house.signed_in_elsewhere("ana", mine)
    other.prove(other.code())
    theirs = house.enrolled("drita")
    with house.context.database.reading() as session:
        rows = {
            row.id: row.person.username
            for row in session.scalars(select(LoginSession))
        }
    foreign = next(i for i, name in rows.items() if name == "drita")
    page = mine.get("/console/account").text
    assert page.count("/end") == 3  # two sessions, and all of them
    refused = mine.post(f"/console/account/sessions/{foreign}/end")
    assert refused.status_code == 404 and theirs.works()
    mine.post("/console/account/sessions/end", which="others")
    assert mine.works() and not other.works() and theirs.works()
    mine.post("/console/account/sessions/end", which="all")
    assert not mine.works()


def test_taking_a_factor_away_ends_the_other_sessions(house: House) -> None:
    mine = house.enrolled()
    refused = mine.post("/console/account/app/remove")
    assert refused.status_code == 409
    assert "only second factor" in refused.text
    assert house.secret_of("ana") == mine.secret


def test_an_app_set_up_anew_replaces_the_old_one(house: House) -> None:
    browser = house.enrolled()
    old = browser.secret
    house.clock.forward(minutes=1)
    done = browser.enrol_app()
    assert done.status_code == 303 and browser.secret != old
    house.clock.forward(minutes=1)
    other = house.signed_in_elsewhere("ana", browser)
    new, other.secret = other.secret, old
    assert other.prove(other.code()).status_code == 422
    other.secret = new
    assert other.prove(other.code()).status_code == 303


def test_a_switch_back_lets_people_work_without(house: House) -> None:
    """The operator's setting is the way out, and whoever has a factor is asked all the same."""
    settings = house.context.settings.model_copy(
        update={"require_second_factor": False}
    )
    object.__setattr__(house.context, "settings", settings)
    with_one = house.enrolled("ana")
    without = house.browser()
    without.sign_in("drita")
    assert without.works()
    house.clock.forward(minutes=1)
    other = house.signed_in_elsewhere("ana", with_one)
    assert not other.works()
    assert timedelta(minutes=settings.step_up_minutes) > timedelta()
