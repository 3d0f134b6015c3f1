"""Pictures hash as a browser or a viewer shows them, whatever depth, time or layer they are in.

A corpus of generated pictures that covers what public suites of decoders hold: values of 10 to 32
bits, transparency, animations of any rhythm, and formats that only some programs write.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from triage.fingerprints.media import fingerprint_media
from triage.fingerprints.model import Limits, MediaFingerprint

Make = Callable[..., Image.Image]
Encode = Callable[..., bytes]
Bits = Callable[[str, str], int]

NEAR = 10


def plain_hash(image: Image.Image, encode: Encode) -> str:
    found = fingerprint_media(encode(image.convert("RGB"), "PNG"))
    assert found.pdq is not None and found.hashable
    return found.pdq


def deep(image: Image.Image, white: float) -> Any:
    """The grey values of ``image``, from 0 to ``white``."""
    return np.asarray(image.convert("L")).astype(np.float64) / 255 * white


DEPTHS: dict[str, tuple[float, Any, str]] = {
    "16 bits, PNG": (65_535, np.uint16, "PNG"),
    "16 bits, TIFF": (65_535, np.uint16, "TIFF"),
    "16 bits, JPEG 2000": (65_535, np.uint16, "JPEG2000"),
    "32 bits, TIFF": (2_147_483_647, np.int32, "TIFF"),
    "fractions, TIFF": (1.0, np.float32, "TIFF"),
    "fractions to 255, TIFF": (255.0, np.float32, "TIFF"),
}


@pytest.mark.parametrize("name", DEPTHS)
def test_deep_values_are_scaled(
    name: str, picture: Make, encode: Encode, bits: Bits
) -> None:
    white, kind, container = DEPTHS[name]
    image = picture()
    data = encode(Image.fromarray(deep(image, white).astype(kind)), container)
    found = fingerprint_media(data)
    assert found.hashable
    assert bits(found.pdq, plain_hash(image.convert("L"), encode)) <= NEAR
    grey = fingerprint_media(encode(image.convert("L"), "PNG"))
    assert bits(found.phash, grey.phash) <= 4


@pytest.mark.parametrize("channels", [3, 4])
def test_colours_of_16_bits_are_scaled(
    channels: int, picture: Make, encode: Encode, bits: Bits
) -> None:
    """Pillow writes none: a PNG by hand."""
    image = picture()
    pixels = np.asarray(image).astype(np.uint16) * 257
    if channels == 4:
        opaque = np.full((*pixels.shape[:2], 1), 65_535, np.uint16)
        pixels = np.concatenate([pixels, opaque], axis=2)
    rows = pixels.astype(">u2").reshape(len(pixels), -1)
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    found = fingerprint_media(_png(image.size, 2 if channels == 3 else 6, raw))
    assert bits(found.pdq, plain_hash(image, encode)) <= 2
    assert found.problems == ()


def _png(size: tuple[int, int], colours: int, raw: bytes) -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + check

    head = struct.pack(">IIBBBBB", *size, 16, colours, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", head),
            chunk(b"IDAT", zlib.compress(raw)),
            chunk(b"IEND", b""),
        )
    )


@pytest.mark.parametrize("ink", [(0, 0, 0), (255, 255, 255)])
@pytest.mark.parametrize("name", ["PNG", "WEBP", "TIFF"])
def test_a_picture_that_lives_in_its_transparency_is_hashed(
    name: str,
    ink: tuple[int, int, int],
    picture: Make,
    encode: Encode,
    bits: Bits,
) -> None:
    """One flat colour, of which more or less lets the page through: white ink shows on dark."""
    image = picture().convert("L")
    drawn = Image.new("RGB", image.size, ink)
    drawn.putalpha(image)
    options = {"lossless": True, "exact": True} if name == "WEBP" else {}
    found = fingerprint_media(encode(drawn, name, **options))
    assert found.hashable
    page = (255, 255, 255) if ink == (0, 0, 0) else (14, 14, 14)
    shown = Image.new("RGB", image.size, page)
    shown.paste(drawn, mask=image)
    assert bits(found.pdq, plain_hash(shown, encode)) <= NEAR


def test_what_lies_hidden_and_what_is_shown_are_both_hashed(
    picture: Make, encode: Encode, bits: Bits
) -> None:
    """Lists hold the colours without their transparency; visitors see something else."""
    hidden, shown = picture(seed=1), picture(seed=2).convert("L")
    both = hidden.copy()
    both.putalpha(shown)
    found = fingerprint_media(encode(both, "PNG"))
    assert found.pdq == plain_hash(hidden, encode)
    assert "see_through" in found.problems
    on_white = Image.new("RGB", hidden.size, (255, 255, 255))
    on_white.paste(both, mask=both.getchannel("A"))
    wanted = plain_hash(on_white, encode)
    assert min(bits(each, wanted) for each in found.matchable) <= 4


def test_a_picture_that_is_all_but_opaque_keeps_its_one_hash(
    picture: Make, encode: Encode
) -> None:
    image = picture()
    alpha = Image.new("L", image.size, 255)
    alpha.paste(250, (0, 0, 20, 20))
    image = image.copy()
    image.putalpha(alpha)
    found = fingerprint_media(encode(image, "PNG"))
    assert found.frames == ()
    assert found.matchable == (plain_hash(image, encode),)
    assert found.problems == ()


ANIMATED = ["GIF", "WEBP", "PNG", "AVIF"]


def animate(
    encode: Encode, name: str, scenes: list[Image.Image], times: list[int]
) -> bytes:
    return encode(
        scenes[0],
        name,
        save_all=True,
        append_images=scenes[1:],
        duration=times,
    )


@pytest.mark.parametrize("name", ANIMATED)
def test_what_an_animation_shows_for_long_is_never_left_out(
    name: str, picture: Make, encode: Encode, bits: Bits
) -> None:
    """By position, the second of many frames was never looked at, however long it stood."""
    scenes = [picture(96, 96, seed) for seed in range(12)]
    times = [100, 5_000, *[100] * 10]
    found = fingerprint_media(animate(encode, name, scenes, times))
    wanted = plain_hash(scenes[1], encode)
    assert min(bits(each, wanted) for each in found.matchable) <= 16
    assert found.duration == pytest.approx(6.1)


@pytest.mark.parametrize("name", ["GIF", "PNG"])
def test_frames_that_ask_for_no_time_are_shown_as_browsers_do(
    name: str, picture: Make, encode: Encode
) -> None:
    scenes = [picture(96, 96, seed) for seed in range(6)]
    found = fingerprint_media(animate(encode, name, scenes, [0] * 6))
    assert len(found.matchable) == 6


def test_frames_that_nobody_can_see_are_passed_over(
    picture: Make, encode: Encode
) -> None:
    scenes = [picture(96, 96, seed) for seed in range(12)]
    found = fingerprint_media(animate(encode, "WEBP", scenes, [20] * 12))
    assert 2 <= len(found.frames) <= 4


def test_a_long_animation_is_thinned_out_and_says_so(
    picture: Make, encode: Encode
) -> None:
    scenes = [picture(64, 64, seed) for seed in range(20)]
    data = animate(encode, "WEBP", scenes, [1_000] * 20)
    found = fingerprint_media(data, limits=Limits(frames=3))
    assert "frames_left_out" in found.problems
    assert 2 <= len(found.frames) <= 4
    assert found.frames[-1].at > 15
    assert fingerprint_media(data).problems == ()


def test_a_still_scene_of_an_animation_is_kept_once(
    picture: Make, encode: Encode
) -> None:
    one, other = picture(96, 96, 1), picture(96, 96, 2)
    dot = one.copy()
    dot.putpixel((0, 0), (255, 0, 0))
    found = fingerprint_media(
        animate(encode, "GIF", [one, dot, one, other], [500] * 4)
    )
    assert len(found.frames) == 2


def check_same(
    found: MediaFingerprint, image: Image.Image, encode: Encode, bits: Bits
) -> None:
    assert found.kind == "image" and found.hashable
    assert bits(found.pdq or "", plain_hash(image, encode)) <= NEAR


@pytest.mark.parametrize("options", [{}, {"no_jp2": True}])
def test_jpeg_2000(
    options: dict[str, Any], picture: Make, encode: Encode, bits: Bits
) -> None:
    found = fingerprint_media(encode(picture(), "JPEG2000", **options))
    assert found.media_type == "image/jp2"
    check_same(found, picture(), encode, bits)


@pytest.mark.parametrize("inside", ["png", "bmp"])
def test_icons(inside: str, picture: Make, encode: Encode, bits: Bits) -> None:
    image = picture(128, 128)
    data = encode(
        image, "ICO", sizes=[(32, 32), (128, 128)], bitmap_format=inside
    )
    check_same(fingerprint_media(data), image, encode, bits)


def test_an_icon_that_holds_more_than_it_says_is_refused(
    encode: Encode,
) -> None:
    inside = encode(Image.new("1", (9_000, 9_000)), "PNG")
    entry = struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(inside), 22)
    found = fingerprint_media(b"\0\0\1\0\1\0" + entry + inside)
    assert found.problems == ("too_many_pixels",)


def test_lab_tiff(picture: Make, encode: Encode, bits: Bits) -> None:
    screen, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    to_lab = ImageCms.buildTransform(screen, lab, "RGB", "LAB")
    image = to_lab.apply(picture())
    assert image is not None
    check_same(
        fingerprint_media(encode(image, "TIFF")), picture(), encode, bits
    )


def test_photoshop(picture: Make, encode: Encode, bits: Bits) -> None:
    """The picture that all layers make together, which every such file holds; by hand."""
    image = picture()
    planes = np.asarray(image).transpose(2, 0, 1).tobytes()
    head = struct.pack(
        ">4sH6xHIIHH", b"8BPS", 1, 3, image.height, image.width, 8, 3
    )
    data = head + struct.pack(">III", 0, 0, 0) + b"\0\0" + planes
    check_same(fingerprint_media(data), image, encode, bits)


def test_what_cannot_be_decoded_is_flagged_and_never_flat() -> None:
    """A mini-HEIF, and JPEG XL: the exact hashes, and why there is no other."""
    mini = b"\0\0\0\x10ftypmif3avif\0\0\0\x08mini"
    for data in (mini, b"\xff\x0a" + bytes(64)):
        found = fingerprint_media(data)
        assert found.kind == "image"
        assert not found.hashable and found.pdq is None
        assert set(found.problems) & {"not_decodable", "unsupported_type"}


def test_ordinary_pictures_keep_the_values_that_lists_have(
    picture: Make, encode: Encode
) -> None:
    """Made once with the first release; whoever changes them loses every known hash."""
    image = Image.fromarray(
        (np.add.outer(np.arange(160) ** 2, np.arange(200) * 37) % 256).astype(
            np.uint8
        )
    ).resize((300, 240), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    found = fingerprint_media(buffer.getvalue())
    assert (found.pdq, found.phash, found.dhash) == KNOWN


KNOWN = (
    "73313230fbad1ef20ef2354f300e25f0f28ee08e0f67b0a0f367a6246e24f1db",
    "86fd0212ff0657b8",
    "cc2a266632eccdec",
)
