"""ImageHash's pHash and dHash: the 64-bit hashes that older lists carry.

Both are made of a grey picture shrunk by Pillow's Lanczos resize (``sampling.grey_samples``).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from triage.fingerprints.decoding.sampling import PHASH_SIDE

_DCT = np.cos(
    np.pi
    / (2 * PHASH_SIDE)
    * np.arange(8)[:, None]
    * (2 * np.arange(PHASH_SIDE) + 1)
)


def phash_from_small(small: NDArray[np.floating]) -> str:
    """16 hex digits from 32 x 32 grey values: the 8 x 8 lowest frequencies over their median."""
    frequencies = _DCT @ small @ _DCT.T
    # The mean of the two middle ones is the median that ImageHash takes.
    return _write_hex(
        frequencies > np.sort(frequencies, axis=None)[31:33].mean()
    )


def dhash_from_small(small: NDArray[np.floating]) -> str:
    """16 hex digits from grey values of 8 rows x 9: is each sample brighter than its left one?"""
    return _write_hex(small[:, 1:] > small[:, :-1])


def _write_hex(bits: NDArray[np.bool_]) -> str:
    return np.packbits(bits).tobytes().hex()
