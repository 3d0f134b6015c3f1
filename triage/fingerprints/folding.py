"""Frames that show nothing new are kept once."""

from __future__ import annotations

from collections.abc import Sequence

from triage.fingerprints.model import FrameFingerprint

FOLD_DISTANCE = 8
"""Bits within which a frame counts as its predecessor again; well inside the matching distance."""


def fold_frames(frames: Sequence[FrameFingerprint]) -> list[FrameFingerprint]:
    """Leave out frames that look like the last one kept; of a still scene its first remains."""
    kept: list[FrameFingerprint] = []
    for frame in frames:
        if (
            not kept
            or _count_differing_bits(kept[-1].pdq, frame.pdq) > FOLD_DISTANCE
        ):
            kept.append(frame)
    return kept


def _count_differing_bits(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()
