"""The way from an empty installation to the first notice: what is done and what comes next.

Each answer is read from the database; nobody ticks anything off.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flask import render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session

from hotline.accounts.factors.proof import list_holders
from hotline.accounts.models import Person
from hotline.accounts.signing_in.auth import requires
from hotline.core.web import site
from hotline.intake.models import Report
from partners.directory.kinds import PartnerKind
from partners.directory.models import Partner
from partners.notices.models import Notice
from partners.sending.models import Delivery
from partners.states import DeliveryState
from triage.hashlists.models import HashList

LEAST_PEOPLE = 3
"""Whoever administers, and two who decide: each plan needs a second person."""


@dataclass(frozen=True, slots=True)
class Step:
    """One line: whether it is done, what it is, how far it is, and where it is done."""

    is_done: bool
    what: str
    state: str
    address: str = ""


@requires("person.manage")
def show_first_steps() -> ResponseReturnValue:
    with site.reading() as session:
        steps = list(list_steps(session))
    return render_template("partners/first_steps.html", steps=steps)


def list_steps(session: Session) -> Iterator[Step]:
    """In the order in which they are best done."""
    yield from _of_people(session)
    yield from _of_offices(session)
    yield _of_hash_lists(session)
    yield from _of_a_test_report(session)


def _of_people(session: Session) -> Iterator[Step]:
    people = set(
        session.scalars(select(Person.id).where(Person.disabled_at.is_(None)))
    )
    protected = people & list_holders(session)
    address = url_for("people.show_people")
    yield Step(
        len(people) >= LEAST_PEOPLE,
        gettext("Invite the people who decide: at least two beside you"),
        ngettext("%(num)s person", "%(num)s people", len(people)),
        address,
    )
    yield Step(
        protected == people,
        gettext("Everybody sets up a second factor"),
        gettext("%(num)s of %(total)s", num=len(protected), total=len(people)),
        address,
    )


def _of_offices(session: Session) -> Iterator[Step]:
    confirmed = _count(
        session,
        Partner.approved_at.is_not(None),
        Partner.disabled_at.is_(None),
    )
    police = _count(
        session,
        Partner.kind == PartnerKind.POLICE,
        Partner.approved_at.is_not(None),
        Partner.disabled_at.is_(None),
    )
    yield Step(
        police > 0,
        gettext(
            "Enter the address of the police, and let another person confirm it"
        ),
        ngettext(
            "%(num)s office is confirmed",
            "%(num)s offices are confirmed",
            confirmed,
        ),
        url_for("partners.show_directory", kind=PartnerKind.POLICE),
    )
    sent = session.scalar(
        select(
            exists().where(
                Delivery.channel == "email",
                Delivery.state == DeliveryState.SENT,
            )
        )
    )
    yield Step(
        bool(sent),
        gettext("A letter by e-mail was accepted by the other side"),
        _yes_or_not_yet(bool(sent)),
        url_for("partners.show_directory"),
    )


def _count(session: Session, *conditions: ColumnElement[bool]) -> int:
    query = select(func.count()).select_from(Partner).where(*conditions)
    return session.scalar(query) or 0


def _of_hash_lists(session: Session) -> Step:
    lists = session.scalar(
        select(func.count())
        .select_from(HashList)
        .where(HashList.enabled, HashList.version > 0)
    )
    return Step(
        bool(lists),
        gettext("Import a list of known hashes (hotline hashlist import)"),
        ngettext("%(num)s list in use", "%(num)s lists in use", lists or 0),
        url_for("triage.hash_lists"),
    )


def _of_a_test_report(session: Session) -> Iterator[Step]:
    reported = bool(session.scalar(select(exists(select(Report.id)))))
    noticed = bool(
        session.scalar(
            select(
                exists().where(
                    Delivery.subject_id == Notice.id,
                    Delivery.state == DeliveryState.SENT,
                )
            )
        )
    )
    yield Step(
        reported,
        gettext("Send a report through the form, as a visitor would"),
        _yes_or_not_yet(reported),
    )
    yield Step(
        noticed,
        gettext(
            "Take it all the way: assessed, planned, approved, and told to a host"
        ),
        _yes_or_not_yet(noticed),
        url_for("partners.show_duty"),
    )


def _yes_or_not_yet(is_done: bool) -> str:
    return str(gettext("done") if is_done else gettext("not yet"))
