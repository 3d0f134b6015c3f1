"""A console app on an empty database, people of every role, and cases to work on."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import ChoiceLoader, PackageLoader, StrictUndefined
from werkzeug.test import TestResponse

import workers.app
from hotline.accounts import service
from hotline.accounts.models import Person
from hotline.accounts.pages import (
    approval_pages,
    factor_pages,
    invitation_pages,
    views,
)
from hotline.accounts.pages.invitation_pages import blueprint as sign_in
from hotline.accounts.pages.people_pages import blueprint as people
from hotline.accounts.pages.session_pages import blueprint as account
from hotline.accounts.permissions import Role
from hotline.accounts.signing_in import (
    auth,
    passwords,
    sessions,
    standing,
    step_up,
)
from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.storage import machine
from hotline.core.storage.ids import new_id
from hotline.core.web import site
from tests.support.cases import open_case
from tests.support.clock import Clock
from tests.support.items import make_item, make_media, make_sight
from tests.support.reports import sight_item
from triage.cases.models import Case
from triage.cases.pages import case_views
from triage.console.views import create_blueprint
from triage.hashlists.models import HashEntryRow, HashList, MediaMatch

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
PASSWORD = "a long enough one"
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time that every view of these tests is told."""
    made = Clock(NOW)
    import triage.console.lists.list_pages
    import triage.console.queue.bulk_pages
    import triage.console.queue.queue_pages
    import triage.console.search.pages
    import triage.console.work_pages

    for module in (
        auth,
        factor_pages,
        invitation_pages,
        standing,
        step_up,
        views,
        approval_pages,
        case_views,
        triage.console.lists.list_pages,
        triage.console.work_pages,
        triage.console.queue.bulk_pages,
        triage.console.break_pages,
        triage.console.queue.queue_pages,
        triage.console.search.pages,
    ):
        monkeypatch.setattr(module, "utc_now", made)
    return made


@pytest.fixture
def backend() -> str:
    """The kind of database; a test that locks rows names both kinds."""
    return "sqlite"


@pytest.fixture
def context(
    make_context: Callable[..., Context],
    monkeypatch: pytest.MonkeyPatch,
    backend: str,
) -> Context:
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(1, 64, 1))
    passwords._hash_of_nobody.cache_clear()
    made = make_context(
        backend,
        country="AL",
        audiences=("console",),
        smtp_host="mail.hotline.example",
    )
    with made.database.writing() as session:
        for role in Role:
            service.add_person(
                Act(session, made, actor="test", now=NOW),
                username=role,
                display_name=f"Name of {role}",
                role=role,
                password=PASSWORD,
            )
        for name in ("second", "third"):
            service.add_person(
                Act(session, made, actor="test", now=NOW),
                username=name,
                display_name=f"Name of {name}",
                role="analyst",
                password=PASSWORD,
            )
    return made


@pytest.fixture
def app(context: Context, clock: Clock) -> Flask:
    """As the factory makes it, without the partners' pages, which are tested elsewhere."""
    made = Flask(
        "hotline",
        static_folder=str(workers.app.ROOT / "hotline" / "core" / "static"),
    )
    made.jinja_env.undefined = StrictUndefined
    made.jinja_env.trim_blocks = made.jinja_env.lstrip_blocks = True
    made.jinja_loader = ChoiceLoader(
        [PackageLoader("hotline.core"), PackageLoader("triage")]
    )
    site.install_site(made, context)
    made.register_blueprint(sign_in)
    made.register_blueprint(account)
    made.register_blueprint(people)
    made.register_blueprint(approval_pages.blueprint)
    made.register_blueprint(create_blueprint(panels=[_panel]))
    made.testing = False
    return made


def _panel(
    _session: object, case: Case, person: Person, _now: datetime
) -> str:
    return f"<section data-panel>{case.reference} {person.username}</section>"


class Browser:
    """A client that sends the form token of the page it looks at, as a browser would."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str, **query: str) -> TestResponse:
        return self.client.get(path, query_string={"lang": "en", **query})

    def post(
        self, path: str, at: str = "/console/password", **form: Any
    ) -> TestResponse:
        found = TOKEN.search(self.client.get(at).text)
        assert found is not None
        return self.client.post(path, data={"csrf_token": found[1], **form})


@pytest.fixture
def browse(
    app: Flask, context: Context, clock: Clock
) -> Callable[[str], Browser]:
    """A browser in which ``username`` is signed in; "" for nobody."""

    def opened(username: str) -> Browser:
        client = app.test_client()
        client.set_cookie("lang", "en", domain="localhost")
        if username:
            with context.database.writing() as session:
                person = service.find_person(session, username)
                token = sessions.open_session(
                    session, person, clock.now, proven_at=clock.now
                )
            client.set_cookie(
                auth.COOKIE, token, domain="localhost", path="/console"
            )
        return Browser(client)

    return opened


@pytest.fixture
def make_case(context: Context) -> Callable[..., str]:
    """Store a report and its case as the jobs would; gives the reference."""
    made = iter(range(1, 10_000))

    def make(state: str = "waiting", **values: Any) -> str:
        number = next(made)
        url = values.pop("url", f"http://host{number}.example/{number}.html")
        seen_at = values.pop("seen_at", "")
        with context.database.writing() as session:
            item = make_item(
                f"url:{url}",
                now=NOW,
                canonical=url,
                display=url,
                host=url.split("/")[2],
                registrable_domain=url.split("/")[2],
                sighting_count=1,
                hosting_country=values.pop("hosting_country", "AL"),
                hosting_kind="host",
            )
            session.add(item)
            session.flush()
            sight_item(
                session,
                context,
                item,
                now=NOW,
                narrative="I saw it there.",
                seen_at=seen_at,
            )
            reference = f"AL-2026-{number:06}"
            case = open_case(session, item, reference, now=NOW, round=1)
            machine.advance_state(
                session, case, "examined", actor="system", now=NOW
            )
            case.state = state
            for name, value in values.items():
                setattr(case, name, value)
            return reference

    return make


@pytest.fixture
def add_match(context: Context) -> Callable[[str], str]:
    """A file at the case's item that meets a known hash; gives the match's id."""

    def added(reference: str) -> str:
        digest = (
            reference.replace("-", "")
            .lower()
            .encode()
            .hex()
            .ljust(64, "0")[:64]
        )
        with context.database.writing() as session:
            case = session.query(Case).filter_by(reference=reference).one()
            media = make_media(
                now=NOW,
                sha256=digest,
                size=1234,
                pdq="a" * 64,
                pdq_quality=90,
                hashable=True,
            )
            known = HashList(
                id=new_id(), name="Test list", version=1, created_at=NOW
            )
            session.add_all([media, known])
            session.flush()
            session.add(make_sight(case.item, media, now=NOW, source="img"))
            entry = HashEntryRow(
                list_id=known.id, kind="pdq", value="b" * 64, added_in=1
            )
            session.add(entry)
            session.flush()
            match = MediaMatch(
                id=new_id(),
                media_id=media.id,
                entry_id=entry.id,
                list_id=known.id,
                kind="pdq",
                distance=12,
                at=NOW,
            )
            session.add(match)
            return str(match.id)

    return added
