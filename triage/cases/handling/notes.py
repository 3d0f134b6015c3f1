"""Notes on a case for all who work on it, and the people whom a note names.

A note is sealed under the case's key and goes when the case's people are forgotten. In a blind
round nobody reads what somebody wrote who has assessed the case in it, nor that they wrote.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select
from sqlalchemy.orm import Session

from hotline.accounts.models import Person
from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import InvalidInput, NotFound, phrase
from hotline.core.storage.ids import new_id
from triage.cases.assessing.rounds import BLIND_STATES, is_blind
from triage.cases.assessing.untouched import Past
from triage.cases.handling.hand_over import list_colleagues
from triage.cases.handling.models import CaseMention, CaseNote
from triage.cases.models import Assessment, Case
from triage.cases.people.keeping.sealing import opener_of, seal_text

LONGEST_NOTE = 2_000
SHOWN = 50
# Not behind a letter: "a@b.example" names nobody.
_NAMED = re.compile(r"(?<![\w@])@([\w.-]{2,60})")


@dataclass(frozen=True, slots=True)
class ReadNote:
    """A note, opened."""

    id: uuid.UUID
    author: Person
    at: datetime
    words: str


@dataclass(frozen=True, slots=True)
class Mention:
    """A note that names the person who looks, without its words: those stand with the case."""

    id: uuid.UUID
    case: Case
    author: Person
    at: datetime
    opened_at: datetime | None


def add_note(
    act: Act, case: Case, author: Person, words: str
) -> Sequence[Person]:
    """Keep a note; returns those whom it names by ``@`` and their user name.

    Any other ``@name`` is a word: it may be an account that somebody reported.
    """
    words = words.strip()
    if not 1 <= len(words) <= LONGEST_NOTE:
        raise InvalidInput(
            phrase("Write a note, at most 2000 characters."),
            fields={"/words": "length"},
        )
    note_id = new_id()
    act.session.add(
        CaseNote(
            id=note_id,
            case_id=case.id,
            author_id=author.id,
            at=act.now,
            words=seal_text(act, case.id, _place_of(note_id), words),
        )
    )
    # The mentions refer to the note.
    act.session.flush()
    named = _find_named(act.session, words, author)
    act.session.add_all(
        CaseMention(id=new_id(), note_id=note_id, person_id=person.id)
        for person in named
    )
    act.record(
        "case.note_added",
        "case",
        case.id,
        case=case.reference,
        named=[person.actor for person in named],
    )
    return named


def _find_named(
    session: Session, words: str, author: Person
) -> Sequence[Person]:
    # A name at the end of a sentence has its full stop.
    names = {name.rstrip(".-").casefold() for name in _NAMED.findall(words)}
    return [
        person
        for person in list_colleagues(session)
        # Only those who may work on cases: nobody else could open the note.
        if person.username.casefold() in names and person.id != author.id
    ]


def list_notes(
    session: Session,
    context: Context,
    case: Case,
    reader: Person,
    past: Past,
    *,
    skipped: int = 0,
    most: int = SHOWN,
) -> list[ReadNote]:
    """The newest notes that the person may read now, oldest first, opened; without the very
    newest, of which so many are ``skipped``."""
    rows = session.scalars(
        select(CaseNote)
        .where(_is_readable(case, reader, past))
        .order_by(CaseNote.at.desc(), CaseNote.id.desc())
        .offset(skipped)
        .limit(most)
    ).all()
    open_sealed = opener_of(session, context, case.id) if rows else None
    # The case's people were forgotten, and with them what was written of them.
    if open_sealed is None:
        return []
    return [
        ReadNote(
            row.id,
            row.author,
            row.at,
            open_sealed(_place_of(row.id), row.words),
        )
        # The newest were read, since older ones may be more than are shown.
        for row in reversed(rows)
    ]


def count_notes(
    session: Session,
    case: Case,
    reader: Person,
    past: Past,
    after: CaseNote | None = None,
) -> int:
    """How many notes the person may read now; only those that came ``after`` one, if it is
    given."""
    query = select(func.count(CaseNote.id)).where(
        _is_readable(case, reader, past)
    )
    if after is not None:
        is_of_then = and_(CaseNote.at == after.at, CaseNote.id > after.id)
        query = query.where(or_(CaseNote.at > after.at, is_of_then))
    return session.scalar(query) or 0


def _is_readable(
    case: Case, reader: Person, past: Past
) -> ColumnElement[bool]:
    hidden = _authors_in_blind_round(case, past) - {reader.id}
    return and_(CaseNote.case_id == case.id, CaseNote.author_id.not_in(hidden))


def _authors_in_blind_round(case: Case, past: Past) -> set[uuid.UUID]:
    if not is_blind(case):
        return set()
    return {made.person_id for made in past.assessments}


def take_note_back(
    act: Act, case: Case, author: Person, note_id: uuid.UUID
) -> None:
    """Whoever wrote a note may take it back; the log keeps that there was one."""
    row = act.session.scalar(
        select(CaseNote).where(
            CaseNote.id == note_id,
            CaseNote.case_id == case.id,
            CaseNote.author_id == author.id,
        )
    )
    if row is None:
        raise NotFound(phrase("There is no such note of yours."))
    delete_notes(act.session, CaseNote.id == row.id)
    act.record("case.note_taken_back", "case", case.id, case=case.reference)


def delete_notes(session: Session, which: ColumnElement[bool]) -> None:
    """The notes for which ``which`` is true, with whom they name."""
    of_notes = select(CaseNote.id).where(which)
    session.execute(
        delete(CaseMention).where(CaseMention.note_id.in_(of_notes))
    )
    session.execute(delete(CaseNote).where(which))


def copy_notes(act: Act, source: Case, target: Case) -> None:
    """What was written of a case goes into the one that it becomes a part of, sealed anew."""
    open_sealed = opener_of(act.session, act.context, source.id)
    if open_sealed is None:
        return
    rows = act.session.scalars(
        select(CaseNote).where(CaseNote.case_id == source.id)
    ).all()
    for row in rows:
        words = open_sealed(_place_of(row.id), row.words)
        copy_id = new_id()
        act.session.add(
            CaseNote(
                id=copy_id,
                case_id=target.id,
                author_id=row.author_id,
                at=row.at,
                # Mentions are not copied: whom the note named was told then.
                words=seal_text(act, target.id, _place_of(copy_id), words),
            )
        )


def list_mentions(session: Session, person: Person) -> list[Mention]:
    """The newest notes that name the person: those that were not opened yet come first."""
    rows = session.execute(
        select(CaseMention, Case)
        .join(CaseNote, CaseNote.id == CaseMention.note_id)
        .join(Case, Case.id == CaseNote.case_id)
        .where(CaseMention.person_id == person.id, ~_is_hidden())
        .order_by(
            CaseMention.opened_at.is_not(None),
            CaseNote.at.desc(),
            CaseMention.id,
        )
        .limit(SHOWN)
    )
    return [
        Mention(
            mention.id,
            case,
            mention.note.author,
            mention.note.at,
            mention.opened_at,
        )
        for mention, case in rows
    ]


def count_mentions(session: Session, person: Person) -> int:
    """How many notes name the person that they have not opened."""
    query = (
        select(func.count())
        .select_from(CaseMention)
        .join(CaseNote, CaseNote.id == CaseMention.note_id)
        .join(Case, Case.id == CaseNote.case_id)
        .where(
            CaseMention.person_id == person.id,
            CaseMention.opened_at.is_(None),
            ~_is_hidden(),
        )
    )
    return session.scalar(query) or 0


def _is_hidden() -> ColumnElement[bool]:
    """Of a note and its case in the query: its author has assessed in a round that is blind."""
    has_assessed = exists().where(
        Assessment.case_id == Case.id,
        Assessment.round == Case.round,
        Assessment.person_id == CaseNote.author_id,
    )
    return and_(Case.state.in_(BLIND_STATES), has_assessed)


def open_mention(
    act: Act, person: Person, mention_id: uuid.UUID
) -> tuple[Case, CaseNote]:
    """A note that names the person, and its case, to which they go now."""
    mention = act.session.scalar(
        select(CaseMention)
        .join(CaseNote, CaseNote.id == CaseMention.note_id)
        .join(Case, Case.id == CaseNote.case_id)
        .where(
            CaseMention.id == mention_id,
            CaseMention.person_id == person.id,
            ~_is_hidden(),
        )
    )
    if mention is None:
        raise NotFound(phrase("There is no such note."))
    # The first time counts.
    mention.opened_at = mention.opened_at or act.now
    return act.session.get_one(Case, mention.note.case_id), mention.note


def _place_of(note_id: uuid.UUID) -> str:
    """Where a note is sealed."""
    return f"case_note.words:{note_id}"
