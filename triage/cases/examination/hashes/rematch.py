"""Files that were seen earlier, matched anew with what a list gained, and their cases appraised."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.jobs.names import JobName
from hotline.core.jobs.task import Task
from hotline.core.storage import outbox
from triage.cases.examination.hashes.prints import post_listing
from triage.hashlists.models import MediaMatch
from triage.items.models import ItemMedia
from triage.media.models import Media

# The index of hashes is arrays: who only names the type of a search loads none.
if TYPE_CHECKING:
    from triage.hashlists.search.matcher import Matcher

# How many files one job takes; it posts the next batch itself.
REMATCH_BATCH = 200


def rematch_media(task: Task, *, matcher: Matcher) -> None:
    """Match files that were seen earlier against what a list gained, a batch a job."""
    after = (
        uuid.UUID(task.text_of("after"))
        if task.text_of("after")
        else uuid.UUID(int=0)
    )
    with task.finishing() as session:
        # The first batch alone posts it, once for the run.
        if not task.text_of("after"):
            post_listing(session, run=task.text_of("run"), now=task.now)
        batch = session.scalars(
            select(Media)
            .where(Media.id > after)
            .order_by(Media.id)
            .limit(REMATCH_BATCH)
        ).all()
        earlier = select(MediaMatch.media_id, MediaMatch.entry_id).where(
            MediaMatch.media_id.in_([media.id for media in batch])
        )
        known_media = {
            (media_id, entry_id)
            for media_id, entry_id in session.execute(earlier)
        }
        for media in batch:
            hits = matcher.match_media(
                # Owners of remote lists gained nothing by an import of ours.
                session,
                media,
                now=task.now,
                owners=False,
            )
            if any(
                (media.id, hit.entry.id) not in known_media for hit in hits
            ):
                appraise_anew(
                    session, media.id, run=task.text_of("run"), now=task.now
                )
        if len(batch) == REMATCH_BATCH:
            outbox.post_work(
                session,
                JobName.HASHLIST_REMATCH,
                key=f"rematch:{task.text_of('run')}:{batch[-1].id}",
                payload={
                    "run": task.text_of("run"),
                    "after": str(batch[-1].id),
                },
                now=task.now,
                queue="checks",
            )


def appraise_anew(
    session: Session, media_id: uuid.UUID, *, run: str, now: datetime
) -> None:
    """A known file turned out to be on a list: every case it was seen in gets its new proposal."""
    for item_id in session.scalars(
        select(ItemMedia.item_id).where(ItemMedia.media_id == media_id)
    ):
        outbox.post_work(
            session,
            JobName.ITEM_APPRAISE,
            key=f"appraise:{item_id}:{run}",
            payload={"item_id": str(item_id)},
            now=now,
        )
