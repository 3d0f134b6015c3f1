"""The pages that make a report: one question a page, or all on one.

The page with the receipt is the answer to the POST itself: a redirect would have to carry the
receipt in a URL or a cookie. Loading it again sends the same form id, which gives the same receipt.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from flask import (
    Response,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_babel import LazyString
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response as BaseResponse

from hotline.core.context import utc_now
from hotline.core.errors import InvalidInput
from hotline.core.web import outages, site
from hotline.intake import idempotency, service
from hotline.intake.batch import Arrival, Received
from hotline.intake.flood import guard
from hotline.intake.form import pages, wording
from hotline.intake.form.asking import drafts, form_fields, paths, understood
from hotline.intake.form.public import blueprint, needs_no_cookie
from hotline.intake.form.receipt import confirmation_pages, qr
from hotline.intake.registry.answer_values import possible_answers
from hotline.intake.registry.questions import Question
from hotline.intake.registry.vocabulary import Channel, ReporterRole
from hotline.intake.submission import Submission

ALL = "all"
Answer = str | BaseResponse
Faults = Mapping[str, str | LazyString]
_DRAFT = "draft"  # the name of the draft's key in the session cookie
_BEGUN = "begun"  # in the draft: the form id that was given out first


@blueprint.route("/report", methods=["GET", "POST"])
def report() -> BaseResponse:
    """Begin. A POST comes from the support page: the short way, for the person concerned."""
    if request.method == "POST":
        is_child = request.form.get("age") == "child"
        who = ReporterRole.CHILD_SELF if is_child else ReporterRole.ADULT_SELF
        own = "" if is_child else "yes"
        _keep_answers(
            {
                paths.PATH: paths.SHORT,
                "reporter_role": who,
                "own_material": own,
            }
        )
    return redirect(
        url_for("intake.question", page=paths.path_of(load_draft()[0])[0])
    )


@blueprint.route(
    "/report/<any(" + ", ".join(paths.QUESTIONS) + "):page>",
    methods=["GET", "POST"],
)
def question(page: str) -> Answer:
    """One question a page. The answers wait on the server, sealed, for at most an hour."""
    values, lost = load_draft()
    if request.method != site.ACT:
        # By a bookmark, or because an answer was changed since.
        if page not in paths.path_of(values):
            return redirect(
                url_for("intake.question", page=paths.path_of(values)[0])
            )
        return question_page(page, values, {}, lost=lost)
    if (
        page == "check"
    ):  # sends what it showed, so that sending it again is the same report
        return _send_report(values | form_fields.values_of(request.form), page)
    fields = paths.QUESTIONS[page]
    typed = form_fields.values_of(request.form)
    # Of this page alone: a form must not change what it did not show.
    values |= {name: typed[name] for name in fields}
    faults = form_fields.faults_in(values, fields)
    if faults:
        return question_page(page, values, faults, status=422)
    _keep_answers(values | form_fields.proof_in(request.form))
    return redirect(
        url_for("intake.question", page=paths.page_after(page, values))
    )


@blueprint.route("/report/all", methods=["GET", "POST"])
@needs_no_cookie
def report_on_one_page() -> Answer:
    """All questions at once: for whoever reports often, and for whose browser takes no cookie."""
    if request.method != site.ACT:
        return question_page(ALL, form_fields.values_of({}), {})
    return _send_report(form_fields.values_of(request.form), ALL)


def _support_page(values: Mapping[str, str]) -> str:
    """Help comes first on this way too; what was typed waits in the page itself."""
    return render_template(
        "public/support_first.html",
        values=values,
        fields=form_fields.FIELDS,
        supported=form_fields.SUPPORTED,
        support_for=paths.support_for(values),
        danger=paths.is_in_danger(values),
        form_id=request.form.get("form_id", ""),
        proof=form_fields.proof_in(request.form).get(form_fields.PROOF, ""),
        trapped=request.form.get(form_fields.TRAP, ""),
    )


@blueprint.post("/report/discard")
def discard() -> BaseResponse:
    """The key is dropped first: without it nobody can read the answers, whatever happens then."""
    secret = session.pop(_DRAFT, None)
    if secret is not None:
        with outages.tolerated(), site.writing() as transaction:
            drafts.drop_draft(transaction, site.current_context(), secret)
    return redirect(url_for("intake.start"))


@blueprint.get("/report/kept")
def kept() -> str:
    """After the code was written down: what comes next, and how to leave no trace."""
    return render_template("public/kept.html")


def load_draft() -> tuple[dict[str, str], bool]:
    """The answers so far, and whether there were some whose hour is over."""
    secret = session.get(_DRAFT)
    if secret is None:
        return form_fields.values_of({}), False
    with site.reading() as transaction:
        values = drafts.load_draft(
            transaction, site.current_context(), secret, utc_now()
        )
    return form_fields.values_of({}) | (values or {}), values is None


def _keep_answers(values: Mapping[str, str]) -> None:
    # Only with the first answer: whoever only reads leaves no draft.
    secret = session.setdefault(_DRAFT, drafts.new_secret())
    begun = {
        _BEGUN: values.get(_BEGUN)
        or form_fields.new_form_id(site.current_context())
    }
    with site.writing() as transaction:
        drafts.save_draft(
            transaction,
            site.current_context(),
            secret,
            {**values, **begun},
            utc_now(),
        )


def _send_report(values: Mapping[str, str], page: str) -> Answer:
    """Store the report and show its receipt; anything wrong comes back with all that was typed."""
    try:
        submission = form_fields.submission_of(
            values,
            site.page_language(),
            site.current_context().country.time_zone,
        )
    except InvalidInput as error:
        return question_page(
            page, values, form_fields.faults_of(error), status=422
        )
    form_id = request.form.get("form_id", "")
    age = form_fields.age_of(site.current_context(), form_id)
    if age is None:
        return question_page(
            page, values, {"": wording.FAULTS["stale"]}, status=400
        )
    if (
        page == ALL
        and paths.needs_support(values)
        and form_fields.SUPPORTED not in request.form
    ):
        return _support_page(values)
    try:
        received, held = _store_report(
            submission, form_id, hasty=_is_hasty(age, values)
        )
    except idempotency.OtherBody:
        # Sent, changed with the "back" button and sent again: a report of its own, once confirmed.
        return question_page(
            page, values, {"": wording.FAULTS["stale"]}, status=409
        )
    is_professional = submission.reporter_role is ReporterRole.PROFESSIONAL
    own = {
        "receipt": received.receipt,
        "picture": qr.draw_receipt(received.receipt),
        "confirmation": confirmation_pages.offer(received, submission, form_id)
        if is_professional
        else "",
    }
    variant = {
        "is_professional": is_professional,
        "danger": submission.danger_now,
        "support_for": paths.support_for(values),
        "held": held,
    }
    return pages.fill_page("public/receipt.html", own, variant)


def _is_hasty(age: timedelta, values: Mapping[str, str]) -> bool:
    """Whether the form came back sooner than a person types."""
    # With one question a page the time runs from the first: only the last page
    # may be sent at once.
    begun = values.get(_BEGUN)
    since_begun = (
        form_fields.age_of(site.current_context(), begun) if begun else None
    )
    return max(age, since_begun or age) < timedelta(
        seconds=guard.form_seconds()
    )


def _store_report(
    submission: Submission, form_id: str, *, hasty: bool
) -> tuple[Received, bool]:
    """Store it, once; and whether it is held for review."""
    secret, now = session.get(_DRAFT), utc_now()
    trapped = bool(request.form.get(form_fields.TRAP))
    # Counted whatever follows, or a flood of trapped forms would not be seen.
    suspect = guard.is_suspect(hasty=hasty)
    # Nothing has to happen together with it: one statement stores it.
    if secret is None and not suspect and not trapped:
        arrival = Arrival(Channel.FORM, now)
        return idempotency.receive_once(
            None, site.current_context(), submission, form_id, arrival=arrival
        ), False
    with site.writing() as transaction:
        if secret is not None:
            drafts.drop_draft(transaction, site.current_context(), secret)
        solution = request.form.get(form_fields.PROOF, "")
        held = trapped or (
            suspect and not guard.spend_solution(transaction, solution, now)
        )
        arrival = Arrival(Channel.FORM, now, held=held)
        received = idempotency.receive_once(
            transaction,
            site.current_context(),
            submission,
            form_id,
            arrival=arrival,
        )
        if received.again:  # what counts is what was decided the first time
            held = held and service.is_held(transaction, received.report_id)
    # Only now: the draft of a report that could not be stored is still needed.
    session.pop(_DRAFT, None)
    return received, held


def _understood_in(values: Mapping[str, str]) -> understood.Understood:
    """What the report names that is about to be sent."""
    return understood.read_report(
        form_fields.locations_of(values["locations"]),
        values["narrative"],
        possible_answers(values),
        site.current_context().country.code,
    )


def _list_allowed(values: Mapping[str, str]) -> list[object]:
    """To whom the contact may be passed on, in words."""
    return [
        words
        for reader, words in wording.READERS.items()
        if values[f"pass_to_{reader}"] == "yes"
    ]


def question_page(
    page: str,
    values: Mapping[str, str],
    faults: Faults,
    *,
    lost: bool = False,
    status: int = 200,
    form_id: str = "",
) -> Response:
    """``form_id``: of the page that is shown again, where it may have been stored all the same."""
    is_of_kind = page in set(Question)
    template = f"public/questions/{'of_kind' if is_of_kind else page}.html"
    number, total = (0, 0) if page == ALL else paths.position_of(page, values)
    content: Mapping[str, object] = {
        "page": page,
        "values": values,
        "faults": faults,
        "number": number,
        "total": total,
        "back": None if page == ALL else paths.page_before(page, values),
        "answered_in": Question(page).answers if is_of_kind else (),
        "asks": paths.questions_of(values),
        "about_self": paths.is_about_self(values),
        "child": values.get("reporter_role") == "child_self",
        "support_for": paths.support_for(values),
        "danger": paths.is_in_danger(values),
        "asks_when": paths.asks_when(values),
        "may_be_reached": paths.may_be_reached(values),
        "allowed": _list_allowed(values),
        "fields": form_fields.FIELDS,
    }
    if page == "check":
        content = {**content, "understood": _understood_in(values)}
    form_id = form_id or form_fields.new_form_id(site.current_context())
    # What somebody typed is theirs, and must not get among the remembered
    # pages.
    if faults or any(values.values()):
        rendered = render_template(
            template, **content, lost=lost, form_id=form_id
        )
    else:  # not yet filled in: but for these it is everybody's
        own = {"form_id": form_id}
        if page != ALL:
            own["csrf_token"] = generate_csrf()
        rendered = pages.fill_page(
            template, own, {"lost": lost, "page": page}, **content
        )
    return make_response(rendered, status)
