"""Put together what is known of a case and ask the rules: whose case it is, and how urgent."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy.orm import Session

from hotline.core.context import Context
from hotline.core.jobs.names import JobName
from hotline.core.storage import outbox
from hotline.core.storage.ids import new_id
from triage.cases.examination.hashes.known import KnownFiles, find_known
from triage.cases.examination.police import post_if_strong
from triage.cases.examination.reporters import (
    is_child_cared_for,
    is_child_said_elsewhere,
)
from triage.cases.models import Case, CaseItem
from triage.cases.places import item_ids_of
from triage.items.models import Item
from triage.jurisdiction import (
    AssessmentClass,
    Facts,
    Routing,
    Rules,
    join_routings,
    load_rules,
    priority_signals,
    route_facts,
    rules_digest,
)
from triage.priority import (
    WORD_SLUGS,
    ListClass,
    Priority,
    Slug,
    score_case,
)

# In a stored routing: the digest of the rules that it follows from.
RULES = "rules"
ACCOUNT = "account"
UNKNOWN_PLATFORM = "unknown"
NOTHING_OTHERWISE: Mapping[str, object] = MappingProxyType({})


def appraise_case(
    session: Session, context: Context, case: Case, now: datetime
) -> None:
    """Recompute routing, priority and the proposed class. The proposal is never a decision.

    Each item is asked about by itself; the case has the answers of all. The police are told of a
    case that a list's switch sends them.
    """
    session.flush()
    if not case.places:  # it was merged: the other case has them
        return
    # The digest first: where other rules come into force between the two, the routes bear an older
    # digest than theirs and are asked for once more, never a newer one that nobody looks at again.
    digest = rules_digest(context.settings.data_dir)
    rules = load_rules(context.settings.data_dir)
    looked_up = look_up(session, case)
    appraised = [
        appraise_place(context, case, place, rules, now, looked_up)
        for place in case.places
    ]
    # Of a single item the answer for the case is its own: it is stored once.
    has_several = len(appraised) > 1
    for place, each in zip(case.places, appraised, strict=True):
        place.routing = each.routing.to_stored() if has_several else {}
    routing = join_routings([each.routing for each in appraised])
    # A case is as urgent as the most urgent of its places.
    priority = max(
        (each.priority for each in appraised), key=lambda each: each.score
    )
    listed = max(
        (each.listed for each in appraised), key=lambda each: each.severity
    )
    before = case.routing
    case.routing = {**routing.to_stored(), RULES: digest}
    # Only where the routes differ: a new reason alone changes nobody's plan.
    # The first answer of all has nothing to be compared with.
    if before and before.get("routes") != case.routing["routes"]:
        post_review(session, case, now)
    case.priority = priority.score
    case.priority_parts = [part.to_json() for part in priority.parts]
    case.proposed_class = (
        str(listed)
        if listed in (ListClass.BASELINE, ListClass.NATIONAL)
        else ""
    )
    # Before one of them was looked at nobody knows whose case it is.
    if any(item.examined_at is not None for item in case.items):
        session.flush()
        post_if_strong(session, case, now)


@dataclass(frozen=True, slots=True)
class Appraisal:
    """What the rules say of one item, and the class that lists give it."""

    routing: Routing
    priority: Priority
    listed: ListClass


@dataclass(frozen=True, slots=True)
class LookedUp:
    """What tables hold of a case beside its own rows, asked once for all its items."""

    files: Mapping[uuid.UUID, KnownFiles]
    child_is_cared_for: bool
    child_is_said_elsewhere: bool
    platforms: tuple[str, ...]

    def files_at(self, item: Item) -> KnownFiles:
        return self.files.get(item.id, KnownFiles())


def look_up(session: Session, case: Case) -> LookedUp:
    return LookedUp(
        find_known(session, item_ids_of(case.id)),
        is_child_cared_for(session, case),
        is_child_said_elsewhere(session, case),
        tuple(sorted(_platforms_of(case))),
    )


def _platforms_of(case: Case) -> set[str]:
    """A bare name is one on some platform, too: nobody knows on which."""
    return {
        place.item.platform or UNKNOWN_PLATFORM
        for place in case.places
        if (place.item.platform and not place.hosting_kind.is_hidden)
        or place.item.kind == ACCOUNT
    }


def appraise_place(
    context: Context,
    case: Case,
    place: CaseItem,
    rules: Rules,
    now: datetime,
    looked_up: LookedUp,
    *,
    otherwise: Mapping[str, object] = NOTHING_OTHERWISE,
) -> Appraisal:
    """What ``rules`` say of one item; nothing is stored. ``otherwise``: facts in the place of
    those that are known."""
    item = place.item
    files = looked_up.files_at(item)
    said = facts_of(context, case, place, looked_up)
    facts = Facts.from_json({**said, **otherwise})
    routing = route_facts(facts, rules)
    hours_known = (now - item.first_reported_at).total_seconds() / 3600
    signals = priority_signals(
        facts,
        routing.jurisdiction,
        # A child in contact with an offender may be hurt while the case waits;
        # what lies somewhere already can be looked at in turn.
        urgent_kind=facts.is_child_in_contact,
        time_presses=case.time_presses,
        words=frozenset(
            Slug(theme) for theme in case.word_themes if theme in WORD_SLUGS
        ),
        # Each place where the reporter's own picture was seen says as much as a report of it.
        sightings=max(1, item.sighting_count) + files.places,
        # Another machine's clock may be a little ahead of this one's.
        age_hours=max(0.0, hours_known),
        deadline_hours=(case.due_at - now).total_seconds() / 3600
        if case.due_at
        else None,
    )
    listed = facts.known_list
    if listed and facts.assessment is not AssessmentClass.NOT_ILLEGAL:
        # The rules know a class for the whole item; one new picture among known ones still counts.
        signals = replace(signals, new_material=files.has_unlisted)
    return Appraisal(
        routing,
        score_case(signals, rules.weights),
        ListClass(listed) if isinstance(listed, str) else ListClass.NONE,
    )


def route_case(
    session: Session,
    context: Context,
    case: Case,
    language: str,
    *,
    for_office: bool = False,
) -> Routing:
    """What the rules say of the case now, in ``language``; nothing is stored.

    ``for_office``: as an office reads it.
    """
    rules = load_rules(context.settings.data_dir)
    looked_up = look_up(session, case)
    return join_routings(
        [
            route_facts(
                Facts.from_json(facts_of(context, case, place, looked_up)),
                rules,
                language,
                for_office=for_office,
            )
            for place in case.places
        ]
    )


def appraise_by_rules_of_now(
    session: Session, context: Context, case: Case, now: datetime
) -> None:
    """Ask the rules anew where the case's routes come from other rules than today's."""
    # A law or a partner hotline may have changed since the routing was stored.
    if case.routing.get(RULES) != rules_digest(context.settings.data_dir):
        appraise_case(session, context, case, now)


def post_review(session: Session, case: Case, now: datetime) -> None:
    """Whoever decided on the case as it was is to look again: plans, and notices not yet sent."""
    outbox.post_work(
        session,
        JobName.CASE_REVIEW,
        # A new key each time: what is looked at anew may change again while an
        # earlier review is still at work.
        key=f"review:{case.id}:{new_id()}",
        payload={"case_id": str(case.id)},
        now=now,
        queue="urgent",
    )


def facts_of(
    context: Context, case: Case, place: CaseItem, looked_up: LookedUp
) -> dict[str, Any]:
    """The facts of the routing rules about one item of a case, as JSON.

    They are what we found, what was said and what was assessed. What a person wrote into
    ``case.facts`` (victim, suspect, where it was made) goes before all.
    """
    item = place.item
    facts: dict[str, Any] = {
        "home": context.settings.country,
        "hosting_kind": place.hosting_kind,
        "hosting_country": item.hosting_country,
        "address_used": place.is_used_by_person,
        "platform": item.platform,
        "case_platforms": looked_up.platforms,
        # None and not False: that nobody said so is not that it is not so.
        "reporter_is_child": case.child_reporter or None,
        "reporter_cares_for_child": looked_up.child_is_cared_for or None,
        "child_said_elsewhere": looked_up.child_is_said_elsewhere or None,
        "time_presses": case.time_presses or None,
        "own_material": case.own_material or None,
        "kind": case.kind if case.kind != "unknown" else None,
        "assessment": agreed_class(case, place),
        "known_list": looked_up.files_at(item).known_list,
    }
    # Before the person's own facts, which may say that the danger is over.
    if case.danger_now:
        facts["victim"] = {"at_immediate_risk": True}
    for name, value in case.facts.items():
        section = facts.get(name)
        facts[name] = (
            {**section, **value} if isinstance(section, dict) else value
        )
    return facts


def agreed_class(case: Case, place: CaseItem) -> AssessmentClass:
    """What people found the item to be; that of the case, where they did not tell it apart."""
    of_case = case.outcome.get("class")
    if not of_case:
        return AssessmentClass.UNASSESSED
    return AssessmentClass(place.assessed_class or of_case)
