"""Cases that may belong together: by nearly the same picture, and by the code of a receipt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO
from itertools import count

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.storage.ids import new_receipt, normalise_receipt
from hotline.intake import service as intake
from hotline.intake.mentions import find_codes, may_name_receipt
from hotline.intake.models import Report, ReportMention, ReportPart
from hotline.intake.registry.vocabulary import Channel
from hotline.intake.retention import erase_report
from hotline.intake.submission import (
    MAX_LOCATIONS,
    MAX_OF_PARTNER,
    read_partner_submission,
    read_submission,
)
from tests.support.cases import make_case
from tests.support.clock import NOW
from tests.support.items import make_item, make_media, make_sight
from tests.support.jobs import JobRunner
from triage.cases.examination.register import (
    register_added,
    register_report,
)
from triage.cases.listing.related import Relation, find_related
from triage.cases.models import Case, CaseItem
from triage.fingerprints.distance import NEAR_PDQ, count_bits_apart
from triage.fingerprints.model import MATCHABLE_QUALITY
from triage.fingerprints.pdq import pdq_from_luma
from triage.items.models import Sighting
from triage.media.near import _spell, find_near_pictures

PDQ = "5a" * 32


@dataclass
class Desk:
    """Cases with one picture each, and reports that arrive."""

    context: Context
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.runner = JobRunner(self.context)
        self.runner.jobs = {
            "report.received": register_report,
            "report.added": register_added,
        }

    def see(self, pdq: str, *, quality: int = 100) -> str:
        """Another page with a picture, in a case of its own that nobody decided."""
        number = next(self.numbers)
        with self.context.database.writing() as session:
            item = make_item(f"url:{number}", now=NOW)
            media = make_media(number, pdq=pdq, pdq_quality=quality)
            media.hashable, media.frames = True, []
            session.add_all([item, media])
            session.flush()
            session.add(make_sight(item, media))
            session.add(make_case(item, f"AL-{number}"))
        return f"AL-{number}"

    def report(self, words: str) -> str:
        """A report comes in; gives its receipt."""
        with self.context.database.writing() as session:
            received = intake.receive_report(
                session,
                self.context,
                read_submission({"locations": [], "narrative": words}),
                channel=Channel.FORM,
                now=self.runner.now,
            )
        self.runner.work()
        return received.receipt

    def receive(self, source: str, places: int) -> str:
        """A report that an organisation sent, of so many new places; gives its case."""
        locations = [
            f"https://h{next(self.numbers)}.example/" for _ in range(places)
        ]
        with self.context.database.writing() as session:
            received = intake.receive_report(
                session,
                self.context,
                read_partner_submission(
                    {"locations": locations, "narrative": ""}
                ),
                channel=Channel.PARTNER,
                source=source,
                now=self.runner.now,
            )
        self.runner.work()
        with self.context.database.reading() as session:
            return self.case_of(session, received.receipt).reference

    def add(self, receipt: str, words: str) -> None:
        with self.context.database.writing() as session:
            report = intake.find_by_receipt(session, self.context, receipt)
            assert report is not None
            act = Act(session, self.context, "public", self.runner.now)
            intake.add_information(act, report, words)
        self.runner.work()

    def case_of(self, session: Session, receipt: str) -> Case:
        report = intake.find_by_receipt(session, self.context, receipt)
        assert report is not None
        return session.scalars(
            select(Case)
            .join(CaseItem, CaseItem.case_id == Case.id)
            .join(Sighting, Sighting.item_id == CaseItem.item_id)
            .join(ReportPart, ReportPart.id == Sighting.part_id)
            .where(ReportPart.report_id == report.id)
            .distinct()
        ).one()


@pytest.fixture
def desk(context: Context) -> Desk:
    return Desk(context)


def related(desk: Desk, reference: str) -> dict[str, tuple[Relation, ...]]:
    with desk.context.database.reading() as session:
        case = session.scalars(
            select(Case).where(Case.reference == reference)
        ).one()
        return {
            other.case.reference: other.relations
            for other in find_related(session, case)
        }


def turned(pdq: str, bits: list[int]) -> str:
    value = int(pdq, 16)
    for bit in bits:
        value ^= 1 << bit
    return f"{value:064x}"


# pictures


@pytest.mark.services
def test_a_picture_that_was_saved_anew_is_offered(desk: Desk) -> None:
    picture = draw_picture()
    first, again, other = map(
        hash_picture, (picture, save_anew(picture), draw_picture(seed=9))
    )
    assert 0 < count_bits_apart(first, again) <= NEAR_PDQ
    here = desk.see(first)
    there = desk.see(again)
    desk.see(other)
    assert related(desk, here) == {there: (Relation.PICTURE,)}
    assert related(desk, there) == {here: (Relation.PICTURE,)}


def hash_picture(image: Image.Image) -> str:
    pdq, quality = pdq_from_luma(np.asarray(image.convert("L")))
    assert quality >= MATCHABLE_QUALITY
    return pdq


def draw_picture(seed: int = 3) -> Image.Image:
    image = Image.new("RGB", (400, 300), "white")
    draw = ImageDraw.Draw(image)
    for step in range(40):
        at = (step * 37 * seed % 360, step * 53 * seed % 260)
        colour = (step * 91 % 255, step * 57 * seed % 255, step * 13 % 255)
        draw.ellipse((*at, at[0] + 20 + step, at[1] + 15 + step), fill=colour)
    return image


def save_anew(image: Image.Image) -> Image.Image:
    """Smaller, and as a JPEG of low quality."""
    file = BytesIO()
    image.resize((320, 240)).save(file, "JPEG", quality=20)
    return Image.open(file).convert("RGB")


@pytest.mark.services
@pytest.mark.parametrize(
    ("bits", "is_near"), [(0, True), (NEAR_PDQ, True), (NEAR_PDQ + 1, False)]
)
def test_near_is_up_to_the_project_s_own_threshold(
    desk: Desk, bits: int, is_near: bool
) -> None:
    here = desk.see(PDQ)
    # Spread over all pieces of the hash, as evenly as can be.
    there = desk.see(turned(PDQ, [number * 8 for number in range(bits)]))
    assert (there in related(desk, here)) == is_near


def test_a_picture_of_too_little_detail_says_nothing(desk: Desk) -> None:
    here = desk.see(PDQ)
    desk.see(PDQ, quality=10)
    assert related(desk, here) == {}


@hypothesis_settings(max_examples=200, deadline=None)
@given(
    bits=st.lists(
        st.integers(0, 255), min_size=0, max_size=NEAR_PDQ, unique=True
    )
)
def test_every_near_hash_shares_a_spelling_of_a_piece(bits: list[int]) -> None:
    other = turned(PDQ, bits)
    assert any(
        other[4 * number : 4 * number + 4] in _spell([PDQ], number)
        for number in range(16)
    )


@pytest.mark.services
def test_an_index_is_asked_and_not_the_table(desk: Desk) -> None:
    with desk.context.database.writing() as session:
        session.add_all(
            make_media(number, pdq=f"{number * 7919:064x}", pdq_quality=90)
            for number in range(1, 400)
        )
    with desk.context.database.writing() as session:
        is_sqlite = session.get_bind().dialect.name == "sqlite"
        if not is_sqlite:
            session.execute(text("ANALYZE media"))
            session.execute(text("SET LOCAL enable_seqscan = off"))
        explain = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN "
        plan = "\n".join(
            str(row)
            for row in session.execute(
                text(
                    f"{explain} SELECT id FROM media "
                    "WHERE substr(pdq, 61, 4) IN ('0000', '0001')"
                )
            )
        )
        assert "ix_media_pdq_15" in plan
        assert len(find_near_pictures(session, [f"{7919:064x}"])) >= 1


# receipts


@pytest.mark.services
def test_whoever_names_an_earlier_receipt_is_offered_with_its_case(
    desk: Desk,
) -> None:
    first = desk.report("A man writes to my daughter")
    second = desk.report(f"I wrote before. My code is {first.lower()}. He did")
    unrelated = desk.report("Somebody else, code is 0000 1111 2222 3333 4444")
    with desk.context.database.reading() as session:
        here = desk.case_of(session, first)
        there = desk.case_of(session, second)
        assert here.id != there.id
        for case, other in ((here, there), (there, here)):
            (offered,) = find_related(session, case)
            assert offered.case.id == other.id
            assert offered.relations == (Relation.RECEIPT,)
        assert find_related(session, desk.case_of(session, unrelated)) == []
        # Nothing was merged, and the code is not kept.
        assert here.state == there.state != "merged"
        assert len(session.scalars(select(ReportMention)).all()) == 1


@pytest.mark.services
def test_words_added_with_one_receipt_may_name_another(desk: Desk) -> None:
    first = desk.report("About a person")
    second = desk.report("About another one")
    desk.add(second, f"It is the same man as in {first.replace('-', ' ')}")
    desk.add(second, f"I mean {first}")
    with desk.context.database.reading() as session:
        (offered,) = find_related(session, desk.case_of(session, second))
        assert offered.case.id == desk.case_of(session, first).id


def test_a_report_that_is_forgotten_is_named_nowhere(desk: Desk) -> None:
    first = desk.report("About a person")
    desk.report(f"As in {first}")
    with desk.context.database.writing() as session:
        report = intake.find_by_receipt(session, desk.context, first)
        assert report is not None
        erase_report(session, desk.context, report, desk.runner.now)
    with desk.context.database.reading() as session:
        assert session.scalars(select(ReportMention)).all() == []
        assert len(session.scalars(select(Report)).all()) == 2


def test_one_s_own_receipt_names_nothing(desk: Desk) -> None:
    first = desk.report("About a person")
    desk.add(first, f"My code is {first}")
    with desk.context.database.reading() as session:
        assert session.scalars(select(ReportMention)).all() == []


@given(
    before=st.text("abc XYZ12-", max_size=20),
    after=st.text("abc XYZ12-", max_size=20),
    separator=st.sampled_from(["-", " ", "", " - ", "."]),
)
def test_a_code_is_seen_among_any_words(
    before: str, after: str, separator: str
) -> None:
    code = new_receipt()
    written = code.replace("-", separator)
    assert normalise_receipt(code) in set(
        find_codes(f"{before} {written}, {after}")
    )


@pytest.mark.parametrize(
    "words",
    ["", "A man writes to my daughter", "K7QM-3D9X-0ABC-HJ2P", "x" * 99],
)
def test_other_words_are_no_code(words: str) -> None:
    assert not may_name_receipt(words)


# what a sender sent at once


@pytest.mark.services
@pytest.mark.parametrize("bound", [MAX_LOCATIONS, MAX_OF_PARTNER])
def test_parts_of_what_a_sender_sent_at_once_are_offered(
    desk: Desk, bound: int
) -> None:
    """A report held fewer places once, and the rest came as a report of its own."""
    first = desk.receive("NCMEC", bound)
    rest = desk.receive("NCMEC", 2)
    other_sender = desk.receive("Platform", 2)
    desk.runner.now += timedelta(seconds=1)
    later = desk.receive("NCMEC", 2)
    assert related(desk, first) == {rest: (Relation.SENDING,)}
    assert related(desk, rest) == {first: (Relation.SENDING,)}
    assert related(desk, other_sender) == related(desk, later) == {}


@pytest.mark.services
def test_reports_of_one_file_are_not_parts_of_each_other(desk: Desk) -> None:
    references = [desk.receive("NCMEC", 2) for _ in range(3)]
    for reference in references:
        assert related(desk, reference) == {}
