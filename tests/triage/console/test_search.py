"""The one box: what it finds, for whom, and what the log keeps of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from sqlalchemy import select

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.storage.audit import AuditEntry
from hotline.core.storage.ids import new_id
from tests.conftest import BACKENDS
from tests.support.clock import Clock
from triage.cases.handling.tags import add_tag
from triage.cases.models import Case
from triage.cases.people.reading.words import read_identifier
from triage.cases.people.service import add_identifier
from triage.cases.people.vocabulary import FactSource, IdentifierKind, Whose
from triage.console.search import of_names
from triage.hosting.facts import FactName
from triage.items.models import HostingObservation, Item
from triage.locations import identify_one

Browse = Callable[[str], Any]
Make = Callable[..., str]


def ask(browser: Any, text: str) -> str:
    """The page with the hits, or the address of the one that is opened."""
    answer = browser.post("/console/search", q=text)
    assert answer.status_code in (200, 303), answer.status_code
    return str(answer.location or answer.text)


def searches(context: Context) -> list[AuditEntry]:
    with context.database.reading() as session:
        return list(
            session.scalars(
                select(AuditEntry)
                .where(AuditEntry.action == "search.made")
                .order_by(AuditEntry.id)
            )
        )


def note(
    context: Context, reference: str, kind: IdentifierKind, text: str
) -> None:
    with context.database.writing() as session:
        case = session.scalars(
            select(Case).where(Case.reference == reference)
        ).one()
        add_identifier(
            Act(session, context, "person:analyst", Clock().now),
            case,
            read_identifier(kind, "", text, "AL"),
            whose=Whose.UNKNOWN,
            source=FactSource.ANALYST,
        )


@pytest.mark.parametrize(
    "typed",
    [
        "AL-2026-000001",
        "al-2026-000001",
        "al-2026-1",
        "Re: case AL-2026-000001.",
        "#AL-2026-000001",
        "2026-1",
        "1",
        " 000001 ",
    ],
)
def test_a_case_is_opened_by_its_reference(
    browse: Browse, make_case: Make, typed: str
) -> None:
    make_case()
    assert ask(browse("analyst"), typed).endswith("/cases/AL-2026-000001")


@pytest.mark.parametrize(
    "typed",
    [
        "http://host7.example/page.html",
        "hxxp://host7[.]example/page.html",
        "look here: host7(dot)example/page.html !",
        "HTTP://HOST7.example:80/page.html",
        "host7.example",
        "host7[.]example",
    ],
)
def test_a_place_is_found_however_it_is_written(
    browse: Browse, make_case: Make, context: Context, typed: str
) -> None:
    url = "http://host7.example/page.html"
    reference = make_case(url=url)
    make_case(url="http://elsewhere.example/other.html")
    with context.database.writing() as session:
        item = session.scalars(
            select(Item).where(Item.host == "host7.example")
        ).one()
        item.key = identify_one(url).key
    assert reference in ask(browse("analyst"), typed)


@pytest.mark.parametrize(
    "typed",
    [
        "192.0.2.77",
        "192[.]0[.]2[.]77",
        "192.0.2.77:4662",
        "192[.]0[.]2[.]77:80, 2026-11-02 10:00:00 (time zone not stated)",
    ],
)
def test_what_is_known_of_an_address_is_found_at_any_port_and_time(
    browse: Browse, make_case: Make, context: Context, typed: str
) -> None:
    reference, other = make_case(), make_case()
    location = identify_one("192.0.2.77:4662 2026-11-01 22:15")
    with context.database.writing() as session:
        item = session.scalars(select(Item).order_by(Item.id).limit(1)).one()
        item.key, item.kind = location.key, location.kind
        item.canonical = item.display = location.canonical
        item.host, item.registrable_domain = location.host, None
    page = ask(browse("analyst"), typed)
    assert reference in page
    assert other not in page


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_was_served_from_an_address_is_found_by_it(
    browse: Browse, make_case: Make, context: Context
) -> None:
    """Hosts of other names may be one machine."""
    here, there = make_case(), make_case()
    with context.database.writing() as session:
        for item, value in zip(
            session.scalars(select(Item).order_by(Item.id)),
            ("203.0.113.9", "203.0.113.99"),
            strict=True,
        ):
            for fact in (FactName.ADDRESS, FactName.COUNTRY):
                session.add(
                    HostingObservation(
                        id=new_id(),
                        item_id=item.id,
                        fact=fact,
                        value=value,
                        source="DNS",
                        confidence=0.9,
                        at=item.last_reported_at,
                    )
                )
    for typed in ("203.0.113.9", "203[.]0[.]113[.]9:443"):
        page = ask(browse("analyst"), typed)
        assert here in page and there not in page, typed
        assert "at this IP address" in page


def test_two_references_are_a_choice(browse: Browse, make_case: Make) -> None:
    first, second = make_case(), make_case()
    page = ask(browse("analyst"), f"{first} and {second.lower()}, not 2026-9")
    assert first in page and second in page


def test_of_a_host_the_newest_cases_and_no_others(
    browse: Browse, make_case: Make
) -> None:
    here = [
        make_case(url=f"http://many.example/{number}.html")
        for number in range(25)
    ]
    there = make_case(url="http://other.example/1.html")
    page = ask(browse("analyst"), "many.example")
    assert here[-1] in page
    assert here[0] not in page  # the queue's filter has all of them
    assert there not in page


def test_networks_and_hosts_are_found_by_a_part_of_their_name(
    browse: Browse, make_case: Make, context: Context
) -> None:
    here = make_case(url="http://cdn.imgbucket.example/1.html")
    there = make_case(url="http://img-store.example/1.html")
    with context.database.writing() as session:
        for number, item in enumerate(session.scalars(select(Item)).all()):
            item.asn = f"AS6450{number}"
            session.add(
                HostingObservation(
                    item_id=item.id,
                    fact=FactName.AS_NAME,
                    value=("Telekom Shqipëria", "Balkan Nets")[number],
                    source="test",
                    confidence=0.9,
                    at=item.last_reported_at,
                )
            )
    browser = browse("analyst")
    for typed in ("telekom", "SHQIPERIA telekom", "cdn.imgb", "cdn.img"):
        page = ask(browser, typed)
        assert here in page and there not in page, typed
    for typed in ("balkan", "img-", "img-store"):
        page = ask(browser, typed)
        assert there in page and here not in page, typed
    both = ask(browser, "img")
    assert there in both
    for typed in ("tele", "bal nets", "%", "imgx", "AS6450"):
        page = ask(browser, typed)
        assert here not in page and there not in page, typed
    assert here not in ask(browse("administrator"), "telekom")


def test_a_network_an_address_and_a_hash(
    browse: Browse,
    make_case: Make,
    add_match: Callable[[str], str],
    context: Context,
) -> None:
    reference = make_case()
    add_match(reference)
    with context.database.writing() as session:
        session.scalars(select(Item)).one().asn = "AS64500"
    browser = browse("analyst")
    for typed in ("AS64500", "as 64500", "ASN64500"):
        assert reference in ask(browser, typed), typed
    assert "Nothing was found" in ask(browser, "AS64501")
    digest = reference.replace("-", "").lower().encode().hex().ljust(64, "0")
    for typed in (digest, digest.upper(), f"SHA-256: {digest}", "a" * 64):
        assert reference in ask(browser, typed), typed


def test_lists_are_named_to_those_who_may_and_that_look_is_noted(
    browse: Browse,
    make_case: Make,
    add_match: Callable[[str], str],
    context: Context,
) -> None:
    add_match(make_case())
    assert "Test list" not in ask(browse("analyst"), "b" * 64)
    assert "Test list" in ask(browse("senior"), "b" * 64)
    with context.database.reading() as session:
        seen = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "hashlist.seen")
        ).all()
    assert [entry.actor for entry in seen] == ["person:senior"]


def test_accounts_and_numbers_are_found_without_being_readable_in_the_log(
    browse: Browse, make_case: Make, context: Context
) -> None:
    reference = make_case()
    note(context, reference, IdentifierKind.PHONE, "+355 69 123 4567")
    note(context, reference, IdentifierKind.ACCOUNT, "Snapchat: wolf_77")
    browser = browse("analyst")
    for typed in (
        "+355691234567",
        "069 123 4567",
        "snapchat: wolf_77",
        "@wolf_77",
        "wolf_77",
    ):
        assert reference in ask(browser, typed), typed
    for entry in searches(context):
        written = f"{entry.entity_id} {entry.details}"
        assert "wolf" not in written
        assert "4567" not in written
        assert entry.details["cases"] == [reference]


def test_a_receipt_leads_to_its_case_and_stands_nowhere(
    browse: Browse, make_case: Make, context: Context
) -> None:
    from hotline.intake import service as intake
    from hotline.intake.models import Report

    reference = make_case()
    receipt = "K7QM-3D9X-0ABC-HJ2P-W5TZ"
    with context.database.writing() as session:
        report = session.scalars(select(Report)).one()
        report.receipt_mac = context.keyring.mac(
            "receipts", receipt.replace("-", "").encode()
        )
        assert intake.find_by_receipt(session, context, receipt) is report
    assert ask(browse("analyst"), receipt.lower()).endswith(reference)
    assert receipt not in str(searches(context)[-1].details)


def test_every_search_is_in_the_log_the_same_words_alike(
    browse: Browse, make_case: Make, context: Context
) -> None:
    make_case()
    browser = browse("analyst")
    for typed in ("nothing here", "NOTHING  here", "else"):
        ask(browser, typed)
    first, second, third = searches(context)
    assert first.actor == "person:analyst"
    assert first.entity_id == second.entity_id != third.entity_id
    ask(browser, "   ")
    assert len(searches(context)) == 3


def test_the_palette_gets_the_hits_alone(
    browse: Browse, make_case: Make
) -> None:
    reference = make_case()
    browser = browse("analyst")
    page = browser.get("/console/search").text
    assert 'name="q"' in page and 'id="palette"' in page
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    hits = browser.client.post(
        "/console/search",
        data={"csrf_token": token, "q": reference},
        headers={"X-Part": "hits"},
    )
    assert reference in hits.text
    assert "<html" not in hits.text


def test_the_console_of_others_has_no_box(browse: Browse) -> None:
    page = browse("auditor").get("/console/password").text
    assert 'id="palette"' not in page


@pytest.mark.parametrize(
    "typed", ["blue cellar", "Blue-Cellar", "BLUE  cellar"]
)
def test_cases_are_found_by_a_tag_that_lasts(
    browse: Browse, make_case: Make, context: Context, clock: Clock, typed: str
) -> None:
    tagged, over, other = make_case(), make_case(), make_case()
    now = clock.now
    with context.database.writing() as session:
        for reference, until in ((tagged, None), (over, now)):
            case = session.scalars(
                select(Case).where(Case.reference == reference)
            ).one()
            begun = Act(session, context, "test", now - timedelta(days=1))
            add_tag(begun, case, "blue cellar", until)
    page = ask(browse("analyst"), typed)
    assert tagged in page
    assert over not in page and other not in page


@pytest.mark.parametrize(
    "exact",
    [
        "AL-2026-000001",
        "AS64500",
        "+355 69 123 4567",
        "host.example",
        "https://host.example/page",
        "0" * 64,
    ],
)
def test_nobody_is_asked_for_names_where_something_exact_was_typed(
    browse: Browse, exact: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would cost as much as all other questions together, where networks are many."""
    asked = Mock(side_effect=of_names._named_networks)
    monkeypatch.setattr(of_names, "_named_networks", asked)
    browser = browse("analyst")
    browser.post("/console/search", q=exact)
    asked.assert_not_called()
    browser.post("/console/search", q="Example Hosting")
    asked.assert_called_once()
