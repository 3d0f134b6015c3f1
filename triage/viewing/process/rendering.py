"""The one picture that is shown of a file: small, grey, blurred, silent, and nothing of its EXIF.

A video gives four stills beside each other. None of it is a promise that looking does no harm.
"""

from __future__ import annotations

import io

from PIL import Image, ImageFilter

from triage.fingerprints.decoding.opening import PICTURES
from triage.fingerprints.decoding.pictures import decode_upright
from triage.fingerprints.decoding.shown import (
    DARK,
    is_see_through,
    put_on,
    to_eight_bits,
)
from triage.fingerprints.decoding.sniff import tell_type
from triage.fingerprints.decoding.source import RefusedError
from triage.fingerprints.decoding.video import CONTAINERS, read_stills
from triage.fingerprints.model import Limits

SIDE = 320
"""Pixels of the longer side; there is no larger picture."""
BLUR = 7
"""Radius in pixels of the small picture."""
QUALITY = 60
STILLS = 4
_ROW = 3


def render_file(
    data: bytes, label: str | None, part: int | None, limits: Limits
) -> bytes:
    """A JPEG. Raises ``RefusedError``, or whatever a decoder raises on a broken file."""
    # As it was told when it was hashed: what could be compared can be shown.
    media_type = tell_type(data, label)
    if media_type in CONTAINERS:
        stills = read_stills(data, media_type, limits, STILLS)
        small = _lay_out([_make_small(still, SIDE // 2) for still in stills])
    elif media_type in PICTURES:
        small = _make_small(decode_upright(data, media_type, limits), SIDE)
    else:
        raise RefusedError("unsupported_type")
    return _write_jpeg(blur_picture(small, part))


def blur_picture(small: Image.Image, part: int | None) -> Image.Image:
    """The grey picture, blurred all over but for one of nine regions."""
    # All of it first: the region is put back, and nothing is left out by
    # mistake.
    blurred = small.filter(ImageFilter.GaussianBlur(BLUR))
    if part is None:
        return blurred
    row, column = divmod(part - 1, _ROW)
    box = (
        small.width * column // _ROW,
        small.height * row // _ROW,
        small.width * (column + 1) // _ROW,
        small.height * (row + 1) // _ROW,
    )
    blurred.paste(small.crop(box), box)
    return blurred


def _make_small(image: Image.Image, side: int) -> Image.Image:
    shown = to_eight_bits(image)
    if is_see_through(shown):
        shown = put_on(shown, DARK)
    # Shrunk before its colours go: a large picture is not held twice.
    shown.thumbnail((side, side))
    return shown.convert("L")


def _lay_out(stills: list[Image.Image]) -> Image.Image:
    """Two beside each other, two below."""
    if not stills:
        raise RefusedError("no_frames")
    half = SIDE // 2
    rows = (len(stills) + 1) // 2
    sheet = Image.new("L", (half * min(len(stills), 2), half * rows))
    for number, still in enumerate(stills):
        sheet.paste(still, (number % 2 * half, number // 2 * half))
    return sheet


def _write_jpeg(image: Image.Image) -> bytes:
    # A picture of its own: what a decoder hung onto the first one is not written out.
    plain = Image.frombytes("L", image.size, image.tobytes())
    buffer = io.BytesIO()
    plain.save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()
