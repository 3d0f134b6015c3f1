"""A child of whom this hotline is told is here, unless it was said to be elsewhere: on whatever
platform it happened, a person decides about the police, and nobody who could warn is told before.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from hotline.core.context import Context
from hotline.core.jobs.task import Task
from hotline.core.storage.outbox import OutboxEntry
from hotline.intake import service as intake
from hotline.intake.registry.vocabulary import ADULTS, Channel
from hotline.intake.submission import read_submission
from tests.support.clock import NOW
from triage.cases.assessing.rounds import begin_new_round
from triage.cases.examination.appraise import appraise_case
from triage.cases.examination.register import register_report
from triage.cases.models import Case
from triage.jurisdiction import Gate, Route, Routing

ON_A_FOREIGN_PLATFORM = "https://www.instagram.com/wolf_of_tests/"


@pytest.fixture
def context(make_context: Callable[..., Context]) -> Context:
    return make_context(country="AL")


def routes_of(
    context: Context, channel: Channel = Channel.FORM, **said: object
) -> dict[str, Route]:
    """What the rules say of a report of an account, once it was found illegal."""
    with context.database.writing() as session:
        intake.receive_report(
            session,
            context,
            read_submission({"locations": [ON_A_FOREIGN_PLATFORM], **said}),
            channel=channel,
            now=NOW,
        )
        entry = session.scalars(
            select(OutboxEntry).where(OutboxEntry.job == "report.received")
        ).one()
    register_report(Task(context, entry.id, entry.payload, 1, NOW))
    with context.database.writing() as session:
        case = session.scalars(select(Case)).one()
        begin_new_round(case)
        case.outcome = {"class": "national"}
        for item in case.items:
            item.hosting_kind = "platform" if item.platform else "host"
        appraise_case(session, context, case, NOW)
        routing = Routing.from_json(case.routing)
    return {route.to: route for route in routing.routes}


@pytest.mark.parametrize(
    "role", ["child_self", "child_friend", "parent", "professional"]
)
@pytest.mark.parametrize("kind", ["sexual_extortion", "self_generated"])
def test_support_comes_first_and_a_person_decides(
    context: Context, role: str, kind: str
) -> None:
    routes = routes_of(context, kind=kind, reporter_role=role)
    assert next(iter(routes)) == "helpline"
    assert routes["police"].after is Gate.PERSON
    assert not routes["police"].automatic
    assert routes["platform"].after is Gate.POLICE_RELEASE
    assert not routes["platform"].automatic


@pytest.mark.parametrize("role", ["public", "unknown"])
def test_whoever_reports_an_extortion_a_person_decides(
    context: Context, role: str
) -> None:
    routes = routes_of(context, kind="sexual_extortion", reporter_role=role)
    assert "helpline" not in routes
    assert routes["police"].after is Gate.PERSON
    assert routes["platform"].after is Gate.POLICE_RELEASE


def test_a_page_that_a_parent_came_across_is_a_page(context: Context) -> None:
    routes = routes_of(context, kind="csam_image", reporter_role="parent")
    assert "helpline" not in routes


def test_another_organisation_s_report_is_nobody_s_who_looks_after_the_child(
    context: Context,
) -> None:
    """NCMEC writes as a professional; there is no child of its own to be helped with."""
    routes = routes_of(
        context, Channel.PARTNER, kind="grooming", reporter_role="professional"
    )
    assert "helpline" not in routes


@pytest.mark.parametrize("channel", [Channel.PARTNER, Channel.EMAIL])
def test_a_parent_who_told_an_organisation_looks_after_the_child(
    context: Context, channel: Channel
) -> None:
    """No sender is a parent: who told it stands in a line of its report."""
    routes = routes_of(
        context, channel, kind="grooming", reporter_role="parent"
    )
    assert next(iter(routes)) == "helpline"
    assert routes["police"].after is Gate.PERSON


@pytest.mark.parametrize("role", sorted(ADULTS))
def test_an_adult_in_the_picture_is_no_child(
    context: Context, role: str
) -> None:
    """Whoever said so by who they are; a picture of them is one of no child."""
    routes = routes_of(
        context, kind="csam_image", reporter_role=role, own_material=True
    )
    assert "helpline" not in routes
    with context.database.reading() as session:
        (case,) = session.scalars(select(Case)).all()
        reasons = {part["slug"] for part in case.priority_parts}
    assert "child_reporting" not in reasons


@pytest.mark.parametrize("role", ["child_self", "public", "unknown"])
def test_whoever_is_in_the_picture_and_may_be_a_child_is_taken_for_one(
    context: Context, role: str
) -> None:
    routes = routes_of(
        context, kind="csam_image", reporter_role=role, own_material=True
    )
    assert "helpline" in routes
    assert routes["police"].after is Gate.PERSON


@pytest.mark.parametrize("role", ["public", "unknown", "provider"])
@pytest.mark.parametrize(
    "place", ["https://t.me/wolf_of_tests", "@wolf_of_tests on Telegram"]
)
def test_an_unsigned_extortion_where_no_hotline_is_has_a_person_decide(
    context: Context, role: str, place: str
) -> None:
    """Telegram has its seat where nobody takes reports, and an address is used beside it."""
    routes = routes_of(
        context,
        kind="sexual_extortion",
        reporter_role=role,
        locations=[place, "198.51.100.7:4444 2026-11-20T10:00:00Z"],
    )
    assert routes["police"].after is Gate.PERSON
    assert not routes["police"].automatic
    told_there = routes.get("platform")
    assert told_there is None or told_there.after is Gate.POLICE_RELEASE


@pytest.mark.parametrize(
    ("role", "kind"),
    [
        ("child_self", "sexual_extortion"),
        ("parent", "grooming"),
        ("public", "sexual_extortion"),
    ],
)
@pytest.mark.parametrize("country", ["", "AL", "RS"])
def test_nobody_is_taken_to_be_here_who_was_said_to_be_elsewhere(
    context: Context, role: str, kind: str, country: str
) -> None:
    """Which country it is stays sealed until a person reads it; that it is another one counts."""
    answers = {"child_country": country} if country else {}
    routes = routes_of(context, kind=kind, reporter_role=role, answers=answers)
    police = routes["police"]
    is_elsewhere = country == "RS"
    assert ("is in another country" in police.why) is is_elsewhere
    assert ("taken to be" in police.why) is not is_elsewhere
    assert police.after is Gate.PERSON and not police.automatic
    assert routes["platform"].after is Gate.POLICE_RELEASE
    with context.database.reading() as session:
        (case,) = session.scalars(select(Case)).all()
        assert "RS" not in str(case.facts) + str(case.routing["routes"])
