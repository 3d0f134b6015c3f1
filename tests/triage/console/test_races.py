"""What two people do at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from hotline.accounts.service import find_person
from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import Conflict, InvalidInput
from tests.support.at_once import results_at_once
from triage.cases.assessing import findings
from triage.cases.assessing.assess import LONGEST_NOTE, Answers, assess_case
from triage.cases.assessing.claim import claim_case, find_holder
from triage.cases.assessing.rounds import list_assessments
from triage.cases.listing.queue import by_reference

Make = Callable[..., str]
ILLEGAL = {
    "class": "national",
    "kind": "csam_image",
    "age": "pubescent",
    "gender": "female",
}


def claimed(
    context: Context, reference: str, username: str, now: datetime
) -> bool:
    try:
        with context.database.writing() as session:
            case = by_reference(session, reference)
            person = find_person(session, username)
            act = Act(session, context, person.actor, now)
            claim_case(act, case, person, 30)
    except Conflict:
        return False
    return True


def test_of_many_claims_at_once_one_wins(
    context: Context, make_case: Make, clock: Any
) -> None:
    reference = make_case()
    people = ["analyst", "second", "third", "senior", "supervisor"]
    results = results_at_once(
        *(
            partial(claimed, context, reference, name, clock.now)
            for name in people
        )
    )
    assert sorted(results) == [False] * 4 + [True]


def test_a_claim_does_not_trust_what_was_read_before(
    context: Context, make_case: Make, clock: Any
) -> None:
    """Somebody looked at the case while it was free; meanwhile it was taken."""
    reference = make_case()
    with context.database.reading() as looking:
        stale = by_reference(looking, reference)
        assert claimed(context, reference, "analyst", clock.now)
        assert find_holder(stale, clock.now) is None
    assert not claimed(context, reference, "second", clock.now)
    assert claimed(context, reference, "analyst", clock.now)
    assert claimed(
        context, reference, "second", clock.now + timedelta(minutes=30)
    )


def test_of_two_first_assessments_one_is_told_to_wait_its_turn(
    context: Context, make_case: Make, clock: Any
) -> None:
    """Both had the form open; whoever comes later gives the second assessment, blind as it was."""
    reference = make_case()
    for username in ("analyst", "second"):
        with context.database.writing() as session:
            case = by_reference(session, reference)
            person = find_person(session, username)
            act = Act(session, context, person.actor, clock.now)
            assess_case(
                act, case, person, Answers(ILLEGAL), second_required=True
            )
    assert case.state == "assessed"
    with pytest.raises(Conflict), context.database.writing() as session:
        case = by_reference(session, reference)
        person = find_person(session, "third")
        act = Act(session, context, person.actor, clock.now)
        assess_case(act, case, person, Answers(ILLEGAL), second_required=True)


def test_without_a_second_assessment_one_person_decides(
    context: Context, make_case: Make, clock: Any
) -> None:
    reference = make_case()
    with context.database.writing() as session:
        case = by_reference(session, reference)
        person = find_person(session, "analyst")
        act = Act(session, context, person.actor, clock.now)
        assess_case(act, case, person, Answers(ILLEGAL), second_required=False)
    assert (case.state, case.outcome["class"]) == ("assessed", "national")


def test_a_fault_leaves_nothing_behind(
    context: Context, make_case: Make, clock: Any
) -> None:
    reference = make_case()
    with pytest.raises(InvalidInput), context.database.writing() as session:
        case = by_reference(session, reference)
        person = find_person(session, "analyst")
        note = "x" * (LONGEST_NOTE + 1)
        act = Act(session, context, person.actor, clock.now)
        assess_case(
            act,
            case,
            person,
            Answers(ILLEGAL, note=note),
            second_required=True,
        )
    with context.database.reading() as session:
        case = by_reference(session, reference)
        assert case.state == "waiting" and not list_assessments(session, case)


def test_what_is_closed_cannot_be_claimed(
    context: Context, make_case: Make, clock: Any
) -> None:
    assert not claimed(context, make_case("closed"), "analyst", clock.now)


def test_hand_made_facts_are_only_those_that_a_person_knows(
    context: Context, make_case: Make, clock: Any
) -> None:
    reference = make_case()
    for facts in (
        {"home": "RS"},
        {"victim": {"colour": "x"}},
        {"suspect": {"country": "Mars"}},
    ):
        with (
            pytest.raises(InvalidInput),
            context.database.writing() as session,
        ):
            case = by_reference(session, reference)
            person = find_person(session, "analyst")
            act = Act(session, context, person.actor, clock.now)
            findings.set_facts(act, case, facts)
