"""XARF, CSV and letters by themselves."""

from __future__ import annotations

import csv
import io
import json
import re
import uuid
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from hotline.core.errors import Misconfigured
from hotline.core.spreadsheets import guard_text
from partners.letters import wording
from partners.letters.clock import Clock, format_stamp
from partners.notices.telling.locations import COLUMNS, csv_of
from partners.notices.telling.xarf import Located, Sender, write_document
from tests.support.corpus import read_groups
from triage.locations import identify_one

CHECKER = FormatChecker()


# As strict as any receiver's validator; the library checks neither by itself.
@CHECKER.checks("hostname")
def _is_host_name(value: object) -> bool:
    label = r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)"
    name = rf"(?=.{{1,253}}\Z)(?:{label}\.)+[A-Za-z]{{2,63}}"
    return not isinstance(value, str) or bool(re.fullmatch(name, value))


@CHECKER.checks("uri")
def _is_uri(value: object) -> bool:
    legal = r"(?:[\w\-.~:/?\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*"
    uri = rf"(?a)[A-Za-z][A-Za-z0-9+.-]*:{legal}(?:#{legal})?"
    return not isinstance(value, str) or bool(re.fullmatch(uri, value))


SCHEMA = Draft202012Validator(
    json.loads(
        (Path(__file__).parent / "xarf_content.schema.json").read_text()
    ),
    format_checker=CHECKER,
)
SENDER = Sender("Hotline", "desk@hotline.example", "hotline.example")
AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ID = uuid.UUID("018f0000-0000-7000-8000-000000000001")


def located(**values: Any) -> Located:
    return Located(
        **{
            "id": ID,
            "url": "https://a.test/x",
            "host": "a.test",
            "at": AT,
            **values,
        }
    )


def made(found: Located) -> dict[str, Any]:
    report = write_document(
        found, SENDER, reference="AL-N-2026-000001", description="d" * 2000
    )
    faults = [error.message for error in SCHEMA.iter_errors(report)]
    assert faults == [], report
    return report


def test_a_full_report_is_valid_and_complete() -> None:
    report = made(
        located(
            address="192.0.2.7",
            seen_at=AT,
            asn="AS64500",
            country="AL",
            kind="csam_image",
            hash_match=True,
            hashes={"md5": "0" * 32, "sha1": "1" * 40, "sha256": "2" * 64},
        )
    )
    assert report["report_id"] == str(ID)
    assert (report["type"], report["classification"]) == ("csam", "baseline")
    assert report["detection_method"] == "hash_match"
    assert (report["source_identifier"], report["source_port"]) == (
        "192.0.2.7",
        443,
    )
    assert (report["asn"], report["media_type"]) == (64500, "image")
    assert "evidence" not in report


def test_the_same_location_gives_the_same_report() -> None:
    assert made(located()) == made(located())


@pytest.mark.parametrize("industry_class", ["A1", "A2", "B1", "B2"])
def test_what_companies_have_a_class_for_is_csam_to_them(
    industry_class: str,
) -> None:
    """A desk that automates on the type acts on every illegal picture."""
    national = located(
        assessed_class="national", industry_class=industry_class
    )
    assert made(national)["type"] == "csam"
    assert made(national)["classification"] == industry_class


@pytest.mark.parametrize(
    ("kind", "exploitation"),
    [
        ("grooming", "grooming"),
        ("sexual_extortion", "sextortion"),
        ("csam_image", "distribution"),
        ("trafficking", "trafficking"),
        ("unknown", "distribution"),
    ],
)
def test_what_is_not_baseline_is_exploitation(
    kind: str, exploitation: str
) -> None:
    report = made(
        located(assessed_class="national", kind=kind, hashes={"md5": "0" * 32})
    )
    assert (report["type"], report["exploitation_type"]) == (
        "csem",
        exploitation,
    )


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("http://192.0.2.1/x", "192.0.2.1", 80),
        ("http://[2001:db8::1]:8080/x", "[2001:db8::1]", 8080),
        ("http://a.test:99999/", "a.test", None),
        ("magnet:?xt=urn:btih:" + "a" * 40, "", None),
    ],
)
def test_odd_locations_are_valid_too(
    url: str, host: str, port: int | None
) -> None:
    report = made(located(url=url, host=host))
    assert report.get("source_port") == port
    assert ("domain" in report) == (host == "a.test")
    assert report["source_identifier"] == (host or url)


PLACES = Path(__file__).parents[2] / "triage/locations/data/places.txt"
SORTS = [
    "http://пример.срб/x",
    "http://добро.мкд:8080/x?q=ш",
    "http://a_b.example.com/x",
    "http://-a.example/",
    "http://xn--zzzzzz-.срб/x",
    "http://" + "a." * 130 + "example/",
    "http://localhost/x",
    "http://a.example/[x]|y?q=[1]&b={2}#!/a b",
    "http://[2001:db8::1]/x",
    "@somebody",
    "@me@fedi.example",
    "discord: Somebody#1234",
    "tg://user?id=424242",
    "magnet:?xt=urn:btih:" + "a" * 40 + "&dn=a%20b",
    "ed2k://|file|a b.jpg|12|" + "a" * 32 + "|/",
    "192.0.2.1:4662 2026-11-01T10:00:00Z",
    "[2001:db8::1]:4662",
    "2001:db8::1",
    "203.0.113.7",
    "me@a.example",
    "+355 69 212 3456",
    "news:abc$1@a.example",
    "a" * 32,
    "/ipfs/bafybeihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku/a b",
]


@pytest.mark.parametrize(
    "text", SORTS + [group.lines[0] for group in read_groups(PLACES)]
)
def test_a_report_about_any_sort_of_location_is_valid(text: str) -> None:
    place = identify_one(text, "AL")
    report = made(located(url=place.canonical, host=place.host or ""))
    assert report["source_identifier"]


@given(
    asn=st.none() | st.text(max_size=14),
    country=st.sampled_from([None, "AL", "RS"]),
    kind=st.sampled_from(["csam_video", "csam_image", "p2p", "unknown"]),
    assessed=st.sampled_from(["baseline", "national", ""]),
    host=st.sampled_from(["a.test", "", "192.0.2.9", "xn--e1afmkfd.test"]),
)
def test_every_combination_of_facts_is_valid(
    asn: str | None, country: str | None, kind: str, assessed: str, host: str
) -> None:
    report = made(
        located(
            asn=asn,
            country=country,
            kind=kind,
            assessed_class=assessed,
            host=host,
        )
    )
    assert report["source_identifier"]


@pytest.mark.parametrize(
    "asn", ["AS²", "²", "AS0", "AS4294967296", "AS", "64500 ", "AS64500\n"]
)
def test_what_is_no_network_number_is_left_out(asn: str) -> None:
    assert "asn" not in made(located(asn=asn))


# CSV


def test_the_csv_holds_every_location_with_every_cell_quoted() -> None:
    found = [
        located(),
        located(url='https://a.test/"x",y', asn="AS64500", seen_at=AT),
    ]
    data = csv_of(found).decode()
    rows = list(csv.reader(io.StringIO(data)))
    assert tuple(rows[0]) == COLUMNS
    assert [row[1] for row in rows[1:]] == [one.url for one in found]
    assert data.startswith('"id","url"')
    assert rows[2][-1] == "2026-11-23T09:00:00Z"


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_no_cell_is_a_formula(cell: str) -> None:
    assert guard_text(cell) == f"'{cell}"
    rows = list(
        csv.reader(
            io.StringIO(csv_of([located(host=cell)]).decode(), newline="")
        )
    )
    assert rows[1][2] == f"'{cell}"


# letters


@pytest.mark.parametrize(
    ("zone", "with_utc", "shown"),
    [
        ("Europe/Tirane", False, "2026-11-23 10:00 CET"),
        ("Europe/Tirane", True, "2026-11-23 10:00 CET (09:00 UTC)"),
        ("Asia/Dubai", False, "2026-11-23 13:00 UTC+04:00"),
        (
            "Pacific/Auckland",
            True,
            "2026-11-23 22:00 NZDT (09:00 UTC)",
        ),
        (
            "Pacific/Kiritimati",
            True,
            "2026-11-23 23:00 UTC+14:00 (09:00 UTC)",
        ),
        (
            "America/Anchorage",
            True,
            "2026-11-23 00:00 AKST (09:00 UTC)",
        ),
    ],
)
def test_times_name_their_zone(zone: str, with_utc: bool, shown: str) -> None:
    local = datetime(2026, 11, 23, 10, 0, tzinfo=timezone(timedelta(hours=1)))
    assert Clock(zone, with_utc=with_utc).show(local) == shown
    assert format_stamp(local) == "2026-11-23T09:00:00Z"


def test_another_day_in_utc_is_said() -> None:
    evening = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    clock = Clock("Europe/Tirane", with_utc=True)
    assert clock.show(evening) == (
        "2026-11-24 00:30 CET (2026-11-23 23:30 UTC)"
    )


def put(folder: Path, text: str) -> None:
    (folder / "languages" / "en" / "letters").mkdir(parents=True)
    (folder / "languages" / "en" / "letters" / "note.txt").write_text(text)


def test_an_operator_s_own_template_comes_first_and_english_stands_in(
    tmp_path: Path,
) -> None:
    put(
        tmp_path,
        "Subject: [{{ reference }}]\n\n\nDear {{ name }},\n{{ at|moment }}\n",
    )
    letter = wording.write_letter(
        "note",
        "mk",
        tmp_path,
        reference="R",
        name="<A&B>",
        at=AT,
        clock=Clock("Europe/Skopje", with_utc=False),
    )
    assert letter.subject == "[R]"
    assert letter.text == "Dear <A&B>,\n2026-11-23 10:00 CET\n"


@pytest.mark.parametrize(
    "text",
    [
        "Dear {{ name }}\n",
        "Subject: x\n{{ missing }}",
        "Subject: {{",
        "Subject: {{ name.__class__.mro() }}",
    ],
)
def test_a_faulty_template_is_named_and_sends_nothing(
    tmp_path: Path, text: str
) -> None:
    put(tmp_path, text)
    with pytest.raises(Misconfigured, match="note"):
        wording.write_letter("note", "en", tmp_path, name="A")


def test_a_template_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="nothing"):
        wording.write_letter("nothing", "en", tmp_path)
