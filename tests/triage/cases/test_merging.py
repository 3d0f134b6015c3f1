"""Merging and splitting: what survives, and that no decision on a part counts for the whole."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.accounts.models import Person
from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import Conflict, InvalidInput
from hotline.core.storage import machine
from hotline.core.storage.ids import new_id
from hotline.intake.models import Report, ReportPart
from tests.support.cases import open_case
from tests.support.clock import NOW
from tests.support.items import make_item
from tests.support.people import make_person
from tests.support.reports import sight_item
from triage.cases.assessing.assess import Answers, assess_case
from triage.cases.assessing.claim import claim_case
from triage.cases.assessing.untouched import read_past
from triage.cases.floods import count_waiting, weigh_held
from triage.cases.listing.queue import by_reference
from triage.cases.listing.related import Relation, find_related
from triage.cases.merging import merge_cases, split_case
from triage.cases.models import Assessment, Case
from triage.cases.pages.history.diary import tell_history
from triage.cases.people.keeping.forget import forget_people
from triage.cases.people.models import CaseSummary
from triage.cases.people.reading.words import SaidIdentifier
from triage.cases.people.service import (
    add_identifier,
    cases_with_same_identifier,
    list_identifiers,
    list_people,
    set_fact,
)
from triage.cases.people.summaries import read_summaries, write_summary
from triage.cases.people.vocabulary import (
    FactName,
    FactSource,
    IdentifierKind,
    PersonRole,
    Whose,
)
from triage.cases.places import list_parts
from triage.cases.reports import about_case
from triage.cases.vocabulary import Held
from triage.items.models import Sighting

ILLEGAL = {
    "class": "national",
    "kind": "csam_image",
    "age": "pubescent",
    "gender": "female",
}


class World:
    """Two cases that wait, "AL-1" and "AL-2", with a report each, and two people."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.ana, self.ben = (
            make_person("ana", now=NOW),
            make_person("ben", now=NOW),
        )
        with context.database.writing() as session:
            session.add_all([self.ana, self.ben])
            for number in (1, 2):
                self.open(session, number)

    def note_same_number(self) -> None:
        """A telephone number that is noted in both cases."""
        with self.context.database.writing() as session:
            act = self.act(session)
            for number in (1, 2):
                add_identifier(
                    act,
                    by_reference(session, f"AL-{number}"),
                    SaidIdentifier(IdentifierKind.PHONE, "+1", "+1", ""),
                    whose=Whose.UNKNOWN,
                    source=FactSource.ANALYST,
                )

    def split(self, session: Session, case: Case) -> Case:
        """A new case of the case's second location."""
        leaving = [case.places[1].item_id]
        act = self.act(session)
        return split_case(act, case, leaving, self.ana, "another child")

    def open(self, session: object, number: int) -> None:
        item = make_item(f"url:host{number}", now=NOW)
        session.add(item)  # type: ignore[attr-defined]
        session.flush()  # type: ignore[attr-defined]
        sight_item(session, self.context, item)  # type: ignore[arg-type]
        open_case(
            session,  # type: ignore[arg-type]
            item,
            f"AL-{number}",
            state="waiting",
            kind="csam_image",
        )

    def case(self, reference: str) -> Case:
        with self.context.database.reading() as session:
            return by_reference(session, reference)

    def act(self, session: object, person: Person | None = None) -> Act:
        who = person or self.ana
        return Act(session, self.context, who.actor, NOW)  # type: ignore[arg-type]

    def merge(self, into: str = "AL-1", part: str = "AL-2") -> None:
        with self.context.database.writing() as session:
            merge_cases(
                self.act(session),
                by_reference(session, into),
                by_reference(session, part),
                self.ana,
                "the same child",
            )

    def assess(self, reference: str, person: Person) -> None:
        with self.context.database.writing() as session:
            assess_case(
                self.act(session, person),
                by_reference(session, reference),
                person,
                Answers(ILLEGAL),
                second_required=True,
            )

    def say_danger(self, reference: str) -> None:
        """Let the case's report say that a child is in danger now."""
        with self.context.database.writing() as session:
            case = by_reference(session, reference)
            for report in session.scalars(about_case(select(Report), case)):
                report.danger_now = True

    def hold(self, reference: str, **said: object) -> None:
        """Let the case's reports be those of a flood; ``said`` is what they say."""
        with self.context.database.writing() as session:
            case = by_reference(session, reference)
            rows = session.execute(
                select(Sighting, ReportPart)
                .join(ReportPart, ReportPart.id == Sighting.part_id)
                .where(Sighting.item_id == case.places[0].item_id)
            )
            for sighting, part in rows.all():
                sighting.held = part.report.held_for_review = True
                for name, value in said.items():
                    setattr(part.report, name, value)
            session.flush()
            case.held = weigh_held(session, case)

    def change(self, reference: str, **columns: object) -> None:
        with self.context.database.writing() as session:
            case = by_reference(session, reference)
            for name, value in columns.items():
                setattr(case, name, value)


@pytest.fixture
def world(make_context: Callable[..., Context]) -> World:
    return World(make_context(country="AL"))


def test_the_reference_of_the_part_leads_to_the_whole(world: World) -> None:
    world.merge()
    case = world.case("AL-2")
    assert case.reference == "AL-1"
    assert [item.key for item in case.items] == ["url:host1", "url:host2"]
    assert [place.number for place in case.places] == [1, 2]
    with world.context.database.reading() as session:
        states = dict(
            session.execute(select(Case.reference, Case.state)).all()
        )
    assert states == {"AL-1": "waiting", "AL-2": "merged"}


def test_what_was_said_of_either_is_said_of_both(world: World) -> None:
    world.change("AL-2", danger_now=True, child_reporter=True, due_at=NOW)
    world.change("AL-2", facts={"victim": {"country": "AL"}})
    world.change("AL-1", facts={"victim": {"municipality": "Durrës"}})
    world.merge()
    case = world.case("AL-1")
    assert (case.danger_now, case.child_reporter, case.due_at) == (
        True,
        True,
        NOW,
    )
    assert case.facts["victim"] == {"country": "AL", "municipality": "Durrës"}


def test_reports_and_their_receipts_go_with_their_items(world: World) -> None:
    with world.context.database.reading() as session:
        before = session.scalars(select(Sighting.id)).all()
    world.merge()
    with world.context.database.reading() as session:
        case = by_reference(session, "AL-1")
        ids = [item.id for item in case.items]
        after = session.scalars(
            select(Sighting.id).where(Sighting.item_id.in_(ids))
        ).all()
    assert sorted(after) == sorted(before)


def test_people_and_what_leads_to_them_are_sealed_anew(world: World) -> None:
    def said(text: str) -> SaidIdentifier:
        return SaidIdentifier(IdentifierKind.PHONE, text, text, "")

    with world.context.database.writing() as session:
        act = world.act(session)
        first, second = (by_reference(session, f"AL-{n}") for n in (1, 2))
        for case, numbers in (
            (first, ("+355 69 000 0001",)),
            (second, ("+355 69 000 0001", "+355 69 000 0002")),
        ):
            for number in numbers:
                add_identifier(
                    act,
                    case,
                    said(number),
                    whose=Whose.REPORTED_PERSON,
                    source=FactSource.REPORTER,
                )
            set_fact(
                act,
                case,
                PersonRole.AFFECTED_CHILD,
                1,
                FactName.AGE,
                "12",
                source=FactSource.ANALYST,
            )
            write_summary(act, case, "police", f"Words of {case.reference}.")
    world.merge()
    with world.context.database.writing() as session:
        case = by_reference(session, "AL-1")
        # Nothing is opened with the key of the part any more.
        part = session.scalars(
            select(Case).where(Case.reference == "AL-2")
        ).one()
        world.context.vault.erase(session, part.id)
        numbers = [
            entry.display
            for entry in list_identifiers(session, world.context, case)
        ]
        people = list_people(session, world.context, case)
        text = read_summaries(session, world.context, case)["police"]
    assert numbers == ["+355 69 000 0001", "+355 69 000 0002"]
    assert [(p.number, p.value_of(FactName.AGE)) for p in people] == [
        (1, "12"),
        (2, "12"),
    ]
    assert "Words of AL-1." in text and "AL-2:\nWords of AL-2." in text


def test_the_part_forgets_what_the_whole_knows_now(world: World) -> None:
    with world.context.database.writing() as session:
        part = by_reference(session, "AL-2")
        write_summary(world.act(session), part, "police", "She is twelve.")
    world.merge()
    with world.context.database.writing() as session:
        assert forget_people(session, world.context, now=NOW) == 1
        rows = session.scalars(select(CaseSummary.case_id)).all()
        assert rows == [by_reference(session, "AL-1").id]


def test_what_two_people_said_of_a_part_is_no_word_on_the_whole(
    world: World,
) -> None:
    """Also who assessed one of them may assess the whole, and the second one is blind again."""
    world.assess("AL-1", world.ana)
    world.assess("AL-1", world.ben)
    assert world.case("AL-1").state == "assessed"
    world.assess("AL-2", world.ana)
    world.merge()
    case = world.case("AL-1")
    assert (case.state, case.round, case.outcome) == ("waiting", 2, {})
    world.assess("AL-1", world.ana)
    assert world.case("AL-1").state == "second_assessment"
    with pytest.raises(Conflict, match="somebody else"):
        world.assess("AL-1", world.ana)
    world.assess("AL-1", world.ben)
    assert world.case("AL-1").state == "assessed"
    with world.context.database.reading() as session:
        assert len(session.scalars(select(Assessment)).all()) == 5


def test_the_history_says_what_became_of_both(world: World) -> None:
    world.merge()
    with world.context.database.reading() as session:
        part = session.scalars(
            select(Case).where(Case.reference == "AL-2")
        ).one()
        into = by_reference(session, "AL-1")
        last = machine.list_history(session, part.id)[-1]
        took = machine.list_history(session, into.id)[-1]
    assert (last.event, last.details["into"]) == ("merged", "AL-1")
    assert (took.event, took.details["why"]) == ("took_in", "the same child")


@pytest.mark.parametrize(
    "state", ["received", "held", "in_progress", "removed", "closed"]
)
def test_a_case_of_which_somebody_was_told_keeps_its_shape(
    world: World, state: str
) -> None:
    world.change("AL-2", state=state)
    with pytest.raises(Conflict, match="AL-2"):
        world.merge()
    assert [item.key for item in world.case("AL-2").items] == ["url:host2"]


def test_nobody_takes_a_case_out_of_anothers_hands(world: World) -> None:
    with world.context.database.writing() as session:
        case = by_reference(session, "AL-2")
        claim_case(
            world.act(session, world.ben), case, session.merge(world.ben), 30
        )
    with pytest.raises(Conflict, match="Ben"):
        world.merge()


def test_a_case_is_no_part_of_itself_and_a_reason_is_asked_for(
    world: World,
) -> None:
    with pytest.raises(InvalidInput, match="itself"):
        world.merge("AL-1", "AL-1")
    with (
        pytest.raises(InvalidInput, match="why"),
        world.context.database.writing() as session,
    ):
        merge_cases(
            world.act(session),
            by_reference(session, "AL-1"),
            by_reference(session, "AL-2"),
            world.ana,
            "  ",
        )


def test_a_split_gives_both_what_was_said_of_people(world: World) -> None:
    world.change("AL-1", danger_now=True)
    with world.context.database.writing() as session:
        write_summary(
            world.act(session),
            by_reference(session, "AL-1"),
            "police",
            "She is twelve.",
        )
    world.merge()
    with world.context.database.writing() as session:
        case = by_reference(session, "AL-1")
        leaving = case.places[1].item_id
        new_case = world.split(session, case)
        assert new_case.danger_now
        assert [place.item_id for place in new_case.places] == [leaving]
        assert [place.number for place in new_case.places] == [1]
        assert len(case.places) == 1
        assert (case.state, new_case.state) == ("waiting", "waiting")
        for each in (case, new_case):
            words = read_summaries(session, world.context, each)
            assert words == {"police": "She is twelve."}


def test_danger_and_the_clock_of_the_call_stay_with_who_told_of_it(
    world: World,
) -> None:
    """Split off, a case in which nobody is in danger asks for no call, and the other one does."""
    world.say_danger("AL-2")
    world.change("AL-2", danger_now=True, awaits_call_since=NOW)
    world.merge()
    with world.context.database.writing() as session:
        case = by_reference(session, "AL-1")
        assert (case.danger_now, case.awaits_call_since) == (True, NOW)
        new_case = world.split(session, case)
        assert (new_case.danger_now, new_case.awaits_call_since) == (True, NOW)
        assert (case.danger_now, case.awaits_call_since) == (False, None)


def test_where_both_halves_tell_of_danger_both_wait_for_the_call(
    world: World,
) -> None:
    for reference in ("AL-1", "AL-2"):
        world.say_danger(reference)
        world.change(reference, danger_now=True, awaits_call_since=NOW)
    world.merge()
    with world.context.database.writing() as session:
        case = by_reference(session, "AL-1")
        new_case = world.split(session, case)
        for each in (case, new_case):
            assert (each.danger_now, each.awaits_call_since) == (True, NOW)


def test_a_merged_case_splits_and_merges_again(world: World) -> None:
    """Whoever holds the first reference still comes to the case that kept it."""
    world.merge()
    with world.context.database.writing() as session:
        case = by_reference(session, "AL-1")
        new_case = world.split(session, case)
        reference = new_case.reference
    world.merge("AL-1", reference)
    assert [item.key for item in world.case("AL-1").items] == [
        "url:host1",
        "url:host2",
    ]
    assert world.case(reference).reference == "AL-1"
    with world.context.database.reading() as session:
        parts = list_parts(session, by_reference(session, "AL-1"))
        assert [part.reference for part in parts] == ["AL-2", reference]


def test_the_whole_tells_what_happened_in_its_parts(world: World) -> None:
    world.assess("AL-2", world.ana)
    world.merge()
    with world.context.database.writing() as session:
        case = by_reference(session, "AL-1")
        new_case = world.split(session, case)
        told = [
            (happening.part, happening.said, happening.note)
            for happening in tell_history(
                session, case, read_past(session, case), [], []
            )
        ]
        (begun, *_) = reversed(machine.list_history(session, new_case.id))
    assert ("AL-2", "Assessed once", "") in told
    assert (
        "AL-2",
        "Became a part of another case",
        "AL-1, the same child",
    ) in told
    assert (
        "",
        "Another case became a part of it",
        "AL-2, the same child",
    ) in told
    assert begun.details["split_off"] == "AL-1"
    assert begun.details["why"] == "another child"


def test_the_part_of_a_case_is_no_other_case_with_the_same_number(
    world: World,
) -> None:
    world.note_same_number()
    world.merge()
    with world.context.database.reading() as session:
        case = by_reference(session, "AL-1")
        assert cases_with_same_identifier(session, case) == []


def test_what_is_held_waits_where_its_location_went(world: World) -> None:
    world.hold("AL-2", danger_now=True)
    world.merge()
    with world.context.database.writing() as session:
        case = by_reference(session, "AL-1")
        assert case.held == Held.DANGER
        new_case = world.split(session, case)
        assert (case.held, new_case.held) == (Held.NONE, Held.DANGER)
        assert count_waiting(session, [case.id, new_case.id]) == {
            new_case.id: 1
        }


def test_what_was_set_aside_does_not_wait_again_after_a_split(
    world: World,
) -> None:
    world.hold("AL-2", danger_now=True)
    world.change("AL-2", held=Held.NONE)
    world.merge()
    with world.context.database.writing() as session:
        case = by_reference(session, "AL-1")
        new_case = world.split(session, case)
        assert (case.held, new_case.held) == (Held.NONE, Held.NONE)


def test_a_split_leaves_something_and_takes_only_what_is_there(
    world: World,
) -> None:
    with world.context.database.writing() as session:
        case = by_reference(session, "AL-1")
        for chosen, says in (
            ([case.places[0].item_id], "At least one"),
            ([], "Choose"),
            ([new_id()], "Choose"),
        ):
            with pytest.raises(InvalidInput, match=says):
                split_case(world.act(session), case, chosen, world.ana, "x")


def test_the_machine_says_what_cases_share_and_merges_nothing(
    world: World,
) -> None:
    world.note_same_number()
    with world.context.database.reading() as session:
        (other,) = find_related(session, by_reference(session, "AL-1"))
    assert other.case.reference == "AL-2"
    assert other.relations == (Relation.IDENTIFIER,)
    assert world.case("AL-2").reference == "AL-2"
