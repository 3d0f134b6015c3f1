"""Animations: sampled by the time that each frame is shown, as a film is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from PIL import Image, ImageFile

from triage.fingerprints.decoding.source import Deadline, RefusedError
from triage.fingerprints.folding import fold_frames
from triage.fingerprints.model import FrameFingerprint, Limits

FRAME_SECONDS = 0.1
"""Between two sampled frames. What is shown for less, nobody sees."""
PAGE_SECONDS = 1.0
"""For which a page of a document counts as shown: each one is a picture of its own."""
_ROUNDING = 0.001
_BROWSERS_LEAST = 0.011
_BROWSERS_USUAL = 0.1
"""Seconds for which browsers show a frame that asks for (next to) none."""
_PAGES = frozenset({"TIFF", "HEIF"})
_TIMED_BY_DECODING = frozenset({"WEBP", "AVIF"})
"""Their decoders know a frame's time when they have decoded it."""

Hash = Callable[[ImageFile.ImageFile, float], FrameFingerprint]
"""Decodes and hashes the frame that an animation stands at; raises what a decoder raises."""


@dataclass(slots=True)
class Animation:
    """``frames`` by time, ``duration`` as the file states it."""

    frames: list[FrameFingerprint]
    duration: float = 0.0
    problems: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Clock:
    """``at``: when the frame begins by the file's word; ``shown``: when visitors see it."""

    at: float = 0.0
    shown: float = 0.0


def sample_animation(
    image: ImageFile.ImageFile,
    first: FrameFingerprint,
    hash_frame: Hash,
    deadline: Deadline,
    limits: Limits,
) -> Animation:
    """One frame for each interval, the last one too; when there are too many, every other one is
    dropped and the interval doubled, so that all of a long animation is covered."""
    animation = Animation([first])
    clock = _Clock()
    interval = FRAME_SECONDS
    due = interval
    try:
        for is_last in _go_through(image, clock, animation, deadline):
            # Sums of tenths of a second are not exact in floats.
            if clock.shown < due - _ROUNDING and not is_last:
                continue
            if len(animation.frames) >= limits.frames:
                animation.frames = animation.frames[::2]
                interval *= 2
            due = clock.shown + interval
            animation.frames.append(hash_frame(image, clock.at))
    except RefusedError as refused:
        animation.problems.append(refused.problem)
    # A decoder may raise anything over a broken file; the frames before stand.
    except Exception:
        animation.problems.append("truncated")
    if interval > limits.interval:
        animation.problems.append("frames_left_out")
    animation.frames = fold_frames(animation.frames)
    animation.duration = round(animation.duration, 3)
    return animation


def _go_through(
    image: ImageFile.ImageFile,
    clock: _Clock,
    animation: Animation,
    deadline: Deadline,
) -> Iterator[bool]:
    """Each frame after the first, with ``clock`` at its beginning: is it the last one?"""
    count = image.n_frames  # type: ignore[attr-defined]
    stated = _read_seconds(image, "duration")
    animation.duration = stated
    clock.shown = _seconds_shown(image, stated)
    for index in range(1, count):
        # Frames that are passed over take time as well.
        deadline.check()
        image.seek(index)
        if image.format in _TIMED_BY_DECODING:
            image.load()
        stated = _read_seconds(image, "duration")
        clock.at = _read_seconds(image, "timestamp") or animation.duration
        animation.duration = clock.at + stated
        yield index == count - 1
        clock.shown += _seconds_shown(image, stated)


def _seconds_shown(image: Image.Image, stated: float) -> float:
    if image.format in _PAGES:
        return PAGE_SECONDS
    return stated if stated >= _BROWSERS_LEAST else _BROWSERS_USUAL


def _read_seconds(image: Image.Image, name: str) -> float:
    """One of the current frame's times, which Pillow gives in ms; 0 for the pages of a TIFF."""
    time = image.info.get(name, 0)
    return float(time) / 1000 if isinstance(time, (int, float)) else 0.0
