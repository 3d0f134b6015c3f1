"""Words of plans, holds and acts by hand are found; where a child is and who was reached, not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from hotline.core.act import Act
from hotline.core.context import Context
from partners.console.finders import find_notices, find_referrals
from partners.console.finders_of_words import find_by_words
from partners.forgetting.cases import forget_case
from partners.manual.service import Told, record_act
from partners.notices.models import Notice
from partners.plans.making import planning
from partners.referrals import holds
from partners.referrals.models import Hold, Plan, Referral
from tests.support.house import House
from tests.support.routing import HOST, POLICE, ROUTE_IDS, ROUTING
from triage.cases.assessing.rounds import BLIND_STATES
from triage.cases.models import Case
from triage.console.search.asked import Asked
from workers.app import create_app

NOTE = "Çështje e Gjirokastrës: pyet për NJË emër tjetër"
HELD = "Policia u kthye me përgjigje të vonuar"
AGAIN = "U takuar një tjetër, hera e dytë"
WITHOUT = "Nëna kërkoi të mos njoftohet policia"
LEFT_TO_PEOPLE = {
    **ROUTING,
    "routes": [{**POLICE, "after": "person"}, HOST],
}
BY_HAND = "Zyra ishte e mbyllur, thirri roja"


@pytest.fixture(params=["sqlite", "postgresql"])
def context(
    request: pytest.FixtureRequest, make_context: Callable[..., Context]
) -> Context:
    return make_context(request.param, audiences=("console",), package_at="")


@pytest.fixture
def searched(house: House) -> Callable[[str], list[str]]:
    """What a search by words shows of each case that it finds."""
    app = create_app(house.context)
    person = house.person()

    def search(text: str) -> list[str]:
        with (
            app.test_request_context("/console/search?lang=en"),
            house.context.database.reading() as session,
        ):
            asked = Asked(text, session, house.context, person, house.now)
            return [hit.detail for hit in find_by_words(asked)]

    return search


@pytest.fixture
def worked(house: House) -> Case:
    """A case with a plan's note, a hold that was prolonged, and an act by hand."""
    house.partner()
    case = house.case()
    house.decide(case, "police")
    with house.context.database.writing() as session:
        stored = session.get_one(Case, case.id)
        act = Act(session, house.context, "person:arta", house.now)
        session.scalars(select(Plan)).one().note = NOTE
        holds.extend_hold(
            act,
            session.scalars(select(Hold)).one(),
            reason=HELD,
            officer_reference="K-17",
            deadline=house.now + timedelta(days=2),
        )
        record_act(
            act,
            stored,
            Told(
                route=ROUTE_IDS["police"],
                way="telephone",
                outcome="not_reached",
                happened_at=house.now,
                reached="Inspektor Sekret",
                note=BY_HAND,
            ),
        )
    return case


@pytest.mark.services
def test_words_of_what_was_told_are_found(
    worked: Case, searched: Callable[[str], list[str]]
) -> None:
    assert worked
    assert searched("gjirokastres") == [f"Plan: {NOTE}"]
    (held,) = searched("PERGJIGJE vonuar")
    assert held.startswith("Hold") and held.endswith(HELD)
    assert searched("roja mbyllur") == [f"Done by hand: {BY_HAND}"]
    for other in ("sekret", "inspektor", "pergjig", "roja gjirokastres", "K"):
        assert searched(other) == [], other


@pytest.mark.services
@pytest.mark.parametrize("state", BLIND_STATES)
def test_while_a_case_is_assessed_blind_nothing_of_it_is_found(
    house: House,
    worked: Case,
    searched: Callable[[str], list[str]],
    state: str,
) -> None:
    with house.context.database.writing() as session:
        session.get_one(Case, worked.id).state = state
    for words in ("gjirokastres", "vonuar", "roja", "takuar"):
        assert searched(words) == []


@pytest.mark.services
def test_a_refusal_is_found_and_where_a_child_is_not(
    house: House, searched: Callable[[str], list[str]]
) -> None:
    case = house.case_of_a_child_in("Tirana")
    other = house.unit("Durres")
    plan = house.ask_for_unit(other, "Familja jeton në Kavajë")
    besnik = house.person("besnik")
    with house.context.database.writing() as session:
        planning.refuse_plan(
            session,
            session.get_one(Plan, plan.id),
            besnik,
            note="Zyra e gabuar",
            now=house.now,
        )
    assert case
    (refused,) = searched("gabuar")
    assert refused.startswith("Plan") and refused.endswith("Zyra e gabuar")
    assert searched("kavaje") == []


@pytest.mark.services
def test_reasons_of_a_plans_routes_are_found(
    house: House, searched: Callable[[str], list[str]]
) -> None:
    case = house.case(routing=LEFT_TO_PEOPLE)
    house.partner(
        "provider:abuse@isp.example", "provider", address="abuse@isp.example"
    )
    house.request(case, "provider_notice", again=AGAIN, without_police=WITHOUT)
    # Of two reasons the one that was looked for.
    assert searched("TAKUAR dyte") == [f"Plan: {AGAIN}"]
    assert searched("nena kerkoi") == [f"Plan: {WITHOUT}"]
    assert len(searched("takuar nena")) == 2
    for other in ("provider", "again_reason", "takuar gjirokastres", "takua"):
        assert searched(other) == [], other


@pytest.mark.services
def test_it_is_forgotten_with_the_case(
    house: House, worked: Case, searched: Callable[[str], list[str]]
) -> None:
    house.request(worked, "provider_notice", again=AGAIN)
    assert searched("takuar")
    with house.context.database.writing() as session:
        act = Act(session, house.context, "system", house.now)
        forget_case(act, session.get_one(Case, worked.id))
    for words in ("gjirokastres", "vonuar", "roja", "takuar"):
        assert searched(words) == []


@pytest.mark.parametrize("pasted", ["%s", "RE: [%s] your letter", "(%s)."])
def test_our_references_are_found_in_what_was_pasted(
    house: House, pasted: str
) -> None:
    """As the subject of an answer has them."""
    house.partner()
    house.decide(house.case(), "police", "provider_notice")
    app, person = create_app(house.context), house.person()
    for kind, find in ((Referral, find_referrals), (Notice, find_notices)):
        reference = house.only(kind).reference
        with (
            app.test_request_context("/console/search?lang=en"),
            house.context.database.reading() as session,
        ):
            typed = pasted % reference.lower()
            asked = Asked(typed, session, house.context, person, house.now)
            assert [hit.title for hit in find(asked)] == [reference]
