"""Nothing of a reporter's connection is kept: sentinels are found nowhere."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

SENTINEL_AGENT = "SentinelBrowser/77.31"
SENTINEL_ADDRESS = "203.0.113.77"
SENTINEL_REFERRER = "https://sentinel-referrer.example/where-i-was"
HEADERS = {
    "User-Agent": SENTINEL_AGENT,
    "X-Forwarded-For": SENTINEL_ADDRESS,
    "X-Real-IP": SENTINEL_ADDRESS,
    "Forwarded": f"for={SENTINEL_ADDRESS}",
    "Referer": SENTINEL_REFERRER,
    "Accept-Language": "xx-sentinel",
}
NARRATIVE = "the-words-of-a-frightened-person"
CONTACT = "reporter-contact@sentinel.example"


def test_no_trace_of_the_connection_is_kept(
    service: Callable[..., Any], redis_server: Any
) -> None:
    up = service(REDIS_URL=redis_server.url, TRUSTED_PROXIES="1").start()
    # A second loopback address, so that the reporter's own differs from the service's.
    transport = httpx.HTTPTransport(local_address="127.0.0.9")
    with httpx.Client(
        transport=transport, headers=HEADERS, trust_env=False, timeout=60
    ) as client:
        form = client.get(f"{up.url}/")
        assert form.status_code == 200
        answer = client.post(
            f"{up.url}/api/v1/reports",
            json={
                "narrative": NARRATIVE,
                "contact": CONTACT,
                "language": "en",
            },
        )
        assert answer.status_code == 201, answer.text
        receipt = answer.json()["receipt"]
        # and requests that fail, in every way that a server might log
        client.get(f"{up.url}/no-such-page")
        client.post(f"{up.url}/api/v1/reports", content=b"{")
        client.post(f"{up.url}/", data={"x": "y"})
        client.request("BREW", f"{up.url}/")
        client.get(f"{up.url}/" + "a" * 9000)
    up.wait_examined(1)

    client = redis_server.client()
    kept = b"".join(client.dump(key) or b"" for key in client.scan_iter("*"))
    up.stop()
    for path in Path(up.folder).rglob("*"):
        if path.is_file():
            kept += path.read_bytes()
    code = receipt.replace("-", "")
    traces = (
        SENTINEL_AGENT,
        SENTINEL_ADDRESS,
        SENTINEL_REFERRER,
        "xx-sentinel",
        "127.0.0.9",
    )
    for sentinel in (*traces, NARRATIVE, CONTACT, receipt, code):
        assert sentinel.encode() not in kept, sentinel
    assert b"in_review" in kept, "the search finds things"


def test_the_audit_log_is_whole_afterwards(
    service: Callable[..., Any],
) -> None:
    up = service().start()
    up.post_report(locations=["http://host.example/a"])
    up.wait_examined(1)
    up.wait(
        lambda: (
            up.query("SELECT count(*) FROM audit_entry WHERE number IS NULL")[
                0
            ][0]
            == 0
        )
    )
    found = up.run("audit", "verify")
    assert re.fullmatch(
        r"Intact: \d+ entries sealed, 0 not sealed yet, "
        r"compared with \d+ heads of audit-heads\.jsonl\.\n",
        found.stdout,
    )
    up.stop()
