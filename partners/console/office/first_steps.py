"""The way from an empty installation to the first notice: what is done and what comes next.

Each answer is read from the database; nobody ticks anything off.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session

from hotline.accounts.factors.proof import list_holders
from hotline.accounts.models import Person
from hotline.accounts.pages.views import flash_refusals
from hotline.accounts.signing_in.auth import own_act, requires
from hotline.core.setting_parts.placeholders import list_placeholders
from hotline.core.web import site
from hotline.intake.models import Report
from partners.directory.kinds import PartnerKind
from partners.directory.models import Partner
from partners.mail_test import MailTest, ask_for_test, find_last_test
from partners.notices.models import Notice
from partners.sending.models import Delivery
from partners.states import DeliveryState
from triage.hashlists.models import HashList

LEAST_PEOPLE = 3
"""Whoever administers, and two who decide: each plan needs a second person."""


@dataclass(frozen=True, slots=True)
class Step:
    """One line: whether it is done, what it is, how far it is, how and where it is done."""

    is_done: bool
    what: str
    state: str
    how: str
    address: str = ""


@requires("person.manage")
def show_first_steps() -> ResponseReturnValue:
    with site.reading() as session:
        mail_test = find_last_test(session)
        steps = list(list_steps(session, mail_test))
        return render_template(
            "partners/first_steps.html",
            steps=steps,
            # The first one that is open, as later ones often need it.
            next=next((step for step in steps if not step.is_done), None),
            mail_test=mail_test,
        )


@requires("person.manage")
def test_mail() -> ResponseReturnValue:
    """Have a mail sent to oneself; this page says what became of it."""
    with flash_refusals(), site.writing() as session:
        ask_for_test(own_act(session), request.form.get("address", ""))
        flash(
            gettext("Asked for. The result is shown here in a moment."),
            "good",
        )
    return redirect(url_for("partners.show_first_steps", _anchor="mail"), 303)


def list_steps(session: Session, mail_test: MailTest | None) -> Iterator[Step]:
    """In the order in which they are best done."""
    yield _of_own_names()
    yield _of_mail(mail_test)
    yield from _of_people(session)
    yield _of_the_police(session)
    yield _of_hash_lists(session)
    yield from _of_a_test_report(session)


def _of_own_names() -> Step:
    """Settings are of the machine, so that no page changes them; what to do there is said."""
    examples = list_placeholders(site.current_context().settings)
    return Step(
        not examples,
        gettext("Give the service its own names and addresses"),
        gettext("done")
        if not examples
        else ngettext(
            "%(num)s setting is an example",
            "%(num)s settings are examples",
            len(examples),
        ),
        gettext(
            "No letter leaves while these are examples: %(settings)s. At the machine, "
            "hotline setup asks for each of them; start the service again afterwards.",
            settings=", ".join(examples),
        ),
    )


def _of_mail(test: MailTest | None) -> Step:
    # Also where a test once went out: without a server none does now.
    has_server = bool(site.current_context().settings.smtp_host)
    is_sent = has_server and test is not None and test.is_sent
    if has_server:
        state = _yes_or_not_yet(is_sent)
        how = gettext(
            "Send a test to yourself below, and look whether it came."
        )
    else:
        state = gettext("no mail server is set up")
        how = gettext(
            "At the machine, hotline setup asks for the mail server (smtp_host); start the "
            "service again, then send a test to yourself below."
        )
    return Step(
        is_sent,
        gettext("Test the mail: invitations and letters leave by it"),
        state,
        how,
        "#mail",
    )


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
        gettext(
            "Each gets a link by mail. Where two are needed for it, the second administrator is "
            "added at the machine: hotline user add NAME --role administrator"
        ),
        address,
    )
    yield Step(
        # Of everybody who can sign in, and not by number: whoever left does
        # not stand in for somebody else.
        protected == people,
        gettext("Everybody sets up a second factor"),
        gettext("%(num)s of %(total)s", num=len(protected), total=len(people)),
        gettext(
            "Each under their own name at the top right; without one they get no further."
        ),
        address,
    )


def _of_the_police(session: Session) -> Step:
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
    return Step(
        police > 0,
        gettext(
            "Enter the address of the police, and let another person confirm it"
        ),
        ngettext(
            "%(num)s office is confirmed",
            "%(num)s offices are confirmed",
            confirmed,
        ),
        gettext(
            "Open the office, enter its address and ask a supervisor or another administrator."
        ),
        url_for(
            "partners.show_directory",
            kind=PartnerKind.POLICE,
            country=site.current_context().settings.country,
        ),
    )


def _count(session: Session, *conditions: ColumnElement[bool]) -> int:
    query = select(func.count()).select_from(Partner).where(*conditions)
    return session.scalar(query) or 0


def _of_hash_lists(session: Session) -> Step:
    lists = session.scalar(
        select(func.count())
        .select_from(HashList)
        # Named alone it holds nothing; its first version comes with the
        # import.
        .where(HashList.enabled, HashList.version > 0)
    )
    return Step(
        bool(lists),
        gettext("Bring in a list of known hashes"),
        ngettext("%(num)s list in use", "%(num)s lists in use", lists or 0),
        gettext(
            "Choose the file on the page; it shows how far it is, and another person agrees."
        ),
        # Straight to the form while there is none; else to what is there.
        url_for("triage.new_upload")
        if not lists
        else url_for("triage.hash_lists"),
    )


def _of_a_test_report(session: Session) -> Iterator[Step]:
    reported = bool(session.scalar(select(exists(select(Report.id)))))
    mailed = _was_sent(session, Delivery.channel == "email")
    # To a host, by whatever channel it takes.
    noticed = _was_sent(session, Delivery.subject_id == Notice.id)
    yield Step(
        reported,
        gettext("Send a report through the form, as a visitor would"),
        _yes_or_not_yet(reported),
        gettext(
            "Name an address of your own that holds nothing, such as a page made for it."
        ),
        # Another process may serve the public form, at another name.
        f"{site.current_context().settings.public_url}/",
    )
    yield Step(
        mailed,
        gettext("A letter by e-mail was accepted by the other side"),
        _yes_or_not_yet(mailed),
        gettext(
            "The first approved plan does this: tell the police before that a test is coming."
        ),
        url_for("partners.show_directory"),
    )
    yield Step(
        noticed,
        gettext(
            "Take it all the way: assessed, planned, approved, and told to a host"
        ),
        _yes_or_not_yet(noticed),
        gettext(
            "An analyst assesses it, a second one does so blind; one asks for a plan and another "
            "approves it. The police release the hold by the link in their letter; then a "
            "supervisor confirms the host's address on the case page."
        ),
        url_for("partners.show_duty"),
    )


def _was_sent(session: Session, about: ColumnElement[bool]) -> bool:
    sent = exists().where(about, Delivery.state == DeliveryState.SENT)
    return bool(session.scalar(select(sent)))


def _yes_or_not_yet(is_done: bool) -> str:
    return str(gettext("done") if is_done else gettext("not yet"))
