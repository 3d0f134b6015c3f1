"""No content is stored: a marker inside served pictures is found nowhere afterwards.

The marker is in the pixels, in the EXIF block, in the page's text, and in a picture that breaks off
in the middle of decoding. Everything that the service left behind is searched: its data directory
with the database, Redis, its log, the temporary directory, and whatever its processes hold open.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import redis
from PIL import Image
from playwright.sync_api import sync_playwright

from hotline.accounts import service as service_of_people
from hotline.accounts.approvals.service import grant_approval
from hotline.accounts.permissions import Role
from hotline.accounts.signing_in import sessions
from hotline.accounts.signing_in.standing import COOKIE
from hotline.core.act import Act
from hotline.core.context import build_context, utc_now
from hotline.core.settings import Settings
from triage.fingerprints.model import Limits
from triage.viewing.process.rendering import render_file
from triage.viewing.switch import VIEWING_SWITCH, Agreement, ask_for_switch

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
    assert _find_markers(remains, markers) == []
    assert any(name.endswith("hotline.db") for name in remains)
    assert any(page_url.encode() in data for data in remains.values()), (
        "the search finds things"
    )


def test_a_picture_that_was_looked_at_is_found_nowhere(
    service: Callable[..., Any], web_host: Any, redis_server: Any
) -> None:
    """Neither as it was fetched, nor as it was shown: also not in the profile of the browser."""
    web_host.put("/b.jpg", _jpeg(), "image/jpeg")
    up = service(
        REDIS_URL=redis_server.url, REQUIRE_SECOND_FACTOR="false"
    ).start()
    up.post_report(locations=[web_host.url("/b.jpg")])
    up.wait_examined(1, 150)
    profile = up.folder / "profile"
    asked = len(web_host.asked)
    length = _look_in_a_browser(up, _open_desk(up), profile)
    # The same bytes as those that came over the wire, which no browser hands out again.
    shown = render_file(_jpeg(), "image/jpeg", None, Limits())
    assert len(shown) == length
    assert web_host.asked[asked:] == ["/b.jpg"], "it was fetched once more"
    assert up.query("SELECT outcome FROM viewing") == [("shown",)]
    actions = {row[0] for row in up.query("SELECT action FROM audit_entry")}
    assert {"viewing.asked", "viewing.shown", "viewing.ended"} <= actions

    remains = dict(_remains(up, redis_server.client()))
    markers = (EXIF_MARKER, PIXEL_MARKER, *_traces_of(shown))
    assert _find_markers(remains, markers) == []
    assert any(
        name.startswith("profile") and b"/console/cases/" in data
        for name, data in remains.items()
    ), "the search finds things in the profile"


def _traces_of(shown: bytes) -> Iterator[bytes]:
    """By which the picture would be known: its file, the same as text, and its pixels."""
    middle = len(shown) // 2
    for start in (middle, middle + 300):
        yield shown[start : start + 24]
    # Three offsets: as base64 goes by three bytes, one of them fits wherever it begins.
    for offset in range(3):
        yield base64.b64encode(shown[middle + offset : middle + offset + 24])
    row = np.asarray(Image.open(io.BytesIO(shown)))[60, 60:92]
    yield row.tobytes()
    yield np.stack([row, row, row, np.full_like(row, 255)], 1).tobytes()


def _open_desk(up: Any) -> tuple[str, str]:
    """Two people switch viewing on; the third one's session and the address of the case."""
    settings = Settings(
        data_dir=up.settings["HOTLINE_DATA_DIR"],
        redis_url=up.settings["HOTLINE_REDIS_URL"],
    )
    context, now = build_context(settings), utc_now()
    with context.database.writing() as session:
        maker = Act(session, context, "test", now)
        for role in ("supervisor", "administrator", "analyst"):
            service_of_people.add_person(
                maker,
                username=role,
                display_name=role,
                role=Role(role),
                password="a long enough one",
            )
        asking = Act(session, context, "person:supervisor", now)
        approval = ask_for_switch(
            asking, Agreement("2026-01-01", "1/26", "Police"), "For a test"
        )
        granting = Act(session, context, "person:administrator", now)
        grant_approval(granting, VIEWING_SWITCH, approval)
        analyst = service_of_people.find_person(session, "analyst")
        token = sessions.open_session(session, analyst, now, proven_at=now)
    context.close()
    reference = up.query("SELECT reference FROM case_file")[0][0]
    return token, f"/console/cases/{reference}"


def _look_in_a_browser(up: Any, desk: tuple[str, str], profile: Path) -> int:
    """As its user does it, in a real browser with a profile on the disk; how many bytes came."""
    token, case = desk
    answers = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch_persistent_context(
            str(profile),
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu"],
        )
        cookie = {
            "name": COOKIE,
            "value": token,
            "domain": "127.0.0.1",
            "path": "/console",
        }
        browser.add_cookies([cookie])  # type: ignore[list-item]
        page = browser.new_page()
        page.on(
            "response",
            lambda answer: (
                answers.append(answer)
                if answer.url.endswith("/picture")
                else None
            ),
        )
        page.goto(f"{up.url}{case}?lang=en")
        page.locator(f"form[action='{case}/claim'] button").first.click()
        page.locator("details.look summary").click()
        page.locator("details.look [name=why]").fill("To tell the age")
        page.locator("details.look button").click()
        page.locator(".look-once button").click()
        page.locator("[data-picture]").wait_for(timeout=60_000)
        length = int(answers[0].headers["content-length"])
        # By their keys alone: less of it, and away with it.
        page.keyboard.press("KeyB")
        page.locator("[data-picture].less").wait_for()
        page.keyboard.press("KeyD")
        page.locator("[data-over]").wait_for()
        up.wait(
            lambda: up.query("SELECT ended_at FROM viewing")[0][0] is not None
        )
        page.goto(f"{up.url}{case}?lang=en")
        browser.close()
    return length


def _find_markers(
    remains: Mapping[str, bytes], markers: Iterable[bytes]
) -> list[str]:
    """What holds any of them."""
    wanted = list(markers)
    return [
        name
        for name, data in remains.items()
        if any(marker in data for marker in wanted)
    ]


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
