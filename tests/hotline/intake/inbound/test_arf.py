"""RFC 5965 reports, good and hostile."""

from __future__ import annotations

import base64
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.core.errors import InvalidInput
from hotline.intake.inbound import mime
from hotline.intake.inbound.formats import arf
from tests.support.parsing import is_read_or_refused
from triage.locations import identify_one

FIELDS = """Feedback-Type: abuse
User-Agent: Desk/1.0
Version: 1
Source-IP: 192.0.2.7
Arrival-Date: Mon, 23 Nov 2026 09:00:00 +0100
Reported-Domain: host.test
Reported-URI: https://host.test/one
Reported-URI: <https://host.test/two>
"""
ORIGINAL = """From: =?utf-8?q?P=C3=ABrson?= <p@host.test>
Subject: Hello
Date: Mon, 23 Nov 2026 08:00:00 +0100
To: someone@private.test
Content-Type: text/plain

https://host.test/inside
"""


def message(
    fields: str = FIELDS,
    *,
    human: str = "Please look.",
    more: str = "",
    kind: str = "multipart/report; report-type=feedback-report",
) -> bytes:
    return (
        f"From: desk@platform.test\nMessage-ID: <7@platform.test>\n"
        f'Content-Type: {kind}; boundary="b"\n\n'
        f"--b\nContent-Type: text/plain; charset=utf-8\n\n{human}\n"
        f"--b\nContent-Type: message/feedback-report\n\n{fields}\n"
        f"--b\nContent-Type: message/rfc822\n\n{ORIGINAL}\n{more}--b--\n"
    ).encode()


def test_the_version_of_the_drafts_is_what_many_send() -> None:
    old = FIELDS.replace("Version: 1", "Version: 0.1")
    assert arf.parse_arf(message(old)) == arf.parse_arf(message())


def test_an_address_folded_over_lines_is_whole() -> None:
    folded = FIELDS.replace(
        "https://host.test/one", "https://host.test/a/\n very/long?\n\tpath=1"
    )
    (one,) = arf.parse_arf(message(folded))
    assert one.submission.locations[0] == (
        "https://host.test/a/very/long?path=1"
    )


def test_fields_and_words_are_read_and_the_original_s_body_is_not() -> None:
    (one,) = arf.parse_arf(message(human="Ju lutem, shikoni: ë"))
    assert one.submission.locations == [
        "https://host.test/one",
        "https://host.test/two",
        "192.0.2.7 2026-11-23T08:00:00Z",
    ]
    assert one.submission.seen_at == "2026-11-23T08:00:00Z"
    assert one.reference == "7@platform.test"
    told = one.submission.narrative
    for line in (
        "Ju lutem, shikoni: ë",
        "Source-IP: 192.0.2.7",
        "From of the mail: Përson",
        "Subject of the mail: Hello",
        "Reported-Domain: host.test",
    ):
        assert line in told
    assert "inside" not in told
    assert "private.test" not in told


def test_a_domain_is_the_location_where_there_is_no_uri() -> None:
    fields = "\n".join(
        line for line in FIELDS.splitlines() if "URI" not in line
    )
    assert arf.parse_arf(message(fields))[0].submission.locations == [
        "host.test",
        "192.0.2.7 2026-11-23T08:00:00Z",
    ]


@pytest.mark.parametrize(
    ("change", "used"),
    [
        (
            ("Source-IP: 192.0.2.7", "Source-IP: 2001:db8::7"),
            "[2001:db8::7]:4444 2026-11-23T08:00:00Z",
        ),
        (("+0100", "-0000"), "192.0.2.7:4444 2026-11-23T09:00:00Z"),
        ((" +0100", ""), "192.0.2.7:4444 2026-11-23T09:00:00"),
        (("Mon, 23 Nov 2026 09:00:00 +0100", "yesterday"), "192.0.2.7:4444"),
    ],
)
def test_the_source_s_address_port_and_time_are_one_location(
    change: tuple[str, str], used: str
) -> None:
    fields = FIELDS.replace(*change) + "Source-Port: 4444\n"
    one = arf.parse_arf(message(fields))[0].submission
    assert one.locations[-1] == used
    location = identify_one(used)
    assert (location.kind, location.canonical) == ("ip", used)


def test_a_source_that_is_no_address_is_told_in_words_alone() -> None:
    fields = FIELDS.replace("192.0.2.7", "somewhere")
    one = arf.parse_arf(message(fields))[0].submission
    assert one.locations == ["https://host.test/one", "https://host.test/two"]
    assert "Source-IP: somewhere" in one.narrative


def test_headers_alone_of_the_original_are_read_too() -> None:
    raw = message().replace(b"message/rfc822", b"text/rfc822-headers")
    assert (
        "Subject of the mail: Hello"
        in arf.parse_arf(raw)[0].submission.narrative
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("Feedback-Type: abuse", "Feedback-Type: fraud"), "not abuse"),
        (("Feedback-Type: abuse\n", ""), "Feedback-Type"),
        (("Version: 1\n", ""), "Version"),
        (("Version: 1", "Version: 1\nVersion: 1"), "Version"),
        (("Version: 1", "Version: 2"), "not 1"),
        (("User-Agent: Desk/1.0\n", ""), "User-Agent"),
    ],
)
def test_what_rfc_5965_requires_is_required(
    change: tuple[str, str], reason: str
) -> None:
    with pytest.raises(InvalidInput, match=reason):
        arf.parse_arf(message(FIELDS.replace(*change)))


@pytest.mark.parametrize(
    "kind",
    [
        "multipart/mixed",
        "multipart/report",
        "multipart/report; report-type=delivery-status",
    ],
)
def test_other_messages_are_no_reports(kind: str) -> None:
    with pytest.raises(InvalidInput):
        arf.parse_arf(message(kind=kind))


def test_a_report_without_its_machine_part_or_with_two() -> None:
    with pytest.raises(InvalidInput, match="0 parts"):
        arf.parse_arf(
            message().replace(b"message/feedback-report", b"text/plain")
        )
    extra = f"--b\nContent-Type: message/feedback-report\n\n{FIELDS}\n"
    with pytest.raises(InvalidInput, match="2 parts"):
        arf.parse_arf(message(more=extra))


def test_a_large_picture_is_dropped_without_being_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    picture = base64.encodebytes(os.urandom(20 << 20)).decode()
    decoded: list[str] = []
    original = mime.part_body
    monkeypatch.setattr(
        mime,
        "part_body",
        lambda part: decoded.append(part.get_content_type()) or original(part),
    )
    more = f"--b\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\n{picture}\n"
    (one,) = arf.parse_arf(message(more=more))
    assert set(decoded) == {"text/plain"}
    assert len(one.submission.narrative) < 1_000


@pytest.mark.parametrize("kind", ["multipart/mixed", "message/rfc822"])
def test_parts_in_parts_a_thousand_deep_are_refused(kind: str) -> None:
    nested = "".join(
        f'--b{n - 1}\nContent-Type: {kind}; boundary="b{n}"\n\n'
        for n in range(1, 1001)
    )
    raw = f'Content-Type: multipart/mixed; boundary="b0"\n\n{nested}end\n'.encode()
    with pytest.raises(InvalidInput, match="nested parts"):
        arf.parse_arf(raw)


def test_as_deep_as_is_allowed_can_be_walked() -> None:
    nested = "".join(
        f'--b{n - 1}\nContent-Type: multipart/mixed; boundary="b{n}"\n\n'
        for n in range(1, mime.MAX_CONTAINERS)
    )
    raw = f'Content-Type: multipart/mixed; boundary="b0"\n\n{nested}'
    raw += f"--b{mime.MAX_CONTAINERS - 1}\nContent-Type: text/plain\n\ndeep\n"
    assert mime.message_narrative(mime.parse_message(raw.encode())) == "deep"


def test_more_than_a_mail_may_be_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mime, "MAX_BYTES", 100)
    with pytest.raises(InvalidInput, match="larger"):
        arf.parse_arf(message())


@pytest.mark.parametrize(
    "part",
    [
        "Content-Type: text/plain; charset=no-such\n\n\xff words",
        "Content-Type: text/plain; charset=base64\n\nwords",
        "Content-Type: text/plain; charset=punycode\n\nwords",
        'Content-Type: text/plain; charset="a\x01b"\n\nwords',
        "Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\nd29yZHM=!",
        "Content-Type: text/plain\nContent-Transfer-Encoding: x-uuencode\n\nwords",
        "Content-Type: text/plain; charset=utf-16\n\nwords",
    ],
)
def test_wrong_encodings_break_nothing(part: str) -> None:
    raw = message().replace(
        b"Content-Type: text/plain; charset=utf-8\n\nPlease look.",
        part.encode("latin-1"),
    )
    (one,) = arf.parse_arf(raw)
    assert one.submission.locations[0] == "https://host.test/one"
    one.submission.narrative.encode()


@given(st.binary(max_size=300), st.integers(0, 600))
def test_no_bytes_do_more_than_be_refused(noise: bytes, at: int) -> None:
    raw = message()
    noisy = raw[:at] + noise + raw[at:]
    assert is_read_or_refused(arf.parse_arf, noisy)
