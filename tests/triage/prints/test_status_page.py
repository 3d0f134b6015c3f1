"""What the page of a receipt says of a picture's fingerprint, in every language."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from hotline.core.context import Context
from hotline.intake.models import ReportPart
from tests.support.cases import make_case
from tests.support.clock import NOW
from tests.support.items import make_item, make_media, make_sight
from triage.cases.models import CaseItem
from triage.items.models import Item, Sighting
from triage.prints.watch import note_media, watch_item
from workers.app import create_app

PDQ = "5" * 64
NOTE = re.compile(r'<div class="note">(.*?)</div>', re.DOTALL)
WORDS = re.compile(r"<main.*?</main>", re.DOTALL)


@pytest.fixture
def context(make_context: Callable[..., Context]) -> Context:
    return make_context(country="AL", audiences=("public",))


@pytest.fixture
def client(context: Context) -> FlaskClient:
    return create_app(context).test_client()


def report(client: FlaskClient, role: str) -> str:
    sent = {"locations": [f"pdq:{PDQ}"], "reporter_role": role}
    answer = client.post("/api/v1/reports", json=sent)
    return str(answer.json["receipt"])


def watch(context: Context) -> None:
    """As the jobs of the report do."""
    with context.database.writing() as session:
        item = make_item("hash:1", canonical=f"pdq:{PDQ}")
        session.add(item)
        session.flush()
        part = session.scalars(select(ReportPart)).one()
        session.add(Sighting(item_id=item.id, part_id=part.id, at=NOW))
        watch_item(session, item, NOW)


def see(context: Context, number: int, state: str) -> None:
    with context.database.writing() as session:
        item = make_item(f"url:secret-place-{number}")
        media = make_media(number, pdq=PDQ, pdq_quality=90, frames=[])
        session.add_all([item, media])
        session.flush()
        session.add(make_sight(item, media))
        case = make_case(item, f"AL-2026-00000{number}")
        case.places[0].state = state
        session.add(case)
        session.flush()
        note_media(session, item, [media], NOW)


def status(client: FlaskClient, receipt: str, language: str) -> str:
    page = client.get("/status", query_string={"lang": language}).text
    hidden = dict(
        re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page)
    )
    answer = client.post("/status", data={**hidden, "receipt": receipt})
    assert answer.status_code == 200
    words = WORDS.search(answer.text)
    assert words is not None
    return words[0]


def test_a_child_reads_that_it_is_looked_for_and_later_how_often_it_was_seen(
    context: Context, client: FlaskClient
) -> None:
    receipt = report(client, "child_self")
    assert "The fingerprint of" not in status(client, receipt, "en")
    watch(context)
    page = status(client, receipt, "en")
    assert "We have not seen the picture at any place" in page
    see(context, 1, "nothing")
    see(context, 2, "verified_removed")
    page = status(client, receipt, "en")
    assert "Places where we saw it: 2" in page
    assert "Places where it is gone, as we checked: 1" in page
    assert "A person works on the others" in page
    assert 'href="/help"' in page


def test_it_never_says_where(context: Context, client: FlaskClient) -> None:
    receipt = report(client, "child_self")
    watch(context)
    see(context, 1, "nothing")
    page = status(client, receipt, "en")
    assert "Places where we saw it: 1" in page
    for trace in ("secret-place", "AL-2026", PDQ):
        assert trace not in page


def test_once_it_is_gone_everywhere_the_page_says_so(
    context: Context, client: FlaskClient
) -> None:
    receipt = report(client, "parent")
    watch(context)
    see(context, 1, "verified_removed")
    page = status(client, receipt, "en")
    assert "It is gone from all of them" in page
    with context.database.writing() as session:
        place = session.scalars(
            select(CaseItem)
            .join(Item, Item.id == CaseItem.item_id)
            .where(Item.kind == "url")
        ).one()
        place.state = "came_back"
    assert "A person works on the others" in status(client, receipt, "en")


def test_a_passer_by_reads_nothing_of_it(
    context: Context, client: FlaskClient
) -> None:
    receipt = report(client, "public")
    watch(context)
    see(context, 1, "nothing")
    assert "The fingerprint of" not in status(client, receipt, "en")


@pytest.mark.parametrize(
    ("country", "language"),
    [("AL", "sq"), ("RS", "sr-Latn"), ("RS", "sr-Cyrl"), ("MK", "mk")],
)
def test_every_language_of_the_form_says_it_in_its_own_words(
    make_context: Callable[..., Context], country: str, language: str
) -> None:
    context = make_context(country=country, audiences=("public",))
    client = create_app(context).test_client()
    receipt = report(client, "child_self")
    watch(context)
    see(context, 1, "nothing")
    note = NOTE.search(status(client, receipt, language))
    assert note is not None
    assert ": 1</p>" in note[1] and ": 0</p>" in note[1]
    english = {"we", "saw", "picture", "places", "looking", "help", "the"}
    words = re.sub(r"<[^>]*>", " ", note[1]).lower().split()
    assert not english & set(words)


def test_two_fingerprints_of_one_picture_are_told_of_once(
    context: Context, client: FlaskClient
) -> None:
    """A device makes two of a picture; a child who gave one reads of one, by its name."""
    receipt = report(client, "child_self")
    watch(context)
    with context.database.writing() as session:
        part = session.scalars(select(ReportPart)).one()
        second = make_item("hash:2", canonical=f"sha256:{PDQ}")
        session.add(second)
        for item in session.scalars(select(Item)).all():
            item.kind = "hash"
            session.add(make_case(item, f"AL-2026-00001{item.key[-1]}"))
        session.flush()
        session.add(Sighting(item_id=second.id, part_id=part.id, at=NOW))
    page = status(client, receipt, "en")
    (listed,) = re.findall(r'<ol class="parts".*?</ol>', page, re.DOTALL)
    assert listed.count("<li>") == 1
    assert "The fingerprint that you gave us" in listed
    assert PDQ[-6:] not in page
