"""Films made in memory: every container, sampling, folding, limits, and the comparison."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import av
import pytest
from PIL import Image

from triage.fingerprints.decoding import video
from triage.fingerprints.decoding.video import video_match
from triage.fingerprints.folding import fold_frames
from triage.fingerprints.media import fingerprint_media
from triage.fingerprints.model import FrameFingerprint, Limits

Encode = Callable[..., bytes]
Film = Callable[..., bytes]
Make = Callable[..., Image.Image]
Bits = Callable[[str | None, str | None], int]

CONTAINERS = [
    ("mp4", "libx264", "video/mp4"),
    ("mov", "mpeg4", "video/quicktime"),
    ("webm", "libvpx", "video/webm"),
    ("matroska", "libx264", "video/x-matroska"),
    ("avi", "mpeg4", "video/x-msvideo"),
    ("mpegts", "libx264", "video/mp2t"),
    ("mpeg", "mpeg2video", "video/mpeg"),
    ("flv", "flv", "video/x-flv"),
    ("asf", "wmv2", "video/x-ms-asf"),
]


@pytest.fixture(scope="session")
def scenes(picture: Make) -> list[Image.Image]:
    return [picture(120, 160, seed) for seed in range(4)]


@pytest.mark.parametrize(("container", "codec", "media_type"), CONTAINERS)
def test_every_container_gives_a_frame_a_scene(
    container: str,
    codec: str,
    media_type: str,
    scenes: list[Image.Image],
    film: Film,
    encode: Encode,
    bits: Bits,
) -> None:
    found = fingerprint_media(film(scenes, container, codec))
    assert (found.kind, found.media_type) == ("video", media_type)
    assert (found.width, found.height, found.hashable) == (160, 120, True)
    assert found.problems == ()
    assert found.duration == pytest.approx(4.0, abs=0.3)
    assert [round(frame.at) for frame in found.frames] == [0, 1, 2, 3]
    for frame, scene in zip(found.frames, scenes, strict=True):
        assert (
            bits(frame.pdq, fingerprint_media(encode(scene, "PNG")).pdq) <= 31
        )
    assert found.pdq is None


def test_a_still_scene_folds_into_one_frame(
    scenes: list[Image.Image], film: Film
) -> None:
    found = fingerprint_media(film(scenes[:1], seconds=6))
    assert len(found.frames) == 1
    assert found.duration == pytest.approx(6.0, abs=0.3)


def test_sampling_is_by_time(scenes: list[Image.Image], film: Film) -> None:
    data = film(scenes * 2)
    assert (
        len(fingerprint_media(data, limits=Limits(interval=2.0)).frames) == 4
    )
    thinned = fingerprint_media(data, limits=Limits(frames=4)).frames
    assert 2 <= len(thinned) <= 4
    assert thinned[0].at == 0.0
    assert thinned[-1].at >= 4.0


def test_a_long_video_is_sampled_by_its_key_frames(
    scenes: list[Image.Image], film: Film
) -> None:
    data = film(scenes, seconds=4.0)
    every = fingerprint_media(data).frames
    few = fingerprint_media(data, limits=Limits(keyframes_after=0.0)).frames
    assert few
    assert len(few) <= len(every)


def test_time_is_limited_and_what_was_seen_is_kept(
    scenes: list[Image.Image], film: Film
) -> None:
    found = fingerprint_media(film(scenes), limits=Limits(seconds=0.0))
    assert (found.kind, found.problems) == ("video", ("out_of_time",))
    assert not found.hashable


def test_frames_that_are_too_large_are_refused(
    scenes: list[Image.Image], film: Film
) -> None:
    found = fingerprint_media(
        film(scenes), limits=Limits(pixels=160 * 120 - 1)
    )
    assert found.problems == ("too_many_pixels",)
    assert found.frames == ()


@pytest.mark.parametrize(
    "container", ["webm", "matroska", "avi", "mpegts", "flv"]
)
def test_a_cut_video_keeps_its_beginning(
    container: str, scenes: list[Image.Image], film: Film
) -> None:
    codec = {"webm": "libvpx", "avi": "mpeg4", "flv": "flv"}.get(
        container, "libx264"
    )
    data = film(scenes * 2, container, codec)
    found = fingerprint_media(data[: len(data) // 2])
    assert 1 <= len(found.frames) < 8
    assert found.hashable
    assert "truncated" in found.problems or container == "mpegts"


def test_an_mp4_without_its_index_says_that_it_was_cut(
    scenes: list[Image.Image], film: Film
) -> None:
    data = film(scenes)
    found = fingerprint_media(data[: len(data) // 2])
    assert found.problems == ("truncated", "not_decodable")


def test_damage_in_the_middle_is_passed_over(
    scenes: list[Image.Image], film: Film
) -> None:
    data = bytearray(film(scenes, "mpegts"))
    for at in range(len(data) // 2, len(data) // 2 + 2000, 3):
        data[at] ^= 0x55
    found = fingerprint_media(bytes(data))
    assert len(found.frames) >= 2
    assert found.hashable


def test_a_turned_video_is_hashed_upright(
    picture: Make, encode: Encode, bits: Bits
) -> None:
    upright = picture(160, 120, 9)
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=5)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        stream.set_display_rotation(-90)
        lying = av.VideoFrame.from_image(
            upright.transpose(Image.Transpose.ROTATE_90)
        )
        for _ in range(5):
            out.mux(stream.encode(lying))
        out.mux(stream.encode())
    found = fingerprint_media(buffer.getvalue())
    assert (found.width, found.height) == (120, 160)
    assert (
        bits(
            found.frames[0].pdq, fingerprint_media(encode(upright, "PNG")).pdq
        )
        <= 31
    )


def test_sound_alone_has_no_frames() -> None:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="matroska") as out:
        stream = out.add_stream("pcm_s16le", rate=8000)
        stream.layout = "mono"
        frame = av.AudioFrame(format="s16", layout="mono", samples=800)
        frame.sample_rate = 8000
        frame.planes[0].update(bytes(1600))
        out.mux(stream.encode(frame))
        out.mux(stream.encode())
    assert fingerprint_media(buffer.getvalue()).problems == ("no_frames",)


@pytest.mark.parametrize(
    "playlist",
    [
        "#EXTM3U\n#EXTINF:1,\nfile://{path}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{path}'\n",
    ],
)
def test_a_list_of_other_files_is_never_followed(
    playlist: str, scenes: list[Image.Image], film: Film, tmp_path: Path
) -> None:
    """FFmpeg would read them if it chose the demuxer itself, and given permission."""
    other = tmp_path / "film.mp4"
    other.write_bytes(film(scenes))
    data = playlist.format(path=other).encode()
    found = fingerprint_media(data, declared_type="video/mp4")
    assert found.frames == ()
    assert found.problems in {("unsupported_type",), ("not_decodable",)}


def test_a_decoder_that_asks_for_another_file_is_refused(
    scenes: list[Image.Image],
    film: Film,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """With the demuxer of playlists let in on purpose, the door behind it still holds."""
    monkeypatch.setitem(video.CONTAINERS, "video/mp2t", "hls")
    other = tmp_path / "film.ts"
    other.write_bytes(film(scenes, "mpegts"))
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n{other}\n#EXT-X-ENDLIST\n"
    seen = video.read_video(playlist.encode(), "video/mp2t", Limits())
    assert seen.frames == []
    assert seen.problems == ["refers_to_other_files"]


def frames(*hashes: int, quality: int = 100) -> list[FrameFingerprint]:
    return [
        FrameFingerprint(float(at), f"{value:064x}", quality)
        for at, value in enumerate(hashes)
    ]


def test_shares_of_both_videos() -> None:
    far, near = (1 << 200) - 1, (1 << 31) - 1
    known = frames(0, far)
    assert video_match(frames(near), known) == (1.0, 0.5)
    assert video_match(frames(near + (1 << 40)), known) == (0.0, 0.0)
    assert video_match(frames(far, 0, far << 50, 3), known) == (0.75, 1.0)
    assert video_match(frames(7), frames(0), threshold=2) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("ours", "theirs"), [([], []), (frames(1), []), ([], frames(1))]
)
def test_nothing_matches_nothing(
    ours: Sequence[FrameFingerprint], theirs: Sequence[FrameFingerprint]
) -> None:
    assert video_match(ours, theirs) == (0.0, 0.0)


def test_frames_of_low_quality_take_no_part() -> None:
    dark = frames(0, quality=49)
    assert video_match(dark, frames(0)) == (0.0, 0.0)
    assert video_match([*dark, *frames(5)], frames(5)) == (1.0, 1.0)
    assert video_match(dark, dark, quality=40) == (1.0, 1.0)


def test_a_recoded_copy_and_an_excerpt_are_found(
    scenes: list[Image.Image], film: Film
) -> None:
    known = fingerprint_media(film(scenes)).frames
    small = [scene.resize((96, 72)) for scene in scenes[1:3]]
    query = fingerprint_media(film(small, "webm", "libvpx")).frames
    of_query, of_known = video_match(query, known)
    assert of_query == 1.0
    assert of_known == 0.5


def test_folding_keeps_what_differs() -> None:
    kept = fold_frames(frames(0, 1, 255, 511, 511))
    assert [frame.at for frame in kept] == [0.0, 3.0]
    assert fold_frames([]) == []
