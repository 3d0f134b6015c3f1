"""What hashing one file yields: plain values that cross a pipe as JSON and never hold content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

MATCHABLE_QUALITY = 50
"""PDQ quality (0-100) from which a hash may be matched. Meta's guidance: discard 49 and below."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost. The figures are for one worker with about 1 GB of memory."""

    pixels: int = 50_000_000
    """Of one picture or frame, checked before anything is decoded. Today's telephones take up to
    50 million; of these, decoding held 6 MB (JPEG) to 760 MB (WebP) at its peak, measured."""
    seconds: float = 20.0
    """Of the processor, for the frames of one video or animation; what was hashed by then is
    kept."""
    wall_seconds: float = 60.0
    """By the clock on the wall, which ends a file in any case."""
    interval: float = 1.0
    """Seconds between two sampled frames of a video."""
    frames: int = 300
    """Sampled frames of one video; a longer one is sampled at wider intervals, to its end."""
    keyframes_after: float = 60.0
    """Seconds of a video after which only its key frames are decoded."""


@dataclass(frozen=True, slots=True)
class FrameFingerprint:
    """One sampled frame: its time in seconds, PDQ as 64 hex digits, PDQ quality 0-100."""

    at: float
    pdq: str
    quality: int


@dataclass(frozen=True, slots=True)
class MediaFingerprint:
    """All that is kept of a file. ``problems`` are stable words, never text from the file.

    ``kind`` is "image", "video" or "other". A hash of too low a quality is kept here and
    ``hashable`` is False: it must not be matched, and ``problems`` says why. ``pdq``, ``phash`` and
    ``dhash`` are a picture's (of an animation: its first frame's); a video has ``frames`` alone.
    What to match is in ``matchable``. ``width`` and
    ``height`` are as shown, after the orientation was applied. ``dihedral`` holds the PDQ of the
    eight rotations and mirrorings where they were asked for.
    """

    kind: str
    media_type: str
    size: int
    md5: str
    sha1: str
    sha256: str
    width: int | None = None
    height: int | None = None
    pdq: str | None = None
    pdq_quality: int | None = None
    phash: str | None = None
    dhash: str | None = None
    frames: tuple[FrameFingerprint, ...] = ()
    duration: float | None = None
    hashable: bool = False
    problems: tuple[str, ...] = ()
    dihedral: tuple[str, ...] = ()

    @property
    def matchable(self) -> tuple[str, ...]:
        """The distinct PDQ hashes that may be matched: of the picture and of its frames."""
        hashes = [
            (self.pdq, self.pdq_quality),
            *((f.pdq, f.quality) for f in self.frames),
        ]
        good = (
            pdq
            for pdq, quality in hashes
            if pdq and (quality or 0) >= MATCHABLE_QUALITY
        )
        # A still video has the same frame many times; each is searched once.
        return tuple(dict.fromkeys(good))

    def to_json(self) -> dict[str, Any]:
        """A dictionary of JSON's own types only."""
        return {
            **asdict(self),
            "frames": [asdict(frame) for frame in self.frames],
            "problems": list(self.problems),
            "dihedral": list(self.dihedral),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> MediaFingerprint:
        """The inverse of ``to_json``; fields of a newer version are ignored."""
        arguments = {
            field.name: value[field.name]
            for field in fields(cls)
            if field.name in value
        }
        arguments["frames"] = tuple(
            FrameFingerprint(**frame) for frame in value.get("frames", ())
        )
        for name in ("problems", "dihedral"):
            arguments[name] = tuple(value.get(name, ()))
        return cls(**arguments)
