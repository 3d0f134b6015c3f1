"""The console as it is by default: nobody works in it without a second factor."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from hotline.accounts import service
from hotline.accounts.factors import totp
from hotline.accounts.models import Person, TotpSecret
from hotline.accounts.pages import (
    factor_pages,
    invitation_pages,
    people_pages,
    views,
)
from hotline.accounts.signing_in import auth, standing, step_up
from hotline.core.act import Act
from hotline.core.context import Context
from tests.hotline.accounts.conftest import NOW, PASSWORD
from tests.support.clock import Clock
from workers.app import create_app

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
SECRET = re.compile(r'class="secret">([A-Z2-7]{16,})<')
CODES = re.compile(r"<code>((?:[0-9A-Z]{4}-){4}[0-9A-Z]{4})</code>")
PEOPLE = {
    "ana": "analyst",
    "drita": "analyst",
    "first": "administrator",
    "second": "administrator",
}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time that the pages of accounts are told."""
    made = Clock(NOW)
    for module in (
        auth,
        factor_pages,
        invitation_pages,
        standing,
        step_up,
        views,
    ):
        monkeypatch.setattr(module, "utc_now", made)
    assert people_pages.own_act is auth.own_act  # which asks this clock
    return made


@dataclass
class Browser:
    """A client that sends the form token of a page, as a browser would."""

    client: FlaskClient
    clock: Clock
    secret: str = ""
    codes: list[str] = field(default_factory=list)

    def get(self, path: str, **query: str) -> TestResponse:
        return self.client.get(path, query_string={"lang": "en", **query})

    def post(self, path: str, **form: Any) -> TestResponse:
        # The sign-in page is there for everybody and carries a token.
        found = TOKEN.search(self.client.get("/console/sign-in").text)
        assert found
        return self.client.post(path, data={"csrf_token": found[1], **form})

    def sign_in(
        self, username: str, password: str = PASSWORD, **more: str
    ) -> TestResponse:
        return self.post(
            "/console/sign-in", username=username, password=password, **more
        )

    def enrol_app(self) -> TestResponse:
        """Set up an app and keep its secret; gives the page with the recovery codes."""
        assert self.post("/console/account/app").status_code == 303
        found = SECRET.search(self.get("/console/account/app").text)
        assert found
        self.secret = found[1]
        done = self.post("/console/account/app/confirm", code=self.code())
        self.codes = CODES.findall(done.text)
        return done

    def code(self, steps: int = 0) -> str:
        """What the app shows now, or so many steps later."""
        totp_of = pyotp.TOTP(self.secret)
        return totp_of.generate_otp(totp.step_at(self.clock.now) + steps)

    def prove(self, code: str) -> TestResponse:
        return self.post("/console/account/proof", proof_code=code)

    def works(self) -> bool:
        return self.get("/console/password").status_code == 200


@dataclass
class House:
    context: Context
    app: Flask
    clock: Clock

    def browser(self) -> Browser:
        return Browser(self.app.test_client(), self.clock)

    def enrolled(self, username: str = "ana") -> Browser:
        """A browser in which somebody has signed in and set up an app, a while ago."""
        browser = self.browser()
        browser.sign_in(username)
        browser.enrol_app()
        assert browser.works()
        return browser

    def signed_in_elsewhere(self, username: str, like: Browser) -> Browser:
        """A second browser of the same person, before the second factor."""
        other = self.browser()
        other.secret, other.codes = like.secret, like.codes
        assert other.sign_in(username).status_code == 303
        return other

    def person(self, session: Session, username: str) -> Person:
        return service.find_person(session, username)

    def secret_of(self, username: str) -> str:
        with self.context.database.reading() as session:
            person = self.person(session, username)
            row = session.scalars(
                select(TotpSecret).where(TotpSecret.person_id == person.id)
            ).one()
            return totp.open_secret(session, self.context, row)

    def act(self, session: Session, by: str, now: datetime) -> Act:
        return Act(session, self.context, f"person:{by}", now)


@pytest.fixture
def house(make_context: Callable[..., Context], clock: Clock) -> House:
    context = make_context(
        audiences=("console",),
        require_second_factor=True,
        console_url="http://localhost",
        smtp_host="mail.hotline.example",
    )
    with context.database.writing() as session:
        for name, role in PEOPLE.items():
            service.add_person(
                Act(session, context, actor="test", now=NOW),
                username=name,
                display_name=name.title(),
                role=role,
                password=PASSWORD,
            )
    return House(context, create_app(context), clock)
