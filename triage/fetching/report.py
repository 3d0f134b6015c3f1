"""What goes to the fetcher and what comes back: plain values that cross a pipe as JSON.

Nothing here can hold content. A report carries addresses, status codes, hashes and counts; text of
a page leaves only as a SHA-256 (title) and a 64-bit simhash (visible text).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from ipaddress import ip_network
from typing import Any, Literal, Protocol, Self, get_args

from hotline.core import USER_AGENT
from hotline.core.errors import InvalidInput
from hotline.core.network.targets import MAX_URL
from hotline.core.network.tls import TlsFacts

Outcome = Literal["ok", "http_error", "failed", "refused"]
Source = Literal[
    "direct",
    "img",
    "srcset",
    "picture",
    "video",
    "source",
    "css",
    "og",
    "jsonld",
    "manifest",
    "frame",
]


class MediumError(StrEnum):
    """Why a medium was not hashed, or not in full, where the reason lies with us."""

    NOT_REACHED = "not_reached"
    """The time of the whole fetch was up before it was this one's turn."""
    OUT_OF_TIME = "out_of_time"
    """Decoding it took longer than one file may take."""
    OUT_OF_MEMORY = "out_of_memory"
    DECODER_CRASHED = "decoder_crashed"
    UNDECODABLE = "undecodable"
    FRAME_NOT_READ = "frame_not_read"
    """A page within the page: only pictures and videos are looked at in frames."""
    DRAWING = "drawing"
    """An SVG has no pixels of its own; it may hold a picture, which nobody looked at."""
    SKIPPED = "skipped"
    """It was looked at before."""


WORTH_ANOTHER_LOOK = frozenset(
    {MediumError.NOT_REACHED, MediumError.OUT_OF_TIME, "timeout", "too_slow"}
)
"""Errors of a medium that a less busy hour may not have."""

FingerprintJson = dict[str, Any]
"""What ``MediaFingerprint.to_json`` of ``triage.fingerprints`` gives."""

UID_VARIABLE = "HOTLINE_FETCH_UID"
"""Environment: the unprivileged user id that a fetching process started as root becomes."""

DEATH_VARIABLE = "HOTLINE_FETCH_DIE_WITH_PARENT"
READY = b"ready"
"""What the fetching process says first, once its doors are closed; the names of these follow."""
PROTECTIONS = (
    "no_new_rights",
    "files",
    "scopes",
    "system_calls",
    "own_user",
    "no_debuggers",
    "ends_with_parent",
)
"""Names of all doors; ``sandbox.Protection`` closes them, and the parent need not load that."""
LEAVING = "leaving"
"""Beside a report: the process ends now, because a page has worn out a part of it."""


class PageFetcher(Protocol):
    """The seam: anything that turns a request into a report (a test's stand-in, or ``Fetcher``)."""

    def fetch(self, request: FetchRequest) -> FetchReport: ...


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """Seconds, bytes after decompression, counts.

    ``total_seconds`` are spent waiting for hosts, by the clock on the wall. ``hash_seconds`` (of
    one file at most ``decode_seconds``) are the processor's own: what else runs on a machine does
    not decide which frames of a video are hashed. ``wall_seconds`` end all of it in any case.
    """

    total_seconds: float = 30
    hash_seconds: float = 40
    decode_seconds: float = 20
    wall_seconds: float = 75
    connect_seconds: float = 10
    max_bytes: int = 50_000_000
    max_page_bytes: int = 5_000_000
    max_redirects: int = 10
    max_media: int = 40
    max_total_bytes: int = 200_000_000

    def __post_init__(self) -> None:
        faults = []
        # All of them, so that who sets several wrongly learns it at once.
        for entry in fields(self):
            value = getattr(self, entry.name)
            if entry.name in _MAY_BE_ZERO:
                if value < 0:
                    faults.append(f"{entry.name} must be zero or more")
            elif value <= 0:
                faults.append(f"{entry.name} must be above zero")
        if faults:
            listed = "; ".join(faults)
            raise InvalidInput(
                f"The limits of a fetch cannot be used: {listed}."
            )

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(**value)


_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_MAY_BE_ZERO = ("max_redirects", "max_media")


@dataclass(frozen=True, slots=True)
class FetchRequest:
    """One location to look at.

    ``allowed_networks``: CIDR networks that may be visited although they are not public (a demo's
    loopback host). ``resolver``: ``address:port`` of a DNS server, None for the system's own.
    ``hosts``: host name -> address, asked before DNS; the address is checked like any other.
    ``cookies``: a ``Cookie`` header's value; ``userinfo``: "name:password" in the URL's own
    percent-encoding. Both are sent to the host of ``url`` alone.
    ``socks_proxy``: a Tor-like proxy that resolves names itself; ``.onion`` goes nowhere else.
    ``http_proxy``: an upstream proxy for everything but ``.onion``. A request that names a proxy
    never connects around it: without ``http_proxy``, ``socks_proxy`` carries everything.
    ``skip``: media, by the URLs of an earlier report, that are not looked at again;
    ``only``: the one of a page that is, where it is not empty.
    ``tls_insecure``: go on although the certificate is not valid (recorded in ``Hop.tls``).
    """

    url: str
    allowed_networks: tuple[str, ...] = ()
    resolver: str | None = None
    hosts: dict[str, str] = field(default_factory=dict)
    user_agent: str = USER_AGENT
    referrer: str | None = None
    cookies: str | None = field(default=None, repr=False)
    userinfo: str | None = field(default=None, repr=False)
    socks_proxy: str | None = field(default=None, repr=False)
    http_proxy: str | None = field(default=None, repr=False)
    limits: FetchLimits = field(default_factory=FetchLimits)
    want_media: bool = True
    skip: tuple[str, ...] = ()
    only: str = ""
    tls_insecure: bool = False

    def __post_init__(self) -> None:
        if self.socks_proxy and not self.socks_proxy.startswith("socks5h://"):
            raise InvalidInput(
                "The SOCKS proxy must be given as socks5h://host:port.",
                hint="Only socks5h resolves names at the proxy; plain socks5 would tell our DNS.",
            )
        if self.http_proxy and not self.http_proxy.startswith(
            ("http://", "https://", "socks5h://")
        ):
            raise InvalidInput(
                "The upstream proxy must be given as http://host:port."
            )
        # A line break in one of them would begin a header of somebody else's
        # making.
        for name in ("user_agent", "referrer", "cookies", "userinfo"):
            if _CONTROL.search(getattr(self, name) or ""):
                raise InvalidInput(
                    f"The {name} holds control characters.",
                    hint="Remove them.",
                )
        for network in self.allowed_networks:
            try:
                ip_network(network, strict=False)
            except ValueError as error:
                raise InvalidInput(
                    f"{network!r} is no network.",
                    hint="Write it as 127.0.0.0/8.",
                ) from error

    def to_json(self) -> dict[str, Any]:
        value = asdict(self)
        # As JSON has it, so that what comes back is equal to what went.
        value["allowed_networks"] = list(self.allowed_networks)
        value["skip"] = list(self.skip)
        return value

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        networks = tuple(value.get("allowed_networks", ()))
        limits = FetchLimits.from_json(value.get("limits", {}))
        given = {
            **value,
            "allowed_networks": networks,
            "limits": limits,
            "skip": tuple(value.get("skip", ())),
        }
        return cls(**given)


@dataclass(frozen=True, slots=True)
class Hop:
    """One exchange of the redirect chain.

    ``address``: the one connected to; None at a proxy and where no connection was made.
    ``tls``: None without TLS.
    ``dropped``: addresses that the name also had and that must not be visited.
    """

    url: str
    status: int | None = None
    address: str | None = None
    location: str | None = None
    tls: TlsFacts | None = None
    dropped: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        tls = value.get("tls")
        return cls(
            **{
                **value,
                "tls": None if tls is None else TlsFacts(**tls),
                "dropped": tuple(value.get("dropped", ())),
            }
        )


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What is kept of a page. ``text_simhash``: 16 hex digits; ``text_length`` in characters.
    ``styles`` (sheets of their own) and ``scripts`` may show more, and were not looked into."""

    title_hash: str | None
    text_simhash: str
    text_length: int
    links: int
    login_form: bool
    styles: int = 0
    scripts: int = 0


@dataclass(frozen=True, slots=True)
class MediaFound:
    """One medium, at the URL that the page gives. ``fingerprint`` is the JSON of its hashes (of
    ``triage.fingerprints.MediaFingerprint``), None with the reason in ``error``. With both, and an
    error of too_large, truncated or timeout, it is that of the part that was read.

    An inline (``data:``) picture has the URL ``data:<type>;sha256=<hash>``, never its bytes.
    """

    url: str
    source: Source
    status: int | None = None
    error: str | None = None
    fingerprint: FingerprintJson | None = None

    @property
    def is_open(self) -> bool:
        """Whether nobody has looked at it yet."""
        return self.error == MediumError.NOT_REACHED

    @property
    def is_worth_another_look(self) -> bool:
        """Whether time alone was missing, be it for some frames of a video only."""
        problems = (self.fingerprint or {}).get("problems", ())
        ran_out = MediumError.OUT_OF_TIME in problems
        return ran_out or self.error in WORTH_ANOTHER_LOOK


@dataclass(frozen=True, slots=True)
class FetchReport:
    """Everything that is known after a fetch.

    ``outcome``: ``ok`` a 2xx answer was read; ``http_error`` another status; ``failed`` no usable
    answer; ``refused`` we would not connect. ``error`` is a stable slug and may accompany ``ok``:
    ``too_large`` (a page was read up to its cap), ``truncated`` (the host hung up early),
    ``timeout`` (it went on too long) and ``page_too_complex`` (no tree could be built; media were
    searched for in the text, and ``page`` is of the text too). ``left_out``: media that the page
    names beyond those that were looked at. ``hash_seconds`` (the processor's) went into decoding
    and hashing.
    """

    requested: str
    final_url: str
    outcome: Outcome
    status: int | None = None
    error: str | None = None
    hops: tuple[Hop, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)
    media_type: str | None = None
    page: PageFacts | None = None
    media: tuple[MediaFound, ...] = ()
    left_out: int = 0
    bytes_read: int = 0
    seconds: float = 0.0
    hash_seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def to_stored(self) -> Mapping[str, object]:
        """As ``to_json``, for a visit, which is kept for years: without what is empty, and without
        how long it took, which nobody asks later. A place that led nowhere else has no
        ``final_url``.
        """
        document = self.to_json()
        del document["seconds"], document["hash_seconds"]
        if self.final_url == self.requested:
            del document["final_url"]
        # Most files have neither frames nor turned hashes, nor any problem.
        for medium in document["media"]:
            if medium["fingerprint"] is not None:
                medium["fingerprint"] = _leave_out_empty(medium["fingerprint"])
        rows = {
            name: [_leave_out_empty(row) for row in document[name]]
            for name in ("hops", "media")
        }
        return {**_leave_out_empty(document), **rows}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        # It comes from the process that reads strangers' pages: its word is
        # not taken for one of ours.
        if value["outcome"] not in get_args(Outcome):
            raise InvalidInput(
                f"There is no fetch outcome {value['outcome']!r}."
            )
        page = value.get("page")
        hops = (Hop.from_json(hop) for hop in value.get("hops", ()))
        media = (MediaFound(**medium) for medium in value.get("media", ()))
        given = {
            # As ``to_stored`` leaves it out; what is given overrides it.
            "final_url": value["requested"],
            **value,
            "hops": tuple(hops),
            "page": None if page is None else PageFacts(**page),
            "media": tuple(media),
        }
        return cls(**given)


def _leave_out_empty(row: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in row.items() if not _is_empty(value)}


def _is_empty(value: object) -> bool:
    # A count of 0 was counted.
    return value is None or value in ("", (), [], {})


def report_failure(
    request: FetchRequest, error: str, *, seconds: float = 0.0
) -> FetchReport:
    """The report of a fetch of which nothing came back (``error`` a slug)."""
    url = request.url[:MAX_URL]
    return FetchReport(url, url, "failed", error=error, seconds=seconds)
