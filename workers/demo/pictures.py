"""Generated, harmless pictures: soft shapes on gradients, the same for the same name."""

from __future__ import annotations

import hashlib
import io

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SIZE = (640, 480)


def draw_picture(name: str, size: tuple[int, int] = SIZE) -> Image.Image:
    """A picture with enough structure to be hashed well, and nothing in it but shapes."""
    digest = hashlib.sha256(name.encode()).digest()
    seed = int.from_bytes(digest[:8], "big")
    random = np.random.default_rng(seed)
    image = _draw_gradient(random, size)
    width, height = size
    draw = ImageDraw.Draw(image)
    for _ in range(18):
        x = int(random.integers(0, width))
        y = int(random.integers(0, height))
        reach = int(random.integers(20, width // 4))
        shape = (x - reach, y - reach, x + reach, y + reach)
        colour = tuple(int(part) for part in random.integers(0, 256, 3))
        if random.random() < 0.5:
            draw.ellipse(shape, fill=colour)
        else:
            draw.rectangle(shape, fill=colour)
    return image.filter(ImageFilter.GaussianBlur(1.2))


def _draw_gradient(
    random: np.random.Generator, size: tuple[int, int]
) -> Image.Image:
    """From one colour at the left to two at the right, one of them above the other."""
    width, height = size
    across = np.linspace(0, 1, width)[None, :, None]
    down = np.linspace(0, 1, height)[:, None, None]
    left, above, below = random.integers(0, 256, (3, 3))
    up = 1 - down
    canvas = left * (1 - across)
    canvas = canvas + above * across * up
    canvas = canvas + below * across * down
    pixels = np.clip(canvas, 0, 255).astype(np.uint8)
    return Image.fromarray(pixels, "RGB")


def encode_jpeg(image: Image.Image, quality: int = 88) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def alter_picture(image: Image.Image) -> Image.Image:
    """The same picture as a list would know it: a little cropped, smaller, encoded anew."""
    width, height = image.size
    margin = 4
    cropped = image.crop((margin, margin, width - margin, height - margin))
    smaller = cropped.resize(
        (width * 3 // 4, height * 3 // 4), Image.Resampling.LANCZOS
    )
    with Image.open(io.BytesIO(encode_jpeg(smaller, 70))) as again:
        return again.copy()
