"""A button of one case never acts on what belongs to another: every address, every id."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.routing import Rule, UUIDConverter

from hotline.accounts.signing_in import sessions
from hotline.accounts.signing_in.auth import COOKIE
from hotline.core.act import Act
from hotline.core.context import utc_now
from hotline.core.storage.ids import new_id
from partners.channels.base import Refused
from partners.referrals.models import Hold, Referral
from tests.support.house import House
from triage.cases.handling.notes import add_note
from triage.cases.models import Case
from workers.app import create_app
from workers.migrations.tables import metadata

OWN = "AL-2026-one"
# Enough for every act to be done, if only its id were taken.
FORM = {
    "act": "agree",
    "address": "x@host.example",
    "confirm": "yes",
    "deadline": "2026-11-30T10:00",
    "decision": "confirmed",
    "note": "x",
    "officer_reference": "1/26",
    "read_people": "",
    "reason": "x",
    "send": "yes",
    "text": "x",
    "verb": "take_up",
    "why": "x",
}
LOOKS = {"audit_entry"}


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"audiences": ("console",)}


@pytest.fixture
def own_ids(house: House) -> set[uuid.UUID]:
    """What is there with the first case alone."""
    house.partner()
    house.partner("hotline-rs", "hotline", country="RS")
    # In danger more may be done, e.g. a reporter's contact be told.
    house.case("one", danger_now=True)
    return set(ids_of(house))


@pytest.fixture
def world(house: House, own_ids: set[uuid.UUID]) -> House:
    """Another case, of which there is everything that an address could name."""
    assert own_ids
    other = house.case("two")
    house.decide(other, "police", "provider_notice")
    house.mail.faults = [Refused("550")]
    house.decide(other, "hotline")
    house.request(other, "hotline", again="x")
    with house.context.database.writing() as session:
        police = session.scalars(
            select(Referral).where(Referral.kind == "police")
        ).one()
        police.withdrawal_asked_by = "person:arta"
        police.withdrawal_reason = "x"
    _write_note(house, other)
    assert len(house.all(Hold)) == 1
    return house


def _write_note(house: House, case: Case) -> None:
    drita = house.person("drita", "supervisor")
    with house.context.database.writing() as session:
        act = Act(session, house.context, drita.actor, house.now)
        add_note(act, session.get_one(Case, case.id), drita, "x")


def sign_in(app: Flask, house: House) -> FlaskClient:
    person = house.person("drita", "supervisor")
    with house.context.database.writing() as session:
        token = sessions.open_session(session, person, utc_now())
    client = app.test_client()
    client.set_cookie(COOKIE, token, path="/console")
    return client


def ids_of(house: House) -> dict[uuid.UUID, str]:
    """Every id of every row: id -> table."""
    with house.context.database.reading() as session:
        return {
            row: name
            for name, table in metadata.tables.items()
            if "id" in table.c
            for row in session.scalars(select(table.c.id))
            if isinstance(row, uuid.UUID)
        }


def stored(house: House) -> dict[str, list[str]]:
    with house.context.database.reading() as session:
        return {
            name: sorted(
                repr(tuple(row)) for row in session.execute(select(table))
            )
            for name, table in metadata.tables.items()
            if name not in LOOKS
        }


def rules(app: Flask) -> Iterator[Rule]:
    for rule in app.url_map.iter_rules():
        if "reference" in rule.arguments and "POST" in (rule.methods or ()):
            yield rule


def own_argument(rule: Rule) -> str | None:
    """The argument that names something of the case by its id."""
    names = [
        name
        for name, converter in rule._converters.items()
        if isinstance(converter, UUIDConverter)
    ]
    assert len(names) <= 1, rule
    return names[0] if names else None


def test_no_address_acts_on_what_belongs_to_another_case(
    world: House, own_ids: set[uuid.UUID]
) -> None:
    app = create_app(world.context)
    client = sign_in(app, world)
    token = re.search(
        r'name="csrf_token" value="([^"]+)"',
        client.get("/console/password").text,
    )
    assert token
    form = {**FORM, "csrf_token": token[1]}
    before = stored(world)
    others = {
        row: name for row, name in ids_of(world).items() if row not in own_ids
    }
    build = app.url_map.bind("localhost").build
    tried = 0
    for rule in rules(app):
        argument = own_argument(rule)
        if argument is None:
            continue
        table = argument.removesuffix("_id")
        fitting = [row for row, name in others.items() if table in name]
        for row in [*fitting, new_id()]:
            path = build(rule.endpoint, {"reference": OWN, argument: row})
            answer = client.post(path, data=form)
            tried += 1
            assert answer.status_code == 404, (path, answer.status_code)
        assert fitting or table in ("match", "identifier"), rule
        assert stored(world) == before, rule
    assert tried > 25


def test_the_same_form_acts_on_what_belongs_to_the_case(world: House) -> None:
    """The test above could fail: with the right case the same requests do change things."""
    app = create_app(world.context)
    client = sign_in(app, world)
    token = re.search(
        r'name="csrf_token" value="([^"]+)"',
        client.get("/console/password").text,
    )
    assert token
    form = {**FORM, "csrf_token": token[1]}
    before = stored(world)
    hold = world.hold
    answer = client.post(
        f"/console/cases/AL-2026-two/holds/{hold.id}/release", data=form
    )
    assert answer.status_code == 303
    assert stored(world) != before
