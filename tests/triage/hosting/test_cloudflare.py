"""Cloudflare's abuse reports API as it is documented, on a local server."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from hotline.core.errors import InvalidInput, Unavailable
from hotline.core.network.client import LOOPBACK
from hotline.core.network.resolve import Reach
from triage.hosting.sources.cloudflare import (
    CloudflareOrigin,
    Reporter,
    origin_observation,
)

REPORTER = Reporter(
    "National Hotline", "desk@hotline.example", "Hotline", "AL"
)
PATH = "/client/v4/accounts/acc1/abuse-reports"


@pytest.fixture
def cloudflare(web_server: Any) -> CloudflareOrigin:
    base = f"{web_server.url}/client/v4"
    return CloudflareOrigin(
        "acc1", "sesame", base_url=base, timeout=2, reach=Reach(LOOPBACK)
    )


def test_report_is_sent_as_documented_and_never_to_the_owner(
    web_server: Any, cloudflare: CloudflareOrigin
) -> None:
    done = {
        "success": True,
        "errors": [],
        "result": "success",
        "abuse_rand": "f00d",
    }
    web_server.routes[f"{PATH}/abuse_children"] = (200, done, {})
    urls = [
        "https://a.example/1",
        "https://a.example/2",
        "https://a.example/1",
    ]
    assert (
        cloudflare.send_report(
            REPORTER, urls, "Reported by the public; assessed."
        )
        == "f00d"
    )
    sent = web_server.requests[0]
    assert sent.headers["Authorization"] == "Bearer sesame"
    assert sent.body == {
        "act": "abuse_children",
        "name": "National Hotline",
        "email": "desk@hotline.example",
        "email2": "desk@hotline.example",
        "company": "Hotline",
        "country": "AL",
        "justification": "Reported by the public; assessed.",
        "urls": "https://a.example/1\nhttps://a.example/2",
        "host_notification": "send",
        "ncmec_notification": "send",
        "owner_notification": "none",
    }


def test_state_of_a_report(
    web_server: Any, cloudflare: CloudflareOrigin
) -> None:
    result = {
        "id": "f00d",
        "status": "denied",
        "denial_reason": "not_on_cloudflare",
    }
    web_server.routes[f"{PATH}/submitted/f00d"] = (
        200,
        {"success": True, "result": result},
        {},
    )
    state = cloudflare.ask_state("f00d")
    assert (state.status, state.denial_reason) == (
        "denied",
        "not_on_cloudflare",
    )


@pytest.mark.parametrize(
    ("urls", "text"),
    [
        ([], "x"),
        (["https://a.example/", "https://b.example/"], "x"),
        ([f"https://a.example/{n}" for n in range(251)], "x"),
        (["https://a.example/"], ""),
        (["https://a.example/"], "x" * 5001),
    ],
)
def test_what_the_api_would_refuse_is_not_sent(
    web_server: Any, cloudflare: CloudflareOrigin, urls: list[str], text: str
) -> None:
    with pytest.raises(InvalidInput):
        cloudflare.send_report(REPORTER, urls, text)
    assert web_server.requests == []


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (
            (
                401,
                {"success": False, "errors": [{"message": "no entitlement"}]},
                {},
            ),
            "entitlement",
        ),
        (
            (
                429,
                {"success": False, "errors": [{"message": "slow down"}]},
                {},
            ),
            "too often",
        ),
        ((200, {"success": False, "errors": []}, {}), "did not take"),
        ((500, b"oops", {}), "HTTP 500"),
        ((302, {}, {"Location": "/elsewhere"}), "HTTP 302"),
        (("drip", None, {}), "timeout"),
    ],
)
def test_a_report_that_was_not_taken_is_an_error(
    web_server: Any, cloudflare: CloudflareOrigin, reply: Any, says: str
) -> None:
    web_server.routes[f"{PATH}/abuse_children"] = reply
    with pytest.raises(Unavailable, match=says):
        cloudflare.send_report(REPORTER, ["https://a.example/"], "x")
    assert (
        len(web_server.requests) == 1
    )  # never twice: a second report is a second notice


@pytest.mark.parametrize("status", [400, 404, 409, 422])
def test_a_report_that_is_refused_is_not_for_another_try(
    web_server: Any, cloudflare: CloudflareOrigin, status: int
) -> None:
    refusal = (
        status,
        {"success": False, "errors": [{"message": "bad url"}]},
        {},
    )
    web_server.routes[f"{PATH}/abuse_children"] = refusal
    with pytest.raises(InvalidInput, match="refuses the report: bad url"):
        cloudflare.send_report(REPORTER, ["https://a.example/"], "x")


def test_a_told_origin_is_an_observation() -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    told = origin_observation(" 2001:DB8::5 ", "Cloudflare's mail f00d", now)
    assert (told.fact, told.value, told.source) == (
        "origin_address",
        "2001:db8::5",
        "Cloudflare's mail f00d",
    )
    with pytest.raises(InvalidInput):
        origin_observation("a host of theirs", "mail", now)
