"""What one look at a location brought back, what it is compared with, and what was made of it.

Plain values: hashes and facts, never content.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, Self
from urllib.parse import urlsplit

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
        usable = bool(value.get("hashable", value.get("pdq") is not None))
        frames = value.get("frames") or ()
        return cls(
            value.get("sha256"),
            value.get("pdq") if usable else None,
            tuple(f["pdq"] for f in frames if f.get("quality", 100) >= 50)
            if usable
            else (),
            tuple(value.get("dihedral") or ()) if usable else (),
        )

    def distance_to(self, other: MediaHash) -> int | None:
        """PDQ bits in which they differ at the best turn; None where no PDQ can be compared."""
        mine = [h for h in (self.pdq, *self.turned) if h]
        theirs = [h for h in (other.pdq, *other.turned) if h]
        return min(
            (_count_bits_apart(a, b) for a in mine for b in theirs),
            default=None,
        )

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

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(
            value["url"],
            value.get("status"),
            _read_media(value.get("media", ())),
            None if value.get("page") is None else Page(**value["page"]),
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
        return (self.body_media_type or "").startswith(("image/", "video/"))

    @property
    def redirected_away(self) -> bool:
        """The last hop is at another host than the address that was asked for."""
        asked, reached = (
            urlsplit(self.requested).hostname,
            urlsplit(self.final_url).hostname,
        )
        return _strip_www(asked) != _strip_www(reached)

    @property
    def redirected_home(self) -> bool:
        """A deep address that ended at the same host's front page."""
        asked, reached = urlsplit(self.requested), urlsplit(self.final_url)
        deep = asked.path.strip("/") != "" or asked.query != ""
        return deep and reached.path.strip("/") == "" and not reached.query


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
        object.__setattr__(self, "verdict", VerdictName(self.verdict))

    def to_json(self) -> dict[str, Any]:
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


def _read_media(values: Iterable[Mapping[str, Any]]) -> tuple[MediaHash, ...]:
    return tuple(
        MediaHash(
            v["sha256"],
            v.get("pdq"),
            tuple(v.get("frames", ())),
            tuple(v.get("turned", ())),
        )
        for v in values
    )


def _count_bits_apart(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


def _share_found(wanted: tuple[str, ...], found: tuple[str, ...]) -> float:
    """The larger of both ways: a cut-out of a video is that video, and so is a longer cut."""
    one, other = [int(h, 16) for h in wanted], [int(h, 16) for h in found]

    def part(these: list[int], those: list[int]) -> float:
        hits = sum(
            any((a ^ b).bit_count() <= PDQ_SAME for b in those) for a in these
        )
        return hits / len(these)

    return max(part(one, other), part(other, one))


def page_distance(one: Page, other: Page) -> int:
    """Bits of 64 in which the texts' simhashes differ; unrelated texts lie around 32."""
    return _count_bits_apart(one.simhash, other.simhash)


def _strip_www(host: str | None) -> str:
    return (host or "").lower().rstrip(".").removeprefix("www.")
