"""A bare IP address is a person's, unless everything says that it is a server."""

from __future__ import annotations

import pytest

from triage.locations import identify_one
from triage.locations.others.address_use import is_used_by_person


@pytest.mark.parametrize(
    ("text", "kind", "is_person_s"),
    [
        ("192.0.2.7", "p2p", True),
        ("192.0.2.7", "csam_image", True),  # no port: in doubt
        ("192.0.2.7:6881", "csam_image", True),
        ("192.0.2.7:443 2026-03-01 22:15", "csam_image", True),
        ("192.0.2.7:443", "grooming", True),
        ("192.0.2.7:80", "csam_image", False),
        ("192.0.2.7:8080", "csam_video", False),
        ("192.0.2.7:443", "ai_generated", False),
        ("192.0.2.7:8000", "text_audio_drawing", False),
        ("192.0.2.7:8443", "csam_image", False),
        ("192.0.2.7:8444", "csam_image", True),
    ],
)
def test_what_was_reported_decides(
    text: str, kind: str, is_person_s: bool
) -> None:
    location = identify_one(text)
    assert location.kind == "ip"
    assert is_used_by_person(location.canonical, kind) is is_person_s


def test_an_address_that_serves_a_page_is_another_kind_of_location() -> None:
    assert identify_one("http://192.0.2.7/gallery").kind == "url"
