"""From a reporter's answers to what may be noted of the case's people. No database, no network.

Nothing is noted by itself: a person reads the answers and takes over what holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hotline.core.datafiles.vocabulary import country_codes
from hotline.core.errors import InvalidInput
from hotline.core.language.said_time import SaidTime
from hotline.intake.registry.questions import Answer, Answers
from hotline.intake.registry.vocabulary import (
    Deadline,
    GoingOn,
    Meeting,
    PaymentWay,
)
from triage.cases.people.reading.words import (
    SaidIdentifier,
    find_identifiers,
    read_identifier,
)
from triage.cases.people.vocabulary import (
    FactName,
    IdentifierKind,
    PersonRole,
)

# Where a way of payment has no check digits, the word that tells a card from a voucher.
_PAID_BY = {
    PaymentWay.CARD: "card",
    PaymentWay.VOUCHER: "voucher",
    PaymentWay.PAYPAL: "PayPal",
}


@dataclass(frozen=True, slots=True)
class ProposedFact:
    role: PersonRole
    name: FactName
    value: str


def propose_facts(
    answers: Answers, seen: SaidTime | None = None
) -> tuple[ProposedFact, ...]:
    """What the answers say of the affected child and of the reported person.

    ``seen`` is when it was seen or used; where nobody stated its zone it has none.
    """
    return tuple(
        ProposedFact(role, name, value)
        for role, name, value in (
            *(
                (PersonRole.AFFECTED_CHILD, *fact)
                for fact in _of_child(answers)
            ),
            *(
                (PersonRole.REPORTED_PERSON, *fact)
                for fact in _of_person(answers, seen)
            ),
        )
        if value
    )


def _of_child(answers: Answers) -> Iterator[tuple[FactName, str]]:
    country = answers.get(Answer.CHILD_COUNTRY, "")
    # A client of the API may send two letters that are no country.
    yield FactName.COUNTRY, country if country in country_codes() else ""
    yield FactName.MUNICIPALITY, answers.get(Answer.CHILD_MUNICIPALITY, "")
    yield FactName.AGE, answers.get(Answer.CHILD_AGE, "")
    going_on = answers.get(Answer.GOING_ON, "")
    # "I do not know" is an answer to us and no fact of the child.
    yield FactName.GOING_ON, "" if going_on == GoingOn.UNKNOWN else going_on
    yield (
        FactName.NEXT_MEETING,
        _in_words_or_as_chosen(answers, Answer.NEXT_MEETING, Answer.MEETS),
    )
    yield (
        FactName.DEADLINE,
        _in_words_or_as_chosen(answers, Answer.DEADLINE_AT, Answer.DEADLINE),
    )


SAYS_NO_TIME = frozenset(
    {Meeting.NO, Meeting.UNKNOWN, Deadline.NO, Deadline.UNKNOWN}
)


def _in_words_or_as_chosen(
    answers: Answers, words: Answer, choice: Answer
) -> str:
    """When it is, in the reporter's words, or as the code of the choice where there are none."""
    chosen = answers.get(choice, "")
    return answers.get(words) or ("" if chosen in SAYS_NO_TIME else chosen)


def _of_person(
    answers: Answers, seen: SaidTime | None
) -> Iterator[tuple[FactName, str]]:
    yield FactName.DEMAND, answers.get(Answer.ASKED_FOR, "")
    yield FactName.PLATFORM, answers.get(Answer.THEIR_PLATFORM, "")
    yield FactName.PAYMENT, answers.get(Answer.PAYMENT_WAY, "")
    yield FactName.WHEN, seen.text if seen is not None else ""


def propose_identifiers(
    answers: Answers, country: str
) -> tuple[SaidIdentifier, ...]:
    """What leads to the reported person: the account, and where money is to go.

    ``country`` (ISO 3166) is where a telephone number without a country code belongs.
    """
    proposed = (
        *_accounts_in(answers, country),
        *_payments_in(answers, country),
    )
    # An account may be named again as the way to pay it.
    return tuple({said.identity: said for said in proposed}.values())


def _accounts_in(answers: Answers, country: str) -> Iterator[SaidIdentifier]:
    """A number or a link is one wherever it stands; any other name is an account's."""
    name = answers.get(Answer.THEIR_NAME, "")
    platform = answers.get(Answer.THEIR_PLATFORM, "")
    # What says by its own form what it is needs no platform beside it.
    certain = [
        said
        for said in find_identifiers(name, country)
        if said.platform or said.kind is not IdentifierKind.ACCOUNT
    ]
    yield from certain or _read_as(
        IdentifierKind.ACCOUNT, platform, name, country
    )


def _payments_in(answers: Answers, country: str) -> Iterator[SaidIdentifier]:
    to = answers.get(Answer.PAYMENT_TO, "")
    way = answers.get(Answer.PAYMENT_WAY, "")
    kind = (
        IdentifierKind.WALLET
        if way == PaymentWay.WALLET
        # A voucher's or a card's number has no form by which it could be
        # checked.
        else IdentifierKind.OTHER
    )
    platform = _PAID_BY.get(PaymentWay(way), "") if way else ""
    yield from find_identifiers(to, country) or _read_as(
        kind, platform, to, country
    )


def _read_as(
    kind: IdentifierKind, platform: str, text: str, country: str
) -> Iterator[SaidIdentifier]:
    """Nothing where it cannot be one: the words stand on the page all the same."""
    try:
        yield read_identifier(kind, platform, text, country)
    except InvalidInput:
        return
