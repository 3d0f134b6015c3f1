"""The auditor finds who did what, when and about which case by choosing, and reads no ids."""

from __future__ import annotations

import csv
import io
import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from hotline.accounts.approvals import service as approvals
from hotline.accounts.approvals.models import Approval
from hotline.accounts.permissions import PERMISSIONS, Role
from hotline.core.act import Act
from hotline.core.context import Context, utc_now
from hotline.core.errors import Forbidden
from hotline.core.storage.audit import AuditEntry
from hotline.core.storage.machine import CREATED, Stateful
from partners.notices.models import Notice
from tests.hotline.test_methods import TOKEN, signed_in
from tests.support import recorded
from tests.support.log import LOG, note, rows
from tests.support.people import make_person
from triage.cases.models import Case, CaseItem
from triage.console.audit.audit_acts import ACTS, THINGS
from triage.console.audit.audit_pages import LOG_EXPORT
from triage.console.audit.audit_words import TOPICS

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-")


def test_times_in_details_are_those_of_the_office(
    context: Context, auditor: FlaskClient
) -> None:
    given = {
        "deadline": "2026-12-01T11:31:58.336711+00:00",
        "written": "2026-12-01T11:31",
        "broken": "2026-19-39T29:31:58+00:00",
    }
    note(context, "hold.created", uuid.uuid4(), **given)
    asked = {"topic": "offices", "lang": "en"}
    (shown,) = rows(auditor.get(LOG, query_string=asked).text)
    assert "deadline: 01.12.2026 12:31 CET" in shown
    assert "written: 2026-12-01T11:31" in shown
    assert "broken: 2026-19-39T29:31:58+00:00" in shown


def test_the_command_line_is_everybody_who_sat_at_it(
    context: Context, auditor: FlaskClient
) -> None:
    for account in ("cli:arta", "cli", "clive", "cli:root"):
        note(context, "hashlist.enabled", account, actor=account)
    shown = rows(auditor.get(LOG, query_string={"who": "cli"}).text)
    assert len(shown) == 3
    assert "(root)" in "".join(shown)
    (own,) = rows(auditor.get(LOG, query_string={"who": "cli:arta"}).text)
    assert "(arta)" in own


def test_a_case_number_finds_all_that_belongs_to_it(
    context: Context, auditor: FlaskClient
) -> None:
    with context.database.reading() as session:
        notice = session.scalars(select(Notice)).first()
        assert notice is not None
        case = session.get(Case, notice.case_id)
        other = session.scalars(
            select(Case.id).where(Case.id != notice.case_id)
        ).first()
        place = session.scalars(
            select(CaseItem).where(CaseItem.case_id == notice.case_id)
        ).first()
    assert case is not None and place is not None
    for action, entity_id in (
        ("case.claimed", case.id),
        ("case_item.removed", place.id),
        ("item.access_set", place.item_id),
        ("notice.sent", notice.id),
        ("case.released", other),
    ):
        note(context, action, entity_id)
    query = {"case": case.reference.lower(), "lang": "en"}
    page = auditor.get(LOG, query_string=query).text
    found = rows(page)
    assert len(found) == 4
    assert all(case.reference in row for row in found)
    assert "case: released" not in " ".join(found)
    assert (
        "Nothing in the log fits"
        in auditor.get(
            LOG, query_string={"case": "AL-1999-1", "lang": "en"}
        ).text
    )


def test_who_what_and_when_are_chosen(
    context: Context, auditor: FlaskClient
) -> None:
    noon = datetime(2026, 3, 10, 12, tzinfo=UTC)
    note(context, "plan.approved", "x", at=noon)
    note(context, "personal.read", "y", at=noon + timedelta(days=1))
    note(context, "sign_in.done", "z", actor="system", at=noon)

    def find(**query: str) -> list[str]:
        page = auditor.get(LOG, query_string={"lang": "en", **query})
        assert page.status_code == 200
        return rows(page.text)

    days = {"first": "2026-03-10", "last": "2026-03-11"}
    assert len(find(**days)) == 3
    assert len(find(first="2026-03-11", last="2026-03-11")) == 1
    (plan,) = find(topic="plans", **days)
    assert "plan: approved" in plan
    (read,) = find(topic="personal", **days)
    assert "personal words: read" in read and "supervisor" in read
    (signed,) = find(who="system", **days)
    assert "the service" in signed
    assert find(topic="no such topic") == []
    assert auditor.get(LOG, query_string={"first": "soon"}).status_code == 422


def test_no_id_is_shown_and_no_code_has_to_be_typed(
    context: Context, auditor: FlaskClient
) -> None:
    with context.database.reading() as session:
        case = session.scalars(select(Case)).first()
    assert case is not None
    note(context, "case.claimed", case.id, item=str(uuid.uuid4()), why="haste")
    page = auditor.get(LOG, query_string={"lang": "en"}).text
    shown = " ".join(rows(page))
    assert "why: haste" in shown and not UUID.search(shown)
    assert "Name of supervisor (supervisor)" in page
    assert (
        'name="entity_id"'
        not in page.partition("<table>")[0].partition("export")[0]
    )


def test_what_an_act_is_about_is_named_where_no_table_holds_it(
    context: Context, auditor: FlaskClient
) -> None:
    for action, entity, own in (
        ("evidence.written", "period", "2026-Q3"),
        ("hashlist.seen", "hash_list", "all"),
        ("sign_in.done", "sign_in", "0a1b2c"),
    ):
        note(context, action, own, entity=entity)
    page = auditor.get(LOG, query_string={"lang": "en"}).text
    shown = " ".join(rows(page))
    assert "2026-Q3" in shown and "all lists" in shown
    assert "0a1b2c" not in shown


def test_details_are_told_as_people_say_them(
    context: Context, auditor: FlaskClient
) -> None:
    note(
        context,
        "hold.judged",
        "x",
        released=False,
        again=True,
        routes=["one way", "another"],
        count=1,
    )
    asked = {"action": "hold.judged", "lang": "en"}
    (row,) = rows(auditor.get(LOG, query_string=asked).text)
    assert "released: no" in row and "again: yes" in row
    assert "to be told: one way, another" in row
    assert "number of them: 1" in row


def test_the_export_holds_what_is_filtered_and_is_noted(
    context: Context, auditor: FlaskClient
) -> None:
    noon = datetime(2026, 3, 10, 12, tzinfo=UTC)
    note(context, "plan.approved", "x", at=noon, why="=1+1")
    note(context, "hashlist.seen", "all", at=noon, entity="hash_list")
    note(context, "plan.approved", "y", at=noon + timedelta(days=9))
    found = TOKEN.search(auditor.get("/console/password").text)
    assert found is not None
    form = {"csrf_token": found[1], "last": "2026-03-10"}
    assert auditor.post(f"{LOG}/export", data=form).status_code == 303
    auditor.post(f"{LOG}/export/ask", data={**form, "why": "Inspection"})
    assert auditor.post(f"{LOG}/export", data=form).status_code == 303
    with context.database.writing() as session:
        session.add(make_person("sam", Role.SUPERVISOR))
        session.flush()
        asked = session.scalars(select(Approval)).one()
        for name in ("auditor", "sam"):
            act = Act(session, context, f"person:{name}", utc_now())
            if name == "auditor":
                with pytest.raises(Forbidden):
                    approvals.grant_approval(act, LOG_EXPORT, asked)
            else:
                approvals.grant_approval(act, LOG_EXPORT, asked)
    answer = auditor.post(f"{LOG}/export", data=form)
    assert answer.status_code == 200
    assert auditor.post(f"{LOG}/export", data=form).status_code == 303
    table = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    things = {row["what"]: row["thing"] for row in table}
    # In codes, whatever the language of whoever exports it.
    assert things == {
        "hashlist.seen": "hash_list all",
        "plan.approved": "plan x",
    }
    assert not any(
        value.startswith(("=", "+", "@"))
        for row in table
        for value in row.values()
    )
    assert table[0]["who"] != "person:auditor"
    with context.database.reading() as session:
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "audit.exported")
        ).one()
    assert entry.actor == "person:auditor"
    assert entry.details["entries"] == 2
    assert (
        auditor.post(f"{LOG}/export", data={"topic": "plans"}).status_code
        == 400
    )


def test_only_an_auditor_may(app: Flask) -> None:
    assert PERMISSIONS["audit.see"] == {Role.AUDITOR}
    supervisor = signed_in(app, Role.SUPERVISOR)
    assert supervisor.get(LOG).status_code == 403


def _list_actions() -> set[str]:
    """What is recorded by the name in the code, and every step of every state machine."""
    named = recorded.list_actions()
    assert len(named) > 140
    steps = {
        f"{kind.machine.name}.{event}"
        for kind in Stateful.__subclasses__()
        for event in {CREATED, *kind.machine.events}
    }
    assert len(steps) > 80
    return named | steps


def test_every_action_in_the_code_belongs_to_a_topic() -> None:
    """A new sort of act must be found by choice, too."""
    beginnings = tuple(
        beginning for topic in TOPICS for beginning in topic.beginnings
    )
    actions = _list_actions()
    assert not {one for one in actions if not one.startswith(beginnings)}


def test_every_read_of_people_is_found_among_the_personal_ones() -> None:
    (personal,) = (topic for topic in TOPICS if topic.code == "personal")
    reads = {
        action
        for action in recorded.list_actions()
        if action.endswith((".read", "_read", "_released"))
        or ".asked_" in action
    }
    assert len(reads) > 6
    missing = {one for one in reads if not one.startswith(personal.beginnings)}
    # Reports that were held are let through; nobody reads them for that.
    assert missing == {"case.reports_released"}


def test_every_action_is_said_in_words() -> None:
    for action in _list_actions():
        thing, _, act = action.partition(".")
        assert thing in THINGS and act in ACTS, action


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "hold: released"), ("mk", "задржување: пуштено")],
)
def test_actions_are_said_in_the_language_of_the_page(
    context: Context, auditor: FlaskClient, language: str, said: str
) -> None:
    note(context, "hold.released", uuid.uuid4())
    note(context, "hold.of_an_older_version", uuid.uuid4())
    page = auditor.get(LOG, query_string={"lang": language}).text
    shown = " ".join(rows(page))
    assert said in shown
    assert "of an older version" in shown
