"""The pages of the rules: what is in force, a change with its differences and its trial."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from flask import (
    Response,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import LazyString, gettext, lazy_gettext

from hotline.accounts.approvals.service import find_question
from hotline.accounts.pages.views import flash_asked, flash_refusals
from hotline.accounts.signing_in.auth import own_act, requires
from hotline.core.context import utc_now
from hotline.core.errors import InvalidInput, NotFound, phrase
from hotline.core.web import site
from triage.cases.pages import words
from triage.jurisdiction.rules import list_countries_with_rules, rules_digest
from triage.rulebook.files import (
    LARGEST_FILE,
    RULE_FILES,
    Line,
    compare_texts,
    is_rule_file,
)
from triage.rulebook.in_force import find_in_force, read_now, read_unchanged
from triage.rulebook.models import RuleChange, RuleState
from triage.rulebook.replaying import Findings
from triage.rulebook.service import (
    RULES_CHANGE,
    add_file,
    ask_to_activate,
    begin_replay,
    draft_change,
    draft_way_back,
    get_change,
    list_changes,
    lock_change,
    offer_again,
    withdraw_change,
)

REFUSED = 422
STATES: Mapping[str, LazyString] = {
    RuleState.DRAFTED: lazy_gettext("drafted"),
    RuleState.IN_FORCE: lazy_gettext("in force"),
    RuleState.REPLACED: lazy_gettext("replaced"),
    RuleState.WITHDRAWN: lazy_gettext("taken back"),
}


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file of a change, beside what is in force now."""

    name: str
    lines: Sequence[Line]


@requires("rules.see")
def show_rules() -> ResponseReturnValue:
    return _rules_page({})


def _rules_page(typed: Mapping[str, str]) -> str:
    own = site.current_context().settings.data_dir
    with site.reading() as session:
        return render_template(
            "triage/rules.html",
            in_force=find_in_force(session),
            changes=list_changes(session),
            digest=rules_digest(own),
            names=_list_names(),
            states=STATES,
            typed=typed,
        )


@requires("rules.see")
def fetch_rule_file() -> ResponseReturnValue:
    """The text of a file as it is in force: what a change begins with."""
    name = request.args.get("name", "")
    if not is_rule_file(name):
        raise NotFound(phrase("There is no rule file of this name."))
    own = site.current_context().settings.data_dir
    # No browser takes a slash in the name of a file.
    short = name.replace("/", "_")
    return Response(
        read_now(own, name),
        mimetype="text/plain",
        headers={"Content-Disposition": f'attachment; filename="{short}"'},
    )


@requires("rules.see")
def show_change(change_id: uuid.UUID) -> ResponseReturnValue:
    now = utc_now()
    with site.reading() as session:
        change = get_change(session, change_id)
        return render_template(
            "triage/rule_change.html",
            change=change,
            files=_compare(change, find_in_force(session)),
            findings=Findings.of(dict(change.replay_result)),
            waiting=find_question(session, RULES_CHANGE, str(change.id), now),
            names=_list_names(),
            states=STATES,
            today=now.date(),
            name_route=words.name_route,
            is_draft=change.state == RuleState.DRAFTED,
            is_taken_back=change.state == RuleState.WITHDRAWN,
        )


@requires("rules.change")
def draft() -> ResponseReturnValue:
    """What was typed stands on the page again where the file cannot be taken."""
    with flash_refusals(), site.writing() as session:
        change = draft_change(
            own_act(session),
            request.form.get("name", ""),
            _read_upload(),
            request.form.get("about", ""),
        )
        return _to_change(change.id)
    return make_response(_rules_page(request.form), REFUSED)


@requires("rules.change")
def add_rule_file(change_id: uuid.UUID) -> ResponseReturnValue:
    with flash_refusals(), site.writing() as session:
        change = lock_change(session, change_id)
        name = request.form.get("name", "")
        add_file(own_act(session), change, name, _read_upload())
    return _to_change(change_id)


@requires("rules.change")
def way_back() -> ResponseReturnValue:
    """What was in force once becomes a draft, which another person has to agree to as to any."""
    which = request.form.get("change", "")
    with flash_refusals(), site.writing() as session:
        former = get_change(session, uuid.UUID(which)) if which else None
        change = draft_way_back(own_act(session), former)
        return _to_change(change.id)
    return redirect(url_for("triage.show_rules"), 303)


@requires("rules.change")
def replay_rules(change_id: uuid.UUID) -> ResponseReturnValue:
    with flash_refusals(), site.writing() as session:
        change = lock_change(session, change_id)
        begin_replay(own_act(session), change, _read_since())
        flash(
            gettext("It is being tried; this page shows how far it is."),
            "good",
        )
    return _to_change(change_id)


@requires("rules.change", is_sensitive=True)
def ask_rules(change_id: uuid.UUID) -> ResponseReturnValue:
    with flash_refusals(), site.writing() as session:
        change = lock_change(session, change_id)
        asked = ask_to_activate(
            own_act(session), change, request.form.get("why", "")
        )
        flash_asked(asked, gettext("In force within seconds, everywhere."))
    return _to_change(change_id)


@requires("rules.change")
def withdraw_rules(change_id: uuid.UUID) -> ResponseReturnValue:
    with flash_refusals(), site.writing() as session:
        withdraw_change(own_act(session), lock_change(session, change_id))
    return redirect(url_for("triage.show_rules"), 303)


@requires("rules.change")
def offer_rules_again(change_id: uuid.UUID) -> ResponseReturnValue:
    with flash_refusals(), site.writing() as session:
        offer_again(own_act(session), lock_change(session, change_id))
    return _to_change(change_id)


def _compare(
    change: RuleChange, former: RuleChange | None
) -> list[FileChange]:
    """What a draft brings, and what it takes back of the change that is in force; what came into
    force is shown beside the installation's own files."""
    own = site.current_context().settings.data_dir
    names = {*change.files, *(former.files if former is not None else ())}
    read_former = read_unchanged if change.in_force_at else read_now
    compared = [
        FileChange(
            name,
            compare_texts(
                read_former(own, name),
                # Without a text of its own for it, the draft leads this file
                # back.
                change.files.get(name) or read_unchanged(own, name),
            ),
        )
        for name in sorted(names)
    ]
    # A draft holds all that was in force before it; what it leaves as it is is
    # not shown.
    return [each for each in compared if each.lines]


def _list_names() -> list[str]:
    own = site.current_context().settings.data_dir
    countries = [
        f"countries/{code}/jurisdiction.toml"
        for code in list_countries_with_rules(own)
    ]
    return [*countries, *RULE_FILES]


def _read_upload() -> bytes:
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        raise InvalidInput(phrase("Choose a file."))
    # One byte more than is allowed shows that it is too large, and no more of
    # it has to be read.
    return upload.stream.read(LARGEST_FILE + 1)


def _read_since() -> datetime:
    zone = ZoneInfo(site.current_context().country.time_zone)
    try:
        day = date.fromisoformat(request.form.get("since", ""))
    except ValueError:
        raise InvalidInput(
            phrase("Write the date as year-month-day.")
        ) from None
    # A day as the people here count it, not as UTC does.
    return datetime.combine(day, time(), zone)


def _to_change(change_id: uuid.UUID) -> ResponseReturnValue:
    return redirect(url_for("triage.show_change", change_id=change_id), 303)
