"""Generated, harmless pictures and films: soft noise, shapes and flat colour."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable, Sequence
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pillow_heif import HeifImagePlugin  # noqa: F401 - lets Pillow save HEIF in these tests

Pixels = NDArray[np.uint8]


@pytest.fixture(scope="session")
def picture() -> Callable[..., Image.Image]:
    """``picture(height, width, seed)``: coloured noise, as soft as a photograph."""

    @functools.cache
    def make(
        height: int = 240,
        width: int = 320,
        seed: int = 0,
        softness: float = 1.4,
    ) -> Any:
        rng = np.random.default_rng(seed)
        down = np.fft.fftfreq(height)[:, None] * height
        along = np.fft.rfftfreq(width) * width
        fall = np.maximum(np.hypot(down, along), 1.0) ** softness
        spectrum = np.fft.rfft2(rng.standard_normal((3, height, width))) / fall
        waves = np.fft.irfft2(spectrum, (height, width))
        colours = waves / waves.std(axis=(1, 2), keepdims=True) * 50 + 128
        return Image.fromarray(
            np.clip(colours, 0, 255).astype(np.uint8).transpose(1, 2, 0)
        )

    return make


@pytest.fixture(scope="session")
def encode() -> Callable[..., bytes]:
    """``encode(image, format, **options)``: the file's bytes."""

    def make(image: Image.Image, name: str, **options: Any) -> bytes:
        buffer = io.BytesIO()
        # A copy: Pillow leaves one encoder's settings on the image, which trips the next.
        image.copy().save(buffer, name, **options)
        return buffer.getvalue()

    return make


@pytest.fixture(scope="session")
def film() -> Callable[..., bytes]:
    """``film(scenes, container, codec)``: each scene stands still for ``seconds``."""

    def make(
        scenes: Sequence[Image.Image],
        container: str = "mp4",
        codec: str = "libx264",
        seconds: float = 1.0,
        rate: int = 5,
        **options: str,
    ) -> bytes:
        buffer = io.BytesIO()
        with av.open(buffer, "w", format=container, options=options) as out:
            stream = out.add_stream(codec, rate=rate)
            stream.width, stream.height = scenes[0].size
            stream.pix_fmt = "yuv420p"
            for scene in scenes:
                for _ in range(round(seconds * rate)):
                    out.mux(stream.encode(av.VideoFrame.from_image(scene)))
            out.mux(stream.encode())
        return buffer.getvalue()

    return make


@pytest.fixture(scope="session")
def bits() -> Callable[[str | None, str | None], int]:
    """The Hamming distance of two hashes in hex."""

    def distance(one: str | None, other: str | None) -> int:
        assert one is not None
        assert other is not None
        return (int(one, 16) ^ int(other, 16)).bit_count()

    return distance
