"""How something was done by hand, and what came of it. The values are stored."""

from __future__ import annotations

from enum import StrEnum

OTHER = "other"
"""Whoever is told without any route of the rules, such as a prosecutor."""


class ManualWay(StrEnum):
    """By what an office or a company was told."""

    TELEPHONE = "telephone"
    PORTAL = "portal"
    """A form or an exchange of theirs, on their own pages."""
    LETTER = "letter"
    MEETING = "meeting"


class Outcome(StrEnum):
    """What came of it."""

    TOLD = "told"
    NOT_REACHED = "not_reached"
    """It is to be tried again."""
    NOT_NEEDED = "not_needed"
    """Somebody decided that it need not be done, and says why."""

    @property
    def settles(self) -> bool:
        """Whether nothing is left to do."""
        return self is not Outcome.NOT_REACHED
