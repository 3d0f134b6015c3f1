"""Every picture format, upright, whole, cut short, animated, or made to exhaust memory."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image, ImageFile

from triage.fingerprints.decoding import pictures
from triage.fingerprints.media import fingerprint_media
from triage.fingerprints.model import Limits

Encode = Callable[..., bytes]
Make = Callable[..., Image.Image]
Bits = Callable[[str | None, str | None], int]

FORMATS = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "AVIF": "image/avif",
    "HEIF": "image/heic",
    "BMP": "image/bmp",
    "TIFF": "image/tiff",
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_picture(
    name: str, picture: Make, encode: Encode, bits: Bits
) -> None:
    plain = fingerprint_media(encode(picture(), "PNG"))
    found = fingerprint_media(encode(picture(), name))
    assert (found.kind, found.media_type) == ("image", FORMATS[name])
    assert (found.width, found.height) == (320, 240)
    assert found.hashable
    assert found.problems == found.frames == ()
    assert bits(found.pdq, plain.pdq) <= (
        20 if name == "GIF" else 10
    )  # of 256 colours
    assert bits(found.phash, plain.phash) <= 4
    assert found.matchable == (found.pdq,)


@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "P", "PA", "RGBA", "CMYK", "YCbCr", "I;16", "F"]
)
def test_every_mode_of_pixels(
    mode: str, picture: Make, encode: Encode, bits: Bits
) -> None:
    grey = picture().convert("L")
    source = grey.convert("P") if mode == "PA" else grey
    found = fingerprint_media(encode(source.convert(mode), "TIFF"))
    assert bits(found.pdq, fingerprint_media(encode(grey, "PNG")).pdq) <= 10
    assert found.problems == ()


def test_a_palette_with_transparency(
    picture: Make, encode: Encode, bits: Bits
) -> None:
    few = picture().quantize(64)
    data = encode(few, "PNG", transparency=bytes([0] * 32 + [255] * 32))
    plain = fingerprint_media(encode(few.convert("RGB"), "PNG"))
    assert fingerprint_media(data).pdq == plain.pdq


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    "name", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF", "TIFF"]
)
def test_the_orientation_is_applied(
    name: str, orientation: int, picture: Make, encode: Encode, bits: Bits
) -> None:
    """The file holds the picture turned the other way, and says how it is to be shown."""
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    upright = picture(128, 192)
    turned = (
        upright.transpose(undo[orientation]) if orientation > 1 else upright
    )
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = fingerprint_media(encode(turned, name, exif=exif.tobytes()))
    assert (found.width, found.height) == (192, 128)
    assert bits(found.pdq, fingerprint_media(encode(upright, "PNG")).pdq) <= 10


def test_a_broken_exif_block_is_no_obstacle(
    picture: Make, encode: Encode, bits: Bits
) -> None:
    data = encode(
        picture(),
        "JPEG",
        exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\x01" * 40,
    )
    plain = fingerprint_media(encode(picture(), "JPEG"))
    assert fingerprint_media(data).pdq == plain.pdq


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("PNG", {}),
        ("GIF", {}),
        ("BMP", {}),
        ("TIFF", {}),
    ],
)
@pytest.mark.parametrize("part", [0.97, 0.5])
def test_a_cut_file_hashes_what_decodes_and_says_so(
    name: str,
    options: dict[str, Any],
    part: float,
    picture: Make,
    encode: Encode,
    bits: Bits,
) -> None:
    data = encode(picture(), name, **options)
    found = fingerprint_media(data[: int(len(data) * part)])
    assert found.problems == ("truncated",)
    assert (found.width, found.height, found.hashable) == (320, 240, True)
    whole = fingerprint_media(data)
    assert bits(found.pdq, whole.pdq) <= (32 if part > 0.9 or options else 110)
    assert found.sha256 != whole.sha256


@pytest.mark.parametrize("name", ["WEBP", "AVIF", "HEIF"])
def test_a_cut_file_of_a_format_that_needs_its_end_says_so(
    name: str, picture: Make, encode: Encode
) -> None:
    found = fingerprint_media(encode(picture(), name)[:-100])
    assert found.problems == ("truncated", "not_decodable")
    assert (found.kind, found.pdq, found.hashable) == ("image", None, False)


def test_cut_files_need_no_process_wide_switch(
    picture: Make, encode: Encode
) -> None:
    fingerprint_media(encode(picture(), "PNG")[:5000])
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


def _png(width: int, height: int) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body))
            + name
            + body
            + struct.pack(">I", zlib.crc32(name + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(10_000), 9)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels)
    )


def test_too_many_pixels_are_refused_before_decoding(
    encode: Encode, monkeypatch: pytest.MonkeyPatch
) -> None:
    flat = Image.new("L", (1_100, 1_000))
    bombs = [
        _png(60_000, 60_000),
        *(encode(flat, name) for name in FORMATS if name != "BMP"),
    ]

    def decoded(self: Any) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(ImageFile.ImageFile, "load", decoded)
    for bomb in bombs:
        found = fingerprint_media(bomb, limits=Limits(pixels=1_000_000))
        assert found.problems == ("too_many_pixels",)
        assert (found.pdq, found.hashable) == (None, False)
        assert found.md5


def test_the_limit_of_pixels_is_the_callers(
    picture: Make, encode: Encode
) -> None:
    data = encode(picture(), "JPEG")
    assert fingerprint_media(data, limits=Limits(pixels=320 * 240)).hashable
    found = fingerprint_media(data, limits=Limits(pixels=320 * 240 - 1))
    assert found.problems == ("too_many_pixels",)


def test_a_flat_picture_is_kept_but_not_matched(encode: Encode) -> None:
    found = fingerprint_media(
        encode(Image.new("RGB", (600, 600), (9, 90, 200)), "JPEG")
    )
    assert found.problems == ("low_quality", "flat_picture")
    assert (found.pdq_quality, found.hashable, found.matchable) == (
        0,
        False,
        (),
    )
    assert found.pdq is not None


def test_a_faint_picture_is_kept_but_not_matched(
    picture: Make, encode: Encode
) -> None:
    faint = picture(softness=1.9).point(lambda value: 120 + value // 20)
    found = fingerprint_media(encode(faint, "PNG"))
    assert found.problems[0] == "low_quality"
    assert (found.hashable, found.matchable) == (False, ())


def test_a_picture_too_small_for_a_hash(encode: Encode) -> None:
    assert fingerprint_media(
        encode(Image.new("L", (4, 90)), "PNG")
    ).problems == ("too_small",)


@pytest.mark.parametrize("name", ["GIF", "WEBP", "PNG", "AVIF"])
def test_an_animation_is_sampled_by_time(
    name: str, picture: Make, encode: Encode, bits: Bits
) -> None:
    scenes = [picture(96, 96, seed) for seed in range(7)]
    data = encode(
        scenes[0], name, save_all=True, append_images=scenes[1:], duration=250
    )
    found = fingerprint_media(data)
    assert [frame.at for frame in found.frames] == [
        0.0,
        0.25,
        0.5,
        0.75,
        1.0,
        1.25,
        1.5,
    ]
    assert found.duration == 1.75
    assert found.frames[0].pdq == found.pdq
    for frame, scene in zip(found.frames, scenes, strict=True):
        assert (
            bits(frame.pdq, fingerprint_media(encode(scene, "PNG")).pdq) <= 16
        )
    assert len(found.matchable) == 7


def test_pages_of_a_tiff(picture: Make, encode: Encode) -> None:
    pages = [picture(100, 140, seed) for seed in (1, 2)]
    data = encode(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    found = fingerprint_media(data)
    singles = [fingerprint_media(encode(page, "TIFF")).pdq for page in pages]
    assert [frame.pdq for frame in found.frames] == singles


def test_a_dark_first_frame_does_not_hide_the_others(
    picture: Make, encode: Encode
) -> None:
    scenes = [
        Image.new("RGB", (96, 96)),
        picture(96, 96, 1),
        picture(96, 96, 2),
    ]
    data = encode(
        scenes[0], "GIF", save_all=True, append_images=scenes[1:], duration=100
    )
    found = fingerprint_media(data)
    assert (found.pdq_quality, found.hashable) == (0, True)
    assert found.pdq not in found.matchable
    assert len(found.matchable) == 2


def test_a_cut_animation_keeps_what_was_seen(
    picture: Make, encode: Encode
) -> None:
    scenes = [picture(96, 96, seed) for seed in range(7)]
    data = encode(
        scenes[0], "GIF", save_all=True, append_images=scenes[1:], duration=250
    )
    found = fingerprint_media(data[: len(data) // 2])
    assert "truncated" in found.problems
    assert len(found.frames) >= 2
    assert found.hashable


def test_an_endless_animation_is_left_when_its_time_is_up(
    encode: Encode,
) -> None:
    buffer = io.BytesIO()
    dot = Image.new("P", (8, 8))
    dot.save(
        buffer,
        "GIF",
        save_all=True,
        append_images=[dot.point(lambda _: 1)] * 2,
    )
    head, frame = buffer.getvalue()[:-1], b",\0\0\0\0\1\0\1\0\0\2\2D\1\0"
    found = fingerprint_media(
        head + frame * 300_000 + b";", limits=Limits(seconds=0.3)
    )
    assert "out_of_time" in found.problems


def _chunk(name: bytes, content: bytes) -> bytes:
    check = zlib.crc32(name + content)
    return (
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", check)
    )


@pytest.mark.parametrize("name", [b"zTXt", b"iCCP"])
def test_a_png_with_a_bomb_in_its_text_is_hashed_as_browsers_show_it(
    name: bytes, picture: Make, encode: Encode
) -> None:
    plain = encode(picture(), "PNG")
    bomb = _chunk(name, b"k\0\0" + zlib.compress(bytes(100_000_000), 9))
    many = _chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(900_000), 9)) * 80
    for hidden in (bomb, many):
        found = fingerprint_media(plain[:33] + hidden + plain[33:])
        assert (found.pdq, found.problems) == (
            fingerprint_media(plain).pdq,
            (),
        )


def test_a_png_whose_chunks_lie_about_their_length_raises_nothing(
    picture: Make, encode: Encode
) -> None:
    plain = encode(picture(), "PNG")
    bomb = _chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(100_000_000), 9))
    for length in (b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\0"):
        found = fingerprint_media(plain[:33] + bomb + length + plain[37:])
        assert (
            found.pdq is None
            or "truncated" in found.problems
            or found.pdq_quality == 0
        )


def test_a_jpeg_of_endless_scans_is_hashed_from_the_first_ones(
    picture: Make, encode: Encode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each scan makes the decoder go over the whole picture again."""
    plain = encode(picture(), "JPEG", progressive=True)
    last = plain[plain.rindex(b"\xff\xda") : -2]
    endless = plain[:-2] + last * 5_000 + b"\xff\xd9"
    decoded: list[int] = []
    quick = []

    def refuse(data: bytes, *_: Any, **__: Any) -> None:
        quick.append(data.count(b"\xff\xda"))
        raise ValueError("Pillow decodes it")

    monkeypatch.setattr(pictures, "decode_jpeg", refuse)
    opened = pictures.JpegImagePlugin.JpegImageFile

    def note(source: io.BytesIO) -> Image.Image:
        decoded.append(source.getvalue().count(b"\xff\xda"))
        return opened(source)

    monkeypatch.setattr(pictures.JpegImagePlugin, "JpegImageFile", note)
    found = fingerprint_media(endless)
    assert quick == decoded[-1:] == [pictures.MOST_SCANS]
    assert (found.pdq, found.problems) == (fingerprint_media(plain).pdq, ())
