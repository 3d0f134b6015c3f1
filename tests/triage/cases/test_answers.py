"""From a reporter's answers to proposals: which facts, which identifiers, and of whom."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotline.core.language.said_time import read_said_time
from hotline.intake.registry.questions import Answer
from triage.cases.people.keeping.checking import check_fact
from triage.cases.people.reading.answers import (
    propose_facts,
    propose_identifiers,
)
from triage.cases.people.times import time_of_fact
from triage.cases.people.vocabulary import (
    FactName,
    IdentifierKind,
    PersonRole,
)

CHILD, THEM = PersonRole.AFFECTED_CHILD, PersonRole.REPORTED_PERSON
A_WALLET = "0x52908400098527886e0f7030069857d2e4169ee7"


def facts_of(**answers: str) -> dict[tuple[PersonRole, FactName], str]:
    said = {Answer(name): value for name, value in answers.items()}
    return {(f.role, f.name): f.value for f in propose_facts(said)}


def identifiers_of(**answers: str) -> list[tuple[str, str, str]]:
    said = {Answer(name): value for name, value in answers.items()}
    return [
        (entry.kind, entry.platform, entry.display)
        for entry in propose_identifiers(said, "AL")
    ]


def test_where_the_child_is_and_how_old_is_a_fact_of_the_child() -> None:
    assert facts_of(
        child_country="MK",
        child_municipality="Tetovo",
        child_age="13",
        going_on="yes",
    ) == {
        (CHILD, FactName.COUNTRY): "MK",
        (CHILD, FactName.MUNICIPALITY): "Tetovo",
        (CHILD, FactName.AGE): "13",
        (CHILD, FactName.GOING_ON): "yes",
    }


def test_a_meeting_and_a_deadline_are_told_in_the_reporter_s_words() -> None:
    key = (CHILD, FactName.NEXT_MEETING)
    assert facts_of(meets="soon", next_meeting="Saturday")[key] == "Saturday"
    assert facts_of(meets="soon")[key] == "soon"
    due = (CHILD, FactName.DEADLINE)
    assert facts_of(deadline="today", deadline_at="8 pm")[due] == "8 pm"
    both = facts_of(next_meeting="Saturday", deadline="today")
    assert (both[key], both[due]) == ("Saturday", "today")


def test_what_says_nothing_is_no_fact() -> None:
    assert facts_of() == {}
    assert facts_of(going_on="unknown", meets="no", deadline="no") == {}
    assert facts_of(child_country="ZZ") == {}


def test_what_is_wanted_is_a_fact_of_the_reported_person() -> None:
    assert facts_of(asked_for="pictures_and_money") == {
        (THEM, FactName.DEMAND): "pictures_and_money"
    }


def test_a_platform_and_a_way_to_pay_say_something_by_themselves() -> None:
    """Nobody knows under which name, or where the money goes: the police can ask there."""
    assert facts_of(their_platform="A game", payment_way="voucher") == {
        (THEM, FactName.PLATFORM): "A game",
        (THEM, FactName.PAYMENT): "voucher",
    }


@pytest.mark.parametrize("stated", ["2026-11-20T22:15", "2026-11-20T22:15Z"])
def test_when_it_was_is_a_fact_that_keeps_its_doubt(stated: str) -> None:
    (fact,) = propose_facts({}, read_said_time(stated))
    assert (fact.role, fact.name) == (THEM, FactName.WHEN)
    said = time_of_fact(fact.name, fact.value)
    assert said is not None
    assert said.is_zone_stated is stated.endswith("Z")


def test_an_account_is_read_with_its_platform() -> None:
    (account,) = identifiers_of(
        their_platform="Snapchat", their_name="wolf_of_tests"
    )
    assert account[:2] == (IdentifierKind.ACCOUNT, "snapchat")
    (unknown,) = identifiers_of(
        their_platform="A game", their_name="wolf of tests"
    )
    assert unknown == (
        IdentifierKind.ACCOUNT,
        "A game",
        "wolf of tests (A game)",
    )


def test_a_number_is_one_also_where_a_name_was_asked_for() -> None:
    (phone,) = identifiers_of(
        their_platform="WhatsApp", their_name="+355 69 212 3456"
    )
    assert phone[0] == IdentifierKind.PHONE


def test_where_money_goes_is_read_by_its_way() -> None:
    wallet = identifiers_of(payment_way="wallet", payment_to=A_WALLET)
    assert wallet[0][:2] == (IdentifierKind.WALLET, "Ethereum")
    iban = identifiers_of(
        payment_way="bank", payment_to="AL47 2121 1009 0000 0002 3569 8741"
    )
    assert iban[0][0] == IdentifierKind.IBAN
    (voucher,) = identifiers_of(payment_way="voucher", payment_to="code 12")
    assert voucher == (IdentifierKind.OTHER, "voucher", "code 12")


LINES = st.text(max_size=40)


@settings(deadline=None)
@given(LINES, LINES, LINES, st.sampled_from(["", "wallet", "card", "bank"]))
def test_no_words_do_more_than_say_nothing(
    name: str, platform: str, paid_to: str, way: str
) -> None:
    """Whatever is proposed can be noted: the service takes it as it stands."""
    said = {
        Answer.THEIR_NAME: name,
        Answer.THEIR_PLATFORM: platform,
        Answer.PAYMENT_TO: paid_to,
        Answer.PAYMENT_WAY: way,
        Answer.NEXT_MEETING: name,
        Answer.CHILD_MUNICIPALITY: platform,
    }
    answers = {answer: value for answer, value in said.items() if value}
    for entry in propose_identifiers(answers, "AL"):
        assert entry.identity
    for fact in propose_facts(answers):
        check_fact(fact.role, fact.name, fact.value)
