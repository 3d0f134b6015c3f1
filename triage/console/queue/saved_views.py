"""Filters of the queue that people keep under a name, for themselves or for everybody."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from urllib.parse import parse_qsl, urlencode

from sqlalchemy import ForeignKey, UniqueConstraint, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from hotline.accounts.models import Person
from hotline.core.act import Act
from hotline.core.errors import Forbidden, InvalidInput, NotFound, phrase
from hotline.core.storage.database import Base, Identified, short_text
from hotline.core.storage.ids import new_id
from triage.cases.listing.tabs import TABS

LONGEST_NAME = 40
LONGEST_QUERY = 1_000
MOST_VIEWS = 50


class Keeping(StrEnum):
    """What became of a name under which filters were to be kept."""

    NEW = "new"
    REPLACED = "replaced"
    """It had been used: what it kept before is gone."""
    UNSHARED = "unshared"
    """The same, and others saw it until now."""


class SavedView(Identified, Base):
    """``query``: what stands behind the ``?`` of the queue's address."""

    __tablename__ = "saved_view"
    __table_args__ = (UniqueConstraint("person_id", "name"),)

    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    name: Mapped[str] = mapped_column(short_text(LONGEST_NAME))
    query: Mapped[str] = mapped_column(short_text(LONGEST_QUERY))
    is_shared: Mapped[bool] = mapped_column(default=False, index=True)
    created_at: Mapped[datetime]

    # Two people may share views of one name.
    person: Mapped[Person] = relationship(lazy="joined")

    def leads_to(self, tab: str, query: Mapping[str, str]) -> bool:
        """Whether the list with this tab and these filters is what it keeps."""
        kept = dict(parse_qsl(self.query))
        return kept.pop("tab", TABS[0]) == tab and kept == query


def list_views(session: Session, person: Person) -> Sequence[SavedView]:
    """One's own and those that others share, by name."""
    return session.scalars(
        select(SavedView)
        .where(or_(SavedView.person_id == person.id, SavedView.is_shared))
        .order_by(SavedView.name, SavedView.id)
        .limit(2 * MOST_VIEWS)
    ).all()


def save_view(
    act: Act,
    person: Person,
    name: str,
    query: str,
    *,
    allowed: Sequence[str],
    is_shared: bool,
) -> Keeping:
    """Keep the filters under ``name``; the same name again takes their place.

    Only parameters that are ``allowed`` are kept: no mark of a page, no language.
    """
    name = " ".join(name.split())
    if not 1 <= len(name) <= LONGEST_NAME:
        raise InvalidInput(
            phrase("Give the view a name of at most 40 characters."),
            fields={"/name": "length"},
        )
    kept = urlencode(
        [
            (key, value)
            # Read and written again: a view is an address that others will
            # open.
            for key, value in parse_qsl(query)
            if key in allowed and value
        ]
    )
    if len(kept) > LONGEST_QUERY:
        raise InvalidInput(phrase("These filters are too long to be kept."))
    own = act.session.scalars(
        select(SavedView).where(SavedView.person_id == person.id)
    ).all()
    # Among one's own: another person may use the same name.
    same = next((view for view in own if view.name == name), None)
    if same is None and len(own) >= MOST_VIEWS:
        raise InvalidInput(
            phrase("You keep 50 views already; remove one first.")
        )
    view = same or SavedView(
        id=new_id(), person_id=person.id, name=name, created_at=act.now
    )
    was_shared = same is not None and same.is_shared
    view.query, view.is_shared = kept, is_shared
    act.session.add(view)
    act.record("view.saved", "saved_view", view.id, shared=is_shared)
    if was_shared and not is_shared:
        return Keeping.UNSHARED
    return Keeping.REPLACED if same is not None else Keeping.NEW


def remove_view(act: Act, person: Person, view_id: uuid.UUID) -> None:
    """Only whoever made it; what somebody else shares is theirs."""
    view = act.session.get(SavedView, view_id)
    if view is None:
        raise NotFound(phrase("There is no such view."))
    if view.person_id != person.id:
        raise Forbidden(phrase("Only whoever made a view can remove it."))
    act.session.delete(view)
    act.record("view.removed", "saved_view", view.id)
