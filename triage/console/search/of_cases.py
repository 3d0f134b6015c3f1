"""Finders of cases: by reference, place, host, network, hash, identifier or a report's receipt.

Each asks by an index. What is found of a host or a network are the newest cases; the queue's
filters lead to all of them.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence

from flask import url_for
from flask_babel import gettext, lazy_gettext
from sqlalchemy import (
    Boolean,
    ColumnElement,
    Select,
    literal_column,
    or_,
    select,
)

from hotline.core.errors import InvalidInput, NotFound
from hotline.core.storage.reference_numbers import find_references
from hotline.intake import service as intake
from hotline.intake.models import ReportPart
from triage.cases.handling.models import CaseTag
from triage.cases.handling.tags import is_readable, read_tag
from triage.cases.listing.queue import by_reference
from triage.cases.models import Case, CaseItem
from triage.cases.pages import words
from triage.cases.people.models import CaseIdentifier
from triage.cases.people.service import identity_macs
from triage.console.search.asked import Asked
from triage.console.search.finding import SHOWN, Finder, Hit
from triage.hashlists.models import HashEntryRow, HashList
from triage.items.models import (
    IS_ADDRESS,
    HostingObservation,
    Item,
    ItemMedia,
    Sighting,
)
from triage.media.models import Media
from triage.prints.models import WatchedPrint

_SHORT = re.compile(r"(?:(\d{4})[-/ ])?0*(\d{1,6})")
MD5, SHA1, LONG, SHORT = 32, 40, 64, 16
"""Digits of the hashes that are looked up; 64 are a SHA-256 or a PDQ, 16 a pHash."""


def find_by_reference(asked: Asked) -> Sequence[Hit]:
    """``AL-2026-000123``, wherever it stands; or as people say it: ``2026-123``, ``123`` of this
    year."""
    hits = []
    for reference in _full_reference(asked) or asked.references:
        try:
            hits.append(hit_of(by_reference(asked.session, reference)))
        except NotFound:
            continue
    # Two may have become one case.
    return list(dict.fromkeys(hits))


def _full_reference(asked: Asked) -> Sequence[str]:
    short = _SHORT.fullmatch(asked.text)
    if short is None:
        return ()
    year = short[1] or asked.now.year
    prefix = asked.context.country.reference_prefix
    return find_references(f"{prefix}-{year}-{short[2]}")


def find_by_location(asked: Asked) -> Sequence[Hit]:
    """The very place, however it was written."""
    keys = [place.key for place in asked.locations]
    return _cases_with(asked, Item.key.in_(keys)) if keys else []


def find_by_host(asked: Asked) -> Sequence[Hit]:
    """The newest cases at a host, or at any host below a domain."""
    hosts = asked.hosts
    if not hosts:
        return []
    # Two questions, each by its own index.
    return newest_cases(
        asked, Item.host.in_(hosts), Item.registrable_domain.in_(hosts)
    )


def find_by_address(asked: Asked) -> Sequence[Hit]:
    """The newest cases of what was served from an IP address when somebody looked."""
    # Each address by itself: only then does its index give the newest first.
    items = {
        item_id
        for address in asked.addresses
        for item_id in asked.session.scalars(
            select(HostingObservation.item_id)
            .where(
                literal_column(IS_ADDRESS, Boolean),
                HostingObservation.value == address,
            )
            .group_by(HostingObservation.item_id)
            .order_by(HostingObservation.item_id.desc())
            .limit(SHOWN)
        )
    }
    newest = sorted(items, reverse=True)[:SHOWN]
    return _cases_with(asked, Item.id.in_(newest)) if newest else []


def find_by_network(asked: Asked) -> Sequence[Hit]:
    """The newest cases in an autonomous system."""
    if not asked.autonomous_system:
        return []
    return newest_cases(asked, Item.asn == asked.autonomous_system)


def find_by_hash(asked: Asked) -> Sequence[Hit]:
    """Where a file of this hash was seen, or a reporter gave it as a fingerprint."""
    value = asked.hash_value
    same_file = _is_file(value)
    if same_file is None:
        return []
    sightings = (
        select(ItemMedia.item_id)
        .join(Media, Media.id == ItemMedia.media_id)
        .where(same_file)
        .limit(SHOWN)
    )
    given = (
        select(WatchedPrint.item_id)
        .where(
            WatchedPrint.kind.in_(_kinds_of(value)),
            WatchedPrint.value == value,
        )
        .limit(SHOWN)
    )
    # As ids first: with OR between the two the whole table would be read.
    items = {*asked.session.scalars(sightings), *asked.session.scalars(given)}
    return _cases_with(asked, Item.id.in_(items)) if items else []


def find_on_lists(asked: Asked) -> Sequence[Hit]:
    """The lists on which the hash stands now; which entry it is stays there."""
    kinds = _kinds_of(asked.hash_value)
    if not kinds:
        return []
    on_list = (
        select(HashList)
        .join(HashEntryRow, HashEntryRow.list_id == HashList.id)
        .where(
            HashEntryRow.kind.in_(kinds),
            HashEntryRow.value == asked.hash_value,
            HashEntryRow.removed_in.is_(None),
        )
        .distinct()
    )
    lists = sorted(
        asked.session.scalars(on_list.limit(SHOWN)), key=lambda one: one.name
    )
    url = url_for("triage.hash_lists")
    return [
        Hit(
            entry.name,
            url,
            badge="" if entry.enabled else gettext("switched off"),
        )
        for entry in lists
    ]


def find_by_identifier(asked: Asked) -> Sequence[Hit]:
    """Cases in which the account, number, wallet or address was noted."""
    macs = [
        mac
        for said in asked.identifiers
        for mac in identity_macs(asked.context, said.identity)
    ]
    if not macs:
        return []
    noted = select(CaseIdentifier.case_id).where(
        CaseIdentifier.mac.in_(macs), CaseIdentifier.withdrawn_at.is_(None)
    )
    return _hits_of(asked, Case.id.in_(noted.limit(SHOWN)))


def find_by_tag(asked: Asked) -> Sequence[Hit]:
    """Cases with the tag that was typed, as long as it lasts."""
    try:
        tag = read_tag(asked.text)
    except InvalidInput:
        return []
    tagged = (
        select(CaseTag.case_id)
        .where(
            CaseTag.tag == tag,
            is_readable(asked.now),
        )
        .order_by(CaseTag.case_id.desc())
        .limit(SHOWN)
    )
    return _hits_of(asked, Case.id.in_(tagged))


def find_by_receipt(asked: Asked) -> Sequence[Hit]:
    """The cases of the report whose receipt somebody reads out."""
    report = intake.find_by_receipt(asked.session, asked.context, asked.text)
    if report is None:
        return []
    cases = (
        select(CaseItem.case_id)
        .join(Sighting, Sighting.item_id == CaseItem.item_id)
        .join(ReportPart, ReportPart.id == Sighting.part_id)
        .where(ReportPart.report_id == report.id)
    )
    return _hits_of(asked, Case.id.in_(cases.limit(SHOWN)))


def hit_of(case: Case) -> Hit:
    """A case as it stands in a list of hits."""
    first = words.defang(words.show_place(case.item)) if case.places else ""
    kind = words.word_for(words.KINDS, case.kind)
    return Hit(
        case.reference,
        url_for("triage.case", reference=case.reference),
        badge=str(words.STATES[case.state]),
        detail=" · ".join(part for part in (str(kind), str(first)) if part),
        about=case.reference,
    )


def _is_file(value: str) -> ColumnElement[bool] | None:
    columns = {
        MD5: (Media.md5,),
        SHA1: (Media.sha1,),
        LONG: (Media.sha256, Media.pdq),
        SHORT: (Media.phash,),
    }.get(len(value))
    if columns is None:
        return None
    return or_(*(column == value for column in columns))


def _kinds_of(value: str) -> Sequence[str]:
    """What a hash of this length can be, as lists call it."""
    return {
        MD5: ("md5",),
        SHA1: ("sha1",),
        LONG: ("sha256", "pdq"),
        SHORT: ("phash",),
    }.get(len(value), ())


def newest_cases(asked: Asked, *conditions: ColumnElement[bool]) -> list[Hit]:
    """Cases of the newest items of each of the conditions, every one by an index of its own."""
    # An id says when it was made, so that the newest of all are the greatest.
    newest = sorted(
        {
            item_id
            for condition in conditions
            for item_id in _newest_items(asked, condition)
        },
        reverse=True,
    )[:SHOWN]
    return _cases_with(asked, Item.id.in_(newest)) if newest else []


def _newest_items(
    asked: Asked, condition: ColumnElement[bool]
) -> Sequence[uuid.UUID]:
    newest = select(Item.id).where(condition).order_by(Item.id.desc())
    return asked.session.scalars(newest.limit(SHOWN)).all()


def _cases_with(asked: Asked, condition: ColumnElement[bool]) -> list[Hit]:
    of_items: Select[uuid.UUID] = (
        select(CaseItem.case_id)
        .join(Item, Item.id == CaseItem.item_id)
        .where(condition)
        .limit(SHOWN)
    )
    return _hits_of(asked, Case.id.in_(of_items))


def _hits_of(asked: Asked, condition: ColumnElement[bool]) -> list[Hit]:
    cases = asked.session.scalars(
        select(Case).where(condition).limit(SHOWN)
    ).unique()
    # Twenty rows are sorted here; the database finds them by another order.
    newest_first = sorted(cases, key=lambda case: case.opened_at, reverse=True)
    return [hit_of(case) for case in newest_first]


FINDERS = (
    Finder(
        55,
        "tag",
        lazy_gettext("Cases with this tag"),
        "queue.see",
        find_by_tag,
    ),
    Finder(
        10,
        "case",
        lazy_gettext("Case"),
        "queue.see",
        find_by_reference,
        is_exact=True,
    ),
    Finder(
        20,
        "receipt",
        lazy_gettext("Cases of the report with this receipt"),
        "personal.see",
        find_by_receipt,
        is_exact=True,
    ),
    Finder(
        50,
        "location",
        lazy_gettext("Cases of this location"),
        "queue.see",
        find_by_location,
    ),
    Finder(
        60,
        "identifier",
        lazy_gettext(
            "Cases in which this account, number or address is noted"
        ),
        "personal.see",
        find_by_identifier,
    ),
    Finder(
        70,
        "hash",
        lazy_gettext("Cases in which a file of this hash was seen or given"),
        "queue.see",
        find_by_hash,
    ),
    Finder(
        80,
        "hash_list",
        lazy_gettext("Lists that contain this hash"),
        "hashlist.see",
        find_on_lists,
    ),
    Finder(
        90,
        "host",
        lazy_gettext("Newest cases of this host or domain"),
        "queue.see",
        find_by_host,
    ),
    Finder(
        97,
        "address",
        lazy_gettext("Newest cases at this IP address"),
        "queue.see",
        find_by_address,
    ),
    Finder(
        100,
        "network",
        lazy_gettext("Newest cases in this network"),
        "queue.see",
        find_by_network,
    ),
)
