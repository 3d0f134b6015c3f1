"""Opening a picture by the one decoder that fits its type."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable

from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    IcoImagePlugin,
    ImageFile,
    Jpeg2KImagePlugin,
    PngImagePlugin,
    PsdImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)
from pillow_heif.as_plugin import HeifImageFile

from triage.fingerprints.decoding.source import RefusedError, Source
from triage.fingerprints.model import Limits

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
    "image/jp2": Jpeg2KImagePlugin.Jpeg2KImageFile,
    "image/x-icon": IcoImagePlugin.IcoImageFile,
    "image/vnd.adobe.photoshop": PsdImagePlugin.PsdImageFile,
}
PICTURES = frozenset({"image/jpeg", *DECODERS})
_PNG_START = b"\x89PNG\r\n\x1a\n"
_PNG_TEXT = frozenset({b"tEXt", b"zTXt", b"iTXt", b"iCCP"})


def open_image(source: Source, media_type: str) -> ImageFile.ImageFile:
    """A PNG may carry megabytes of text or of a colour profile, packed small. Pillow refuses such a
    file, and browsers show it: what nobody sees is left out."""
    try:
        return DECODERS[media_type](source)
    except ValueError:
        if media_type != "image/png":
            raise
    return DECODERS[media_type](
        Source(_without_text(source.getvalue()), source.deadline)
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


def check_icon(image: ImageFile.ImageFile, limits: Limits) -> None:
    """An icon's own list says how large each picture is; a PNG inside may claim more."""
    if not isinstance(image, IcoImagePlugin.IcoImageFile):
        return
    for entry in image.ico.entry:
        image.ico.buf.seek(entry.offset)
        head = image.ico.buf.read(24)
        if not head.startswith(_PNG_START) or len(head) < 24:
            continue
        width, height = struct.unpack(">II", head[16:24])
        if width * height > limits.pixels:
            raise RefusedError("too_many_pixels")
