"""The entrance: exact hashes of anything, JSON, and promises about hostile and broken files."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from triage.fingerprints.media import fingerprint_media
from triage.fingerprints.model import (
    FrameFingerprint,
    Limits,
    MediaFingerprint,
)

Encode = Callable[..., bytes]
Film = Callable[..., bytes]
Make = Callable[..., Image.Image]

PROBLEMS = {
    "damaged",
    "empty",
    "flat_picture",
    "low_quality",
    "no_frames",
    "not_decodable",
    "out_of_time",
    "refers_to_other_files",
    "too_many_pixels",
    "too_small",
    "truncated",
    "unsupported_type",
}
HEADS = [
    b"",
    b"\xff\xd8\xff\xe0",
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    b"GIF89a",
    b"RIFF\xff\0\0\0WEBPVP8 ",
    b"\0\0\0\x18ftypavif\0\0\0\0avifmif1",
    b"\0\0\0\x18ftypheic\0\0\0\0heicmif1",
    b"BM",
    b"II*\0",
    b"\0\0\0\x18ftypisom\0\0\0\0isommp41",
    b"\x1a\x45\xdf\xa3",
    b"RIFF\xff\0\0\0AVI LIST",
    b"G" + bytes(187) + b"G" + bytes(187) + b"G",
    b"FLV\x01",
    b"\0\0\1\xba",
    b"OggS",
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",
]
QUICK = Limits(seconds=2.0, frames=5)


@pytest.fixture(scope="module")
def files(picture: Make, encode: Encode, film: Film) -> list[bytes]:
    """A small valid file of each sort."""
    scene = picture(48, 64, 1)
    names = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "HEIF", "BMP", "TIFF")
    films = (
        ("mp4", "libx264"),
        ("matroska", "mpeg4"),
        ("avi", "mpeg4"),
        ("mpegts", "mpeg2video"),
    )
    stills = [encode(scene, name) for name in names]
    stills.append(encode(scene, "JPEG", progressive=True))
    stills.append(
        encode(
            scene, "GIF", save_all=True, append_images=[scene.rotate(90)] * 2
        )
    )
    return stills + [film([scene], *kind, rate=2) for kind in films]


def check(found: MediaFingerprint, data: bytes) -> None:
    assert found.size == len(data)
    assert found.sha256 == hashlib.sha256(data).hexdigest()
    assert set(found.problems) <= PROBLEMS
    assert found.hashable == bool(found.matchable)
    assert found.hashable or found.problems
    assert (
        MediaFingerprint.from_json(json.loads(json.dumps(found.to_json())))
        == found
    )


@given(head=st.sampled_from(HEADS), tail=st.binary(max_size=600))
@settings(max_examples=150, deadline=None)
def test_random_bytes_never_raise(head: bytes, tail: bytes) -> None:
    check(fingerprint_media(head + tail, limits=QUICK), head + tail)


@given(data=st.data())
@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_mutated_files_never_raise(
    files: list[bytes], data: st.DataObject
) -> None:
    mutant = bytearray(data.draw(st.sampled_from(files)))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(mutant) - 1))
        mutant[at] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del mutant[data.draw(st.integers(0, len(mutant))) :]
    check(fingerprint_media(bytes(mutant), limits=QUICK), bytes(mutant))


def test_the_files_are_whole_to_begin_with(files: list[bytes]) -> None:
    for data in files:
        found = fingerprint_media(memoryview(data))
        check(found, data)
        assert found.hashable


@pytest.mark.parametrize(
    ("data", "declared", "kind", "media_type", "problem"),
    [
        (b"", None, "other", "application/octet-stream", "empty"),
        (
            b"%PDF-1.7 x",
            "image/png",
            "other",
            "application/pdf",
            "unsupported_type",
        ),
        (
            b"<svg/>",
            "image/svg+xml; charset=utf-8",
            "image",
            "image/svg+xml",
            "unsupported_type",
        ),
        (
            b"words",
            "text/plain",
            "other",
            "application/octet-stream",
            "unsupported_type",
        ),
        (
            b"words",
            "image/<script>",
            "other",
            "application/octet-stream",
            "unsupported_type",
        ),
        (b"\xff\x0a....", None, "image", "image/jxl", "unsupported_type"),
        (
            b"....",
            "video/x-unheard",
            "video",
            "video/x-unheard",
            "unsupported_type",
        ),
    ],
)
def test_other_files_get_their_exact_hashes_alone(
    data: bytes, declared: str | None, kind: str, media_type: str, problem: str
) -> None:
    found = fingerprint_media(data, declared_type=declared)
    assert (found.kind, found.media_type, found.problems) == (
        kind,
        media_type,
        (problem,),
    )
    assert found.md5 == hashlib.md5(data).hexdigest()
    assert found.sha1 == hashlib.sha1(data).hexdigest()
    assert (found.pdq, found.frames, found.hashable) == (None, (), False)


def test_a_wrong_declared_type_is_not_believed(
    picture: Make, encode: Encode
) -> None:
    data = encode(picture(), "PNG")
    assert fingerprint_media(
        data, declared_type="video/mp4"
    ) == fingerprint_media(data)


def test_the_eight_variants_come_on_demand(
    picture: Make, encode: Encode
) -> None:
    data = encode(picture(), "PNG")
    found = fingerprint_media(data, dihedral=True)
    assert len(set(found.dihedral)) == 8
    assert found.dihedral[0] == found.pdq
    assert fingerprint_media(data).dihedral == ()


def test_json_of_an_older_or_newer_version() -> None:
    exact = {
        "kind": "other",
        "media_type": "x/y",
        "size": 1,
        "md5": "a",
        "sha1": "b",
        "sha256": "c",
    }
    assert MediaFingerprint.from_json(
        {**exact, "later": 1}
    ) == MediaFingerprint(**exact)
    frame = FrameFingerprint(1.5, "0" * 64, 77)
    found = MediaFingerprint(**exact, frames=(frame,), problems=("truncated",))
    assert MediaFingerprint.from_json(found.to_json()) == found


MARKER = "unmistakable-marker-7f3a"


def _marked(picture: Make, encode: Encode, film: Film) -> list[bytes]:
    """Files that hold the marker: in EXIF, in text, in the pixels, in a film's title."""
    scene = picture(48, 64, 2)
    pixels = (MARKER.encode() * 400)[: 48 * 64 * 3]
    exif = Image.Exif()
    exif[0x010E] = exif[0x013B] = MARKER
    names = ("JPEG", "PNG", "WEBP", "AVIF", "HEIF", "TIFF")
    marked = [encode(scene, name, exif=exif.tobytes()) for name in names]
    marked += [
        encode(Image.frombytes("RGB", (64, 48), pixels), name)
        for name in ("BMP", "TIFF")
    ]
    marked.append(
        encode(scene, "TIFF", compression="tiff_lzw", description=MARKER)
    )
    marked.append(encode(scene, "GIF", comment=MARKER.encode()))
    marked.append(
        film([scene], "matroska", "mpeg4").replace(
            b"Lavf", MARKER[:4].encode()
        )
    )
    return marked


def test_nothing_of_the_content_gets_out(
    picture: Make,
    encode: Encode,
    film: Film,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Whole, cut at many places, and damaged: no result, log, stream or file shows the marker."""
    files = _marked(picture, encode, film)
    assert sum(MARKER.encode() in data for data in files) >= 8
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    caplog.set_level(logging.DEBUG)
    said = io.StringIO()
    for data in files:
        cuts = [data[: len(data) * part // 7] for part in range(1, 8)]
        holed = bytearray(data)
        holed[len(data) // 3 : len(data) // 3 + 40] = bytes(40)
        for one in [*cuts, bytes(holed)]:
            found = fingerprint_media(one, declared_type=f"image/{MARKER[:3]}")
            said.write(repr(found) + json.dumps(found.to_json()))
    out: Any = capfd.readouterr()
    # libtiff says on stderr what it thinks of a file; that may not quote it either.
    for part in (MARKER, MARKER[:12], MARKER[-9:], MARKER.encode().hex()):
        assert part not in said.getvalue() + caplog.text + out.out + out.err
    assert list(tmp_path.iterdir()) == []
