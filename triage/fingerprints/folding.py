"""Frames that show nothing new are kept once."""

from __future__ import annotations

from collections.abc import Sequence

from triage.fingerprints.distance import count_bits_apart
from triage.fingerprints.model import FrameFingerprint

FOLD_DISTANCE = 8
"""Bits within which a frame counts as its predecessor again; well inside the matching distance."""


def fold_frames(frames: Sequence[FrameFingerprint]) -> list[FrameFingerprint]:
    """Leave out frames that look like the last one kept; of a still scene its first remains."""
    kept: list[FrameFingerprint] = []
    for frame in frames:
        if (
            not kept
            or count_bits_apart(kept[-1].pdq, frame.pdq) > FOLD_DISTANCE
        ):
            kept.append(frame)
    return kept
