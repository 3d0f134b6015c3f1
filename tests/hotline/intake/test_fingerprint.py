"""The fingerprint from one's own device: right to the bit, and nothing but text travels."""

import base64
import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image, ImageDraw, ImageFilter
from playwright.sync_api import Page, Request, sync_playwright

from hotline.core.context import Context
from triage.fingerprints.media import fingerprint_media
from workers.app import create_app

pytestmark = pytest.mark.browser
CHROMIUM = next(
    (
        p
        for p in ("/usr/bin/chromium", "/usr/bin/chromium-browser")
        if Path(p).exists()
    ),
    None,
)
PICTURES = Path(__file__).parent / "pictures"
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
        draw.ellipse(
            (x - radius, y - radius, x + radius, y + radius), fill=colour
        )
    return picture.filter(ImageFilter.GaussianBlur(1))


def encoded(picture: Image.Image, kind: str) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **({"quality": 85} if kind != "PNG" else {}))
    return buffer.getvalue()


@pytest.fixture(scope="module")
def chromium_page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
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


def choose(
    page: Page,
    data: bytes,
    kind: str,
    into: str = "#locations",
    *,
    keep: bool = False,
) -> list[str]:
    """The lines that stand in the field ``into`` once a picture was chosen."""
    if not keep:
        page.fill(into, "")
    file = {
        "name": "private-name.img",
        "mimeType": f"image/{kind.lower()}",
        "buffer": data,
    }
    page.set_input_files("#picture", file)  # type: ignore[arg-type]
    working = page.get_attribute("#device", "data-working")
    for _ in range(300):
        if page.inner_text("#device-said") not in ("", working):
            break
        page.wait_for_timeout(50)
    return page.input_value(into).split()


def turned(picture: Image.Image) -> bytes:
    """As a telephone that was held upright stores it: on its side, with a note of that."""
    buffer, note = io.BytesIO(), Image.Exif()
    note[0x0112] = 6  # "the first row is on the right"
    picture.rotate(90, expand=True).save(buffer, "JPEG", quality=88, exif=note)
    return buffer.getvalue()


def seen_through(picture: Image.Image) -> bytes:
    """With a transparent corner."""
    holed = picture.convert("RGBA")
    holed.paste((0, 0, 0, 0), (0, 0, holed.width // 3, holed.height // 3))
    return encoded(holed, "PNG")


def generated() -> Iterator[tuple[str, bytes, str]]:
    for seed, size in enumerate(SIZES):
        for kind in ("PNG", "JPEG", "WEBP"):
            yield (
                f"scene {size} {kind}",
                encoded(scene(size, seed), kind),
                kind,
            )
    yield "scene, turned", turned(scene((800, 600), 11)), "JPEG"
    yield "scene, seen through", seen_through(scene((800, 600), 12)), "PNG"


def public_domain() -> Iterator[tuple[str, bytes, str]]:
    """The pictures as they come, in other formats and sizes, and turned."""
    for path in sorted(PICTURES.glob("*.[jp][pn]g")):
        yield (
            path.name,
            path.read_bytes(),
            {"jpg": "JPEG"}.get(path.suffix[1:], "PNG"),
        )
        with Image.open(path) as opened:
            picture = opened.convert("RGB")
        large = picture.resize(
            (picture.width * 3, picture.height * 3), Image.Resampling.LANCZOS
        )
        yield f"{path.name}, JPEG", encoded(large, "JPEG"), "JPEG"
        yield f"{path.name}, WebP", encoded(picture.reduce(2), "WEBP"), "WEBP"
        yield f"{path.name}, turned", turned(picture), "JPEG"


@pytest.mark.parametrize(
    ("pictures", "enough"), [(generated, 11), (public_domain, 15)]
)
def test_the_browser_agrees_with_the_server(
    chromium_page: Page, base: str, pictures: Any, enough: int
) -> None:
    """Within 10 of 256 bits at quality 80 and more, the published bar for a port of PDQ; the
    server's side is all that it does with a file that it fetched."""
    page, distances = chromium_page, dict[str, int]()
    page.goto(f"{base}/report/where")
    for name, data, kind in pictures():
        ours = fingerprint_media(data)
        if (
            ours.pdq is None
            or ours.pdq_quality is None
            or ours.pdq_quality < 80
        ):
            continue
        first, second = choose(page, data, kind)
        assert (
            second
            == f"sha256:{hashlib.sha256(data).hexdigest()}"
            == f"sha256:{ours.sha256}"
        )
        theirs = int(first.removeprefix("pdq:"), 16)
        distances[name] = (theirs ^ int(ours.pdq, 16)).bit_count()
    assert len(distances) >= enough
    assert max(distances.values()) <= 10, distances


@pytest.mark.parametrize("path", ["/report/where", "/report/all", "/status"])
def test_it_is_offered_wherever_a_place_can_be_told(
    chromium_page: Page, base: str, client: FlaskClient, path: str
) -> None:
    page = chromium_page
    page.goto(base + path)
    into = "#locations"
    if path == "/status":
        receipt = client.post("/api/v1/reports", json={"narrative": "x"}).json[
            "receipt"
        ]
        page.fill("#receipt", receipt)
        page.click("main .button")
        into = "#text"
    page.fill(into, "before")
    lines = choose(
        page, encoded(scene((640, 480), 7), "PNG"), "PNG", into, keep=True
    )
    assert lines[0] == "before"
    assert [line.partition(":")[0] for line in lines[1:]] == ["pdq", "sha256"]


def test_a_picture_without_detail_gets_no_pdq_and_a_text_is_no_picture(
    chromium_page: Page, base: str
) -> None:
    page = chromium_page
    page.goto(f"{base}/report/where")
    plain = encoded(Image.new("RGB", (300, 300), "white"), "PNG")
    assert [line.partition(":")[0] for line in choose(page, plain, "PNG")] == [
        "sha256"
    ]
    page.goto(f"{base}/report/where")
    assert choose(page, b"this is not a picture", "PNG") == []
    assert page.inner_text("#device-said") == page.get_attribute(
        "#device", "data-failed"
    )


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
    assert len(posts) == 1 and all(
        request.url.startswith(base) for request in sent
    )
    body = posts[0].post_data_buffer or b""
    fields = parse_qs(
        body.decode("ascii"), strict_parsing=True, keep_blank_values=True
    )
    assert fields.keys() == {"csrf_token", "proof", "locations"}
    assert (
        fields["locations"][0].split() == lines
        and len(fields["csrf_token"][0]) < 150
    )
    proof = json.loads(
        base64.b64decode(fields["proof"][0]) or b"{}"
    )  # of work, see test_proof
    assert proof.keys() <= {"challenge", "solution"}
    assert proof.get("solution", {}).keys() <= {"counter", "derivedKey"}
    assert len(body) < 1_500 and b"private-name" not in body
    assert not any(
        data[at : at + 24] in body for at in range(0, len(data) - 24, 24)
    )
    assert all(len(request.url) < 200 for request in sent)
