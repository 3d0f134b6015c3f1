"""Hashes for police tools: VICS 2.0, the format in which Project VIC's tools exchange hash sets.

No media, no names, no addresses: a police unit loads the set beside its own and sees what it knows.
"""

from __future__ import annotations

import io
from collections.abc import Iterator

from sqlalchemy.orm import Session

from partners.channels.base import Attachment
from partners.letters import findings
from partners.referrals.models import Referral
from partners.referrals.routes import PlannedRoute
from partners.referrals.telling.evidence import items_told
from triage.cases.models import CaseItem
from triage.fingerprints.model import MATCHABLE_QUALITY
from triage.hashlists import formats
from triage.hashlists.formats import HashEntry

TOLD_TO = frozenset({"police", "interpol_ncb"})
NAME = "hashes.vics.json"


def hash_set(
    session: Session, referral: Referral, planned: PlannedRoute | None
) -> tuple[Attachment, ...]:
    """For police, the hashes of the case's files; nothing for others, or where there are none."""
    if referral.kind not in TOLD_TO:
        return ()
    entries = [
        entry
        for place in items_told(referral.case, planned)
        for entry in _list_entries(session, place)
    ]
    if not entries:
        return ()
    buffer = io.BytesIO()
    formats.write_entries("vics", iter(entries), buffer)
    return (Attachment(NAME, "application/json", buffer.getvalue()),)


def _list_entries(session: Session, place: CaseItem) -> Iterator[HashEntry]:
    """Only the agreed class of the item is told, and of a file that was itself the reported
    location: nobody assessed what else a page shows."""
    agreed = place.assessed_class or place.case.outcome.get("class") or None
    for file in findings.find_files(session, place.item_id):
        sight = file.seen
        media = sight.media
        label = agreed if sight.source == "direct" else None
        shared = (label, None, media.id.hex, sight.first_seen_at.date())
        for kind in ("md5", "sha1", "sha256"):
            yield HashEntry(kind, getattr(media, kind), *shared)
        # A flat picture has a hash that meets everything.
        if media.pdq and (media.pdq_quality or 0) >= MATCHABLE_QUALITY:
            yield HashEntry(
                "pdq", media.pdq, *shared, quality=media.pdq_quality
            )
