"""The page on which people choose their own keys."""

from __future__ import annotations

from flask import (
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext

from hotline.accounts.preferences import change_preferences
from hotline.accounts.shortcuts import (
    Group,
    check_keys,
    list_shortcuts,
    name_of,
    own_keys,
)
from hotline.accounts.signing_in.auth import requires, signed_in
from hotline.core.context import utc_now
from hotline.core.errors import InvalidInput
from hotline.core.web import site
from hotline.core.web.wording import worded_error

GROUPS = {
    Group.EVERYWHERE: lazy_gettext("Everywhere"),
    Group.QUEUE: lazy_gettext("In the queue"),
    Group.CASE: lazy_gettext("On the page of a case"),
    Group.PEOPLE: lazy_gettext("On the page of a case's people"),
    Group.JUDGING: lazy_gettext("On gold items and decisions to judge"),
    Group.RULES: lazy_gettext("On the pages of the rules"),
}


@requires("console.use")
def show_keys() -> ResponseReturnValue:
    return _key_page(dict(own_keys()), {})


@requires("console.use")
def set_keys() -> ResponseReturnValue:
    """All keys at once, or back to the rule."""
    wanted = {
        shortcut.slug: request.form.get(shortcut.slug, "").strip()
        for shortcut in list_shortcuts()
    }
    is_rule = request.form.get("act") == "rule"
    try:
        changed = {} if is_rule else check_keys(wanted)
    except InvalidInput as error:
        # The page is long, and the faulty field may be far below.
        flash(worded_error(error), "danger")
        return make_response(_key_page(wanted, error.fields), 422)
    with site.writing() as session:
        change_preferences(session, signed_in().id, utc_now(), keys=changed)
    flash(gettext("Your keys are stored."), "good")
    return redirect(url_for("accounts.own_keys"), 303)


def _key_page(codes: dict[str, str], faults: dict[str, str]) -> str:
    listed = list_shortcuts()
    return render_template(
        "console/keys.html",
        groups=GROUPS,
        listed=listed,
        codes=codes,
        faults=faults,
        # In the order of the page, and not in that of the form.
        first_fault=next(
            (each.slug for each in listed if f"/{each.slug}" in faults), ""
        ),
        name_of=name_of,
    )
