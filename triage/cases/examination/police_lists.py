"""The switch of a list: whether a known match alone tells the police. Off, unless two want it.

Everything else about a case stays with people. A list is switched on for what is seen from then on,
so that no old case goes out by itself, also where an import matches its files anew.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from hotline.core.errors import Conflict, Forbidden
from hotline.core.storage import audit
from triage.fingerprints import MATCHABLE_QUALITY
from triage.hashlists.models import HashEntryRow, HashList, MediaMatch
from triage.hashlists.search.matcher import EXACT
from triage.items.models import ItemMedia

VIDEO_SHARE = 0.5
"""Of a video's frames; below it a known opening or a still may be all that it has in common."""


def ask(
    session: Session, hash_list: HashList, *, actor: str, second_person: bool, now: datetime
) -> bool:
    """Ask for the switch, or agree to what somebody else asked for; True if it is on now."""
    if hash_list.remote:
        raise Conflict(
            f"{hash_list.name} stays with its owner: its answers are no evidence of distance.",
            hint="Only a list whose entries are here can be switched on.",
        )
    if hash_list.police_since is not None:
        raise Conflict(f"{hash_list.name} is switched on already.")
    if second_person and not hash_list.police_asked_by:
        hash_list.police_asked_by = actor
        _record(session, hash_list, "hashlist.police_asked", actor, now)
        return False
    if second_person and hash_list.police_asked_by == actor:
        raise Forbidden(
            "Whoever asked for this cannot approve it.", hint="Ask another person to look."
        )
    hash_list.police_since = now
    _record(session, hash_list, "hashlist.police_on", actor, now, by=hash_list.police_asked_by)
    hash_list.police_asked_by = ""
    return True


def stop(session: Session, hash_list: HashList, *, actor: str, now: datetime) -> None:
    """Switch it off, or take the question back; one person is enough for that."""
    if hash_list.police_since is None and not hash_list.police_asked_by:
        raise Conflict(f"{hash_list.name} is not switched on.")
    hash_list.police_since, hash_list.police_asked_by = None, ""
    _record(session, hash_list, "hashlist.police_off", actor, now)


def state_of(hash_list: HashList) -> str:
    """``on``, ``asked`` (it waits for a second person) or ``off``."""
    if hash_list.police_since is not None:
        return "on"
    return "asked" if hash_list.police_asked_by else "off"


def strongest(session: Session, seen_at: ColumnElement[bool]) -> MediaMatch | None:
    """The best evidence among files where ``seen_at`` (a condition on ``ItemMedia``) holds, on a
    list that is switched on; exact hashes go before near ones. None if nothing is strong enough.
    """
    exact = MediaMatch.kind.in_(EXACT)
    near = and_(
        MediaMatch.kind == "pdq",
        MediaMatch.distance <= HashList.pdq_threshold,
        MediaMatch.quality >= MATCHABLE_QUALITY,
        or_(HashEntryRow.quality.is_(None), HashEntryRow.quality >= MATCHABLE_QUALITY),
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
            ItemMedia.first_seen_at >= since,
            HashEntryRow.removed_in.is_(None),
            or_(exact, near),
            ~_disconfirmed(),
        )
        .order_by(near, MediaMatch.distance, MediaMatch.id)
        .limit(1)
    )
    return session.scalar(query)


def _disconfirmed() -> ColumnElement[bool]:
    """Somebody said of this very hash, at any file and on any list, that it is not that."""
    other, entry = aliased(MediaMatch), aliased(HashEntryRow)
    return exists().where(
        other.entry_id == entry.id,
        other.decision == "disconfirmed",
        entry.kind == HashEntryRow.kind,
        entry.value == HashEntryRow.value,
    )


def _record(
    session: Session, hash_list: HashList, action: str, actor: str, now: datetime, **details: str
) -> None:
    audit.record(
        session, actor=actor, action=action, entity="hash_list", entity_id=hash_list.id, now=now,
        name=hash_list.name, **details,
    )  # fmt: skip
