"""What one look at a location brought back, what it is compared with, and what was made of it.

Plain values: hashes and facts, never content.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, Self
from urllib.parse import SplitResult, urlsplit

from triage.fingerprints.distance import count_bits_apart

Vantage = Literal["own", "second"]


class VerdictName(StrEnum):
    """What one look says of the material. The values are stored with every visit."""

    ONLINE = "online"
    REMOVED = "removed"
    """The page answers, and what was reported is not on it any more."""
    GONE = "gone"
    """The server says that there is nothing there (404, 410)."""
    SOFT_404 = "soft_404"
    """A page that says so in words, with a status of success."""
    LOGIN_WALL = "login_wall"
    BLOCKED_HERE = "blocked_here"
    """The server keeps us out; others may see it."""
    GEO_BLOCKED = "geo_blocked"
    MOVED = "moved"
    """It is there, at another address."""
    HOST_DOWN = "host_down"
    UNKNOWN = "unknown"


PRESENT = frozenset({VerdictName.ONLINE, VerdictName.MOVED})
"""The material is there."""
ABSENT = frozenset(
    {VerdictName.REMOVED, VerdictName.GONE, VerdictName.SOFT_404}
)
"""It is not there."""
KEPT_OUT = frozenset(
    {VerdictName.LOGIN_WALL, VerdictName.BLOCKED_HERE, VerdictName.GEO_BLOCKED}
)
"""We are not let in, so nothing is said of it."""

#: PDQ: the same picture up to this many of 256 bits (Meta's guidance); see standards on PDQ.
PDQ_SAME = 31
#: Pictures of which more bits differ have nothing in common; between the two nobody can tell.
PDQ_UNRELATED = 80
#: Share of a video's sampled frames that must be found again (the usual vPDQ setting is 50-80%).
FRAMES_SAME = 0.5
#: Quality (0 to 100) below which the PDQ of a frame is of a blur or a plain colour.
FRAME_QUALITY = 50


@dataclass(frozen=True, slots=True)
class MediaHash:
    """Hashes of one medium. ``pdq`` only where its quality allows a match, ``frames`` of a video,
    ``turned`` the PDQ of its rotations and mirrorings where they were made."""

    sha256: str | None
    pdq: str | None = None
    frames: tuple[str, ...] = ()
    turned: tuple[str, ...] = ()

    @classmethod
    def from_fingerprint(cls, value: Mapping[str, Any]) -> Self:
        sha256 = value.get("sha256")
        has_pdq = value.get("pdq") is not None
        if not value.get("hashable", has_pdq):
            return cls(sha256)
        frames = value.get("frames") or ()
        clear_frames = [
            frame["pdq"]
            for frame in frames
            if frame.get("quality", 100) >= FRAME_QUALITY
        ]
        turned = value.get("dihedral") or ()
        return cls(
            sha256, value.get("pdq"), tuple(clear_frames), tuple(turned)
        )

    def distance_to(self, other: MediaHash) -> int | None:
        """PDQ bits in which they differ at the best turn; None where no PDQ can be compared."""
        distances = [
            count_bits_apart(mine, theirs)
            for mine in self._list_turns()
            for theirs in other._list_turns()
        ]
        return min(distances, default=None)

    def _list_turns(self) -> list[str]:
        turns = (self.pdq, *self.turned)
        return [turn for turn in turns if turn]

    def is_same_as(self, other: MediaHash) -> bool:
        if self.sha256 is not None and self.sha256 == other.sha256:
            return True
        if self.frames and other.frames:
            return _share_found(self.frames, other.frames) >= FRAMES_SAME
        distance = self.distance_to(other)
        return distance is not None and distance <= PDQ_SAME


@dataclass(frozen=True, slots=True)
class Page:
    """``simhash``: 16 hex digits; ``length``: characters of visible text; ``title``: SHA-256."""

    simhash: str
    length: int
    title: str | None = None
    login_form: bool = False

    @classmethod
    def from_facts(cls, value: Mapping[str, Any] | None) -> Self | None:
        if value is None:
            return None
        return cls(
            value["text_simhash"],
            int(value["text_length"]),
            value.get("title_hash"),
            bool(value.get("login_form", False)),
        )


@dataclass(frozen=True, slots=True)
class Baseline:
    """What was there when the item was assessed. Without media, the page is what is looked for."""

    url: str
    status: int | None = None
    media: tuple[MediaHash, ...] = ()
    page: Page | None = None

    def to_json(self) -> dict[str, object]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        page = value.get("page")
        return cls(
            value["url"],
            value.get("status"),
            _read_media(value.get("media", ())),
            None if page is None else Page(**page),
        )


@dataclass(frozen=True, slots=True)
class Check:
    """One look. ``control_ok``: whether a probe of a place that is always there worked over the
    same way at the same time (None: nobody looked, so nothing is proved by an absence).

    ``media_complete``: every medium that the page names was hashed or is surely gone; only then is
    "not among them" an absence. ``missing``/``missing_media``: what the same host answered for an
    address that cannot exist, where that was asked: the best description of its error page; and
    ``home``/``home_media`` its front page, which proves that the host does not show everybody the
    same, and shows what is only the site's furniture.
    ``signed_in``: it was asked for with cookies or a password, which may not be valid any more.
    ``known_error_page``: verdict of a known error page that was recognised before (see pages).
    """

    at: datetime
    requested: str
    final_url: str
    status: int | None = None
    error: str | None = None
    hops: tuple[str, ...] = ()
    media: tuple[MediaHash, ...] = ()
    media_complete: bool = True
    page: Page | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body_media_type: str | None = None
    control_ok: bool | None = None
    vantage: Vantage = "own"
    missing_status: int | None = None
    missing: Page | None = None
    missing_media: tuple[MediaHash, ...] = ()
    home: Page | None = None
    home_media: tuple[MediaHash, ...] = ()
    known_error_page: VerdictName | None = None
    signed_in: bool = False

    @property
    def direct_media(self) -> bool:
        """The address itself answers with a picture or a video, not with a page that shows one."""
        media_type = self.body_media_type or ""
        return media_type.startswith(("image/", "video/"))

    @property
    def redirected_away(self) -> bool:
        """The last hop is at another host than the address that was asked for."""
        asked = urlsplit(self.requested)
        reached = urlsplit(self.final_url)
        return _strip_www(asked.hostname) != _strip_www(reached.hostname)

    @property
    def redirected_home(self) -> bool:
        """A deep address that ended at the same host's front page."""
        asked = urlsplit(self.requested)
        reached = urlsplit(self.final_url)
        if _is_front_page(asked):
            return False
        return _is_front_page(reached)


@dataclass(frozen=True, slots=True)
class Verdict:
    """``evidence``: stable slugs, most telling first; ``reasons``: the same in words for people.

    ``healthy``: our own way was proved to work at the time; only healthy verdicts of absence count.
    """

    verdict: VerdictName
    evidence: tuple[str, ...]
    reasons: tuple[str, ...]
    at: datetime
    vantage: Vantage = "own"
    healthy: bool = False

    def __post_init__(self) -> None:
        """A stored name becomes the member that it names; ``ValueError`` where there is none."""
        # Frozen for all others; a name that was stored is text until here.
        object.__setattr__(self, "verdict", VerdictName(self.verdict))

    def to_json(self) -> dict[str, object]:
        return {
            **asdict(self),
            "verdict": str(self.verdict),
            "evidence": list(self.evidence),
            "reasons": list(self.reasons),
            "at": self.at.isoformat(),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(
            VerdictName(value["verdict"]),
            tuple(value["evidence"]),
            tuple(value["reasons"]),
            datetime.fromisoformat(value["at"]),
            value.get("vantage", "own"),
            bool(value.get("healthy", False)),
        )


def _is_front_page(address: SplitResult) -> bool:
    if address.query:
        return False
    return address.path.strip("/") == ""


def _read_media(values: Iterable[Mapping[str, Any]]) -> tuple[MediaHash, ...]:
    media = []
    for value in values:
        medium = MediaHash(
            sha256=value["sha256"],
            pdq=value.get("pdq"),
            frames=tuple(value.get("frames", ())),
            turned=tuple(value.get("turned", ())),
        )
        media.append(medium)
    return tuple(media)


def _share_found(wanted: tuple[str, ...], shown: tuple[str, ...]) -> float:
    """The larger of both ways: a cut-out of a video is that video, and so is a longer cut."""
    wanted_bits = [int(frame, 16) for frame in wanted]
    shown_bits = [int(frame, 16) for frame in shown]
    return max(
        _share_among(wanted_bits, shown_bits),
        _share_among(shown_bits, wanted_bits),
    )


def _share_among(frames: list[int], others: list[int]) -> float:
    """The share of ``frames`` that have one of ``others`` for the same picture."""
    hits = 0
    for frame in frames:
        if any(_are_near(frame, other) for other in others):
            hits += 1
    return hits / len(frames)


def _are_near(frame: int, other: int) -> bool:
    difference = frame ^ other
    return difference.bit_count() <= PDQ_SAME


def page_distance(page: Page, other: Page) -> int:
    """Bits of 64 in which the texts' simhashes differ; unrelated texts lie around 32."""
    return count_bits_apart(page.simhash, other.simhash)


def _strip_www(host: str | None) -> str:
    name = (host or "").lower()
    return name.rstrip(".").removeprefix("www.")
