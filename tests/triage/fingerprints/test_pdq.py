"""PDQ against the reference implementation.

``data/pdq_reference.json`` holds what ``pdqhash`` (Meta's C++ code; the version is in the file)
makes of generated pictures. The pictures are made of whole numbers alone, so that they are the same
on every machine. The file was written by this module: ``python test_pdq.py`` in an environment
with NumPy and ``pdqhash``, which needs a C++ compiler to install.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

REFERENCE = Path(__file__).parent / "data" / "pdq_reference.json"
SIZES = (
    (5, 5),
    (6, 200),
    (31, 33),
    (64, 64),
    (65, 63),
    (100, 37),
    (127, 129),
    (128, 128),
    (129, 300),
    (240, 320),
    (257, 511),
    (512, 512),
    (333, 777),
    (700, 256),
)
KINDS = ("noise", "blocks", "soft", "gradient", "faint")


def make(kind: str, height: int, width: int, seed: int) -> NDArray[np.uint8]:
    """A colour picture, height x width x 3, from whole numbers alone."""
    rng = np.random.default_rng(seed)
    if kind == "noise":
        return rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    rows, columns = (
        np.arange(height)[:, None, None],
        np.arange(width)[None, :, None],
    )
    if kind == "gradient":
        slope = rng.integers(1, 9, (3,))
        return (
            (rows * slope + columns * slope[::-1])
            * 255
            // (9 * (height + width))
        ).astype(np.uint8)
    if kind == "blocks":
        blocks = np.zeros((height, width, 3), np.uint8)
        for _ in range(40):
            top, left = rng.integers(0, height), rng.integers(0, width)
            high, wide = (
                rng.integers(1, height // 2 + 1),
                rng.integers(1, width // 2 + 1),
            )
            blocks[top : top + high, left : left + wide] = rng.integers(
                0, 256, 3
            )
        return blocks
    coarse = rng.integers(0, 256, (9, 9, 3))
    # Between the corners of each block, in steps of 1/256.
    y, x = rows * 2048 // height % 256, columns * 2048 // width % 256
    i, j = rows[:, :, 0] * 8 // height, columns[:, :, 0] * 8 // width
    top = coarse[i, j] * (256 - x) + coarse[i, j + 1] * x
    low = coarse[i + 1, j] * (256 - x) + coarse[i + 1, j + 1] * x
    soft = (top * (256 - y) + low * y) >> 16
    return (soft // 16 + 100 if kind == "faint" else soft).astype(np.uint8)


def luma(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    red, green, blue = (
        pixels[..., channel].astype(np.float32) for channel in range(3)
    )
    return (
        np.float32(0.299) * red
        + np.float32(0.587) * green
        + np.float32(0.114) * blue
    )


def cases() -> list[tuple[str, int, int, int]]:
    return [
        (kind, height, width, 100 * size + number)
        for size, (height, width) in enumerate(SIZES)
        for number, kind in enumerate(KINDS)
    ]


def reference() -> dict[str, Any]:
    value: dict[str, Any] = json.loads(REFERENCE.read_text(encoding="utf-8"))
    return value


def test_every_case_has_its_measured_vector() -> None:
    assert len(reference()["vectors"]) == len(cases()) == 70


def test_hash_and_quality_agree_with_the_reference(
    bits: Callable[[str, str], int],
) -> None:
    from triage.fingerprints.pdq import pdq_from_luma

    same, worst = 0, 0
    for case, expected in zip(cases(), reference()["vectors"], strict=True):
        pdq, quality = pdq_from_luma(luma(make(*case)))
        distance = bits(pdq, expected["pdq"][0])
        same += distance == 0
        assert abs(quality - expected["quality"]) <= 1, case
        if expected["quality"] >= 80:
            worst = max(worst, distance)
    assert worst <= 10
    assert same >= 0.9 * len(cases())


def test_the_eight_ways_to_turn_a_picture_agree(
    bits: Callable[[str, str], int],
) -> None:
    from triage.fingerprints.pdq import pdq_dihedral

    for case, expected in zip(cases(), reference()["vectors"], strict=True):
        turned = pdq_dihedral(luma(make(*case)))
        assert len(turned) == 8
        if expected["quality"] >= 80:
            assert max(map(bits, turned, expected["pdq"])) <= 10, case


def test_turned_hashes_are_those_of_the_turned_picture(
    bits: Callable[[str, str], int],
) -> None:
    """320 is a size whose filter and samples are symmetric; of others, mirrored bits differ."""
    from triage.fingerprints.pdq import pdq_dihedral, pdq_from_luma

    plain = luma(make("blocks", 320, 320, 7))
    ways = (
        plain,
        np.rot90(plain),
        np.rot90(plain, 2),
        np.rot90(plain, 3),
        np.flipud(plain),
        np.fliplr(plain),
        plain.T,
        np.rot90(plain, 2).T,
    )
    for turned, way in zip(pdq_dihedral(plain), ways, strict=True):
        assert bits(turned, pdq_from_luma(way)[0]) <= 2


def test_a_picture_below_five_pixels_has_no_hash() -> None:
    from triage.fingerprints.pdq import pdq_dihedral, pdq_from_luma

    tiny = np.full((4, 100), 200, np.uint8)
    assert pdq_from_luma(tiny) == ("0" * 64, 0)
    assert set(pdq_dihedral(tiny)) == {"0" * 64}


@pytest.mark.parametrize("name", ["RGB", "L"])
def test_a_lossless_file_hashes_as_its_pixels(
    name: str, encode: Callable[..., bytes], bits: Callable[[str, str], int]
) -> None:
    from triage.fingerprints.media import fingerprint_media

    pixels = make("soft", 333, 777, 1202)
    image = Image.fromarray(pixels).convert(name)
    expected = reference()["vectors"][cases().index(("soft", 333, 777, 1202))][
        "pdq"
    ][0]
    found = fingerprint_media(encode(image, "PNG")).pdq
    assert found is not None
    assert bits(found, expected) <= (0 if name == "RGB" else 4)


def test_the_reference_itself_still_says_so() -> None:
    pdqhash = pytest.importorskip("pdqhash")
    for case, expected in zip(cases(), reference()["vectors"], strict=True):
        assert _hashed(pdqhash, make(*case)) == expected


def _hashed(pdqhash: Any, pixels: NDArray[np.uint8]) -> dict[str, Any]:
    if min(pixels.shape[:2]) < 5:
        raise ValueError("too small")
    vectors, quality = pdqhash.compute_dihedral(pixels)
    pdq = [
        np.packbits(vector.astype(np.uint8)).tobytes().hex()
        for vector in vectors
    ]
    return {"quality": int(quality), "pdq": pdq}


if __name__ == "__main__":
    from importlib.metadata import version

    import pdqhash

    vectors = [_hashed(pdqhash, make(*case)) for case in cases()]
    made_with = {"pdqhash": version("pdqhash"), "numpy": version("numpy")}
    text = json.dumps({"made_with": made_with, "vectors": vectors}, indent=1)
    REFERENCE.write_text(text + "\n", encoding="utf-8")
