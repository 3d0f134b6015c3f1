"""The messages as they leave: what is in them, and what never is."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from email import policy
from email.parser import BytesParser
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import select, update

from hotline.core.errors import Conflict
from hotline.core.storage.ids import new_id
from hotline.intake.models import ReportPart
from hotline.intake.registry.vocabulary import Channel
from hotline.intake.service import receive_report
from hotline.intake.submission import Submission
from partners.channels.base import Attachment, Message
from partners.channels.mail import compose_mail
from partners.notices.models import Notice, NoticeItem
from partners.notices.telling.message import notice_message
from partners.sending.models import Delivery
from tests.support.house import House
from triage.cases.models import Case
from triage.hashlists import formats
from triage.hashlists.models import HashEntryRow, HashList, MediaMatch
from triage.items.models import Item, ItemMedia, Sighting
from triage.locations import identify_one
from triage.media.models import Media

URL = "http://one.test/p/1"


def checker(path: Any) -> Draft202012Validator:
    return Draft202012Validator(
        json.loads(path.read_text()),
        format_checker=Draft202012Validator.FORMAT_CHECKER,
    )


XARF = checker(Path(__file__).parent / "xarf_content.schema.json")
REFERRAL = checker(
    resources.files("partners.referrals") / "data" / "referral.schema.json"
)


def attached(message: Message) -> dict[str, bytes]:
    return {one.name: one.data for one in message.attachments}


def known(house: House, decision: str = "confirmed") -> None:
    """The item's file is on a list."""
    seen = house.all(ItemMedia)[0]
    with house.context.database.writing() as session:
        owner = HashList(
            name="Sandbox list",
            created_at=house.now,
            category_map={"one": "national"},
        )
        session.add(owner)
        session.flush()
        entry = HashEntryRow(
            list_id=owner.id,
            kind="pdq",
            value="ab" * 32,
            category="one",
            added_in=1,
        )
        session.add(entry)
        session.flush()
        session.add(
            MediaMatch(
                media_id=seen.media_id,
                entry_id=entry.id,
                list_id=owner.id,
                kind="pdq",
                distance=4,
                at=house.now,
                decision=decision,
            )
        )


def notice(
    house: House, languages: tuple[str, ...] = ("en",), **case: Any
) -> Message:
    house.partner(
        "provider:abuse@isp.example",
        "provider",
        address="abuse@isp.example",
        languages=list(languages),
    )
    made = house.case(**case)
    if case.get("abuse_contact") is None:
        house.decide(made, "provider_notice-XK")
    return house.mail.messages[-1]  # type: ignore[no-any-return]


def referral(house: House, kind: str = "police", **partner: Any) -> Message:
    country = {"police": "AL", "hotline": "RS"}[kind]
    house.partner(f"{kind}-x", kind, country=country, **partner)
    house.decide(house.only(Case) if house.all(Case) else house.case(), kind)
    return house.mail.messages[-1]  # type: ignore[no-any-return]


# notices


def test_a_notice_has_the_elements_that_the_law_asks_for(house: House) -> None:
    message = notice(house)
    text = " ".join(message.text.split())
    for words in (
        URL,
        house.notice.reference,
        "Law 18/2017 Arts. 26-27",
        "believe in good faith",
        "Article 16(2)",
        "Please act by: 2026-11-24 10:00 CET (09:00 UTC)",
        "Do not open, copy or pass on",
        "for the police",
        "http://127.0.0.1:8000/provider/",
        "desk@hotline.example",
    ):
        assert words in text, words
    assert house.notice.reference in message.subject
    assert URL not in message.subject


def test_its_attachments_are_xarf_and_csv_and_no_media(house: House) -> None:
    message = notice(house)
    files = attached(message)
    assert list(files) == ["xarf.json", "locations.csv"]
    document = json.loads(files["xarf.json"])
    assert [error.message for error in XARF.iter_errors(document)] == []
    assert document["report_id"] == str(house.only(NoticeItem).id)
    assert document["source_identifier"] == "192.0.2.7"
    assert URL in files["locations.csv"].decode()
    assert message.body["xarf"] == [document]
    assert (
        json.loads(json.dumps(dict(message.body)))["deadline"]
        == "2026-11-24T09:00:00Z"
    )


def test_a_known_file_is_named_by_its_hashes(house: House) -> None:
    house.case("two")
    known(house)
    house.partner(
        "provider:abuse@isp.example", "provider", address="abuse@isp.example"
    )
    house.decide(house.only(Case), "provider_notice-XK")
    message = house.mail.messages[-1]
    document = json.loads(attached(message)["xarf.json"])
    assert document["detection_method"] == "hash_match"
    assert document["hash_values"]["md5"] == "2" * 32
    assert "on a list of known material" in message.text


def test_a_disconfirmed_match_is_not_told(house: House) -> None:
    house.case("two")
    known(house, "disconfirmed")
    house.partner(
        "provider:abuse@isp.example", "provider", address="abuse@isp.example"
    )
    house.decide(house.only(Case), "provider_notice-XK")
    document = json.loads(attached(house.mail.messages[-1])["xarf.json"])
    assert document["detection_method"] == "manual_review"
    assert "hash_values" not in document


def test_several_items_give_a_document_each(house: House) -> None:
    notice(house)
    other = house.case("two")
    with house.context.database.writing() as session:
        found = session.get_one(Notice, house.all(Notice)[0].id)
        item = session.get_one(Item, other.item.id)
        found.items.append(NoticeItem(id=new_id(), item=item))
        session.flush()
        delivery = session.get_one(Delivery, house.all(Delivery)[0].id)
        message = notice_message(session, house.context, found, delivery)
    files = attached(message)
    assert list(files) == ["xarf-1.json", "xarf-2.json", "locations.csv"]
    assert "http://two.test/p/1" in message.text
    ids = {
        json.loads(files[f"xarf-{number}.json"])["report_id"]
        for number in (1, 2)
    }
    assert len(ids) == 2


def test_a_host_at_home_is_written_to_in_its_language(house: House) -> None:
    message = notice(house, ("sq",))
    assert message.language == "sq"
    assert message.subject.startswith(f"[{house.notice.reference}] Njoftim")
    assert "Besojmë me mirëbesim" in message.text
    assert "Baza ligjore" in message.text
    assert {"{{", "}}", "None"}.isdisjoint(message.text.split())


def test_other_languages_get_english(house: House) -> None:
    assert notice(house, ("de", "nl")).language == "en"


@pytest.mark.parametrize("language", ["en", "sq"])
@pytest.mark.parametrize("purpose", ["first", "reminder", "withdrawal"])
def test_every_letter_can_be_written(
    house: House, purpose: str, language: str
) -> None:
    notice(house)
    for kind in (
        "provider_notice",
        "cdn_notice",
        "preservation_request",
        "platform",
    ):
        with house.context.database.writing() as session:
            found = session.get_one(Notice, house.notice.id)
            delivery = session.get_one(Delivery, house.only(Delivery).id)
            found.kind, found.language, delivery.purpose = (
                kind,
                language,
                purpose,
            )
            message = notice_message(session, house.context, found, delivery)
        assert found.reference in message.subject
        assert "{" not in message.text
        assert max(len(line) for line in message.text.splitlines()) < 200
        assert "\n\n\n" not in message.text
        assert (message.attachments == ()) == (purpose == "withdrawal")
        assert (URL in message.text) == (purpose != "withdrawal")


def test_the_mail_is_one_that_a_mail_program_reads(house: House) -> None:
    message = notice(house, ("sq",))
    mail = compose_mail(message, house.context.settings)
    back = BytesParser(policy=policy.default).parsebytes(mail.as_bytes())
    assert back["Subject"] == message.subject
    assert back.get_body().get_content() == message.text  # type: ignore[union-attr]
    kinds = [part.get_content_type() for part in back.iter_attachments()]
    assert kinds == ["application/json", "text/csv"]


def test_attached_words_say_how_they_are_to_be_read(house: House) -> None:
    """Without a charset they are US-ASCII (RFC 2046): Albanian and Cyrillic come out broken."""
    words = "Për ju: Дете"
    message = replace(
        notice(house, ("sq",)),
        attachments=(
            Attachment("a.txt", "text/plain", words.encode()),
            Attachment("b.csv", "text/csv", words.encode()),
        ),
    )
    mail = compose_mail(message, house.context.settings)
    back = BytesParser(policy=policy.default).parsebytes(mail.as_bytes())
    for part in back.iter_attachments():
        assert part.get_content() == words


# referrals


def test_a_referral_is_valid_by_its_shipped_schema(house: House) -> None:
    house.case()
    known(house)
    message = referral(house)
    document = json.loads(attached(message)["referral.json"])
    assert [error.message for error in REFERRAL.iter_errors(document)] == []
    assert document == json.loads(json.dumps(dict(message.body)))
    (item,) = document["items"]
    assert (item["canonical"], item["report_count"]) == (URL, 2)
    assert item["hosting"]["addresses"] == ["192.0.2.7"]
    assert item["hosting"]["observations"][0]["source"] == "DNS"
    assert item["files"][0]["pdq_quality"] == 90
    assert item["files"][0]["matches"] == [
        {
            "list": "Sandbox list",
            "hash": "pdq",
            "distance": 4,
            "class": "national",
            "decision": "confirmed",
        }
    ]
    assert document["assessment"]["class"] == "baseline"
    assert [one["country"] for one in document["jurisdiction"]] == ["AL"]
    assert document["preservation"]["suggested"] is True


def test_police_get_the_hashes_as_a_set_that_their_tools_load(
    house: House,
) -> None:
    """The agreed class goes with the file that was itself reported, and with no other."""
    house.case()
    (seen,) = house.all(ItemMedia)
    with house.context.database.writing() as session:
        media = session.get_one(ItemMedia, seen.id).media
        beside = Media(
            **{
                name: getattr(media, name)
                for name in ("size", "kind", "media_type", "frames")
            },
            md5="2" * 32,
            sha1="3" * 40,
            sha256="4" * 64,
            pdq="5" * 64,
            pdq_quality=49,
            first_seen_at=media.first_seen_at,
        )
        session.add(beside)
        session.flush()
        session.execute(update(ItemMedia).values(source="direct"))
        session.add(
            ItemMedia(
                item_id=seen.item_id,
                media_id=beside.id,
                url=f"{URL}/icon",
                source="embedded",
                first_seen_at=seen.first_seen_at,
                last_seen_at=seen.last_seen_at,
            )
        )
    message = referral(house)
    data = attached(message)["hashes.vics.json"]
    reported, icon = json.loads(data)["value"]
    assert (reported["Category"], reported["MD5"]) == (1, media.md5.upper())
    assert {one["HashName"] for one in reported["AlternativeHashes"]} == {
        "SHA256",
        "PDQ",
    }
    assert "Category" not in icon, "nobody assessed it"
    assert {one["HashName"] for one in icon["AlternativeHashes"]} == {
        "SHA256"
    }, "too poor a PDQ"
    assert URL not in data.decode(), "hashes alone"
    entries = list(formats.parse_entries("vics", io.BytesIO(data)))
    assert {
        entry.value
        for entry in entries
        if isinstance(entry, formats.HashEntry)
    } == {
        media.md5,
        media.sha1,
        media.sha256,
        media.pdq,
        beside.md5,
        beside.sha1,
        beside.sha256,
    }
    assert "VICS 2.0" in message.text
    assert list(attached(referral(house, "hotline"))) == ["referral.json"]


def test_the_letter_tells_police_of_the_hold_and_of_preservation(
    house: House,
) -> None:
    text = " ".join(referral(house).text.split())
    for words in (
        "Criminal Code Art. 117/2",
        "deadline of 48 hours",
        "Article 16; abroad Article 29",
        "http://127.0.0.1:8000/referral/",
        "Hosted: Albania (AL), AS64500, 192.0.2.7",
        "Class: Baseline",
    ):
        assert words in text, words


def test_a_hotline_s_letter_has_no_hold(house: House) -> None:
    text = referral(house, "hotline").text
    assert "hold" not in text
    assert "PRESERVATION" not in text


def test_people_are_named_only_to_those_whose_task_it_is(house: House) -> None:
    house.case(facts={"victim": {"municipality": "Durrës"}})
    told = json.dumps(dict(referral(house, "police").body), ensure_ascii=False)
    assert "Durrës" in told
    abroad = referral(house, "hotline")
    assert abroad.body["people"] == {}
    assert (
        "Durrës"
        not in json.dumps(dict(abroad.body), ensure_ascii=False) + abroad.text
    )


def test_an_albanian_letter_gives_its_reasons_in_albanian(
    house: House,
) -> None:
    message = referral(house, languages=["sq", "en"])
    assert message.language == "sq"
    assert "PSE JU" in message.text
    assert "Baza" not in message.subject
    assert re.search(
        r"Shqip[ëe]ri", message.text
    )  # the rules speak again, in Albanian
    assert (
        message.body["reasons"][0]["why"]
        == "The material is hosted in Albania (AL)."
    )  # documents: English


def case_in_words(house: House) -> Case:
    case = house.case()
    with house.context.database.writing() as session:
        session.execute(
            update(Item)
            .where(Item.id == case.item.id)
            .values(
                kind="narrative",
                canonical="",
                display="",
                host=None,
                fetchable=False,
                hosting_country=None,
                asn=None,
                abuse_contact=None,
            )
        )
    return case  # type: ignore[no-any-return]


def test_a_letter_that_says_nothing_is_not_approved(house: House) -> None:
    case_in_words(house)
    with pytest.raises(Conflict, match="nothing to act on: Police"):
        referral(house)


def test_a_case_in_words_says_what_was_noted_and_nothing_of_hosts(
    house: House,
) -> None:
    house.note_of_people(
        case_in_words(house), "police", "A coach writes to her at night."
    )
    message = referral(house)
    assert "SUMMARY FOR YOU\nA coach writes to her at night." in message.text
    for boilerplate in ("Hosted:", "Files whose hashes", "PRESERVATION"):
        assert boilerplate not in message.text
    assert message.body["items"] == []
    assert message.body["summary"] == "A coach writes to her at night."
    assert [
        error.message for error in REFERRAL.iter_errors(dict(message.body))
    ] == []


def test_before_an_assessment_the_letter_says_so(house: House) -> None:
    house.case(state="waiting", danger_now=True, outcome={})
    message = referral(house)
    assert "Not assessed yet" in message.text
    assert "A CHILD MAY BE IN DANGER NOW" in message.text
    assert message.body["assessment"] is None
    assert [
        error.message for error in REFERRAL.iter_errors(dict(message.body))
    ] == []


# times that somebody stated


def used_address(house: House, canonical: str) -> None:
    """A case about an address that somebody used, in place of the reported page."""
    house.case()
    with house.context.database.writing() as session:
        item = session.scalars(select(Item)).one()
        item.kind, item.canonical, item.display = "ip", canonical, canonical
        item.host, item.fetchable = "203.0.113.7", False


def test_a_time_without_a_zone_is_never_told_as_utc(house: House) -> None:
    used_address(house, "203.0.113.7:4662 2026-11-01T10:00:00")
    message = referral(house)
    REFERRAL.validate(message.body)
    letter = " ".join(message.text.split())
    assert "IP address 203.0.113.7, port 4662" in letter
    assert "2026-11-01 10:00:00, TIME ZONE NOT STATED" in letter
    assert "if that clock showed UTC: 2026-11-01 10:00:00 UTC" in letter
    assert "the time of Europe/Tirane: 2026-11-01 09:00:00 UTC" in letter
    assert letter.count("2026-11-01 10:00:00 UTC") == 1
    assert "Hosted:" not in letter
    (item,) = message.body["items"]
    assert item["used"]["time"] == {
        "as_stated": "2026-11-01T10:00:00",
        "zone_stated": False,
        "if_utc": "2026-11-01T10:00:00Z",
        "local_zone": "Europe/Tirane",
        "if_local": ["2026-11-01T09:00:00Z"],
    }


def test_a_provider_is_asked_who_had_an_address_and_not_to_remove_it(
    house: House,
) -> None:
    message = notice(house)
    with house.context.database.writing() as session:
        case = session.scalars(select(Case)).one()
        case.kind = "p2p"
        item = session.scalars(select(Item)).one()
        item.kind, item.host = "ip", "203.0.113.7"
        item.canonical = "203.0.113.7:4662 2026-11-01T10:00:00"
        item.display = item.canonical
        written = session.scalars(select(Notice)).one()
        written.kind = "preservation_request"
        delivery = session.scalars(
            select(Delivery).where(Delivery.subject_id == written.id)
        ).one()
        message = notice_message(session, house.context, written, delivery)
    letter = " ".join(message.text.split())
    assert "203.0.113.7, port 4662" in letter
    assert "2026-11-01 10:00:00, TIME ZONE NOT STATED" in letter
    assert "the time of Europe/Tirane: 2026-11-01 09:00:00 UTC" in letter
    assert "Preserve now the data by which you know to whom" in letter
    assert "Our analysts" not in letter and "Remove" not in letter
    whole = json.dumps(message.body) + "".join(
        attachment.data.decode() for attachment in message.attachments
    )
    assert "10:00:00" in whole and "2026-11-01T10:00:00" not in whole
    assert whole.count("10:00:00") == whole.count("time zone not stated")


def test_a_time_with_a_zone_is_told_as_one_moment(house: House) -> None:
    used_address(house, "203.0.113.7 2026-11-01T10:00:00Z")
    message = referral(house, languages=["sq"])
    REFERRAL.validate(message.body)
    assert "Koha: 2026-11-01 10:00:00 UTC" in message.text
    assert "ZONA KOHORE" not in message.text
    (item,) = message.body["items"]
    assert item["used"]["time"]["zone_stated"] is True
    assert item["used"]["time"]["as_stated"] == "2026-11-01T10:00:00Z"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("10:00:00 UTC+2", "Time: 2026-11-01 08:00:00 UTC"),
        ("10:00:00 GMT-5", "Time: 2026-11-01 15:00:00 UTC"),
        ("10:00 PM UTC", "Time: 2026-11-01 22:00:00 UTC"),
        ("10:00:00 CET", "Time: 2026-11-01 09:00:00 UTC"),
        ("10:00 pm", "2026-11-01 22:00:00, TIME ZONE NOT STATED"),
        ("10:00:00 EST", "2026-11-01 10:00:00, TIME ZONE NOT STATED"),
    ],
)
def test_the_letter_tells_the_time_that_was_said(
    house: House, said: str, told: str
) -> None:
    location = identify_one(f"203.0.113.7:4662 2026-11-01 {said}")
    assert location is not None
    used_address(house, location.canonical)
    message = referral(house)
    REFERRAL.validate(message.body)
    assert told in " ".join(message.text.split())
    (item,) = message.body["items"]
    is_certain = told.endswith("UTC")
    assert item["used"]["time"]["zone_stated"] is is_certain
    assert item["used"]["time"]["as_stated"].endswith("Z") is is_certain


def test_an_address_without_a_time_says_so(house: House) -> None:
    used_address(house, "203.0.113.7")
    message = referral(house)
    REFERRAL.validate(message.body)
    assert "No time was stated" in message.text


def reported_with(house: House, seen_at: str, *, held: bool = False) -> None:
    """One more report about the case's item, which says when it was seen."""
    with house.context.database.writing() as session:
        received = receive_report(
            session,
            house.context,
            Submission(narrative="words", seen_at=seen_at),
            channel=Channel.FORM,
            now=house.now,
        )
        part = session.scalars(
            select(ReportPart).where(
                ReportPart.report_id == received.report_id
            )
        ).one()
        item = session.scalars(select(Item)).one()
        session.add(
            Sighting(item_id=item.id, part_id=part.id, at=house.now, held=held)
        )


def test_the_letter_tells_when_reports_say_it_was_seen(house: House) -> None:
    house.case()
    reported_with(house, "2026-11-01T10:00:00")
    reported_with(house, "2026-11-01T11:00:00+01:00")
    reported_with(house, "2026-11-01T10:00:00Z")
    reported_with(house, "")
    reported_with(house, "2026-11-05T10:00:00Z", held=True)
    message = referral(house)
    REFERRAL.validate(message.body)
    letter = " ".join(message.text.split())
    assert (
        "as it was reported: 2026-11-01 10:00:00, TIME ZONE NOT STATED"
        in letter
    )
    assert "the time of Europe/Tirane: 2026-11-01 09:00:00 UTC" in letter
    assert letter.count("Seen or used, as reported: 2026-11-01 10:00") == 1
    assert "2026-11-05" not in letter
    (item,) = message.body["items"]
    assert [time["as_stated"] for time in item["said_times"]] == [
        "2026-11-01T10:00:00",
        "2026-11-01T10:00:00Z",
    ]


def test_the_letter_names_the_shared_file(house: House) -> None:
    link = f"ed2k://|file|a%20name.avi|123|{'ab' * 16}|/"
    house.case()
    with house.context.database.writing() as session:
        item = session.scalars(select(Item)).one()
        item.kind, item.canonical = "ed2k", identify_one(link).canonical
    message = referral(house)
    REFERRAL.validate(message.body)
    assert "File name: a name.avi" in message.text
    assert "Size: 123 bytes" in message.text
    (told,) = message.body["items"]
    assert told["shared_file"] == {"name": "a name.avi", "size": 123}


def test_the_letter_names_the_program_of_a_peer(house: House) -> None:
    used_address(house, "203.0.113.7:4662 2026-11-01T10:00:00Z eMule 0.50a")
    message = referral(house)
    REFERRAL.validate(message.body)
    assert "203.0.113.7, port 4662, program eMule 0.50a" in message.text
    assert "Time: 2026-11-01 10:00:00 UTC" in message.text
    (told,) = message.body["items"]
    assert told["used"]["client"] == "eMule 0.50a"
