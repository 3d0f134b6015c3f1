"""The form for a caller: somebody in the office writes down what is told on the telephone.

It ends in the same report as every other way, with the same receipt, which is read to the caller.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request
from flask_babel import lazy_gettext

from hotline.accounts.navigation import Entry, register_entries
from hotline.accounts.signing_in.auth import requires, signed_in
from hotline.core.context import utc_now
from hotline.core.errors import InvalidInput
from hotline.core.web import site
from hotline.intake import idempotency
from hotline.intake.batch import Arrival, Received
from hotline.intake.form import wording
from hotline.intake.form.asking import form_fields, paths
from hotline.intake.form.public import refuse_files
from hotline.intake.registry.questions import Question
from hotline.intake.registry.vocabulary import Channel
from hotline.intake.submission import Submission

blueprint = Blueprint("operator", __name__, url_prefix="/console")
blueprint.before_request(refuse_files)
register_entries(
    blueprint,
    Entry(
        20,
        lazy_gettext("Report by telephone"),
        "operator.report",
        "report.enter",
    ),
)


@blueprint.route("/report", methods=["GET", "POST"])
@requires("report.enter")
def report() -> Response:
    """The receipt is on the answer to the POST alone, as on the public pages."""
    values = form_fields.values_of(request.form)
    language = request.form.get("caller_language", "")
    if request.method != site.ACT:
        return _telephone_page(values, language, {})
    form_id = request.form.get("form_id", "")
    # The number is the key of the submission, so only ours may be one.
    if form_fields.age_of(site.current_context(), form_id) is None:
        return _telephone_page(
            values, language, {"": wording.FAULTS["stale"]}, 422
        )
    try:
        received = _store_call(
            form_fields.submission_of(
                values, language, site.current_context().country.time_zone
            ),
            form_id,
        )
    except (
        idempotency.OtherBody
    ):  # changed with the "back" button: one more press stores it too
        return _telephone_page(
            values, language, {"": wording.FAULTS["stale"]}, 422
        )
    except InvalidInput as error:
        return _telephone_page(
            values, language, form_fields.faults_of(error), 422
        )
    return make_response(
        render_template(
            "operator/receipt.html",
            receipt=received.receipt,
            danger_now=values.get("danger_now") == "yes",
            emergency=site.current_context().country.police_emergency,
        )
    )


def _store_call(submission: Submission, form_id: str) -> Received:
    person = signed_in()
    arrival = Arrival(
        Channel.OPERATOR, utc_now(), source=person.username, actor=person.actor
    )
    with site.writing() as session:
        return idempotency.receive_once(
            session,
            site.current_context(),
            submission,
            form_id,
            arrival=arrival,
        )


def _telephone_page(
    values: Mapping[str, str],
    language: str,
    faults: Mapping[str, Any],
    status: int = 200,
) -> Response:
    page = render_template(
        "operator/report.html",
        values=values,
        caller_language=language,
        faults=faults,
        form_id=form_fields.new_form_id(site.current_context()),
        kinds=wording.KINDS,
        roles=wording.ROLES,
        asked=wording.ASKED,
        hints=wording.HINTS,
        answer_choices=wording.CHOICES,
        questions=Question,
        asks=paths.questions_of(values) or faults,
        countries=wording.countries_of(
            site.current_context().country.code, site.page_language()
        ),
        readers=wording.READERS,
        contact_ways=wording.WAYS,
        zones=wording.zones_of(site.current_context().country.time_zone),
        language_name=site.language_name,
    )
    return make_response(page, status)
