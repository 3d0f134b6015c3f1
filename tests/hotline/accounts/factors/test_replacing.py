"""The telephone or the key is lost: what takes its place, and what ends with it."""

from __future__ import annotations

import re

from sqlalchemy import select

from hotline.core.storage.audit import AuditEntry
from tests.hotline.accounts.factors.conftest import CODES, Browser, House

ACCOUNT = "/console/account"
OF = re.compile(r'name="of" value="([^"]+)"')


def after_a_loss(house: House) -> tuple[Browser, Browser]:
    """Who signs in with a recovery code, and the lost telephone, still signed in."""
    lost = house.enrolled()
    house.clock.forward(minutes=1)
    found = house.signed_in_elsewhere("ana", lost)
    found.get(ACCOUNT)
    assert found.prove(lost.codes[0]).status_code == 303
    return found, lost


def test_a_recovery_code_says_how_many_are_left_and_what_to_do(
    house: House,
) -> None:
    browser, lost = after_a_loss(house)
    page = browser.get(ACCOUNT)
    assert "a recovery code: 9 left" in page.text
    # Once, and not for a code of the app.
    assert "a recovery code" not in browser.get(ACCOUNT).text
    house.clock.forward(minutes=1)
    other = house.signed_in_elsewhere("ana", lost)
    assert other.prove(other.code()).status_code == 303
    assert "a recovery code" not in other.get(ACCOUNT).text


def test_another_app_ends_what_is_signed_in_with_the_old_one(
    house: House,
) -> None:
    browser, lost = after_a_loss(house)
    assert lost.works()
    browser.enrol_app()
    assert "other sessions are ended" in browser.get(ACCOUNT).text
    assert browser.works() and not lost.works()
    with house.context.database.reading() as session:
        said = session.scalars(
            select(AuditEntry.action)
            .where(AuditEntry.action.startswith("second_factor."))
            .order_by(AuditEntry.id)
        ).all()
    assert said[-2:] == ["second_factor.removed", "second_factor.added"]


def test_the_only_factor_is_not_offered_to_be_removed(house: House) -> None:
    browser = house.enrolled()
    page = browser.get(ACCOUNT).text
    assert "/app/confirm" not in page and "/app/remove" not in page


def test_loading_new_codes_again_makes_no_others(house: House) -> None:
    browser = house.enrolled()
    house.clock.forward(minutes=1)
    found = OF.search(browser.get(ACCOUNT).text)
    assert found
    made = browser.post(f"{ACCOUNT}/recovery-codes", of=found[1])
    codes = CODES.findall(made.text)
    assert len(codes) == 10
    again = browser.post(f"{ACCOUNT}/recovery-codes", of=found[1])
    assert again.status_code == 303
    assert "New codes were made already" in browser.get(ACCOUNT).text
    other = house.signed_in_elsewhere("ana", browser)
    assert other.prove(codes[0]).status_code == 303
