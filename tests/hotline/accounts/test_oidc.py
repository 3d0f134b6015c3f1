"""Signing in with an identity provider that speaks the real protocol on loopback."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc.jwk import RSAKey
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from hotline.accounts import service
from hotline.accounts.factors import totp
from hotline.accounts.models import LoginSession, Person
from hotline.accounts.oidc import last_answers
from hotline.accounts.oidc.links import link_person, unlink_person
from hotline.accounts.signing_in.auth import COOKIE
from hotline.core.act import Act
from hotline.core.context import Context, utc_now
from hotline.core.errors import Conflict, InvalidInput
from hotline.core.storage.audit import AuditEntry
from tests.support.identity_provider import (
    CLIENT,
    SECRET,
    IdentityProvider,
)
from tests.support.people import make_person
from workers.app import create_app

THERE = "/console/sign-in/provider"
HIDDEN = re.compile(r'name="(\w+)" value="([^"]*)"')


@pytest.fixture
def context(
    make_context: Callable[..., Context],
    op: IdentityProvider,
    request: pytest.FixtureRequest,
) -> Context:
    made = make_context(
        audiences=("console",),
        oidc_issuer=op.issuer,
        oidc_client_id=CLIENT,
        oidc_client_secret=SECRET,
        **getattr(request, "param", {}),
    )
    with made.database.writing() as session:
        act = Act(session, made, "test", utc_now())
        for name in ("ana", "besa"):
            session.add(make_person(name))
        session.flush()
        link_person(act, service.find_person(session, "ana"), "sub-ana")
    return made


@pytest.fixture
def app(context: Context) -> Flask:
    return create_app(context)


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    client = app.test_client()
    client.set_cookie("lang", "en")
    return client


def leave(browser: FlaskClient, wanted: str = "") -> dict[str, str]:
    """Off to the provider; what it is asked."""
    answer = browser.get(THERE, query_string={"next": wanted})
    assert answer.status_code == 302, answer.text
    return dict(parse_qsl(urlsplit(answer.location).query))


def finish(browser: FlaskClient, back: str, **changed: str) -> TestResponse:
    """Back by the provider's link, and the button pressed."""
    parts = urlsplit(back)
    page = browser.get(f"{parts.path}?{parts.query}")
    assert page.status_code == 200
    fields = dict(HIDDEN.findall(page.text)) | changed
    return browser.post(f"{THERE}/finish", data=fields)


def go(
    browser: FlaskClient, op: IdentityProvider, wanted: str = ""
) -> TestResponse:
    return finish(browser, op.authorize(leave(browser, wanted)))


def sessions(context: Context) -> int:
    with context.database.reading() as session:
        return session.scalar(select(func.count(LoginSession.id))) or 0


def test_a_linked_identity_signs_in(
    browser: FlaskClient, op: IdentityProvider, context: Context
) -> None:
    assert (
        "Sign in with the identity provider"
        in browser.get("/console/sign-in").text
    )
    answer = go(browser, op, "/console/queue")
    assert (answer.status_code, answer.location) == (303, "/console/queue")
    assert browser.get("/console/queue").status_code == 200
    cookie = browser.get_cookie(COOKIE, path="/console")
    assert cookie is not None and cookie.same_site == "Strict"
    with context.database.reading() as session:
        assert (
            session.scalars(select(AuditEntry.action)).all()[-1]
            == "sign_in.done"
        )


def test_what_one_session_there_opened_ends_with_it(
    app: Flask, browser: FlaskClient, op: IdentityProvider, context: Context
) -> None:
    other = app.test_client()
    for client, sid in ((browser, "first"), (other, "second")):
        op.claims = {"sid": sid}
        assert go(client, op).status_code == 303
    answer = app.test_client().post(
        f"{THERE}/logout", data={"logout_token": op.logout_token(sid="first")}
    )
    assert answer.status_code == 200
    assert browser.get("/console/queue").status_code == 302
    assert other.get("/console/queue").status_code == 200


def test_whom_a_version_without_codes_added_gets_one(
    browser: FlaskClient, op: IdentityProvider, context: Context
) -> None:
    with context.database.writing() as session:
        service.find_person(session, "ana").code = None
    go(browser, op)
    with context.database.reading() as session:
        assert service.find_person(session, "ana").code


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example", "/console/../x", ""]
)
def test_nobody_is_sent_elsewhere_afterwards(
    browser: FlaskClient, op: IdentityProvider, wanted: str
) -> None:
    assert go(browser, op, wanted).location == "/console/"


def test_an_identity_that_is_nobody_s_makes_no_account(
    browser: FlaskClient, op: IdentityProvider, context: Context
) -> None:
    op.subject = "sub-<stranger>"
    answer = go(browser, op)
    assert answer.status_code == 403
    assert "sub-&lt;stranger&gt;" in answer.text
    assert sessions(context) == 0
    with context.database.reading() as session:
        assert session.scalar(select(func.count(Person.id))) == 2
        assert (
            session.scalars(select(AuditEntry.action)).all()[-1]
            == "sign_in.failed"
        )


def test_who_is_disabled_or_no_longer_linked_is_refused(
    browser: FlaskClient, op: IdentityProvider, context: Context
) -> None:
    go(browser, op)
    assert sessions(context) == 1
    with context.database.writing() as session:
        act = Act(session, context, "test", utc_now())
        unlink_person(act, service.find_person(session, "ana"))
    assert sessions(context) == 0
    assert go(browser, op).status_code == 403
    with context.database.writing() as session:
        act = Act(session, context, "test", utc_now())
        link_person(act, service.find_person(session, "ana"), "sub-ana")
        service.disable_person(act, "ana")
    assert go(browser, op).status_code == 403 and sessions(context) == 0


def test_one_identity_is_one_person_s(context: Context) -> None:
    with context.database.writing() as session:
        act = Act(session, context, "test", utc_now())
        besa = service.find_person(session, "besa")
        with pytest.raises(Conflict):
            link_person(act, besa, "sub-ana")
        for wrong in ("", "x" * 256, "a\nb"):
            with pytest.raises(InvalidInput):
                link_person(act, besa, wrong)


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://other.example"},
        {"aud": "another-client"},
        {"aud": [CLIENT, "another"], "azp": "another"},
        {"nonce": "of another"},
        {"nonce": None},
        {"exp": 1},
        {"exp": None},
        {"iat": 4_000_000_000},
        {"sub": None},
        {"sub": ""},
        {"at_hash": "wrong"},
    ],
    ids=str,
)
def test_a_token_that_is_not_for_this_sign_in_opens_nothing(
    browser: FlaskClient,
    op: IdentityProvider,
    context: Context,
    claims: dict[str, object],
) -> None:
    op.claims = claims
    assert go(browser, op).status_code == 403
    assert sessions(context) == 0


def test_a_signature_of_another_key_opens_nothing(
    browser: FlaskClient, op: IdentityProvider, context: Context
) -> None:
    op.signs_with = RSAKey.generate_key(2048, parameters={"kid": "one"})
    assert go(browser, op).status_code == 403
    op.signs_with, op.header = None, {"kid": "unknown"}
    assert go(browser, op).status_code == 403
    assert sessions(context) == 0


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_a_token_without_the_provider_s_signature_opens_nothing(
    browser: FlaskClient,
    op: IdentityProvider,
    context: Context,
    monkeypatch: pytest.MonkeyPatch,
    algorithm: str,
) -> None:
    import base64
    import hashlib
    import hmac
    import json

    def forged(nonce: str) -> str:
        def part(value: bytes) -> str:
            return base64.urlsafe_b64encode(value).rstrip(b"=").decode()

        claims = {
            "iss": op.issuer,
            "sub": "sub-ana",
            "aud": CLIENT,
            "iat": 1,
            "exp": 4_000_000_000,
            "nonce": nonce,
        }
        head = {"alg": algorithm, "kid": "one"}
        signed = ".".join(part(json.dumps(x).encode()) for x in (head, claims))
        public = op.key.as_pem(private=False)
        mac = hmac.new(public, signed.encode(), hashlib.sha256).digest()
        return f"{signed}.{part(mac) if algorithm == 'HS256' else ''}"

    monkeypatch.setattr(op, "id_token", forged)
    assert go(browser, op).status_code == 403 and sessions(context) == 0


@pytest.mark.parametrize(
    "changed",
    [
        {"state": "another"},
        {"state": ""},
        {"code": "made-up"},
        {"code": ""},
        {"iss": "https://other.example"},
        {"iss": ""},
    ],
    ids=str,
)
def test_an_answer_that_was_changed_opens_nothing(
    browser: FlaskClient,
    op: IdentityProvider,
    context: Context,
    changed: dict[str, str],
) -> None:
    back = op.authorize(leave(browser))
    answer = finish(browser, back, **changed)
    assert answer.status_code in (403, 503) and sessions(context) == 0


def test_an_answer_counts_once_and_for_the_browser_that_asked(
    app: Flask, browser: FlaskClient, op: IdentityProvider, context: Context
) -> None:
    back = op.authorize(leave(browser))
    other = app.test_client()
    assert finish(other, back).status_code == 403
    assert finish(browser, back).status_code == 303
    assert finish(browser, back).status_code == 403
    assert sessions(context) == 1


def test_looking_at_the_way_back_changes_nothing(
    browser: FlaskClient, op: IdentityProvider, context: Context
) -> None:
    parts = urlsplit(op.authorize(leave(browser)))
    for _ in range(2):
        assert browser.get(f"{parts.path}?{parts.query}").status_code == 200
    assert op.exchanges == 0 and sessions(context) == 0
    assert browser.post(f"{THERE}/finish", data={"x": "1"}).status_code == 400
    assert browser.get(f"{THERE}/back?error=access_denied").status_code == 302


def test_a_provider_that_calls_itself_otherwise_is_not_asked(
    browser: FlaskClient, op: IdentityProvider
) -> None:
    op.said = {"issuer": "https://other.example"}
    answer = browser.get(THERE)
    assert answer.status_code == 503
    assert "by another name" in answer.text


def test_a_provider_that_failed_is_left_alone_for_a_while(
    browser: FlaskClient,
    op: IdentityProvider,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    op.said = {"issuer": "https://other.example"}
    for _ in range(3):
        answer = browser.get(THERE)
        assert answer.status_code == 503
        assert "by another name" in answer.text
    assert op.documents == 1
    op.said = {}
    assert browser.get(THERE).status_code == 503
    later = time.monotonic() + last_answers.LEFT_ALONE_SECONDS
    monkeypatch.setattr(last_answers.time, "monotonic", lambda: later)
    assert browser.get(THERE).status_code == 302
    assert op.documents == 2


def test_its_addresses_are_asked_by_the_guarded_client(
    browser: FlaskClient, op: IdentityProvider, context: Context
) -> None:
    op.said = {"token_endpoint": "http://10.1.2.3/token"}
    answer = go(browser, op)
    assert answer.status_code == 503 and sessions(context) == 0


@pytest.mark.parametrize(
    ("context", "words", "is_proven"),
    [
        ({}, {"acr": "mfa", "amr": ["mfa", "otp"]}, False),
        ({"oidc_second_factor": ("mfa",)}, {"amr": ["pwd", "mfa"]}, True),
        ({"oidc_second_factor": ("mfa",)}, {"acr": "mfa"}, True),
        ({"oidc_second_factor": ("mfa",)}, {"amr": ["pwd"]}, False),
        ({"oidc_second_factor": ("mfa",)}, {}, False),
        ({"oidc_second_factor": ("mfa",)}, {"acr": ["mfa"]}, False),
        ({"oidc_second_factor": ("mfa",)}, {"acr": {"mfa": 1}}, False),
        ({"oidc_second_factor": ("mfa",)}, {"amr": [{"mfa": 1}]}, False),
        ({"oidc_second_factor": ("mfa",)}, {"amr": [["x"], "mfa"]}, True),
    ],
    indirect=["context"],
)
def test_the_own_second_factor_is_asked_unless_the_settings_let_its_count(
    browser: FlaskClient,
    op: IdentityProvider,
    context: Context,
    words: dict[str, object],
    is_proven: bool,
) -> None:
    with context.database.writing() as session:
        act = Act(session, context, "test", utc_now())
        ana = service.find_person(session, "ana")
        totp.begin_enrolment(act, ana).confirmed_at = utc_now()
    op.claims = words
    assert go(browser, op, "/console/queue").status_code == 303
    answer = browser.get("/console/queue")
    assert (answer.status_code == 200) is is_proven
    if not is_proven:
        assert "/console/account/proof" in answer.location


@pytest.mark.parametrize(
    "context",
    [{"oidc_second_factor": ("mfa",), "require_second_factor": True}],
    indirect=True,
)
def test_whoever_has_no_own_factor_sets_one_up_first(
    browser: FlaskClient, op: IdentityProvider, context: Context
) -> None:
    op.claims = {"amr": ["mfa"]}
    go(browser, op)
    assert browser.get("/console/queue").location.startswith(
        "/console/account"
    )


def test_signing_out_offers_to_sign_out_there(
    browser: FlaskClient, op: IdentityProvider, context: Context
) -> None:
    go(browser, op)
    token = dict(HIDDEN.findall(browser.get("/console/password").text))
    out = browser.post("/console/sign-out", data=token)
    assert sessions(context) == 0
    page = browser.get(out.location).text
    assert f"{THERE}/out" in page
    there = urlsplit(browser.get(f"{THERE}/out").location)
    assert f"{there.scheme}://{there.netloc}" == op.issuer
    assert there.path == "/end"


def test_nothing_of_it_is_there_unless_it_is_set_up(
    make_context: Callable[..., Context],
) -> None:
    client = create_app(make_context(audiences=("console",))).test_client()
    assert "provider" not in client.get("/console/sign-in").text
    for path in ("", "/back", "/out"):
        assert client.get(f"{THERE}{path}").status_code == 404
