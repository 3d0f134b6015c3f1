"""Fingerprints of pictures and videos, from memory to memory; nothing of a file is kept."""

from triage.fingerprints.media import fingerprint_media
from triage.fingerprints.model import (
    MATCHABLE_QUALITY,
    FrameFingerprint,
    Limits,
    MediaFingerprint,
)
from triage.fingerprints.pdq import pdq_dihedral, pdq_from_luma
from triage.fingerprints.sniff import sniff_type
from triage.fingerprints.video import video_match

__all__ = [
    "MATCHABLE_QUALITY",
    "FrameFingerprint",
    "Limits",
    "MediaFingerprint",
    "fingerprint_media",
    "pdq_dihedral",
    "pdq_from_luma",
    "sniff_type",
    "video_match",
]
