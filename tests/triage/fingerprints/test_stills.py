"""Stills of a video for one look at it: from all over it, upright, and none of what is broken."""

from __future__ import annotations

import io
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from triage.fingerprints.decoding.source import RefusedError
from triage.fingerprints.decoding.video import read_stills
from triage.fingerprints.model import Limits
from triage.viewing.process.rendering import SIDE, STILLS, render_file

Film = Callable[..., bytes]
SIZE = (320, 240)
LEVELS = (20, 60, 100, 140, 180, 220, 250, 40)
MP4 = "video/mp4"


def grey(level: int) -> Image.Image:
    return Image.new("RGB", SIZE, (level, level, level))


def brightness(image: Image.Image) -> float:
    return float(np.asarray(image.convert("L")).mean())


def read(data: bytes, media_type: str = MP4, **limits: Any) -> list[float]:
    stills = read_stills(data, media_type, Limits(**limits), STILLS)
    return [brightness(still) for still in stills]


@pytest.mark.parametrize(
    ("container", "codec", "media_type"),
    [
        ("mp4", "libx264", MP4),
        ("webm", "libvpx", "video/webm"),
        ("matroska", "libx264", "video/x-matroska"),
    ],
)
def test_stills_are_from_all_over_a_video_in_their_order(
    film: Film, container: str, codec: str, media_type: str
) -> None:
    data = film([grey(n) for n in LEVELS], container, codec, seconds=2.0)
    found = read(data, media_type)
    assert 2 <= len(found) <= STILLS
    # Each is one of the scenes, and they are scenes of both halves.
    scenes = [
        min(range(len(LEVELS)), key=lambda n: abs(LEVELS[n] - one))
        for one in found
    ]
    assert all(
        abs(LEVELS[scene] - one) < 8
        for scene, one in zip(scenes, found, strict=True)
    )
    assert all(before < after for before, after in pairwise(scenes))
    assert scenes[0] < len(LEVELS) / 2 <= scenes[-1]


def test_a_short_video_gives_what_it_has(film: Film) -> None:
    assert len(read(film([grey(90)], seconds=0.2))) == 1


def test_a_long_one_gives_no_more_than_are_wanted(film: Film) -> None:
    data = film([grey(n) for n in LEVELS * 4], seconds=1.0, rate=2)
    assert 2 <= len(read(data)) <= STILLS


def test_sound_alone_and_what_is_broken_give_nothing(film: Film) -> None:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as out:
        sound = out.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(
            np.zeros((1, 1024), dtype=np.float32), "fltp", "mono"
        )
        frame.sample_rate = 8000
        out.mux(sound.encode(frame))
        out.mux(sound.encode())
    whole = film([grey(n) for n in LEVELS])
    for data in (buffer.getvalue(), whole[: len(whole) // 20], b"", b"x" * 99):
        assert read(data) == []
        with pytest.raises(RefusedError):
            render_file(data, MP4, None, Limits())


def test_a_half_video_gives_the_stills_that_are_there(film: Film) -> None:
    # What a stream-able container begins with is readable before its end has come.
    noise = np.random.default_rng(1).integers(
        0, 255, (4, 240, 320, 3), np.uint8
    )
    scenes = [Image.fromarray(one) for one in noise]
    data = film(scenes, "webm", "libvpx", seconds=2.0)
    assert read(data[: len(data) * 3 // 4], "video/webm")


def test_the_picture_of_a_video_is_a_small_grey_sheet_of_stills(
    film: Film,
) -> None:
    data = film([grey(n) for n in LEVELS], seconds=2.0)
    shown = Image.open(io.BytesIO(render_file(data, None, None, Limits())))
    shown.load()
    assert (shown.format, shown.mode) == ("JPEG", "L")
    assert max(shown.size) <= SIDE and not shown.getexif()
    # Two beside each other, of two scenes; and the spotlight shows one region as it is.
    left, right = (
        brightness(shown.crop((x, 20, x + 40, 60))) for x in (40, 200)
    )
    assert abs(left - right) > 15
    whole = np.asarray(shown, dtype=int)
    spot = np.asarray(
        Image.open(io.BytesIO(render_file(data, None, 2, Limits()))), dtype=int
    )
    assert spot.shape == whole.shape
    third = shown.width // 3
    changed = np.abs(spot - whole).sum(axis=0)
    assert changed[third : 2 * third].sum() > changed[2 * third + 16 :].sum()
