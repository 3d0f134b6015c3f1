"""``hotline case`` and ``hotline referral`` show what is known, and say so in the log."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from hotline.core.act import Act
from hotline.core.context import build_context
from hotline.core.settings import load_settings
from hotline.core.storage.audit import AuditEntry
from hotline.core.storage.ids import new_id
from partners.directory.models import Partner
from partners.referrals.models import Plan, Referral, ReferralOutcome
from partners.referrals.telling.told import gather_told, seal_told
from partners.sending.models import Delivery
from triage.cases.models import Case
from triage.cases.people import service, summaries
from triage.cases.people.reading import read_identifier
from triage.cases.people.vocabulary import (
    FactName,
    FactSource,
    IdentifierKind,
    PersonRole,
    Whose,
)
from triage.items.models import Item
from workers import cli
from workers.migrations.run import stamp_newest
from workers.migrations.tables import metadata

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SUMMARY = "A girl of 12 is to meet a stranger on Saturday."


@pytest.fixture(autouse=True)
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_DATA_DIR", str(tmp_path))
    context = build_context(load_settings())
    metadata.create_all(context.database.engine)
    stamp_newest(context.database)
    with context.database.writing() as session:
        act = Act(session, context, "person:arta", NOW)
        case = add_case(act)
        add_people(act, case)
        add_referral(act, case)
    context.close()


def add_case(act: Act) -> Case:
    item = Item(
        id=new_id(),
        key="part:one",
        kind="narrative",
        canonical="",
        display="",
        first_reported_at=NOW,
        last_reported_at=NOW,
    )
    case = Case(
        id=new_id(),
        reference="AL-2026-000001",
        opened_at=NOW,
        state="in_progress",
        state_since=NOW,
        kind="grooming",
    )
    case.add_item(item, NOW)
    act.session.add(case)
    act.session.flush()
    return case


def add_people(act: Act, case: Case) -> None:
    said = read_identifier(IdentifierKind.PHONE, "", "0692123456", "AL")
    service.add_identifier(
        act,
        case,
        said,
        whose=Whose.REPORTED_PERSON,
        source=FactSource.REPORTER,
    )
    service.set_fact(
        act,
        case,
        PersonRole.AFFECTED_CHILD,
        1,
        FactName.AGE,
        "12",
        source=FactSource.REPORTER,
    )
    summaries.write_summary(act, case, "police", SUMMARY)


def add_referral(act: Act, case: Case) -> None:
    police = Partner(
        id=new_id(),
        code="police-al",
        kind="police",
        country="AL",
        name="The police",
        languages=["en"],
        channel="email",
        address="desk@police.example",
        created_at=NOW,
        approved_at=NOW,
    )
    plan = Plan(
        id=new_id(),
        case_id=case.id,
        routes=[],
        requested_at=NOW,
        requested_by="person:arta",
        approved_by="person:besnik",
        state="approved",
        state_since=NOW,
    )
    act.session.add_all([police, plan])
    act.session.flush()
    referral = Referral(
        id=new_id(),
        reference="AL-R-2026-000001",
        case_id=case.id,
        case=case,
        plan_id=plan.id,
        partner_id=police.id,
        partner=police,
        kind="police",
        urgency="high",
        state="delivered",
        state_since=NOW,
    )
    told = gather_told(act.session, act.context, case, "police")
    seal_told(act.session, act.context, referral, told)
    act.session.add(referral)
    act.session.flush()
    act.session.add(
        ReferralOutcome(
            id=new_id(),
            referral_id=referral.id,
            outcome="child_found",
            at=NOW,
            actor="partner",
        )
    )
    act.session.add(
        Delivery(
            id=new_id(),
            subject="referral",
            subject_id=referral.id,
            partner_id=police.id,
            partner=police,
            channel="email",
            address=police.address,
            purpose="first",
            message_id="<1@hotline.example>",
            created_at=NOW,
            state="sent",
            state_since=NOW,
        )
    )


def log_of() -> list[str]:
    context = build_context(load_settings())
    with context.database.reading() as session:
        actions = list(session.scalars(select(AuditEntry.action)))
    context.close()
    return actions


def test_a_case_is_shown_with_its_people(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.run(["case", "show", "AL-2026-000001", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["people"] == [
        {
            "role": "affected_child",
            "number": 1,
            "facts": {"age": {"value": "12", "source": "reporter"}},
        }
    ]
    assert shown["identifiers"][0]["value"] == "+355 69 212 3456"
    (referral,) = shown["referrals"]
    assert referral["reference"] == "AL-R-2026-000001"
    assert referral["outcomes"][0]["outcome"] == "child_found"
    assert "case.people_read" in log_of()
    assert cli.run(["case", "show", "AL-2026-000001"]) == 0
    text = capsys.readouterr().out
    assert "phone: +355 69 212 3456 (reported person; reporter)" in text


def test_the_list_names_no_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["case", "list"]) == 0
    text = capsys.readouterr().out
    assert "AL-2026-000001" in text and "words only" in text
    assert "+355" not in text
    assert cli.run(["case", "list", "--state", "closed", "--json"]) == 0
    assert capsys.readouterr().out == ""


def test_a_referral_shows_what_the_office_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.run(["referral", "show", "AL-R-2026-000001", "--letter"]) == 0
    assert SUMMARY in capsys.readouterr().out
    arguments = ["referral", "show", "AL-R-2026-000001", "--json-package"]
    assert cli.run(arguments) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["summary"] == SUMMARY
    assert cli.run(["referral", "show", "AL-R-2026-000001", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["state"] == "delivered"
    assert shown["outcomes"] == [
        {"outcome": "child_found", "at": NOW.isoformat()}
    ]
    assert "referral.read" in log_of()


@pytest.mark.parametrize(
    "arguments",
    [
        ["case", "show", "AL-2026-999999"],
        ["referral", "show", "AL-R-2026-999999"],
    ],
)
def test_an_unknown_reference_is_said(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(arguments) != 0
    said = capsys.readouterr()
    assert said.out == "" and "There is no" in said.err
