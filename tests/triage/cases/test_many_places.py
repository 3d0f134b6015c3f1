"""What an organisation reports together is one case, however many places it names."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.core.context import Context
from hotline.core.jobs.task import Task
from hotline.core.storage.outbox import OutboxEntry
from hotline.intake import submission
from hotline.intake.inbound import mime
from hotline.intake.inbound.findings import Inbound
from hotline.intake.inbound.formats import arf, ncmec, plain, xarf
from hotline.intake.inbound.store import Stored, store_inbound
from hotline.intake.models import Report
from hotline.intake.registry.vocabulary import Channel
from tests.hotline.intake.inbound import test_arf, test_ncmec, test_xarf
from tests.support.clock import NOW
from tests.support.reports import receive_report
from triage.cases.examination.register import register_report
from triage.cases.models import Case
from triage.locations.places import find_places

MANY = 120
PAGES = [f"https://host{number}.test/page" for number in range(MANY)]


def by_cybertipline() -> tuple[Inbound, ...]:
    named = "".join(f"<url>{page}</url>" for page in PAGES)
    internet = f"<webPageIncident>{named}</webPageIncident>"
    return ncmec.parse_cybertipline(
        test_ncmec.report(internet=internet, more="")
    )


def by_arf() -> tuple[Inbound, ...]:
    fields = "Feedback-Type: abuse\nUser-Agent: x\nVersion: 1\n"
    fields += "".join(f"Reported-URI: {page}\n" for page in PAGES)
    return arf.parse_arf(test_arf.message(fields))


def by_letter() -> tuple[Inbound, ...]:
    words = "\n".join(PAGES)
    raw = f"Content-Type: text/plain; charset=utf-8\n\n{words}\n"
    return plain.read(mime.parse_message(raw.encode()), find_places)


def by_xarf() -> tuple[Inbound, ...]:
    """A document names one page, and any number of addresses that were used."""
    addresses = [f"198.51.100.{number}" for number in range(MANY - 1)]
    document = {
        **test_xarf.REPORT,
        "source_port": 443,
        "hash_values": {},
        "perpetrator_indicators": {"ip_addresses": addresses},
    }
    return xarf.parse_xarf(json.dumps(document).encode())


def store(context: Context, reports: tuple[Inbound, ...]) -> list[Stored]:
    with context.database.writing() as session:
        return store_inbound(
            session,
            context,
            reports,
            channel=Channel.PARTNER,
            source="A partner",
            now=NOW,
        )


def register_all(context: Context) -> None:
    with context.database.reading() as session:
        entries = session.scalars(
            select(OutboxEntry).where(
                OutboxEntry.job == "report.received",
                OutboxEntry.done_at.is_(None),
            )
        ).all()
    for entry in entries:
        register_report(Task(context, entry.id, entry.payload, 1, NOW))


def count_reports(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Report)) or 0


@pytest.mark.services
@pytest.mark.parametrize(
    "reports", [by_cybertipline, by_arf, by_letter, by_xarf]
)
def test_a_report_of_many_places_is_one_case_and_comes_in_once(
    context: Context, reports: Callable[[], tuple[Inbound, ...]]
) -> None:
    (first,) = store(context, reports())
    register_all(context)
    (again,) = store(context, reports())
    register_all(context)
    assert (first.new, again.new) == (True, False)
    assert first.report_id == again.report_id
    with context.database.reading() as session:
        (case,) = session.scalars(select(Case)).all()
        assert len(case.places) == MANY
        assert {item.sighting_count for item in case.items} == {1}
        assert count_reports(session) == 1


def test_a_place_that_nobody_has_decided_on_draws_all_the_others(
    make_context: Callable[..., Context],
) -> None:
    context = make_context()
    with context.database.writing() as session:
        receive_report(session, context, PAGES[MANY - 1])
    register_all(context)
    store(context, by_cybertipline())
    register_all(context)
    with context.database.reading() as session:
        (case,) = session.scalars(select(Case)).all()
        assert len(case.places) == MANY


def test_a_file_that_was_several_reports_once_does_not_come_in_again(
    make_context: Callable[..., Context],
) -> None:
    """Before one report could hold them all, each fifty of them were one."""
    context = make_context()
    (whole,) = by_cybertipline()
    parts = tuple(
        Inbound(
            whole.submission.model_copy(
                update={"locations": PAGES[at : at + submission.MAX_LOCATIONS]}
            ),
            whole.reference,
        )
        for at in range(0, MANY, submission.MAX_LOCATIONS)
    )
    before = store(context, parts)
    assert [each.new for each in before] == [True, True, True]
    (again,) = store(context, (whole,))
    assert (again.new, again.report_id) == (False, before[0].report_id)
    with context.database.reading() as session:
        assert count_reports(session) == len(parts)


def test_what_shares_only_its_first_places_with_an_older_file_is_new(
    make_context: Callable[..., Context],
) -> None:
    context = make_context()
    (whole,) = by_cybertipline()
    places = whole.submission.locations[: submission.MAX_LOCATIONS]
    beginning = whole.submission.model_copy(update={"locations": places})
    store(context, (Inbound(beginning, whole.reference),))
    (later,) = store(context, (whole,))
    assert later.new
