"""``hotline bench hash``: pictures per second on one thread, from JPEG bytes to PDQ and pHash."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from triage.fingerprints.decoding.pictures import DECODED_SIDE, read_picture
from triage.fingerprints.model import Limits
from workers.bench.results import Measurement, Row

PICTURES = 4
"""Different pictures a case: enough that no branch predictor learns one by heart."""
CASES = {
    "jpeg_512": (512, 512),
    "jpeg_1080p": (1920, 1080),
}
Work = Callable[[bytes], object]
Colours = np.ndarray[Any, np.dtype[np.uint8]]


def measure_fingerprints(seconds: float = 3.0) -> Measurement:
    """Ours, decoding and hashing, against decoding alone and against the reference's own path.

    Each side runs for ``seconds`` of processor time. The reference needs ``pdqhash`` and
    ``threatexchange``; without them their rows are left out. The process must have been started
    with ``OPENBLAS_NUM_THREADS=1``, as the fetcher is: on a busy machine BLAS threads that wait for
    each other cost ten times what they save on matrices of this size.
    """
    rows: list[Row] = []
    for case, size in CASES.items():
        pictures = [_make_jpeg(size, seed) for seed in range(PICTURES)]
        rates = _measure_rates(
            {"ours": _hash_picture, **_load_references()}, pictures, seconds
        )
        ours = rates.pop("ours")
        figures = {
            "bits_per_pixel": _bits_per_pixel(pictures, size),
            **_compare_hashes(pictures),
        }
        for name, rate in rates.items():
            row = Row(case, ours, rate, name, figures)
            rows.append(row)
    return Measurement("hash", "images/s", rows)


def _bits_per_pixel(pictures: list[bytes], size: tuple[int, int]) -> float:
    size_of_all = sum(len(picture) for picture in pictures)
    bits = 8 * size_of_all
    width, height = size
    pixels = len(pictures) * width * height
    return round(bits / pixels, 2)


def _measure_rates(
    sides: dict[str, Work],
    pictures: list[bytes],
    seconds: float,
) -> dict[str, float]:
    """Pictures per second of processor time, the sides in turns: other work does not count."""
    spent = dict.fromkeys(sides, 0.0)
    done = dict.fromkeys(sides, 0)
    for work in sides.values():
        # The first call pays for imports and caches.
        work(pictures[0])
    while min(spent.values()) < seconds:
        for name, work in sides.items():
            if spent[name] >= seconds:
                continue
            # Of the processor, so that a neighbour on the machine takes
            # nothing from either side.
            start = time.process_time()
            for picture in pictures:
                work(picture)
            spent[name] += time.process_time() - start
            done[name] += len(pictures)
    return {name: done[name] / spent[name] for name in sides}


def _load_references() -> dict[str, Work]:
    """What to compare with, by name; the peers only where they are installed."""
    references: dict[str, Work] = {"bare decode": _bare_decode}
    try:
        import pdqhash
        from threatexchange.signal_type.pdq.pdq_hasher import pdq_from_bytes
    except ImportError:
        return references
    references["threatexchange pdq_from_bytes"] = pdq_from_bytes
    references["Pillow RGB + pdqhash"] = lambda data: pdqhash.compute(
        _decode_colours(data)
    )
    return references


def _compare_hashes(pictures: list[bytes]) -> dict[str, int]:
    """The most bits by which our hash differs from the reference's of the full-colour decode."""
    try:
        import pdqhash
    except ImportError:
        return {}
    most_apart = 0
    for data in pictures:
        vector, _ = pdqhash.compute(_decode_colours(data))
        packed = np.packbits(vector.astype(np.uint8))
        theirs = int.from_bytes(packed.tobytes())
        pdq, _ = _hash_picture(data)
        ours = int(pdq, 16)
        apart = (ours ^ theirs).bit_count()
        most_apart = max(most_apart, apart)
    return {"bits_apart": most_apart}


def _decode_colours(data: bytes) -> Colours:
    image = Image.open(io.BytesIO(data))
    return np.asarray(image.convert("RGB"))


def _hash_picture(data: bytes) -> tuple[str, str]:
    picture = read_picture(data, "image/jpeg", Limits())
    return picture.first.spectrum.hash, picture.phash


def _bare_decode(data: bytes) -> None:
    """Pillow's greyscale draft decode at the size that we hash from."""
    image = Image.open(io.BytesIO(data), formats=["JPEG"])
    image.draft("L", (DECODED_SIDE, DECODED_SIDE))
    image.load()


def _make_jpeg(size: tuple[int, int], seed: int) -> bytes:
    """Coloured noise as soft as a photograph: 1.2 bits a pixel at 1920 x 1080, 1.5 at 512 x 512."""
    width, height = size
    rng = np.random.default_rng(seed)
    rows = np.fft.fftfreq(height) * height
    columns = np.fft.rfftfreq(width) * width
    frequency = np.hypot(rows[:, None], columns)
    distance = np.maximum(frequency, 1.0)
    # Fine detail is as faint as in photographs.
    fall = distance**1.5
    noise = rng.standard_normal((3, height, width))
    spectrum = np.fft.rfft2(noise) / fall
    waves = np.fft.irfft2(spectrum, (height, width))
    contrast = waves.std(axis=(1, 2), keepdims=True)
    colours = waves / contrast * 50 + 128
    planes = np.clip(colours, 0, 255).astype(np.uint8)
    image = Image.fromarray(planes.transpose(1, 2, 0))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()
