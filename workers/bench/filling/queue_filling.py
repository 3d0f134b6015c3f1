"""Many cases as a hotline has them after some years: most are over, a few are open."""

from __future__ import annotations

import hashlib
import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address

from hotline.core.context import Context
from hotline.core.storage.ids import new_id
from hotline.core.storage.machine import CREATED, HistoryEntry
from hotline.intake.models import Report, ReportPart
from hotline.intake.registry.kinds import ReportKind
from hotline.intake.registry.vocabulary import Channel, PartKind, PartState
from triage.cases.models import Case, CaseItem
from triage.cases.vocabulary import CaseState, PlaceState
from triage.items.models import Item, ItemMedia, Sighting
from triage.locations import identify_one
from triage.media.models import Media
from workers.bench.filling.looks_rows import LOOKS, make_looks
from workers.bench.filling.shared_rows import (
    Columns,
    Tables,
    insert_all,
    make_item,
    make_place,
    make_step,
)
from workers.bench.serving.database import gather_statistics

NOW = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)
BATCH = 5_000
# Hosts and networks come back, as they do in life: what is looked for by one
# meets several cases, never one and never all.
CASES_A_HOST = 8
NETWORKS = 300
# Of a thousand cases, by state.
SHARES = (
    (CaseState.WAITING, 30),
    (CaseState.SECOND_ASSESSMENT, 20),
    (CaseState.THIRD_ASSESSMENT, 5),
    (CaseState.ASSESSED, 20),
    (CaseState.HELD, 5),
    (CaseState.RECEIVED, 5),
    (CaseState.IN_PROGRESS, 60),
    (CaseState.REMOVED, 55),
    (CaseState.NOT_ILLEGAL, 300),
    (CaseState.CLOSED, 500),
)


@dataclass(frozen=True, slots=True)
class Sample:
    """What can be looked for in the filled database: of a case in the middle of it."""

    reference: str
    url: str
    host: str
    sha256: str
    pdq: str
    network: str
    address: str


def fill_cases(context: Context, size: int) -> Sample:
    """``size`` cases, each with a location, a report, a look at it and a file; the same for the
    same size. The work that was done for them is kept here, though a service forgets it in time."""
    # The same rows each time, so that two runs can be compared.
    dice = random.Random(size)
    states = [state for state, share in SHARES for _ in range(share)]
    # In lots: one transaction of all would have its rows in memory at once.
    for start in range(0, size, BATCH):
        numbers = range(start, min(size, start + BATCH))
        rows = [_make_case(number, size, dice, states) for number in numbers]
        with context.database.writing() as session:
            insert_all(session, TABLES, rows)
    # Else the planner takes the tables for empty, as they were when it last
    # looked.
    gather_statistics(context.database)
    return _sample_of(size // 2, size)


TABLES: Tables = (
    (Item, "item"),
    (Case, "case"),
    (CaseItem, "place"),
    (HistoryEntry, "history"),
    (Report, "report"),
    (ReportPart, "part"),
    (Sighting, "sighting"),
    (Media, "media"),
    (ItemMedia, "seen"),
    *LOOKS,
)


def _sample_of(number: int, size: int) -> Sample:
    return Sample(
        _reference(number),
        _url(number, size),
        _host(number, size),
        _digest("sha256", number),
        _digest("pdq", number),
        _network(number),
        _address(number, size),
    )


def _reference(number: int) -> str:
    return f"AL-2026-{number:06d}"


def _host(number: int, size: int) -> str:
    return f"host{_host_number(number, size)}.example"


def _address(number: int, size: int) -> str:
    """Each host has one of its own, of those that are set aside for measuring."""
    return str(IPv4Address("198.18.0.0") + _host_number(number, size))


def _host_number(number: int, size: int) -> int:
    return number % max(1, size // CASES_A_HOST)


def _url(number: int, size: int) -> str:
    return f"http://{_host(number, size)}/{number}.html"


def _network(number: int) -> str:
    return f"AS{64_500 + number % NETWORKS}"


def _digest(name: str, number: int) -> str:
    return hashlib.sha256(f"{name} {number}".encode()).hexdigest()


def _make_case(
    number: int, size: int, dice: random.Random, states: Sequence[CaseState]
) -> dict[str, Columns]:
    """The rows of one case, by the names in ``TABLES``."""
    item_id = new_id()
    # Spread over five years, so that an index by time has something to leave
    # out.
    at = NOW - timedelta(minutes=dice.randrange(5 * 365 * 1440))
    url = _url(number, size)
    item = _row_of_item(number, size, dice, item_id, at)
    return {
        "item": item,
        **_rows_of_case(number, dice, states, item_id, at),
        **_rows_of_report(number, at, new_id(), new_id(), item_id),
        **_rows_of_media(number, url, item_id, at),
        **make_looks(
            item_id, url, _network(number), _address(number, size), at
        ),
    }


def _row_of_item(
    number: int,
    size: int,
    dice: random.Random,
    item_id: uuid.UUID,
    at: datetime,
) -> Columns:
    url, host = _url(number, size), _host(number, size)
    return make_item(
        item_id,
        url,
        at,
        # By the service's own identity, else no search would find it.
        key=identify_one(url).key,
        display=url,
        host=host,
        registrable_domain=host,
        hosting_country=dice.choice(("AL", "DE", "NL", "US", None)),
        asn=_network(number),
        sighting_count=1,
        fetchable=True,
    )


def _rows_of_case(
    number: int,
    dice: random.Random,
    states: Sequence[CaseState],
    item_id: uuid.UUID,
    at: datetime,
) -> dict[str, Columns]:
    case_id, state = new_id(), dice.choice(states)
    priority = dice.randrange(20, 600)
    return {
        "case": {
            "id": case_id,
            "reference": _reference(number),
            "opened_at": at,
            "state": state,
            "state_since": at,
            "priority": priority,
            "priority_parts": [
                {"slug": "baseline", "points": priority, "why": "On a list"}
            ],
            "kind": dice.choice(list(ReportKind)),
            "held": int(state == CaseState.HELD),
        },
        "place": make_place(case_id, item_id, at, state=PlaceState.NOTHING),
        "history": make_step(
            "case",
            case_id,
            at,
            event=CREATED,
            before="",
            after=CaseState.RECEIVED,
        ),
    }


def _rows_of_media(
    number: int, url: str, item_id: object, at: datetime
) -> dict[str, Columns]:
    media_id = new_id()
    return {
        "media": {
            "id": media_id,
            "sha256": _digest("sha256", number),
            "sha1": _digest("sha1", number)[:40],
            "md5": _digest("md5", number)[:32],
            "kind": "image",
            "media_type": "image/jpeg",
            "size": 1_000,
            "pdq": _digest("pdq", number),
            "pdq_quality": 90,
            "phash": _digest("phash", number)[:16],
            "hashable": True,
            "first_seen_at": at,
        },
        "seen": {
            "id": new_id(),
            "item_id": item_id,
            "media_id": media_id,
            "url": url,
            "source": "img",
            "first_seen_at": at,
            "last_seen_at": at,
        },
    }


def _rows_of_report(
    number: int,
    at: datetime,
    report_id: object,
    part_id: object,
    item_id: object,
) -> dict[str, Columns]:
    return {
        "report": {
            "id": report_id,
            "received_at": at,
            "channel": Channel.FORM,
            "source": f"sender-{number % 40}" if number % 4 == 0 else "",
            "language": "sq",
            "kind": ReportKind.CSAM_IMAGE,
            "receipt_mac": hashlib.sha256(f"r{number}".encode()).digest(),
        },
        "part": {
            "id": part_id,
            "report_id": report_id,
            "position": 0,
            "kind": PartKind.LOCATION,
            "state": PartState.IN_REVIEW,
            "state_since": at,
        },
        "sighting": {
            "id": new_id(),
            "item_id": item_id,
            "part_id": part_id,
            "at": at,
        },
    }
