"""Streams of real films, made in memory, through the whole fetch: every frame is hashed."""

from __future__ import annotations

import io
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from triage.fetching.fetch import fetch_location
from triage.fingerprints.media import fingerprint_media

SIZE = (160, 120)
MPD = (
    '<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>media/</BaseURL><Period>'
    "<AdaptationSet mimeType='video/mp4'><SegmentTemplate media='$RepresentationID$-$Number$.m4s'"
    " startNumber='0' initialization='$RepresentationID$-init.mp4'/>"
    "<Representation id='v'/></AdaptationSet></Period></MPD>"
)


def scene(seed: int) -> Image.Image:
    small = np.random.default_rng(seed).integers(
        0, 256, (6, 8, 3), dtype=np.uint8
    )
    return Image.fromarray(small).resize(SIZE, Image.Resampling.BICUBIC)


@pytest.fixture(scope="module")
def pieces() -> tuple[bytes, list[bytes]]:
    """A fragmented MP4 of three seconds, each a scene: (initialisation, fragments)."""
    file = io.BytesIO()
    options = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
    with av.open(file, "w", format="mp4", options=options) as film:
        stream = film.add_stream(
            "libx264", rate=5, options={"g": "5", "keyint_min": "5"}
        )
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        for number in range(15):
            for packet in stream.encode(
                av.VideoFrame.from_image(scene(number // 5))
            ):
                film.mux(packet)
        for packet in stream.encode():
            film.mux(packet)
    data = file.getvalue()
    starts = [
        at for at in range(len(data)) if data[at + 4 : at + 8] == b"moof"
    ]
    ends = [*starts[1:], len(data)]
    fragments = [data[a:b] for a, b in zip(starts, ends, strict=True)]
    assert len(fragments) == 3
    return data[: starts[0]], fragments


def serve(lab: Any, world: Any, parts: dict[str, bytes]) -> None:
    for path, data in parts.items():
        world.routes[path] = lab.answer(
            data, content_type="application/octet-stream"
        )


def hasher(data: bytes, label: str | None, seconds: float) -> dict[str, Any]:
    return fingerprint_media(data, declared_type=label).to_json()


def frames_of(report: Any) -> int:
    (found,) = report.media
    assert (found.source, found.error) == ("manifest", None)
    assert found.fingerprint["kind"] == "video"
    assert (found.fingerprint["width"], found.fingerprint["height"]) == SIZE
    assert all(frame["pdq"] for frame in found.fingerprint["frames"])
    expected = [
        fingerprint_media(_png(scene(number))).pdq for number in range(2)
    ]
    for frame, whole in zip(
        found.fingerprint["frames"], expected, strict=True
    ):
        assert (int(frame["pdq"], 16) ^ int(whole or "", 16)).bit_count() <= 40
    return len(found.fingerprint["frames"])


def _png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def test_fragments_are_of_no_use_without_their_beginning(pieces: Any) -> None:
    """What the next tests rest on: a decoder makes nothing of the fragments alone."""
    _, fragments = pieces
    assert not fingerprint_media(b"".join(fragments[:2])).hashable


def test_a_fragmented_hls_stream(lab: Any, world: Any, pieces: Any) -> None:
    init, fragments = pieces
    playlist = '#EXTM3U\n#EXT-X-MAP:URI="init.mp4"\n' + "".join(
        f"#EXTINF:1,\nseg{number}.m4s\n" for number in range(3)
    )
    master = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlow/index.m3u8\n"
    world.routes["/page"] = lab.answer(
        b"<video src='/live/master.m3u8'></video>"
    )
    for path, text in (
        ("/live/master.m3u8", master),
        ("/live/low/index.m3u8", playlist),
    ):
        kind = "application/vnd.apple.mpegurl"
        world.routes[path] = lab.answer(text.encode(), content_type=kind)
    serve(lab, world, {"/live/low/init.mp4": init})
    serve(
        lab,
        world,
        {f"/live/low/seg{n}.m4s": data for n, data in enumerate(fragments)},
    )
    assert frames_of(fetch_location(lab.ask(world.url("/page")), hasher)) == 2
    assert world.paths[-3:] == [
        "/live/low/init.mp4",
        "/live/low/seg0.m4s",
        "/live/low/seg1.m4s",
    ]


def test_byte_ranges_of_one_film_are_read_once(
    lab: Any, world: Any, pieces: Any
) -> None:
    init, fragments = pieces
    playlist = (
        f'#EXTM3U\n#EXT-X-MAP:URI="all.mp4",BYTERANGE="{len(init)}@0"\n'
        + ("#EXTINF:1,\n#EXT-X-BYTERANGE:9\nall.mp4\n" * 3)
    )
    kind = "application/vnd.apple.mpegurl"
    world.routes["/index.m3u8"] = lab.answer(
        playlist.encode(), content_type=kind
    )
    serve(lab, world, {"/all.mp4": init + b"".join(fragments[:2])})
    assert (
        frames_of(fetch_location(lab.ask(world.url("/index.m3u8")), hasher))
        == 2
    )
    assert world.paths == ["/index.m3u8", "/all.mp4"]


def test_a_dash_stream(lab: Any, world: Any, pieces: Any) -> None:
    init, fragments = pieces
    world.routes["/a/film.mpd"] = lab.answer(
        MPD.encode(), content_type="application/dash+xml"
    )
    serve(lab, world, {"/a/media/v-init.mp4": init})
    serve(
        lab,
        world,
        {f"/a/media/v-{n}.m4s": data for n, data in enumerate(fragments)},
    )
    assert (
        frames_of(fetch_location(lab.ask(world.url("/a/film.mpd")), hasher))
        == 2
    )
    assert world.paths[1:] == [
        "/a/media/v-init.mp4",
        "/a/media/v-0.m4s",
        "/a/media/v-1.m4s",
    ]
