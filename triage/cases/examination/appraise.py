"""Put together what is known of a case and ask the rules: whose case it is, and how urgent."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from hotline.core.context import Context
from hotline.core.storage import outbox
from hotline.core.storage.ids import new_id
from triage.cases.examination.police import post_if_strong
from triage.cases.models import Case
from triage.hashlists.kinds import MatchDecision
from triage.hashlists.models import HashEntryRow, HashList, MediaMatch
from triage.hosting.kinds import HostingKind
from triage.items.models import ItemMedia
from triage.jurisdiction import (
    AssessmentClass,
    Facts,
    load_rules,
    priority_signals,
    route_facts,
    rules_digest,
)
from triage.locations.others.address_use import is_used_by_person
from triage.media.models import Media
from triage.priority import ListClass, score_case

# In a stored routing: the digest of the rules that it follows from.
RULES = "rules"


def appraise_case(
    session: Session, context: Context, case: Case, now: datetime
) -> None:
    """Recompute routing, priority and the proposed class. The proposal is never a decision.

    The police are told of a case that a list's switch sends them.
    """
    session.flush()
    facts = Facts.from_json(facts_of(session, context, case))
    rules = load_rules(context.settings.data_dir)
    routing = route_facts(facts, rules)
    signals = priority_signals(
        facts,
        routing.jurisdiction,
        urgent_kind=facts.is_child_in_contact,
        time_presses=case.time_presses,
        sightings=max(1, case.item.sighting_count),
        age_hours=max(
            0.0, (now - case.item.first_reported_at).total_seconds() / 3600
        ),
        deadline_hours=(case.due_at - now).total_seconds() / 3600
        if case.due_at
        else None,
    )
    listed = facts.known_list
    if listed and facts.assessment is not AssessmentClass.NOT_ILLEGAL:
        # The rules know a class for the whole case; one new picture among known ones still counts.
        signals = replace(
            signals, new_material=_has_unlisted(session, case.item_id)
        )
    priority = score_case(signals, rules.weights)
    before = case.routing
    digest = rules_digest(context.settings.data_dir)
    case.routing = {**routing.to_json(), RULES: digest}
    if before and before.get("routes") != case.routing["routes"]:
        post_review(session, case, now)
    case.priority = priority.score
    case.priority_parts = [part.to_json() for part in priority.parts]
    case.proposed_class = (
        str(listed) if listed in ("baseline", "national") else ""
    )
    if (
        case.item.examined_at is not None
    ):  # before that nobody knows whose case it is
        session.flush()
        post_if_strong(session, case, now)


def appraise_by_rules_of_now(
    session: Session, context: Context, case: Case, now: datetime
) -> None:
    """Ask the rules anew where the case's routes come from other rules than today's.

    A law or a partner hotline may have changed since the routing was stored.
    """
    if case.routing.get(RULES) != rules_digest(context.settings.data_dir):
        appraise_case(session, context, case, now)


def post_review(session: Session, case: Case, now: datetime) -> None:
    """Whoever decided on the case as it was is to look again: plans, and notices not yet sent."""
    outbox.post_work(
        session,
        "case.review",
        key=f"review:{case.id}:{new_id()}",
        payload={"case_id": str(case.id)},
        now=now,
        queue="urgent",
    )


def facts_of(session: Session, context: Context, case: Case) -> dict[str, Any]:
    """The facts of the routing rules, as JSON: what we found, what was said, what was assessed.

    What a person wrote into ``case.facts`` (victim, suspect, where it was made) goes before all.
    """
    item = case.item
    facts: dict[str, Any] = {
        "home": context.settings.country,
        "hosting_kind": item.hosting_kind
        if item.canonical
        else HostingKind.NONE,
        "hosting_country": item.hosting_country,
        "address_used": is_used_by_person(item.canonical, case.kind)
        if item.kind == "ip"
        else False,
        "platform": item.platform,
        "reporter_is_child": case.child_reporter or None,
        "own_material": case.own_material or None,
        "kind": case.kind if case.kind != "unknown" else None,
        "assessment": _agreed_class(case),
        "known_list": _known_list(session, case),
    }
    if case.danger_now:
        facts["victim"] = {"at_immediate_risk": True}
    for name, value in case.facts.items():
        section = facts.get(name)
        facts[name] = (
            {**section, **value} if isinstance(section, dict) else value
        )
    return facts


def _agreed_class(case: Case) -> AssessmentClass:
    return AssessmentClass(
        case.outcome.get("class") or AssessmentClass.UNASSESSED
    )


def known_class(session: Session, case: Case) -> ListClass:
    """The most severe class that a known-hash list gives to a file seen here.

    A match that an analyst disconfirmed counts no more, here or elsewhere.
    """
    rows = session.execute(
        select(
            HashList.default_class,
            HashList.category_map,
            HashEntryRow.category,
        )
        .join(MediaMatch, MediaMatch.list_id == HashList.id)
        .join(HashEntryRow, HashEntryRow.id == MediaMatch.entry_id)
        .join(ItemMedia, ItemMedia.media_id == MediaMatch.media_id)
        .where(
            ItemMedia.item_id == case.item_id,
            HashList.enabled,
            HashEntryRow.removed_in.is_(None),
            MediaMatch.decision != MatchDecision.DISCONFIRMED,
        )
        .distinct()
    )
    worst = ListClass.NONE
    for default, mapping, category in rows:
        list_class = _named_class(mapping.get(category or "", default))
        if list_class.severity > worst.severity:
            worst = list_class
    return worst


def _named_class(name: str) -> ListClass:
    """A list may map its categories to classes of its own: then it is just listed."""
    if name in (ListClass.BASELINE, ListClass.NATIONAL):
        return ListClass(name)
    return ListClass.LISTED


def _has_unlisted(session: Session, item_id: uuid.UUID) -> bool:
    """Whether a file seen there can be compared and is on no list that is in use."""
    listed_media = (
        exists()
        .where(
            MediaMatch.media_id == ItemMedia.media_id,
            MediaMatch.decision != MatchDecision.DISCONFIRMED,
            HashEntryRow.id == MediaMatch.entry_id,
            HashEntryRow.removed_in.is_(None),
            HashList.id == MediaMatch.list_id,
            HashList.enabled,
        )
        .correlate(ItemMedia)
    )
    query = (
        select(Media.id)
        .join(ItemMedia, ItemMedia.media_id == Media.id)
        .where(ItemMedia.item_id == item_id, Media.hashable, ~listed_media)
        .limit(1)
    )
    return session.scalar(query) is not None


def _known_list(session: Session, case: Case) -> str | bool | None:
    """The class; False for material that is on no list; None where nothing could be hashed."""
    listed = known_class(session, case)
    if listed is not ListClass.NONE:
        return str(listed)
    hashed = session.scalar(
        select(Media.id)
        .join(ItemMedia, ItemMedia.media_id == Media.id)
        .where(ItemMedia.item_id == case.item_id, Media.hashable)
        .limit(1)
    )
    return False if hashed is not None else None
