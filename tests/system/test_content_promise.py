"""No content is stored: a marker inside served pictures is found nowhere afterwards.

The marker is in the pixels, in the EXIF block, in the page's text, and in a picture that breaks off
in the middle of decoding. Everything that the service left behind is searched: its data directory
with the database, Redis, its log, the temporary directory, and whatever its processes hold open.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import redis
from PIL import Image

TEXT_MARKER = b"MARKER-7f3c-in-a-page"
EXIF_MARKER = b"MARKER-91ab-in-the-exif"
# Sixteen bytes that repeat through a stretch of pixels; PNG and BMP keep them as they are.
PIXEL_MARKER = bytes.fromhex("d34db33f0badc0dedefec8edfeedface")


def _marked_pixels() -> Image.Image:
    random = np.random.default_rng(5)
    pixels = random.integers(0, 256, (120, 160, 3), dtype=np.uint8)
    pixels[40:50] = np.frombuffer(PIXEL_MARKER * 30, dtype=np.uint8).reshape(
        1, 160, 3
    )
    return Image.fromarray(pixels, "RGB")


def _bmp() -> bytes:
    buffer = io.BytesIO()
    # BMP stores blue first: turned around, the bytes in the file are the marker's own.
    Image.fromarray(
        np.ascontiguousarray(np.asarray(_marked_pixels())[..., ::-1]), "RGB"
    ).save(buffer, "BMP")
    return buffer.getvalue()


def _jpeg() -> bytes:
    exif = Image.Exif()
    exif[0x010E] = EXIF_MARKER.decode()
    buffer = io.BytesIO()
    _marked_pixels().save(buffer, "JPEG", quality=90, exif=exif)
    return buffer.getvalue()


def test_a_marker_in_pictures_is_found_nowhere(
    service: Callable[..., Any], web_host: Any, redis_server: Any
) -> None:
    bmp, jpeg = _bmp(), _jpeg()
    assert PIXEL_MARKER in bmp
    assert EXIF_MARKER in jpeg
    web_host.put("/a.bmp", bmp, "image/bmp")
    web_host.put("/b.jpg", jpeg, "image/jpeg")
    web_host.put("/broken.jpg", jpeg[: len(jpeg) * 2 // 3], "image/jpeg")
    web_host.put("/broken.bmp", bmp[: len(bmp) * 2 // 3], "image/bmp")
    web_host.put("/liar.jpg", bmp, "image/jpeg")
    images = ("a.bmp", "b.jpg", "broken.jpg", "broken.bmp", "liar.jpg")
    page = (
        f"<title>{TEXT_MARKER.decode()}</title><p>{TEXT_MARKER.decode()}</p>"
        + "".join(f'<img src="/{name}">' for name in images)
    )
    page_url = web_host.put("/page", page)

    up = service(REDIS_URL=redis_server.url).start()
    up.post_report(locations=[page_url])
    for name in images:
        up.post_report(locations=[web_host.url(f"/{name}")])
    up.wait_examined(1 + len(images), 150)
    assert {f"/{name}" for name in images} <= set(web_host.asked), (
        "the pictures were fetched"
    )
    hashed = up.query("SELECT count(*) FROM media WHERE pdq IS NOT NULL")[0][0]
    assert hashed >= 3, "the pictures were hashed"

    remains = dict(_remains(up, redis_server.client()))
    markers = (TEXT_MARKER, EXIF_MARKER, PIXEL_MARKER)
    found = [
        name
        for name, data in remains.items()
        for marker in markers
        if marker in data
    ]
    assert found == []
    assert any(name.endswith("hotline.db") for name in remains)
    assert any(page_url.encode() in data for data in remains.values()), (
        "the search finds things"
    )


def _remains(up: Any, client: redis.Redis) -> Iterator[tuple[str, bytes]]:
    """Everything on disk and in Redis, while the service runs and after it has stopped."""
    yield from _redis(client)
    yield from _open_files(up)
    yield from _files(up.folder)
    up.stop()
    yield from ((f"after {name}", data) for name, data in _files(up.folder))


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            yield str(path.relative_to(folder)), path.read_bytes()


def _redis(client: redis.Redis) -> Iterator[tuple[str, bytes]]:
    for key in client.scan_iter("*"):
        yield f"redis {key!r}", client.dump(key) or b""


def _open_files(up: Any) -> Iterator[tuple[str, bytes]]:
    """Files that are deleted but still open, and anything opened outside the data directory."""
    for process in psutil.Process(up.process.pid).children(True):
        folder = Path(f"/proc/{process.pid}/fd")
        try:
            links = list(folder.iterdir())
        except OSError:
            continue
        for link in links:
            try:
                target = str(link.readlink())
                if target.startswith("/") and not target.startswith(
                    ("/dev", "/proc")
                ):
                    yield (
                        f"open {target}",
                        link.read_bytes() if link.is_file() else b"",
                    )
            except OSError:
                continue
