"""Words are found in reasons of steps, and nowhere else; where the case is forgotten, no more."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import inspect, select

from hotline.accounts.models import Person
from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.storage.machine import HistoryEntry
from partners.console import finders_of_words as finders
from partners.forgetting.cases import _empty_history
from tests.support.clock import NOW, Clock
from tests.support.people import make_person
from tests.support.questions import listening
from triage.cases.handling.models import CaseNote
from triage.cases.handling.notes import add_note
from triage.cases.models import Case
from triage.console.search import of_words
from triage.console.search.asked import Asked
from triage.console.search.folding import LETTERS, PLAIN, fold

Browse = Callable[[str], Any]
Make = Callable[..., str]
WHY = "Rihapur: Policia çoi prova të reja nga Shkodra; i njëjti MASHTRUES."


def ask(browser: Any, typed: str) -> str:
    answer = browser.post("/console/search", q=typed)
    assert answer.status_code == 200
    return str(answer.text)


def give_a_reason(
    context: Context,
    reference: str,
    why: str,
    *,
    actor: str = "person:analyst",
) -> None:
    with context.database.writing() as session:
        case = session.scalars(
            select(Case).where(Case.reference == reference)
        ).one()
        session.add(
            HistoryEntry(
                entity="case",
                entity_id=case.id,
                event="reopened",
                from_state="closed",
                to_state="waiting",
                at=Clock().now,
                actor=actor,
                details={"why": why},
            )
        )


@pytest.mark.parametrize(
    "typed",
    ["prova", "PROVA shkodra", "coi", "çoi", "mashtrues policia", "njejti"],
)
def test_every_word_of_a_reason_finds_its_case(
    context: Context, browse: Browse, make_case: Make, typed: str
) -> None:
    reference = make_case()
    give_a_reason(context, reference, WHY)
    page = ask(browse("analyst"), typed)
    assert f"/console/cases/{reference}" in page
    # Where the word stands is said, and by which step it came there.
    assert "Policia çoi prova" in page
    assert "Cases with these words" in page


def test_serbian_and_macedonian_words_are_found(
    context: Context, browse: Browse, make_case: Make
) -> None:
    give_a_reason(context, make_case(), "ЂУРЂА је послала Нови доказ, šta još")
    for typed in ("ђурђа", "НОВИ доказ", "sta jos", "Još"):
        assert "/console/cases/AL-" in ask(browse("analyst"), typed), typed


@pytest.mark.parametrize(
    "typed", ["prov", "prova mungon", "to", "%", "prova' OR '1'='1"]
)
def test_no_other_word_finds_it(
    context: Context, browse: Browse, make_case: Make, typed: str
) -> None:
    give_a_reason(context, make_case(), WHY)
    assert "Cases with these words" not in ask(browse("analyst"), typed)


def test_what_is_sealed_is_not_searched(
    context: Context, browse: Browse, make_case: Make
) -> None:
    reference, browser = make_case(), browse("analyst")
    with context.database.writing() as session:
        case = session.scalars(select(Case)).one()
        person = session.scalars(
            select(Person).where(Person.username == "analyst")
        ).one()
        act = Act(session, context, person.actor, Clock().now)
        add_note(act, case, person, "Sekreti qëndron këtu")
    assert f"/console/cases/{reference}" not in ask(browser, "sekreti")
    with context.database.reading() as session:
        assert session.scalars(select(CaseNote)).one()
    with context.database.engine.connect() as connection:
        sealed = inspect(connection).get_indexes("case_note")
    assert not [row for row in sealed if "word" in str(row["name"])]


def test_it_is_forgotten_with_the_case(
    context: Context, browse: Browse, make_case: Make
) -> None:
    reference = make_case()
    give_a_reason(context, reference, WHY)
    with context.database.writing() as session:
        case = session.scalars(select(Case)).one()
        _empty_history(session, [case.id])
    assert reference not in ask(browse("analyst"), "prova")


def test_what_the_service_says_by_itself_is_not_found(
    context: Context, browse: Browse, make_case: Make
) -> None:
    reference = make_case()
    give_a_reason(context, reference, WHY, actor="system")
    assert reference not in ask(browse("analyst"), "prova")


def test_on_sqlite_only_rows_with_words_are_looked_through(
    context: Context,
) -> None:
    if not context.database.is_sqlite:
        return
    person = make_person()
    with (
        listening(context.database.engine) as asked,
        context.database.reading() as session,
    ):
        for find in (of_words.find_by_words, finders.find_by_words):
            find(Asked("prova", session, context, person, NOW))
    assert len(asked) == 5
    with context.database.engine.connect() as connection:
        for statement, given in asked:
            plan = connection.exec_driver_sql(
                f"EXPLAIN QUERY PLAN {statement}", given
            )
            steps = [row[3] for row in plan]
            assert re.match(
                r"SCAN (\w+) USING INDEX ix_\1\w*_worded$", steps[0]
            ), steps
            assert all(step.startswith("SEARCH ") for step in steps[1:])


def test_whoever_sees_no_case_finds_none(
    context: Context, browse: Browse, make_case: Make
) -> None:
    reference = make_case()
    give_a_reason(context, reference, WHY)
    assert reference not in ask(browse("administrator"), "prova")


def test_letters_are_folded_alike_everywhere() -> None:
    for letter, plain in zip(LETTERS, PLAIN, strict=True):
        assert fold(letter) == plain
    for name in ("0051_words", "0063_more_words", "0067_words_of_routes"):
        module = importlib.import_module(f"workers.migrations.versions.{name}")
        assert (module.LETTERS, module.PLAIN) == (LETTERS, PLAIN)
