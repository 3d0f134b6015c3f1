"""Words on a case by which people find it again; some for a while only.

As with notes, in a blind round nobody reads, or finds a case by, what somebody put there who has
assessed it in that round: a tag may say what the answers were.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    and_,
    delete,
    exists,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import Session

from hotline.accounts.models import PERSON, Person
from hotline.core.act import Act
from hotline.core.errors import InvalidInput, phrase
from hotline.core.storage.database import insert_once
from hotline.core.storage.ids import new_id
from triage.cases.assessing.rounds import BLIND_STATES
from triage.cases.handling.models import CaseTag
from triage.cases.models import Assessment, Case

# Short, so that no sentence fits: tags are read in the queue by all, and are
# sealed under no key.
LONGEST = 40
MOST = 20
_TAG = re.compile(r"[\w][\w.:+-]*")


def read_tag(text: str) -> str:
    """A tag as it is stored: small letters, words joined by a hyphen."""
    tag = "-".join(text.casefold().split())
    if len(tag) > LONGEST or not _TAG.fullmatch(tag):
        raise InvalidInput(
            phrase(
                "A tag has letters, digits and hyphens, 40 at most. Write nothing of a person."
            ),
            fields={"/tag": "unreadable"},
        )
    return tag


def add_tag(
    act: Act, case: Case, text: str, expires_at: datetime | None = None
) -> str:
    """Put a tag on the case; where it is there already, it lasts as long as is said now."""
    tag = read_tag(text)
    if expires_at is not None and expires_at <= act.now:
        raise InvalidInput(
            phrase("The tag would be over already."),
            fields={"/expires": "past"},
        )
    tags = _tags_of(act.session, case.id)
    # One that is there may still get another end.
    if tag not in tags and len(tags) >= MOST:
        raise InvalidInput(phrase("A case has at most 20 tags."))
    # Two may tag it in the same moment; the second only moves its end.
    is_new = insert_once(
        act.session,
        CaseTag,
        ["case_id", "tag"],
        id=new_id(),
        case_id=case.id,
        tag=tag,
        added_at=act.now,
        added_by=act.actor,
        expires_at=expires_at,
    )
    if not is_new:
        row = act.session.scalars(
            select(CaseTag).where(
                CaseTag.case_id == case.id, CaseTag.tag == tag
            )
        ).one()
        row.expires_at = expires_at
    act.record("case.tagged", "case", case.id, case=case.reference, tag=tag)
    return tag


def remove_tag(act: Act, case: Case, tag: str) -> None:
    """Take a tag off; one that is not there is gone already."""
    removed = act.session.execute(
        delete(CaseTag).where(CaseTag.case_id == case.id, CaseTag.tag == tag)
    )
    # Nothing was there, so nothing happened that the log should tell.
    if getattr(removed, "rowcount", 0):
        act.record(
            "case.untagged", "case", case.id, case=case.reference, tag=tag
        )


def list_tags(
    session: Session, case_ids: Sequence[uuid.UUID], now: datetime
) -> Mapping[uuid.UUID, Sequence[CaseTag]]:
    """The tags of some cases that may be read now, by the case's id."""
    rows = session.scalars(
        select(CaseTag)
        .where(
            CaseTag.case_id.in_(case_ids),
            is_readable(now),
        )
        .order_by(CaseTag.tag)
    )
    tags: dict[uuid.UUID, list[CaseTag]] = {}
    for row in rows:
        tags.setdefault(row.case_id, []).append(row)
    return tags


def is_readable(now: datetime) -> ColumnElement[bool]:
    """Of a ``CaseTag`` in the query: it is not over, nor by whom a blind round keeps hidden."""
    has_assessed = (
        exists()
        .where(
            Assessment.case_id == CaseTag.case_id,
            Case.id == CaseTag.case_id,
            Assessment.round == Case.round,
            Case.state.in_(BLIND_STATES),
            Person.id == Assessment.person_id,
            literal(PERSON) + Person.username == CaseTag.added_by,
        )
        .correlate(CaseTag)
    )
    return and_(
        or_(CaseTag.expires_at.is_(None), CaseTag.expires_at > now),
        ~has_assessed,
    )


def _tags_of(session: Session, case_id: uuid.UUID) -> set[str]:
    of_case = select(CaseTag.tag).where(CaseTag.case_id == case_id)
    return set(session.scalars(of_case))
