"""Pictures: opened by the one decoder that fits, measured before decoding, shrunk in strips."""

from __future__ import annotations

import io
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, JpegImagePlugin
from simplejpeg import decode_jpeg, decode_jpeg_header

from triage.fingerprints.decoding.animations import sample_animation
from triage.fingerprints.decoding.opening import check_icon, open_image
from triage.fingerprints.decoding.sampling import grey_samples, pdq_samples
from triage.fingerprints.decoding.shown import (
    DARK,
    WHITE,
    is_see_through,
    put_on,
    to_eight_bits,
)
from triage.fingerprints.decoding.source import Deadline, RefusedError, Source
from triage.fingerprints.model import (
    MATCHABLE_QUALITY,
    FrameFingerprint,
    Limits,
)
from triage.fingerprints.pdq import SMALLEST_SIDE, Spectrum, compute_spectrum
from triage.fingerprints.perceptual import dhash_from_small, phash_from_small

DECODED_SIDE = 512
"""A JPEG is decoded at the smallest scale that leaves at least this many pixels on both sides."""
GREY_SIDE = 128
"""A JPEG's pHash and dHash are made of no more than twice as many pixels on its shorter side. They
look at 8 waves a side at most: 2 bits from ImageHash's, or none, in 424 of 468 JPEGs (photographs,
noise, shapes, text; 432 with all pixels, where the grey decode alone tells)."""

_ONE_PICTURE = frozenset({"image/vnd.adobe.photoshop", "image/x-icon"})
"""What Pillow counts in these are layers, or sizes of one picture."""
MOST_SCANS = 100
"""Of a progressive JPEG; encoders write some ten. A hundred bytes can make a scan that goes over a
whole picture of 50 megapixels, and a file may hold any number of them."""
_SCAN, _END = b"\xff\xda", b"\xff\xd9"
_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_TURNED = {5, 6, 7, 8}
_GREY_MODES = {"1", "LA"}
SAME_PICTURE = 8
"""Bits within which another background leaves a picture what it was."""


@dataclass(frozen=True, slots=True)
class Shrunk:
    """A picture as PDQ sees it. ``width`` and ``height`` are those of the full picture."""

    width: int
    height: int
    spectrum: Spectrum

    def frame(self, at: float) -> FrameFingerprint:
        """As one frame among several, ``at`` seconds."""
        return FrameFingerprint(
            round(at, 3), self.spectrum.hash, self.spectrum.quality
        )


@dataclass(frozen=True, slots=True)
class Picture:
    """``first`` frame with its hashes, and the sampled ones of an animation."""

    first: Shrunk
    phash: str
    dhash: str
    frames: tuple[FrameFingerprint, ...]
    duration: float | None
    problems: tuple[str, ...]


def read_picture(
    data: bytes | memoryview, media_type: str, limits: Limits
) -> Picture:
    """Decode and shrink. Raises ``RefusedError``, or whatever a decoder raises on a broken file."""
    if media_type == "image/jpeg":
        return _read_jpeg(data, limits)
    deadline = Deadline(limits)
    image = open_image(Source(data, deadline), media_type)
    full = _prepare_decoding(image, limits)
    # Half of a picture is still worth a hash; that it is half is told.
    problems = [] if _decode_image(image) else ["truncated"]
    upright, full = _turn_upright(to_eight_bits(image), full, image)
    looks = _list_looks(upright, full)
    best = _choose_look(looks)
    hashes = _grey_hashes(best.image, full)
    others = _list_others(best, looks)
    if others:
        problems.append("see_through")
    if media_type in _ONE_PICTURE or getattr(image, "n_frames", 1) == 1:
        return Picture(best.shrunk, *hashes, others, None, tuple(problems))

    def hash_frame(frame: ImageFile.ImageFile, at: float) -> FrameFingerprint:
        size = _prepare_decoding(frame, limits)
        if not _decode_image(frame):
            problems.append("truncated")
        shown = _turn_upright(to_eight_bits(frame), size, frame)
        return _choose_look(_list_looks(*shown)).shrunk.frame(at)

    first = best.shrunk.frame(0.0)
    animation = sample_animation(image, first, hash_frame, deadline, limits)
    frames = (*animation.frames, *others)
    problems += animation.problems
    return Picture(
        best.shrunk, *hashes, frames, animation.duration, tuple(problems)
    )


@dataclass(frozen=True, slots=True)
class _Look:
    """A picture as it looks on one background, or as its colours are without their transparency,
    which is what other programs hash."""

    image: Image.Image
    shrunk: Shrunk


def _list_looks(image: Image.Image, full: tuple[int, int]) -> list[_Look]:
    """Without transparency first; on white and on dark where the background makes a difference."""
    looks = [_Look(image, shrink_picture(image, full))]
    if is_see_through(image):
        for colour in (WHITE, DARK):
            shown = put_on(image, colour)
            looks.append(_Look(shown, shrink_picture(shown, full)))
    return looks


def _choose_look(looks: list[_Look]) -> _Look:
    """The first with enough detail: lists of known pictures hold the one without transparency. A
    picture that is drawn in its transparency alone is flat there, and is taken as it is shown."""
    for look in looks:
        if look.shrunk.spectrum.quality >= MATCHABLE_QUALITY:
            return look
    return max(looks, key=lambda look: look.shrunk.spectrum.quality)


def _list_others(
    best: _Look, looks: list[_Look]
) -> tuple[FrameFingerprint, ...]:
    """The looks that differ from the best one by much, as frames that may be matched as well."""
    spectra = [best.shrunk.spectrum]
    others = []
    for look in looks:
        spectrum = look.shrunk.spectrum
        is_usable = spectrum.quality >= MATCHABLE_QUALITY
        if is_usable and all(
            spectrum.count_differing_bits(each) > SAME_PICTURE
            for each in spectra
        ):
            spectra.append(spectrum)
            others.append(look.shrunk.frame(0.0))
    return tuple(others)


def _few_scans(data: bytes | memoryview) -> bytes | memoryview:
    """A JPEG up to ``MOST_SCANS``: by then nothing is missing that could be seen."""
    raw = bytes(data)
    if raw.count(_SCAN) <= MOST_SCANS:
        return data
    return (
        _SCAN.join(raw.split(_SCAN, MOST_SCANS + 1)[: MOST_SCANS + 1]) + _END
    )


def decode_upright(
    data: bytes | memoryview, media_type: str, limits: Limits
) -> Image.Image:
    """The picture as people see it, a JPEG small and grey. Raises as ``read_picture`` does."""
    image: ImageFile.ImageFile
    if media_type == "image/jpeg":
        data, image = _open_jpeg(data)
    else:
        image = open_image(Source(data, Deadline(limits)), media_type)
    full = _prepare_decoding(image, limits)
    _decode_image(image)
    upright, _ = _turn_upright(to_eight_bits(image), full, image)
    return upright


def _open_jpeg(
    data: bytes | memoryview,
) -> tuple[bytes | memoryview, JpegImagePlugin.JpegImageFile]:
    image = JpegImagePlugin.JpegImageFile(io.BytesIO(data))
    # The scans of others are as long as what they hold.
    if image.info.get("progressive"):
        data = _few_scans(data)
        image = JpegImagePlugin.JpegImageFile(io.BytesIO(data))
    return data, image


def _read_jpeg(data: bytes | memoryview, limits: Limits) -> Picture:
    """Decoded small and grey where that is enough."""
    data, image = _open_jpeg(data)
    full = _prepare_decoding(image, limits)
    pixels = _grey_pixels(data, image)
    whole = pixels is not None or _decode_image(image)
    if not whole:
        # With an end marker libjpeg gives what it has, be the file progressive or not.
        image = JpegImagePlugin.JpegImageFile(
            io.BytesIO(bytes(data) + b"\xff\xd9")
        )
        _prepare_decoding(image, limits)
        _decode_image(image)
    decoded = image if pixels is None else Image.fromarray(pixels)
    upright, shown = _turn_upright(decoded, full)
    first = shrink_picture(upright, shown, pixels)
    grey = upright.convert("L") if upright.mode != "L" else upright
    hashes = _grey_hashes(
        grey.reduce(max(min(grey.size) // GREY_SIDE, 1)), shown
    )
    matchable = whole and first.spectrum.quality >= MATCHABLE_QUALITY
    # Here the quick grey decode may have turned bits: only such a picture pays
    # for a decode in full size and colour.
    if matchable and first.spectrum.hangs_on_roundings and _is_glaring(grey):
        image = JpegImagePlugin.JpegImageFile(io.BytesIO(data))
        image.load()
        first = shrink_picture(*_turn_upright(image, full))
    return Picture(first, *hashes, (), None, () if whole else ("truncated",))


def _grey_pixels(
    data: bytes | memoryview, image: Image.Image
) -> NDArray[np.uint8] | None:
    """What Pillow's draft decode gives, straight into an array; height x width.

    The same libjpeg-turbo, bit for bit the same pixels, without two copies: a tenth of the time.
    None for colour models other than grey and YCbCr, for what has to be turned, and for files that
    are broken or of a kind it refuses, with which Pillow deals.
    """
    if image.mode != "L" or _read_orientation(image) in _UPRIGHT:
        return None
    width, height = image.size
    least = {"min_height": height, "min_width": width}
    with suppress(ValueError):
        # The size was checked as Pillow reads it; nothing is decoded that libjpeg reads otherwise.
        if decode_jpeg_header(data, **least)[:2] == (height, width):
            pixels: NDArray[np.uint8] = decode_jpeg(data, "GRAY", **least)
            return pixels[:, :, 0]
    return None


def _is_glaring(grey: Image.Image) -> bool:
    """Are more than 2% of the pixels all but black or white? There colours were cut off.

    A grey decode cuts them off elsewhere than a colour decode, which moves the frequencies; where
    nothing is cut off, the two differ by less than it takes to turn bits.
    """
    counts = grey.histogram()
    return sum(counts[:4]) + sum(counts[-4:]) > 0.02 * sum(counts)


def shrink_picture(
    image: Image.Image,
    full: tuple[int, int],
    pixels: NDArray[np.uint8] | None = None,
) -> Shrunk:
    """``image`` is upright; it may have been decoded smaller than its ``full`` (width, height).
    ``pixels`` are its own where they are at hand."""
    if min(full) < SMALLEST_SIDE:
        raise RefusedError("too_small")
    lines = (
        partial(_read_luma, image) if pixels is None else pixels.__getitem__
    )
    return Shrunk(
        *full, compute_spectrum(pdq_samples(lines, full, image.size))
    )


def _grey_hashes(image: Image.Image, full: tuple[int, int]) -> tuple[str, str]:
    """(pHash, dHash) of an upright picture, which may have been shrunk from its ``full`` size."""
    phash, dhash = grey_samples(partial(_read_grey, image), full, image.size)
    return phash_from_small(phash), dhash_from_small(dhash)


def _read_luma(image: Image.Image, lines: slice) -> NDArray[np.generic]:
    """Some lines for PDQ: of colour with its fractions, as in the reference."""
    # The whole picture in floats would take several times its memory.
    strip = _crop_strip(image, lines)
    return np.asarray(
        strip if strip.mode == "L" else strip.convert("RGB").convert("F")
    )


def _read_grey(image: Image.Image, lines: slice) -> NDArray[np.generic]:
    """Some lines for pHash and dHash, in whole grey values as ImageHash has them."""
    strip = _crop_strip(image, lines)
    return np.asarray(strip if strip.mode == "L" else strip.convert("L"))


def _crop_strip(image: Image.Image, lines: slice) -> Image.Image:
    strip = image.crop((0, lines.start, image.width, lines.stop))
    if strip.mode == "P":
        return strip.convert("RGBA")  # a palette may be transparent in parts
    return strip.convert("L") if strip.mode in _GREY_MODES else strip


def _prepare_decoding(
    image: ImageFile.ImageFile, limits: Limits
) -> tuple[int, int]:
    """Check the size before anything is decoded, and have a JPEG decode small and grey."""
    width, height = image.size
    # The header's word, before any pixel: a few hundred bytes can claim a picture of gigabytes.
    if width * height > limits.pixels:
        raise RefusedError("too_many_pixels")
    check_icon(image, limits)
    image.draft("L", (DECODED_SIDE, DECODED_SIDE))
    return width, height


def _decode_image(image: ImageFile.ImageFile) -> bool:
    """Decode; False where the file ended early and the rest of the picture stayed blank."""
    try:
        image.load()
    except (OSError, SyntaxError, ValueError):
        if not image.tile:
            raise
        # Pillow's own way to accept such files is a process-wide flag; giving
        # up the tiles that are left does the same for this one picture.
        image.tile = []
        image.load()
        return False
    return True


def _turn_upright(
    image: Image.Image,
    full: tuple[int, int],
    opened: Image.Image | None = None,
) -> tuple[Image.Image, tuple[int, int]]:
    """The picture as people see it, by the EXIF orientation that it was ``opened`` with."""
    orientation = _read_orientation(opened or image)
    if orientation not in _UPRIGHT:
        return image, full
    image = image.transpose(_UPRIGHT[orientation])
    return image, full[::-1] if orientation in _TURNED else full


def _read_orientation(image: Image.Image) -> int:
    """1 (upright) to 8; a broken EXIF block is no obstacle."""
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    # Pillow raises anything from struct.error to KeyError for a broken block.
    except Exception:
        return 1
