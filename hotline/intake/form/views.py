"""The public pages. They work without JavaScript and keep no trace of who read them.

Only what a draft waits behind needs a cookie, and a token against forgery with it. The form on one
page and the pages for a code work without any: nothing that a browser sends by itself gives them
power, so there is nothing to forge but what anybody may send.

The page with the receipt is the answer to the POST itself: a redirect would have to carry the
receipt in a URL or a cookie. Loading it again sends the same form id, which gives the same receipt.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import (
    Response,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_babel import LazyString
from flask_wtf.csrf import CSRFError, generate_csrf
from werkzeug.wrappers import Response as BaseResponse

from hotline.core.context import utc_now
from hotline.core.errors import InvalidInput, TooMany
from hotline.core.web import site
from hotline.intake import idempotency, service
from hotline.intake.api import reference
from hotline.intake.batch import Arrival, Received
from hotline.intake.flood import guard
from hotline.intake.form import drafts, form_fields, pages, paths, qr, wording
from hotline.intake.form.public import blueprint
from hotline.intake.submission import Submission, read_information
from hotline.intake.vocabulary import Channel

__all__ = ["blueprint"]
ALL = "all"
Answer = str | BaseResponse
_DRAFT = "draft"  # the name of the draft's key in the session cookie
_BEGUN = "begun"  # in the draft: the form id that was given out first
_WITHOUT_COOKIES = ("report_on_one_page", "status", "add_information")
for _view in _WITHOUT_COOKIES:
    site.csrf.exempt(f"{__name__}.{_view}")


@blueprint.before_request
def refuse_other_sites() -> None:
    """Where no token is asked for, browsers say whether the form was another site's."""
    endpoint = (request.endpoint or "").removeprefix("intake.")
    if request.method == "POST" and endpoint in _WITHOUT_COOKIES:
        site = request.headers.get("Sec-Fetch-Site", "same-origin")
        if site not in ("same-origin", "none"):
            raise CSRFError("This form is another site's.")


@blueprint.get("/")
def start() -> str:
    return render_template("public/start.html")


@blueprint.get("/help")
def support() -> str:
    """Support first: for a child, or for whoever is shown in a picture."""
    return render_template("public/support.html")


@blueprint.get("/about")
def about() -> str:
    """What happens with a report, and what is and is not kept."""
    return render_template("public/about.html")


@blueprint.get("/api/v1/docs")
def api_reference() -> str:
    """The API for those who program against it; in English, like the API itself."""
    return render_template(
        "public/api.html",
        operations=reference.list_operations(),
        messages=reference.list_messages(),
        models=reference.list_models(),
        server=site.current_context().settings.public_url,
    )


@blueprint.route("/report", methods=["GET", "POST"])
def report() -> BaseResponse:
    """Begin. A POST comes from the support page: the short way, for the person concerned."""
    if request.method == "POST":
        who = "child_self" if request.form.get("age") == "child" else "unknown"
        own = "" if who == "child_self" else "yes"
        _keep_answers(
            {
                paths.PATH: paths.SHORT,
                "reporter_role": who,
                "own_material": own,
            }
        )
    return redirect(
        url_for("intake.question", page=paths.path_of(_load_draft()[0])[0])
    )


@blueprint.route(
    "/report/<any(" + ", ".join(paths.QUESTIONS) + "):page>",
    methods=["GET", "POST"],
)
def question(page: str) -> Answer:
    """One question a page. The answers wait on the server, sealed, for at most an hour."""
    values, lost = _load_draft()
    if request.method != site.ACT:
        if page not in paths.path_of(values):
            return redirect(
                url_for("intake.question", page=paths.path_of(values)[0])
            )
        return _question_page(page, values, {}, lost=lost)
    if (
        page == "check"
    ):  # sends what it showed, so that sending it again is the same report
        return _send_report(values | form_fields.values_of(request.form), page)
    fields = paths.QUESTIONS[page]
    typed = form_fields.values_of(request.form)
    values |= {name: typed[name] for name in fields}
    faults = form_fields.faults_in(values, fields)
    if faults:
        return _question_page(page, values, faults, status=422)
    _keep_answers(values | form_fields.proof_in(request.form))
    return redirect(
        url_for("intake.question", page=paths.page_after(page, values))
    )


@blueprint.route("/report/all", methods=["GET", "POST"])
def report_on_one_page() -> Answer:
    """All questions at once: for whoever reports often, and for whose browser takes no cookie."""
    if request.method != site.ACT:
        return _question_page(ALL, form_fields.values_of({}), {})
    return _send_report(form_fields.values_of(request.form), ALL)


def _support_page(values: Mapping[str, str]) -> str:
    """Help comes first on this way too; what was typed waits in the page itself."""
    return render_template(
        "public/support_first.html",
        values=values,
        fields=form_fields.FIELDS,
        supported=form_fields.SUPPORTED,
        friend=values["reporter_role"] == "child_friend",
        danger=paths.is_in_danger(values),
        form_id=request.form.get("form_id", ""),
        proof=form_fields.proof_in(request.form).get(form_fields.PROOF, ""),
        trapped=request.form.get(form_fields.TRAP, ""),
    )


@blueprint.post("/report/discard")
def discard() -> BaseResponse:
    secret = session.pop(_DRAFT, None)
    if secret is not None:
        with site.writing() as transaction:
            drafts.drop_draft(transaction, site.current_context(), secret)
    return redirect(url_for("intake.start"))


@blueprint.get("/report/kept")
def kept() -> str:
    """After the code was written down: what comes next, and how to leave no trace."""
    return render_template("public/kept.html")


def _load_draft() -> tuple[dict[str, str], bool]:
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
        submission = form_fields.submission_of(values, site.page_language())
    except InvalidInput as error:
        return _question_page(
            page, values, form_fields.faults_of(error), status=422
        )
    form_id = request.form.get("form_id", "")
    age = form_fields.age_of(site.current_context(), form_id)
    if age is None:
        return _question_page(
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
        return _question_page(
            page, values, {"": wording.FAULTS["stale"]}, status=409
        )
    own = {
        "receipt": received.receipt,
        "picture": qr.draw_receipt(received.receipt),
    }
    child = paths.needs_support(values)
    variant = {"danger": submission.danger_now, "child": child, "held": held}
    return pages.fill_page("public/receipt.html", own, variant)


def _is_hasty(age: timedelta, values: Mapping[str, str]) -> bool:
    """Whether the form came back sooner than a person types.

    With one question a page the time runs from the first: only the last page may be sent at once.
    """
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
    secret, now = session.pop(_DRAFT, None), utc_now()
    trapped = bool(request.form.get(form_fields.TRAP))
    suspect = guard.is_suspect(hasty=hasty)
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
        return received, held


def _question_page(
    page: str,
    values: Mapping[str, str],
    faults: Mapping[str, Any],
    *,
    lost: bool = False,
    status: int = 200,
) -> Response:
    template = f"public/questions/{page}.html"
    number, total = (0, 0) if page == ALL else paths.position_of(page, values)
    content: dict[str, Any] = {
        "page": page,
        "values": values,
        "faults": faults,
        "number": number,
        "total": total,
        "back": None if page == ALL else paths.page_before(page, values),
        "child": values.get("reporter_role") == "child_self",
        "friend": values.get("reporter_role") == "child_friend",
        "danger": paths.is_in_danger(values),
        "fields": form_fields.FIELDS,
    }
    form_id = form_fields.new_form_id(site.current_context())
    if faults or any(values.values()):
        rendered = render_template(
            template, **content, lost=lost, form_id=form_id
        )
    else:  # not yet filled in: but for these it is everybody's
        own = {"form_id": form_id}
        if page != ALL:
            own["csrf_token"] = generate_csrf()
        rendered = pages.fill_page(template, own, {"lost": lost}, **content)
    return make_response(rendered, status)


@blueprint.route("/status", methods=["GET", "POST"])
def status() -> str | Response:
    """The receipt is typed into a form: it never stands in a URL, a cookie or a log."""
    if request.method != site.ACT:
        return _status_form("", {}, 200)
    typed = request.form.get("receipt", "")
    try:
        guard.allow_lookup(request.form.get(form_fields.PROOF, ""))
    except TooMany as error:
        return _too_many(error, typed)
    with site.reading() as transaction:
        report = service.find_by_receipt(
            transaction, site.current_context(), typed
        )
        report_status = (
            service.status_of(transaction, site.current_context(), report)
            if report
            else None
        )
    if report_status is None:
        return _no_such_receipt(typed)
    return _status_page(report_status, typed)


@blueprint.post("/status/information")
def add_information() -> Response:
    typed = request.form.get("receipt", "")
    text = request.form.get("text", "").replace("\r\n", "\n")
    try:
        guard.allow_addition(request.form.get(form_fields.PROOF, ""))
    except TooMany as error:
        return _too_many(error, typed, text)
    try:
        words = read_information({"text": text}).text
    except InvalidInput:
        words = ""
    with site.writing() as transaction:
        report = service.find_by_receipt(
            transaction, site.current_context(), typed
        )
        if report is None:
            return _no_such_receipt(typed)
        report_status = service.status_of(
            transaction, site.current_context(), report
        )
        if words and not _said_already(report_status, words):
            service.add_information(
                transaction, site.current_context(), report, words, utc_now()
            )
            transaction.flush()
            report_status = service.status_of(
                transaction, site.current_context(), report
            )
    if not words:
        return _status_page(
            report_status, typed, text, wording.FAULTS["text"], 422
        )
    return _status_page(report_status, typed, added=True)


def _said_already(report_status: service.ReportStatus, words: str) -> bool:
    """Whether this is the same page sent again, by reloading it."""
    last = report_status.messages[-1] if report_status.messages else None
    return last is not None and (last.author, last.text) == ("reporter", words)


def _status_page(
    report_status: service.ReportStatus,
    typed: str,
    text: str = "",
    fault: LazyString | None = None,
    code: int = 200,
    *,
    added: bool = False,
) -> Response:
    page = render_template(
        "public/status.html",
        status=report_status,
        receipt=typed,
        text=text,
        faults={"text": fault} if fault else {},
        added=added,
    )
    return make_response(page, code)


def _no_such_receipt(typed: str) -> Response:
    return _status_form(typed, {"receipt": wording.FAULTS["receipt"]}, 404)


def _too_many(error: TooMany, typed: str, text: str = "") -> Response:
    """Come back later; nothing that was typed is lost."""
    page = _status_form(typed, {"receipt": wording.FAULTS["busy"]}, 429, text)
    page.headers["Retry-After"] = str(error.retry_after)
    return page


def _status_form(
    typed: str, faults: Mapping[str, Any], code: int, text: str = ""
) -> Response:
    page = render_template(
        "public/status_form.html", typed=typed[:100], text=text, faults=faults
    )
    return make_response(page, code)


@blueprint.errorhandler(CSRFError)
def stale_page(error: CSRFError) -> Response:  # noqa: ARG001
    """A forged or expired form: nothing is stored, and what a person typed is shown again.

    Where no cookie came with it the browser may take none: the form on one page needs none.
    """
    typed, stale = (
        form_fields.values_of(request.form),
        {"": wording.FAULTS["stale"]},
    )
    if not request.path.startswith("/report"):
        return _status_form(request.form.get("receipt", ""), stale, 400)
    if request.endpoint == "intake.report_on_one_page":
        return _question_page(ALL, typed, stale, status=400)
    page = (request.view_args or {}).get("page", "")
    if page and current_app.config["SESSION_COOKIE_NAME"] in request.cookies:
        values = _load_draft()[0]
        values |= {name: typed[name] for name in paths.QUESTIONS[page]}
        return _question_page(page, values, stale, status=400)
    if request.form.get("age") == "child":
        typed["reporter_role"] = "child_self"
    return _question_page(
        ALL, typed, {"": wording.FAULTS["one_page"]}, status=400
    )
