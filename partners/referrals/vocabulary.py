"""The words for what comes of a referral, as the office that has it says. All are stored."""

from __future__ import annotations

from enum import StrEnum


class OfficeOutcome(StrEnum):
    """What an office achieved, or found. Which kind may say what is in ``offices.toml``."""

    TAKEN_UP = "taken_up"
    """It worked on it. Every kind may say so, by its answer."""
    NO_ACTION = "no_action"
    """It does nothing. Every kind may say so, by its answer."""
    CHILD_FOUND = "child_found"
    """It is known who the affected child is, and where."""
    PERSON_IDENTIFIED = "person_identified"
    """It is known who the reported person is."""
    PROSECUTED = "prosecuted"
    """Proceedings before a court were opened."""
    PLAN_MADE = "plan_made"
    """There is a plan for the protection of the child."""
    SUPPORTED = "supported"
    """The child or its family gets help."""
    CHILD_SAFE = "child_safe"
    """The child is out of danger."""
    NOT_FOUND = "not_found"
    """The child or family was looked for and not found."""
    DECLINED = "declined"
    """Who was offered help did not want it."""
    PASSED_ON = "passed_on"
    """It went to another office, which is responsible."""
    THANKS = "thanks"
    """It thanks those who worked on it, who are shown so on their own page."""


BY_ANSWER = frozenset({OfficeOutcome.TAKEN_UP, OfficeOutcome.NO_ACTION})
"""These are stored with the answer of the same name; the page does not ask for them again."""
