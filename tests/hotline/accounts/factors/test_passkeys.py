"""Passkeys in a real browser with a virtual authenticator, under the console's strict policy."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright
from sqlalchemy import select
from werkzeug.serving import make_server

from hotline.accounts import service
from hotline.accounts.factors.passkeys import Site, site_of
from hotline.accounts.models import LoginSession, Passkey, PersonRequest
from hotline.core.act import Act
from hotline.core.context import Context, utc_now
from hotline.core.settings import load_settings
from tests.hotline.accounts.conftest import PASSWORD
from workers.app import create_app


@pytest.mark.parametrize(
    ("url", "site"),
    [
        (
            "https://console.hotline.example",
            Site("console.hotline.example", "https://console.hotline.example"),
        ),
        ("http://localhost:8000", Site("localhost", "http://localhost:8000")),
        ("http://127.0.0.1:8000", None),
        ("https://[2001:db8::1]", None),
        ("http://console.hotline.example", None),
    ],
)
def test_where_browsers_know_passkeys(url: str, site: Site | None) -> None:
    assert site_of(load_settings(console_url=url)) == site


@dataclass
class Served:
    context: Context
    url: str


@pytest.fixture
def served(make_context: Callable[..., Context]) -> Iterator[Served]:
    server: Any = None
    probe = make_server("127.0.0.1", 0, lambda *_: [])
    port = probe.server_port
    probe.server_close()
    url = f"http://localhost:{port}"
    context = make_context(
        audiences=("console",),
        require_second_factor=True,
        console_url=url,
        smtp_host="mail.hotline.example",
    )
    with context.database.writing() as session:
        for name in ("first", "second"):
            service.add_person(
                Act(session, context, actor="test", now=utc_now()),
                username=name,
                display_name=name.title(),
                role="administrator",
                password=PASSWORD,
            )
    server = make_server("127.0.0.1", port, create_app(context), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Served(context, url)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page() -> Iterator[Page]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu"]
        )
        opened = chromium.new_page()
        opened.set_default_timeout(20_000)
        yield opened
        chromium.close()


def put_in_a_security_key(page: Page) -> Any:
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "usb",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    return devtools


def sign_in(page: Page, served: Served, username: str) -> None:
    page.goto(f"{served.url}/console/sign-in?lang=en")
    page.fill("#username", username)
    page.fill("#password", PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def add_passkey(page: Page) -> None:
    page.get_by_role("button", name="Add a passkey").click()
    page.fill("#name", "key on my ring")
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_role("heading", name="Recovery codes").wait_for()
    page.get_by_role("link", name="I have kept them").click()


@pytest.mark.browser
def test_a_passkey_is_made_shown_and_asked_for_again(
    served: Served, page: Page
) -> None:
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    devtools = put_in_a_security_key(page)
    sign_in(page, served, "first")
    page.get_by_text("Set up a second factor first").wait_for()
    add_passkey(page)
    page.get_by_role("heading", name="First steps").wait_for()

    page.get_by_role("button", name="Sign out").click()
    sign_in(page, served, "first")
    page.get_by_role("heading", name="Second factor").wait_for()
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_role("heading", name="First steps").wait_for()

    # Long afterwards, a sensitive act: the form is kept until the key was touched.
    _make_old(served)
    page.goto(f"{served.url}/console/people")
    page.fill("#username", "newcomer")
    page.fill("#display_name", "New")
    page.fill("#email", "new@hotline.example")
    page.get_by_role("button", name="Ask for it").click()
    page.get_by_role("heading", name="Is it still you?").wait_for()
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_text("Nothing is done yet").wait_for()
    with served.context.database.reading() as session:
        asked = session.scalars(select(PersonRequest)).one()
        assert (asked.username, asked.email) == (
            "newcomer",
            "new@hotline.example",
        )
        key = session.scalars(select(Passkey)).one()
        assert key.name == "key on my ring" and key.used_at is not None
    assert faults == []
    assert devtools


@pytest.mark.browser
def test_a_key_that_is_not_the_person_s_own_opens_nothing(
    served: Served, page: Page
) -> None:
    """What the first one's key signed is no proof of the second one."""
    put_in_a_security_key(page)
    sign_in(page, served, "first")
    add_passkey(page)
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, served, "second")
    # The second person has none yet: their session is confined, and proves nothing.
    page.get_by_text("Set up a second factor first").wait_for()
    page.goto(f"{served.url}/console/account/proof")
    assert page.url.endswith("/console/account?next=/console/account/proof")
    page.goto(f"{served.url}/console/people")
    assert "/console/account" in page.url


@pytest.mark.browser
def test_a_signature_is_worth_nothing_a_second_time(
    served: Served, page: Page
) -> None:
    put_in_a_security_key(page)
    sign_in(page, served, "first")
    add_passkey(page)
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, served, "first")
    page.get_by_role("heading", name="Second factor").wait_for()
    with page.expect_request(
        lambda request: (
            request.url.endswith("/account/proof") and request.method == "POST"
        )
    ) as sent:
        page.get_by_role("button", name="Use a passkey").click()
    page.get_by_role("heading", name="First steps").wait_for()
    proof = sent.value.post_data_json
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, served, "first")
    page.get_by_role("heading", name="Second factor").wait_for()
    token = page.locator("main [name=csrf_token]").input_value()
    again = page.request.post(
        f"{served.url}/console/account/proof",
        form={"csrf_token": token, "proof_passkey": proof["proof_passkey"]},
    )
    assert again.status == 422


def _make_old(served: Served) -> None:
    with served.context.database.writing() as session:
        login = session.scalars(select(LoginSession)).one()
        assert login.proven_at is not None
        login.proven_at -= timedelta(hours=1)
