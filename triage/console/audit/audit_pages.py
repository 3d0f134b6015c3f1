"""The page of the audit log: who did what, when and about which case, found by choice."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import cast
from zoneinfo import ZoneInfo

from flask import (
    Response,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from sqlalchemy import ColumnElement, Select, false, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from hotline.accounts.approvals.kinds import Kind
from hotline.accounts.approvals.models import Approval
from hotline.accounts.approvals.service import (
    Question,
    ask_approval,
    find_grant,
    find_question,
    use_grant,
)
from hotline.accounts.models import Person
from hotline.accounts.pages.views import flash_asked, flash_refusals
from hotline.accounts.signing_in.auth import own_act, requires
from hotline.accounts.staff.actors import ACTORS
from hotline.accounts.staff.staff_codes import NameHider, list_codes
from hotline.core.errors import InvalidInput
from hotline.core.spreadsheets import write_csv
from hotline.core.storage.audit import COMMAND, AuditEntry
from hotline.core.storage.ids import first_id_at
from hotline.core.web import site
from triage.cases.models import Case
from triage.console.audit.audit_acts import name_itself, name_thing
from triage.console.audit.audit_words import TOPICS, Topic
from triage.console.audit.details import Details, ids_in, uuid_of
from triage.console.audit.trails import Thing, Trail, find_all_things

LOG_PAGE = 100
MOST_EXPORTED = 10_000
"""Entries of one file: a longer time is exported in parts."""
TRAILS = "triage.audit_trails"
THINGS_IN = {
    "chosen_against_place": "partner",
    "hash_list": "hash_list",
    "item": "item",
    "report": "report",
    "told_again": "partner",
}
"""Details that hold ids, and of what: a reader is told the name, or the case."""
Entries = Select[AuditEntry]


@dataclass(frozen=True, slots=True)
class Filters:
    """What the page was asked for, as it was typed or chosen; "" is everything."""

    who: str
    topic: str
    case: str
    first: str
    last: str
    action: str
    entity_id: str

    @classmethod
    def of_request(cls) -> Filters:
        given = {
            name: request.values.get(name, "").strip()
            for name in cls.__slots__
        }
        return cls(**given)


@requires("audit.see")
def log() -> ResponseReturnValue:
    """Newest first. Each filter uses an index."""
    filters = Filters.of_request()
    before = request.args.get("before", "")
    with site.reading() as session:
        # One more than is shown says whether there is a further page.
        query = _find_entries(session, filters).limit(LOG_PAGE + 1)
        if before:
            query = query.where(AuditEntry.id < _parse_uuid(before))
        entries = session.scalars(query).all()
        shown = entries[:LOG_PAGE]
        things = {**_name_things(session, shown), **_name_the_rest(shown)}
        return render_template(
            "triage/log.html",
            entries=shown,
            things=things,
            before=shown[-1].id if len(entries) > LOG_PAGE else None,
            filters=filters,
            export=_export_state(session),
            people=_list_people(session),
            others=ACTORS,
            topics=TOPICS,
            details_of=partial(_say_details, things=things),
            name_thing=name_thing,
            is_narrowed=any(
                getattr(filters, name) for name in Filters.__slots__
            ),
        )


LOG_EXPORT = Kind(
    "log_export",
    lazy_gettext("Export the log"),
    lazy_gettext(
        "Whoever asked takes entries of the log along as a file, once, within a day. The file has "
        "codes in place of names."
    ),
    asking="audit.see",
    granting="export.grant",
    lasts=timedelta(days=1),
    place=lambda _: url_for("triage.log"),
)
LOG = "log"


@requires("audit.see", is_sensitive=True)
def ask_for_export() -> ResponseReturnValue:
    """Another person agrees before anything of the log leaves."""
    with flash_refusals(), site.writing() as session:
        question = Question(LOG_EXPORT, LOG, LOG, request.form.get("why", ""))
        asked = ask_approval(own_act(session), question)
        flash_asked(asked, gettext("Granted: you may export it now."))
    return redirect(url_for("triage.log"), 303)


@requires("audit.see", is_sensitive=True)
def export_log() -> ResponseReturnValue:
    """The filtered entries as CSV, with codes in place of names, as it leaves the house.

    A POST: that somebody took them along is an entry itself.
    """
    filters = Filters.of_request()
    with site.writing() as session:
        act = own_act(session)
        if find_grant(session, LOG_EXPORT, LOG, act.actor, act.now) is None:
            flash(gettext("This needs another person's agreement."), "danger")
            return redirect(url_for("triage.log"), 303)
        # In the transaction that reads: a grant is used up by one file.
        use_grant(act, LOG_EXPORT, LOG)
        query = _find_entries(session, filters).limit(MOST_EXPORTED)
        entries = session.scalars(query).all()
        things = _name_things(session, entries)
        hider = NameHider(list_codes(session))
        body = write_csv(
            ("number", "at", "who", "what", "case", "thing", "details"),
            (
                tuple(hider.hide(cell) for cell in _write_row(entry, things))
                for entry in entries
            ),
        )
        # After the entries were read: a file does not hold the entry about
        # itself.
        act.record(
            "audit.exported",
            "audit",
            "log",
            entries=len(entries),
            filters={
                name: getattr(filters, name)
                for name in Filters.__slots__
                if getattr(filters, name)
            },
        )
    return Response(
        body,
        mimetype="text/csv",
        headers={"Content-Disposition": 'attachment; filename="log.csv"'},
    )


def _export_state(session: Session) -> Approval | None:
    """What lets this person export, or waits for an answer; None where nobody asked."""
    act = own_act(session)
    grant = find_grant(session, LOG_EXPORT, LOG, act.actor, act.now)
    return grant or find_question(session, LOG_EXPORT, LOG, act.now)


def _find_entries(session: Session, filters: Filters) -> Entries:
    query = select(AuditEntry).order_by(AuditEntry.id.desc())
    if filters.who:
        query = query.where(_is_by(session, filters.who))
    if filters.action:
        query = query.where(AuditEntry.action == filters.action)
    if filters.entity_id:
        query = query.where(AuditEntry.entity_id == filters.entity_id)
    topic = next(
        (topic for topic in TOPICS if topic.code == filters.topic), None
    )
    if topic is not None:
        query = query.where(_is_of_topic(session, topic))
    # A topic that there is not finds nothing, rather than everything.
    elif filters.topic:
        query = query.where(false())
    if filters.case:
        query = query.where(
            AuditEntry.entity_id.in_(_ids_of_case(session, filters.case))
        )
    # Ids begin with their time, so that the index of the key finds a day.
    if filters.first:
        start = _midnight(filters.first, "first")
        query = query.where(AuditEntry.id >= first_id_at(start))
    if filters.last:
        end = _midnight(filters.last, "last", days=1)
        query = query.where(AuditEntry.id < first_id_at(end))
    return query


def _is_by(session: Session, actor: str) -> ColumnElement[bool]:
    """One actor; the command line is everybody who ever sat at it."""
    is_the_actor = AuditEntry.actor == actor
    if actor != COMMAND:
        return is_the_actor
    return is_the_actor | _begins_with(
        session, AuditEntry.actor, f"{COMMAND}:"
    )


def _is_of_topic(session: Session, topic: Topic) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = false()
    for beginning in topic.beginnings:
        condition |= _begins_with(session, AuditEntry.action, beginning)
    return condition


def _begins_with(
    session: Session, column: InstrumentedAttribute[str], beginning: str
) -> ColumnElement[bool]:
    """As each database finds it by the column's index."""
    if session.get_bind().dialect.name == "sqlite":
        # LIKE of SQLite ignores case, and so uses no index.
        after = f"{beginning[:-1]}{chr(ord(beginning[-1]) + 1)}"
        return (column >= beginning) & (column < after)
    # A range would miss: many a PostgreSQL sorts signs by a language and not
    # by their codes.
    return column.startswith(beginning, autoescape=True)


def _ids_of_case(session: Session, reference: str) -> list[str]:
    """Ids, as the log writes them, of everything of a case; none where there is no such case."""
    case_id = session.scalar(
        select(Case.id).where(Case.reference == reference.upper())
    )
    if case_id is None:
        return []
    names = {
        str(own)
        for trail in _trails()
        for own in trail.list_ids(session, case_id)
    }
    # Always in one order, so that the database meets the same statement again.
    return sorted(names)


def _trails() -> Sequence[Trail]:
    return cast(Sequence[Trail], current_app.extensions[TRAILS])


def _name_things(
    session: Session, entries: Sequence[AuditEntry]
) -> Mapping[str, Thing]:
    """Entity id, as the log writes it -> what it is in words."""
    named: dict[str, set[uuid.UUID]] = {}
    for entry in entries:
        own = uuid_of(entry.entity_id)
        if own is not None:
            named.setdefault(entry.entity, set()).add(own)
        for name, entity in THINGS_IN.items():
            if inside := set(ids_in(entry.details.get(name))):
                named.setdefault(entity, set()).update(inside)
    things = find_all_things(session, _trails(), named)
    return {str(own): thing for own, thing in things.items()}


def _name_the_rest(entries: Sequence[AuditEntry]) -> Mapping[str, Thing]:
    """The same of what no table holds, in the reader's language: for the page alone."""
    return {
        entry.entity_id: Thing(name=name)
        for entry in entries
        if (name := name_itself(entry.entity, entry.entity_id))
    }


def _list_people(session: Session) -> Sequence[Person]:
    return session.scalars(select(Person).order_by(Person.display_name)).all()


def _say_details(
    entry: AuditEntry, things: Mapping[str, Thing]
) -> list[tuple[str, str]]:
    """(name, value) of what the entry says beside, in the reader's language."""
    names = {own: thing.name or thing.case for own, thing in things.items()}
    sayers = [trail.sayers for trail in _trails()]
    return Details(entry, sayers, names).list_said()


def _write_row(
    entry: AuditEntry, things: Mapping[str, Thing]
) -> tuple[str, ...]:
    thing = things.get(entry.entity_id, Thing())
    details = "; ".join(
        f"{name}: {value}" for name, value in entry.details.items()
    )
    return (
        "" if entry.number is None else str(entry.number),
        entry.at.isoformat(),
        entry.actor,
        entry.action,
        thing.case,
        # For an auditor outside, who has no names: the id is what can be asked
        # about.
        thing.name or f"{entry.entity} {entry.entity_id}",
        details,
    )


def _midnight(written: str, field: str, *, days: int = 0) -> datetime:
    """The beginning of a day in the time of this country, or of the day after it."""
    zone = ZoneInfo(site.current_context().country.time_zone)
    try:
        day = date.fromisoformat(written) + timedelta(days=days)
        # Ids hold a time since 1970; far years overflow when a zone is
        # applied.
        if not 1970 < day.year < 9000:
            raise ValueError
    except (ValueError, OverflowError):
        raise InvalidInput(
            gettext("Write a day as 2026-10-03."),
            fields={f"/{field}": "is no day"},
        ) from None
    return datetime.combine(day, time(), zone)


def _parse_uuid(text: str) -> uuid.UUID:
    thing_id = uuid_of(text)
    if thing_id is None:
        raise InvalidInput(
            gettext("This is no page of the log."),
            fields={"/before": "invalid"},
        )
    return thing_id
