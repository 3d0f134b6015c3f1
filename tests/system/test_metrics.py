"""The running service's figures: of all processes together, and without a word of a report."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import httpx

CANARY = "canarybird"
ASKED = 40


def read_figures(port: int, token: str) -> httpx.Response:
    return httpx.get(
        f"http://127.0.0.1:{port}/metrics",
        headers={"Authorization": f"Bearer {token}"},
        trust_env=False,
        timeout=20,
    )


def value_of(text: str, line: str) -> float:
    found = re.search(rf"^{re.escape(line)} (\S+)$", text, re.MULTILINE)
    assert found, f"{line} is not in\n{text}"
    return float(found[1])


def test_figures_of_all_processes_without_a_word(
    service: Callable[..., Any], web_host: Any, jpeg: Callable[..., bytes]
) -> None:
    web_host.put(f"/{CANARY}.jpg", jpeg(1), "image/jpeg")
    page = web_host.put(
        f"/{CANARY}.html",
        f"<title>{CANARY}</title><img src='/{CANARY}.jpg'>",
    )
    up = service(METRICS_TOKEN="of-the-watchers", WEB_WORKERS="2")
    port = up.port + 3
    up.settings["HOTLINE_METRICS_PORT"] = str(port)
    up.start()
    up.wait(lambda: "metrics" in up.children())
    for n in range(ASKED):
        httpx.get(f"{up.url}/{CANARY}-{n}", trust_env=False)
    assert httpx.get(f"{up.url}/metrics", trust_env=False).status_code == 404
    for places in (
        [page, f"http://gone.{CANARY}.test/x"],
        [web_host.url(f"/gone-{CANARY}")],
    ):
        up.post_report(
            locations=places,
            narrative=f"{CANARY} and {CANARY}@x.example",
        )
    up.wait_examined(3)

    assert read_figures(port, "wrong").status_code == 401
    answer = up.wait(lambda: _figures_with_jobs(port))
    assert CANARY not in answer.lower()
    assert ".test" not in answer and "127.0.0.1" not in answer
    # Two processes took them, and neither knows of all.
    assert (
        value_of(
            answer,
            'hotline_http_requests_total{pages="others",status="4xx"}',
        )
        == ASKED + 1
    )
    assert value_of(answer, "hotline_reports") == 2
    assert value_of(answer, "hotline_scheduler_ticks_total") > 0
    assert value_of(answer, 'hotline_fetches_total{outcome="ok"}') >= 1
    assert (
        value_of(
            answer,
            'hotline_jobs_total{job="report.received",outcome="done"}',
        )
        == 2
    )


def _figures_with_jobs(port: int) -> str:
    text = read_figures(port, "of-the-watchers").text
    return text if 'job="report.received",outcome="done"} 2' in text else ""
