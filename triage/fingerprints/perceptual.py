"""ImageHash's pHash and dHash: the 64-bit hashes that older lists carry.

Both shrink a grey picture with Pillow's Lanczos resize, which rounds to whole grey values after
each of its two passes; ``to_grey_values`` does the same, so that the hashes agree.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from triage.fingerprints.sampling import PHASH_SIDE, Floats

_DCT = np.cos(np.pi / (2 * PHASH_SIDE) * np.arange(8)[:, None] * (2 * np.arange(PHASH_SIDE) + 1))


def to_grey_values(samples: Floats) -> Floats:
    """Whole numbers 0-255, half rounded up."""
    rounded: Floats = np.floor(samples + np.float32(0.5))
    return np.clip(rounded, 0, 255, out=rounded)


def phash_from_small(small: Floats) -> str:
    """16 hex digits from 32 x 32 grey values: the 8 x 8 lowest frequencies over their median."""
    frequencies = _DCT @ small.astype(np.float64) @ _DCT.T
    return _hex(frequencies > np.sort(frequencies, axis=None)[31:33].mean())


def dhash_from_small(small: Floats) -> str:
    """16 hex digits from grey values of 8 rows x 9: is each sample brighter than its left one?"""
    return _hex(small[:, 1:] > small[:, :-1])


def _hex(bits: NDArray[np.bool_]) -> str:
    return np.packbits(bits).tobytes().hex()
