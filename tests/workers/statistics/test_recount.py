"""Every figure, recomputed from the raw rows and events by plain loops that share no code."""

from __future__ import annotations

import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from hotline.accounts.models import Person
from hotline.core.context import Context
from hotline.core.storage.ids import new_id
from hotline.core.storage.machine import HistoryEntry
from hotline.intake.models import Report, ReportMessage
from partners.directory.models import Partner
from partners.manual.models import ManualAct
from partners.notices.models import Notice, ProviderAnswer
from partners.referrals.models import Hold, Referral, ReferralOutcome
from partners.referrals.vocabulary import OfficeOutcome
from tests.workers.statistics.made_up import VERBS, add_more
from triage.cases.assessing.assessment import load_schema
from triage.cases.models import Assessment, Case, CaseItem
from triage.hashlists.models import HashEntryRow, HashList, MediaMatch
from triage.items.models import HostingHop, Item, ItemMedia
from triage.media.models import Media
from triage.viewing.models import Viewing
from workers.bench.filling.figures_data import fill_with_cases
from workers.bench.filling.figures_rows import Span
from workers.statistics.counting.collect import collect_figures
from workers.statistics.periods import Period, month_of, parse_period
from workers.statistics.tables import Figures, TableName, Value

ZONE = "Europe/Tirane"
SPAN = Span(
    datetime(2026, 1, 10, tzinfo=UTC), datetime(2026, 6, 20, 7, tzinfo=UTC)
)
CASES = 150
PERIODS = (
    month_of(2026, 3, ZONE),  # an hour is missing in it
    parse_period("2026-Q2", ZONE),  # not over when it is counted
    parse_period("2026-02-11..2026-04-02", ZONE),
    month_of(2020, 1, ZONE),  # empty
)
BACKLOG = (
    "received",
    "held",
    "waiting",
    "second_assessment",
    "third_assessment",
    "assessed",
)
OF_A_TIME = (
    TableName.REPORTS_BY_DAY,
    TableName.REPORTS_BY_HOUR,
    TableName.BACKLOG_BY_STATE,
    TableName.BACKLOG_BY_DAY,
    TableName.BACKLOG_BY_AGE,
)
"""Of single days, hours and states some have nothing."""
Answer = dict[str, list[Value]]


class Raw:
    """All rows in memory, and the few questions that a careful reader would ask of them."""

    def __init__(self, session: Any) -> None:
        def rows(model: Any) -> list[Any]:
            return list(session.scalars(select(model).order_by(model.id)))

        self.reports = rows(Report)
        self.messages = rows(ReportMessage)
        self.items = {item.id: item for item in rows(Item)}
        self.hops = rows(HostingHop)
        self.cases = {case.id: case for case in rows(Case)}
        self.places = {place.id: place for place in rows(CaseItem)}
        self.assessments = rows(Assessment)
        self.partners = {partner.id: partner for partner in rows(Partner)}
        self.referrals = {one.id: one for one in rows(Referral)}
        self.holds = {hold.id: hold for hold in rows(Hold)}
        self.notices = {notice.id: notice for notice in rows(Notice)}
        self.answers = rows(ProviderAnswer)
        self.outcomes = rows(ReferralOutcome)
        self.acts = rows(ManualAct)
        self.files = rows(ItemMedia)
        self.matches = rows(MediaMatch)
        self.looks = rows(Viewing)
        self.history = sorted(rows(HistoryEntry), key=lambda e: (e.at, e.id))
        self.events: dict[Any, list[Any]] = defaultdict(list)
        for event in self.history:
            self.events[event.entity_id].append(event)

    def first(self, entity_id: Any, *names: str) -> datetime | None:
        times = [
            event.at
            for event in self.events[entity_id]
            if event.event in names
        ]
        return min(times, default=None)

    def received(self, case_id: Any) -> datetime:
        return min(
            self.items[place.item_id].first_reported_at
            for place in self.places.values()
            if place.case_id == case_id
        )

    def assessed(self, case_id: Any) -> datetime | None:
        return self.first(case_id, "assessed", "agreed", "decided")

    def noticed(self, case_id: Any) -> datetime | None:
        times = [
            self.first(notice.id, "sent", "told_by_hand")
            for notice in self.notices.values()
            if notice.case_id == case_id
        ]
        return min(filter(None, times), default=None)

    def told(self, case_id: Any, *kinds: str) -> datetime | None:
        times = [
            self.first(referral.id, "delivered", "told_by_hand")
            for referral in self.referrals.values()
            if referral.case_id == case_id
            and self.partners[referral.partner_id].kind in kinds
        ]
        times += [
            act.happened_at
            for act in self.acts
            if act.case_id == case_id
            and act.outcome == "told"
            and act.route.split("-")[0] in kinds
        ]
        return min(filter(None, times), default=None)

    def held_until(self, case_id: Any, end: datetime) -> float:
        began, ended = [], []
        for hold in self.holds.values():
            if hold.case_id == case_id:
                began.append(self.first(hold.id, "created"))
                ended.append(self.first(hold.id, "released"))
        began = [at for at in began if at and at <= end]
        ended = [at for at in ended if at and at <= end]
        if not began or not ended:
            return 0
        return whole(max(ended)) - whole(min(began))


def add_matches(session: Any) -> None:
    """Files of some cases that a list knew: in time, too late, or as an analyst refused."""
    known = HashList(id=new_id(), name="known", created_at=SPAN.start)
    session.add(known)
    session.flush()
    entry = HashEntryRow(
        list_id=known.id, kind="md5", value="1" * 32, category="", added_in=1
    )
    session.add(entry)
    session.flush()
    places = session.scalars(select(CaseItem).order_by(CaseItem.id)).all()
    for number, place in enumerate(places):
        file = Media(
            id=new_id(),
            sha256=f"{number:064x}",
            sha1=f"{number:040x}",
            md5=f"{number:032x}",
            kind="image",
            media_type="image/png",
            size=1,
            first_seen_at=place.added_at,
        )
        session.add(file)
        session.flush()
        session.add(
            ItemMedia(
                item_id=place.item_id,
                media_id=file.id,
                url="https://one.test/a.png",
                source="page",
                first_seen_at=place.added_at,
                last_seen_at=place.added_at,
            )
        )
        is_late, is_refused = number % 3 == 1, number % 3 == 2
        session.add(
            MediaMatch(
                media_id=file.id,
                entry_id=entry.id,
                list_id=known.id,
                kind="md5",
                distance=0,
                at=SPAN.end if is_late else place.added_at,
                decision="disconfirmed" if is_refused else "open",
            )
        )


def add_looks(session: Any) -> None:
    """Looks at some cases' files: before they were decided, after that, or asked for in vain."""
    person = session.scalars(select(Person).order_by(Person.id)).first()
    places = session.scalars(select(CaseItem).order_by(CaseItem.id)).all()
    for number, place in enumerate(places):
        in_vain, is_late = number % 5 == 1, number % 5 == 2
        if number % 5 > 2:
            continue
        shown_at = SPAN.end if is_late else place.added_at
        session.add(
            Viewing(
                id=new_id(),
                person_id=person.id,
                session_id=new_id(),
                item_id=place.item_id,
                media_id=new_id(),
                is_violent=False,
                token_digest=f"{number:064x}",
                asked_at=place.added_at,
                shown_at=None if in_vain else shown_at,
                outcome="gone" if in_vain else "shown",
            )
        )


def whole(moment: datetime) -> int:
    return math.floor(moment.timestamp())


def describe(seconds: Iterable[float]) -> list[Value]:
    """Count, median and p90 in hours by nearest rank, shares within 1, 3 and 6 days."""
    taken = sorted(seconds)
    if not taken:
        return [0, None, None, None, None, None]
    count = len(taken)
    median = statistics.median_low(taken)
    p90 = taken[-(count // 10) - 1]
    shares = [
        round(len([s for s in taken if s <= days * 86400]) / count, 4)
        for days in (1, 3, 6)
    ]
    return [count, round(median / 3600, 3), round(p90 / 3600, 3), *shares]


def is_in(moment: datetime | None, period: Period) -> bool:
    if moment is None:
        return False
    day = moment.astimezone(ZoneInfo(ZONE)).date()
    return period.first <= day <= period.last


def counted(values: Iterable[Any]) -> Answer:
    return {key: [count] for key, count in Counter(values).items()}


def recount_incoming(raw: Raw, period: Period) -> dict[TableName, Answer]:
    reports = [one for one in raw.reports if is_in(one.received_at, period)]
    local = [one.received_at.astimezone(ZoneInfo(ZONE)) for one in reports]
    hours = Counter(moment.hour for moment in local)
    days = Counter(moment.date() for moment in local)
    every_day = [
        period.first + timedelta(days=number) for number in range(period.days)
    ]
    return {
        TableName.REPORTS_BY_KIND: counted(one.kind for one in reports),
        TableName.REPORTS_BY_CHANNEL: counted(one.channel for one in reports),
        TableName.REPORTS_BY_LANGUAGE: counted(
            one.language for one in reports
        ),
        TableName.REPORTS_BY_REPORTER: counted(
            one.reporter_role for one in reports
        ),
        TableName.REPORTS_BY_HOUR: {
            f"{hour:02}": [hours[hour]] for hour in range(24)
        },
        TableName.REPORTS_BY_DAY: {
            day.isoformat(): [days[day]] for day in every_day
        },
    }


def state_at(raw: Raw, case_id: Any, moment: datetime) -> str:
    state = ""
    for event in raw.events[case_id]:
        if event.at < moment:
            state = event.to_state
    return state


def recount_backlog(raw: Raw, period: Period) -> dict[TableName, Answer]:
    end = min(period.end, SPAN.end)
    before = Counter(state_at(raw, c, period.start) for c in raw.cases)
    after = Counter(state_at(raw, c, end) for c in raw.cases)
    ages: Counter[str] = Counter()
    for case in raw.cases.values():
        if state_at(raw, case.id, end) in BACKLOG:
            days = (end - case.opened_at) / timedelta(days=1)
            ages[
                "under_1_day"
                if days < 1
                else "1_to_3_days"
                if days < 3
                else "3_to_6_days"
                if days < 6
                else "6_to_30_days"
                if days < 30
                else "over_30_days"
            ] += 1
    names = (
        "under_1_day",
        "1_to_3_days",
        "3_to_6_days",
        "6_to_30_days",
        "over_30_days",
    )
    return {
        TableName.BACKLOG_BY_STATE: {
            state: [before[state], after[state]]
            for state in (*BACKLOG, "in_progress")
        },
        TableName.BACKLOG_BY_AGE: {name: [ages[name]] for name in names},
        TableName.BACKLOG_BY_DAY: recount_days(raw, period, end),
    }


def recount_days(raw: Raw, period: Period, end: datetime) -> Answer:
    rows: Answer = {}
    day = period.first
    while day <= period.last:
        bounds = Period(day, day, ZONE)
        if bounds.start > end:
            break
        opened = settled = 0
        for event in raw.history:
            if event.entity == "case" and is_in(event.at, bounds):
                was, is_now = (
                    event.from_state in BACKLOG,
                    event.to_state in BACKLOG,
                )
                opened += is_now and not was
                settled += was and not is_now
        waiting = sum(
            state_at(raw, case_id, bounds.end) in BACKLOG
            for case_id in raw.cases
        )
        rows[day.isoformat()] = [opened, settled, waiting]
        day += timedelta(days=1)
    return rows


def recount_steps(raw: Raw, period: Period) -> Answer:
    taken: dict[str, list[float]] = {
        step: []
        for step in (
            "receipt_to_assessment",
            "receipt_to_police",
            "assessment_to_police",
            "receipt_to_notice",
            "receipt_to_notice_without_hold",
            "assessment_to_notice",
            "receipt_to_removal",
            "receipt_to_removal_without_hold",
            "assessment_to_removal",
            "notice_to_removal",
            "hold",
        )
    }
    for case_id in raw.cases:
        received, assessed = raw.received(case_id), raw.assessed(case_id)
        police, noticed = raw.told(case_id, "police"), raw.noticed(case_id)
        for end, name in (
            (assessed, "assessment"),
            (police, "police"),
            (noticed, "notice"),
        ):
            if end is None or not is_in(end, period):
                continue
            since = whole(end) - whole(received)
            taken[f"receipt_to_{name}"].append(since)
            if name == "notice":
                held = raw.held_until(case_id, end)
                taken["receipt_to_notice_without_hold"].append(since - held)
            if name != "assessment" and assessed:
                taken[f"assessment_to_{name}"].append(
                    whole(end) - whole(assessed)
                )
    for place in raw.places.values():
        removed = raw.first(place.id, "removed")
        if removed and is_in(removed, period):
            received = raw.items[place.item_id].first_reported_at
            since = whole(removed) - whole(received)
            taken["receipt_to_removal"].append(since)
            noticed = raw.first(place.id, "noticed")
            assert noticed
            held = raw.held_until(place.case_id, noticed)
            taken["receipt_to_removal_without_hold"].append(since - held)
            assessed = raw.assessed(place.case_id)
            assert assessed
            taken["assessment_to_removal"].append(
                whole(removed) - whole(assessed)
            )
            taken["notice_to_removal"].append(whole(removed) - whole(noticed))
    for hold_id in raw.holds:
        released = raw.first(hold_id, "released")
        started = raw.first(hold_id, "started")
        if released and started and is_in(released, period):
            taken["hold"].append(whole(released) - whole(started))
    return {step: describe(seconds) for step, seconds in taken.items()}


def recount_places(
    raw: Raw, period: Period, of_hop: str, of_item: str
) -> Answer:
    found = Counter(
        getattr(hop, of_hop) or "unknown"
        for hop in raw.hops
        if hop.number == 1 and is_in(hop.at, period)
    )
    gone: dict[str, list[float]] = defaultdict(list)
    for place in raw.places.values():
        removed = raw.first(place.id, "removed")
        if removed and is_in(removed, period):
            item = raw.items[place.item_id]
            gone[getattr(item, of_item) or "unknown"].append(
                whole(removed) - whole(item.first_reported_at)
            )
    return {
        name: [found[name], *describe(gone[name])[:3]]
        for name in {*found, *gone}
    }


def recount_providers(raw: Raw, period: Period) -> Answer:
    def name_of(notice: Any) -> str:
        if notice.partner_id is None:
            return "not_in_directory"
        return str(raw.partners[notice.partner_id].name)

    sent: Counter[str] = Counter()
    gone: dict[str, list[float]] = defaultdict(list)
    said: dict[str, Counter[str]] = defaultdict(Counter)
    for notice in raw.notices.values():
        left = raw.first(notice.id, "sent", "told_by_hand")
        removed = raw.first(notice.id, "verified")
        if is_in(left, period):
            sent[name_of(notice)] += 1
        if left and removed and is_in(removed, period):
            gone[name_of(notice)].append(whole(removed) - whole(left))
    for answer in raw.answers:
        if is_in(answer.at, period):
            said[name_of(raw.notices[answer.notice_id])][answer.verb] += 1
    return {
        name: [
            sent[name],
            *describe(gone[name])[:3],
            *(said[name][verb] for verb in VERBS),
        ]
        for name in {*sent, *gone, *said}
    }


def recount_notices(raw: Raw, period: Period) -> Answer:
    rows: dict[str, list[int]] = {}
    for notice in raw.notices.values():
        kind = raw.cases[notice.case_id].kind
        left = is_in(raw.first(notice.id, "sent", "told_by_hand"), period)
        gone = is_in(raw.first(notice.id, "verified"), period)
        if left or gone:
            row = rows.setdefault(kind, [0, 0])
            row[0] += left
            row[1] += gone
    return {kind: list(row) for kind, row in rows.items()}


def recount_agreement(
    raw: Raw, period: Period, questions: list[str]
) -> Answer:
    by_round: dict[Any, list[Any]] = defaultdict(list)
    for one in raw.assessments:
        by_round[one.case_id, one.round].append(one)
    pairs = []
    for made in by_round.values():
        made.sort(key=lambda one: one.at)
        if len(made) > 1 and is_in(made[1].at, period):
            pairs.append((made[0].answers, made[1].answers))
    return {name: kappa_of(name, pairs) for name in questions}


def kappa_of(name: str, pairs: list[tuple[Any, Any]]) -> list[Value]:
    both = [
        (one[name], two[name])
        for one, two in pairs
        if name in one and name in two
    ]
    if not both:
        return [0, None, None]
    agreed = sum(one == two for one, two in both) / len(both)
    chance = 0.0
    for value in {answer for pair in both for answer in pair}:
        first = sum(one == value for one, _ in both) / len(both)
        second = sum(two == value for _, two in both) / len(both)
        chance += first * second
    kappa = None
    if chance < 1 - 1e-12:
        kappa = round((agreed - chance) / (1 - chance), 4)
    return [len(both), round(agreed, 4), kappa]


def recount_lanzarote(raw: Raw, period: Period) -> Answer:
    subjects = {
        "self_generated": "self_generated",
        "sexual_extortion": "sexual_extortion",
        "grooming": "",
        "live_stream": "live_stream",
        "ai_generated": "ai_generated",
        "trafficking": "",
    }
    rows: Answer = {}
    for kind, flag in subjects.items():

        def is_about(case_id: Any, kind: str = kind, flag: str = flag) -> bool:
            answers = raw.cases[case_id].outcome
            return answers.get("class") in ("baseline", "national") and (
                answers.get("kind") == kind
                or bool(flag and answers.get(flag) == "yes")
            )

        about = [case_id for case_id in raw.cases if is_about(case_id)]
        removed = [
            place
            for place in raw.places.values()
            if place.case_id in about
            and is_in(raw.first(place.id, "removed"), period)
        ]
        rows[kind] = [
            sum(
                one.kind == kind and is_in(one.received_at, period)
                for one in raw.reports
            ),
            sum(is_in(raw.assessed(one), period) for one in about),
            sum(is_in(raw.told(one, "police"), period) for one in about),
            sum(
                is_in(
                    raw.told(one, "helpline", "child_protection_unit"), period
                )
                for one in about
            ),
            len(removed),
        ]
    return rows


def recount_told(raw: Raw, period: Period) -> Answer:
    rows: Answer = {}
    for referral in raw.referrals.values():
        kind = raw.partners[referral.partner_id].kind
        seen = {
            event.event
            for event in raw.events[referral.id]
            if is_in(event.at, period)
        }
        counted = [
            bool(seen & {"delivered", "told_by_hand"}),
            "taken_up" in seen,
            "no_action" in seen,
            "closed" in seen,
        ]
        if any(counted):
            row = rows.setdefault(kind, [0, 0, 0, 0])
            rows[kind] = [
                int(have or 0) + more
                for have, more in zip(row, counted, strict=True)
            ]
    return rows


def recount_decisions(raw: Raw, period: Period) -> Answer:
    found = Counter(
        raw.cases[case_id].outcome.get("class", "reopened_since")
        for case_id in raw.cases
        if is_in(raw.assessed(case_id), period)
    )
    names = ("baseline", "national", "not_illegal", "cannot_determine")
    return {name: [found[name]] for name in (*names, "reopened_since")}


def recount_views(raw: Raw, period: Period) -> Answer:
    unseen = known = seen = 0
    for case_id in raw.cases:
        assessed = raw.assessed(case_id)
        if assessed is None or not is_in(assessed, period):
            continue
        items = {
            place.item_id
            for place in raw.places.values()
            if place.case_id == case_id
        }
        if any(
            look.item_id in items
            and look.shown_at is not None
            and look.shown_at <= assessed
            for look in raw.looks
        ):
            seen += 1
            continue
        files = {one.media_id for one in raw.files if one.item_id in items}
        unseen += 1
        known += any(
            match.media_id in files
            and match.at <= assessed
            and match.decision != "disconfirmed"
            for match in raw.matches
        )
    return {
        "all_unseen": [unseen],
        "known_file": [known],
        "no_known_file": [unseen - known],
        "after_a_look": [seen],
    }


def recount_totals(raw: Raw, period: Period, days: Answer) -> Answer:
    reports = [one for one in raw.reports if is_in(one.received_at, period)]
    firsts: dict[Any, datetime] = {}
    for message in raw.messages:
        known = firsts.get(message.report_id, message.at)
        firsts[message.report_id] = min(known, message.at)
    returned = sum(is_in(at, period) for at in firsts.values())
    last = list(days.values())[-28:]
    forecast = None
    if len(last) == 28:
        change = sum(row[0] - row[1] for row in last)  # type: ignore[operator]
        forecast = max(0, last[-1][2] + change)  # type: ignore[operator]
    totals: dict[str, Value] = {
        "reports": len(reports),
        "reports_from_children": sum(
            one.reporter_role.startswith("child") for one in reports
        ),
        "reports_with_danger_now": sum(one.danger_now for one in reports),
        "reports_held_as_flood": sum(one.held_for_review for one in reports),
        "locations_new": sum(
            is_in(item.first_reported_at, period)
            for item in raw.items.values()
        ),
        "reporters_who_wrote_again": returned,
        "share_who_wrote_again": round(returned / len(reports), 4)
        if reports
        else None,
        "cases_opened": sum(row[0] for row in days.values()),  # type: ignore[misc]
        "cases_assessed": sum(
            is_in(raw.assessed(case_id), period) for case_id in raw.cases
        ),
        "cases_of_which_support_was_told": sum(
            is_in(
                raw.told(case_id, "helpline", "child_protection_unit"), period
            )
            for case_id in raw.cases
        ),
        "locations_removed": sum(
            is_in(raw.first(place_id, "removed"), period)
            for place_id in raw.places
        ),
        "locations_back_again": sum(
            event.entity == "case_item"
            and event.event == "reappeared"
            and is_in(event.at, period)
            for event in raw.history
        ),
        "backlog_in_28_days": forecast,
    }
    return {name: [value] for name, value in totals.items()}


def recount(
    raw: Raw, period: Period, questions: list[str]
) -> dict[TableName, Answer]:
    backlog = recount_backlog(raw, period)
    return {
        **recount_incoming(raw, period),
        **backlog,
        TableName.TOTALS: recount_totals(
            raw, period, backlog[TableName.BACKLOG_BY_DAY]
        ),
        TableName.DURATIONS: recount_steps(raw, period),
        TableName.DECISIONS: recount_decisions(raw, period),
        TableName.VIEWS_AVOIDED: recount_views(raw, period),
        TableName.TOLD: recount_told(raw, period),
        TableName.OUTCOMES: {
            outcome.value: [
                sum(
                    one.outcome == outcome and is_in(one.at, period)
                    for one in raw.outcomes
                )
            ]
            for outcome in OfficeOutcome
        },
        TableName.BY_COUNTRY: recount_places(
            raw, period, "country", "hosting_country"
        ),
        TableName.BY_NETWORK: recount_places(raw, period, "asn", "asn"),
        TableName.BY_PROVIDER: recount_providers(raw, period),
        TableName.NOTICES_BY_KIND: recount_notices(raw, period),
        TableName.AGREEMENT: recount_agreement(raw, period, questions),
        TableName.LANZAROTE: recount_lanzarote(raw, period),
    }


def as_told(figures: Figures) -> dict[TableName, Answer]:
    return {
        table.name: {row.key: list(row.values) for row in table.rows}
        for table in figures.tables
    }


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_every_figure_is_what_the_raw_events_say(
    make_context: Callable[..., Context], backend: str
) -> None:
    context = make_context(backend)
    with context.database.writing() as session:
        fill_with_cases(session, CASES, SPAN)
        add_matches(session)
        add_looks(session)
        schema = load_schema(context.settings.data_dir)
        add_more(session, schema)
    questions = [question.name for question in schema.questions]
    for period in PERIODS:
        with context.database.reading() as session:
            figures = collect_figures(session, period, schema, SPAN.end)
            expected = recount(Raw(session), period, questions)
        assert set(expected) == set(TableName)
        told = as_told(figures)
        for name in TableName:
            assert told[name] == expected[name], (period.name, name)
    assert told[TableName.TOTALS]["reports"] == [0]


def test_the_made_up_year_has_something_of_everything(
    make_context: Callable[..., Context],
) -> None:
    """A figure that is nothing on both sides would prove nothing."""
    context = make_context()
    with context.database.writing() as session:
        fill_with_cases(session, CASES, SPAN)
        add_matches(session)
        add_looks(session)
        schema = load_schema(context.settings.data_dir)
        add_more(session, schema)
    with context.database.reading() as session:
        figures = collect_figures(
            session, parse_period("2026-Q2", ZONE), schema, SPAN.end
        )
    for table in figures.tables:
        for column, values in zip(
            table.columns,
            zip(*(row.values for row in table.rows), strict=True),
            strict=True,
        ):
            assert any(values), (table.name, column)
        for row in table.rows:
            is_of_a_time = table.name in OF_A_TIME
            assert is_of_a_time or any(row.values), (table.name, row.key)
    assert figures[TableName.AGREEMENT].value("class", "kappa") is not None
