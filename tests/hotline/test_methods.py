"""Nothing is changed but by POST with a form token: every address, every method."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.routing import Rule

from hotline.accounts import service
from hotline.accounts.permissions import Role
from hotline.core.act import Act
from hotline.core.context import Context, utc_now
from hotline.core.web import site
from tests.support.routes import path_of
from workers.app import create_app
from workers.migrations.tables import metadata

PASSWORD = "a long enough one"
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
LOOKS = ("GET", "HEAD", "OPTIONS")
OTHERS = (
    "TRACE",
    "PUT",
    "PATCH",
    "DELETE",
    "CONNECT",
    "PROPFIND",
    "BREW",
    "get",
    "POSTS",
)
NOTES_OF_LOOKS = {"hashlist.seen", "sample.seen"}
# What would do something at the addresses that the fault was found at, and at their siblings.
FORM = {
    "old": PASSWORD,
    "new": "another long enough one",
    "username": "administrator",
    "password": PASSWORD,
    "display_name": "x",
    "role": "analyst",
    "receipt": "x",
    "locations": "http://host.example/a",
    "narrative": "x",
    "confirm": "yes",
    "reason": "x",
    "age": "child",
    "text": "x",
}


@pytest.fixture
def app(make_context: Callable[..., Context]) -> Flask:
    context = make_context(audiences=("public", "console", "provider"))
    with context.database.writing() as session:
        for role in Role:
            service.add_person(
                Act(session, context, actor="test", now=utc_now()),
                username=role,
                display_name=role,
                role=role,
                password=PASSWORD,
            )
    return create_app(context)


def signed_in(app: Flask, role: str) -> FlaskClient:
    client = app.test_client()
    page = client.get("/console/sign-in").text
    found = TOKEN.search(page)
    assert found
    form = {"csrf_token": found[1], "username": role, "password": PASSWORD}
    assert client.post("/console/sign-in", data=form).status_code == 303
    return client


def paths(app: Flask) -> Iterator[tuple[str, Rule]]:
    for rule in app.url_map.iter_rules():
        with app.test_request_context():
            yield path_of(app, rule), rule


def stored(app: Flask) -> dict[str, list[str]]:
    """Every row of every table, but what notes that somebody looked."""
    context: Context = app.extensions[site.EXTENSION]
    with context.database.reading() as session:
        found = {
            name: sorted(
                repr(tuple(row)) for row in session.execute(select(table))
            )
            for name, table in metadata.tables.items()
        }
    found["audit_entry"] = [
        row
        for row in found["audit_entry"]
        if not any(note in row for note in NOTES_OF_LOOKS)
    ]
    return found


@pytest.mark.parametrize("role", ["", *Role])
def test_no_other_method_changes_anything(app: Flask, role: str) -> None:
    client = signed_in(app, role) if role else app.test_client()
    before, count = stored(app), 0
    assert before["person"]
    for path, _ in paths(app):
        for method in (*LOOKS, *OTHERS):
            answer = client.open(path, method=method, data=FORM)
            count += 1
            assert answer.status_code < 500, (method, path)
            if method in OTHERS and method != "get":
                assert answer.status_code == 405, (method, path)
            assert method != "HEAD" or answer.data == b"", path
        assert stored(app) == before, path
    assert count > 500
    if role:
        assert client.get("/console/password").status_code == 200


def test_a_head_is_answered_like_a_get(app: Flask) -> None:
    client = app.test_client()
    for path in ("/", "/report/all", "/status", "/console/sign-in", "/livez"):
        look, head = client.get(path), client.head(path)
        assert (head.status_code, head.content_type) == (
            look.status_code,
            look.content_type,
        )


def test_a_view_that_acts_on_a_look_is_refused(app: Flask) -> None:
    """Whatever a view takes for an act: the transaction is not given."""

    for method in (*LOOKS, *OTHERS, "POST"):
        with app.test_request_context("/", method=method):
            if method == "POST":
                with site.writing() as session:
                    session.connection()
            else:
                with pytest.raises(MethodNotAllowed):
                    site.writing()


def test_every_act_in_the_console_wants_a_form_token(app: Flask) -> None:
    client = signed_in(app, "administrator")
    before = stored(app)
    for path, rule in paths(app):
        # An identity provider has no form: its token of logout is signed.
        if rule.endpoint == "oidc.be_signed_out":
            continue
        if path.startswith("/console") and "POST" in (rule.methods or ()):
            assert client.post(path, data=FORM).status_code == 400, path
    assert stored(app) == before


def test_the_comparison_sees_a_change(app: Flask) -> None:
    before = stored(app)
    report = {"language": "en", "narrative": "x"}
    assert (
        app.test_client().post("/api/v1/reports", json=report).status_code
        == 201
    )
    assert stored(app) != before
