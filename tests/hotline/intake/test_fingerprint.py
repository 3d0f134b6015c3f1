"""The fingerprint from one's own device: right to the bit, and nothing but text travels."""

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter
from playwright.sync_api import Page, Request, sync_playwright

from hotline.app import create_app
from hotline.core.context import Context
from triage.fingerprints.pdq import pdq_from_luma

pytestmark = pytest.mark.browser
CHROMIUM = next(
    (p for p in ("/usr/bin/chromium", "/usr/bin/chromium-browser") if Path(p).exists()), None
)
SIZES = [(640, 480), (1280, 853), (333, 517), (97, 64), (2000, 1500)]


def scene(size: tuple[int, int], seed: int) -> Image.Image:
    """Coloured clouds with shapes: harmless, and with as much detail as a photograph."""
    random = np.random.default_rng(seed)
    clouds = random.integers(0, 256, (12, 16, 3), dtype=np.uint8)
    picture = Image.fromarray(clouds).resize(size, Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(picture)
    for _ in range(25):
        x, y = (int(random.integers(0, side)) for side in size)
        radius = int(random.integers(2, max(3, min(size) // 5)))
        colour = tuple(int(value) for value in random.integers(0, 256, 3))
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    return picture.filter(ImageFilter.GaussianBlur(1))


def encoded(picture: Image.Image, kind: str) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **({"quality": 85} if kind != "PNG" else {}))
    return buffer.getvalue()


@pytest.fixture(scope="module")
def chromium_page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium.new_page()
        chromium.close()


@pytest.fixture
def base(context: Context) -> Iterator[str]:
    import threading

    from werkzeug.serving import make_server

    server = make_server("127.0.0.1", 0, create_app(context), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def choose(page: Page, data: bytes, kind: str) -> list[str]:
    """The lines that the browser adds for a picture that was chosen."""
    page.fill("#locations", "")
    file = {"name": "private-name.img", "mimeType": f"image/{kind.lower()}", "buffer": data}
    page.set_input_files("#picture", file)  # type: ignore[arg-type]
    working = page.get_attribute("#device", "data-working")
    for _ in range(300):
        if page.inner_text("#device-said") not in ("", working):
            break
        page.wait_for_timeout(50)
    return page.input_value("#locations").split()


def test_the_browser_agrees_with_the_server(chromium_page: Page, base: str) -> None:
    page, compared, worst = chromium_page, 0, 0
    page.goto(f"{base}/report/where")
    for seed, size in enumerate(SIZES):
        for kind in ("PNG", "JPEG", "WEBP"):
            data = encoded(scene(size, seed), kind)
            with Image.open(io.BytesIO(data)) as picture:
                luma = np.asarray(picture.convert("RGB").convert("F"))
            ours, quality = pdq_from_luma(luma)
            if quality < 80:
                continue
            first, second = choose(page, data, kind)
            assert second == f"sha256:{hashlib.sha256(data).hexdigest()}"
            distance = (int(first.removeprefix("pdq:"), 16) ^ int(ours, 16)).bit_count()
            worst, compared = max(worst, distance), compared + 1
    assert compared >= 9
    assert worst <= 10


def test_a_picture_without_detail_gets_no_pdq_and_a_text_is_no_picture(
    chromium_page: Page, base: str
) -> None:
    page = chromium_page
    page.goto(f"{base}/report/where")
    plain = encoded(Image.new("RGB", (300, 300), "white"), "PNG")
    assert [line.partition(":")[0] for line in choose(page, plain, "PNG")] == ["sha256"]
    page.goto(f"{base}/report/where")
    assert choose(page, b"this is not a picture", "PNG") == []
    assert page.inner_text("#device-said") == page.get_attribute("#device", "data-failed")


def test_only_the_fingerprint_travels(chromium_page: Page, base: str) -> None:
    page, sent = chromium_page, list[Request]()

    def note(request: Request) -> None:
        sent.append(request)

    page.on("request", note)
    page.goto(f"{base}/report/where")
    data = encoded(scene((640, 480), 7), "PNG")
    lines = choose(page, data, "PNG")
    page.click("main form .button")
    page.wait_for_url("**/report/what")
    page.remove_listener("request", note)
    posts = [request for request in sent if request.method != "GET"]
    assert len(posts) == 1 and all(request.url.startswith(base) for request in sent)
    body = posts[0].post_data_buffer or b""
    assert lines[0].removeprefix("pdq:").encode() in body
    assert len(body) < 600 and b"private-name" not in body
    assert not any(data[at : at + 24] in body for at in range(0, len(data) - 24, 24))
    assert all(len(request.url) < 200 for request in sent)
