"""Where reported material lay, who was asked to remove it, and how soon it was gone."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Subquery, func, select
from sqlalchemy.orm import Session

from hotline.core.storage.machine import HistoryEntry
from partners.directory.models import Partner
from partners.notices.answers import VERBS
from partners.notices.models import Notice, ProviderAnswer
from partners.states import NoticeEvent
from triage.cases.models import Case, CaseItem
from triage.items.models import HostingHop, Item
from workers.statistics.counting.durations import NOTHING, Durations
from workers.statistics.counting.sql import (
    count_groups,
    first_event_of,
    first_events,
    is_within,
    measure_durations,
    seconds_between,
)
from workers.statistics.counting.steps import SENT, first_removed
from workers.statistics.periods import Period
from workers.statistics.tables import (
    UNKNOWN,
    FigureTable,
    TableName,
    Value,
    make_table,
)

PLACE_COLUMNS = ("found", "removed", "median_hours", "p90_hours")
PROVIDER_COLUMNS = ("notices", "removed", "median_hours", "p90_hours")
UNNAMED = "not_in_directory"
Counts = dict[str, int]


def count_by_country(session: Session, period: Period) -> FigureTable:
    return _count_places(
        session,
        period,
        TableName.BY_COUNTRY,
        "country",
        HostingHop.country,
        Item.hosting_country,
    )


def count_by_network(session: Session, period: Period) -> FigureTable:
    return _count_places(
        session,
        period,
        TableName.BY_NETWORK,
        "network",
        HostingHop.asn,
        Item.asn,
    )


def count_by_provider(session: Session, period: Period) -> FigureTable:
    """Each contact: notices, what it answered, removals, and how soon after the notice.

    What DSA Article 22(3) has a trusted flagger tell once a year is here, by provider.
    """
    sent = _count_sent(session, period)
    answers = _count_answers(session, period)
    gone = measure_durations(session, _time_notices(period))
    rows: dict[str, tuple[Value, ...]] = {}
    # A contact may answer in another period than the one in which it was
    # written to.
    for name in _largest_first({*sent, *answers, *gone}, sent):
        said = answers.get(name, {})
        rows[name] = (
            sent.get(name, 0),
            *_describe_removals(gone.get(name, NOTHING)),
            *(said.get(verb, 0) for verb in VERBS),
        )
    columns = (*PROVIDER_COLUMNS, *(f"answer_{verb}" for verb in VERBS))
    return make_table(TableName.BY_PROVIDER, "provider", columns, rows)


def count_notices_by_kind(session: Session, period: Period) -> FigureTable:
    """What was in the notices that left, by the kind of the case, and in those found gone."""
    sent = _count_kinds(session, first_events("notice", SENT, period))
    gone = _count_kinds(
        session, first_events("notice", (NoticeEvent.VERIFIED,), period)
    )
    rows = {
        kind: (sent.get(kind, 0), gone.get(kind, 0))
        for kind in _largest_first({*sent, *gone}, sent)
    }
    return make_table(
        TableName.NOTICES_BY_KIND, "kind", ("notices", "removed"), rows
    )


def _count_kinds(session: Session, events: Subquery) -> Counts:
    counted = (
        select(Case.kind, func.count())
        .select_from(events)
        .join(Notice, Notice.id == events.c.entity_id)
        .join(Case, Case.id == Notice.case_id)
        .group_by(Case.kind)
    )
    return count_groups(session, counted)


def _count_places(
    session: Session,
    period: Period,
    name: TableName,
    key: str,
    of_hop: Any,
    of_item: Any,
) -> FigureTable:
    """Where locations were first found to lie, and where those lay that are gone."""
    # Not known is a place of its own, so that the parts add up.
    where = func.coalesce(of_hop, UNKNOWN)
    first_hops = (
        select(where, func.count())
        # Where it lay when it came in; a move afterwards makes no new place.
        .where(HostingHop.number == 1, is_within(HostingHop.at, period))
        .group_by(where)
    )
    counted = count_groups(session, first_hops)
    gone = measure_durations(session, _time_removals(period, of_item))
    rows: dict[str, tuple[Value, ...]] = {}
    for place in _largest_first({*counted, *gone}, counted):
        removals = _describe_removals(gone.get(place, NOTHING))
        rows[place] = (counted.get(place, 0), *removals)
    return make_table(name, key, PLACE_COLUMNS, rows)


def _largest_first(names: set[str], counts: Counts) -> list[str]:
    return sorted(names, key=lambda name: (-counts.get(name, 0), name))


def _describe_removals(gone: Durations) -> tuple[Value, ...]:
    return (gone.count, gone.median_hours, gone.p90_hours)


def _time_removals(period: Period, of_item: Any) -> Any:
    removed = first_removed(period)
    return (
        select(
            func.coalesce(of_item, UNKNOWN).label("step"),
            seconds_between(Item.first_reported_at, removed.c.at).label(
                "seconds"
            ),
        )
        .select_from(removed)
        .join(CaseItem, CaseItem.id == removed.c.entity_id)
        .join(Item, Item.id == CaseItem.item_id)
    )


def _count_sent(session: Session, period: Period) -> Counts:
    sent = first_events("notice", SENT, period)
    name = func.coalesce(Partner.name, UNNAMED)
    counted = (
        select(name, func.count())
        .select_from(sent)
        .join(Notice, Notice.id == sent.c.entity_id)
        # A contact that was looked up for one notice stands in no directory.
        .outerjoin(Partner, Partner.id == Notice.partner_id)
        .group_by(name)
    )
    return count_groups(session, counted)


def _count_answers(session: Session, period: Period) -> dict[str, Counts]:
    name = func.coalesce(Partner.name, UNNAMED)
    rows = session.execute(
        select(name, ProviderAnswer.verb, func.count())
        .join(Notice, Notice.id == ProviderAnswer.notice_id)
        .outerjoin(Partner, Partner.id == Notice.partner_id)
        .where(is_within(ProviderAnswer.at, period))
        .group_by(name, ProviderAnswer.verb)
    )
    answers: dict[str, Counts] = {}
    for provider, verb, count in rows:
        answers.setdefault(provider, {})[verb] = count
    return answers


def _time_notices(period: Period) -> Any:
    """From each notice until our own checks found everything in it gone."""
    gone = first_events("notice", (NoticeEvent.VERIFIED,), period)
    sent = first_event_of("notice", SENT, gone.c.entity_id, gone.c.at)
    return (
        select(
            func.coalesce(Partner.name, UNNAMED).label("step"),
            seconds_between(sent, gone.c.at).label("seconds"),
        )
        .select_from(gone)
        .join(Notice, Notice.id == gone.c.entity_id)
        .outerjoin(Partner, Partner.id == Notice.partner_id)
    )


def count_removed(session: Session, period: Period) -> int:
    removed = first_removed(period)
    return session.scalar(select(func.count()).select_from(removed)) or 0


def count_reappeared(session: Session, period: Period) -> int:
    """How often something was there again that had been verified as gone."""
    counted = (
        select(func.count())
        .select_from(HistoryEntry)
        .where(
            HistoryEntry.entity == "case_item",
            HistoryEntry.event == "reappeared",
            is_within(HistoryEntry.at, period),
        )
    )
    return session.scalar(counted) or 0
