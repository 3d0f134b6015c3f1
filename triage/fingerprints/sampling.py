"""Shrinking a picture to the few samples that a hash is made of, as banded matrix products.

PDQ's two box filters with decimation and the Lanczos resize that ImageHash relies on are both
linear, and separable: ``small = rows @ luma @ columns.T``. Each output sample looks at a short run
of input samples only, so the matrices are cut into dense blocks along their diagonal; a block is
one BLAS call. The matrices of a dimension are made once and cached.

A JPEG may be decoded at 1/2, 1/4 or 1/8 of its size in a fraction of the time. The matrices are
then still those of the full size, with the weights of the samples that share a decoded one added
up: window sizes and sample positions stay where the full picture would have them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

PDQ_SIDE = 64
BLOCK = 8
"""Output samples that share one dense block. 8 was the fastest of 4, 8, 16 at 512 and 1080p."""


@dataclass(frozen=True, slots=True)
class Band:
    """``samples`` input samples from ``first`` on give the output ``out`` by ``weights @``."""

    out: slice
    into: slice
    weights: Floats


Bands = tuple[Band, ...]


def shrink(bands: Bands, lines: Floats) -> Floats:
    """Apply ``bands`` along the first axis of ``lines`` (input samples x anything)."""
    out = np.empty((bands[-1].out.stop, lines.shape[1]), np.float32)
    for band in bands:
        np.matmul(band.weights, lines[band.into], out=out[band.out])
    return out


@lru_cache(maxsize=128)
def pdq_bands(full: int, decoded: int) -> Bands:
    """PDQ's filter along one dimension: ``full`` samples, of which ``decoded`` were decoded.

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
    return _blocks(middles - 2 * left, weights, full, decoded)


@lru_cache(maxsize=256)
def lanczos_bands(full: int, decoded: int, side: int) -> Bands:
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
    return _blocks(starts, kernel / kernel.sum(axis=1, keepdims=True), full, decoded)


def _covered(at: NDArray[np.int64], left: int, right: int, full: int) -> NDArray[np.int64]:
    """How many samples a window around ``at`` has inside the picture (at least 1)."""
    count: NDArray[np.int64] = np.minimum(at + right, full - 1) - np.maximum(at - left, 0) + 1
    return np.maximum(count, 1, out=count)


def _blocks(
    starts: NDArray[np.int64], weights: NDArray[np.float64], full: int, decoded: int
) -> Bands:
    """Dense blocks from one run of ``weights`` (outputs x taps) per output, at ``starts``."""
    shared = -(-full // decoded)  # full-size samples per decoded one: 1, 2, 4 or 8
    index = starts[:, None] + np.arange(weights.shape[1])
    weights = np.where((index >= 0) & (index < full), weights, 0.0)
    index = np.clip(index, 0, full - 1) // shared
    bands = []
    for first in range(0, len(starts), BLOCK):
        out = slice(first, min(first + BLOCK, len(starts)))
        low, high = int(index[out].min()), int(index[out].max()) + 1
        block = np.zeros((out.stop - first, high - low))
        rows = np.broadcast_to(np.arange(len(block))[:, None], index[out].shape)
        np.add.at(block, (rows, index[out] - low), weights[out])
        bands.append(Band(out, slice(low, high), block.astype(np.float32)))
    return tuple(bands)
