"""Cloudflare's abuse reports API: the documented way to reach the host behind it.

Cloudflare publishes no call that answers with an origin address. What its API documents (fields as
in its own SDK, release 5.9.0) is this: a report of the type ``abuse_children`` is passed to the
hosting provider together with the origin address, and a trusted reporter is told that address by
mail. So the origin is found by sending the report, and what comes back by mail is entered as an
``origin_address`` observation, from which the host's own facts are looked up.

Sending tells others: the API has no way to keep a report from the hosting provider and from NCMEC,
only to leave the hotline's name out at the host. The site's owner is never told. So callers send
only what the police have let go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote, urlsplit

from hotline.core.errors import InvalidInput, Unavailable
from hotline.core.network.resolve import Reach
from triage.hosting.facts import FactName, Observation
from triage.hosting.sources.http import Answer, exchange_json

_MOST_URLS = 250
_LONGEST_JUSTIFICATION = 5000
_REFUSALS = (400, 404, 409, 422)
"""Answers after which the same request is refused again."""


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who reports; Cloudflare may pass name and mailbox on to the hosting provider."""

    name: str
    email: str
    organisation: str = ""
    country: str = ""
    anonymous_to_host: bool = False


@dataclass(frozen=True, slots=True)
class ReportState:
    """``status``: submitted, accepted or denied; ``denial_reason`` a slug of theirs."""

    report_id: str
    status: str
    denial_reason: str = ""


class CloudflareOrigin:
    """Needs an account with the abuse reports entitlement and a token that may edit them."""

    def __init__(
        self,
        account_id: str,
        token: str,
        *,
        base_url: str = "https://api.cloudflare.com/client/v4",
        timeout: float = 20.0,
        reach: Reach | None = None,
    ) -> None:
        self._base = f"{base_url.rstrip('/')}/accounts/{quote(account_id, safe='')}/abuse-reports"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._timeout = timeout
        self._reach = reach

    def send_report(
        self, reporter: Reporter, urls: Sequence[str], justification: str
    ) -> str:
        """Sends the report; returns the id under which Cloudflare keeps it ("" if it told none).

        The owner of the site is never told (``owner_notification`` is ``none``): that would warn
        the suspected person. Raises InvalidInput for what the API refuses or would refuse,
        Unavailable where a later try may work.
        """
        body = _build_body(reporter, urls, justification)
        answer = self._ask_api("abuse_children", body)
        result = _read_result(answer)
        if isinstance(result, dict):
            result = result.get("abuse_rand") or result.get("id")
        data = answer.data if isinstance(answer.data, dict) else {}
        named = data.get("abuse_rand") or (
            result if result != "success" else ""
        )
        return str(named or "")

    def ask_state(self, report_id: str) -> ReportState:
        """What became of a report that this account sent."""
        result = _read_result(
            self._ask_api(f"submitted/{quote(report_id, safe='')}", None)
        )
        if not isinstance(result, dict):
            raise Unavailable(
                "Cloudflare's answer about a report is not in the documented form."
            )
        status, reason = result.get("status"), result.get("denial_reason")
        return ReportState(
            report_id, str(status or "unknown")[:40], str(reason or "")[:60]
        )

    def _ask_api(self, path: str, body: Any) -> Answer:
        return exchange_json(
            f"{self._base}/{path}",
            timeout=self._timeout,
            body=body,
            headers=self._headers,
            reach=self._reach,
        )


def origin_observation(
    address: str, source: str, now: datetime
) -> Observation:
    """What Cloudflare (or another network) told about the origin, as it was told."""
    try:
        origin = str(ip_address(address.strip()))
    except ValueError as error:
        raise InvalidInput(
            "The origin must be one IP address.",
            fields={"/origin_address": "not an IP address"},
        ) from error
    return Observation(FactName.ORIGIN_ADDRESS, origin, source, now, 0.9)


def _build_body(
    reporter: Reporter, urls: Sequence[str], justification: str
) -> dict[str, str]:
    hosts = {urlsplit(url).hostname for url in urls}
    fields: dict[str, str] = {}
    if (
        not 1 <= len(set(urls)) <= _MOST_URLS
        or len(hosts) != 1
        or None in hosts
    ):
        fields["/urls"] = f"1 to {_MOST_URLS} URLs of one host"
    if not 1 <= len(justification) <= _LONGEST_JUSTIFICATION:
        fields["/justification"] = f"1 to {_LONGEST_JUSTIFICATION} characters"
    if not reporter.name or not reporter.email:
        fields["/reporter"] = "name and e-mail are needed"
    if fields:
        raise InvalidInput(
            "Cloudflare would refuse this report.", fields=fields
        )
    body = {
        "act": "abuse_children",
        "name": reporter.name[:255],
        "email": reporter.email,
        "email2": reporter.email,
        "justification": justification,
        "urls": "\n".join(dict.fromkeys(urls)),
        "host_notification": "send-anon"
        if reporter.anonymous_to_host
        else "send",
        "ncmec_notification": "send",
        "owner_notification": "none",
    }
    if reporter.organisation:
        body["company"] = reporter.organisation[:100]
    if reporter.country:
        body["country"] = reporter.country
    return body


def _read_result(answer: Answer) -> Any:
    """``result`` of Cloudflare's envelope ``{success, errors, result}``."""
    data = answer.data if isinstance(answer.data, dict) else {}
    if (
        not answer.error
        and answer.status == 200
        and data.get("success") is not False
    ):
        return data.get("result")
    if answer.status in (401, 403):
        raise Unavailable(
            "Cloudflare refused the account.",
            hint="Check the token and ask Cloudflare for the abuse reports entitlement.",
        )
    if answer.status == 429:
        raise Unavailable(
            "Cloudflare was asked too often.", hint="It is asked again later."
        )
    listed = data.get("errors")
    errors = listed if isinstance(listed, list) else []
    told = "; ".join(
        str(e.get("message", ""))[:200] for e in errors if isinstance(e, dict)
    )
    if answer.status in _REFUSALS:
        raise InvalidInput(
            f"Cloudflare refuses the report: {told or f'HTTP {answer.status}'}."
        )
    reason = told or answer.error or f"HTTP {answer.status}"
    raise Unavailable(
        f"Cloudflare did not take the request: {reason}.",
        hint="Try again later.",
    )
