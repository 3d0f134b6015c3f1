"""Shrinking a picture to the few samples that its hashes are made of, as matrix products.

PDQ's two box filters with decimation and the Lanczos resize that ImageHash relies on are both
linear, and separable: ``small = rows @ luma @ columns.T``. Each sample looks at a short run of
pixels only, so that a matrix is kept as ``Band``s: a few neighbouring samples by the run of pixels
that they look at, each one small BLAS call.

A JPEG may be decoded at 1/2, 1/4 or 1/8 of its size in a fraction of the time. The matrices are
then still those of the full size, with the weights of the samples that share a decoded one added
up: window sizes and sample positions stay where the full picture would have them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Lines = Callable[[slice], NDArray[np.generic]]
"""Gives the samples, 0-255, of a slice of a picture's lines: height x width."""
Size = tuple[int, int]
"""(width, height)."""

PDQ_SIDE = 64
PHASH_SIDE = 32
DHASH_WIDTH, DHASH_HEIGHT = 9, 8
STRIP_PIXELS = 1 << 16
"""Pixels that are fetched at a time, where that is more than one band's. A larger block of memory
goes back to the system after each picture, and asking for it anew takes longer than the sums."""
SMALL = 512
CACHED = 32
"""Matrices kept of each sort: at most some 25 MB for pictures of 4000 x 4000 pixels."""
_PILLOW_UNIT = 1 << 22
"""Pillow resizes in whole numbers; it rounds the weights of its kernels to these parts of one."""


@dataclass(frozen=True, slots=True)
class Band:
    """``samples`` of the shrunk line are ``weights`` @ ``pixels`` of the full one."""

    samples: slice
    pixels: slice
    weights: NDArray[Any]


def pdq_samples(lines: Lines, full: Size, decoded: Size) -> Floats:
    """The 64 x 64 picture that PDQ hashes. ``full`` and ``decoded`` are the picture's sizes before
    and after decoding at a scale, the latter what ``lines`` is of."""
    flat = np.empty((PDQ_SIDE, decoded[0]), np.float32)
    for strip in _pdq_strips(full[1], decoded):
        pixels = lines(slice(strip[0].pixels.start, strip[-1].pixels.stop))
        for band in strip:
            first = band.pixels.start - strip[0].pixels.start
            part = pixels[first : first + band.weights.shape[1]]
            np.matmul(
                band.weights, part.astype(np.float32), out=flat[band.samples]
            )
    small = np.empty((PDQ_SIDE, PDQ_SIDE), np.float32)
    for band in _pdq_bands(full[0], decoded[0], 8):
        np.matmul(
            band.weights, flat[:, band.pixels].T, out=small[band.samples]
        )
    return small.T


def grey_samples(
    lines: Lines, full: Size, decoded: Size
) -> tuple[NDArray[Any], NDArray[Any]]:
    """The 32 x 32 grey values of pHash and the 8 lines x 9 of dHash, as Pillow resizes to them:
    across first, and rounded to whole grey values after each of the two passes.

    In doubles this is exact. (Pillow 13 goes down first where a picture is much higher than wide,
    which moves some values by one; its older versions never did.)
    """
    width, height = decoded
    # Exactness is worth doubles only where these are the full picture's
    # pixels.
    number = np.float64 if full == decoded else np.float32
    narrow = np.empty((PHASH_SIDE + DHASH_WIDTH, height), number)
    step = max(STRIP_PIXELS // width, 1)
    for top in range(0, height, step):
        below = min(top + step, height)
        strip = lines(slice(top, below)).astype(number)
        for band in _grey_bands(full[0], width):
            narrow[band.samples, top:below] = (
                band.weights @ strip[:, band.pixels].T
            )
    _to_grey_values(narrow)
    phash_rows = _lanczos_matrix(full[1], height, PHASH_SIDE)
    dhash_rows = _lanczos_matrix(full[1], height, DHASH_HEIGHT)
    phash = phash_rows @ narrow[:PHASH_SIDE].T
    dhash = dhash_rows @ narrow[PHASH_SIDE:].T
    return _to_grey_values(phash), _to_grey_values(dhash)


def _to_grey_values(samples: NDArray[Any]) -> NDArray[Any]:
    """Whole numbers 0-255, half rounded up, in place."""
    samples += 0.5
    np.floor(samples, out=samples)
    np.minimum(samples, 255, out=samples)
    np.maximum(samples, 0, out=samples)
    return samples


@lru_cache(maxsize=CACHED)
def _pdq_strips(full: int, decoded: Size) -> tuple[tuple[Band, ...], ...]:
    """The bands down the picture, in groups that are fetched at once."""
    width, height = decoded
    # Four lines of samples to a band are the fastest that were measured (of 2
    # to 16); of a picture of many megapixels, one.
    bands = _pdq_bands(full, height, 4 if width * height <= 1 << 22 else 1)
    together = max(STRIP_PIXELS * len(bands) // (width * height), 1)
    return tuple(
        bands[first : first + together]
        for first in range(0, len(bands), together)
    )


@lru_cache(maxsize=CACHED)
def _pdq_bands(full: int, decoded: int, at_once: int) -> tuple[Band, ...]:
    return _split_bands(pdq_matrix(full, decoded), at_once)


@lru_cache(maxsize=CACHED)
def _grey_bands(full: int, decoded: int) -> tuple[Band, ...]:
    """pHash's samples, then dHash's."""
    phash = _lanczos_matrix(full, decoded, PHASH_SIDE)
    dhash = _lanczos_matrix(full, decoded, DHASH_WIDTH)
    # Those of a small picture are quicker in one piece.
    if decoded <= SMALL:
        return _split_bands(
            np.vstack([phash, dhash]), PHASH_SIDE + DHASH_WIDTH
        )
    # The kernels of dHash overlap too much to be parted.
    (last,) = _split_bands(dhash, DHASH_WIDTH)
    after = slice(PHASH_SIDE, PHASH_SIDE + DHASH_WIDTH)
    return *_split_bands(phash, 8), Band(after, last.pixels, last.weights)


def _split_bands(matrix: NDArray[Any], at_once: int) -> tuple[Band, ...]:
    bands = []
    for first in range(0, len(matrix), at_once):
        rows = matrix[first : first + at_once]
        used = np.flatnonzero(rows.any(axis=0))
        pixels = slice(int(used[0]), int(used[-1]) + 1)
        weights = np.ascontiguousarray(rows[:, pixels])
        bands.append(Band(slice(first, first + len(rows)), pixels, weights))
    return tuple(bands)


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
        outer_count = _count_covered(middles, left, right, full)
        inner_count = _count_covered(inner, left, right, full)
        share = inside / (outer_count * inner_count)
        weights[:, offset + left : offset + left + window] += share[:, None]
    matrix = _build_dense(middles - 2 * left, weights, full, decoded)
    return matrix.astype(np.float32)


@lru_cache(maxsize=2 * CACHED)
def _lanczos_matrix(full: int, decoded: int, side: int) -> NDArray[Any]:
    """The Lanczos (a = 3) resize of one dimension to ``side`` samples, as Pillow does it.

    The kernel is stretched by the scale when shrinking, cut at the picture's edges, and its
    weights are brought to a sum of 1. Doubles for a full decode, else floats.
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
    shares = kernel / kernel.sum(axis=1, keepdims=True)
    weights = np.round(shares * _PILLOW_UNIT) / _PILLOW_UNIT
    matrix = _build_dense(starts, weights, full, decoded)
    return matrix if full == decoded else matrix.astype(np.float32)


def _count_covered(
    at: NDArray[np.int64], left: int, right: int, full: int
) -> NDArray[np.int64]:
    """How many samples a window around ``at`` has inside the picture (at least 1)."""
    last = np.minimum(at + right, full - 1)
    first = np.maximum(at - left, 0)
    count: NDArray[np.int64] = last - first + 1
    return np.maximum(count, 1, out=count)


def _build_dense(
    starts: NDArray[np.int64],
    weights: NDArray[np.float64],
    full: int,
    decoded: int,
) -> Doubles:
    """Outputs x decoded, from one run of ``weights`` (outputs x taps) per output at ``starts``."""
    # Full-size samples per decoded one: 1, 2, 4 or 8.
    shared = -(-full // decoded)
    index = starts[:, None] + np.arange(weights.shape[1])
    inside = (index >= 0) & (index < full)
    row_starts = np.arange(len(starts))[:, None] * decoded
    columns = np.clip(index // shared, 0, decoded - 1)
    flat = row_starts + columns
    sums: NDArray[Any] = np.bincount(
        flat[inside], weights[inside], len(starts) * decoded
    )
    return sums.reshape(len(starts), decoded)
