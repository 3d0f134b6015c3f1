"""An IP address with port and time, and file hashes: what police and networks report by.

Address, port and time together name one subscriber behind a shared address, so all three are
identity. A time is brought to UTC; one without a zone stays as it is and is marked, because a
guessed zone may point at another household.
"""

from __future__ import annotations

import ipaddress
import re
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from triage.locations.location import Location, make_key

_V4 = r"(?:\d{1,3}\.){3}\d{1,3}"
_V6 = r"(?:[0-9a-f]{0,4}:){2,7}(?:[0-9a-f]{1,4}|(?:\d{1,3}\.){3}\d{1,3})?"
_DATE = r"(?P<date>\d{4}-\d\d-\d\d|\d\d?\.\d\d?\.\d{4})"
_CLOCK = (
    r"(?P<clock>\d\d?:\d\d)(?::(?P<seconds>\d\d)(?:\.(?P<fraction>\d{1,9}))?)?"
)
_HALF_OF_DAY = r"(?:\s?(?P<half>[ap])(?:m\b|\.m\.))?"
# "UTC+2" is never read as "UTC": a shift that cannot be read leaves the zone unknown.
_ZONE = (
    r"(?:\s?\(?(?:(?:UTC|GMT|Z)\s?(?P<shift>[+\-−](?:\d{4}|\d\d?(?::\d\d)?))(?![\d:])"
    r"|(?P<utc>UTC|GMT|Z)\b(?!\s?[+\-−]\s?\d)"
    r"|(?P<named>[CEW]ES?T)\b"
    r"|(?P<offset>[+\-−]\d\d(?::?\d\d)?)(?![\d:]))\)?)?"
)
# As people of the region say it: "1.11.2026. u 22:15", "më 1.11.2026 ora 22:15".
_TO_CLOCK = (
    r"(?:[T ]|,? |\.? (?:at|u|у|во|në|ne|ora|në orën|ne oren|në ora|kl\.?) )"
)
_TIME = rf"(?P<time>{_DATE}(?:{_TO_CLOCK}|\.,? ){_CLOCK}{_HALF_OF_DAY}{_ZONE})"
_ZONE_OF_NAME = {"C": "CET", "E": "EET", "W": "WET"}
_PORT_WORD = r"(?:port|porta|portën|porti|порт|порта|портот)\b"
_PORT = (
    rf"(?:\s{{0,2}}(?::|,|;|\b{_PORT_WORD}:?)\s{{0,2}}(?:{_PORT_WORD}\s?:?\s?)?"
    r"(?P<port>\d{1,5})(?!\d|\.\d|-\d\d-))?"
)
_BETWEEN = (
    r"(?:[\s,;@|]{1,3}(?:at|on|time|date|më|me|më datë|me date|u|dana|у|дана|во|на)?"
    r":?\s{0,2})"
)
# Programs of sharing networks, as logs of them name them, and those whose names are plain words.
_PROGRAMS = (
    "eMule|aMule|xMule|eDonkey(?:2000)?|MLDonkey|lphant|Shareaza|BitTorrent|BitComet|[uµμ]Torrent"
    "|qBittorrent|Azureus|Vuze|BiglyBT|Tixati|FrostWire|LimeWire|BearShare|gtk-gnutella"
    r"|KTorrent|rTorrent|libtorrent|DC\+\+|Soulseek|Nicotine\+"
)
_NEED_A_VERSION = "Transmission|Deluge|Ares"
_VERSION = r"[ /]v?\d[\w.]{0,15}(?<!\.)"
_CLIENT = (
    r"(?:[\s,;|(]{1,3}(?:(?:client|program|software|user[ -]?agent)\s?[:=]?\s?)?"
    rf"(?P<NAME>(?:{_PROGRAMS})(?:{_VERSION})?|(?:{_NEED_A_VERSION}){_VERSION})"
    r"(?!\.?\w|/)\)?)?"
)
_EARLY_CLIENT, _LATE_CLIENT = (
    _CLIENT.replace("NAME", name) for name in ("early", "late")
)
PATTERN = re.compile(
    rf"(?i)(?<![\w.:/@%=-])(?:\[(?P<six>{_V6})\]|(?P<bare>{_V6})|(?P<four>{_V4}))(?![\w%-]|\.\d)"
    rf"{_PORT}{_EARLY_CLIENT}(?:{_BETWEEN}{_TIME})?{_LATE_CLIENT}(?![/\\:@]|[?#]\S)"
)
_HASHES = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}
HASH = re.compile(
    r"(?i)(?<![\w/=-])(?:(md5|sha-?1|sha-?256|sha-?512|pdq)\s?[:=]\s?)?"
    r"([0-9a-f]{128}|[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32})(?![\w/=-])"
)


def locate_ip_address(match: re.Match[str]) -> Location | None:
    """The location of a match of PATTERN, None where it is no possible address."""
    bare, port = match["bare"], match["port"]
    if bare is not None and _is_clock_or_punctuation(bare):
        return None
    try:
        address = ipaddress.ip_address(match["six"] or bare or match["four"])
    except ValueError:
        return None
    # Both spellings reach the same machine.
    if (
        isinstance(address, ipaddress.IPv6Address)
        and address.ipv4_mapped is not None
    ):
        address = address.ipv4_mapped
    problems: list[str] = []
    canonical = host = str(address)
    if port is not None:
        if 0 < int(port) <= 65535:
            place = f"[{host}]" if address.version == 6 else host
            canonical = f"{place}:{int(port)}"
        else:
            problems.append("port_invalid")
    if match["time"] is not None:
        moment, problem = _normalise_time(match)
        problems.extend(problem)
        canonical += f" {moment}" if moment else ""
    client = " ".join((match["early"] or match["late"] or "").split())
    shown = f"{canonical} {client}".strip()
    return Location(
        input=match[0].strip(),
        kind="ip",
        canonical=shown,
        # Without the program, which is no part of what identifies.
        key=make_key("ip", canonical.replace(" ", "@")),
        display=shown,
        host=host,
        problems=tuple(problems),
    )


def _is_clock_or_punctuation(text: str) -> bool:
    """Whether what looks like an IPv6 address is rather a time of day, or only colons."""
    return text == "::" or (text.count(":") < 3 and "::" not in text)


def _normalise_time(match: re.Match[str]) -> tuple[str, list[str]]:
    """ISO 8601 to the given precision (at least seconds); in UTC with ``Z`` if a zone is known."""
    try:
        clock = _read_clock(match)
        moment = _convert_to_utc(clock, match)
    # A zone can move the calendar's first or last day out of it.
    except (ValueError, OverflowError):
        return "", ["time_invalid"]
    # So that ".5" and ".50" are one moment and one key.
    fine = (match["fraction"] or "").rstrip("0")
    # The C library writes a year before 1000 without its zeros.
    spelled = (moment or clock).strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    spelled += f".{fine}" if fine else ""
    return (f"{spelled}Z", []) if moment else (spelled, ["time_without_zone"])


def _read_clock(match: re.Match[str]) -> datetime:
    """What the clock showed, without any zone. ``ValueError`` where no clock shows that."""
    date = match["date"]
    if "." in date:  # day.month.year, as the whole region writes it
        day, month, year = date.split(".")
        date = f"{year}-{month:0>2}-{day:0>2}"
    clock = datetime.fromisoformat(
        f"{date}T{match['clock']:0>5}:{match['seconds'] or '00'}"
    )
    half = (match["half"] or "").lower()
    if half == "a" and clock.hour > 12:
        raise ValueError("an afternoon's hour with a.m.")
    if half == "a" and clock.hour == 12:
        return clock.replace(hour=0)
    if half == "p" and clock.hour < 12:
        return clock.replace(hour=clock.hour + 12)
    return clock


def _convert_to_utc(clock: datetime, match: re.Match[str]) -> datetime | None:
    """The one moment that was meant; None where that cannot be known."""
    if match["utc"]:
        return clock.replace(tzinfo=UTC)
    if shift := match["shift"] or match["offset"]:
        hours, minutes = _read_hours_and_minutes(shift[1:])
        ahead = timedelta(hours=hours, minutes=minutes)
        zone = timezone(ahead if shift[0] == "+" else -ahead)
        return clock.replace(tzinfo=zone).astimezone(UTC)
    if name := (match["named"] or "").upper():
        return _convert_from_named_zone(clock, name)
    return None


def _read_hours_and_minutes(digits: str) -> tuple[int, int]:
    """Of "2", "02", "2:30", "02:30" and "0230"."""
    plain = digits.replace(":", "")
    if len(plain) <= 2:
        return int(plain), 0
    hours, minutes = int(plain[:-2]), int(plain[-2:])
    if minutes > 59:
        raise ValueError("more than 59 minutes")
    return hours, minutes


def _convert_from_named_zone(clock: datetime, name: str) -> datetime | None:
    """None for "CET" in July: many say it of the summer's clock, others mean it to the letter."""
    zone = ZoneInfo(_ZONE_OF_NAME[name[0]])
    # Of the hour that comes twice in autumn, the zone's name tells which was
    # meant.
    for fold in (0, 1):
        local = clock.replace(tzinfo=zone, fold=fold)
        if local.tzname() == name:
            return local.astimezone(UTC)
    return None


def locate_file_hash(match: re.Match[str]) -> Location | None:
    """The location of a match of HASH. PDQ is as long as SHA-256 and so must be named."""
    label, digest = (match[1] or "").lower().replace("-", ""), match[2].lower()
    by_length = _HASHES[len(digest)]
    algorithm = "pdq" if label == "pdq" and len(digest) == 64 else by_length
    # Label and length contradict each other, and nobody knows which is the
    # slip.
    if label and label != algorithm:
        return None
    identity = f"{algorithm}:{digest}"
    return Location(
        input=match[0],
        kind="hash",
        canonical=identity,
        key=make_key("hash", identity),
        display=identity
        if len(digest) <= 64
        else f"{algorithm}:{digest[:32]}…",
        content_id=digest,
    )
