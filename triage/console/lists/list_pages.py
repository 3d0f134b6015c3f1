"""The page of the known-hash lists, and what a person may do with one there."""

from __future__ import annotations

import uuid

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.accounts.pages.views import flash_asked, flash_refusals
from hotline.accounts.signing_in.auth import own_act, requires, signed_in
from hotline.core.context import utc_now
from hotline.core.errors import InvalidInput, NotFound, phrase
from hotline.core.storage import audit
from hotline.core.web import site
from triage.cases.pages.case_views import answer_words
from triage.hashlists import police_switch, service, switching
from triage.hashlists.models import HashList
from triage.hashlists.uploads.models import UploadState
from triage.hashlists.uploads.service import list_uploads

UPLOAD_STATES = {
    UploadState.RECEIVING: lazy_gettext("being sent"),
    UploadState.READING: lazy_gettext("being read"),
    UploadState.WAITING: lazy_gettext("waits for another person"),
    UploadState.TAKING: lazy_gettext("being taken over"),
    UploadState.DONE: lazy_gettext("taken over"),
    UploadState.FAILED: lazy_gettext("failed"),
    UploadState.DROPPED: lazy_gettext("taken back"),
}


@requires("hashlist.see")
def hash_lists() -> ResponseReturnValue:
    """Names and sizes, never a hash; and even this look is noted."""
    with site.noting() as session:
        audit.record_entry(
            session,
            actor=signed_in().actor,
            action="hashlist.seen",
            entity="hash_list",
            entity_id="all",
            now=utc_now(),
        )
        return render_template(
            "triage/hash_lists.html",
            lists=session.scalars(
                select(HashList).order_by(HashList.name)
            ).all(),
            sizes=service.list_sizes(session),
            uploads=list_uploads(session),
            upload_states=UPLOAD_STATES,
            asker=signed_in().actor,
            second_person=site.current_context().settings.second_person,
            answer_words=answer_words(site.page_language()),
        )


@requires("hashlist.decide")
def switch(list_id: uuid.UUID) -> ResponseReturnValue:
    """Match with the list, or no more; another person agrees."""
    enabled = request.form.get("act") == "enable"
    with flash_refusals(), site.writing() as session:
        hash_list = _lock_list(session, list_id)
        asked = switching.ask_for_switch(
            own_act(session),
            hash_list,
            is_on=enabled,
            why=request.form.get("why", ""),
        )
        flash_asked(asked, _describe_switch(hash_list, enabled))
    return redirect(url_for("triage.hash_lists"), 303)


def _describe_switch(hash_list: HashList, enabled: bool) -> str:
    if enabled:
        return str(
            gettext("%(list)s is matched with again.", list=hash_list.name)
        )
    return str(
        gettext(
            "%(list)s is no longer matched with; its entries stay.",
            list=hash_list.name,
        )
    )


@requires("hashlist.decide")
def switch_police(list_id: uuid.UUID) -> ResponseReturnValue:
    """Ask, agree or stop. Asking needs the tick below the warning."""
    context = site.current_context()
    with flash_refusals(), site.writing() as session:
        act = own_act(session)
        hash_list = _lock_list(session, list_id)
        # First, and without a tick: switching off is never made hard.
        if request.form.get("act") == "stop":
            police_switch.stop_switch(act, hash_list)
            flash(
                gettext(
                    "%(list)s tells the police nothing automatically.",
                    list=hash_list.name,
                ),
                "good",
            )
        elif request.form.get("understood") != "yes":
            raise InvalidInput(
                gettext("Tick that you have read what it means.")
            )
        elif police_switch.ask_for_switch(
            act, hash_list, second_person=context.settings.second_person
        ):
            flash(
                gettext(
                    "From now on a match with %(list)s tells the police automatically.",
                    list=hash_list.name,
                ),
                "warn",
            )
        else:
            flash(
                gettext("Asked. Another person must agree on this page."),
                "good",
            )
    return redirect(url_for("triage.hash_lists"), 303)


def _lock_list(session: Session, list_id: uuid.UUID) -> HashList:
    hash_list = session.get(HashList, list_id, with_for_update=True)
    if hash_list is None:
        raise NotFound(phrase("There is no such list."))
    return hash_list
