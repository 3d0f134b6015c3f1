"""The quick JPEG decode: the same pixels as Pillow's, which takes what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psutil
import pytest
from PIL import Image

from tests.support.at_once import results_at_once
from triage.fingerprints.decoding import pictures
from triage.fingerprints.media import fingerprint_media

SOF0, SOF1, SOF9 = b"\xff\xc0", b"\xff\xc1", b"\xff\xc9"


def _files(
    picture: Callable[..., Image.Image], encode: Callable[..., bytes]
) -> list[bytes]:
    """Whole and broken, grey and in colour, upright and turned, of every scale; and what one of the
    decoders or both refuse: 12 bits a sample, arithmetic coding, a size that is not its own."""
    files = []
    for height, width in ((5, 5), (240, 320), (777, 1033), (1080, 1920)):
        image = picture(height, width)
        turned = Image.Exif()
        turned[0x0112] = 6
        plain = encode(image, "JPEG", quality=85)
        start = plain.index(SOF0)
        files += [
            plain,
            encode(image, "JPEG", progressive=True, subsampling=0),
            encode(image.convert("L"), "JPEG"),
            encode(image.convert("CMYK"), "JPEG"),
            encode(image, "JPEG", exif=turned),
            plain[: height * 20],
            plain[: start + 4] + b"\x0c" + plain[start + 5 :],
            plain.replace(SOF0, SOF1, 1)[: start + 4]
            + b"\x0c"
            + plain[start + 5 :],
            plain.replace(SOF0, SOF9, 1),
            _declaring(plain, height + 90, width + 90),
            plain[: len(plain) // 2]
            + b"\xff\xd9" * 40
            + plain[len(plain) // 2 :],
            plain + plain,
        ]
    return files


def _declaring(data: bytes, height: int, width: int) -> bytes:
    """The file with another size in its header."""
    at = data.index(SOF0) + 5
    return data[:at] + height.to_bytes(2) + width.to_bytes(2) + data[at + 4 :]


def _refuses(*_: Any, **__: Any) -> Any:
    raise ValueError("refused")


def test_every_file_hashes_alike_with_and_without_it(
    picture: Callable[..., Image.Image],
    encode: Callable[..., bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files = _files(picture, encode)
    decode, taken = pictures.decode_jpeg, []

    def counting(*args: Any, **sizes: int) -> Any:
        pixels = decode(*args, **sizes)
        taken.append(pixels.shape)
        return pixels

    monkeypatch.setattr(pictures, "decode_jpeg", counting)
    quick = [fingerprint_media(data) for data in files]
    monkeypatch.setattr(pictures, "decode_jpeg", _refuses)
    assert [fingerprint_media(data) for data in files] == quick
    assert 12 <= len(taken) < len(files)


@pytest.mark.parametrize("progressive", [False, True])
def test_a_declared_size_is_checked_before_anything_is_decoded(
    progressive: bool,
    picture: Callable[..., Image.Image],
    encode: Callable[..., bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = encode(picture(240, 320), "JPEG", progressive=progressive)
    at = plain.index(b"\xff\xc2" if progressive else SOF0) + 5
    data = plain[:at] + b"\xff\xdc\xff\xdc" + plain[at + 4 :]
    monkeypatch.setattr(
        pictures, "decode_jpeg", lambda *_, **__: pytest.fail("decoded")
    )
    found = fingerprint_media(data)
    assert (found.pdq, found.problems) == (None, ("too_many_pixels",))


def test_a_size_that_libjpeg_reads_otherwise_is_not_decoded(
    picture: Callable[..., Image.Image],
    encode: Callable[..., bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = encode(picture(480, 640), "JPEG")
    plain = fingerprint_media(data)
    monkeypatch.setattr(
        pictures, "decode_jpeg", lambda *_, **__: pytest.fail("decoded")
    )
    monkeypatch.setattr(
        pictures,
        "decode_jpeg_header",
        lambda *_, **__: (60_000, 60_000, "YCbCr", "420"),
    )
    assert fingerprint_media(data) == plain


def test_threads_do_not_disturb_each_other_and_memory_stays(
    picture: Callable[..., Image.Image], encode: Callable[..., bytes]
) -> None:
    """Also not where every other file breaks off in the decoder, which leaves it by a jump."""
    whole = [
        encode(picture(120, 160, seed), "JPEG", quality=85)
        for seed in range(4)
    ]
    files = [*whole, *(data[:2_000] for data in whole)]
    expected = [fingerprint_media(data) for data in files]

    def work() -> list[int]:
        return [
            number
            for _ in range(8)
            for number, data in enumerate(files)
            if fingerprint_media(data) != expected[number]
        ]

    assert work() == []
    before = psutil.Process().memory_info().rss
    assert results_at_once(*[work] * 3) == [[]] * 3
    assert psutil.Process().memory_info().rss - before < 30_000_000
