"""What the queue can be narrowed down to. All of it stands in the address, so that it can be kept.

An account or a number stands in no address: ``same_as`` is the id of the row that notes it in some
case, and finds the cases that note the same.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Self

from sqlalchemy import (
    ColumnElement,
    Select,
    exists,
    false,
    or_,
    select,
    union,
)
from sqlalchemy.orm import aliased

from hotline.accounts.models import Person
from triage.cases.handling.models import CaseTag
from triage.cases.handling.tags import is_readable
from triage.cases.listing.marks import CaseMark, MarkKind, mark_of
from triage.cases.models import Case, CaseItem
from triage.cases.people.models import CaseIdentifier
from triage.fingerprints.model import MATCHABLE_QUALITY
from triage.items.models import ItemMedia
from triage.media.models import Media

UNKNOWN_COUNTRY = "??"
YES = "1"
LONGEST = 300
_NETWORK = re.compile(r"(?:AS)?\s*(\d{1,10})", re.IGNORECASE)


@dataclass(frozen=True)
class Filters:
    """Of the queue; an empty one lets everything through.

    ``country`` "??" is "not known"; ``picture``: a case's reference, whose pictures others have,
    too, which is how a series shows; ``sender``: the name of a known one; ``mine``: held by
    whoever looks.
    """

    country: str = ""
    kind: str = ""
    host: str = ""
    network: str = ""
    hash: str = ""
    same_as: str = ""
    picture: str = ""
    sender: str = ""
    tag: str = ""
    mine: bool = False

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> Self:
        """As an address has them."""
        # Anybody can write an address of any length.
        texts = {name: query.get(name, "").strip()[:LONGEST] for name in TEXTS}
        return cls(**texts, mine=query.get("mine") == YES)

    def to_query(self) -> dict[str, str]:
        """Those that narrow anything down, as an address has them."""
        given = {name: getattr(self, name) for name in TEXTS}
        kept = {name: text for name, text in given.items() if text}
        return {**kept, "mine": YES} if self.mine else kept

    @property
    def is_empty(self) -> bool:
        return not self.to_query()


TEXTS = tuple(field.name for field in fields(Filters) if field.name != "mine")
PARAMETERS = (*TEXTS, "mine", "tab")
"""What of the queue's address is kept with a view."""


def conditions_of(
    filters: Filters, person: Person, now: datetime, *, but: str = ""
) -> list[ColumnElement[bool]]:
    """Of a ``Case`` in the query; ``but``: a mark that it is known to have."""
    conditions = [
        condition(value)
        for name, condition in _CONDITIONS.items()
        if (value := getattr(filters, name))
    ]
    conditions += [
        _has_mark(mark) for mark in marks_of(filters) if mark != but
    ]
    if filters.kind:
        conditions.append(_is_kind(filters.kind, by_mark=bool(but)))
    if filters.tag:
        conditions.append(_has_tag(filters.tag, now))
    if filters.mine:
        conditions += [
            Case.claimed_by_id == person.id,
            Case.claimed_until > now,
        ]
    return conditions


def marks_of(filters: Filters) -> list[str]:
    """The marks that a case must have; those of which few cases have one come first."""
    values = {
        MarkKind.HOST: filters.host.lower(),
        MarkKind.NETWORK: _read_network(filters.network),
        MarkKind.SENDER: filters.sender,
        MarkKind.COUNTRY: filters.country.upper(),
    }
    return [mark_of(kind, values[kind]) for kind in MarkKind if values[kind]]


def _read_network(network: str) -> str:
    """``AS64500`` of what names one; what names none is no mark of any case."""
    number = _NETWORK.fullmatch(network)
    return f"AS{number[1]}" if number else network


def _is_kind(kind: str, *, by_mark: bool) -> ColumnElement[bool]:
    """Of a case, or of one that is read by a mark of it."""
    if not by_mark:
        return Case.kind == kind
    other = aliased(Case)
    return exists(
        # Mark after mark by the index of kinds, which holds all that is asked for: joined, cases
        # would be looked up all over their table to find out that most are of another kind.
        select(other.id)
        .where(
            other.kind == kind,
            other.state == CaseMark.state,
            other.priority == CaseMark.priority,
            other.id == CaseMark.case_id,
        )
        .correlate(CaseMark)
        # Keeps the planner from making a join of it.
        .offset(0)
    )


def _has_mark(mark: str) -> ColumnElement[bool]:
    # Another one than that by which the list may be read.
    other = aliased(CaseMark)
    return exists().where(other.case_id == Case.id, other.mark == mark)


def _has_file(value: str) -> ColumnElement[bool]:
    value = value.lower().replace(" ", "")
    same_file = or_(
        *(
            column == value
            # One field takes whichever hash somebody has at hand.
            for column in (Media.sha256, Media.pdq, Media.sha1, Media.md5)
        )
    )
    files = select(Media.id).where(same_file)
    return Case.id.in_(_cases_with(ItemMedia.media_id.in_(files)))


def _notes_same(identifier_id: str) -> ColumnElement[bool]:
    try:
        row_id = uuid.UUID(identifier_id)
    except ValueError:
        return false()
    identifier = aliased(CaseIdentifier)
    mac = (
        select(identifier.mac).where(identifier.id == row_id).scalar_subquery()
    )
    noted = select(CaseIdentifier.case_id).where(
        CaseIdentifier.mac == mac, CaseIdentifier.withdrawn_at.is_(None)
    )
    return Case.id.in_(noted)


def _shares_pictures(reference: str) -> ColumnElement[bool]:
    """The very files of the case, and pictures that look like them."""
    own_case, own_place = aliased(Case), aliased(CaseItem)
    own_media, own_file = aliased(ItemMedia), aliased(Media)
    own = (
        select(own_file.id)
        .join(own_media, own_media.media_id == own_file.id)
        .join(own_place, own_place.item_id == own_media.item_id)
        .join(own_case, own_case.id == own_place.case_id)
        .where(own_case.reference == reference.upper())
    )
    pictures = own.with_only_columns(own_file.pdq).where(
        own_file.pdq.is_not(None), own_file.pdq_quality >= MATCHABLE_QUALITY
    )
    alike = select(Media.id).where(
        Media.pdq.in_(pictures), Media.pdq_quality >= MATCHABLE_QUALITY
    )
    return Case.id.in_(
        union(
            _cases_with(ItemMedia.media_id.in_(own)),
            _cases_with(ItemMedia.media_id.in_(alike)),
        )
    )


def _has_tag(tag: str, now: datetime) -> ColumnElement[bool]:
    return exists().where(
        CaseTag.case_id == Case.id,
        CaseTag.tag == tag.casefold(),
        is_readable(now),
    )


def _cases_with(condition: ColumnElement[bool]) -> Select[uuid.UUID]:
    return (
        select(CaseItem.case_id)
        .join(ItemMedia, ItemMedia.item_id == CaseItem.item_id)
        .where(condition)
    )


_CONDITIONS = {
    "hash": _has_file,
    "same_as": _notes_same,
    "picture": _shares_pictures,
}
