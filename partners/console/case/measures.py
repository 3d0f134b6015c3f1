"""What a person does about a case's measures: plans, holds, answers, notices, deliveries.

Each view parses, asks one service, and goes back to the case's page.
"""

from __future__ import annotations

import uuid

from flask import flash, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from hotline.accounts.signing_in.auth import own_act, requires, signed_in
from hotline.core.context import utc_now
from hotline.core.errors import InvalidInput, NotFound, phrase
from hotline.core.web import site
from partners import words
from partners.console.case import happened
from partners.console.case.of_case import find_of_case as _find_of_case
from partners.directory.service import name_desk
from partners.notices import service as notices
from partners.notices.contacts import use_contact
from partners.notices.models import Notice
from partners.pages import faults_flashed, local_time
from partners.plans import closing
from partners.plans.making import planning
from partners.referrals import holds
from partners.referrals import service as referrals
from partners.referrals.following_up.outcomes import store_outcomes
from partners.referrals.models import Hold, Plan, Referral
from partners.referrals.telling.offices import REFERRAL_ROUTES
from partners.referrals.telling.told import gather_told
from partners.sending.attempt import subject_of
from partners.sending.models import Delivery
from partners.sending.service import retry_delivery
from partners.states import PlanState
from partners.subjects import SUBJECTS
from triage.cases.listing.queue import by_reference
from triage.cases.locking import lock_case
from triage.cases.pages.case_views import back_to_case
from triage.cases.pages.people import people_words
from triage.cases.pages.words import ROUTES
from triage.cases.people.summaries import NOTHING_NOTED, digest_of_people


@requires("plan.request")
def request_plan(reference: str) -> ResponseReturnValue:
    with faults_flashed(), site.writing() as session:
        planning.request_plan(
            own_act(session),
            by_reference(session, reference),
            _read_choices(),
            note=request.form.get("note", ""),
            reasons=_read_reasons("reason"),
            again=_read_reasons("again"),
            without_police=request.form.get("without_police", ""),
            seen_routes=request.form.get("seen_routes"),
        )
        flash(gettext("The plan waits for another person's approval."), "good")
    return back_to_case(reference)


def _read_choices() -> dict[str, uuid.UUID | None]:
    """The ticked routes, each with the partner picked for it (none: the service chooses)."""
    try:
        return {
            route_id: uuid.UUID(picked)
            if (picked := request.form.get(f"partner_{route_id}"))
            else None
            for route_id in request.form.getlist("route")
        }
    except ValueError:
        raise InvalidInput(
            phrase("This choice cannot be read."),
            hint=phrase("Reload the page."),
        ) from None


def _read_reasons(of_what: str) -> dict[str, str]:
    """Why a ticked route goes to an office of another place, or once more, by the route's id."""
    return {
        route_id: request.form.get(f"{of_what}_{route_id}", "")
        for route_id in request.form.getlist("route")
    }


@requires("plan.approve")
def approve_plan(reference: str, plan_id: uuid.UUID) -> ResponseReturnValue:
    with faults_flashed(), site.writing() as session:
        plan = _find_of_case(session, Plan, plan_id, reference)
        # Approving takes out what the rules no longer allow, so the routes are
        # counted before.
        asked_for = len(plan.routes)
        planning.approve_plan(
            own_act(session),
            plan,
            read_people=request.form.get("read_people") or NOTHING_NOTED,
        )
        was_narrowed = len(plan.routes) < asked_for
        # The state decides what is said: approving may have found that nothing
        # may be done any more.
        if plan.state == PlanState.SUPERSEDED:
            flash(
                gettext(
                    "The case has changed since; nothing was sent. Ask again."
                ),
                "bad",
            )
        elif was_narrowed:
            flash(
                gettext(
                    "The case has changed since: only what the rules allow now was"
                    " approved. See below what was left out."
                ),
                "warn",
            )
        else:
            flash(happened.describe_approved(session, plan), "good")
    return back_to_case(reference)


@requires("plan.approve")
def read_plan(reference: str, plan_id: uuid.UUID) -> ResponseReturnValue:
    """What each office would be told of people, for the person who approves it; logged."""
    context = site.current_context()
    # Nothing is changed, and yet that these words were read has to be in the
    # log.
    with site.noting() as session:
        plan = _find_of_case(session, Plan, plan_id, reference)
        act = own_act(session)
        act.record("plan.people_read", "case", plan.case_id)
        letters = {
            route["to"]: gather_told(session, context, plan.case, route["to"])
            for route in plan.routes
            if route["to"] in REFERRAL_ROUTES
        }
        return render_template(
            "partners/plan_people.html",
            case=plan.case,
            plan=plan,
            own=plan.two_person and plan.requested_by == signed_in().actor,
            letters=letters,
            read_people=digest_of_people(session, plan.case),
            route_words=ROUTES,
            people_words=people_words,
            words=words,
            home_zone=context.country.time_zone,
        )


@requires("plan.request")
def refuse_plan(reference: str, plan_id: uuid.UUID) -> ResponseReturnValue:
    note = request.form.get("note", "")
    with faults_flashed(), site.writing() as session:
        plan = _find_of_case(session, Plan, plan_id, reference)
        planning.refuse_plan(
            session, plan, signed_in(), note=note, now=utc_now()
        )
    return back_to_case(reference)


@requires("plan.approve")
def close_case(reference: str) -> ResponseReturnValue:
    with faults_flashed(), site.writing() as session:
        case = by_reference(session, reference)
        why = request.form.get("why", "")
        closing.close_case(own_act(session), case, why=why)
        flash(gettext("The case is closed."), "good")
    return back_to_case(reference)


@requires("hold.decide")
def release_hold(reference: str, hold_id: uuid.UUID) -> ResponseReturnValue:
    reason = request.form.get("reason", "")
    with faults_flashed(), site.writing() as session:
        if request.form.get("confirm") != "yes":
            raise InvalidInput(
                phrase("The hold was not released."),
                hint=phrase("Tick the box to confirm."),
            )
        hold = _find_of_case(session, Hold, hold_id, reference)
        holds.release_hold(own_act(session), hold, reason=reason)
        flash(happened.describe_released(session, hold), "good")
    return back_to_case(reference)


@requires("hold.decide")
def extend_hold(reference: str, hold_id: uuid.UUID) -> ResponseReturnValue:
    form = request.form
    with faults_flashed(), site.writing() as session:
        act = own_act(session)
        holds.extend_hold(
            act,
            _find_of_case(session, Hold, hold_id, reference),
            deadline=local_time(form.get("deadline", "")) or act.now,
            reason=form.get("reason", ""),
            officer_reference=form.get("officer_reference", ""),
        )
        flash(gettext("The hold is extended."), "good")
    return back_to_case(reference)


@requires("referral.answer")
def answer_referral(
    reference: str, referral_id: uuid.UUID
) -> ResponseReturnValue:
    """What the office said on the telephone."""
    form = request.form
    with faults_flashed(), site.writing() as session:
        referral = _find_of_case(session, Referral, referral_id, reference)
        referrals.store_answer(
            own_act(session),
            referral,
            form.get("verb", ""),
            their_reference=form.get("their_reference", ""),
            note=form.get("note", ""),
        )
        flash(gettext("The answer is stored."), "good")
    return back_to_case(reference)


@requires("referral.answer")
def note_outcomes(
    reference: str, referral_id: uuid.UUID
) -> ResponseReturnValue:
    """What the office says to have come of it, on the telephone."""
    said = request.form.getlist("outcome")
    with faults_flashed(), site.writing() as session:
        referral = _find_of_case(session, Referral, referral_id, reference)
        store_outcomes(own_act(session), referral, said)
        flash(gettext("What came of it is stored."), "good")
    return back_to_case(reference)


@requires("notice.withdraw")
def withdraw_notice(
    reference: str, notice_id: uuid.UUID
) -> ResponseReturnValue:
    reason = request.form.get("reason", "")
    with faults_flashed(), site.writing() as session:
        notice = _find_of_case(session, Notice, notice_id, reference)
        notices.withdraw_notice(own_act(session), notice, reason=reason)
        flash(gettext("The notice is withdrawn."), "good")
    return back_to_case(reference)


@requires("partner.edit")
def name_contact(reference: str, notice_id: uuid.UUID) -> ResponseReturnValue:
    """An address for a host of which none is known; a new one waits for a second person."""
    with faults_flashed(), site.writing() as session:
        notice = _find_of_case(session, Notice, notice_id, reference)
        # Before the desk, as the jobs do: in another order two would wait for each other.
        lock_case(session, notice.case_id)
        act = own_act(session)
        contact = name_desk(act, request.form.get("address", ""))
        use_contact(act, notice, contact)
        flash(happened.describe_named(notice, contact), "good")
    return back_to_case(reference)


@requires("plan.request")
def retry(reference: str, delivery_id: uuid.UUID) -> ResponseReturnValue:
    with faults_flashed(), site.writing() as session:
        delivery = session.get(Delivery, delivery_id)
        if delivery is None:
            raise NotFound(phrase("There is no such delivery."))
        subject = subject_of(session, delivery, SUBJECTS)
        # A letter may be about several cases; of each of them it can be tried
        # again, and of no other.
        if by_reference(session, reference).id not in subject.case_ids:
            raise NotFound(phrase("There is no such delivery in this case."))
        act = own_act(session)
        retry_delivery(act, delivery, subject)
        flash(gettext("It is tried again."), "good")
    return back_to_case(reference)


@requires("referral.answer")
def give_more(reference: str, referral_id: uuid.UUID) -> ResponseReturnValue:
    """Answer an office that asked for more."""
    with faults_flashed(), site.writing() as session:
        act = own_act(session)
        referral = _find_of_case(session, Referral, referral_id, reference)
        referrals.give_more(act, referral, request.form.get("text", ""))
        flash(gettext("Your answer goes out with the letter."), "good")
    return back_to_case(reference)
