"""Nothing on the log's page stands in the words of the code: no name of a detail, and no value."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from typing import cast

import pytest
from flask import Flask
from flask_babel import force_locale

from hotline.accounts.approvals.kinds import known_kinds
from hotline.accounts.models import PersonAct
from hotline.accounts.permissions import Role
from hotline.core.context import Context
from hotline.core.datafiles.countries import WEEK
from hotline.core.storage.audit import AuditEntry
from hotline.intake.registry.kinds import ReportKind
from hotline.intake.registry.vocabulary import Channel, MessageAuthor
from partners.channels.base import channel_kinds
from partners.directory.kinds import PartnerKind
from partners.duty.states import Way
from partners.manual.vocabulary import OTHER, ManualWay, Outcome
from partners.notices.answers import VERBS
from partners.plans.making.basis import CHANGED, HELD, NOT_NAMED, REOPENED
from partners.plans.making.once import TOLD_ALREADY
from partners.referrals.vocabulary import OfficeOutcome
from partners.sending.attempt import MayLeave
from partners.words import NOTICE_KINDS
from tests.support import recorded
from triage.availability import conclusion
from triage.availability.verdict import REASONS
from triage.cases.assessing.findings import PERSONS_FACTS
from triage.cases.handling.playbook import load_playbooks
from triage.cases.people.summaries import OFFICES
from triage.cases.people.vocabulary import (
    FactName,
    IdentifierKind,
    PersonRole,
    Whose,
)
from triage.console.audit.audit_acts import THINGS
from triage.console.audit.audit_pages import TRAILS
from triage.console.audit.audit_words import TOPICS
from triage.console.audit.detail_names import AS_STORED, NAMES, NAMES_IN
from triage.console.audit.details import Details
from triage.console.audit.trails import Trail
from triage.console.queue import bulk_pages
from triage.console.search import finding
from triage.hashlists.service import ListProperties
from triage.items.access import Access
from triage.jurisdiction import Destination
from triage.viewing.process.question import Problem
from workers.app import create_app
from workers.retention.asked import MetAs

CYRILLIC = re.compile("[а-яѐјљњќѓџ]", re.IGNORECASE)
PROPER = frozenset({"API", "ICCAM", "NCMEC", "SMS", "HTTP", "MD5", "PDQ"})
"""Names that are written so in every language."""
COUNTED = {"counted": 2, "checks": 3}
CODES: tuple[tuple[str, str, Iterable[str]], ...] = (
    ("approval.created", "about", ("log", "viewing", "find")),
    ("bulk_act.created", "deed", ("assess", "plan", "close", "tag")),
    ("case.assessed", "kind", ReportKind),
    ("case.facts_set", "changed", PERSONS_FACTS),
    ("case.identifier_added", "kind", IdentifierKind),
    ("case.identifier_added", "whose", Whose),
    ("case.identifier_erased", "kind", IdentifierKind),
    ("case.identifier_withdrawn", "kind", IdentifierKind),
    ("case.person_fact_set", "fact", FactName),
    ("case.person_fact_set", "role", PersonRole),
    ("case.summary_withdrawn", "to", OFFICES),
    ("case.summary_written", "to", OFFICES),
    ("case.host_moved", "country", ("RS", "DE")),
    ("delivery.cancelled", "reason", set(MayLeave) - {MayLeave.YES}),
    ("delivery.created", "subject", ("notice", "referral", "package")),
    ("duty.called", "way", Way),
    ("duty.contact_set", "ways", Way),
    ("duty.turn_added", "days", WEEK),
    ("duty_alert.called", "ways", Way),
    ("hashlist.changed", "changed", ListProperties.__annotations__),
    ("item.access_set", "changed", [field.name for field in fields(Access)]),
    (
        "link.replaced",
        "reason",
        ("another contact", "the address was changed"),
    ),
    ("manual.recorded", "outcome", Outcome),
    ("manual.recorded", "route", [f"{office}-AL" for office in Destination]),
    ("manual.recorded", "route", [OTHER]),
    ("manual.recorded", "way", ManualWay),
    (
        "notice.contact_unconfirmed",
        "why",
        ("no contact is known", "nobody confirmed the contact yet"),
    ),
    ("notice.created", "kind", NOTICE_KINDS),
    ("notice.disputed", "verb", VERBS),
    ("partner.added", "kind", PartnerKind),
    ("person.added", "role", Role),
    ("person.asked_find", "met", [f"{way}:0" for way in MetAs]),
    ("person.role_changed", "was", Role),
    ("person_request.created", "kind", PersonAct),
    ("plan.created", "routes", Destination),
    ("plan.created", "told_again", Destination),
    ("plan.created", "without_police", Destination),
    (
        "plan.narrowed",
        "reason",
        (REOPENED, CHANGED, NOT_NAMED, HELD, TOLD_ALREADY),
    ),
    ("referral.created", "kind", Destination),
    ("referral.outcomes", "added", OfficeOutcome),
    ("referral.outcomes", "taken_back", OfficeOutcome),
    ("report.message", "author", MessageAuthor),
    ("report_part.created", "channel", Channel),
    ("second_factor.added", "kind", ("app", "passkey")),
    ("second_factor.proven", "way", ("app", "passkey", "recovery_code")),
    ("sign_in.ended", "which", ("one", "others", "all")),
    ("viewing.not_shown", "problem", Problem),
    (
        "case.removed",
        "because",
        (
            *REASONS.values(),
            conclusion.COUNTED_GONE % COUNTED,
            conclusion.COUNTED_DOWN % COUNTED,
            conclusion.NOT_SEEN_AGAIN,
            conclusion.BACK,
            conclusion.OWN_FAULT,
        ),
    ),
)
"""The act, the detail, and all that it may hold."""


@pytest.fixture
def app(make_context: Callable[..., Context]) -> Flask:
    made = make_context("sqlite", country="AL", audiences=("console",))
    return create_app(made)


@pytest.fixture
def macedonian(app: Flask) -> Iterator[Flask]:
    """A language in whose letters no code is written."""
    with app.test_request_context(), force_locale("mk"):
        yield app


def trails(app: Flask) -> list[Trail]:
    return cast(list[Trail], app.extensions[TRAILS])


def say(app: Flask, action: str, **details: object) -> list[tuple[str, str]]:
    entry = AuditEntry(action=action, details=details)
    sayers = [trail.sayers for trail in trails(app)]
    return Details(entry, sayers, {}).list_said()


def require_words(code: str, said: str) -> None:
    is_in_words = CYRILLIC.search(said) or said.partition(" (")[0] in PROPER
    assert is_in_words and (said != code or code in PROPER), (code, said)


def test_every_detail_of_the_code_has_a_name(macedonian: Flask) -> None:
    details = recorded.list_details()
    assert len(details) > 110
    assert not set(details) - set(NAMES)
    for name in (*NAMES.values(), *NAMES_IN.values()):
        require_words("", str(name))


def test_of_every_detail_somebody_said_what_it_holds(app: Flask) -> None:
    spoken = {
        path.rpartition(".")[2]
        for trail in trails(app)
        for path in trail.sayers
    }
    missing = {
        name: [str(place) for place in places]
        for name, places in recorded.list_details().items()
        if name not in spoken | AS_STORED
    }
    assert not missing, "Say it in detail_values, log_words or AS_STORED."


@pytest.mark.parametrize(
    ("action", "detail", "codes"), CODES, ids=[f"{a}.{d}" for a, d, _ in CODES]
)
def test_no_code_is_shown_as_a_code(
    macedonian: Flask, action: str, detail: str, codes: Iterable[str]
) -> None:
    for code in codes:
        for value in (str(code), [str(code)]):
            ((_, said),) = say(macedonian, action, **{detail: value})
            require_words(str(code), said)


def test_what_the_code_itself_writes_is_said_in_words(
    macedonian: Flask,
) -> None:
    written = recorded.list_written()
    assert ("why", "reported again") in written
    for detail, text in written:
        if detail == "name":  # of the demo and the benches
            continue
        said = [
            sayers[path](text)
            for sayers in (trail.sayers for trail in trails(macedonian))
            for path in sayers
            if path.rpartition(".")[2] == detail
        ]
        assert any(CYRILLIC.search(one) for one in said), (detail, text)


def test_things_are_named_by_words(macedonian: Flask) -> None:
    entities = recorded.list_entities()
    assert len(entities) > 25
    assert not entities - set(THINGS)


def test_every_agreement_is_known_and_named(macedonian: Flask) -> None:
    codes = recorded.list_first_words("Kind")
    assert len(codes) > 8
    assert codes == set(known_kinds())
    for code in codes:
        ((_, said),) = say(macedonian, "approval.created", kind=code)
        require_words(code, said)


def test_steps_and_channels_are_said_in_words(macedonian: Flask) -> None:
    for step in load_playbooks().steps:
        ((_, said),) = say(macedonian, "case.step_done", step=step.name)
        require_words(step.name, said)
    for name in channel_kinds():
        ((_, said),) = say(macedonian, "partner.contact_changed", channel=name)
        assert said != name


def test_what_a_search_found_is_counted_by_what_was_looked_for(
    macedonian: Flask,
) -> None:
    finders = finding._finders_of(macedonian)
    assert len(finders) > 10
    for finder in finders:
        found = {finder.name: 2}
        ((_, said),) = say(macedonian, "search.made", found=found)
        require_words(finder.name, said.removesuffix(": 2"))
    assert bulk_pages.find_deed("no such") is None


def test_a_list_of_parts_says_each_of_them(macedonian: Flask) -> None:
    left_out = [
        {"to": "police", "country": "RS", "reason": CHANGED},
        {"to": "helpline", "country": None, "reason": NOT_NAMED},
    ]
    ((name, said),) = say(macedonian, "plan.narrowed", left_out=left_out)
    assert name == "изоставено"
    assert said.count(";") == 1 and "Србија (RS)" in said
    assert not re.search(r"[a-z]{3}", said)


def test_filters_of_an_export_are_said_as_the_page_calls_them(
    macedonian: Flask,
) -> None:
    filters = {
        "who": "system",
        "topic": "house",
        "action": "hold.released",
        "case": "AL-2026-7",
        "first": "2026-03-01",
    }
    ((_, said),) = say(macedonian, "audit.exported", filters=filters)
    assert "AL-2026-7" in said and "2026-03-01" in said
    rest = said.replace("AL-2026-7", "").replace("2026-03-01", "")
    assert not re.search("[a-z]", rest, re.IGNORECASE)
    for topic in TOPICS:
        filters = {"topic": topic.code}
        ((_, said),) = say(macedonian, "audit.exported", filters=filters)
        require_words(topic.code, said)


def test_data_stays_as_it_is(macedonian: Flask) -> None:
    given = {
        "case": "AL-2026-7",
        "address": "https://example.test/a",
        "digest": "00ff",
        "why": "Somebody typed this.",
        "note": "police",
        "version": 3,
    }
    assert [said for _, said in say(macedonian, "x.y", **given)] == [
        str(value) for value in given.values()
    ]
    assert say(macedonian, "x.y", of_an_older_version="gone") == [
        ("of an older version", "gone")
    ]


def test_numbers_days_and_answers_are_written_as_the_reader_writes_them(
    macedonian: Flask,
) -> None:
    said = say(
        macedonian,
        "viewing.on",
        agreed_on="2026-03-01",
        seconds=2.5,
        shared=True,
        gold=False,
    )
    assert [value for _, value in said] == ["01.03.2026", "2,5", "да", "не"]
