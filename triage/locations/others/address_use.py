"""Whether a bare IP address is a person's or a server's: by what was reported of it.

An address that serves a page is reported as a URL, which is another kind of location. A bare one
comes from peers, a chat, an upload: it is what a provider gave to a subscriber at a time.
"""

from __future__ import annotations

from hotline.intake.kinds import ReportKind
from triage.locations.others.said_time import read_address_use

WEB_PORTS = frozenset({80, 443, 8000, 8080, 8443})
KINDS_OF_PLACES = frozenset(
    {
        ReportKind.CSAM_IMAGE,
        ReportKind.CSAM_VIDEO,
        ReportKind.AI_GENERATED,
        ReportKind.TEXT_AUDIO_DRAWING,
    }
)
"""Kinds that are about what lies somewhere, and not about who does something."""


def is_used_by_person(canonical: str, kind: str) -> bool:
    """``canonical`` is that of a location of kind ``ip``; ``kind`` a ``ReportKind``.

    Only an address with a web server's port, no time, and a report about what lies there is a host;
    in doubt it is a person's, because asking a subscriber to take down a page warns them.
    """
    use = read_address_use(canonical)
    looks_like_host = use.port in WEB_PORTS and use.time is None
    return not (looks_like_host and kind in KINDS_OF_PLACES)
