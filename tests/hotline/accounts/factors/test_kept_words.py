"""What somebody wrote is not lost where it could not be taken, and nothing is sent for them."""

from __future__ import annotations

from tests.hotline.accounts.conftest import PASSWORD
from tests.hotline.accounts.factors.conftest import Browser, House

WORDS = "They came to me in person, and I know them."
HIDDEN = "01a227ee-e6d9-7b1c-9e91-203a067c6a68"
WAY_BACK = 'href="/console/"'


def ended(house: House) -> Browser:
    browser = house.enrolled("first")
    house.clock.forward(
        minutes=house.context.settings.session_idle_minutes + 1
    )
    return browser


def test_the_end_of_a_session_keeps_the_words_and_leads_back(
    house: House,
) -> None:
    page = ended(house).post(
        "/console/people/ana/disable",
        why=WORDS,
        of=HIDDEN,
        proof_code="AAAA-BBBB CCCC-DDDD-EEEE",
    )
    assert page.status_code == 403 and "You are not signed in" in page.text
    assert f'readonly rows="5" aria-label="Your words">\n{WORDS}<' in page.text
    assert WAY_BACK in page.text
    # Said to strangers, and not to whoever works here.
    assert "not for everybody" not in page.text
    assert "people who work with us" not in page.text
    # What the page brought along is nobody's words, and a code is of its moment.
    assert HIDDEN not in page.text and "AAAA" not in page.text


def test_the_sign_in_says_that_a_session_ended_and_only_then(
    house: House,
) -> None:
    words = "Your session has ended."
    assert words not in house.browser().get("/console/sign-in").text
    browser = ended(house)
    assert browser.get("/console/people").status_code == 302
    assert words in browser.get("/console/sign-in").text
    wrong = browser.sign_in("first", "not the password")
    assert wrong.status_code == 401 and words not in wrong.text
    browser.sign_in("first")
    browser.prove(browser.code())
    assert "30 minutes without use" in browser.get("/console/account").text
    browser.post("/console/sign-out")
    assert words not in browser.get("/console/sign-in").text


def test_what_another_site_may_have_sent_is_not_offered_to_be_sent(
    house: House,
) -> None:
    browser = house.enrolled("first")
    page = browser.client.post(
        "/console/people/ana/disable", data={"csrf_token": "x", "why": WORDS}
    )
    assert page.status_code == 400 and WORDS in page.text
    assert "<form" not in page.text and "<button" not in page.text


def test_a_form_with_a_password_keeps_nothing(house: House) -> None:
    page = ended(house).post(
        "/console/password", old=PASSWORD, new=PASSWORD, why=WORDS
    )
    assert page.status_code == 403
    assert PASSWORD not in page.text and WORDS not in page.text


def test_too_much_is_not_read_once_more(house: House) -> None:
    page = house.enrolled("first").post(
        "/console/people/ana/disable", why="words " * 400_000
    )
    assert page.status_code == 413 and "words words" not in page.text


def test_a_faulty_request_about_somebody_is_typed_once(house: House) -> None:
    browser = house.enrolled("first")
    page = browser.post(
        "/console/people/ana/password", why=WORDS, email="nowhere"
    )
    assert page.status_code == 422 and f'value="{WORDS}"' in page.text
    assert "Give the mail address" in page.text
    assert 'value="nowhere"' in page.text
