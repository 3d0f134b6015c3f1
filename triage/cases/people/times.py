"""Which facts about people are a time, and what that time may mean."""

from __future__ import annotations

from hotline.core.language.said_time import SaidTime
from hotline.intake.form.asking.typed_time import read_typed_time
from hotline.intake.registry.vocabulary import SeenZone
from triage.cases.people.vocabulary import FactName

_TIMES = frozenset({FactName.WHEN, FactName.NEXT_MEETING, FactName.DEADLINE})


def time_of_fact(name: str, value: str) -> SaidTime | None:
    """The day and clock that a fact is; None where it says something else, as "on Saturday".

    Nobody is asked for a zone where a fact is noted: what gives none stays without one.
    """
    if name not in _TIMES:
        return None
    try:
        return read_typed_time(value, SeenZone.UNKNOWN, "UTC")
    except ValueError:
        return None
