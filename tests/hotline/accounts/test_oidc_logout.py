"""Being signed out by the identity provider: its word alone, once, and for whom it says."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc.jwk import RSAKey
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from hotline.accounts import service
from hotline.accounts.models import LoginSession
from hotline.accounts.oidc.flow import Identity
from hotline.accounts.oidc.links import link_person, sign_in_identity
from hotline.accounts.oidc.models import SpentLogout
from hotline.accounts.signing_in.sessions import USUAL, open_session
from hotline.core.act import Act
from hotline.core.context import Context, utc_now
from hotline.core.storage.audit import AuditEntry
from tests.support.identity_provider import (
    CLIENT,
    IdentityProvider,
)
from tests.support.people import make_person
from workers.app import create_app

PLACE = "/console/sign-in/provider/logout"
IN_2100 = 4_102_444_800
"""No moment of now: the processes of a test run would name the test differently."""
EVENT = "http://schemas.openid.net/event/backchannel-logout"


@pytest.fixture
def context(
    make_context: Callable[..., Context], op: IdentityProvider
) -> Context:
    """Ana, linked, with two sessions by the provider and one by a password; and Besa with hers."""
    made = make_context(
        audiences=("console",), oidc_issuer=op.issuer, oidc_client_id=CLIENT
    )
    with made.database.writing() as session:
        act = Act(session, made, "test", utc_now())
        for name in ("ana", "besa"):
            session.add(make_person(name))
        session.flush()
        for name in ("ana", "besa"):
            person = service.find_person(session, name)
            link_person(act, person, f"sub-{name}")
            open_session(session, person, act.now)
        for sid in ("one", "two"):
            identity = Identity(op.issuer, "sub-ana", False, sid)
            assert sign_in_identity(act, identity, limits=USUAL, browser="")
    return made


@pytest.fixture
def server(context: Context) -> FlaskClient:
    """The provider's own, which has no cookie of anybody."""
    app: Flask = create_app(context)
    return app.test_client()


def send(server: FlaskClient, token: str) -> TestResponse:
    answer = server.post(PLACE, data={"logout_token": token})
    assert answer.headers["Cache-Control"] == "no-store"
    return answer


def count_sessions(context: Context, name: str) -> int:
    with context.database.reading() as session:
        person = service.find_person(session, name)
        query = select(func.count()).where(LoginSession.person_id == person.id)
        return session.scalar(query) or 0


@pytest.mark.parametrize(
    ("claims", "left"),
    [
        ({"sub": "sub-ana"}, 0),
        ({"sub": None, "sid": "one"}, 2),
        ({"sub": "sub-ana", "sid": "one"}, 2),
        # What was opened before sessions were remembered ends with all of that person.
        ({"sub": "sub-ana", "sid": "older"}, 0),
        ({"sub": None, "sid": "older"}, 3),
        # A session is that of whom it is said to be, or none.
        ({"sub": "sub-stranger", "sid": "one"}, 3),
        ({"sub": "sub-stranger"}, 3),
        ({"aud": ["another", CLIENT]}, 0),
        ({"exp": None}, 0),
    ],
    ids=str,
)
def test_it_ends_whom_it_says_and_nobody_else(
    server: FlaskClient,
    op: IdentityProvider,
    context: Context,
    claims: dict[str, object],
    left: int,
) -> None:
    assert send(server, op.logout_token(**claims)).status_code == 200
    assert count_sessions(context, "ana") == left
    assert count_sessions(context, "besa") == 1
    with context.database.reading() as session:
        ended = session.scalars(
            select(AuditEntry).where(
                AuditEntry.action == "sign_in.ended_by_provider"
            )
        ).all()
        assert len(ended) == 3 - left
        assert all(entry.details["username"] == "ana" for entry in ended)


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://other.example"},
        {"iss": None},
        {"aud": "another"},
        {"aud": ["another"]},
        {"aud": None},
        {"aud": {CLIENT: 1}},
        {"iat": 1},
        {"iat": None},
        {"iat": True},
        {"iat": "now"},
        {"iat": 1e300},
        {"iat": IN_2100},
        {"exp": 1},
        {"jti": None},
        {"jti": ""},
        {"jti": ["x"]},
        {"jti": "x" * 256},
        {"events": None},
        {"events": {}},
        {"events": [EVENT]},
        {"events": {EVENT: "x"}},
        {"nonce": "n"},
        {"sub": None},
        {"sub": 7},
        {"sub": "", "sid": ""},
    ],
    ids=str,
)
def test_what_is_no_logout_token_ends_nothing(
    server: FlaskClient,
    op: IdentityProvider,
    context: Context,
    claims: dict[str, object],
) -> None:
    answer = send(server, op.logout_token(**claims))
    assert answer.status_code == 400
    assert answer.get_json()["error"] == "invalid_request"
    assert count_sessions(context, "ana") == 3
    assert op.key_lists == 0, "the claims are looked at before its keys are"


def test_neither_another_key_nor_another_kind_of_token_ends_anything(
    server: FlaskClient, op: IdentityProvider, context: Context
) -> None:
    op.signs_with = RSAKey.generate_key(2048, parameters={"kid": "one"})
    assert send(server, op.logout_token()).status_code == 400
    op.signs_with = None
    for header in ({"kid": "unknown"}, {"typ": "at+jwt"}, {"typ": "dpop+jwt"}):
        op.header = header
        assert send(server, op.logout_token()).status_code == 400
    op.header = {}
    whole = op.logout_token()
    head, body, _ = whole.split(".")
    for token in ("", ".", "a.b.c", f"{head}.{body}.", "x" * 30_000, head):
        assert send(server, token).status_code == 400
    assert server.post(PLACE, data={"x": "1"}).status_code == 400
    assert server.get(PLACE).status_code == 405
    assert count_sessions(context, "ana") == 3


def test_it_counts_once_and_is_forgotten_after_its_time(
    server: FlaskClient, op: IdentityProvider, context: Context
) -> None:
    token = op.logout_token()
    assert send(server, token).status_code == 200
    with context.database.writing() as session:
        open_session(session, service.find_person(session, "ana"), utc_now())
        (spent,) = session.scalars(select(SpentLogout))
        assert spent.expires_at > utc_now()
    answer = send(server, token)
    assert answer.status_code == 400
    assert "already" in answer.get_json()["error_description"]
    assert count_sessions(context, "ana") == 1


def test_who_sends_many_does_not_have_the_provider_asked_each_time(
    server: FlaskClient, op: IdentityProvider
) -> None:
    op.signs_with = RSAKey.generate_key(2048, parameters={"kid": "one"})
    for _ in range(5):
        assert send(server, op.logout_token()).status_code == 400
    assert (op.documents, op.key_lists) == (1, 1)


def test_without_a_provider_there_is_no_such_page(
    make_context: Callable[..., Context],
) -> None:
    server = create_app(make_context(audiences=("console",))).test_client()
    assert server.post(PLACE, data={"logout_token": "x"}).status_code == 404
