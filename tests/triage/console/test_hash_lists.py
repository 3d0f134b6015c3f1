"""The page of hash lists: who may have a list tell the police, and that two are needed."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from hotline.accounts.approvals.models import Approval
from hotline.core.context import Context
from hotline.core.storage.audit import AuditEntry
from triage.console.lists import list_pages
from triage.hashlists.models import HashList
from triage.hashlists.police_switch import state_of

LISTS = "/console/hash-lists"
APPROVALS = "/console/approvals"
ASK = {"act": "ask", "understood": "yes"}


@pytest.fixture
def known(
    clock: Any,
    monkeypatch: pytest.MonkeyPatch,
    make_case: Callable[..., str],
    add_match: Callable[[str], str],
    context: Context,
) -> uuid.UUID:
    monkeypatch.setattr(list_pages, "utc_now", clock)
    add_match(make_case())
    with context.database.reading() as session:
        return session.scalars(select(HashList.id)).one()


def _state(context: Context) -> str:
    with context.database.reading() as session:
        return state_of(session.scalars(select(HashList)).one())


def _switch(person: Any, known: uuid.UUID, **form: str) -> Any:
    return person.post(f"{LISTS}/{known}/police", **form)


def test_two_people_switch_it_on_and_one_switches_it_off(
    browse: Callable[[str], Any], context: Context, known: uuid.UUID
) -> None:
    one, other = browse("supervisor"), browse("administrator")
    page = one.get(LISTS).text
    assert (
        "Ask a second person" in page and "before anybody has looked" in page
    )
    assert _switch(one, known, **ASK).location == LISTS
    assert _state(context) == "asked"
    page = one.get(LISTS).text
    assert "Another person must agree on this page." in page
    assert "Take the question back" in page and "Agree: switch on" not in page
    assert _switch(one, known, **ASK).status_code == 403
    assert "Agree: switch on" in other.get(LISTS).text
    _switch(other, known, act="agree", understood="yes")
    assert _state(context) == "on"
    page = other.get(LISTS).text
    assert (
        "From now on a match with Test list tells the police automatically."
        in page
    )
    assert "Switch off" in page and "20.11.2026" in page
    _switch(one, known, act="stop")
    assert _state(context) == "off"
    with context.database.reading() as session:
        logged = session.scalars(
            select(AuditEntry.action)
            .where(AuditEntry.action.startswith("hashlist.police"))
            .order_by(AuditEntry.id)
        ).all()
    assert logged == [
        "hashlist.police_asked",
        "hashlist.police_on",
        "hashlist.police_off",
    ]
    with context.database.reading() as session:
        agreed = session.scalars(select(Approval)).one()
    assert (agreed.kind, agreed.asked_by, agreed.granted_by) == (
        "list_police",
        "person:supervisor",
        "person:administrator",
    )


def test_without_the_tick_nothing_happens(
    browse: Callable[[str], Any], context: Context, known: uuid.UUID
) -> None:
    one = browse("supervisor")
    _switch(one, known, act="ask")
    assert "Tick that you have read what it means." in one.get(LISTS).text
    assert _state(context) == "off"


@pytest.mark.parametrize(
    "role", ["operator", "analyst", "senior", "auditor", "liaison"]
)
def test_others_may_not(
    browse: Callable[[str], Any], context: Context, known: uuid.UUID, role: str
) -> None:
    person = browse(role)
    assert _switch(person, known, **ASK).status_code == 403
    assert _state(context) == "off"
    if role == "senior":
        assert "Ask a second person" not in person.get(LISTS).text


def test_an_unknown_list(
    browse: Callable[[str], Any], known: uuid.UUID
) -> None:
    assert (
        _switch(browse("supervisor"), uuid.uuid4(), **ASK).status_code == 404
    )
    assert known


def agree(other: Any) -> Any:
    """Grant what waits under Approvals."""
    question = re.search(
        r'href="(/console/approvals/[0-9a-f-]+)"', other.get(APPROVALS).text
    )
    assert question
    return other.post(f"{question[1]}/grant")


def is_enabled(context: Context) -> bool:
    with context.database.reading() as session:
        return session.scalars(select(HashList.enabled)).one()


def test_a_list_is_taken_out_of_use_and_used_again_by_two(
    browse: Callable[[str], Any], context: Context, known: uuid.UUID
) -> None:
    with context.database.writing() as session:
        session.scalars(select(HashList)).one().category_map = {
            "A1": "national"
        }
    one, other = browse("supervisor"), browse("administrator")
    page = one.get(LISTS).text
    assert "PDQ 31 bits, pHash 8 bits" in page and "A1: " in page
    for act, enabled in (("disable", False), ("enable", True)):
        one.post(f"{LISTS}/{known}/switch", act=act, why="It is faulty.")
        assert is_enabled(context) is not enabled
        assert agree(one).status_code == 403
        assert is_enabled(context) is not enabled
        assert agree(other).status_code == 303
        assert is_enabled(context) is enabled
    one.post(f"{LISTS}/{known}/switch", act="enable", why="x")
    assert "It is so already." in one.get(LISTS).text
    one.post(f"{LISTS}/{known}/switch", act="disable")
    assert "Say why" in one.get(LISTS).text
    assert (
        one.post(f"{LISTS}/{uuid.uuid4()}/switch", act="enable").status_code
        == 404
    )
    auditor = browse("auditor")
    refused = auditor.post(f"{LISTS}/{known}/switch", act="disable")
    assert refused.status_code == 403
    assert "Take out of use" not in auditor.get(LISTS).text
