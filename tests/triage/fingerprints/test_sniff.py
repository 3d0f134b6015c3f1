"""The type of a file is what its bytes say."""

from __future__ import annotations

import pytest

from triage.fingerprints.decoding.sniff import is_cut_short, sniff_type


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\0\0\0\0AVI LIST", "video/x-msvideo"),
        (b"RIFF\0\0\0\0WAVEfmt ", "application/octet-stream"),
        (b"\0\0\0\x18ftypavif\0\0\0\0avifmif1", "image/avif"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0heicmif1", "image/heic"),
        (b"\0\0\0\x18ftypqt  \0\0\0\0qt  \0\0\0\0", "video/quicktime"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isommp41", "video/mp4"),
        (b"\0\0\0\x18ftypM4A \0\0\0\0M4A isom", "audio/mp4"),
        (b"\0\0\0\x18stypmsdh\0\0\0\0msdhmsix", "video/mp4"),
        (b"\0\0\0\x08wide\0\0\0\0mdat", "video/quicktime"),
        (
            b"\x1a\x45\xdf\xa3\x01\0\0\0\0\0\0\x1f\x42\x82\x84webm",
            "video/webm",
        ),
        (
            b"\x1a\x45\xdf\xa3\x01\0\0\0\0\0\0\x23\x42\x82\x88matroska",
            "video/x-matroska",
        ),
        ((b"G" + bytes(187)) * 3, "video/mp2t"),
        (b"G" + bytes(187), "video/mp2t"),
        (b"G" + bytes(400), "application/octet-stream"),
        (b"#EXTM3U\n#EXT-X-VERSION:3\n", "application/vnd.apple.mpegurl"),
        (b"%PDF-1.7", "application/pdf"),
        (b"PK\x03\x04", "application/zip"),
        (b"<!doctype html>", "application/octet-stream"),
        (b"", "application/octet-stream"),
    ],
)
def test_by_the_first_bytes(head: bytes, media_type: str) -> None:
    assert sniff_type(head) == media_type
    assert sniff_type(memoryview(head)) == media_type


@pytest.mark.parametrize(
    ("data", "cut"),
    [
        (b"RIFF\4\0\0\0WEBP", False),
        (b"RIFF\5\0\0\0WEBP", True),
        (b"\0\0\0\x08ftyp\0\0\0\x08mdat", False),
        (b"\0\0\0\x08ftyp\0\0\0\x09mdat", True),
        (b"\0\0\0\x08ftyp\0\0\0\0mdat12345", False),
        (b"\0\0\0\x08ftyp\0\0\0\1mdat\0\0\0\0\0\0\0\x10", False),
        (b"\0\0\0\x08ftyp\0\0\0\1mdat\0\0\0\0\0\0\0\x11", True),
        (b"\xff\xd8\xff\xe0", False),
        (b"", False),
    ],
)
def test_a_file_that_ends_too_early(data: bytes, cut: bool) -> None:
    assert is_cut_short(data) is cut
