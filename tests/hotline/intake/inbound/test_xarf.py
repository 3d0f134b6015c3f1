"""X-ARF documents, by file and by mail."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.core.errors import InvalidInput
from hotline.intake.inbound import mime
from hotline.intake.inbound.formats import xarf
from tests.support.parsing import is_read_or_refused

WHO = {
    "org": "Platform",
    "contact": "desk@platform.test",
    "domain": "platform.test",
}
REPORT: dict[str, Any] = {
    "xarf_version": "4.2.0",
    "report_id": "550e8400-e29b-41d4-a716-446655440000",
    "timestamp": "2026-11-23T09:00:00Z",
    "reporter": WHO,
    "sender": WHO,
    "source_identifier": "192.0.2.7",
    "source_port": 4444,
    "category": "content",
    "type": "csam",
    "url": "https://host.test/a",
    "classification": "A1",
    "detection_method": "hash_match",
    "media_type": "video",
    "hash_values": {"sha256": "ab" * 32, "md5": "short"},
}
EARLY = {
    "Reported-From": "desk@platform.test",
    "Category": "abuse",
    "Report-Type": "content",
    "Report-ID": "7",
    "Date": "Mon, 23 Nov 2026 09:00:00 +0100",
    "Source": "https://host.test/b",
    "Source-Type": "uri",
    "Version": "0.2",
}


def parse(**changes: Any) -> Any:
    return xarf.parse_xarf(json.dumps({**REPORT, **changes}).encode())[0]


def test_a_report_of_version_4() -> None:
    one = parse(
        description="Words.",
        evidence=[{"content_type": "image/png", "payload": "QUJD"}],
    )
    assert one.reference == REPORT["report_id"]
    assert one.submission.locations == [
        "https://host.test/a",
        "192.0.2.7:4444 2026-11-23T09:00:00Z",
        "ab" * 32,
    ]
    assert one.submission.seen_at == "2026-11-23T09:00:00Z"
    assert one.submission.kind == "csam_video"
    assert one.submission.reporter_role == "provider"
    assert one.submission.contact == "desk@platform.test"
    told = one.submission.narrative
    for line in (
        "Words.",
        "Source port: 4444",
        "Reported by: Platform (platform.test)",
        "Dropped unread: 1 pieces of evidence",
        "Seen: 2026-11-23T09:00:00Z",
    ):
        assert line in told
    assert "QUJD" not in told


@pytest.mark.parametrize(
    ("act", "kind"),
    [
        ("grooming", "grooming"),
        ("solicitation", "grooming"),
        ("sextortion", "sexual_extortion"),
        ("trafficking", "trafficking"),
        ("distribution", "unknown"),
    ],
)
def test_acts_have_their_kinds(act: str, kind: str) -> None:
    one = parse(
        type="csem",
        exploitation_type=act,
        perpetrator_indicators={
            "account_id": "u1",
            "ip_addresses": ["192.0.2.9"],
        },
    )
    assert one.submission.kind == kind
    assert "Suspected account: u1" in one.submission.narrative
    assert "Suspected addresses: 192.0.2.9" in one.submission.narrative


def test_the_source_is_the_location_where_there_is_no_url() -> None:
    one = parse(url="", hash_values={}, source_port=None).submission
    assert one.locations == ["192.0.2.7 2026-11-23T09:00:00Z"]
    other = parse(url="", hash_values={}, source_identifier="u1").submission
    assert other.locations == ["u1"]


@pytest.mark.parametrize("port", [None, 80, 443, 8080])
def test_a_server_that_shows_the_page_is_no_address_of_a_person(
    port: int | None,
) -> None:
    one = parse(source_port=port, hash_values={}).submission
    assert one.locations == ["https://host.test/a"]


def test_addresses_that_were_used_are_locations_without_a_time_of_others() -> (
    None
):
    indicators = {"ip_addresses": ["192.0.2.9", "2001:db8::9", "nonsense"]}
    one = parse(
        source_port=None, hash_values={}, perpetrator_indicators=indicators
    ).submission
    assert one.locations == [
        "https://host.test/a",
        "192.0.2.9",
        "2001:db8::9",
    ]


def test_version_0_2_as_json() -> None:
    (one,) = xarf.parse_xarf(json.dumps(EARLY).encode())
    assert (one.reference, one.submission.locations) == (
        "7",
        ["https://host.test/b"],
    )
    assert one.submission.seen_at == "2026-11-23T08:00:00Z"
    address = {"Source": "192.0.2.7", "Source-Type": "ipv4"}
    (one,) = xarf.parse_xarf(json.dumps(EARLY | address).encode())
    assert one.submission.locations == ["192.0.2.7 2026-11-23T08:00:00Z"]


def test_a_list_holds_several() -> None:
    assert len(xarf.parse_xarf(json.dumps([REPORT, EARLY]).encode())) == 2


@pytest.mark.parametrize(
    "name",
    [
        "report_id",
        "timestamp",
        "reporter",
        "sender",
        "source_identifier",
        "category",
        "type",
        "detection_method",
        "classification",
    ],
)
def test_required_fields_are_required(name: str) -> None:
    without = {key: value for key, value in REPORT.items() if key != name}
    with pytest.raises(InvalidInput, match=f"/{name}"):
        xarf.parse_xarf(json.dumps(without).encode())


@pytest.mark.parametrize(
    "change",
    [
        {"xarf_version": "3.0.0"},
        {"report_id": "7"},
        {"timestamp": "2026-11-23T09:00:00"},
        {"timestamp": "yesterday"},
        {"category": "messaging"},
        {"type": "phishing"},
        {"source_port": 0},
        {"source_port": "80"},
        {"classification": "Z9"},
        {"type": "csem"},
        {"reporter": {"org": "x"}},
        {"url": 7},
        {"url": "\ud800"},
    ],
)
def test_wrong_values_are_refused_by_name(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        parse(**change)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"7",
        b"null",
        b"\xff\xfe{\0}\0",
        b"Version: 0.2\nSource: x",
        b"[" * 50_000,
        b'{"xarf_version": "4.0.0", "xarf_version": "4.0.0"}',
        b'{"Report-ID": NaN}',
    ],
)
def test_other_bodies_are_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        xarf.parse_xarf(body)


def test_by_mail_the_json_part_counts() -> None:
    raw = (
        b'Content-Type: multipart/report; report-type=feedback-report; boundary="b"\n\n'
        b"--b\nContent-Type: text/plain\n\nX\n--b\nContent-Type: application/json\n\n"
        + json.dumps(REPORT).encode()
        + b"\n--b--\n"
    )
    assert (
        xarf.read(mime.parse_message(raw))[0].reference == REPORT["report_id"]
    )
    with pytest.raises(InvalidInput, match="application/json"):
        xarf.read(
            mime.parse_message(raw.replace(b"application/json", b"text/html"))
        )


@given(
    st.dictionaries(
        st.sampled_from([*REPORT, *EARLY]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=9),
            lambda inner: st.lists(inner, max_size=2),
            max_leaves=3,
        ),
        max_size=4,
    )
)
def test_no_values_do_more_than_be_refused(changes: dict[str, Any]) -> None:
    for base in (REPORT, EARLY):
        changed = json.dumps({**base, **changes}).encode()
        assert is_read_or_refused(xarf.parse_xarf, changed)


ABUSE = {
    "Version": "3",
    "ReporterInfo": {
        "ReporterOrg": "Platform",
        "ReporterOrgEmail": "desk@platform.test",
    },
    "Disclosure": True,
    "Report": {
        "ReportClass": "Content",
        "ReportType": "ChildAbuse",
        "Date": "2026-11-23T09:00:00Z",
        "SourceIp": "192.0.2.55",
        "SourcePort": 80,
        "SourceUrl": "http://host.test/index.html",
        "Samples": [{"Payload": "QUFB"}],
    },
}


def read_abuse(version: str = "3", **changes: Any) -> Any:
    report = {**ABUSE["Report"], **changes}  # type: ignore[dict-item]
    document = {**ABUSE, "Version": version, "Report": report}
    (inbound,) = xarf.parse_xarf(json.dumps(document).encode())
    return inbound.submission


@pytest.mark.parametrize("version", ["1", "2", "3", "3.1.0"])
def test_child_abuse_in_versions_1_to_3(version: str) -> None:
    submission = read_abuse(version)
    assert submission.locations == ["http://host.test/index.html"]
    assert (submission.kind, submission.reporter_role) == (
        "csam_image",
        "provider",
    )
    assert submission.contact == "desk@platform.test"
    assert "Dropped unread: 1 samples" in submission.narrative
    assert "QUFB" not in submission.narrative


def test_a_source_with_the_port_of_a_client_is_a_location_too() -> None:
    submission = read_abuse(SourcePort=4662, SourceUrl="")
    assert submission.locations == ["192.0.2.55:4662 2026-11-23T09:00:00Z"]


@pytest.mark.parametrize(
    "changes",
    [
        {"ReportType": "Phishing"},
        {"ReportClass": "Activity"},
        {"SourcePort": 0},
        {"Date": ""},
    ],
)
def test_another_type_of_versions_1_to_3_is_refused(
    changes: dict[str, Any],
) -> None:
    with pytest.raises(InvalidInput):
        read_abuse(**changes)
