"""Small JSON exchanges with registries and the delivery network's API.

The guarded client gives the whole exchange one time limit, caps sizes, counts redirects and speaks
HTTPS only. An answer may name a next server (RDAP does), whose address is checked as well.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hotline.core.network.client import GuardedClient, Reply
from hotline.core.network.resolve import Reach

_MAX_BYTES = 1 << 20
_MAX_REDIRECTS = 5


@dataclass(frozen=True, slots=True)
class Answer:
    """``error`` is a slug ("" where an HTTP answer came): timeout, dns, refused, tls, too_large,
    blocked_address, network, malformed. ``url`` is where the answer came from after redirects."""

    status: int
    data: Any
    url: str
    error: str = ""
    retry_after: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)


_ERRORS = {
    "dns_nxdomain": "dns",
    "dns_no_address": "dns",
    "dns_failure": "dns",
    "unreachable": "refused",
    "tls_failed": "tls",
    "tls_invalid": "tls",
}
_SLUGS = frozenset(
    {"timeout", "dns", "refused", "tls", "too_large", "blocked_address"}
)


def exchange_json(
    url: str,
    *,
    timeout: float,
    body: Any = None,
    headers: Mapping[str, str] | None = None,
    reach: Reach | None = None,
) -> Answer:
    """GET, or POST of ``body`` as JSON. Never raises for what the network or the server does."""
    lines = {
        "Accept": "application/rdap+json, application/json",
        **(headers or {}),
    }
    with GuardedClient(
        reach or Reach(),
        seconds=timeout,
        most_bytes=_MAX_BYTES,
        redirects=_MAX_REDIRECTS,
        user_agent="hotline",
    ) as client:
        if body is None:
            reply = client.get(url, headers=lines)
        else:
            lines["Content-Type"] = "application/json"
            written = json.dumps(body)
            reply = client.post(url, written.encode(), headers=lines)
    return _read_answer(url, reply)


def _read_answer(url: str, reply: Reply) -> Answer:
    if reply.error:
        slug = _ERRORS.get(reply.error, reply.error)
        if slug not in _SLUGS:
            slug = "network"
        return Answer(0, None, url, slug)
    after = reply.headers.get("retry-after", "")
    # It may be a date as well; then the shortest pause holds.
    wait = int(after) if after.isdigit() else 0
    try:
        data = json.loads(reply.body) if reply.body else None
    except (ValueError, RecursionError):
        # A page of an error need not be JSON: its status says enough.
        error = "malformed" if reply.status == 200 else ""
        return Answer(
            reply.status, None, reply.url, error, wait, reply.headers
        )
    return Answer(reply.status, data, reply.url, "", wait, reply.headers)
