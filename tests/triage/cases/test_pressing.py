"""A meeting soon or a deadline: the case stands above any known picture, and is looked at first."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from hotline.core.context import Context
from hotline.core.jobs.task import Task
from hotline.core.storage.outbox import OutboxEntry
from hotline.intake.submission import read_submission
from tests.support.clock import NOW
from tests.support.reports import receive_report
from triage.cases.examination.appraise import appraise_case
from triage.cases.examination.register import register_report
from triage.cases.models import Case
from triage.priority import WORD_SLUGS


@pytest.mark.parametrize(
    ("kind", "answers", "presses"),
    [
        ("grooming", {"meets": "soon"}, True),
        ("grooming", {"meets": "sometime"}, False),
        ("grooming", {"going_on": "yes"}, True),
        # The page is still there: that is no child who is waited for.
        ("csam_image", {"going_on": "yes"}, False),
        # Whoever came by the page of first help was not asked for the kind.
        ("unknown", {"meets": "soon"}, True),
        ("sexual_extortion", {"deadline": "today"}, True),
        ("sexual_extortion", {"deadline": "days"}, True),
        ("sexual_extortion", {"deadline": "no", "going_on": "no"}, False),
        # Nobody can tell a time from any other words: rather one hurried too much.
        ("sexual_extortion", {"deadline_at": "before Friday"}, True),
        (
            "sexual_extortion",
            {"deadline": "no", "deadline_at": "he says none"},
            False,
        ),
        ("live_stream", {"going_on": "yes"}, True),
        ("grooming", {}, False),
    ],
)
def test_time_presses_where_hours_decide(
    kind: str, answers: dict[str, str], presses: bool
) -> None:
    said = {"narrative": "x", "kind": kind, "answers": answers}
    assert read_submission(said).time_presses is presses


def register(context: Context, url: str, **said: object) -> str:
    """A report with its locations registered, as the job does; the queue of the look at it."""
    with context.database.writing() as session:
        report = receive_report(session, context, url, **said)
        entry = session.scalars(
            select(OutboxEntry).where(OutboxEntry.key == f"report:{report.id}")
        ).one()
        task = Task(context, entry.id, entry.payload, 1, NOW)
    register_report(task)
    with context.database.reading() as session:
        newest = select(OutboxEntry).order_by(OutboxEntry.id.desc()).limit(1)
        return session.scalars(newest).one().queue


def test_it_stands_above_a_picture_that_was_reported_often(
    context: Context,
) -> None:
    meeting = register(
        context,
        "http://chat.example/a",
        kind="grooming",
        answers={"meets": "soon"},
    )
    picture = register(
        context,
        "http://site.example/a",
        kind="csam_image",
        reporter_role="child_friend",
    )
    assert (meeting, picture) == ("urgent", "default")
    with context.database.writing() as session:
        pressing, known = session.scalars(select(Case).order_by(Case.id))
        assert pressing.time_presses
        assert not known.time_presses
        known.item.sighting_count = 500
        known.due_at = NOW
        for case in (pressing, known):
            appraise_case(session, context, case, NOW + timedelta(days=4))
        assert pressing.priority > known.priority


def test_a_later_report_does_not_take_it_away(context: Context) -> None:
    url = "http://chat.example/a"
    register(context, url, kind="grooming", answers={"meets": "soon"})
    register(context, url, kind="grooming", answers={"meets": "no"})
    with context.database.reading() as session:
        assert session.scalars(select(Case)).one().time_presses


def test_words_of_a_report_raise_it_and_the_score_says_why(
    context: Context,
) -> None:
    for name, narrative in (
        ("plain", "I came across this."),
        ("told", "He is in the family and THREATENS her. A hotel was named."),
    ):
        register(
            context,
            f"http://{name}.example/a",
            kind="csam_image",
            narrative=narrative,
        )
    with context.database.writing() as session:
        plain, told = session.scalars(select(Case).order_by(Case.id))
        for case in (plain, told):
            appraise_case(session, context, case, NOW + timedelta(days=4))
        assert plain.word_themes == []
        assert told.word_themes == ["words_meeting", "words_threat"]
        assert told.priority - plain.priority == 16
        reasons = {part["why"] for part in told.priority_parts}
        assert "The report speaks of a meeting." in reasons
        told.outcome = {"class": "not_illegal"}
        appraise_case(session, context, told, NOW + timedelta(days=4))
        slugs = {part["slug"] for part in told.priority_parts}
        assert not slugs & WORD_SLUGS
