"""What the machine finds out about an item: where it is hosted, what is there, what it matches.

The network is asked first, with no transaction open; one transaction then stores all of it. Hashes
and facts are written, never content: bytes lived in the fetcher's process and are gone by now.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import NotFound, phrase
from hotline.core.jobs.steps import Steps
from hotline.core.jobs.task import Task
from hotline.core.settings import Settings
from hotline.core.storage import audit, machine
from hotline.core.storage.ids import new_id
from hotline.intake.registry.vocabulary import PartEvent
from triage.cases.examination.appraise import appraise_case
from triage.cases.examination.hashes.store_media import store_media
from triage.cases.examination.register import join_location
from triage.cases.examination.reporters import tell_reporters
from triage.cases.examination.second_look import (
    PATIENT,
    is_second_look,
    post_second_look,
)
from triage.cases.places import lock_case_of, note_at_place
from triage.cases.vocabulary import CaseEvent, CaseState, PlaceEvent
from triage.fetching.report import FetchLimits, FetchReport, PageFetcher
from triage.hosting.facts import HostingFacts, Observation, tls_observation
from triage.hosting.lookup import Lookup
from triage.items.access import (
    NOTHING_SPECIAL,
    Access,
    access_of,
    fetch_request,
)
from triage.items.models import (
    HostingHop,
    HostingObservation,
    Item,
    Visit,
)
from triage.items.origin import FACT as ORIGIN
from triage.items.origin import observe_item, told_origins
from triage.locations import identify_one
from triage.locations.catalogue import load_platforms
from triage.locations.identify import is_shortener
from triage.prints.watch import watch_item

# The index of hashes is arrays: who only names the type of a search loads none.
if TYPE_CHECKING:
    from triage.hashlists.search.matcher import Matcher

# Registries may take many seconds; what is known of a file is not kept waiting for them.
PATIENCE_SECONDS = 0.3


@dataclass(frozen=True)
class Examination:
    """What the network said: the fetch (None where there was nothing to fetch) and the facts."""

    report: FetchReport | None
    facts: HostingFacts


def examine_item(
    task: Task, *, fetcher: PageFetcher, lookup: Lookup, matcher: Matcher
) -> None:
    """Look at the item, store what was found, put its case into the queue."""
    item_id = task.id_of("item_id")
    with task.context.database.reading() as session:
        item = session.get(Item, item_id)
        if item is None:
            raise NotFound(phrase("There is no such item."))
        access = access_of(session, task.context, item_id)
        # Read before the network is asked: a host that answers slowly must not
        # keep a transaction open.
        origins = told_origins(session, item_id)
    report = fetch_location(
        item,
        task.context.settings,
        fetcher,
        task.steps,
        access,
        limits=PATIENT if is_second_look(task) else FetchLimits(),
    )
    # Aside, so that the page shows the matches while the registries are still
    # being asked.
    with ThreadPoolExecutor(1) as aside, task.steps.measured("hosting"):
        asked = aside.submit(
            locate_hosting, item, report, lookup, task.now, origins
        )
        is_known = bool(wait([asked], PATIENCE_SECONDS).done)
        if report is not None and not is_known:
            _show_what_matched(task, item_id, report, matcher)
        facts = asked.result()
    with task.steps.measured("store"), task.finishing() as session:
        item = session.get_one(Item, item_id, with_for_update=True)
        if store_facts(session, item, facts):
            host_moved(session, task.context, item, task.now)
        if report is not None:
            act = Act(session, task.context, audit.SYSTEM, task.now)
            follow_shortener(act, item, report)
            session.add(new_visit(item, report, purpose="first", now=task.now))
            with task.steps.measured("match"):
                store_media(
                    session, item, report, matcher=matcher, now=task.now
                )
            post_second_look(act, task, item, report)
        # Before the case is ranked: only what was examined may tell the
        # police.
        item.examined_at = task.now
        watch_item(session, item, task.now)
        into_queue(session, task, item, is_examined=True)


def locate_item(task: Task, *, lookup: Lookup) -> None:
    """Look up where the item is hosted, and nothing else; a changed host is a new hop."""
    item_id = task.id_of("item_id")
    with task.context.database.reading() as session:
        item = session.get_one(Item, item_id)
        origins = told_origins(session, item_id)
    # Between two transactions, as above.
    facts = observe_item(lookup, item, origins, now=task.now)
    with task.finishing() as session:
        item = session.get_one(Item, item_id, with_for_update=True)
        if store_facts(session, item, facts):
            host_moved(session, task.context, item, task.now)


def _show_what_matched(
    task: Task, item_id: uuid.UUID, report: FetchReport, matcher: Matcher
) -> None:
    """The registries are slow: the case shows already now what its files met."""
    with task.context.database.writing() as session:
        item = session.get_one(Item, item_id, with_for_update=True)
        store_media(session, item, report, matcher=matcher, now=task.now)
        session.flush()
        appraise_case(
            session, task.context, lock_case_of(session, item), task.now
        )


def appraise_item(task: Task) -> None:
    """A further sighting of an item that was examined just now: only its priority is new."""
    with task.finishing() as session:
        item = session.get_one(
            Item, task.id_of("item_id"), with_for_update=True
        )
        into_queue(session, task, item, is_examined=False)


def into_queue(
    session: Session, task: Task, item: Item, *, is_examined: bool
) -> None:
    """Appraise the item's case, let it wait for a person, and say so to its reporters.

    ``is_examined``: whether the item was looked at; where it was not, a case that waits already has
    nothing new in its history.
    """
    session.flush()
    case = lock_case_of(session, item)
    is_new_step = is_examined or case.state != CaseState.WAITING
    # A later look at a case that was decided long ago moves nothing back.
    if is_new_step and case.machine.allows(case.state, CaseEvent.EXAMINED):
        machine.advance_state(
            session, case, CaseEvent.EXAMINED, actor=audit.SYSTEM, now=task.now
        )
    appraise_case(session, task.context, case, task.now)
    events = [PartEvent.EXAMINED]
    # A new report of something that was passed on already: its reporter need
    # not wait for a step that lies behind.
    if case.state == CaseState.IN_PROGRESS:
        events.append(PartEvent.PASSED_ON)
    for event in events:
        tell_reporters(
            Act(session, task.context, audit.SYSTEM, task.now), item.id, event
        )


def host_moved(
    session: Session, context: Context, item: Item, now: datetime
) -> None:
    """The item lies elsewhere now: the rules are asked anew, and a person plans anew."""
    case = lock_case_of(session, item)
    act = Act(session, context, audit.SYSTEM, now)
    note_at_place(act, case, item.id, PlaceEvent.MOVED)
    if case.machine.allows(case.state, CaseEvent.HOST_MOVED):
        machine.advance_state(
            session,
            case,
            CaseEvent.HOST_MOVED,
            actor=audit.SYSTEM,
            now=now,
            country=item.hosting_country,
            asn=item.asn,
        )
    appraise_case(session, context, case, now)


def follow_shortener(act: Act, item: Item, report: FetchReport) -> None:
    """Where a shortener led is a location of its own, seen by the same reports."""
    catalogue = load_platforms(act.context.settings.data_dir)
    short = identify_one(item.canonical, catalogue=catalogue)
    target = identify_one(report.final_url, catalogue=catalogue)
    if (
        is_shortener(short, catalogue)
        and target.key
        # A shortener that leads to itself would else make two of one place.
        and target.key != item.key
    ):
        join_location(act, item, target)


def examine_location(
    item: Item,
    *,
    settings: Settings,
    fetcher: PageFetcher,
    lookup: Lookup,
    now: datetime,
) -> Examination:
    """Ask the network about ``item``; failures are facts, not errors."""
    report = fetch_location(item, settings, fetcher, Steps())
    return Examination(report, locate_hosting(item, report, lookup, now))


def fetch_location(
    item: Item,
    settings: Settings,
    fetcher: PageFetcher,
    steps: Steps,
    access: Access = NOTHING_SPECIAL,
    limits: FetchLimits | None = None,
) -> FetchReport | None:
    """What lies there; None where there is nothing to fetch."""
    if not item.fetchable:
        return None
    started = time.perf_counter()
    request = fetch_request(item, settings, access)
    if limits is not None:
        request = replace(request, limits=limits)
    # Hashing happens in the fetcher's process, so that its share is subtracted
    # below to tell the network's time apart.
    report = fetcher.fetch(request)
    steps.add("hash", report.hash_seconds)
    steps.add("fetch", time.perf_counter() - started - report.hash_seconds)
    return report


def locate_hosting(
    item: Item,
    report: FetchReport | None,
    lookup: Lookup,
    now: datetime,
    told: Sequence[Observation] = (),
) -> HostingFacts:
    """Where it is hosted, with what the host's own answer gives away."""
    headers = report.headers if report is not None else {}
    facts = observe_item(lookup, item, told, now=now, headers=headers)
    # The last hop is where the content lay; the certificates before it are of
    # those who sent the visitor on.
    hop = report.hops[-1] if report is not None and report.hops else None
    contacts = (
        tls_observation(hop.tls, item.host, now) if hop and item.host else None
    )
    return (
        facts
        if contacts is None
        else replace(facts, observations=(*facts.observations, contacts))
    )


def store_facts(session: Session, item: Item, facts: HostingFacts) -> bool:
    """Keep every observation; the item holds what the sources agree on. True if the host changed.

    A host that does not resolve right now has not moved: what was known of it stays.
    """
    for observation in facts.observations:
        if observation.fact == ORIGIN:  # it stands there since it was told
            continue
        session.add(
            HostingObservation(
                item_id=item.id,
                fact=observation.fact,
                value=observation.value,
                subject=observation.subject,
                source=observation.source,
                at=observation.at,
                confidence=observation.confidence,
            )
        )
    hops = session.scalars(
        select(HostingHop)
        .where(HostingHop.item_id == item.id)
        .order_by(HostingHop.number)
    ).all()
    # An item without a host never resolves; there the other facts decide.
    if hops and item.host and not facts.addresses:
        return False
    item.hosting_kind = facts.kind
    item.hosting_country = facts.country
    item.asn = facts.asn
    item.abuse_contact = facts.abuse_contact
    here = (facts.kind, facts.country, facts.asn)
    if hops and (hops[-1].kind, hops[-1].country, hops[-1].asn) == here:
        return False
    kind, country, asn = here
    session.add(
        HostingHop(
            item_id=item.id,
            number=len(hops) + 1,
            at=facts.at,
            kind=kind,
            country=country,
            asn=asn,
            abuse_contact=facts.abuse_contact,
        )
    )
    # The first hop is where it was found, and no move.
    return bool(hops)


def is_elsewhere(item: Item, facts: HostingFacts) -> bool:
    """Whether a later look-up found another host; one that does not resolve has not moved."""
    return bool(facts.addresses) and (
        item.hosting_kind,
        item.hosting_country,
        item.asn,
    ) != (
        facts.kind,
        facts.country,
        facts.asn,
    )


def new_visit(
    item: Item, report: FetchReport, *, purpose: str, now: datetime
) -> Visit:
    return Visit(
        id=new_id(),
        item_id=item.id,
        at=now,
        purpose=purpose,
        outcome=report.outcome,
        status=report.status,
        error=report.error,
        report=report.to_stored(),
    )
