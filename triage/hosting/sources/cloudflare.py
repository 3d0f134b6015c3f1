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

from collections.abc import Mapping, Sequence
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
_LONGEST_STATUS = 40
_LONGEST_REASON = 60
_LONGEST_MESSAGE = 200
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
        account = quote(account_id, safe="")
        api = base_url.rstrip("/")
        self._base = f"{api}/accounts/{account}/abuse-reports"
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
        if result == "success":
            result = ""
        # The id may stand beside the result, which then only says "success".
        report_id = _read_envelope(answer).get("abuse_rand") or result
        return str(report_id or "")

    def ask_state(self, report_id: str) -> ReportState:
        """What became of a report that this account sent."""
        path = f"submitted/{quote(report_id, safe='')}"
        result = _read_result(self._ask_api(path, None))
        if not isinstance(result, dict):
            raise Unavailable(
                "Cloudflare's answer about a report is not in the documented form."
            )
        status = str(result.get("status") or "unknown")
        reason = str(result.get("denial_reason") or "")
        return ReportState(
            report_id, status[:_LONGEST_STATUS], reason[:_LONGEST_REASON]
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
    fields = _find_faults(reporter, urls, justification)
    if fields:
        raise InvalidInput(
            "Cloudflare would refuse this report.", fields=fields
        )
    # It cannot be left out: the API knows no report that the host is not told
    # of.
    notification = "send-anon" if reporter.anonymous_to_host else "send"
    body = {
        "act": "abuse_children",
        "name": reporter.name[:255],
        "email": reporter.email,
        # The API asks for the mailbox twice.
        "email2": reporter.email,
        "justification": justification,
        "urls": "\n".join(dict.fromkeys(urls)),
        "host_notification": notification,
        "ncmec_notification": "send",
        # It would warn the suspected person.
        "owner_notification": "none",
    }
    if reporter.organisation:
        body["company"] = reporter.organisation[:100]
    if reporter.country:
        body["country"] = reporter.country
    return body


def _find_faults(
    reporter: Reporter, urls: Sequence[str], justification: str
) -> dict[str, str]:
    """Place in the report -> what is wrong there, as the API would say it."""
    # Checked here, so that a person reads which field it is and not an answer
    # of theirs.
    hosts = {urlsplit(url).hostname for url in urls}
    is_one_host = len(hosts) == 1 and None not in hosts
    faults: dict[str, str] = {}
    count = len(set(urls))
    if not is_one_host or not 1 <= count <= _MOST_URLS:
        faults["/urls"] = f"1 to {_MOST_URLS} URLs of one host"
    if not 1 <= len(justification) <= _LONGEST_JUSTIFICATION:
        faults["/justification"] = f"1 to {_LONGEST_JUSTIFICATION} characters"
    if not reporter.name or not reporter.email:
        faults["/reporter"] = "name and e-mail are needed"
    return faults


def _read_envelope(answer: Answer) -> Mapping[str, Any]:
    return answer.data if isinstance(answer.data, dict) else {}


def _read_result(answer: Answer) -> Any:
    """``result`` of Cloudflare's envelope ``{success, errors, result}``."""
    envelope = _read_envelope(answer)
    is_refused = envelope.get("success") is False
    if not answer.error and answer.status == 200 and not is_refused:
        return envelope.get("result")
    # Not the report's fault: it waits until the account is in order.
    if answer.status in (401, 403):
        raise Unavailable(
            "Cloudflare refused the account.",
            hint="Check the token and ask Cloudflare for the abuse reports entitlement.",
        )
    if answer.status == 429:
        raise Unavailable(
            "Cloudflare was asked too often.", hint="It is asked again later."
        )
    messages = _read_messages(envelope)
    status = f"HTTP {answer.status}"
    if answer.status in _REFUSALS:
        raise InvalidInput(
            f"Cloudflare refuses the report: {messages or status}."
        )
    reason = messages or answer.error or status
    raise Unavailable(
        f"Cloudflare did not take the request: {reason}.",
        hint="Try again later.",
    )


def _read_messages(envelope: Mapping[str, Any]) -> str:
    errors = envelope.get("errors")
    if not isinstance(errors, list):
        return ""
    messages = []
    for error in errors:
        if isinstance(error, dict):
            message = str(error.get("message", ""))
            messages.append(message[:_LONGEST_MESSAGE])
    return "; ".join(messages)
