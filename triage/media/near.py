"""Files that show nearly the same picture, found by an index and not by reading them all.

Two PDQ hashes of one picture that was saved anew differ by some of their 256 bits. Cut into sixteen
pieces of sixteen bits, two hashes that are at most 31 bits apart have a piece in which they differ
by one bit or none (sixteen pieces with two each would be 32). Each piece has an index of its own,
so that seventeen spellings of each piece find every near hash, and few that are not.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator
from functools import cache

from sqlalchemy import (
    Select,
    bindparam,
    literal_column,
    or_,
    select,
    text,
)
from sqlalchemy.orm import Session

from triage.fingerprints.distance import NEAR_PDQ, count_bits_apart
from triage.fingerprints.model import MATCHABLE_QUALITY
from triage.media.models import PIECE_COUNT, PIECE_DIGITS, Media, piece_of

MOST_PICTURES = 12
"""Of so many pictures the near ones are looked for at once: a page asks for them."""
_BITS = range(4 * PIECE_DIGITS)


def find_near_pictures(
    session: Session, pdqs: Collection[str]
) -> set[uuid.UUID]:
    """The files whose picture is near one of these hashes; the very same among them."""
    wanted = sorted(set(pdqs))[:MOST_PICTURES]
    if not wanted:
        return set()
    pieces: dict[str, list[str]] = {
        _name_of(number): _spell(wanted, number)
        for number in range(PIECE_COUNT)
    }
    if session.get_bind().dialect.name == "postgresql":
        asked = {f"pdq_{place}": pdq for place, pdq in enumerate(wanted)}
        near = session.scalars(_counted_there(len(asked)), {**pieces, **asked})
        return set(near)
    rows = session.execute(_question(), pieces)
    return {
        media_id
        for media_id, pdq in rows
        if pdq
        and any(count_bits_apart(pdq, hash_) <= NEAR_PDQ for hash_ in wanted)
    }


@cache
def _counted_there(count: int) -> Select[uuid.UUID]:
    """Of so many pictures, where the database can count bits: only what is near is brought here.

    Of a million files some four thousand have a piece in common with a picture.
    """
    has_piece = " OR ".join(
        f"{piece_of(number)} = ANY(CAST(:{_name_of(number)} AS varchar[]))"
        for number in range(PIECE_COUNT)
    )
    is_near = " OR ".join(
        f"bit_count(('x' || pdq)::bit(256) # ('x' || :pdq_{place})::bit(256)) <= {NEAR_PDQ}"
        for place in range(count)
    )
    return select(Media.id).where(
        text(f"({has_piece})"),
        Media.pdq_quality >= MATCHABLE_QUALITY,
        text(f"({is_near})"),
    )


@cache
def _question() -> Select[uuid.UUID, str | None]:
    """Made once: to put it together takes longer than to ask it."""
    has_piece = (
        # Word for word as the index has it, or the index is not used.
        literal_column(piece_of(number)).in_(
            bindparam(_name_of(number), expanding=True)
        )
        for number in range(PIECE_COUNT)
    )
    return select(Media.id, Media.pdq).where(
        or_(*has_piece), Media.pdq_quality >= MATCHABLE_QUALITY
    )


def _name_of(number: int) -> str:
    return f"piece_{number}"


def _spell(pdqs: Collection[str], number: int) -> list[str]:
    """A piece of each hash, as it is and with each of its bits turned."""
    start = number * PIECE_DIGITS
    pieces = {int(pdq[start : start + PIECE_DIGITS], 16) for pdq in pdqs}
    return sorted({text for piece in pieces for text in _turn(piece)})


def _turn(piece: int) -> Iterator[str]:
    yield f"{piece:0{PIECE_DIGITS}x}"
    for bit in _BITS:
        yield f"{piece ^ 1 << bit:0{PIECE_DIGITS}x}"
