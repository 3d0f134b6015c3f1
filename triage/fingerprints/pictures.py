"""Pictures: opened by the one decoder that fits, measured before decoding, shrunk in strips."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)
from pillow_heif.as_plugin import HeifImageFile
from simplejpeg import decode_jpeg, decode_jpeg_header

from triage.fingerprints.model import (
    MATCHABLE_QUALITY,
    FrameFingerprint,
    Limits,
)
from triage.fingerprints.pdq import SMALLEST_SIDE, Spectrum, compute_spectrum
from triage.fingerprints.perceptual import dhash_from_small, phash_from_small
from triage.fingerprints.sampling import grey_samples, pdq_samples

DECODED_SIDE = 512
"""A JPEG is decoded at the smallest scale that leaves at least this many pixels on both sides."""
GREY_SIDE = 128
"""A JPEG's pHash and dHash are made of no more than twice as many pixels on its shorter side. They
look at 8 waves a side at most: 2 bits from ImageHash's, or none, in 424 of 468 JPEGs (photographs,
noise, shapes, text; 432 with all pixels, where the grey decode alone tells)."""

# The plugins' classes are used themselves: Image.open would ask each of its registered plugins,
# and warn or refuse by a process-wide limit.
DECODERS: dict[str, Callable[[io.BytesIO], ImageFile.ImageFile]] = {
    "image/png": PngImagePlugin.PngImageFile,
    "image/gif": GifImagePlugin.GifImageFile,
    "image/webp": WebPImagePlugin.WebPImageFile,
    "image/avif": AvifImagePlugin.AvifImageFile,
    "image/heic": HeifImageFile,
    "image/bmp": BmpImagePlugin.BmpImageFile,
    "image/tiff": TiffImagePlugin.TiffImageFile,
}
PICTURES = frozenset({"image/jpeg", *DECODERS})
MOST_SCANS = 100
"""Of a progressive JPEG; encoders write some ten. A hundred bytes can make a scan that goes over a
whole picture of 50 megapixels, and a file may hold any number of them."""
_SCAN, _END = b"\xff\xda", b"\xff\xd9"
_PNG_START = b"\x89PNG\r\n\x1a\n"
_PNG_TEXT = frozenset({b"tEXt", b"zTXt", b"iTXt", b"iCCP"})
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
_GREY_MODES = {"1", "LA", "I", "F", "I;16", "I;16B", "I;16L", "I;16N"}


class RefusedError(Exception):
    """A file that is not decoded (further). ``problem`` is one of the stable words."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class Source(io.BytesIO):
    """The file in memory, as decoders read it; refuses to be read once its time is up.

    Reading is what all decoders have in common, so that this bounds the ones that loop over a
    file (an animation of a million frames) without their help.
    """

    def __init__(self, data: bytes | memoryview, seconds: float) -> None:
        super().__init__(data)
        self._until = time.monotonic() + seconds

    @property
    def seconds_left(self) -> float:
        return self._until - time.monotonic()

    def check(self) -> None:
        if self.seconds_left < 0:
            raise RefusedError("out_of_time")

    def read(self, size: int | None = -1, /) -> bytes:
        self.check()
        return super().read(size)


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
    source = Source(data, limits.seconds)
    image = _open_image(source, media_type)
    full = _prepare_decoding(image, limits)
    problems = [] if _decode_image(image) else ["truncated"]
    upright, full = _turn_upright(image, full)
    first = shrink_picture(upright, full)
    hashes = _grey_hashes(upright, full)
    if getattr(image, "n_frames", 1) == 1:
        return Picture(first, *hashes, (), None, tuple(problems))
    frames, duration, more = _sample_animation(image, first, source, limits)
    return Picture(first, *hashes, frames, duration, tuple(problems + more))


def _open_image(source: Source, media_type: str) -> ImageFile.ImageFile:
    """A PNG may carry megabytes of text or of a colour profile, packed small. Pillow refuses such a
    file, and browsers show it: what nobody sees is left out."""
    try:
        return DECODERS[media_type](source)
    except ValueError:
        if media_type != "image/png":
            raise
    return DECODERS[media_type](
        Source(_without_text(source.getvalue()), source.seconds_left)
    )


def _without_text(data: bytes) -> bytes:
    """A PNG's chunks (length, name, content, checksum) without those of text and profile."""
    kept, at = [_PNG_START], len(_PNG_START)
    # No chunk is believed to end within the file: a slice past it is empty.
    while at < len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4])
        if data[at + 4 : at + 8] not in _PNG_TEXT:
            kept.append(data[at:end])
        at = end
    return b"".join(kept)


def _few_scans(data: bytes | memoryview) -> bytes | memoryview:
    """A JPEG up to ``MOST_SCANS``: by then nothing is missing that could be seen."""
    raw = bytes(data)
    if raw.count(_SCAN) <= MOST_SCANS:
        return data
    return (
        _SCAN.join(raw.split(_SCAN, MOST_SCANS + 1)[: MOST_SCANS + 1]) + _END
    )


def _read_jpeg(data: bytes | memoryview, limits: Limits) -> Picture:
    """Decoded small and grey where that is enough."""
    image = JpegImagePlugin.JpegImageFile(io.BytesIO(data))
    if image.info.get(
        "progressive"
    ):  # the scans of others are as long as what they hold
        data = _few_scans(data)
        image = JpegImagePlugin.JpegImageFile(io.BytesIO(data))
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
    """Some lines for PDQ: of colour with its fractions, as in the reference.

    A strip at a time is converted: the whole picture in floats would take several times its memory.
    """
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
    image.draft("L", (DECODED_SIDE, DECODED_SIDE))
    return width, height


def _decode_image(image: ImageFile.ImageFile) -> bool:
    """Decode; False where the file ended early and the rest of the picture stayed blank.

    Pillow's own way to accept such files is a process-wide flag; giving up the tiles that are
    left does the same for this one picture.
    """
    try:
        image.load()
    except (OSError, SyntaxError, ValueError):
        if not image.tile:
            raise
        image.tile = []
        image.load()
        return False
    return True


def _turn_upright(
    image: Image.Image, full: tuple[int, int]
) -> tuple[Image.Image, tuple[int, int]]:
    """The picture as people see it, by its EXIF orientation."""
    orientation = _read_orientation(image)
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


def _sample_animation(
    image: ImageFile.ImageFile, first: Shrunk, source: Source, limits: Limits
) -> tuple[tuple[FrameFingerprint, ...], float, list[str]]:
    """First, middle and last frame, the seconds that all take, and what went wrong."""
    frames = [first.frame(0.0)]
    start, end = 0.0, _read_seconds(image, "duration")
    problems: list[str] = []
    try:
        count = image.n_frames  # type: ignore[attr-defined]
        for index in range(1, count):
            source.check()
            image.seek(index)
            start = end
            if index in {count // 2, count - 1}:
                full = _prepare_decoding(image, limits)
                if not _decode_image(image):
                    problems.append("truncated")
                # WebP and AVIF know a frame's time, once it is decoded; the others how long it is.
                start = _read_seconds(image, "timestamp") or start
                shrunk = shrink_picture(*_turn_upright(image, full))
                frames.append(shrunk.frame(start))
            end = start + _read_seconds(image, "duration")
    except RefusedError as refused:
        problems.append(refused.problem)
    except Exception:
        problems.append("truncated")
    return tuple(frames), round(end, 3), problems


def _read_seconds(image: Image.Image, name: str) -> float:
    """One of the current frame's times, which Pillow gives in ms; 0 for the pages of a TIFF."""
    time = image.info.get(name, 0)
    return float(time) / 1000 if isinstance(time, (int, float)) else 0.0
