"""Hashes of what this hotline itself confirmed and no list knew, for those who keep lists.

A hash that goes out marks a file as illegal everywhere, so the rule is narrow. A file is told when
- it was the reported location itself: people assess a location, and what else a page shows (an
  icon, an advertisement) was never assessed;
- the agreed assessment says ``baseline`` or ``national``, and people approved a plan for the case
  afterwards (police first, where that is due): the case is in progress, removed or closed;
- no list that is in use knows it, unless an analyst said that the match was none;
- no case about this very file was found not to be illegal, or is open again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from hotline.core.storage import audit
from triage.cases.models import Case, CaseItem
from triage.cases.vocabulary import CaseState
from triage.fingerprints.model import MATCHABLE_QUALITY
from triage.hashlists.formats import HashEntry
from triage.hashlists.kinds import MatchDecision
from triage.hashlists.models import HashEntryRow, HashList, MediaMatch
from triage.items.models import ItemMedia
from triage.media.models import Media

CONFIRMED = ("baseline", "national")
PLANNED = (CaseState.IN_PROGRESS, CaseState.REMOVED, CaseState.CLOSED)


def own_entries(session: Session, *, source: str) -> Iterator[HashEntry]:
    """Streamed, the hashes of one file one after the other. ``source`` says who confirmed them;
    nothing names a case, a location or a person."""
    rows = session.execute(
        _select_confirmed().execution_options(yield_per=1_000)
    )
    for media, label in rows:
        shared = (label, source, media.id.hex, media.first_seen_at.date())
        for kind in ("md5", "sha1", "sha256"):
            yield HashEntry(kind, getattr(media, kind), *shared)
        # A flat picture's PDQ would meet half the world's pictures at whoever
        # takes the list.
        if media.pdq and (media.pdq_quality or 0) >= MATCHABLE_QUALITY:
            yield HashEntry(
                "pdq", media.pdq, *shared, quality=media.pdq_quality
            )


def record_export(
    session: Session, form: str, *, actor: str, now: datetime
) -> None:
    """Written and committed before the first hash leaves."""
    audit.record_entry(
        session,
        actor=actor,
        action="hashlist.own_exported",
        entity="hash_list",
        entity_id="own",
        now=now,
        form=form,
    )


def _select_confirmed() -> Select[Media, str]:
    """(file, class): where two cases differ, the graver one, which sorts first."""
    label = func.coalesce(
        func.nullif(CaseItem.assessed_class, ""),
        Case.outcome["class"].as_string(),
    )
    is_confirmed = and_(Case.state.in_(PLANNED), label.in_(CONFIRMED))
    classes = (
        select(ItemMedia.media_id, func.min(label).label("label"))
        .join(CaseItem, CaseItem.item_id == ItemMedia.item_id)
        .join(Case, Case.id == CaseItem.case_id)
        .where(ItemMedia.source == "direct", is_confirmed)
        .group_by(ItemMedia.media_id)
        .subquery()
    )
    doubted = exists().where(
        ItemMedia.media_id == Media.id,
        ItemMedia.source == "direct",
        CaseItem.item_id == ItemMedia.item_id,
        Case.id == CaseItem.case_id,
        # A round above the first without an outcome is a case that was opened
        # again. One in its first round says nothing of the file yet.
        or_(label.not_in(CONFIRMED), and_(label.is_(None), Case.round > 1)),
    )
    listed = exists().where(
        MediaMatch.media_id == Media.id,
        MediaMatch.decision != MatchDecision.DISCONFIRMED,
        HashList.id == MediaMatch.list_id,
        HashList.enabled,
        HashEntryRow.id == MediaMatch.entry_id,
        HashEntryRow.removed_in.is_(None),
    )
    return (
        select(Media, classes.c.label)
        .join(classes, classes.c.media_id == Media.id)
        .where(~doubted, ~listed)
        .order_by(Media.id)
    )
