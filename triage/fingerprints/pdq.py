"""PDQ: 256 bits and a quality per picture, after Meta's public description.

Luma is shrunk to 64 x 64 (``sampling``), of which the 16 x 16 lowest frequencies without the
constant ones are compared with their median. Measured against ``pdqhash`` in the tests. A
perfectly regular mosaic, half of whose frequencies tie at nothing, is decided by roundings: there
as here, and not alike.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from triage.fingerprints.sampling import PDQ_SIDE, Floats, pdq_matrix

SMALLEST_SIDE = 5
"""Pixels. Below, the reference gives a hash of zeros and the quality 0, and so do we."""
NO_HASH = "0" * 64
ROUNDING = 1.0
UNSTEADY = 12

_ORDERS = np.arange(1, 17)[:, None]
_DCT: Floats = (
    np.sqrt(2 / PDQ_SIDE) * np.cos(np.pi / (2 * PDQ_SIDE) * _ORDERS * (2 * np.arange(PDQ_SIDE) + 1))
).astype(np.float32)
_MIRROR: Floats = np.where(_ORDERS[:, 0] % 2 == 1, -1, 1).astype(np.float32)
"""Mirroring a picture turns the sign of the odd frequencies."""


def pdq_from_luma(luma: NDArray[np.generic]) -> tuple[str, int]:
    """(64 hex digits, quality 0-100) of a grey picture, height x width, values 0-255."""
    return pdq_from_small(small_luma(luma)) if min(luma.shape) >= SMALLEST_SIDE else (NO_HASH, 0)


def pdq_dihedral(luma: NDArray[np.generic]) -> tuple[str, ...]:
    """The hashes of the eight ways to turn and mirror a picture, in the reference's order.

    As it is, turned by 90, 180 and 270 degrees, mirrored top to bottom, left to right, along the
    one diagonal and along the other.
    """
    if min(luma.shape) < SMALLEST_SIDE:
        return (NO_HASH,) * 8
    return dihedral_from_small(small_luma(luma))


def small_luma(luma: NDArray[np.generic]) -> Floats:
    """The 64 x 64 picture that PDQ hashes, from one of at least 5 x 5."""
    height, width = luma.shape
    columns = luma.astype(np.float32) @ pdq_matrix(width, width).T
    small: Floats = pdq_matrix(height, height) @ columns
    return small


def pdq_from_small(small: Floats) -> tuple[str, int]:
    """(hex, quality) of the 64 x 64 picture."""
    return _hex(_frequencies(small)), quality(small)


def dihedral_from_small(small: Floats) -> tuple[str, ...]:
    """The eight hashes of the 64 x 64 picture: signs and transposition of its frequencies."""
    plain = _frequencies(small)
    top, side = plain * _MIRROR[:, None], plain * _MIRROR
    both = top * _MIRROR
    ways = (plain, side.T, both, top.T, top, side, plain.T, both.T)
    return tuple(_hex(way) for way in ways)


def quality(small: Floats) -> int:
    """0-100: how much there is to see. Steps between neighbours, in whole hundredths of white."""
    differences = [small[1:] - small[:-1], small[:, 1:] - small[:, :-1]]
    steps = np.concatenate([part.ravel() for part in differences]) * 100 / 255
    return min(int(np.abs(steps.astype(np.int32)).sum()) // 90, 100)


def hangs_on_roundings(small: Floats) -> bool:
    """Are so many frequencies next to the median that a rough decode may turn bits?

    Measured on 336 JPEGs (noise with the spectrum of photographs, shapes, text; 8 sizes, 2
    qualities) decoded grey and small: all up to ``UNSTEADY`` came within 4 bits of the full-colour
    hash; above were the pages of text, with up to 12 bits, and soft or faint pictures.
    """
    frequencies = _frequencies(small)
    near = np.abs(frequencies - _lower_median(frequencies)) < ROUNDING
    return int(np.count_nonzero(near)) > UNSTEADY


def _frequencies(small: Floats) -> Floats:
    half: Floats = _DCT @ small
    return half @ _DCT.T


def _hex(frequencies: Floats) -> str:
    """Bit 16 * row + column is set above the lower median; written with the highest bit first."""
    flat = frequencies.ravel()
    bits = flat > _lower_median(flat)
    return np.packbits(bits[::-1]).tobytes().hex()


def _lower_median(frequencies: Floats) -> np.float32:
    """The 128th smallest of 256, as the reference picks it."""
    lower: np.float32 = np.partition(frequencies, 127, axis=None)[127]
    return lower
