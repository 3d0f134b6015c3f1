"""PDQ: 256 bits and a quality per picture, after Meta's public description.

Luma is shrunk to 64 x 64 (``sampling``), of which the 16 x 16 lowest frequencies without the
constant ones are compared with their median. Measured against ``pdqhash`` in the tests. A
perfectly regular mosaic, half of whose frequencies tie at nothing, is decided by roundings: there
as here, and not alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from triage.fingerprints.decoding.sampling import PDQ_SIDE, Floats, pdq_samples
from triage.fingerprints.distance import count_bits_apart

SMALLEST_SIDE = 5
"""Pixels. Below, the reference gives a hash of zeros and the quality 0, and so do we."""
NO_HASH = "0" * 64
ROUNDING = 1.0
UNSTEADY = 12

_ORDERS = np.arange(1, 17)[:, None]
_DCT: Floats = (
    np.sqrt(2 / PDQ_SIDE)
    * np.cos(np.pi / (2 * PDQ_SIDE) * _ORDERS * (2 * np.arange(PDQ_SIDE) + 1))
).astype(np.float32)
_MIRROR: Floats = np.where(_ORDERS[:, 0] % 2 == 1, -1, 1).astype(np.float32)
"""Mirroring a picture turns the sign of the odd frequencies."""


@dataclass(frozen=True, slots=True)
class Spectrum:
    """What PDQ keeps of a picture: its 16 x 16 lowest ``frequencies``, and the quality 0-100."""

    frequencies: Floats
    quality: int

    @property
    def hash(self) -> str:
        """64 hex digits."""
        return _write_hex(self.frequencies)

    def count_differing_bits(self, other: Spectrum) -> int:
        return count_bits_apart(self.hash, other.hash)

    @property
    def dihedral(self) -> tuple[str, ...]:
        """The hashes of the eight ways to turn and mirror, by signs and by transposing.

        As it is, turned by 90, 180 and 270 degrees, mirrored top to bottom, left to right, along
        the one diagonal and along the other: the reference's order.
        """
        plain = self.frequencies
        top, side = plain * _MIRROR[:, None], plain * _MIRROR
        both = top * _MIRROR
        ways = (plain, side.T, both, top.T, top, side, plain.T, both.T)
        return tuple(_write_hex(way) for way in ways)

    @property
    def hangs_on_roundings(self) -> bool:
        """Are so many frequencies next to the median that a rough decode may turn bits?

        Measured on 336 JPEGs (noise with the spectrum of photographs, shapes, text; 8 sizes, 2
        qualities) decoded grey and small: all up to ``UNSTEADY`` came within 4 bits of the
        full-colour hash; above were the pages of text, with up to 12 bits, and soft or faint ones.
        """
        near = (
            np.abs(self.frequencies - _lower_median(self.frequencies))
            < ROUNDING
        )
        return int(np.count_nonzero(near)) > UNSTEADY


def pdq_from_luma(luma: NDArray[np.generic]) -> tuple[str, int]:
    """(64 hex digits, quality 0-100) of a grey picture, height x width, values 0-255."""
    if min(luma.shape) < SMALLEST_SIDE:
        return NO_HASH, 0
    spectrum = _compute_spectrum_of_luma(luma)
    return spectrum.hash, spectrum.quality


def pdq_dihedral(luma: NDArray[np.generic]) -> tuple[str, ...]:
    """The hashes of the eight ways to turn and mirror a picture, as ``Spectrum.dihedral``."""
    if min(luma.shape) < SMALLEST_SIDE:
        return (NO_HASH,) * 8
    return _compute_spectrum_of_luma(luma).dihedral


def compute_spectrum(small: Floats) -> Spectrum:
    """Of the 64 x 64 picture that ``pdq_samples`` gives."""
    # Rows, then columns: a transform of two dimensions is two of one, and far
    # less work.
    half: Floats = _DCT @ small
    return Spectrum(half @ _DCT.T, _measure_quality(small))


def _compute_spectrum_of_luma(luma: NDArray[np.generic]) -> Spectrum:
    """Of one of at least 5 x 5."""
    size = luma.shape[1], luma.shape[0]
    return compute_spectrum(pdq_samples(luma.__getitem__, size, size))


def _measure_quality(small: Floats) -> int:
    """How much there is to see. Steps between neighbours, in whole hundredths of white."""
    percent = small * np.float32(100 / 255)
    steps = 0
    for first, second in (
        (percent[1:], percent[:-1]),
        (percent[:, 1:], percent[:, :-1]),
    ):
        # Cut towards zero before it is summed, as the reference does: faint
        # noise counts as nothing.
        steps += int(np.abs((first - second).astype(np.int32)).sum())
    # The reference's scale: 90 such steps are one of its hundred.
    return min(steps // 90, 100)


def _write_hex(frequencies: Floats) -> str:
    """Bit 16 * row + column is set above the lower median; written with the highest bit first."""
    flat = frequencies.ravel()
    bits = flat > _lower_median(flat)
    return np.packbits(bits[::-1]).tobytes().hex()


def _lower_median(frequencies: Floats) -> np.float32:
    """The 128th smallest of 256, as the reference picks it."""
    # Not the mean of the two in the middle, which would turn bits that the
    # reference leaves.
    lower: np.float32 = np.partition(frequencies, 127, axis=None)[127]
    return lower
