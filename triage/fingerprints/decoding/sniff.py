"""What a file is by its first bytes: names and declared types lie, and decoders trust them."""

from __future__ import annotations

import re

UNKNOWN = "application/octet-stream"

_TS_PACKET = 188
_BRANDS = {
    "image/avif": {b"avif", b"avis"},
    "image/heic": {
        b"heic",
        b"heix",
        b"heim",
        b"heis",
        b"hevc",
        b"hevx",
        b"mif1",
        b"msf1",
        b"mif3",
    },
    "video/quicktime": {b"qt  "},
    "audio/mp4": {b"M4A ", b"M4B "},
}
# A QuickTime file of old has no ftyp box; a segment of a stream begins with styp, sidx or moof.
_BOXES = dict.fromkeys(
    (b"moov", b"mdat", b"wide", b"pnot"), "video/quicktime"
) | dict.fromkeys((b"styp", b"sidx", b"moof"), "video/mp4")
_ISO_STARTS = {b"ftyp", *_BOXES}
_MOST_BOXES = 10_000
"""Of a film in fragments there are some thousands; more are not looked at."""
_STARTS = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"\xff\x0a", "image/jxl"),
    (b"\0\0\0\x0cJXL ", "image/jxl"),
    (b"\0\0\0\x0cjP  ", "image/jp2"),
    (b"\xff\x4f\xff\x51", "image/jp2"),
    (b"\0\0\1\0", "image/x-icon"),
    (b"8BPS", "image/vnd.adobe.photoshop"),
    (b"FLV\x01", "video/x-flv"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video/x-ms-asf"),
    (b"\0\0\1\xba", "video/mpeg"),
    (b"OggS", "video/ogg"),
    (b"#EXTM3U", "application/vnd.apple.mpegurl"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\x1f\x8b", "application/gzip"),
)

_MEANT = re.compile(
    r"(?:image|video)/[a-z0-9][a-z0-9.+-]{0,60}(?=$|[ ;])", re.IGNORECASE
)


def tell_type(data: bytes | memoryview, declared: str | None) -> str:
    """As ``sniff_type``; what is ``declared`` (as by an HTTP header) is believed where nothing is
    known, if it says that this is a picture or a video."""
    media_type = sniff_type(data)
    if media_type == UNKNOWN and (meant := _MEANT.match(declared or "")):
        return meant[0].lower()
    return media_type


def sniff_type(data: bytes | memoryview) -> str:
    """The media type, or ``application/octet-stream``. Looks at the first 4 kB at most."""
    head = bytes(data[:4096])
    for start, media_type in _STARTS:
        if head.startswith(start):
            return media_type
    if head[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"AVI ": "video/x-msvideo"}.get(
            head[8:12], UNKNOWN
        )
    if head[:4] == b"\x1a\x45\xdf\xa3":
        # Both are one container; the name of its kind stands near the
        # beginning.
        return "video/webm" if b"webm" in head[:64] else "video/x-matroska"
    if head[4:8] == b"ftyp":
        return _by_brand(head)
    if _is_transport_stream(head):
        return "video/mp2t"
    return _BOXES.get(head[4:8], UNKNOWN)


def _by_brand(head: bytes) -> str:
    """An ISO base media file by its major brand, or else by its compatible ones."""
    # The list of brands is as long as the box says, which a broken file says
    # wrong.
    size = min(int.from_bytes(head[:4]), len(head))
    for brands in (
        # What it is first of all; a picture may also claim to be a film for
        # old readers.
        {head[8:12]},
        {head[at : at + 4] for at in range(16, size, 4)},
    ):
        for media_type, names in _BRANDS.items():
            if brands & names and not brands & {b"isom", b"mp41", b"mp42"}:
                return media_type
    return "video/mp4"


def _is_transport_stream(head: bytes) -> bool:
    """Packets of 188 bytes that begin with 0x47: three in a row, or the whole of a shorter file."""
    packets = min(3, len(head) // _TS_PACKET)
    return packets > 0 and all(
        head[at * _TS_PACKET] == 0x47 for at in range(packets)
    )


def is_cut_short(data: bytes | memoryview) -> bool:
    """Does the file end before its own first bytes say it does? (RIFF and ISO base media only.)

    Their decoders refuse a file that is not whole, so that it can only be told from its outside.
    """
    if data[:4] == b"RIFF":
        # The size counts what is behind these eight bytes.
        return 8 + int.from_bytes(data[4:8], "little") > len(data)
    at = 0
    for _ in range(_MOST_BOXES):
        size = int.from_bytes(data[at : at + 4])
        if at == 0 and bytes(data[4:8]) not in _ISO_STARTS:
            return False
        if size == 1:  # the size is in the 64 bits after the name
            size = int.from_bytes(data[at + 8 : at + 16])
        if size < 8:  # the last box may say 0: to the end of the file
            return False
        at += size
        if at >= len(data):
            return at > len(data)
    return False
