"""The verbs on cases: find, claim, assess, decide on a match, note facts. One transaction each."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    exists,
    func,
    literal,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.orm import Session, contains_eager

from hotline.accounts.models import Person
from hotline.core.context import Context
from hotline.core.errors import Conflict, InvalidInput, NotFound, phrase
from hotline.core.storage import audit, machine
from hotline.core.storage.ids import new_id
from triage.cases import assessment, floods
from triage.cases.examination.appraise import appraise_case, post_review
from triage.cases.examination.register import tell_reporters
from triage.cases.locking import lock_case
from triage.cases.models import OPEN_STATES, Assessment, Case
from triage.cases.tabs import (
    HELD_DANGER,
    IN_DANGER,
    TABS,
    beyond_mark,
    rank_in,
    stands_in,
)
from triage.hashlists.kinds import MatchDecision
from triage.hashlists.models import MediaMatch
from triage.items.models import Item, ItemMedia
from triage.jurisdiction import Facts

# Later assessments in these states are blind: nobody sees who assessed before, or how.
BLIND_STATES = ("second_assessment", "third_assessment")
COUNTED = 1_000
PAGE = 50
NOTE = "assessment.note"
LONGEST_NOTE = 4_000
ASSESSED_ALREADY = phrase(
    "You have assessed this case; the next one must be somebody else."
)
# Facts that only a person can know; the others are found out or follow from the assessment.
PERSONS_FACTS = ("generated_in", "victim", "suspect")


@dataclass(frozen=True)
class Filters:
    """Of the queue; an empty one lets everything through. ``country`` "??" is "not known"."""

    country: str = ""
    kind: str = ""
    host: str = ""
    mine: bool = False


@dataclass(frozen=True)
class Row:
    """``assessed``: the person who looks has assessed the case in this round already."""

    case: Case
    assessed: bool


@dataclass(frozen=True)
class Page:
    """``after`` leads to the next page; None on the last."""

    rows: list[Row] = field(default_factory=list)
    after: str | None = None


# finding


def list_queue(
    session: Session,
    *,
    tab: str,
    filters: Filters,
    person: Person,
    now: datetime,
    after: str | None = None,
    limit: int = PAGE,
) -> Page:
    """One page of a tab, most urgent first, among equals the one that waits longest. One query.

    The tab of what is held has every case where reports of a flood wait, whatever its state.
    """
    rank = rank_in(tab)
    mine = exists().where(
        Assessment.case_id == Case.id,
        Assessment.round == Case.round,
        Assessment.person_id == person.id,
    )
    query = (
        select(Case, mine)
        .join(Case.item)
        .options(contains_eager(Case.item))
        .where(stands_in(tab), *_filter_conditions(filters, person, now))
        .order_by(rank.desc(), Case.id)
        .limit(limit + 1)
    )
    if after:
        query = query.where(beyond_mark(after, rank))
    rows = [Row(case, assessed) for case, assessed in session.execute(query)]
    if len(rows) <= limit:
        return Page(rows)
    last = rows[limit - 1].case
    return Page(rows[:limit], f"{getattr(last, rank.key)}.{last.id.hex}")


def count_tabs(session: Session) -> dict[str, int]:
    """Cases by tab, and those ``IN_DANGER``, each counted up to ``COUNTED`` + 1 only, so that a
    million costs no more."""

    def capped(name: str, condition: ColumnElement[bool]) -> Select[str, int]:
        some = select(Case.id).where(condition).limit(COUNTED + 1).subquery()
        return select(literal(name), func.count()).select_from(some)

    wanted = {tab: stands_in(tab) for tab in TABS} | {
        IN_DANGER: Case.held == HELD_DANGER
    }
    rows = session.execute(
        union_all(
            *(
                capped(*name_and_condition)
                for name_and_condition in wanted.items()
            )
        )
    )
    return {row[0]: row[1] for row in rows}


def by_reference(session: Session, reference: str) -> Case:
    case = session.scalar(select(Case).where(Case.reference == reference))
    if case is None:
        raise NotFound("There is no such case.")
    return case


def is_blind(case: Case) -> bool:
    return case.state in BLIND_STATES


def list_assessments(session: Session, case: Case) -> Sequence[Assessment]:
    """Of the current round, oldest first."""
    return session.scalars(
        select(Assessment)
        .where(Assessment.case_id == case.id, Assessment.round == case.round)
        .order_by(Assessment.at, Assessment.id)
    ).all()


def find_holder(case: Case, now: datetime) -> Person | None:
    """Who holds the case at ``now``; a lease that ran out binds nobody."""
    return (
        case.claimed_by
        if case.claimed_until and case.claimed_until > now
        else None
    )


# claiming


def claim_case(
    session: Session, case: Case, person: Person, now: datetime, minutes: int
) -> None:
    """Hold the case for ``minutes``, or longer if it is held already; of two people one gets it."""
    if case.state not in OPEN_STATES:
        raise Conflict(phrase("Nothing is to be decided in this case now."))
    if is_blind(case) and any(
        assessment.person_id == person.id
        for assessment in list_assessments(session, case)
    ):
        raise Conflict(ASSESSED_ALREADY)
    free = or_(
        Case.claimed_by_id.is_(None),
        Case.claimed_by_id == person.id,
        Case.claimed_until <= now,
    )
    taken = session.execute(
        update(Case)
        .where(Case.id == case.id, free)
        .values(
            claimed_by_id=person.id,
            claimed_until=now + timedelta(minutes=minutes),
        )
        .execution_options(synchronize_session=False)
    )
    session.refresh(
        case, attribute_names=["claimed_by_id", "claimed_until", "claimed_by"]
    )
    if not getattr(taken, "rowcount", 0):
        _refuse_if_held(case, person, now)
    _record_act(session, case, "case.claimed", person, now)


def release_claim(
    session: Session, case: Case, person: Person, now: datetime
) -> None:
    """Give the case back; somebody else's claim stays."""
    if case.claimed_by_id != person.id:
        raise Conflict(phrase("You do not hold this case."))
    case.claimed_by_id, case.claimed_until = None, None
    _record_act(session, case, "case.released", person, now)


def _refuse_if_held(case: Case, person: Person, now: datetime) -> None:
    other = find_holder(case, now)
    if other is not None and other.id != person.id:
        raise Conflict(
            phrase("%(name)s works on this case now."),
            values={"name": other.display_name},
        )


# assessing


def assess_case(
    session: Session,
    context: Context,
    case: Case,
    person: Person,
    answers: Mapping[str, object],
    note: str,
    now: datetime,
    second_required: bool,
) -> None:
    """One person's answers. The case moves on by its table, and out of the person's hands.

    Whoever assessed the case in this round can't assess it again. The outcome is what two agreed
    on, what a third decided where they did not, or the first answers where the house wants no
    second assessment.
    """
    lock_case(session, case.id)
    _refuse_if_held(case, person, now)
    schema = assessment.load_schema(context.settings.data_dir)
    valid = assessment.validate_answers(schema, answers)
    earlier = list_assessments(session, case)
    if any(stored.person_id == person.id for stored in earlier):
        raise Conflict(ASSESSED_ALREADY)
    event, outcome = _next_step(schema, case, earlier, valid, second_required)
    machine.advance_state(session, case, event, actor=person.actor, now=now)
    session.add(
        _seal_assessment(
            session,
            context,
            case,
            person,
            schema=schema,
            answers=valid,
            note=note,
            now=now,
        )
    )
    case.claimed_by_id, case.claimed_until = None, None
    if outcome is not None:
        _conclude_assessment(session, context, case, person, outcome, now=now)


def _next_step(
    schema: assessment.Schema,
    case: Case,
    earlier: Sequence[Assessment],
    answers: dict[str, str],
    second_required: bool,
) -> tuple[str, dict[str, str] | None]:
    """The event that these answers are for the case, and the outcome if they end the question."""
    if case.state == "second_assessment":
        agreed, _ = assessment.compare_answers(
            schema, earlier[0].answers, answers
        )
        if not agreed:
            return "disagreed", None
        return "agreed", assessment.merge_answers(
            schema, earlier[0].answers, answers
        )
    if case.state == "third_assessment":
        return "decided", answers
    return (
        ("assessed_first", None) if second_required else ("assessed", answers)
    )


def _seal_assessment(
    session: Session,
    context: Context,
    case: Case,
    person: Person,
    *,
    schema: assessment.Schema,
    answers: dict[str, str],
    note: str,
    now: datetime,
) -> Assessment:
    made = Assessment(
        id=new_id(),
        case_id=case.id,
        person_id=person.id,
        round=case.round,
        at=now,
        scheme=schema.scheme,
        version=schema.version,
        answers=answers,
    )
    note = note.strip()
    if len(note) > LONGEST_NOTE:
        reason = f"must have at most {LONGEST_NOTE} characters"
        raise InvalidInput(f"The note {reason}.", fields={"/note": reason})
    if note:
        key = context.vault.new_record(session, made.id)
        made.note = context.vault.seal(key, NOTE, made.id, note)
    return made


def _conclude_assessment(
    session: Session,
    context: Context,
    case: Case,
    person: Person,
    outcome: dict[str, str],
    *,
    now: datetime,
) -> None:
    case.outcome = dict(outcome)
    case.kind = outcome.get("kind", case.kind)
    if outcome["class"] == "not_illegal":
        machine.advance_state(
            session, case, "not_illegal", actor=person.actor, now=now
        )
        tell_reporters(
            session, case.item_id, "not_illegal", actor=person.actor, now=now
        )
    appraise_case(session, context, case, now)


def open_note(session: Session, context: Context, made: Assessment) -> str:
    """The words of an assessment's note; empty where there is none or its key was erased."""
    key = context.vault.key_of(session, made.id) if made.note else None
    return (
        context.vault.open(key, NOTE, made.id, made.note)
        if key and made.note
        else ""
    )


def reopen_case(
    session: Session,
    context: Context,
    case: Case,
    person: Person,
    why: str,
    *,
    now: datetime,
) -> None:
    """Start a new round of assessments: an error was found, or there is news. Says why."""
    why = why.strip()[:300]
    if not why:
        raise InvalidInput(
            phrase("Say why the case is opened again."),
            fields={"/why": "is missing"},
        )
    lock_case(session, case.id)
    machine.advance_state(
        session, case, "reopened", actor=person.actor, now=now, why=why
    )
    case.round += 1
    case.outcome = {}
    floods.take_back(session, case, person, now)
    tell_reporters(
        session, case.item_id, "reopened", actor=person.actor, now=now
    )
    appraise_case(session, context, case, now)
    post_review(session, case, now)


# matches and facts


def match_of(session: Session, case: Case, match_id: uuid.UUID) -> MediaMatch:
    """A match of a file that was seen at this case's item; ``NotFound`` for any other."""
    at_this_item = exists().where(
        and_(
            ItemMedia.media_id == MediaMatch.media_id,
            ItemMedia.item_id == case.item_id,
        )
    )
    match = session.scalar(
        select(MediaMatch).where(MediaMatch.id == match_id, at_this_item)
    )
    if match is None:
        raise NotFound("There is no such match.")
    return match


def decide_match(
    session: Session,
    case: Case,
    match: MediaMatch,
    person: Person,
    decision: str,
    now: datetime,
) -> None:
    """An analyst's word on a match, said on the page of ``case``: ``confirmed`` or
    ``disconfirmed``. It can be changed."""
    if decision not in (MatchDecision.CONFIRMED, MatchDecision.DISCONFIRMED):
        raise InvalidInput(
            "A match is confirmed or disconfirmed.",
            fields={"/decision": "is not possible"},
        )
    lock_case(session, case.id)
    match.decision, match.decided_by, match.decided_at = (
        decision,
        person.actor,
        now,
    )
    audit.record_entry(
        session,
        actor=person.actor,
        action=f"match.{decision}",
        entity="media_match",
        entity_id=match.id,
        now=now,
        hash_list=str(match.list_id),
        media=str(match.media_id),
    )


def set_facts(
    session: Session,
    case: Case,
    facts: Mapping[str, Any],
    person: Person,
    now: datetime,
) -> None:
    """What a person found out about victim and suspect; what is left out is unknown again.

    The log says which facts changed, not what they are.
    """
    strange = [name for name in facts if name not in PERSONS_FACTS]
    if strange:
        raise InvalidInput(
            "These facts are not set by hand.",
            fields={f"/{name}": "unknown" for name in strange},
        )
    Facts.from_json(facts)
    lock_case(session, case.id)
    kept = {name: value for name, value in facts.items() if value}
    changed = sorted(
        n for n in {*kept, *case.facts} if kept.get(n) != case.facts.get(n)
    )
    case.facts = kept
    _record_act(session, case, "case.facts_set", person, now, changed=changed)


# helpers


def _filter_conditions(
    filters: Filters, person: Person, now: datetime
) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.country == "??":
        conditions.append(Item.hosting_country.is_(None))
    elif filters.country:
        conditions.append(Item.hosting_country == filters.country.upper())
    if filters.kind:
        conditions.append(Case.kind == filters.kind)
    if filters.host:
        host = filters.host.lower()
        conditions.append(
            or_(Item.host == host, Item.registrable_domain == host)
        )
    if filters.mine:
        conditions += [
            Case.claimed_by_id == person.id,
            Case.claimed_until > now,
        ]
    return conditions


def _record_act(
    session: Session,
    case: Case,
    action: str,
    person: Person,
    now: datetime,
    **details: Any,
) -> None:
    audit.record_entry(
        session,
        actor=person.actor,
        action=action,
        entity="case",
        entity_id=case.id,
        now=now,
        case=case.reference,
        **details,
    )
