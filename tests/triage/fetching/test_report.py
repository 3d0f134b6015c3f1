"""What crosses the pipe comes out as it went in, and bad requests are named before they travel."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from PIL import Image

from hotline.core.errors import InvalidInput
from hotline.core.network.tls import TlsFacts
from triage.availability.evidence import baseline_from_report
from triage.fetching.report import (
    FetchLimits,
    FetchReport,
    FetchRequest,
    Hop,
    MediaFound,
    PageFacts,
    report_failure,
)
from triage.fingerprints.media import fingerprint_media
from triage.fingerprints.model import MediaFingerprint


def test_a_request_survives_the_pipe() -> None:
    request = FetchRequest(
        "http://pictures.example/",
        allowed_networks=("127.0.0.0/8",),
        hosts={"pictures.example": "127.0.0.1"},
        cookies="a=b",
        limits=FetchLimits(total_seconds=3, max_media=2),
        tls_insecure=True,
    )
    assert (
        FetchRequest.from_json(json.loads(json.dumps(request.to_json())))
        == request
    )


def test_a_report_survives_the_pipe() -> None:
    report = FetchReport(
        "http://a.example/",
        "https://b.example/",
        "ok",
        status=200,
        hops=(
            Hop(
                "http://a.example/",
                302,
                "192.0.2.1",
                "https://b.example/",
                TlsFacts(False, 10, "expired"),
                ("::1",),
            ),
        ),
        headers={"server": "x"},
        media_type="text/html",
        page=PageFacts("aa", "0" * 16, 5, 1, True),
        media=(
            MediaFound(
                "https://b.example/1.png", "img", 200, None, {"sha256": "bb"}
            ),
        ),
        bytes_read=12,
        seconds=0.5,
    )
    untimed = replace(report, seconds=0.0, hash_seconds=0.0)
    for document, expected in (
        (report.to_json(), report),
        (report.to_stored(), untimed),
    ):
        sent = json.loads(json.dumps(document))
        assert FetchReport.from_json(sent) == expected


def test_what_is_empty_is_not_stored_and_comes_back_as_empty() -> None:
    report = FetchReport(
        "http://a.example/",
        "http://a.example/",
        "ok",
        media=(MediaFound("http://a.example/1.png", "img"),),
    )
    stored = report.to_stored()
    assert stored["media"] == [
        {"url": "http://a.example/1.png", "source": "img"}
    ]
    assert stored.keys().isdisjoint({"error", "headers", "final_url"})
    assert stored["left_out"] == 0
    assert FetchReport.from_json(stored) == report


def test_a_stored_fingerprint_reads_as_before_without_what_is_empty() -> None:
    picture = io.BytesIO()
    Image.linear_gradient("L").save(picture, "PNG")
    full = fingerprint_media(picture.getvalue()).to_json()
    address = "http://a.example/1.png"
    medium = MediaFound(address, "direct", 200, None, full)
    report = FetchReport(address, address, "ok", media=(medium,))
    (stored,) = report.to_stored()["media"]
    assert "frames" not in stored["fingerprint"]
    assert MediaFingerprint.from_json(
        stored["fingerprint"]
    ) == MediaFingerprint.from_json(full)
    assert baseline_from_report(report.to_stored()) == baseline_from_report(
        report.to_json()
    )


def test_an_unknown_outcome_is_not_accepted() -> None:
    value = report_failure(
        FetchRequest("http://a.example/"), "timeout"
    ).to_json()
    with pytest.raises(InvalidInput, match="no fetch outcome"):
        FetchReport.from_json(value | {"outcome": "splendid"})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"socks_proxy": "socks5://127.0.0.1:9050"}, "socks5h"),
        ({"http_proxy": "socks5://127.0.0.1:9050"}, "upstream proxy"),
        ({"cookies": "a=b\r\nX-Other: 1"}, "control characters"),
        ({"user_agent": "x\n"}, "control characters"),
        ({"allowed_networks": ("loopback",)}, "no network"),
    ],
)
def test_a_request_that_would_mislead_is_refused(
    change: dict, message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        FetchRequest("http://a.example/", **change)


def test_all_faults_of_the_limits_are_named_at_once() -> None:
    with pytest.raises(InvalidInput, match=r"total_seconds.*max_bytes"):
        FetchLimits(total_seconds=0, max_bytes=-1)
    assert FetchLimits(max_redirects=0, max_media=0).max_media == 0
