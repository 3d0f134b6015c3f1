"""CyberTipline reports as NCMEC's schema shapes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.core.errors import InvalidInput
from hotline.intake.inbound import mime
from hotline.intake.inbound.formats import ncmec
from hotline.intake.registry.kinds import ReportKind
from hotline.intake.registry.questions import Answer
from hotline.intake.registry.wire_names import CyberTipIncident
from tests.support.parsing import is_read_or_refused

IMAGES, ENTICEMENT = CyberTipIncident.POSSESSION, CyberTipIncident.ENTICEMENT
INTERNET = (
    "<webPageIncident><url>https://host.test/a?x=1&amp;y=2</url>"
    "<url>https://host.test/b</url></webPageIncident>"
)
PERSON = """
<personOrUserReported>
 <personOrUserReportedPerson><email>p@mail.test</email>
  <phone>+355 69 000</phone></personOrUserReportedPerson>
 <espIdentifier>u-77</espIdentifier><espService>Chat</espService><screenName>foxy</screenName>
 <profileUrl>https://chat.test/foxy</profileUrl>
 <ipCaptureEvent><ipAddress>192.0.2.7</ipAddress><eventName>Upload</eventName>
  <dateTime>2026-11-20T08:00:00-07:00</dateTime>
  <possibleProxy>true</possibleProxy><port>4444</port></ipCaptureEvent>
 <ipCaptureEvent><ipAddress>2001:db8::7</ipAddress><eventName>Login</eventName>
  <dateTime>2026-11-20T08:00:00</dateTime><port>443</port></ipCaptureEvent>
</personOrUserReported>"""


def report(
    incident: str = IMAGES,
    *,
    summary: str = "",
    internet: str = INTERNET,
    more: str = PERSON,
    when: str = "2026-11-20T08:00:00-07:00",
    head: str = "",
) -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{head}'
        '<report xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        ' xsi:noNamespaceSchemaLocation="https://report.cybertip.org/ispws/xsd">'
        f"<reportId>4564654</reportId><incidentSummary><incidentType>{incident}</incidentType>"
        f"{summary}<incidentDateTime>{when}</incidentDateTime></incidentSummary>"
        f"<internetDetails>{internet}</internetDetails>"
        "<reporter><reportingPerson><firstName>Ann</firstName><email>desk@platform.test</email>"
        f"</reportingPerson></reporter>{more}</report>"
    ).encode()


def test_a_whole_report() -> None:
    (one,) = ncmec.parse_cybertipline(report())
    assert one.reference == "4564654"
    assert one.submission.locations == [
        "https://host.test/a?x=1&y=2",
        "https://host.test/b",
        "https://chat.test/foxy",
        "p@mail.test",
        "+355 69 000",
        "192.0.2.7:4444 2026-11-20T08:00:00-07:00",
        "[2001:db8::7]:443 2026-11-20T08:00:00",
    ]
    assert one.submission.kind == "csam_image"
    assert one.submission.reporter_role == "professional"
    assert one.submission.contact == "desk@platform.test"
    assert not one.submission.danger_now
    assert one.submission.seen_at == "2026-11-20T15:00:00Z"
    told = one.submission.narrative.splitlines()
    for line in (
        "Sender's reference: 4564654",
        "Incident: 2026-11-20T08:00:00-07:00 (2026-11-20T15:00:00Z)",
        "Suspected account, screen name: foxy",
        "Suspected account, esp identifier: u-77",
        "Suspected account, address used: 192.0.2.7:4444, Upload, "
        "2026-11-20T08:00:00-07:00 (2026-11-20T15:00:00Z), possibly a proxy",
        "Suspected account, address used: [2001:db8::7]:443, Login, "
        "2026-11-20T08:00:00 (no time zone given: it cannot be tied to a subscriber)",
    ):
        assert line in told


KINDS = {
    CyberTipIncident.POSSESSION: ReportKind.CSAM_IMAGE,
    CyberTipIncident.TRAFFICKING: ReportKind.TRAFFICKING,
    CyberTipIncident.TOURISM: ReportKind.TRAFFICKING,
    CyberTipIncident.MOLESTATION: ReportKind.UNKNOWN,
    CyberTipIncident.MISLEADING_DOMAIN: ReportKind.OTHER_HARMFUL,
    CyberTipIncident.MISLEADING_WORDS: ReportKind.OTHER_HARMFUL,
    CyberTipIncident.ENTICEMENT: ReportKind.GROOMING,
    CyberTipIncident.UNSOLICITED: ReportKind.OTHER_HARMFUL,
}


@pytest.mark.parametrize("incident", CyberTipIncident)
def test_each_incident_type_has_its_kind_and_is_not_quoted(
    incident: CyberTipIncident,
) -> None:
    (one,) = ncmec.parse_cybertipline(report(incident))
    assert one.submission.kind == KINDS[incident]
    assert incident not in one.submission.narrative


def test_an_incident_type_of_some_later_day_is_no_obstacle() -> None:
    assert (
        ncmec.parse_cybertipline(report("Something new"))[0].submission.kind
        == "unknown"
    )


def test_annotations_and_priority_count() -> None:
    summary = (
        "<escalateToHighPriority>A child is in danger.</escalateToHighPriority>"
        "<reportAnnotations><sextortion/><spam/></reportAnnotations>"
    )
    (one,) = ncmec.parse_cybertipline(report(ENTICEMENT, summary=summary))
    assert one.submission.danger_now
    assert one.submission.kind == "sexual_extortion"
    assert "Annotations: sextortion, spam" in one.submission.narrative
    assert "A child is in danger." in one.submission.narrative


def test_nothing_of_files_is_read() -> None:
    files = (
        "<fileDetails><originalFileName>secret-name.jpg</originalFileName><ipCaptureEvent>"
        "<ipAddress>192.0.2.99</ipAddress></ipCaptureEvent></fileDetails>"
        "<files><file><url>https://ncmec.test/secret</url></file></files>"
    )
    (one,) = ncmec.parse_cybertipline(report(more=files))
    assert "secret" not in one.submission.model_dump_json()
    assert "192.0.2.99" not in one.submission.model_dump_json()
    assert "Dropped unread: 3 references to media" in one.submission.narrative


def test_a_screen_name_is_the_location_where_there_is_no_other() -> None:
    more = "<personOrUserReported><screenName>foxy</screenName></personOrUserReported>"
    assert ncmec.parse_cybertipline(report(internet="", more=more))[
        0
    ].submission.locations == ["foxy"]


def test_fields_of_the_child_and_the_account_answer_the_questions() -> None:
    more = (
        "<victim><victimPerson><age>19</age><address><city>Tetovo</city>"
        "<country>MK</country></address></victimPerson></victim>"
        "<personOrUserReported><espIdentifier>u-77</espIdentifier>"
        "<espService>Chat</espService><screenName>foxy</screenName>"
        "</personOrUserReported>"
    )
    (one,) = ncmec.parse_cybertipline(report(more=more))
    # Nineteen is no child's age: it stands in the words alone.
    assert one.submission.answers == {
        Answer.CHILD_COUNTRY: "MK",
        Answer.CHILD_MUNICIPALITY: "Tetovo",
        Answer.THEIR_PLATFORM: "Chat",
        Answer.THEIR_NAME: "foxy",
    }
    assert "19" in one.submission.narrative


def test_what_the_affected_child_s_part_says_is_told_but_is_no_location() -> (
    None
):
    person = "<age>10</age><email>child@mail.test</email>"
    more = f"<victim><victimPerson>{person}</victimPerson></victim>"
    (one,) = ncmec.parse_cybertipline(report(more=more))
    assert "Affected child, age: 10" in one.submission.narrative
    assert one.submission.answers == {Answer.CHILD_AGE: "10"}
    assert "child@mail.test" not in one.submission.locations


@pytest.mark.parametrize(
    ("urls", "expected"),
    [(120, [120]), (500, [500]), (1_201, [500, 500, 201])],
)
def test_many_locations_are_one_report_as_far_as_one_can_hold_them(
    urls: int, expected: list[int]
) -> None:
    named = "".join(f"<url>https://host.test/{n}</url>" for n in range(urls))
    found = ncmec.parse_cybertipline(
        report(internet=f"<webPageIncident>{named}</webPageIncident>", more="")
    )
    assert [len(one.submission.locations) for one in found] == expected
    assert {one.reference for one in found} == {"4564654"}
    for number, one in enumerate(found, start=1):
        says_so = f"Part {number} of {len(found)}:" in one.submission.narrative
        assert says_so is (len(found) > 1)


def test_many_places_push_no_word_out() -> None:
    """They are kept as places; what else was said stands behind them in the document."""
    long = "x" * 80
    named = "".join(
        f"<url>https://host.test/{long}/{n}</url>" for n in range(300)
    )
    said = "<additionalInfo>He meets her on Saturday.</additionalInfo>"
    (one,) = ncmec.parse_cybertipline(
        report(
            internet=f"<webPageIncident>{named}</webPageIncident>", more=said
        )
    )
    assert len(one.submission.locations) == 300
    assert "He meets her on Saturday." in one.submission.narrative
    assert "goes on" not in one.submission.narrative


def test_a_narrative_that_is_too_long_says_that_it_goes_on() -> None:
    more = f"<additionalInfo>{'x' * 30_000}</additionalInfo>"
    told = ncmec.parse_cybertipline(report(more=more))[0].submission.narrative
    assert len(told) <= 20_000
    assert told.endswith("ask the sender for the rest.]")


def test_a_wrapper_may_hold_several() -> None:
    inner = report().split(b"?>", 1)[1]
    assert (
        len(ncmec.parse_cybertipline(b"<reports>" + inner * 3 + b"</reports>"))
        == 3
    )


@pytest.mark.parametrize(
    "when",
    ["", "2026-11-20T08:00:00", "yesterday", "9999-12-31T23:59:59-14:00"],
)
def test_the_incident_s_time_must_be_exact(when: str) -> None:
    with pytest.raises(InvalidInput, match="4564654"):
        ncmec.parse_cybertipline(report(when=when))


BOMB = '<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE r SYSTEM "file:///etc/hostname">'


@pytest.mark.parametrize("head", [BOMB, OUTSIDE, "<!DOCTYPE report>"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_document_types_are_refused_in_any_encoding(
    head: str, encoding: str
) -> None:
    text = report(head=head).decode().replace("UTF-8", encoding)
    with pytest.raises(InvalidInput, match="document type"):
        ncmec.parse_cybertipline(text.encode(encoding))


def test_utf_16_is_read() -> None:
    text = report().decode().replace("UTF-8", "utf-16")
    assert (
        ncmec.parse_cybertipline(text.encode("utf-16"))[0].reference
        == "4564654"
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<report>",
        b"<report/>",
        b"<other/>",
        b"<report>&nbsp;</report>",
        b"\xff\xff",
        b'<?xml version="1.0" encoding="no-such"?><report/>',
        b"<a>" * 5_000,
        b"<report><incidentSummary/></report>",
    ],
)
def test_other_bodies_are_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        ncmec.parse_cybertipline(body)


def test_by_mail_the_xml_part_counts() -> None:
    raw = b"Content-Type: application/xml\n\n" + report()
    assert ncmec.read(mime.parse_message(raw))[0].reference == "4564654"
    with pytest.raises(InvalidInput, match="application/xml"):
        ncmec.read(
            mime.parse_message(
                raw.replace(b"application/xml", b"text/html", 1)
            )
        )


@given(st.integers(0, 900), st.binary(max_size=12))
def test_no_bytes_do_more_than_be_refused(at: int, noise: bytes) -> None:
    raw = report()
    noisy = raw[:at] + noise + raw[at + len(noise) :]
    assert is_read_or_refused(ncmec.parse_cybertipline, noisy)
