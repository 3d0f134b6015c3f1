"""Shrinking a picture to the few samples that its hashes are made of, as matrix products.

PDQ's two box filters with decimation and the Lanczos resize that ImageHash relies on are both
linear, and separable: ``small = rows @ luma @ columns.T``. The rows of all matrices are stacked, so
that ``across`` reads each pixel once. Each sample looks at a short run of pixels only; a stripe of
the picture's columns therefore meets a few rows of the stack, and is one small BLAS call.

A JPEG may be decoded at 1/2, 1/4 or 1/8 of its size in a fraction of the time. The matrices are
then still those of the full size, with the weights of the samples that share a decoded one added
up: window sizes and sample positions stay where the full picture would have them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

PDQ_SIDE = 64
PHASH_SIDE = 32
DHASH_WIDTH, DHASH_HEIGHT = 9, 8
PDQ_ROWS = slice(0, PDQ_SIDE)
PHASH_ROWS = slice(PDQ_SIDE, PDQ_SIDE + PHASH_SIDE)
DHASH_ROWS = slice(PHASH_ROWS.stop, PHASH_ROWS.stop + DHASH_WIDTH)
"""Where each hash's samples are in what ``across`` returns."""
STRIPES = 8
"""Of 4, 8 and 16 the fastest at 512 columns; at 960 it is within a tenth of 16."""
CACHED = 32
"""Matrices kept of each sort: at most some 25 MB for pictures of 4000 x 4000 pixels."""


@dataclass(frozen=True, slots=True)
class Stripe:
    """``columns`` of the picture by ``weights`` add to ``runs`` (rows of weights -> of the sum)."""

    columns: slice
    weights: Floats
    runs: tuple[tuple[slice, slice], ...]


def across(luma: Floats, full: int) -> Floats:
    """All hashes' samples along the rows of ``luma`` (height x width): samples x height.

    ``full`` is the width before decoding at a smaller scale.
    """
    sums = np.zeros((DHASH_ROWS.stop, len(luma)), np.float32)
    for stripe in _stripes(full, luma.shape[1]):
        part = stripe.weights @ luma[:, stripe.columns].T
        for rows, sum_rows in stripe.runs:
            sums[sum_rows] += part[rows]
    return sums


@lru_cache(maxsize=CACHED)
def _stripes(full: int, decoded: int) -> tuple[Stripe, ...]:
    """The stacked matrices cut along their columns, without the rows that are zero there."""
    stack = np.vstack(
        [
            pdq_matrix(full, decoded),
            lanczos_matrix(full, decoded, PHASH_SIDE),
            lanczos_matrix(full, decoded, DHASH_WIDTH),
        ]
    )
    stripes = []
    edges = [decoded * edge // STRIPES for edge in range(STRIPES + 1)]
    for columns in (slice(*pair) for pair in pairwise(edges)):
        rows = np.flatnonzero(stack[:, columns].any(axis=1))
        breaks = np.flatnonzero(np.diff(rows) > 1) + 1
        ends = pairwise([0, *breaks.tolist(), len(rows)])
        runs = tuple((slice(a, b), slice(int(rows[a]), int(rows[b - 1]) + 1)) for a, b in ends)
        stripes.append(Stripe(columns, np.ascontiguousarray(stack[rows, columns]), runs))
    return tuple(stripes)


@lru_cache(maxsize=CACHED)
def pdq_matrix(full: int, decoded: int) -> Floats:
    """PDQ's filter along one dimension of ``full`` samples, for ``decoded`` ones: 64 x decoded.

    Meta's public description: a box filter of ceil(full / 128) samples, applied twice, averaging
    over what is inside the picture at its edges; then the sample at the middle of each of 64 equal
    parts is taken. An even window reaches one sample further to the right.
    """
    window = -(-full // (2 * PDQ_SIDE))
    right = (window + 2) // 2 - 1
    left = window - 1 - right
    middles = ((np.arange(PDQ_SIDE) + 0.5) * full / PDQ_SIDE).astype(np.int64)
    weights = np.zeros((PDQ_SIDE, 2 * window - 1))
    for offset in range(-left, right + 1):
        inner = middles + offset
        inside = (inner >= 0) & (inner < full)
        share = inside / (_covered(middles, left, right, full) * _covered(inner, left, right, full))
        weights[:, offset + left : offset + left + window] += share[:, None]
    return _dense(middles - 2 * left, weights, full, decoded)


@lru_cache(maxsize=2 * CACHED)
def lanczos_matrix(full: int, decoded: int, side: int) -> Floats:
    """The Lanczos (a = 3) resize of one dimension to ``side`` samples, as Pillow does it.

    The kernel is stretched by the scale when shrinking, cut at the picture's edges, and its
    weights are brought to a sum of 1.
    """
    scale = full / side
    stretch = max(scale, 1.0)
    centres = (np.arange(side) + 0.5) * scale
    starts = np.maximum(centres - 3 * stretch + 0.5, 0).astype(np.int64)
    stops = np.minimum(centres + 3 * stretch + 0.5, full).astype(np.int64)
    index = starts[:, None] + np.arange(int((stops - starts).max()))
    distance = (index - centres[:, None] + 0.5) / stretch
    kernel = np.sinc(distance) * np.sinc(distance / 3)
    kernel[(np.abs(distance) >= 3) | (index >= stops[:, None])] = 0.0
    return _dense(starts, kernel / kernel.sum(axis=1, keepdims=True), full, decoded)


def _covered(at: NDArray[np.int64], left: int, right: int, full: int) -> NDArray[np.int64]:
    """How many samples a window around ``at`` has inside the picture (at least 1)."""
    count: NDArray[np.int64] = np.minimum(at + right, full - 1) - np.maximum(at - left, 0) + 1
    return np.maximum(count, 1, out=count)


def _dense(
    starts: NDArray[np.int64], weights: NDArray[np.float64], full: int, decoded: int
) -> Floats:
    """Outputs x decoded, from one run of ``weights`` (outputs x taps) per output at ``starts``."""
    shared = -(-full // decoded)  # full-size samples per decoded one: 1, 2, 4 or 8
    index = starts[:, None] + np.arange(weights.shape[1])
    inside = (index >= 0) & (index < full)
    flat = np.arange(len(starts))[:, None] * decoded + np.clip(index // shared, 0, decoded - 1)
    sums = np.bincount(flat[inside], weights[inside], len(starts) * decoded)
    return sums.reshape(len(starts), decoded).astype(np.float32)
