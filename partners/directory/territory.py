"""Which office a case belongs to by place: proposed by the child's municipality, never by order.

A list that offers its first row as the answer once sent a child's case to a neighbouring town's
unit. So nothing is proposed unless it is the only office that fits, and an office for another
municipality needs a person's reason.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from hotline.core.language.folding import fold_letters

LOCAL_KINDS = frozenset({"child_protection_unit"})
"""Kinds whose work is local: only an office of the child's own municipality is proposed."""

_OFFICE_WORDS = re.compile(r"^(bashkia|komuna|opština|општина|grad|град)\s+")


class Coverage(StrEnum):
    """How an office's territory relates to where the child is."""

    HERE = "here"  # it is for the child's municipality
    COUNTRY = "country"  # it is for the whole country
    ELSEWHERE = "elsewhere"  # it is for other municipalities
    UNKNOWN = "unknown"  # it is for some municipalities, and nobody knows the child's

    @property
    def needs_reason(self) -> bool:
        return self in (Coverage.ELSEWHERE, Coverage.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Office:
    """What a choice needs to know of a partner. ``territory``: municipalities; empty is all."""

    code: str
    kind: str
    territory: tuple[str, ...]
    is_confirmed: bool


def coverage_of(
    territory: Sequence[str], municipality: str | None
) -> Coverage:
    """Names are compared without case, accents and the word for "municipality of"."""
    if not territory:
        return Coverage.COUNTRY
    if not municipality or not municipality.strip():
        return Coverage.UNKNOWN
    wanted = plain_name(municipality)
    is_covered = any(plain_name(place) == wanted for place in territory)
    return Coverage.HERE if is_covered else Coverage.ELSEWHERE


def propose_office(
    offices: Sequence[Office], municipality: str | None
) -> Office | None:
    """The one office that fits; None where none does, or where several would.

    A local kind fits by municipality alone. Of the others, one for the whole country fits; where
    several are, one that is the only confirmed one among them.
    """
    fitting = [
        office
        for office in offices
        if coverage_of(office.territory, municipality) is _wanted(office.kind)
    ]
    confirmed = [office for office in fitting if office.is_confirmed]
    # In this order: one that fits alone is proposed although nobody has
    # confirmed it yet.
    for candidates in (fitting, confirmed):
        if len(candidates) == 1:
            return candidates[0]
    return None


def plain_name(name: str) -> str:
    """ "Bashkia Durrës" -> "durres"."""
    # Before the accents go: the words for an office are listed with theirs.
    place = _OFFICE_WORDS.sub("", name.strip().casefold())
    return " ".join(fold_letters(place).replace("-", " ").split())


def _wanted(kind: str) -> Coverage:
    return Coverage.HERE if kind in LOCAL_KINDS else Coverage.COUNTRY
