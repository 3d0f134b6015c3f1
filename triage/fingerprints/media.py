"""From bytes to a fingerprint: the one entrance for files that may be broken or hostile."""

from __future__ import annotations

import hashlib
import logging
import warnings
from dataclasses import dataclass

from triage.fingerprints.decoding.opening import PICTURES
from triage.fingerprints.decoding.pictures import read_picture
from triage.fingerprints.decoding.sniff import (
    is_cut_short,
    tell_type,
)
from triage.fingerprints.decoding.source import RefusedError
from triage.fingerprints.decoding.video import CONTAINERS, read_video
from triage.fingerprints.model import (
    MATCHABLE_QUALITY,
    FrameFingerprint,
    Limits,
    MediaFingerprint,
)

_DECODER_LOG = logging.getLogger("PIL")


@dataclass(frozen=True, slots=True)
class DecodedFacts:
    """What decoding tells of a file, in the words of ``MediaFingerprint``."""

    kind: str
    problems: tuple[str, ...]
    width: int | None = None
    height: int | None = None
    pdq: str | None = None
    pdq_quality: int | None = None
    phash: str | None = None
    dhash: str | None = None
    frames: tuple[FrameFingerprint, ...] = ()
    duration: float | None = None
    hashable: bool = False
    dihedral: tuple[str, ...] = ()


def fingerprint_media(
    data: bytes | memoryview,
    *,
    declared_type: str | None = None,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    dihedral: bool = False,
) -> MediaFingerprint:
    """Hash a file that is in memory. Never raises for what the file holds, and writes nothing.

    The type is sniffed; ``declared_type`` (as of an HTTP header) is believed where nothing
    is known, if it says that this is a picture or a video. A file that is neither gets its
    exact hashes alone. ``dihedral`` adds the PDQ of the eight ways to turn and mirror a picture.
    """
    media_type = tell_type(data, declared_type)
    if _DECODER_LOG.level < logging.WARNING:
        # At DEBUG, Pillow writes out every tag of EXIF.
        _DECODER_LOG.setLevel(logging.WARNING)
    with warnings.catch_warnings():
        # Pillow warns of odd metadata, on stderr; what of it matters is among the problems.
        warnings.simplefilter("ignore")
        facts = _read_facts(data, media_type, limits, dihedral)
    problems = list(facts.problems)
    if is_cut_short(data):
        problems.insert(0, "truncated")
    return MediaFingerprint(
        kind=facts.kind,
        media_type=media_type,
        size=len(data),
        # Lists of known files go by these two. They name a file here and guard
        # nothing.
        md5=hashlib.md5(data, usedforsecurity=False).hexdigest(),
        sha1=hashlib.sha1(data, usedforsecurity=False).hexdigest(),
        sha256=hashlib.sha256(data).hexdigest(),
        width=facts.width,
        height=facts.height,
        pdq=facts.pdq,
        pdq_quality=facts.pdq_quality,
        phash=facts.phash,
        dhash=facts.dhash,
        frames=facts.frames,
        duration=facts.duration,
        hashable=facts.hashable,
        problems=tuple(dict.fromkeys(problems)),
        dihedral=facts.dihedral,
    )


def _read_facts(
    data: bytes | memoryview, media_type: str, limits: Limits, dihedral: bool
) -> DecodedFacts:
    """What decoding tells. No exception's text gets out: it may quote the file."""
    if not len(data):
        return DecodedFacts("other", ("empty",))
    if media_type in CONTAINERS:
        return _read_video_facts(data, media_type, limits)
    if media_type not in PICTURES:
        kind = media_type.partition("/")[0]
        if kind not in {"image", "video"}:
            kind = "other"
        return DecodedFacts(kind, ("unsupported_type",))
    try:
        return _read_picture_facts(data, media_type, limits, dihedral)
    except RefusedError as refused:
        problem = refused.problem
    except Exception:
        problem = "not_decodable"
    return DecodedFacts("image", (problem,))


def _read_picture_facts(
    data: bytes | memoryview, media_type: str, limits: Limits, dihedral: bool
) -> DecodedFacts:
    picture = read_picture(data, media_type, limits)
    spectrum = picture.first.spectrum
    qualities = [frame.quality for frame in picture.frames]
    best = max([spectrum.quality, *qualities])
    return DecodedFacts(
        kind="image",
        width=picture.first.width,
        height=picture.first.height,
        pdq=spectrum.hash,
        pdq_quality=spectrum.quality,
        phash=picture.phash,
        dhash=picture.dhash,
        frames=picture.frames,
        duration=picture.duration,
        dihedral=spectrum.dihedral if dihedral else (),
        hashable=best >= MATCHABLE_QUALITY,
        problems=(*picture.problems, *_list_quality_problems(best)),
    )


def _read_video_facts(
    data: bytes | memoryview, media_type: str, limits: Limits
) -> DecodedFacts:
    video = read_video(data, media_type, limits)
    best = max((frame.quality for frame in video.frames), default=None)
    problems = list(video.problems)
    if best is not None:
        problems += _list_quality_problems(best)
    return DecodedFacts(
        kind="video",
        width=video.width or None,
        height=video.height or None,
        frames=tuple(video.frames),
        duration=video.duration,
        hashable=best is not None and best >= MATCHABLE_QUALITY,
        problems=tuple(problems),
    )


def _list_quality_problems(quality: int) -> list[str]:
    """Why a hash may not be matched: hardly any detail, or none at all."""
    if quality >= MATCHABLE_QUALITY:
        return []
    return ["low_quality"] if quality else ["low_quality", "flat_picture"]
