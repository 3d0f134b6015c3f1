"""The fingerprint of a reporter's own picture: looked for in what was seen and in what will be."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from sqlalchemy import func, select

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.jobs.task import Task
from hotline.core.storage.machine import list_history
from hotline.intake.form.receipt.seen_again import SeenAgain
from hotline.intake.models import Report
from hotline.intake.service import add_information
from tests.support.cases import make_case
from tests.support.clock import NOW
from tests.support.items import make_item, make_media, make_sight
from tests.support.jobs import JobRunner
from tests.support.reports import receive_report
from triage.cases.examination.examine import appraise_item
from triage.cases.examination.hashes.print_search import (
    list_prints,
    search_print,
)
from triage.cases.examination.hashes.prints import note_seen, post_listing
from triage.cases.examination.register import (
    register_added,
    register_report,
)
from triage.cases.fingerprints import (
    PrintView,
    count_for_reporter,
    view_prints,
)
from triage.cases.listing.related import Relation, find_related
from triage.cases.models import Case, CaseItem
from triage.hashlists import service, versions
from triage.hashlists.formats import HashEntry
from triage.hashlists.search.matcher import Matcher
from triage.items.models import Item
from triage.prints.models import PrintListing, PrintSighting, WatchedPrint
from triage.prints.watch import forget_prints, note_media, watch_item

PDQ = "5" * 64
SHA256 = "ab" * 32
PRINTS = (f"pdq:{PDQ}", f"sha256:{SHA256}")
OWN = {"reporter_role": "child_self", "own_material": True}


def shifted(bits: int) -> str:
    """The fingerprint of the same picture saved anew: so many bits differ."""
    return f"{int(PDQ, 16) ^ ((1 << bits) - 1):064x}"


@dataclass
class House:
    """A hotline whose jobs run when a test says so; nothing is fetched."""

    context: Context
    number: int = 0
    runner: JobRunner = field(init=False)

    def __post_init__(self) -> None:
        self.runner = JobRunner(self.context)
        matcher = Matcher(self.context)
        self.runner.jobs = {
            "report.received": register_report,
            "report.added": register_added,
            "item.examine": self.examine,
            "item.appraise": appraise_item,
            "print.seen": note_seen,
            "print.search": lambda task: search_print(task, matcher=matcher),
            "print.list": lambda task: list_prints(task, matcher=matcher),
        }

    def examine(self, task: Task) -> None:
        """All that looking does with a fingerprint, which lies nowhere."""
        with self.context.database.writing() as session:
            item = session.get_one(Item, task.id_of("item_id"))
            watch_item(session, item, task.now)
            item.examined_at = task.now
        appraise_item(task)

    def report(self, *locations: str, **said: object) -> Report:
        with self.context.database.writing() as session:
            report = receive_report(
                session,
                self.context,
                *locations,
                now=self.runner.now,
                **said,  # type: ignore[arg-type]
            )
        self.runner.work()
        return report

    def see(
        self, *, state: str = "nothing", look: bool = True, **columns: object
    ) -> str:
        """A page with one file is looked at; gives the reference of its case."""
        self.number += 1
        reference = f"AL-2026-9{self.number:05}"
        with self.context.database.writing() as session:
            item = make_item(f"url:{self.number}", now=self.runner.now)
            given = {"hashable": True, "frames": [], **columns}
            media = make_media(self.number, **given)
            session.add_all([item, media])
            session.flush()
            session.add(make_sight(item, media))
            case = make_case(item, reference, now=self.runner.now)
            case.places[0].state = state
            session.add(case)
            session.flush()
            if look:
                note_media(session, item, [media], self.runner.now)
        self.runner.work()
        return reference

    def child_case(self) -> Case:
        """The one case that holds a fingerprint."""
        with self.context.database.reading() as session:
            (case,) = session.scalars(
                select(Case)
                .join(CaseItem, CaseItem.case_id == Case.id)
                .join(Item, Item.id == CaseItem.item_id)
                .where(Item.kind == "hash")
                .distinct()
            ).all()
            return case

    def counted(self, report: Report) -> SeenAgain | None:
        with self.context.database.reading() as session:
            return count_for_reporter(session, report)

    def events(self, case: Case) -> list[str]:
        with self.context.database.reading() as session:
            return [each.event for each in list_history(session, case.id)]

    def view(self, case: Case) -> PrintView:
        with self.context.database.reading() as session:
            item_id = case.items[0].id
            return view_prints(session, [item_id])[item_id]

    def count(self, table: type) -> int:
        with self.context.database.reading() as session:
            return session.scalar(select(func.count()).select_from(table)) or 0


@pytest.fixture
def house(context: Context) -> House:
    return House(context)


def test_two_fingerprints_of_one_picture_are_one_case(house: House) -> None:
    house.report(*PRINTS, **OWN)
    case = house.child_case()
    assert [item.canonical for item in case.items] == list(PRINTS)
    assert (case.own_material, case.child_reporter) == (True, True)
    assert house.count(WatchedPrint) == 2


def test_it_is_compared_with_every_file_that_was_ever_seen(
    house: House,
) -> None:
    same = house.see(sha256=SHA256, look=False)
    near = house.see(
        pdq=shifted(31), pdq_quality=80, look=False, state="verified_removed"
    )
    in_film = house.see(
        kind="video", frames=[{"pdq": PDQ, "quality": 90}], look=False
    )
    house.see(pdq=shifted(32), pdq_quality=80, look=False)  # too far
    house.see(pdq=PDQ, pdq_quality=10, look=False)  # says too little
    report = house.report(*PRINTS, **OWN)
    assert house.counted(report) == SeenAgain(places=3, removed=1)
    shown = house.view(house.child_case())
    assert (shown.total, shown.removed) == (2, 1)
    distances = {place.reference: place.distance for place in shown.places}
    assert distances == {near: 31, in_film: 0}
    with house.context.database.reading() as session:
        related = find_related(session, house.child_case())
    assert {each.case.reference for each in related} == {same, near, in_film}
    assert {each.relations for each in related} == {(Relation.FINGERPRINT,)}


@pytest.mark.parametrize("state", ["closed", "not_illegal", "removed"])
def test_a_later_sighting_opens_a_case_again_that_was_over(
    house: House, state: str
) -> None:
    report = house.report(PRINTS[0], **OWN)
    case = house.child_case()
    assert house.counted(report) == SeenAgain(places=0, removed=0)
    with house.context.database.writing() as session:
        session.get_one(Case, case.id).state = state
    house.see(pdq=shifted(3), pdq_quality=80)
    again = house.child_case()
    assert (again.state, again.round) == ("waiting", case.round + 1)
    assert house.events(case)[-1] == "print_seen"
    assert again.priority > case.priority
    assert house.counted(report) == SeenAgain(places=1, removed=0)


def test_a_later_sighting_raises_an_open_case_once_a_place(
    house: House,
) -> None:
    house.report(PRINTS[0], **OWN)
    before = house.child_case()
    house.see(pdq=PDQ, pdq_quality=80)
    house.see(pdq=shifted(40), pdq_quality=80)
    after = house.child_case()
    assert after.state == before.state == "waiting"
    assert after.priority > before.priority
    assert house.events(after).count("print_seen") == 1
    house.runner.later(hours=1)
    assert house.runner.work() > 0, "the second search"
    assert house.events(after).count("print_seen") == 1
    assert house.count(PrintSighting) == 1


def test_a_page_stored_while_the_fingerprint_came_in_is_found_by_the_second_search(
    house: House,
) -> None:
    report = house.report(PRINTS[0], **OWN)
    house.see(pdq=PDQ, pdq_quality=80, look=False)
    assert house.counted(report) == SeenAgain(places=0, removed=0)
    house.runner.later(hours=1)
    house.runner.work()
    assert house.counted(report) == SeenAgain(places=1, removed=0)


def test_a_fingerprint_sent_later_joins_the_case_and_is_looked_for(
    house: House,
) -> None:
    report = house.report("http://one.example/a", **OWN)
    house.see(sha256=SHA256)
    words = f"I made this:\n{PRINTS[0]}\n{PRINTS[1]}\nand http://two.example/b"
    with house.context.database.writing() as session:
        act = Act(session, house.context, "public", house.runner.now)
        add_information(act, session.get_one(Report, report.id), words)
    house.runner.work()
    case = house.child_case()
    assert [item.kind for item in case.items] == ["url", "hash", "hash"]
    assert house.counted(report) == SeenAgain(places=1, removed=0)


def test_a_picture_saved_anew_between_two_reports_shows_the_cases_as_related(
    house: House,
) -> None:
    house.report(PRINTS[0], **OWN)
    case = house.child_case()
    for picture in (shifted(7), shifted(60)):
        house.report(f"pdq:{picture}", **OWN)
    with house.context.database.reading() as session:
        (related,) = find_related(session, session.get_one(Case, case.id))
        assert related.relations == (Relation.FINGERPRINT,)
        assert (
            session.get_one(Case, related.case.id).item.canonical
            == f"pdq:{shifted(7)}"
        )


def import_list(house: House, pdq: str) -> None:
    with house.context.database.writing() as session:
        act = Act(session, house.context, "t", NOW)
        target = service.create_list(act, "Known", default_class="baseline")
        entry = HashEntry("pdq", pdq, "A", "t", "1", NOW.date(), quality=100)
        versions.import_version(
            act, target, iter([entry]), whole=True, digest=""
        )


def test_lists_know_it_now_or_later_and_no_reporter_learns_that(
    house: House,
) -> None:
    report = house.report(PRINTS[0], **OWN)
    assert house.child_case().proposed_class == ""
    import_list(house, shifted(2))
    with house.context.database.writing() as session:
        post_listing(session, run="1", now=house.runner.now)
    house.runner.work()
    case = house.child_case()
    assert case.proposed_class == "baseline"
    assert house.view(case).lists == ["Known"]
    assert house.counted(report) == SeenAgain(places=0, removed=0)


@pytest.mark.parametrize(
    ("said", "is_told"),
    [
        ({"reporter_role": "child_self"}, True),
        ({"reporter_role": "parent"}, True),
        ({"reporter_role": "public", "own_material": True}, True),
        ({"reporter_role": "public"}, False),
        ({"reporter_role": "provider"}, False),
        ({**OWN, "held": True}, False),
    ],
)
def test_whoever_only_holds_a_picture_does_not_learn_whether_it_is_known(
    house: House, said: dict[str, object], is_told: bool
) -> None:
    house.see(pdq=PDQ, pdq_quality=80)
    report = house.report(PRINTS[0], **said)
    assert (house.counted(report) is not None) is is_told


def test_what_a_flood_brings_is_not_looked_for(house: House) -> None:
    house.report(PRINTS[0], held=True, **OWN)
    assert house.count(WatchedPrint) == 0


def test_a_report_without_a_fingerprint_is_told_nothing_of_one(
    house: House,
) -> None:
    assert house.counted(house.report("http://one.example/a", **OWN)) is None


def test_it_is_forgotten_with_the_last_report_that_gave_it(
    house: House,
) -> None:
    import_list(house, PDQ)
    house.see(pdq=PDQ, pdq_quality=80)
    reports = [house.report(PRINTS[0], **OWN) for _ in range(2)]
    case = house.child_case()
    assert house.count(PrintSighting) == house.count(PrintListing) == 1
    assert [erase(house, report.id) for report in reports] == [0, 1]
    for table in (WatchedPrint, PrintSighting, PrintListing):
        assert house.count(table) == 0
    with house.context.database.reading() as session:
        item = session.get_one(Item, case.items[0].id)
        row = [getattr(item, column.name) for column in Item.__table__.c]
    assert not any(PDQ in str(value) for value in row)
    house.see(pdq=PDQ, pdq_quality=80)
    assert house.events(case).count("print_seen") == 1


def erase(house: House, report_id: object) -> int:
    with house.context.database.writing() as session:
        session.get_one(Report, report_id).erased_at = NOW
        session.flush()
        return forget_prints(session, house.context, now=NOW)
