"""A case that is over and is reported again begins anew: what was decided then is history."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from hotline.core.context import Context
from hotline.core.jobs.task import Task
from hotline.core.storage.outbox import OutboxEntry
from hotline.intake import service as intake
from hotline.intake.registry.vocabulary import Channel
from hotline.intake.submission import read_submission
from tests.support.clock import NOW
from triage.cases.examination.register import register_report
from triage.cases.models import Case
from triage.cases.vocabulary import CaseState

ACCOUNT = "https://www.instagram.com/wolf_of_tests/"
DECIDED = {"class": "not_illegal", "kind": "account"}


@pytest.fixture
def context(make_context: Callable[..., Context]) -> Context:
    return make_context(country="AL")


def report(context: Context, **said: object) -> None:
    with context.database.writing() as session:
        known = set(session.scalars(select(OutboxEntry.id)))
        submission = read_submission({"locations": [ACCOUNT], **said})
        intake.receive_report(
            session, context, submission, channel=Channel.FORM, now=NOW
        )
        (entry,) = session.scalars(
            select(OutboxEntry).where(
                OutboxEntry.job == "report.received",
                OutboxEntry.id.not_in(known),
            )
        ).all()
    register_report(Task(context, entry.id, entry.payload, 1, NOW))


@pytest.mark.parametrize("state", [CaseState.CLOSED, CaseState.NOT_ILLEGAL])
@pytest.mark.parametrize("danger", [False, True])
def test_nothing_that_was_decided_holds_once_it_is_reported_again(
    context: Context, state: CaseState, danger: bool
) -> None:
    report(context)
    with context.database.writing() as session:
        case = session.scalars(select(Case)).one()
        case.state, case.outcome = state, DECIDED
        case.class_items(
            {place.item_id.hex: "national" for place in case.places}
        )
    report(context, danger_now=danger, reporter_role="parent")
    with context.database.reading() as session:
        case = session.scalars(select(Case)).one()
        assert (case.round, case.outcome) == (2, {})
        assert [place.assessed_class for place in case.places] == [""]
        assert case.danger_now is danger
