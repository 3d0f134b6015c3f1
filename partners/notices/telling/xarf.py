"""XARF v4 documents (xarf.org, schemas of xarf-spec 4.2), for an abuse desk's own tools.

There is no ``evidence`` on purpose: it is where XARF would carry media.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from urllib.parse import quote, urlsplit

from hotline.intake.registry.kinds import row_of
from partners.letters.clock import format_stamp

VERSION = "4.2.0"
MAX_DESCRIPTION = 1000
MAX_ORG = 200
# XARF has a type for material of the international baseline and one for everything else; its
# A1-B2 grades are not assessed here.
_HOST_NAME = re.compile(
    r"(?=.{1,253}\Z)(?:(?!-)[A-Za-z0-9-]{1,63}(?<!-)\.)+[A-Za-z]{2,63}\Z"
)
"""As strict as any checker of the format: some take no number and no hyphen in the last label,
which "xn--90a3ac" (срб) and "xn--d1alf" (мкд) have. The address names the host all the same."""
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_OF_A_URI = "%:/?#[]@!$&'()*+,;=~"
OTHER_ACT = "distribution"
"""The ``exploitation_type`` where XARF has no word for what was done."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who complains and who sends are the same here: the hotline."""

    org: str
    contact: str
    domain: str

    def to_json(self) -> dict[str, str]:
        return {
            "org": self.org[:MAX_ORG],
            "contact": self.contact,
            "domain": self.domain,
        }


@dataclass(frozen=True, slots=True)
class Located:
    """One location. ``address``: its IP address where known; ``hashes``: of the one known file."""

    id: uuid.UUID
    url: str
    host: str
    at: datetime
    address: str | None = None
    seen_at: datetime | None = None
    used: Mapping[str, object] | None = None
    """Of an address that somebody used: its port and time, as documents tell them."""
    asn: str | None = None
    country: str | None = None
    assessed_class: str = "baseline"
    industry_class: str = ""
    kind: str = "unknown"
    hash_match: bool = False
    hashes: Mapping[str, str] = field(default_factory=dict)


def write_document(
    located: Located, sender: Sender, *, reference: str, description: str
) -> dict[str, object]:
    """The report about one location; the same ``report_id`` each time it is sent."""
    body: dict[str, object] = {
        "xarf_version": VERSION,
        "report_id": str(located.id),
        "timestamp": format_stamp(located.at),
        "reporter": sender.to_json(),
        "sender": sender.to_json(),
        "source_identifier": located.address or located.host or located.url,
        "category": "content",
        "url": _spell_uri(located),
        "evidence_source": "researcher_analysis",
        "verification_method": "manual",
        "description": description[:MAX_DESCRIPTION],
        "tags": [f"notice:{reference.lower()}"],
    }
    port = _port_of(located.url)
    body |= {
        name: value
        for name, value in {
            "source_port": port,
            "domain": located.host if _is_name(located.host) else None,
            "verified_at": format_stamp(located.seen_at)
            if located.seen_at
            else None,
            "asn": _read_asn(located.asn),
            "country_code": located.country,
        }.items()
        if value is not None
    }
    return body | _describe_offence(located)


def _describe_offence(located: Located) -> dict[str, object]:
    names = row_of(located.kind).wire
    is_baseline = located.assessed_class == "baseline"
    if is_baseline or located.industry_class:
        return {
            "type": "csam",
            "classification": "baseline"
            if is_baseline
            else located.industry_class,
            "detection_method": "hash_match"
            if located.hash_match
            else "manual_review",
            **({"media_type": names.xarf_media} if names.xarf_media else {}),
            **(
                {"hash_values": dict(located.hashes)} if located.hashes else {}
            ),
        }
    return {
        "type": "csem",
        "exploitation_type": names.xarf_act or OTHER_ACT,
        "detection_method": "manual_review",
    }


def _spell_uri(located: Located) -> str:
    """The location as a URI (RFC 3986): an eD2k link's bars encoded, a bare address with a scheme.

    What is no link at all stands behind the tag that says so.
    """
    if _SCHEME.match(located.url):
        return quote(located.url, safe=_OF_A_URI)
    if located.host and located.url.startswith((located.host, "[")):
        place = located.url.partition(" ")[0]
        # RFC 3986 wants brackets around an IPv6 address.
        is_bare_six = place.count(":") > 1 and not place.startswith("[")
        return f"http://[{place}]/" if is_bare_six else f"http://{place}/"
    return f"urn:x-location:{quote(located.url, safe=_OF_A_URI)}"


def _port_of(url: str) -> int | None:
    """The port of a web address; None of anything else."""
    defaults: dict[str, Literal[80, 443]] = {"http": 80, "https": 443}
    try:
        parts = urlsplit(url)
        return parts.port or defaults.get(parts.scheme)
    except ValueError:
        return None


def _is_name(host: str) -> bool:
    """A host name, as opposed to an address ("192.0.2.1", "[2001:db8::1]")."""
    return _HOST_NAME.match(host) is not None


def _read_asn(text: str | None) -> int | None:
    match = re.fullmatch(r"(?:AS)?([0-9]{1,10})", text or "")
    # Numbers of 32 bits (RFC 6793); 0 is nobody's (RFC 7607).
    return int(match[1]) if match and 0 < int(match[1]) < 2**32 else None
