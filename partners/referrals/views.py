"""The page of an office that got a referral: answer it, and for the police, hold or let go."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, flash, make_response, redirect, request, url_for
from flask import render_template as render
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from hotline.core.act import Act
from hotline.core.context import utc_now
from hotline.core.errors import (
    Conflict,
    HotlineError,
    InvalidInput,
    NotFound,
    phrase,
)
from hotline.core.language.languages import letter_language
from hotline.core.storage import machine
from hotline.core.web import site
from hotline.core.web.wording import name_office, name_source, worded_error
from hotline.intake.flood import guard
from partners import words
from partners.letters import findings
from partners.letters.clock import Clock
from partners.pages import (
    faults_of,
    local_time,
    render_ended_link,
    speaking,
)
from partners.referrals import holds, service
from partners.referrals.following_up.outcomes import (
    list_outcomes,
    offered_outcomes,
    store_outcomes,
)
from partners.referrals.following_up.thread import list_messages
from partners.referrals.models import HOLDING, Hold, Referral
from partners.referrals.telling.evidence import items_told
from partners.referrals.telling.offices import Disclosure, load_offices
from partners.referrals.telling.planned_route import planned_route_of
from partners.replaced_links import LinkEnded
from partners.states import HoldEvent
from triage.cases.models import CaseItem
from triage.cases.pages.words import HOSTING, KINDS

blueprint = Blueprint("referrals", __name__, url_prefix="/referral")
blueprint.register_error_handler(LinkEnded, render_ended_link)
# Where offices open their pages there may be no console, which brings it elsewhere.
blueprint.add_app_template_filter(name_source, "source")

# Who did it, in history and log: the holder of the link.
ACTOR = "partner"
FIELDS = (
    "verb",
    "their_reference",
    "note",
    "deadline",
    "reason",
    "officer_reference",
)


@blueprint.get("/<token>")
def referral(token: str) -> Response:
    guard.allow_lookup()
    with site.reading() as session:
        return _render_page(session, _find_referral(session, token), token)


@blueprint.post("/<token>/answer")
def answer(token: str) -> Response:
    form = request.form

    def do(act: Act, referral: Referral) -> None:
        if form.get("verb", "") not in service.ANSWERS:
            raise InvalidInput(
                phrase("Choose one of the answers."),
                fields={"/verb": phrase("Choose one.")},
            )
        service.store_answer(
            act,
            referral,
            form["verb"],
            note=form.get("note", ""),
            their_reference=form.get("their_reference", ""),
        )

    return _act_by_link(
        token, do, lambda *_: gettext("Thank you. Your answer is stored.")
    )


@blueprint.post("/<token>/outcomes")
def say_outcomes(token: str) -> Response:
    said = request.form.getlist("outcome")

    def do(act: Act, referral: Referral) -> None:
        store_outcomes(act, referral, said)

    return _act_by_link(
        token, do, lambda *_: gettext("Thank you. It is stored.")
    )


@blueprint.post("/<token>/hold/extend")
def extend(token: str) -> Response:
    form = request.form

    def do(act: Act, referral: Referral) -> None:
        # An empty or odd time is refused like one that has passed.
        deadline = local_time(form.get("deadline", "")) or act.now
        holds.extend_hold(
            act,
            _find_hold(act.session, referral),
            deadline=deadline,
            reason=form.get("reason", ""),
            officer_reference=form.get("officer_reference", ""),
        )
        service.note_read(act, referral)

    return _act_by_link(token, do, lambda *_: gettext("The hold is extended."))


@blueprint.post("/<token>/hold/release")
def release(token: str) -> Response:
    form = request.form

    def do(act: Act, referral: Referral) -> None:
        if form.get("confirm") != "yes":
            raise InvalidInput(
                phrase("The hold was not released."),
                fields={"/confirm": phrase("Tick the box.")},
            )
        reason = form.get("release_reason", "")
        holds.release_hold(
            act,
            _find_hold(act.session, referral),
            reason=reason,
        )
        service.note_read(act, referral)

    return _act_by_link(token, do, _describe_released)


def _describe_released(session: Session, referral: Referral) -> str:
    """No more than is so: another hold may be on the case, and the host is told later anyway."""
    if holds.is_held(session, referral.case_id):
        return str(
            gettext(
                "The hold is released. Another hold is still on this case: no host is told yet."
            )
        )
    return str(
        gettext(
            "The hold is released. From your side nothing keeps the host from being told."
        )
    )


def _act_by_link(
    token: str,
    do: Callable[[Act, Referral], None],
    describe: Callable[[Session, Referral], str],
) -> Response:
    """Do it and show the page anew; what was typed stays where it cannot be done."""
    guard.allow_lookup()
    try:
        with site.writing() as session:
            referral = _find_referral(session, token)
            act = Act(session, site.current_context(), ACTOR, utc_now())
            do(act, referral)
            session.flush()
            with speaking(_language_of(referral)):
                good = describe(session, referral)
    # Read anew in another transaction: this one is rolled back with what was
    # half done.
    except (InvalidInput, Conflict) as error:
        with site.reading() as session:
            return _render_page(
                session, _find_referral(session, token), token, error=error
            )
    flash(good, "good")
    return redirect(url_for("referrals.referral", token=token), 303)


def _language_of(referral: Referral) -> str:
    """The language that the office reads: what its page says after an act is in it as well."""
    return letter_language(
        referral.partner.languages, site.current_context().settings.data_dir
    )


def _find_referral(session: Session, token: str) -> Referral:
    return service.find_by_token(
        session, site.current_context(), token, utc_now()
    )


def _places_shown(session: Session, referral: Referral) -> Sequence[CaseItem]:
    """None for an office that may not get where things lie: who helps a child needs no host."""
    offices = load_offices(site.current_context().settings.data_dir)
    if Disclosure.LOCATIONS not in offices[referral.kind].gets:
        return ()
    return items_told(referral.case, planned_route_of(session, referral))


def _hold_shown(
    session: Session, referral: Referral, places: Sequence[CaseItem]
) -> Hold | None:
    """None where it is about nothing that anybody hosts: there is nothing to release then."""
    if not any(place.has_host for place in places):
        return None
    return session.scalar(select(Hold).where(Hold.referral_id == referral.id))


def _find_hold(session: Session, referral: Referral) -> Hold:
    hold = session.scalar(select(Hold).where(Hold.referral_id == referral.id))
    if hold is None:
        raise NotFound(phrase("There is no hold here."))
    return hold


def _list_verbs(referral: Referral) -> list[str]:
    """What the office may say now."""
    return [
        verb
        for verb, event in service.ANSWERS.items()
        if referral.machine.allows(referral.state, event)
    ]


@dataclass(frozen=True, slots=True)
class _Turn:
    """What the office said (``event``), or the hotline answered."""

    at: datetime
    text: str
    event: str = ""

    @property
    def is_ours(self) -> bool:
        return not self.event


def _list_turns(session: Session, referral: Referral) -> list[_Turn]:
    """Question and answer in their order; what others did is not for the office to read."""
    acts = [
        _Turn(entry.at, str(entry.details.get("note", "")), entry.event)
        for entry in machine.list_history(session, referral.id)
        if entry.actor == ACTOR
    ]
    answers = [
        _Turn(message.at, message.text)
        for message in list_messages(
            session, site.current_context(), [referral.id]
        )[referral.id]
        if message.is_ours
    ]
    return sorted([*acts, *answers], key=lambda turn: turn.at)


def _render_page(
    session: Session,
    referral: Referral,
    token: str,
    *,
    error: HotlineError | None = None,
) -> Response:
    given: Mapping[str, str] = {
        name: request.form.get(name, "") for name in FIELDS
    }
    places = _places_shown(session, referral)
    hold = _hold_shown(session, referral, places)
    with speaking(_language_of(referral)):
        faults = faults_of(error)
        page = render(
            "provider/referral.html",
            referral=referral,
            office=name_office(referral.partner.name),
            places=places,
            sources={
                place.item_id: findings.find_country_sources(
                    session, place.item
                )
                for place in places
            },
            token=token,
            hold=hold,
            holding=hold is not None and hold.state in HOLDING,
            may_extend=hold is not None
            and hold.machine.allows(hold.state, HoldEvent.EXTENDED),
            verbs=_list_verbs(referral),
            spoken=_list_turns(session, referral),
            outcomes=list_outcomes(session, [referral.id])[referral.id],
            offered=offered_outcomes(site.current_context(), referral),
            problem=worded_error(error) if error and not faults else "",
            faults=faults,
            given=given,
            words=words,
            kinds=KINDS,
            hosting=HOSTING,
            events={event: verb for verb, event in service.ANSWERS.items()},
            moment=Clock.for_partner(
                site.current_context(), referral.partner
            ).show,
            zone=site.current_context().country.time_zone,
        )
    return make_response(page, error.status if error else 200)
