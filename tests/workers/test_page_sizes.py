"""No page of the console is heavy, however long the house has worked: 150 kB, unpacked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from urllib.parse import urljoin, urlsplit

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from hotline.accounts import service
from hotline.accounts.permissions import Role
from hotline.accounts.signing_in import passwords
from hotline.core.act import Act
from hotline.core.context import Context, utc_now
from hotline.core.storage.ids import new_id
from hotline.core.storage.machine import HistoryEntry
from partners.directory.kinds import PartnerKind
from partners.directory.models import Partner
from tests.hotline.test_methods import PASSWORD, signed_in
from tests.support.cases import open_case
from tests.support.items import make_item, make_media, make_sight
from triage.cases.handling.notes import add_note
from workers.app import create_app
from workers.bench.filling.figures_data import fill_with_cases
from workers.bench.filling.figures_rows import Span
from workers.bench.filling.queue_filling import fill_cases

MOST_BYTES = 150_000
A_YEAR_OF = 700
"""Cases with all that happened to them; as many again have places and files."""
PARTNERS = 300
PLACES = 100
NOTES = STEPS = 60
"""Of the busiest case, which has a file at each place; each as long as it may be."""
REASON = "Местото е повторно тука под друго име. " * 12
NOTE = "Видено е повторно на истото место. " * 56
BUSIEST = "AL-2026-999999"
OF_EACH = 8
"""Pages of one kind that are opened: pages of two hundred cases are alike."""
MANY = 100
BEGINNINGS = (
    "/console/",
    f"/console/figures?period={utc_now().year - 1}",
    f"/console/cases/{BUSIEST}",
)
IN_ANOTHER_LANGUAGE = "lang="
LINK = re.compile(r"<a [^>]*href=\"([^\"#]+)")


@pytest.fixture
def house(
    make_context: Callable[..., Context], monkeypatch: pytest.MonkeyPatch
) -> Context:
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(1, 64, 1))
    passwords._hash_of_nobody.cache_clear()
    context = make_context(country="AL", audiences=("public", "console"))
    now = utc_now()
    with context.database.writing() as session:
        fill_with_cases(
            session, A_YEAR_OF, Span(now - timedelta(days=500), now)
        )
        add_partners(session)
        for role in Role:
            service.add_person(
                Act(session, context, actor="test", now=now),
                username=role,
                display_name=role,
                role=role,
                password=PASSWORD,
            )
        add_busiest_case(session, context)
    fill_cases(context, A_YEAR_OF)
    return context


def add_partners(session: Session) -> None:
    for number in range(PARTNERS):
        session.add(
            Partner(
                id=new_id(),
                code=f"place-{number}",
                kind=PartnerKind.PROVIDER,
                name=f"A provider with a longer name, number {number}",
                created_at=utc_now(),
            )
        )


def add_busiest_case(session: Session, context: Context) -> None:
    """What people look at longest: many places, many files, many words."""
    now = utc_now()
    first, *others = (
        make_item(f"url:place{number}", now=now) for number in range(PLACES)
    )
    case = open_case(session, first, BUSIEST, state="waiting", now=now)
    for item in others:
        case.add_item(item, now)
    session.add_all((case, first, *others))
    for number, item in enumerate((first, *others)):
        media = make_media(number + 1, now=now)
        session.add(media)
        session.flush()
        session.add(make_sight(item, media, now=now))
    author = service.find_person(session, Role.ANALYST)
    act = Act(session, context, actor=author.actor, now=now)
    for number in range(NOTES):
        add_note(act, case, author, f"{number}: {NOTE}")
    for _ in range(STEPS):
        session.add(
            HistoryEntry(
                id=new_id(),
                entity="case",
                entity_id=case.id,
                event="reopened",
                from_state="closed",
                to_state="waiting",
                at=now,
                actor="analyst",
                details={"why": REASON},
            )
        )


def weigh(client: FlaskClient, app: Flask, role: str) -> dict[str, int]:
    """Path -> bytes of every page that links lead to, a few of each kind."""
    urls = app.url_map.bind("localhost")
    waiting = [*BEGINNINGS]
    opened: Counter[str] = Counter()
    weights: dict[str, int] = {}
    while waiting:
        path = waiting.pop(0)
        try:
            endpoint, _ = urls.match(urlsplit(path).path, method="GET")
        except (HTTPException, RequestRedirect):
            continue
        key = f"{role} {path}"
        if key in weights or opened[endpoint] >= OF_EACH:
            continue
        opened[endpoint] += 1
        answer = client.get(path)
        if answer.location:
            waiting.append(urljoin(path, answer.location))
        elif answer.status_code == 200 and answer.mimetype == "text/html":
            weights[key] = len(answer.data)
            waiting += [
                urljoin(path, unescape(link))
                for link in LINK.findall(answer.text)
                if IN_ANOTHER_LANGUAGE not in link
            ]
    return weights


def test_every_page_that_links_lead_to_is_light(house: Context) -> None:
    app = create_app(house)
    weights: dict[str, int] = {}
    for role in Role:
        client = signed_in(app, role)
        # Its letters take two bytes each.
        client.set_cookie("lang", "mk", domain="localhost")
        weights |= weigh(client, app, role)
    assert len(weights) > MANY
    for page in ("analyst {}", "auditor {}"):
        assert page.format(BEGINNINGS[1]) in weights
    assert f"analyst {BEGINNINGS[2]}" in weights
    heavy = {path: size for path, size in weights.items() if size > MOST_BYTES}
    assert heavy == {}
