"""What became of each place of a report, gathered for the page of its receipt."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session, lazyload

from hotline.core.context import Context
from hotline.core.datafiles.countries import add_business_hours
from hotline.core.storage.machine import HistoryEntry
from hotline.intake.form.receipt.place_news import PlaceNews, Said
from hotline.intake.models import Report, ReportPart
from hotline.intake.registry.kinds import ReportKind
from hotline.intake.registry.vocabulary import PartKind, ReporterRole
from partners.notices.models import Notice, NoticeItem
from partners.referrals.models import HOLDING, NOT_DELIVERED, Hold, Referral
from partners.reporters.choosing import PlaceFacts, choose_news, keeps_back
from partners.reporters.place_names import PlaceToName, name_place
from partners.reporters.rules import Rules, load_rules
from partners.states import HoldState, NoticeState, ReferralState
from partners.watching.models import Watch
from triage.cases.models import CaseItem
from triage.cases.people.models import CasePerson
from triage.cases.people.vocabulary import PersonRole
from triage.cases.vocabulary import PlaceState
from triage.items.models import Item, Sighting
from triage.jurisdiction import Destination
from triage.prints.watch import FINGERPRINT_ITEM

Ids = Collection[uuid.UUID]


def tell_reporter(
    session: Session, context: Context, report: Report, now: datetime
) -> Sequence[PlaceNews]:
    """Of each place of the report what its reporter may learn, in the order of the report."""
    rules = load_rules(context.settings.data_dir)
    named = _list_places(session, report)
    gathered = _gather(session, report, named)
    return [_tell_place(context, part, gathered, rules, now) for part in named]


@dataclass(frozen=True, slots=True)
class _Named:
    """A part of the report with one item that it names; without one while nobody looked at it."""

    part: ReportPart
    item: Item | None
    place: CaseItem | None


def _list_places(session: Session, report: Report) -> list[_Named]:
    query = (
        select(ReportPart, Item, CaseItem)
        .outerjoin(Sighting, Sighting.part_id == ReportPart.id)
        .outerjoin(Item, Item.id == Sighting.item_id)
        .outerjoin(CaseItem, CaseItem.item_id == Item.id)
        .where(ReportPart.report_id == report.id)
        # its inner join would leave out the parts that nobody looked at yet
        .options(lazyload(CaseItem.item))
        .order_by(ReportPart.position, Sighting.at, Item.id)
    )
    return [_Named(*row) for row in session.execute(query)]


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a place is, and since when."""

    state: str
    at: datetime


@dataclass(frozen=True, slots=True)
class _Known:
    """What the tables of notices, police and checks say, by item or by case."""

    is_near: bool
    is_urgent: bool
    near_cases: Ids = ()
    held_since: Mapping[uuid.UUID, datetime] = field(default_factory=dict)
    police_cases: Ids = ()
    police_since: Mapping[uuid.UUID, datetime] = field(default_factory=dict)
    reached: Mapping[uuid.UUID, Reached] = field(default_factory=dict)
    asked_at: Mapping[uuid.UUID, datetime] = field(default_factory=dict)
    unanswered: Ids = ()
    watches: Mapping[uuid.UUID, Watch] = field(default_factory=dict)


def _gather(
    session: Session,
    report: Report,
    named: Sequence[_Named],
) -> _Known:
    item_ids = {part.item.id for part in named if part.item is not None}
    case_ids = {part.place.case_id for part in named if part.place is not None}
    # A report outlives the kinds that an older program knew.
    is_known_kind = report.kind in set(ReportKind)
    return _Known(
        is_near=is_known_kind and ReportKind(report.kind).row.child_is_known,
        is_urgent=_is_urgent(report),
        near_cases=_cases_with_reported_person(session, case_ids),
        held_since=_held_since(session, case_ids),
        police_cases=_cases_with_police(session, case_ids),
        police_since=_police_since(session, case_ids),
        reached=_reached(
            session, [part.place for part in named if part.place is not None]
        ),
        asked_at=_asked_at(session, item_ids),
        unanswered=_unanswered(session, item_ids),
        watches={
            watch.item_id: watch
            for watch in session.scalars(
                select(Watch).where(Watch.item_id.in_(item_ids))
            )
        },
    )


def _is_urgent(report: Report) -> bool:
    """Somebody here looks at it on a Sunday, too: working hours would promise too little."""
    return (
        report.danger_now
        or report.time_presses
        or report.reporter_role == ReporterRole.CHILD_SELF
    )


def _cases_with_reported_person(session: Session, case_ids: Ids) -> Ids:
    query = select(CasePerson.case_id).where(
        CasePerson.case_id.in_(case_ids),
        CasePerson.role == PersonRole.REPORTED_PERSON,
    )
    return set(session.scalars(query))


def _held_since(
    session: Session, case_ids: Ids
) -> Mapping[uuid.UUID, datetime]:
    """Of each case that is held now: since when the earliest of its holds is there."""
    query = (
        select(Hold.case_id, func.min(HistoryEntry.at).label("at"))
        .join(HistoryEntry, HistoryEntry.entity_id == Hold.id)
        .where(Hold.case_id.in_(case_ids), Hold.state.in_(HOLDING))
        .group_by(Hold.case_id)
    )
    return {row.case_id: row.at for row in session.execute(query)}


def _police_since(
    session: Session, case_ids: Ids
) -> Mapping[uuid.UUID, datetime]:
    """Of each case since when it can be read that the police have it: their hold was over."""
    query = (
        select(Hold.case_id, func.min(Hold.state_since).label("at"))
        .where(Hold.case_id.in_(case_ids), Hold.state == HoldState.RELEASED)
        .group_by(Hold.case_id)
    )
    return {row.case_id: row.at for row in session.execute(query)}


def _reached(
    session: Session, places: Sequence[CaseItem]
) -> Mapping[uuid.UUID, Reached]:
    """How far each place is, by its id.

    That a new notice is made, and waits, is our own affair: what was gone before is gone still.
    """
    reached = {
        place.id: Reached(place.state, place.state_since) for place in places
    }
    waiting = [
        place.id
        for place in places
        if place.state == PlaceState.AWAITING_RELEASE
    ]
    query = (
        select(HistoryEntry)
        .where(
            HistoryEntry.entity_id.in_(waiting),
            HistoryEntry.to_state != PlaceState.AWAITING_RELEASE,
        )
        .order_by(HistoryEntry.at, HistoryEntry.id)
    )
    for entry in session.scalars(query):
        reached[entry.entity_id] = Reached(entry.to_state, entry.at)
    return reached


def _cases_with_police(session: Session, case_ids: Ids) -> Ids:
    query = select(Referral.case_id).where(
        Referral.case_id.in_(case_ids),
        Referral.kind == Destination.POLICE,
        Referral.state.not_in((*NOT_DELIVERED, ReferralState.WITHDRAWN)),
    )
    return set(session.scalars(query))


def _asked_at(session: Session, item_ids: Ids) -> Mapping[uuid.UUID, datetime]:
    """When a notice about the item first arrived; to keep data for the police asks nothing away."""
    query = (
        select(NoticeItem.item_id, func.min(HistoryEntry.at).label("at"))
        .join(Notice, Notice.id == NoticeItem.notice_id)
        .join(HistoryEntry, HistoryEntry.entity_id == Notice.id)
        .where(
            NoticeItem.item_id.in_(item_ids),
            Notice.kind != Destination.PRESERVATION_REQUEST,
            Notice.state != NoticeState.WITHDRAWN,
            HistoryEntry.to_state == NoticeState.SENT,
        )
        .group_by(NoticeItem.item_id)
    )
    return {row.item_id: row.at for row in session.execute(query)}


def _unanswered(session: Session, item_ids: Ids) -> Ids:
    query = (
        select(NoticeItem.item_id)
        .join(Notice, Notice.id == NoticeItem.notice_id)
        .where(
            NoticeItem.item_id.in_(item_ids),
            Notice.kind != Destination.PRESERVATION_REQUEST,
            Notice.state.in_((NoticeState.ESCALATED, NoticeState.DISPUTED)),
        )
    )
    return set(session.scalars(query))


def _tell_place(
    context: Context,
    named: _Named,
    known: _Known,
    rules: Rules,
    now: datetime,
) -> PlaceNews:
    part, item, place = named.part, named.item, named.place
    facts = _facts_of(part, item, place, known)
    said = choose_news(facts, rules)
    name = "" if item is None else name_place(_to_name(item))
    since = part.state_since
    if facts.place_since is not None and not keeps_back(facts, rules):
        # Else the date alone would tell that something happened.
        since = max(since, facts.place_since)
    return PlaceNews(
        name,
        said,
        since,
        _next_news(context, known.is_urgent, said, rules, since, now),
        is_in_words=part.kind == PartKind.NARRATIVE,
        is_fingerprint=item is not None and item.kind == FINGERPRINT_ITEM,
    )


def _facts_of(
    part: ReportPart,
    item: Item | None,
    place: CaseItem | None,
    known: _Known,
) -> PlaceFacts:
    if item is None or place is None:
        return PlaceFacts(part.kind, part.state, part.state_since)
    watch = known.watches.get(item.id)
    reached = known.reached[place.id]
    return PlaceFacts(
        part_kind=part.kind,
        part_state=part.state,
        part_since=part.state_since,
        item_kind=item.kind,
        hosting_kind=place.hosting_kind,
        place_state=reached.state,
        place_since=reached.at,
        held_since=known.held_since.get(place.case_id),
        is_near=known.is_near or place.case_id in known.near_cases,
        police_have_it=place.case_id in known.police_cases,
        police_since=known.police_since.get(place.case_id),
        asked_at=known.asked_at.get(item.id),
        is_unanswered=item.id in known.unanswered,
        verdict=watch.last_verdict if watch else "",
        seen_at=watch.last_at if watch else None,
    )


def _to_name(item: Item) -> PlaceToName:
    return PlaceToName(
        item.kind, item.canonical, item.display, item.platform, item.host
    )


def _next_news(
    context: Context,
    is_urgent: bool,
    said: Sequence[Said],
    rules: Rules,
    since: datetime,
    now: datetime,
) -> datetime | None:
    """From when on there can be more: counted from the last change, and anew once that is over.

    In working hours; in hours of the clock where a child is in danger, or reports for itself.
    """
    hours = min(
        (rules[saying.news].news_after for saying in said), default=0.0
    )
    if not hours:
        return None
    # A date that has passed would say that nobody keeps what was promised.
    for begins in (since, now):
        if is_urgent:
            ends = begins + timedelta(hours=hours)
        else:
            ends = add_business_hours(context.country, begins, hours)
        if ends > now:
            return ends
    return None
