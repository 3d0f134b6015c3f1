"""What a reporter allows of the contact: asked once it is given, sealed, and gone with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from hotline.core.context import Context
from hotline.core.errors import InvalidInput
from hotline.intake import service
from hotline.intake.api import bulk
from hotline.intake.models import Report
from hotline.intake.registry.contact_terms import NO_TERMS, ContactTerms
from hotline.intake.registry.vocabulary import ContactReader, ContactWay
from hotline.intake.submission import read_submission

CONTACT = "+355 69 000 0000"
WHEN = "weekdays after two"


def contact_in(context: Context) -> service.Contact:
    with context.database.reading() as session:
        report = session.scalars(select(Report)).one()
        return service.contacts_of(session, context, [report])[report.id]


def test_it_is_asked_where_there_is_a_contact_and_only_there(
    person: Any, client: FlaskClient, context: Context
) -> None:
    person.send("/report/more", narrative="words")
    assert person.send("/report/contact").location == "/report/check"
    answer = person.send("/report/contact", contact=CONTACT)
    assert answer.location == "/report/reach"
    answer = person.send("/report/reach", contact_way="call", safe_time=WHEN)
    assert answer.location == "/report/pass_on"
    person.send("/report/pass_on", pass_to_helpline="yes")
    check = client.get("/report/check?lang=en").text
    assert f"Call me, {WHEN}" in check
    assert "A helpline, so that somebody talks with me" in check
    assert person.send("/report/check").status_code == 200
    stored = contact_in(context)
    assert stored.contact == CONTACT
    assert stored.terms == ContactTerms(
        pass_to=[ContactReader.HELPLINE], way=ContactWay.CALL, safe_time=WHEN
    )


def test_nothing_is_allowed_where_nothing_was_ticked(
    person: Any, context: Context
) -> None:
    person.send("/report/all", narrative="words", contact=CONTACT)
    terms = contact_in(context).terms
    assert terms == NO_TERMS
    assert not any(terms.allows(reader) for reader in ContactReader)


def test_a_contact_that_was_taken_out_takes_its_terms_along(
    person: Any, context: Context
) -> None:
    person.send(
        "/report/all", narrative="words", contact="", pass_to_police="yes"
    )
    with context.database.reading() as session:
        assert session.scalars(select(Report.contact_terms)).one() is None


def test_a_time_that_is_too_long_comes_back_as_it_was_typed(
    person: Any, client: FlaskClient
) -> None:
    client.get("/report/where?lang=en")
    person.send("/report/contact", contact=CONTACT)
    answer = person.send("/report/reach", safe_time="<" + "x" * 200)
    assert answer.status_code == 422
    assert "&lt;xxx" in answer.text
    assert "Use at most 200 characters" in answer.text


def test_it_is_sealed_and_goes_with_the_contact(
    person: Any, context: Context
) -> None:
    person.send("/report/all", narrative="x", contact=CONTACT, safe_time=WHEN)
    with context.database.writing() as session:
        report = session.scalars(select(Report)).one()
        assert report.contact_terms is not None
        assert WHEN.encode() not in report.contact_terms
        for part in report.parts:
            part.state = "closed"
    days = context.settings.retention_contact_days
    late = datetime.now(UTC) + timedelta(days=days + 1)
    with context.database.writing() as session:
        service.forget_due(session, context, now=late)
        report = session.scalars(select(Report)).one()
        assert report.contact_terms is None
        assert report.narrative is not None


def test_the_api_and_csv_take_it() -> None:
    terms = {"pass_to": ["police"], "way": "email", "safe_time": WHEN}
    sent = read_submission({"narrative": "x", "contact_terms": terms})
    assert sent.contact_terms.allows("police")
    assert not sent.contact_terms.allows("helpline")
    with pytest.raises(InvalidInput, match="contact_terms/pass_to/0"):
        read_submission(
            {"narrative": "x", "contact_terms": {"pass_to": ["press"]}}
        )
    head = "narrative,contact,pass_to,contact_way,safe_time"
    row = f"x,{CONTACT},police helpline,call,{WHEN}"
    ((_, line),) = bulk.read_lines(f"{head}\n{row}\n".encode(), bulk.CSV)
    assert getattr(line, "contact_terms", None) == ContactTerms(
        pass_to=[ContactReader.POLICE, ContactReader.HELPLINE],
        way=ContactWay.CALL,
        safe_time=WHEN,
    )
