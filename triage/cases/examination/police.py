"""Whether the machine alone tells the police of a case: only where a list was switched on for that.

The referral itself is made by ``partners``, which this package does not know: a job is posted under
a name, and everything is looked at once more when it runs.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from hotline.core.jobs.names import JobName
from hotline.core.storage import outbox
from triage.cases.models import Case
from triage.cases.places import item_ids_of
from triage.cases.vocabulary import CaseState
from triage.fingerprints.model import MATCHABLE_QUALITY
from triage.hashlists.kinds import EXACT, MatchDecision
from triage.hashlists.models import HashEntryRow, HashList, MediaMatch
from triage.items.models import ItemMedia
from triage.jurisdiction import Destination, Gate, Route, Routing

JOB = JobName.REFERRAL_AUTOMATIC
VIDEO_SHARE = 0.5
"""Of a video's frames; below it a known opening or a still may be all that it has in common."""
# A case that people are through with is theirs: what comes next is for them to say.
UNDECIDED = (
    CaseState.WAITING,
    CaseState.SECOND_ASSESSMENT,
    CaseState.THIRD_ASSESSMENT,
    CaseState.ASSESSED,
    CaseState.IN_PROGRESS,
)


def police_route(case: Case) -> Route | None:
    """The route to the police that only waits for an assessment. Where the rules do not know whose
    case it is, a person decides, match or not."""
    for route in Routing.from_json(case.routing).routes:
        # The match stands in for our assessment; it stands in for no decision
        # of a person and for nobody else's step.
        waits_at_most_for_us = route.after in (None, Gate.ASSESSMENT)
        if route.to is Destination.POLICE and waits_at_most_for_us:
            return route
    return None


def find_evidence(session: Session, case: Case) -> MediaMatch | None:
    """The match on which the police may be told of this case now; None where there is none."""
    if case.state not in UNDECIDED or police_route(case) is None:
        return None
    seen_here = ItemMedia.item_id.in_(item_ids_of(case.id))
    return find_strongest_match(session, seen_here)


def post_if_strong(session: Session, case: Case, now: datetime) -> None:
    """Have the police told, once a match and case."""
    evidence = find_evidence(session, case)
    if evidence is None:
        return
    outbox.post_work(
        session,
        JOB,
        # Each appraisal comes by here; the key lets a match post it once.
        key=f"police:{case.id}:{evidence.id}",
        payload={"case_id": str(case.id)},
        now=now,
        queue="urgent",
    )


def find_strongest_match(
    session: Session, seen_at: ColumnElement[bool]
) -> MediaMatch | None:
    """The best evidence among files where ``seen_at`` (a condition on ``ItemMedia``) holds, on a
    list that is switched on; exact hashes go before near ones. None if nothing is strong enough.
    """
    exact = MediaMatch.kind.in_(EXACT)
    near = and_(
        MediaMatch.kind == "pdq",
        MediaMatch.distance <= HashList.pdq_threshold,
        MediaMatch.quality >= MATCHABLE_QUALITY,
        or_(
            # Many lists tell no quality; then ours alone has to be good.
            HashEntryRow.quality.is_(None),
            HashEntryRow.quality >= MATCHABLE_QUALITY,
        ),
        # A picture has no share.
        or_(MediaMatch.share.is_(None), MediaMatch.share >= VIDEO_SHARE),
    )
    since = HashList.police_since
    query = (
        select(MediaMatch)
        .join(HashList, HashList.id == MediaMatch.list_id)
        .join(HashEntryRow, HashEntryRow.id == MediaMatch.entry_id)
        .join(ItemMedia, ItemMedia.media_id == MediaMatch.media_id)
        .where(
            seen_at,
            HashList.enabled,
            since.is_not(None),
            # Switching a list on says nothing about what people had before
            # them already.
            ItemMedia.first_seen_at >= since,
            HashEntryRow.removed_in.is_(None),
            or_(exact, near),
            ~_was_disconfirmed(),
        )
        # False sorts before True: what is exact comes before what is near.
        .order_by(near, MediaMatch.distance, MediaMatch.id)
        .limit(1)
    )
    return session.scalar(query)


def _was_disconfirmed() -> ColumnElement[bool]:
    """Somebody said of this very hash, at any file and on any list, that it is not that."""
    other, entry = aliased(MediaMatch), aliased(HashEntryRow)
    return exists().where(
        other.entry_id == entry.id,
        other.decision == MatchDecision.DISCONFIRMED,
        entry.kind == HashEntryRow.kind,
        entry.value == HashEntryRow.value,
    )
