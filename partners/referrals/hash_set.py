"""Hashes for police tools: VICS 2.0, the format in which Project VIC's tools exchange hash sets.

No media, no names, no addresses: a police unit loads the set beside its own and sees what it knows.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

from sqlalchemy.orm import Session

from partners.channels.base import Attachment
from partners.letters import findings
from partners.referrals.models import Referral
from triage.cases.models import Case
from triage.fingerprints.model import MATCHABLE_QUALITY
from triage.hashlists import formats
from triage.hashlists.formats import HashEntry

TOLD_TO = frozenset({"police", "interpol_ncb"})
NAME = "hashes.vics.json"


def hash_set(session: Session, referral: Referral) -> tuple[Attachment, ...]:
    """For police, the hashes of the case's files; nothing for others, or where there are none."""
    case = referral.case
    files = (
        findings.find_files(session, case.item.id)
        if referral.kind in TOLD_TO
        else ()
    )
    if not files:
        return ()
    buffer = io.BytesIO()
    formats.write_entries("vics", _list_entries(case, files), buffer)
    return (Attachment(NAME, "application/json", buffer.getvalue()),)


def _list_entries(
    case: Case, files: Sequence[findings.File]
) -> Iterator[HashEntry]:
    """Only the agreed class of the case is told, and of a file that was itself the reported
    location: nobody assessed what else a page shows."""
    agreed = str(case.outcome.get("class") or "") or None
    for file in files:
        sight = file.seen
        media = sight.media
        label = agreed if sight.source == "direct" else None
        shared = (label, None, media.id.hex, sight.first_seen_at.date())
        for kind in ("md5", "sha1", "sha256"):
            yield HashEntry(kind, getattr(media, kind), *shared)
        if media.pdq and (media.pdq_quality or 0) >= MATCHABLE_QUALITY:
            yield HashEntry(
                "pdq", media.pdq, *shared, quality=media.pdq_quality
            )
