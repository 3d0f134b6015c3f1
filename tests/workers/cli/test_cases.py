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
from partners.letters.clock import format_stamp
from partners.referrals.models import Plan, Referral, ReferralOutcome
from partners.referrals.telling.told import gather_told, seal_told
from partners.sending.models import Delivery
from partners.subjects import SUBJECTS
from triage.cases.models import Case
from triage.cases.people import service, summaries
from triage.cases.people.reading.words import read_identifier
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
    delivery = Delivery(
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
        sent_at=NOW,
        state="sent",
        state_since=NOW,
    )
    act.session.add(delivery)
    act.session.flush()
    SUBJECTS["referral"](act.session, referral.id).message(act, delivery)


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
    # A slip of the keys must not look like a state in which there is nothing.
    assert cli.run(["case", "list", "--state", "clsoed", "--json"]) == 2
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
        {"outcome": "child_found", "at": format_stamp(NOW)}
    ]
    assert "referral.read" in log_of()


def test_a_referral_is_shown_as_it_left_whatever_is_known_now(
    capsys: pytest.CaptureFixture[str],
) -> None:
    context = build_context(load_settings())
    with context.database.writing() as session:
        act = Act(session, context, "person:arta", NOW)
        referral = session.scalars(select(Referral)).one()
        summaries.write_summary(act, referral.case, "police", "Other words.")
        told = gather_told(session, context, referral.case, "police")
        seal_told(session, context, referral, told)
        referral.partner.address = "new-desk@police.example"
        referral.case.danger_now = True
    context.close()
    assert cli.run(["referral", "show", "AL-R-2026-000001", "--letter"]) == 0
    letter = capsys.readouterr().out
    assert "To: desk@police.example (first)" in letter
    assert "Left: 2026-11-23 09:00:00 UTC" in letter
    assert SUMMARY in letter and "Other words" not in letter
    assert "DANGER" not in letter


def test_nothing_is_shown_of_a_letter_that_did_not_leave(
    capsys: pytest.CaptureFixture[str],
) -> None:
    context = build_context(load_settings())
    with context.database.writing() as session:
        session.scalars(select(Delivery)).one().sent_at = None
    context.close()
    both = ["--letter", "--json-package"]
    assert cli.run(["referral", "show", "AL-R-2026-000001", *both]) == 2
    assert "Choose one" in capsys.readouterr().err
    for option in both:
        assert cli.run(["referral", "show", "AL-R-2026-000001", option]) != 0
        assert "no letter is kept" in capsys.readouterr().err


def test_a_time_without_a_zone_is_never_told_as_if_it_were_certain(
    capsys: pytest.CaptureFixture[str],
) -> None:
    context = build_context(load_settings())
    with context.database.writing() as session:
        act = Act(session, context, "person:arta", NOW)
        case = session.scalars(select(Case)).one()
        case.kind = "p2p"
        (item,) = [place.item for place in case.places]
        said = read_identifier(
            IdentifierKind.IP_ADDRESS,
            "",
            "192.0.2.77:4662 2026-11-01 22:15",
            "AL",
        )
        item.kind = "ip"
        item.canonical = item.display = said.display
        item.hosting_kind, item.hosting_country = "host", "NO"
        service.add_identifier(
            act,
            case,
            said,
            whose=Whose.REPORTED_PERSON,
            source=FactSource.REPORTER,
        )
    context.close()
    show = ["case", "show", "AL-2026-000001"]
    for arguments in (["case", "list"], show):
        assert cli.run(arguments) == 0
        for line in capsys.readouterr().out.splitlines():
            assert ("22:15" in line) == ("time zone not stated" in line), line
    for arguments in (["case", "list", "--json"], [*show, "--json"]):
        assert cli.run(arguments) == 0
        shape = json.loads(capsys.readouterr().out)
        places = shape.get("items") or shape["locations"]
        addresses = [
            entry
            for entry in shape.get("identifiers", ())
            if entry["kind"] == "ip"
        ]
        assert len(addresses) == (arguments[1] == "show")
        for entry in [*places, *addresses]:
            used = entry["used"]
            assert used["time"]["zone_stated"] is False
            assert used["time"]["if_local"] == ["2026-11-01T21:15:00Z"]


def test_what_is_behind_a_person_s_address_is_no_host(
    capsys: pytest.CaptureFixture[str],
) -> None:
    context = build_context(load_settings())
    with context.database.writing() as session:
        case = session.scalars(select(Case)).one()
        case.kind = "p2p"
        (item,) = [place.item for place in case.places]
        item.kind, item.canonical = "ip", "192.0.2.77:4662"
        item.display = item.canonical
        item.hosting_kind, item.hosting_country = "host", "NO"
    context.close()
    assert cli.run(["case", "show", "AL-2026-000001"]) == 0
    text = capsys.readouterr().out
    assert (
        "item 1: 192.0.2.77:4662"
        " (hosting: p2p, NO; removal: nothing; reports: 0)" in text
    )
    assert cli.run(["case", "show", "AL-2026-000001", "--json"]) == 0
    (place,) = json.loads(capsys.readouterr().out)["items"]
    assert place["hosting_kind"] == "p2p"


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
