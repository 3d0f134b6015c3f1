"""Video: frames sampled by time and hashed one by one, never more than one of them in memory."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NoReturn

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from triage.fingerprints.decoding.pictures import DECODED_SIDE, shrink_picture
from triage.fingerprints.decoding.source import Deadline, RefusedError, Source
from triage.fingerprints.folding import fold_frames
from triage.fingerprints.model import (
    MATCHABLE_QUALITY,
    FrameFingerprint,
    Limits,
)

CONTAINERS = {
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "matroska",
    "video/x-matroska": "matroska",
    "video/x-msvideo": "avi",
    "video/mp2t": "mpegts",
    "video/mpeg": "mpeg",
    "video/x-flv": "flv",
    "video/x-ms-asf": "asf",
    "video/ogg": "ogg",
}
"""FFmpeg's name of the one demuxer that may read each type: none that opens other files."""

MATCH_DISTANCE = 31
_MICROSECONDS = 1_000_000
_END_TOLERANCE = 2.0
"""Seconds (or a twentieth) by which sound may outlast the pictures without a remark."""
_TURNS = {
    90: Image.Transpose.ROTATE_90,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_270,
}


@dataclass(slots=True)
class Sampled:
    """What was seen of a video. ``frames`` are sorted by time; sizes in pixels as shown."""

    width: int = 0
    height: int = 0
    duration: float | None = None
    frames: list[FrameFingerprint] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def read_video(
    data: bytes | memoryview, media_type: str, limits: Limits
) -> Sampled:
    """Sample and hash. Never raises on a broken file: what was read by then is kept."""
    sampled = Sampled()
    source = Source(data, Deadline(limits))
    try:
        # Metadata in a broken encoding is no reason to see nothing of a film.
        with av.open(
            source,
            mode="r",
            format=CONTAINERS[media_type],
            metadata_errors="ignore",
            io_open=_refuse_to_open,
        ) as container:
            _sample_frames(container, source, limits, sampled)
    except RefusedError as refused:
        sampled.problems.append(refused.problem)
    except Exception:
        sampled.problems.append(
            "truncated" if sampled.frames else "not_decodable"
        )
    if not sampled.frames and not sampled.problems:
        sampled.problems.append("no_frames")
    sampled.frames = fold_frames(sampled.frames)
    return sampled


def _refuse_to_open(*_: Any, **__: Any) -> NoReturn:
    """A container may name other files or addresses to read; none is ever opened."""
    raise RefusedError("refers_to_other_files")


def _sample_frames(
    container: Any, source: Source, limits: Limits, sampled: Sampled
) -> None:
    """Hash one frame per interval; when ``limits.frames`` is reached, thin out and go on wider.

    So the whole of a video is covered whatever its header says of its length.
    """
    if not container.streams.video:
        raise RefusedError("no_frames")
    stream = container.streams.video[0]
    codec = _prepare_codec(stream.codec_context, limits)
    start, interval, due = None, limits.interval, 0.0
    for frame in _decode_frames(container, stream, source, sampled):
        time = frame.time or 0.0
        # A stream need not begin at 0, as a piece of a broadcast does not.
        start = time if start is None else start
        at = time - start
        if at >= limits.keyframes_after:
            codec.skip_frame = "NONKEY"
        if at < due:
            continue
        if len(sampled.frames) >= limits.frames:
            sampled.frames, interval = sampled.frames[::2], interval * 2
        due = at + interval
        sampled.frames.append(_hash_frame(frame, at, limits, sampled))


def _prepare_codec(codec: Any, limits: Limits) -> Any:
    """The decoder, bounded: no frame larger than allowed, no threads (each would hold frames)."""
    if codec.width * codec.height > limits.pixels:
        raise RefusedError("too_many_pixels")
    codec.options = {"max_pixels": str(limits.pixels)}
    codec.thread_type = "NONE"
    # Frames that no other one refers to cost half the time, and a neighbour a
    # few hundredths of a second away looks the same.
    codec.skip_frame = "NONREF"
    return codec


def _decode_frames(
    container: Any, stream: Any, source: Source, sampled: Sampled
) -> Iterator[Any]:
    """The frames that can be decoded; a damaged packet is passed over, as players do.

    Sets ``sampled.duration`` and says "truncated" where the packets end well before it.
    """
    first = last = None
    for packet in container.demux(stream):
        source.deadline.check()
        # The packet that flushes the decoder has none; the others come in the
        # order of decoding and not of showing, hence least and most.
        if packet.pts is not None:
            time = float(packet.pts * packet.time_base)
            first, last = min(time, first or time), max(time, last or time)
        try:
            yield from packet.decode()
        except av.error.InvalidDataError:
            if "damaged" not in sampled.problems:
                sampled.problems.append("damaged")
    reached = (last or 0.0) - (first or 0.0)
    stated = float(container.duration or 0) / _MICROSECONDS
    # Some headers only guess.
    sampled.duration = round(max(stated, reached), 3)
    if reached < stated - max(_END_TOLERANCE, stated / 20):
        sampled.problems.append("truncated")


def _hash_frame(
    frame: Any, at: float, limits: Limits, sampled: Sampled
) -> FrameFingerprint:
    """Hash one frame, upright. Sizes may change within a video, so that each one is checked."""
    image, full = _shrink_frame(frame, limits)
    shrunk = shrink_picture(image, full)
    sampled.width = sampled.width or shrunk.width
    sampled.height = sampled.height or shrunk.height
    return shrunk.frame(at)


def _shrink_frame(
    frame: Any, limits: Limits
) -> tuple[Image.Image, tuple[int, int]]:
    """The frame upright and small enough to hash, and its full size."""
    full = width, height = frame.width, frame.height
    if width * height > limits.pixels:
        raise RefusedError("too_many_pixels")
    scale = max(min(full) // DECODED_SIDE, 1)
    small = frame.reformat(
        math.ceil(width / scale),
        math.ceil(height / scale),
        "rgb24",
        interpolation="AREA",
    )
    image: Image.Image = small.to_image()
    turn = _TURNS.get(round(frame.rotation) % 360)
    if turn is not None:
        image = image.transpose(turn)
        full = full if turn is Image.Transpose.ROTATE_180 else full[::-1]
    return image, full


def read_stills(
    data: bytes | memoryview, media_type: str, limits: Limits, most: int
) -> list[Image.Image]:
    """At most so many frames from all over a video, upright and small; its sound is not touched.

    As with hashes, every second one goes when there are too many, and the steps grow wider.
    """
    stills: list[Image.Image] = []
    source = Source(data, Deadline(limits))
    with (
        suppress(RefusedError, av.error.FFmpegError),
        av.open(
            source,
            mode="r",
            format=CONTAINERS[media_type],
            metadata_errors="ignore",
            io_open=_refuse_to_open,
        ) as container,
    ):
        _gather_stills(container, source, limits, most, stills)
    return stills


def _gather_stills(
    container: Any,
    source: Source,
    limits: Limits,
    most: int,
    stills: list[Image.Image],
) -> None:
    if not container.streams.video:
        return
    stream = container.streams.video[0]
    _prepare_codec(stream.codec_context, limits)
    interval, due = limits.interval, 0.0
    for frame in _decode_frames(container, stream, source, Sampled()):
        at = frame.time or 0.0
        if at < due:
            continue
        if len(stills) >= most:
            del stills[1::2]
            interval *= 2
        due = at + interval
        stills.append(_shrink_frame(frame, limits)[0])


def video_match(
    query: Sequence[FrameFingerprint],
    known: Sequence[FrameFingerprint],
    threshold: int = MATCH_DISTANCE,
    quality: int = MATCHABLE_QUALITY,
) -> tuple[float, float]:
    """(share of the query's frames found in the known video, share of the known one's), 0 to 1.

    As vPDQ does: frames below ``quality`` take no part; a frame is found where any frame of the
    other video is within ``threshold`` bits. Both shares are 0 where either has no usable frame.
    """
    ours, theirs = _pack_bits(query, quality), _pack_bits(known, quality)
    if not len(ours) or not len(theirs):
        return 0.0, 0.0
    differing = np.bitwise_count(ours[:, None] ^ theirs)
    distances = differing.sum(axis=2, dtype=np.int32)
    near = distances <= threshold
    share_of_ours = float(near.any(axis=1).mean())
    share_of_theirs = float(near.any(axis=0).mean())
    return share_of_ours, share_of_theirs


def _pack_bits(
    frames: Sequence[FrameFingerprint], quality: int
) -> NDArray[np.uint64]:
    """Usable frames x 4 words of 64 bits."""
    usable = "".join(frame.pdq for frame in frames if frame.quality >= quality)
    return np.frombuffer(bytes.fromhex(usable), np.uint64).reshape(-1, 4)
