"""The registry of questions that some kinds of report bring with them, and their answers.

A question is a page of the form with one answer or two; which kinds ask it stands in
``hotline.intake.registry.kinds``. To ask something new, add an answer and a question here, name the
question in the rows of the kinds, and translate the words. The form, the page for telephone calls,
the API, CSV and the page of a case's people read this table. Every answer is text, and none is
needed. ::

    Question.MEETING.answers           # (Answer.MEETS, Answer.NEXT_MEETING)
    Answer.MEETS.row.choices           # Meeting
    gettext(Answer.MEETS.row.own)      # how a child is asked about itself
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from hotline.core.language.words import console_words, public_words
from hotline.intake.registry.vocabulary import (
    AskedFor,
    Deadline,
    GoingOn,
    Meeting,
    PaymentWay,
    WordedEnum,
)

OLDEST_CHILD = 17


class Shape(StrEnum):
    """What an answer may be."""

    LINE = "line"
    """A few words."""
    CHOICE = "choice"
    COUNTRY = "country"
    """Two letters of ISO 3166."""
    AGE = "age"
    """The years of a child."""


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """What differs by answer. The words are English sentences that a page translates.

    ``public``   how the form asks for it
    ``own``      how it asks whoever is concerned, where that is another sentence
    ``hint``     an example, or how to write it
    ``console``  how people who work with it call it
    ``choices``  the vocabulary of a choice
    ``urgent``   the values with which time presses: such a report is looked at before others
    """

    shape: Shape
    public: str
    console: str
    own: str = ""
    hint: str = ""
    choices: type[WordedEnum] | None = None
    urgent: frozenset[str] = frozenset()


NO_ROW = AnswerRow(Shape.LINE, public="", console="")


class Answer(StrEnum):
    """One thing that a reporter may say. The values are stored, and sent by clients of the API."""

    row: AnswerRow

    def __new__(cls, code: str, row: AnswerRow = NO_ROW) -> Self:
        member = str.__new__(cls, code)
        member._value_ = code
        member.row = row
        return member

    CHILD_COUNTRY = (
        "child_country",
        AnswerRow(
            Shape.COUNTRY,
            public=public_words("In which country is the child?"),
            own=public_words("In which country are you?"),
            console=console_words("Country of the child"),
        ),
    )
    CHILD_MUNICIPALITY = (
        "child_municipality",
        AnswerRow(
            Shape.LINE,
            public=public_words("In which town or municipality?"),
            hint=public_words(
                "Only the place. No street and no name are needed."
            ),
            console=console_words("Municipality of the child"),
        ),
    )
    CHILD_AGE = (
        "child_age",
        AnswerRow(
            Shape.AGE,
            public=public_words("How old is the child?"),
            own=public_words("How old are you?"),
            hint=public_words("In years, as a number. A guess helps, too."),
            console=console_words("Age of the child"),
        ),
    )
    GOING_ON = (
        "going_on",
        AnswerRow(
            Shape.CHOICE,
            public=public_words("Is it still going on?"),
            console=console_words("Still going on"),
            choices=GoingOn,
            urgent=frozenset({GoingOn.YES}),
        ),
    )
    MEETS = (
        "meets",
        AnswerRow(
            Shape.CHOICE,
            public=public_words("Does that person want to meet the child?"),
            own=public_words("Does that person want to meet you?"),
            console=console_words("Wants to meet"),
            choices=Meeting,
            urgent=frozenset({Meeting.SOON}),
        ),
    )
    NEXT_MEETING = (
        "next_meeting",
        AnswerRow(
            Shape.LINE,
            public=public_words("When and where?"),
            hint=public_words(
                "As far as you know. For example: Saturday at 5, at the bus station."
            ),
            console=console_words("Next meeting"),
        ),
    )
    DEADLINE = (
        "deadline",
        AnswerRow(
            Shape.CHOICE,
            public=public_words(
                "Was a time given by which something must be paid or sent?"
            ),
            console=console_words("Deadline"),
            choices=Deadline,
            urgent=frozenset({Deadline.TODAY, Deadline.DAYS}),
        ),
    )
    DEADLINE_AT = (
        "deadline_at",
        AnswerRow(
            Shape.LINE,
            public=public_words("Until when?"),
            hint=public_words("For example: until tonight at 8."),
            console=console_words("Deadline, in words"),
        ),
    )
    THEIR_PLATFORM = (
        "their_platform",
        AnswerRow(
            Shape.LINE,
            public=public_words("In which app or on which page was it?"),
            hint=public_words("For example Instagram, Snapchat or a game."),
            console=console_words("Platform of the reported person"),
        ),
    )
    THEIR_NAME = (
        "their_name",
        AnswerRow(
            Shape.LINE,
            public=public_words("What is that person called there?"),
            hint=public_words(
                "The name of the account, a telephone number or a link, as it is written there."
            ),
            console=console_words("Name used there"),
        ),
    )
    ASKED_FOR = (
        "asked_for",
        AnswerRow(
            Shape.CHOICE,
            public=public_words("What does that person want?"),
            console=console_words("Asked for"),
            choices=AskedFor,
        ),
    )
    PAYMENT_WAY = (
        "payment_way",
        AnswerRow(
            Shape.CHOICE,
            public=public_words("How is the money to be paid?"),
            console=console_words("Way of payment"),
            choices=PaymentWay,
        ),
    )
    PAYMENT_TO = (
        "payment_to",
        AnswerRow(
            Shape.LINE,
            public=public_words("To whom or where?"),
            hint=public_words(
                "A wallet, an account, a name or an e-mail address, as you were told it."
                " Do not write the number of your own card."
            ),
            console=console_words("Paid to"),
        ),
    )


class Question(StrEnum):
    """A page of the form; its first answer gives it its heading."""

    answers: tuple[Answer, ...]

    def __new__(cls, code: str, answers: tuple[Answer, ...] = ()) -> Self:
        member = str.__new__(cls, code)
        member._value_ = code
        member.answers = answers
        return member

    CHILD_PLACE = (
        "child_place",
        (Answer.CHILD_COUNTRY, Answer.CHILD_MUNICIPALITY),
    )
    CHILD_AGE = ("child_age", (Answer.CHILD_AGE,))
    GOING_ON = ("going_on", (Answer.GOING_ON,))
    MEETING = ("meeting", (Answer.MEETS, Answer.NEXT_MEETING))
    DEADLINE = ("deadline", (Answer.DEADLINE, Answer.DEADLINE_AT))
    THEIR_ACCOUNT = (
        "their_account",
        (Answer.THEIR_PLATFORM, Answer.THEIR_NAME),
    )
    DEMAND = ("demand", (Answer.ASKED_FOR,))
    PAYMENT = ("payment", (Answer.PAYMENT_WAY, Answer.PAYMENT_TO))

    @property
    def is_about_the_child(self) -> bool:
        return self in {Question.CHILD_PLACE, Question.CHILD_AGE}


Answers = Mapping[Answer, str]


def is_urgent(answers: Answers, *, child_in_contact: bool) -> bool:
    """Whether time presses: a meeting soon, a deadline, or somebody who acts against a child now.

    "Still going on" says that only where the kind of report has somebody in contact with a child: a
    page that is still there goes on, too. Whoever writes when and where, and chooses nothing beside
    it, has said that there is a time.
    """
    is_chosen = any(
        value in answer.row.urgent
        for answer, value in answers.items()
        if child_in_contact or answer is not Answer.GOING_ON
    )
    is_written = any(
        answers.get(words) and answers.get(choice, "") in _CHOOSES_NOTHING
        for words, choice in _TIMES
    )
    return is_chosen or is_written


_TIMES = (
    (Answer.NEXT_MEETING, Answer.MEETS),
    (Answer.DEADLINE_AT, Answer.DEADLINE),
)
"""A time in words, and the choice that stands before it on the same page."""
_CHOOSES_NOTHING = frozenset({"", Meeting.UNKNOWN, Deadline.UNKNOWN})


def seal_answers(answers: Answers) -> str:
    """As they are sealed at rest; "" where nothing was answered."""
    return json.dumps(dict(answers)) if answers else ""


def read_answers(text: str) -> Answers:
    """What ``seal_answers`` wrote; without answers that are asked for no more."""
    if not text:
        return {}
    # Reports outlive the questions that were once asked.
    codes = set(Answer)
    return {
        Answer(code): value
        for code, value in json.loads(text).items()
        if code in codes
    }
