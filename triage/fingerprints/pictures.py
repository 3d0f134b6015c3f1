"""Pictures: opened by the one decoder that fits, measured before decoding, shrunk in strips."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
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

from triage.fingerprints.model import MATCHABLE_QUALITY, FrameFingerprint, Limits
from triage.fingerprints.pdq import SMALLEST_SIDE, hangs_on_roundings, pdq_from_small, quality
from triage.fingerprints.perceptual import to_grey_values
from triage.fingerprints.sampling import (
    DHASH_HEIGHT,
    PDQ_ROWS,
    PHASH_ROWS,
    PHASH_SIDE,
    Floats,
    across,
    lanczos_matrix,
    pdq_matrix,
)

DECODED_SIDE = 512
"""A JPEG is decoded at the smallest scale that leaves at least this many pixels on both sides."""
STRIP_PIXELS = 1 << 18
"""Pixels that are converted and shrunk at a time: 1 MB of floats, about a core's own cache."""

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
_GREY_MODES = {"1", "L", "LA", "I", "F", "I;16", "I;16B", "I;16L", "I;16N"}


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

    def check(self) -> None:
        if time.monotonic() > self._until:
            raise RefusedError("out_of_time")

    def read(self, size: int | None = -1, /) -> bytes:
        self.check()
        return super().read(size)


@dataclass(frozen=True, slots=True)
class Shrunk:
    """A picture as its hashes see it. ``width`` and ``height`` are those of the full picture."""

    width: int
    height: int
    pdq: Floats
    phash: Floats
    dhash: Floats


@dataclass(frozen=True, slots=True)
class Picture:
    """``first`` frame, and the sampled ones of an animation (empty for a still picture)."""

    first: Shrunk
    frames: tuple[FrameFingerprint, ...]
    duration: float | None
    problems: tuple[str, ...]


def read_picture(data: bytes | memoryview, media_type: str, limits: Limits) -> Picture:
    """Decode and shrink. Raises ``RefusedError``, or whatever a decoder raises on a broken file."""
    if media_type == "image/jpeg":
        first, whole = _read_jpeg(data, limits)
        return Picture(first, (), None, () if whole else ("truncated",))
    source = Source(data, limits.seconds)
    image = DECODERS[media_type](source)
    full = _begin(image, limits)
    problems = [] if _decode(image) else ["truncated"]
    first = shrink_picture(*_upright(image, full))
    if getattr(image, "n_frames", 1) == 1:
        return Picture(first, (), None, tuple(problems))
    frames, duration, more = _animation(image, first, source, limits)
    return Picture(first, frames, duration, tuple(problems + more))


def _read_jpeg(data: bytes | memoryview, limits: Limits) -> tuple[Shrunk, bool]:
    """The picture, and whether the file is whole. Decoded small and grey where that is enough."""
    image = JpegImagePlugin.JpegImageFile(io.BytesIO(data))
    full = _begin(image, limits)
    whole = _decode(image)
    if not whole:
        # With an end marker libjpeg gives what it has, be the file progressive or not.
        image = JpegImagePlugin.JpegImageFile(io.BytesIO(bytes(data) + b"\xff\xd9"))
        _begin(image, limits)
        _decode(image)
    first = shrink_picture(*_upright(image, full))
    matchable = whole and quality(first.pdq) >= MATCHABLE_QUALITY
    if matchable and hangs_on_roundings(first.pdq) and _is_glaring(image):
        image = JpegImagePlugin.JpegImageFile(io.BytesIO(data))
        image.load()
        first = shrink_picture(*_upright(image, full))
    return first, whole


def _is_glaring(image: Image.Image) -> bool:
    """Are more than 2% of the pixels all but black or white? There colours were cut off.

    A grey decode cuts them off elsewhere than a colour decode, which moves the frequencies; where
    nothing is cut off, the two differ by less than it takes to turn bits.
    """
    counts = image.convert("L").histogram()
    return sum(counts[:4]) + sum(counts[-4:]) > 0.02 * sum(counts)


def shrink_picture(image: Image.Image, full: tuple[int, int]) -> Shrunk:
    """``image`` is upright; it may have been decoded smaller than its ``full`` (width, height)."""
    width, height = full
    if min(full) < SMALLEST_SIDE:
        raise RefusedError("too_small")
    lines = np.hstack(list(_lines(image, width)))
    grey = to_grey_values(lines[PHASH_ROWS.start :])
    down = image.height
    pdq = pdq_matrix(height, down) @ lines[PDQ_ROWS].T
    phash = lanczos_matrix(height, down, PHASH_SIDE) @ grey[:PHASH_SIDE].T
    dhash = lanczos_matrix(height, down, DHASH_HEIGHT) @ grey[PHASH_SIDE:].T
    return Shrunk(width, height, pdq, to_grey_values(phash), to_grey_values(dhash))


def _lines(image: Image.Image, full: int) -> Iterator[Floats]:
    """The samples along the rows of one strip of the picture after the other, top to bottom.

    Colour keeps its fractions for PDQ, as the reference does; ImageHash rounds them to grey values.
    """
    step = max(STRIP_PIXELS // image.width, 1)
    pixels = np.asarray(image) if image.mode == "L" else None
    for top in range(0, image.height, step):
        bottom = min(top + step, image.height)
        if pixels is not None:
            yield across(pixels[top:bottom].astype(np.float32), full)
            continue
        strip = image.crop((0, top, image.width, bottom))
        if strip.mode == "P":
            strip = strip.convert("RGBA")  # a palette may be transparent in parts
        if strip.mode in _GREY_MODES:
            yield across(np.asarray(strip.convert("L"), np.float32), full)
            continue
        luma = np.asarray(strip.convert("RGB").convert("F"))
        lines = across(luma, full)
        lines[PDQ_ROWS.stop :] = across(to_grey_values(luma), full)[PDQ_ROWS.stop :]
        yield lines


def _begin(image: ImageFile.ImageFile, limits: Limits) -> tuple[int, int]:
    """Check the size before anything is decoded, and have a JPEG decode small and grey."""
    width, height = image.size
    if width * height > limits.pixels:
        raise RefusedError("too_many_pixels")
    image.draft("L", (DECODED_SIDE, DECODED_SIDE))
    return width, height


def _decode(image: ImageFile.ImageFile) -> bool:
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


def _upright(image: Image.Image, full: tuple[int, int]) -> tuple[Image.Image, tuple[int, int]]:
    """The picture as people see it, by its EXIF orientation; a broken EXIF block is no obstacle."""
    try:
        orientation = image.getexif().get(_ORIENTATION, 1)
    except Exception:
        orientation = 1
    if orientation not in _UPRIGHT:
        return image, full
    image = image.transpose(_UPRIGHT[orientation])
    return image, full[::-1] if orientation in _TURNED else full


def _animation(
    image: ImageFile.ImageFile, first: Shrunk, source: Source, limits: Limits
) -> tuple[tuple[FrameFingerprint, ...], float, list[str]]:
    """First, middle and last frame, the seconds that all take, and what went wrong."""
    frames = [FrameFingerprint(0.0, *pdq_from_small(first.pdq))]
    start, end = 0.0, _seconds(image, "duration")
    problems: list[str] = []
    try:
        count = image.n_frames  # type: ignore[attr-defined]
        for index in range(1, count):
            source.check()
            image.seek(index)
            start = end
            if index in {count // 2, count - 1}:
                full = _begin(image, limits)
                if not _decode(image):
                    problems.append("truncated")
                # WebP and AVIF know a frame's time, once it is decoded; the others how long it is.
                start = _seconds(image, "timestamp") or start
                shrunk = shrink_picture(*_upright(image, full))
                frames.append(FrameFingerprint(round(start, 3), *pdq_from_small(shrunk.pdq)))
            end = start + _seconds(image, "duration")
    except RefusedError as refused:
        problems.append(refused.problem)
    except Exception:
        problems.append("truncated")
    return tuple(frames), round(end, 3), problems


def _seconds(image: Image.Image, name: str) -> float:
    """One of the current frame's times, which Pillow gives in ms; 0 for the pages of a TIFF."""
    time = image.info.get(name, 0)
    return float(time) / 1000 if isinstance(time, (int, float)) else 0.0
