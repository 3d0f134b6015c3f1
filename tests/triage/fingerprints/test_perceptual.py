"""pHash and dHash against ImageHash's own, and PDQ of JPEGs against their full-colour decode."""

from __future__ import annotations

import io
from collections.abc import Callable

import imagehash
import numpy as np
import pytest
from PIL import Image, ImageDraw

from triage.fingerprints.media import fingerprint_media
from triage.fingerprints.pdq import Spectrum, pdq_from_luma

SIZES = [(480, 640), (33, 500), (24, 20), (777, 333)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["PNG", "BMP", "TIFF", "WEBP"])
def test_full_decodes_agree_bit_for_bit(
    size: tuple[int, int],
    name: str,
    picture: Callable[..., Image.Image],
    encode: Callable[..., bytes],
    bits: Callable[[str | None, str | None], int],
) -> None:
    """In a tall picture Pillow 13 rounds in the other order: a grey value more or less."""
    data = encode(picture(*size, seed=3), name)
    ours = fingerprint_media(data)
    theirs = Image.open(io.BytesIO(data))
    apart = 2 if size[0] > 1.5 * size[1] else 0
    assert bits(ours.phash, str(imagehash.phash(theirs))) <= apart
    assert bits(ours.dhash, str(imagehash.dhash(theirs))) <= apart


@pytest.mark.parametrize("size", [(480, 640), (512, 512), (1080, 1920)])
@pytest.mark.parametrize("seed", range(4))
def test_a_jpeg_decoded_grey_and_small_stays_within_a_few_bits(
    size: tuple[int, int],
    seed: int,
    picture: Callable[..., Image.Image],
    encode: Callable[..., bytes],
    bits: Callable[[str | None, str | None], int],
) -> None:
    data = encode(
        picture(*size, seed=seed), "JPEG", quality=(60, 75, 88, 95)[seed]
    )
    ours = fingerprint_media(data)
    full = Image.open(io.BytesIO(data))
    pdq, quality = pdq_from_luma(np.asarray(full.convert("RGB").convert("F")))
    assert quality >= 80
    assert bits(ours.pdq, pdq) <= 4
    assert bits(ours.phash, str(imagehash.phash(full))) <= 4
    assert bits(ours.dhash, str(imagehash.dhash(full))) <= 4
    assert (ours.height, ours.width) == size


def test_a_hash_that_hangs_on_roundings_is_made_from_full_colour(
    encode: Callable[..., bytes],
    bits: Callable[[str | None, str | None], int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A page of text: its frequencies are so alike that the grey decode turns many bits."""
    rng = np.random.default_rng(2)
    page = Image.new("RGB", (1081, 1921), "white")
    draw = ImageDraw.Draw(page)
    for top in range(0, 1921, 14):
        line = "".join(map(chr, rng.integers(40, 120, 154)))
        draw.text((5, top), line, fill=(int(rng.integers(0, 120)), 0, 0))
    data = encode(page, "JPEG", quality=60)
    full = Image.open(io.BytesIO(data)).convert("RGB").convert("F")
    expected = pdq_from_luma(np.asarray(full))[0]
    assert fingerprint_media(data).pdq == expected
    monkeypatch.setattr(Spectrum, "hangs_on_roundings", False)
    assert bits(fingerprint_media(data).pdq, expected) > 4
