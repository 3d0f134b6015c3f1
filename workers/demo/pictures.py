"""Generated, harmless pictures: soft shapes on gradients, the same for the same name."""

from __future__ import annotations

import hashlib
import io

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SIZE = (640, 480)


def draw_picture(name: str, size: tuple[int, int] = SIZE) -> Image.Image:
    """A picture with enough structure to be hashed well, and nothing in it but shapes."""
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    random = np.random.default_rng(seed)
    width, height = size
    across = np.linspace(0, 1, width)[None, :, None]
    down = np.linspace(0, 1, height)[:, None, None]
    one, two, three = random.integers(0, 256, (3, 3))
    canvas = (
        one * (1 - across) + two * across * (1 - down) + three * across * down
    )
    image = Image.fromarray(np.clip(canvas, 0, 255).astype(np.uint8), "RGB")
    draw = ImageDraw.Draw(image)
    for _ in range(18):
        x, y = random.integers(0, width), random.integers(0, height)
        reach = random.integers(20, width // 4)
        shape = (
            int(x - reach),
            int(y - reach),
            int(x + reach),
            int(y + reach),
        )
        colour = tuple(int(part) for part in random.integers(0, 256, 3))
        if random.random() < 0.5:
            draw.ellipse(shape, fill=colour)
        else:
            draw.rectangle(shape, fill=colour)
    return image.filter(ImageFilter.GaussianBlur(1.2))


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
