"""The page of one look in a real browser: put away in time, and why there is nothing to see."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import timedelta

import pytest
from flask import Flask
from PIL import Image
from playwright.sync_api import Page, expect
from sqlalchemy import select, update

import triage.viewing.pages
from hotline.accounts.models import LoginSession
from hotline.accounts.service import find_person
from hotline.core.context import Context
from hotline.core.storage.ids import new_id
from tests.support.clock import Clock
from tests.support.items import make_media, make_sight
from tests.triage.console.test_keyboard import base, page
from triage.cases.models import Case
from triage.viewing.models import Viewing, ViewingSwitch
from triage.viewing.pages import HINDRANCES
from triage.viewing.process.question import Problem, Shown

__all__ = ["base", "page"]
pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
CANVAS = "canvas[data-picture]"


def picture() -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (320, 240), 90).save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.fixture
def shown() -> list[Shown]:
    """What the sandboxed process answers, by turns."""
    return [Shown(picture())]


@pytest.fixture
def asked(
    page: Page,
    base: str,
    app: Flask,
    context: Context,
    clock: Clock,
    make_case: Callable[..., str],
    shown: list[Shown],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Page]:
    """The page of a look that an analyst asked for, of a case in hand."""
    monkeypatch.setattr(triage.viewing.pages, "utc_now", clock)
    monkeypatch.setattr(
        triage.viewing.pages, "fetch_picture", lambda _: shown.pop(0)
    )
    app.extensions.setdefault(HINDRANCES, [])
    reference = make_case()
    with context.database.writing() as session:
        case = session.scalars(
            select(Case).where(Case.reference == reference)
        ).one()
        case.item.fetchable = True
        case.claimed_by_id = find_person(session, "analyst").id
        case.claimed_until = clock.now + timedelta(hours=1)
        media = make_media(media_type="image/jpeg", id=new_id())
        session.add(media)
        session.flush()
        session.add(make_sight(case.item, media))
        session.add(
            ViewingSwitch(
                id=new_id(),
                agreed_on=clock.now.date(),
                document="1",
                authority="Police",
                asked_by="one",
                granted_by="other",
                on_at=clock.now,
            )
        )
        session.execute(update(LoginSession).values(proven_at=clock.now))
    page.goto(f"{base}/console/cases/{reference}")
    page.locator("details.look > summary").first.click()
    look = page.locator("details.look form").first
    look.locator("[name=why]").fill("To tell the age")
    with page.expect_navigation():
        look.locator("button").click()
    yield page


def put_away(context: Context) -> bool:
    with context.database.reading() as session:
        return session.scalars(select(Viewing)).one().ended_at is not None


def test_another_window_in_front_takes_it_away(
    asked: Page, context: Context
) -> None:
    asked.get_by_role("button", name="Show it now").click()
    expect(asked.locator(CANVAS)).to_be_visible()
    with asked.expect_response(lambda answer: answer.status == 204):
        # The window stays in sight, as beside another one.
        asked.evaluate("window.dispatchEvent(new Event('blur'))")
    expect(asked.locator(CANVAS)).to_be_hidden()
    assert put_away(context)


@pytest.mark.parametrize("shown", [[Shown(problem=Problem.NOT_THERE)]])
def test_the_page_says_why_there_is_nothing(asked: Page) -> None:
    asked.get_by_role("button", name="Show it now").click()
    said = asked.locator("[data-word]")
    expect(said).to_contain_text("The file is not there any more.")
    expect(said).to_contain_text("it can be assessed without it")


def test_whoever_finds_others_looking_tries_again(
    asked: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = [False, True]
    monkeypatch.setattr(
        triage.viewing.pages,
        "taking_place",
        lambda: nullcontext(places.pop(0)),
    )
    show = asked.get_by_role("button", name="Show it now")
    show.click()
    said = asked.locator("[data-word]")
    expect(said).to_have_text(
        "Others are looking at this moment. Try again soon."
    )
    show.click()
    expect(asked.locator(CANVAS)).to_be_visible()


def test_without_the_script_nothing_can_be_shown(asked: Page) -> None:
    assert asked.context.browser
    without = asked.context.browser.new_context(
        java_script_enabled=False,
        storage_state=asked.context.storage_state(),
    ).new_page()
    without.goto(asked.url.split("/files/")[0])
    without.locator("details.look > summary").first.click()
    look = without.locator("details.look form").first
    look.locator("[name=why]").fill("To tell the age")
    with without.expect_navigation():
        look.locator("button").click()
    expect(without.locator(".look-once button")).to_be_disabled()
    expect(asked.locator(".look-once button")).to_be_enabled()
