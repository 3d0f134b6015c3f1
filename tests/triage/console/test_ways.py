"""How an item is fetched, and the host behind a delivery network, from the case page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, update

from hotline.core.context import Context
from hotline.core.storage.audit import AuditEntry
from hotline.core.storage.outbox import OutboxEntry
from triage.items.access import access_of
from triage.items.models import HostingObservation, Item, ItemAccess

COOKIES = "age_ok=1; visit=8fd0"
GIVEN = {
    "cookies": f"Cookie: {COOKIES}\n",
    "referrer": "https://front.example/list",
    "fetch_route": "",
    "user_agent": "Mozilla/5.0 (X11; Linux x86_64)",
}


@pytest.fixture
def reference(make_case: Callable[..., str], context: Context) -> str:
    made = make_case()
    with context.database.writing() as session:
        session.execute(update(Item).values(fetchable=True))
    return made


def only(context: Context, kind: type[Any]) -> Any:
    with context.database.reading() as session:
        return session.scalars(select(kind)).one()


def jobs(context: Context, name: str) -> list[OutboxEntry]:
    with context.database.reading() as session:
        return list(
            session.scalars(select(OutboxEntry).where(OutboxEntry.job == name))
        )


def actions(context: Context) -> list[str]:
    with context.database.reading() as session:
        query = (
            select(AuditEntry)
            .where(AuditEntry.entity == "item")
            .order_by(AuditEntry.id)
        )
        return [row.action for row in session.scalars(query)]


def place(context: Context) -> str:
    """The part of a form's address that names the only item."""
    return f"items/{only(context, Item).id}"


def test_an_analyst_sets_it_and_cookies_are_sealed(
    browse: Any, context: Context, reference: str
) -> None:
    analyst, path = browse("analyst"), f"/console/cases/{reference}"
    answer = analyst.post(f"{path}/{place(context)}/access", at=path, **GIVEN)
    assert answer.status_code == 303
    assert answer.location.endswith(f"{path}#where")
    row = only(context, ItemAccess)
    assert COOKIES.encode() not in row.cookies
    with context.database.reading() as session:
        found = access_of(session, context, row.item_id)
    assert (found.cookies, found.referrer) == (COOKIES, GIVEN["referrer"])
    assert COOKIES not in repr(found)
    page = analyst.get(path).text
    assert "Some are set" in page
    assert "8fd0" not in page
    assert GIVEN["referrer"] in page
    assert jobs(context, "item.examine") == []
    # the log says what was changed, never to what
    assert actions(context) == ["item.access_set"]
    with context.database.reading() as session:
        rows = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "item.access_set")
        )
        assert rows.one().details["changed"] == [
            "cookies",
            "referrer",
            "user_agent",
        ]


def test_stored_and_fetched_again(
    browse: Any, context: Context, reference: str
) -> None:
    analyst, path = browse("analyst"), f"/console/cases/{reference}"
    analyst.post(
        f"{path}/{place(context)}/access", at=path, **GIVEN, then="fetch"
    )
    (job,) = jobs(context, "item.examine")
    assert job.payload == {"item_id": str(only(context, Item).id)}
    assert actions(context) == ["item.access_set", "item.fetched_again"]
    # empty cookies keep those that are there
    analyst.post(
        f"{path}/{place(context)}/access",
        at=path,
        referrer="",
        user_agent="",
        fetch_route="",
        cookies="",
    )
    with context.database.reading() as session:
        found = access_of(session, context, only(context, Item).id)
    assert (found.cookies, found.referrer) == (COOKIES, "")


def test_it_is_forgotten_with_its_key(
    browse: Any, context: Context, reference: str
) -> None:
    analyst, path = browse("analyst"), f"/console/cases/{reference}"
    analyst.post(f"{path}/{place(context)}/access", at=path, **GIVEN)
    row = only(context, ItemAccess)
    analyst.post(f"{path}/{place(context)}/access/clear", at=path)
    with context.database.reading() as session:
        assert session.scalars(select(ItemAccess)).all() == []
        assert context.vault.key_of(session, row.id) is None
    assert "Some are set" not in analyst.get(path).text
    assert actions(context)[-1] == "item.access_cleared"


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("cookies", "no pairs here", "give name=value pairs"),
        ("cookies", "a=\u0451", "give name=value pairs"),
        ("referrer", "front page", "give an http or https address"),
        ("referrer", "javascript:alert(1)", "give an http or https address"),
        ("user_agent", "x" * 401, "at most 400 plain characters"),
        ("fetch_route", "tor", "choose one of the list"),
    ],
)
def test_faults_come_back_with_what_was_typed(
    browse: Any,
    context: Context,
    reference: str,
    field: str,
    value: str,
    says: str,
) -> None:
    analyst, path = browse("analyst"), f"/console/cases/{reference}"
    answer = analyst.post(
        f"{path}/{place(context)}/access", at=path, **{**GIVEN, field: value}
    )
    assert answer.status_code == 422
    assert says in answer.text
    assert value.replace('"', "&#34;") in answer.text or field == "fetch_route"
    assert actions(context) == []
    with context.database.reading() as session:
        assert session.scalars(select(ItemAccess)).all() == []


def test_whoever_may_not_assess_sees_no_form(
    browse: Any, reference: str
) -> None:
    assert (
        "How it is fetched"
        not in browse("liaison").get(f"/console/cases/{reference}").text
    )


def test_the_origin_is_asked_for_only_behind_a_network(
    browse: Any, context: Context, reference: str
) -> None:
    analyst, path = browse("analyst"), f"/console/cases/{reference}"
    assert "behind the delivery network" not in analyst.get(path).text
    with context.database.writing() as session:
        item = session.scalars(select(Item)).one()
        item.hosting_kind = "cdn"
        session.add(
            HostingObservation(
                item_id=item.id,
                fact="cdn",
                value="Cloudflare",
                source="x",
                confidence=0.9,
                at=item.last_reported_at,
            )
        )
    assert "behind the delivery network" in analyst.get(path).text
    faulty = analyst.post(
        f"{path}/{place(context)}/origin",
        at=path,
        address="10.0.0.1",
        source="mail 7",
    )
    assert faulty.status_code == 422
    assert "one public address" in faulty.text
    assert 'value="10.0.0.1"' in faulty.text
    answer = analyst.post(
        f"{path}/{place(context)}/origin",
        at=path,
        address="193.0.6.139",
        source="mail 7",
    )
    assert answer.status_code == 303
    page = analyst.get(path).text
    assert "193.0.6.139" in page
    assert "mail 7" in page
    assert len(jobs(context, "item.locate")) == 1
    assert actions(context) == ["item.origin_told"]
