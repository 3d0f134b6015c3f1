"""An IP address with port and time, and file hashes: what police and networks report by.

Address, port and time together name one subscriber behind a shared address, so all three are
identity. A time is brought to UTC; one without a zone stays as it is and is marked, because a
guessed zone may point at another household.
"""

from __future__ import annotations

import ipaddress
import re
from datetime import UTC, datetime, timedelta, timezone

from triage.locations.location import Location, make_key

_V4 = r"(?:\d{1,3}\.){3}\d{1,3}"
_V6 = r"(?:[0-9a-f]{0,4}:){2,7}(?:[0-9a-f]{1,4}|(?:\d{1,3}\.){3}\d{1,3})?"
_TIME = (
    r"(?P<time>(?:\d{4}-\d\d-\d\d|\d\d?\.\d\d?\.\d{4})(?:[T ]|, )\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?"
    r"(?:\s?(?:Z\b|UTC\b|GMT\b)?\s?(?:[+-]\d\d(?::?\d\d)?)?)?)"
)
_PORT = (
    r"(?:\s{0,2}(?::|,|;|\bport\b:?)\s{0,2}(?:port\b\s?:?\s?)?(?P<port>\d{1,5})(?!\d))?"
)
_BETWEEN = r"(?:[\s,;@|]{1,3}(?:at|on|time|date|më|u|во)?:?\s{0,2})"
PATTERN = re.compile(
    rf"(?i)(?<![\w.:/@%=-])(?:\[(?P<six>{_V6})\]|(?P<bare>{_V6})|(?P<four>{_V4}))(?![\w%-]|\.\d)"
    rf"{_PORT}(?:{_BETWEEN}{_TIME})?(?![/\\:@]|[?#]\S)"
)
_PIECES = re.compile(
    r"(?i)(\d{4}-\d\d-\d\d|\d\d?\.\d\d?\.\d{4})(?:[T ]|, )(\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?"
    r"\s?(Z|UTC|GMT)?\s?"
    r"([+-]\d\d(?::?\d\d)?)?"
)
_HASHES = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}
HASH = re.compile(
    r"(?i)(?<![\w/=-])(?:(md5|sha-?1|sha-?256|sha-?512|pdq)\s?[:=]\s?)?"
    r"([0-9a-f]{128}|[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32})(?![\w/=-])"
)


def from_match(match: re.Match[str]) -> Location | None:
    """The location of a match of PATTERN, None where it is no possible address."""
    bare, port, time = match["bare"], match["port"], match["time"]
    if bare is not None and (
        bare == "::" or (bare.count(":") < 3 and "::" not in bare)
    ):
        return None  # a time of day or punctuation, not an address
    try:
        address = ipaddress.ip_address(match["six"] or bare or match["four"])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    problems: list[str] = []
    canonical = host = str(address)
    if port is not None:
        if 0 < int(port) <= 65535:
            canonical = (
                f"[{host}]:{int(port)}"
                if address.version == 6
                else f"{host}:{int(port)}"
            )
        else:
            problems.append("port_invalid")
    if time is not None:
        moment, problem = _normal_time(time)
        problems.extend(problem)
        canonical += f" {moment}" if moment else ""
    return Location(
        input=match[0].strip(),
        kind="ip",
        canonical=canonical,
        key=make_key("ip", canonical.replace(" ", "@")),
        display=canonical,
        host=host,
        problems=tuple(problems),
    )


def _normal_time(text: str) -> tuple[str, list[str]]:
    """ISO 8601 to the given precision (at least seconds); in UTC with ``Z`` if a zone is known."""
    match = _PIECES.match(text)
    if match is None:
        return "", ["time_invalid"]
    date, clock, seconds, fraction, zone, offset = match.groups()
    if "." in date:  # day.month.year, as the whole region writes it
        day, month, year = date.split(".")
        date = f"{year}-{month:0>2}-{day:0>2}"
    try:
        moment = datetime.fromisoformat(f"{date}T{clock}:{seconds or '00'}")
        if offset:
            digits = offset[1:].replace(":", "").ljust(4, "0")
            shift = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
            tz = timezone(-shift if offset[0] == "-" else shift)
            moment = moment.replace(tzinfo=tz).astimezone(UTC)
    except (ValueError, OverflowError):
        return "", ["time_invalid"]
    fine = (fraction or "").rstrip("0")
    known = bool(zone or offset)
    spelled = moment.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0") + (
        f".{fine}" if fine else ""
    )
    return spelled + ("Z" if known else ""), [] if known else ["time_without_zone"]


def file_hash(match: re.Match[str]) -> Location | None:
    """The location of a match of HASH. PDQ is as long as SHA-256 and so must be named."""
    label, digest = (match[1] or "").lower().replace("-", ""), match[2].lower()
    by_length = _HASHES[len(digest)]
    algorithm = "pdq" if label == "pdq" and len(digest) == 64 else by_length
    if label and label != algorithm:
        return None
    identity = f"{algorithm}:{digest}"
    return Location(
        input=match[0],
        kind="hash",
        canonical=identity,
        key=make_key("hash", identity),
        display=identity if len(digest) <= 64 else f"{algorithm}:{digest[:32]}…",
        content_id=digest,
    )
