"""A web address in its parts, as WHATWG parses it, each part in normal form."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import ada_url
import can_ada

from triage.locations.catalogue_values import Catalogue
from triage.locations.web.percent import normalise_path, normalise_query
from triage.locations.web.site import Site, look_up_site

WEB = frozenset(("http", "https"))
OTHER = frozenset(
    (
        "ftp",
        "ftps",
        "sftp",
        "ws",
        "wss",
        "rtsp",
        "rtmp",
        "gopher",
        "gemini",
        "mms",
    )
)
"""Schemes with a host that are identified like the web's but never fetched."""

_ENTITY = re.compile(r"(?:amp;)+")


@dataclass(slots=True)
class Parts:
    """A parsed address in normal form; ``query`` and ``fragment`` are without their marks."""

    scheme: str
    site: Site
    port: str
    path: str
    query: str
    fragment: str
    userinfo: str | None
    problems: list[str]

    @property
    def authority(self) -> str:
        return f"{self.site.name}:{self.port}" if self.port else self.site.name


def parse_address(text: str, catalogue: Catalogue) -> Parts | None:
    """None where the text is no address or names no host."""
    url = parse_whatwg(text)
    if url is None or not url.hostname:
        return None
    if url.hostname in WEB:  # "http://https//…" is a slip
        return None
    site = look_up_site(url.hostname, catalogue)
    if site is None:
        return None
    userinfo = None
    problems: list[str] = [*site.problems] if site.problems else []
    if url.username or url.password:
        userinfo = url.username
        if url.password:
            userinfo += f":{url.password}"
        problems.append("userinfo_removed")
    path = normalise_path(url.pathname) or "/"
    if (";" in path or "(" in path) and catalogue.tracking.session_path.search(
        path
    ):
        cut = catalogue.tracking.session_path.sub("", path)
        again = parse_address(
            f"{url.protocol}//{url.host}{cut or '/'}{url.search}{url.hash}",
            catalogue,
        )
        if again is None:
            return None
        again.userinfo = userinfo
        again.problems = [
            *dict.fromkeys((*problems, "session_id_removed", *again.problems))
        ]
        return again
    query, fragment = url.search[1:], url.hash[1:]
    return Parts(
        scheme=url.protocol[:-1],
        site=site,
        port=url.port,
        path=path,
        query=drop_empty_pieces(normalise_query(query)) if query else "",
        fragment=normalise_query(fragment) if fragment else "",
        userinfo=userinfo,
        problems=problems,
    )


def drop_empty_pieces(query: str) -> str:
    """Without empty parameters, and without the ``amp;`` of a link copied out of HTML source."""
    if "&&" in query or "amp;" in query or query[0] == "&" or query[-1] == "&":
        pieces = [_ENTITY.sub("", piece) for piece in query.split("&")]
        return "&".join([piece for piece in pieces if piece])
    return query


def parse_whatwg(text: str) -> Any:
    try:
        return can_ada.parse(text)
    except (ValueError, TypeError):
        # The fast parser refuses some names that the standard lets through (http://xn--/).
        try:
            return ada_url.URL(text)
        except (ValueError, UnicodeError):
            return None
