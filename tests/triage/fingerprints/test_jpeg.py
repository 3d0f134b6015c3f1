"""The quick JPEG decode of the ``fast`` extra: the same pixels, or Pillow's own way."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from triage.fingerprints import fingerprint_media, pictures


def _files(picture: Callable[..., Image.Image], encode: Callable[..., bytes]) -> list[bytes]:
    """Whole and broken, grey and in colour, upright and turned, of every scale."""
    files = []
    for height, width in ((5, 5), (240, 320), (777, 1033), (1100, 600), (1080, 1920)):
        image = picture(height, width)
        turned = Image.Exif()
        turned[0x0112] = 6
        files += [
            encode(image, "JPEG", quality=85),
            encode(image, "JPEG", progressive=True, subsampling=0),
            encode(image.convert("L"), "JPEG"),
            encode(image.convert("CMYK"), "JPEG"),
            encode(image, "JPEG", exif=turned),
            encode(image, "JPEG")[: height * 20],
        ]
    return files


def test_every_file_hashes_alike_with_and_without_it(
    picture: Callable[..., Image.Image],
    encode: Callable[..., bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where the library is not installed, Pillow plays it, by the same contract."""
    files = _files(picture, encode)
    quick = pictures.decode_jpeg or _like_simplejpeg
    seen = []

    def decode(data: bytes, *args: Any, **sizes: int) -> Any:
        seen.append(sizes)
        return quick(data, *args, **sizes)

    monkeypatch.setattr(pictures, "decode_jpeg", None)
    plain = [fingerprint_media(data) for data in files]
    monkeypatch.setattr(pictures, "decode_jpeg", decode)
    assert [fingerprint_media(data) for data in files] == plain
    assert len(seen) >= 15


@pytest.mark.parametrize("shape", [(10, 10, 1), (480, 640, 3)])
def test_a_decoder_that_gives_another_size_is_not_believed(
    shape: tuple[int, ...],
    picture: Callable[..., Image.Image],
    encode: Callable[..., bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = encode(picture(480, 640), "JPEG")
    monkeypatch.setattr(pictures, "decode_jpeg", None)
    plain = fingerprint_media(data)
    monkeypatch.setattr(pictures, "decode_jpeg", lambda *_, **__: np.zeros(shape, np.uint8))
    assert fingerprint_media(data) == plain


def _like_simplejpeg(data: bytes, _: str, *, min_height: int, min_width: int) -> Any:
    image = Image.open(io.BytesIO(data))
    image.draft("L", (min_width, min_height))
    try:
        image.load()
    except OSError:
        raise ValueError("Premature end of JPEG file") from None
    return np.asarray(image)[:, :, None]
