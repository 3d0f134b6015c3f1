"""Before a report is sent, the page says which places were understood, and which line was not."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from hotline.intake.form.asking.understood import MOST_SHOWN, Sort
from hotline.intake.registry.answer_values import possible_answers
from hotline.intake.registry.questions import Answer
from triage.cases.people.reading.answers import propose_identifiers
from triage.cases.people.reading.understanding import understand_report
from triage.locations import identify_locations
from triage.locations.understanding import understand_places


def check_page(person: Any, client: FlaskClient, **typed: str) -> str:
    client.get("/report/where?lang=en")
    person.send("/report/where", locations=typed.get("locations", ""))
    person.send("/report/more", narrative=typed.get("narrative", ""))
    return client.get("/report/check").text


def test_each_sort_is_counted_and_shown(
    person: Any, client: FlaskClient
) -> None:
    page = " ".join(
        check_page(
            person,
            client,
            locations="https://a.example/1\nhttps://b.example/2\n"
            "https://a.example/1\n+355 69 212 3456\nsnapchat: wolf_of_tests\n"
            "what I saw there",
        ).split()
    )
    assert "Pages and links (2)" in page
    assert "Telephone numbers (1)" in page
    assert "Accounts and groups (1)" in page
    assert "a person will read it (1)" in page
    assert "what I saw there" in page


def test_without_a_line_the_links_of_the_words_are_shown(
    person: Any, client: FlaskClient
) -> None:
    page = check_page(
        person,
        client,
        narrative="It was on https://a.example/1, call me on 069 212 3456.",
    )
    assert "Pages and links (1)" in page
    # A number in the words may be the reporter's own.
    assert "Telephone numbers" not in page


def test_what_leads_to_the_reported_person_is_shown(
    person: Any, client: FlaskClient
) -> None:
    client.get("/report/what?lang=en")
    person.send("/report/what", kind="sexual_extortion")
    person.send(
        "/report/their_account",
        their_platform="Snapchat",
        their_name="wolf_of_tests",
    )
    # Where money is to go is asked where money was demanded.
    person.send("/report/demand", asked_for="money")
    person.send(
        "/report/payment", payment_way="bank", payment_to="068 212 3456"
    )
    page = " ".join(client.get("/report/check").text.split())
    assert "wolf_of_tests (Snapchat)" in page
    assert "Accounts and groups (1)" in page
    assert "Telephone numbers (1)" in page


@given(
    st.dictionaries(st.sampled_from(list(Answer)), st.text(max_size=60)),
)
def test_every_identifier_that_an_analyst_is_offered_is_shown(
    typed: dict[Answer, str],
) -> None:
    """Whatever is typed into the fields, also what can be no answer."""
    answers = possible_answers(typed)
    understood = understand_report((), "", answers, "AL")
    shown = {text for texts in understood.values() for text in texts}
    offered = {said.display for said in propose_identifiers(answers, "AL")}
    assert shown == offered


def test_where_nothing_was_named_nothing_is_said(
    person: Any, client: FlaskClient
) -> None:
    page = check_page(person, client, narrative="Somebody wrote to me.")
    assert "This is what we understood" not in page


def test_a_long_list_is_cut_and_still_counted(
    person: Any, client: FlaskClient
) -> None:
    lines = "\n".join(f"https://a.example/page-{n}-of" for n in range(30))
    page = check_page(person, client, locations=lines)
    assert "(30)" in page
    shown = page[page.index("This is what we understood") :]
    assert shown.count("-of</span>") == MOST_SHOWN


def test_what_was_typed_cannot_become_a_part_of_the_page(
    person: Any, client: FlaskClient
) -> None:
    page = check_page(person, client, locations="<b>https://a.example/</b>")
    assert "<b>" not in page


@given(st.lists(st.text(max_size=60), max_size=4))
def test_every_place_that_will_be_worked_with_is_shown(
    lines: list[str],
) -> None:
    """What the page says is what is read after it was sent: no place more, and none less."""
    shown = understand_places(lines, "", "AL")
    read = {
        place.key
        for line in lines
        for place in identify_locations(line, "AL")
        if place.key
    }
    counted = sum(
        len(places)
        for sort, places in shown.items()
        if sort is not Sort.UNREAD
    )
    assert counted == len(read)
