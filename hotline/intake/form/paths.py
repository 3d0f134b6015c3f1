"""Which question comes after which: one a page, and support first where a child may be asking.

A page without fields says something and asks nothing. ``values`` are the answers so far, as text.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from hotline.intake.kinds import row_of
from hotline.intake.vocabulary import CHILDREN, ContactReader

QUESTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "where": ("locations",),
        "what": ("kind",),
        "when": ("seen_at", "seen_zone"),
        "who": ("reporter_role", "own_material"),
        "support": (),
        "danger": ("danger_now",),
        "emergency": (),
        "more": ("narrative",),
        "contact": ("contact",),
        "reach": ("contact_way", "safe_time"),
        "pass_on": tuple(f"pass_to_{reader}" for reader in ContactReader),
        "check": (),
    }
)
PATH = "path"
SHORT = "short"
"""The value of ``PATH`` for whoever came by the support page: fewer questions, danger first."""


def needs_support(values: Mapping[str, str]) -> bool:
    """Whether a child is answering, or somebody who is in the picture."""
    is_child = values.get("reporter_role", "") in CHILDREN
    return is_child or values.get("own_material") == "yes"


def is_in_danger(values: Mapping[str, str]) -> bool:
    return values.get("danger_now") == "yes"


def asks_when(values: Mapping[str, str]) -> bool:
    """Whether the kind makes the time matter, or one was given that can still be changed."""
    kind = row_of(values.get("kind", ""))
    return kind.time_matters or bool(values.get("seen_at"))


def may_be_reached(values: Mapping[str, str]) -> bool:
    """Whether there is a contact, so that it matters how it is used."""
    return bool(values.get("contact", "").strip())


def path_of(values: Mapping[str, str]) -> tuple[str, ...]:
    """The pages of these answers in their order; an answer may add a page after its own."""
    danger = ("danger", "emergency") if is_in_danger(values) else ("danger",)
    reach = ("reach", "pass_on") if may_be_reached(values) else ()
    if values.get(PATH) == SHORT:
        return (*danger, "where", "more", "contact", *reach, "check")
    when = ("when",) if asks_when(values) else ()
    support = ("support",) if needs_support(values) else ()
    return (
        "where",
        "what",
        *when,
        "who",
        *support,
        *danger,
        "more",
        "contact",
        *reach,
        "check",
    )


def page_after(page: str, values: Mapping[str, str]) -> str:
    """The page after ``page``; the first one where ``page`` is not on the way."""
    path = path_of(values)
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
