"""Which question comes after which: one a page, and support first where a child may be asking.

A page without fields says something and asks nothing. ``values`` are the answers so far, as text.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from hotline.intake.registry.kinds import row_of
from hotline.intake.registry.questions import Answer, Question
from hotline.intake.registry.vocabulary import (
    ABOUT_MONEY,
    ContactReader,
    ReporterRole,
)

QUESTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "where": ("locations",),
        "what": ("kind",),
        "when": ("seen_at", "seen_zone"),
        "who": ("reporter_role", "own_material"),
        "support": (),
        "danger": ("danger_now",),
        "emergency": (),
        **{question.value: question.answers for question in Question},
        "more": ("narrative",),
        "contact": ("contact",),
        "reach": ("contact_way", "safe_time"),
        "pass_on": tuple(f"pass_to_{reader}" for reader in ContactReader),
        "check": (),
    }
)
SHORT_ASKS = (
    Question.DEMAND,
    Question.DEADLINE,
    Question.THEIR_ACCOUNT,
    Question.CHILD_PLACE,
)
"""What is asked on the short way, where nobody asks for the kind: who it is, and what they want."""
PATH = "path"
SHORT = "short"
"""The value of ``PATH`` for whoever came by the support page: fewer questions, danger first."""


class SupportFor(StrEnum):
    """To whom the page of first help speaks."""

    CHILD = "child"
    """To the child itself."""
    FRIEND = "friend"
    """To a child about another one."""
    HELPER = "helper"
    """To a grown-up who looks after the child: a parent, or somebody whose work it is."""
    GROWN_UP = "grown_up"
    """To a grown-up who is in the picture, and is no child."""


_SUPPORT_OF_ROLE: Mapping[str, SupportFor] = {
    ReporterRole.CHILD_SELF: SupportFor.CHILD,
    ReporterRole.CHILD_FRIEND: SupportFor.FRIEND,
    ReporterRole.ADULT_SELF: SupportFor.GROWN_UP,
    ReporterRole.PARENT: SupportFor.HELPER,
}


def support_for(values: Mapping[str, str]) -> SupportFor | None:
    """Who is to be helped first: a child, somebody in the picture, or who looks after a child.

    A teacher or a doctor is told how to help where the kind of report is about a child whom they
    know, and not where they came across a page.
    """
    role = values.get("reporter_role", "")
    support = _SUPPORT_OF_ROLE.get(role)
    # A child is spoken to as a child, whatever else it answered.
    if support in {SupportFor.CHILD, SupportFor.FRIEND}:
        return support
    if values.get("own_material") == "yes":
        return SupportFor.GROWN_UP
    kind = row_of(values.get("kind", ""))
    if role == ReporterRole.PROFESSIONAL and kind.child_is_known:
        return SupportFor.HELPER
    return support


def needs_support(values: Mapping[str, str]) -> bool:
    return support_for(values) is not None


def is_in_danger(values: Mapping[str, str]) -> bool:
    return values.get("danger_now") == "yes"


def asks_when(values: Mapping[str, str]) -> bool:
    """Whether the kind makes the time matter, or one was given that can still be changed."""
    kind = row_of(values.get("kind", ""))
    return kind.time_matters or bool(values.get("seen_at"))


def questions_of(values: Mapping[str, str]) -> tuple[Question, ...]:
    """The questions that the kind brings with it; what was answered stays within reach."""
    is_short = values.get(PATH) == SHORT
    asks = SHORT_ASKS if is_short else row_of(values.get("kind", "")).asks
    open_ones = [question for question in asks if _is_open(question, values)]
    # An answer that no page shows any more could not be changed, and would be
    # sent.
    answered = [
        question
        for question in Question
        if any(values.get(answer) for answer in question.answers)
    ]
    return tuple(dict.fromkeys([*open_ones, *answered]))


def _is_open(question: Question, values: Mapping[str, str]) -> bool:
    """Whether the answers so far leave it to be asked."""
    if question is Question.PAYMENT:
        return values.get(Answer.ASKED_FOR, "") in ABOUT_MONEY
    return not (question.is_about_the_child and is_grown_up_in_picture(values))


def is_about_self(values: Mapping[str, str]) -> bool:
    """Whether the person who writes is the one concerned, and is asked about "you"."""
    is_the_child = values.get("reporter_role") == ReporterRole.CHILD_SELF
    return is_the_child or is_grown_up_in_picture(values)


def is_grown_up_in_picture(values: Mapping[str, str]) -> bool:
    """An adult in the picture is no child, and is not asked about one."""
    return support_for(values) is SupportFor.GROWN_UP


def may_be_reached(values: Mapping[str, str]) -> bool:
    """Whether there is a contact, so that it matters how it is used."""
    return bool(values.get("contact", "").strip())


def path_of(values: Mapping[str, str]) -> tuple[str, ...]:
    """The pages of these answers in their order; an answer may add a page after its own."""
    danger = ("danger", "emergency") if is_in_danger(values) else ("danger",)
    reach = ("reach", "pass_on") if may_be_reached(values) else ()
    asked = tuple(question.value for question in questions_of(values))
    if values.get(PATH) == SHORT:
        # Danger first: whoever comes from the support page may need help right
        # now.
        return (*danger, "where", *asked, "more", "contact", *reach, "check")
    when = ("when",) if asks_when(values) else ()
    support = ("support",) if needs_support(values) else ()
    return (
        "where",
        "what",
        *when,
        "who",
        *support,
        *danger,
        *asked,
        "more",
        "contact",
        *reach,
        "check",
    )


def page_after(page: str, values: Mapping[str, str]) -> str:
    """The page after ``page``; the first one where ``page`` is not on the way."""
    path = path_of(values)
    # An answer may have taken the page out of the way; after the last one
    # comes none.
    if page not in path[:-1]:
        return path[0]
    number = path.index(page)
    return path[number + 1]


def page_before(page: str, values: Mapping[str, str]) -> str | None:
    """The page before ``page``, or None at the beginning."""
    path = path_of(values)
    if page not in path or page == path[0]:
        return None
    number = path.index(page)
    return path[number - 1]


def position_of(page: str, values: Mapping[str, str]) -> tuple[int, int]:
    """Which question this is, of how many; pages without a question do not count."""
    asked = [name for name in path_of(values) if QUESTIONS[name]]
    number = asked.index(page) + 1 if page in asked else 0
    return number, len(asked)
