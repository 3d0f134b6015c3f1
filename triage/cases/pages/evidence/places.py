"""What the case page shows of each location: a fixed number of questions for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from hotline.core.context import Context
from hotline.core.language.said_time import SaidTime
from triage.cases.examination.second_look import find_second_looks
from triage.cases.fingerprints import PrintView, view_prints
from triage.cases.models import CaseItem
from triage.cases.pages.evidence.looked import Looked, describe_look
from triage.cases.pages.evidence.moves import Stay, list_stays
from triage.items.access import Ways, ways_of
from triage.items.models import HostingObservation, Visit
from triage.items.newest import list_newest
from triage.items.said_times import said_times_of
from triage.locations.others.address_use import (
    AddressUse,
    read_address_use,
)
from triage.locations.others.shared_file import SharedFile, read_shared_file

SHOWN_VISITS = 5
READ_OBSERVATIONS = 200
"""A place that is watched for months has thousands; the newest word of each source is among the
last."""


@dataclass(frozen=True)
class PlaceView:
    """One item of the case, with what is known of where it is.

    ``stays``: where it lay one after the other, if it moved.
    ``used``: of an address that somebody used, its port and time; ``shared_file``: what a link of
    a sharing network says of its file; ``fingerprint``: what was met of one that a reporter gave.
    """

    place: CaseItem
    observations: Sequence[HostingObservation]
    stays: Sequence[Stay]
    visits: Sequence[Visit]
    looked: Looked
    ways: Ways
    used: AddressUse | None
    shared_file: SharedFile | None
    said_times: tuple[SaidTime, ...]
    fingerprint: PrintView | None


def view_places(
    session: Session,
    context: Context,
    places: Sequence[CaseItem],
    now: datetime,
) -> list[PlaceView]:
    """Each question is asked of all of them together."""
    item_ids = [place.item_id for place in places]
    visits = list_newest(
        session, Visit, item_ids, SHOWN_VISITS, Visit.at.desc()
    )
    observations = list_newest(
        session,
        HostingObservation,
        item_ids,
        READ_OBSERVATIONS,
        HostingObservation.at.desc(),
        HostingObservation.id.desc(),
    )
    stays = list_stays(session, item_ids, now)
    again = find_second_looks(session, [at for at in visits if visits[at]])
    ways = ways_of(session, context.settings, item_ids)
    said_times = said_times_of(session, context, item_ids)
    prints = view_prints(session, item_ids)
    return [
        PlaceView(
            place=place,
            observations=_newest_words(observations[item.id]),
            stays=stays[item.id],
            visits=visits[item.id],
            looked=describe_look(item, visits[item.id], again.get(item.id)),
            ways=ways[item.id],
            used=read_address_use(item.canonical)
            if item.kind == "ip"
            else None,
            shared_file=read_shared_file(item.canonical),
            said_times=said_times[item.id],
            fingerprint=prints.get(item.id),
        )
        for place in places
        for item in [place.item]
    ]


def _newest_words(
    newest_first: Iterable[HostingObservation],
) -> list[HostingObservation]:
    """The newest word of each source on each fact."""
    newest: dict[tuple[str, str, str | None], HostingObservation] = {}
    latest: dict[tuple[str, str], datetime] = {}
    for row in newest_first:
        # One look may find several values of one fact (two addresses): all of that look count.
        if latest.setdefault((row.fact, row.source), row.at) == row.at:
            newest.setdefault((row.fact, row.source, row.value), row)
    return sorted(
        newest.values(),
        key=lambda row: (row.fact, row.source, row.value or ""),
    )
