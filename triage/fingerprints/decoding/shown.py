"""The values of a picture as a browser or a viewer shows them: 8 bits, opaque, red green blue.

Pillow keeps what a file holds. Its own conversion cuts deeper values off instead of scaling them,
has none for LAB, and drops transparency with whatever lies hidden below it.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

WHITE = (255, 255, 255)
DARK = (14, 14, 14)
"""What browsers put behind a picture that is opened by itself."""
_BITS_PER_SAMPLE = 258  # a tag of TIFF
_DEEP_MODES = frozenset({"I", "F", "I;16", "I;16B", "I;16L", "I;16N"})
_MOST = 255.0
_WITH_ALPHA = frozenset({"RGBA", "LA", "PA", "RGBa", "La"})


def to_eight_bits(image: Image.Image) -> Image.Image:
    """``image`` itself where its values are usual ones."""
    if image.mode in _DEEP_MODES:
        return _scale_values(image)
    if image.mode == "LAB":
        return _make_lab_transform().apply(image)
    return image


def _scale_values(image: Image.Image) -> Image.Image:
    """White stays white: at the depth that the file states or, where it states none, at the least
    usual one that holds its values."""
    values: NDArray[np.generic] = np.asarray(image)
    # One infinite value would be the white that all others are scaled by.
    finite = np.nan_to_num(
        values.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0
    )
    white = _find_white(image, float(finite.max(initial=0.0)))
    finite *= _MOST / white
    np.clip(finite, 0, _MOST, out=finite)
    return Image.fromarray(np.rint(finite).astype(np.uint8))


def _find_white(image: Image.Image, largest: float) -> float:
    if image.mode == "F" and 0 < largest <= 1.0:
        return 1.0
    # Values that fit 8 bits are taken to be meant so, whatever the file states.
    if largest <= _MOST:
        return _MOST
    stated = getattr(image, "tag_v2", {}).get(_BITS_PER_SAMPLE, (16,))
    for bits in (stated[0], 16, 32):
        # The file states the depth: a shift by any number could fill the
        # memory.
        white = float((1 << min(int(bits), 32)) - 1)
        if largest <= white and white > _MOST:
            return white
    return largest


@cache
def _make_lab_transform() -> ImageCms.ImageCmsTransform:
    lab = ImageCms.createProfile("LAB")
    screen = ImageCms.createProfile("sRGB")
    return ImageCms.buildTransform(lab, screen, "LAB", "RGB")


def is_see_through(image: Image.Image) -> bool:
    """Whether any of it lets the background through."""
    if image.mode == "P" and "transparency" in image.info:
        return True
    if image.mode not in _WITH_ALPHA:
        return False
    lowest, _ = image.getchannel(
        "A" if "A" in image.mode else "a"
    ).getextrema()
    return bool(isinstance(lowest, (int, float)) and lowest < _MOST)


def put_on(image: Image.Image, colour: tuple[int, int, int]) -> Image.Image:
    """The picture as a page of this colour shows it."""
    above = image if image.mode == "RGBA" else image.convert("RGBA")
    page = Image.new("RGB", image.size, colour)
    page.paste(above, mask=above.getchannel("A"))
    return page
